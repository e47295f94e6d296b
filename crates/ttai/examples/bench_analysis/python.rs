//! The bare Python worker: its environment, and how it is started.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::process::Command;
use ttai::output;

/// The queue that it polls.
pub(crate) const QUEUE: &str = "ttai-queue";
/// The SDK that the examples and the conformance tests use, too.
const REQUIREMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/python/requirements.txt");
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/bench_analysis/python/worker.py");
/// Longest that making the environment may take.
const INSTALL_WITHIN: Duration = Duration::from_secs(600);

/// Makes the environment under `cache`, unless it is there; answers with its interpreter.
pub(crate) async fn install(python: &Path, cache: &Path) -> anyhow::Result<PathBuf> {
    let (folder, stamp) = (cache.join("python"), cache.join("python.stamp"));
    let interpreter = folder.join("bin").join("python");
    let wanted = format!("{}\n{}", python.display(), fs::read_to_string(REQUIREMENTS).context(REQUIREMENTS)?);
    if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(interpreter);
    }
    output::note(&format!("installing the Python SDK into {}", folder.display()));
    let mut venv = Command::new(python);
    run(venv.args(["-m", "venv", "--clear"]).arg(&folder)).await?;
    let mut pip = Command::new(&interpreter);
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
        REQUIREMENTS,
    ]);
    run(&mut pip).await?;
    fs::write(&stamp, wanted)?;
    Ok(interpreter)
}

async fn run(command: &mut Command) -> anyhow::Result<()> {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(INSTALL_WITHIN, command.output())
        .await
        .with_context(|| format!("{command:?} took longer than {} s", INSTALL_WITHIN.as_secs()))?
        .with_context(|| format!("cannot run {command:?}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} failed ({}):\n{said}", output.status);
    Ok(())
}

/// The worker on the server at `address`.
pub(crate) fn worker(interpreter: &Path, address: &str) -> Command {
    let mut command = Command::new(interpreter);
    command.args(["-B", PROGRAM, address, QUEUE]);
    command
}
