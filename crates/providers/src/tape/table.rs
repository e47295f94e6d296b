//! Reads CSV by column name, and names the file, the line and the column of whatever it cannot read.

use std::collections::HashMap;
use std::io::Read;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use csv::ByteRecord;
use rust_decimal::Decimal;
use ttai_core::NEW_YORK;
use ttai_ports::PortError;

use super::PROVIDER;

/// Something in the tape that a person must look at.
pub(super) fn corrupt(detail: impl Into<String>) -> PortError {
    PortError::Corrupt { provider: PROVIDER.to_owned(), detail: detail.into() }
}

/// The header of one file.
struct Header {
    file: String,
    columns: HashMap<String, usize>,
    width: usize,
}

impl Header {
    fn new(file: &str, record: &ByteRecord, required: &[&str]) -> Result<Self, PortError> {
        let mut columns = HashMap::new();
        for (index, name) in record.iter().enumerate() {
            let name = String::from_utf8_lossy(name).trim().to_ascii_lowercase();
            if columns.insert(name.clone(), index).is_some() && required.contains(&name.as_str()) {
                return Err(corrupt(format!("{file}, line 1: the column '{name}' occurs twice")));
            }
        }
        let missing: Vec<&str> =
            required.iter().copied().filter(|name| !columns.contains_key(*name)).collect();
        if missing.is_empty() {
            Ok(Self { file: file.to_owned(), columns, width: record.len() })
        } else {
            let missing = missing.join(", ");
            Err(corrupt(format!(
                "{file}, line 1: the header lacks the column(s) {missing}; expected at least {}",
                required.join(", ")
            )))
        }
    }
}

/// One line of a file.
pub(super) struct Row<'a> {
    header: &'a Header,
    record: &'a ByteRecord,
    line: u64,
}

impl Row<'_> {
    /// The line's number in the file, the header being line 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// An error that names this line.
    pub(super) fn corrupt(&self, detail: &str) -> PortError {
        corrupt(format!("{}, line {}: {detail}", self.header.file, self.line))
    }

    /// The field without surrounding blanks; none where the column is absent or the field empty.
    pub(super) fn text(&self, column: &str) -> Result<Option<&str>, PortError> {
        let Some(field) = self.header.columns.get(column).and_then(|index| self.record.get(*index)) else {
            return Ok(None);
        };
        let text = std::str::from_utf8(field)
            .map_err(|_| self.corrupt(&format!("the column '{column}' is not UTF-8 text")))?
            .trim();
        Ok(if text.is_empty() { None } else { Some(text) })
    }

    /// The field, which must be there.
    pub(super) fn required(&self, column: &str) -> Result<&str, PortError> {
        self.text(column)?.ok_or_else(|| self.corrupt(&format!("the column '{column}' is empty")))
    }

    fn parse<T>(
        &self,
        column: &str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, PortError> {
        self.text(column)?.map_or(Ok(None), |text| {
            parse(text).map(Some).ok_or_else(|| {
                let shown: String = text.chars().take(40).collect();
                self.corrupt(&format!("the column '{column}' holds '{shown}', expected {expected}"))
            })
        })
    }

    fn must<T>(&self, column: &str, value: Option<T>) -> Result<T, PortError> {
        value.ok_or_else(|| self.corrupt(&format!("the column '{column}' is empty")))
    }

    /// A finite number, if given.
    pub(super) fn number(&self, column: &str) -> Result<Option<f64>, PortError> {
        self.parse(column, "a number", |text| text.parse().ok().filter(|number: &f64| number.is_finite()))
    }

    /// A finite number that must be there.
    pub(super) fn required_number(&self, column: &str) -> Result<f64, PortError> {
        let number = self.number(column)?;
        self.must(column, number)
    }

    /// A decimal number of at least zero, if given.
    pub(super) fn decimal(&self, column: &str) -> Result<Option<Decimal>, PortError> {
        self.parse(column, "a number of at least 0", |text| {
            let decimal = Decimal::from_str(text).or_else(|_| Decimal::from_scientific(text)).ok()?;
            (decimal >= Decimal::ZERO).then(|| decimal.normalize())
        })
    }

    /// A whole number of at least zero, if given; `130.0` counts as whole.
    pub(super) fn count(&self, column: &str) -> Result<Option<u64>, PortError> {
        self.parse(column, "a whole number of at least 0", |text| {
            let whole = text.split_once('.').map_or(Some(text), |(whole, fraction)| {
                fraction.bytes().all(|digit| digit == b'0').then_some(whole)
            })?;
            whole.parse().ok()
        })
    }

    /// A date in the form 2014-06-06, if given.
    pub(super) fn date(&self, column: &str) -> Result<Option<NaiveDate>, PortError> {
        self.parse(column, "a date such as 2014-06-06", |text| {
            NaiveDate::parse_from_str(text.get(..10)?, "%Y-%m-%d").ok()
        })
    }

    /// A date that must be there.
    pub(super) fn required_date(&self, column: &str) -> Result<NaiveDate, PortError> {
        let date = self.date(column)?;
        self.must(column, date)
    }

    /// A moment, if given: with an offset as it stands, without one as New York's clock.
    pub(super) fn instant(&self, column: &str) -> Result<Option<DateTime<Utc>>, PortError> {
        self.parse(column, "a time such as 2014-06-06T15:00:00 (New York) or 2014-06-06T19:00:00Z", |text| {
            instant(text)
        })
    }

    /// A moment that must be there.
    pub(super) fn required_instant(&self, column: &str) -> Result<DateTime<Utc>, PortError> {
        let instant = self.instant(column)?;
        self.must(column, instant)
    }
}

