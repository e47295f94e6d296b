//! What the market shows of a symbol, as the events of dxFeed.

use chrono::{DateTime, Duration, NaiveDate, Utc};
use rust_decimal::prelude::ToPrimitive;
use ttai_calendar::{new_york_date, part_of_day};
use ttai_core::{OccSymbol, SessionPart, Symbol};
use ttai_quant::chain::ContractGreeks;

use super::schema::Fields;
use super::value::Value;
use crate::server::market::{Print, SimMarket};

/// What a streamer symbol names.
#[derive(Clone, Debug)]
pub(super) enum Instrument {
    Share(Symbol),
    Option(OccSymbol),
}

impl Instrument {
    /// None for what is not listed here.
    pub(super) fn parse(text: &str, market: &SimMarket) -> Option<Self> {
        if text.starts_with('.') {
            let contract = OccSymbol::from_streamer(text).ok()?;
            return market.lists(&contract.underlying()).then_some(Self::Option(contract));
        }
        let symbol = Symbol::from_streamer(text).ok()?;
        market.lists(&symbol).then_some(Self::Share(symbol))
    }
}

/// The present state of an instrument as an event of a type; none where there is none.
pub(super) async fn present(market: &SimMarket, instrument: &Instrument, event_type: &str) -> Option<Fields> {
    match (instrument, event_type) {
        (Instrument::Share(symbol), "Quote") => share_quote(market, symbol).await,
        (Instrument::Share(symbol), "Summary") => share_summary(market, symbol).await,
        (Instrument::Share(symbol), "Profile") => share_profile(market, symbol).await,
        (Instrument::Option(contract), "Profile") => Some(profile(&contract.to_string(), false)),
        (Instrument::Option(contract), _) => option(market, contract, event_type).await,
        _ => None,
    }
}

fn long(time: DateTime<Utc>) -> Value {
    Value::Long(time.timestamp_millis())
}

fn day_id(date: NaiveDate) -> Value {
    Value::Long((date - NaiveDate::default()).num_days())
}

async fn share_quote(market: &SimMarket, symbol: &Symbol) -> Option<Fields> {
    let quote = market.quote(symbol).await.ok()?;
    Some(quote_fields([Value::price(quote.bid), Value::price(quote.ask)], [200.0, 300.0]))
}

/// As the real feed sends them: its quotes have no time of their own.
fn quote_fields([bid, ask]: [Value; 2], [bid_size, ask_size]: [f64; 2]) -> Fields {
    vec![
        ("sequence", Value::Long(0)),
        ("timeNanoPart", Value::Long(0)),
        ("bidTime", Value::Long(0)),
        ("bidExchangeCode", Value::text("Q")),
        ("bidPrice", bid),
        ("bidSize", Value::Double(bid_size)),
        ("askTime", Value::Long(0)),
        ("askExchangeCode", Value::text("Q")),
        ("askPrice", ask),
        ("askSize", Value::Double(ask_size)),
    ]
}

async fn option(market: &SimMarket, contract: &OccSymbol, event_type: &str) -> Option<Fields> {
    let chain = market.chain(&contract.underlying()).await.ok()?;
    let (quote, priced) = chain.contract(contract)?;
    let sizes = [f64::from(quote.bid_size), f64::from(quote.ask_size)];
    match event_type {
        "Quote" => {
            // Zero means that nobody bids or offers.
            let prices =
                [quote.bid, quote.ask].map(|price| Value::price(Some(price).filter(|p| !p.is_zero())));
            Some(quote_fields(prices, sizes))
        }
        "Trade" => {
            let price = quote.last?.to_f64()?;
            let volume = quote.volume as f64;
            Some(trade_fields(&Print { time: quote.quote_time, price, size: 1.0 }, volume, f64::NAN, 0))
        }
        "Greeks" => {
            // Without a market that implies a volatility there are none, and the feed says so with numbers that are none.
            let greek = |read: fn(&ContractGreeks) -> f64| Value::number(priced.greeks.as_ref().map(read));
            let time = quote.quote_time;
            let index = time.timestamp() << 32 | i64::from(time.timestamp_subsec_millis()) << 22;
            Some(vec![
                ("eventFlags", Value::Long(0)),
                ("index", Value::Long(index)),
                ("time", long(time)),
                ("sequence", Value::Long(0)),
                ("price", Value::price(Some(quote.mid()))),
                ("volatility", Value::number(priced.iv)),
                ("delta", greek(|greeks| greeks.delta)),
                ("gamma", greek(|greeks| greeks.gamma)),
                ("theta", greek(|greeks| greeks.theta)),
                ("rho", greek(|greeks| greeks.rho)),
                ("vega", greek(|greeks| greeks.vega)),
            ])
        }
        "Summary" => {
            let interest = quote.open_interest.and_then(|open| i64::try_from(open).ok()).unwrap_or(0);
            let date = new_york_date(quote.quote_time);
            Some(summary(date, [f64::NAN; 4], (date, f64::NAN, f64::NAN), interest))
        }
        _ => None,
    }
}

async fn share_summary(market: &SimMarket, symbol: &Symbol) -> Option<Fields> {
    let history = market.daily(symbol).await.ok()?;
    let previous = history.bars.last()?;
    let date = history.today.map_or_else(|| new_york_date(market.now()), |today| today.date);
    let is_open = market.is_open();
    let prices = history.today.map_or([f64::NAN; 4], |today| {
        // The day has a close once it is over.
        [today.open, today.high, today.low, if is_open { f64::NAN } else { today.close }]
    });
    Some(summary(date, prices, (previous.date, previous.close, previous.volume), 0))
}

