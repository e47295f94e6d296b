//! The deliverer over a real ledger and channels that end as their test says.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use ttai_core::{Message, MessageKind, Severity};
use ttai_ports::{
    Attachment, DeliveryFilter, DeliveryKey, DeliveryState, MessageDelivery, MessageRecord, Notifier,
    PortError,
};
use ttai_store::{Database, StoreUrl};

use super::*;
use crate::testing::MemoryStore;

/// How a channel answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mood {
    #[default]
    Good,
    Down,
    /// The message arrives and the answer does not.
    Lost,
    Revoked,
    Picky,
}

/// Channels that keep what they took.
#[derive(Default)]
struct Channels {
    moods: Mutex<BTreeMap<String, Mood>>,
    asked: Mutex<Vec<(String, Message)>>,
}

#[async_trait]
impl Notifier for Channels {
    fn channels(&self) -> Vec<String> {
        vec!["desk".to_owned(), "log".to_owned()]
    }

    async fn send(&self, channel: &str, message: &Message, _: &[Attachment]) -> Result<(), PortError> {
        self.asked.lock().unwrap().push((channel.to_owned(), message.clone()));
        let mood = self.moods.lock().unwrap().get(channel).copied().unwrap_or_default();
        let (provider, detail) = (channel.to_owned(), "as asked".to_owned());
        match mood {
            Mood::Good => Ok(()),
            Mood::Down => Err(PortError::Unavailable { provider, detail, retry_after: None }),
            Mood::Lost => Err(PortError::OutcomeUnknown { provider, detail }),
            Mood::Revoked => Err(PortError::Authentication { provider, detail }),
            Mood::Picky => Err(PortError::Invalid { provider, detail }),
        }
    }
}

/// A ledger, its channels, and a deliverer.
struct Office {
    channels: Arc<Channels>,
    store: Arc<Database>,
    deliverer: Deliverer,
    _folder: tempfile::TempDir,
}

/// 10:42 in New York, in the past: claims end by the real clock.
fn at(seconds: i64) -> DateTime<Utc> {
    "2026-07-01T14:42:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(seconds)
}

fn rules(per_minute: Option<u32>, quiet: Option<QuietHours>) -> DeliveryRules {
    let channel =
        |name: &str, per_minute| ChannelRule { name: name.to_owned(), per_minute, digest_characters: 4_000 };
    DeliveryRules {
        channels: vec![channel("desk", per_minute), channel("log", None)],
        routes: Vec::new(),
        stated: StatedRules::default(),
        users: [("ann".to_owned(), UserRule { zone: ttai_core::NEW_YORK, quiet })].into(),
    }
}

impl Office {
    async fn with(rules: DeliveryRules) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = StoreUrl::sqlite(folder.path().join("ttai.db")).unwrap();
        let store = Arc::new(Database::open(&url).await.unwrap());
        let channels = Arc::new(Channels::default());
        let deliverer = Deliverer {
            messages: Arc::clone(&store) as _,
            deliveries: Arc::clone(&store) as _,
            notifier: Arc::clone(&channels) as _,
            artifacts: Arc::new(MemoryStore::default()),
            rules: Arc::new(rules),
            claimant: "w1".to_owned(),
            longest_send: LONGEST_SEND,
            driver: None,
        };
        Self { channels, store, deliverer, _folder: folder }
    }

    fn mood(&self, channel: &str, mood: Mood) {
        self.channels.moods.lock().unwrap().insert(channel.to_owned(), mood);
    }

    /// What a channel was asked to take since the last look.
    fn asked(&self, channel: &str) -> Vec<Message> {
        let mut asked = self.channels.asked.lock().unwrap();
        let (its, others) = asked.drain(..).partition(|(name, _)| name == channel);
        *asked = others;
        Vec::into_iter(its).map(|(_, message)| message).collect()
    }

    fn message(&self, id: &str, severity: Severity, wanted: &[&str], seconds: i64) -> NewMessage {
        let message = Message {
            kind: MessageKind::PriceAlertTriggered,
            severity,
            title: format!("AAPL {id}"),
            text: "Now 89.97".to_owned(),
            ..Message::default()
        };
        let record = MessageRecord {
            id: id.to_owned(),
            user_id: "ann".to_owned(),
            message,
            market: Some("live".to_owned()),
            created_at: at(seconds),
            expires_at: at(seconds) + TimeDelta::hours(24),
        };
        let wanted: Vec<String> = wanted.iter().copied().map(str::to_owned).collect();
        self.deliverer.rules.address(record, &wanted, at(seconds))
    }

    /// The users with something left.
    async fn write(&self, messages: &[NewMessage], seconds: i64) -> Vec<String> {
        let open = self.deliverer.write(messages, at(seconds)).await.unwrap();
        open.into_iter().map(|open| open.user_id).collect()
    }

    async fn round(&self, seconds: i64) -> DeliveryRound {
        self.deliverer.deliver_open("ann", at(seconds), CancellationToken::new()).await.unwrap()
    }

    async fn deliveries(&self, id: Option<&str>) -> Vec<MessageDelivery> {
        let filter = DeliveryFilter {
            user_id: "ann".to_owned(),
            message_id: id.map(str::to_owned),
            limit: Some(1_000),
            ..DeliveryFilter::default()
        };
        self.store.list_deliveries(&filter).await.unwrap()
    }

    async fn states(&self) -> Vec<DeliveryState> {
        self.deliveries(None).await.into_iter().map(|one| one.delivery.state).collect()
    }
}

