//! What a candidate must be, and by what the picks are ranked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::Symbol;

use super::{MOST_CANDIDATES, ScanParams};
use crate::options::{EarningsPolicy, OpenInterestPolicy, OptionsConstraints, Strategy};
use crate::subject::{UnknownFields, checked_when_read};
use crate::validate::{self, Validate, ValidationError};

/// By what candidates are ranked. All three are shown beside each pick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScreenRanking {
    /// Return at the bid, in percent a week.
    #[default]
    ReturnAtBid,
    /// That return times the probability of profit.
    ProbabilityWeighted,
    /// (1 − |delta|) · 250 / (dte + 5) · bid / strike.
    WheelScore,
}

/// What a candidate must be, and what a contract of it must satisfy. Every field has a default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ScreenCriteria {
    /// Only these symbols, at most 1,000, and no scan; the scan's when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1_000))]
    pub symbols: Vec<Symbol>,
    /// Candidates beside the scan's, at most 1,000.
    #[serde(alias = "includeSymbols", alias = "include_list", skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1_000))]
    pub include_symbols: Vec<Symbol>,
    /// Never a candidate, at most 1,000.
    #[serde(alias = "excludeSymbols", alias = "exclude_list", skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1_000))]
    pub exclude_symbols: Vec<Symbol>,
    /// Most candidates of the scan, 1 to 1,000; 500 by default.
    #[serde(alias = "maxCandidates")]
    #[schemars(range(min = 1, max = 1_000))]
    pub max_candidates: u32,
    /// Lowest price in dollars; 5 for a scan and none for a list when none.
    #[serde(alias = "minPrice", skip_serializing_if = "Option::is_none")]
    pub min_price: Option<f64>,
    /// Highest price in dollars; 100 for a scan and none for a list when none.
    #[serde(alias = "maxPrice", skip_serializing_if = "Option::is_none")]
    pub max_price: Option<f64>,
    /// Least average daily volume in shares; 1,000,000 for a scan and none for a list when none.
    #[serde(alias = "minVolume", skip_serializing_if = "Option::is_none")]
    pub min_volume: Option<u64>,
    /// Least market capitalisation in dollars; a bound of the scan, refused beside `symbols`. No bound when none.
    #[serde(alias = "minMarketCap", skip_serializing_if = "Option::is_none")]
    pub min_market_cap: Option<f64>,
    /// Sectors as the scan's provider names them, refused beside `symbols`; all when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub sectors: Vec<String>,
    /// Whether a scan finds funds, too; no by default.
    #[serde(alias = "includeFunds")]
    pub include_funds: bool,
    /// Least IV rank, 0 to 100; none when none. A rank that is not known does not drop a candidate.
    #[serde(alias = "minIvRank", skip_serializing_if = "Option::is_none")]
    pub min_iv_rank: Option<f64>,
    /// Smallest return at the bid in percent per 7 calendar days; 0.5 by default.
    #[serde(alias = "minRocWeekly", alias = "min_roc", alias = "minRoc")]
    pub min_roc_weekly: f64,
    /// Largest |delta| of the short contract, 0 to 1; 0.3 by default.
    #[serde(alias = "maxDelta")]
    pub max_delta: f64,
    /// Fewest calendar days to the last trade date; 14 by default.
    #[serde(alias = "dteMin")]
    pub dte_min: i64,
    /// Most calendar days to the last trade date; 45 by default.
    #[serde(alias = "dteMax")]
    pub dte_max: i64,
    /// Smallest open interest in contracts; 100 by default.
    #[serde(alias = "minOpenInterest")]
    pub min_open_interest: u64,
    /// What to do where a chain reports no open interest at all; `warn` by default.
    #[serde(alias = "unknownOpenInterest")]
    pub unknown_open_interest: OpenInterestPolicy,
    /// Widest bid–ask spread in percent of the mid; 10 by default.
    #[serde(alias = "maxSpreadPct")]
    pub max_spread_pct: f64,
    /// Smallest credit of a vertical in percent of its width; 20 by default.
    #[serde(alias = "minCreditPct")]
    pub min_credit_pct: f64,
    /// Whether expirations beyond an earnings report are out; yes by default.
    #[serde(alias = "excludeEarnings")]
    pub exclude_earnings: bool,
    /// What to do when the date is unknown: `exclude`, `warn` (default) or `allow`.
    #[serde(alias = "unknownEarnings")]
    pub unknown_earnings: EarningsPolicy,
}

impl Default for ScreenCriteria {
    fn default() -> Self {
        let contract = OptionsConstraints::default();
        Self {
            symbols: Vec::new(),
            include_symbols: Vec::new(),
            exclude_symbols: Vec::new(),
            max_candidates: 500,
            min_price: None,
            max_price: None,
            min_volume: None,
            min_market_cap: None,
            sectors: Vec::new(),
            include_funds: false,
            min_iv_rank: None,
            min_roc_weekly: contract.min_roc,
            max_delta: contract.max_delta,
            dte_min: contract.dte_min,
            dte_max: contract.dte_max,
            min_open_interest: contract.min_open_interest,
            unknown_open_interest: contract.unknown_open_interest,
            max_spread_pct: contract.max_spread_pct,
            min_credit_pct: contract.min_credit_pct,
            exclude_earnings: contract.exclude_earnings,
            unknown_earnings: contract.unknown_earnings,
        }
    }
}

