//! Alerts for short options whose assignment is likely, out of positions alone.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use ttai_contract::PortfolioPosition;
use ttai_core::{PortfolioAlert, RuleKind, Severity};
use ttai_quant::risk::{AssignmentLevel, ShortOption, assignment_risk};

/// An alert for each short option at medium or high risk; what lacks a price is skipped, because nothing is known of it.
pub(super) fn alerts(positions: &[PortfolioPosition], now: DateTime<Utc>) -> Vec<PortfolioAlert> {
    positions.iter().filter_map(|position| alert(position, now)).collect()
}

fn alert(position: &PortfolioPosition, now: DateTime<Utc>) -> Option<PortfolioAlert> {
    let risk = assignment_risk(&short_option(position)?);
    let severity = match risk.level {
        AssignmentLevel::High => Severity::Critical,
        AssignmentLevel::Medium => Severity::Warning,
        AssignmentLevel::Low | AssignmentLevel::None => return None,
    };
    let flags: Vec<&str> = risk.flags.iter().map(|flag| flag.words()).collect();
    let name = if position.name.is_empty() { &position.symbol } else { &position.name };
    let level = f64::from(risk.level as u8);
    Some(PortfolioAlert {
        key: format!("{}/{}", RuleKind::AssignmentRisk.name(), position.symbol.trim()),
        kind: RuleKind::AssignmentRisk,
        symbol: position.underlying.clone(),
        severity,
        message: format!("{name}: assignment risk {} ({})", risk.level.name(), flags.join(", ")),
        value: Some(level),
        threshold: level,
        timestamp: now,
        cleared: false,
    })
}

/// A short option that can be assigned; none of anything else.
fn short_option(position: &PortfolioPosition) -> Option<ShortOption> {
    let short = position.quantity < Decimal::ZERO && position.assignable.unwrap_or(true);
    let dte = position.dte?;
    short.then_some(ShortOption {
        right: position.right?,
        spot: position.underlying_price?,
        strike: position.strike?,
        mark: position.mark?,
        dte,
        years: position.years.unwrap_or(dte.max(0) as f64 / 365.0),
        rate: position.rate.unwrap_or(0.0),
        days_to_ex: position.days_to_ex,
        dividend: position.dividend,
    })
}
