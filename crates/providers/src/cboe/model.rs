//! The answers of Cboe's delayed-quote files. Prices come as numbers or as texts, 0 stands for an absence.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use ttai_ports::PortError;

use super::PROVIDER;

/// Contracts beyond this are no chain: the largest, SPX, has some 25,000.
const MOST_CONTRACTS: usize = 100_000;
/// Sessions beyond this are no history: a century has some 25,000.
const MOST_BARS: usize = 60_000;

/// `quotes/SYMBOL.json`, and the head of `options/SYMBOL.json`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CboeQuote {
    /// When the file was made, as it says.
    pub timestamp: String,
    /// `stock`, `index`, `etf`; possibly empty.
    pub security_type: String,
    /// Last price in dollars.
    pub current_price: Option<Decimal>,
    /// Best bid in dollars.
    pub bid: Option<Decimal>,
    /// Best ask in dollars.
    pub ask: Option<Decimal>,
    /// Today's first trade.
    pub open: Option<f64>,
    /// Today's highest trade.
    pub high: Option<f64>,
    /// Today's lowest trade.
    pub low: Option<f64>,
    /// Shares traded today.
    pub volume: u64,
    /// Last trade, New York time.
    pub last_trade_time: Option<String>,
}

/// `options/SYMBOL.json`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CboeChain {
    /// The underlying.
    pub underlying: CboeQuote,
    /// The contracts in the file's order.
    pub options: Vec<CboeOption>,
}

/// One contract of a chain.
#[derive(Clone, Debug, PartialEq)]
pub struct CboeOption {
    /// OCC symbol without blanks.
    pub option: String,
    /// Best bid in dollars, 0 for none.
    pub bid: Decimal,
    /// Best ask in dollars, 0 for none.
    pub ask: Decimal,
    /// Contracts bid for.
    pub bid_size: u32,
    /// Contracts offered.
    pub ask_size: u32,
    /// Last trade in dollars.
    pub last_trade_price: Option<Decimal>,
    /// Contracts traded today.
    pub volume: u64,
    /// Open interest.
    pub open_interest: Option<u64>,
}

/// One row of `charts/historical/SYMBOL.json`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CboeBar {
    /// Session date.
    pub date: NaiveDate,
    /// First trade; 0 in old index rows.
    pub open: f64,
    /// Highest trade.
    pub high: f64,
    /// Lowest trade.
    pub low: f64,
    /// Last trade.
    pub close: f64,
    /// Shares traded.
    pub volume: f64,
}

/// Reads `quotes/SYMBOL.json`.
///
/// # Errors
/// [`PortError::Corrupt`] with the place that does not fit.
pub fn parse_quote(bytes: &[u8]) -> Result<CboeQuote, PortError> {
    let file: File<QuoteData> = read("quotes", bytes)?;
    Ok(file.data.quote(file.timestamp))
}

/// Reads `options/SYMBOL.json`. A contract with a negative or missing price is left out.
///
/// # Errors
/// [`PortError::Corrupt`] with the place that does not fit.
pub fn parse_chain(bytes: &[u8]) -> Result<CboeChain, PortError> {
    let mut file: File<QuoteData> = read("options", bytes)?;
    if file.data.options.len() > MOST_CONTRACTS {
        return Err(corrupt(format!("options: more than {MOST_CONTRACTS} contracts")));
    }
    let options = std::mem::take(&mut file.data.options);
    let options = options.into_iter().filter_map(OptionRow::option).collect();
    Ok(CboeChain { underlying: file.data.quote(file.timestamp), options })
}

/// Reads `charts/historical/SYMBOL.json`, in the file's order. A row that is no bar is left out by its reader.
///
/// # Errors
/// [`PortError::Corrupt`] with the place that does not fit.
pub fn parse_history(bytes: &[u8]) -> Result<Vec<CboeBar>, PortError> {
    let file: File<Vec<BarRow>> = read("history", bytes)?;
    if file.data.len() > MOST_BARS {
        return Err(corrupt(format!("history: more than {MOST_BARS} bars")));
    }
    let price = |number: Option<f64>| number.unwrap_or(0.0);
    Ok(file
        .data
        .into_iter()
        .map(|row| CboeBar {
            date: row.date,
            open: price(row.open),
            high: price(row.high),
            low: price(row.low),
            close: price(row.close),
            volume: price(row.volume),
        })
        .collect())
}

