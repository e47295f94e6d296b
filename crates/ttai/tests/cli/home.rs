//! The command line in a home of its own: its processes, a simulation, a Temporal server for all.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::OnceCell;
use ttai_contract::FullAnalysisResult;
use ttai_dev_server::{LocateOptions, Silent, locate};

pub(crate) const DEADLINE: Duration = Duration::from_secs(120);

/// A credential that must appear nowhere.
pub(crate) const PLANTED: &str = "planted-credential-7f3a";

/// How a command ended.
pub(crate) struct Answer {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Answer {
    /// The exit code has to be `code`; what was printed says why it is not.
    pub(crate) fn expect(self, code: i32) -> anyhow::Result<Self> {
        let Self { status, stdout, stderr } = &self;
        ensure!(status.code() == Some(code), "{status}, expected {code}\n{stdout}\n{stderr}");
        Ok(self)
    }

    pub(crate) fn json(&self) -> anyhow::Result<Value> {
        serde_json::from_str(&self.stdout).with_context(|| self.stdout.clone())
    }
}

/// A command under way; it is killed when this is dropped.
pub(crate) struct Process {
    pub(crate) child: Child,
    pub(crate) stdout: Option<JoinHandle<String>>,
    pub(crate) stderr: Option<JoinHandle<String>>,
}

impl Process {
    pub(crate) fn start(mut command: Command) -> anyhow::Result<Self> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        Ok(Self { child, stdout: stdout.map(collect), stderr: stderr.map(collect) })
    }

    pub(crate) fn signal(&self, name: &str) -> anyhow::Result<()> {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status()?;
        ensure!(sent.success(), "the process is not there any more");
        Ok(())
    }

    /// Waits for its end, at most until the deadline.
    pub(crate) fn finish(self) -> anyhow::Result<Answer> {
        self.finish_within(DEADLINE)
    }

