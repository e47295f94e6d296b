//! Daily bars and adjustment factors: `daily/SYMBOL.csv` and `daily/SYMBOL_factors.csv`.

use std::io::Read;

use chrono::NaiveDate;
use ttai_core::DailyBar;
use ttai_ports::PortError;

use super::table::{self, corrupt};

/// A row whose numbers can be read and are no bar, such as a high below the close.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SkippedBar {
    pub(super) date: NaiveDate,
    /// File, line and numbers.
    pub(super) reason: String,
}

/// A parsed `daily/SYMBOL.csv`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct DailyFile {
    /// Unadjusted bars, oldest first, one a date.
    pub(super) bars: Vec<DailyBar>,
    /// Rows that are left out, with the reason.
    pub(super) skipped: Vec<SkippedBar>,
}

/// Reads daily bars in any order. A repeated row counts once.
///
/// # Errors
/// [`PortError::Corrupt`] for a row that cannot be read, or two rows of one date that differ.
pub(super) fn read_bars(source: impl Read, file: &str) -> Result<DailyFile, PortError> {
    let mut rows: Vec<(u64, DailyBar)> = Vec::new();
    let mut skipped = Vec::new();
    table::read(source, file, &["date", "open", "high", "low", "close", "volume"], |row| {
        let bar = DailyBar::new(
            row.required_date("date")?,
            row.required_number("open")?,
            row.required_number("high")?,
            row.required_number("low")?,
            row.required_number("close")?,
            row.number("volume")?.unwrap_or(0.0),
        );
        match bar {
            Ok(bar) => rows.push((row.line(), bar)),
            Err(error) => {
                let date = row.required_date("date")?;
                let reason = format!("{file}, line {}: {error}; it is left out", row.line());
                skipped.push(SkippedBar { date, reason });
            }
        }
        Ok(())
    })?;
    rows.sort_by_key(|(_, bar)| bar.date);
    let mut bars: Vec<DailyBar> = Vec::with_capacity(rows.len());
    let mut last_line = 0;
    for (line, bar) in rows {
        match bars.last() {
            Some(last) if last.date == bar.date && *last == bar => {}
            Some(last) if last.date == bar.date => {
                return Err(corrupt(format!(
                    "{file}, lines {last_line} and {line}: two different bars for {}; remove one",
                    bar.date
                )));
            }
            _ => {
                bars.push(bar);
                last_line = line;
            }
        }
    }
    skipped.sort_by_key(|bar| bar.date);
    Ok(DailyFile { bars, skipped })
}

/// One row of a factors file: what holds for dates up to and including its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct FactorRow {
    pub(super) date: NaiveDate,
    /// Product of all later dividend adjustments.
    pub(super) price_factor: f64,
    /// Product of all later split adjustments.
    pub(super) split_factor: f64,
    /// Close before the event in dollars; not positive where there is none.
    pub(super) reference_price: f64,
}

/// A row of the file's four columns.
#[cfg(test)]
pub(super) fn row(date: &str, price_factor: f64, split_factor: f64, reference_price: f64) -> FactorRow {
    FactorRow { date: date.parse().unwrap(), price_factor, split_factor, reference_price }
}

/// Reads adjustment factors in any order. A repeated row counts once.
///
/// # Errors
/// [`PortError::Corrupt`] for a row that cannot be read, a factor that is not positive, or two rows of one date that differ.
pub(super) fn read_factors(source: impl Read, file: &str) -> Result<Vec<FactorRow>, PortError> {
    let mut rows: Vec<FactorRow> = Vec::new();
    table::read(source, file, &["date", "price_factor", "split_factor"], |row| {
        let factors = FactorRow {
            date: row.required_date("date")?,
            price_factor: row.required_number("price_factor")?,
            split_factor: row.required_number("split_factor")?,
            reference_price: row.number("reference_price")?.unwrap_or(0.0),
        };
        if factors.price_factor > 0.0 && factors.split_factor > 0.0 {
            rows.push(factors);
            Ok(())
        } else {
            Err(row.corrupt("a factor must be greater than 0"))
        }
    })?;
    rows.sort_by_key(|row| row.date);
    rows.dedup();
    match rows.windows(2).find(|pair| pair[0].date == pair[1].date) {
        Some(pair) => Err(corrupt(format!("{file}: two different rows for {}; remove one", pair[0].date))),
        None => Ok(rows),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEADER: &str = "date,open,high,low,close,volume\n";

    fn bars(rows: &str) -> Result<DailyFile, PortError> {
        read_bars(format!("{HEADER}{rows}").as_bytes(), "daily/x.csv")
    }

    #[test]
    fn sorts_and_drops_repeated_rows() {
        let file = bars("2020-01-03,2,3,1,2,9\n2020-01-02,1,2,1,2,9\n2020-01-03,2,3,1,2,9\n").unwrap();
        let dates: Vec<String> = file.bars.iter().map(|bar| bar.date.to_string()).collect();
        assert_eq!(dates, ["2020-01-02", "2020-01-03"]);
    }

    #[test]
    fn an_impossible_bar_is_left_out_and_said() {
        let file = bars("2020-01-02,1,2,1,2,9\n2020-01-03,2,1,3,2,9\n").unwrap();
        assert_eq!(file.bars.len(), 1);
        assert!(
            file.skipped[0].reason.starts_with("daily/x.csv, line 3: the bar of 2020-01-03 is impossible")
        );
    }

    #[test]
    fn unreadable_and_contradicting_rows_are_named() {
        for (rows, part) in [
            ("2020-01-02,1,2,1,2,9\n2020-01-03,1,x,1,2,9\n", "line 3: the column 'high' holds 'x'"),
            ("2020-13-02,1,2,1,2,9\n", "line 2: the column 'date'"),
            ("2020-01-02,1,2,1,2,9\n2020-01-02,1,2,1,1.5,9\n", "lines 2 and 3: two different bars"),
            ("2020-01-02,1,2,1\n", "line 2: 4 fields"),
        ] {
            let message = bars(rows).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        }
        assert_eq!(bars("").unwrap(), DailyFile::default());
    }

    #[test]
    fn factors_must_be_positive_and_unique() {
        let read = |rows: &str| {
            let text = format!("date,price_factor,split_factor,reference_price\n{rows}");
            read_factors(text.as_bytes(), "f.csv")
        };
        assert_eq!(read("2020-01-02,1,1,\n2020-01-02,1,1,\n").unwrap().len(), 1);
        assert!(read("2020-01-02,0,1,1\n").is_err());
        assert!(read("2020-01-02,1,1,1\n2020-01-02,1,0.5,1\n").is_err());
    }

    proptest! {
        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), rows in "[0-9,.\\-\n ]{0,200}") {
            let _ = read_bars(bytes.as_slice(), "x");
            let _ = read_factors(bytes.as_slice(), "x");
            let _ = bars(&rows);
            let factors = format!("date,price_factor,split_factor,reference_price\n{rows}");
            let _ = read_factors(factors.as_bytes(), "x");
        }
    }
}
