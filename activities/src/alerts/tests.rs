//! Alerts over sets in front of a real store: members come and go, and what is done to the whole is done to each.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate};
use rust_decimal::Decimal;
use ttai_contract::{AlertRequest, ListAlerts, PauseAlerts, SaveAlertsParams, SnoozePriceAlert, UserId};
use ttai_core::alert::{AlertCondition, AlertDefinition, AlertSubject, PositionSide, PriceTrigger};
use ttai_core::{OccSymbol, Symbol};
use ttai_ports::{
    Accounts, AlertRecord, AlertState, Alerts, PositionStatus, SET_SHARDS, StoredPosition, WatchlistChange,
    Watchlists,
};
use ttai_store::{Database, StoreUrl};

use super::members::{members, settle};
use super::save::save;
use crate::ports::Ports;
use crate::testing::{FakeMarket, OneAccount, ports, wavy_bars};

const USER: &str = "default";

struct Office {
    ports: Ports,
    store: Arc<Database>,
    _folder: tempfile::TempDir,
}

impl Office {
    async fn open() -> Self {
        let last = NaiveDate::from_ymd_opt(2014, 6, 6).unwrap();
        let (mut ports, _) = ports(FakeMarket::of("XYZ", wavy_bars(last, 300, 0.0)));
        let folder = tempfile::tempdir().unwrap();
        let url = StoreUrl::sqlite(folder.path().join("ttai.db")).unwrap();
        let store = Arc::new(Database::open(&url).await.unwrap());
        ports.alerts = Arc::clone(&store) as _;
        ports.watchlists = Arc::clone(&store) as _;
        ports.accounts = Arc::clone(&store) as _;
        Self { ports, store, _folder: folder }
    }

    async fn ask(&self, request: AlertRequest) -> Vec<ttai_contract::AlertAnswer> {
        let params = SaveAlertsParams { user_id: UserId::default(), request };
        save(&self.ports, params).await.unwrap().alerts
    }

    async fn list(&self, add: &[&str], remove: &[&str]) {
        let symbols = |names: &[&str]| names.iter().map(|name| name.parse::<Symbol>().unwrap()).collect();
        let change = WatchlistChange { add: symbols(add), remove: symbols(remove) };
        self.store.change_watchlist(USER, "tech", &change).await.unwrap();
    }

    /// What the feed of sets has after `revision`, each settled as a shard does; the last revision.
    async fn follow(&self, revision: u64) -> u64 {
        let found = self.store.changes_since(SET_SHARDS, revision, 100).await.unwrap();
        for record in &found {
            settle(&self.ports, 0, USER, &record.id).await.unwrap();
        }
        found.last().map_or(revision, |record| record.revision)
    }

    /// The members' alerts that can go on, by id.
    async fn members(&self, id: &str) -> Vec<AlertRecord> {
        let mut found = members(self.store.as_ref(), USER, id).await.unwrap();
        found.sort_by(|one, other| one.id.cmp(&other.id));
        found
    }

    async fn states(&self, id: &str) -> Vec<(String, AlertState)> {
        self.members(id).await.into_iter().map(|member| (member.id, member.state)).collect()
    }
}

fn over(id: &str, subject: AlertSubject, condition: AlertCondition) -> AlertDefinition {
    AlertDefinition::new(id, subject, condition)
}

fn below(level: i64) -> AlertCondition {
    AlertCondition::Price { when: PriceTrigger::Below, level: Decimal::from(level) }
}

fn tech() -> AlertSubject {
    AlertSubject::Watchlist { name: "tech".to_owned() }
}

fn armed(ids: &[&str]) -> Vec<(String, AlertState)> {
    ids.iter().map(|id| ((*id).to_owned(), AlertState::Armed)).collect()
}

