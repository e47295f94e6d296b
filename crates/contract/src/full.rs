//! Full analysis: chart → options → research → synthesis.

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::{CashDividend, Symbol};

use crate::chart::{ChartAnalysisParams, ChartAnalysisResult, Timeframe, yes};
use crate::common::{AnalysisDepth, Evidence, MarketSource};
use crate::model::{ModelName, ModelTotal, ModelUse};
use crate::options::{ChartContext, OptionsAnalysisParams, OptionsAnalysisResult, Strategy};
use crate::research::{ResearchAnalysisParams, ResearchAnalysisResult};
use crate::screener::StoredAnalysis;
use crate::subject::{Subject, TradeRequest, UnknownFields, UserId, checked_when_read};
use crate::validate::{Validate, ValidationError};

/// What to analyse.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self")]
#[schemars(deny_unknown_fields)]
pub struct FullAnalysisParams {
    /// Whom and what it is about.
    #[serde(flatten)]
    pub subject: Subject,
    /// Which trade is sought, passed unchanged to the options stage.
    #[serde(flatten)]
    pub trade: TradeRequest,
    /// Bars of the chart stage.
    #[serde(default)]
    pub timeframe: Timeframe,
    /// History of the chart stage.
    #[serde(default, alias = "analysisDepth")]
    pub analysis_depth: AnalysisDepth,
    /// Whether to draw and store an image.
    #[serde(default = "yes", alias = "includeChartImage")]
    pub include_chart_image: bool,
    /// Whether to answer in brief, under 2 kB: the verdict, the trade and the key of the whole result, which is in the store.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub brief: bool,
    /// None in params that were read.
    #[serde(flatten, skip_serializing)]
    #[schemars(skip)]
    pub unknown: UnknownFields,
}

checked_when_read!(FullAnalysisParams);

impl FullAnalysisParams {
    /// The defaults for a symbol.
    #[must_use]
    pub fn new(symbol: Symbol) -> Self {
        Self {
            subject: Subject::new(symbol),
            trade: TradeRequest::default(),
            timeframe: Timeframe::default(),
            analysis_depth: AnalysisDepth::default(),
            include_chart_image: true,
            brief: false,
            unknown: UnknownFields::default(),
        }
    }

    /// The chart stage's params.
    #[must_use]
    pub fn chart_params(&self) -> ChartAnalysisParams {
        ChartAnalysisParams {
            subject: self.subject.clone(),
            timeframe: self.timeframe,
            analysis_depth: self.analysis_depth,
            include_chart_image: self.include_chart_image,
            unknown: UnknownFields::default(),
        }
    }

    /// The options stage's params: the trade unchanged, the chart's moment and context.
    #[must_use]
    pub fn options_params(&self, chart: &ChartAnalysisResult) -> OptionsAnalysisParams {
        OptionsAnalysisParams {
            subject: self.subject.at(chart.as_of),
            trade: self.trade.clone(),
            chart_context: Some(ChartContext::from(chart)),
            unknown: UnknownFields::default(),
        }
    }

    /// The research stage's params: the same moment, up to the best contract's expiration.
    #[must_use]
    pub fn research_params(
        &self,
        chart: &ChartAnalysisResult,
        options: Option<&OptionsAnalysisResult>,
    ) -> ResearchAnalysisParams {
        ResearchAnalysisParams {
            subject: self.subject.at(chart.as_of),
            horizon: options.and_then(|o| o.best.as_ref()).map(|best| best.last_trade_date),
            unknown_earnings: self.trade.constraints.as_ref().map(|c| c.unknown_earnings).unwrap_or_default(),
            unknown: UnknownFields::default(),
        }
    }
}

impl Validate for FullAnalysisParams {
    fn validate(&self) -> Result<(), ValidationError> {
        self.subject.validate()?;
        self.trade.validate()
    }
}

/// The verdict over all stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OverallRecommendation {
    /// Stopped before a verdict: cancelled, or out of working time.
    Incomplete,
    /// A stage says no.
    Reject,
    /// Worth watching.
    Watchlist,
    /// A pick.
    Select,
    /// A pick with everything in its favour.
    StrongSelect,
}

impl OverallRecommendation {
    /// As on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete",
            Self::Reject => "reject",
            Self::Watchlist => "watchlist",
            Self::Select => "select",
            Self::StrongSelect => "strong_select",
        }
    }
}

