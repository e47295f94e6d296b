//! TradingView's stock scanner as a source of candidates. It needs no account; its use is bound by TradingView's terms.

mod columns;
mod error;
mod model;
mod query;

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::json;
use ttai_core::Symbol;
use ttai_http::{Effect, Service, ServiceConfig};
use ttai_ports::{AccountLimits, PortError, RateLimit, ScanMatch, ScanRequest, Scanner};
use url::Url;

pub use columns::{ColumnType, column_type, columns};
use error::{corrupt, invalid};
pub use model::{ScanAnswer, ScanRow, parse_scan};
pub use query::{Condition, Filter, FilterOperation, MOST_ROWS, ScanQuery};

/// The provider's name in errors and metrics.
const PROVIDER: &str = "tradingview";
/// Where the scanner is.
pub const BASE_URL: &str = "https://scanner.tradingview.com";
/// The market that is scanned: listings in the United States.
const MARKET: &str = "america";
/// Exchanges with listed options; not the over-the-counter market.
const EXCHANGES: [&str; 4] = ["NASDAQ", "NYSE", "AMEX", "CBOE"];
/// TradingView publishes no limit; this is what a person at the screener would cause.
const RATE: RateLimit = RateLimit { per_minute: 30, burst: 5 };
/// What a candidate is made of; the order is that of [`candidate`].
const COLUMNS: [&str; 5] = ["description", "close", "volume", "market_cap_basic", "sector"];

/// TradingView's scanner. Clones share the connections.
#[derive(Clone, Debug)]
pub struct TradingView {
    service: Service,
}

impl TradingView {
    /// Prepares the calls to [`BASE_URL`] or a simulation's address; nothing is sent yet.
    ///
    /// # Errors
    /// [`PortError::Invalid`] for an address that is none.
    pub fn new(base_url: Url, limits: Arc<dyn AccountLimits>) -> Result<Self, PortError> {
        let mut config = ServiceConfig::new(PROVIDER, base_url);
        config.rate = RATE;
        config.max_body = 8 << 20;
        config.timeout = std::time::Duration::from_secs(20);
        Ok(Self { service: Service::new(config, limits, Some(error::read))? })
    }

    /// Runs any query.
    ///
    /// # Errors
    /// The taxonomy of [`PortError`]; [`PortError::Corrupt`] also where a row has not the columns asked for.
    pub async fn run(&self, query: &ScanQuery) -> Result<ScanAnswer, PortError> {
        let path = format!("{MARKET}/scan");
        // A scan changes nothing although it is sent by POST.
        let response =
            self.service.post("scan", &path).effect(Effect::Read).json(&query.body(MARKET)).send().await?;
        let answer = parse_scan(&response.body)?;
        match answer.rows.iter().find(|row| row.values.len() != query.width()) {
            Some(row) => Err(corrupt(format!(
                "scan: '{}' has {} values for {} columns",
                row.symbol.chars().take(40).collect::<String>(),
                row.values.len(),
                query.width()
            ))),
            None => Ok(answer),
        }
    }
}

#[async_trait]
impl Scanner for TradingView {
    fn name(&self) -> &str {
        PROVIDER
    }

    async fn scan(&self, request: &ScanRequest) -> Result<Vec<ScanMatch>, PortError> {
        let answer = self.run(&query(request)?).await?;
        Ok(answer.rows.iter().filter_map(candidate).collect())
    }
}

