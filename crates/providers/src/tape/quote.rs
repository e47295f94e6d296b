//! The quote of a share at a moment: the newest of the minutes, the chain's underlying and the daily close.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use ttai_calendar::{new_york_date, session};
use ttai_core::{Quote, QuoteCondition, SessionPart, Split, Symbol};

use super::minutes::Minute;
use crate::freshness::{is_stale, of_sides};

/// The prices at one moment, before they are judged.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Prices {
    pub(super) bid: Option<Decimal>,
    pub(super) ask: Option<Decimal>,
    pub(super) last: Option<Decimal>,
    pub(super) volume: u64,
    pub(super) market_time: DateTime<Utc>,
    /// Only outlying quotes were recorded.
    pub(super) outlier: bool,
}

/// A price as a decimal with the digits that the number prints.
pub(super) fn decimal(price: f64) -> Option<Decimal> {
    Decimal::from_f64(price).map(|decimal| decimal.normalize())
}

/// Shares traded in the regular session's minutes that ended by `until`; before the open, in the pre-market's.
pub(super) fn volume(minutes: &[Minute], until: DateTime<Utc>) -> u64 {
    let sum = |part: SessionPart| {
        let ended = minutes.iter().filter(|minute| minute.end() <= until && minute.session == part);
        ended.filter_map(|minute| minute.trades).map(|bar| bar.volume).sum::<f64>()
    };
    let has_opened = session_has_opened(until);
    let shares = sum(if has_opened { SessionPart::Regular } else { SessionPart::Pre });
    Decimal::from_f64(shares.round()).and_then(|shares| shares.try_into().ok()).unwrap_or(0)
}

fn session_has_opened(at: DateTime<Utc>) -> bool {
    session(new_york_date(at)).is_none_or(|session| at >= session.open)
}

/// The prices of one day's minutes that ended by `until`; none where nothing had been quoted or traded.
pub(super) fn from_minutes(minutes: &[Minute], until: DateTime<Utc>) -> Option<Prices> {
    let ended = || minutes.iter().rev().filter(|minute| minute.end() <= until);
    let quoted = |minute: &&Minute| minute.bid.is_some() || minute.ask.is_some();
    let good = ended().filter(quoted).find(|minute| !minute.quote_outlier);
    let quote = good.or_else(|| ended().find(quoted));
    let trade = ended().find(|minute| minute.trades.is_some());
    let market_time = match (good, trade) {
        (Some(quote), _) => quote.end(),
        (None, Some(trade)) => trade.end(),
        (None, None) => quote?.end(),
    };
    Some(Prices {
        bid: quote.and_then(|minute| minute.bid),
        ask: quote.and_then(|minute| minute.ask),
        last: trade.and_then(Minute::last).and_then(decimal),
        volume: volume(minutes, until),
        market_time,
        outlier: quote.is_some() && good.is_none(),
    })
}

impl Prices {
    /// The newer of two. Of the same time the one that quotes more sides: minutes built from trades alone do not hide the
    /// quote beside a chain. Else the first.
    pub(super) fn or_newer(self, other: Self) -> Self {
        if (other.market_time, other.sides()) > (self.market_time, self.sides()) { other } else { self }
    }

    fn sides(&self) -> usize {
        usize::from(self.bid.is_some()) + usize::from(self.ask.is_some())
    }