#[tokio::test]
async fn a_watchlists_members_come_and_go_with_it() {
    let office = Office::open().await;
    let refused = office.ask(AlertRequest::Add(vec![over("w", tech(), below(90))])).await;
    let reason = refused[0].reason.clone().unwrap();
    assert!(!refused[0].accepted && reason.contains("ttai watchlist add 'tech'"), "{reason}");
    office.list(&["XYZ", "NOPE"], &[]).await;
    let answers = office.ask(AlertRequest::Add(vec![over("w", tech(), below(90))])).await;
    assert!(answers[0].accepted, "{answers:?}");
    let seen = office.follow(0).await;
    // The market does not know NOPE.
    assert_eq!(office.states("w").await, armed(&["w/XYZ"]));
    let member = &office.members("w").await[0];
    assert_eq!((member.shard, member.symbol.as_str(), member.version), (0, "XYZ", 1));
    assert!(member.definition["created_at"].is_string() && member.definition["member_of"] == "w");
    assert_eq!(office.follow(seen).await, seen, "nothing changed");
    office.list(&[], &["XYZ"]).await;
    let seen = office.follow(seen).await;
    assert_eq!(office.states("w").await, []);
    office.list(&["XYZ"], &[]).await;
    let seen = office.follow(seen).await;
    assert_eq!(office.states("w").await, armed(&["w/XYZ"]));
    assert_eq!(office.members("w").await[0].arming, 2, "another arming than before it went");
    // The list is gone, and with it what stood for it.
    assert!(office.store.delete_watchlist(USER, "tech").await.unwrap());
    office.follow(seen).await;
    assert_eq!(office.states("w").await, []);
}

#[tokio::test]
async fn what_is_done_to_the_whole_is_done_to_each_member() {
    let office = Office::open().await;
    office.list(&["XYZ"], &[]).await;
    office.ask(AlertRequest::Add(vec![over("w", tech(), below(90))])).await;
    let mut seen = office.follow(0).await;
    let pause = |paused| AlertRequest::Pause(PauseAlerts { ids: vec!["w".to_owned()], paused });
    for (request, state) in [
        (pause(true), AlertState::Paused),
        (pause(false), AlertState::Armed),
        (
            AlertRequest::Snooze(SnoozePriceAlert {
                id: "w".into(),
                until: Some("2099-01-01T00:00:00Z".parse().unwrap()),
            }),
            AlertState::Snoozed,
        ),
        (AlertRequest::Snooze(SnoozePriceAlert { id: "w".into(), until: None }), AlertState::Armed),
    ] {
        assert!(office.ask(request.clone()).await[0].accepted, "{request:?}");
        seen = office.follow(seen).await;
        assert_eq!(office.states("w").await, [("w/XYZ".to_owned(), state)], "{request:?}");
    }
    // A member is quiet by itself where somebody wants that, and stays so whatever else the list does.
    office.ask(AlertRequest::Pause(PauseAlerts { ids: vec!["w/XYZ".to_owned()], paused: true })).await;
    office.list(&["ABC"], &[]).await;
    seen = office.follow(seen).await;
    assert_eq!(office.states("w").await, [("w/XYZ".to_owned(), AlertState::Paused)]);
    let refused = office.ask(AlertRequest::Remove(vec!["w/XYZ".to_owned()])).await;
    assert!(refused[0].reason.as_ref().unwrap().contains("member of w"), "{refused:?}");
    // Another level arms each anew.
    assert!(office.ask(AlertRequest::Change(Box::new(over("w", tech(), below(80))))).await[0].accepted);
    seen = office.follow(seen).await;
    assert_eq!(office.states("w").await, armed(&["w/XYZ"]));
    assert_eq!(office.members("w").await[0].definition["target_price"], 80.0);
    let listed = office.ask(AlertRequest::List(ListAlerts::default())).await;
    assert_eq!(
        listed.iter().map(|answer| (answer.id.as_str(), answer.members)).collect::<Vec<_>>(),
        [("w", Some(1))]
    );
    let other = office
        .ask(AlertRequest::Change(Box::new(over("w", AlertSubject::parse("XYZ").unwrap(), below(80)))))
        .await;
    assert!(!other[0].accepted, "a set does not become a symbol");
    assert!(office.ask(AlertRequest::Remove(vec!["w".to_owned()])).await[0].accepted);
    office.follow(seen).await;
    assert_eq!(office.states("w").await, []);
}

