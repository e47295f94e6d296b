//! Users' preferences: a row for each that is stated.

use async_trait::async_trait;
use serde_json::{Map, Value};
use ttai_ports::{PREFERENCE_NAMES, Preferences, PreferencesChange, StoreError, UserPreferences};

use crate::Database;
use crate::checks::check_named;
use crate::statement::{Bind, Statement, row, sql};

const WRITE: &str =
    "INSERT INTO user_preferences (user_id, name, value, changed_at) SELECT v.*, {now} FROM (VALUES ";
const REPLACE: &str = ") AS v WHERE true ON CONFLICT (user_id, name) DO UPDATE SET value = excluded.value, \
     changed_at = excluded.changed_at";
const DELETE: &str = "DELETE FROM user_preferences WHERE user_id = $1 AND name = $2";
const WITH_MORNING_ALERT: &str = "SELECT user_id FROM user_preferences WHERE name = 'morning_alert' AND value = 'true' \
     ORDER BY user_id";

row! {
    struct Stated {
        name: String,
        value: String,
    }
}

row! {
    struct Named {
        user_id: String,
    }
}

fn read(user_id: &str) -> Statement<'_> {
    sql(format!("SELECT {} FROM user_preferences WHERE user_id = $1 ORDER BY name", Stated::COLUMNS))
        .bind(user_id)
}

/// Preferences that this version does not know are a newer one's: they stay and are not read.
fn preferences_of(rows: Vec<Stated>) -> Result<UserPreferences, StoreError> {
    let mut fields = Map::new();
    for Stated { name, value } in rows {
        if PREFERENCE_NAMES.contains(&name.as_str()) {
            let value = serde_json::from_str(&value).map_err(|error| {
                StoreError::Corrupt(format!("the preference {name} cannot be read: {error}"))
            })?;
            fields.insert(name, value);
        }
    }
    serde_json::from_value(Value::Object(fields))
        .map_err(|error| StoreError::Corrupt(format!("the preferences cannot be read: {error}")))
}

/// Name and JSON of each value that is stated.
fn rows_of(preferences: &UserPreferences) -> Result<Vec<(String, String)>, StoreError> {
    match serde_json::to_value(preferences) {
        Ok(Value::Object(fields)) => {
            Ok(fields.into_iter().map(|(name, value)| (name, value.to_string())).collect())
        }
        Ok(_) => Ok(Vec::new()),
        Err(error) => Err(StoreError::Invalid(format!("the preferences cannot be written as JSON: {error}"))),
    }
}

fn check(user_id: &str, change: &PreferencesChange) -> Result<(), StoreError> {
    check_named("the preferences' user", user_id)?;
    change.set.check()?;
    match change.unset.iter().find(|name| !PREFERENCE_NAMES.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(StoreError::Invalid(format!(
            "there is no preference {name:?}; there are {}",
            PREFERENCE_NAMES.join(", ")
        ))),
    }
}

#[async_trait]
impl Preferences for Database {
    async fn preferences(&self, user_id: &str) -> Result<UserPreferences, StoreError> {
        check_named("the preferences' user", user_id)?;
        preferences_of(self.all("reading the preferences", read(user_id)).await?)
    }

    async fn save_preferences(
        &self,
        user_id: &str,
        change: &PreferencesChange,
    ) -> Result<UserPreferences, StoreError> {
        check(user_id, change)?;
        let stated = rows_of(&change.set)?;
        let call = async {
            let mut work = self.begin().await?;
            for name in &change.unset {
                work.execute(sql(DELETE).bind(user_id).bind(name)).await?;
            }
            if !stated.is_empty() {
                let mut write = sql(WRITE);
                write.push_rows(
                    stated.iter().map(|(name, value)| [Bind::from(user_id), name.into(), value.into()]),
                );
                write.push_text(REPLACE);
                work.execute(write).await?;
            }
            let after = preferences_of(work.all(read(user_id)).await?);
            // Two values that are right alone may contradict each other.
            match after.and_then(|after| after.check().map(|()| after)) {
                Ok(after) => {
                    work.commit().await?;
                    Ok(Ok(after))
                }
                Err(error) => Ok(Err(error)),
            }
        };
        self.within("saving the preferences", call).await?
    }

    async fn users_with_morning_alert(&self) -> Result<Vec<String>, StoreError> {
        let found: Vec<Named> =
            self.all("listing who wants the morning briefing", sql(WITH_MORNING_ALERT)).await?;
        Ok(found.into_iter().map(|row| row.user_id).collect())
    }
}
