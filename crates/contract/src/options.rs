//! Options analysis: params and result.

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
pub use ttai_core::{AccountType, OpenInterestPolicy, SpreadType};
use ttai_core::{OptionRight, Symbol};

use crate::chart::{
    ChartAnalysisResult, ChartRecommendation, ConfluenceZone, PriceLevel, TrendDirection, TrendQuality, yes,
};
use crate::common::{Evidence, MarketSource};
use crate::full::{ExitTrigger, SuggestedPosition};
use crate::model::ModelUse;
use crate::subject::{Subject, TradeRequest, UnknownFields, checked_when_read};
use crate::validate::{self, Validate, ValidationError};

/// What to sell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Cash-secured put.
    #[default]
    Csp,
    /// Covered call; without shares a buy-write.
    #[serde(alias = "coveredCall")]
    CoveredCall,
    /// Credit vertical.
    Spread,
}

impl Strategy {
    /// As on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csp => "csp",
            Self::CoveredCall => "covered_call",
            Self::Spread => "spread",
        }
    }
}

/// What to do when nobody says when earnings are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EarningsPolicy {
    /// Take nothing.
    Exclude,
    /// Go on and warn.
    #[default]
    Warn,
    /// Go on.
    Allow,
}

/// What a contract must satisfy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OptionsConstraints {
    /// Largest |delta| of the short contract, 0 to 1.
    #[serde(alias = "maxDelta")]
    pub max_delta: f64,
    /// Smallest return in percent per 7 calendar days at the bid.
    #[serde(alias = "minRoc", alias = "min_roc_weekly", alias = "minRocWeekly")]
    pub min_roc: f64,
    /// Fewest calendar days to the last trade date.
    #[serde(alias = "dteMin")]
    pub dte_min: i64,
    /// Most calendar days to the last trade date.
    #[serde(alias = "dteMax")]
    pub dte_max: i64,
    /// Smallest open interest, in contracts.
    #[serde(alias = "minOpenInterest")]
    pub min_open_interest: u64,
    /// What to do where a chain reports no open interest at all; a contract that lacks it among others that have it is out.
    #[serde(alias = "unknownOpenInterest")]
    pub unknown_open_interest: OpenInterestPolicy,
    /// Widest bid–ask spread, in percent of the mid.
    #[serde(alias = "maxSpreadPct")]
    pub max_spread_pct: f64,
    /// Smallest credit of a vertical, in percent of its width.
    #[serde(alias = "minCreditPct")]
    pub min_credit_pct: f64,
    /// Whether expirations beyond an earnings report are out.
    #[serde(alias = "excludeEarnings")]
    pub exclude_earnings: bool,
    /// What to do when the date is unknown.
    #[serde(alias = "unknownEarnings")]
    pub unknown_earnings: EarningsPolicy,
}

impl Default for OptionsConstraints {
    fn default() -> Self {
        Self {
            max_delta: 0.30,
            min_roc: 0.5,
            dte_min: 14,
            dte_max: 45,
            min_open_interest: 100,
            unknown_open_interest: OpenInterestPolicy::default(),
            max_spread_pct: 10.0,
            min_credit_pct: 20.0,
            exclude_earnings: yes(),
            unknown_earnings: EarningsPolicy::default(),
        }
    }
}

impl Validate for OptionsConstraints {
    fn validate(&self) -> Result<(), ValidationError> {
        let range = |field: &str, value, low, high| {
            validate::in_range(&format!("constraints.{field}"), value, low, high)
        };
        range("max_delta", self.max_delta, 0.0, 1.0)?;
        range("min_roc", self.min_roc, 0.0, 100.0)?;
        range("max_spread_pct", self.max_spread_pct, 0.0, 200.0)?;
        range("min_credit_pct", self.min_credit_pct, 0.0, 100.0)?;
        if self.dte_min < 0 || self.dte_max > 1100 {
            return Err(ValidationError::new("constraints.dte_min", "days to expiration go from 0 to 1100"));
        }
        if self.dte_min > self.dte_max {
            return Err(ValidationError::new(
                "constraints.dte_min",
                format!("dte_min ({}) exceeds dte_max ({})", self.dte_min, self.dte_max),
            ));
        }
        Ok(())
    }
}

