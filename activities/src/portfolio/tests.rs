//! The watch over an account of a broker in memory: told once, remembered, and never a zero for what is not known.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use ttai_contract::{PortfolioMonitorConfig, PortfolioWatch, UserId, WatchPortfolioParams};
use ttai_core::{OccSymbol, PortfolioAlert, RuleKind, Severity};
use ttai_ports::{
    Attachment, BrokerPosition, Instrument, KeptChange, KeptPosition, Message, Notifier, PortError,
    QuoteStream, StreamEvent, StreamHealth, StreamKinds, StreamQuote, StreamReader, StreamSymbol,
};
use ttai_store::{Database, StoreUrl};

use super::watch::{most_urgent, watch};
use super::{RollReason, account_numbers, fetch, portfolio, rolls, wheel};
use crate::compute::Compute;
use crate::deliveries::{ChannelRule, DeliveryRules};
use crate::ports::Ports;
use crate::supervise::Progress;
use crate::testing::{FakeMarket, OneAccount, ports, wavy_bars};
use crate::trading::reconcile_account;

/// Records what it sends.
#[derive(Default)]
struct Recorder {
    sent: Mutex<Vec<Message>>,
    /// Rings at each message.
    bell: Notify,
}

#[async_trait]
impl Notifier for Recorder {
    fn channels(&self) -> Vec<String> {
        vec!["desk".to_owned()]
    }
    async fn send(&self, _: &str, message: &Message, _: &[Attachment]) -> Result<(), PortError> {
        self.sent.lock().unwrap().push(message.clone());
        self.bell.notify_one();
        Ok(())
    }
}

impl Recorder {
    /// In order: messages of one look are sent side by side.
    fn titles(&self) -> Vec<String> {
        let mut titles: Vec<String> =
            self.sent.lock().unwrap().iter().map(|message| message.title.clone()).collect();
        titles.sort();
        titles
    }
}

/// A stream that says one thing and then nothing.
struct OneEvent(Mutex<Option<StreamEvent>>);

struct OneReader(Option<StreamEvent>);

#[async_trait]
impl StreamReader for OneReader {
    async fn next(&mut self) -> Option<StreamEvent> {
        match self.0.take() {
            Some(event) => Some(event),
            None => std::future::pending().await,
        }
    }
    async fn add(&mut self, _: &[StreamSymbol]) -> Result<(), PortError> {
        Ok(())
    }
    async fn remove(&mut self, _: &[StreamSymbol]) -> Result<(), PortError> {
        Ok(())
    }
}

#[async_trait]
impl QuoteStream for OneEvent {
    fn name(&self) -> &str {
        "one"
    }
    async fn subscribe(
        &self,
        _: &[StreamSymbol],
        _: StreamKinds,
    ) -> Result<Box<dyn StreamReader>, PortError> {
        Ok(Box::new(OneReader(self.0.lock().unwrap().take())))
    }
    fn health(&self) -> StreamHealth {
        StreamHealth { connected: true, ..StreamHealth::default() }
    }
}

/// A short put whose buyer has lost half of what he paid, and a future.
fn held() -> Vec<BrokerPosition> {
    let put = BrokerPosition {
        symbol: "XYZ   140719P00050000".to_owned(),
        kind: "Equity Option".to_owned(),
        instrument: Some(Instrument::Option(OccSymbol::parse("XYZ   140719P00050000").unwrap())),
        quantity: Decimal::from(-2),
        average_open_price: Decimal::TWO,
        mark: Some(Decimal::ONE),
        multiplier: Decimal::ONE_HUNDRED,
        day_base: Some(Decimal::TWO),
        updated_at: None,
    };
    let future = BrokerPosition {
        symbol: "/10YM4".to_owned(),
        kind: "Future".to_owned(),
        instrument: None,
        multiplier: Decimal::new(5, 1),
        day_base: None,
        ..put.clone()
    };
    vec![put, future]
}

/// Ports over a store of their own, which ends with its folder.
struct Office {
    ports: Ports,
    recorder: Arc<Recorder>,
    _folder: tempfile::TempDir,
}

async fn desk(positions: Option<Vec<BrokerPosition>>) -> Office {
    let last = NaiveDate::from_ymd_opt(2014, 6, 6).unwrap();
    let (mut ports, _) = ports(FakeMarket::of("XYZ", wavy_bars(last, 300, 0.0)));
    let folder = tempfile::tempdir().unwrap();
    let url = StoreUrl::sqlite(folder.path().join("ttai.db")).unwrap();
    let store = Arc::new(Database::open(&url).await.unwrap());
    let recorder = Arc::new(Recorder::default());
    let channel = ChannelRule { name: "desk".to_owned(), per_minute: None, digest_characters: 4_000 };
    ports.brokers = vec![Arc::new(OneAccount { positions, ..OneAccount::default() })];
    ports.accounts = Arc::clone(&store) as _;
    ports.kept = Arc::clone(&store) as _;
    ports.deliverer.messages = Arc::clone(&store) as _;
    ports.deliverer.deliveries = store;
    ports.deliverer.notifier = Arc::clone(&recorder) as _;
    ports.deliverer.rules = Arc::new(DeliveryRules { channels: vec![channel], ..DeliveryRules::default() });
    Office { ports, recorder, _folder: folder }
}

