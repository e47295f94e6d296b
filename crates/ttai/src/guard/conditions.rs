//! What is wrong with what the guard sees, and what to do about it. Pure.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use ttai_activities::{Incident, blind_incident};
use ttai_calendar::part_of_day;
use ttai_contract::UserId;
use ttai_core::Severity;
use ttai_store::sha256_hex;

use super::look::{EntityLook, ShardLook, StoreLook};

/// What is due for longer has nobody who sends it.
const OVERDUE: TimeDelta = TimeDelta::minutes(5);
/// What is open for longer has a channel that does not take it.
const UNDELIVERED: TimeDelta = TimeDelta::minutes(20);
/// A shard whose lease is free for longer is watched by nobody.
const UNWATCHED: TimeDelta = TimeDelta::seconds(60);
/// A workflow task that is tried for the this many-th time fails again and again.
const FAILED_TASKS: u32 = 4;
/// A task that nobody has taken for so long waits for a worker that does not exist.
const UNTAKEN: Duration = Duration::from_secs(60);

/// What the incidents of entities begin with.
const ENTITY: &str = "entity/";
/// The longest workflow id that names an incident, in bytes.
const LONGEST_NAME: usize = 150;

/// Something that is in order or not.
#[derive(Clone, Debug)]
pub(crate) struct HealthCondition {
    /// What people are told of it.
    pub(crate) incident: Incident,
    /// What is wrong; none where it is in order.
    pub(crate) trouble: Option<Trouble>,
    /// The end of its trouble in a few words; none where whoever makes it right tells it.
    pub(crate) over: Option<String>,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// In a few words.
    pub(crate) title: String,
    /// More of it, and what to do.
    pub(crate) text: String,
    /// Since when, as far as it can be said.
    pub(crate) since: DateTime<Utc>,
}

impl HealthCondition {
    /// Whether it is about a workflow.
    pub(super) fn is_of_entity(&self) -> bool {
        self.incident.name.starts_with(ENTITY)
    }

    fn of_operation(name: String, severity: Severity, over: String, trouble: Option<Trouble>) -> Self {
        let user_id = UserId::default().as_str().to_owned();
        let incident = Incident { name, user_id, severity, market: None };
        Self { incident, trouble, over: Some(over) }
    }
}

/// What an entity's incident is called; the names of leases are bounded, those of workflows hardly.
fn entity_incident(workflow_id: &str) -> String {
    let is_short = workflow_id.len() <= LONGEST_NAME;
    let name = if is_short { workflow_id.to_owned() } else { sha256_hex(workflow_id.as_bytes()) };
    format!("{ENTITY}{name}")
}

/// Conditions of the server, by what it says about entities or why it says nothing.
pub(crate) fn of_server(entities: Result<&[EntityLook], &str>, now: DateTime<Utc>) -> Vec<HealthCondition> {
    let away = entities.err().map(|why| Trouble {
        title: "The Temporal server does not answer".to_owned(),
        text: format!(
            "{why}. Nothing that needs a workflow goes on; it does once the server answers again. Check that it runs, and the network between."
        ),
        since: now,
    });
    // Each host sees its own way to the server.
    let name = format!("server/{}", super::report::host());
    let mut all = vec![HealthCondition::of_operation(
        name,
        Severity::Critical,
        "The Temporal server answers again".to_owned(),
        away,
    )];
    all.extend(entities.unwrap_or_default().iter().map(|entity| of_entity(entity, now)));
    all
}

