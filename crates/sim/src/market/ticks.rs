//! What happens within a minute of an invented market: a price every second, on a path through the minute's open, extremes and
//! close that nothing but the seed, the symbol and the minute decide.

use chrono::{DateTime, Duration, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use ttai_core::{MinuteBar, Symbol};

use super::chain::decimal;
use super::random::Random;

/// Seconds of a minute at which its four prices stand.
const ANCHORS: [i64; 4] = [0, 20, 40, 59];
/// Part of the minute's range by which a price strays from the straight line at most.
const STRAY: f64 = 0.25;

/// A price of a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InventedTick {
    /// When.
    pub time: DateTime<Utc>,
    /// Dollars a share.
    pub price: Decimal,
    /// Shares traded in the minute up to here.
    pub shares: u64,
}

/// A minute's seconds, oldest first: none leaves the minute's range, and its low and its high are among them.
#[must_use]
pub fn ticks(seed: u64, symbol: &Symbol, bar: &MinuteBar) -> Vec<InventedTick> {
    let mut random = Random::new(seed, &format!("{symbol} {}", bar.start.timestamp()));
    // The low comes first in a rising minute: the shortest path through the four prices.
    let (first, second) = if bar.close >= bar.open { (bar.low, bar.high) } else { (bar.high, bar.low) };
    let prices = [bar.open, first, second, bar.close];
    (0..60)
        .map(|second| {
            let stray = STRAY * (bar.high - bar.low) * (2.0 * random.uniform() - 1.0);
            let price = straight(prices, second) + if ANCHORS.contains(&second) { 0.0 } else { stray };
            let passed = f64::from(i32::try_from(second + 1).unwrap_or(60)) / 60.0;
            InventedTick {
                time: bar.start + Duration::seconds(second),
                price: decimal(price.clamp(bar.low, bar.high)),
                shares: (bar.volume * passed).round().to_u64().unwrap_or(0),
            }
        })
        .collect()
}

/// The price at a second on straight lines between the four.
fn straight(prices: [f64; 4], second: i64) -> f64 {
    let next = ANCHORS.partition_point(|anchor| *anchor < second).clamp(1, 3);
    let (begin, end) = (ANCHORS[next - 1], ANCHORS[next]);
    let part = f64::from(i32::try_from(second - begin).unwrap_or(0))
        / f64::from(i32::try_from(end - begin).unwrap_or(1));
    prices[next - 1] + (prices[next] - prices[next - 1]) * part
}

#[cfg(test)]
mod tests {
    use super::*;
    use ttai_core::SessionPart;

    fn bar(open: f64, high: f64, low: f64, close: f64) -> MinuteBar {
        let start = "2026-09-18T15:07:00Z".parse().unwrap();
        MinuteBar { start, session: SessionPart::Regular, open, high, low, close, volume: 600.0 }
    }

    #[test]
    fn a_minute_begins_at_its_open_ends_at_its_close_and_reaches_both_extremes() {
        let symbol = Symbol::new("AAPL").unwrap();
        for bar in [bar(100.0, 100.9, 99.4, 100.2), bar(100.2, 100.4, 99.1, 99.3), bar(5.0, 5.0, 5.0, 5.0)] {
            let ticks = ticks(7, &symbol, &bar);
            let prices: Vec<f64> = ticks.iter().filter_map(|tick| tick.price.to_f64()).collect();
            assert_eq!((prices.len(), prices[0], prices[59]), (60, bar.open, bar.close));
            let least = prices.iter().copied().fold(f64::MAX, f64::min);
            let most = prices.iter().copied().fold(f64::MIN, f64::max);
            assert_eq!((least, most), (bar.low, bar.high));
            assert!(ticks.windows(2).all(|pair| pair[1].time - pair[0].time == Duration::seconds(1)));
            assert_eq!(ticks[59].shares, 600);
        }
    }

    #[test]
    fn the_path_is_the_seeds_own_and_moves_every_few_seconds() {
        let (symbol, bar) = (Symbol::new("AAPL").unwrap(), bar(100.0, 100.9, 99.4, 100.2));
        let path = ticks(7, &symbol, &bar);
        assert_eq!(path, ticks(7, &symbol, &bar));
        assert_ne!(path, ticks(8, &symbol, &bar));
        let moves = path.windows(2).filter(|pair| pair[0].price != pair[1].price).count();
        assert!(moves > 50, "{moves}");
    }
}
