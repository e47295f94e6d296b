//! Which prints and quotes are taken at face value.
//!
//! A price over [`FAR`] from the last accepted one is held back until something supports it: a quote around it, or the next
//! print on its side. The limit is that of the exchanges' own price bands: a listed share above three dollars cannot trade
//! further from its price of the last minutes without a pause. What is held back and not supported never happened. A
//! symbol's first price has nothing to be held against and needs the same support. Bars come judged by their provider,
//! which sees their neighbours; only one [`FAR_BAR`] off the price before it and off its own close is cut to its close.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use ttai_core::QuoteCondition;

use crate::number::{HUNDRED, ONE, portion};

/// How old an event may be when it is received, unless its feed is a delayed one; and how far ahead of it a clock may be.
pub const MAX_AGE_SECONDS: i64 = 60;
/// How old an event of a delayed feed may be.
const MAX_DELAY_SECONDS: i64 = 25 * 60;

/// Percent from the last price beyond which a lone print is not believed.
const FAR: i64 = 10 * ONE;
/// The same of a bar's field.
pub(crate) const FAR_BAR: i64 = 50 * ONE;

/// Whether an event's time and condition let it count.
pub(crate) fn is_current(time: i64, received: i64, condition: Option<QuoteCondition>) -> bool {
    let limit = match condition {
        None => MAX_AGE_SECONDS,
        Some(QuoteCondition::Delayed) => MAX_DELAY_SECONDS,
        Some(_) => return false,
    };
    let age = received.saturating_sub(time);
    -MAX_AGE_SECONDS * 1_000_000 <= age && age <= limit * 1_000_000
}

/// Whether an event is of now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeliness {
    /// It counts.
    Current,
    /// It came too late to count: what happened then has not been seen.
    Late,
    /// It says nothing of its time: the last known, halted, crossed, one-sided, ahead of the clock.
    Unusable,
}

impl Timeliness {
    /// That of an event with a market time.
    #[must_use]
    pub fn of(
        market_time: DateTime<Utc>,
        received_at: DateTime<Utc>,
        condition: Option<QuoteCondition>,
    ) -> Self {
        let (time, received) = (market_time.timestamp_micros(), received_at.timestamp_micros());
        let is_dated = matches!(condition, None | Some(QuoteCondition::Stale | QuoteCondition::Delayed));
        if is_current(time, received, condition) {
            Self::Current
        } else if is_dated && time < received {
            Self::Late
        } else {
            Self::Unusable
        }
    }
}

/// Whether two prices are further apart than a share of the second.
pub(crate) fn is_far(price: i64, from: i64, percent: i64) -> bool {
    i128::from(price.abs_diff(from)) * i128::from(HUNDRED)
        > i128::from(from.unsigned_abs()) * i128::from(percent)
}

/// Both sides of a quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TwoSided {
    pub(crate) bid: i64,
    pub(crate) ask: i64,
    pub(crate) time: i64,
}

impl TwoSided {
    /// None where a side is missing or zero, or where they cross.
    pub(crate) fn new(bid: Option<Decimal>, ask: Option<Decimal>, time: i64) -> Option<Self> {
        let bid = crate::number::scaled(bid?).filter(|bid| *bid > 0)?;
        let ask = crate::number::scaled(ask?).filter(|ask| *ask >= bid)?;
        Some(Self { bid, ask, time })
    }

    pub(crate) fn mid(&self) -> i64 {
        self.bid + (self.ask - self.bid) / 2
    }

    /// Percent of the mid.
    pub(crate) fn spread_percent(&self) -> Option<i64> {
        portion(self.ask - self.bid, HUNDRED, self.mid())
    }

    /// Whether it is too wide to say a price: over 5 % of a share's mid, over 25 % of an option's (and over 10 dollars); a
    /// few cents always do.
    pub(crate) fn is_too_wide(&self, is_option: bool) -> bool {
        let (percent, least, most) =
            if is_option { (25 * ONE, ONE / 5, 10 * ONE) } else { (5 * ONE, ONE / 20, i64::MAX) };
        let limit = portion(self.mid(), percent, HUNDRED).unwrap_or(0);
        self.ask - self.bid > limit.max(least).min(most)
    }

    /// Whether a print fits it: within the spread's width of either side, and not long after.
    fn supports(&self, price: i64, time: i64) -> bool {
        let width = self.ask - self.bid;
        let is_recent = time.saturating_sub(self.time) <= MAX_AGE_SECONDS * 1_000_000;
        is_recent && !self.is_too_wide(false) && self.bid - width <= price && price <= self.ask + width
    }
}

