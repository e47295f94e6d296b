//! Builds the Temporal CLI with an installed Go. Go checks the sources against its checksum database; GOPROXY and the
//! rest of Go's environment are the user's.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::command;
use crate::error::AttemptError;
use crate::progress::{ProgressEvent, ProgressSink};

/// How many of the last lines a failure shows.
const SHOWN_LINES: usize = 20;

/// Builds into `staging` and returns the command.
pub(crate) async fn build(
    go: &Path,
    version: &str,
    staging: &Path,
    deadline: Duration,
    progress: &dyn ProgressSink,
) -> Result<PathBuf, AttemptError> {
    let arguments = arguments(version);
    let line = format!("{} {}", go.display(), arguments.join(" "));
    progress.report(&ProgressEvent::BuildStarted { command: line.clone() });
    let failed =
        |status: String, output: String| AttemptError::GoFailed { command: line.clone(), status, output };
    let child = command::spawn(&mut go_command(go, &arguments, staging))
        .await
        .map_err(|error| failed(error.to_string(), String::new()))?;
    let mut last = VecDeque::new();
    let status = tokio::time::timeout(deadline, follow(child, progress, &mut last)).await;
    let output = Vec::from(last).join("\n");
    match status {
        Err(_) => Err(failed(format!("not done after {} minutes", deadline.as_secs() / 60), output)),
        Ok(Err(error)) => Err(failed(error.to_string(), output)),
        Ok(Ok(status)) if !status.success() => Err(failed(status.to_string(), output)),
        Ok(Ok(_)) => Ok(staging.join(format!("temporal{}", std::env::consts::EXE_SUFFIX))),
    }
}

/// The linker flags are those of the official release: no debug information, and the version built in.
fn arguments(version: &str) -> [String; 5] {
    [
        "install".to_owned(),
        "-v".to_owned(),
        "-ldflags".to_owned(),
        format!("-s -w -X github.com/temporalio/cli/temporalcli.Version={version}"),
        format!("github.com/temporalio/cli/cmd/temporal@v{version}"),
    ]
}

fn go_command(go: &Path, arguments: &[String], staging: &Path) -> Command {
    let mut command = Command::new(go);
    command
        .args(arguments)
        // Away from any go.work or vendor folder of the place where ttai was started.
        .current_dir(staging)
        .env("GOBIN", staging)
        // As the release is built; a C compiler is not needed then.
        .env("CGO_ENABLED", "0")
        // GOBIN refuses a build for another system than this one.
        .env_remove("GOOS")
        .env_remove("GOARCH")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

async fn follow(
    mut child: Child,
    progress: &dyn ProgressSink,
    last: &mut VecDeque<String>,
) -> std::io::Result<std::process::ExitStatus> {
    if let Some(stderr) = child.stderr.take() {
        let mut lines = BufReader::new(stderr).lines();
        while let Some(line) = lines.next_line().await? {
            progress.report(&ProgressEvent::BuildOutput { line: line.clone() });
            if last.len() == SHOWN_LINES {
                last.pop_front();
            }
            last.push_back(line);
        }
    }
    child.wait().await
}
