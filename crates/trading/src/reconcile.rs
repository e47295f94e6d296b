//! The broker's orders and positions against ours, at start and every few minutes. Changes nothing: it says what to add, what to
//! apply, and what differs with both sides. An order of ours is never dropped because the broker does not list it, and an
//! order of the broker is never ignored because it is not ours.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use ttai_calendar::new_york_date;
use ttai_core::{Instrument, OptionRight, OrderAction};

use crate::order::{LegFilled, OrderReport, StatusReport, TrackedOrder};
use crate::words::named;

/// An order as the broker lists it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListedOrder {
    /// Our client order id or somebody's; none where it has none.
    pub client_order_id: Option<String>,
    /// Units ordered.
    pub quantity: Decimal,
    /// Which way each leg goes, and shares or contracts of it that were ordered.
    pub legs: Vec<(Instrument, OrderAction, Decimal)>,
    /// How it stands.
    pub status: StatusReport,
    /// Whether the broker placed it by itself, as in a liquidation or before an expiration.
    pub by_broker: bool,
}

impl ListedOrder {
    /// The order as it is added, and what of it was filled before.
    fn adopted(&self) -> (TrackedOrder, Vec<LegFilled>) {
        let legs = self.legs.iter().map(|(leg, _, ordered)| (leg.clone(), *ordered)).collect();
        let id = self.client_order_id.clone().unwrap_or_else(|| self.status.broker_order_id.clone());
        let mut order = TrackedOrder::adopted(id, self.quantity, legs);
        // Of its own report what does not fit is left out, and shows as a difference of the positions.
        let applied = order.apply(&OrderReport::Status(self.status.clone()));
        (order, applied.map(|changed| changed.filled).unwrap_or_default())
    }

    fn is(&self, order: &TrackedOrder) -> bool {
        self.client_order_id.as_ref() == Some(&order.id)
            || order.facts.broker_order_ids.contains(&self.status.broker_order_id)
    }

    /// What it changed of a position, negative sold.
    fn change(&self, instrument: &Instrument) -> Decimal {
        let filled = self.status.filled.iter().find(|leg| leg.instrument == *instrument);
        self.signed(instrument, filled.map_or(Decimal::ZERO, |leg| leg.quantity))
    }

    fn signed(&self, instrument: &Instrument, quantity: Decimal) -> Decimal {
        let action = self.legs.iter().find(|(leg, _, _)| leg == instrument).map(|(_, action, _)| *action);
        if action.is_some_and(OrderAction::is_buy) { quantity } else { -quantity }
    }
}

/// What a broker books without an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BookingKind {
    /// A short option was assigned.
    Assignment,
    /// A long option was exercised.
    Exercise,
    /// An option expired or was settled in cash.
    Expiration,
    /// The broker closed it by itself.
    Liquidation,
}

/// A change of a position that no order of ours made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokerBooking {
    /// What kind.
    pub kind: BookingKind,
    /// Of what.
    pub instrument: Instrument,
    /// By how much the position changed.
    pub change: Decimal,
}

/// One account at the broker.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BrokerListing {
    /// Its orders: all that work, and those of the last days that ended.
    pub orders: Vec<ListedOrder>,
    /// Shares or contracts, negative when short.
    pub positions: BTreeMap<Instrument, Decimal>,
    /// What was booked since the store's positions were right.
    pub bookings: Vec<BrokerBooking>,
}

/// What a difference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// The broker has an order that the store had not; it is added.
    OrderAdded,
    /// The store has an order that may fill and that the broker does not list; it stays and is looked up.
    OrderNotListed,
    /// The broker's status or fills are news.
    OrderBehind,
    /// What the broker lists does not fit the order.
    OrderContradicted,
    /// A short option was assigned.
    Assigned,
    /// A long option was exercised.
    Exercised,
    /// An option expired.
    Expired,
    /// The broker closed it by itself.
    Liquidated,
    /// Somebody traded it at the broker.
    TradedByHand,
    /// Nothing explains it.
    Unexplained,
}

impl DifferenceKind {
    /// Whether the account's trading pauses until the user has acknowledged it.
    #[must_use]
    pub fn pauses_trading(self) -> bool {
        matches!(
            self,
            Self::OrderAdded
                | Self::OrderNotListed
                | Self::OrderContradicted
                | Self::Liquidated
                | Self::Unexplained
        )
    }
}

/// A difference, with both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// What it is.
    pub kind: DifferenceKind,
    /// The order's id or the instrument.
    pub subject: String,
    /// What the store has.
    pub ours: String,
    /// What the broker has.
    pub broker: String,
    /// Both, for a trader.
    pub sentence: String,
}

