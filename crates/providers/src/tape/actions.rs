//! Splits and cash dividends out of adjustment factors, as far as they were known at a date.
//!
//! A factors row holds for dates up to and including its own, so an event takes effect in the first session after a row,
//! and its size is the step from that row's factors to the next row's. That next row is dated at the following event,
//! possibly long after the moment that is asked about. Where it is, the step is believed only if the overnight move in the
//! raw prices agrees with it; where the next row is missing or disagrees, a split is read off that move and a dividend's
//! amount is unknown. Absolute factors, which contain every later event, are never used.

use chrono::{Days, NaiveDate};
use ttai_calendar::next_session;
use ttai_core::{CashDividend, DividendStatus, Split};

use super::daily::FactorRow;
use super::schedule;

/// Unadjusted prices around an event.
pub(super) trait RawPrices {
    /// The close of the last session up to `date`.
    fn close_by(&self, date: NaiveDate) -> Option<f64>;
    /// The first trade known in a session on or after `date`.
    fn first_trade_from(&self, date: NaiveDate) -> Option<f64>;
}

/// What the factors say by a date.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Actions {
    /// Oldest first.
    pub(super) splits: Vec<Split>,
    /// By ex-date, in the shares of the date asked about; later ones projected.
    pub(super) dividends: Vec<CashDividend>,
    pub(super) warnings: Vec<String>,
}

/// Overnight moves beyond this ratio (or its inverse) need a split to explain them.
const SPLIT_SIZED_MOVE: f64 = 1.3;
/// A dividend of this share of the price or less hides in ordinary overnight moves.
const UNREMARKABLE_YIELD: f64 = 0.04;
/// Factors are printed with seven digits; a smaller step is rounding.
const ROUNDING: f64 = 5e-7;

/// One event that took effect, before amounts are put into the shares of the moment.
struct Event {
    effective: NaiveDate,
    split: Option<f64>,
    dividend: Payment,
}

/// What an event paid, in dollars of the old shares.
#[derive(Clone, Copy, PartialEq)]
enum Payment {
    Nothing,
    Amount(f64),
    Unknown,
}

/// The splits and dividends in force on the New York date `today`.
pub(super) fn actions(rows: &[FactorRow], prices: &dyn RawPrices, today: NaiveDate) -> Actions {
    let mut events = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let Some(effective) = first_session_after(row.date).filter(|date| *date <= today) else { break };
        let next = rows.get(index + 1);
        let step = match next {
            Some(next) if next.date <= today => Some(Step::between(row, next, prices)),
            Some(next) => {
                Some(Step::between(row, next, prices)).filter(|step| step.agrees(row, effective, prices))
            }
            None => None,
        };
        let is_start = index == 0;
        let step = match step {
            Some(step) => step,
            // The first row marks where the record begins, and a last row of ones says that nothing follows.
            None if is_start || (row.price_factor == 1.0 && row.split_factor == 1.0) => continue,
            None => Step::from_prices(row, effective, prices),
        };
        events.push(Event { effective, split: step.split, dividend: step.dividend });
    }
    let splits: Vec<Split> = events
        .iter()
        .filter_map(|event| event.split.map(|ratio| Split { effective: event.effective, ratio }))
        .collect();
    let mut warnings = Vec::new();
    let mut dividends = dividends(&events, &splits, &mut warnings);
    dividends.extend(schedule::project(&dividends, today));
    Actions { splits, dividends, warnings }
}

fn first_session_after(date: NaiveDate) -> Option<NaiveDate> {
    next_session(date).map(|session| session.date).ok().or_else(|| date.checked_add_days(Days::new(1)))
}

/// The product of the splits after an ex-date.
fn later_splits(splits: &[Split], ex_date: NaiveDate) -> f64 {
    splits.iter().filter(|split| split.effective > ex_date).map(|split| split.ratio).product()
}