    pub(crate) fn finish_within(mut self, longest: Duration) -> anyhow::Result<Answer> {
        let status = eventually_within("the command ends", longest, || Ok(self.child.try_wait()?))?;
        let text = |reader: Option<JoinHandle<String>>| {
            reader.map(JoinHandle::join).and_then(Result::ok).unwrap_or_default()
        };
        Ok(Answer { status, stdout: text(self.stdout.take()), stderr: text(self.stderr.take()) })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A simulated market of its own process, with its addresses.
pub(crate) struct Sim {
    pub(crate) process: Child,
    pub(crate) endpoints: Value,
}

impl Sim {
    pub(crate) fn start(home: &Home, arguments: &[&str]) -> anyhow::Result<Self> {
        let mut command = home.command(&[&["sim", "--speed", "0"], arguments].concat());
        let mut process =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn()?;
        let mut line = String::new();
        let stdout = process.stdout.take().context("its output")?;
        std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line)?;
        let endpoints = serde_json::from_str(&line).with_context(|| line.clone());
        Ok(Self { endpoints: endpoints.inspect_err(|_| drop(process.kill()))?, process })
    }

    /// The environment that moves every provider with an account there.
    pub(crate) fn move_there(&self, command: &mut Command) {
        let endpoint = |name: &str| self.endpoints.get(name).and_then(Value::as_str).unwrap_or_default();
        command
            .env("TTAI__MARKET__SOURCE", "auto")
            .env("TTAI_TASTYTRADE_CLIENT_SECRET", PLANTED)
            .env("TTAI_TASTYTRADE_REFRESH_TOKEN", PLANTED)
            .env("TTAI__PROVIDERS__TASTYTRADE__BASE_URL", endpoint("tastytrade"))
            .env("TTAI__PROVIDERS__TASTYTRADE__STREAM_URL", endpoint("dxlink"))
            .env("TTAI_ALPACA_KEY_ID", PLANTED)
            .env("TTAI_ALPACA_SECRET_KEY", PLANTED)
            .env("TTAI__PROVIDERS__ALPACA__TRADING_URL", endpoint("alpaca_trading"))
            .env("TTAI__PROVIDERS__ALPACA__DATA_URL", endpoint("alpaca_data"))
            .env("TTAI__PROVIDERS__ALPACA__STREAM_URL", endpoint("alpaca_stream"))
            .env("TTAI__PROVIDERS__CBOE__BASE_URL", endpoint("cboe"))
            .env("TTAI__PROVIDERS__TRADINGVIEW__BASE_URL", endpoint("tradingview"))
            .env(
                "TTAI__PROVIDERS__RSS__FEEDS",
                format!("[{{ url = \"{}/{{symbol}}.xml\" }}]", endpoint("rss")),
            );
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn collect(mut pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Looks until there is something, at most until the deadline.
pub(crate) fn eventually<T>(
    what: &str,
    look: impl FnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    eventually_within(what, DEADLINE, look)
}

pub(crate) fn eventually_within<T>(
    what: &str,
    longest: Duration,
    mut look: impl FnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let began = Instant::now();
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if began.elapsed() > longest {
            bail!("not within {} s: {what}", longest.as_secs());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The `temporal` command, found or fetched once: that may take longer than any command here.
pub(crate) async fn temporal() -> anyhow::Result<&'static Path> {
    static TEMPORAL: OnceCell<PathBuf> = OnceCell::const_new();
    let found = TEMPORAL
        .get_or_try_init(|| async {
            Ok(locate(&LocateOptions::default(), &Silent).await?.path) as anyhow::Result<_>
        })
        .await?;
    Ok(found)
}

/// A new user's computer: no configuration, nothing in the environment, an empty home.
pub(crate) struct Home {
    pub(crate) folder: TempDir,
    pub(crate) temporal: PathBuf,
}

impl Home {
    pub(crate) async fn new() -> anyhow::Result<Self> {
        Ok(Self { folder: tempfile::tempdir()?, temporal: temporal().await?.to_owned() })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ttai"));
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("TTAI_") || text.starts_with("TEMPORAL_") || text.starts_with("XDG_") {
                command.env_remove(&name);
            }
        }
        command.args(arguments).current_dir(self.folder.path()).envs(self.environment());
        command
    }

    /// What every command has in its environment.
    pub(crate) fn environment(&self) -> [(&'static str, PathBuf); 5] {
        [
            ("HOME", self.folder.path().to_owned()),
            ("TZ", PathBuf::from("America/New_York")),
            ("TTAI_DATA_DIR", self.path("data")),
            // What a new user without a network gets, whatever network the test has.
            ("TTAI__MARKET__SOURCE", PathBuf::from("simulated")),
            ("TTAI_TEMPORAL", self.temporal.clone()),
        ]
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> anyhow::Result<Process> {
        Process::start(self.command(arguments))
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> anyhow::Result<Answer> {
        self.run_for(arguments, DEADLINE)
    }

    /// The same, of a command that takes longer.
    pub(crate) fn run_for(&self, arguments: &[&str], longest: Duration) -> anyhow::Result<Answer> {
        let answer = self.start(arguments)?.finish_within(longest);
        answer.with_context(|| format!("ttai {}", arguments.join(" ")))
    }

    /// The rows of `ttai list`.
    pub(crate) fn list(&self, arguments: &[&str]) -> anyhow::Result<Vec<Value>> {
        let rows = self.run(&[&["list", "--json"], arguments].concat())?.expect(0)?.json()?;
        Ok(rows.as_array().cloned().unwrap_or_default())
    }

    /// What the development server says of a run, as other clients see it.
    pub(crate) async fn describe(&self, id: &str) -> anyhow::Result<Value> {
        let checks = self.run(&["doctor", "--json"])?.stdout;
        let address =
            checks.split("a development server runs at ").nth(1).and_then(|rest| rest.split(',').next());
        let address = address.context("no development server runs")?;
        let mut command = Command::new(temporal().await?);
        command.args(["workflow", "describe", "-w", id, "-o", "json", "--address", address]);
        let answer = Process::start(command)?.finish()?.expect(0)?.json()?;
        Ok(answer["workflowExecutionInfo"].clone())
    }

    /// The answer of a finished analysis, once it is in the store.
    pub(crate) fn stored(&self, id: &str) -> anyhow::Result<FullAnalysisResult> {
        eventually("the analysis is in the store", || {
            let shown = self.run(&["show", id, "--json"])?.expect(0)?;
            ensure!(text(&shown.json()?, "status") != "failed", "the run failed: {}", shown.stdout);
            Ok(serde_json::from_str(&shown.stdout).ok())
        })
    }
}

pub(crate) fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row.get(field).and_then(Value::as_str).unwrap_or_default()
}
