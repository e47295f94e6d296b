//! The exchange's state: accounts, orders, fills. Synchronous and pure: it changes only by what it is told of the market.

mod interventions;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use ttai_ports::{Instrument, OrderAction};

use super::account::Account;
use super::identity;
use super::matching::{self, Execution, Liquidity};
use super::order::{Duration, EventKind, Fill, Order, OrderEvent, OrderRequest, OrderState, Pricing};
use super::pledge;
use super::rejection::Rejection;
use super::settlement::{self, AccountActivity};
use super::validate;
use super::view::{MarketSnapshot, Phase};

/// How long a good-til-cancelled order stands.
const GTC_DAYS: i64 = 90;

/// What changes in an order that takes another's place; none keeps what it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replacement {
    /// The new client order id; made up where none.
    pub client_order_id: Option<String>,
    /// Units in all, those already filled included.
    pub quantity: Option<Decimal>,
    /// The price.
    pub pricing: Option<Pricing>,
    /// How long it stands.
    pub duration: Option<Duration>,
}

/// All accounts and orders.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Book {
    accounts: BTreeMap<String, Account>,
    orders: BTreeMap<u64, Order>,
    fills: Vec<Fill>,
    activities: Vec<AccountActivity>,
    #[serde(skip)]
    liquidity: Liquidity,
    /// The parts, by sequence number, in which orders are filled and no further.
    #[serde(skip)]
    plans: BTreeMap<u64, Vec<Decimal>>,
    #[serde(skip)]
    events: Vec<OrderEvent>,
    /// What clients sent beside the terms, by the identity under which the exchange knows an order.
    notes: BTreeMap<String, OrderNote>,
    starter: Vec<PastTrade>,
}

/// What a client sent with an order that the exchange does not trade by, as it is shown back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderNote {
    /// What the client calls the order. The services do not say that it must be unique.
    pub name: Option<String>,
    /// Who sent it.
    pub source: Option<String>,
    /// `Day`, `GTC`, `IOC`, `Ext`, …, as sent.
    pub time_in_force: String,
}

/// A trade from before the simulation began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PastTrade {
    /// What.
    pub instrument: Instrument,
    /// Which way.
    pub action: OrderAction,
    /// Shares or contracts, positive.
    pub quantity: Decimal,
    /// Dollars a share.
    pub price: Decimal,
    /// When.
    pub at: DateTime<Utc>,
}

impl Book {
    /// Opens an account; one that is there stays as it is.
    pub fn open_account(&mut self, number: &str, cash: Decimal) {
        if !self.accounts.contains_key(number) {
            self.accounts.insert(number.to_owned(), Account::new(number, cash));
            self.begin_with_starter(number);
        }
    }

    /// Notes what a client sent, by the identity under which the exchange will know the order.
    pub fn note(&mut self, client_order_id: &str, note: OrderNote) {
        self.notes.insert(client_order_id.to_owned(), note);
    }

    /// What was noted of an order.
    #[must_use]
    pub fn note_of(&self, client_order_id: &str) -> OrderNote {
        self.notes.get(client_order_id).cloned().unwrap_or_default()
    }

    /// What the client calls an order.
    #[must_use]
    pub fn name_of<'b>(&'b self, order: &'b Order) -> &'b str {
        let noted = self.notes.get(&order.client_order_id).and_then(|note| note.name.as_ref());
        noted.unwrap_or(&order.client_order_id)
    }

    /// Gives an account so many dollars more to have begun with.
    pub fn fund(&mut self, number: &str, cash: Decimal) {
        if let Some(account) = self.accounts.get_mut(number) {
            account.cash += cash;
            account.opening_cash += cash;
        }
    }

    /// Lets an account write calls that nothing covers.
    pub fn grant_margin(&mut self, number: &str) {
        if let Some(account) = self.accounts.get_mut(number) {
            account.margin = true;
        }
    }

    /// What every account begins with: those that hold nothing and have traded nothing, and those to come.
    pub fn stock(&mut self, trades: Vec<PastTrade>) {
        self.starter = trades;
        let untouched = |account: &&Account| {
            account.cash == account.opening_cash && account.holdings.iter().next().is_none()
        };
        let numbers: Vec<String> =
            self.accounts.values().filter(untouched).map(|account| account.number.clone()).collect();
        for number in numbers {
            self.begin_with_starter(&number);
        }
    }

