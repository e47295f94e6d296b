//! The chart image of a result, with the suggested trade in it. The chart stage draws before the trade is known, and keeps
//! what it drew from: the trade is laid over that when somebody asks for the picture.

use std::path::Path;

use anyhow::Context;
use chrono::NaiveDate;
use serde_json::Value;
use ttai_chart::{ExpectedRange, Scene, StrikeLine, TradeOverlay, render_png};
use ttai_contract::{FullAnalysisResult, OptionsAnalysisResult, SuggestedPosition};
use ttai_core::OptionRight;
use ttai_ports::Artifacts;

use super::figures::expected_move;

/// Writes the chart image of a result; the answer says what it lacks.
///
/// # Errors
/// A result without one, a store that lost it, a file that cannot be written.
pub async fn write_chart(
    store: &dyn Artifacts,
    result: &Value,
    path: &Path,
) -> anyhow::Result<Option<String>> {
    let (image, lacks) = chart_image(store, result).await?;
    std::fs::write(path, image).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(lacks)
}

/// The chart image of a result as PNG, and what it lacks.
///
/// # Errors
/// A result without one, a store that lost it.
pub async fn chart_image(store: &dyn Artifacts, result: &Value) -> anyhow::Result<(Vec<u8>, Option<String>)> {
    let chart = result.get("chart_analysis").filter(|chart| !chart.is_null()).unwrap_or(result);
    Ok(match with_trade(store, chart, result).await {
        Some(Ok(image)) => (image, None),
        Some(Err(error)) => {
            let lacks = format!("the chart does not show the suggested trade: {error:#}");
            (as_drawn(store, chart).await?, Some(lacks))
        }
        None => (as_drawn(store, chart).await?, None),
    })
}

/// The image that the chart stage drew.
async fn as_drawn(store: &dyn Artifacts, chart: &Value) -> anyhow::Result<Vec<u8>> {
    let hash = hash(chart, "/chart_image/sha256").context("this analysis has no chart image")?;
    Ok(store.get(hash).await?.with_context(|| format!("the store has no image {hash}"))?.bytes)
}

/// None for a result without a trade, or without a chart.
async fn with_trade(store: &dyn Artifacts, chart: &Value, result: &Value) -> Option<anyhow::Result<Vec<u8>>> {
    let hash = hash(chart, "/chart_scene/sha256")?;
    let whole: FullAnalysisResult = serde_json::from_value(result.clone()).ok()?;
    let options = whole.options_analysis.as_ref()?;
    let position = whole.suggested_position.as_ref().or(options.best.as_ref())?;
    Some(redrawn(store, hash, options, position).await)
}

fn hash<'r>(chart: &'r Value, pointer: &str) -> Option<&'r str> {
    chart.pointer(pointer).and_then(Value::as_str)
}

async fn redrawn(
    store: &dyn Artifacts,
    hash: &str,
    options: &OptionsAnalysisResult,
    position: &SuggestedPosition,
) -> anyhow::Result<Vec<u8>> {
    let stored = store.get(hash).await?.with_context(|| format!("the store has no scene {hash}"))?;
    let scene: Scene =
        serde_json::from_slice(&stored.bytes).context("its scene was stored by another version")?;
    let last = scene.input.bars.last().map(|bar| bar.date).context("its scene has no bars")?;
    Ok(render_png(&scene.with_trade(overlay(options, position, last))?)?)
}

/// The trade as the chart shows it; `last` is the session of the last bar.
fn overlay(options: &OptionsAnalysisResult, position: &SuggestedPosition, last: NaiveDate) -> TradeOverlay {
    let right = right(position);
    let strike =
        |word: &str, price: f64| StrikeLine { name: format!("{word} {right}").trim_end().to_owned(), price };
    let long = position.long_strike.map(|price| strike("Long", price));
    let one_sd = |at: &ttai_contract::ExpectedMove| ExpectedRange {
        from: options.underlying_price,
        one_sd: at.expected_move_1sd,
    };
    let expected = expected_move(options, Some(position)).map(one_sd);
    TradeOverlay {
        strikes: [strike("Short", position.strike)].into_iter().chain(long).collect(),
        breakeven: position.breakeven,
        sessions: sessions(last, position.last_trade_date),
        expected,
    }
}

/// `put`, `call`; nothing where the contract cannot be read.
fn right(position: &SuggestedPosition) -> &'static str {
    match ttai_core::OccSymbol::parse(&position.contract).map(|contract| contract.right) {
        Ok(OptionRight::Put) => "put",
        Ok(OptionRight::Call) => "call",
        Err(_) => "",
    }
}