fn only<T: std::fmt::Debug>(items: Vec<T>) -> T {
    let [item] = <[T; 1]>::try_from(items).unwrap();
    item
}

#[tokio::test]
async fn what_is_written_is_sent_at_once_and_leaves_nothing_open() {
    let office = Office::with(rules(Some(30), None)).await;
    let both =
        [office.message("m1", Severity::Warning, &[], 0), office.message("m2", Severity::Info, &["desk"], 0)];
    assert_eq!(office.write(&both, 0).await, Vec::<String>::new());
    let desk = office.asked("desk");
    assert_eq!(desk.len(), 2);
    assert_eq!((desk[0].delivery_id.as_str(), desk[0].text.as_str()), ("m1", "Now 89.97"));
    assert_eq!(office.asked("log").len(), 1);
    // A repeat after a lost answer sends nothing.
    assert_eq!(office.write(&both, 1).await, Vec::<String>::new());
    assert_eq!((office.asked("desk").len(), office.round(5).await), (0, DeliveryRound::default()));
}

#[tokio::test]
async fn a_channel_that_is_down_for_hours_gets_it_late_and_the_others_at_once() {
    let office = Office::with(rules(Some(30), None)).await;
    office.mood("desk", Mood::Down);
    let open = office.write(&[office.message("m", Severity::Warning, &[], 0)], 0).await;
    assert_eq!((open, office.asked("log").len()), (vec!["ann".to_owned()], 1));
    let (mut seconds, mut tries) = (0, 0);
    while seconds < 7_800 {
        let next = office.store.next_due("ann").await.unwrap().unwrap();
        let wait = (next - at(seconds)).num_seconds();
        assert!((0..=901).contains(&wait), "{wait} s");
        // What is due within a second is due.
        seconds += wait + 1;
        let round = office.round(seconds).await;
        assert_eq!((round.failed, round.sent), (1, 0));
        assert!(round.problem.unwrap().starts_with("desk: desk is unavailable"));
        tries += 1;
    }
    assert!(tries < 25, "{tries} tries");
    office.mood("desk", Mood::Good);
    office.asked("desk");
    let next = office.store.next_due("ann").await.unwrap().unwrap();
    let round = office.deliverer.deliver_open("ann", next, CancellationToken::new()).await.unwrap();
    assert_eq!((round.sent, round.next_due), (1, None));
    let late = only(office.asked("desk"));
    assert!(late.text.starts_with("Delayed 2 h") && late.text.ends_with("Now 89.97"), "{}", late.text);
    assert!(!late.may_repeat, "it was refused each time");
}

#[tokio::test]
async fn a_lost_answer_is_repeated_and_marked() {
    let office = Office::with(rules(None, None)).await;
    office.mood("desk", Mood::Lost);
    office.write(&[office.message("m", Severity::Warning, &["desk"], 0)], 0).await;
    assert!(!only(office.asked("desk")).may_repeat);
    office.mood("desk", Mood::Good);
    assert_eq!(office.round(2).await.sent, 1);
    assert!(only(office.asked("desk")).may_repeat);
    let delivery = only(office.deliveries(None).await).delivery;
    assert_eq!((delivery.state, delivery.receipt.as_deref()), (DeliveryState::Sent, Some("m")));
}

