//! Where a message goes: the routes and limits that a user configures. Pure.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use ttai_core::{NEW_YORK, Severity};
use ttai_ports::{MessageRecord, MessageRoute, NewMessage};

use super::digest::LEAST_LIFE;
use super::quiet::QuietHours;
use super::stated::StatedRules;

/// A configured channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelRule {
    /// Its name.
    pub name: String,
    /// Messages a minute over which a burst becomes a digest; none for never.
    pub per_minute: Option<u32>,
    /// How long a digest may be for the channel to show all of it, in characters.
    pub digest_characters: usize,
}

/// Messages that go to some channels; what is empty takes any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteRule {
    /// Of these users.
    pub users: Vec<String>,
    /// Of these kinds, as on the wire.
    pub kinds: Vec<String>,
    /// Of these severities.
    pub severities: Vec<Severity>,
    /// Where they go.
    pub channels: Vec<String>,
}

/// A user's clock and nights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserRule {
    /// The time zone in which times are told.
    pub zone: Tz,
    /// When only what is critical passes.
    pub quiet: Option<QuietHours>,
}

impl Default for UserRule {
    fn default() -> Self {
        Self { zone: NEW_YORK, quiet: None }
    }
}

/// Everything that decides where and when messages go.
#[derive(Clone, Debug, Default)]
pub struct DeliveryRules {
    /// The channels, in order of preference.
    pub channels: Vec<ChannelRule>,
    /// All that fit a message apply together; a message that none fits goes to every channel.
    pub routes: Vec<RouteRule>,
    /// By user; New York time and no quiet hours for anybody else.
    pub users: BTreeMap<String, UserRule>,
    /// What users have stated, over all of that.
    pub stated: StatedRules,
}

impl RouteRule {
    fn fits(&self, record: &MessageRecord) -> bool {
        let any = |names: &[String], name: &str| names.is_empty() || names.iter().any(|one| one == name);
        any(&self.users, &record.user_id)
            && any(&self.kinds, record.message.kind.as_str())
            && (self.severities.is_empty() || self.severities.contains(&record.message.severity))
    }
}

impl DeliveryRules {
    /// The channel of that name.
    #[must_use]
    pub fn channel(&self, name: &str) -> Option<&ChannelRule> {
        self.channels.iter().find(|channel| channel.name == name)
    }

    /// The user's clock and nights.
    #[must_use]
    pub fn user(&self, user_id: &str) -> UserRule {
        self.stated.user(user_id, self.users.get(user_id).copied().unwrap_or_default())
    }

    /// The message with where it goes and when: to the `wanted` channels, else to those that the user prefers, else by the routes. In quiet hours what is not
    /// critical is held until their end. A wanted channel that is not configured keeps its delivery, which then says so; where
    /// none of them is, the routes apply, too.
    #[must_use]
    pub fn address(&self, record: MessageRecord, wanted: &[String], now: DateTime<Utc>) -> NewMessage {
        let preferred = self.stated.channels(&record.user_id);
        let wanted = if wanted.is_empty() { preferred.as_slice() } else { wanted };
        let mut names: Vec<&String> = Vec::new();
        for name in wanted.iter().chain(self.routed(&record, wanted)) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let held_until = self.held_until(&record, now);
        let route = |name: &String| MessageRoute { channel: name.clone(), held_until };
        let routes = names.into_iter().map(route).collect();
        // What is held is still to be told when the quiet hours end.
        let told = held_until.map_or(record.expires_at, |until| until + LEAST_LIFE);
        NewMessage { record: MessageRecord { expires_at: record.expires_at.max(told), ..record }, routes }
    }

    /// By the routes, where nothing that is configured is wanted.
    fn routed<'a>(&'a self, record: &MessageRecord, wanted: &[String]) -> Vec<&'a String> {
        if wanted.iter().any(|name| self.channel(name).is_some()) {
            return Vec::new();
        }
        let fitting = self.routes.iter().filter(|route| route.fits(record));
        let routed: Vec<&String> = fitting.flat_map(|route| &route.channels).collect();
        if routed.iter().any(|name| self.channel(name).is_some()) {
            return routed;
        }
        self.channels.iter().map(|channel| &channel.name).collect()
    }

    /// When the quiet hours end that hold the message.
    pub(super) fn held_until(&self, record: &MessageRecord, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let quiet =
            self.user(&record.user_id).quiet.filter(|_| record.message.severity < Severity::Critical)?;
        quiet.end(now)
    }
}

#[cfg(test)]
mod tests {
    use ttai_core::{Message, MessageKind};
    use ttai_ports::{QuietSpan, UserPreferences};

    use super::*;

    fn rules() -> DeliveryRules {
        let channel =
            |name: &str| ChannelRule { name: name.to_owned(), per_minute: None, digest_characters: 60_000 };
        let names = |names: &[&str]| names.iter().copied().map(str::to_owned).collect::<Vec<_>>();
        let night = QuietHours {
            zone: NEW_YORK,
            from: "22:00:00".parse().unwrap(),
            until: "07:00:00".parse().unwrap(),
        };
        DeliveryRules {
            channels: ["desk", "mail", "log"].map(channel).to_vec(),
            routes: vec![
                RouteRule {
                    kinds: names(&["news_alert", "daily_report"]),
                    channels: names(&["mail"]),
                    ..RouteRule::default()
                },
                RouteRule {
                    severities: vec![Severity::Critical],
                    channels: names(&["desk", "mail"]),
                    ..RouteRule::default()
                },
                RouteRule { users: names(&["bob"]), channels: names(&["gone"]), ..RouteRule::default() },
            ],
            users: [("ann".to_owned(), UserRule { zone: NEW_YORK, quiet: Some(night) })].into(),
            stated: StatedRules::default(),
        }
    }

