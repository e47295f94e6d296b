//! The customer, the account, its balances, positions and trading status.

use axum::extract::{Path, State};
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use ttai_ports::Instrument;

use super::reply::{Answer, Call, Refusal};
use super::wire::{instant, number, put, quantity};
use super::{ACCOUNT, Tasty, name_of, order_json};
use crate::server::closes::previous_close;
use crate::server::exchange::{MarketSnapshot, Position, Touch};

/// The invented customer.
const CUSTOMER: &str = "me";
/// When the customer and the account were invented.
const OPENED: &str = "2020-01-02T15:00:00.000+00:00";

pub(super) async fn customer(call: Call) -> Answer {
    let address = json!({
        "city": "Chicago", "country": "USA", "is-domestic": true, "is-foreign": false,
        "postal-code": "60607", "state-region": "IL", "street-one": "1 Simulated Street",
    });
    call.data(&json!({
        "id": CUSTOMER,
        "first-name": "Simulated",
        "last-name": "Trader",
        "address": address,
        "mailing-address": address,
        "is-foreign": false,
        "usa-citizenship-type": "Citizen",
        "mobile-phone-number": "+10000000000",
        "birth-date": "1970-01-01",
        "email": "trader@simulated.invalid",
        "external-id": "U0000000001",
        "tax-number-type": "SSN",
        "subject-to-tax-withholding": false,
        "has-industry-affiliation": false,
        "has-listed-affiliation": false,
        "has-political-affiliation": false,
        "has-delayed-quotes": false,
        "has-pending-or-approved-application": true,
        "is-professional": false,
        "permitted-account-types": [],
        "created-at": OPENED,
    }))
}

fn account(state: &Tasty) -> Value {
    let margin = state.sim.exchange.read(|book| book.account(ACCOUNT).is_some_and(|account| account.margin));
    json!({
        "account-number": ACCOUNT,
        "external-id": "A0000000001",
        "opened-at": OPENED,
        "created-at": OPENED,
        "nickname": "Simulated",
        "account-type-name": "Individual",
        "margin-or-cash": if margin { "Margin" } else { "Cash" },
        "day-trader-status": false,
        "is-closed": false,
        "is-firm-error": false,
        "is-firm-proprietary": false,
        "is-foreign": false,
        "is-futures-approved": false,
        "is-test-drive": false,
        "investment-objective": "SPECULATION",
        "suitable-options-level": "No Restrictions",
    })
}

pub(super) async fn list(State(state): State<Tasty>, call: Call) -> Answer {
    call.items(&[json!({ "account": account(&state), "authority-level": "owner" })])
}

pub(super) async fn one(State(state): State<Tasty>, Path(number): Path<String>, call: Call) -> Answer {
    state.account(&number)?;
    call.data(&account(&state))
}

pub(super) async fn trading_status(
    State(state): State<Tasty>,
    Path(number): Path<String>,
    call: Call,
) -> Answer {
    state.account(&number)?;
    call.data(&json!({
        "id": 1,
        "account-number": ACCOUNT,
        "are-far-otm-net-options-restricted": false,
        "day-trade-count": 0,
        "equities-margin-calculation-type": "Cash",
        "fee-schedule-name": "simulated",
        "futures-margin-rate-multiplier": "0.0",
        "has-intraday-equities-margin": false,
        "is-aggregated-at-clearing": false,
        "is-closed": false,
        "is-closing-only": false,
        "is-cryptocurrency-enabled": false,
        "is-equity-offering-closing-only": false,
        "is-equity-offering-enabled": false,
        "is-frozen": false,
        "is-full-equity-margin-required": true,
        "is-futures-closing-only": false,
        "is-futures-enabled": false,
        "is-futures-intra-day-enabled": false,
        "is-in-day-trade-equity-maintenance-call": false,
        "is-in-margin-call": false,
        "is-pattern-day-trader": false,
        "is-portfolio-margin-enabled": false,
        "is-risk-reducing-only": false,
        "is-roll-the-day-forward-enabled": false,
        "is-small-notional-futures-intra-day-enabled": false,
        "options-level": "No Restrictions",
        "short-calls-enabled": false,
        "small-notional-futures-margin-rate-multiplier": "0.0",
        "updated-at": instant(state.sim.market.now()),
    }))
}