/// The sessions after one date up to another.
fn sessions(after: NaiveDate, to: NaiveDate) -> Vec<NaiveDate> {
    let next = |date: &NaiveDate| ttai_calendar::next_session(*date).ok().map(|session| session.date);
    std::iter::successors(next(&after), next).take_while(|date| *date <= to).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use async_trait::async_trait;
    use ttai_chart::{ChartInput, ChartStyle};
    use ttai_core::DailyBar;
    use ttai_ports::{Artifact, ArtifactRef, StoreError};

    use super::*;

    /// Artefacts by their hash.
    struct Shelf(BTreeMap<String, Vec<u8>>);

    #[async_trait]
    impl Artifacts for Shelf {
        async fn put(&self, _: &Artifact) -> Result<ArtifactRef, StoreError> {
            Err(StoreError::Unavailable("a shelf to read from".to_owned()))
        }

        async fn get(&self, hash: &str) -> Result<Option<Artifact>, StoreError> {
            let artifact = |bytes: &Vec<u8>| Artifact { media_type: String::new(), bytes: bytes.clone() };
            Ok(self.0.get(hash).map(artifact))
        }
    }

    fn outcome(name: &str) -> Value {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/outcomes");
        serde_json::from_str(&std::fs::read_to_string(format!("{folder}/{name}.json")).unwrap()).unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// Sixty sessions around 540 dollars up to 18 September 2026.
    fn scene() -> Scene {
        let dates = sessions(day("2026-06-24"), day("2026-09-18"));
        let bar = |(date, wave): (NaiveDate, f64)| {
            let close = 540.0 + 12.0 * (wave / 5.0).sin();
            DailyBar::new(date, close - 1.0, close + 3.0, close - 3.0, close, 1e6).unwrap()
        };
        let waves = (0_u32..).map(f64::from);
        let bars: Vec<DailyBar> = dates.into_iter().zip(waves).map(bar).collect();
        let as_of = "2026-09-18T19:00:00Z".parse().unwrap();
        Scene::build(&ChartInput::new("SPY", as_of, "a wave", &bars), &ChartStyle::default()).unwrap()
    }

    /// What is written for an outcome whose scene is stored as `scene`, and what it is said to lack.
    async fn written(outcome: &Value, scene: &[u8]) -> (Vec<u8>, Option<String>) {
        let chart = &outcome["chart_analysis"];
        let shelf = Shelf(BTreeMap::from([
            (hash(chart, "/chart_image/sha256").unwrap().to_owned(), b"as drawn".to_vec()),
            (hash(chart, "/chart_scene/sha256").unwrap().to_owned(), scene.to_vec()),
        ]));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("chart.png");
        let lacks = write_chart(&shelf, outcome, &path).await.unwrap();
        (std::fs::read(path).unwrap(), lacks)
    }

    #[tokio::test]
    async fn the_suggested_trade_is_in_the_picture() {
        let (image, lacks) = written(&outcome("select"), &serde_json::to_vec(&scene()).unwrap()).await;
        assert!(image.starts_with(b"\x89PNG") && lacks.is_none());
        assert_ne!(image, render_png(&scene()).unwrap());
    }

    #[tokio::test]
    async fn without_a_trade_or_a_readable_scene_the_picture_is_as_it_was_drawn() {
        let good = serde_json::to_vec(&scene()).unwrap();
        assert_eq!(written(&outcome("reject_by_chart"), &good).await, (b"as drawn".to_vec(), None));
        let (image, lacks) = written(&outcome("select"), br#"{"symbol":"SPY"}"#).await;
        let lacks = lacks.unwrap();
        assert_eq!(image, b"as drawn");
        assert!(
            lacks.contains("does not show the suggested trade: its scene was stored by another version"),
            "{lacks}"
        );
    }

    #[test]
    fn a_spread_has_two_strikes_and_its_expirations_move() {
        let whole: FullAnalysisResult = serde_json::from_value(outcome("strong_select")).unwrap();
        let (options, position) = (whole.options_analysis.unwrap(), whole.suggested_position.unwrap());
        let trade = overlay(&options, &position, day("2026-09-18"));
        let strikes: Vec<(&str, f64)> = trade.strikes.iter().map(|s| (s.name.as_str(), s.price)).collect();
        assert_eq!(strikes, [("Short put", 530.0), ("Long put", 525.0)]);
        assert_eq!((trade.breakeven, trade.sessions.len()), (position.breakeven, 15));
        assert_eq!(trade.sessions.last(), Some(&day("2026-10-09")));
        let expected = trade.expected.unwrap();
        assert_eq!(expected.from, options.underlying_price);
        assert!((expected.one_sd - 18.8178).abs() < 1e-3, "{expected:?}");
        let over = overlay(&options, &position, day("2026-10-09"));
        assert!(over.sessions.is_empty());
    }
}