#[derive(Deserialize)]
struct File<T> {
    #[serde(default)]
    timestamp: String,
    data: T,
}

#[derive(Deserialize)]
struct QuoteData {
    #[serde(default, deserialize_with = "text")]
    security_type: Option<String>,
    #[serde(default, deserialize_with = "number")]
    current_price: Option<f64>,
    #[serde(default, deserialize_with = "number")]
    bid: Option<f64>,
    #[serde(default, deserialize_with = "number")]
    ask: Option<f64>,
    #[serde(default, deserialize_with = "number")]
    open: Option<f64>,
    #[serde(default, deserialize_with = "number")]
    high: Option<f64>,
    #[serde(default, deserialize_with = "number")]
    low: Option<f64>,
    #[serde(default, deserialize_with = "number")]
    volume: Option<f64>,
    #[serde(default, deserialize_with = "text")]
    last_trade_time: Option<String>,
    #[serde(default)]
    options: Vec<OptionRow>,
}

#[derive(Deserialize)]
struct OptionRow {
    option: String,
    #[serde(default, deserialize_with = "number")]
    bid: Option<f64>,
    #[serde(default, deserialize_with = "number")]
    ask: Option<f64>,
    #[serde(default, deserialize_with = "number")]
    bid_size: Option<f64>,
    #[serde(default, deserialize_with = "number")]
    ask_size: Option<f64>,
    #[serde(default, deserialize_with = "number")]
    last_trade_price: Option<f64>,
    #[serde(default, deserialize_with = "number")]
    volume: Option<f64>,
    #[serde(default, deserialize_with = "number")]
    open_interest: Option<f64>,
}

#[derive(Deserialize)]
struct BarRow {
    date: NaiveDate,
    #[serde(default, deserialize_with = "number")]
    open: Option<f64>,
    #[serde(default, deserialize_with = "number")]
    high: Option<f64>,
    #[serde(default, deserialize_with = "number")]
    low: Option<f64>,
    #[serde(default, deserialize_with = "number")]
    close: Option<f64>,
    #[serde(default, deserialize_with = "number")]
    volume: Option<f64>,
}

impl QuoteData {
    fn quote(self, timestamp: String) -> CboeQuote {
        let positive = |number: Option<f64>| number.filter(|price| *price > 0.0);
        let price = |number: Option<f64>| positive(number).and_then(dollars);
        CboeQuote {
            timestamp,
            security_type: self.security_type.unwrap_or_default().to_lowercase(),
            current_price: price(self.current_price),
            bid: price(self.bid),
            ask: price(self.ask),
            open: positive(self.open),
            high: positive(self.high),
            low: positive(self.low),
            volume: count(self.volume).unwrap_or(0),
            last_trade_time: self.last_trade_time,
        }
    }
}

impl OptionRow {
    fn option(self) -> Option<CboeOption> {
        let price = |number: Option<f64>| number.filter(|price| *price >= 0.0).and_then(dollars);
        let size = |number| count(number).and_then(|size| u32::try_from(size).ok()).unwrap_or(0);
        Some(CboeOption {
            bid: price(self.bid)?,
            ask: price(self.ask)?,
            bid_size: size(self.bid_size),
            ask_size: size(self.ask_size),
            last_trade_price: price(self.last_trade_price).filter(|price| !price.is_zero()),
            volume: count(self.volume).unwrap_or(0),
            open_interest: count(self.open_interest),
            option: self.option,
        })
    }
}

fn read<T: DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<T, PortError> {
    serde_json::from_slice(bytes).map_err(|error| corrupt(format!("{what}: {error}")))
}

pub(super) fn corrupt(detail: String) -> PortError {
    PortError::Corrupt { provider: PROVIDER.to_owned(), detail }
}

