//! Brokers, quotes and records at the command line.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde_json::Value;
use ttai_contract::FullAnalysisResult;

use crate::home::{Home, PLANTED, Process, Sim, text};

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

    let contract = home.run(&["quotes", "NVDA  261218P00100000"])?.expect(2)?;
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
