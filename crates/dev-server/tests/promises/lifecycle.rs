//! Starting, finding, stopping, killing and restarting a real server, and what stands in the way of it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use tempfile::{TempDir, tempdir};
use ttai_dev_server::{
    DevServer, DevServerError, DevServerOptions, LocateOptions, PortRole, SearchAttributeKind, Silent,
    discover, locate,
};

/// A server in `folder` without the web interface, which no test but one needs.
fn headless(folder: &TempDir) -> DevServerOptions {
    DevServerOptions { headless: true, ..DevServerOptions::persistent(folder.path()) }
}

/// Runs the `temporal` command against a server and returns what it wrote.
fn temporal(server: &DevServer, arguments: &[&str]) -> String {
    let output = Command::new(&server.binary().path)
        .args(arguments)
        .args(["--address", &server.address(), "--namespace", server.namespace(), "--command-timeout", "30s"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn start_workflow(server: &DevServer, id: &str) {
    temporal(server, &["workflow", "start", "--type", "T", "--task-queue", "q", "--workflow-id", id]);
}

fn has_workflow(server: &DevServer, id: &str) -> bool {
    temporal(server, &["workflow", "describe", "--workflow-id", id]).contains(id)
}

fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}

fn port_of(server: &DevServer) -> u16 {
    server.address().rsplit_once(':').unwrap().1.parse().unwrap()
}

/// A port that no other test is given before its server binds it: a connection closed from the listening side leaves it in
/// TIME_WAIT, where Linux does not choose it for anybody for a minute but a bind by number still works.
fn reserve_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let _client = TcpStream::connect(address).unwrap();
    drop(listener.accept().unwrap());
    address.port()
}

/// Waits for a condition, at most a minute.
async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let wait = async {
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        while !condition() {
            tick.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.unwrap_or_else(|_| panic!("never: {what}"));
}

/// A server that nobody owns, as a killed `ttai dev` could leave it.
async fn orphan(folder: &Path) -> (Child, u16, u64) {
    let binary = locate(&LocateOptions::default(), &Silent).await.unwrap();
    let port = reserve_port();
    let child = Command::new(binary.path)
        .args(["server", "start-dev", "--ip", "127.0.0.1", "--headless", "--port", &port.to_string()])
        .arg("--db-filename")
        .arg(folder.join("temporal.db"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let started_at = now();
    // Not by a bind, which could take the port just when the server wants it.
    until("an orphan listens", || TcpStream::connect(("127.0.0.1", port)).is_ok()).await;
    (child, port, started_at)
}

fn now() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()
}

fn write_state(folder: &Path, pid: u32, port: u16, started_at: u64) {
    let state = format!(
        r#"{{"address":"127.0.0.1:{port}","ui_address":null,"pid":{pid},"namespace":"default","started_at":{started_at}}}"#
    );
    fs::write(folder.join("dev-server.json"), state).unwrap();
}

#[tokio::test]
async fn a_server_starts_is_found_by_others_and_stops() {
    let folder = tempdir().unwrap();
    let data_dir = folder.path().join("not/there/yet");
    let options = DevServerOptions {
        namespace: "trading".into(),
        search_attributes: vec![("TtaiSymbol".into(), SearchAttributeKind::Keyword)],
        dynamic_config: vec![("limit.blobSize.error".into(), 3_000_000.into())],
        ..DevServerOptions::persistent(&data_dir)
    };
    assert_eq!(discover(&data_dir).await, None);
    let server = DevServer::start(options.clone()).await.unwrap();
    assert!(temporal(&server, &["operator", "search-attribute", "list"]).contains("TtaiSymbol"));
    start_workflow(&server, "ready-at-once");

    let running = discover(&data_dir).await.unwrap();
    assert_eq!((running.url(), Some(running.pid)), (server.url(), server.pid()));
    assert_eq!((&running.ui_address, running.namespace.as_str()), (&server.ui_address(), "trading"));
    let second = DevServer::start(options).await.unwrap_err();
    let DevServerError::AlreadyRunning { running: Some(found), .. } = &second else { panic!("{second}") };
    assert_eq!(**found, running);

    let port = port_of(&server);
    server.stop().await.unwrap();
    assert!(is_free(port));
    assert_eq!(discover(&data_dir).await, None);
    assert!(!data_dir.join("dev-server.json").exists());
}

#[tokio::test]
async fn state_survives_stop_and_kill_and_new_search_attributes_arrive() {
    let folder = tempdir().unwrap();
    let server = DevServer::start(headless(&folder)).await.unwrap();
    start_workflow(&server, "first");
    server.stop().await.unwrap();

    let search_attributes = vec![("Later".into(), SearchAttributeKind::Int)];
    let mut server =
        DevServer::start(DevServerOptions { search_attributes, ..headless(&folder) }).await.unwrap();
    assert!(has_workflow(&server, "first"));
    assert!(temporal(&server, &["operator", "search-attribute", "list"]).contains("Later"));
    start_workflow(&server, "second");
    let (address, pid) = (server.address(), server.pid());
    server.kill().await.unwrap();
    assert_eq!(server.pid(), None);
    assert_eq!(discover(folder.path()).await, None);
    server.restart().await.unwrap();
    assert_eq!(server.address(), address);
    assert_ne!(server.pid(), pid);
    assert!(has_workflow(&server, "first") && has_workflow(&server, "second"));
    server.stop().await.unwrap();

    let search_attributes = vec![("Later".into(), SearchAttributeKind::Text)];
    let error =
        DevServer::start(DevServerOptions { search_attributes, ..headless(&folder) }).await.unwrap_err();
    assert!(matches!(error, DevServerError::SearchAttributes { .. }), "{error}");
    assert!(error.to_string().contains("Later already exists and has different type"), "{error}");
}

#[tokio::test]
async fn a_server_killed_from_outside_can_be_restarted() {
    let folder = tempdir().unwrap();
    let mut server = DevServer::start(DevServerOptions::ephemeral(folder.path())).await.unwrap();
    let address = server.address();
    let pid = server.pid().unwrap().to_string();
    assert!(Command::new("kill").args(["-9", &pid]).status().unwrap().success());
    assert!(!server.wait().await.unwrap().unwrap().success());
    server.restart().await.unwrap();
    assert_eq!(server.address(), address);
    start_workflow(&server, "after");
    let port = port_of(&server);
    drop(server);
    assert!(is_free(port));
    assert!(!folder.path().join("temporal.db").exists());
}

#[tokio::test]
async fn ports_in_use_are_named() {
    let folder = tempdir().unwrap();
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = holder.local_addr().unwrap().port();
    let error =
        DevServer::start(DevServerOptions { port: Some(taken), ..headless(&folder) }).await.unwrap_err();
    assert!(
        matches!(error, DevServerError::PortInUse { port, role: PortRole::Grpc } if port == taken),
        "{error}"
    );
    let options = DevServerOptions { ui_port: Some(taken), ..DevServerOptions::persistent(folder.path()) };
    let error = DevServer::start(options).await.unwrap_err();
    assert!(
        matches!(error, DevServerError::PortInUse { port, role: PortRole::Ui } if port == taken),
        "{error}"
    );
}

#[tokio::test]
async fn ports_lost_to_another_program_are_replaced() {
    let folder = tempdir().unwrap();
    let real = locate(&LocateOptions::default(), &Silent).await.unwrap().path;
    let script = folder.path().join("unlucky");
    let mut options = headless(&folder);
    options.locate.binary = Some(script.clone());
    // $7 is the flag --port and $8 its value. The first runs say what the real command says.
    let unlucky = |runs: u32| {
        let text = format!(
            "#!/bin/sh\nif [ $1 = server ]; then\necho >> runs\n[ $(wc -l < runs) -gt {runs} ] || \
             {{ echo \"can't set frontend port $8: listen tcp 127.0.0.1:$8: bind: address already in use\"; exit 1; }}\n\
             fi\nexec {} \"$@\"\n",
            real.display()
        );
        fs::write(&script, text).unwrap();
        fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    };
    unlucky(2);
    DevServer::start(options.clone()).await.unwrap().stop().await.unwrap();
    assert_eq!(fs::read_to_string(folder.path().join("runs")).unwrap().lines().count(), 3);
    unlucky(100);
    let error = DevServer::start(options.clone()).await.unwrap_err();
    assert!(matches!(error, DevServerError::NoFreePort { attempts: 5, .. }), "{error}");
    assert_eq!(fs::read_to_string(folder.path().join("runs")).unwrap().lines().count(), 3 + 5);
}

#[tokio::test]
async fn stale_state_files_are_cleaned_up() {
    let folder = tempdir().unwrap();
    let state_file = folder.path().join("dev-server.json");
    // The id of a process that lives and is no server, then of none at all, then no state at all.
    write_state(folder.path(), std::process::id(), 1, now());
    assert_eq!(discover(folder.path()).await, None);
    DevServer::start(headless(&folder)).await.unwrap().stop().await.unwrap();
    write_state(folder.path(), u32::MAX >> 1, 1, now());
    DevServer::start(headless(&folder)).await.unwrap().stop().await.unwrap();
    fs::write(&state_file, "{").unwrap();
    DevServer::start(headless(&folder)).await.unwrap().stop().await.unwrap();
    assert!(!state_file.exists());
}

#[tokio::test]
async fn an_orphan_is_replaced_on_its_port_and_a_stranger_is_left_alone() {
    let folder = tempdir().unwrap();
    let (mut orphan, port, started_at) = orphan(folder.path()).await;
    let error = DevServer::start(headless(&folder)).await.unwrap_err();
    assert!(matches!(error, DevServerError::DatabaseInUse { pid, .. } if pid == orphan.id()), "{error}");
    assert!(orphan.try_wait().unwrap().is_none());

    write_state(folder.path(), orphan.id(), port, started_at);
    let server = DevServer::start(headless(&folder)).await.unwrap();
    orphan.wait().unwrap();
    assert_eq!(port_of(&server), port);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn unusable_databases_are_named() {
    let folder = tempdir().unwrap();
    let database = folder.path().join("temporal.db");
    // Damage that shows at a glance, and damage that only the server finds.
    for content in [b"not a database at all".to_vec(), [&b"SQLite format 3\0"[..], &[7; 4096]].concat()] {
        fs::write(&database, &content).unwrap();
        let error = DevServer::start(headless(&folder)).await.unwrap_err();
        assert!(matches!(error, DevServerError::DatabaseUnusable { .. }), "{error}");
        assert_eq!(fs::read(&database).unwrap(), content, "a database is never touched");
        assert!(!folder.path().join("dev-server.json").exists());
    }
}

#[tokio::test]
async fn a_server_that_does_not_come_up_shows_its_log() {
    let folder = tempdir().unwrap();
    let script = folder.path().join("temporal");
    let text =
        "#!/bin/sh\n[ $1 = --version ] && { echo 'temporal version 1.5.1 (Server 1.29.1, UI 2)'; exit; }\n";
    let start = |body: &str, ready_within| {
        fs::write(&script, format!("{text}{body}")).unwrap();
        fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let mut options = DevServerOptions { ready_within, ..headless(&folder) };
        options.locate.binary = Some(script.clone());
        DevServer::start(options)
    };
    let error = start("echo out of luck; exit 3", Duration::from_secs(60)).await.unwrap_err();
    assert!(matches!(error, DevServerError::ExitedEarly { .. }), "{error}");
    assert!(error.to_string().contains("out of luck"), "{error}");
    let error = start("echo dreaming; exec sleep 60", Duration::from_secs(2)).await.unwrap_err();
    assert!(matches!(error, DevServerError::NotServing { .. }), "{error}");
    assert!(error.to_string().contains("dreaming"), "{error}");
}

/// The owner that the next test kills; does nothing when the tests are run as usual.
#[tokio::test]
async fn owner_to_be_killed() {
    let Some(folder) = std::env::var_os("TTAI_TEST_OWNER_FOLDER") else { return };
    let server = DevServer::start(DevServerOptions::ephemeral(folder)).await.unwrap();
    println!("\npid {}", server.pid().unwrap());
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn the_server_dies_with_its_owner_even_by_kill_9() {
    let folder = tempdir().unwrap();
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "lifecycle::owner_to_be_killed", "--nocapture"])
        .env("TTAI_TEST_OWNER_FOLDER", folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(owner.stdout.take().unwrap()).lines().map_while(Result::ok);
    let pid = lines.filter_map(|line| line.strip_prefix("pid ").map(str::to_owned)).next().unwrap();
    assert_eq!(discover(folder.path()).await.unwrap().pid.to_string(), pid);
    owner.kill().unwrap();
    owner.wait().unwrap();
    let alive = || Command::new("kill").args(["-0", &pid]).stderr(Stdio::null()).status().unwrap().success();
    until("the server ends with its owner", || !alive()).await;
    DevServer::start(DevServerOptions::ephemeral(folder.path())).await.unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn actions_are_counted_where_they_are_asked_for() {
    let folder = tempdir().unwrap();
    let server =
        DevServer::start(DevServerOptions { metrics: true, ..DevServerOptions::ephemeral(folder.path()) })
            .await
            .unwrap();
    let before = server.actions().await.unwrap();
    for workflow in ["first", "second", "third"] {
        start_workflow(&server, workflow);
    }
    let counted = server.actions().await.unwrap().since(&before);
    assert_eq!(counted.kinds().collect::<Vec<_>>(), [("grpc_StartWorkflowExecution", 3)]);
    server.stop().await.unwrap();

    let silent = DevServer::start(DevServerOptions::ephemeral(folder.path())).await.unwrap();
    assert_eq!(silent.metrics_url(), None);
    assert!(silent.actions().await.unwrap_err().to_string().contains("started without any"));
    silent.stop().await.unwrap();
}
