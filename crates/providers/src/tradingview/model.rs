//! The scanner's answer.

use serde::Deserialize;
use serde_json::Value;
use ttai_ports::PortError;

use super::error::corrupt;

/// Rows beyond this are no answer to any query of ours.
const MOST_ROWS: usize = 10_000;

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct ScanAnswer {
    /// How many symbols fit, of which the rows are some.
    pub total_count: u64,
    /// The rows in the order asked for.
    pub rows: Vec<ScanRow>,
}

/// A symbol and its columns.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ScanRow {
    /// `NASDAQ:AAPL`
    #[serde(rename = "s")]
    pub symbol: String,
    /// The values in the order of the columns asked for; null where nothing is known.
    #[serde(rename = "d")]
    pub values: Vec<Value>,
}

impl ScanRow {
    /// The ticker without its exchange.
    #[must_use]
    pub fn ticker(&self) -> &str {
        self.symbol.split_once(':').map_or(self.symbol.as_str(), |(_, ticker)| ticker)
    }

    /// A column as a finite number.
    #[must_use]
    pub fn number(&self, column: usize) -> Option<f64> {
        self.values.get(column)?.as_f64().filter(|number| number.is_finite())
    }

    /// A column as a text that is not empty.
    #[must_use]
    pub fn text(&self, column: usize) -> Option<&str> {
        self.values.get(column)?.as_str().filter(|text| !text.is_empty())
    }
}

/// Reads an answer.
///
/// # Errors
/// [`PortError::Corrupt`] with the place that does not fit.
pub fn parse_scan(bytes: &[u8]) -> Result<ScanAnswer, PortError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        total_count: u64,
        data: Option<Vec<ScanRow>>,
        #[serde(default)]
        error: Option<String>,
    }
    let answer: Answer = serde_json::from_slice(bytes).map_err(|error| corrupt(format!("scan: {error}")))?;
    if let Some(error) = answer.error {
        return Err(super::error::invalid(error.chars().take(200).collect()));
    }
    let rows = answer.data.unwrap_or_default();
    if rows.len() > MOST_ROWS {
        return Err(corrupt(format!("scan: more than {MOST_ROWS} rows")));
    }
    Ok(ScanAnswer { total_count: answer.total_count, rows })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_answer_is_read() {
        let answer = parse_scan(
            br#"{"totalCount": 17559, "data": [{"s": "NASDAQ:NVDA", "d": [116.14, null, "NVIDIA", ""]}]}"#,
        )
        .unwrap();
        let row = &answer.rows[0];
        assert_eq!((answer.total_count, row.ticker(), row.number(0)), (17_559, "NVDA", Some(116.14)));
        assert_eq!(
            (row.number(1), row.text(2), row.text(3), row.number(9)),
            (None, Some("NVIDIA"), None, None)
        );
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for bytes in [
            &b"<html>"[..],
            b"{}",
            b"{\"totalCount\": -1, \"data\": []}",
            b"{\"totalCount\": 1, \"data\": [{\"s\": 1}]}",
        ] {
            assert!(matches!(parse_scan(bytes), Err(PortError::Corrupt { .. })), "{bytes:?}");
        }
        assert!(matches!(
            parse_scan(br#"{"totalCount":0,"error":"no","data":null}"#),
            Err(PortError::Invalid { .. })
        ));
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,80}") {
            let _ = parse_scan(text.as_bytes());
        }
    }
}