/// What an account holds, in dollars, by kind and side.
#[derive(Default)]
struct Values {
    long_equity: Decimal,
    long_options: Decimal,
    short_options: Decimal,
}

impl Values {
    fn of(positions: &[Position], view: &MarketSnapshot) -> Self {
        let mut values = Self::default();
        for position in positions {
            let worth = mark(position, view) * position.quantity * position.instrument.multiplier();
            match (&position.instrument, worth.is_sign_negative()) {
                (Instrument::Equity(_), _) => values.long_equity += worth,
                (Instrument::Option(_), false) => values.long_options += worth,
                (Instrument::Option(_), true) => values.short_options -= worth,
            }
        }
        values
    }

    fn net(&self) -> Decimal {
        self.long_equity + self.long_options - self.short_options
    }
}

/// The mark in dollars a share, or what was paid where nobody quotes.
fn mark(position: &Position, view: &MarketSnapshot) -> Decimal {
    let touch = view.touch(&position.instrument);
    touch.and_then(Touch::mark).unwrap_or(position.average_price)
}

/// The account's balances now, as the REST API and the streamer give them.
pub(super) async fn balance_json(state: &Tasty) -> Value {
    let view = state.sim.exchange.view(&state.sim.market, &[]).await;
    let (cash, positions, free, requirement) = state.sim.exchange.read(|book| {
        let account = book.account(ACCOUNT);
        let positions: Vec<Position> =
            account.map(|account| account.holdings.iter().cloned().collect()).unwrap_or_default();
        let requirement = account.and_then(|account| account.requirement().ok()).unwrap_or_default();
        let cash = account.map_or(Decimal::ZERO, |account| account.cash);
        (cash, positions, book.buying_power(ACCOUNT, &view), requirement)
    });
    let values = Values::of(&positions, &view);
    let net = cash + values.net();
    let mut balance = json!({
        "account-number": ACCOUNT,
        "currency": "USD",
        "cash-balance": number(cash),
        "long-equity-value": number(values.long_equity),
        "long-derivative-value": number(values.long_options),
        "short-derivative-value": number(values.short_options),
        "long-margineable-value": number(values.long_equity),
        "margin-equity": number(net),
        "equity-buying-power": number(free),
        "derivative-buying-power": number(free),
        "day-trading-buying-power": number(Decimal::ZERO),
        "available-trading-funds": number(free),
        "maintenance-requirement": number(requirement),
        "reg-t-margin-requirement": number(requirement),
        "maintenance-excess": number(net - requirement),
        "used-derivative-buying-power": number(requirement),
        "net-liquidating-value": number(net),
        "cash-available-to-withdraw": number(free),
        "day-trade-excess": number(free),
        "pending-cash": "0.0",
        "pending-cash-effect": "None",
        "unsettled-cryptocurrency-fiat-amount": "0.0",
        "unsettled-cryptocurrency-fiat-effect": "None",
        "snapshot-date": ttai_calendar::new_york_date(view.now),
        "updated-at": instant(view.now),
    });
    for absent in NOTHING_OF_IT {
        balance[absent] = json!("0.0");
    }
    balance
}

/// Kinds of value that the simulated account has none of.
const NOTHING_OF_IT: [&str; 22] = [
    "short-equity-value",
    "long-futures-value",
    "short-futures-value",
    "long-futures-derivative-value",
    "short-futures-derivative-value",
    "short-margineable-value",
    "futures-margin-requirement",
    "maintenance-call-value",
    "reg-t-call-value",
    "day-trading-call-value",
    "day-equity-call-value",
    "long-cryptocurrency-value",
    "short-cryptocurrency-value",
    "cryptocurrency-margin-requirement",
    "closed-loop-available-balance",
    "equity-offering-margin-requirement",
    "long-bond-value",
    "bond-margin-requirement",
    "futures-overnight-margin-requirement",
    "futures-intraday-margin-requirement",
    "pending-margin-interest",
    "effective-cryptocurrency-buying-power",
];

pub(super) async fn balances(State(state): State<Tasty>, Path(number): Path<String>, call: Call) -> Answer {
    state.account(&number)?;
    call.items(&[balance_json(&state).await])
}

pub(super) async fn balance(
    State(state): State<Tasty>,
    Path((number, currency)): Path<(String, String)>,
    call: Call,
) -> Answer {
    state.account(&number)?;
    if currency != "USD" {
        return Err(Refusal::not_found(&format!("balance in {currency}")));
    }
    call.data(&balance_json(&state).await)
}