/// A price that waits for support.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HeldPrint {
    pub(crate) price: i64,
    pub(crate) time: i64,
    pub(crate) received: i64,
}

/// What came of a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It counts.
    Counts,
    /// It counts, and so does the one before that waited for it.
    CountsWith(HeldPrint),
    /// It waits.
    Waits,
}

/// The prices of one kind of a symbol, each held against the last that counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Screen {
    pub(crate) reference: Option<i64>,
    held: Option<HeldPrint>,
}

impl Screen {
    pub(crate) fn judge(&mut self, print: HeldPrint, quote: Option<&TwoSided>) -> Verdict {
        let is_near = self.reference.is_some_and(|reference| !is_far(print.price, reference, FAR));
        if is_near || quote.is_some_and(|quote| quote.supports(print.price, print.time)) {
            self.held = None;
            self.reference = Some(print.price);
            return Verdict::Counts;
        }
        match self.held.replace(print) {
            Some(held) if !is_far(print.price, held.price, FAR) => {
                self.held = None;
                self.reference = Some(print.price);
                Verdict::CountsWith(held)
            }
            _ => Verdict::Waits,
        }
    }

    /// The price that waited, where a quote supports it now.
    pub(crate) fn supported(&mut self, quote: &TwoSided) -> Option<HeldPrint> {
        let held = self.held.filter(|held| {
            let is_recent = quote.time.saturating_sub(held.time) <= MAX_AGE_SECONDS * 1_000_000;
            is_recent && quote.supports(held.price, quote.time)
        })?;
        self.held = None;
        self.reference = Some(held.price);
        Some(held)
    }

    /// In the shares after a split.
    pub(crate) fn rebase(&mut self, ratio: i64) {
        self.held = None;
        self.reference = self.reference.and_then(|price| portion(price, ONE, ratio));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(dollars: i64, time: i64) -> HeldPrint {
        HeldPrint { price: dollars * ONE, time, received: time }
    }

    fn quote(bid: i64, ask: i64, time: i64) -> TwoSided {
        TwoSided { bid: bid * ONE, ask: ask * ONE, time }
    }

    #[test]
    fn a_lone_far_print_never_happened() {
        let mut screen = Screen { reference: Some(100 * ONE), held: None };
        assert_eq!(screen.judge(print(64, 1), None), Verdict::Waits);
        assert_eq!(screen.judge(print(101, 2), None), Verdict::Counts);
        assert_eq!(screen.judge(print(65, 3), None), Verdict::Waits, "the one before is forgotten");
    }

    #[test]
    fn two_prints_or_a_quote_support_each_other() {
        let mut screen = Screen { reference: Some(100 * ONE), held: None };
        assert_eq!(screen.judge(print(64, 1), None), Verdict::Waits);
        assert_eq!(screen.judge(print(65, 2), None), Verdict::CountsWith(print(64, 1)));
        assert_eq!(screen.judge(print(80, 3), Some(&quote(79, 81, 3))), Verdict::Counts);
        assert_eq!(screen.judge(print(120, 4), None), Verdict::Waits);
        assert_eq!(screen.supported(&quote(119, 121, 5)), Some(print(120, 4)));
    }

    #[test]
    fn what_is_late_is_no_longer_of_now() {
        let of = |age: i64, condition| {
            let received = DateTime::<Utc>::UNIX_EPOCH + chrono::TimeDelta::days(1);
            Timeliness::of(received - chrono::TimeDelta::seconds(age), received, condition)
        };
        assert_eq!((of(60, None), of(61, None)), (Timeliness::Current, Timeliness::Late));
        assert_eq!(of(5, Some(QuoteCondition::Stale)), Timeliness::Late);
        let delayed = |age| of(age, Some(QuoteCondition::Delayed));
        assert_eq!((delayed(25 * 60), delayed(26 * 60)), (Timeliness::Current, Timeliness::Late));
        for unusable in
            [of(-61, None), of(5, Some(QuoteCondition::LastKnown)), of(90, Some(QuoteCondition::Halted))]
        {
            assert_eq!(unusable, Timeliness::Unusable);
        }
    }

    #[test]
    fn a_quote_85_points_wide_says_nothing() {
        assert!(quote(560, 645, 0).is_too_wide(false));
        assert!(quote(390, 475, 0).is_too_wide(true));
        assert!(!quote(645, 646, 0).is_too_wide(false));
        assert_eq!(TwoSided::new(Some(Decimal::TWO), Some(Decimal::ONE), 0), None);
        assert_eq!(TwoSided::new(None, Some(Decimal::ONE), 0), None);
    }
}
