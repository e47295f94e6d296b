//! The broker's side of an order: all that it ever said, joined so that order and repetition do not matter.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use ttai_core::{Instrument, OrderStatus};

use super::report::{LegFilled, OrderExecution, StatusReport};

/// An end that the broker reported; where it reported several the first of these counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderEnd {
    /// Another order took its place.
    Replaced {
        /// The broker's id of that order.
        by: String,
    },
    /// Taken back.
    Cancelled,
    /// Its day ended.
    Expired,
    /// Refused.
    Rejected,
}

/// What the broker said so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokerFacts {
    /// Whether it knows the order.
    pub heard: bool,
    /// Whether it did not find it after the settling time; what it says of it later wins.
    pub not_found: bool,
    /// Its ids of the order; more than one is a duplicate.
    pub broker_order_ids: BTreeSet<String>,
    /// The ends that it reported.
    pub ended: BTreeSet<OrderEnd>,
    /// Why it refused the order, in its words.
    pub reason: Option<String>,
    /// The newest limit that it showed, positive when paid, with its time.
    pub limit: Option<(DateTime<Utc>, Decimal)>,
    /// What it said of each leg's fills.
    pub(super) legs: BTreeMap<Instrument, LegFacts>,
}

/// What is known of a leg's fills.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LegFacts {
    executions: BTreeMap<String, KnownExecution>,
    /// The largest cumulative.
    reported: Option<ReportedFill>,
}

/// An execution without its id; of two with one id the larger counts, in the order of these fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct KnownExecution {
    quantity: Decimal,
    at: DateTime<Utc>,
    price: Decimal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct ReportedFill {
    quantity: Decimal,
    /// When it was first reported.
    since: DateTime<Utc>,
    average_price: Option<Decimal>,
}

/// A fill to book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookedFill {
    /// Which leg.
    pub instrument: Instrument,
    /// The broker's execution id; none of what is inferred from a cumulative quantity.
    pub execution_id: Option<String>,
    /// Shares or contracts, above 0.
    pub quantity: Decimal,
    /// Dollars a share; none where a cumulative came without its average price.
    pub price: Option<Decimal>,
    /// When it traded, or was first reported.
    pub at: DateTime<Utc>,
}

impl BrokerFacts {
    pub(super) fn add_execution(&mut self, execution: &OrderExecution) {
        self.heard = true;
        let leg = self.legs.entry(execution.instrument.clone()).or_default();
        let new = KnownExecution { quantity: execution.quantity, at: execution.at, price: execution.price };
        let known = leg.executions.entry(execution.execution_id.clone()).or_insert(new);
        *known = new.max(*known);
        if let Some(quantity) = execution.cumulative {
            leg.report(ReportedFill { quantity, since: execution.at, average_price: None });
        }
    }

    pub(super) fn add_refusal(&mut self, reason: &str) {
        self.heard = true;
        self.ended.insert(OrderEnd::Rejected);
        self.reason = Some(reason.to_owned()).max(self.reason.take());
    }

    pub(super) fn add_status(&mut self, status: &StatusReport, ordered: &BTreeMap<Instrument, Decimal>) {
        self.heard = true;
        self.broker_order_ids.insert(status.broker_order_id.clone());
        let end = match (&status.replaced_by, status.status) {
            (Some(by), _) => Some(OrderEnd::Replaced { by: by.clone() }),
            (None, OrderStatus::Canceled) => Some(OrderEnd::Cancelled),
            (None, OrderStatus::Expired) => Some(OrderEnd::Expired),
            (None, OrderStatus::Rejected) => Some(OrderEnd::Rejected),
            (None, _) => None,
        };
        self.ended.extend(end);
        self.reason = status.reason.clone().max(self.reason.take());
        self.limit = self.limit.max(status.limit.map(|limit| (status.at, limit.signed())));
        for leg in &status.filled {
            self.report(leg, status.at);
        }
        if status.status == OrderStatus::Filled {
            self.add_whole(status, ordered);
        }
    }

    /// The broker has filled all that it took. Some say so before they list the fills: a leg that is not listed is filled as it was
    /// ordered. A leg that is listed with less was not taken whole, as where a replacement came after a part was filled: the rest is ordered
    /// no more.
    fn add_whole(&mut self, status: &StatusReport, ordered: &BTreeMap<Instrument, Decimal>) {
        for (instrument, quantity) in ordered {
            let listed = status.filled.iter().filter(|leg| leg.instrument == *instrument);
            let listed = listed.map(|leg| leg.quantity).max().filter(|listed| !listed.is_zero());
            match listed {
                Some(listed) if listed < *quantity => drop(self.ended.insert(OrderEnd::Cancelled)),
                Some(_) => {}
                None => {
                    let all = LegFilled {
                        instrument: instrument.clone(),
                        quantity: *quantity,
                        average_price: None,
                    };
                    self.report(&all, status.at);
                }
            }
        }
    }

    fn report(&mut self, leg: &LegFilled, since: DateTime<Utc>) {
        let reported = ReportedFill { quantity: leg.quantity, since, average_price: leg.average_price };
        self.legs.entry(leg.instrument.clone()).or_default().report(reported);
    }
}

impl LegFacts {
    /// The largest wins; of equal ones the first time and whichever average price was given.
    fn report(&mut self, new: ReportedFill) {
        if new.quantity.is_zero() {
            return;
        }
        self.reported = Some(match self.reported {
            Some(old) if old.quantity > new.quantity => old,
            Some(old) if old.quantity == new.quantity => ReportedFill {
                since: old.since.min(new.since),
                average_price: old.average_price.max(new.average_price),
                ..old
            },
            _ => new,
        });
    }

    fn executed(&self) -> Decimal {
        self.executions.values().map(|execution| execution.quantity).sum()
    }

    pub(super) fn filled(&self) -> Decimal {
        self.reported.map_or(Decimal::ZERO, |reported| reported.quantity).max(self.executed())
    }

    /// Since when a quantity has waited for its executions.
    pub(super) fn inferred_since(&self) -> Option<DateTime<Utc>> {
        self.reported.filter(|reported| reported.quantity > self.executed()).map(|reported| reported.since)
    }

    /// The executions, and what is inferred if it was reported by a moment.
    pub(super) fn booked(&self, leg: &Instrument, settled: DateTime<Utc>) -> Vec<BookedFill> {
        let executed = self.executions.iter().map(|(id, execution)| BookedFill {
            instrument: leg.clone(),
            execution_id: Some(id.clone()),
            quantity: execution.quantity,
            price: Some(execution.price),
            at: execution.at,
        });
        let inferred =
            self.reported.filter(|reported| reported.quantity > self.executed() && reported.since <= settled);
        let inferred = inferred.map(|reported| BookedFill {
            instrument: leg.clone(),
            execution_id: None,
            quantity: reported.quantity - self.executed(),
            price: self.inferred_price(&reported),
            at: reported.since,
        });
        executed.chain(inferred).collect()
    }

    /// The price at which the executions come to the average that was reported.
    fn inferred_price(&self, reported: &ReportedFill) -> Option<Decimal> {
        let all = reported.average_price?.checked_mul(reported.quantity)?;
        let known = self.executions.values().try_fold(Decimal::ZERO, |sum, execution| {
            sum.checked_add(execution.price.checked_mul(execution.quantity)?)
        })?;
        all.checked_sub(known)?.checked_div(reported.quantity - self.executed())
    }
}
