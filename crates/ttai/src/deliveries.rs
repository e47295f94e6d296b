//! Deliveries as the configuration wants them, and the watch over those that nobody drives.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use ttai_activities::{
    ChannelRule, Deliverer, DeliveryDriver, DeliveryRules, LONGEST_SEND, QuietHours, RouteRule, Shutdown,
    StatedRules, StillOpen, UserRule,
};
use ttai_client::{ClientError, TtaiClient};
use ttai_contract::delivery::DELIVER;
use ttai_contract::{DeliverSignal, DeliveryParams, UserId};
use ttai_ports::{Deliveries, Notifier};
use ttai_store::Spooled;

use ttai_config::sections::{ChannelSection, ChannelType, RouteSection, UserSection};
use ttai_config::{Config, LOG};

/// How often the ledger is looked at.
const WATCH: Duration = Duration::from_secs(60);
/// What is due for longer than this has nobody who drives it.
const OVERDUE: TimeDelta = TimeDelta::seconds(60);

/// Where messages go.
#[must_use]
pub fn rules(config: &Config) -> DeliveryRules {
    let mut channels: Vec<ChannelRule> =
        config.channels.iter().map(|(name, section)| channel(name, section)).collect();
    channels.push(ChannelRule { name: LOG.to_owned(), per_minute: None, digest_characters: 60_000 });
    DeliveryRules {
        channels,
        routes: config.routes.values().map(route).collect(),
        users: config.users.iter().map(|(name, section)| (name.clone(), user(section))).collect(),
        stated: StatedRules::default(),
    }
}

fn channel(name: &str, section: &ChannelSection) -> ChannelRule {
    // Messages a minute, and the characters of a digest that it shows whole.
    let (usual, digest_characters) = match section.kind {
        Some(ChannelType::Discord) => (Some(30), 3_900),
        Some(ChannelType::Slack) => (Some(60), 8_500),
        Some(ChannelType::Email) => (Some(10), 60_000),
        Some(ChannelType::Ntfy) => (Some(12), 2_900),
        Some(ChannelType::Webhook) => (None, 60_000),
        None => (None, 3_900),
    };
    ChannelRule {
        name: name.to_owned(),
        per_minute: section.messages_per_minute.or(usual),
        digest_characters,
    }
}

fn route(section: &RouteSection) -> RouteRule {
    let RouteSection { users, kinds, severities, channels } = section.clone();
    RouteRule { users, kinds, severities, channels }
}

fn user(section: &UserSection) -> UserRule {
    let zone = *section.time_zone;
    let quiet = section.quiet_from.zip(section.quiet_until);
    UserRule { zone, quiet: quiet.map(|(from, until)| QuietHours { zone, from, until }) }
}

/// Deliveries over a store and the configured channels, as users prefer them.
pub async fn deliverer(config: &Config, store: &Arc<Spooled>, notifier: Arc<dyn Notifier>) -> Deliverer {
    let rules = rules(config);
    if let Err(error) = rules.stated.refresh(store.database().as_ref()).await {
        tracing::warn!("users' preferences are not known yet, the configuration stands: {error}");
    }
    Deliverer {
        messages: Arc::clone(store.database()) as _,
        deliveries: Arc::clone(store.database()) as _,
        artifacts: Arc::clone(store) as _,
        notifier,
        rules: Arc::new(rules),
        claimant: format!("{}/{}", std::process::id(), uuid::Uuid::new_v4()),
        longest_send: LONGEST_SEND,
        driver: None,
    }
}

/// Tells the entities of deliveries what is open.
pub struct Driver {
    client: TtaiClient,
    /// When each user's entity will look into the ledger, as far as it was told.
    told: Mutex<BTreeMap<String, DateTime<Utc>>>,
}

impl Driver {
    /// Over a client of the server.
    #[must_use]
    pub fn over(client: TtaiClient) -> Self {
        Self { client, told: Mutex::default() }
    }

