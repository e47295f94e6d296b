//! Where an order stands: our own steps, which have one order, and the broker's reports, which come in any order, repeated and late.
//!
//! The two are kept apart. Our side is an [`OrderStage`], changed by [`TrackedOrder::advance`] along a table. The broker's side is
//! what it ever said, joined so that neither order nor repetition matters ([`TrackedOrder::apply`]). The phase is computed from
//! both, and what the broker said wins: an order whose answer was lost is [`OrderPhase::Unknown`] until the broker says what
//! became of it, and no step leads back to a claim or a submit.
//!
//! Quantity is never lost: per leg the larger of the executions' sum (by the broker's execution id, each once) and of the largest
//! cumulative that was ever reported counts. What is only reported is inferred; it is booked once it has
//! waited for its executions ([`TrackedOrder::fills`]), which take its place whenever they come.

mod facts;
mod report;
mod stage;
#[cfg(test)]
mod tests;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ttai_core::Instrument;
pub use ttai_core::OrderPhase;

pub use facts::{BookedFill, BrokerFacts, OrderEnd};
pub use report::{LegFilled, OrderExecution, OrderReport, StatusReport};
pub use stage::{OrderStage, OrderStep};

use crate::intent::{NetPrice, TradeIntent};
use crate::words::named;

/// Seconds after which an order that the broker does not find was never received, and after which a reported quantity without
/// executions is booked: eight times the usual timeout of a call, as the adapters have it.
pub const SETTLING_SECONDS: u32 = 120;

/// What a user must know at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderAlarm {
    /// The answer was lost; the order is looked up until it is known.
    Unknown,
    /// More was filled after the order had ended.
    FilledAfterEnd,
    /// The broker knows it after all, though it was taken for never sent.
    KnownAfterNotSent,
    /// More was filled than was ordered.
    Overfilled,
    /// The broker has two orders with our one id.
    Duplicated,
}

/// What a step or a report changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderTransition {
    /// The phase before.
    pub from: OrderPhase,
    /// The phase after.
    pub to: OrderPhase,
    /// What was filled by it, each leg once; empty where nothing was.
    pub filled: Vec<LegFilled>,
    /// What cannot wait.
    pub alarms: Vec<OrderAlarm>,
}

impl OrderTransition {
    /// Whether there is something to notify.
    #[must_use]
    pub fn is_change(&self) -> bool {
        self.from != self.to || !self.filled.is_empty() || !self.alarms.is_empty()
    }
}

/// Why a step or a report does not fit an order. The order is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// The step is not possible from where the order stands.
    #[error("an order that is {phase} cannot {step}")]
    Impossible {
        /// Where it stands.
        phase: OrderPhase,
        /// What was asked.
        step: &'static str,
    },
    /// The broker reports something of an order that we never claimed.
    #[error("the broker reports {report} for an order that is {phase} here: nobody here sent it")]
    NeverClaimed {
        /// Where it stands.
        phase: OrderPhase,
        /// What the broker says.
        report: &'static str,
    },
    /// The report is about something that the order has no leg of.
    #[error("the broker reports a fill of {}, which is no leg of the order", named(.0))]
    NoSuchLeg(Instrument),
    /// A fill of nothing or less, or more than any account holds.
    #[error("the broker reports a fill of {0}, which is no quantity")]
    Quantity(Decimal),
}

/// A replace that was asked of the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedReplace {
    /// The limit asked for.
    pub limit: NetPrice,
    /// When.
    pub at: DateTime<Utc>,
}

/// What became of a replace, by what was read back; the broker's answer to the request says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplaceOutcome {
    /// None was asked.
    NotAsked,
    /// Not read back yet.
    Pending,
    /// The broker shows the limit asked for.
    Done,
    /// After the settling time the broker still shows another limit, which is the one that counts.
    NotDone(NetPrice),
}

/// An order and all that is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackedOrder {
    /// Our client order id; the broker's order id of an order that was found there and is not ours.
    pub id: String,
    /// Units ordered; may be a fraction of a share where the order was found.
    pub quantity: Decimal,
    /// Shares or contracts ordered of each leg.
    pub legs: BTreeMap<Instrument, Decimal>,
    /// See [`SETTLING_SECONDS`]; shorter in drills.
    pub settling_seconds: u32,
    /// Our side.
    pub stage: OrderStage,
    /// The last step, which may be repeated.
    pub last_step: Option<OrderStep>,
    /// The last replace that was asked.
    pub replace: Option<AskedReplace>,
    /// The broker's side.
    pub facts: BrokerFacts,
}

impl TrackedOrder {
    /// The row of an intent, before anything is done.
    #[must_use]
    pub fn of(intent: &TradeIntent) -> Self {
        let quantity = Decimal::from(intent.quantity);
        let legs =
            intent.legs.iter().map(|leg| (leg.instrument.clone(), quantity * Decimal::from(leg.ratio)));
        let id = intent.client_order_id().to_string();
        Self::new(id, quantity, legs.collect(), OrderStage::Intended)
    }