#[tokio::test]
async fn a_process_that_dies_while_it_sends_leaves_a_claim_that_is_taken_over() {
    let office = Office::with(rules(None, None)).await;
    let message = office.message("m", Severity::Warning, &["desk"], 0);
    office.store.save_messages(&[message]).await.unwrap();
    let key = DeliveryKey { message_id: "m".to_owned(), channel: "desk".to_owned() };
    let claim = |patience| office.store.claim_deliveries("dead", std::slice::from_ref(&key), at(0), patience);
    // As long as the claim holds nobody else sends.
    let long = claim(Duration::from_secs(3_600)).await.unwrap();
    assert_eq!(long.len(), 1);
    let round = office.round(60).await;
    assert_eq!((round.sent, office.asked("desk").len()), (0, 0));
    assert!(round.next_due.is_some(), "somebody looks again when the claim is over");
    let outcome = ttai_ports::DeliveryOutcome::Released { due_at: at(0), held: false };
    let released = ttai_ports::SettledDelivery { claim: only(long), outcome };
    office.store.settle_deliveries(&[released]).await.unwrap();
    // One that is over at once: between its send and its receipt the process died.
    assert_eq!(claim(Duration::ZERO).await.unwrap().len(), 1);
    assert_eq!(office.round(60).await.sent, 1);
    assert!(only(office.asked("desk")).may_repeat);
}

#[tokio::test]
async fn two_processes_send_each_message_once() {
    let office = Office::with(rules(None, None)).await;
    let many: Vec<NewMessage> = (0..50)
        .map(|number| office.message(&format!("m{number}"), Severity::Warning, &["desk"], 0))
        .collect();
    office.store.save_messages(&many).await.unwrap();
    let other = Deliverer { claimant: "w2".to_owned(), ..office.deliverer.clone() };
    let stop = CancellationToken::new();
    let (one, two) = tokio::join!(
        office.deliverer.deliver_open("ann", at(1), stop.clone()),
        other.deliver_open("ann", at(1), stop.clone()),
    );
    assert_eq!(one.unwrap().sent + two.unwrap().sent, 50);
    let mut ids: Vec<String> = office.asked("desk").into_iter().map(|message| message.delivery_id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), office.asked("desk").len()), (50, 0));
}

#[tokio::test]
async fn a_burst_over_the_limit_is_a_digest_that_loses_none() {
    let office = Office::with(rules(Some(20), None)).await;
    let mut many: Vec<NewMessage> = (0..60)
        .map(|number| office.message(&format!("m{number}"), Severity::Warning, &["desk"], 0))
        .collect();
    many.push(office.message("urgent", Severity::Critical, &["desk"], 0));
    let began = std::time::Instant::now();
    assert_eq!(office.write(&many, 0).await, Vec::<String>::new());
    println!("a burst of 61 written and told in {} ms", began.elapsed().as_millis());
    let asked = office.asked("desk");
    assert!(asked.len() <= 20, "{}", asked.len());
    assert_eq!(asked[0].title, "AAPL urgent");
    let lines: Vec<&str> = asked[1..].iter().flat_map(|message| message.text.lines()).collect();
    assert_eq!(lines.len(), 60);
    for number in 0..60 {
        let wanted = format!("10:42 EDT · AAPL m{number}: Now 89.97");
        assert_eq!(lines.iter().filter(|line| **line == wanted).count(), 1, "{wanted}");
    }
    let digested: Vec<MessageDelivery> = office
        .deliveries(None)
        .await
        .into_iter()
        .filter(|one| one.delivery.state == DeliveryState::Digested)
        .collect();
    assert_eq!(digested.len(), 60);
    let id = digested[0].delivery.digest_id.clone().unwrap();
    assert_eq!(only(office.deliveries(Some(&id)).await).delivery.state, DeliveryState::Sent);
}