    fn begin_with_starter(&mut self, number: &str) {
        for trade in self.starter.clone() {
            let sequence = self.fills.len() as u64 + 1;
            let fill = Fill {
                sequence,
                id: identity::uuid("fill", &sequence.to_string()),
                order_id: String::new(),
                account: number.to_owned(),
                instrument: trade.instrument,
                action: trade.action,
                quantity: trade.quantity,
                price: trade.price,
                ratio: Decimal::ONE,
                order_filled_quantity: trade.quantity,
                order_remaining: Decimal::ZERO,
                at: trade.at,
            };
            if let Some(account) = self.accounts.get_mut(number) {
                account.book(&fill);
                self.fills.push(fill);
            }
        }
    }

    /// One account.
    #[must_use]
    pub fn account(&self, number: &str) -> Option<&Account> {
        self.accounts.get(number)
    }

    /// All accounts by number.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    /// One order by its id or by its sequence number in decimal.
    #[must_use]
    pub fn order(&self, account: &str, id: &str) -> Option<&Order> {
        self.orders_of(account).find(|order| order.id == id || order.sequence.to_string() == id)
    }

    /// One order by the client's identity of it.
    #[must_use]
    pub fn order_by_client_id(&self, account: &str, client_order_id: &str) -> Option<&Order> {
        self.orders_of(account).find(|order| order.client_order_id == client_order_id)
    }

    /// The orders of an account as they arrived.
    pub fn orders_of(&self, account: &str) -> impl DoubleEndedIterator<Item = &Order> {
        self.orders.values().filter(move |order| order.account == account)
    }

    /// The fills of an account as they happened.
    pub fn fills_of(&self, account: &str) -> impl DoubleEndedIterator<Item = &Fill> {
        self.fills.iter().filter(move |fill| fill.account == account)
    }

    /// What changed an account other than fills: expirations, assignments, exercises.
    pub fn activities_of(&self, account: &str) -> impl DoubleEndedIterator<Item = &AccountActivity> {
        self.activities.iter().filter(move |activity| activity.account == account)
    }

    /// Whether an order may still trade.
    #[must_use]
    pub fn has_open_orders(&self) -> bool {
        self.orders.values().any(|order| order.status.is_open())
    }

    /// Every instrument that an open order or a position needs a quote of.
    #[must_use]
    pub fn watched(&self) -> Vec<Instrument> {
        let ordered = self
            .orders
            .values()
            .filter(|order| order.status.is_open())
            .flat_map(|order| order.legs.iter().map(|leg| leg.instrument.clone()));
        let held = self.accounts.values().flat_map(|account| account.holdings.iter()).flat_map(|position| {
            // What a contract delivers is needed when it ends.
            let delivered = match &position.instrument {
                Instrument::Option(contract) => Some(Instrument::Equity(contract.underlying())),
                Instrument::Equity(_) => None,
            };
            std::iter::once(position.instrument.clone()).chain(delivered)
        });
        ordered.chain(held).collect()
    }

    /// Dollars that the account could spend now, with its open orders pledged; never negative.
    #[must_use]
    pub fn buying_power(&self, account: &str, view: &MarketSnapshot) -> Decimal {
        self.accounts.get(account).map_or(Decimal::ZERO, |found| {
            let pledged = pledge::pledged(found, self.open_of(account), view);
            pledge::free_cash(&pledged).unwrap_or(Decimal::ZERO).max(Decimal::ZERO)
        })
    }

    /// Counts what is worth keeping: it is another one whenever the book on disk has become old.
    pub(super) fn extent(&self) -> impl PartialEq + use<> {
        let money: Decimal = self.accounts.values().map(|account| account.opening_cash).sum();
        let margins = self.accounts.values().filter(|account| account.margin).count();
        (self.fills.len(), self.activities.len(), self.notes.len(), self.accounts.len(), margins, money)
    }

    /// What happened since the last call.
    pub fn take_events(&mut self) -> Vec<OrderEvent> {
        std::mem::take(&mut self.events)
    }

    /// Takes an order, and lets it trade at once where it can.
    ///
    /// # Errors
    /// A [`Rejection`]; then nothing has changed.
    pub fn submit(&mut self, request: &OrderRequest, view: &MarketSnapshot) -> Result<Order, Rejection> {
        let order = self.assess(request, view)?;
        let sequence = order.sequence;
        let kind = if order.status == OrderState::New { EventKind::New } else { EventKind::Accepted };
        self.orders.insert(sequence, order);
        self.announce(sequence, kind, Vec::new(), view.now);
        self.work(sequence, view);
        self.order_at(sequence)
    }

