//! Events written as short as the tests need them.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::needless_pass_by_value,
    reason = "each test binary uses its share"
)]

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use ttai_core::Symbol;
use ttai_core::alert::{AlertDefinition, AlertSubject};
use ttai_engine::{
    Engine, Firing, InstrumentId, MarketBar, MarketEvent, MarketGap, MarketQuote, MarketTrade, Watched,
};

/// An engine, a day of its market and what fired.
pub struct Desk {
    pub engine: Engine,
    pub fired: Vec<Firing>,
    pub day: &'static str,
}

pub fn at(day: &str, clock: &str) -> DateTime<Utc> {
    let local =
        chrono::NaiveDateTime::parse_from_str(&format!("{day}T{clock}"), "%Y-%m-%dT%H:%M:%S").unwrap();
    local.and_local_timezone(ttai_core::NEW_YORK).single().unwrap().with_timezone(&Utc)
}

pub fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub fn alert(id: &str, symbol: &str, when: serde_json::Value, options: serde_json::Value) -> AlertDefinition {
    let subject = serde_json::to_value(AlertSubject::parse(symbol).unwrap()).unwrap();
    let mut value = serde_json::json!({"id": id, "subject": subject, "when": when});
    for (name, option) in options.as_object().unwrap() {
        value[name] = option.clone();
    }
    serde_json::from_value(value).unwrap()
}

impl Desk {
    pub fn new(day: &'static str) -> Self {
        Self { engine: Engine::new(), fired: Vec::new(), day }
    }

    pub fn id(&mut self, symbol: &str) -> InstrumentId {
        let watched = match AlertSubject::parse(symbol).unwrap() {
            AlertSubject::Option { contract } => Watched::Option(contract),
            _ => Watched::Equity(Symbol::new(symbol).unwrap()),
        };
        self.engine.instrument(&watched)
    }

    pub fn now(&self, clock: &str) -> DateTime<Utc> {
        at(self.day, clock)
    }

    pub fn arm(&mut self, clock: &str, alert: AlertDefinition) {
        assert_eq!(alert.check(self.now(clock)), Ok(()));
        self.engine.arm(alert, 1, self.now(clock)).unwrap();
    }

    pub fn event(&mut self, event: &MarketEvent) -> Vec<Firing> {
        let mut fired = Vec::new();
        self.engine.on_event(event, &mut fired);
        self.fired.extend(fired.iter().cloned());
        fired
    }

    pub fn trade_event(&mut self, clock: &str, symbol: &str, price: &str) -> MarketTrade {
        let time = self.now(clock);
        MarketTrade {
            instrument: self.id(symbol),
            price: number(price),
            size: 100.0,
            day_volume: None,
            market_time: Some(time),
            received_at: time,
            eligible: true,
            condition: None,
        }
    }

    pub fn trade(&mut self, clock: &str, symbol: &str, price: &str) -> Vec<Firing> {
        let trade = self.trade_event(clock, symbol, price);
        self.event(&MarketEvent::Trade(trade))
    }

    pub fn quote(&mut self, clock: &str, symbol: &str, bid: &str, ask: &str) -> Vec<Firing> {
        let time = self.now(clock);
        let instrument = self.id(symbol);
        let (bid, ask) = (Some(number(bid)), Some(number(ask)));
        self.event(&MarketEvent::Quote(MarketQuote {
            instrument,
            bid,
            ask,
            market_time: Some(time),
            received_at: time,
            condition: None,
        }))
    }

    pub fn bar(&mut self, clock: &str, symbol: &str, prices: [&str; 4], received: &str) -> Vec<Firing> {
        let [open, high, low, close] = prices.map(number);
        let (start, received_at) = (self.now(clock), self.now(received));
        let instrument = self.id(symbol);
        let volume = 1000.0;
        self.event(&MarketEvent::Bar(MarketBar {
            instrument,
            start,
            open,
            high,
            low,
            close,
            volume,
            received_at,
        }))
    }

    pub fn gap(&mut self, from: &str, until: &str) -> Vec<Firing> {
        let (from, until) = (self.now(from), self.now(until));
        self.event(&MarketEvent::Gap(MarketGap { instrument: None, from, until }))
    }

    pub fn time(&mut self, clock: &str) -> Vec<Firing> {
        let mut fired = Vec::new();
        self.engine.on_time(self.now(clock), &mut fired);
        self.fired.extend(fired.iter().cloned());
        fired
    }
}
