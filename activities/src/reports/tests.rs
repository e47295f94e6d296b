//! Reports composed over a market in memory and a store of their own: what is known, what is missing, a past day, hostile words.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::json;
use ttai_contract::{
    ComposeReportParams, ListReportUsersParams, ReportName, RunReportResult, SendReportParams, UserId,
};
use ttai_core::OccSymbol;
use ttai_ports::{
    Accounts, Analyses, AnalysisRecord, Artifacts, Attachment, BrokerPosition, Instrument, KeptAccounts,
    KeptChange, KeptPosition, Message, NewsCheck, NewsSeen, Notifier, PortError, PositionStatus, Preferences,
    PreferencesChange, SeenStory, StoredPosition, StoryOutcome, SyncedResource, SyncedRow, SyncedRows,
    UserPreferences,
};
use ttai_store::{Database, StoreUrl};

use super::{compose, send, users};
use crate::compute::Compute;
use crate::deliveries::{ChannelRule, DeliveryRules};
use crate::ports::Ports;
use crate::supervise::Progress;
use crate::testing::{FakeMarket, OneAccount, ports, wavy_bars};

/// Records what it sends.
#[derive(Default)]
struct Outbox(Mutex<Vec<Message>>);

#[async_trait]
impl Notifier for Outbox {
    fn channels(&self) -> Vec<String> {
        vec!["desk".to_owned()]
    }
    async fn send(&self, _: &str, message: &Message, _: &[Attachment]) -> Result<(), PortError> {
        self.0.lock().unwrap().push(message.clone());
        Ok(())
    }
}

