//! `ttai preferences`: what a user has stated, over the configuration.

use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Serialize;
use ttai_contract::{OptionsConstraints, UserId, Validate};
use ttai_ports::{Preferences, PreferencesChange, UserPreferences};
use ttai_store::Database;

use crate::cli::{GlobalArgs, PreferencesCommand, PreferencesOptions};
use crate::exit_kind::ExitKind;
use crate::preferences::{PreferenceRow, in_effect, parsed, preference_name};
use crate::settings::Settings;
use crate::{output, report, wiring};

/// Runs the command.
///
/// # Errors
/// A preference that there is not, a value that it cannot have, or a store that cannot be opened.
pub async fn run(global: &GlobalArgs, command: PreferencesCommand) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, None)?;
    let (change, options) = match command {
        PreferencesCommand::Show(options) => (None, options),
        PreferencesCommand::Set { name, value, options } => {
            let set = parsed(&settings.config, &name, &value)
                .map_err(|error| ExitKind::WrongRequest.error(error.to_string()))?;
            (Some(PreferencesChange { set, unset: Vec::new() }), options)
        }
        PreferencesCommand::Unset { names, options } => {
            let names = names.iter().map(|name| preference_name(name).map(str::to_owned));
            let unset = names
                .collect::<anyhow::Result<Vec<_>>>()
                .map_err(|error| ExitKind::WrongRequest.error(error.to_string()))?;
            (Some(PreferencesChange { unset, ..PreferencesChange::default() }), options)
        }
    };
    let database = Database::open(&wiring::store_url(&settings)?).await?;
    let stated = match change {
        Some(change) => save(&database, &options.user, &change).await?,
        None => database.preferences(options.user.as_str()).await?,
    };
    show(&settings, &stated, &options)?;
    Ok(ExitCode::SUCCESS)
}

/// Saves a change, unless no analysis could follow it beside the built-in defaults.
pub(super) async fn save(
    database: &Database,
    user: &UserId,
    change: &PreferencesChange,
) -> anyhow::Result<UserPreferences> {
    let before = database.preferences(user.as_str()).await?;
    let after = |name: &str, set: Option<i64>, before: Option<i64>| {
        if change.unset.iter().any(|unset| unset == name) { set } else { set.or(before) }
    };
    let usual = OptionsConstraints::default();
    let days = OptionsConstraints {
        dte_min: after("dte_min", change.set.dte_min, before.dte_min).unwrap_or(usual.dte_min),
        dte_max: after("dte_max", change.set.dte_max, before.dte_max).unwrap_or(usual.dte_max),
        ..usual
    };
    days.validate().map_err(|error| {
        ExitKind::WrongRequest.error(format!("{}; set the other one first", error.message))
    })?;
    Ok(database.save_preferences(user.as_str(), change).await?)
}

/// What a user has stated, and what is in effect.
#[derive(Serialize, JsonSchema)]
pub(crate) struct PreferencesShown {
    user_id: UserId,
    stated: UserPreferences,
    in_effect: Vec<PreferenceRow>,
}

pub(super) fn show(
    settings: &Settings,
    stated: &UserPreferences,
    options: &PreferencesOptions,
) -> anyhow::Result<()> {
    let rows = in_effect(&settings.config, options.user.as_str(), stated);
    if options.json {
        let user_id = options.user.clone();
        output::json(&PreferencesShown { user_id, stated: stated.clone(), in_effect: rows })?;
    } else {
        let rows = rows.into_iter().map(|row| vec![row.name.to_owned(), row.value, row.from]);
        output::line(&report::plain_table(&["PREFERENCE", "IN EFFECT", "FROM"], rows));
    }
    Ok(())
}
