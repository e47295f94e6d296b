//! A sold option at its end, by the underlying's daily bars: held to expiration, without early assignment, dividends or fees.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::{DailyBar, OptionRight};

/// Decimals of a price in dollars a share.
const PRICE_DECIMALS: u32 = 6;

/// What was sold, in dollars a share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoldOption {
    /// Call or put.
    pub right: OptionRight,
    /// Strike of the short contract.
    pub strike: Decimal,
    /// Strike of the long contract of a vertical.
    pub long_strike: Option<Decimal>,
    /// What it brought: the short bid, less the long ask.
    pub credit: Decimal,
    /// Of a covered call the price at which nothing is lost, shares included: its profit is then that of both.
    pub covered_breakeven: Option<Decimal>,
}

/// How the short contract ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndOutcome {
    /// Worthless: the last close is not beyond the strike.
    Expired,
    /// The last close is beyond the strike of the short contract.
    Breached,
}

impl EndOutcome {
    /// As on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Breached => "breached",
        }
    }
}

/// The price of the underlying that was worst for the short contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorstPrice {
    /// Its session.
    pub date: NaiveDate,
    /// Dollars a share.
    pub price: Decimal,
    /// Credit less intrinsic value of the options at that price, dollars a share: no more than could be kept then, as a real
    /// option also had time value.
    pub profit: Decimal,
}

/// What became of it, in dollars a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndMark {
    /// How the short contract ended.
    pub outcome: EndOutcome,
    /// Close of the underlying in the last session.
    pub close: Decimal,
    /// Intrinsic value at that close that the seller owes: short less long contract.
    pub intrinsic: Decimal,
    /// Credit less intrinsic value.
    pub option_profit: Decimal,
    /// The same; of a covered call with the shares: the lower of close and strike, less the breakeven.
    pub profit: Decimal,
    /// The worst low (of a call: high) on the way.
    pub worst: WorstPrice,
    /// The worst close on the way.
    pub worst_close: WorstPrice,
}

impl EndMark {
    /// Whether it made money, which is what a probability of profit is about.
    #[must_use]
    pub fn is_profit(&self) -> bool {
        self.profit > Decimal::ZERO
    }
}

impl SoldOption {
    /// The same after splits: one old share is `ratio` new ones. `None` where the ratio is not above zero.
    #[must_use]
    pub fn after_split(&self, ratio: Decimal) -> Option<Self> {
        if ratio <= Decimal::ZERO {
            return None;
        }
        let divided = |price: Decimal| price.checked_div(ratio).map(|price| price.round_dp(PRICE_DECIMALS));
        let if_any = |price: Option<Decimal>| price.map_or(Some(None), |price| divided(price).map(Some));
        Some(Self {
            right: self.right,
            strike: divided(self.strike)?,
            long_strike: if_any(self.long_strike)?,
            credit: divided(self.credit)?,
            covered_breakeven: if_any(self.covered_breakeven)?,
        })
    }

    fn intrinsic_of(&self, strike: Decimal, price: Decimal) -> Decimal {
        let inside = match self.right {
            OptionRight::Put => strike - price,
            OptionRight::Call => price - strike,
        };
        inside.max(Decimal::ZERO)
    }

    /// Dollars a share that the seller owes at `price`.
    fn intrinsic(&self, price: Decimal) -> Decimal {
        let long = self.long_strike.map(|strike| self.intrinsic_of(strike, price)).unwrap_or_default();
        self.intrinsic_of(self.strike, price) - long
    }

    fn profit(&self, close: Decimal) -> Decimal {
        match self.covered_breakeven {
            Some(breakeven) => close.min(self.strike) - breakeven,
            None => self.credit - self.intrinsic(close),
        }
    }

    fn is_worse(&self, price: Decimal, than: Decimal) -> bool {
        match self.right {
            OptionRight::Put => price < than,
            OptionRight::Call => price > than,
        }
    }

