//! Preferences in words: as a person writes them, and as they are shown.

use anyhow::{anyhow, bail};
use rust_decimal::Decimal;
use ttai_contract::Strategy;
use ttai_core::AccountType;
use ttai_ports::{PREFERENCE_NAMES, QuietSpan, UserPreferences};

use ttai_config::LOG;
use ttai_config::{Config, time_of_day, time_zone};

/// The name of a preference as a person writes it: `quiet-hours`, `min_roc`.
///
/// # Errors
/// A sentence that lists the names.
pub fn preference_name(text: &str) -> anyhow::Result<&'static str> {
    let name = text.trim().to_ascii_lowercase().replace('-', "_");
    let name = if name == "min_roc" { "min_roc_weekly" } else { name.as_str() };
    PREFERENCE_NAMES.into_iter().find(|known| *known == name).ok_or_else(|| {
        anyhow!("there is no preference {text:?}; choose from {}", PREFERENCE_NAMES.join(", "))
    })
}

/// One preference as a person writes it.
///
/// # Errors
/// What is wrong with the value, and what it may be.
pub fn parsed(config: &Config, name: &str, value: &str) -> anyhow::Result<UserPreferences> {
    let (name, value) = (preference_name(name)?, value.trim());
    let mut one = UserPreferences::default();
    match name {
        "morning_alert" => one.morning_alert = Some(flag(value)?),
        "channels" => one.channels = Some(channels(config, value)?),
        "quiet_hours" => one.quiet_hours = Some(quiet_hours(value)?),
        "time_zone" => {
            one.time_zone = Some(time_zone(value).map_err(|text| anyhow!(text))?.name().to_owned());
        }
        "account_type" => one.account_type = Some(account_type(value)?),
        "capital" => one.capital = Some(dollars(value)?),
        "max_symbol_pct" => one.max_symbol_pct = Some(number(name, value.trim_end_matches('%'))?),
        "strategies" => one.strategies = Some(strategies(value)?),
        "max_delta" => one.max_delta = Some(delta(value)?),
        "dte_min" => one.dte_min = Some(number(name, value)?),
        "dte_max" => one.dte_max = Some(number(name, value)?),
        _ => one.min_roc_weekly = Some(number(name, value.trim_end_matches('%'))?),
    }
    one.check()?;
    Ok(one)
}

/// The stated values in words, by name, in the order of the names.
#[must_use]
pub fn stated_words(stated: &UserPreferences) -> Vec<(&'static str, String)> {
    let of = |name: &str| match name {
        "morning_alert" => stated.morning_alert.map(|wants| yes_or_no(wants).to_owned()),
        "channels" => stated.channels.as_ref().map(|names| names.join(", ")),
        "quiet_hours" => stated.quiet_hours.map(quiet_words),
        "time_zone" => stated.time_zone.clone(),
        "account_type" => stated.account_type.map(|kind| account_words(kind).to_owned()),
        "capital" => stated.capital.map(|capital| format!("${capital}")),
        "max_symbol_pct" => stated.max_symbol_pct.map(|pct| format!("{pct} %")),
        "strategies" => stated.strategies.as_ref().map(|names| names.join(", ")),
        "max_delta" => stated.max_delta.map(|delta| delta.to_string()),
        "dte_min" => stated.dte_min.map(|days| format!("{days} days")),
        "dte_max" => stated.dte_max.map(|days| format!("{days} days")),
        _ => stated.min_roc_weekly.map(|pct| format!("{pct} % a week")),
    };
    PREFERENCE_NAMES.into_iter().filter_map(|name| Some((name, of(name)?))).collect()
}

pub(super) fn quiet_words(quiet: QuietSpan) -> String {
    if quiet.from == quiet.until {
        return "off".to_owned();
    }
    format!("{}–{}", quiet.from.format("%H:%M"), quiet.until.format("%H:%M"))
}

pub(super) const fn account_words(kind: AccountType) -> &'static str {
    match kind {
        AccountType::Cash => "cash",
        AccountType::Margin => "margin",
    }
}

pub(super) const fn yes_or_no(wants: bool) -> &'static str {
    if wants { "yes" } else { "no" }
}

fn flag(value: &str) -> anyhow::Result<bool> {
    match value.to_ascii_lowercase().as_str() {
        "yes" | "true" | "on" | "1" => Ok(true),
        "no" | "false" | "off" | "0" => Ok(false),
        _ => bail!("morning_alert: {value:?} is neither yes nor no"),
    }
}