fn of_entity(entity: &EntityLook, now: DateTime<Utc>) -> HealthCondition {
    let id = &entity.workflow_id;
    let found = if entity.task_attempt >= FAILED_TASKS {
        let times = entity.task_attempt - 1;
        Some((
            format!("{id} cannot go on"),
            format!(
                "Its workflow task has failed {times} times in a row. The Temporal UI shows why; it goes on with a worker that can run it."
            ),
        ))
    } else if let Some(untaken) = entity.untaken.filter(|untaken| *untaken > UNTAKEN) {
        Some((
            format!("{id} waits for a worker"),
            format!(
                "Nobody has taken its task for {}. Start a worker for its queue: `ttai worker` polls all.",
                span(untaken)
            ),
        ))
    } else if let Some((silence, timeout)) =
        entity.silence.filter(|(silence, timeout)| *silence > *timeout * 3 / 2)
    {
        Some((
            format!("The watch of {id} is silent"),
            format!(
                "Its last heartbeat came {} ago; it is due every {}. Look at its worker's log.",
                span(silence),
                span(timeout)
            ),
        ))
    } else {
        entity.failing.as_ref().map(|failure| {
            (format!("The work of {id} fails again and again"), format!("Its last failure: {failure}"))
        })
    };
    let trouble = found.map(|(title, text)| Trouble { title, text, since: now });
    HealthCondition::of_operation(entity_incident(id), Severity::Warning, format!("{id} goes on"), trouble)
}

/// Conditions of what is in the store. A simulated market has no hours of its own.
pub(crate) fn of_store(store: &StoreLook, simulated: bool, now: DateTime<Utc>) -> Vec<HealthCondition> {
    let is_open = simulated || part_of_day(now).is_some();
    let of = |name: &str, over: &str, trouble| {
        HealthCondition::of_operation(name.to_owned(), Severity::Warning, over.to_owned(), trouble)
    };
    let mut all = vec![
        of("deliveries/overdue", "Waiting messages are sent again", overdue(store, now)),
        of("deliveries/open", "Messages are delivered again", undelivered(store, now)),
    ];
    all.extend(store.shards.iter().map(|shard| of_shard(shard, is_open, now)));
    all
}

fn overdue(store: &StoreLook, now: DateTime<Utc>) -> Option<Trouble> {
    let since = store.backlog.due.filter(|due| now - *due > OVERDUE)?;
    Some(Trouble {
        title: format!("{} wait and nobody sends them", messages(store.backlog.open)),
        text: format!(
            "The first was due {} ago. Check that a worker polls background-queue; `ttai doctor --repair` has them sent.",
            age(now - since)
        ),
        since,
    })
}

fn undelivered(store: &StoreLook, now: DateTime<Utc>) -> Option<Trouble> {
    let since = store.backlog.oldest.filter(|oldest| now - *oldest > UNDELIVERED)?;
    Some(Trouble {
        title: format!("{} have not been delivered", messages(store.backlog.open)),
        text: format!(
            "The oldest was written {} ago. `ttai notify list --open` shows the channels and why; each is tried until it expires.",
            age(now - since)
        ),
        since,
    })
}

fn of_shard(shard: &ShardLook, is_open: bool, now: DateTime<Utc>) -> HealthCondition {
    let free_since = match &shard.lease {
        Some(lease) if lease.is_free => Some(lease.expires_at),
        Some(_) => None,
        None => Some(now - UNWATCHED * 2),
    };
    let since = free_since.filter(|since| is_open && now - *since > UNWATCHED);
    let trouble = since.map(|since| Trouble {
        title: format!("Price alerts are blind: nobody watches {}", shard.watch.lease()),
        text: format!(
            "Armed alerts that cannot fire: {}. Start a worker (`ttai worker`); what is missed is looked up once it watches.",
            shard.alerts
        ),
        since,
    });
    HealthCondition { incident: blind_incident(&shard.watch, None), trouble, over: None }
}

fn messages(count: u64) -> String {
    if count == 1 { "1 message".to_owned() } else { format!("{count} messages") }
}

fn age(span_of_time: TimeDelta) -> String {
    span(span_of_time.to_std().unwrap_or_default())
}