fn position(symbol: &str, quantity: i64, entry: i64) -> StoredPosition {
    StoredPosition {
        symbol: symbol.to_owned(),
        kind: "option".to_owned(),
        quantity: Decimal::from(quantity),
        average_open_price: Decimal::from(entry),
        mark: None,
        status: PositionStatus::Open,
        opened_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
    }
}

#[tokio::test]
async fn positions_that_fit_are_watched_from_what_they_were_opened_at() {
    let office = Office::open().await;
    let any_short =
        AlertSubject::Positions { underlying: None, side: Some(PositionSide::Short), right: None };
    let profit = AlertCondition::Profit { percent: Decimal::from(50) };
    let refused = office.ask(AlertRequest::Add(vec![over("p", any_short.clone(), profit.clone())])).await;
    assert!(refused[0].reason.as_ref().unwrap().starts_with("no broker is connected"), "{refused:?}");
    let mut office = office;
    office.ports.brokers = vec![Arc::new(OneAccount::default())];
    assert!(office.ask(AlertRequest::Add(vec![over("p", any_short, profit.clone())])).await[0].accepted);
    let mine = AlertSubject::Positions { underlying: Some("XYZ".parse().unwrap()), side: None, right: None };
    assert!(office.ask(AlertRequest::Add(vec![over("q", mine.clone(), profit)])).await[0].accepted);
    let dte = AlertCondition::Dte { days: 7 };
    assert!(office.ask(AlertRequest::Add(vec![over("d", mine, dte)])).await[0].accepted);
    let seen = office.follow(0).await;
    assert_eq!(office.states("p").await, []);

    let (put, call) = ("XYZ   140719P00050000", "XYZ   140719C00060000");
    let at = |minute: i64| DateTime::UNIX_EPOCH + chrono::TimeDelta::minutes(minute);
    office
        .store
        .sync_positions(USER, "A1", &[position(put, -2, 2), position(call, 1, 3)], at(1))
        .await
        .unwrap();
    office.store.sync_positions(USER, "A2", &[position(put, -6, 4)], at(1)).await.unwrap();
    let seen = office.follow(seen).await;
    let contract = |symbol: &str| OccSymbol::parse(symbol).unwrap().to_string();
    let (of_put, of_call) = (contract(put), contract(call));
    let ids = |found: Vec<AlertRecord>| found.into_iter().map(|member| member.id).collect::<Vec<_>>();
    assert_eq!(ids(office.members("p").await), [format!("p/{of_put}")]);
    assert_eq!(ids(office.members("q").await), [format!("q/{of_put}")], "a long call has no credit to win");
    assert_eq!(ids(office.members("d").await), [format!("d/{of_call}"), format!("d/{of_put}")]);
    // Two at 2 and six at 4.
    let entry = |record: &AlertRecord| record.definition["entry_price"].as_str().map(str::to_owned);
    assert_eq!(entry(&office.members("p").await[0]).as_deref(), Some("3.5"));
    let version = office.members("p").await[0].version;
    office.store.sync_positions(USER, "A2", &[position(put, -6, 4)], at(2)).await.unwrap();
    assert_eq!(office.follow(seen).await, seen, "the same positions are no news");
    assert_eq!(office.members("p").await[0].version, version);
    office.store.sync_positions(USER, "A2", &[], at(3)).await.unwrap();
    let seen = office.follow(seen).await;
    assert_eq!(entry(&office.members("p").await[0]).as_deref(), Some("2"));
    office.store.sync_positions(USER, "A1", &[position(call, 1, 3)], at(4)).await.unwrap();
    office.follow(seen).await;
    assert_eq!((office.states("p").await, office.members("d").await.len()), (Vec::new(), 1));
}