/// A stage of the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Chart analysis.
    Chart,
    /// Options analysis.
    Options,
    /// Research analysis.
    Research,
    /// Synthesis.
    Synthesis,
    /// Saving the result.
    Save,
    /// Telling the user.
    Notify,
}

impl Stage {
    /// The stage that an activity works on, by the activity's type.
    #[must_use]
    pub fn of_activity(name: &str) -> Option<Self> {
        Some(match name {
            "chart_analysis_activity" => Self::Chart,
            "options_analysis_activity" => Self::Options,
            "research_analysis_activity" => Self::Research,
            "synthesize_recommendation_activity" => Self::Synthesis,
            "save_analysis_activity" => Self::Save,
            "send_notifications_activity" => Self::Notify,
            _ => return None,
        })
    }

    /// As a person reads it at the head of a reason: `Chart`, `Options`, `Research`.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Chart => "Chart",
            Self::Options => "Options",
            Self::Research => "Research",
            Self::Synthesis => "Synthesis",
            Self::Save => "Save",
            Self::Notify => "Notify",
        }
    }
}

/// When to leave a position, as a price and a date.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExitTrigger {
    /// `take_profit`, `review`, `tested`, `stop_loss`.
    pub kind: String,
    /// Option price (a vertical's debit) or underlying price at which it fires, in dollars.
    pub price: Option<f64>,
    /// Whose price: `option`, `underlying`.
    pub price_of: Option<String>,
    /// The session on which it fires or by which it should.
    pub date: Option<NaiveDate>,
    /// One sentence.
    pub text: String,
}

/// A position that the analysis suggests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SuggestedPosition {
    /// Strategy.
    pub strategy: Strategy,
    /// OCC symbol of the short contract.
    pub contract: String,
    /// OCC symbol of the long contract of a vertical.
    pub long_contract: Option<String>,
    /// Strike of the short contract.
    pub strike: f64,
    /// Strike of the long contract.
    pub long_strike: Option<f64>,
    /// Listed expiration.
    pub expiration: NaiveDate,
    /// Last session in which it trades.
    pub last_trade_date: NaiveDate,
    /// Days to the last trade date.
    pub dte: i64,
    /// How many contracts; 0 where the capital carries none.
    pub contracts: u32,
    /// `sized` by the capital or the shares held, `unsized` (one contract, capital unknown), or `too_small` (the capital carries none; the dollar figures are those of
    /// one contract).
    pub sizing: String,
    /// Whether the shares of a covered call are bought with it.
    pub buy_write: bool,
    /// Credit in dollars a share at the natural price (the short bid, less the long ask).
    pub credit: f64,
    /// Bid of the short contract.
    pub bid: f64,
    /// Ask of the short contract.
    pub ask: f64,
    /// Cash or margin that all contracts bind, in dollars.
    pub collateral: f64,
    /// Cash that all contracts bind in a cash account, in dollars.
    pub cash_required: f64,
    /// The same less the credit.
    pub net_of_premium: f64,
    /// Reg-T initial margin of all contracts, in dollars.
    pub regt_margin: f64,
    /// Dollars that all contracts bind once they are assigned: the strikes in cash, half of them on margin; `collateral` where assignment needs no
    /// more.
    #[serde(default)]
    pub at_assignment: f64,
    /// The most capital that assignment may tie up, percent of the capital.
    #[serde(default)]
    pub assignment_limit_pct: f64,
    /// Price of the underlying at which nothing is lost at expiration.
    pub breakeven: f64,
    /// Dollars at best, all contracts.
    pub max_profit: f64,
    /// Dollars at worst, all contracts, positive.
    pub max_loss: f64,
    /// Dollars lost at expiration after a move of 20 % against the position, all contracts, positive.
    #[serde(default)]
    pub loss_on_20_pct_move: f64,
    /// Risk-neutral probability of profit at expiration, 0 to 1.
    pub probability_of_profit: Option<f64>,
    /// Delta of one short share, signed.
    pub delta: Option<f64>,
    /// Implied volatility of the short contract, a fraction.
    pub iv: Option<f64>,
    /// Percent over the period.
    pub roc_period: f64,
    /// Percent per 7 days, simple.
    pub roc_weekly: f64,
    /// Percent per 365 days, simple.
    pub roc_annual: f64,
    /// Percent per 365 days, compounded.
    pub roc_annual_compound: f64,
    /// If-called return of a covered call, in percent.
    pub if_called_return: Option<f64>,
    /// Whether assignment of a covered call would lock in a loss against the cost basis.
    pub locks_in_loss: bool,
    /// Open interest of the short contract.
    pub open_interest: Option<u64>,
    /// Bid–ask spread in percent of the mid.
    pub spread_pct: Option<f64>,
    /// Ex-dates that a short call lives through: the days before which early assignment is likely.
    pub ex_dates: Vec<CashDividend>,
    /// What happens before its expiration and touches it: earnings, an ex-date of a short call, an event that options are pricing in.
    #[serde(default)]
    pub events: Vec<String>,
    /// When to leave.
    pub exit_plan: Vec<ExitTrigger>,
}