    /// An order that was found at the broker: it is added as it is, whoever sent it.
    #[must_use]
    pub fn adopted(id: String, quantity: Decimal, legs: BTreeMap<Instrument, Decimal>) -> Self {
        Self::new(id, quantity, legs, OrderStage::Adopted)
    }

    fn new(id: String, quantity: Decimal, legs: BTreeMap<Instrument, Decimal>, stage: OrderStage) -> Self {
        let facts = BrokerFacts::default();
        let settling_seconds = SETTLING_SECONDS;
        Self { id, quantity, legs, settling_seconds, stage, last_step: None, replace: None, facts }
    }

    /// Where it stands.
    #[must_use]
    pub fn phase(&self) -> OrderPhase {
        if !self.facts.heard {
            return if self.facts.not_found { OrderPhase::NotSent } else { self.stage.phase() };
        }
        if self.legs.iter().all(|(leg, ordered)| self.filled(leg) >= *ordered) {
            return OrderPhase::Filled;
        }
        let any = self.legs.keys().any(|leg| !self.filled(leg).is_zero());
        match self.facts.ended.first() {
            None if any => OrderPhase::PartlyFilled,
            None => OrderPhase::Working,
            Some(OrderEnd::Replaced { by }) => OrderPhase::Replaced { by: by.clone() },
            Some(OrderEnd::Expired) => OrderPhase::Expired,
            Some(OrderEnd::Rejected) if !any => OrderPhase::RejectedByBroker,
            // A broker that refuses the rest of a partly filled order has cancelled it.
            Some(OrderEnd::Cancelled | OrderEnd::Rejected) => OrderPhase::Cancelled,
        }
    }

    /// Shares or contracts of a leg that are filled, inferred ones among them.
    #[must_use]
    pub fn filled(&self, leg: &Instrument) -> Decimal {
        self.facts.legs.get(leg).map_or(Decimal::ZERO, facts::LegFacts::filled)
    }

    /// Units of which every leg is filled.
    #[must_use]
    pub fn filled_units(&self) -> Decimal {
        let units = self.legs.iter().map(|(leg, ordered)| {
            self.filled(leg).checked_mul(self.quantity)?.checked_div(*ordered).map(|units| units.normalize())
        });
        units.map(Option::unwrap_or_default).min().unwrap_or_default()
    }