fn params(watch: PortfolioWatch) -> WatchPortfolioParams {
    WatchPortfolioParams {
        account_id: "A1".to_owned(),
        user_id: UserId::default(),
        config: PortfolioMonitorConfig::default(),
        check_interval_minutes: 1,
        watch,
        stretch: "run/1".to_owned(),
    }
}

/// One look, from where the workflow last knew.
async fn look(ports: &Ports, watch_before: PortfolioWatch) -> PortfolioWatch {
    let stop = CancellationToken::new();
    stop.cancel();
    watch(ports, &Compute::per_core(), params(watch_before), Progress::default(), stop).await.unwrap()
}

#[tokio::test]
async fn a_lost_attempt_goes_on_from_the_store_and_tells_nothing_twice() {
    let Office { ports, recorder, .. } = &desk(Some(held())).await;
    let first = look(ports, PortfolioWatch::default()).await;
    let titles = recorder.titles();
    assert!(titles.contains(&"margin used (recorded market)".to_owned()), "{titles:?}");
    assert!(titles.contains(&"XYZ: profit target reached (recorded market)".to_owned()), "{titles:?}");
    assert!(first.pending.is_empty() && first.recent_alerts.len() == titles.len());
    // The attempt's answer is lost: the next one begins where the workflow last knew.
    let second = look(ports, PortfolioWatch::default()).await;
    assert_eq!(recorder.titles(), titles);
    assert!(second.checks > first.checks && second.recent_alerts == first.recent_alerts);
    let stored = ports.accounts.positions("default", "A1").await.unwrap();
    assert_eq!(stored.iter().map(|row| row.kind.as_str()).collect::<Vec<_>>(), ["Future", "option"]);
}

#[tokio::test]
async fn an_alert_waits_for_a_ledger_that_is_away_and_is_one_message() {
    let Office { mut ports, recorder, _folder } = desk(Some(held())).await;
    let ledger = std::mem::replace(&mut ports.deliverer.messages, ports_away().deliverer.messages);
    let first = look(&ports, PortfolioWatch::default()).await;
    assert!(!first.pending.is_empty() && recorder.titles().is_empty());
    ports.deliverer.messages = ledger;
    let second = look(&ports, first.clone()).await;
    assert!(second.pending.is_empty());
    assert_eq!(recorder.titles().len(), first.pending.len());
    // Whoever wrote them died before he could note it, and writes them again.
    let again = PortfolioWatch { checks: second.checks + 10, ..first.clone() };
    assert!(look(&ports, again).await.pending.is_empty());
    assert_eq!(recorder.titles().len(), first.pending.len());
}

/// Ports whose ledger is away.
fn ports_away() -> Ports {
    let last = NaiveDate::from_ymd_opt(2014, 6, 6).unwrap();
    ports(FakeMarket::of("XYZ", wavy_bars(last, 30, 0.0))).0
}

#[tokio::test]
async fn a_stretch_ends_where_the_store_recalls_it() {
    let Office { ports, .. } = &desk(Some(held())).await;
    ports.recalls.recall("default", "A1", "run/1").await.unwrap();
    let (compute, stop) = (Compute::per_core(), CancellationToken::new());
    let recalled = watch(ports, &compute, params(PortfolioWatch::default()), Progress::default(), stop);
    assert_eq!(recalled.await.unwrap().checks, 1);
}

#[tokio::test]
async fn a_move_on_the_stream_is_told_before_the_next_read() {
    let Office { mut ports, recorder, _folder } = desk(Some(held())).await;
    let seen = look(&ports, PortfolioWatch::default()).await;
    let before = recorder.titles().len();
    recorder.bell.notified().await;
    let at: DateTime<Utc> = "2014-06-06T20:01:01Z".parse().unwrap();
    // Two dollars were received for what now costs six and a half.
    let quote = StreamQuote {
        symbol: StreamSymbol::Option(OccSymbol::parse("XYZ   140719P00050000").unwrap()),
        bid: Some(Decimal::from(6)),
        ask: Some(Decimal::from(7)),
        bid_size: 1.0,
        ask_size: 1.0,
        market_time: Some(at),
        received_at: at,
        condition: None,
    };
    ports.streams = Arc::new(OneEvent(Mutex::new(Some(StreamEvent::Quote(quote)))));
    let (compute, stop) = (Compute::per_core(), CancellationToken::new());
    let watching = watch(&ports, &compute, params(seen), Progress::default(), stop.clone());
    let heard = async {
        while !recorder.titles().contains(&"XYZ: loss limit (recorded market)".to_owned()) {
            recorder.bell.notified().await;
        }
        stop.cancel();
    };
    let (watched, ()) = tokio::join!(watching, heard);
    let watched = watched.unwrap();
    assert!(recorder.titles().len() > before);
    assert!(watched.recent_alerts.iter().any(|alert| alert.message.contains("loss 2.2×")), "{watched:?}");
    // The next read finds the old price, and the stream is what counts.
    assert!(watched.state.active.keys().any(|key| key.starts_with("loss_limit/")), "{watched:?}");
}