fn dividends(events: &[Event], splits: &[Split], warnings: &mut Vec<String>) -> Vec<CashDividend> {
    let mut dividends: Vec<CashDividend> = Vec::new();
    for event in events {
        let ex_date = event.effective;
        match event.dividend {
            Payment::Nothing => {}
            Payment::Amount(old_shares) => {
                let per_share = old_shares / event.split.unwrap_or(1.0) / later_splits(splits, ex_date);
                let amount = rounded(per_share, 6);
                dividends.push(CashDividend { ex_date, amount, status: DividendStatus::Paid });
            }
            Payment::Unknown => match dividends.last().map(|last| last.amount) {
                Some(amount) => {
                    warnings.push(format!(
                        "a dividend went ex on {ex_date}, its amount is not in the record; the one before, {amount}, \
                         is taken"
                    ));
                    dividends.push(CashDividend { ex_date, amount, status: DividendStatus::Projected });
                }
                None => warnings.push(format!(
                    "the factors have an event effective {ex_date} whose size is not in the record"
                )),
            },
        }
    }
    dividends
}

/// The step from one row's factors to the next one's.
struct Step {
    split: Option<f64>,
    dividend: Payment,
    /// Part of the price that the dividend is, 0 to 1.
    dividend_yield: f64,
}

impl Step {
    fn between(row: &FactorRow, next: &FactorRow, prices: &dyn RawPrices) -> Self {
        let ratio = simple_ratio(next.split_factor / row.split_factor);
        let dividend_yield = 1.0 - row.price_factor / next.price_factor;
        let dividend = match reference_price(row, prices) {
            _ if dividend_yield < ROUNDING => Payment::Nothing,
            Some(close) => Payment::Amount(roundest(close * dividend_yield, close * 1.5e-7)),
            None => Payment::Unknown,
        };
        Self { split: (ratio != 1.0).then_some(ratio), dividend, dividend_yield }
    }

    /// Whether the raw prices show this step; true where they show nothing yet.
    fn agrees(&self, row: &FactorRow, effective: NaiveDate, prices: &dyn RawPrices) -> bool {
        let Some(fall) = overnight_fall(row, effective, prices) else { return true };
        let unexplained = fall / self.split.unwrap_or(1.0);
        // Factors that know of no split are right even where the price crashed on an ex-date.
        let split_fits =
            self.split.is_none() || (1.0 / SPLIT_SIZED_MOVE..SPLIT_SIZED_MOVE).contains(&unexplained);
        // A large dividend must show as a fall of at least half its size.
        let dividend_fits =
            self.dividend_yield < UNREMARKABLE_YIELD || unexplained > 1.0 / (1.0 - self.dividend_yield / 2.0);
        split_fits && dividend_fits && self.dividend_yield > -ROUNDING
    }

    /// What the raw prices alone tell of an event: a split by its size, else a dividend of unknown amount.
    fn from_prices(row: &FactorRow, effective: NaiveDate, prices: &dyn RawPrices) -> Self {
        let split = overnight_fall(row, effective, prices).and_then(common_ratio);
        let dividend = if split.is_some() { Payment::Nothing } else { Payment::Unknown };
        Self { split, dividend, dividend_yield: 0.0 }
    }
}

/// The close before the event: the row's own where it is a price, else the raw bar's.
fn reference_price(row: &FactorRow, prices: &dyn RawPrices) -> Option<f64> {
    let raw = prices.close_by(row.date);
    let own = Some(row.reference_price).filter(|price| *price > 0.0);
    match (own, raw) {
        // The first row of a file has 1 instead of a price.
        (Some(own), Some(raw)) if !(0.5..2.0).contains(&(own / raw)) => Some(raw),
        (own, raw) => own.or(raw),
    }
}

/// Close before the event over the first trade after it: about the ratio of a split.
fn overnight_fall(row: &FactorRow, effective: NaiveDate, prices: &dyn RawPrices) -> Option<f64> {
    Some(reference_price(row, prices)? / prices.first_trade_from(effective)?)
}

