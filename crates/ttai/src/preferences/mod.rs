//! Users' preferences as the binary uses them: written by people, laid over the configuration, and in effect where a request leaves
//! something out. The store has what is stated; nothing here keeps a copy.

mod defaults;
mod effect;
mod words;

use std::str::FromStr;

use secrecy::ExposeSecret;
use ttai_contract::UserId;
use ttai_ports::{Preferences, UserPreferences};
use ttai_store::{Database, SchemaState, StoreUrl, schema_status};

use crate::settings::Settings;
use crate::wiring;

pub use defaults::RequestDefaults;
pub use effect::{PreferenceRow, in_effect};
pub use words::{parsed, preference_name, stated_words};

/// What a user has stated. A store that is not there yet has nothing; nothing is made for the answer.
///
/// # Errors
/// A store that cannot be read, or that another version of ttai wrote.
pub async fn stated(settings: &Settings, user: &UserId) -> anyhow::Result<UserPreferences> {
    let url = StoreUrl::from_str(settings.store_url.expose_secret())?;
    let status = schema_status(&url).await?;
    match status.state {
        SchemaState::Absent => Ok(UserPreferences::default()),
        SchemaState::Current(_) => {
            let database = Database::open(&wiring::store_url(settings)?).await?;
            Ok(database.preferences(user.as_str()).await?)
        }
        SchemaState::Older(_) | SchemaState::Newer(_) => anyhow::bail!("{status}"),
    }
}