pub(super) async fn positions(State(state): State<Tasty>, Path(number): Path<String>, call: Call) -> Answer {
    state.account(&number)?;
    let marks = call.param("include-marks").is_some_and(|flag| flag.eq_ignore_ascii_case("true"));
    let (symbols, roots) = (call.all("symbol"), call.all("underlying-symbol"));
    let kind = call.param("instrument-type");
    let fits = |position: &Value| {
        let is = |field: &str, wanted: &[&str]| {
            wanted.is_empty() || wanted.iter().any(|wanted| position[field] == *wanted)
        };
        is("symbol", &symbols)
            && is("underlying-symbol", &roots)
            && kind.is_none_or(|kind| position["instrument-type"] == kind)
    };
    let held: Vec<Value> = positions_json(&state, marks).await.into_iter().filter(fits).collect();
    call.items(&held)
}

/// The account's positions, as the REST API and the streamer give them.
pub(super) async fn positions_json(state: &Tasty, marks: bool) -> Vec<Value> {
    let view = state.sim.exchange.view(&state.sim.market, &[]).await;
    let held: Vec<(Position, DateTime<Utc>, DateTime<Utc>)> = state.sim.exchange.read(|book| {
        let holdings =
            book.account(ACCOUNT).map(|account| account.holdings.iter().cloned().collect::<Vec<_>>());
        let positions = holdings.unwrap_or_default().into_iter();
        positions
            .map(|position| {
                let mut times = book
                    .fills_of(ACCOUNT)
                    .filter(|fill| fill.instrument == position.instrument)
                    .map(|fill| fill.at);
                let first = times.next().unwrap_or(view.now);
                let last = times.next_back().unwrap_or(first);
                (position, first, last)
            })
            .collect()
    });
    let mut rows = Vec::with_capacity(held.len());
    for (position, first, last) in &held {
        let price = mark(position, &view);
        let close = previous_close(&state.sim.market, &position.instrument, price).await;
        let mut row = position_json(position, *first, *last, &view, marks);
        // An outage of the past is no change of the day.
        if let (Ok(Some(close)), Some(fields)) = (close, row.as_object_mut()) {
            put(fields, "close-price", Some(number(close)));
        }
        rows.push(row);
    }
    rows
}

fn position_json(
    position: &Position,
    opened: DateTime<Utc>,
    changed: DateTime<Utc>,
    view: &MarketSnapshot,
    marks: bool,
) -> Value {
    let short = position.quantity.is_sign_negative();
    let (kind, symbol) = order_json::spelled(&position.instrument);
    let price = mark(position, view);
    let multiplier = position.instrument.multiplier();
    let mut json = json!({
        "account-number": ACCOUNT,
        "symbol": symbol,
        "instrument-type": kind,
        "underlying-symbol": underlying(&position.instrument),
        "quantity": quantity(position.quantity.abs()),
        "quantity-direction": if short { "Short" } else { "Long" },
        "average-open-price": number(position.average_price.round_dp(8)),
        "multiplier": quantity(multiplier),
        "cost-effect": if short { "Debit" } else { "Credit" },
        "is-suppressed": false,
        "is-frozen": false,
        "restricted-quantity": 0,
        "realized-day-gain": "0.0",
        "realized-day-gain-effect": "None",
        "realized-today": "0.0",
        "realized-today-effect": "None",
        "created-at": instant(opened),
        "updated-at": instant(changed),
    });
    if let Some(fields) = json.as_object_mut() {
        put(fields, "expires-at", expires_at(&position.instrument).map(instant));
        if marks {
            put(fields, "mark-price", Some(number(price)));
            put(fields, "mark", Some(number(price * position.quantity.abs() * multiplier)));
        }
    }
    json
}

/// The underlying's name.
pub(super) fn underlying(instrument: &Instrument) -> String {
    match instrument {
        Instrument::Equity(symbol) => name_of(symbol),
        Instrument::Option(contract) => name_of(&contract.underlying()),
    }
}

fn expires_at(instrument: &Instrument) -> Option<DateTime<Utc>> {
    match instrument {
        Instrument::Equity(_) => None,
        Instrument::Option(contract) => ttai_calendar::pm_expiration_close(contract.expiration),
    }
}
