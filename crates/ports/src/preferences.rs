//! What users prefer: when and where they want to hear from ttai, and what their requests mean where they leave something out.

use std::fmt::Display;

use async_trait::async_trait;
use chrono::NaiveTime;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::AccountType;

use crate::StoreError;

/// Most channels of a user.
const MAX_CHANNELS: usize = 32;
/// Longest name of a channel, a time zone or a strategy, in bytes.
const MAX_NAME_BYTES: usize = 128;
const MAX_STRATEGIES: usize = 8;

/// A stretch of each day by the clock on the wall, over midnight where it ends earlier than it begins; never quiet by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuietSpan {
    /// When it begins.
    pub from: NaiveTime,
    /// When it ends; at the same time as it begins for never quiet.
    pub until: NaiveTime,
}

/// What a user has stated. What is none follows the configuration, and where that says nothing the built-in default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct UserPreferences {
    /// Whether the user wants the morning briefing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub morning_alert: Option<bool>,
    /// Channels for messages that name none, best first; at most 32.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<Vec<String>>,
    /// When only what is critical is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quiet_hours: Option<QuietSpan>,
    /// The zone of those hours and of times in messages, as `Europe/Berlin`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// What kind of account trades.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_type: Option<AccountType>,
    /// Dollars for new positions, above 0 and up to 1e12.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capital: Option<Decimal>,
    /// The most in one symbol, in percent of the account, 1 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_symbol_pct: Option<f64>,
    /// Strategies by their names on the wire, the usual one first; at most 8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategies: Option<Vec<String>>,
    /// Largest |delta| of a short contract, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_delta: Option<f64>,
    /// Fewest calendar days to the last trade date, 0 to 1,100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dte_min: Option<i64>,
    /// Most calendar days to the last trade date, 0 to 1,100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dte_max: Option<i64>,
    /// Smallest return at the bid in percent per 7 calendar days, 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_roc_weekly: Option<f64>,
}

/// The names of the preferences, in the order in which they are listed.
pub const PREFERENCE_NAMES: [&str; 12] = [
    "morning_alert",
    "channels",
    "quiet_hours",
    "time_zone",
    "account_type",
    "capital",
    "max_symbol_pct",
    "strategies",
    "max_delta",
    "dte_min",
    "dte_max",
    "min_roc_weekly",
];

impl UserPreferences {
    /// Whether each value, and all of them together, can be used.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] with the preference and what it may be.
    pub fn check(&self) -> Result<(), StoreError> {
        names("channels", self.channels.as_deref(), MAX_CHANNELS)?;
        names("strategies", self.strategies.as_deref(), MAX_STRATEGIES)?;
        if let Some(zone) = &self.time_zone {
            named("time_zone", zone)?;
        }
        let most = Decimal::from(1_000_000_000_000_i64);
        if let Some(capital) = self.capital.filter(|capital| *capital <= Decimal::ZERO || *capital > most) {
            return invalid(format!(
                "capital ({capital}) is not above 0 and up to 1,000,000,000,000 dollars"
            ));
        }
        between("max_symbol_pct", self.max_symbol_pct, 1.0, 100.0)?;
        between("max_delta", self.max_delta, 0.0, 1.0)?;
        between("min_roc_weekly", self.min_roc_weekly, 0.0, 100.0)?;
        between("dte_min", self.dte_min, 0, 1_100)?;
        between("dte_max", self.dte_max, 0, 1_100)?;
        match (self.dte_min, self.dte_max) {
            (Some(least), Some(most)) if least > most => {
                invalid(format!("dte_min ({least}) exceeds dte_max ({most})"))
            }
            _ => Ok(()),
        }
    }
}

fn invalid<T>(message: String) -> Result<T, StoreError> {
    Err(StoreError::Invalid(message))
}

fn names(what: &str, list: Option<&[String]>, most: usize) -> Result<(), StoreError> {
    let Some(list) = list else { return Ok(()) };
    if list.is_empty() {
        return invalid(format!("{what} is empty; unset it for the default"));
    }
    if list.len() > most {
        return invalid(format!("{what} has {} names; give at most {most}", list.len()));
    }
    if let Some((_, twice)) = list.iter().enumerate().find(|(at, name)| list[..*at].contains(name)) {
        return invalid(format!("{what} names {twice:?} twice"));
    }
    list.iter().try_for_each(|name| named(what, name))
}