impl SuggestedPosition {
    /// Dollars of capital that one contract needs: what it binds, and at assignment no more than the limit's share.
    #[must_use]
    pub fn capital_for_one(&self) -> f64 {
        let limit = self.assignment_limit_pct / 100.0;
        let assigned = if limit > 0.0 { self.at_assignment / limit } else { 0.0 };
        self.collateral.max(assigned) / f64::from(self.contracts.max(1))
    }

    /// The same without what is told of it: the plan to leave it, events and ex-dates.
    #[must_use]
    pub fn without_plan(self) -> Self {
        Self { exit_plan: Vec::new(), events: Vec::new(), ex_dates: Vec::new(), ..self }
    }

    /// The same of so many contracts: every sum over all of them follows. Of none the sums stay those of one.
    #[must_use]
    pub fn of_contracts(self, contracts: u32) -> Self {
        let factor = f64::from(contracts.max(1)) / f64::from(self.contracts.max(1));
        Self {
            contracts,
            collateral: self.collateral * factor,
            cash_required: self.cash_required * factor,
            net_of_premium: self.net_of_premium * factor,
            regt_margin: self.regt_margin * factor,
            at_assignment: self.at_assignment * factor,
            max_profit: self.max_profit * factor,
            max_loss: self.max_loss * factor,
            loss_on_20_pct_move: self.loss_on_20_pct_move * factor,
            ..self
        }
    }
}

/// What the synthesis gets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SynthesizeParams {
    /// Ticker.
    pub symbol: Symbol,
    /// Strategy.
    #[serde(default)]
    pub strategy: Strategy,
    /// Chart stage.
    pub chart: ChartAnalysisResult,
    /// Options stage.
    pub options: OptionsAnalysisResult,
    /// Research stage; none in an analysis without it.
    pub research: Option<ResearchAnalysisResult>,
    /// Model of an AI analyst; the deterministic synthesis when none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelName>,
    /// Whose analysis it is, where a model is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
}

/// What the synthesis says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SynthesizedRecommendation {
    /// Verdict.
    pub recommendation: OverallRecommendation,
    /// Points of 004's score.
    pub score: i32,
    /// The text.
    pub rationale: String,
    /// The trade, unless rejected; a pick only where the verdict is `select` or `strong_select`.
    pub suggested_position: Option<SuggestedPosition>,
    /// Which rule gave the verdict.
    pub rule: String,
    /// Every number in the text.
    pub evidence: Vec<Evidence>,
    /// What a reader must know.
    pub warnings: Vec<String>,
    /// The model's part, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_use: Option<ModelUse>,
}

/// The whole answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FullAnalysisResult {
    /// Ticker.
    pub symbol: String,
    /// Verdict.
    pub overall_recommendation: OverallRecommendation,
    /// Chart stage.
    pub chart_analysis: Option<ChartAnalysisResult>,
    /// Options stage.
    pub options_analysis: Option<OptionsAnalysisResult>,
    /// Research stage.
    pub research_analysis: Option<ResearchAnalysisResult>,
    /// The text.
    pub synthesized_rationale: Option<String>,
    /// The trade.
    pub suggested_position: Option<SuggestedPosition>,
    /// Which stage rejected, and why.
    pub reject_reason: Option<String>,
    /// The stage that rejected.
    pub rejected_stage: Option<Stage>,
    /// Strategy.
    pub strategy: Strategy,
    /// Points of the score, when synthesised.
    pub score: Option<i32>,
    /// Which rule gave the verdict.
    pub rule: Option<String>,
    /// Market time; none when no stage finished.
    pub as_of: Option<DateTime<Utc>>,
    /// Whose prices.
    pub data_source: Option<MarketSource>,
    /// Every number in the synthesised text.
    pub evidence: Vec<Evidence>,
    /// What a reader must know, all stages.
    pub warnings: Vec<String>,
    /// The models' part, all stages together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_use: Option<ModelTotal>,
    /// Where the whole result is kept, in an answer in brief.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<StoredAnalysis>,
}