    /// What an order would do to buying power: the change in dollars, negative when it takes some. Changes nothing.
    ///
    /// # Errors
    /// The [`Rejection`] that the order would meet.
    pub fn preview(&self, request: &OrderRequest, view: &MarketSnapshot) -> Result<Decimal, Rejection> {
        let order = self.assess(request, view)?;
        let before = self.buying_power(&request.account, view);
        let mut trial = self.clone();
        trial.orders.insert(order.sequence, order);
        Ok(trial.buying_power(&request.account, view) - before)
    }

    /// Takes an order back.
    ///
    /// # Errors
    /// [`Rejection::UnknownOrder`] or [`Rejection::NotOpen`].
    pub fn cancel(&mut self, account: &str, id: &str, now: DateTime<Utc>) -> Result<Order, Rejection> {
        let sequence = self.open_sequence(account, id)?;
        self.finish(sequence, OrderState::Canceled, EventKind::Canceled, None, now);
        self.order_at(sequence)
    }

    /// Puts a changed order in the place of an open one.
    ///
    /// # Errors
    /// A [`Rejection`]; then the old order stands unchanged.
    pub fn replace(
        &mut self,
        account: &str,
        id: &str,
        change: &Replacement,
        view: &MarketSnapshot,
    ) -> Result<Order, Rejection> {
        let sequence = self.open_sequence(account, id)?;
        let old = self.order_at(sequence)?;
        let request = replacement_request(&old, change)?;
        let mut without = self.clone();
        without.orders.entry(sequence).and_modify(|order| order.status = OrderState::Replaced);
        let mut order = without.assess(&request, view)?;
        order.replaces = Some(old.id);
        let (new_sequence, new_id) = (order.sequence, order.id.clone());
        self.orders.insert(new_sequence, order);
        self.orders.entry(sequence).and_modify(|old| old.replaced_by = Some(new_id));
        self.finish(sequence, OrderState::Replaced, EventKind::Replaced, None, view.now);
        self.announce(new_sequence, EventKind::New, Vec::new(), view.now);
        self.work(new_sequence, view);
        self.order_at(new_sequence)
    }

    /// Lets time pass: expirations, waiting orders, stops and fills, in the order of arrival.
    pub fn advance(&mut self, view: &MarketSnapshot) {
        let open: Vec<u64> =
            self.orders.values().filter(|order| order.status.is_open()).map(|order| order.sequence).collect();
        for sequence in open {
            self.work(sequence, view);
        }
        for account in self.accounts.values_mut() {
            let settled = settlement::settle(account, view, self.activities.len());
            self.activities.extend(settled);
        }
    }

    fn assess(&self, request: &OrderRequest, view: &MarketSnapshot) -> Result<Order, Rejection> {
        let account = self
            .accounts
            .get(&request.account)
            .ok_or_else(|| Rejection::UnknownAccount(request.account.clone()))?;
        validate::shape(request)?;
        if self.order_by_client_id(&request.account, &request.client_order_id).is_some() {
            return Err(Rejection::DuplicateClientOrderId(request.client_order_id.clone()));
        }
        validate::market(request, view)?;
        let open: Vec<&Order> = self.open_of(&request.account).collect();
        let legs = validate::legs(request, account, &open)?;
        let order = new_order(self.next_sequence(), request, legs, view);
        pledge::check(account, open.into_iter(), &order, view)?;
        Ok(order)
    }

    fn work(&mut self, sequence: u64, view: &MarketSnapshot) {
        let Some(order) = self.orders.get(&sequence).filter(|order| order.status.is_open()) else { return };
        if view.now >= order.expires_at {
            let reason = Some("its time in force ran out".to_owned());
            self.finish(sequence, OrderState::Expired, EventKind::Expired, reason, view.now);
            return;
        }
        let works = matching::works_in(order, view.phase);
        let wakes = works && order.status == OrderState::Accepted;
        let triggers = works && !order.triggered && matching::stop_reached(order, view);
        let immediate = matches!(order.duration, Duration::ImmediateOrCancel | Duration::FillOrKill);
        if wakes {
            self.orders.entry(sequence).and_modify(|order| order.status = OrderState::New);
            self.announce(sequence, EventKind::New, Vec::new(), view.now);
        }
        if triggers {
            self.orders.entry(sequence).and_modify(|order| order.triggered = true);
        }
        self.execute(sequence, view);
        let open = self.orders.get(&sequence).is_some_and(|order| order.status.is_open());
        if immediate && open {
            self.finish(sequence, OrderState::Canceled, EventKind::Canceled, None, view.now);
        }
    }

