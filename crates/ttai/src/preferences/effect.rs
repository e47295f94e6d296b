//! What is in effect for a user, and where each value is from.

use schemars::JsonSchema;
use serde::Serialize;
use ttai_contract::OptionsConstraints;
use ttai_ports::{PREFERENCE_NAMES, UserPreferences};

use super::words::{account_words, stated_words};
use ttai_config::Config;

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
    let place = format!("[users.{user}]");
    let section = config.users.get(user);
    match name {
        "channels" if !config.routes.is_empty() => Some(("by the routes".to_owned(), "[routes]".to_owned())),
        "quiet_hours" => {
            let (from, until) = (section?.quiet_from?, section?.quiet_until?);
            Some((format!("{}–{}", from.format("%H:%M"), until.format("%H:%M")), place))
        }
        "time_zone" => Some((section?.time_zone.chosen()?.name().to_owned(), place)),
        "account_type" => {
            Some((account_words(*config.account.kind.chosen()?).to_owned(), "[account]".to_owned()))
        }
        "capital" => Some((format!("${}", config.account.capital?), "[account]".to_owned())),
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
    use ttai_config::{Environment, of_environment};

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