/// The ratio as a fraction of small whole numbers where it is one up to the factors' rounding, else to six digits.
fn simple_ratio(ratio: f64) -> f64 {
    if ratio < 1.0 {
        return 1.0 / simple_ratio(1.0 / ratio);
    }
    let fraction = (1..=20).map(f64::from).find_map(|denominator| {
        let numerator = (ratio * denominator).round();
        let error = (ratio * denominator / numerator - 1.0).abs();
        (error < 3e-5).then_some(numerator / denominator)
    });
    fraction.unwrap_or_else(|| rounded(ratio, 6))
}

/// The usual split ratio nearest to an overnight fall, if the fall is too large to be anything else.
fn common_ratio(fall: f64) -> Option<f64> {
    const RATIOS: [f64; 15] =
        [4.0 / 3.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 15.0, 20.0, 30.0, 50.0];
    if fall < 1.0 {
        return common_ratio(1.0 / fall).map(|ratio| 1.0 / ratio);
    }
    if fall < SPLIT_SIZED_MOVE {
        return None;
    }
    let distance = |ratio: f64| (fall / ratio).ln().abs();
    RATIOS.into_iter().min_by(|one, other| distance(*one).total_cmp(&distance(*other)))
}

/// The number with the fewest decimals within `error` of `value`, two at least and six at most.
fn roundest(value: f64, error: f64) -> f64 {
    (2..6)
        .map(|decimals| rounded(value, decimals))
        .find(|candidate| (candidate - value).abs() <= error)
        .unwrap_or_else(|| rounded(value, 6))
}

