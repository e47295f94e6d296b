//! What is in effect for a user, and where each value is from.

use schemars::JsonSchema;
use serde::Serialize;
use ttai_contract::OptionsConstraints;
use ttai_ports::{PREFERENCE_NAMES, UserPreferences};

use super::words::stated_words;
use crate::config::Config;

/// A preference as it is in effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PreferenceRow {
    /// Its name.
    pub name: &'static str,
    /// What is in effect, in words.
    pub value: String,
    /// Where it is from: `stated`, a place in the configuration, or `default`.
    pub from: String,
}

/// Every preference of a user, in the order of their names.
#[must_use]
pub fn in_effect(config: &Config, user: &str, stated: &UserPreferences) -> Vec<PreferenceRow> {
    let words = stated_words(stated);
    let row = |name: &'static str| {
        let own = words.iter().find(|(stated, _)| *stated == name);
        let (value, from) = match own {
            Some((_, value)) => (value.clone(), "stated".to_owned()),
            None => configured(config, user, name).unwrap_or_else(|| (built_in(name), "default".to_owned())),
        };
        PreferenceRow { name, value, from }
    };
    PREFERENCE_NAMES.into_iter().map(row).collect()
}

/// What the configuration says, and where.
fn configured(config: &Config, user: &str, name: &str) -> Option<(String, String)> {
    let users = format!("users.{user}");
    let text = |section: &str, key: &str| config.text(section, key).filter(|_| config.is_set(section, key));
    match name {
        "channels" if !config.names("routes").is_empty() => {
            Some(("by the routes".to_owned(), "[routes]".to_owned()))
        }
        "quiet_hours" => {
            let (from, until) = (text(&users, "quiet_from")?, text(&users, "quiet_until")?);
            Some((format!("{from}–{until}"), format!("[{users}]")))
        }
        "time_zone" => Some((text(&users, "time_zone")?, format!("[{users}]"))),
        "account_type" => Some((text("account", "type")?, "[account]".to_owned())),
        "capital" => Some((format!("${}", config.number("account", "capital")?), "[account]".to_owned())),
        _ => None,
    }
}

fn built_in(name: &str) -> String {
    let contract = OptionsConstraints::default();
    match name {
        "morning_alert" => "no".to_owned(),
        "channels" => "every channel".to_owned(),
        "quiet_hours" => "off".to_owned(),
        "time_zone" => ttai_core::NEW_YORK.name().to_owned(),
        "account_type" => "cash".to_owned(),
        "capital" => "the account's buying power".to_owned(),
        "max_symbol_pct" => "20 %; no cap on a stated capital".to_owned(),
        "strategies" => "csp".to_owned(),
        "max_delta" => contract.max_delta.to_string(),
        "dte_min" => format!("{} days", contract.dte_min),
        "dte_max" => format!("{} days", contract.dte_max),
        _ => format!("{} % a week", contract.min_roc),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, of_environment};

    #[test]
    fn each_value_says_where_it_is_from() {
        let config = of_environment(&Environment::of(&[
            ("TTAI__USERS__ANN__QUIET_FROM", "22:00"),
            ("TTAI__USERS__ANN__QUIET_UNTIL", "07:00"),
            ("TTAI__USERS__ANN__TIME_ZONE", "Europe/Berlin"),
            ("TTAI__ACCOUNT__CAPITAL", "5000"),
        ]));
        let stated = UserPreferences { time_zone: Some("UTC".into()), ..UserPreferences::default() };
        let of = |user: &str, name: &str| {
            let row = in_effect(&config, user, &stated).into_iter().find(|row| row.name == name).unwrap();
            format!("{} / {}", row.value, row.from)
        };
        assert_eq!(of("ann", "quiet_hours"), "22:00–07:00 / [users.ann]");
        assert_eq!(of("bob", "quiet_hours"), "off / default");
        assert_eq!(of("ann", "time_zone"), "UTC / stated");
        assert_eq!(of("ann", "capital"), "$5000 / [account]");
        assert_eq!(of("ann", "max_delta"), "0.3 / default");
        assert_eq!(in_effect(&config, "ann", &stated).len(), PREFERENCE_NAMES.len());
    }
}