/// `45 s`, `12 min`, `3 h`.
pub(super) fn span(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use ttai_contract::WatchAlertsParams;
    use ttai_ports::{DeliveryBacklog, LeaseRecord};

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-09-18T15:00:00Z".parse().unwrap()
    }

    fn titles(conditions: &[HealthCondition]) -> Vec<&str> {
        conditions.iter().filter_map(|one| one.trouble.as_ref()).map(|one| one.title.as_str()).collect()
    }

    fn shard(free_for: Option<i64>) -> ShardLook {
        let lease = free_for.map(|seconds| LeaseRecord {
            name: "price-alerts/shard-0".to_owned(),
            holder: (seconds < 0).then(|| "w1".to_owned()),
            number: 3,
            expires_at: now() - TimeDelta::seconds(seconds),
            is_free: seconds >= 0,
        });
        ShardLook { watch: WatchAlertsParams::default(), alerts: 7, lease }
    }

    fn store(shards: Vec<ShardLook>, backlog: DeliveryBacklog) -> StoreLook {
        StoreLook { backlog, shards, at: now() }
    }

    #[test]
    fn armed_alerts_that_nobody_watches_are_blind_while_the_market_is_open() {
        let blind = |free_for, at| {
            let all = of_store(&store(vec![shard(free_for)], DeliveryBacklog::default()), false, at);
            !titles(&all).is_empty()
        };
        let sunday = "2026-09-20T15:00:00Z".parse().unwrap();
        let cases = [(Some(-30), false), (Some(20), false), (Some(61), true), (None, true)];
        for (free_for, expected) in cases {
            assert_eq!(blind(free_for, now()), expected, "{free_for:?}");
            assert!(!blind(free_for, sunday), "{free_for:?} on a Sunday");
        }
        let of = of_store(&store(vec![shard(None)], DeliveryBacklog::default()), false, now());
        let shard = &of[2];
        assert!(shard.over.is_none() && shard.incident.name == "blind/price-alerts/shard-0", "{shard:?}");
        assert_eq!(shard.incident.severity, Severity::Critical);
    }

    #[test]
    fn what_nobody_sends_and_what_no_channel_takes_are_two_things() {
        let found = |due: i64, oldest: i64| {
            let ago = |minutes| Some(now() - TimeDelta::minutes(minutes));
            let backlog = DeliveryBacklog { open: 2, held: 0, oldest: ago(oldest), due: ago(due) };
            titles(&of_store(&store(Vec::new(), backlog), false, now())).join("; ")
        };
        assert_eq!(found(-3, 2), "");
        assert_eq!(found(6, 6), "2 messages wait and nobody sends them");
        assert_eq!(found(-3, 25), "2 messages have not been delivered");
        let nothing = of_store(&store(Vec::new(), DeliveryBacklog::default()), false, now());
        assert_eq!(titles(&nothing), Vec::<&str>::new());
    }

    #[test]
    fn an_entity_that_cannot_go_on_is_named() {
        let title = |entity: EntityLook| {
            let entity = EntityLook { workflow_id: "price-alerts".to_owned(), ..entity };
            titles(&of_server(Ok(&[entity]), now())).join("; ")
        };
        let seconds = Duration::from_secs;
        assert_eq!(title(EntityLook { task_attempt: 3, ..EntityLook::default() }), "");
        assert_eq!(
            title(EntityLook { task_attempt: 4, ..EntityLook::default() }),
            "price-alerts cannot go on"
        );
        let untaken = EntityLook { untaken: Some(seconds(61)), ..EntityLook::default() };
        assert_eq!(title(untaken), "price-alerts waits for a worker");
        let quiet =
            |silence| EntityLook { silence: Some((seconds(silence), seconds(60))), ..EntityLook::default() };
        assert_eq!(title(quiet(89)), "");
        assert_eq!(title(quiet(91)), "The watch of price-alerts is silent");
        assert_eq!(titles(&of_server(Err("no answer"), now())), ["The Temporal server does not answer"]);
    }
}
