//! The server process: started, awaited, stopped, killed, started again.

use std::fs::{self, File};
use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use sysinfo::Signal;
use tokio::process::Child;

use crate::actions::{Actions, Meter};
use crate::data_dir::{DataDir, failed, remove};
use crate::error::{DevServerError, PortRole};
use crate::failure::{self, Failure};
use crate::locate::{TemporalBinary, locate};
use crate::options::DevServerOptions;
use crate::progress::ProgressEvent;
use crate::state::{Running, State, recorded};
use crate::{command, ports, probe, process};

/// How often a start is tried when free ports turn out to be taken.
const PORT_ATTEMPTS: u32 = 5;
/// How long one readiness check may take, and how long to wait between two.
const CHECK_WITHIN: Duration = Duration::from_secs(5);
const CHECK_EVERY: Duration = Duration::from_millis(50);
/// What the server writes when it has started, and how long it is waited for once the address answers. A version that
/// words it otherwise is only slower to be believed.
const STARTED_MARKER: &str = "Server:";
const MARKER_GRACE: Duration = Duration::from_secs(2);

/// A running development server. Dropping it kills the process; [`stop`](Self::stop) ends it in order.
#[derive(Debug)]
pub struct DevServer {
    options: DevServerOptions,
    binary: TemporalBinary,
    data_dir: DataDir,
    ports: Ports,
    server: Option<ServerProcess>,
    /// Held as long as this value lives: marks the server in the data directory as owned.
    _ownership: File,
}

#[derive(Debug, Clone, Copy)]
struct Ports {
    grpc: u16,
    ui: Option<u16>,
    metrics: Option<u16>,
}

impl Ports {
    fn address(self) -> String {
        format!("{}:{}", Ipv4Addr::LOCALHOST, self.grpc)
    }

    fn ui_address(self) -> Option<String> {
        self.ui.map(|port| format!("http://{}:{port}", Ipv4Addr::LOCALHOST))
    }

    fn metrics_url(self) -> Option<String> {
        self.metrics.map(|port| format!("http://{}:{port}/metrics", Ipv4Addr::LOCALHOST))
    }
}

/// A child with its watchdog. The watchdog is declared first, hence dropped first: it must be dismissed before the child
/// is reaped.
#[derive(Debug)]
struct ServerProcess {
    #[cfg(unix)]
    watchdog: Option<crate::watchdog::Watchdog>,
    child: Child,
    pid: u32,
}

impl DevServer {
    /// Gets a binary, starts the server and waits until a workflow can be started in its namespace. A server that an
    /// earlier process left behind in the data directory is stopped first, and its port taken over when none is given.
    ///
    /// # Errors
    /// See [`DevServerError`]: every failure names its cause and what to do.
    pub async fn start(options: DevServerOptions) -> Result<Self, DevServerError> {
        options.validate()?;
        let data_dir = DataDir::create(&options.data_dir)?;
        let binary = locate(&options.locate, options.progress.as_ref()).await?;
        let Some(ownership) = data_dir.own()? else {
            let running = recorded(&data_dir).map(|state| Box::new(state.running));
            return Err(DevServerError::AlreadyRunning { data_dir: data_dir.root().to_owned(), running });
        };
        let earlier = clear_orphan(&data_dir, &options).await?;
        if let Some(port) = options.port {
            ports::require_free(port, PortRole::Grpc)?;
        }
        if let Some(port) = options.ui_port.filter(|_| !options.headless) {
            ports::require_free(port, PortRole::Ui)?;
        }
        let ports = Ports { grpc: 0, ui: None, metrics: None };
        let mut server = Self { options, binary, data_dir, ports, server: None, _ownership: ownership };
        server.launch_on_free_ports(earlier.as_ref()).await?;
        Ok(server)
    }

    /// host:port of the gRPC service.
    pub fn address(&self) -> String {
        self.ports.address()
    }

    /// `http://host:port` of the gRPC service, as Temporal clients take it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// URL of the web interface, unless headless.
    pub fn ui_address(&self) -> Option<String> {
        self.ports.ui_address()
    }

    /// URL of the Prometheus metrics, where the options ask for them.
    pub fn metrics_url(&self) -> Option<String> {
        self.ports.metrics_url()
    }

    /// The actions that the server has counted in its namespace since it started. Takes up to two seconds: the server
    /// publishes its counters once a second.
    ///
    /// # Errors
    /// [`DevServerError::Metrics`] when they cannot be read, and for a server without
    /// [metrics](DevServerOptions::metrics).
    pub async fn actions(&self) -> Result<Actions, DevServerError> {
        let (server, namespace) = (self.address(), self.namespace().to_owned());
        let Some(url) = self.metrics_url() else {
            let reason = "it was started without any".to_owned();
            return Err(DevServerError::Metrics { url: self.url(), reason });
        };
        Meter { url, server, namespace }.read().await
    }