/// A price with the digits that its number prints, at most four after the point.
fn dollars(price: f64) -> Option<Decimal> {
    Decimal::from_f64(price).map(|price| price.round_dp(4).normalize())
}

/// A count that came as 12.0.
fn count(number: Option<f64>) -> Option<u64> {
    number.filter(|count| *count >= 0.0).and_then(|count| count.round().to_u64())
}

/// A number, or a text that spells one; anything else is an absence.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Spelled {
        Number(f64),
        Text(String),
        Other(serde::de::IgnoredAny),
    }
    let number = match Spelled::deserialize(deserializer)? {
        Spelled::Number(number) => Some(number),
        Spelled::Text(text) => text.trim().parse().ok(),
        Spelled::Other(_) => None,
    };
    Ok(number.filter(|number: &f64| number.is_finite()))
}

/// A text; anything else is an absence.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Spelled {
        Text(String),
        Other(serde::de::IgnoredAny),
    }
    Ok(match Spelled::deserialize(deserializer)? {
        Spelled::Text(text) => Some(text),
        Spelled::Other(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_chain_is_read() {
        let chain = parse_chain(
            br#"{"timestamp": "2026-11-20 15:00:00", "symbol": "AAPL", "data": {"symbol": "AAPL", "security_type": "stock", "exchange_id": 5,
            "current_price": 224.31, "bid": 224.3, "ask": 224.32, "volume": 5.1e7, "last_trade_time": null, "open": "223.5", "iv30": 22.1,
            "options": [{"option": "AAPL261218C00200000", "bid": 25.1, "bid_size": 12.0, "ask": "25.30", "ask_size": 7, "iv": 0.3, "open_interest": 1200.0,
            "volume": 3.0, "delta": 0.9, "last_trade_price": 0.0}, {"option": "AAPL261218P00200000", "bid": -1, "ask": 2}]}}"#,
        )
        .unwrap();
        assert_eq!(chain.options.len(), 1);
        let option = &chain.options[0];
        assert_eq!(
            (option.ask.to_string().as_str(), option.bid_size, option.open_interest),
            ("25.3", 12, Some(1200))
        );
        assert_eq!((option.last_trade_price, option.volume), (None, 3));
        assert_eq!((chain.underlying.volume, chain.underlying.open), (51_000_000, Some(223.5)));
        assert_eq!(chain.underlying.bid.unwrap().to_string(), "224.3");
    }

    #[test]
    fn history_comes_as_texts() {
        let bars = parse_history(
            br#"{"symbol": "_SPX", "data": [{"date": "2026-11-19", "open": "0.0000", "high": "11.0", "low": "9.0", "close": "10.5", "volume": "0.0"}]}"#,
        )
        .unwrap();
        assert_eq!((bars[0].open, bars[0].close), (0.0, 10.5));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for bytes in [&b"<html>"[..], b"{}", b"{\"data\": 5}", b"{\"data\": {\"options\": {}}}"] {
            assert!(matches!(parse_chain(bytes), Err(PortError::Corrupt { .. })), "{bytes:?}");
        }
        assert!(parse_history(b"{\"data\": [{\"date\": \"soon\"}]}").is_err());
    }

    proptest! {
        #[test]
        fn never_panics(price in "-?[0-9]{1,25}(\\.[0-9]{0,5})?(e[0-9]{1,3})?", text in "\\PC{0,12}") {
            let text = text.replace(['"', '\\'], "");
            let row = format!(r#"{{"timestamp": "{text}", "data": {{"bid": {price}, "volume": {price}, "last_trade_time": "{text}",
                "options": [{{"option": "{text}", "bid": {price}, "ask": "{price}", "bid_size": {price}}}]}}}}"#);
            let _ = parse_chain(row.as_bytes());
            let _ = parse_quote(row.as_bytes());
            let _ = parse_history(format!(r#"{{"data": [{{"date": "2026-01-02", "open": "{price}"}}]}}"#).as_bytes());
        }
    }
}