fn summary(
    date: NaiveDate,
    [open, high, low, close]: [f64; 4],
    (previous, previous_close, previous_volume): (NaiveDate, f64, f64),
    interest: i64,
) -> Fields {
    vec![
        ("dayId", day_id(date)),
        ("dayOpenPrice", Value::Double(open)),
        ("dayHighPrice", Value::Double(high)),
        ("dayLowPrice", Value::Double(low)),
        ("dayClosePrice", Value::Double(close)),
        ("dayClosePriceType", Value::text(if close.is_nan() { "REGULAR" } else { "FINAL" })),
        ("prevDayId", day_id(previous)),
        ("prevDayClosePrice", Value::Double(previous_close)),
        ("prevDayClosePriceType", Value::text("FINAL")),
        ("prevDayVolume", Value::Double(previous_volume)),
        ("openInterest", Value::Long(interest)),
    ]
}

async fn share_profile(market: &SimMarket, symbol: &Symbol) -> Option<Fields> {
    let mut fields = profile(&format!("{symbol} (simulated)"), market.is_halted(symbol));
    let days = market.adjusted_daily(symbol).await.unwrap_or_default();
    let year = days.get(days.len().saturating_sub(252)..).unwrap_or_default();
    let high = year.iter().map(|day| day.high).reduce(f64::max);
    let low = year.iter().map(|day| day.low).reduce(f64::min);
    for (name, value) in &mut fields {
        match *name {
            "high52WeekPrice" => *value = Value::number(high),
            "low52WeekPrice" => *value = Value::number(low),
            _ => {}
        }
    }
    Some(fields)
}

fn profile(description: &str, halted: bool) -> Fields {
    let unknown = || Value::Double(f64::NAN);
    vec![
        ("description", Value::text(description)),
        ("shortSaleRestriction", Value::text("INACTIVE")),
        ("tradingStatus", Value::text(if halted { "HALTED" } else { "ACTIVE" })),
        ("statusReason", Value::text(if halted { "simulated halt" } else { "" })),
        ("haltStartTime", Value::Long(0)),
        ("haltEndTime", Value::Long(0)),
        ("highLimitPrice", unknown()),
        ("lowLimitPrice", unknown()),
        ("high52WeekPrice", unknown()),
        ("low52WeekPrice", unknown()),
        ("beta", unknown()),
        ("earningsPerShare", unknown()),
        ("dividendFrequency", unknown()),
        ("exDividendAmount", unknown()),
        ("exDividendDayId", Value::Long(0)),
        ("shares", unknown()),
        ("freeFloat", unknown()),
    ]
}

/// The prints of a share after a moment, of the regular session or of the hours around it, as trade events with the newest
/// last. With none before (`after` is none) only the newest of the last days.
pub(super) async fn trades(
    market: &SimMarket,
    symbol: &Symbol,
    extended: bool,
    after: Option<DateTime<Utc>>,
) -> Vec<(DateTime<Utc>, Fields)> {
    let now = market.now();
    let of_these_hours = |print: &Print| {
        let part = part_of_day(print.time);
        part.is_some_and(|part| (part == SessionPart::Regular) != extended)
    };
    let mut day = new_york_date(now);
    // The newest print may be of the session before: on a week-end three days ago.
    let days = if after.is_some() { 1 } else { 5 };
    for _ in 0..days {
        let until = ttai_calendar::new_york_instant(day, 23, 59).map_or(now, |end| end.min(now));
        let begin = until - Duration::days(1);
        let volume = volume_of(market, symbol, day).await;
        let mut prints = market.prints(symbol, begin, until).await.unwrap_or_default();
        prints.retain(of_these_hours);
        if !prints.is_empty() || after.is_some() {
            let first = if after.is_none() { prints.len() - 1 } else { 0 };
            let fresh = prints
                .iter()
                .enumerate()
                .skip(first)
                .filter(|(_, print)| after.is_none_or(|after| print.time > after));
            return fresh
                .map(|(at, print)| (print.time, trade(&prints, at, print, volume, extended)))
                .collect();
        }
        let Some(before) = day.pred_opt() else { break };
        day = before;
    }
    Vec::new()
}

async fn volume_of(market: &SimMarket, symbol: &Symbol, date: NaiveDate) -> f64 {
    market.minutes(symbol, date).await.unwrap_or_default().iter().map(|bar| bar.volume).sum()
}

fn trade(prints: &[Print], at: usize, print: &Print, volume: f64, extended: bool) -> Fields {
    let before = at.checked_sub(1).and_then(|before| prints.get(before));
    let change = before.map_or(f64::NAN, |before| print.price - before.price);
    let mut fields = trade_fields(print, volume, change, at);
    if let Some((_, value)) = fields.last_mut().filter(|(name, _)| *name == "extendedTradingHours") {
        *value = Value::Flag(extended);
    }
    fields
}

fn trade_fields(print: &Print, day_volume: f64, change: f64, sequence: usize) -> Fields {
    let direction = match change {
        change if change > 0.0 => "UP",
        change if change < 0.0 => "DOWN",
        0.0 => "ZERO",
        _ => "UNDEFINED",
    };
    vec![
        ("time", long(print.time)),
        ("timeNanoPart", Value::Long(0)),
        ("sequence", Value::Long(i64::try_from(sequence).unwrap_or(0))),
        ("exchangeCode", Value::text("Q")),
        ("price", Value::Double(print.price)),
        ("change", Value::Double(change)),
        ("size", Value::Double(print.size)),
        ("dayId", day_id(new_york_date(print.time))),
        ("dayVolume", Value::Double(day_volume)),
        ("dayTurnover", Value::Double(f64::NAN)),
        ("tickDirection", Value::text(direction)),
        ("extendedTradingHours", Value::Flag(false)),
    ]
}
