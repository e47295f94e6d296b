//! What a request means where a flag is absent: what the user has stated, else the configuration, else the built-in default.

use std::fmt::Display;

use rust_decimal::prelude::ToPrimitive;
use ttai_contract::{AccountContext, AccountType, Strategy, UserId};
use ttai_ports::UserPreferences;

use super::stated;
use super::words::account_words;
use crate::exit_kind::ExitKind;
use crate::settings::Settings;
use ttai_config::Config;

/// The defaults of one request, and which of them it used.
pub struct RequestDefaults<'a> {
    config: &'a Config,
    stated: UserPreferences,
    used: Vec<String>,
    unread: Option<String>,
}

impl<'a> RequestDefaults<'a> {
    /// A user's. Where the store cannot be read the configuration stands, and [`RequestDefaults::said`] says so.
    pub async fn of(settings: &'a Settings, user: &UserId) -> Self {
        match stated(settings, user).await {
            Ok(stated) => Self::over(&settings.config, stated),
            Err(error) => Self {
                unread: Some(format!("{error:#}")),
                ..Self::over(&settings.config, UserPreferences::default())
            },
        }
    }

    const fn over(config: &'a Config, stated: UserPreferences) -> Self {
        Self { config, stated, used: Vec::new(), unread: None }
    }

    /// What was given, else what is stated, which is noted.
    fn or<T: Display>(&mut self, given: Option<T>, name: &str, stated: Option<T>) -> Option<T> {
        if given.is_some() {
            return given;
        }
        if let Some(stated) = &stated {
            self.used.push(format!("{name} {stated}"));
        }
        stated
    }

    /// Largest |delta|.
    pub fn max_delta(&mut self, given: Option<f64>) -> Option<f64> {
        self.or(given, "max_delta", self.stated.max_delta)
    }

    /// Smallest return, in percent a week.
    pub fn min_roc(&mut self, given: Option<f64>) -> Option<f64> {
        self.or(given, "min_roc_weekly", self.stated.min_roc_weekly)
    }

    /// Fewest days to expiration.
    pub fn dte_min(&mut self, given: Option<i64>) -> Option<i64> {
        self.or(given, "dte_min", self.stated.dte_min)
    }

    /// Most days to expiration.
    pub fn dte_max(&mut self, given: Option<i64>) -> Option<i64> {
        self.or(given, "dte_max", self.stated.dte_max)
    }

    /// The most in one symbol, in percent.
    pub fn max_symbol_pct(&mut self, given: Option<f64>) -> Option<f64> {
        self.or(given, "max_symbol_pct", self.stated.max_symbol_pct)
    }

    /// The strategy: the first of those stated.
    pub fn strategy(&mut self, given: Option<Strategy>) -> Strategy {
        let known = [Strategy::Csp, Strategy::CoveredCall, Strategy::Spread];
        let first = self.stated.strategies.iter().flatten().next();
        let stated = first.and_then(|name| known.into_iter().find(|known| known.as_str() == name));
        let given = given.map(Strategy::as_str);
        let name = self.or(given, "strategies", stated.map(Strategy::as_str));
        known.into_iter().find(|known| Some(known.as_str()) == name).unwrap_or_default()
    }

    /// The account. A capital that the configuration or the user has stated counts only where it is asked for: an account's own
    /// buying power stands before it.
    pub fn account(
        &mut self,
        kind: Option<AccountType>,
        capital: Option<f64>,
        with_capital: bool,
    ) -> AccountContext {
        let given = kind.map(account_words);
        let named = self.or(given, "account_type", self.stated.account_type.map(account_words));
        let stated = self.stated.capital.filter(|_| with_capital).and_then(|capital| capital.to_f64());
        let configured = self.config.account.capital.filter(|_| with_capital);
        AccountContext {
            account_type: match named {
                Some("margin") => AccountType::Margin,
                Some(_) => AccountType::Cash,
                None => *self.config.account.kind,
            },
            capital: self.or(capital, "capital", stated).or(configured),
            assignment_limit_pct: self.config.account.assignment_limit,
            ..AccountContext::default()
        }
    }

    /// Which preferences stood where a flag was absent, in a line; none where none did.
    #[must_use]
    pub fn said(&self) -> Option<String> {
        if let Some(why) = &self.unread {
            return Some(format!("your preferences were not read, the configuration stands: {why}"));
        }
        (!self.used.is_empty())
            .then(|| format!("from your preferences: {} (ttai preferences show)", self.used.join(", ")))
    }

    /// A refusal, with the preferences that may be why.
    pub fn explain(&self, error: anyhow::Error) -> anyhow::Error {
        match self.said() {
            Some(said) => ExitKind::of(&error).error(format!("{error:#}; {said}")),
            None => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ttai_config::{Environment, of_environment};

    #[test]
    fn a_flag_stands_over_a_preference_and_that_over_the_configuration() {
        let config = of_environment(&Environment::of(&[
            ("TTAI__ACCOUNT__TYPE", "margin"),
            ("TTAI__ACCOUNT__CAPITAL", "5000"),
        ]));
        let stated = UserPreferences {
            max_delta: Some(0.2),
            dte_max: Some(30),
            capital: Some(20_000.into()),
            strategies: Some(vec!["spread".into(), "csp".into()]),
            ..UserPreferences::default()
        };
        let mut defaults = RequestDefaults::over(&config, stated.clone());
        assert_eq!((defaults.max_delta(None), defaults.dte_max(Some(20))), (Some(0.2), Some(20)));
        assert_eq!(defaults.dte_min(None), None);
        assert_eq!(defaults.strategy(None), Strategy::Spread);
        let account = defaults.account(None, None, true);
        assert_eq!((account.account_type, account.capital), (AccountType::Margin, Some(20_000.0)));
        let said =
            "from your preferences: max_delta 0.2, strategies spread, capital 20000 (ttai preferences show)";
        assert_eq!(defaults.said().as_deref(), Some(said));
        let mut own = RequestDefaults::over(&config, stated);
        let account = own.account(Some(AccountType::Cash), None, false);
        assert_eq!((account.account_type, account.capital, own.said()), (AccountType::Cash, None, None));
        let mut none = RequestDefaults::over(&config, UserPreferences::default());
        assert_eq!(none.account(None, None, true).capital, Some(5_000.0));
        assert_eq!((none.strategy(None), none.said()), (Strategy::Csp, None));
    }
}
