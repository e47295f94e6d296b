//! What users have stated about messages, over what is configured. A process reads it from the store every few seconds: a message
//! waits for no question to the store.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono_tz::Tz;
use ttai_ports::{Preferences, QuietSpan, StoreError, UserPreferences};

use super::quiet::QuietHours;
use super::rules::UserRule;
use crate::clock::patient;
use crate::supervise::Shutdown;

/// How soon what a user states is obeyed.
const EVERY: Duration = Duration::from_secs(5);

/// Preferences about messages, by user; all clones are one.
#[derive(Clone, Debug, Default)]
pub struct StatedRules(Arc<RwLock<BTreeMap<String, StatedRule>>>);

#[derive(Clone, Debug, Default)]
struct StatedRule {
    channels: Vec<String>,
    quiet: Option<QuietSpan>,
    zone: Option<Tz>,
}

impl StatedRules {
    /// Reads all of them again.
    ///
    /// # Errors
    /// A store that is away; what was read before stands.
    pub async fn refresh(&self, preferences: &dyn Preferences) -> Result<(), StoreError> {
        let all = preferences.preferences_about_messages().await?;
        let rules = all.into_iter().map(|(user, stated)| (user, StatedRule::of(stated)));
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = rules.collect();
        Ok(())
    }

    /// Reads them again every few seconds until the shutdown.
    pub async fn refresh_until(self, preferences: Arc<dyn Preferences>, shutdown: Shutdown) {
        let mut tick = patient(EVERY);
        loop {
            tokio::select! {
                () = shutdown.begun() => return,
                _ = tick.tick() => {}
            }
            if let Err(error) = self.refresh(preferences.as_ref()).await {
                tracing::debug!("users' preferences stand as they were read before: {error}");
            }
        }
    }

    fn of(&self, user_id: &str) -> StatedRule {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(user_id).cloned().unwrap_or_default()
    }

    /// The channels that a user wants messages over that name none; empty where the configuration decides.
    pub(super) fn channels(&self, user_id: &str) -> Vec<String> {
        self.of(user_id).channels
    }

    /// The user's clock and nights: what is stated stands over what is configured.
    pub(super) fn user(&self, user_id: &str, configured: UserRule) -> UserRule {
        let StatedRule { quiet, zone, .. } = self.of(user_id);
        let zone = zone.unwrap_or(configured.zone);
        let stated = quiet.map(|QuietSpan { from, until }| QuietHours { zone, from, until });
        UserRule {
            zone,
            quiet: stated.or_else(|| configured.quiet.map(|quiet| QuietHours { zone, ..quiet })),
        }
    }
}

impl StatedRule {
    /// A time zone that this version does not know is none: the configured one stands.
    fn of(stated: UserPreferences) -> Self {
        Self {
            channels: stated.channels.unwrap_or_default(),
            quiet: stated.quiet_hours,
            zone: stated.time_zone.and_then(|name| name.parse().ok()),
        }
    }
}

#[cfg(test)]
impl StatedRules {
    /// As if it had been read.
    pub(super) fn state(&self, user_id: &str, stated: UserPreferences) {
        let mut rules = self.0.write().unwrap_or_else(PoisonError::into_inner);
        rules.insert(user_id.to_owned(), StatedRule::of(stated));
    }
}
