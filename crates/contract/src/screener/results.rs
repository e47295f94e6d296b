//! What screens answer, and what of it is kept and told.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::Symbol;

use super::{DroppedCandidates, FreeCapital, ObservedFrequency, ScreenRanking, ScreenRun, ScreenScores};
use crate::common::MarketSource;
use crate::full::{FullAnalysisResult, OverallRecommendation, SuggestedPosition};
use crate::lateness::Lateness;

/// Where the whole result of an analysis is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StoredAnalysis {
    /// The workflow.
    pub workflow_id: String,
    /// Its run.
    pub run_id: String,
}

/// What is said of a pick beside its analysis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScreenPick {
    /// Ticker.
    pub symbol: Symbol,
    /// The three rankings.
    pub scores: ScreenScores,
    /// How often the price stayed on the right side of the same distance in the past.
    pub observed: Option<ObservedFrequency>,
    /// Contracts that fit beside the picks before it.
    pub contracts: u32,
    /// Dollars that they bind.
    pub collateral: Decimal,
    /// Why not more, for a reader.
    pub limit: String,
}

/// How the picks differ from those of the screen's run before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ScreenChanges {
    /// The workflow of that run; none where there was none.
    pub since: Option<StoredAnalysis>,
    /// When that run looked at the market.
    pub since_as_of: Option<DateTime<Utc>>,
    /// Picks that it had not.
    pub new: Vec<Symbol>,
    /// Picks of it that are none any more.
    pub gone: Vec<Symbol>,
    /// Picks of both that rank higher by their value now.
    pub better: Vec<Symbol>,
    /// Picks of both that rank lower by their value now.
    pub worse: Vec<Symbol>,
}

/// What the screen for puts answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CSPScreenerResult {
    /// Candidates of the scan or the list.
    pub candidates_screened: u32,
    /// Full analyses that came to an end.
    pub candidates_analyzed: u32,
    /// Quick analyses.
    pub quick_analyzed: u32,
    /// The picks, best first: full analyses in brief, their stages null, the key of the whole in `stored`.
    pub recommendations: Vec<FullAnalysisResult>,
    /// What is said of each pick beside its analysis, in the same order.
    pub picks: Vec<ScreenPick>,
    /// By what they are ranked.
    pub ranking: ScreenRanking,
    /// The other candidates, by reason. Their numbers are in the store.
    pub dropped: Vec<DroppedCandidates>,
    /// Candidates that could not be looked at, by reason; analyses that failed, timed out or were cancelled.
    pub failed: Vec<DroppedCandidates>,
    /// How the picks differ from the run before.
    pub changes: ScreenChanges,
    /// The capital that the picks were fitted to.
    pub capital: FreeCapital,
    /// Dollars that all picks bind together.
    pub collateral: Decimal,
    /// Whether the screen ended before it was through: out of working time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
    /// Where it is kept.
    pub run: ScreenRun,
    /// How late it began after a schedule wanted it; none where it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lateness: Option<Lateness>,
    /// Market time; none when nothing was looked at.
    pub as_of: Option<DateTime<Utc>>,
    /// Whose prices.
    pub data_source: Option<MarketSource>,
    /// What a reader must know.
    pub warnings: Vec<String>,
}

/// A row of a screen's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScreenerResultRow {
    /// Ticker.
    pub symbol: Symbol,
    /// Verdict of chart and options.
    pub recommendation: OverallRecommendation,
    /// The chart's points for the strategy, 0 to 10.
    pub chart_score: f64,
    /// The best contract.
    pub options_data: Option<SuggestedPosition>,
    /// What the row is ranked by: the score, or the chosen ranking's value.
    pub score: f64,
    /// The three rankings.
    pub scores: ScreenScores,
    /// How often it worked in the past.
    pub observed: Option<ObservedFrequency>,
    /// Why it is no pick, where it is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What a screen by criteria answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScreenerResult {
    /// Candidates of the scan or the list.
    pub candidates: u32,
    /// Candidates that were analysed.
    pub analyzed: u32,
    /// The ten best, best first.
    pub results: Vec<ScreenerResultRow>,
    /// The others, by reason.
    pub dropped: Vec<DroppedCandidates>,
    /// Those that could not be looked at, by reason.
    pub failed: Vec<DroppedCandidates>,
    /// Whether the screen ended before it was through: out of working time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
    /// How the results differ from the run before.
    pub changes: ScreenChanges,
    /// Where it is kept.
    pub run: ScreenRun,
    /// Market time; none when nothing was looked at.
    pub as_of: Option<DateTime<Utc>>,
    /// Whose prices.
    pub data_source: Option<MarketSource>,
    /// How late it began after its schedule wanted it; none where it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lateness: Option<Lateness>,
    /// What a reader must know.
    pub warnings: Vec<String>,
}

/// What a scheduled screen answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScheduledScreenerResult {
    /// The screen's name.
    pub screener_id: String,
    /// When it ran, by the server's clock.
    pub run_time: Option<DateTime<Utc>>,
    /// How many picks there are.
    pub recommendations_count: u32,
    /// Where the picks are kept.
    pub run: ScreenRun,
    /// Whether the channels were told, or will be.
    pub notified: bool,
    /// How late it began after its schedule wanted it; none where it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lateness: Option<Lateness>,
    /// What a reader must know.
    pub warnings: Vec<String>,
}

/// Where a screen is: its `status`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ScreenProgress {
    /// What it is doing.
    pub step: String,
    /// Candidates.
    pub candidates: u32,
    /// Quick analyses that are done.
    pub quick_analyzed: u32,
    /// Candidates that were dropped or failed.
    pub dropped: u32,
    /// Full analyses under way.
    pub analyzing: Vec<Symbol>,
    /// Full analyses that are done.
    pub analyzed: u32,
    /// Picks so far.
    pub picks: Vec<Symbol>,
    /// Milliseconds of working time.
    pub working_ms: u64,
}

/// What of a screen is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StoreScreenParams {
    /// Whose, which, where.
    pub run: ScreenRun,
    /// What was asked.
    pub criteria: serde_json::Value,
    /// The symbols that came out, best first, with the value that they are ranked by.
    pub picks: Vec<(Symbol, f64)>,
    /// Candidates whose full analysis ended, with its verdict and why it is no pick.
    pub analyzed: Vec<(Symbol, String, String)>,
    /// The whole answer.
    pub result: serde_json::Value,
    /// Market time.
    pub as_of: Option<DateTime<Utc>>,
}

/// What became of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StoreScreenReceipt {
    /// How the picks differ from the screen's run before.
    pub changes: ScreenChanges,
}

/// Whom to tell of a screen's picks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NotifyScreenParams {
    /// Channels.
    pub channels: Vec<String>,
    /// The picks.
    pub result: CSPScreenerResult,
}