/// The account that would trade.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AccountContext {
    /// Cash by default.
    #[serde(alias = "accountType")]
    pub account_type: AccountType,
    /// Capital available for this position, in dollars; one contract and "unsized" when none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capital: Option<f64>,
    /// The most that assignment may tie up, percent of the capital, 1 to 1,000: 100 in cash, 50 on margin when none.
    #[serde(alias = "assignmentLimitPct", skip_serializing_if = "Option::is_none")]
    pub assignment_limit_pct: Option<f64>,
    /// Whether the broker permits defined-risk spreads in a cash account.
    #[serde(alias = "definedRisk", skip_serializing_if = "std::ops::Not::not")]
    pub defined_risk: bool,
}

impl Validate for AccountContext {
    fn validate(&self) -> Result<(), ValidationError> {
        let range = |name: &str, value: Option<f64>, from: f64, to: f64| {
            value.map_or(Ok(()), |value| validate::in_range(name, value, from, to))
        };
        range("account.capital", self.capital, 0.0, 1e12)?;
        range("account.assignment_limit_pct", self.assignment_limit_pct, 1.0, 1000.0)
    }
}

/// What is already held in the symbol.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PositionContext {
    /// Shares held, for covered calls.
    pub shares: u64,
    /// Dollars paid a share.
    #[serde(alias = "costBasis", skip_serializing_if = "Option::is_none")]
    pub cost_basis: Option<f64>,
}

impl Validate for PositionContext {
    fn validate(&self) -> Result<(), ValidationError> {
        self.cost_basis.map_or(Ok(()), |basis| validate::in_range("position.cost_basis", basis, 0.0, 1e7))
    }
}

/// What the chart stage hands to the options stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChartContext {
    /// Direction of the trend.
    #[serde(alias = "trendDirection", default, skip_serializing_if = "Option::is_none")]
    pub trend_direction: Option<TrendDirection>,
    /// Its quality.
    #[serde(alias = "trendQuality", default, skip_serializing_if = "Option::is_none")]
    pub trend_quality: Option<TrendQuality>,
    /// The chart's verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recommendation: Option<ChartRecommendation>,
    /// Supports, nearest first.
    #[serde(alias = "supportLevels", default)]
    pub support_levels: Vec<PriceLevel>,
    /// Resistances, nearest first.
    #[serde(alias = "resistanceLevels", default)]
    pub resistance_levels: Vec<PriceLevel>,
    /// Confluence zones.
    #[serde(alias = "fibConfluenceZones", default)]
    pub fib_confluence_zones: Vec<ConfluenceZone>,
    /// Average true range, in dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub atr: Option<f64>,
}

impl From<&ChartAnalysisResult> for ChartContext {
    fn from(chart: &ChartAnalysisResult) -> Self {
        Self {
            trend_direction: Some(chart.trend_direction),
            trend_quality: Some(chart.trend_quality),
            recommendation: Some(chart.recommendation),
            support_levels: chart.support_levels.clone(),
            resistance_levels: chart.resistance_levels.clone(),
            fib_confluence_zones: chart.fib_confluence_zones.clone(),
            atr: Some(chart.atr),
        }
    }
}

/// What to analyse.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self")]
#[schemars(deny_unknown_fields)]
pub struct OptionsAnalysisParams {
    /// Whom and what it is about.
    #[serde(flatten)]
    pub subject: Subject,
    /// Which trade is sought.
    #[serde(flatten)]
    pub trade: TradeRequest,
    /// From the chart analysis; without it the chart's levels are computed here.
    #[serde(default, alias = "chartContext", skip_serializing_if = "Option::is_none")]
    pub chart_context: Option<ChartContext>,
    /// None in params that were read.
    #[serde(flatten, skip_serializing)]
    #[schemars(skip)]
    pub unknown: UnknownFields,
}

