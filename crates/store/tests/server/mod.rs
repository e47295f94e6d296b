//! A PostgreSQL server of the tests' own: a new cluster in a new folder, on a Unix socket, gone when the guard is.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};

/// Runs the server until its input ends, which it does however the tests end, and takes the folder away. The folder is
/// in /tmp because a socket's path may have some hundred bytes only.
const SCRIPT: &str = r#"
set -eu
dir=$(mktemp -d /tmp/ttai-pg.XXXXXX)
pid=
finish() {
    if [ -n "$pid" ]; then kill -INT "$pid" 2>/dev/null || true; wait "$pid" || true; fi
    rm -rf "$dir"
}
trap finish EXIT
trap "exit 1" HUP INT TERM
printf '%s' "$1" > "$dir/password"
"$0/initdb" -D "$dir/data" -U ttai -A scram-sha-256 --pwfile="$dir/password" -E UTF8 --locale=C --no-sync >"$dir/log" 2>&1 || { cat "$dir/log" >&2; exit 1; }
"$0/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c fsync=off -c max_connections=100 >"$dir/log" 2>&1 </dev/null &
pid=$!
until "$0/pg_isready" -q -h "$dir"; do
    kill -0 "$pid" 2>/dev/null || { cat "$dir/log" >&2; exit 1; }
    sleep 0.1
done
echo "$dir"
cat >/dev/null
"#;

const PASSWORD: &str = "s3cret/with:odd@chars";
const PASSWORD_IN_URL: &str = "s3cret%2Fwith%3Aodd%40chars";

/// A running server.
pub(crate) struct Server {
    process: Child,
    input: Option<ChildStdin>,
    socket: String,
}

impl Server {
    /// Starts it, or prints why not; with `TTAI_REQUIRE_POSTGRES=1` its absence fails the test.
    pub(crate) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            assert!(
                std::env::var("TTAI_REQUIRE_POSTGRES").as_deref() != Ok("1"),
                "TTAI_REQUIRE_POSTGRES=1 and no initdb in PATH or /usr/lib/postgresql/*/bin"
            );
            println!("skipped: PostgreSQL is absent (no initdb in PATH or /usr/lib/postgresql/*/bin)");
            return None;
        };
        let mut command = command_as_ordinary_user();
        let mut process = command
            .args(["sh", "-c", SCRIPT])
            .arg(programs)
            .arg(PASSWORD)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = process.stdin.take();
        let mut socket = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut socket).unwrap();
        let server = Self { process, input, socket: socket.trim().to_owned() };
        assert!(!server.socket.is_empty(), "the PostgreSQL server did not start; its log is above");
        Some(server)
    }

    /// The URL of a database on it, password included.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://ttai:{PASSWORD_IN_URL}@localhost/{database}?host={}", self.socket)
    }

    /// The same with a password that is wrong.
    pub(crate) fn url_with_wrong_password(&self) -> String {
        self.url("postgres").replace(PASSWORD_IN_URL, "hunter2")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.process.wait();
    }
}

/// The folder of initdb, postgres and pg_isready; Debian's newest where PATH has none.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path);
    let mut versions: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.filter_map(Result::ok).map(|version| version.path().join("bin")).collect())
        .unwrap_or_default();
    versions.sort();
    in_path.chain(versions.into_iter().rev()).find(|folder| {
        ["initdb", "postgres", "pg_isready"].iter().all(|program| folder.join(program).is_file())
    })
}

/// PostgreSQL refuses to run as root; Debian's package makes a user for it.
fn command_as_ordinary_user() -> Command {
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    if !is_root {
        return Command::new("env");
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]);
    command
}
