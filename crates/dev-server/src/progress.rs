//! What a caller is told while a binary is fetched and a server starts; the library itself prints nothing.

use std::fmt;
use std::path::PathBuf;

use crate::error::Attempt;

/// Receives what happens, in order. Called from async code: return quickly.
pub trait ProgressSink: Send + Sync {
    /// Takes one event. Its `Display` is a line fit for a terminal.
    fn report(&self, event: &ProgressEvent);
}

impl<F: Fn(&ProgressEvent) + Send + Sync> ProgressSink for F {
    fn report(&self, event: &ProgressEvent) {
        self(event);
    }
}

/// A [`ProgressSink`] that drops every event.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl ProgressSink for Silent {
    fn report(&self, _event: &ProgressEvent) {}
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProgressEvent {
    /// A way to get the binary did not work; the next one is tried.
    Skipped {
        /// The attempt and why it failed, as [`Attempt`] displays itself.
        reason: String,
    },
    /// Another process is downloading or building the same version; this one waits for it.
    WaitingForOtherProcess {
        /// The lock that the other process holds.
        lock: PathBuf,
    },
    /// No checksum of the archive is built in, so the one published beside it decides.
    ChecksumNotBuiltIn {
        /// Name of the archive.
        archive: String,
        /// The published list of checksums.
        url: String,
    },
    /// A download begins.
    DownloadStarted {
        /// Where from.
        url: String,
        /// Size of the archive in bytes, when the server says it.
        total_bytes: Option<u64>,
    },
    /// More of the archive has arrived.
    Downloaded {
        /// Bytes so far.
        bytes: u64,
        /// Size of the archive in bytes, when the server says it.
        total_bytes: Option<u64>,
    },
    /// A build with Go begins; it takes some minutes.
    BuildStarted {
        /// The command line, without its environment.
        command: String,
    },
    /// One line from the Go command, usually the package that it compiles.
    BuildOutput {
        /// The line, without its end.
        line: String,
    },
    /// The binary is ready for use.
    BinaryReady {
        /// Where it lies.
        path: PathBuf,
        /// Version of the Temporal server inside it.
        server_version: String,
    },
    /// A server that an earlier process left behind is being stopped.
    StoppingOrphan {
        /// Its process id.
        pid: u32,
    },
    /// The server process has been started and is not serving yet.
    Starting {
        /// host:port of the gRPC service.
        address: String,
    },
    /// A port that was free a moment ago is taken; the start is tried on others.
    RetryingOnOtherPorts {
        /// What the server said.
        reason: String,
    },
    /// The server cannot be tied to the life of this process: it would survive a kill -9 of it, until the next start.
    NoWatchdog {
        /// Why not.
        reason: String,
    },
    /// The server answers.
    Serving {
        /// host:port of the gRPC service.
        address: String,
        /// URL of the web interface, unless headless.
        ui_address: Option<String>,
    },
}

impl ProgressEvent {
    pub(crate) fn skipped(attempt: &Attempt) -> Self {
        Self::Skipped { reason: attempt.to_string() }
    }
}

impl fmt::Display for ProgressEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Skipped { reason } => write!(f, "{reason}"),
            Self::WaitingForOtherProcess { lock } => {
                write!(f, "waiting for another process that fetches temporal (lock {})", lock.display())
            }
            Self::ChecksumNotBuiltIn { archive, url } => {
                write!(f, "no checksum of {archive} is built in; checking it against {url}")
            }
            Self::DownloadStarted { url, total_bytes } => {
                write!(f, "downloading {url}")?;
                total_bytes.map_or(Ok(()), |total| write!(f, " ({} MB)", megabytes(total)))
            }
            Self::Downloaded { bytes, total_bytes: Some(total) } => {
                write!(f, "{} of {} MB", megabytes(*bytes), megabytes(*total))
            }
            Self::Downloaded { bytes, total_bytes: None } => write!(f, "{} MB", megabytes(*bytes)),
            Self::BuildStarted { command } => {
                write!(f, "building temporal with Go, which takes some minutes: {command}")
            }
            Self::BuildOutput { line } => write!(f, "{line}"),
            Self::BinaryReady { path, server_version } => {
                write!(f, "using {} (Temporal server {server_version})", path.display())
            }
            Self::StoppingOrphan { pid } => {
                write!(f, "stopping the server that an earlier run left behind (pid {pid})")
            }
            Self::Starting { address } => write!(f, "starting the Temporal server on {address}"),
            Self::RetryingOnOtherPorts { reason } => write!(f, "trying other ports: {reason}"),
            Self::NoWatchdog { reason } => {
                write!(f, "the server will survive a kill -9 of this process: {reason}")
            }
            Self::Serving { address, ui_address: Some(ui) } => {
                write!(f, "Temporal server on {address}, web interface on {ui}")
            }
            Self::Serving { address, ui_address: None } => write!(f, "Temporal server on {address}"),
        }
    }
}

fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1_000_000)
}
