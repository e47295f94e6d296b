//! What a person at the terminal can rely on: the built `ttai`, run as a new user would, in a folder of its own with the bundled
//! simulated market. Every command has a deadline.

mod drill;
mod practice;

use std::io::Read;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::str::FromStr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use ttai_contract::FullAnalysisResult;
use ttai_dev_server::{DevServer, DevServerOptions, LocateOptions, Silent, locate};
use ttai_ports::{Analyses, AnalysisRecord, Saved};
use ttai_store::{Database, Spooled, StoreUrl};

/// How long a command may take on a busy machine.
const DEADLINE: Duration = Duration::from_secs(120);

/// A credential that must appear nowhere.
const PLANTED: &str = "planted-credential-7f3a";

/// How a command ended.
struct Answer {
    status: ExitStatus,
    stdout: String,
    stderr: String,
}

impl Answer {
    /// The exit code has to be `code`; what was printed says why it is not.
    fn expect(self, code: i32) -> anyhow::Result<Self> {
        let Self { status, stdout, stderr } = &self;
        ensure!(status.code() == Some(code), "{status}, expected {code}\n{stdout}\n{stderr}");
        Ok(self)
    }

    fn json(&self) -> anyhow::Result<Value> {
        serde_json::from_str(&self.stdout).with_context(|| self.stdout.clone())
    }
}

/// A command under way; it is killed when this is dropped.
struct Process {
    child: Child,
    stdout: Option<JoinHandle<String>>,
    stderr: Option<JoinHandle<String>>,
}

