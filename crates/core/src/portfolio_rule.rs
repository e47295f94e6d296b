//! The rules that watch an account, as data: what each compares, its limit, and how far it must go back to be over.

use crate::message::Severity;
use crate::symbol::Symbol;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a rule watches; the name on the wire is the alert's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleKind {
    /// Today's loss, in percent of net liquidation, reaches the threshold.
    PnlWarning,
    /// The maintenance requirement, in percent of net liquidation, reaches the threshold.
    MarginWarning,
    /// |delta| of a short option reaches the threshold.
    DeltaBreach,
    /// The profit of a short option reaches the threshold, in percent of its credit.
    ProfitTarget,
    /// The loss of a short option reaches the threshold, in multiples of its credit.
    LossLimit,
    /// Days to the last trade date of an option are at or under the threshold.
    DteWarning,
    /// A short option is in the money with as many days to go as the threshold, or fewer.
    ItmNearExpiry,
    /// A short call's underlying goes ex-dividend within as many days as the threshold.
    ExDividend,
    /// Earnings come before a short option's expiration, within as many days as the threshold.
    EarningsBeforeExpiry,
    /// Assignment of a short option is as likely as the threshold: 2 for medium, 3 for high.
    AssignmentRisk,
    /// A symbol's share of net liquidation is over the threshold, in percent.
    SymbolConcentration,
    /// A sector's share of net liquidation is over the threshold, in percent.
    SectorConcentration,
    /// The price of an underlying is over the threshold, in dollars.
    PriceAbove,
    /// The price of an underlying is under the threshold, in dollars.
    PriceBelow,
    /// The broker has not said what is held for as many minutes as the threshold.
    MonitoringBlind,
    /// Options end today: told at 10:00 and an hour before the close where the threshold is not 0.
    ExpiryDay,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortfolioRule {
    /// What it watches; `type` is accepted, too.
    #[serde(alias = "type")]
    pub kind: RuleKind,
    /// Its limit, in the unit of its kind.
    pub threshold: f64,
    /// Only positions of this underlying; every one without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<Symbol>,
    /// How urgent an alert of it is; by its kind unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// How far the value must go back beyond the limit until the alert is over, in the kind's unit; by its kind unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hysteresis: Option<f64>,
    /// Minutes from an alert during which the same one is not raised again; by its kind unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cool_down_minutes: Option<u32>,
}

/// What a kind of rule has where the rule says nothing.
struct KindDefaults {
    kind: RuleKind,
    name: &'static str,
    severity: Severity,
    hysteresis: f64,
    cool_down_minutes: u32,
    /// Whether the limit itself is not yet beyond it.
    strict: bool,
}

const fn defaults(
    kind: RuleKind,
    name: &'static str,
    severity: Severity,
    hysteresis: f64,
    cool_down_minutes: u32,
    strict: bool,
) -> KindDefaults {
    KindDefaults { kind, name, severity, hysteresis, cool_down_minutes, strict }
}

const KINDS: [KindDefaults; 16] = [
    defaults(RuleKind::PnlWarning, "pnl_warning", Severity::Warning, 0.5, 60, false),
    defaults(RuleKind::MarginWarning, "margin_warning", Severity::Warning, 3.0, 60, false),
    defaults(RuleKind::DeltaBreach, "delta_breach", Severity::Warning, 0.03, 60, false),
    defaults(RuleKind::ProfitTarget, "profit_target", Severity::Info, 5.0, 240, false),
    defaults(RuleKind::LossLimit, "loss_limit", Severity::Warning, 0.2, 60, false),
    defaults(RuleKind::DteWarning, "dte_warning", Severity::Info, 0.0, 0, false),
    // In percent of the underlying's price: a price that hovers at the strike raises one alert.
    defaults(RuleKind::ItmNearExpiry, "itm_near_expiry", Severity::Warning, 0.5, 60, true),
    defaults(RuleKind::ExDividend, "ex_dividend", Severity::Warning, 0.0, 0, false),
    defaults(RuleKind::EarningsBeforeExpiry, "earnings_before_expiry", Severity::Info, 0.0, 0, false),
    defaults(RuleKind::AssignmentRisk, "assignment_risk", Severity::Warning, 0.5, 60, false),
    defaults(RuleKind::SymbolConcentration, "symbol_concentration", Severity::Warning, 1.0, 240, true),
    defaults(RuleKind::SectorConcentration, "sector_concentration", Severity::Warning, 1.0, 240, true),
    defaults(RuleKind::PriceAbove, "price_above", Severity::Info, 0.0, 60, true),
    defaults(RuleKind::PriceBelow, "price_below", Severity::Info, 0.0, 60, true),
    defaults(RuleKind::MonitoringBlind, "monitoring_blind", Severity::Critical, 0.0, 0, false),
    defaults(RuleKind::ExpiryDay, "expiry_day", Severity::Info, 0.0, 0, false),
];

