//! `[trading]` as the rules that orders keep to. Every key goes to the field of its own name; amounts stay exact.

use anyhow::Context;
use serde_json::{Map, Value};
use ttai_trading::TradingRules;

use crate::config::{Config, Datum, schema};

/// Where keys of `[trading]` go that are no limits.
const OF_ALL: [&str; 2] = ["mode", "approval_minutes"];
/// Where keys of a strategy go that are no rules of its own.
const LEAVE: [&str; 2] = ["enabled", "auto_approve"];

/// The rules that the configuration sets.
///
/// # Errors
/// A key that no rule has, which is a fault of the program.
pub fn rules(config: &Config) -> anyhow::Result<TradingRules> {
    let mut rules = Map::new();
    for section in schema::sections() {
        for key in section.keys {
            if let Some(path) = place(section.path, key.name)
                && let Some(value) = config.get(section.path, key.name).and_then(|datum| value(&path, datum))
            {
                insert(&mut rules, &path, value);
            }
        }
    }
    serde_json::from_value(Value::Object(rules)).context("the rules of [trading]")
}

/// The fields that lead to a key's rule; none where the section is not about trading.
fn place(section: &str, key: &'static str) -> Option<Vec<&'static str>> {
    let strategy = match section {
        "trading" if OF_ALL.contains(&key) => return Some(vec![key]),
        "trading" => return Some(vec!["limits", key]),
        "trading.walk" => return Some(vec!["walk", key]),
        "trading.spy_spx" => "spy_spx",
        "trading.csp_entry" => "csp_entry",
        _ => return None,
    };
    Some(if LEAVE.contains(&key) { vec![strategy, "leave", key] } else { vec![strategy, key] })
}

/// A value as its field reads it; none for a limit that does not limit.
fn value(path: &[&str], datum: Datum) -> Option<Value> {
    let is_limit =
        path.last().is_some_and(|name| name.starts_with("max_")) && path.first() == Some(&"limits");
    match datum {
        Datum::Integer(0) if is_limit => None,
        Datum::Decimal(amount) if is_limit && amount.is_zero() => None,
        Datum::Integer(number) => Some(number.into()),
        Datum::Decimal(amount) => Some(amount.to_string().into()),
        Datum::Number(number) => Some(number.into()),
        Datum::Flag(flag) => Some(flag.into()),
        Datum::Text(text) => Some(text.into()),
        // No key of trading takes anything else; its rule would be missed by the tests.
        _ => None,
    }
}

fn insert(rules: &mut Map<String, Value>, path: &[&str], value: Value) {
    match path {
        [] => {}
        [name] => {
            rules.insert((*name).to_owned(), value);
        }
        [table, rest @ ..] => {
            let table = rules.entry((*table).to_owned()).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(table) = table {
                insert(table, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rust_decimal::Decimal;
    use ttai_trading::gate::TradeLimits;
    use ttai_trading::rules::{PriceWalk, TradingMode};
    use ttai_trading::strategy::{CspEntryRules, SpySpxRules};

    use super::*;
    use crate::config::of_text;
    use crate::config::schema::{Key, Kind, Section};

    fn keys() -> impl Iterator<Item = (&'static Section, &'static Key)> {
        schema::sections()
            .filter(|section| section.path == "trading" || section.path.starts_with("trading."))
            .flat_map(|section| section.keys.iter().map(move |key| (section, key)))
    }

    fn with(section: &str, key: &str, value: &str) -> TradingRules {
        let config = of_text(&format!("[{section}]\n{key} = {value}\n"));
        assert!(config.problems.is_empty(), "{:?}", config.problems);
        rules(&config).unwrap()
    }

    fn found<'v>(rules: &'v Value, path: &[&str]) -> &'v Value {
        path.iter().fold(rules, |value, name| &value[*name])
    }

    #[test]
    fn the_defaults_protect_a_small_account_and_keep_to_paper() {
        let rules = rules(&Config::default()).unwrap();
        let dollars = |amount: i64| Some(Decimal::from(amount));
        assert_eq!(rules.mode, TradingMode::Paper);
        assert_eq!(rules.approval_minutes, 30);
        let limits = TradeLimits {
            max_order_units: Some(10),
            max_order_risk: dollars(25_000),
            max_day_orders: Some(10),
            max_day_risk: dollars(50_000),
            max_symbol_risk: dollars(50_000),
            max_account_risk: dollars(100_000),
            max_spread_percent: dollars(20),
            max_quote_age_seconds: Some(30),
            minutes_after_open: 5,
            minutes_before_close: 10,
            refuse_earnings: true,
            refuse_unknown_earnings: false,
            refuse_duplicates: true,
        };
        assert_eq!(rules.limits, limits);
        // What each strategy does without a word of the user is said once, where its rules are.
        assert_eq!(rules.walk, PriceWalk::default());
        assert_eq!(rules.spy_spx, SpySpxRules::default());
        assert_eq!(rules.csp_entry, CspEntryRules::default());
    }

    #[test]
    fn every_key_reaches_the_field_of_its_name() {
        for (section, key) in keys() {
            let path = place(section.path, key.name).unwrap();
            let config = of_text(&format!("[{}]\n{} = {}\n", section.path, key.name, key.example));
            let set = config.get(section.path, key.name).unwrap();
            let rules = serde_json::to_value(rules(&config).unwrap()).unwrap();
            assert_eq!(found(&rules, &path), &value(&path, set).unwrap(), "{path:?}");
            assert_ne!(key.default, key.example, "{path:?} would be there without its key");
        }
    }

    #[test]
    fn every_field_of_the_rules_has_its_key() {
        fn leaves(value: &Value, path: &mut Vec<String>, found: &mut BTreeSet<String>) {
            let Value::Object(fields) = value else {
                found.insert(path.join("."));
                return;
            };
            for (name, value) in fields {
                path.push(name.clone());
                leaves(value, path, found);
                path.pop();
            }
        }
        let mut fields = BTreeSet::new();
        leaves(&serde_json::to_value(TradingRules::default()).unwrap(), &mut Vec::new(), &mut fields);
        let keys: BTreeSet<String> =
            keys().map(|(section, key)| place(section.path, key.name).unwrap().join(".")).collect();
        assert_eq!(keys, fields);
    }

    #[test]
    fn a_limit_of_0_does_not_limit_and_other_keys_take_it_as_it_is() {
        let mut limits = 0;
        for (section, key) in keys().filter(|(_, key)| key.name.starts_with("max_")) {
            if section.path != "trading" || key.name == "max_quote_age_seconds" {
                continue;
            }
            assert!(matches!(key.kind, Kind::Integer { least: 0, .. } | Kind::Decimal { least: 0, .. }));
            let rules = serde_json::to_value(with(section.path, key.name, "0")).unwrap();
            assert_eq!(rules["limits"][key.name], Value::Null, "{}", key.name);
            limits += 1;
        }
        assert_eq!(limits, 7);
        assert_eq!(with("trading.spy_spx", "max_dte", "0").spy_spx.max_dte, 0);
        assert_eq!(with("trading", "approval_minutes", "0").approval_minutes, 0);
    }

    #[test]
    fn money_stays_exact() {
        let rules = with("trading", "max_order_risk", "12499.000000000000000001");
        assert_eq!(rules.limits.max_order_risk.unwrap().to_string(), "12499.000000000000000001");
        assert_eq!(
            with("trading.walk", "most_concession", "\"0.1\"").walk.most_concession,
            Decimal::new(1, 1)
        );
    }
}
