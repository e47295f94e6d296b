//! Every way in which getting or running a development server can fail, with what to do about it.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::state::Running;
use crate::version::ServerVersion;

/// Why there is no binary, or no server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DevServerError {
    /// The binary that the caller named cannot be used.
    #[error("{} cannot be used as the temporal command: {problem}. Name another one, or none to have it found", path.display())]
    BinaryUnusable {
        /// The path that was given.
        path: PathBuf,
        /// What is wrong with it.
        problem: BinaryProblem,
    },
    /// No way to get a binary worked.
    #[error(
        "no temporal command to run the development server with.\n{}Install the Temporal CLI so that `temporal` is on PATH, or connect to the network for its download, or install Go 1.25 or later and run again",
        list(attempts)
    )]
    NoBinary {
        /// What was tried, in order, each with its failure.
        attempts: Vec<Attempt>,
    },
    /// An option has a value that cannot work.
    #[error("{option} = {value:?}: {problem}")]
    InvalidOption {
        /// Name of the field of [`DevServerOptions`](crate::DevServerOptions).
        option: &'static str,
        /// The value given.
        value: String,
        /// What is expected.
        problem: &'static str,
    },
    /// A file or folder of the data directory cannot be read or written.
    #[error("{}: {source}. The development server keeps its database, log and state there: make it writable or choose another data directory", path.display())]
    DataDir {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A live process runs a server from this data directory.
    #[error("a development server already runs from {}{}. Use it, stop it first, or choose another data directory", data_dir.display(), describe(running.as_deref()))]
    AlreadyRunning {
        /// The data directory.
        data_dir: PathBuf,
        /// The server, when its state file names one.
        running: Option<Box<Running>>,
    },
    /// A server that this crate did not start uses the database.
    #[error("the database {} is in use by a Temporal server with pid {pid}, which this program did not start. Stop that process, or choose another data directory", database.display())]
    DatabaseInUse {
        /// The database file.
        database: PathBuf,
        /// The process that serves from it.
        pid: u32,
    },
    /// A server left behind by an earlier process cannot be stopped.
    #[error(
        "the Temporal server with pid {pid}, left behind by an earlier run, does not stop. End that process and run again"
    )]
    OrphanSurvives {
        /// The process.
        pid: u32,
    },
    /// A port is taken.
    #[error(
        "port {port} for the {role} is in use. Stop the program that holds it, choose another port, or choose none to get a free one"
    )]
    PortInUse {
        /// The port.
        port: u16,
        /// What it was meant for.
        role: PortRole,
    },
    /// The operating system does not let this program listen on a port, as below 1024 without privileges.
    #[error(
        "port {port} for the {role} cannot be used: {source}. Choose another port, or none to get a free one"
    )]
    PortRefused {
        /// The port.
        port: u16,
        /// What it was meant for.
        role: PortRole,
        /// What the operating system said.
        source: io::Error,
    },
    /// No free ports were found in several attempts.
    #[error("no free port in {attempts} attempts; the last server said: {last}")]
    NoFreePort {
        /// How often a server was started.
        attempts: u32,
        /// The last failure.
        last: String,
    },
    /// The database is not one that this server can read.
    #[error("{} is not a usable Temporal database ({detail}). Move it away to start with an empty one; finished runs in the store are not touched", database.display())]
    DatabaseUnusable {
        /// The database file.
        database: PathBuf,
        /// What was found, or what the server said.
        detail: String,
    },
    /// Another program holds a lock on the database.
    #[error("{} is locked by another program. Close what has it open (a database browser, another server) and run again", database.display())]
    DatabaseLocked {
        /// The database file.
        database: PathBuf,
    },
    /// The server's metrics cannot be read.
    #[error("{url}: the server's metrics cannot be read: {reason}")]
    Metrics {
        /// Where they are served.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// The binary could not be started.
    #[error("cannot start {}: {source}", path.display())]
    Spawn {
        /// The binary.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The server ended before it served.
    #[error("the Temporal server ended at once ({status}). The end of its log, {}:\n{log_tail}", log.display())]
    ExitedEarly {
        /// How it ended.
        status: String,
        /// Its log file.
        log: PathBuf,
        /// The last lines of the log.
        log_tail: String,
    },
    /// The server runs and does not answer.
    #[error("the Temporal server on {address} did not serve within {} s ({last}). The end of its log, {}:\n{log_tail}", waited.as_secs(), log.display())]
    NotServing {
        /// host:port of the gRPC service.
        address: String,
        /// How long was waited.
        waited: Duration,
        /// What the last check found.
        last: String,
        /// Its log file.
        log: PathBuf,
        /// The last lines of the log.
        log_tail: String,
    },
    /// A search attribute could not be registered in an existing database.
    #[error("the search attributes could not be registered in namespace {namespace}: {said}. If one exists there with another type, move {} away", database.display())]
    SearchAttributes {
        /// The namespace.
        namespace: String,
        /// What the command said.
        said: String,
        /// The database file.
        database: PathBuf,
    },
    /// The server process could not be signalled or waited for.
    #[error("the Temporal server with pid {pid:?} could not be stopped: {source}")]
    Stop {
        /// The process, unless it is gone already.
        pid: Option<u32>,
        /// What the operating system said.
        source: io::Error,
    },
}

/// What a port was meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortRole {
    /// The gRPC service that clients and workers use.
    Grpc,
    /// The web interface.
    Ui,
}