    /// The worst of the prices, the first of equals; `None` of none.
    fn worst(&self, prices: impl Iterator<Item = (NaiveDate, Decimal)>) -> Option<WorstPrice> {
        let worse = |worst: (NaiveDate, Decimal), next: (NaiveDate, Decimal)| {
            if self.is_worse(next.1, worst.1) { next } else { worst }
        };
        let (date, price) = prices.reduce(worse)?;
        Some(WorstPrice { date, price, profit: self.credit - self.intrinsic(price) })
    }
}

/// What became of `sold` by the sessions of its life, oldest first, the last one its last trade date; all in the same shares.
///
/// `None` without a session, and where a price is no number.
#[must_use]
pub fn end_mark(sold: &SoldOption, bars: &[DailyBar]) -> Option<EndMark> {
    let prices = |of: fn(&DailyBar) -> f64| {
        bars.iter().map(|bar| Some((bar.date, price(of(bar))?))).collect::<Option<Vec<_>>>()
    };
    let extremes = match sold.right {
        OptionRight::Put => prices(|bar| bar.low)?,
        OptionRight::Call => prices(|bar| bar.high)?,
    };
    let closes = prices(|bar| bar.close)?;
    let (_, close) = *closes.last()?;
    let intrinsic = sold.intrinsic(close);
    let is_beyond = sold.intrinsic_of(sold.strike, close) > Decimal::ZERO;
    Some(EndMark {
        outcome: if is_beyond { EndOutcome::Breached } else { EndOutcome::Expired },
        close,
        intrinsic,
        option_profit: sold.credit - intrinsic,
        profit: sold.profit(close),
        worst: sold.worst(extremes.into_iter())?,
        worst_close: sold.worst(closes.into_iter())?,
    })
}

