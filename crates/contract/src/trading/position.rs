//! A position that was opened, and the watch over it.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ttai_core::{IntentLeg, NetPrice, OrderPurpose, PositionEnd, Symbol, TradingStrategy};

use super::daily::RunLimits;
use super::order::{AwaitedApproval, TradeOrder};
use super::{MOST_LEGS, check_account};
use crate::common::ChannelName;
use crate::lenient::Arguments;
use crate::policy::{DRILL_TASK_TIMEOUT, POSITION_EXECUTION_TIMEOUT};
use crate::queue::TaskQueue;
use crate::subject::{UnknownFields, UserId, checked_when_read};
use crate::validate::{Validate, ValidationError};
use crate::workflows::{Labels, WorkflowParams};

/// Params of `PositionMonitorWorkflow`: the position that was opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self")]
#[schemars(deny_unknown_fields)]
pub struct PositionMonitorParams {
    /// The trade: the client order id of the order that opened it first.
    #[schemars(length(min = 1, max = 48))]
    pub id: String,
    /// The account.
    #[serde(alias = "accountId")]
    #[schemars(length(max = 64))]
    pub account_id: String,
    /// Whose.
    #[serde(default, alias = "userId")]
    pub user_id: UserId,
    /// The strategy that opened it.
    #[serde(default)]
    pub strategy: TradingStrategy,
    /// The client order ids of the orders that opened it.
    #[serde(default, alias = "orderIds")]
    #[schemars(length(max = 200))]
    pub order_ids: Vec<String>,
    /// What was opened: 1 to 4 legs of one unit.
    #[schemars(length(min = 1, max = MOST_LEGS))]
    pub legs: Vec<IntentLeg>,
    /// Units that are open.
    #[schemars(range(min = 1))]
    pub quantity: u32,
    /// Dollars a share received for one unit, negative paid.
    #[serde(alias = "entryCredit")]
    pub entry_credit: Decimal,
    /// When it was opened, by the market's clock.
    #[serde(alias = "openedAt")]
    pub opened_at: DateTime<Utc>,
    /// The day on which its options expire.
    pub expiration: NaiveDate,
    /// When it is left, as the rules of exits read it; the default plan of a short option when null.
    #[serde(default)]
    pub exit: Value,
    /// Limits of the run that opened it.
    #[serde(default)]
    pub limits: RunLimits,
    /// Minutes between two looks at its prices, 1 to 60.
    #[serde(default = "five", alias = "checkIntervalMinutes")]
    #[schemars(range(min = 1, max = 60))]
    pub check_interval_minutes: u32,
    /// Channels to be told; by the user's routes when none.
    #[serde(default, alias = "notifyChannels", skip_serializing_if = "Vec::is_empty")]
    pub notify_channels: Vec<ChannelName>,
    /// Exits that were tried before this run; not set by a starter.
    #[serde(default)]
    pub exits: u32,
    /// The client order ids of the orders that closed something of it; not set by a starter.
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub exit_orders: Vec<String>,
    /// The drill profile: a worker's death is noticed within 3 s.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drill: bool,
    /// None in params that were read.
    #[serde(flatten, skip_serializing)]
    #[schemars(skip)]
    pub unknown: UnknownFields,
}

fn five() -> u32 {
    5
}

checked_when_read!(PositionMonitorParams);

impl Arguments for PositionMonitorParams {}

impl Validate for PositionMonitorParams {
    fn validate(&self) -> Result<(), ValidationError> {
        check_account(&self.account_id)?;
        let is_id = |text: &str| (1..=48).contains(&text.len()) && !text.chars().any(char::is_control);
        if !is_id(&self.id) || !self.order_ids.iter().all(|id| is_id(id)) || self.order_ids.len() > 200 {
            return Err(ValidationError::new("id", "give the client order ids of at most 200 orders"));
        }
        if !(1..=MOST_LEGS).contains(&self.legs.len()) || self.legs.iter().any(|leg| leg.ratio == 0) {
            return Err(ValidationError::new(
                "legs",
                format!("give 1 to {MOST_LEGS} legs with a ratio of at least 1"),
            ));
        }
        if self.quantity == 0 {
            return Err(ValidationError::new("quantity", "at least one unit is watched"));
        }
        if !(1..=60).contains(&self.check_interval_minutes) {
            return Err(ValidationError::new("check_interval_minutes", "give 1 to 60 minutes"));
        }
        Ok(())
    }
}

impl PositionMonitorParams {
    /// The underlying of its first leg.
    #[must_use]
    pub fn symbol(&self) -> Option<Symbol> {
        self.legs.first().map(|leg| leg.instrument.underlying())
    }
}

impl WorkflowParams for PositionMonitorParams {
    const WORKFLOW: &'static str = "PositionMonitorWorkflow";
    const QUEUE: TaskQueue = TaskQueue::Streaming;
    type Answer = PositionMonitorResult;
    type Status = PositionMonitorStatus;
    const EXECUTION_TIMEOUT: Option<Duration> = Some(POSITION_EXECUTION_TIMEOUT);