/// Ports over a store of their own, which ends with its folder.
struct Office {
    ports: Ports,
    store: Arc<Database>,
    outbox: Arc<Outbox>,
    _folder: tempfile::TempDir,
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A Friday after the close.
const FRIDAY: &str = "2014-06-06";

async fn office(positions: Option<Vec<BrokerPosition>>) -> Office {
    let (mut ports, _) = ports(FakeMarket::of("XYZ", wavy_bars(day(FRIDAY), 300, 0.0)));
    let folder = tempfile::tempdir().unwrap();
    let url = StoreUrl::sqlite(folder.path().join("ttai.db")).unwrap();
    let store = Arc::new(Database::open(&url).await.unwrap());
    let outbox = Arc::new(Outbox::default());
    let channel = ChannelRule { name: "desk".to_owned(), per_minute: None, digest_characters: 4_000 };
    ports.brokers = vec![Arc::new(OneAccount { positions, ..OneAccount::default() })];
    ports.accounts = Arc::clone(&store) as _;
    ports.kept = Arc::clone(&store) as _;
    ports.reports = Arc::clone(&store) as _;
    ports.trades = Arc::clone(&store) as _;
    ports.synced = Arc::clone(&store) as _;
    ports.watchlists = Arc::clone(&store) as _;
    ports.news_seen = Arc::clone(&store) as _;
    ports.firings = Arc::clone(&store) as _;
    ports.preferences = Arc::clone(&store) as _;
    ports.saved_screeners = Arc::clone(&store) as _;
    ports.screens = Arc::clone(&store) as _;
    ports.artifacts = Arc::clone(&store) as _;
    ports.deliverer.messages = Arc::clone(&store) as _;
    ports.deliverer.deliveries = Arc::clone(&store) as _;
    ports.deliverer.artifacts = Arc::clone(&store) as _;
    ports.deliverer.notifier = Arc::clone(&outbox) as _;
    ports.deliverer.rules = Arc::new(DeliveryRules { channels: vec![channel], ..DeliveryRules::default() });
    Office { ports, store, outbox, _folder: folder }
}

/// Two short puts that won half of their credit.
fn held() -> Vec<BrokerPosition> {
    vec![BrokerPosition {
        symbol: "XYZ   140719P00050000".to_owned(),
        kind: "Equity Option".to_owned(),
        instrument: Some(Instrument::Option(OccSymbol::parse("XYZ   140719P00050000").unwrap())),
        quantity: Decimal::from(-2),
        average_open_price: Decimal::TWO,
        mark: Some(Decimal::ONE),
        multiplier: Decimal::ONE_HUNDRED,
        day_base: Some(Decimal::new(15, 1)),
        updated_at: None,
    }]
}

fn asked(report_name: ReportName, user: &str, date: Option<&str>) -> ComposeReportParams {
    ComposeReportParams { report_name, user_id: user.parse().unwrap(), date: date.map(day), due_at: None }
}

async fn composed(office: &Office, params: ComposeReportParams) -> (RunReportResult, String, String) {
    let compute = Compute::per_core();
    let result =
        compose::compose(&office.ports, &compute, params, "w/r".to_owned(), Progress::default()).await;
    let result = result.unwrap();
    let text = async |place: usize| {
        let artifact = office.store.get(&result.artifacts[place].sha256).await.unwrap().unwrap();
        String::from_utf8(artifact.bytes).unwrap()
    };
    let (html, markdown) = (text(0).await, text(1).await);
    (result, html, markdown)
}

const HOSTILE: &str = "<img src=x onerror=alert(1)> | [click](javascript:alert(1)) & *XYZ*\u{7}";

/// A story, an analysis and two trades of the Friday.
async fn a_busy_day(store: &Database) {
    let story = SeenStory {
        key: "k".to_owned(),
        page: None,
        source: "<b>wire</b>".to_owned(),
        headline: HOSTILE.to_owned(),
        url: Some("javascript:alert(1)".to_owned()),
        symbols: vec!["XYZ".parse().unwrap()],
        published_at: Some(at("2014-06-06T14:00:00Z")),
        seen_at: at("2014-06-06T14:01:00Z"),
        significance: 0.8,
        outcome: StoryOutcome::Alerted,
        repeat_of: None,
        message_id: None,
    };
    let honest = SeenStory {
        key: "l".to_owned(),
        headline: "XYZ raises its outlook".to_owned(),
        url: Some("https://example.com/xyz?a=1&b=2".to_owned()),
        significance: 0.6,
        ..story.clone()
    };
    let stale =
        SeenStory { key: "m".to_owned(), published_at: Some(at("2014-06-07T14:00:00Z")), ..honest.clone() };
    let check = NewsCheck { stories: vec![story, honest, stale], ..NewsCheck::default() };
    assert!(store.record_news("default", 0, &check).await.unwrap());
    let of = SyncedResource {
        owner: "default".to_owned(),
        source: "transactions".to_owned(),
        resource: "A1".to_owned(),
    };
    let row = |key: &str, moment: &str, quantity: &str, price: &str, amount: &str| SyncedRow {
        key: key.to_owned(),
        at: at(moment),
        row: json!({"kind": "trade", "symbol": "XYZ   140719P00045000", "asset_kind": "Equity Option",
            "quantity": quantity, "price": price, "net_amount": amount}),
    };
    let rows = [
        row("1", "2014-06-02T15:00:00Z", "-1", "1.50", "149"),
        row("2", "2014-06-06T15:00:00Z", "1", "0.50", "-51"),
        row("3", "2014-06-09T15:00:00Z", "-1", "0.70", "69"),
    ];
    store.save_synced(&of, &rows, None).await.unwrap();
}

fn analysis() -> AnalysisRecord {
    AnalysisRecord {
        workflow_id: "analysis-XYZ-1".to_owned(),
        run_id: "r".to_owned(),
        user_id: "default".to_owned(),
        symbol: "XYZ".to_owned(),
        analysis_type: "full_analysis".to_owned(),
        strategy: Some("csp".to_owned()),
        recommendation: "strong_select".to_owned(),
        as_of: at("2014-06-06T15:30:00Z"),
        result: json!({}),
        created_at: DateTime::UNIX_EPOCH,
        completed_at: None,
        notified: Vec::new(),
    }
}

#[tokio::test]
async fn a_daily_report_says_what_is_known_and_takes_no_orders_from_headlines() {
    let office = office(Some(held())).await;
    a_busy_day(&office.store).await;
    office.store.save(&analysis()).await.unwrap();
    let office =
        Office { ports: Ports { analyses: Arc::clone(&office.store) as _, ..office.ports }, ..office };
    let (result, html, markdown) = composed(&office, asked(ReportName::DailyReport, "default", None)).await;
    assert_eq!((result.positions, result.daily_pnl, result.analyses_count), (Some(1), Some(100.0), Some(1)));
    assert!(
        result.summary[0].starts_with("Daily P&L +$100.00 (+0.10 %), net liquidation $100,000.00"),
        "{result:?}"
    );
    assert!(result.report.as_ref().unwrap().starts_with("daily_report-2014-06-06-"));
    for text in ["&lt;img src=x onerror=alert(1)&gt;", "https:&#x2f;&#x2f;example.com"] {
        assert!(html.contains(text), "{text}");
    }
    assert!(!html.contains("<img") && !html.contains("<b>wire") && !html.contains("href=\"javascript"));
    assert!(!html.contains("<script") && !html.contains("<link"), "one file that needs nothing else");
    // What came after the report's moment is not in it: neither Saturday's story nor Monday's trade.
    assert_eq!(html.matches("XYZ raises its outlook").count(), 1);
    assert!(markdown.contains("- Realised P&L: +$98.00"), "{markdown}");
    insta::assert_snapshot!("daily_report", markdown);
}

#[tokio::test]
async fn a_past_day_is_what_the_store_has_of_it_and_the_same_bytes_again() {
    let mut office = office(Some(held())).await;
    let (_, _, now) = composed(&office, asked(ReportName::EodSummary, "default", None)).await;
    assert!(now.contains("XYZ Jul 19 50 put"), "{now}");
    // On Monday the account is another one.
    let bars = wavy_bars(day("2014-06-09"), 300, 0.0);
    office.ports.market = Arc::new(FakeMarket::of("XYZ", bars));
    office.ports.brokers =
        vec![Arc::new(OneAccount { positions: Some(Vec::new()), ..OneAccount::default() })];
    let past = || composed(&office, asked(ReportName::EodSummary, "default", Some(FRIDAY)));
    let (first, html, markdown) = past().await;
    assert_eq!((first.positions, first.daily_pnl), (Some(1), Some(100.0)));
    assert_eq!(first.as_of, Some(at("2014-06-07T03:59:59.999999Z")));
    assert!(markdown.contains("As stored at 2014-06-06 16:"), "{markdown}");
    assert_eq!((html, markdown), {
        let (_, html, markdown) = past().await;
        (html, markdown)
    });
    // A past briefing begins with what the session before it ended with.
    let briefing = asked(ReportName::MorningBriefing, "default", Some("2014-06-07"));
    let (briefing, ..) = composed(&office, briefing).await;
    assert_eq!((briefing.positions, briefing.as_of), (Some(1), Some(at("2014-06-07T13:30:00Z"))));
    let (now, ..) = composed(&office, asked(ReportName::MorningBriefing, "default", None)).await;
    assert_eq!(now.positions, Some(0));
    let (without, _, markdown) =
        composed(&office, asked(ReportName::EodSummary, "default", Some("2014-06-05"))).await;
    assert_eq!((without.positions, without.daily_pnl), (None, None));
    assert!(markdown.contains("Nothing is stored of the accounts on Thu Jun 5, 2014"), "{markdown}");
    let future = asked(ReportName::EodSummary, "default", Some("2014-06-10"));
    let compute = Compute::per_core();
    let refused =
        compose::compose(&office.ports, &compute, future, "w/r".to_owned(), Progress::default()).await;
    assert!(refused.unwrap_err().to_string().contains("still to come"));
}

#[tokio::test]
async fn who_cannot_be_reached_is_said_with_what_was_held_last() {
    let mut office = office(None).await;
    let (result, _, markdown) = composed(&office, asked(ReportName::EodSummary, "default", None)).await;
    assert_eq!((result.positions, result.daily_pnl), (None, None));
    assert!(markdown.contains("fake did not say what is held"), "{markdown}");
    let stored = StoredPosition {
        symbol: "XYZ   140719P00050000".to_owned(),
        kind: "option".to_owned(),
        quantity: Decimal::from(-2),
        average_open_price: Decimal::TWO,
        mark: None,
        status: PositionStatus::Open,
        opened_at: at("2014-06-05T15:00:00Z"),
        updated_at: at("2014-06-05T15:00:00Z"),
    };
    office.store.sync_positions("ann", "B7", &[stored], at("2014-06-05T15:00:00Z")).await.unwrap();
    office.ports.brokers = Vec::new();
    let (result, _, markdown) = composed(&office, asked(ReportName::EodSummary, "ann", None)).await;
    assert!(result.summary[0].starts_with("Unreachable: account B7"), "{result:?}");
    assert!(markdown.contains("Held when it was last read, 2014-06-05 11:00 ET"), "{markdown}");
    assert!(result.warnings.iter().any(|warning| warning.contains("no broker is connected")), "{result:?}");
    // Another user's account is nobody else's.
    let (result, _, markdown) = composed(&office, asked(ReportName::WeeklyReview, "bob", None)).await;
    assert!(!markdown.contains("B7") && markdown.contains("No account is known"), "{result:?}");
}

#[tokio::test]
async fn what_is_kept_by_hand_is_reported_and_what_it_does_not_say_leaves_the_sums_alone() {
    let office = office(Some(held())).await;
    let (before, ..) = composed(&office, asked(ReportName::EodSummary, "default", None)).await;
    let position = KeptPosition {
        instrument: Instrument::Equity("XYZ".parse().unwrap()),
        quantity: Decimal::ONE_HUNDRED,
        price: Decimal::TWO,
        opened: None,
        note: String::new(),
    };
    let account = "hand-main".to_owned();
    let change = KeptChange { account, put: vec![position], ..KeptChange::default() };
    office.store.change_kept_accounts("default", &[change]).await.unwrap();
    let (result, _, markdown) = composed(&office, asked(ReportName::EodSummary, "default", None)).await;
    assert_eq!((result.positions, result.daily_pnl), (Some(2), before.daily_pnl));
    assert!(markdown.contains("Positions, account hand-main"), "{markdown}");
    assert!(markdown.contains("Kept by hand; changed 20"), "{markdown}");
    let left_out = "the net liquidation of all accounts leaves out hand-main";
    assert!(result.warnings.iter().any(|warning| warning == left_out), "{:?}", result.warnings);
    let (other, _, markdown) = composed(&office, asked(ReportName::EodSummary, "ann", None)).await;
    assert!(other.positions.is_none() && !markdown.contains("hand-main"), "{markdown}");
}

#[tokio::test]
async fn an_empty_account_has_no_empty_section() {
    let office = office(Some(Vec::new())).await;
    for name in ReportName::ALL {
        let (result, html, markdown) = composed(&office, asked(name, "default", None)).await;
        assert_eq!(result.positions, Some(0));
        assert!(
            markdown.contains("Nothing is held as of") || markdown.contains("No rule is broken"),
            "{markdown}"
        );
        assert!(!html.contains("</h2>\n</section>"), "{html}");
        assert!(!html.contains("NaN") && !markdown.contains("NaN"));
        let bytes = serde_json::to_vec(&result).unwrap().len();
        assert!(bytes < 4_096, "{bytes}");
    }
}

#[tokio::test]
async fn a_weekly_review_has_the_weeks_cycles_and_win_rate() {
    let office = office(Some(held())).await;
    a_busy_day(&office.store).await;
    let (result, _, markdown) = composed(&office, asked(ReportName::WeeklyReview, "default", None)).await;
    assert!(result.summary[0].starts_with("Realised P&L +$98.00, 1 of 1 cycles won"), "{result:?}");
    assert!(markdown.contains("Win rate: 100 % of cycles that ended (n = 1)"), "{markdown}");
    assert!(markdown.contains("| XYZ | bought back | 4 | +$98.00 |"), "{markdown}");
    insta::assert_snapshot!("weekly_review", markdown);
}

#[tokio::test]
async fn a_report_is_sent_once_however_often_its_activity_runs() {
    let office = office(Some(held())).await;
    let (result, ..) = composed(&office, asked(ReportName::EodSummary, "default", None)).await;
    let report = result.report.clone().unwrap();
    let params = SendReportParams { user_id: UserId::default(), report, channels: vec!["desk".to_owned()] };
    for _ in 0..3 {
        let receipt = send::send(&office.ports, &params, "w/r").await.unwrap();
        assert_eq!(receipt.channels, ["desk"]);
    }
    let sent = office.outbox.0.lock().unwrap().clone();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].title, "End-of-day summary, Fri Jun 6, 2014 (recorded market)");
    let fields: Vec<String> =
        sent[0].fields.iter().map(|field| format!("{}={}", field.name, field.value)).collect();
    assert_eq!(fields, ["Positions=1", "Daily P&L=+$100.00", "Analyses=0"]);
    assert_eq!(sent[0].artifacts[0].file_name, "eod-summary-2014-06-06.html");
    let other = SendReportParams { user_id: "ann".parse().unwrap(), ..params };
    assert!(
        send::send(&office.ports, &other, "w/r").await.unwrap_err().to_string().contains("ann has no report")
    );
}