/// What a reconciliation found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reconciliation {
    /// Orders to add to the store.
    pub added: Vec<TrackedOrder>,
    /// Reports to apply, by order id.
    pub reports: Vec<(String, StatusReport)>,
    /// Orders to look up at the broker by client order id.
    pub look_up: Vec<String>,
    /// What differs.
    pub differences: Vec<Difference>,
}

/// Compares. `positions` are what all fills of the store's orders come to, inferred ones among them, and what was explained
/// before; `broker.orders` that are not ours and `broker.bookings` are those since then.
#[must_use]
pub fn reconcile(
    orders: &[TrackedOrder],
    positions: &BTreeMap<Instrument, Decimal>,
    broker: &BrokerListing,
    now: DateTime<Utc>,
) -> Reconciliation {
    let mut found = Reconciliation::default();
    let (mut expected, mut foreign) = (positions.clone(), Vec::new());
    for listed in &broker.orders {
        // What an order that is ours, or becomes ours, has filled since is in the positions once it is applied.
        let news = match orders.iter().find(|order| listed.is(order)) {
            Some(order) => found.compare(order, listed),
            None if listed.status.status.is_final() => {
                foreign.push(listed);
                continue;
            }
            None => found.add(listed),
        };
        for leg in news {
            let own = expected.entry(leg.instrument.clone()).or_default();
            *own = own.saturating_add(listed.signed(&leg.instrument, leg.quantity));
        }
    }
    for order in orders.iter().filter(|order| order.phase().may_fill()) {
        if !broker.orders.iter().any(|listed| listed.is(order)) {
            found.not_listed(order);
        }
    }
    let instruments: BTreeSet<Instrument> = expected.keys().chain(broker.positions.keys()).cloned().collect();
    let explain = Explanation { positions: &expected, broker, foreign, now };
    found.differences.extend(instruments.iter().filter_map(|instrument| explain.difference(instrument)));
    found
}

impl Reconciliation {
    fn say(&mut self, kind: DifferenceKind, subject: &str, ours: String, broker: String, outcome: &str) {
        let sentence = format!("Order {subject}: {ours} here, {broker} at the broker; {outcome}.");
        self.differences.push(Difference { kind, subject: subject.to_owned(), ours, broker, sentence });
    }

    fn add(&mut self, listed: &ListedOrder) -> Vec<LegFilled> {
        let (order, filled) = listed.adopted();
        let broker = order.phase().to_string();
        self.say(DifferenceKind::OrderAdded, &order.id, "not known".to_owned(), broker, "it was added");
        self.added.push(order);
        filled
    }

    fn compare(&mut self, order: &TrackedOrder, listed: &ListedOrder) -> Vec<LegFilled> {
        let mut read = order.clone();
        match read.apply(&OrderReport::Status(listed.status.clone())) {
            Err(error) => {
                let (ours, broker) = (standing_of(order), listed.status.status.to_string());
                self.say(DifferenceKind::OrderContradicted, &order.id, ours, broker, &error.to_string());
                Vec::new()
            }
            Ok(_) if read == *order => Vec::new(),
            Ok(changed) => {
                if changed.is_change() {
                    let (ours, broker) = (standing_of(order), standing_of(&read));
                    self.say(
                        DifferenceKind::OrderBehind,
                        &order.id,
                        ours,
                        broker,
                        "the broker's word counts",
                    );
                }
                self.reports.push((order.id.clone(), listed.status.clone()));
                changed.filled
            }
        }
    }

    fn not_listed(&mut self, order: &TrackedOrder) {
        self.look_up.push(order.id.clone());
        // Of an order that is being sent, or whose answer was lost, nobody says that the broker has it: its user was told.
        if order.facts.heard {
            let outcome = "it stays, and is looked up by its client order id";
            let broker = "not listed".to_owned();
            self.say(DifferenceKind::OrderNotListed, &order.id, standing_of(order), broker, outcome);
        }
    }
}

fn standing_of(order: &TrackedOrder) -> String {
    format!("{} with {} of {} filled", order.phase(), order.filled_units(), order.quantity.normalize())
}

/// What may explain a position.
struct Explanation<'a> {
    positions: &'a BTreeMap<Instrument, Decimal>,
    broker: &'a BrokerListing,
    /// Orders at the broker that are not ours.
    foreign: Vec<&'a ListedOrder>,
    now: DateTime<Utc>,
}