    /// `monitor-{order id}`, whatever the key: a position has one monitor.
    fn id(&self, _key: &str) -> String {
        format!("monitor-{}", self.id)
    }

    fn labels(&self) -> Labels {
        Labels { user: self.user_id.clone(), symbol: self.symbol(), strategy: Some(self.strategy.as_str()) }
    }

    fn summary(&self) -> String {
        let symbol = self.symbol().map(|symbol| format!("{symbol} · ")).unwrap_or_default();
        format!("{symbol}position · {}", self.strategy)
    }

    fn task_timeout(&self) -> Option<Duration> {
        self.drill.then_some(DRILL_TASK_TIMEOUT)
    }
}

/// What `is_market_closed` is asked: by whose clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MarketHoursParams {
    /// The symbol whose market's clock is read; SPY's when none.
    pub symbol: Option<Symbol>,
}

/// What `watch_position_activity` is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WatchPositionParams {
    /// The position.
    pub position: PositionMonitorParams,
    /// The rule whose exit was rejected or not answered in this session: it asks for nothing more until the next one.
    pub held_rule: Option<String>,
}

/// What a look at a position came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PositionEvent {
    /// Nothing is to be done.
    #[default]
    Hold,
    /// It is to be left: the advice says how.
    Exit,
    /// No session is on until `resume_at`.
    SessionOver,
    /// It is not there any more.
    Gone,
}

/// The position that a roll opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RolledTo {
    /// Its legs.
    pub legs: Vec<IntentLeg>,
    /// The day on which its options expire.
    pub expiration: NaiveDate,
}

/// What is to be done about a position.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExitAdvice {
    /// Close it, or roll it.
    pub purpose: OrderPurpose,
    /// Which rule says so.
    pub rule: String,
    /// Why, for a trader.
    pub sentence: String,
    /// The legs of the order.
    pub legs: Vec<IntentLeg>,
    /// Units.
    pub quantity: u32,
    /// The worst price; as far as the configured walk goes when none.
    pub worst: Option<NetPrice>,
    /// The position that a roll opens.
    pub successor: Option<RolledTo>,
    /// Of a position whose legs no broker takes in one order: the legs that are still held once this one's order is filled. None where
    /// the order is of the whole position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legs_left: Option<u32>,
}

/// A look at a position.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PositionLook {
    /// What it came to.
    pub event: PositionEvent,
    /// The market's time.
    pub as_of: Option<DateTime<Utc>>,
    /// Dollars a share that closing one unit costs, at the mid; none where not known.
    pub cost_to_close: Option<Decimal>,
    /// Why, for a trader.
    pub sentence: String,
    /// How to leave it.
    pub advice: Option<ExitAdvice>,
    /// How it ended, where it is gone.
    pub end: Option<PositionEnd>,
    /// When the next session opens, by the market's clock.
    pub resume_at: Option<DateTime<Utc>>,
    /// Seconds from this answer to that time, on the server's clock.
    pub resume_seconds: u64,
    /// Units that the broker still holds; none where it did not say.
    pub units_held: Option<u32>,
}

/// What `close_position` is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClosePositionParams {
    /// The position.
    pub position: PositionMonitorParams,
    /// How.
    pub advice: ExitAdvice,
    /// The number of this exit, from 0.
    pub sequence: u32,
}

/// What `log_trade` is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LogTradeParams {
    /// The position as it was opened.
    pub position: PositionMonitorParams,
    /// The client order ids of the orders that closed it.
    pub exit_orders: Vec<String>,
    /// How it ended; none while it is open.
    pub end: Option<PositionEnd>,
}

/// A trade as it stands in the log. Money is dollars of the whole trade.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TradeSummary {
    /// The trade.
    pub id: String,
    /// Received at the entry, negative paid.
    pub entry_credit: Decimal,
    /// Paid at the exit, negative received; none while it is open.
    pub exit_debit: Option<Decimal>,
    /// Commissions and fees, where the broker said them.
    pub fees: Option<Decimal>,
    /// What it came to; of an assigned trade without its shares.
    pub profit: Option<Decimal>,
}

/// What `PositionMonitorWorkflow` answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PositionMonitorResult {
    /// `closed_early` or `held_to_expiration`.
    pub action: String,
    /// How, exactly.
    pub end: Option<PositionEnd>,
    /// The order that closed it; none where none of ours did.
    pub order: Option<TradeOrder>,
    /// The trade as it was logged.
    pub trade: Option<TradeSummary>,
    /// Why, for a trader.
    pub sentence: String,
    /// The monitor of the position that a roll opened.
    pub successor: Option<String>,
    /// What went wrong beside it, a sentence each.
    pub warnings: Vec<String>,
}

/// Where the watch over a position is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PositionMonitorStatus {
    /// The trade.
    pub id: String,
    /// What it does, in words.
    pub step: String,
    /// The last look.
    pub last: PositionLook,
    /// The orders of its exits so far.
    pub orders: Vec<TradeOrder>,
    /// The order that waits for an answer.
    pub awaiting_approval: Option<AwaitedApproval>,
}
