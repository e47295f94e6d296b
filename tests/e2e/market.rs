//! The simulated market with a hole here and a red flag there.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::{Value, json};
use ttai::settings::DEFAULT_SEED;

/// The moment at which it stands, so that every run has the same market.
pub(crate) const START: &str = "2026-09-18T19:00:00Z";
/// In the market, but nobody quotes options on it.
pub(crate) const NO_CHAIN: &str = "MSFT";
/// In the market, with an option chain, but without a single session.
pub(crate) const NO_BARS: &str = "F";
/// In the market, with nearly half of its float sold short.
pub(crate) const SHORTED: &str = "NVDA";
/// In the simulated market: its price has just crashed.
pub(crate) const CRASHED: &str = "PYPL";

/// Writes it into `folder`.
pub(crate) fn with_faults(folder: &Path) -> anyhow::Result<PathBuf> {
    let market = folder.join("market");
    ttai_sim::market::generate(DEFAULT_SEED, &market, START.parse()?)?;
    remove(&market.join("chains"), NO_CHAIN)?;
    remove(&market.join("daily"), NO_BARS)?;
    let metrics = market.join("metrics").join(format!("{}.json", SHORTED.to_lowercase()));
    let mut facts: Value = serde_json::from_slice(&fs::read(&metrics)?)?;
    for report in facts["short_interest"].as_array_mut().context("reports of short interest")? {
        report["percent_of_float"] = json!(47.5);
    }
    fs::write(metrics, serde_json::to_vec(&facts)?)?;
    Ok(market)
}

/// Removes a symbol's files, whose names are in lower case.
fn remove(folder: &Path, symbol: &str) -> anyhow::Result<()> {
    let symbol = symbol.to_lowercase();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().to_lowercase()).unwrap_or_default();
        if stem == symbol || stem.starts_with(&format!("{symbol}_")) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}