impl Explanation<'_> {
    fn difference(&self, instrument: &Instrument) -> Option<Difference> {
        let change = self.change(instrument);
        if change.is_zero() {
            return None;
        }
        let (ours, broker) = (held(self.positions, instrument), held(&self.broker.positions, instrument));
        let kind = self.kind(instrument, change);
        let words = match kind {
            DifferenceKind::Assigned => "it was assigned",
            DifferenceKind::Exercised => "it was exercised",
            DifferenceKind::Expired => "it expired",
            DifferenceKind::Liquidated => "the broker closed it by itself",
            DifferenceKind::TradedByHand => "it was traded at the broker, not by ttai",
            _ => "nothing explains it",
        };
        let (ours, broker) = (ours.normalize().to_string(), broker.normalize().to_string());
        let sentence = format!("{}: {ours} here, {broker} at the broker; {words}.", named(instrument));
        Some(Difference { kind, subject: instrument.to_string(), ours, broker, sentence })
    }

    fn change(&self, instrument: &Instrument) -> Decimal {
        held(&self.broker.positions, instrument).saturating_sub(held(self.positions, instrument))
    }

    /// The one cause whose quantity is the difference; what only several together would explain is unexplained.
    fn kind(&self, instrument: &Instrument, change: Decimal) -> DifferenceKind {
        let rows = [
            (BookingKind::Liquidation, DifferenceKind::Liquidated),
            (BookingKind::Assignment, DifferenceKind::Assigned),
            (BookingKind::Exercise, DifferenceKind::Exercised),
            (BookingKind::Expiration, DifferenceKind::Expired),
        ];
        let booked = rows.into_iter().find(|(kind, _)| self.booked(*kind, instrument) == change);
        if let Some((_, kind)) = booked {
            return kind;
        }
        let traded = |by_broker: bool| -> Decimal {
            let orders = self.foreign.iter().filter(|order| order.by_broker == by_broker);
            orders.map(|order| order.change(instrument)).fold(Decimal::ZERO, Decimal::saturating_add)
        };
        if traded(true) == change {
            return DifferenceKind::Liquidated;
        }
        if traded(false) == change {
            return DifferenceKind::TradedByHand;
        }
        if self.is_delivered(instrument, change) {
            return DifferenceKind::Assigned;
        }
        let is_gone = held(&self.broker.positions, instrument).is_zero();
        let today = new_york_date(self.now);
        let is_past = instrument.contract().is_some_and(|contract| contract.expiration < today);
        if is_gone && is_past { DifferenceKind::Expired } else { DifferenceKind::Unexplained }
    }

    fn booked(&self, kind: BookingKind, instrument: &Instrument) -> Decimal {
        let own = self.broker.bookings.iter();
        own.filter(|booking| booking.kind == kind && booking.instrument == *instrument)
            .map(|booking| booking.change)
            .fold(Decimal::ZERO, Decimal::saturating_add)
    }

    /// Whether shorts that are gone and the shares that came or went fit each other, as an assignment has them.
    fn is_delivered(&self, instrument: &Instrument, change: Decimal) -> bool {
        let underlying = Instrument::Equity(instrument.underlying());
        let shares = if *instrument == underlying { change } else { self.change(&underlying) };
        let delivered = |option: &Instrument| {
            let (contract, gone) = (option.contract()?, self.change(option));
            let was_short = held(self.positions, option) <= -gone && gone > Decimal::ZERO;
            let sign = if contract.right == OptionRight::Put { Decimal::ONE } else { -Decimal::ONE };
            let is_own = contract.underlying() == instrument.underlying();
            (is_own && was_short).then(|| (gone * sign).saturating_mul(Decimal::ONE_HUNDRED))
        };
        let gone: Vec<(&Instrument, Decimal)> =
            self.positions.keys().filter_map(|option| Some((option, delivered(option)?))).collect();
        let all: Decimal =
            gone.iter().map(|(_, shares)| *shares).fold(Decimal::ZERO, Decimal::saturating_add);
        let is_of_it = *instrument == underlying || gone.iter().any(|(option, _)| *option == instrument);
        !shares.is_zero() && is_of_it && all == shares
    }
}