fn named(what: &str, name: &str) -> Result<(), StoreError> {
    let is_plain = !name.trim().is_empty() && !name.chars().any(char::is_control);
    if is_plain && name.len() <= MAX_NAME_BYTES {
        return Ok(());
    }
    let shown: String = name.chars().take(40).collect();
    invalid(format!("{what}: {shown:?} is not a name of 1 to {MAX_NAME_BYTES} bytes"))
}

fn between<T: PartialOrd + Display + Copy>(
    what: &str,
    value: Option<T>,
    low: T,
    high: T,
) -> Result<(), StoreError> {
    match value {
        // What compares with nothing, as NaN, lies between nothing.
        Some(value) if !(value >= low && value <= high) => {
            invalid(format!("{what}: {value} is not between {low} and {high}"))
        }
        _ => Ok(()),
    }
}

/// A change of a user's preferences. It may be repeated; what it does not name stays as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PreferencesChange {
    /// What is stated anew: every value that is some.
    pub set: UserPreferences,
    /// Names of what is no longer stated.
    pub unset: Vec<String>,
}

/// Users' preferences.
#[async_trait]
pub trait Preferences: Send + Sync {
    /// What a user has stated; nothing for a user whom the store does not know.
    async fn preferences(&self, user_id: &str) -> Result<UserPreferences, StoreError>;
    /// Changes what a user has stated, all of it or nothing, and answers with what is stated then.
    async fn save_preferences(
        &self,
        user_id: &str,
        change: &PreferencesChange,
    ) -> Result<UserPreferences, StoreError>;
    /// The users who want the morning briefing, by name.
    async fn users_with_morning_alert(&self) -> Result<Vec<String>, StoreError>;
    /// What users have stated about messages: channels, quiet hours, time zone; nobody who has stated none of it. By user.
    async fn preferences_about_messages(&self) -> Result<Vec<(String, UserPreferences)>, StoreError>;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn error(preferences: &UserPreferences) -> String {
        preferences.check().unwrap_err().to_string()
    }

    #[test]
    fn values_that_cannot_be_used_are_refused_with_their_range() {
        let of = UserPreferences::default;
        assert!(
            error(&UserPreferences { max_delta: Some(30.0), ..of() }).contains("30 is not between 0 and 1")
        );
        assert!(error(&UserPreferences { max_delta: Some(f64::NAN), ..of() }).contains("max_delta"));
        assert!(error(&UserPreferences { capital: Some(Decimal::ZERO), ..of() }).contains("above 0"));
        assert!(error(&UserPreferences { channels: Some(vec![]), ..of() }).contains("unset it"));
        assert!(
            error(&UserPreferences { channels: Some(vec!["a".into(), "a".into()]), ..of() })
                .contains("twice")
        );
        assert!(error(&UserPreferences { time_zone: Some("a\0b".into()), ..of() }).contains("time_zone"));
        let days = UserPreferences { dte_min: Some(50), dte_max: Some(45), ..of() };
        assert!(error(&days).contains("dte_min (50) exceeds dte_max (45)"));
        assert!(of().check().is_ok());
    }

    #[test]
    fn every_preference_has_a_name() {
        let all = serde_json::json!({
            "morning_alert": true, "channels": ["desk"], "quiet_hours": {"from": "22:00:00", "until": "07:00:00"},
            "time_zone": "Europe/Berlin", "account_type": "margin", "capital": "20000", "max_symbol_pct": 25.0,
            "strategies": ["csp"], "max_delta": 0.25, "dte_min": 7, "dte_max": 30, "min_roc_weekly": 0.6,
        });
        let read: UserPreferences = serde_json::from_value(all.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), all);
        let stated: BTreeSet<&str> = all.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(stated, BTreeSet::from(PREFERENCE_NAMES));
    }
}
