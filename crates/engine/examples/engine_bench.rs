//! How fast the engine is: `cargo run --release -p ttai-engine --example engine_bench`.
//!
//! 5,000 symbols, 100,000 armed alerts with levels within 2 % of their symbol's price, 1 event in 1,000 firing, and 5 % of the
//! alerts changed a minute of market time, at 20,000 events a second of it. One thread. An event is timed on its own for the
//! percentiles, and all of them together for the rate.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a command that measures"
)]

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use ttai_core::Symbol;
use ttai_core::alert::{AlertCondition, AlertDefinition, AlertSubject, PriceTrigger};
use ttai_engine::{Engine, Firing, InstrumentId, MarketEvent, MarketTrade, Watched};

const SYMBOLS: usize = 5_000;
const ALERTS: usize = 100_000;
const EVENTS: usize = 4_000_000;
const FIRING_EVERY: usize = 1_000;
const EVENTS_A_SECOND: usize = 20_000;
/// 5 % of the alerts a minute, as events between two changes.
const CHANGE_EVERY: usize = EVENTS_A_SECOND * 60 / (ALERTS / 20);

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound
    }
}

struct Market {
    engine: Engine,
    ids: Vec<InstrumentId>,
    /// Cents.
    prices: Vec<i64>,
    dice: Dice,
    now: DateTime<Utc>,
    next_alert: usize,
    /// Per symbol: ids of its alerts, and levels, in cents.
    alerts: Vec<Vec<(String, i64)>>,
}

impl Market {
    fn new() -> Self {
        let mut dice = Dice(7);
        let mut engine = Engine::new();
        let name = |place: usize| format!("S{place}");
        let symbols = (0..SYMBOLS).map(|place| Symbol::new(&name(place)).expect("a ticker"));
        let ids = symbols.map(|symbol| engine.instrument(&Watched::Equity(symbol))).collect();
        let prices = (0..SYMBOLS).map(|_| 5_000 + dice.below(60_000) as i64).collect();
        let now = "2024-06-05T13:30:00Z".parse().expect("a time");
        let alerts = vec![Vec::new(); SYMBOLS];
        let mut market = Self { engine, ids, prices, dice, now, next_alert: 0, alerts };
        for place in 0..SYMBOLS {
            market.trade(place, market.prices[place], &mut Vec::new());
            market.trade(place, market.prices[place], &mut Vec::new());
        }
        (0..ALERTS).for_each(|alert| market.arm(alert % SYMBOLS));
        market
    }

    /// One more alert of a symbol, 0.2 to 2 % away.
    fn arm(&mut self, place: usize) {
        let price = self.prices[place];
        let away = 1 + price / 500 + self.dice.below((price / 56) as usize) as i64;
        let (when, level) = if self.dice.below(2) == 0 {
            (PriceTrigger::Above, price + away)
        } else {
            (PriceTrigger::Below, price - away)
        };
        let symbol = Symbol::new(&format!("S{place}")).expect("a ticker");
        let id = format!("alert-{}", self.next_alert);
        self.next_alert += 1;
        let condition = AlertCondition::Price { when, level: Decimal::new(level, 2) };
        let definition = AlertDefinition::new(id.clone(), AlertSubject::Symbol { symbol }, condition);
        self.alerts[place].push((id, level));
        self.engine.arm(definition, 1, self.now).expect("a new id");
    }

    fn change(&mut self) {
        let place = self.dice.below(SYMBOLS);
        if let Some((id, _)) = self.alerts[place].pop() {
            self.engine.remove(&id);
        }
        self.arm(place);
    }

    fn event(&self, place: usize, cents: i64) -> MarketEvent {
        MarketEvent::Trade(MarketTrade {
            instrument: self.ids[place],
            price: Decimal::new(cents, 2),
            size: 100.0,
            day_volume: None,
            market_time: Some(self.now),
            received_at: self.now,
            eligible: true,
            condition: None,
        })
    }

    fn trade(&mut self, place: usize, cents: i64, firings: &mut Vec<Firing>) -> Duration {
        let event = self.event(place, cents);
        let start = Instant::now();
        self.engine.on_event(&event, firings);
        start.elapsed()
    }

    /// A price next to the last one that reaches no level, or the nearest level.
    fn next_price(&mut self, place: usize, fires: bool) -> i64 {
        let price = self.prices[place];
        let levels = self.alerts[place].iter().map(|(_, level)| *level);
        let nearest = levels.min_by_key(|level| level.abs_diff(price)).unwrap_or(price + 1);
        let room = nearest.abs_diff(price) as i64 - 1;
        let step = (self.dice.below(7) as i64 - 3).clamp(-room.max(0), room.max(0));
        if fires { nearest } else { price + step }
    }

    /// Whoever heard of a firing arms another alert instead.
    fn replace(&mut self, place: usize, firings: &mut Vec<Firing>) {
        for firing in firings.drain(..) {
            self.engine.remove(&firing.alert_id);
            self.alerts[place].retain(|(id, _)| *id != firing.alert_id);
            self.arm(place);
        }
    }
}

/// Resident memory, bytes.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split(' ').nth(1).and_then(|count| count.parse::<u64>().ok()).unwrap_or(0) * 4096
}

fn main() {
    let before = resident();
    let mut market = Market::new();
    let armed = resident();
    let mut times: Vec<u32> = Vec::with_capacity(EVENTS);
    let (mut fired, mut changes, mut changing) = (0, 0, Duration::ZERO);
    let mut firings = Vec::new();
    for event in 0..EVENTS {
        market.now += TimeDelta::microseconds(1_000_000 / EVENTS_A_SECOND as i64);
        if event % CHANGE_EVERY == 0 {
            let start = Instant::now();
            market.change();
            changing += start.elapsed();
            changes += 1;
        }
        let place = market.dice.below(SYMBOLS);
        let cents = market.next_price(place, event % FIRING_EVERY == 0);
        let took = market.trade(place, cents, &mut firings);
        market.prices[place] = cents;
        times.push(u32::try_from(took.as_nanos()).unwrap_or(u32::MAX));
        fired += firings.len();
        market.replace(place, &mut firings);
    }
    let after = resident();
    let total: u64 = times.iter().map(|time| u64::from(*time)).sum();
    times.sort_unstable();
    let at = |share: f64| f64::from(times[((times.len() - 1) as f64 * share) as usize]) / 1000.0;
    let mib = |bytes: u64| bytes as f64 / 1_048_576.0;
    println!(
        "| Symbols | Alerts | Events | Fired | Changed | Events a second | p50 µs | p99 µs | p99.9 µs | max µs | Memory MiB |"
    );
    println!("|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    println!(
        "| {SYMBOLS} | {} | {EVENTS} | {fired} | {changes} | {:.0} | {:.2} | {:.2} | {:.2} | {:.1} | {:.0} |",
        market.engine.len(),
        EVENTS as f64 / (total as f64 / 1e9),
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0),
        mib(armed.saturating_sub(before)),
    );
    let snapshot = market.engine.snapshot();
    println!();
    println!(
        "A change takes {:.1} µs. The process holds {:.0} MiB with the bench's own tables and timings.",
        changing.as_secs_f64() * 1e6 / f64::from(changes),
        mib(after)
    );
    let saved = serde_json::to_vec(&snapshot).expect("plain data");
    println!(
        "The snapshot has {} alerts and {:.1} MiB of JSON.",
        snapshot.alert_ids().count(),
        mib(saved.len() as u64)
    );
}