fn held(positions: &BTreeMap<Instrument, Decimal>, instrument: &Instrument) -> Decimal {
    positions.get(instrument).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use ttai_core::OrderStatus;

    use super::*;
    use crate::intent::{IntentTerms, TradeIntent};
    use crate::order::{OrderPhase, OrderStep};
    use crate::testing::{at, csp, instrument};

    const P630: &str = "AAPL  140621P00630000";
    const P620: &str = "AAPL  140621P00620000";

    /// A working order, the n-th of a workflow, and what the broker lists of it.
    fn working(sequence: u32) -> (TrackedOrder, ListedOrder) {
        let mut terms = IntentTerms::from(csp());
        terms.slot.sequence = sequence;
        let mut order = TrackedOrder::of(&TradeIntent::new(terms).unwrap());
        let now = at("2014-06-06T10:00");
        let approve = OrderStep::Approve { by: "mia".to_owned(), at: now };
        let claim = OrderStep::Claim { fence: 1, at: now };
        let ask = OrderStep::AskApproval { until: at("2014-06-06T16:00") };
        for step in [ask, approve, claim, OrderStep::Submit { fence: 1, at: now }] {
            order.advance(step).unwrap();
        }
        let listed = listed(Some(&order.id), &format!("b-{sequence}"), OrderAction::SellToOpen, 0);
        order.apply(&OrderReport::Status(listed.status.clone())).unwrap();
        (order, listed)
    }

    fn listed(client: Option<&str>, broker: &str, action: OrderAction, filled: i64) -> ListedOrder {
        let (leg, filled) = (instrument(P630), Decimal::from(filled));
        let status = if filled.is_zero() { OrderStatus::Live } else { OrderStatus::Filled };
        ListedOrder {
            client_order_id: client.map(str::to_owned),
            quantity: Decimal::ONE,
            legs: vec![(leg.clone(), action, Decimal::ONE)],
            status: StatusReport {
                broker_order_id: broker.to_owned(),
                status,
                replaced_by: None,
                filled: vec![LegFilled { instrument: leg, quantity: filled, average_price: None }],
                limit: None,
                reason: None,
                at: at("2014-06-06T10:01"),
            },
            by_broker: false,
        }
    }

    fn positions(rows: &[(&str, i64)]) -> BTreeMap<Instrument, Decimal> {
        rows.iter().map(|(text, quantity)| (instrument(text), Decimal::from(*quantity))).collect()
    }

    fn kinds(found: &Reconciliation) -> Vec<DifferenceKind> {
        found.differences.iter().map(|difference| difference.kind).collect()
    }

    fn compare(orders: &[TrackedOrder], ours: &[(&str, i64)], broker: &BrokerListing) -> Reconciliation {
        reconcile(orders, &positions(ours), broker, at("2014-06-06T10:05"))
    }

    /// order-*: with one position and 14 working orders all 14 are still ours after a restart.
    #[test]
    fn working_orders_are_ours_after_a_restart_and_none_is_invented() {
        let (orders, listed): (Vec<_>, Vec<_>) = (0..14).map(working).unzip();
        let broker = BrokerListing {
            orders: listed,
            positions: positions(&[("AAPL", 100)]),
            ..BrokerListing::default()
        };
        assert_eq!(compare(&orders, &[("AAPL", 100)], &broker), Reconciliation::default());
        // From a store that was restored without them: all are added, once.
        let found = compare(&[], &[("AAPL", 100)], &broker);
        assert_eq!(kinds(&found), vec![DifferenceKind::OrderAdded; 14]);
        assert!(found.added.iter().all(|order| order.phase() == OrderPhase::Working));
        assert_eq!(compare(&found.added, &[("AAPL", 100)], &broker), Reconciliation::default());
    }

    #[test]
    fn an_order_that_the_broker_does_not_list_stays_and_is_looked_up() {
        let (order, _) = working(0);
        let found = compare(std::slice::from_ref(&order), &[], &BrokerListing::default());
        assert_eq!(
            (kinds(&found), &found.look_up),
            (vec![DifferenceKind::OrderNotListed], &vec![order.id.clone()])
        );
        let sentence = format!(
            "Order {}: working with 0 of 1 filled here, not listed at the broker; it stays, and is looked up by its client order id.",
            order.id
        );
        assert_eq!(found.differences[0].sentence, sentence);
    }

    #[test]
    fn an_order_of_which_the_broker_never_spoke_is_looked_up_and_is_no_difference() {
        let (mut order, _) = working(0);
        order.facts = crate::order::BrokerFacts::default();
        let found = compare(std::slice::from_ref(&order), &[], &BrokerListing::default());
        assert_eq!((kinds(&found), found.look_up), (vec![], vec![order.id]));
    }

    #[test]
    fn news_of_an_order_is_a_report_to_apply() {
        let (mut order, _) = working(0);
        let orders = vec![listed(Some(&order.id), "b-0", OrderAction::SellToOpen, 1)];
        let broker =
            BrokerListing { orders, positions: positions(&[(P630, -1)]), ..BrokerListing::default() };
        // The position follows from the order's own fill, and is no difference.
        let found = compare(std::slice::from_ref(&order), &[], &broker);
        assert_eq!(kinds(&found), [DifferenceKind::OrderBehind]);
        order.apply(&OrderReport::Status(found.reports[0].1.clone())).unwrap();
        assert_eq!(order.phase(), OrderPhase::Filled);
        assert_eq!(compare(&[order], &[(P630, -1)], &broker), Reconciliation::default());
    }

    #[test]
    fn what_the_broker_does_by_itself_is_told_apart() {
        use DifferenceKind::{Assigned, Exercised, Expired, Liquidated, TradedByHand, Unexplained};
        let booking = |kind, change| {
            vec![BrokerBooking { kind, instrument: instrument(P630), change: Decimal::from(change) }]
        };
        let by_hand = listed(None, "b-9", OrderAction::BuyToClose, 1);
        let by_broker = ListedOrder { by_broker: true, ..by_hand.clone() };
        let short = [(P630, -1)];
        let gone: &[(&str, i64)] = &[];
        for (ours, broker, bookings, orders, wanted) in [
            // Also a leg that the broker closes at 15:30 on its last day.
            (&short[..], gone, booking(BookingKind::Liquidation, 1), vec![], vec![Liquidated]),
            (&short, gone, vec![], vec![by_broker], vec![Liquidated]),
            (&short, gone, vec![], vec![by_hand.clone()], vec![TradedByHand]),
            (&short, gone, booking(BookingKind::Expiration, 1), vec![], vec![Expired]),
            (&[(P630, 1)], gone, booking(BookingKind::Exercise, -1), vec![], vec![Exercised]),
            // Assigned: 100 shares came at the strike, whether or not it is booked yet.
            (&short, &[("AAPL", 100)], booking(BookingKind::Assignment, 1), vec![], vec![Assigned, Assigned]),
            (&short, &[("AAPL", 100)], vec![], vec![], vec![Assigned, Assigned]),
            // One leg of a spread is assigned, the other not.
            (&[(P620, 1), (P630, -1)], &[("AAPL", 100), (P620, 1)], vec![], vec![], vec![Assigned, Assigned]),
            // Of five, two are.
            (&[(P630, -5)], &[("AAPL", 200), (P630, -3)], vec![], vec![], vec![Assigned, Assigned]),
            // Too few shares, none, or another quantity: nobody guesses.
            (&short, &[("AAPL", 50)], vec![], vec![], vec![Unexplained, Unexplained]),
            (&short, gone, vec![], vec![], vec![Unexplained]),
            (&[(P630, -2)], gone, vec![], vec![by_hand], vec![Unexplained]),
            (gone, &[("AAPL", 7)], vec![], vec![], vec![Unexplained]),
            (&[(P630, 1)], &[("AAPL", -100)], vec![], vec![], vec![Unexplained, Unexplained]),
        ] {
            let broker = BrokerListing { orders, positions: positions(broker), bookings };
            let found = compare(&[], ours, &broker);
            assert_eq!(kinds(&found), wanted, "{broker:?}");
        }
        let later = reconcile(&[], &positions(&short), &BrokerListing::default(), at("2014-06-23T10:00"));
        assert_eq!(kinds(&later), [Expired]);
    }

    #[test]
    fn numbers_beyond_all_measure_are_no_panic() {
        let huge = |sign: Decimal| [P630, "AAPL"].map(|text| (instrument(text), Decimal::MAX * sign)).into();
        let broker = BrokerListing { positions: huge(Decimal::ONE), ..BrokerListing::default() };
        let found = reconcile(&[], &huge(-Decimal::ONE), &broker, at("2014-06-06T10:05"));
        assert_eq!(found.differences.len(), 2);
    }

    #[test]
    fn a_difference_has_both_sides_in_words_and_what_is_open_pauses() {
        let broker = BrokerListing { positions: positions(&[("AAPL", 7)]), ..BrokerListing::default() };
        let found = compare(&[], &[("AAPL", 5)], &broker);
        assert_eq!(found.differences[0].sentence, "AAPL: 5 here, 7 at the broker; nothing explains it.");
        assert!(DifferenceKind::Unexplained.pauses_trading() && !DifferenceKind::Assigned.pauses_trading());
    }
}
