//! Settings of trading: what may be sent, at which price, and by which strategy. They are the rules of `ttai-trading` themselves.

use std::ops::Deref;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_trading::TradingRules;
use ttai_trading::gate::TradeLimits;

/// `[trading]`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct TradingSection(TradingRules);

impl Deref for TradingSection {
    type Target = TradingRules;

    fn deref(&self) -> &TradingRules {
        &self.0
    }
}

impl Default for TradingSection {
    /// They protect a small account and keep to paper.
    fn default() -> Self {
        let limits = TradeLimits {
            max_order_units: Some(10),
            max_order_risk: Some(25_000.into()),
            max_day_orders: Some(10),
            max_day_risk: Some(50_000.into()),
            max_symbol_risk: Some(50_000.into()),
            max_account_risk: Some(100_000.into()),
            max_spread_percent: Some(20.into()),
            max_quote_age_seconds: Some(30),
            minutes_after_open: 5,
            minutes_before_close: 10,
            refuse_earnings: true,
            refuse_unknown_earnings: false,
            refuse_duplicates: true,
        };
        Self(TradingRules { approval_minutes: 30, limits, ..TradingRules::default() })
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;
    use crate::of_text;

    fn with(section: &str, key: &str, value: &str) -> TradingRules {
        let config = of_text(&format!("[{section}]\n{key} = {value}\n"));
        assert!(config.problems.is_empty(), "{:?}", config.problems);
        config.trading.0.clone()
    }

    #[test]
    fn a_limit_of_0_does_not_limit_and_other_keys_take_it_as_it_is() {
        let none = "max_order_units = 0\nmax_order_risk = 0\nmax_day_orders = 0\nmax_day_risk = 0\nmax_symbol_risk = 0\n\
             max_account_risk = 0\nmax_spread_percent = 0.00\napproval_minutes";
        let rules = with("trading", none, "0");
        let unlimited = TradeLimits {
            max_quote_age_seconds: Some(30),
            minutes_after_open: 5,
            minutes_before_close: 10,
            refuse_earnings: true,
            refuse_duplicates: true,
            ..TradeLimits::default()
        };
        assert_eq!((rules.limits, rules.approval_minutes), (unlimited, 0));
        assert_eq!(with("trading.spy_spx", "max_dte", "0").spy_spx.max_dte, 0);
    }

    #[test]
    fn money_stays_exact() {
        let rules = with("trading", "max_order_risk", "12499.000000000000000001");
        assert_eq!(rules.limits.max_order_risk.unwrap().to_string(), "12499.000000000000000001");
        let walk = with("trading.walk", "most_concession", "\"0.1\"").walk;
        assert_eq!(walk.most_concession, Decimal::new(1, 1));
    }
}