    /// Has a user's open deliveries driven from now on. Where the user's entity will look into the ledger by the time that
    /// something is due anyway, the server is not asked.
    ///
    /// # Errors
    /// A server that does not answer, or a user's name that cannot be one of a workflow.
    pub async fn drive(&self, open: &StillOpen) -> Result<(), ClientError> {
        let StillOpen { user_id, due_at } = open;
        let looks = self.told.lock().unwrap_or_else(PoisonError::into_inner).get(user_id).copied();
        if looks.is_some_and(|looks| Utc::now() < looks && looks <= *due_at) {
            return Ok(());
        }
        let params = DeliveryParams { user_id: user_id.parse::<UserId>()?, ..DeliveryParams::default() };
        self.client.signal_with_start(&params, DELIVER, &DeliverSignal {}).await?;
        self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(user_id.clone(), *due_at);
        Ok(())
    }

    /// Until the shutdown: whatever is open and overdue, because the process that wrote it died before it could tell, gets
    /// somebody who drives it. While nothing is, the server is not asked.
    pub async fn watch(&self, deliveries: Arc<dyn Deliveries>, shutdown: Shutdown) {
        let mut tick = tokio::time::interval(WATCH);
        loop {
            tokio::select! {
                () = shutdown.begun() => return,
                _ = tick.tick() => {}
            }
            if let Err(error) = self.drive_overdue(deliveries.as_ref()).await {
                tracing::warn!("open deliveries wait: {error}");
            }
        }
    }

    async fn drive_overdue(&self, deliveries: &dyn Deliveries) -> anyhow::Result<()> {
        let due_at = Utc::now() - OVERDUE;
        for user_id in deliveries.users_due(due_at).await? {
            self.drive(&StillOpen { user_id, due_at }).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl DeliveryDriver for Driver {
    async fn drive(&self, open: &StillOpen) {
        if let Err(error) = Self::drive(self, open).await {
            tracing::warn!("open deliveries of {} wait: {error}", open.user_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use ttai_core::Severity;

    use super::*;
    use ttai_config::{Environment, of_environment};

    #[test]
    fn channels_routes_and_nights_are_as_configured() {
        let config = of_environment(&Environment::of(&[
            ("TTAI__CHANNELS__DESK__TYPE", "discord"),
            ("TTAI_CHANNELS_DESK_URL", "https://discord.com/api/webhooks/1/a"),
            ("TTAI__CHANNELS__TEAM__TYPE", "slack"),
            ("TTAI_CHANNELS_TEAM_URL", "https://hooks.slack.com/services/a"),
            ("TTAI__CHANNELS__TEAM__MESSAGES_PER_MINUTE", "20"),
            ("TTAI__ROUTES__URGENT__SEVERITIES", "critical"),
            ("TTAI__ROUTES__URGENT__CHANNELS", "desk,log"),
            ("TTAI__USERS__DEFAULT__QUIET_FROM", "22:00"),
            ("TTAI__USERS__DEFAULT__QUIET_UNTIL", "07:00"),
            ("TTAI__USERS__DEFAULT__TIME_ZONE", "Europe/Berlin"),
        ]));
        config.usable().unwrap();
        let rules = rules(&config);
        let limits: Vec<_> =
            rules.channels.iter().map(|channel| (channel.name.as_str(), channel.per_minute)).collect();
        assert_eq!(limits, [("desk", Some(30)), ("team", Some(20)), ("log", None)]);
        assert_eq!(rules.routes[0].severities, [Severity::Critical]);
        assert_eq!(rules.routes[0].channels, ["desk", "log"]);
        let user = rules.user("default");
        assert_eq!(user.zone, chrono_tz::Europe::Berlin);
        assert!(user.quiet.is_some_and(|quiet| quiet.end("2026-07-01T21:00:00Z".parse().unwrap()).is_some()));
        assert_eq!(rules.user("ann"), UserRule::default());
    }
}
