//! Whether an alert is true before it is armed: what the engine would make of the market as it stands.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use ttai_calendar::{new_york_date, previous_session, session};
use ttai_core::OccSymbol;
use ttai_core::alert::{AlertDefinition, AlertSubject};
use ttai_engine::{Engine, MarketEvent, MarketQuote, MarketTrade, Watched, text};
use ttai_ports::PortError;

use super::backfill;
use crate::ports::Ports;

/// How long before a price the one that bears it out is taken to have been.
const BEFORE: TimeDelta = TimeDelta::seconds(1);

/// What an alert would say if it were armed now; none where it is not true, or where nobody knows.
pub(super) async fn already_true(ports: &Ports, alert: &AlertDefinition) -> Option<String> {
    match look(ports, alert).await {
        Ok(said) => said,
        Err(error) => {
            tracing::debug!("whether {} is true already is not known: {error}", alert.subject);
            None
        }
    }
}

async fn look(ports: &Ports, alert: &AlertDefinition) -> Result<Option<String>, PortError> {
    let Some(standing) = Standing::of(ports, &alert.subject).await? else { return Ok(None) };
    let mut engine = Engine::new();
    let (at, id) = (standing.at, engine.instrument(&standing.watched));
    // A pause or a snooze says when it fires, not whether it is true.
    let alert = AlertDefinition { paused: false, snoozed_until: None, expires_at: None, ..alert.clone() };
    if engine.arm(alert.clone(), 1, at - BEFORE * 3).is_err() {
        return Ok(None);
    }
    let mut fired = Vec::new();
    if let AlertSubject::Symbol { symbol } = &alert.subject {
        let (facts, _) = backfill::facts(ports, symbol.clone(), at).await?;
        engine.on_event(&MarketEvent::Facts(id, facts), &mut fired);
    }
    for before in [BEFORE * 2, BEFORE] {
        let time = at - before;
        engine.on_event(&MarketEvent::Quote(standing.quote(id, time)), &mut fired);
        if let Some(price) = standing.last {
            engine.on_event(&MarketEvent::Trade(trade(id, price, time)), &mut fired);
        }
    }
    engine.on_time(at, &mut fired);
    Ok(fired.first().map(|firing| text::title(&alert, firing, new_york_date(at))))
}

/// A market as it stands, at a time at which it can be compared.
struct Standing {
    watched: Watched,
    bid: Option<Decimal>,
    ask: Option<Decimal>,
    last: Option<Decimal>,
    at: DateTime<Utc>,
}

impl Standing {
    async fn of(ports: &Ports, subject: &AlertSubject) -> Result<Option<Self>, PortError> {
        match subject {
            AlertSubject::Symbol { symbol } => {
                let now = ports.market.now(symbol).await?;
                let quote = ports.market.quote(symbol, now).await?;
                let (bid, ask) = (quote.bid, quote.ask);
                let watched = Watched::Equity(symbol.clone());
                Ok(compared_at(now).map(|at| Self { watched, bid, ask, last: quote.last, at }))
            }
            AlertSubject::Option { contract } => Self::of_option(ports, contract).await,
            _ => Ok(None),
        }
    }

    async fn of_option(ports: &Ports, contract: &OccSymbol) -> Result<Option<Self>, PortError> {
        let underlying = contract.underlying();
        let now = ports.market.now(&underlying).await?;
        let chain = ports.market.option_chain(&underlying, now).await?;
        let found = chain.quotes.iter().find(|quote| quote.contract.occ() == *contract);
        Ok(found.zip(compared_at(now)).map(|(quote, at)| Self {
            watched: Watched::Option(contract.clone()),
            bid: Some(quote.bid),
            ask: Some(quote.ask),
            last: None,
            at,
        }))
    }

    fn quote(&self, instrument: ttai_engine::InstrumentId, time: DateTime<Utc>) -> MarketQuote {
        MarketQuote {
            instrument,
            bid: self.bid,
            ask: self.ask,
            market_time: Some(time),
            received_at: time,
            condition: None,
        }
    }
}

fn trade(instrument: ttai_engine::InstrumentId, price: Decimal, time: DateTime<Utc>) -> MarketTrade {
    MarketTrade {
        instrument,
        price,
        size: 1.0,
        day_volume: None,
        market_time: Some(time),
        received_at: time,
        eligible: true,
        condition: None,
    }
}

/// The present, in the session; outside it the end of the last one, where prices stand until the next opens.
fn compared_at(now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let date = new_york_date(now);
    let today = session(date).filter(|hours| hours.open + BEFORE * 3 < now);
    let hours = today.or_else(|| previous_session(date).ok())?;
    Some(now.min(hours.close - BEFORE))
}
