//! Splits and cash dividends.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A split: from the open of `effective`, one old share is `ratio` new ones (7 for seven-for-one, 0.1 for one-for-ten).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Split {
    /// First session at the new price.
    pub effective: NaiveDate,
    /// New shares for one old share.
    pub ratio: f64,
}

/// How sure a dividend is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DividendStatus {
    /// Its ex-date has passed.
    Paid,
    /// Declared by the company.
    Declared,
    /// Continued from the past schedule; nobody has declared it.
    Projected,
}

/// A cash dividend per share, in dollars of its ex-date's shares unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CashDividend {
    /// First session without it.
    pub ex_date: NaiveDate,
    /// Dollars a share.
    pub amount: f64,
    /// Paid, declared or projected.
    pub status: DividendStatus,
}