/// Reads a moment: with an offset as it stands, without one as New York's clock (the first of two where it occurs twice).
pub(super) fn instant(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Some(instant.with_timezone(&Utc));
    }
    ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S"].iter().find_map(|form| {
        let local = NaiveDateTime::parse_from_str(text, form).ok()?;
        let zoned = local.and_local_timezone(NEW_YORK).earliest()?;
        Some(zoned.with_timezone(&Utc))
    })
}

/// Numbers lines by their line feeds: the CSV reader's own count is one behind after a carriage return.
struct LineCounter<'a> {
    bytes: &'a [u8],
    position: usize,
    line: u64,
}

impl LineCounter<'_> {
    /// The line on which the record that begins at `start` or after the line ends there has its first field.
    fn line_of(&mut self, start: u64) -> u64 {
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        while let Some(byte) = self.bytes.get(self.position) {
            if self.position >= start && !matches!(byte, b'\r' | b'\n') {
                break;
            }
            self.line += u64::from(*byte == b'\n');
            self.position += 1;
        }
        self.line
    }
}

/// Calls `each` for every line after the header.
///
/// # Errors
/// [`PortError::Corrupt`] naming `file` and the line: no header, a required column missing, a line with more or fewer
/// fields than the header, or whatever `each` finds.
pub(super) fn read(
    mut source: impl Read,
    file: &str,
    required: &[&str],
    mut each: impl FnMut(&Row<'_>) -> Result<(), PortError>,
) -> Result<(), PortError> {
    let mut bytes = Vec::new();
    source.read_to_end(&mut bytes).map_err(|error| corrupt(format!("{file} cannot be read: {error}")))?;
    let mut lines = LineCounter { bytes: &bytes, position: 0, line: 1 };
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes.as_slice());
    let mut record = ByteRecord::new();
    let mut header: Option<Header> = None;
    while reader
        .read_byte_record(&mut record)
        .map_err(|error| corrupt(format!("{file} cannot be read: {error}")))?
    {
        let line = lines.line_of(record.position().map_or(0, csv::Position::byte));
        match &header {
            None => header = Some(Header::new(file, &record, required)?),
            Some(header) => {
                let row = Row { header, record: &record, line };
                if record.len() != header.width {
                    let found = record.len();
                    let detail = format!("{found} fields where the header has {}", header.width);
                    return Err(row.corrupt(&detail));
                }
                each(&row)?;
            }
        }
    }
    if header.is_some() {
        Ok(())
    } else {
        Err(corrupt(format!("{file} is empty; expected a header with {}", required.join(", "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn numbers(text: &str) -> Result<Vec<(u64, Option<f64>)>, PortError> {
        let mut rows = Vec::new();
        read(text.as_bytes(), "x.csv", &["b"], |row| {
            rows.push((row.line(), row.number("b")?));
            Ok(())
        })?;
        Ok(rows)
    }

    #[test]
    fn finds_columns_by_name_whatever_else_is_there() {
        let expected = vec![(2, Some(1.5)), (3, None)];
        assert_eq!(numbers("a,b\nx,1.5\ny,\n").unwrap(), expected);
        assert_eq!(numbers("\u{feff}B , a\r\n1.5,x\r\n,y\r\n").unwrap(), expected);
    }

    #[test]
    fn names_file_line_and_column_of_what_is_wrong() {
        for (text, part) in [
            ("", "x.csv is empty"),
            ("a,c\n", "line 1: the header lacks the column(s) b"),
            ("a,b,b\n", "line 1: the column 'b' occurs twice"),
            ("a,b\n1,2\n1\n", "line 3: 1 fields where the header has 2"),
            ("a,b\n1,two\n", "line 2: the column 'b' holds 'two', expected a number"),
            ("a,b\n1,inf\n", "line 2: the column 'b' holds 'inf'"),
        ] {
            let message = numbers(text).unwrap_err().to_string();
            assert!(message.contains(part), "{text:?}: {message}");
        }
        assert_eq!(numbers("a,b\n").unwrap(), vec![]);
    }

    #[test]
    fn reads_times_of_new_york_and_of_utc() {
        let expected = Some("2014-06-06T19:00:00Z".parse().unwrap());
        assert_eq!(instant("2014-06-06T15:00:00"), expected);
        assert_eq!(instant("2014-06-06T19:00:00Z"), expected);
        assert_eq!(instant("15:00"), None);
    }

    proptest! {
        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(bytes.as_slice(), "x.csv", &["b"], |row| {
                let _ = (row.number("b"), row.decimal("b"), row.count("b"), row.date("b"), row.instant("b"));
                Ok(())
            });
        }

        #[test]
        fn fields_never_panic(field in "\\PC{0,30}") {
            let text = format!("b\n\"{}\"\n", field.replace('"', ""));
            let _ = read(text.as_bytes(), "x.csv", &["b"], |row| {
                let _ = (row.number("b"), row.decimal("b"), row.count("b"), row.date("b"), row.instant("b"));
                Ok(())
            });
        }
    }
}