    /// The namespace that the server was started for.
    pub fn namespace(&self) -> &str {
        &self.options.namespace
    }

    /// Process id of the server, `None` once it has been [killed](Self::kill).
    pub fn pid(&self) -> Option<u32> {
        self.server.as_ref().map(|server| server.pid)
    }

    /// The command that the server runs from.
    pub fn binary(&self) -> &TemporalBinary {
        &self.binary
    }

    /// The log of the running server; that of the run before lies beside it, with `.previous` appended.
    pub fn log(&self) -> PathBuf {
        self.data_dir.log()
    }

    /// Waits until the server ends by itself, which it should not. Safe to drop and call again.
    ///
    /// # Errors
    /// [`DevServerError::Stop`] when the process cannot be waited for.
    pub async fn wait(&mut self) -> Result<Option<ExitStatus>, DevServerError> {
        let Some(server) = &mut self.server else { return Ok(None) };
        let status = server.child.wait().await.map_err(cannot_stop(Some(server.pid)))?;
        #[cfg(unix)]
        drop(server.watchdog.take()); // the process id may go to another process from now on
        Ok(Some(status))
    }

    /// Ends the server in order: SIGTERM, and SIGKILL when it has not ended in time. Its state is kept.
    ///
    /// # Errors
    /// [`DevServerError::Stop`] when the process cannot be waited for, [`DevServerError::DataDir`] when its state file
    /// cannot be removed.
    pub async fn stop(mut self) -> Result<(), DevServerError> {
        self.end(self.options.stop_within).await?;
        self.forget()
    }

    /// Kills the server as `kill -9` does, and waits until it is gone. [`restart`](Self::restart) brings it back.
    ///
    /// # Errors
    /// [`DevServerError::Stop`] when the process cannot be killed.
    pub async fn kill(&mut self) -> Result<(), DevServerError> {
        self.end(Duration::ZERO).await
    }

    /// Starts the server again on the same ports and the same database, whether it runs, has been killed or has died. An
    /// ephemeral server comes back empty.
    ///
    /// # Errors
    /// As [`start`](Self::start); then [`restart`](Self::restart) may be tried again.
    pub async fn restart(&mut self) -> Result<(), DevServerError> {
        self.end(self.options.stop_within).await?;
        self.launch().await.map_err(|failure| self.final_error(failure, 1))
    }

    /// Tries ports until the server has them: those given, else those of an earlier server, else any.
    async fn launch_on_free_ports(&mut self, earlier: Option<&State>) -> Result<(), DevServerError> {
        let mut preferred = (earlier.and_then(State::port), earlier.and_then(State::ui_port));
        let mut attempt = 1;
        loop {
            self.ports = self.choose_ports(preferred)?;
            let failure = match self.launch().await {
                Ok(()) => return Ok(()),
                Err(failure) => failure,
            };
            let Failure::PortTaken { port, said } = &failure else {
                return Err(self.final_error(failure, attempt));
            };
            let given = [self.options.port, self.options.ui_port];
            let is_given = port.is_some_and(|(port, _)| given.contains(&Some(port)));
            if is_given {
                return Err(self.final_error(failure, attempt));
            }
            if attempt == PORT_ATTEMPTS {
                return Err(DevServerError::NoFreePort { attempts: attempt, last: said.clone() });
            }
            self.options.progress.report(&ProgressEvent::RetryingOnOtherPorts { reason: said.clone() });
            preferred = (None, None);
            attempt += 1;
        }
    }

    fn choose_ports(&self, preferred: (Option<u16>, Option<u16>)) -> Result<Ports, DevServerError> {
        let choose = |given: Option<u16>, preferred| match given {
            Some(port) => Ok(port),
            None => ports::choose(preferred)
                .map_err(|error| DevServerError::NoFreePort { attempts: 0, last: error.to_string() }),
        };
        // A port that was given for the one must not be chosen for the other.
        let but = |preferred: Option<u16>, taken: Option<u16>| preferred.filter(|port| Some(*port) != taken);
        let grpc = choose(self.options.port, but(preferred.0, self.options.ui_port))?;
        let mut ui = None;
        while !self.options.headless && (ui.is_none() || ui == Some(grpc) && self.options.ui_port.is_none()) {
            ui = Some(choose(self.options.ui_port, but(preferred.1, Some(grpc)))?);
        }
        let mut metrics = None;
        while self.options.metrics && (metrics.is_none() || metrics == Some(grpc) || metrics == ui) {
            metrics = Some(choose(None, None)?);
        }
        Ok(Ports { grpc, ui, metrics })
    }