    /// Trades what the market gives now; of an order with a plan the planned parts, however much is quoted.
    fn execute(&mut self, sequence: u64, view: &MarketSnapshot) {
        let untouched = Liquidity::default();
        let liquidity = if self.plans.contains_key(&sequence) { &untouched } else { &self.liquidity };
        let found = self.orders.get(&sequence).and_then(|order| matching::execute(order, view, liquidity));
        let Some(execution) = found else { return };
        let Some(plan) = self.plans.get_mut(&sequence) else {
            self.fill(sequence, &execution, view);
            return;
        };
        for part in std::mem::take(plan) {
            let left = self.orders.get(&sequence).map_or(Decimal::ZERO, Order::remaining);
            let units = part.min(left);
            if units > Decimal::ZERO {
                self.fill(sequence, &Execution { units, ..execution.clone() }, view);
            }
        }
    }

    fn fill(&mut self, sequence: u64, execution: &Execution, view: &MarketSnapshot) {
        let Some(mut order) = self.orders.get(&sequence).cloned() else { return };
        let fills = self.fills_from(&order, execution, view.now);
        let Some(account) = self.accounts.get_mut(&order.account) else { return };
        let mut after = account.clone();
        for fill in &fills {
            after.book(fill);
        }
        if let Err(reason) = affordable(account, &after)
            && !order.by_broker
        {
            self.finish(
                sequence,
                OrderState::Rejected,
                EventKind::Rejected,
                Some(reason.to_string()),
                view.now,
            );
            return;
        }
        *account = after;
        for (leg, fill) in order.legs.iter_mut().zip(&fills) {
            let touch = view.touch(&leg.instrument);
            if let Some(touch) = touch {
                self.liquidity.take(&leg.instrument, leg.side(), touch, fill.quantity);
            }
            let before = order.filled_quantity * leg.ratio;
            leg.average_price = Some(average(leg.average_price, before, fill.price, fill.quantity));
        }
        let unit = match execution.prices.as_slice() {
            [only] => *only,
            prices => matching::net_price(&order, prices),
        };
        order.average_price =
            Some(average(order.average_price, order.filled_quantity, unit, execution.units));
        order.filled_quantity += execution.units;
        let done = order.remaining().is_zero();
        order.status = if done { OrderState::Filled } else { OrderState::PartiallyFilled };
        order.updated_at = view.now;
        order.ended_at = done.then_some(view.now);
        self.orders.insert(sequence, order);
        self.fills.extend(fills.iter().cloned());
        let kind = if done { EventKind::Fill } else { EventKind::PartialFill };
        self.announce(sequence, kind, fills, view.now);
    }

    fn fills_from(&self, order: &Order, execution: &Execution, at: DateTime<Utc>) -> Vec<Fill> {
        let filled = order.filled_quantity + execution.units;
        let mut sequence = self.fills.len() as u64;
        let mut fills = Vec::with_capacity(order.legs.len());
        for (leg, price) in order.legs.iter().zip(&execution.prices) {
            sequence += 1;
            fills.push(Fill {
                sequence,
                id: identity::uuid("fill", &sequence.to_string()),
                order_id: order.id.clone(),
                account: order.account.clone(),
                instrument: leg.instrument.clone(),
                action: leg.action,
                quantity: execution.units * leg.ratio,
                price: *price,
                ratio: leg.ratio,
                order_filled_quantity: filled,
                order_remaining: order.quantity - filled,
                at,
            });
        }
        fills
    }

    fn finish(
        &mut self,
        sequence: u64,
        status: OrderState,
        kind: EventKind,
        reason: Option<String>,
        now: DateTime<Utc>,
    ) {
        if let Some(order) = self.orders.get_mut(&sequence) {
            order.status = status;
            order.reason = reason;
            order.updated_at = now;
            order.ended_at = Some(now);
        }
        self.announce(sequence, kind, Vec::new(), now);
    }

