//! The scan, and the quick analyses of its candidates: chain, chart and verdict without texts and images.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::Symbol;

use super::{ScreenCriteria, ScreenRanking};
use crate::common::MarketSource;
use crate::full::{OverallRecommendation, SuggestedPosition};
use crate::lateness::{DueRun, Lateness};
use crate::subject::{TradeRequest, UserId};

/// What a scan is asked. Every bound is inclusive; none means no bound.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ScanParams {
    /// Lowest price in dollars.
    pub min_price: Option<f64>,
    /// Highest price in dollars.
    pub max_price: Option<f64>,
    /// Least average daily volume in shares.
    pub min_volume: Option<u64>,
    /// Least market capitalisation in dollars.
    pub min_market_cap: Option<f64>,
    /// Sectors, as the provider names them; empty for all.
    pub sectors: Vec<String>,
    /// Whether funds are wanted too.
    pub include_funds: bool,
    /// How many at most, 1 to 1,000.
    pub limit: u32,
    /// Set where the scan is the first step of a run that a schedule wanted: a run that is too late is not scanned for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<DueRun>,
}

/// A symbol that fits a scan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScanCandidate {
    /// Ticker.
    pub symbol: Symbol,
    /// Last price in dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<f64>,
}

/// What a scan found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScanCandidates {
    /// The candidates, most traded first.
    pub candidates: Vec<ScanCandidate>,
    /// Who found them.
    pub scanner: String,
    /// How late the run is; none where it is not, and where nobody wants to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lateness: Option<Lateness>,
}

/// Which run of which screen results belong to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScreenRun {
    /// Whose.
    pub user_id: UserId,
    /// The screen's name: its runs are compared with each other.
    pub screen: String,
    /// The workflow.
    pub workflow_id: String,
    /// Its run.
    pub run_id: String,
}

/// What a batch of quick analyses is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QuickAnalysesParams {
    /// Where the results are kept.
    pub run: ScreenRun,
    /// The candidates, at most 100.
    pub symbols: Vec<Symbol>,
    /// Which trade is sought, for whom.
    pub trade: TradeRequest,
    /// Price and volume bounds; only those that were asked for are applied here.
    #[serde(default)]
    pub min_price: Option<f64>,
    /// Highest price in dollars.
    #[serde(default)]
    pub max_price: Option<f64>,
    /// Least average daily volume in shares.
    #[serde(default)]
    pub min_volume: Option<u64>,
    /// Least IV rank, 0 to 100.
    #[serde(default)]
    pub min_iv_rank: Option<f64>,
    /// By what candidates are ranked; 004's score when none.
    #[serde(default)]
    pub ranking: Option<ScreenRanking>,
    /// Market time; the provider's now when none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<DateTime<Utc>>,
    /// Dollars that a position in one symbol may bind, by symbol, under what is held; all symbols alike under the empty name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub room: BTreeMap<String, f64>,
    /// Whether every candidate that has a contract comes back with it, not only those that are worth a full analysis.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub with_options: bool,
    /// Set where the candidates of a run that a schedule wanted are a list: of a run that is too late none is looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<DueRun>,
}

impl QuickAnalysesParams {
    /// Takes over the bounds that were asked for.
    #[must_use]
    pub fn bounded_by(self, criteria: &ScreenCriteria) -> Self {
        Self {
            min_price: criteria.min_price,
            max_price: criteria.max_price,
            min_volume: criteria.min_volume,
            min_iv_rank: criteria.min_iv_rank,
            ..self
        }
    }
}

/// The three rankings of a contract, side by side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScreenScores {
    /// Return at the bid in percent per 7 days.
    pub return_at_bid: f64,
    /// That return times the risk-neutral probability of profit; none where there is no probability.
    pub probability_weighted: Option<f64>,
    /// (1 − |delta|) · 250 / (dte + 5) · bid / strike; none where there is no delta.
    pub wheel_score: Option<f64>,
}