/// The query that a request means.
fn query(request: &ScanRequest) -> Result<ScanQuery, PortError> {
    check(request)?;
    let mut query = ScanQuery::select(&COLUMNS)?.sort_by("volume", false)?.range(0, request.limit)?;
    let types = if request.include_funds { json!(["stock", "dr", "fund"]) } else { json!(["stock", "dr"]) };
    let fixed = [
        ("exchange", FilterOperation::InRange, json!(EXCHANGES)),
        ("is_primary", FilterOperation::Equal, json!(true)),
        ("active_symbol", FilterOperation::Equal, json!(true)),
        ("type", FilterOperation::InRange, types),
        ("typespecs", FilterOperation::HasNoneOf, json!(["preferred", "pre-ipo", "mutual", "unit"])),
    ];
    let bounds = [
        ("close", FilterOperation::AtLeast, request.min_price.map(|price| json!(price))),
        ("close", FilterOperation::AtMost, request.max_price.map(|price| json!(price))),
        ("average_volume_30d_calc", FilterOperation::AtLeast, request.min_volume.map(|volume| json!(volume))),
        ("market_cap_basic", FilterOperation::AtLeast, request.min_market_cap.map(|cap| json!(cap))),
        ("sector", FilterOperation::InRange, (!request.sectors.is_empty()).then(|| json!(request.sectors))),
    ];
    for (column, operation, right) in fixed {
        query = query.filter(Filter::new(column, operation, right)?);
    }
    for (column, operation, right) in bounds {
        if let Some(right) = right {
            query = query.filter(Filter::new(column, operation, right)?);
        }
    }
    Ok(query)
}

/// Bounds that are numbers and leave something between them.
fn check(request: &ScanRequest) -> Result<(), PortError> {
    let numbers = [request.min_price, request.max_price, request.min_market_cap];
    if numbers.iter().flatten().any(|number| !number.is_finite() || *number < 0.0) {
        return Err(invalid("prices and market capitalisations are numbers of 0 or more".to_owned()));
    }
    match (request.min_price, request.max_price) {
        (Some(low), Some(high)) if low > high => {
            Err(invalid(format!("no price is at least {low} and at most {high}")))
        }
        _ => Ok(()),
    }
}

/// A row as a candidate; none where its ticker is none of ours.
fn candidate(row: &ScanRow) -> Option<ScanMatch> {
    Some(ScanMatch {
        symbol: Symbol::new(row.ticker()).ok()?,
        name: row.text(0).unwrap_or_default().to_owned(),
        price: row.number(1),
        volume: row.number(2),
        market_cap: row.number(3),
        sector: row.text(4).map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> ScanRequest {
        ScanRequest { limit: 20, ..ScanRequest::default() }
    }

    #[test]
    fn every_bound_becomes_a_filter() {
        let request = ScanRequest {
            min_price: Some(5.0),
            max_price: Some(50.0),
            min_volume: Some(1_000_000),
            min_market_cap: Some(2e9),
            sectors: vec!["Finance".to_owned()],
            include_funds: true,
            limit: 20,
        };
        let body = query(&request).unwrap().body(MARKET);
        let filters = body["filter"].as_array().unwrap();
        for filter in [
            json!({"left": "close", "operation": "egreater", "right": 5.0}),
            json!({"left": "close", "operation": "eless", "right": 50.0}),
            json!({"left": "average_volume_30d_calc", "operation": "egreater", "right": 1_000_000}),
            json!({"left": "market_cap_basic", "operation": "egreater", "right": 2e9}),
            json!({"left": "sector", "operation": "in_range", "right": ["Finance"]}),
            json!({"left": "type", "operation": "in_range", "right": ["stock", "dr", "fund"]}),
        ] {
            assert!(filters.contains(&filter), "{filter} is not in {body}");
        }
        assert_eq!(body["range"], json!([0, 20]));
    }

    #[test]
    fn a_request_that_nothing_fits_is_refused() {
        for bad in [
            ScanRequest { min_price: Some(9.0), max_price: Some(5.0), ..request() },
            ScanRequest { min_price: Some(f64::NAN), ..request() },
            ScanRequest { limit: 0, ..request() },
            ScanRequest { limit: 5_000, ..request() },
        ] {
            assert!(matches!(query(&bad), Err(PortError::Invalid { .. })), "{bad:?}");
        }
    }

    #[test]
    fn a_row_becomes_a_candidate() {
        let row = ScanRow {
            symbol: "NYSE:BRK.B".to_owned(),
            values: vec![json!("Berkshire"), json!(480.5), json!(3e6), json!(null), json!("Finance")],
        };
        let found = candidate(&row).unwrap();
        assert_eq!((found.symbol.as_str(), found.price, found.market_cap), ("BRK.B", Some(480.5), None));
        assert!(candidate(&ScanRow { symbol: "NYSE:".to_owned(), values: Vec::new() }).is_none());
    }
}