    fn announce(&mut self, sequence: u64, kind: EventKind, fills: Vec<Fill>, at: DateTime<Utc>) {
        let Some(order) = self.orders.get(&sequence).cloned() else { return };
        let held = self.accounts.get(&order.account).zip(order.legs.first());
        let position_quantity =
            held.map_or(Decimal::ZERO, |(account, leg)| account.holdings.quantity(&leg.instrument));
        self.events.push(OrderEvent { kind, order, fills, position_quantity, at });
    }

    fn open_of(&self, account: &str) -> impl Iterator<Item = &Order> {
        self.orders_of(account).filter(|order| order.status.is_open())
    }

    fn open_sequence(&self, account: &str, id: &str) -> Result<u64, Rejection> {
        let order = self.order(account, id).ok_or_else(|| Rejection::UnknownOrder(id.to_owned()))?;
        if order.status.is_open() {
            Ok(order.sequence)
        } else {
            Err(Rejection::NotOpen(format!("{:?}", order.status).to_lowercase()))
        }
    }

    fn order_at(&self, sequence: u64) -> Result<Order, Rejection> {
        self.orders.get(&sequence).cloned().ok_or_else(|| Rejection::UnknownOrder(sequence.to_string()))
    }

    fn next_sequence(&self) -> u64 {
        self.orders.last_key_value().map_or(1, |(sequence, _)| sequence + 1)
    }
}

/// Refuses a fill that would leave short options unsecured, cash short, or shares below zero, unless it betters what was.
fn affordable(before: &Account, after: &Account) -> Result<(), Rejection> {
    let short_shares = after.holdings.iter().find(|position| {
        matches!(position.instrument, Instrument::Equity(_)) && position.quantity.is_sign_negative()
    });
    if let Some(position) = short_shares {
        return Err(Rejection::InsufficientQuantity {
            symbol: super::view::symbol_of(&position.instrument),
            requested: -position.quantity,
            available: Decimal::ZERO,
        });
    }
    let left = pledge::free_cash(after)?;
    let available = pledge::free_cash(before).unwrap_or(left);
    if left < Decimal::ZERO && left < available {
        return Err(Rejection::InsufficientBuyingPower {
            required: available - left,
            available: available.max(Decimal::ZERO),
        });
    }
    Ok(())
}

fn average(old: Option<Decimal>, old_quantity: Decimal, price: Decimal, quantity: Decimal) -> Decimal {
    old.map_or(price, |old| (old * old_quantity + price * quantity) / (old_quantity + quantity))
}

fn new_order(
    sequence: u64,
    request: &OrderRequest,
    legs: Vec<super::order::ExchangeLeg>,
    view: &MarketSnapshot,
) -> Order {
    let mut order = Order {
        sequence,
        id: identity::uuid("order", &sequence.to_string()),
        client_order_id: request.client_order_id.clone(),
        account: request.account.clone(),
        legs,
        quantity: request.quantity,
        filled_quantity: Decimal::ZERO,
        average_price: None,
        pricing: request.pricing,
        triggered: request.pricing.stop().is_none(),
        duration: request.duration,
        extended_hours: request.extended_hours,
        status: OrderState::Accepted,
        reason: None,
        received_at: view.now,
        updated_at: view.now,
        ended_at: None,
        expires_at: match request.duration {
            Duration::GoodTilCanceled => view.now + TimeDelta::days(GTC_DAYS),
            _ => view.day_end,
        },
        replaces: None,
        replaced_by: None,
        by_broker: false,
    };
    let works = view.phase != Phase::Closed && matching::works_in(&order, view.phase);
    if works {
        order.status = OrderState::New;
    }
    order
}

fn replacement_request(old: &Order, change: &Replacement) -> Result<OrderRequest, Rejection> {
    let quantity = change.quantity.unwrap_or(old.quantity) - old.filled_quantity;
    if quantity <= Decimal::ZERO {
        return Err(Rejection::Invalid("qty must be more than what is already filled".to_owned()));
    }
    let next = format!("{}-{}", old.client_order_id.chars().take(100).collect::<String>(), old.sequence);
    Ok(OrderRequest {
        account: old.account.clone(),
        client_order_id: change.client_order_id.clone().unwrap_or(next),
        legs: old
            .legs
            .iter()
            .map(|leg| super::order::LegRequest {
                instrument: leg.instrument.clone(),
                side: leg.side(),
                action: Some(leg.action),
                ratio: leg.ratio,
            })
            .collect(),
        quantity,
        pricing: change.pricing.unwrap_or(old.pricing),
        duration: change.duration.unwrap_or(old.duration),
        extended_hours: old.extended_hours,
    })
}
