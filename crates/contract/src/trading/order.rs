//! One order on its way: proposed, answered, sent, followed.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ttai_core::{IntentLeg, NetPrice, OrderPhase, OrderPurpose, TradingStrategy};

use super::daily::RunLimits;
use super::legs::LegStep;
use crate::common::ChannelName;
use crate::lenient::Arguments;
use crate::subject::UserId;
use crate::validate::{Validate, ValidationError};

/// Longest name of a person, or reason, in characters.
const LONGEST_WORDS: usize = 500;

/// One rule of the risk gate, looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderCheck {
    /// Which.
    pub rule: String,
    /// `passed`, `failed` or `not_known`.
    pub outcome: String,
    /// Why, for a trader.
    pub sentence: String,
}

/// What would become of an order if it were made now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct OrderVerdict {
    /// Whether it would be proposed.
    pub passes: bool,
    /// Why not, for a trader; none where it would.
    pub refusal: Option<String>,
    /// What the risk gate says.
    pub checks: Vec<OrderCheck>,
}

/// How far the price of an order gives way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderPrices {
    /// The worst price that leave was asked for.
    pub worst: NetPrice,
    /// The prices to try after the limit, one after the other.
    pub walk: Vec<NetPrice>,
    /// Seconds that each price is tried.
    pub seconds_a_step: u32,
}

/// An order as a run knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TradeOrder {
    /// The client order id, by which the broker knows it.
    pub id: String,
    /// The account.
    pub account_id: String,
    /// The broker.
    pub broker: String,
    /// Whether no real money is in the account.
    pub paper: bool,
    /// The strategy.
    pub strategy: TradingStrategy,
    /// Why it is sent.
    pub purpose: OrderPurpose,
    /// Which step of the legging plan; none for an order of all legs.
    pub leg: Option<u8>,
    /// The number of the order for this purpose and leg, from 0.
    pub sequence: u32,
    /// What.
    pub legs: Vec<IntentLeg>,
    /// Units ordered.
    pub quantity: u32,
    /// The limit of one unit, dollars a share.
    pub limit: NetPrice,
    /// How far it gives way; none where an answer does not say it anew.
    #[serde(default)]
    pub prices: Option<OrderPrices>,
    /// Dollars that it may lose; none where not known.
    pub risk: Option<Decimal>,
    /// Where it stands.
    pub phase: OrderPhase,
    /// Units of which every leg is filled.
    pub filled: Decimal,
    /// Whether the legs are filled in their ratio.
    pub balanced: bool,
    /// Average price of what was filled, dollars a share of one unit: positive paid, negative received. None while nothing is.
    pub average_price: Option<Decimal>,
    /// What the risk gate said; empty before it was asked.
    #[serde(default)]
    pub checks: Vec<OrderCheck>,
    /// Who approved it; none while nobody did.
    pub approved_by: Option<String>,
    /// Until when it may be approved, or used once it is; none where it was not asked for.
    pub approval_until: Option<DateTime<Utc>>,
    /// Seconds from this answer to that time, on the server's clock.
    #[serde(default)]
    pub approval_seconds: u64,
    /// Why it did not go on, or what became of it, for a trader.
    pub sentence: String,
}

impl TradeOrder {
    /// Whether something of it is filled, and nothing more will be.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.phase.is_final()
    }
}

/// An order of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderRef {
    /// Whose.
    pub user_id: UserId,
    /// The client order id.
    pub order_id: String,
    /// Channels to be told; by the user's routes when none.
    #[serde(default)]
    pub channels: Vec<ChannelName>,
}

/// An order that waits for an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AwaitedApproval {
    /// The client order id.
    pub order_id: String,
    /// Until when it may be given, by the market's clock.
    pub until: DateTime<Utc>,
}