#[tokio::test]
async fn each_report_concerns_its_users() {
    let office = office(Some(Vec::new())).await;
    let open = |user: &str, positions: Vec<StoredPosition>, moment: DateTime<Utc>| {
        let (store, user) = (Arc::clone(&office.store), user.to_owned());
        async move { store.sync_positions(&user, "A", &positions, moment).await.unwrap() }
    };
    let position = StoredPosition {
        symbol: "XYZ".to_owned(),
        kind: "shares".to_owned(),
        quantity: Decimal::ONE,
        average_open_price: Decimal::ONE,
        mark: None,
        status: PositionStatus::Open,
        opened_at: at("2014-06-05T15:00:00Z"),
        updated_at: at("2014-06-05T15:00:00Z"),
    };
    let then = at("2014-06-05T15:00:00Z");
    open("ann", vec![position.clone()], then).await;
    open("bob", vec![position], then).await;
    open("bob", Vec::new(), then + TimeDelta::hours(1)).await;
    let wants = UserPreferences { morning_alert: Some(true), ..UserPreferences::default() };
    let change = PreferencesChange { set: wants, ..PreferencesChange::default() };
    office.store.save_preferences("cyd", &change).await.unwrap();
    let list = async |report_name, after: Option<&str>, due_at: Option<&str>| {
        let params = ListReportUsersParams {
            report_name,
            after: after.map(|user| user.parse().unwrap()),
            date: None,
            due_at: due_at.map(at),
        };
        let found = users::list(&office.ports, &params).await.unwrap();
        (found.users.iter().map(ToString::to_string).collect::<Vec<_>>(), found.date)
    };
    assert_eq!(list(ReportName::EodSummary, None, None).await, (vec!["ann".to_owned()], None));
    assert_eq!(list(ReportName::DailyReport, None, None).await.0, ["ann", "bob"]);
    assert_eq!(list(ReportName::WeeklyReview, Some("ann"), None).await.0, ["bob"]);
    assert_eq!(list(ReportName::MorningBriefing, None, None).await.0, ["cyd"]);
    let late = list(ReportName::EodSummary, None, Some("2014-06-05T20:00:00Z")).await;
    assert_eq!(late.1, Some(day("2014-06-05")));
}
