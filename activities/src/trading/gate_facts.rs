//! What the risk gate looks at: the kill switch, the market, the account at its broker, what is open and what the day brought. What cannot
//! be had is said as unknown, which bars.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use ttai_calendar::new_york_date;
use ttai_contract::RunLimits;
use ttai_core::{OrderPhase, Symbol};
use ttai_ports::{
    BrokerPosition, OrderFilter, OrderIntent, OrderPreview, OrderRecord, PortError, TradeFilter,
};
use ttai_trading::TradeIntent;
use ttai_trading::gate::{EarningsFact, GateFacts, KillSwitch, OpenExposure, TradeLimits};
use ttai_trading::risk::{held_risk, most_loss};
use ttai_trading::trade_log::LoggedTrade;

use super::desk::TradedAccount;
use super::quotes::LegMarket;
use crate::options::earnings::{Earnings, never_reports};
use crate::ports::Ports;

/// The facts, and why the broker would not take the order at all.
pub(super) struct Gathered {
    pub(super) facts: GateFacts,
    pub(super) refusal: Option<String>,
    pub(super) risk: Option<Decimal>,
}

impl Gathered {
    /// Counts what follows the order with it; what is not known of either is not known of both.
    pub(super) fn add(&mut self, follower: &OrderCost) {
        let sum = |one: Option<Decimal>, other: Option<Decimal>| one?.checked_add(other?);
        self.risk = sum(self.risk, follower.risk);
        self.facts.risk = self.risk;
        self.facts.buying_power_needed = sum(self.facts.buying_power_needed, follower.buying_power);
    }
}

/// What an order ties up, by its terms and its broker.
pub(super) struct OrderCost {
    /// Dollars that it may lose; none where it is not known.
    risk: Option<Decimal>,
    /// Dollars of buying power that it takes; none where it is not known.
    buying_power: Option<Decimal>,
    /// Why the broker would not take it.
    pub(super) refusal: Option<String>,
}

/// What an order ties up.
pub(super) async fn cost(of: &TradedAccount, intent: &TradeIntent) -> OrderCost {
    let (preview, refusal) = preview(of, intent).await;
    let needed = preview.as_ref().and_then(|preview| preview.buying_power_change);
    // A change of buying power is negative where it takes some.
    let needed = needed.map(|change| (-change).max(Decimal::ZERO));
    let risk = most_loss(&intent.legs, intent.quantity, intent.limit.signed()).or(needed);
    // A broker without a dry run has looked at the order and does not say what it takes: what it may lose is what secures it.
    let buying_power = needed.or(risk.filter(|_| preview.is_some()));
    OrderCost { risk, buying_power, refusal }
}

/// What the gate goes by: the configuration's limits, tightened by the run's.
pub(super) fn limits(ports: &Ports, run: &RunLimits) -> TradeLimits {
    let run = TradeLimits {
        max_order_units: run.max_order_units,
        max_order_risk: run.max_order_risk,
        max_day_risk: run.max_day_risk,
        max_symbol_risk: run.max_symbol_risk,
        max_spread_percent: run.max_spread_percent,
        ..TradeLimits::default()
    };
    ports.trading.rules.limits.tightened_by(&run)
}

/// Gathers what the gate looks at for an intent at its limit.
pub(super) async fn gather(
    ports: &Ports,
    of: &TradedAccount,
    intent: &TradeIntent,
    market: &LegMarket,
    now: DateTime<Utc>,
) -> Gathered {
    let user = of.user.as_str();
    let kill_switch = match ports.trading.halts.trading_halt(user, &of.account).await {
        Ok(None) => KillSwitch::Off,
        Ok(Some(halt)) => halt.into(),
        Err(_) => KillSwitch::Unread,
    };
    let OrderCost { risk, buying_power: needed, refusal } = cost(of, intent).await;
    let balances = of.broker.balances(&of.account).await.ok();
    let today = ports.trading.orders.day_traded(user, Some(&of.account), new_york_date(now)).await.ok();
    let today = today.filter(|today| today.without_risk.is_empty()).map(|today| today.all);
    let facts = GateFacts {
        now,
        kill_switch,
        halted: market.halted,
        quotes: market.quotes.clone(),
        risk,
        buying_power_needed: needed,
        buying_power: balances.map(|balances| balances.option_buying_power),
        today,
        open: open(ports, of, intent).await,
        earnings: earnings(ports, &intent.legs[0].instrument.underlying(), now).await,
    };
    Gathered { facts, refusal, risk }
}