/// An order that is to be made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProposeOrderParams {
    /// Whose.
    pub user_id: UserId,
    /// The account.
    pub account_id: String,
    /// The strategy.
    pub strategy: TradingStrategy,
    /// Why.
    pub purpose: OrderPurpose,
    /// Which step of the legging plan, where legs are sent one by one.
    pub leg: Option<u8>,
    /// The number of the order for this purpose and leg, from 0.
    pub sequence: u32,
    /// What.
    pub legs: Vec<IntentLeg>,
    /// Units.
    pub quantity: u32,
    /// The limit; at the market's mid when none.
    pub limit: Option<NetPrice>,
    /// The worst price; as far as the configured walk goes when none.
    pub worst: Option<NetPrice>,
    /// Limits of the run.
    pub limits: RunLimits,
    /// Why it is made, stored with it.
    pub evidence: Value,
    /// Whose leave it shares, and which order it takes the place of.
    pub leave: OrderLeave,
    /// What is sent once it is filled, an order each: judged with it, before anything is sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub followers: Vec<LegStep>,
    /// Channels to be told; by the user's routes when none.
    pub channels: Vec<ChannelName>,
}

/// Whose leave an order has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderLeave {
    /// Its own: somebody is asked, or a rule approves it.
    #[default]
    Own,
    /// That of another order of the same plan: the leg before it.
    Of(String),
    /// That of the order in whose place it is sent.
    Replacing(String),
}

/// What somebody says to an order that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderAnswer {
    /// It may be sent.
    Approve {
        /// Who.
        by: String,
    },
    /// It may not.
    Reject {
        /// Who.
        by: String,
        /// Why; may be empty.
        reason: String,
    },
    /// Nobody answered in time.
    Expire,
}

/// An answer to an order, to be carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AnswerOrderParams {
    /// Which.
    pub order: OrderRef,
    /// What was said.
    pub answer: OrderAnswer,
    /// The worst price that leave was asked for.
    pub worst: Option<NetPrice>,
    /// Limits of the run.
    pub limits: RunLimits,
    /// What is sent once the order is filled, an order each: judged anew with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub followers: Vec<LegStep>,
}

/// `approve`: an order may be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveTrade {
    /// The client order id, as the message names it.
    #[serde(alias = "orderId")]
    #[schemars(length(min = 1, max = 48))]
    pub order_id: String,
    /// Who approves.
    #[schemars(length(min = 1, max = 500))]
    pub by: String,
}

/// `reject`: an order may not be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RejectTrade {
    /// The client order id, as the message names it.
    #[serde(alias = "orderId")]
    #[schemars(length(min = 1, max = 48))]
    pub order_id: String,
    /// Who rejects.
    #[schemars(length(min = 1, max = 500))]
    pub by: String,
    /// Why.
    #[serde(default)]
    #[schemars(length(max = 500))]
    pub reason: String,
}

impl Arguments for ApproveTrade {
    const POSITIONAL: &'static [&'static str] = &["order_id", "by"];
}

impl Arguments for RejectTrade {
    const POSITIONAL: &'static [&'static str] = &["order_id", "by", "reason"];
}

impl Validate for ApproveTrade {
    fn validate(&self) -> Result<(), ValidationError> {
        check_words("order_id", &self.order_id, 1)?;
        check_words("by", &self.by, 1)
    }
}

impl Validate for RejectTrade {
    fn validate(&self) -> Result<(), ValidationError> {
        check_words("order_id", &self.order_id, 1)?;
        check_words("by", &self.by, 1)?;
        check_words("reason", &self.reason, 0)
    }
}

fn check_words(field: &'static str, text: &str, least: usize) -> Result<(), ValidationError> {
    let length = text.chars().count();
    if (least..=LONGEST_WORDS).contains(&length) && !text.chars().any(char::is_control) {
        return Ok(());
    }
    Err(ValidationError::new(
        field,
        format!("give {least} to {LONGEST_WORDS} characters without control characters"),
    ))
}

/// An order that is to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExecuteTradeParams {
    /// Which.
    pub order: OrderRef,
    /// The number of the claim, from 1: a later one takes over from one whose holder died before it sent anything.
    pub fence: u64,
    /// The client order id of the order in whose place it is sent.
    pub replaces: Option<String>,
}

/// An order that is to be followed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FollowOrderParams {
    /// Which.
    pub order: OrderRef,
    /// Seconds after which its state is answered, ended or not; 0 looks once.
    pub patience_seconds: u32,
    /// Whether it is taken back at the broker first.
    pub cancel: bool,
}
