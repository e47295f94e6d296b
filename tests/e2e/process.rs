//! The test's side of a worker process: started, killed, asked to stop, and never left behind.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use crate::worker::{ROLE, WorkerRole};

/// A worker process; it is killed when this is dropped.
pub(crate) struct WorkerProcess {
    child: Child,
    log: PathBuf,
}

impl WorkerProcess {
    /// Starts this program again as a worker that writes its log to `log`.
    pub(crate) fn start(role: &WorkerRole, log: PathBuf) -> anyhow::Result<Self> {
        let output = File::create(&log)?;
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["worker_process", "--exact", "--nocapture"])
            .env(ROLE, serde_json::to_string(role)?)
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output);
        // The worker talks to the test's server, whatever the developer has configured.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("TEMPORAL_") {
                command.env_remove(name);
            }
        }
        Ok(Self { child: command.spawn().context("this program cannot be started as a worker")?, log })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`, and waits until it is gone.
    pub(crate) fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("the worker had ended by itself ({status}):\n{}", self.log_tail());
        }
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// SIGTERM, and how long it took to end in order.
    pub(crate) async fn terminate(mut self, within: Duration) -> anyhow::Result<Duration> {
        let asked = Instant::now();
        let sent = Command::new("sh").args(["-c", &format!("kill -TERM {}", self.pid())]).status()?;
        ensure!(sent.success(), "no SIGTERM could be sent");
        let mut tick = tokio::time::interval(Duration::from_millis(10));
        while asked.elapsed() < within {
            if let Some(status) = self.child.try_wait()? {
                self.ended_in_order(status)?;
                return Ok(asked.elapsed());
            }
            tick.tick().await;
        }
        bail!("the worker still runs {within:?} after SIGTERM:\n{}", self.log_tail())
    }

    fn ended_in_order(&self, status: ExitStatus) -> anyhow::Result<()> {
        ensure!(status.success(), "the worker ended with {status}:\n{}", self.log_tail());
        Ok(())
    }

    fn log_tail(&self) -> String {
        tail(&self.log)
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        // Errors mean that it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The last lines of a log.
pub(crate) fn tail(log: &std::path::Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}