/// What the broker says that the order would do; a refusal is one whatever the gate says.
async fn preview(of: &TradedAccount, intent: &TradeIntent) -> (Option<OrderPreview>, Option<String>) {
    let order = match OrderIntent::try_from(intent) {
        Ok(order) => order,
        Err(error) => return (None, Some(error.to_string())),
    };
    match of.broker.preview(&order).await {
        Ok(preview) => (Some(preview), None),
        Err(
            error @ (PortError::Invalid { .. } | PortError::UnknownSymbol { .. } | PortError::NoData { .. }),
        ) => (None, Some(error.to_string())),
        Err(error) => {
            tracing::warn!("the broker's preview is not known: {error}");
            (None, None)
        }
    }
}

/// Positions at the broker and opening orders that are on their way, the one that is judged aside.
async fn open(ports: &Ports, of: &TradedAccount, intent: &TradeIntent) -> Option<Vec<OpenExposure>> {
    let positions = of.broker.positions(&of.account).await.ok()?;
    let logged = TradeFilter {
        account: Some(of.account.clone()),
        open: Some(true),
        limit: Some(1_000),
        ..TradeFilter::default()
    };
    let logged = ports.trading.trade_log.trades(of.user.as_str(), &logged).await.ok()?;
    let mut open: Vec<OpenExposure> = positions
        .iter()
        .map(|held| exposure(held, &logged))
        .collect::<Option<Vec<_>>>()?
        .into_iter()
        .flatten()
        .collect();
    let own = intent.client_order_id();
    for record in on_their_way(ports, of).await? {
        if record.client_order_id != own.as_str() {
            open.extend(proposed(&record));
        }
    }
    Some(open)
}

/// What a position may lose; nothing of a kind that is not traded here, none where its size is no number.
fn exposure(held: &BrokerPosition, logged: &[LoggedTrade]) -> Option<Option<OpenExposure>> {
    let Some(instrument) = &held.instrument else { return Some(None) };
    let strategy = logged
        .iter()
        .find(|trade| trade.legs.iter().any(|leg| leg.instrument == *instrument))
        .map(|trade| trade.strategy.clone());
    Some(Some(OpenExposure {
        symbol: instrument.underlying(),
        strategy,
        instruments: vec![instrument.clone()],
        risk: held_risk(instrument, held.quantity, held.average_open_price)?,
    }))
}

async fn on_their_way(ports: &Ports, of: &TradedAccount) -> Option<Vec<OrderRecord>> {
    use OrderPhase::{Approved, AwaitingApproval, Claimed, PartlyFilled, Submitting, Unknown, Working};
    let filter = OrderFilter {
        account: Some(of.account.clone()),
        phases: vec![AwaitingApproval, Approved, Claimed, Submitting, Unknown, Working, PartlyFilled],
        limit: Some(1_000),
        ..OrderFilter::default()
    };
    ports.trading.orders.orders(of.user.as_str(), &filter).await.ok()
}

/// An opening order that is on its way; nothing of one that closes.
fn proposed(record: &OrderRecord) -> Option<OpenExposure> {
    let intent = record.intent.as_ref().filter(|intent| intent.opens())?;
    Some(OpenExposure {
        symbol: intent.legs[0].instrument.underlying(),
        strategy: Some(intent.strategy.clone()),
        instruments: intent.legs.iter().map(|leg| leg.instrument.clone()).collect(),
        risk: record.risk.unwrap_or_default(),
    })
}

async fn earnings(ports: &Ports, symbol: &Symbol, now: DateTime<Utc>) -> EarningsFact {
    let Ok(Some(metrics)) = ports.metrics.metrics(symbol, now).await else {
        return if never_reports(symbol) { EarningsFact::Never } else { EarningsFact::Unknown };
    };
    match Earnings::of(symbol, &metrics) {
        Earnings::Never => EarningsFact::Never,
        Earnings::Unknown(_) => EarningsFact::Unknown,
        known => match known.window() {
            // A report that is over is not the next one.
            Some(window) if window.to + TimeDelta::days(1) > now => {
                EarningsFact::Between { from: window.from, to: window.to }
            }
            _ => EarningsFact::Unknown,
        },
    }
}