    /// The prices in the shares of `as_of`, with what is wrong with them.
    pub(super) fn judge(
        self,
        symbol: &Symbol,
        as_of: DateTime<Utc>,
        splits: &[Split],
        source: &str,
    ) -> Quote {
        let mut conditions = Vec::new();
        if is_stale(self.market_time, as_of) {
            conditions.push(QuoteCondition::Stale);
        }
        conditions.extend(of_sides(self.bid, self.ask));
        if self.outlier {
            conditions.push(QuoteCondition::Outlier);
        }
        let quoted_on = new_york_date(self.market_time);
        let ratio: f64 =
            splits.iter().filter(|split| split.effective > quoted_on).map(|split| split.ratio).product();
        let adjusted = |price: Option<Decimal>| {
            if ratio == 1.0 { price } else { Some((price? / decimal(ratio)?).round_dp(4).normalize()) }
        };
        Quote {
            symbol: symbol.clone(),
            bid: adjusted(self.bid),
            ask: adjusted(self.ask),
            last: adjusted(self.last),
            volume: self.volume,
            market_time: self.market_time,
            // A tape keeps no time of receipt of its own.
            received_at: self.market_time,
            source: source.to_owned(),
            conditions,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tape::minutes;

    const HEADER: &str = "bar_start_utc,session,open,high,low,close,volume,bid_close,ask_close,flags\n";

    fn quote(rows: &str, as_of: &str, splits: &[Split]) -> Option<Quote> {
        let date = "2014-06-06".parse().unwrap();
        let minutes = minutes::read(format!("{HEADER}{rows}").as_bytes(), "x", date).unwrap();
        let as_of = as_of.parse().unwrap();
        let symbol = Symbol::new("AAPL").unwrap();
        from_minutes(&minutes, as_of).map(|prices| prices.judge(&symbol, as_of, splits, "tape"))
    }

    const MORNING: &str = "2014-06-06T13:30:00Z,rth,650,651,649,650.5,100,650.4,650.6,\n\
                           2014-06-06T13:31:00Z,rth,,,,,,650.3,650.5,\n\
                           2014-06-06T13:32:00Z,rth,650,650,650,650,50,1,650.5,quote_outlier\n";

    #[test]
    fn the_newest_good_quote_and_the_last_trade_count() {
        let at = quote(MORNING, "2014-06-06T13:33:00Z", &[]).unwrap();
        assert_eq!(
            (at.bid.unwrap().to_string(), at.last.unwrap().to_string()),
            ("650.3".into(), "650".into())
        );
        assert_eq!((at.volume, at.conditions.len()), (150, 0));
        assert!(quote(MORNING, "2014-06-06T13:30:59Z", &[]).is_none());
    }

    #[test]
    fn trades_without_quotes_do_not_hide_the_quote_of_the_same_moment() {
        let prices = |bid: Option<i64>, second| Prices {
            bid: bid.map(Decimal::from),
            ask: bid.map(|bid| Decimal::from(bid + 1)),
            last: Some(Decimal::from(650)),
            volume: 0,
            market_time: DateTime::from_timestamp(second, 0).unwrap(),
            outlier: false,
        };
        assert_eq!(prices(None, 60).or_newer(prices(Some(650), 60)).bid, Some(Decimal::from(650)));
        assert_eq!(prices(Some(650), 60).or_newer(prices(Some(640), 60)).bid, Some(Decimal::from(650)));
        assert_eq!(prices(None, 60).or_newer(prices(Some(650), 0)).bid, None);
    }

    #[test]
    fn what_is_wrong_is_marked() {
        let stale = quote(MORNING, "2014-06-06T13:35:00Z", &[]).unwrap();
        assert_eq!(stale.conditions, [QuoteCondition::Stale]);
        let crossed = quote("2014-06-06T13:30:00Z,rth,,,,,,651,650,crossed\n", "2014-06-06T13:31:00Z", &[]);
        assert_eq!(crossed.unwrap().conditions, [QuoteCondition::Crossed]);
        let one_sided = quote("2014-06-06T13:30:00Z,rth,,,,,,651,,\n", "2014-06-06T13:31:00Z", &[]);
        assert_eq!(one_sided.unwrap().conditions, [QuoteCondition::OneSided]);
        let odd = quote("2014-06-06T13:30:00Z,rth,,,,,,1,650,quote_outlier\n", "2014-06-06T13:31:00Z", &[]);
        assert_eq!(odd.unwrap().conditions, [QuoteCondition::Outlier]);
    }

    #[test]
    fn a_quote_from_before_a_split_is_in_the_new_shares() {
        let split = Split { effective: "2014-06-09".parse().unwrap(), ratio: 7.0 };
        let monday = quote(MORNING, "2014-06-09T12:00:00Z", &[split]).unwrap();
        assert_eq!(monday.bid.unwrap().to_string(), "92.9");
        assert_eq!(monday.conditions, [QuoteCondition::Stale]);
    }
}
