//! Quotes and what happens to them.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use ttai_core::{NEW_YORK, Quote, QuoteCondition};
use ttai_ports::StreamEvent;

use super::tables::{render, table};

/// `ttai quotes`.
#[must_use]
pub fn quotes<'a>(rows: impl Iterator<Item = &'a Quote>) -> String {
    let mut table = table(&["symbol", "bid", "ask", "last", "volume", "market time", "source", "note"]);
    for quote in rows {
        table.add_row([
            quote.symbol.to_string(),
            price(quote.bid),
            price(quote.ask),
            price(quote.last),
            quote.volume.to_string(),
            moment(known_time(quote)),
            quote.source.clone(),
            quote.conditions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        ]);
    }
    render(&table)
}

/// `ttai quotes --follow`: one event in one line.
#[must_use]
pub fn stream_event(event: &StreamEvent) -> String {
    match event {
        StreamEvent::Quote(quote) => {
            let (bid, ask) = (price(quote.bid), price(quote.ask));
            let head = format!("{}  {:<22}", moment(quote.market_time), quote.symbol.to_string());
            let sizes = format!("  size {} × {}", quote.bid_size, quote.ask_size);
            format!("{head} quote  {bid} × {ask}{sizes}{}", doubt(quote.condition))
        }
        StreamEvent::Trade(trade) => {
            let note = if trade.eligible { "" } else { "  (sets no last price)" };
            let head = format!("{}  {:<22}", moment(trade.market_time), trade.symbol.to_string());
            let doubt = doubt(trade.condition);
            format!("{head} trade  {}  size {}{note}{doubt}", price(Some(trade.price)), trade.size)
        }
        StreamEvent::Greeks(greeks) => format!(
            "{}  {:<22} greeks delta {:.3}  gamma {:.4}  theta {:.3}  vega {:.3}  iv {:.1} %",
            moment(greeks.market_time),
            greeks.symbol.to_string(),
            greeks.delta,
            greeks.gamma,
            greeks.theta,
            greeks.vega,
            100.0 * greeks.volatility
        ),
        StreamEvent::Gap(gap) => {
            let whose: Vec<String> = gap.symbols.iter().map(ToString::to_string).collect();
            let whose = if whose.is_empty() { "all".to_owned() } else { whose.join(", ") };
            format!("{}  {whose:<22} gap    since {}: {}", time(gap.until), time(gap.from), gap.reason)
        }
        StreamEvent::Halt(halt) => {
            let what = if halt.halted { "halted" } else { "trades again" };
            format!(
                "{}  {:<22} halt   {what} {}",
                time(halt.market_time),
                halt.symbol.to_string(),
                halt.reason
            )
            .trim_end()
            .to_owned()
        }
    }
}

/// When the market was so; none where only the time of receipt is known.
fn known_time(quote: &Quote) -> Option<DateTime<Utc>> {
    (!quote.conditions.contains(&QuoteCondition::LastKnown)).then_some(quote.market_time)
}

/// As wide as a time.
fn moment(moment: Option<DateTime<Utc>>) -> String {
    moment.map_or_else(|| format!("{:<22}", "time unknown"), time)
}

fn doubt(condition: Option<QuoteCondition>) -> String {
    condition.map(|condition| format!("  ({condition})")).unwrap_or_default()
}

fn time(moment: DateTime<Utc>) -> String {
    moment.with_timezone(&NEW_YORK).format("%Y-%m-%d %H:%M:%S ET").to_string()
}

/// At least cents; more where the price has more.
fn price(value: Option<Decimal>) -> String {
    value.map_or_else(dash, |price| {
        let price = price.normalize();
        let places = price.scale().max(2);
        format!("{price:.places$}", places = places as usize)
    })
}

fn dash() -> String {
    "–".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_have_cents_and_keep_what_is_finer() {
        let shown = |text: &str| price(Some(text.parse().unwrap()));
        assert_eq!([shown("5"), shown("5.10000"), shown("0.1234")], ["5.00", "5.10", "0.1234"]);
        assert_eq!(price(None), "–");
    }
}
