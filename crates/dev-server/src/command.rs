//! How this crate runs other programs.

use std::io;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::process::{Child, Command};

/// A `temporal` command without the `TEMPORAL_*` environment, which configures clients of some other server (address, TLS,
/// API key), and without standard input. It is killed when its handle is dropped.
pub(crate) fn clean(temporal: &Path) -> Command {
    let mut command = Command::new(temporal);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("TEMPORAL_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Starts a program. One that was written a moment ago can be refused as busy, because a child of another thread, forked
/// while the file was open, still holds it; such a child lets go within milliseconds, at its exec.
pub(crate) async fn spawn(command: &mut Command) -> io::Result<Child> {
    loop {
        match command.spawn() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            result => return result,
        }
    }
}

/// Runs a program to its end and returns what it wrote.
pub(crate) async fn output(mut command: Command) -> io::Result<Output> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    spawn(&mut command).await?.wait_with_output().await
}