/// 1,000 firings at once: told within five seconds, also over a channel of a limit.
#[tokio::test]
async fn a_thousand_at_once_are_told_within_the_limit() {
    let office = Office::with(rules(Some(30), None)).await;
    let many: Vec<NewMessage> = (0..1_000)
        .map(|number| office.message(&format!("m{number}"), Severity::Warning, &["desk"], 0))
        .collect();
    let began = std::time::Instant::now();
    assert_eq!(office.write(&many, 0).await, Vec::<String>::new());
    println!("1,000 messages written and told in {} ms", began.elapsed().as_millis());
    let asked = office.asked("desk");
    assert!((2..=30).contains(&asked.len()), "{}", asked.len());
    assert_eq!(asked.iter().map(|message| message.text.lines().count()).sum::<usize>(), 1_000);
    assert!(asked.iter().all(|message| message.text.chars().count() <= 4_000));
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_steady_stream_is_gathered_and_the_limit_is_kept() {
    let office = Office::with(rules(Some(20), None)).await;
    let mut told = 0;
    for second in 0..120 {
        let message = office.message(&format!("m{second}"), Severity::Warning, &["desk"], second);
        office.write(&[message], second).await;
        office.round(second).await;
        told += office.asked("desk").len();
    }
    office.round(200).await;
    told += office.asked("desk").len();
    assert!(told <= 60, "{told} messages");
    // By the times of the sends: on a slow machine a round takes longer than the second that the next one begins after.
    let mut sent: Vec<_> =
        office.deliveries(None).await.into_iter().filter_map(|one| one.delivery.sent_at).collect();
    sent.sort_unstable();
    assert_eq!(sent.len(), told);
    let minute = TimeDelta::minutes(1);
    assert!(sent.windows(21).all(|window| window[20] - window[0] >= minute), "{sent:?}");
    let states = office.states().await;
    assert!(states.iter().all(|state| !state.is_open()), "{states:?}");
    let digested = states.iter().filter(|state| **state == DeliveryState::Digested).count();
    assert!(digested > 50, "{digested} of 120 in digests");
}

#[tokio::test]
async fn quiet_hours_hold_all_but_the_critical_for_one_digest() {
    let (from, until) = ("22:00:00".parse().unwrap(), "07:00:00".parse().unwrap());
    let night = QuietHours { zone: ttai_core::NEW_YORK, from, until };
    let office = Office::with(rules(Some(30), Some(night))).await;
    // 23:42.
    let evening = 13 * 3_600;
    let messages = [
        office.message("a", Severity::Info, &["desk"], evening),
        office.message("b", Severity::Warning, &["desk"], evening),
        office.message("c", Severity::Critical, &["desk"], evening),
    ];
    let morning = at(evening) + TimeDelta::minutes(7 * 60 + 18);
    let open = office.deliverer.write(&messages, at(evening)).await.unwrap();
    assert_eq!(open, [StillOpen { user_id: "ann".to_owned(), due_at: morning }]);
    assert_eq!(only(office.asked("desk")).title, "AAPL c");
    assert_eq!(office.round(evening + 3_600).await.next_due, Some(morning));
    assert_eq!(office.asked("desk").len(), 0);
    let stop = CancellationToken::new();
    let round = office.deliverer.deliver_open("ann", morning, stop).await.unwrap();
    assert_eq!((round.sent, round.digested, round.next_due), (1, 2, None));
    let digest = only(office.asked("desk"));
    assert_eq!(digest.title, "2 messages");
    assert_eq!(digest.text, "Wed 23:42 EDT · AAPL a: Now 89.97\nWed 23:42 EDT · AAPL b: Now 89.97");

    // A failure of the evening waits for the morning, too, unless a person asks.
    office.mood("desk", Mood::Down);
    let day = 24 * 3_600;
    let late = 11 * 3_600 + 17 * 60 + 59 + day;
    office.write(&[office.message("d", Severity::Warning, &["desk"], late)], late).await;
    office.mood("desk", Mood::Good);
    assert_eq!(office.round(late + 60).await.next_due, Some(morning + TimeDelta::days(1)));
    assert_eq!(office.asked("desk").len(), 1);
    assert_eq!(office.store.retry_deliveries("ann", Some("d"), at(late + 120)).await, Ok(1));
    assert_eq!(office.deliverer.deliver_asked("ann", Some("d"), at(late + 120)).await.unwrap().sent, 1);
}

#[tokio::test]
async fn after_its_expiry_a_message_is_given_up_and_says_why() {
    let office = Office::with(rules(None, None)).await;
    office.mood("desk", Mood::Down);
    let messages = [
        office.message("m", Severity::Warning, &["desk"], 0),
        office.message("n", Severity::Warning, &["pager", "log"], 0),
    ];
    office.write(&messages, 0).await;
    office.asked("desk");
    let round = office.round(86_400).await;
    assert_eq!((round.given_up, office.asked("desk").len()), (1, 0));
    let problem = only(office.deliveries(Some("m")).await).delivery.problem.unwrap();
    assert!(problem.starts_with("expired: desk is unavailable"), "{problem}");
    let of_n = office.deliveries(Some("n")).await;
    let pager = of_n.iter().find(|one| one.delivery.key.channel == "pager").unwrap();
    assert!(pager.delivery.problem.as_ref().is_some_and(|why| why.contains("not configured")));
    // Asked for by a person it is worth another day.
    office.mood("desk", Mood::Good);
    assert_eq!(office.store.retry_deliveries("ann", Some("m"), at(90_000)).await, Ok(1));
    assert_eq!(office.deliverer.deliver_asked("ann", Some("m"), at(90_000)).await.unwrap().sent, 1);
    assert!(only(office.asked("desk")).text.starts_with("Delayed 1 d 1 h."));
}

#[tokio::test]
async fn a_channel_that_is_down_is_asked_with_one_message_and_the_rest_waits() {
    let office = Office::with(rules(None, None)).await;
    office.mood("desk", Mood::Down);
    let many: Vec<NewMessage> = (0..40)
        .map(|number| office.message(&format!("m{number:02}"), Severity::Warning, &["desk"], 0))
        .collect();
    office.write(&many, 0).await;
    assert_eq!(office.asked("desk").len(), 8);
    let round = office.round(2).await;
    assert_eq!((office.asked("desk").len(), round.failed), (1, 1));
    office.mood("desk", Mood::Good);
    let round = office.round(60).await;
    assert_eq!((round.sent, round.next_due), (40, None));
}

#[tokio::test]
async fn what_a_channel_refuses_for_good_is_given_up_and_what_a_person_can_mend_is_not() {
    let office = Office::with(rules(None, None)).await;
    office.mood("desk", Mood::Picky);
    office.write(&[office.message("m", Severity::Warning, &["desk"], 0)], 0).await;
    assert_eq!(office.states().await, [DeliveryState::GivenUp]);
    office.mood("desk", Mood::Revoked);
    let open = office.write(&[office.message("n", Severity::Warning, &["desk"], 1)], 1).await;
    assert_eq!(open, ["ann"]);
    assert_eq!(
        office.store.next_due("ann").await.unwrap().map(|due| due.timestamp()),
        Some(at(901).timestamp())
    );
    office.mood("desk", Mood::Good);
    assert_eq!(office.round(902).await.sent, 1);
}

/// Remembers whose deliveries it was to drive.
#[derive(Default)]
struct Driven(Mutex<Vec<String>>);

#[async_trait]
impl DeliveryDriver for Driven {
    async fn drive(&self, open: &StillOpen) {
        self.0.lock().unwrap().push(open.user_id.clone());
    }
}

#[tokio::test]
async fn what_stays_open_after_its_first_send_is_driven_at_once() {
    let office = Office::with(rules(None, None)).await;
    let driven = Arc::new(Driven::default());
    let deliverer = Deliverer { driver: Some(Arc::clone(&driven) as _), ..office.deliverer.clone() };
    let taken = office.message("a", Severity::Info, &["desk"], 0);
    deliverer.write(&[taken], at(0)).await.unwrap();
    assert_eq!(*driven.0.lock().unwrap(), Vec::<String>::new(), "a delivery that was taken costs nothing");
    office.mood("desk", Mood::Down);
    let open = office.message("b", Severity::Info, &["desk"], 1);
    deliverer.write(&[open], at(1)).await.unwrap();
    assert_eq!(*driven.0.lock().unwrap(), ["ann"]);
}

#[tokio::test]
async fn an_incident_is_told_once_with_its_end_whoever_sees_it() {
    let office = Office::with(rules(None, None)).await;
    let incidents = |deliverer: Deliverer| Incidents { leases: Arc::clone(&office.store) as _, deliverer };
    let one = incidents(office.deliverer.clone());
    let other = incidents(Deliverer { claimant: "w2".to_owned(), ..office.deliverer.clone() });
    let incident = Incident {
        name: "deliveries".into(),
        user_id: "ann".into(),
        severity: Severity::Critical,
        market: None,
    };
    let begins = |since: DateTime<Utc>| (format!("since {since}"), "begins".to_owned());
    let ends = |since: DateTime<Utc>| (format!("was since {since}"), "ends".to_owned());
    let told = || office.asked("desk").into_iter().map(|message| message.title).collect::<Vec<_>>();
    one.end(&incident, ends).await.unwrap();
    assert_eq!(told(), Vec::<String>::new(), "what never began does not end");
    for again in [&one, &other, &one] {
        again.open(&incident, at(0), begins).await.unwrap();
    }
    other.open(&incident, at(90), begins).await.unwrap();
    assert_eq!(told(), [format!("since {}", at(0))], "told once, with its first beginning");
    assert_eq!(other.is_open(&incident).await, Ok(true));
    for again in [&other, &one] {
        again.end(&incident, ends).await.unwrap();
    }
    assert_eq!(told(), [format!("was since {}", at(0))]);
    one.open(&incident, at(200), begins).await.unwrap();
    assert_eq!(told(), [format!("since {}", at(200))], "the next one is another");
}
