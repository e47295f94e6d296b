//! Tells what lasts, once, and its end: what comes and goes between two looks is not worth a message.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use ttai_activities::Incidents;
use ttai_core::{Message, MessageKind, Severity};
use ttai_ports::Notifier;

use super::conditions::{HealthCondition, Trouble};
use super::report::host;

/// Looks in a row that have to agree.
const LASTING: u32 = 2;
/// Looks after which an incident that is over here is looked for again: whoever told it may have died.
const FORGETTING: u32 = 20;

/// What was seen of a condition lately.
#[derive(Clone, Copy, Debug, Default)]
struct Course {
    /// Looks in a row with trouble.
    bad: u32,
    /// Looks in a row without.
    good: u32,
}

/// Tells conditions of many processes once.
pub(super) struct IncidentNotifier {
    incidents: Incidents,
    courses: BTreeMap<String, Course>,
    /// What this process has told and not ended.
    told: BTreeMap<String, HealthCondition>,
}

impl IncidentNotifier {
    pub(super) fn of(incidents: Incidents) -> Self {
        Self { incidents, courses: BTreeMap::new(), told: BTreeMap::new() }
    }

    /// What was told of entities that are not among those that were looked at any more: they have ended, or gone on.
    pub(super) fn gone(&self, seen: &[HealthCondition]) -> Vec<HealthCondition> {
        let is_gone = |told: &&HealthCondition| {
            told.is_of_entity() && !seen.iter().any(|one| one.incident.name == told.incident.name)
        };
        let gone = self.told.values().filter(is_gone);
        gone.map(|told| HealthCondition { trouble: None, ..told.clone() }).collect()
    }

    /// Takes one look in; the titles of what lasts.
    pub(super) async fn round(&mut self, conditions: &[HealthCondition], now: DateTime<Utc>) -> Vec<String> {
        let mut lasting = Vec::new();
        self.courses.retain(|name, _| conditions.iter().any(|one| one.incident.name == *name));
        for condition in conditions {
            let course = self.courses.entry(condition.incident.name.clone()).or_default();
            match &condition.trouble {
                Some(_) => *course = Course { bad: course.bad.saturating_add(1), good: 0 },
                None => *course = Course { bad: 0, good: course.good.saturating_add(1) },
            }
            let course = *course;
            if let Some(trouble) = condition.trouble.as_ref().filter(|_| course.bad >= LASTING) {
                lasting.push(trouble.title.clone());
                self.told.insert(condition.incident.name.clone(), condition.clone());
                self.open(condition, trouble).await;
            } else if let Some(over) = condition.over.as_ref().filter(|_| course.good % FORGETTING == LASTING)
            {
                self.end(condition, over, now).await;
            }
        }
        lasting
    }

    async fn open(&self, condition: &HealthCondition, trouble: &Trouble) {
        let told = |_| (trouble.title.clone(), trouble.text.clone());
        if let Err(error) = self.incidents.open(&condition.incident, trouble.since, told).await {
            tracing::error!("{}: {} Nobody could be told: {error}", trouble.title, trouble.text);
        }
    }

    async fn end(&mut self, condition: &HealthCondition, over: &str, now: DateTime<Utc>) {
        let name = &condition.incident.name;
        let told = |since: DateTime<Utc>| {
            let lasted = super::conditions::span((now - since).to_std().unwrap_or_default());
            (over.to_owned(), format!("After {lasted}."))
        };
        if let Err(error) = self.incidents.end(&condition.incident, told).await {
            tracing::warn!("the end of {name} is not told yet: {error}");
            // The next look tries again.
            if let Some(course) = self.courses.get_mut(name) {
                course.good = LASTING - 1;
            }
            return;
        }
        self.told.remove(name);
    }
}

/// An outage of the store, which is told past the ledger, by this process for itself.
#[derive(Debug, Default)]
pub(super) struct Outage {
    rounds: u32,
    since: Option<DateTime<Utc>>,
    told: bool,
}

impl Outage {
    /// Takes one look in: why the store does not answer, if it does not.
    pub(super) async fn round(
        &mut self,
        trouble: Option<String>,
        now: DateTime<Utc>,
        notifier: &dyn Notifier,
    ) {
        let Some(why) = trouble else {
            if let Some(since) = self.since.take().filter(|_| self.told) {
                let text = "What waited for it goes on.".to_owned();
                send(notifier, ("The store answers again", text), since, "/end").await;
            }
            *self = Self::default();
            return;
        };
        let since = *self.since.get_or_insert(now);
        self.rounds = self.rounds.saturating_add(1);
        if self.rounds >= LASTING && !self.told {
            self.told = true;
            let text = format!(
                "{why}. Alerts that fire are kept and recorded once it answers; no message of the ledger is sent meanwhile."
            );
            send(notifier, ("The store does not answer", text), since, "").await;
        }
    }
}