fn rounded(value: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    (value * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tape::daily::row;

    struct Prices(Vec<(NaiveDate, f64, f64)>);

    impl RawPrices for Prices {
        fn close_by(&self, date: NaiveDate) -> Option<f64> {
            self.0.iter().rev().find(|bar| bar.0 <= date).map(|bar| bar.2)
        }
        fn first_trade_from(&self, date: NaiveDate) -> Option<f64> {
            self.0.iter().find(|bar| bar.0 >= date).map(|bar| bar.1)
        }
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// AAPL's rows around its split of June 2014, as recorded.
    fn apple() -> Vec<FactorRow> {
        vec![
            row("2013-08-07", 0.8798652, 0.035_714_3, 464.98),
            row("2013-11-05", 0.8856747, 0.035_714_3, 525.62),
            row("2014-02-05", 0.8908440, 0.035_714_3, 512.59),
            row("2014-05-07", 0.8961764, 0.035_714_3, 592.33),
            row("2014-06-06", 0.9011818, 0.035_714_3, 645.57),
            row("2014-08-06", 0.9011818, 0.25, 94.97),
            row("2014-11-05", 0.9056639, 0.25, 108.86),
            row("2050-12-31", 1.0, 1.0, 0.0),
        ]
    }

    fn apple_prices() -> Prices {
        Prices(vec![
            (day("2014-05-07"), 595.25, 592.33),
            (day("2014-05-08"), 588.25, 588.0),
            (day("2014-06-06"), 650.0, 645.57),
            (day("2014-06-09"), 92.69, 93.7),
            (day("2014-08-06"), 94.75, 94.97),
            (day("2014-08-07"), 94.93, 94.48),
        ])
    }

    fn paid(actions: &Actions) -> Vec<(String, f64)> {
        let paid = actions.dividends.iter().filter(|dividend| dividend.status == DividendStatus::Paid);
        paid.map(|dividend| (dividend.ex_date.to_string(), dividend.amount)).collect()
    }

    fn projected(actions: &Actions) -> Vec<(String, f64)> {
        let later = actions.dividends.iter().filter(|dividend| dividend.status == DividendStatus::Projected);
        later.map(|dividend| (dividend.ex_date.to_string(), dividend.amount)).collect()
    }

    #[test]
    fn dividends_and_the_split_are_recovered() {
        let before = actions(&apple(), &apple_prices(), day("2014-06-06"));
        assert!(before.splits.is_empty());
        let recent = paid(&before).split_off(2);
        assert_eq!(recent, [("2014-02-06".to_owned(), 3.05), ("2014-05-08".to_owned(), 3.29)]);
        assert_eq!(projected(&before)[0], ("2014-08-07".to_owned(), 3.29));

        let after = actions(&apple(), &apple_prices(), day("2014-06-09"));
        assert_eq!(after.splits, [Split { effective: day("2014-06-09"), ratio: 7.0 }]);
        assert_eq!(paid(&after).last().unwrap(), &("2014-05-08".to_owned(), 0.47));
        assert_eq!(projected(&after)[0], ("2014-08-07".to_owned(), 0.47));
        assert_eq!(paid(&actions(&apple(), &apple_prices(), day("2014-08-07"))).last().unwrap().1, 0.47);
    }

    #[test]
    fn rows_after_the_moment_change_nothing_that_prices_show() {
        for today in ["2014-06-06", "2014-06-09", "2014-07-01"] {
            let whole = actions(&apple(), &apple_prices(), day(today));
            let mut cut: Vec<FactorRow> = apple().into_iter().filter(|row| row.date <= day(today)).collect();
            assert_eq!(actions(&cut, &apple_prices(), day(today)), whole, "{today}, cut");
            // A file that ends in ones without having been rescaled.
            cut.push(row("2050-12-31", 1.0, 1.0, 0.0));
            assert_eq!(actions(&cut, &apple_prices(), day(today)), whole, "{today}, cut and closed");
        }
    }

    #[test]
    fn an_amount_that_the_record_lost_is_said_to_be_taken_from_the_one_before() {
        let today = day("2014-05-20");
        let cut: Vec<FactorRow> = apple().into_iter().filter(|row| row.date <= today).collect();
        let found = actions(&cut, &apple_prices(), today);
        assert_eq!(projected(&found)[0], ("2014-05-08".to_owned(), 3.05));
        assert!(found.warnings[0].contains("2014-05-08"));
        assert_eq!(paid(&actions(&apple(), &apple_prices(), today)).last().unwrap().1, 3.29);
    }

    #[test]
    fn reverse_and_odd_splits_keep_their_ratio() {
        for (old, new, ratio) in [
            (20.0, 1.0, 1.0 / 20.0),
            (7.11111022, 10.6667, 1.5),
            (10.6667, 13.3333, 1.25),
            (0.00892857, 0.0178571, 2.0),
            (1.0, 1.002_745_5, 1.002_746),
            (1.0, 1.998, 1.998),
            (1.0, 1.0, 1.0),
        ] {
            assert_eq!(simple_ratio(new / old), ratio);
        }
        assert_eq!(common_ratio(645.57 / 92.7), Some(7.0));
        assert_eq!(common_ratio(1.13 / 23.2), Some(1.0 / 20.0));
        assert_eq!(common_ratio(1.2), None);
    }

    #[test]
    fn a_crash_on_an_ex_date_is_no_split() {
        let rows = [
            row("2020-01-02", 0.98, 1.0, 1.0),
            row("2020-03-02", 0.98, 1.0, 100.0),
            row("2050-12-31", 1.0, 1.0, 0.0),
        ];
        let prices = Prices(vec![(day("2020-03-02"), 100.0, 100.0), (day("2020-03-03"), 50.0, 49.0)]);
        let found = actions(&rows, &prices, day("2020-03-03"));
        assert!(found.splits.is_empty());
        assert_eq!(paid(&found), [("2020-03-03".to_owned(), 2.0)]);
    }

    #[test]
    fn a_dividend_on_the_day_of_a_split_is_in_new_shares() {
        let rows = [
            row("2020-01-02", 0.99, 0.5, 1.0),
            row("2020-03-02", 0.99, 0.5, 100.0),
            row("2050-12-31", 1.0, 1.0, 0.0),
        ];
        let prices = Prices(vec![(day("2020-03-02"), 100.0, 100.0), (day("2020-03-03"), 49.5, 49.5)]);
        let found = actions(&rows, &prices, day("2020-03-03"));
        assert_eq!(found.splits[0].ratio, 2.0);
        assert_eq!(paid(&found), [("2020-03-03".to_owned(), 0.5)]);
    }
}
