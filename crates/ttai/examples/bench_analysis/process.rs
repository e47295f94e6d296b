//! Worker processes: started with a clean environment, never left behind, and read out of `/proc`.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use tokio::process::{Child, ChildStdin, Command};
use ttai::cli::Cli;
use ttai::{commands, output};

/// First argument of this program as a worker; the others are those of `ttai`.
const AS_TTAI: &str = "as-ttai";
/// Length of the clock tick in which `/proc` counts: 10 ms on every Linux, whatever its kernel's own tick is.
const TICK: Duration = Duration::from_millis(10);

/// Becomes `ttai` where the arguments say so.
pub(crate) fn run_if_worker() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != AS_TTAI {
        return None;
    }
    end_with_the_bench();
    let cli = Cli::parse_from(std::iter::once("ttai".into()).chain(arguments));
    output::init_logs(cli.global.verbose, false);
    Some(commands::run(cli).unwrap_or_else(|error| {
        output::error(&error);
        ExitCode::FAILURE
    }))
}

/// The bench holds the other end of standard input: where it closes, the bench is gone, however it went.
fn end_with_the_bench() {
    std::thread::spawn(|| {
        let mut nothing = Vec::new();
        drop(std::io::stdin().read_to_end(&mut nothing));
        std::process::exit(3);
    });
}

/// This program as `ttai`, to be given the product's arguments.
pub(crate) fn ttai() -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(AS_TTAI);
    Ok(command)
}

/// A worker process; it is killed when this is dropped.
pub(crate) struct Process {
    child: Child,
    /// Open as long as the bench lives; apart from the child, for waiting for a child closes it.
    _lifeline: Option<ChildStdin>,
    pid: u32,
    log: PathBuf,
}

impl Process {
    /// Starts `command` with its output in `log`, apart from what the developer has configured.
    pub(crate) fn start(mut command: Command, log: PathBuf) -> anyhow::Result<Self> {
        let output = File::create(&log)?;
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("TEMPORAL_") || text.starts_with("TTAI") {
                command.env_remove(&name);
            }
        }
        command.stdin(Stdio::piped()).stdout(output.try_clone()?).stderr(output).kill_on_drop(true);
        // A group of its own: Ctrl-C is for the bench, which ends its workers itself.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        let pid = child.id().context("the worker ended before it had a process id")?;
        Ok(Self { _lifeline: child.stdin.take(), child, pid, log })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits for the end of a worker that should not end, and says what it wrote last.
    pub(crate) async fn ended(&mut self) -> anyhow::Error {
        match self.child.wait().await {
            Ok(status) => anyhow::anyhow!("the worker ended by itself ({status}):\n{}", tail(&self.log)),
            Err(error) => error.into(),
        }
    }

    /// Kills it and waits until it is gone.
    pub(crate) async fn kill(mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }
}

fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

/// Processor time that a process has used in all its threads, in user and kernel mode; its children's is not in it.
pub(crate) fn cpu(pid: u32) -> anyhow::Result<Duration> {
    let path = format!("/proc/{pid}/stat");
    let text = fs::read_to_string(&path).with_context(|| path.clone())?;
    ticks(&text).map(|ticks| TICK * ticks).with_context(|| format!("{path} cannot be read: {text}"))
}

/// utime and stime, the 14th and 15th field; the second, the program's name, may have spaces in it.
fn ticks(stat: &str) -> Option<u32> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u32>().ok();
    Some(next()? + next()?)
}

/// The most memory that a process has had in use, in bytes.
pub(crate) fn peak_memory(pid: u32) -> anyhow::Result<u64> {
    let path = format!("/proc/{pid}/status");
    let text = fs::read_to_string(&path).with_context(|| path.clone())?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    Ok(1024 * kilobytes.with_context(|| format!("{path} has no VmHWM"))?)
}