#[tokio::test]
async fn positions_that_cannot_be_read_are_unknown_and_close_nothing() {
    let Office { ports, .. } = &desk(Some(held())).await;
    let before = look(ports, PortfolioWatch::default()).await;
    let Office { ports: mut blind, recorder, _folder } = desk(None).await;
    blind.accounts = Arc::clone(&ports.accounts);
    let after = look(&blind, before.clone()).await;
    assert!(recorder.titles().is_empty(), "{:?}", recorder.titles());
    assert_eq!(after.state.active, before.state.active);
    assert!(
        after.state.blind_since.is_some() && after.problems.iter().any(|line| line.starts_with("positions:")),
        "{after:?}"
    );
    let state = fetch(&blind, &Compute::per_core(), "default", "").await.unwrap();
    assert!(!state.positions_known && state.day_pnl_percent.is_none());
}

#[tokio::test]
async fn a_portfolio_says_what_its_sums_leave_out() {
    let Office { ports, .. } = &desk(Some(held())).await;
    let state = fetch(ports, &Compute::per_core(), "default", "A1").await.unwrap();
    assert_eq!(state.positions.len(), 2);
    assert_eq!(state.day_pnl.amount, Decimal::from(200));
    assert_eq!(state.day_pnl.missing, ["/10YM4 (Future)"]);
    assert_eq!((state.margin_utilization, state.margin_from_broker), (Some(61.0), true));
    assert!(state.warnings.iter().any(|warning| warning.starts_with("XYZ options")), "{:?}", state.warnings);
    let unknown = fetch(ports, &Compute::per_core(), "default", "B2").await.unwrap_err().to_string();
    assert!(unknown.contains("fake has no account \"B2\""), "{unknown}");
    let advice = rolls(ports, &Compute::per_core(), &UserId::default(), "", Some(&"XYZ".parse().unwrap()))
        .await
        .unwrap();
    assert!(advice[0].outlook.is_none() && advice[0].problem.is_some(), "{advice:?}");
}

/// A position that somebody keeps by hand in `hand-main`.
async fn keep(ports: &Ports, symbol: &str, quantity: i64) {
    let position = KeptPosition {
        instrument: symbol.to_owned().try_into().unwrap(),
        quantity: quantity.into(),
        price: Decimal::TWO,
        opened: Some("2014-06-02".parse().unwrap()),
        note: String::new(),
    };
    let change = KeptChange { account: BY_HAND.to_owned(), put: vec![position], ..KeptChange::default() };
    ports.kept.change_kept_accounts("default", &[change]).await.unwrap();
}

const BY_HAND: &str = "hand-main";

async fn look_by_hand(ports: &Ports, watch_before: PortfolioWatch) -> PortfolioWatch {
    let stop = CancellationToken::new();
    stop.cancel();
    let params = WatchPortfolioParams { account_id: BY_HAND.to_owned(), ..params(watch_before) };
    watch(ports, &Compute::per_core(), params, Progress::default(), stop).await.unwrap()
}