/// Longest text and most warnings of an answer in brief, in characters.
const BRIEF_TEXT: usize = 200;
const BRIEF_WARNINGS: usize = 2;

impl FullAnalysisResult {
    /// The answer in brief: the first line of the text, the trade without its plan, and where the whole is kept.
    #[must_use]
    pub fn in_brief(self, stored: StoredAnalysis) -> Self {
        Self {
            chart_analysis: None,
            options_analysis: None,
            research_analysis: None,
            synthesized_rationale: self.synthesized_rationale.as_deref().map(first_line),
            reject_reason: self.reject_reason.as_deref().map(first_line),
            suggested_position: self.suggested_position.map(SuggestedPosition::without_plan),
            evidence: Vec::new(),
            warnings: self.warnings.iter().take(BRIEF_WARNINGS).map(|text| first_line(text)).collect(),
            stored: Some(stored),
            ..self
        }
    }
}

fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() <= BRIEF_TEXT {
        return line.to_owned();
    }
    line.chars().take(BRIEF_TEXT - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn snake_case_and_camel_case_read_the_same() {
        let snake = r#"{"symbol":"AAPL","strategy":"covered_call","include_chart_image":false,"user_id":"ann",
            "constraints":{"max_delta":0.2,"min_roc_weekly":0.4,"dte_min":7,"dte_max":30},
            "account":{"account_type":"margin","capital":50000},"position":{"shares":200,"cost_basis":600.5},
            "as_of":"2014-06-06T19:00:00Z"}"#;
        let camel = r#"{"symbol":"AAPL","strategy":"coveredCall","includeChartImage":false,"userId":"ann",
            "constraints":{"maxDelta":0.2,"minRocWeekly":0.4,"dteMin":7,"dteMax":30},
            "account":{"accountType":"margin","capital":50000},"position":{"shares":200,"costBasis":600.5},
            "asOf":"2014-06-06T19:00:00Z"}"#;
        let snake: FullAnalysisParams = serde_json::from_str(snake).unwrap();
        let camel: FullAnalysisParams = serde_json::from_str(camel).unwrap();
        assert_eq!(snake, camel);
        let constraints = snake.trade.constraints.as_ref().unwrap();
        assert_eq!((constraints.min_roc, constraints.min_open_interest), (0.4, 100));
        let again: FullAnalysisParams =
            serde_json::from_value(serde_json::to_value(&snake).unwrap()).unwrap();
        assert_eq!(snake, again);
    }

    #[rstest]
    #[case::dte(
        r#"{"symbol":"AAPL","constraints":{"dte_min":40,"dte_max":20}}"#,
        "dte_min (40) exceeds dte_max (20)"
    )]
    #[case::delta(r#"{"symbol":"AAPL","constraints":{"max_delta":-0.3}}"#, "max_delta")]
    #[case::symbol(r#"{"symbol":"A L"}"#, "not a ticker")]
    #[case::empty(r#"{"symbol":""}"#, "empty")]
    #[case::user(r#"{"symbol":"AAPL","user_id":"a/b"}"#, "user_id")]
    #[case::capital(r#"{"symbol":"AAPL","account":{"capital":-5}}"#, "capital")]
    #[case::model(r#"{"symbol":"AAPL","model":"claude"}"#, "not provider/model")]
    #[case::past(r#"{"symbol":"AAPL","as_of":"-262143-01-01T00:00:00Z"}"#, "as_of")]
    #[case::future(r#"{"symbol":"AAPL","as_of":"9999-01-01T00:00:00Z"}"#, "as_of: give a time between")]
    #[case::misspelt(r#"{"symbol":"AAPL","strategey":"csp"}"#, "strategey: there is no such field")]
    fn bad_requests_name_the_field(#[case] json: &str, #[case] part: &str) {
        let error = serde_json::from_str::<FullAnalysisParams>(json).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }

    #[test]
    fn a_misspelt_constraint_is_refused_and_not_ignored() {
        let error = serde_json::from_str::<FullAnalysisParams>(
            r#"{"symbol":"AAPL","constraints":{"max_dleta":0.1}}"#,
        )
        .unwrap_err();
        assert!(error.to_string().contains("max_dleta"), "{error}");
    }
}