impl ScreenScores {
    /// The value that a ranking looks at.
    #[must_use]
    pub fn by(&self, ranking: ScreenRanking) -> f64 {
        let value = match ranking {
            ScreenRanking::ReturnAtBid => Some(self.return_at_bid),
            ScreenRanking::ProbabilityWeighted => self.probability_weighted,
            ScreenRanking::WheelScore => self.wheel_score,
        };
        value.unwrap_or(f64::NEG_INFINITY)
    }
}

/// How often the underlying's own past would have let the contract expire without value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ObservedFrequency {
    /// Share of the windows in which the price closed on the right side of the same relative distance, 0 to 1.
    pub share: f64,
    /// Windows looked at. They overlap: each session begins one.
    pub n: u32,
    /// Sessions of a window.
    pub sessions: u32,
}

/// A candidate that is worth a full analysis, or with its contract where that was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QuickAnalysis {
    /// Ticker.
    pub symbol: Symbol,
    /// Verdict of chart and options; research has not been asked.
    pub recommendation: OverallRecommendation,
    /// The chart's points for this strategy, 0 to 10.
    pub chart_score: f64,
    /// The rankings of the best contract.
    pub scores: ScreenScores,
    /// How often it worked in the past.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<ObservedFrequency>,
    /// OCC symbol of the best contract.
    pub contract: String,
    /// Dollars that one contract needs.
    pub capital_for_one: f64,
    /// Why it is no pick, where it is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The best contract, where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options_data: Option<SuggestedPosition>,
}

impl QuickAnalysis {
    /// The value of a ranking; without one 004's score: 4 for a strong select, 3 for a select, 1 for a watchlist, and a tenth of the
    /// chart's points.
    #[must_use]
    pub fn value(&self, ranking: Option<ScreenRanking>) -> f64 {
        if let Some(ranking) = ranking {
            return self.scores.by(ranking);
        }
        let verdict = match self.recommendation {
            OverallRecommendation::StrongSelect => 4.0,
            OverallRecommendation::Select => 3.0,
            OverallRecommendation::Watchlist => 1.0,
            OverallRecommendation::Reject | OverallRecommendation::Incomplete => 0.0,
        };
        verdict + self.chart_score / 10.0
    }

    /// The better one first; of equals by symbol.
    #[must_use]
    pub fn compare(&self, other: &Self, ranking: Option<ScreenRanking>) -> std::cmp::Ordering {
        let by_value = other.value(ranking).total_cmp(&self.value(ranking));
        by_value.then_with(|| self.symbol.cmp(&other.symbol))
    }
}

/// Candidates that were dropped for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DroppedCandidates {
    /// The reason by name: `earnings`, `roc`, `chart`, `failed`.
    pub code: String,
    /// The reason for a reader. Each candidate's own numbers are in the store.
    pub reason: String,
    /// Who.
    pub symbols: Vec<Symbol>,
}

impl DroppedCandidates {
    /// Adds a candidate to those of the same reason.
    pub fn add(all: &mut Vec<Self>, code: &str, reason: &str, symbol: Symbol) {
        match all.iter_mut().find(|group| group.code == code && group.reason == reason) {
            Some(group) => group.symbols.push(symbol),
            None => {
                let (code, reason) = (code.to_owned(), reason.to_owned());
                all.push(Self { code, reason, symbols: vec![symbol] });
            }
        }
    }

    /// Adds groups to groups.
    pub fn merge(all: &mut Vec<Self>, more: Vec<Self>) {
        for group in more {
            for symbol in group.symbols {
                Self::add(all, &group.code, &group.reason, symbol);
            }
        }
    }
}

/// What a batch of quick analyses came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QuickAnalyses {
    /// Those worth a full analysis, or all with a contract.
    pub candidates: Vec<QuickAnalysis>,
    /// The others, by reason.
    pub dropped: Vec<DroppedCandidates>,
    /// Those that could not be looked at, by reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<DroppedCandidates>,
    /// The latest market time among them.
    pub as_of: Option<DateTime<Utc>>,
    /// Whose prices.
    pub data_source: Option<MarketSource>,
    /// How late the run is; none where it is not, and where nobody wants to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lateness: Option<Lateness>,
    /// What a reader must know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}
