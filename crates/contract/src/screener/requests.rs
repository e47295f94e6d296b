//! The params of the three screens.

use std::time::Duration;

use chrono::{DateTime, Datelike, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::Symbol;

use super::{CSPScreenerResult, ScheduledScreenerResult, ScreenProgress, ScreenerResult};
use super::{FreeCapitalParams, ScreenCriteria, ScreenRanking, ScreenerCriteria};
use crate::chart::yes;
use crate::common::ChannelName;
use crate::full::FullAnalysisParams;
use crate::ids::{self, LONGEST_KEY};
use crate::lateness::LatenessPolicy;
use crate::lenient::Arguments;
use crate::model::ModelName;
use crate::notification::MAX_CHANNELS;
use crate::options::{AccountContext, Strategy};
use crate::policy::{DRILL_TASK_TIMEOUT, SCREEN_EXECUTION_TIMEOUT};
use crate::queue::TaskQueue;
use crate::subject::{Subject, TradeRequest, UnknownFields, UserId, checked_when_read};
use crate::validate::{self, Validate, ValidationError};
use crate::workflows::{Labels, WorkflowParams};

/// A screen for puts to sell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self")]
#[schemars(deny_unknown_fields)]
pub struct CSPScreenerParams {
    /// Whose screen.
    #[serde(default, alias = "userId")]
    pub user_id: UserId,
    /// The screen's name, 1 to 128 bytes: its runs are compared with each other. A screen without one is compared with runs of the
    /// same criteria.
    #[serde(default, alias = "screenerId", skip_serializing_if = "Option::is_none")]
    pub screener_id: Option<String>,
    /// Market time, from 1990 to 2099; the provider's now when none.
    #[serde(default, alias = "asOf", skip_serializing_if = "Option::is_none")]
    pub as_of: Option<DateTime<Utc>>,
    /// What a candidate and its contract must be.
    #[serde(flatten)]
    pub criteria: ScreenCriteria,
    /// By what the picks are ranked: `return_at_bid` (default), `probability_weighted` or `wheel_score`.
    #[serde(default)]
    pub ranking: ScreenRanking,
    /// Most full analyses, 1 to 100; 20 by default. Quick ones are not counted.
    #[serde(default = "twenty", alias = "maxCandidatesToAnalyze")]
    #[schemars(range(min = 1, max = 100))]
    pub max_candidates_to_analyze: u32,
    /// Picks after which no more full analyses are started, 1 to 50; 5 by default.
    #[serde(default = "five", alias = "maxPicks")]
    #[schemars(range(min = 1, max = 50))]
    pub max_picks: u32,
    /// Batches of quick analyses, and full analyses, that are under way at the same time, 1 to 20; 5 by default.
    #[serde(default = "five", alias = "maxConcurrent")]
    #[schemars(range(min = 1, max = 20))]
    pub max_concurrent: u32,
    /// The account that would trade. Its `capital` stands instead of a broker's buying power.
    #[serde(default)]
    pub account: AccountContext,
    /// The broker's account whose buying power and positions count; the first one when none and no capital is stated.
    #[serde(default, alias = "accountId", skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// The most in one symbol, existing positions included, in percent of net liquidation (of a stated capital), 1 to 100; 20 when none,
    /// and no cap on a stated capital.
    #[serde(default, alias = "maxSymbolPct", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub max_symbol_pct: Option<f64>,
    /// Model of the AI analysts in full analyses, `provider/model`; the deterministic analysts when none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelName>,
    /// Whether full analyses draw their charts; yes by default.
    #[serde(default = "yes", alias = "includeChartImage")]
    pub include_chart_image: bool,
    /// What a run of a schedule does where it begins late.
    #[serde(default, skip_serializing_if = "is_default")]
    pub lateness: LatenessPolicy,
    /// When a schedule wanted the run, where its parent knows; its own schedule's time when none.
    #[serde(default, alias = "dueAt", skip_serializing_if = "Option::is_none")]
    pub due_at: Option<DateTime<Utc>>,
    /// The drill profile: a worker's death is noticed within 3 s.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drill: bool,
    /// None in params that were read.
    #[serde(flatten, skip_serializing)]
    #[schemars(skip)]
    pub unknown: UnknownFields,
}

checked_when_read!(CSPScreenerParams);

const fn five() -> u32 {
    5
}

const fn twenty() -> u32 {
    20
}

const fn fifty() -> u32 {
    50
}

impl Default for CSPScreenerParams {
    fn default() -> Self {
        Self {
            user_id: UserId::default(),
            screener_id: None,
            as_of: None,
            criteria: ScreenCriteria::default(),
            ranking: ScreenRanking::default(),
            max_candidates_to_analyze: twenty(),
            max_picks: five(),
            max_concurrent: five(),
            account: AccountContext::default(),
            account_id: None,
            max_symbol_pct: None,
            model: None,
            include_chart_image: yes(),
            lateness: LatenessPolicy::default(),
            due_at: None,
            drill: false,
            unknown: UnknownFields::default(),
        }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl CSPScreenerParams {
    /// The trade that is sought.
    #[must_use]
    pub fn trade(&self) -> TradeRequest {
        TradeRequest {
            strategy: Strategy::Csp,
            constraints: Some(self.criteria.constraints()),
            // The capital of a screen is dealt out among its picks.
            account: AccountContext { capital: None, ..self.account.clone() },
            ..TradeRequest::default()
        }
    }

    /// The screen's name: the given one, else one that all runs of the same criteria have.
    #[must_use]
    pub fn screen_name(&self) -> String {
        screen_name(self.screener_id.as_ref(), "csp", &(&self.criteria, self.ranking))
    }

    /// Whose capital counts.
    #[must_use]
    pub fn capital(&self) -> FreeCapitalParams {
        FreeCapitalParams {
            account_id: self.account_id.clone().unwrap_or_default(),
            user_id: self.user_id.clone(),
            capital: self.account.capital,
            max_symbol_pct: self.max_symbol_pct,
            due: None,
        }
    }

    /// The full analysis of a candidate, of one contract, answered in brief.
    #[must_use]
    pub fn full_params(&self, symbol: Symbol) -> FullAnalysisParams {
        FullAnalysisParams {
            subject: Subject {
                as_of: self.as_of,
                model: self.model.clone(),
                user_id: self.user_id.clone(),
                drill: self.drill,
                ..Subject::new(symbol.clone())
            },
            trade: self.trade(),
            include_chart_image: self.include_chart_image,
            brief: true,
            ..FullAnalysisParams::new(symbol)
        }
    }
}

/// The name that was given, else one made of the criteria: the FNV-1a hash of their JSON, the same in every run.
fn screen_name<T: Serialize>(given: Option<&String>, kind: &str, criteria: &T) -> String {
    if let Some(name) = given {
        return name.clone();
    }
    let json = serde_json::to_string(criteria).unwrap_or_default();
    let hash = ids::fnv1a(json.as_bytes());
    format!("{kind}-{hash:016x}")
}

fn check_market_time(as_of: Option<DateTime<Utc>>) -> Result<(), ValidationError> {
    match as_of {
        Some(moment) if !(1990..=2099).contains(&moment.year()) => Err(ValidationError::new(
            "as_of",
            "give a time between 1990 and 2099; no market is known outside",
        )),
        _ => Ok(()),
    }
}

fn check_count(field: &str, value: u32, most: u32) -> Result<(), ValidationError> {
    if (1..=most).contains(&value) {
        return Ok(());
    }
    Err(ValidationError::new(field, format!("{value} is not between 1 and {most}")))
}

/// As people call a screen: spaces are theirs, and no id is made of it.
fn check_name(name: Option<&String>) -> Result<(), ValidationError> {
    let is_a_name = |name: &&String| {
        (1..=LONGEST_KEY).contains(&name.len()) && name.trim() == *name && !name.contains(char::is_control)
    };
    match name {
        Some(name) if !is_a_name(&name) => {
            let message = format!("use 1 to {LONGEST_KEY} bytes on one line, without spaces around them");
            Err(ValidationError::new("screener_id", message))
        }
        _ => Ok(()),
    }
}

impl Validate for CSPScreenerParams {
    fn validate(&self) -> Result<(), ValidationError> {
        check_name(self.screener_id.as_ref())?;
        check_market_time(self.as_of)?;
        self.criteria.validate()?;
        check_count("max_candidates_to_analyze", self.max_candidates_to_analyze, 100)?;
        check_count("max_picks", self.max_picks, 50)?;
        check_count("max_concurrent", self.max_concurrent, 20)?;
        self.account.validate()?;
        if self.account_id.as_ref().is_some_and(|id| id.len() > 64) {
            return Err(ValidationError::new("account_id", "an account's number has at most 64 bytes"));
        }
        self.max_symbol_pct.map_or(Ok(()), |pct| validate::in_range("max_symbol_pct", pct, 1.0, 100.0))
    }
}

impl Arguments for CSPScreenerParams {}

impl WorkflowParams for CSPScreenerParams {
    const WORKFLOW: &'static str = "CSPScreenerWorkflow";
    const QUEUE: TaskQueue = TaskQueue::Background;
    type Answer = CSPScreenerResult;
    type Status = ScreenProgress;
    const EXECUTION_TIMEOUT: Option<Duration> = Some(SCREEN_EXECUTION_TIMEOUT);

    fn id(&self, key: &str) -> String {
        format!("csp-screener-{key}")
    }
    fn labels(&self) -> Labels {
        Labels { user: self.user_id.clone(), symbol: None, strategy: Some(Strategy::Csp.as_str()) }
    }
    fn summary(&self) -> String {
        named("screen · csp", self.screener_id.as_deref())
    }
    fn task_timeout(&self) -> Option<Duration> {
        self.drill.then_some(DRILL_TASK_TIMEOUT)
    }
}

/// `screen · csp · morning-csp`.
fn named(kind: &str, name: Option<&str>) -> String {
    name.map_or_else(|| kind.to_owned(), |name| format!("{kind} · {name}"))
}

/// A screen by criteria, or of given symbols.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self")]
#[schemars(deny_unknown_fields)]
pub struct ScreenerParams {
    /// Whose screen.
    #[serde(default, alias = "userId")]
    pub user_id: UserId,
    /// The screen's name: its runs are compared with each other.
    #[serde(default, alias = "screenerId", skip_serializing_if = "Option::is_none")]
    pub screener_id: Option<String>,
    /// The criteria; their defaults when none.
    #[serde(default)]
    pub criteria: ScreenerCriteria,
    /// Most candidates that are analysed, 1 to 1,000; 50 by default.
    #[serde(default = "fifty", alias = "maxSymbols")]
    #[schemars(range(min = 1, max = 1_000))]
    pub max_symbols: u32,
    /// Only these symbols, instead of the criteria's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1_000))]
    pub symbols: Vec<Symbol>,
    /// The strategy; the criteria's when none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    /// Batches of analyses that are under way at the same time, 1 to 20; 5 by default.
    #[serde(default = "five", alias = "maxConcurrent")]
    #[schemars(range(min = 1, max = 20))]
    pub max_concurrent: u32,
    /// By what the results are ranked; by a score when none: 4 for a strong select, 3 for a select, 1 for a watchlist, and a
    /// tenth of the chart's points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ranking: Option<ScreenRanking>,
    /// The account that would trade.
    #[serde(default)]
    pub account: AccountContext,
    /// Market time; the provider's now when none.
    #[serde(default, alias = "asOf", skip_serializing_if = "Option::is_none")]
    pub as_of: Option<DateTime<Utc>>,
    /// What a run of a schedule does where it begins late.
    #[serde(default, skip_serializing_if = "is_default")]
    pub lateness: LatenessPolicy,
    /// The drill profile: a worker's death is noticed within 3 s.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drill: bool,
    /// None in params that were read.
    #[serde(flatten, skip_serializing)]
    #[schemars(skip)]
    pub unknown: UnknownFields,
}

checked_when_read!(ScreenerParams);

impl Default for ScreenerParams {
    fn default() -> Self {
        Self {
            user_id: UserId::default(),
            screener_id: None,
            criteria: ScreenerCriteria::default(),
            max_symbols: fifty(),
            symbols: Vec::new(),
            strategy: None,
            max_concurrent: five(),
            ranking: None,
            account: AccountContext::default(),
            as_of: None,
            lateness: LatenessPolicy::default(),
            drill: false,
            unknown: UnknownFields::default(),
        }
    }
}

impl ScreenerParams {
    /// The screen's name: the given one, else one that all runs of the same criteria have.
    #[must_use]
    pub fn screen_name(&self) -> String {
        screen_name(self.screener_id.as_ref(), self.strategy().as_str(), &(&self.screen(), self.ranking))
    }

    /// The strategy.
    #[must_use]
    pub fn strategy(&self) -> Strategy {
        self.strategy.unwrap_or(self.criteria.strategy)
    }

    /// What a candidate must be, with 004's symbols among it.
    #[must_use]
    pub fn screen(&self) -> ScreenCriteria {
        let mut screen = self.criteria.screen.clone();
        if !self.symbols.is_empty() {
            screen.symbols.clone_from(&self.symbols);
        }
        screen.max_candidates = screen.max_candidates.min(self.max_symbols);
        screen
    }

    /// The trade that is sought.
    #[must_use]
    pub fn trade(&self) -> TradeRequest {
        TradeRequest {
            strategy: self.strategy(),
            constraints: Some(self.criteria.screen.constraints()),
            account: self.account.clone(),
            ..TradeRequest::default()
        }
    }
}

impl Validate for ScreenerParams {
    fn validate(&self) -> Result<(), ValidationError> {
        check_name(self.screener_id.as_ref())?;
        check_market_time(self.as_of)?;
        self.criteria.validate()?;
        if self.symbols.len() > 1_000 {
            return Err(ValidationError::new("symbols", "name at most 1,000 symbols"));
        }
        check_count("max_symbols", self.max_symbols, 1_000)?;
        check_count("max_concurrent", self.max_concurrent, 20)?;
        self.account.validate()
    }
}

impl Arguments for ScreenerParams {
    const POSITIONAL: &'static [&'static str] = &["symbols", "strategy", "max_concurrent"];
}

impl WorkflowParams for ScreenerParams {
    const WORKFLOW: &'static str = "ScreenerWorkflow";
    const QUEUE: TaskQueue = TaskQueue::Background;
    type Answer = ScreenerResult;
    type Status = ScreenProgress;
    const EXECUTION_TIMEOUT: Option<Duration> = Some(SCREEN_EXECUTION_TIMEOUT);

    fn id(&self, key: &str) -> String {
        format!("screener-{key}")
    }
    fn labels(&self) -> Labels {
        Labels { user: self.user_id.clone(), symbol: None, strategy: Some(self.strategy().as_str()) }
    }
    fn summary(&self) -> String {
        named(&format!("screen · {}", self.strategy().as_str()), self.screener_id.as_deref())
    }
    fn task_timeout(&self) -> Option<Duration> {
        self.drill.then_some(DRILL_TASK_TIMEOUT)
    }
}

/// A screen for puts to sell, by a schedule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self")]
#[schemars(deny_unknown_fields)]
pub struct ScheduledScreenerParams {
    /// The screen's name, 1 to 128 bytes; `scheduled` when none.
    #[serde(default = "scheduled", alias = "screenerId")]
    pub screener_id: String,
    /// Whose screen; that of `screener_params` when none.
    #[serde(default, alias = "userId", skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The screen; its defaults when none.
    #[serde(default, alias = "screenerParams")]
    pub screener_params: CSPScreenerParams,
    /// Channels that are told of picks, up to 32; nobody when empty.
    #[serde(default, alias = "notifyChannels")]
    #[schemars(length(max = MAX_CHANNELS))]
    pub notify_channels: Vec<ChannelName>,
    /// Whether they hear only of picks that the screen's run before had not; no by default.
    #[serde(default, alias = "onlyNew", skip_serializing_if = "std::ops::Not::not")]
    pub only_new: bool,
    /// What it does where it begins late; that of `screener_params` when none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lateness: Option<LatenessPolicy>,
    /// The drill profile: a worker's death is noticed within 3 s.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drill: bool,
    /// None in params that were read.
    #[serde(flatten, skip_serializing)]
    #[schemars(skip)]
    pub unknown: UnknownFields,
}

checked_when_read!(ScheduledScreenerParams);

fn scheduled() -> String {
    "scheduled".to_owned()
}

impl ScheduledScreenerParams {
    /// The child's params: the screen under its name.
    #[must_use]
    pub fn screen(&self) -> CSPScreenerParams {
        let params = self.screener_params.clone();
        CSPScreenerParams {
            screener_id: Some(self.screener_id.clone()),
            user_id: self.user_id.clone().unwrap_or_else(|| params.user_id.clone()),
            drill: self.drill || params.drill,
            lateness: self.lateness.unwrap_or(params.lateness),
            ..params
        }
    }
}

impl Validate for ScheduledScreenerParams {
    fn validate(&self) -> Result<(), ValidationError> {
        check_name(Some(&self.screener_id))?;
        self.screener_params.validate()?;
        if self.notify_channels.len() > MAX_CHANNELS {
            let message = format!("name at most {MAX_CHANNELS} channels");
            return Err(ValidationError::new("notify_channels", message));
        }
        Ok(())
    }
}

impl Arguments for ScheduledScreenerParams {}

impl WorkflowParams for ScheduledScreenerParams {
    const WORKFLOW: &'static str = "ScheduledScreenerWorkflow";
    const QUEUE: TaskQueue = TaskQueue::Background;
    type Answer = ScheduledScreenerResult;
    type Status = ScreenProgress;
    const EXECUTION_TIMEOUT: Option<Duration> = Some(SCREEN_EXECUTION_TIMEOUT);

    fn id(&self, key: &str) -> String {
        format!("scheduled-screen-{key}")
    }
    fn labels(&self) -> Labels {
        self.screen().labels()
    }
    fn summary(&self) -> String {
        format!("scheduled screen · {}", self.screener_id)
    }
    fn task_timeout(&self) -> Option<Duration> {
        self.screen().task_timeout()
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;
    use crate::lenient;

    fn read<T: Arguments>(value: Value) -> Result<T, String> {
        lenient::read(vec![value]).map_err(|malformed| malformed.message)
    }

    #[test]
    fn the_seeds_requests_are_read() {
        let csp: CSPScreenerParams = read(json!({"max_price": 100, "min_roc_weekly": 0.6})).unwrap();
        assert_eq!((csp.criteria.max_price, csp.criteria.min_roc_weekly), (Some(100.0), 0.6));
        assert_eq!((csp.max_candidates_to_analyze, csp.max_picks, csp.max_concurrent), (20, 5, 5));
        assert_eq!(read::<CSPScreenerParams>(json!({})), Ok(CSPScreenerParams::default()));
        let camel = json!({"userId": "ann", "criteria": {"strategy": "coveredCall", "maxPrice": 50, "minRoc": 0.4},
            "maxSymbols": 10});
        let screener: ScreenerParams = read(camel).unwrap();
        assert_eq!((screener.strategy(), screener.screen().max_price), (Strategy::CoveredCall, Some(50.0)));
        assert_eq!((screener.screen().max_candidates, screener.user_id.as_str()), (10, "ann"));
        let of_004: ScreenerParams =
            lenient::read(vec![json!(["aapl", "F"]), json!("csp"), json!(3)]).unwrap();
        assert_eq!((of_004.screen().symbols.len(), of_004.max_concurrent, of_004.max_symbols), (2, 3, 50));
        let of_000 = json!({"screener_id": "morning-csp", "screener_params": {"max_price": 100},
            "notify_channels": ["discord", "email"]});
        let scheduled: ScheduledScreenerParams = read(of_000).unwrap();
        assert_eq!(scheduled.screen().screener_id.as_deref(), Some("morning-csp"));
    }

    #[test]
    fn what_is_written_is_read_again() {
        let params = CSPScreenerParams {
            criteria: ScreenCriteria { symbols: vec!["F".parse().unwrap()], ..ScreenCriteria::default() },
            max_symbol_pct: Some(25.0),
            ..CSPScreenerParams::default()
        };
        assert_eq!(read::<CSPScreenerParams>(serde_json::to_value(&params).unwrap()), Ok(params));
        let params = ScreenerParams { ranking: Some(ScreenRanking::WheelScore), ..ScreenerParams::default() };
        assert_eq!(read::<ScreenerParams>(serde_json::to_value(&params).unwrap()), Ok(params));
    }

    #[rstest]
    #[case::misspelt(json!({"max_prize": 100}), "max_prize: there is no such field")]
    #[case::nothing_to_pick(json!({"max_picks": 0}), "max_picks: 0 is not between 1 and 50")]
    #[case::prices(json!({"min_price": 50, "max_price": 20}), "min_price (50) exceeds max_price (20)")]
    #[case::delta(json!({"max_delta": 30}), "did you mean 0.30?")]
    #[case::days(json!({"dte_min": 50}), "dte_min (50) exceeds dte_max (45)")]
    #[case::rank(json!({"min_iv_rank": 101}), "min_iv_rank: 101 is not between 0 and 100")]
    #[case::ticker(json!({"symbols": ["A L"]}), "not a ticker")]
    #[case::name(json!({"screener_id": "a\nb"}), "screener_id: use 1 to 128 bytes")]
    #[case::no_name(json!({"screener_id": " "}), "screener_id: use 1 to 128 bytes")]
    #[case::late(json!({"lateness": {"then": "perhaps"}}), "perhaps")]
    #[case::type_of(json!({"max_price": "cheap"}), "max_price")]
    fn bad_requests_name_the_field(#[case] request: Value, #[case] part: &str) {
        let error = read::<CSPScreenerParams>(request).unwrap_err();
        assert!(error.contains(part), "{error}");
    }

    #[test]
    fn a_misspelt_criterion_of_002_is_refused() {
        let error = read::<ScreenerParams>(json!({"criteria": {"max_dleta": 0.1}})).unwrap_err();
        assert!(error.contains("max_dleta"), "{error}");
    }

    #[test]
    fn candidates_come_once_and_without_the_excluded() {
        let symbols =
            |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect::<Vec<Symbol>>();
        let criteria = ScreenCriteria {
            include_symbols: symbols(&["KO", "F"]),
            exclude_symbols: symbols(&["T"]),
            ..ScreenCriteria::default()
        };
        assert_eq!(criteria.candidates(symbols(&["F", "T", "F", "X"])), symbols(&["F", "X", "KO"]));
        assert_eq!(criteria.scan().map(|scan| (scan.max_price, scan.limit)), Some((Some(100.0), 500)));
        let list = ScreenCriteria { symbols: symbols(&["F"]), ..ScreenCriteria::default() };
        assert_eq!(list.scan(), None);
    }
}