checked_when_read!(OptionsAnalysisParams);

impl OptionsAnalysisParams {
    /// The defaults for a symbol.
    #[must_use]
    pub fn new(symbol: Symbol) -> Self {
        Self {
            subject: Subject::new(symbol),
            trade: TradeRequest::default(),
            chart_context: None,
            unknown: UnknownFields::default(),
        }
    }
}

impl Validate for OptionsAnalysisParams {
    fn validate(&self) -> Result<(), ValidationError> {
        self.subject.validate()?;
        self.trade.validate()
    }
}

/// The options analyst's verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OptionsRecommendation {
    /// A contract satisfies every constraint.
    Select,
    /// Only the return misses.
    Watchlist,
    /// Nothing passes.
    Reject,
}

impl OptionsRecommendation {
    /// As on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Select => "select",
            Self::Watchlist => "watchlist",
            Self::Reject => "reject",
        }
    }
}

/// Another contract, and why it is not the best.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Alternative {
    /// Why it is shown, joined by `+`: `runner_up`, `beyond_level` (the best strike at or below the nearest support, for calls at or above the nearest
    /// resistance), `beyond_one_sd`, `locks_in_loss` (the best that is out for selling the shares under their cost).
    pub role: String,
    /// OCC symbol of the short contract.
    pub contract: String,
    /// OCC symbol of the long contract of a vertical.
    pub long_contract: Option<String>,
    /// Strike of the short contract, in dollars.
    pub strike: f64,
    /// Listed expiration.
    pub expiration: NaiveDate,
    /// Days to the last trade date.
    pub dte: i64,
    /// Call or put.
    pub right: OptionRight,
    /// Strike of the long contract of a vertical, in dollars.
    pub long_strike: Option<f64>,
    /// Credit in dollars a share, at the bid (a vertical's natural price).
    pub credit: f64,
    /// |delta| is compared; this is signed.
    pub delta: Option<f64>,
    /// Percent per 7 days.
    pub weekly_roc: f64,
    /// Risk-neutral probability of profit, 0 to 1.
    pub probability_of_profit: Option<f64>,
    /// From the nearest support (for calls: resistance) to the strike in average true ranges; negative below it.
    pub distance_to_support_atr: Option<f64>,
    /// From one standard deviation under the price (for calls: over it) to the strike in average true ranges; negative below it.
    pub distance_to_one_sd_atr: Option<f64>,
    /// Why it lost.
    pub reason: String,
}

/// A contract that just misses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NearestMiss {
    /// OCC symbol.
    pub contract: String,
    /// As a person says it: `AAPL 2014-06-21 630 put`.
    pub description: String,
    /// What it misses and by how much.
    pub misses: Vec<String>,
}

/// How far the market expects the price to move by the expiration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExpectedMove {
    /// Listed expiration.
    pub expiration: NaiveDate,
    /// Days to the last trade date.
    pub dte: i64,
    /// Volatility at the money, a fraction.
    pub atm_iv: f64,
    /// S·IV·√T in dollars.
    pub expected_move_1sd: f64,
    /// Mid of the at-the-money straddle, in dollars; none where one side has no two-sided quote.
    pub expected_move_straddle: Option<f64>,
}

/// A jump of the forward volatility between two expirations: the market expects something there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ImpliedEventNote {
    /// Last trade date of the expiration before it.
    pub after: NaiveDate,
    /// Last trade date of the expiration by which it has happened.
    pub before: NaiveDate,
    /// Forward volatility between the two, in percent.
    pub forward_volatility: f64,
    /// Forward volatility of the stretch before, in percent.
    pub base_volatility: f64,
}

