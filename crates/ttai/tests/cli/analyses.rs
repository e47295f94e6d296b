//! `analyze`, `show`, `list`, `wait`, `cancel` and `calc` as a user types them.

use std::path::Path;
use std::process::{Command, Stdio};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use serde_json::json;
use ttai_contract::FullAnalysisResult;
use ttai_dev_server::{DevServer, DevServerOptions};
use ttai_ports::{Analyses, AnalysisRecord, Saved};
use ttai_store::{Database, Spooled, StoreUrl};

use crate::home::{Answer, Home, eventually, text};

#[tokio::test]
async fn a_wrong_request_is_refused_before_anything_starts() -> anyhow::Result<()> {
    let cases: [(&[&str], i32, &[&str]); 8] = [
        (&["--dte-min", "50", "--dte-max", "20"], 2, &["error: --dte-min (50) exceeds --dte-max (20)"]),
        (&["--max-delta=-0.3"], 2, &["--max-delta", "-0.3 is not between 0 and 1"]),
        (&["--max-delta=30"], 2, &["--max-delta: 30 is not between 0 and 1; did you mean 0.30?"]),
        (&["--capital=-5"], 2, &["--capital", "-5"]),
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
    let no_ticker = home.run(&["analyze", "A L"])?.expect(2)?;
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

    let nowhere = home.run(&["show", "nope"])?.expect(5)?;
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
    let unknown = home.run(&["show", "analysis-AAPL-again", "--run", "fourth"])?.expect(5)?;
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
    let nowhere = Home::new().await?.run(&["wait", "MSFT"])?.expect(4)?;
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
    let chart = home.run(&["analyze", "NVDA", "AAPL", "--chart", "one.png"])?.expect(2)?;
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
async fn runs_are_listed_by_how_they_stand_and_their_history_is_told() -> anyhow::Result<()> {
    let home = Home::new().await?;
    let mut options = DevServerOptions::ephemeral(home.path("server"));
    options.locate.binary = Some(home.temporal.clone());
    let server = DevServer::start(options).await?;
    let address = server.address();
    let run = |arguments: &[&str]| home.run(&[arguments, &["--address", &address]].concat());
    let ids = |arguments: &[&str]| -> anyhow::Result<Vec<String>> {
        let rows = run(&[&["list", "--json"], arguments].concat())?.expect(0)?.json()?;
        Ok(rows.as_array().into_iter().flatten().map(|row| text(row, "workflow_id").to_owned()).collect())
    };
    // A worker registers the search attributes; then it is away.
    let worker = home.start(&["worker", "--address", &address])?;
    eventually("the worker has registered", || {
        Ok((run(&["start", "RetentionWorkflow", "--key", "first", "--wait"])?.status.code() == Some(0))
            .then_some(()))
    })?;
    worker.signal("TERM")?;
    worker.finish()?.expect(0)?;
    let started =
        run(&["start", "RunReportWorkflow", r#"{"name": "daily_report"}"#, "--key", "second"])?.expect(0)?;
    let second = started.stdout.trim();
    eventually("it is listed as pending", || {
        Ok(ids(&["--status", "pending"])?.iter().any(|id| id == second).then_some(()))
    })?;
    assert!(!ids(&["--status", "running"])?.iter().any(|id| id == second));
    let late = run(&["wait", second, "--timeout", "1"])?.expect(6)?;
    assert!(late.stderr.contains("no answer within 1 s"), "{}", late.stderr);
    run(&["cancel", second, "--reason", "not today"])?.expect(0)?;

    let worker = home.start(&["worker", "--address", &address])?;
    run(&["wait", second])?.expect(1)?;
    eventually("it is listed as cancelled", || {
        Ok(ids(&["--status", "cancelled"])?.iter().any(|id| id == second).then_some(()))
    })?;
    let again = run(&["cancel", second])?.expect(0)?;
    assert!(again.stderr.contains("has ended already: canceled"), "{}", again.stderr);
    let history = run(&["history", second])?.expect(0)?.stdout;
    for part in
        ["WorkflowExecutionStarted", "RunReportWorkflow", "WorkflowExecutionCancelRequested", "not today"]
    {
        assert!(history.contains(part), "{part} is not in:\n{history}");
    }
    let completed = ids(&["--status", "completed", "--type", "RetentionWorkflow"])?;
    assert!(completed.iter().any(|id| id.ends_with("first")), "{completed:?}");
    assert!(ids(&[])?.iter().all(|id| !id.ends_with("first")), "what completed by itself is in the list");
    run(&["show", "nobody-knows-it"])?.expect(5)?;
    worker.signal("TERM")?;
    worker.finish()?.expect(0)?;
    server.stop().await?;
    Ok(())
}