/// Bounds of a scan that says none.
const SCAN_MIN_PRICE: f64 = 5.0;
const SCAN_MAX_PRICE: f64 = 100.0;
const SCAN_MIN_VOLUME: u64 = 1_000_000;

impl ScreenCriteria {
    /// What a contract must satisfy.
    #[must_use]
    pub fn constraints(&self) -> OptionsConstraints {
        OptionsConstraints {
            max_delta: self.max_delta,
            min_roc: self.min_roc_weekly,
            dte_min: self.dte_min,
            dte_max: self.dte_max,
            min_open_interest: self.min_open_interest,
            unknown_open_interest: self.unknown_open_interest,
            max_spread_pct: self.max_spread_pct,
            min_credit_pct: self.min_credit_pct,
            exclude_earnings: self.exclude_earnings,
            unknown_earnings: self.unknown_earnings,
        }
    }

    /// What the scan is asked; none where the candidates are given.
    #[must_use]
    pub fn scan(&self) -> Option<ScanParams> {
        self.symbols.is_empty().then(|| ScanParams {
            min_price: self.min_price.or(Some(SCAN_MIN_PRICE)),
            max_price: self.max_price.or(Some(SCAN_MAX_PRICE)),
            min_volume: self.min_volume.or(Some(SCAN_MIN_VOLUME)),
            min_market_cap: self.min_market_cap,
            sectors: self.sectors.clone(),
            include_funds: self.include_funds,
            limit: self.max_candidates,
            due: None,
        })
    }

    /// What only a scan knows of a candidate cannot bind symbols that are given: nothing is ignored in silence.
    fn check_scan_only(&self) -> Result<(), ValidationError> {
        let bounds = [
            ("sectors", !self.sectors.is_empty()),
            ("min_market_cap", self.min_market_cap.is_some()),
            ("include_funds", self.include_funds),
        ];
        let Some((field, _)) = bounds.iter().find(|(_, is_asked)| *is_asked) else { return Ok(()) };
        let message = "only a scan is bound by it; leave it out, or name no symbols to scan for candidates";
        Err(ValidationError::new(field, message))
    }

    /// The candidates in their order, each once, given the scan's: at most [`MOST_CANDIDATES`].
    #[must_use]
    pub fn candidates(&self, scanned: Vec<Symbol>) -> Vec<Symbol> {
        let mut seen: std::collections::BTreeSet<Symbol> = self.exclude_symbols.iter().cloned().collect();
        let all = self.symbols.iter().cloned().chain(scanned).chain(self.include_symbols.iter().cloned());
        let once = all.filter(|symbol| seen.insert(symbol.clone()));
        once.take(usize::try_from(MOST_CANDIDATES).unwrap_or(usize::MAX)).collect()
    }
}

impl Validate for ScreenCriteria {
    fn validate(&self) -> Result<(), ValidationError> {
        let lists = [
            ("symbols", self.symbols.len()),
            ("include_symbols", self.include_symbols.len()),
            ("exclude_symbols", self.exclude_symbols.len()),
        ];
        if let Some((field, _)) = lists.iter().find(|(_, length)| *length > 1_000) {
            return Err(ValidationError::new(field, "name at most 1,000 symbols"));
        }
        if self.sectors.len() > 50 || self.sectors.iter().any(|sector| sector.len() > 100) {
            return Err(ValidationError::new("sectors", "name at most 50 sectors of at most 100 bytes"));
        }
        if !self.symbols.is_empty() {
            self.check_scan_only()?;
        }
        if !(1..=MOST_CANDIDATES).contains(&self.max_candidates) {
            return Err(ValidationError::new("max_candidates", "give 1 to 1,000"));
        }
        let within = |field: &str, value: Option<f64>, most: f64| {
            value.map_or(Ok(()), |value| validate::in_range(field, value, 0.0, most))
        };
        within("min_price", self.min_price, 1e6)?;
        within("max_price", self.max_price, 1e6)?;
        within("min_market_cap", self.min_market_cap, 1e14)?;
        within("min_iv_rank", self.min_iv_rank, 100.0)?;
        if let (Some(low), Some(high)) = (self.min_price, self.max_price)
            && low > high
        {
            let message = format!("min_price ({low}) exceeds max_price ({high})");
            return Err(ValidationError::new("min_price", message));
        }
        self.constraints().validate().map_err(|error| {
            let field = error.field.trim_start_matches("constraints.");
            let field = if field == "min_roc" { "min_roc_weekly" } else { field };
            ValidationError::new(field, error.message.clone())
        })
    }
}

/// What a candidate must be, and which trade is sought.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self")]
#[schemars(deny_unknown_fields)]
pub struct ScreenerCriteria {
    /// Strategy; csp by default.
    #[serde(default)]
    pub strategy: Strategy,
    /// The bounds.
    #[serde(flatten)]
    pub screen: ScreenCriteria,
    /// None in criteria that were read.
    #[serde(flatten, skip_serializing)]
    #[schemars(skip)]
    pub unknown: UnknownFields,
}

checked_when_read!(ScreenerCriteria);

impl Validate for ScreenerCriteria {
    fn validate(&self) -> Result<(), ValidationError> {
        self.screen.validate()
    }
}