    /// Whether the legs are filled in their ratio; where not, a leg stands alone until the others follow.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        let units = self.filled_units();
        self.legs
            .iter()
            .all(|(leg, ordered)| units.checked_mul(*ordered) == self.filled(leg).checked_mul(self.quantity))
    }

    /// The fills to book at a moment: every execution, and of what was only reported that which has waited for its
    /// settling time. Positions are computed from all of them anew, never added up from changes.
    #[must_use]
    pub fn fills(&self, now: DateTime<Utc>) -> Vec<BookedFill> {
        let settled = now.checked_sub_signed(self.settling()).unwrap_or(DateTime::<Utc>::MIN_UTC);
        self.facts.legs.iter().flat_map(|(leg, facts)| facts.booked(leg, settled)).collect()
    }

    /// When [`Self::fills`] changes by time alone: inferred fills that still wait.
    #[must_use]
    pub fn settles_at(&self) -> Option<DateTime<Utc>> {
        self.facts.legs.values().filter_map(facts::LegFacts::inferred_since).min().map(|at| self.settled(at))
    }

    /// The broker's id of the order that took this one's place.
    #[must_use]
    pub fn successor(&self) -> Option<&str> {
        self.facts.ended.iter().find_map(|end| match end {
            OrderEnd::Replaced { by } => Some(by.as_str()),
            _ => None,
        })
    }

    /// Whether a replace took effect. `successor` is the order that took this one's place, once it was read.
    #[must_use]
    pub fn replace_outcome(&self, successor: Option<&Self>) -> ReplaceOutcome {
        let Some(asked) = self.replace else { return ReplaceOutcome::NotAsked };
        let current = if self.successor().is_some() { successor } else { Some(self) };
        match current.and_then(|order| order.facts.limit) {
            Some((at, paid)) if at >= asked.at && paid == asked.limit.signed() => ReplaceOutcome::Done,
            Some((at, paid)) if at >= self.settled(asked.at) => {
                ReplaceOutcome::NotDone(NetPrice::of_signed(paid))
            }
            _ => ReplaceOutcome::Pending,
        }
    }

    /// Takes a step of ours. The last step may be repeated, as a retried activity does, but for a submit: whoever
    /// cannot tell whether it was sent says [`OrderStep::LoseAnswer`].
    ///
    /// # Errors
    /// [`OrderError::Impossible`], and nothing changed.
    pub fn advance(&mut self, step: OrderStep) -> Result<OrderTransition, OrderError> {
        let from = self.phase();
        let impossible = OrderError::Impossible { phase: from.clone(), step: step.name() };
        if self.last_step.as_ref() == Some(&step) && !matches!(step, OrderStep::Submit { .. }) {
            return Ok(OrderTransition { to: from.clone(), from, filled: Vec::new(), alarms: Vec::new() });
        }
        match &step {
            OrderStep::AskReplace { limit, at } => {
                if !matches!(from, OrderPhase::Working | OrderPhase::PartlyFilled) {
                    return Err(impossible);
                }
                self.replace = Some(AskedReplace { limit: *limit, at: *at });
            }
            // What the broker knows was sent, and what it did not find is over.
            OrderStep::Claim { .. } | OrderStep::Submit { .. }
                if self.facts.heard || self.facts.not_found =>
            {
                return Err(impossible);
            }
            _ => self.stage = self.stage.after(&step).ok_or(impossible)?,
        }
        self.last_step = Some(step);
        let to = self.phase();
        let lost = from != to && to == OrderPhase::Unknown;
        let alarms = if lost { vec![OrderAlarm::Unknown] } else { Vec::new() };
        Ok(OrderTransition { from, to, filled: Vec::new(), alarms })
    }

    /// Takes in what the broker says, from its stream, a look-up, a reconciliation or the answer to a submit.
    ///
    /// [`OrderReport::NotFound`] counts only for an unknown order and only after its settling time.
    ///
    /// # Errors
    /// [`OrderError`], and nothing changed.
    pub fn apply(&mut self, report: &OrderReport) -> Result<OrderTransition, OrderError> {
        let (from, before) = (self.phase(), self.all_filled());
        self.check(report, &from)?;
        let ids = self.facts.broker_order_ids.len();
        match report {
            OrderReport::NotFound { at } => self.not_found(*at),
            OrderReport::Refused { reason } => self.facts.add_refusal(reason),
            OrderReport::Execution(execution) => self.facts.add_execution(execution),
            OrderReport::Status(status) => self.facts.add_status(status, &self.legs),
        }
        let to = self.phase();
        let filled: Vec<LegFilled> =
            self.all_filled().into_iter().filter_map(|now| now.beyond(&before)).collect();
        let is_second = ids > 0 && self.facts.broker_order_ids.len() > ids;
        let alarms = self.alarms(&from, &filled, is_second);
        Ok(OrderTransition { from, to, filled, alarms })
    }

    fn check(&self, report: &OrderReport, phase: &OrderPhase) -> Result<(), OrderError> {
        if !self.stage.may_be_known() {
            return Err(OrderError::NeverClaimed { phase: phase.clone(), report: report.name() });
        }
        for (leg, quantity, is_fill) in report.quantities() {
            if !self.legs.contains_key(leg) {
                return Err(OrderError::NoSuchLeg(leg.clone()));
            }
            let is_nothing = is_fill && quantity.is_zero();
            if is_nothing || quantity.is_sign_negative() && !quantity.is_zero() || quantity > report::MOST {
                return Err(OrderError::Quantity(quantity));
            }
        }
        Ok(())
    }

    fn not_found(&mut self, at: DateTime<Utc>) {
        if let OrderStage::Unknown { since } = self.stage {
            self.facts.not_found |= at >= self.settled(since);
        }
    }

    fn alarms(&self, from: &OrderPhase, filled: &[LegFilled], is_second: bool) -> Vec<OrderAlarm> {
        let is_over = |leg: &LegFilled| {
            self.legs.get(&leg.instrument).is_some_and(|most| self.filled(&leg.instrument) > *most)
        };
        let was_not_sent = *from == OrderPhase::NotSent;
        let rows = [
            (OrderAlarm::FilledAfterEnd, !filled.is_empty() && from.is_final() && !was_not_sent),
            (OrderAlarm::KnownAfterNotSent, was_not_sent && self.facts.heard),
            (OrderAlarm::Overfilled, filled.iter().any(is_over)),
            (OrderAlarm::Duplicated, is_second),
        ];
        rows.into_iter().filter_map(|(alarm, holds)| holds.then_some(alarm)).collect()
    }

    fn all_filled(&self) -> Vec<LegFilled> {
        let filled = |leg: &Instrument| LegFilled {
            instrument: leg.clone(),
            quantity: self.filled(leg),
            average_price: None,
        };
        self.legs.keys().map(filled).collect()
    }

    /// When something has waited long enough.
    fn settled(&self, since: DateTime<Utc>) -> DateTime<Utc> {
        since.checked_add_signed(self.settling()).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    fn settling(&self) -> TimeDelta {
        TimeDelta::seconds(i64::from(self.settling_seconds))
    }
}

/// The order that stands in the place of one: itself, or the end of the chain of those that replaced it. None where the
/// chain leads to an order that was not read yet, or round in a circle.
#[must_use]
pub fn standing<'o>(orders: &'o [TrackedOrder], order: &'o TrackedOrder) -> Option<&'o TrackedOrder> {
    let mut current = order;
    for _ in 0..=orders.len() {
        let Some(next) = current.successor() else { return Some(current) };
        current = orders.iter().find(|order| order.facts.broker_order_ids.contains(next))?;
    }
    None
}
