//! Adjustment factors to be written: what the splits and paid dividends of a history come to, and how they continue those
//! of an earlier recording. The other way round is `actions`.
//!
//! A row holds for dates up to and including its own. Its factors are the products of all later steps, so every step that
//! is added at the end multiplies all rows before it. Rows of ones at the end of a file are left to the writer.

use chrono::NaiveDate;
use ttai_core::{DailyBar, DividendStatus};
use ttai_ports::DailyHistory;

use super::daily::FactorRow;

/// One row before each split and paid dividend, oldest first. `before` is the session that was recorded before the
/// history's first one: without it an event on the first session has no row to stand in.
pub(super) fn of_history(before: Option<&DailyBar>, history: &DailyHistory) -> Vec<FactorRow> {
    let (mut price_factor, mut split_factor, mut later_splits) = (1.0, 1.0, 1.0);
    let mut rows = Vec::new();
    let sessions: Vec<&DailyBar> = before.into_iter().chain(&history.bars).chain(&history.today).collect();
    for pair in sessions.windows(2).rev() {
        let [last, bar] = pair else { continue };
        let ratio = history.splits.iter().find(|split| split.effective == bar.date).map(|split| split.ratio);
        let paid = history
            .dividends
            .iter()
            .find(|paid| paid.ex_date == bar.date && paid.status == DividendStatus::Paid);
        if ratio.is_none() && paid.is_none() {
            continue;
        }
        // The amount is in the shares of the moment, the close before in those of its own day.
        let of_its_day = ratio.unwrap_or(1.0) * later_splits;
        let cash = paid.map_or(0.0, |paid| paid.amount * of_its_day);
        price_factor *= 1.0 - cash / last.close;
        split_factor /= ratio.unwrap_or(1.0);
        later_splits = of_its_day;
        rows.push(FactorRow { date: last.date, price_factor, split_factor, reference_price: last.close });
    }
    rows.reverse();
    rows
}

/// The rows of a history whose first session is `first`, after those of what is `known` of the time before it; where
/// nothing is, after a row that marks the beginning.
pub(super) fn continued(known: &[FactorRow], new: Vec<FactorRow>, first: NaiveDate) -> Vec<FactorRow> {
    // Both may have the event on the first session, in the row of the session before: then the history's row counts.
    let start = new.first().map_or(first, |row| row.date.min(first));
    let now = factors_of(new.first());
    let mut rows = rescaled(known, start, now);
    let begins_with_event = new.first().is_some_and(|row| row.date <= first);
    if rows.is_empty() && !begins_with_event {
        let (price_factor, split_factor) = now;
        rows.push(FactorRow { date: first, price_factor, split_factor, reference_price: 1.0 });
    }
    rows.extend(new);
    rows
}

/// The known rows before `start`, multiplied so that they lead up to the factors that hold there `now`. The steps between
/// them stay as they were, and only these are read.
fn rescaled(known: &[FactorRow], start: NaiveDate, now: (f64, f64)) -> Vec<FactorRow> {
    let (kept, replaced) = known.split_at(known.partition_point(|row| row.date < start));
    // A file that was cut off does not tell the step after its last row: none is invented.
    let then = factors_of(replaced.first().or(kept.last()));
    let rescale = |row: &FactorRow| FactorRow {
        price_factor: row.price_factor * now.0 / then.0,
        split_factor: row.split_factor * now.1 / then.1,
        ..*row
    };
    kept.iter().map(rescale).collect()
}

/// The price and the split factor of a row; after the last one both are 1.
fn factors_of(row: Option<&FactorRow>) -> (f64, f64) {
    row.map_or((1.0, 1.0), |row| (row.price_factor, row.split_factor))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tape::daily::row;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// A four-for-one split after 1 March, a dividend of 1 % after 6 March, and the end.
    fn known() -> Vec<FactorRow> {
        vec![
            row("2024-03-01", 0.99, 0.25, 400.0),
            row("2024-03-06", 0.99, 1.0, 100.0),
            row("2050-12-31", 1.0, 1.0, 0.0),
        ]
    }

    #[test]
    fn a_history_without_an_earlier_recording_begins_with_a_row_of_its_own() {
        let new = vec![row("2024-03-08", 1.0, 0.5, 100.0)];
        let expected = vec![row("2024-03-05", 1.0, 0.5, 1.0), new[0]];
        assert_eq!(continued(&[], new.clone(), day("2024-03-05")), expected);
        assert_eq!(continued(&[], new.clone(), day("2024-03-08")), new);
        assert_eq!(continued(&[], Vec::new(), day("2024-03-05")), [row("2024-03-05", 1.0, 1.0, 1.0)]);
    }

    #[test]
    fn a_history_that_begins_no_later_replaces_what_is_known() {
        let new = vec![row("2024-03-01", 1.0, 0.25, 400.0)];
        assert_eq!(continued(&known(), new.clone(), day("2024-03-01")), new);
    }

    #[test]
    fn a_split_since_then_divides_the_factors_before_it() {
        let split = row("2024-03-08", 1.0, 0.5, 100.0);
        let kept = [row("2024-03-01", 0.99, 0.125, 400.0), row("2024-03-06", 0.99, 0.5, 100.0)];
        assert_eq!(continued(&known(), vec![split], day("2024-03-07")), [kept[0], kept[1], split]);
        // The dividend is in both, so it is not multiplied in twice.
        let dividend = row("2024-03-06", 0.99, 0.5, 100.0);
        assert_eq!(continued(&known(), vec![dividend, split], day("2024-03-06")), [kept[0], dividend, split]);
        assert_eq!(continued(&known(), vec![dividend, split], day("2024-03-07")), [kept[0], dividend, split]);
    }

    #[test]
    fn a_file_that_was_cut_off_gets_no_step_that_nobody_saw() {
        let split = row("2024-03-08", 1.0, 0.5, 100.0);
        let rows = continued(&known()[..1], vec![split], day("2024-03-06"));
        assert_eq!(rows, [row("2024-03-01", 1.0, 0.5, 400.0), split]);
    }
}
