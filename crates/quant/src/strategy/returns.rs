//! Return on capital over the period, a week and a year.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::number::{percent, to_f64};

/// Percent earned on a base, for the days held and scaled to a week and a year.
///
/// The scaled numbers say what the same trade would earn if it could be repeated; days to expiration below
/// one count as one. Simple and compound interest by definition; there is no paper.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReturnOnCapital {
    /// Percent over the days to expiration: 100 · premium / base.
    pub period_pct: f64,
    /// Percent per 7 calendar days: period · 7 / days.
    pub weekly_pct: f64,
    /// Percent per 365 calendar days without compounding: period · 365 / days.
    pub annual_simple_pct: f64,
    /// Percent per 365 calendar days, each period's gain reinvested: 100 · ((1 + premium / base)^(365 / days)
    /// − 1). −100 where all is lost or more, the largest `f64` where it would be infinite.
    pub annual_compound_pct: f64,
}

impl ReturnOnCapital {
    /// The return of `premium` on `base` (any two amounts in the same unit) over `dte` calendar days.
    ///
    /// `None` where the base is not above zero, or an amount or their ratio is so large (over some 1e24) that
    /// decimals overflow. A negative premium is a loss.
    #[must_use]
    pub fn of(premium: Decimal, base: Decimal, dte: i64) -> Option<Self> {
        if base <= Decimal::ZERO {
            return None;
        }
        let days = Decimal::from(dte.max(1));
        let growth = 1.0 + to_f64(premium.checked_div(base)?);
        let periods = to_f64(Decimal::from(365).checked_div(days)?);
        let compound = if growth > 0.0 { 100.0 * (growth.powf(periods) - 1.0) } else { -100.0 };
        Some(Self {
            period_pct: percent(premium, base)?,
            weekly_pct: scaled(premium, base, 7, days)?,
            annual_simple_pct: scaled(premium, base, 365, days)?,
            annual_compound_pct: if compound.is_finite() { compound } else { f64::MAX },
        })
    }
}

/// Percent of `base` per `unit` days, exact until the last step.
fn scaled(premium: Decimal, base: Decimal, unit: i64, days: Decimal) -> Option<f64> {
    let numerator = premium.checked_mul(Decimal::from(100 * unit))?;
    numerator.checked_div(base.checked_mul(days)?)?.to_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_630_put_of_the_oracle() {
        let roc = ReturnOnCapital::of(Decimal::new(505, 2), Decimal::from(630), 14).unwrap();
        assert!((roc.period_pct - 0.801_587_301_6).abs() < 1e-9);
        assert!((roc.weekly_pct - 0.400_793_650_8).abs() < 1e-9);
        assert!((roc.annual_simple_pct - 20.898_526_08).abs() < 1e-7);
        assert!((roc.annual_compound_pct - 23.140_046_42).abs() < 1e-7);
    }

    #[test]
    fn the_expiration_day_counts_as_one_day() {
        let roc = ReturnOnCapital::of(Decimal::ONE, Decimal::from(100), 0).unwrap();
        assert!((roc.weekly_pct - 7.0).abs() < 1e-12);
    }

    #[test]
    fn no_return_on_nothing() {
        assert_eq!(ReturnOnCapital::of(Decimal::ONE, Decimal::ZERO, 10), None);
        assert_eq!(ReturnOnCapital::of(Decimal::ONE, -Decimal::ONE, 10), None);
    }
}