impl fmt::Display for PortRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Grpc => "Temporal server",
            Self::Ui => "Temporal web interface",
        })
    }
}

/// One way to get the binary that did not work.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {problem}")]
pub struct Attempt {
    /// The way that was tried, in words: "PATH", "cache", "download", "build with Go".
    pub what: &'static str,
    /// Why it failed.
    pub problem: AttemptError,
}

/// Why one way to get the binary failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttemptError {
    /// There is none.
    #[error("no `temporal` there")]
    NotFound,
    /// There is one, and it cannot be used.
    #[error("{} {problem}", path.display())]
    Unusable {
        /// The command found.
        path: PathBuf,
        /// What is wrong with it.
        problem: BinaryProblem,
    },
    /// The caller switched this way off.
    #[error("switched off")]
    SwitchedOff,
    /// Temporal publishes nothing for this machine.
    #[error("no official release for {os} on {arch}")]
    UnsupportedPlatform {
        /// Rust's name of the operating system.
        os: &'static str,
        /// Rust's name of the processor.
        arch: &'static str,
    },
    /// The address could not be read.
    #[error("{url}: {reason}")]
    Http {
        /// The address.
        url: String,
        /// The failure with its causes.
        reason: String,
    },
    /// The published list of checksums does not name the archive.
    #[error("{url} has no checksum for {archive}")]
    ChecksumMissing {
        /// The list of checksums.
        url: String,
        /// The archive.
        archive: String,
    },
    /// What arrived is not what was published; it has been deleted.
    #[error("{url} has SHA-256 {actual} instead of {expected}, so it was not used")]
    ChecksumMismatch {
        /// The archive.
        url: String,
        /// The checksum published for it, in hexadecimal.
        expected: String,
        /// The checksum of what arrived, in hexadecimal.
        actual: String,
    },
    /// The archive cannot be unpacked.
    #[error("{url} cannot be unpacked: {reason}")]
    Archive {
        /// The archive.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The cache cannot be written.
    #[error("{}: {source}", path.display())]
    Cache {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Go is not installed.
    #[error("no `go` on PATH")]
    NoGo,
    /// The Go command failed.
    #[error("`{command}` failed ({status}):\n{output}")]
    GoFailed {
        /// The command line.
        command: String,
        /// How it ended.
        status: String,
        /// The last lines that it wrote.
        output: String,
    },
}

/// Why a `temporal` command cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BinaryProblem {
    /// It could not be run.
    #[error("cannot be run: {reason}")]
    CannotRun {
        /// What the operating system said.
        reason: String,
    },
    /// It did not answer `--version` in time.
    #[error("did not answer --version within {} s", deadline.as_secs())]
    Silent {
        /// How long was waited.
        deadline: Duration,
    },
    /// `--version` failed.
    #[error("--version failed ({status}): {said}")]
    Failed {
        /// How it ended.
        status: String,
        /// What it wrote to standard error.
        said: String,
    },
    /// It answered something that `temporal` does not say.
    #[error("is not the Temporal CLI: --version said {said:?}")]
    NotTemporal {
        /// The answer.
        said: String,
    },
    /// Its server is too old.
    #[error("holds Temporal server {found}, older than {minimum}")]
    TooOld {
        /// The version found.
        found: ServerVersion,
        /// The version needed.
        minimum: ServerVersion,
    },
}

fn list(attempts: &[Attempt]) -> String {
    attempts.iter().map(|attempt| format!("- {attempt}\n")).collect()
}

fn describe(running: Option<&Running>) -> String {
    running.map_or(String::new(), |server| format!(" on {} (pid {})", server.address, server.pid))
}