/// The options analyst's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OptionsAnalysisResult {
    /// Ticker.
    pub symbol: String,
    /// Verdict.
    pub recommendation: OptionsRecommendation,
    /// Strike of the best contract.
    pub best_strike: Option<f64>,
    /// Its listed expiration, `YYYY-MM-DD`.
    pub best_expiration: Option<String>,
    /// Its days to the last trade date.
    pub dte: Option<i64>,
    /// Its return in percent per 7 days at the bid.
    pub weekly_roc: Option<f64>,
    /// Its delta, signed, per share.
    pub delta: Option<f64>,
    /// Its gamma, per share.
    pub gamma: Option<f64>,
    /// Its theta in dollars a share and calendar day.
    pub theta: Option<f64>,
    /// Its vega in dollars a share and volatility point.
    #[serde(default)]
    pub vega: Option<f64>,
    /// 30-day implied volatility over 30-day historical volatility.
    pub iv_hv_ratio: Option<f64>,
    /// `excellent`, `good`, `fair` or `poor`, of the best contract (the worse leg of a vertical); `none` without one.
    pub liquidity_score: String,
    /// Other contracts and why they lost.
    pub alternative_strikes: Vec<Alternative>,
    /// One paragraph: the verdict and the trade.
    pub rationale: String,
    /// The whole text.
    pub options_notes: String,
    /// Tools that a model called; 0 for the deterministic analyst.
    pub tool_calls_made: u32,
    /// Strategy.
    pub strategy: Strategy,
    /// Which vertical.
    pub spread_type: Option<SpreadType>,
    /// The best contract as a position.
    pub best: Option<SuggestedPosition>,
    /// What misses on a watchlist verdict: percent per 7 days short of the constraint.
    pub roc_shortfall: Option<f64>,
    /// Price of the underlying at `as_of`, in dollars.
    pub underlying_price: f64,
    /// 30-day implied volatility as a fraction.
    pub iv30: Option<f64>,
    /// 30-day close-to-close volatility as a fraction.
    pub hv30: Option<f64>,
    /// IV rank, 0 to 100, over the stored sessions, or as the provider ranks it where none are stored; none under 126 sessions.
    pub iv_rank: Option<f64>,
    /// Share of the stored sessions with a lower implied volatility, 0 to 100; none as the rank.
    pub iv_percentile: Option<f64>,
    /// Why there is no IV rank.
    pub iv_rank_missing: Option<String>,
    /// Expected moves of the expirations inside the days wanted, nearest first.
    pub expected_moves: Vec<ExpectedMove>,
    /// Implied events.
    pub implied_events: Vec<ImpliedEventNote>,
    /// The constraints as applied.
    pub constraints: OptionsConstraints,
    /// Contracts looked at.
    pub contracts_considered: u64,
    /// How many contracts failed each constraint.
    pub fail_counts: std::collections::BTreeMap<String, u64>,
    /// The constraint that binds, when nothing passes.
    pub binding_constraint: Option<String>,
    /// The three nearest misses, when nothing passes.
    pub nearest_misses: Vec<NearestMiss>,
    /// The smallest relaxation that would admit a contract, when nothing passes.
    pub smallest_relaxation: Option<String>,
    /// Exit plan of the best contract.
    pub exit_plan: Vec<ExitTrigger>,
    /// Whether the prices are too old or too doubtful for a pick: a chain of another session, or over five minutes older than its feed's delay explains; a chain, a
    /// quote and options that do not agree on the price; or a price of the underlying that is stale, halted, crossed or one-sided.
    pub stale: bool,
    /// Market time of the chain.
    pub chain_time: DateTime<Utc>,
    /// Whether the next earnings date is known.
    pub earnings_known: bool,
    /// Which rule gave the verdict.
    pub rule: String,
    /// Market time.
    pub as_of: DateTime<Utc>,
    /// Whose prices.
    pub data_source: MarketSource,
    /// Every number in the text.
    pub evidence: Vec<Evidence>,
    /// What a reader must know.
    pub warnings: Vec<String>,
    /// What is not known and would matter, a phrase each.
    #[serde(default)]
    pub unknowns: Vec<String>,
    /// The model's part, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_use: Option<ModelUse>,
}
