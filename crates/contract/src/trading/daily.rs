//! The day's decision, and the workflow around it.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ttai_core::{IntentLeg, NetPrice, Severity, TradingStrategy};

use super::check_account;
use super::order::{AwaitedApproval, OrderVerdict, TradeOrder};
use super::position::PositionMonitorResult;
use crate::common::{ChannelName, MarketSource};
use crate::lateness::{DueRun, Lateness, LatenessPolicy, WhenLate};
use crate::lenient::Arguments;
use crate::policy::{DRILL_TASK_TIMEOUT, TRADING_EXECUTION_TIMEOUT};
use crate::queue::TaskQueue;
use crate::subject::{UnknownFields, UserId, checked_when_read};
use crate::validate::{Validate, ValidationError};
use crate::workflows::{Labels, WorkflowParams};

/// Limits of a run. They can only tighten what the worker's configuration allows; what is not set is as configured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RunLimits {
    /// Units of one order.
    #[serde(alias = "maxOrderUnits", skip_serializing_if = "Option::is_none")]
    pub max_order_units: Option<u32>,
    /// Dollars that one order may lose.
    #[serde(alias = "maxOrderRisk", skip_serializing_if = "Option::is_none")]
    pub max_order_risk: Option<Decimal>,
    /// Dollars that the day's opening orders may lose together.
    #[serde(alias = "maxDayRisk", skip_serializing_if = "Option::is_none")]
    pub max_day_risk: Option<Decimal>,
    /// Dollars that everything in one underlying may lose.
    #[serde(alias = "maxSymbolRisk", skip_serializing_if = "Option::is_none")]
    pub max_symbol_risk: Option<Decimal>,
    /// The widest market of any leg, percent of its mid.
    #[serde(alias = "maxSpreadPercent", skip_serializing_if = "Option::is_none")]
    pub max_spread_percent: Option<Decimal>,
}

/// Params of `DailyTradingWorkflow`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self")]
#[schemars(deny_unknown_fields)]
pub struct DailyTradingParams {
    /// Which strategy decides; `spy_spx` by default.
    #[serde(default)]
    pub strategy: TradingStrategy,
    /// The broker's number of the account; the first one when empty.
    #[serde(default, alias = "accountId")]
    #[schemars(length(max = 64))]
    pub account_id: String,
    /// Whose account.
    #[serde(default, alias = "userId")]
    pub user_id: UserId,
    /// Limits of this run.
    #[serde(default)]
    pub limits: RunLimits,
    /// The screen whose best pick of the day is written, by its name among the user's; any of today's when none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub screen: Option<String>,
    /// Whether it only decides: nothing is ordered.
    #[serde(default, alias = "dryRun", skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// What a scheduled run does that begins late; it tells its decision and orders nothing unless told otherwise.
    #[serde(default = "notify_only")]
    pub lateness: LatenessPolicy,
    /// Channels to be told; by the user's routes when none.
    #[serde(default, alias = "notifyChannels", skip_serializing_if = "Vec::is_empty")]
    pub notify_channels: Vec<ChannelName>,
    /// The drill profile: a worker's death is noticed within 3 s.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drill: bool,
    /// None in params that were read.
    #[serde(flatten, skip_serializing)]
    #[schemars(skip)]
    pub unknown: UnknownFields,
}

fn notify_only() -> LatenessPolicy {
    LatenessPolicy { then: WhenLate::NotifyOnly, ..LatenessPolicy::default() }
}

checked_when_read!(DailyTradingParams);

impl DailyTradingParams {
    /// A run of a strategy for the default user in the first account.
    #[must_use]
    pub fn of(strategy: TradingStrategy) -> Self {
        Self { strategy, lateness: notify_only(), ..Self::default() }
    }
}

impl Arguments for DailyTradingParams {
    const POSITIONAL: &'static [&'static str] = &["strategy", "account_id"];
}

impl Validate for DailyTradingParams {
    fn validate(&self) -> Result<(), ValidationError> {
        check_account(&self.account_id)?;
        match &self.screen {
            Some(screen) if !(1..=200).contains(&screen.chars().count()) => {
                Err(ValidationError::new("screen", "a screen's name has 1 to 200 characters"))
            }
            _ => Ok(()),
        }
    }
}

impl WorkflowParams for DailyTradingParams {
    const WORKFLOW: &'static str = "DailyTradingWorkflow";
    const QUEUE: TaskQueue = TaskQueue::Streaming;
    type Answer = DailyTradingResult;
    type Status = DailyTradingStatus;
    const EXECUTION_TIMEOUT: Option<Duration> = Some(TRADING_EXECUTION_TIMEOUT);

    fn id(&self, key: &str) -> String {
        format!("daily-trading-{key}")
    }

    fn labels(&self) -> Labels {
        Labels { user: self.user_id.clone(), symbol: None, strategy: Some(self.strategy.as_str()) }
    }

    fn summary(&self) -> String {
        let dry = if self.dry_run { " · decision only" } else { "" };
        format!("trade · {}{dry}", self.strategy)
    }

    fn task_timeout(&self) -> Option<Duration> {
        self.drill.then_some(DRILL_TASK_TIMEOUT)
    }
}