/// To every channel; one that does not take it does not keep it from the others.
async fn send(notifier: &dyn Notifier, (title, text): (&str, String), since: DateTime<Utc>, part: &str) {
    let message = Message {
        kind: MessageKind::System,
        severity: Severity::Critical,
        title: title.to_owned(),
        text,
        delivery_id: format!("store/{}/{}{part}", host(), since.timestamp_micros()),
        ..Message::default()
    };
    let channels = notifier.channels();
    let message = &message;
    let sends = channels.iter().map(|channel| async move {
        if let Err(error) = notifier.send(channel, message, &[]).await {
            tracing::warn!("{channel} was not told that {}: {error}", message.title);
        }
    });
    futures::future::join_all(sends).await;
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use async_trait::async_trait;
    use chrono::TimeDelta;
    use ttai_activities::{ChannelRule, Deliverer, DeliveryRules, Incident, LONGEST_SEND};
    use ttai_ports::{Attachment, PortError};
    use ttai_store::{Database, Spooled, StoreUrl};

    use super::*;

    /// A channel that keeps the titles that it took.
    #[derive(Default)]
    struct Desk(Mutex<Vec<String>>);

    #[async_trait]
    impl Notifier for Desk {
        fn channels(&self) -> Vec<String> {
            vec!["desk".to_owned()]
        }

        async fn send(&self, _: &str, message: &Message, _: &[Attachment]) -> Result<(), PortError> {
            self.0.lock().unwrap().push(message.title.clone());
            Ok(())
        }
    }

    impl Desk {
        fn heard(&self) -> Vec<String> {
            std::mem::take(&mut *self.0.lock().unwrap())
        }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        "2026-09-18T15:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(seconds)
    }

    async fn notifier(store: &Arc<Database>, desk: &Arc<Desk>, folder: &std::path::Path) -> IncidentNotifier {
        let spooled = Spooled::open(Arc::clone(store), &folder.join("spool"), 1 << 20).await.unwrap();
        let channel = ChannelRule { name: "desk".into(), per_minute: None, digest_characters: 4_000 };
        let deliverer = Deliverer {
            messages: Arc::clone(store) as _,
            deliveries: Arc::clone(store) as _,
            notifier: Arc::clone(desk) as _,
            artifacts: spooled as _,
            rules: Arc::new(DeliveryRules { channels: vec![channel], ..DeliveryRules::default() }),
            claimant: uuid::Uuid::new_v4().to_string(),
            longest_send: LONGEST_SEND,
            driver: None,
        };
        IncidentNotifier::of(Incidents { leases: Arc::clone(store) as _, deliverer })
    }

    fn condition(is_bad: bool) -> [HealthCondition; 1] {
        let trouble =
            is_bad.then(|| Trouble { title: "bad".to_owned(), text: "do this".to_owned(), since: at(0) });
        let incident = Incident {
            name: "deliveries/open".to_owned(),
            user_id: "default".to_owned(),
            severity: Severity::Warning,
            market: None,
        };
        [HealthCondition { incident, trouble, over: Some("good".to_owned()) }]
    }

    #[tokio::test]
    async fn what_lasts_is_told_once_by_all_workers_and_so_is_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let url = StoreUrl::sqlite(folder.path().join("ttai.db")).unwrap();
        let store = Arc::new(Database::open(&url).await.unwrap());
        let desk = Arc::new(Desk::default());
        let mut one = notifier(&store, &desk, folder.path()).await;
        let mut other = notifier(&store, &desk, folder.path()).await;
        assert!(one.round(&condition(true), at(0)).await.is_empty());
        one.round(&condition(false), at(30)).await;
        assert_eq!(desk.heard(), Vec::<String>::new(), "it came and went");
        for seconds in [60, 90, 120] {
            one.round(&condition(true), at(seconds)).await;
            other.round(&condition(true), at(seconds)).await;
        }
        assert_eq!(one.round(&condition(true), at(150)).await, ["bad"]);
        assert_eq!(desk.heard(), ["bad"]);
        // The worker that told it is gone; one that has just begun tells the end.
        let mut third = notifier(&store, &desk, folder.path()).await;
        for seconds in [180, 210, 240] {
            third.round(&condition(false), at(seconds)).await;
            other.round(&condition(false), at(seconds)).await;
        }
        assert_eq!(desk.heard(), ["good"]);
    }

    #[tokio::test]
    async fn trouble_of_an_entity_that_is_gone_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let url = StoreUrl::sqlite(folder.path().join("ttai.db")).unwrap();
        let store = Arc::new(Database::open(&url).await.unwrap());
        let desk = Arc::new(Desk::default());
        let mut notifier = notifier(&store, &desk, folder.path()).await;
        let [mut entity] = condition(true);
        entity.incident.name = "entity/price-alerts".to_owned();
        for seconds in [0, 30] {
            notifier.round(&[entity.clone()], at(seconds)).await;
        }
        assert!(notifier.gone(&[entity]).is_empty());
        for seconds in [60, 90, 120] {
            let gone = notifier.gone(&[]);
            notifier.round(&gone, at(seconds)).await;
        }
        assert_eq!(desk.heard(), ["bad", "good"]);
        assert!(notifier.gone(&[]).is_empty());
    }

    #[tokio::test]
    async fn a_store_that_is_away_is_told_past_the_ledger() {
        let (desk, mut outage) = (Desk::default(), Outage::default());
        let away = || Some("no answer".to_owned());
        outage.round(away(), at(0), &desk).await;
        outage.round(None, at(30), &desk).await;
        assert_eq!(desk.heard(), Vec::<String>::new(), "it came and went");
        for seconds in [60, 90, 120] {
            outage.round(away(), at(seconds), &desk).await;
        }
        assert_eq!(desk.heard(), ["The store does not answer"]);
        for seconds in [150, 180] {
            outage.round(None, at(seconds), &desk).await;
        }
        assert_eq!(desk.heard(), ["The store answers again"]);
    }
}
