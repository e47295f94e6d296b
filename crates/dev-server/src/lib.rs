//! A Temporal development server for `ttai dev` and for tests: finds, downloads or builds the `temporal` command, starts
//! it, waits until it serves and stops it with the program. Prints nothing: a [`ProgressSink`] is told what happens.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use ttai_dev_server::{DevServer, DevServerOptions};
//! let server = DevServer::start(DevServerOptions::persistent("/home/me/.local/share/ttai")).await?;
//! let target = server.url(); // what a Temporal client connects to
//! server.stop().await?;
//! # Ok(()) }
//! ```
//!
//! How it holds together:
//! - [`locate`] finds the binary; the cache is filled under a file lock, so two processes never build at once.
//! - A server belongs to the process that holds the lock in its data directory. The operating system frees that lock
//!   when the process dies, however it dies, so a server whose lock is free is an orphan, and the next start stops it.
//! - [`discover`] lets another process find the running server by its state file.

mod actions;
mod command;
mod data_dir;
mod download;
mod error;
mod failure;
mod go_build;
mod locate;
mod options;
mod platform;
mod ports;
mod probe;
mod process;
mod progress;
mod release;
mod server;
mod state;
mod version;
#[cfg(unix)]
mod watchdog;

pub use actions::Actions;
pub use error::{Attempt, AttemptError, BinaryProblem, DevServerError, PortRole};
pub use locate::{BinaryOrigin, LocateOptions, TemporalBinary, default_cache_dir, locate};
pub use options::{DevServerOptions, LogLevel, SearchAttributeKind};
pub use platform::Platform;
pub use progress::{ProgressEvent, ProgressSink, Silent};
pub use release::Release;
pub use server::DevServer;
pub use state::{Running, discover};
pub use version::{ServerVersion, TemporalVersion};