    fn final_error(&self, failure: Failure, attempts: u32) -> DevServerError {
        match failure {
            Failure::Final(error) => error,
            Failure::PortTaken { port: Some((port, role)), .. } => DevServerError::PortInUse { port, role },
            Failure::PortTaken { port: None, said } => DevServerError::NoFreePort { attempts, last: said },
        }
    }

    /// Starts the process on `self.ports` and waits until it serves; on failure nothing is left running.
    async fn launch(&mut self) -> Result<(), Failure> {
        if let Err(failure) = self.bring_up().await {
            self.end(Duration::ZERO).await.map_err(Failure::Final)?;
            self.forget().map_err(Failure::Final)?;
            return Err(failure);
        }
        let (address, ui_address) = (self.address(), self.ui_address());
        self.options.progress.report(&ProgressEvent::Serving { address, ui_address });
        Ok(())
    }

    async fn bring_up(&mut self) -> Result<(), Failure> {
        if self.options.ephemeral {
            self.spawn().await.map_err(Failure::Final)?;
            return self.until_serving().await;
        }
        let had_database = self.data_dir.check_database().map_err(Failure::Final)?;
        if !had_database {
            self.data_dir.begin_database().map_err(Failure::Final)?;
        }
        self.spawn().await.map_err(Failure::Final)?;
        self.until_serving().await?;
        self.data_dir.finish_database().map_err(Failure::Final)?;
        if had_database {
            self.register_search_attributes().await.map_err(Failure::Final)?;
        }
        Ok(())
    }

    async fn spawn(&mut self) -> Result<(), DevServerError> {
        let address = self.address();
        self.options.progress.report(&ProgressEvent::Starting { address: address.clone() });
        let database = self.data_dir.database();
        let database = (!self.options.ephemeral).then_some(database.as_path());
        let log = self.data_dir.open_log()?;
        let errors = log.try_clone().map_err(failed(&self.data_dir.log()))?;
        let mut command = command::clean(&self.binary.path);
        command
            .args(self.options.arguments(self.ports.grpc, self.ports.ui, self.ports.metrics, database))
            .current_dir(self.data_dir.root())
            .stdout(log)
            .stderr(errors);
        // A group of its own: Ctrl-C in the terminal is for the program, which then stops its workers before the server.
        #[cfg(unix)]
        command.process_group(0);
        let spawn_error = |source| DevServerError::Spawn { path: self.binary.path.clone(), source };
        let child = command::spawn(&mut command).await.map_err(spawn_error)?;
        let pid =
            child.id().ok_or_else(|| spawn_error(io::Error::other("it ended before it had a process id")))?;
        self.server = Some(ServerProcess {
            #[cfg(unix)]
            watchdog: self.watch(pid),
            child,
            pid,
        });
        let running = Running {
            address,
            ui_address: self.ui_address(),
            pid,
            namespace: self.options.namespace.clone(),
        };
        let started_at = process::started_at(pid).unwrap_or_default();
        State { running, started_at }.write(&self.data_dir.state_file())
    }

    #[cfg(unix)]
    fn watch(&self, pid: u32) -> Option<crate::watchdog::Watchdog> {
        crate::watchdog::Watchdog::over(pid)
            .inspect_err(|error| {
                self.options.progress.report(&ProgressEvent::NoWatchdog { reason: error.to_string() });
            })
            .ok()
    }

    async fn until_serving(&mut self) -> Result<(), Failure> {
        let address = self.address();
        let end = Instant::now() + self.options.ready_within;
        let mut serving_since = None;
        loop {
            self.still_alive()?;
            let check = self.check(&address).await;
            let last = match check {
                Ok(()) => {
                    let since = *serving_since.get_or_insert_with(Instant::now);
                    // Were another program's server behind the address, ours would have ended by then, for want of it.
                    if self.has_said_started() || since.elapsed() >= MARKER_GRACE {
                        return self.still_alive();
                    }
                    String::new()
                }
                Err(last) => last,
            };
            if Instant::now() >= end {
                let (waited, log) = (self.options.ready_within, self.data_dir.log());
                let log_tail = failure::tail(&log);
                return Err(Failure::Final(DevServerError::NotServing {
                    address,
                    waited,
                    last,
                    log,
                    log_tail,
                }));
            }
            tokio::time::sleep(CHECK_EVERY).await;
        }
    }