impl RuleKind {
    fn defaults(self) -> &'static KindDefaults {
        // A test sees to it that each kind is there.
        KINDS.iter().find(|defaults| defaults.kind == self).unwrap_or(&KINDS[0])
    }

    /// The name on the wire, which is the alert's type.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.defaults().name
    }

    /// The kind as people say it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::PnlWarning => "profit and loss",
            Self::MarginWarning => "margin used",
            Self::DeltaBreach => "delta limit",
            Self::ProfitTarget => "profit target reached",
            Self::LossLimit => "loss limit",
            Self::DteWarning => "close to expiration",
            Self::ItmNearExpiry => "in the money near expiration",
            Self::ExDividend => "ex-dividend date ahead",
            Self::EarningsBeforeExpiry => "earnings before expiration",
            Self::AssignmentRisk => "assignment risk",
            Self::SymbolConcentration => "concentrated in one symbol",
            Self::SectorConcentration => "concentrated in one sector",
            Self::PriceAbove => "price above its limit",
            Self::PriceBelow => "price below its limit",
            Self::MonitoringBlind => "account cannot be watched",
            Self::ExpiryDay => "expiration day",
        }
    }

    /// Whether a value at the limit itself does not count.
    #[must_use]
    pub fn is_strict(self) -> bool {
        self.defaults().strict
    }
}

impl PortfolioRule {
    /// A rule with its kind's severity, hysteresis and cool-down, over every position.
    #[must_use]
    pub fn new(kind: RuleKind, threshold: f64) -> Self {
        Self { kind, threshold, symbol: None, severity: None, hysteresis: None, cool_down_minutes: None }
    }

    fn critical(kind: RuleKind, threshold: f64) -> Self {
        Self { severity: Some(Severity::Critical), ..Self::new(kind, threshold) }
    }

    fn warning(kind: RuleKind, threshold: f64) -> Self {
        Self { severity: Some(Severity::Warning), ..Self::new(kind, threshold) }
    }

    /// How urgent its alerts are.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.severity.unwrap_or(self.kind.defaults().severity)
    }

    /// How far the value must go back until its alert is over.
    #[must_use]
    pub fn hysteresis(&self) -> f64 {
        self.hysteresis.unwrap_or(self.kind.defaults().hysteresis)
    }

    /// Minutes during which the same alert is not raised again.
    #[must_use]
    pub fn cool_down_minutes(&self) -> u32 {
        self.cool_down_minutes.unwrap_or(self.kind.defaults().cool_down_minutes)
    }

    /// Names the first number of it that is none.
    ///
    /// # Errors
    /// The field's name, and what it may be.
    pub fn check(&self) -> Result<(), (&'static str, &'static str)> {
        if !self.threshold.is_finite() || !(0.0..=1e9).contains(&self.threshold) {
            return Err(("threshold", "use a number from 0 to 1e9"));
        }
        if self.hysteresis.is_some_and(|band| !(0.0..=1e9).contains(&band)) {
            return Err(("hysteresis", "use a number from 0 to 1e9"));
        }
        if self.cool_down_minutes.is_some_and(|minutes| minutes > 10_080) {
            return Err(("cool_down_minutes", "use at most 10080 (a week)"));
        }
        Ok(())
    }
}

/// The rules that are on from the start.
#[must_use]
pub fn default_rules() -> Vec<PortfolioRule> {
    use RuleKind as Kind;
    vec![
        PortfolioRule::new(Kind::PnlWarning, 2.0),
        PortfolioRule::new(Kind::MarginWarning, 60.0),
        PortfolioRule::critical(Kind::MarginWarning, 80.0),
        PortfolioRule::new(Kind::DeltaBreach, 0.50),
        PortfolioRule::new(Kind::ProfitTarget, 50.0),
        PortfolioRule::new(Kind::LossLimit, 2.0),
        PortfolioRule::new(Kind::DteWarning, 21.0),
        PortfolioRule::warning(Kind::DteWarning, 7.0),
        PortfolioRule::new(Kind::ItmNearExpiry, 7.0),
        PortfolioRule::new(Kind::ExDividend, 5.0),
        PortfolioRule::new(Kind::EarningsBeforeExpiry, 45.0),
        PortfolioRule::new(Kind::AssignmentRisk, 2.0),
        PortfolioRule::critical(Kind::AssignmentRisk, 3.0),
        PortfolioRule::new(Kind::SymbolConcentration, 20.0),
        PortfolioRule::new(Kind::SectorConcentration, 40.0),
        PortfolioRule::new(Kind::MonitoringBlind, 5.0),
        PortfolioRule::new(Kind::ExpiryDay, 1.0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_defaults_and_its_name_on_the_wire() {
        for defaults in &KINDS {
            assert_eq!(serde_json::json!(defaults.kind), defaults.name);
            assert_eq!(defaults.kind.defaults().name, defaults.name);
        }
        let kinds: std::collections::BTreeSet<RuleKind> = KINDS.iter().map(|row| row.kind).collect();
        assert_eq!(kinds.len(), KINDS.len());
    }

    #[test]
    fn the_seeds_rules_are_read() {
        let rule: PortfolioRule =
            serde_json::from_value(serde_json::json!({"type": "delta_breach", "threshold": 0.4})).unwrap();
        assert_eq!(rule, PortfolioRule::new(RuleKind::DeltaBreach, 0.4));
        assert!(PortfolioRule::new(RuleKind::DeltaBreach, f64::NAN).check().is_err());
        assert!(default_rules().iter().all(|rule| rule.check().is_ok()));
    }
}