    fn record(user: &str, kind: MessageKind, severity: Severity) -> MessageRecord {
        let now = "2026-07-01T15:00:00Z".parse().unwrap();
        MessageRecord {
            id: "m".to_owned(),
            user_id: user.to_owned(),
            message: Message { kind, severity, ..Message::default() },
            market: None,
            created_at: now,
            expires_at: now,
        }
    }

    fn channels(user: &str, kind: MessageKind, severity: Severity, wanted: &[&str]) -> Vec<String> {
        let wanted: Vec<String> = wanted.iter().copied().map(str::to_owned).collect();
        let noon = "2026-07-01T16:00:00Z".parse().unwrap();
        let addressed = rules().address(record(user, kind, severity), &wanted, noon);
        addressed.routes.into_iter().map(|route| route.channel).collect()
    }

    #[test]
    fn a_message_goes_where_the_routes_or_its_writer_want_it_and_never_nowhere() {
        use MessageKind::{NewsAlert, PriceAlertTriggered};
        use Severity::{Critical, Info, Warning};
        assert_eq!(channels("ann", NewsAlert, Info, &[]), ["mail"]);
        assert_eq!(channels("ann", NewsAlert, Critical, &[]), ["mail", "desk"], "each once");
        assert_eq!(channels("ann", PriceAlertTriggered, Warning, &[]), ["desk", "mail", "log"], "no route");
        assert_eq!(channels("bob", PriceAlertTriggered, Warning, &[]), ["desk", "mail", "log"], "a gone one");
        assert_eq!(channels("ann", NewsAlert, Info, &["log", "log"]), ["log"]);
        assert_eq!(channels("ann", NewsAlert, Info, &["pager"]), ["pager", "mail"], "and who can be reached");
        assert_eq!(channels("ann", NewsAlert, Info, &["pager", "desk"]), ["pager", "desk"]);
    }

    #[test]
    fn what_a_user_states_stands_over_what_is_configured() {
        let rules = rules();
        let stated = |zone: &str, quiet: Option<(&str, &str)>| UserPreferences {
            channels: Some(vec!["log".to_owned()]),
            time_zone: Some(zone.to_owned()),
            quiet_hours: quiet.map(|(from, until)| QuietSpan {
                from: from.parse().unwrap(),
                until: until.parse().unwrap(),
            }),
            ..UserPreferences::default()
        };
        let addressed = |user: &str, wanted: &[String], at: &str| {
            let record = record(user, MessageKind::NewsAlert, Severity::Critical);
            let message = rules.address(record, wanted, at.parse().unwrap());
            message.routes.into_iter().map(|route| route.channel).collect::<Vec<_>>()
        };
        let held = |user: &str, at: &str| {
            rules.held_until(&record(user, MessageKind::NewsAlert, Severity::Info), at.parse().unwrap())
        };
        rules.stated.state("ann", stated("Europe/Berlin", None));
        assert_eq!(addressed("ann", &[], "2026-07-01T16:00:00Z"), ["log"], "no route beside it");
        assert_eq!(addressed("ann", &["mail".to_owned()], "2026-07-01T16:00:00Z"), ["mail"]);
        assert_eq!(addressed("bob", &[], "2026-07-01T16:00:00Z"), ["mail", "desk", "gone"], "nobody else's");
        // The configured night, by the clock that is stated.
        assert_eq!(held("ann", "2026-07-01T03:00:00Z"), "2026-07-01T05:00:00Z".parse().ok());
        rules.stated.state("ann", stated("Europe/Berlin", Some(("12:00:00", "12:00:00"))));
        assert_eq!(held("ann", "2026-07-01T03:00:00Z"), None, "never quiet");
        rules.stated.state("bob", stated("Mars/Olympus", Some(("12:00:00", "13:00:00"))));
        assert_eq!(
            held("bob", "2026-07-01T16:30:00Z"),
            "2026-07-01T17:00:00Z".parse().ok(),
            "New York's noon"
        );
        rules
            .stated
            .state("bob", UserPreferences { channels: Some(vec!["gone".into()]), ..Default::default() });
        let reached = addressed("bob", &[], "2026-07-01T16:00:00Z");
        assert_eq!(
            reached,
            ["gone", "mail", "desk"],
            "a channel that is no longer configured, and who can be reached"
        );
    }

    #[test]
    fn at_night_only_what_is_critical_passes() {
        let night: DateTime<Utc> = "2026-07-01T03:00:00Z".parse().unwrap();
        let held = |user: &str, severity| {
            let record = record(user, MessageKind::PriceAlertTriggered, severity);
            rules().address(record, &[], night).routes[0].held_until
        };
        let morning = "2026-07-01T11:00:00Z".parse().ok();
        assert_eq!(held("ann", Severity::Info), morning);
        assert_eq!(held("ann", Severity::Warning), morning);
        assert_eq!(held("ann", Severity::Critical), None);
        assert_eq!(held("bob", Severity::Info), None);
    }
}