    async fn check(&self, address: &str) -> Result<(), String> {
        probe::serves(address, &self.options.namespace, CHECK_WITHIN).await?;
        if let Some(port) = self.ports.ui {
            let connection = tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await;
            connection.map_err(|error| format!("web interface: {error}"))?;
        }
        Ok(())
    }

    fn has_said_started(&self) -> bool {
        fs::read_to_string(self.data_dir.log()).is_ok_and(|log| log.contains(STARTED_MARKER))
    }

    fn still_alive(&mut self) -> Result<(), Failure> {
        let Some(server) = &mut self.server else { return Ok(()) };
        let status =
            server.child.try_wait().map_err(cannot_stop(Some(server.pid))).map_err(Failure::Final)?;
        match status {
            None => Ok(()),
            Some(status) => Err(failure::diagnose(status, &self.data_dir, self.ports.grpc, self.ports.ui)),
        }
    }

    /// The flags of `start-dev` reach only a namespace that it creates: one that the database already had keeps the
    /// search attributes of its first start, so those that a newer program needs are added here. Known ones are no error.
    async fn register_search_attributes(&self) -> Result<(), DevServerError> {
        if self.options.search_attributes.is_empty() {
            return Ok(());
        }
        let mut command = command::clean(&self.binary.path);
        command.args(["operator", "search-attribute", "create", "--address", &self.address()]);
        command.args([
            "--namespace",
            &self.options.namespace,
            "--command-timeout",
            "30s",
            "--disable-config-file",
        ]);
        for (name, kind) in &self.options.search_attributes {
            command.args(["--name", name, "--type", &kind.to_string()]);
        }
        let said = match command::output(command).await {
            Ok(output) if output.status.success() => return Ok(()),
            Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            Err(error) => error.to_string(),
        };
        let namespace = self.options.namespace.clone();
        Err(DevServerError::SearchAttributes { namespace, said, database: self.data_dir.database() })
    }

    /// Ends the process if there is one, and waits for it. Zero patience kills at once.
    async fn end(&mut self, patience: Duration) -> Result<(), DevServerError> {
        let Some(mut server) = self.server.take() else { return Ok(()) };
        let pid = Some(server.pid);
        #[cfg(unix)]
        drop(server.watchdog.take());
        // None: it has ended already, and its id may belong to another process by now.
        if !patience.is_zero() && server.child.id().is_some() {
            process::signal(server.pid, Signal::Term);
            if let Ok(ended) = tokio::time::timeout(patience, server.child.wait()).await {
                return ended.map(drop).map_err(cannot_stop(pid));
            }
        }
        server.child.kill().await.map_err(cannot_stop(pid))
    }

    /// Removes the state file: there is no server any more.
    fn forget(&self) -> Result<(), DevServerError> {
        remove(&self.data_dir.state_file())
    }
}

impl Drop for DevServer {
    /// Kills the server if it still runs. Its port and database are free when this returns, unless the system takes
    /// longer than a second over it.
    fn drop(&mut self) {
        let Some(mut server) = self.server.take() else { return };
        #[cfg(unix)]
        drop(server.watchdog.take());
        // Errors mean that it has ended already; there is nobody here to tell.
        drop(server.child.start_kill());
        let end = Instant::now() + Duration::from_secs(1);
        while matches!(server.child.try_wait(), Ok(None)) && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(2));
        }
        drop(self.forget());
    }
}

/// Stops a server that an earlier process left behind, which is one whose owner no longer holds the lock, and removes its
/// state file. Returns what the file said. A server of unknown origin on the same database is an error: two servers on
/// one database would spoil it.
async fn clear_orphan(
    data_dir: &DataDir,
    options: &DevServerOptions,
) -> Result<Option<State>, DevServerError> {
    let state = recorded(data_dir);
    if let Some(state) = state.as_ref().filter(|state| state.is_alive()) {
        let pid = state.running.pid;
        options.progress.report(&ProgressEvent::StoppingOrphan { pid });
        if !process::stop(pid, options.stop_within).await {
            return Err(DevServerError::OrphanSurvives { pid });
        }
    }
    remove(&data_dir.state_file())?;
    let database = data_dir.database();
    match process::server_on(&database).filter(|_| !options.ephemeral) {
        Some(pid) => Err(DevServerError::DatabaseInUse { database, pid }),
        None => Ok(state),
    }
}

fn cannot_stop(pid: Option<u32>) -> impl FnOnce(io::Error) -> DevServerError {
    move |source| DevServerError::Stop { pid, source }
}