#[tokio::test]
async fn a_short_put_that_is_kept_by_hand_is_watched_and_never_traded() {
    let Office { ports, recorder, .. } = &desk(Some(held())).await;
    keep(ports, "XYZ   140613P00140000", -1).await;
    look_by_hand(ports, PortfolioWatch::default()).await;
    let titles = recorder.titles();
    assert!(titles.contains(&"XYZ: in the money near expiration (recorded market)".to_owned()), "{titles:?}");
    let account = recorder.sent.lock().unwrap()[0].fields[0].value.clone();
    assert!(account.starts_with("hand-main (kept by hand, changed 20"), "{account}");
    let stored = ports.accounts.positions("default", BY_HAND).await.unwrap();
    assert_eq!(stored.iter().map(|row| row.kind.as_str()).collect::<Vec<_>>(), ["option"]);
    let (compute, user) = (Compute::per_core(), UserId::default());
    assert_eq!(account_numbers(ports, &user).await.unwrap(), ["A1", BY_HAND]);
    let advice = rolls(ports, &compute, &user, BY_HAND, None).await.unwrap();
    assert_eq!(advice.iter().map(|advice| advice.reason).collect::<Vec<_>>(), [RollReason::InTheMoney]);
    let since = "2014-06-01T00:00:00Z".parse().unwrap();
    let cycles = wheel(ports, &user, BY_HAND, since).await.unwrap().cycles;
    assert_eq!(cycles.iter().map(|cycle| cycle.net_premiums).collect::<Vec<_>>(), [Decimal::from(200)]);
    // Nobody else sees it, and no order path takes it.
    let other = "ann".parse().unwrap();
    assert_eq!(account_numbers(ports, &other).await.unwrap(), ["A1"]);
    let refused = portfolio(ports, &compute, &other, BY_HAND).await.unwrap_err();
    assert!(refused.contains("no account hand-main is kept by hand"), "{refused}");
    let refused = reconcile_account(ports, &user, BY_HAND).await.unwrap_err();
    assert!(refused.contains("is kept by hand, and ttai sends no orders for it"), "{refused}");
}

#[tokio::test]
async fn an_account_kept_by_hand_is_worth_what_is_known_of_it_and_the_first_without_a_broker() {
    let Office { mut ports, _folder, .. } = desk(None).await;
    ports.brokers = Vec::new();
    keep(&ports, "XYZ", 100).await;
    let state = async || fetch(&ports, &Compute::per_core(), "default", "").await.unwrap();
    let unstated = state().await;
    assert_eq!(
        (unstated.account_id.as_str(), unstated.cash, unstated.net_liquidation),
        (BY_HAND, None, None)
    );
    assert!(unstated.warnings.iter().any(|line| line.contains("`ttai portfolio cash")), "{unstated:?}");
    let cash = KeptChange {
        account: BY_HAND.to_owned(),
        cash: Some(Some(Decimal::from(5_000))),
        ..KeptChange::default()
    };
    ports.kept.change_kept_accounts("default", &[cash]).await.unwrap();
    let stated = state().await;
    let shares = stated.positions[0].mark.unwrap() * Decimal::ONE_HUNDRED;
    assert_eq!(stated.net_liquidation, Some(shares + Decimal::from(5_000)));
    assert!(stated.kept_by_hand.is_some());
}

#[tokio::test]
async fn what_expired_is_asked_about_once_and_counts_no_longer() {
    let Office { ports, recorder, .. } = &desk(Some(held())).await;
    for (symbol, quantity) in [("XYZ   140606P00140000", -2), ("XYZ   140606C00140000", -1), ("XYZ", 5)] {
        keep(ports, symbol, quantity).await;
    }
    let state = fetch(ports, &Compute::per_core(), "default", BY_HAND).await.unwrap();
    assert_eq!(state.positions.iter().map(|held| held.symbol.as_str()).collect::<Vec<_>>(), ["XYZ"]);
    let said = |text: &str| state.warnings.iter().filter(|line| line.contains(text)).count();
    assert_eq!(said("-2 XYZ Jun 6 140 put expired on 2014-06-06 with XYZ at "), 1, "{:?}", state.warnings);
    assert_eq!(said("probably assigned, 200 shares bought at 140"), 1, "{:?}", state.warnings);
    assert_eq!(said("-1 XYZ Jun 6 140 call expired on 2014-06-06"), said("probably worthless"));
    let first = look_by_hand(ports, PortfolioWatch::default()).await;
    let asked = recorder.titles();
    assert_eq!(asked.iter().filter(|title| title.starts_with("XYZ: expiration day")).count(), 2, "{asked:?}");
    look_by_hand(ports, first).await;
    assert_eq!(recorder.titles(), asked);
}

#[test]
fn of_limits_passed_at_once_the_most_urgent_is_told() {
    let alert = |key: &str, severity| PortfolioAlert {
        key: key.to_owned(),
        kind: RuleKind::DteWarning,
        symbol: None,
        severity,
        message: String::new(),
        value: None,
        threshold: 0.0,
        timestamp: DateTime::UNIX_EPOCH,
        cleared: false,
    };
    let over = PortfolioAlert { cleared: true, ..alert("dte_warning/F/7", Severity::Info) };
    let told = most_urgent(vec![
        alert("dte_warning/F/7", Severity::Warning),
        alert("dte_warning/G/21", Severity::Info),
        alert("dte_warning/F/21", Severity::Info),
        over,
    ]);
    let keys: Vec<(&str, bool)> = told.iter().map(|alert| (alert.key.as_str(), alert.cleared)).collect();
    assert_eq!(keys, [("dte_warning/F/7", false), ("dte_warning/G/21", false), ("dte_warning/F/7", true)]);
}