impl Process {
    fn start(mut command: Command) -> anyhow::Result<Self> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        Ok(Self { child, stdout: stdout.map(collect), stderr: stderr.map(collect) })
    }

    fn signal(&self, name: &str) -> anyhow::Result<()> {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status()?;
        ensure!(sent.success(), "the process is not there any more");
        Ok(())
    }

    /// Waits for its end, at most until the deadline.
    fn finish(self) -> anyhow::Result<Answer> {
        self.finish_within(DEADLINE)
    }

    fn finish_within(mut self, longest: Duration) -> anyhow::Result<Answer> {
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
struct Sim {
    process: Child,
    endpoints: Value,
}

impl Sim {
    fn start(home: &Home, arguments: &[&str]) -> anyhow::Result<Self> {
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
    fn move_there(&self, command: &mut Command) {
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

fn collect(mut pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Looks until there is something, at most until the deadline.
fn eventually<T>(what: &str, look: impl FnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    eventually_within(what, DEADLINE, look)
}

fn eventually_within<T>(
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
async fn temporal() -> anyhow::Result<&'static Path> {
    static TEMPORAL: OnceCell<PathBuf> = OnceCell::const_new();
    let found = TEMPORAL
        .get_or_try_init(|| async {
            Ok(locate(&LocateOptions::default(), &Silent).await?.path) as anyhow::Result<_>
        })
        .await?;
    Ok(found)
}

/// A new user's computer: no configuration, nothing in the environment, an empty home.
struct Home {
    folder: TempDir,
    temporal: PathBuf,
}

impl Home {
    async fn new() -> anyhow::Result<Self> {
        Ok(Self { folder: tempfile::tempdir()?, temporal: temporal().await?.to_owned() })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ttai"));
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("TTAI_") || text.starts_with("TEMPORAL_") || text.starts_with("XDG_") {
                command.env_remove(&name);
            }
        }
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env("TTAI_DATA_DIR", self.path("data"))
            // What a new user without a network gets, whatever network the test has.
            .env("TTAI__MARKET__SOURCE", "simulated")
            .env("TTAI_TEMPORAL", &self.temporal);
        command
    }

    fn start(&self, arguments: &[&str]) -> anyhow::Result<Process> {
        Process::start(self.command(arguments))
    }

    fn run(&self, arguments: &[&str]) -> anyhow::Result<Answer> {
        self.run_for(arguments, DEADLINE)
    }

    /// The same, of a command that takes longer.
    fn run_for(&self, arguments: &[&str], longest: Duration) -> anyhow::Result<Answer> {
        let answer = self.start(arguments)?.finish_within(longest);
        answer.with_context(|| format!("ttai {}", arguments.join(" ")))
    }

    /// The rows of `ttai list`.
    fn list(&self, arguments: &[&str]) -> anyhow::Result<Vec<Value>> {
        let rows = self.run(&[&["list", "--json"], arguments].concat())?.expect(0)?.json()?;
        Ok(rows.as_array().cloned().unwrap_or_default())
    }

    /// What the development server says of a run, as other clients see it.
    async fn describe(&self, id: &str) -> anyhow::Result<Value> {
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
    fn stored(&self, id: &str) -> anyhow::Result<FullAnalysisResult> {
        eventually("the analysis is in the store", || {
            let shown = self.run(&["show", id, "--json"])?.expect(0)?;
            ensure!(text(&shown.json()?, "status") != "failed", "the run failed: {}", shown.stdout);
            Ok(serde_json::from_str(&shown.stdout).ok())
        })
    }
}

fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row.get(field).and_then(Value::as_str).unwrap_or_default()
}

#[tokio::test]
async fn a_wrong_request_is_refused_before_anything_starts() -> anyhow::Result<()> {
    let cases: [(&[&str], i32, &[&str]); 8] = [
        (&["--dte-min", "50", "--dte-max", "20"], 1, &["error: --dte-min (50) exceeds --dte-max (20)"]),
        (&["--max-delta=-0.3"], 1, &["--max-delta", "-0.3 is not between 0 and 1"]),
        (&["--max-delta=30"], 1, &["--max-delta: 30 is not between 0 and 1; did you mean 0.30?"]),
        (&["--capital=-5"], 1, &["--capital", "-5"]),
        (&["--at", "nonsense"], 2, &["'nonsense' is not a valid time", "2014-06-06T15:00"]),
        (&["--at", "2014-03-09T02:30"], 2, &["does not exist in New York"]),
        (&["--tape", "/does/not/exist"], 1, &["there is no tape folder /does/not/exist"]),
        (&["--strategy", "naked-call"], 2, &["csp", "covered-call", "spread"]),
    ];
    let home = Home::new().await?;
    for (arguments, code, parts) in cases {
        let answer = home.run(&[&["analyze", "NVDA"], arguments].concat())?.expect(code)?;
        assert_eq!(answer.stdout, "", "{arguments:?}");
        for part in parts {
            assert!(answer.stderr.contains(part), "{arguments:?}: {part} is not in:\n{}", answer.stderr);
        }
    }
    let no_ticker = home.run(&["analyze", "A L"])?.expect(1)?;
    assert!(no_ticker.stderr.contains("not a ticker"), "{}", no_ticker.stderr);
    assert!(!home.path("data").exists(), "a refused request left something behind");
    Ok(())
}

#[tokio::test]
async fn an_analysis_is_answered_drawn_and_kept() -> anyhow::Result<()> {
    let home = Home::new().await?;
    let asked = home.run(&["analyze", "nvda", "--json", "--chart", "nvda.png"])?.expect(0)?;
    let result: FullAnalysisResult = serde_json::from_str(&asked.stdout)?;
    assert_eq!(result.symbol, "NVDA");
    assert!(result.data_source.as_ref().is_some_and(|source| source.simulated), "the market is invented");
    let image = std::fs::read(home.path("nvda.png"))?;
    assert!(image.starts_with(b"\x89PNG\r\n\x1a\n"), "the chart is no PNG");

    // The server is gone; the store has it.
    let rows = home.list(&[])?;
    let [row] = rows.as_slice() else { bail!("one analysis was run, listed are {rows:?}") };
    assert_eq!(text(row, "symbol"), "NVDA");
    assert_eq!(text(row, "outcome"), result.overall_recommendation.as_str());
    assert_eq!((text(row, "market"), row.get("simulated")), ("simulated", Some(&json!(true))));
    for time in ["time", "as_of"] {
        DateTime::parse_from_rfc3339(text(row, time)).with_context(|| format!("{time}: {row}"))?;
    }
    let table = home.run(&["list"])?.expect(0)?.stdout;
    assert!(table.starts_with("TIME ") && table.contains(text(row, "id")), "{table}");
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    let id = text(row, "workflow_id");
    assert!(id.starts_with("analysis-NVDA-"), "{id}");
    assert_eq!(home.stored(id)?, result);
    // By its symbol, as the newest, by its short id and by the beginning of either.
    for name in ["nvda", "last", text(row, "id"), &id[..20], &text(row, "id")[..6]] {
        assert_eq!(home.stored(name)?, result, "{name}");
    }

    let shown = home.run(&["show", id, "--chart", "again.png"])?.expect(0)?.stdout;
    let verdict = result.overall_recommendation.as_str().to_uppercase().replace('_', " ");
    // Outside an ordinary session its state stands beside the time, and the headline needs a second line.
    let headline = shown.lines().take(2).collect::<Vec<_>>().join(" ");
    for part in ["NVDA", verdict.as_str(), "SIMULATED"] {
        assert!(headline.contains(part), "{part} is not in: {headline}");
    }
    assert_eq!(std::fs::read(home.path("again.png"))?, image);
    assert!(shown.lines().count() <= 25, "more than a terminal shows:\n{shown}");
    let wide: Vec<&str> = shown.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(wide.is_empty(), "wider than 80 columns: {wide:#?}");
    let whole = home.run(&["show", id, "--full"])?.expect(0)?.stdout;
    assert!(whole.lines().count() > 25 && whole.contains("── Chart"), "{whole}");
    let wide: Vec<&str> = whole.lines().filter(|line| line.chars().count() > 120).collect();
    assert!(wide.is_empty(), "wider than 120 columns: {wide:#?}");
    assert!(!shown.contains('\u{1b}'), "a pipe gets plain text");

    let nowhere = home.run(&["show", "nope"])?.expect(1)?;
    assert!(nowhere.stderr.contains("'nope'") && nowhere.stderr.contains("ttai list"), "{}", nowhere.stderr);
    Ok(())
}

async fn database(file: &Path) -> anyhow::Result<Database> {
    Ok(Database::open(&StoreUrl::from_str(&file.to_string_lossy())?).await?)
}

/// A record as a run leaves it.
fn record(run_id: &str, as_of: DateTime<Utc>) -> AnalysisRecord {
    AnalysisRecord {
        workflow_id: "analysis-AAPL-again".to_owned(),
        run_id: run_id.to_owned(),
        user_id: "ann".to_owned(),
        symbol: "AAPL".to_owned(),
        analysis_type: "full_analysis".to_owned(),
        strategy: None,
        recommendation: "watchlist".to_owned(),
        as_of,
        result: json!({ "run": run_id }),
        created_at: DateTime::UNIX_EPOCH,
        completed_at: Some(as_of),
        notified: Vec::new(),
    }
}

#[tokio::test]
async fn every_run_of_an_id_is_shown_also_one_that_waits_for_the_store() -> anyhow::Result<()> {
    let home = Home::new().await?;
    home.run(&["list"])?.expect(0)?;
    let file = home.path("data/ttai.db");
    let store = database(&file).await?;
    let day = "2014-06-06T19:00:00Z".parse()?;
    for run in ["first", "second"] {
        store.save(&record(run, day)).await?;
    }
    let shown = |arguments: &[&str]| {
        home.run(&[&["show", "analysis-AAPL-again", "--json"], arguments].concat())?.expect(0)
    };
    let latest = shown(&[])?;
    assert_eq!(text(&latest.json()?, "run"), "second");
    assert!(latest.stderr.contains("first  2014-06-06 15:00 ET  watchlist"), "{}", latest.stderr);
    assert_eq!(text(&shown(&["--run", "first"])?.json()?, "run"), "first");

    // Saved while the store was away.
    let away = home.path("away.db");
    let spool = std::fs::read_dir(home.path("data/spool"))?.next().context("a spool")??.path();
    let spooled = Spooled::open(Arc::new(database(&away).await?), &spool, 1_000_000).await?;
    std::fs::remove_file(&away)?;
    let saved = spooled.save_or_spool(&record("third", day), Duration::from_secs(5)).await?;
    assert_eq!(saved, Saved::InSpool);
    for arguments in [&[][..], &["--run", "third"]] {
        let latest = shown(arguments)?;
        assert_eq!(text(&latest.json()?, "run"), "third");
        assert!(latest.stderr.contains("1 analysis waits on this host"), "{}", latest.stderr);
    }
    let runs = home.list(&[])?;
    let runs: Vec<&str> = runs.iter().map(|row| text(row, "run_id")).collect();
    assert_eq!(runs, ["third", "second", "first"]);

    let checks = home.run(&["doctor", "--json"])?.expect(0)?;
    assert!(checks.stdout.contains("0 artifacts and 1 analyses wait in"), "{}", checks.stdout);

    // A store that cannot be opened hides nothing of it.
    drop(store);
    std::fs::write(&file, "this is no database")?;
    let latest = shown(&[])?;
    assert_eq!(text(&latest.json()?, "run"), "third");
    assert!(latest.stderr.contains("the store cannot be read"), "{}", latest.stderr);
    let unknown = home.run(&["show", "analysis-AAPL-again", "--run", "fourth"])?.expect(1)?;
    assert!(unknown.stderr.contains("run fourth of 'analysis-AAPL-again'"), "{}", unknown.stderr);
    Ok(())
}

#[tokio::test]
async fn an_unknown_symbol_is_named_with_what_the_market_has() -> anyhow::Result<()> {
    let home = Home::new().await?;
    let answer = home.run(&["analyze", "ZZZZ"])?.expect(1)?;
    assert_eq!(answer.stdout, "");
    for part in ["ZZZZ", "NVDA", "check the spelling"] {
        assert!(answer.stderr.contains(part), "{}", answer.stderr);
    }
    assert_eq!(answer.stderr.matches("ZZZZ").count(), 1, "said more than once:\n{}", answer.stderr);
    Ok(())
}

#[tokio::test]
async fn the_next_server_finishes_a_run_that_nobody_waited_for() -> anyhow::Result<()> {
    let home = Home::new().await?;
    let started = home.run(&["analyze", "MSFT", "--no-wait", "--key", "later"])?.expect(0)?;
    assert_eq!(started.stdout.trim(), "analysis-MSFT-later");
    assert!(started.stderr.contains("`ttai dev`"), "{}", started.stderr);

    let server = home.start(&["dev"])?;
    let result = eventually("the server runs", || {
        let checks = home.run(&["doctor", "--json"])?;
        Ok(checks.stdout.contains("a development server runs at").then_some(()))
    })
    .and_then(|()| home.stored("analysis-MSFT-later"))?;
    assert_eq!(result.symbol, "MSFT");
    let info = home.describe("analysis-MSFT-later").await?;
    assert_eq!(info["memo"]["fields"]["market"], "simulated", "{info}");
    // The same key is the same run.
    let again = home.run(&["analyze", "MSFT", "--json", "--key", "later"])?.expect(0)?;
    assert_eq!(serde_json::from_str::<FullAnalysisResult>(&again.stdout)?, result);
    server.signal("TERM")?;
    let ended = server.finish()?.expect(0)?;
    assert!(ended.stderr.contains("ttai is running") && ended.stderr.contains("MSFT"), "{}", ended.stderr);
    Ok(())
}

#[tokio::test]
async fn what_a_command_left_unfinished_goes_on_by_the_word_that_it_left() -> anyhow::Result<()> {
    let home = Home::new().await?;
    let started = home.run(&["analyze", "MSFT", "--no-wait"])?.expect(0)?;
    // Its server ended with the command, and no other runs.
    let back =
        started.stderr.split('`').find_map(|part| part.strip_prefix("ttai wait ")).context("a way back")?;
    assert!(back.starts_with("MSFT-"), "{}", started.stderr);
    let waited = home.run(&["wait", back, "--json"])?.expect(0)?;
    assert_eq!(serde_json::from_str::<FullAnalysisResult>(&waited.stdout)?.symbol, "MSFT");
    let nowhere = Home::new().await?.run(&["wait", "MSFT"])?.expect(1)?;
    assert!(nowhere.stderr.contains("none has ever run"), "{}", nowhere.stderr);
    Ok(())
}

#[tokio::test]
async fn several_symbols_are_analysed_and_one_that_fails_is_named() -> anyhow::Result<()> {
    let home = Home::new().await?;
    let both = home.run(&["analyze", "NVDA", "aapl", "NVDA", "--json"])?.expect(0)?.json()?;
    let symbols: Vec<&str> =
        both.as_array().into_iter().flatten().map(|result| text(result, "symbol")).collect();
    assert_eq!(symbols, ["NVDA", "AAPL"]);
    let one = home.run(&["analyze", "ZZZZ", "MSFT"])?.expect(1)?;
    assert!(one.stdout.contains("MSFT") && one.stderr.contains("ZZZZ"), "{}\n{}", one.stdout, one.stderr);
    let chart = home.run(&["analyze", "NVDA", "AAPL", "--chart", "one.png"])?.expect(1)?;
    assert!(chart.stderr.contains("--chart writes the chart of one symbol"), "{}", chart.stderr);
    Ok(())
}

#[test]
fn a_calculation_that_fails_makes_the_exit_code_one() -> anyhow::Result<()> {
    let calc = |lines: &str| -> anyhow::Result<Answer> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ttai"));
        let mut child = command
            .arg("calc")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        std::io::Write::write_all(&mut child.stdin.take().context("its input")?, lines.as_bytes())?;
        let output = child.wait_with_output()?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(Answer { status: output.status, stdout: text(output.stdout), stderr: text(output.stderr) })
    };
    let good = "{\"op\": \"session\", \"date\": \"2014-07-03\"}\n";
    calc(good)?.expect(0)?;
    let mixed = calc(&format!("{{\"op\": \"nothing\"}}\n{good}"))?.expect(1)?;
    assert_eq!(mixed.stdout.lines().count(), 2, "every line is answered: {}", mixed.stdout);
    Ok(())
}

#[tokio::test]
async fn ctrl_c_leaves_the_run_and_says_how_to_come_back() -> anyhow::Result<()> {
    let home = Home::new().await?;
    // A server without a worker: the run cannot end before the signal.
    let mut options = DevServerOptions::ephemeral(home.path("server"));
    options.locate.binary = Some(home.temporal.clone());
    let server = DevServer::start(options).await?;
    let address = server.address();
    let at = ["--address", address.as_str()];

    let waiting = home.start(&[&["analyze", "AAPL"], at.as_slice()].concat())?;
    let id = eventually("the run is on the server", || {
        Ok(home.list(&at)?.first().map(|row| text(row, "id").to_owned()))
    })?;
    waiting.signal("INT")?;
    let left = waiting.finish()?.expect(130)?;
    assert!(left.stderr.contains(&format!("ttai show {id}")), "{}", left.stderr);
    assert!(left.stderr.contains(&format!("ttai cancel {id}")), "{}", left.stderr);

    let worker = home.start(&[&["worker"], at.as_slice()].concat())?;
    assert_eq!(home.run(&[&["show", &id], at.as_slice()].concat())?.expect(0)?.stderr, "");
    let finished = eventually("the worker finishes the run", || {
        let shown = home.run(&[&["show", &id, "--json"], at.as_slice()].concat())?.expect(0)?;
        Ok(serde_json::from_str::<FullAnalysisResult>(&shown.stdout).ok())
    })?;
    assert_eq!(finished.symbol, "AAPL");
    worker.signal("TERM")?;
    worker.finish()?.expect(0)?;
    server.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_port_in_use_is_named() -> anyhow::Result<()> {
    let home = Home::new().await?;
    let held = TcpListener::bind("127.0.0.1:0")?;
    let port = held.local_addr()?.port().to_string();
    let answer = home.run(&["dev", "--port", &port])?.expect(1)?;
    assert!(answer.stderr.contains(&format!("port {port}")), "{}", answer.stderr);
    assert!(answer.stderr.contains("in use"), "{}", answer.stderr);
    Ok(())
}

#[tokio::test]
async fn a_new_user_sees_that_nothing_is_wrong() -> anyhow::Result<()> {
    let home = Home::new().await?;
    let empty = home.run(&["list"])?.expect(0)?;
    assert!(empty.stdout.is_empty() && empty.stderr.contains("ttai analyze"), "{}", empty.stderr);
    let checks = home.run(&["doctor", "--json"])?.expect(0)?.json()?;
    let checks = checks.as_array().context("a list of checks")?;
    let about = |what: &str| checks.iter().find(|check| text(check, "what") == what);
    for what in ["configuration", "market", "store", "Temporal"] {
        let check = about(what).with_context(|| format!("no check of {what}"))?;
        assert_eq!(text(check, "health"), "good", "{check}");
    }
    let nobody = home.run(&["list", "--address", "127.0.0.1:1"])?.expect(1)?;
    assert!(nobody.stderr.contains("no Temporal server answers at http://127.0.0.1:1/"), "{}", nobody.stderr);
    Ok(())
}

#[tokio::test]
async fn a_misspelt_setting_is_named() -> anyhow::Result<()> {
    let home = Home::new().await?;
    std::fs::write(home.path("ttai.toml"), "[market]\ntaep = \"x\"\n")?;
    let answer = home.run(&["analyze", "NVDA"])?.expect(1)?;
    for part in ["ttai.toml", "taep", "tape"] {
        assert!(answer.stderr.contains(part), "{}", answer.stderr);
    }
    Ok(())
}

#[tokio::test]
async fn a_failing_broker_is_passed_over_and_the_result_says_so() -> anyhow::Result<()> {
    let home = Home::new().await?;
    let faults = home.path("faults.json");
    std::fs::write(
        &faults,
        r#"[{"service": "tastytrade", "times": 1000, "action": "status", "status": 503}]"#,
    )?;
    let sim = Sim::start(&home, &["--faults", "faults.json"])?;
    let mut command = home.command(&["analyze", "NVDA", "--json", "-vv"]);
    sim.move_there(&mut command);
    let answer = Process::start(command)?.finish()?.expect(0)?;
    let result: FullAnalysisResult = serde_json::from_str(&answer.stdout)?;
    let source = result.data_source.clone().context("a source")?;
    assert!(source.simulated && source.name.contains("alpaca"), "{source:?}");
    let warned = result.warnings.iter().any(|warning| warning.starts_with("tastytrade is unavailable"));
    assert!(warned, "{:?}", result.warnings);
    let everything = format!("{}{}", answer.stdout, answer.stderr);
    assert!(!everything.contains(PLANTED), "a credential was printed");
    for file in files(&home.path("data"))? {
        let bytes = std::fs::read(&file)?;
        assert!(!bytes.windows(PLANTED.len()).any(|part| part == PLANTED.as_bytes()), "{}", file.display());
    }
    Ok(())
}

/// Every file under a folder.
fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    Ok(found)
}

#[tokio::test]
async fn quotes_are_shown_once_and_as_they_happen() -> anyhow::Result<()> {
    let home = Home::new().await?;
    let now = home.run(&["quotes", "NVDA", "spy", "--json"])?.expect(0)?.json()?;
    let symbols: Vec<&str> = now.as_array().into_iter().flatten().map(|row| text(row, "symbol")).collect();
    assert_eq!(symbols, ["NVDA", "SPY"]);
    let unknown = home.run(&["quotes", "NVDA", "ZZZZ"])?.expect(1)?;
    assert!(unknown.stdout.contains("NVDA") && !unknown.stdout.contains("ZZZZ"), "{}", unknown.stdout);
    assert!(unknown.stderr.contains("does not know the symbol ZZZZ"), "{}", unknown.stderr);

    let followed = home.run(&["quotes", "NVDA", "--follow", "--for", "8s", "--json"])?.expect(0)?;
    assert!(followed.stderr.contains("reading tastytrade"), "{}", followed.stderr);
    let events: Vec<Value> = followed.stdout.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    assert!(events.iter().any(|event| text(event, "event") == "quote" && text(event, "symbol") == "NVDA"));

    let contract = home.run(&["quotes", "NVDA  261218P00100000"])?.expect(1)?;
    assert!(contract.stderr.contains("--follow"), "{}", contract.stderr);
    Ok(())
}

#[tokio::test]
async fn what_was_recorded_from_a_simulation_is_played_back() -> anyhow::Result<()> {
    let home = Home::new().await?;
    let sim = Sim::start(&home, &[])?;
    for _ in 0..2 {
        // The second run finds the folder and goes on.
        let mut command = home.command(&["record", "--symbols", "NVDA,AAPL", "--out", "tape"]);
        sim.move_there(&mut command);
        let recorded = Process::start(command)?.finish()?.expect(0)?;
        for part in ["NVDA", "AAPL", "daily bars", "contracts quoted", "minutes", "stories"] {
            assert!(
                recorded.stdout.contains(part),
                "{part} is not in:\n{}\n{}",
                recorded.stdout,
                recorded.stderr
            );
        }
    }
    let asked = ["analyze", "NVDA", "--json"];
    let mut live = home.command(&asked);
    sim.move_there(&mut live);
    let live: FullAnalysisResult = serde_json::from_str(&Process::start(live)?.finish()?.expect(0)?.stdout)?;
    let played = home.run(&[&asked[..], &["--tape", "tape"]].concat())?.expect(0)?;
    let played: FullAnalysisResult = serde_json::from_str(&played.stdout)?;
    assert!(played.data_source.as_ref().is_some_and(|source| source.simulated), "{:?}", played.data_source);
    // The simulation's clock stands still, an adapter's goes on from its last answer.
    let (played_at, live_at) = (played.as_of.context("a time")?, live.as_of.context("a time")?);
    ensure!((played_at - live_at).num_seconds().abs() < 60, "{played_at} and {live_at}");
    assert_eq!(played.overall_recommendation, live.overall_recommendation);
    assert_eq!(
        played.suggested_position.map(|position| (position.contract, position.bid, position.ask)),
        live.suggested_position.map(|position| (position.contract, position.bid, position.ask)),
    );
    let again = Sim::start(&home, &["--tape", "tape"])?;
    assert!(again.endpoints.get("tastytrade").is_some());
    Ok(())
}

#[tokio::test]
async fn the_configuration_is_checked_whole_and_shown_without_secrets() -> anyhow::Result<()> {
    let home = Home::new().await?;
    std::fs::write(
        home.path("ttai.toml"),
        "[providers.cboe]\ntimeuot = 3\n[order]\nquotes = [\"nobody\"]\n",
    )?;
    let checked = home.run(&["config", "check"])?.expect(1)?;
    for part in [
        "ttai.toml:2: providers.cboe.timeuot",
        "did you mean timeout?",
        "ttai.toml:4: order.quotes",
        "2 problems",
    ] {
        assert!(checked.stdout.contains(part), "{part} is not in:\n{}", checked.stdout);
    }
    let example = home.run(&["config", "example"])?.expect(0)?;
    std::fs::write(home.path("ttai.toml"), example.stdout)?;
    home.run(&["config", "check"])?.expect(0)?;
    let mut show = home.command(&["config", "show", "--json"]);
    show.env("TTAI_ALPACA_KEY_ID", PLANTED).env("TTAI_ALPACA_SECRET_KEY", PLANTED);
    let shown = Process::start(show)?.finish()?.expect(0)?;
    assert!(!shown.stdout.contains(PLANTED) && shown.stdout.contains("environment TTAI_ALPACA_KEY_ID"));
    Ok(())
}

#[tokio::test]
async fn a_worker_says_how_it_is_and_what_it_called() -> anyhow::Result<()> {
    let home = Home::new().await?;
    let mut options = DevServerOptions::ephemeral(home.path("server"));
    options.locate.binary = Some(home.temporal.clone());
    let server = DevServer::start(options).await?;
    let held = TcpListener::bind("127.0.0.1:0")?;
    let metrics = held.local_addr()?.to_string();
    drop(held);
    let worker = home.start(&["worker", "--address", &server.address(), "--metrics", &metrics])?;
    let get = |path: &str| -> anyhow::Result<Option<String>> {
        use std::io::Write;
        let Ok(mut stream) = std::net::TcpStream::connect(&metrics) else { return Ok(None) };
        write!(stream, "GET {path} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(Some(answer))
    };
    eventually("the worker takes work", || {
        Ok(get("/readyz")?.filter(|answer| answer.starts_with("HTTP/1.1 200")))
    })?;
    let health = get("/healthz")?.context("health")?;
    assert!(health.starts_with("HTTP/1.1 200") && health.ends_with("ok\n"), "{health}");
    let page = get("/metrics")?.context("metrics")?;
    assert!(page.contains("ttai_provider_call_seconds") && page.contains("ttai_info"), "{page}");
    assert!(page.contains("temporal_worker_start_total{"), "{page}");
    worker.signal("TERM")?;
    worker.finish()?.expect(0)?;
    server.stop().await?;
    Ok(())
}

#[tokio::test]
async fn channels_are_tried_from_the_command_line() -> anyhow::Result<()> {
    let home = Home::new().await?;
    let sim = Sim::start(&home, &[])?;
    let discord = sim.endpoints.get("discord").and_then(Value::as_str).context("discord's address")?;
    let send = |channel: &str| -> anyhow::Result<Answer> {
        let mut command = home.command(&["notify", "send", channel, "NVDA touched 210"]);
        command
            .env("TTAI__CHANNELS__DESK__TYPE", "discord")
            .env("TTAI_CHANNELS_DESK_URL", format!("{discord}/api/webhooks/1/{PLANTED}"));
        Process::start(command)?.finish()
    };
    let sent = send("desk")?.expect(0)?;
    assert_eq!(sent.stdout.trim(), "desk: delivered", "{}", sent.stderr);
    let unknown = send("dsek")?.expect(1)?;
    assert!(
        unknown.stderr.contains("no channel dsek") && unknown.stderr.contains("desk"),
        "{}",
        unknown.stderr
    );
    assert!(!format!("{}{}", unknown.stdout, unknown.stderr).contains(PLANTED));
    Ok(())
}