/// What `fetch_market_data` is asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FetchTradeFactsParams {
    /// For which strategy.
    pub strategy: TradingStrategy,
    /// The account; the first one when empty.
    pub account_id: String,
    /// Whose.
    pub user_id: UserId,
    /// The screen whose picks count; any of today's when none.
    pub screen: Option<String>,
    /// When a schedule wanted the run; none where nobody scheduled it.
    pub due: Option<DueRun>,
}

/// What a strategy decides by.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TradeFacts {
    /// For which strategy.
    pub strategy: TradingStrategy,
    /// The account.
    pub account_id: String,
    /// The broker.
    pub broker: String,
    /// Whether no real money is in it.
    pub paper: bool,
    /// The facts, in the strategy's own shape; stored with the decision.
    pub facts: Value,
    /// How late the run is; none where it is not.
    pub lateness: Option<Lateness>,
    /// The market's time.
    pub as_of: Option<DateTime<Utc>>,
    /// Which market.
    pub data_source: Option<MarketSource>,
}

/// What `calculate_trade` is asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CalculateTradeParams {
    /// Whose.
    pub user_id: UserId,
    /// What to decide by.
    pub facts: TradeFacts,
}

/// One condition of a strategy, looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TradeCondition {
    /// Its name.
    pub name: String,
    /// Whether it holds.
    pub holds: bool,
    /// Why, for a trader.
    pub sentence: String,
}

/// The trade that was decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DecidedTrade {
    /// What: 1 to 4 legs.
    pub legs: Vec<IntentLeg>,
    /// Units.
    pub quantity: u32,
    /// The mid of one unit, dollars a share.
    pub limit: NetPrice,
    /// The worst price at which it is still worth it.
    pub worst: NetPrice,
    /// The day on which its options expire.
    pub expiration: NaiveDate,
    /// When it is left, as the rules of exits read it.
    pub exit: Value,
}

/// Whether to trade today, and why or why not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TradeDecision {
    /// Whether.
    pub should_trade: bool,
    /// The first sentence that a trader reads: what is traded, or why nothing is.
    pub reason: String,
    /// Strike of the SPX call in dollars; none of another strategy.
    pub spx_strike: Option<f64>,
    /// Strike of the SPY calls in dollars; none of another strategy.
    pub spy_strike: Option<f64>,
    /// The day on which its options expire.
    pub expiry: Option<NaiveDate>,
    /// Dollars a share received for one unit at the mid, negative paid.
    pub entry_credit: Option<f64>,
    /// Which strategy decided.
    pub strategy: TradingStrategy,
    /// The account.
    pub account_id: String,
    /// The trade; none where there is to be none.
    pub trade: Option<DecidedTrade>,
    /// Every condition that was looked at.
    pub conditions: Vec<TradeCondition>,
    /// What a trader has to know, a sentence each.
    pub warnings: Vec<String>,
    /// What it was decided by.
    pub facts: TradeFacts,
}

/// How a trading run ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TradingRunStatus {
    /// It did all that there was to do: no trade was to be made, or one was made and its watch has begun or ended.
    #[default]
    Complete,
    /// It was asked for the decision only.
    Decided,
    /// It began late and told its decision.
    NotifyOnly,
    /// The risk gate or the broker refused the order.
    Refused,
    /// Nobody approved it in time, or somebody rejected it.
    NotApproved,
    /// It was sent, and nothing was filled.
    NotFilled,
    /// Legs stand alone and could not be undone: the user has to look.
    HandedOver,
}

impl TradingRunStatus {
    /// As on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Decided => "decided",
            Self::NotifyOnly => "notify_only",
            Self::Refused => "refused",
            Self::NotApproved => "not_approved",
            Self::NotFilled => "not_filled",
            Self::HandedOver => "handed_over",
        }
    }
}

/// What `DailyTradingWorkflow` answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DailyTradingResult {
    /// How it ended.
    pub status: TradingRunStatus,
    /// What was decided.
    pub decision: TradeDecision,
    /// What would become of the order, where the run only decided; none where there would be none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<OrderVerdict>,
    /// The orders of the entry, in the order in which they were proposed.
    pub orders: Vec<TradeOrder>,
    /// The workflow that watches the position; none where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monitor: Option<String>,
    /// How the position ended; none where the run did not wait for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<PositionMonitorResult>,
    /// How late it began; none where it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lateness: Option<Lateness>,
    /// What went wrong beside it, a sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Where a trading run is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DailyTradingStatus {
    /// What it does, in words.
    pub step: String,
    /// What was decided.
    pub decision: Option<TradeDecision>,
    /// The orders so far.
    pub orders: Vec<TradeOrder>,
    /// The order that waits for an answer.
    pub awaiting_approval: Option<AwaitedApproval>,
}

/// A message about a trade.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct NotifyTradeParams {
    /// Whose.
    pub user_id: UserId,
    /// What tells it from the workflow's other messages.
    pub key: String,
    /// One line.
    pub title: String,
    /// The rest.
    pub text: String,
    /// How urgent.
    pub severity: Severity,
    /// Channels; by the user's routes when none.
    pub channels: Vec<ChannelName>,
}