fn list(value: &str) -> Vec<String> {
    value.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

/// Names that are configured: a message to any other reaches nobody.
fn channels(config: &Config, value: &str) -> anyhow::Result<Vec<String>> {
    let mut known: Vec<String> = config.channels.keys().cloned().collect();
    known.push(LOG.to_owned());
    let names = list(value);
    match names.iter().find(|name| !known.contains(name)) {
        None => Ok(names),
        Some(name) => bail!("channels: no channel {name:?} is configured; there are {}", known.join(", ")),
    }
}

fn quiet_hours(value: &str) -> anyhow::Result<QuietSpan> {
    if value.eq_ignore_ascii_case("off") || value.eq_ignore_ascii_case("none") {
        return Ok(QuietSpan::default());
    }
    let wrong = || anyhow!("quiet_hours: {value:?} is not a span of the day; write 22:00-07:00, or off");
    let (from, until) = value.split_once(['-', '–']).ok_or_else(wrong)?;
    let time = |text: &str| time_of_day(text.trim()).map_err(|_| wrong());
    Ok(QuietSpan { from: time(from)?, until: time(until)? })
}

fn account_type(value: &str) -> anyhow::Result<AccountType> {
    match value.to_ascii_lowercase().as_str() {
        "cash" => Ok(AccountType::Cash),
        "margin" => Ok(AccountType::Margin),
        _ => bail!("account_type: {value:?} is neither cash nor margin"),
    }
}

fn dollars(value: &str) -> anyhow::Result<Decimal> {
    let plain = value.trim_start_matches('$').replace([',', '_'], "");
    Decimal::from_str_exact(&plain)
        .map_err(|_| anyhow!("capital: {value:?} is not an amount of dollars; write 20000"))
}

fn number<T: std::str::FromStr>(name: &str, value: &str) -> anyhow::Result<T> {
    value.trim().parse().map_err(|_| anyhow!("{name}: {value:?} is not a number that fits"))
}

/// 30 is how a delta of 0.30 is said, and not what is written.
fn delta(value: &str) -> anyhow::Result<f64> {
    let delta: f64 = number("max_delta", value)?;
    if (1.0..=100.0).contains(&delta) && delta > 1.0 {
        bail!("max_delta: {value} is not between 0 and 1; did you mean {:.2}?", delta / 100.0);
    }
    Ok(delta)
}

fn strategies(value: &str) -> anyhow::Result<Vec<String>> {
    let known = [Strategy::Csp, Strategy::CoveredCall, Strategy::Spread].map(Strategy::as_str);
    let names: Vec<String> =
        list(value).into_iter().map(|name| name.to_ascii_lowercase().replace('-', "_")).collect();
    match names.iter().find(|name| !known.contains(&name.as_str())) {
        None => Ok(names),
        Some(name) => bail!("strategies: there is no strategy {name:?}; choose from {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ttai_config::{Environment, of_environment};

    fn config() -> Config {
        of_environment(&Environment::of(&[
            ("TTAI__CHANNELS__DESK__TYPE", "discord"),
            ("TTAI_CHANNELS_DESK_URL", "https://discord.com/api/webhooks/1/a"),
        ]))
    }

    #[test]
    fn what_people_write_is_read_and_shown() {
        for (name, value, shown) in [
            ("morning-alert", "on", "yes"),
            ("channels", "desk, log", "desk, log"),
            ("quiet_hours", "22:00-07:00", "22:00–07:00"),
            ("quiet_hours", "off", "off"),
            ("time_zone", "Europe/Berlin", "Europe/Berlin"),
            ("account_type", "Margin", "margin"),
            ("capital", "$20,000.50", "$20000.50"),
            ("max_symbol_pct", "25%", "25 %"),
            ("strategies", "covered-call,csp", "covered_call, csp"),
            ("max_delta", "0.25", "0.25"),
            ("dte_max", "30", "30 days"),
            ("min_roc", "0.6", "0.6 % a week"),
        ] {
            let stated = parsed(&config(), name, value).unwrap();
            let name = preference_name(name).unwrap();
            assert_eq!(stated_words(&stated), [(name, shown.to_owned())]);
        }
    }

    #[test]
    fn hostile_values_are_refused_with_the_reason() {
        for (name, value, reason) in [
            ("colour", "red", "there is no preference \"colour\"; choose from morning_alert"),
            ("morning_alert", "perhaps", "neither yes nor no"),
            ("channels", "desk,pager", "no channel \"pager\" is configured; there are desk, log"),
            ("channels", "", "channels is empty"),
            ("channels", "desk,desk", "names \"desk\" twice"),
            ("quiet_hours", "22", "write 22:00-07:00, or off"),
            ("quiet_hours", "22:00-25:00", "write 22:00-07:00, or off"),
            ("time_zone", "Mars/Olympus", "no time zone"),
            ("account_type", "crypto", "neither cash nor margin"),
            ("capital", "1e4", "not an amount of dollars"),
            ("capital", "-5", "is not above 0"),
            ("capital", "79228162514264337593543950336", "not an amount of dollars"),
            ("max_symbol_pct", "0", "0 is not between 1 and 100"),
            ("strategies", "csp,strangle", "no strategy \"strangle\"; choose from csp, covered_call, spread"),
            ("max_delta", "30", "did you mean 0.30?"),
            ("max_delta", "NaN", "not between 0 and 1"),
            ("dte_min", "two weeks", "not a number"),
            ("dte_min", "-1", "-1 is not between 0 and 1100"),
        ] {
            let error = parsed(&config(), name, value).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }
}