fn price(price: f64) -> Option<Decimal> {
    Decimal::from_f64(price).map(|price| price.round_dp(PRICE_DECIMALS))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rust_decimal::prelude::ToPrimitive;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2014, 6, day).unwrap()
    }

    fn bar(number: u32, low: f64, high: f64, close: f64) -> DailyBar {
        DailyBar { date: day(number), open: close, high, low, close, volume: 1.0 }
    }

    fn put(strike: &str, credit: &str) -> SoldOption {
        SoldOption {
            right: OptionRight::Put,
            strike: decimal(strike),
            long_strike: None,
            credit: decimal(credit),
            covered_breakeven: None,
        }
    }

    #[test]
    fn a_put_that_dipped_and_came_back_expires() {
        let bars = [bar(2, 99.0, 102.0, 101.0), bar(3, 93.0, 99.0, 96.5), bar(4, 96.0, 101.0, 100.0)];
        let mark = end_mark(&put("100", "2"), &bars).unwrap();
        assert_eq!(
            (mark.outcome, mark.profit, mark.intrinsic),
            (EndOutcome::Expired, decimal("2"), Decimal::ZERO)
        );
        let worst = WorstPrice { date: day(3), price: decimal("93"), profit: decimal("-5") };
        assert_eq!(mark.worst, worst);
        assert_eq!((mark.worst_close.price, mark.worst_close.profit), (decimal("96.5"), decimal("-1.5")));
    }

    #[test]
    fn a_breach_within_the_credit_is_still_a_profit() {
        for (close, profit, is_profit) in [(98.5, "0.5", true), (98.0, "0", false), (90.0, "-8", false)] {
            let mark = end_mark(&put("100", "2"), &[bar(4, 90.0, 101.0, close)]).unwrap();
            assert_eq!((mark.outcome, mark.profit), (EndOutcome::Breached, decimal(profit)), "{close}");
            assert_eq!(mark.is_profit(), is_profit, "{close}");
        }
    }

    #[test]
    fn a_spread_loses_no_more_than_its_width_less_the_credit() {
        let spread = SoldOption { long_strike: Some(decimal("95")), ..put("100", "1.20") };
        let mark = end_mark(&spread, &[bar(4, 80.0, 90.0, 85.0)]).unwrap();
        assert_eq!((mark.intrinsic, mark.profit), (decimal("5"), decimal("-3.80")));
        let call = SoldOption { right: OptionRight::Call, long_strike: Some(decimal("105")), ..spread };
        let mark = end_mark(&call, &[bar(3, 99.0, 107.0, 103.0), bar(4, 98.0, 101.0, 99.0)]).unwrap();
        assert_eq!((mark.outcome, mark.profit), (EndOutcome::Expired, decimal("1.20")));
        assert_eq!((mark.worst.price, mark.worst.profit), (decimal("107"), decimal("-3.80")));
    }

    #[test]
    fn a_covered_call_is_judged_with_its_shares() {
        let call = SoldOption {
            right: OptionRight::Call,
            covered_breakeven: Some(decimal("97")),
            ..put("105", "3")
        };
        for (close, outcome, profit, option) in [
            (110.0, EndOutcome::Breached, "8", "-2"),
            (100.0, EndOutcome::Expired, "3", "3"),
            (90.0, EndOutcome::Expired, "-7", "3"),
        ] {
            let mark = end_mark(&call, &[bar(4, 90.0, 110.0, close)]).unwrap();
            assert_eq!(
                (mark.outcome, mark.profit, mark.option_profit),
                (outcome, decimal(profit), decimal(option))
            );
        }
    }

    /// The 630 put of 20 June 2014, sold on 6 June at 5.05: 90 after the split of 7 for 1; Apple closed at 90.91 that day.
    #[test]
    fn a_split_rebases_the_contract() {
        let put = put("630", "5.05").after_split(decimal("7")).unwrap();
        assert_eq!((put.strike, put.credit), (decimal("90"), decimal("0.721429")));
        let mark = end_mark(&put, &[bar(19, 91.34, 92.3, 91.86), bar(20, 90.9, 92.55, 90.91)]).unwrap();
        assert_eq!(
            (mark.outcome, mark.profit, mark.worst.price),
            (EndOutcome::Expired, put.credit, decimal("90.9"))
        );
        assert_eq!(put.after_split(Decimal::ZERO), None);
    }

    #[test]
    fn nothing_is_said_without_prices() {
        assert_eq!(end_mark(&put("100", "2"), &[]), None);
        assert_eq!(end_mark(&put("100", "2"), &[bar(4, f64::NAN, 1.0, 1.0)]), None);
    }

    proptest! {
        /// What was not breached earned its credit, no mark beats the credit, and the worst price is no better than the end.
        #[test]
        fn marks_hold_together(
            strike in 5_u32..500, width in 1_u32..50, credit in 1_u32..400, is_call: bool, is_spread: bool,
            closes in prop::collection::vec((1_u32..60_000, 0_u32..500), 1..30),
        ) {
            let strike = Decimal::from(strike);
            let right = if is_call { OptionRight::Call } else { OptionRight::Put };
            let long = if is_call { strike + Decimal::from(width) } else { strike - Decimal::from(width) };
            let credit = Decimal::new(credit.into(), 2);
            let sold = SoldOption {
                right, strike, long_strike: is_spread.then_some(long), credit, covered_breakeven: None,
            };
            let bars: Vec<DailyBar> = closes.iter().zip(1..).map(|((close, range), number)| {
                let (close, range) = (f64::from(*close) / 100.0, f64::from(*range) / 100.0);
                bar(number.min(30), (close - range).max(0.0), close + range, close)
            }).collect();
            let mark = end_mark(&sold, &bars).unwrap();
            prop_assert!(mark.profit <= credit);
            prop_assert_eq!(mark.outcome == EndOutcome::Expired, mark.profit == credit);
            prop_assert!(mark.worst.profit <= mark.worst_close.profit && mark.worst_close.profit <= mark.profit);
            if is_spread {
                prop_assert!(mark.worst.profit >= credit - Decimal::from(width));
            }
            let last = bars.last().unwrap().close;
            let expected = last.to_string().parse::<f64>().unwrap();
            prop_assert!((mark.close.to_f64().unwrap() - expected).abs() < 1e-6);
        }
    }
}
