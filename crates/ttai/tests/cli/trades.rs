//! `ttai trade` over a store that has orders, trades and differences.

use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use ttai_core::{Instrument, OrderAction, OrderStatus};
use ttai_ports::{AuditNote, Differences, NewOrder, OrderChange, OrderRecord, Orders, TradeLog};
use ttai_store::{Database, StoreUrl};
use ttai_trading::intent::{IntentLeg, IntentTerms, NetPrice, OrderPurpose, OrderSlot};
use ttai_trading::order::{LegFilled, OrderExecution, OrderReport, OrderStep, StatusReport};
use ttai_trading::reconcile::{Difference, DifferenceKind};
use ttai_trading::trade_log::{LoggedTrade, TradedLeg};
use ttai_trading::{ClientOrderId, TradeIntent};

use crate::home::{Answer, Home, text};

const USER: &str = "default";
const PUT: &str = "AAPL  140621P00630000";
const SPX: &str = "SPXW  140620C01950000";
const SPY: &str = "SPY   140620C00195500";

fn at(minute: i64) -> DateTime<Utc> {
    "2014-06-06T14:00:00Z".parse::<DateTime<Utc>>().unwrap_or_default() + TimeDelta::minutes(minute)
}

fn note(actor: &str, minute: i64) -> AuditNote {
    AuditNote { actor: actor.to_owned(), at: at(minute), detail: json!({}) }
}

fn instrument(text: &str) -> anyhow::Result<Instrument> {
    Ok(Instrument::try_from(text.to_owned())?)
}

fn cents(count: i64) -> Decimal {
    Decimal::new(count, 2)
}

/// A store of one morning's trading.
struct Morning {
    store: Database,
}

impl Morning {
    async fn begin(home: &Home) -> anyhow::Result<Self> {
        std::fs::create_dir_all(home.path("data"))?;
        let url = StoreUrl::from_str(&home.path("data/ttai.db").to_string_lossy())?;
        Ok(Self { store: Database::open(&url).await? })
    }

    async fn intended(
        &self,
        workflow: &str,
        strategy: &str,
        legs: Vec<IntentLeg>,
        limit: i64,
    ) -> anyhow::Result<OrderRecord> {
        let slot = OrderSlot {
            workflow_id: workflow.to_owned(),
            purpose: OrderPurpose::Entry,
            leg: None,
            sequence: 0,
        };
        let intent = TradeIntent::new(IntentTerms {
            user: USER.to_owned(),
            account: "A1".to_owned(),
            strategy: strategy.to_owned(),
            slot,
            legs,
            quantity: 2,
            limit: NetPrice::Credit(cents(limit)),
        })?;
        let order = NewOrder { intent, broker: "alpaca".to_owned(), risk: Some(cents(12_499_000)) };
        Ok(self.store.save_intent(&order, &note(workflow, 0)).await?.record)
    }

    async fn step(&self, record: &OrderRecord, step: OrderStep) -> anyhow::Result<OrderRecord> {
        let client_order_id = record.client_order_id.clone();
        let change = OrderChange { client_order_id, version: record.version, step, priced: None };
        Ok(self.store.advance_order(USER, &change, &note("mia", 2)).await?.record)
    }

    async fn asked(&self, record: &OrderRecord) -> anyhow::Result<OrderRecord> {
        self.step(record, OrderStep::AskApproval { until: at(360) }).await
    }

    async fn sent(&self, record: &OrderRecord) -> anyhow::Result<OrderRecord> {
        let record = self.asked(record).await?;
        let record = self.step(&record, OrderStep::Approve { by: "mia".to_owned(), at: at(2) }).await?;
        let id = ClientOrderId::new(&record.client_order_id)?;
        self.store.claim_order(USER, &id, 1, &note("worker-1", 3)).await?;
        let record = OrderRecord { version: record.version + 1, ..record };
        self.step(&record, OrderStep::Submit { fence: 1, at: at(4) }).await
    }

    async fn report(&self, record: &OrderRecord, report: OrderReport) -> anyhow::Result<()> {
        self.store.apply_report(USER, &record.client_order_id, &report, &note("broker", 5)).await?;
        Ok(())
    }

