//! One file of a tape by itself, without its folder.

use chrono::NaiveDate;
use ttai_core::Symbol;
use ttai_ports::PortError;

use super::facts::Facts;
use super::{chain, daily, minutes, stories, table};

/// What a file of a tape folder holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// `chains/SYMBOL_YYYYMMDD.csv`.
    Chain,
    /// `daily/SYMBOL.csv`.
    Daily,
    /// `daily/SYMBOL_factors.csv`.
    Factors,
    /// `tapes/SYMBOL_YYYYMMDD.csv`.
    Minutes,
    /// `news/SYMBOL.csv`.
    StoriesCsv,
    /// `news/SYMBOL.json`.
    StoriesJson,
    /// `metrics/SYMBOL.json`.
    Facts,
}

impl FileKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Chain,
        Self::Daily,
        Self::Factors,
        Self::Minutes,
        Self::StoriesCsv,
        Self::StoriesJson,
        Self::Facts,
    ];
}

/// Reads a file's bytes as the tape would, for the symbol and the New York date of its name, and answers how many snapshots, bars, rows or stories it
/// holds. `name` stands in errors.
///
/// # Errors
/// [`PortError::Corrupt`] naming the line and column that do not fit.
pub fn check_file(
    kind: FileKind,
    name: &str,
    symbol: &Symbol,
    date: NaiveDate,
    bytes: &[u8],
) -> Result<usize, PortError> {
    let text = || {
        std::str::from_utf8(bytes).map_err(|error| table::corrupt(format!("{name} is not UTF-8: {error}")))
    };
    Ok(match kind {
        FileKind::Chain => chain::read(bytes, name, symbol)?.len(),
        FileKind::Daily => daily::read_bars(bytes, name)?.bars.len(),
        FileKind::Factors => daily::read_factors(bytes, name)?.len(),
        FileKind::Minutes => minutes::read(bytes, name, date)?.len(),
        FileKind::StoriesCsv => stories::read_csv(bytes, name, symbol)?.len(),
        FileKind::StoriesJson => stories::read_json(text()?, name, symbol)?.len(),
        FileKind::Facts => Facts::read(text()?, name).map(|_| 1)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_a_file_holds_and_names_what_it_does_not() {
        let (symbol, date) = (Symbol::new("AAPL").unwrap(), NaiveDate::from_ymd_opt(2014, 6, 6).unwrap());
        let check = |kind, text: &str| check_file(kind, "AAPL.csv", &symbol, date, text.as_bytes());
        let bars = "date,open,high,low,close,volume\n2014-06-05,1,2,1,2,10\n2014-06-06,2,3,2,3,10\n";
        assert_eq!(check(FileKind::Daily, bars).ok(), Some(2));
        for kind in FileKind::ALL {
            assert!(
                check(kind, "no,such\ncolumns").unwrap_err().to_string().contains("AAPL.csv"),
                "{kind:?}"
            );
        }
    }
}
