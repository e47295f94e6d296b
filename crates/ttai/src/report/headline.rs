//! What stands over every report: the verdict, what it is about, when, and in which market.

use chrono::{DateTime, Utc};
use ttai_contract::{FullAnalysisResult, MarketSource, OverallRecommendation, Strategy};

use super::eastern;
use super::paint::{Paint, Tone};

/// The verdict at the left, the moment and the market at the right; in two lines where one is too narrow.
pub(super) fn lines(result: &FullAnalysisResult, width: usize, paint: Paint) -> Vec<String> {
    let verdict = result.overall_recommendation.as_str().replace('_', " ").to_uppercase();
    let about = format!("{} {}", result.symbol, strategy(result.strategy));
    let time = result.as_of.map(eastern).unwrap_or_default();
    let market = result.data_source.as_ref().map(mark).unwrap_or_default();
    let length =
        [&verdict, &about, &time, &market].iter().map(|part| part.chars().count() + 2).sum::<usize>() - 2;
    let left = format!("{}  {about}", paint.tone(tone(result.overall_recommendation), &verdict));
    let right = format!("{time}  {}", paint.tone(mark_tone(&market), &market)).trim().to_owned();
    match width.checked_sub(length) {
        Some(blanks) => vec![format!("{left}{}  {right}", " ".repeat(blanks)).trim_end().to_owned()],
        None => vec![left, right],
    }
}

/// The same for a stage's own result.
pub(super) fn stage(symbol: &str, as_of: DateTime<Utc>, source: &MarketSource, paint: Paint) -> String {
    let market = mark(source);
    format!(
        "{}  {}  {}",
        paint.tone(Tone::Head, symbol),
        eastern(as_of),
        paint.tone(mark_tone(&market), &market)
    )
}

/// `SIMULATED MARKET`, `RECORDED MARKET`, `DELAYED QUOTES`; nothing where prices are live.
pub(super) fn mark(source: &MarketSource) -> String {
    match source.kind() {
        "simulated" => "SIMULATED MARKET".to_owned(),
        "recorded" => "RECORDED MARKET".to_owned(),
        "delayed" => "DELAYED QUOTES".to_owned(),
        _ => String::new(),
    }
}

fn mark_tone(mark: &str) -> Tone {
    if mark.is_empty() { Tone::Aside } else { Tone::Careful }
}

pub(super) fn tone(verdict: OverallRecommendation) -> Tone {
    match verdict {
        OverallRecommendation::StrongSelect | OverallRecommendation::Select => Tone::Good,
        OverallRecommendation::Watchlist | OverallRecommendation::Incomplete => Tone::Careful,
        OverallRecommendation::Reject => Tone::Bad,
    }
}

/// As a trader says it.
pub(super) fn strategy(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Csp => "cash-secured put",
        Strategy::CoveredCall => "covered call",
        Strategy::Spread => "credit spread",
    }
}