    async fn works(&self, record: &OrderRecord, broker_order_id: &str) -> anyhow::Result<()> {
        let status = StatusReport {
            broker_order_id: broker_order_id.to_owned(),
            status: OrderStatus::Live,
            replaced_by: None,
            filled: Vec::<LegFilled>::new(),
            limit: None,
            reason: None,
            at: at(5),
        };
        self.report(record, OrderReport::Status(status)).await
    }

    async fn fills(&self, record: &OrderRecord) -> anyhow::Result<()> {
        let execution = OrderExecution {
            execution_id: "e-1".to_owned(),
            instrument: instrument(PUT)?,
            quantity: Decimal::TWO,
            price: cents(506),
            cumulative: None,
            at: at(6),
        };
        self.report(record, OrderReport::Execution(execution)).await
    }

    async fn logs(&self, id: &str, opened: i64, closed: Option<i64>) -> anyhow::Result<()> {
        let trade = LoggedTrade {
            id: id.to_owned(),
            account: "A1".to_owned(),
            strategy: "csp_entry".to_owned(),
            opened: at(opened),
            closed: closed.map(at),
            legs: vec![TradedLeg {
                instrument: instrument(PUT)?,
                action: OrderAction::SellToOpen,
                quantity: Decimal::TWO,
            }],
            entry_credit: cents(101_200),
            exit_debit: closed.map(|_| cents(50_600)),
            fees: closed.map(|_| cents(226)),
            profit: closed.map(|_| cents(50_374)),
            action: closed.map(|_| ttai_core::PositionEnd::ClosedEarly),
            client_order_ids: Vec::new(),
        };
        self.store.save_trade(USER, &trade, &note("monitor", opened)).await?;
        Ok(())
    }

    async fn differs(&self) -> anyhow::Result<String> {
        let found = Difference {
            kind: DifferenceKind::Unexplained,
            subject: "AAPL".to_owned(),
            ours: "0".to_owned(),
            broker: "100".to_owned(),
            sentence: "The broker has 100 AAPL, ttai none; nothing explains it.".to_owned(),
        };
        let found = self.store.save_differences(USER, "A1", &[found], &note("reconciliation", 7)).await?;
        Ok(found.into_iter().map(|record| record.id).next().unwrap_or_default())
    }
}

fn put() -> anyhow::Result<Vec<IntentLeg>> {
    Ok(vec![IntentLeg { instrument: instrument(PUT)?, action: OrderAction::SellToOpen, ratio: 1 }])
}

fn pair() -> anyhow::Result<Vec<IntentLeg>> {
    Ok(vec![
        IntentLeg { instrument: instrument(SPX)?, action: OrderAction::BuyToOpen, ratio: 1 },
        IntentLeg { instrument: instrument(SPY)?, action: OrderAction::SellToOpen, ratio: 10 },
    ])
}

fn trade(home: &Home, arguments: &[&str]) -> anyhow::Result<Answer> {
    let mut command = home.command(&[&["trade"], arguments].concat());
    crate::home::Process::start({
        command.env("USER", "mia");
        command
    })?
    .finish()
}

fn states(listed: &Value) -> Vec<&str> {
    listed["orders"].as_array().into_iter().flatten().map(|order| text(order, "state")).collect()
}

