//! One dividend is one event, however many rows a vendor has of it.

use chrono::NaiveDate;

/// Two rows of one payment have ex-dates at most this many days apart.
const SAME_PAYMENT_DAYS: i64 = 4;
/// Two amounts this near are one, as a fraction.
const SAME_AMOUNT: f64 = 1e-6;

/// A row as a vendor has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct DividendRow {
    /// First session without it.
    pub(crate) ex_date: NaiveDate,
    /// Whoever holds shares on this day gets it; none where nobody says.
    pub(crate) record_date: Option<NaiveDate>,
    /// Dollars a share.
    pub(crate) amount: f64,
    /// Whether it is paid beside the usual ones.
    pub(crate) special: bool,
}

/// Each payment's ex-date and dollars, oldest first. Rows of one payment under two ex-dates count on the first: whoever is
/// assigned before it loses the dividend. Of two amounts under one date the later row corrects the earlier. What is paid beside the usual
/// dividend on its day is added to it.
pub(crate) fn one_event_each(mut rows: Vec<DividendRow>) -> Vec<(NaiveDate, f64)> {
    rows.sort_by_key(|row| row.ex_date);
    let mut payments: Vec<DividendRow> = Vec::with_capacity(rows.len());
    for row in rows {
        match payments.iter_mut().rev().find(|known| known.is_same_payment(&row)) {
            Some(known) if known.ex_date == row.ex_date => known.amount = row.amount,
            Some(_) => {}
            None => payments.push(row),
        }
    }
    let mut events: Vec<(NaiveDate, f64)> = Vec::with_capacity(payments.len());
    for payment in payments {
        match events.last_mut().filter(|(date, _)| *date == payment.ex_date) {
            Some((_, amount)) => *amount += payment.amount,
            None => events.push((payment.ex_date, payment.amount)),
        }
    }
    events
}

impl DividendRow {
    fn is_same_payment(&self, later: &Self) -> bool {
        if self.special != later.special {
            return false;
        }
        if self.ex_date == later.ex_date {
            return true;
        }
        let near = (later.ex_date - self.ex_date).num_days() <= SAME_PAYMENT_DAYS;
        let records_agree = self.record_date.zip(later.record_date).is_none_or(|(one, other)| one == other);
        near && records_agree && (self.amount - later.amount).abs() <= SAME_AMOUNT * self.amount
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(ex_date: &str, record: &str, amount: f64, special: bool) -> DividendRow {
        DividendRow { ex_date: ex_date.parse().unwrap(), record_date: record.parse().ok(), amount, special }
    }

    fn events(rows: &[DividendRow]) -> Vec<(String, f64)> {
        one_event_each(rows.to_vec()).into_iter().map(|(date, amount)| (date.to_string(), amount)).collect()
    }

    #[test]
    fn rows_of_one_payment_are_one_event() {
        // The same ex-date under two declarations.
        let twice =
            [row("2019-10-03", "2019-10-04", 0.9, false), row("2019-10-03", "2019-10-04", 0.9, false)];
        assert_eq!(events(&twice), [("2019-10-03".to_owned(), 0.9)]);
        // A day apart, with the same record date.
        let moved =
            [row("2017-08-31", "2017-09-01", 0.805, false), row("2017-08-30", "2017-09-01", 0.805, false)];
        assert_eq!(events(&moved), [("2017-08-30".to_owned(), 0.805)]);
        let corrected = [row("2026-05-08", "", 0.2, false), row("2026-05-08", "", 0.25, false)];
        assert_eq!(events(&corrected), [("2026-05-08".to_owned(), 0.25)]);
    }

    #[test]
    fn two_payments_stay_two() {
        let special = [row("2026-05-08", "", 0.25, false), row("2026-05-08", "", 3.0, true)];
        assert_eq!(events(&special), [("2026-05-08".to_owned(), 3.25)]);
        let weekly = [row("2026-05-01", "", 0.1, false), row("2026-05-08", "", 0.1, false)];
        assert_eq!(events(&weekly).len(), 2);
        let other =
            [row("2026-05-07", "2026-05-07", 0.1, false), row("2026-05-08", "2026-05-08", 0.1, false)];
        assert_eq!(events(&other).len(), 2);
    }
}
