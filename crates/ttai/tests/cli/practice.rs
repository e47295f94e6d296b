//! The simulated market of `ttai dev` moves at any hour: an alert at a level that it is about to cross fires.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use ttai::settings::DEFAULT_SEED;
use ttai_calendar::{is_open, new_york_date};
use ttai_core::Symbol;
use ttai_ports::MarketData;
use ttai_providers::tape::Tape;
use ttai_sim::market::{cached, present_at};

use crate::home::{Home, eventually_within, text};

/// From now to the minute in which the level is crossed: what it takes to start and to arm.
const LEAD: TimeDelta = TimeDelta::seconds(75);
/// That minute, the one after it, and a busy machine.
const FIRES_WITHIN: Duration = Duration::from_secs(300);

/// The middle of the minute that the market will be in soon.
async fn level_soon(folder: &Path, symbol: &Symbol) -> anyhow::Result<f64> {
    let soon = present_at(Utc::now() + LEAD)?.at;
    let tape = Tape::open(cached(DEFAULT_SEED, folder, soon)?)?;
    let minutes = tape.minute_bars(symbol, new_york_date(soon), soon + TimeDelta::minutes(1)).await?;
    let minute =
        minutes.iter().rev().find(|minute| minute.start <= soon).context("the market has minutes")?;
    Ok(f64::midpoint(minute.low, minute.high))
}

#[tokio::test]
async fn an_alert_fires_on_the_market_of_the_moment_whatever_the_hour() -> anyhow::Result<()> {
    let home = Home::new().await?;
    let _dev = home.start(&["dev"])?;
    let symbol = Symbol::new("NVDA")?;
    let level = level_soon(&home.path("markets"), &symbol).await?;
    let words = format!("NVDA crosses {level:.3}");
    eventually_within("the alert is armed", Duration::from_secs(120), || {
        let added = home.run(&["alert", "add", &words, "--id", "soon", "--json"])?;
        Ok((added.status.code() == Some(0)).then_some(()))
    })?;
    let fired = eventually_within("it fires", FIRES_WITHIN, || {
        let history = home.run(&["alert", "history", "--json"])?.expect(0)?.json()?;
        Ok(history.as_array().and_then(|firings| firings.first().cloned()))
    })?;
    assert_eq!(text(&fired, "alert_id"), "soon");
    let time: DateTime<Utc> = text(&fired, "market_time").parse()?;
    assert!(is_open(time) && time <= Utc::now(), "{fired}");
    Ok(())
}