#[tokio::test]
async fn orders_are_listed_and_one_shows_all_that_was_done_with_it() -> anyhow::Result<()> {
    let home = Home::new().await?;
    let morning = Morning::begin(&home).await?;
    let filled = morning.intended("daily-1", "csp_entry", put()?, 505).await?;
    let filled = morning.sent(&filled).await?;
    morning.fills(&filled).await?;
    let asked = morning.intended("daily-2", "spy_spx", pair()?, 110).await?;
    morning.asked(&asked).await?;
    morning.logs("csp-1", 6, None).await?;

    let all = trade(&home, &["list", "--json"])?.expect(0)?.json()?;
    assert_eq!(states(&all), ["awaiting_approval", "filled"]);
    assert_eq!(text(&all["open_trades"][0], "entry_credit"), "1012.00");
    let open = trade(&home, &["list", "--open", "--json"])?.expect(0)?.json()?;
    assert_eq!(states(&open), ["awaiting_approval"]);
    for (narrow, value) in [("--strategy", "csp_entry"), ("--account", "B2"), ("--since", "2999-01-01")] {
        let found = trade(&home, &["list", narrow, value, "--json"])?.expect(0)?.json()?;
        assert_eq!(states(&found).len(), usize::from(narrow == "--strategy"), "{narrow} {value}");
    }
    let table = trade(&home, &["list"])?.expect(0)?.stdout;
    for part in ["sell 20 SPY 2014-06-20 195.5C", "1.10 credit", "awaiting approval", "Open trades"] {
        assert!(table.contains(part), "{part} is not in\n{table}");
    }

    // The listing's short id, without what every id begins with.
    let beginning = filled.client_order_id.trim_start_matches("ttai-").get(..8).unwrap_or_default();
    assert!(table.contains(beginning), "{table}");
    let shown = trade(&home, &["show", beginning])?.expect(0)?.stdout;
    for part in [
        "csp_entry, entry · account A1 at alpaca",
        "sell to open 2 AAPL 2014-06-21 630 put, 2 filled",
        "5.05 credit a share; $124,990.00 at risk",
        "given by mia on 2014-06-06 10:02 ET, until 2014-06-06 16:00 ET",
        "worker-1 since 2014-06-06 10:03 ET, fence 1",
        "e-1",
        "intended",
        "claimed",
    ] {
        assert!(shown.contains(part), "{part} is not in\n{shown}");
    }
    let shown = trade(&home, &["show", &filled.client_order_id, "--json"])?.expect(0)?.json()?;
    let actions: Vec<&str> =
        shown["audit"].as_array().into_iter().flatten().map(|entry| text(entry, "action")).collect();
    assert_eq!(actions, ["intended", "awaiting_approval", "approved", "claimed", "submitting", "fill"]);
    assert_eq!(text(&shown["executions"][0], "price"), "5.06");
    let several = trade(&home, &["show", "ttai-"])?.expect(2)?.stderr;
    assert!(several.contains("at least 3 letters of it"), "{several}");
    Ok(())
}

#[tokio::test]
async fn a_halt_stops_claims_says_what_is_in_flight_and_stands_until_it_is_ended() -> anyhow::Result<()> {
    let home = Home::new().await?;
    let morning = Morning::begin(&home).await?;
    let working = morning.intended("daily-1", "csp_entry", put()?, 505).await?;
    let working = morning.sent(&working).await?;
    morning.works(&working, "b-17").await?;

    let halted = trade(&home, &["halt", "--reason", "fat finger"])?.expect(0)?.stdout;
    for part in [
        "Trading is halted for all accounts of default, by mia (command line) since",
        ": fat finger\nNothing is sent until ttai trade resume.",
        "working at alpaca in account A1, order b-17 there: sell to open 2 AAPL",
    ] {
        assert!(halted.contains(part), "{part} is not in\n{halted}");
    }
    let again = trade(&home, &["halt", "--reason", "another"])?.expect(0)?.stdout;
    assert!(again.starts_with("Nothing changed: ") && again.contains(": fat finger"), "{again}");
    let next = morning.intended("daily-2", "csp_entry", put()?, 505).await?;
    assert!(morning.sent(&next).await.is_err(), "nothing is claimed after a halt");

    let other = trade(&home, &["halt", "--account", "A2", "--reason", "x", "--json"])?.expect(0)?;
    assert!(other.stderr.contains("no order was ever made in account A2"), "{}", other.stderr);
    assert_eq!(other.json()?["in_flight"], json!([]));
    // Another scope's halt still stands, and the command says so.
    let resumed = trade(&home, &["resume"])?.expect(1)?.stdout;
    assert!(resumed.starts_with("The halt of all accounts of default has ended."), "{resumed}");
    assert!(resumed.contains("end it with ttai trade resume --account A2"), "{resumed}");
    trade(&home, &["resume", "--account", "A2"])?.expect(0)?;
    let nothing = trade(&home, &["resume"])?.expect(0)?.stdout;
    assert_eq!(nothing, "Nothing changed: there was no halt of all accounts of default.\n");

    let everyone = trade(&home, &["halt", "--everyone", "--reason", "broker down"])?.expect(0)?.stdout;
    assert!(everyone.contains("halted for everyone") && everyone.contains("b-17"), "{everyone}");
    let trail = trade(&home, &["audit", "--everyone", "--verify", "--json"])?.expect(0)?.json()?;
    assert_eq!(trail["entries"][0]["detail"]["reason"], "broker down");
    assert_eq!((trail["length"].as_u64(), trail["checked"].as_bool()), (Some(1), Some(true)));
    Ok(())
}

#[tokio::test]
async fn a_difference_pauses_the_account_until_it_is_acknowledged() -> anyhow::Result<()> {
    let home = Home::new().await?;
    let morning = Morning::begin(&home).await?;
    let id = morning.differs().await?;
    let listed = trade(&home, &["differences"])?.expect(0)?.stdout;
    assert!(listed.contains("The broker has 100 AAPL") && listed.contains("trading pauses"), "{listed}");
    let resumed = trade(&home, &["resume"])?.expect(1)?.stdout;
    assert!(resumed.contains(&format!("ttai trade acknowledge {id} --note")), "{resumed}");
    let checks = home.run(&["doctor", "--json"])?.json()?;
    let finding = |what: &str| {
        let all = checks.as_array().into_iter().flatten();
        all.filter(|check| text(check, "what") == what)
            .map(|check| text(check, "finding"))
            .collect::<String>()
    };
    assert!(finding("differences").contains("trading pauses in A1 because of 1"), "{checks}");
    assert_eq!(finding("trading mode"), "paper: real accounts are not traded");
    assert!(finding("real money").starts_with("not traded; it would take credentials"), "{checks}");

    let beginning = id.get(..6).unwrap_or_default();
    trade(&home, &["acknowledge", beginning, "--note", " "])?.expect(2)?;
    let known = trade(&home, &["acknowledge", beginning, "--note", "my old shares"])?.expect(0)?.stdout;
    assert!(known.starts_with("Acknowledged by mia (command line) on "), "{known}");
    let again = trade(&home, &["acknowledge", &id, "--note", "again"])?.expect(0)?.stdout;
    assert!(again.starts_with("Nothing changed: ") && again.contains("my old shares"), "{again}");
    trade(&home, &["resume"])?.expect(0)?;
    assert_eq!(trade(&home, &["differences", "--json"])?.expect(0)?.json()?, json!([]));
    let all = trade(&home, &["differences", "--all", "--json"])?.expect(0)?.json()?;
    assert_eq!(all[0]["acknowledged"]["note"], "my old shares");
    Ok(())
}

#[tokio::test]
async fn every_page_of_the_trade_log_is_exported_oldest_first() -> anyhow::Result<()> {
    let home = Home::new().await?;
    let morning = Morning::begin(&home).await?;
    // More than a page, some of them within one minute.
    for number in 0..503 {
        morning.logs(&format!("t-{number:03}"), number / 2, Some(number + 600)).await?;
    }
    let csv = trade(&home, &["export"])?.expect(0)?.stdout;
    let lines: Vec<&str> = csv.split("\r\n").collect();
    assert_eq!(lines.len(), 1 + 503 + 1, "a header, every trade, and nothing behind the last line");
    assert!(lines[0].starts_with("trade_id,opened,closed,account,strategy,symbols"), "{}", lines[0]);
    let opened = |line: &&str| line.split(',').nth(1).unwrap_or_default().to_owned();
    let times: Vec<String> = lines[1..504].iter().map(opened).collect();
    assert!(times.is_sorted(), "oldest first");

    let file = home.path("trades.csv");
    let path = file.to_string_lossy().into_owned();
    let range = ["export", "--from", "2014-06-06T10:10", "--until", "2014-06-06T10:12", "--out", &path];
    let said = trade(&home, &range)?.expect(0)?;
    assert!(said.stdout.is_empty() && said.stderr.contains("4 trades written to"), "{}", said.stderr);
    assert_eq!(std::fs::read_to_string(&file)?.matches("\r\n").count(), 5);
    let json = trade(&home, &["export", "--until", "2014-06-05", "--json"])?.expect(0)?.json()?;
    assert_eq!(json, json!([]));
    Ok(())
}
