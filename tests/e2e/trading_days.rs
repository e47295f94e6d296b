//! Whole days of trading at both simulated brokers, on a market that a test moves: from the schedule over the approval, the fills, the
//! watch and the exit to the exported row; and what becomes of a pair of which a leg fails.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, ensure};
use chrono::{DateTime, NaiveDateTime, Utc};
use clap::Parser;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use temporalio_protos::temporal::api::history::v1::HistoryEvent;
use temporalio_protos::temporal::api::history::v1::history_event::Attributes;
use ttai::cli::{Cli, Command};
use ttai::config;
use ttai::market::MarketChoice;
use ttai::settings::Settings;
use ttai::sources::{SIMULATED_KEY, variables};
use ttai::worker::{RunningWorkers, WorkerSettings};
use ttai::{commands, schedules, wiring};
use ttai_activities::{Ports, TradingPorts};
use ttai_config::Environment;
use ttai_contract::{
    DailyTradingParams, DailyTradingResult, PositionMonitorResult, TradingRunStatus, TradingStrategy,
};
use ttai_core::{Instrument, NEW_YORK, OrderPhase, OrderPurpose, PositionEnd};
use ttai_ports::{
    Broker, Messages, OrderFilter, OrderRecord, Orders, RankedPick, ScreenRunKey, ScreenRunRecord,
    ScreenerResults, TradeFilter, TradeLog,
};
use ttai_sim::board::Board;
use ttai_sim::server::faults::Fault;
use ttai_sim::server::{RunningSim, SimOptions, SimStart, account_numbers, start};
use ttai_store::Database;
use ttai_trading::TradingRules;
use ttai_trading::rules::PriceWalk;

use crate::foreign::ForeignHandle;
use crate::lab::{DEADLINE, Lab, eventually, symbol};

const PUT: &str = "XYZ   260925P00095000";
const SPX: &str = "SPXW  260918C06000000";
const SPY: &str = "SPY   260918C00600000";
/// Market seconds a second, by which what waits for the market is divided; the market itself moves when a test says so.
const SPEED: f64 = 100.0;

fn instrument(text: &str) -> anyhow::Result<Instrument> {
    Ok(Instrument::try_from(text.to_owned())?)
}

fn cents(count: i64) -> Decimal {
    Decimal::new(count, 2)
}

/// A moment in New York.
fn at(text: &str) -> anyhow::Result<DateTime<Utc>> {
    let local: NaiveDateTime = format!("{text}:00").parse()?;
    Ok(local.and_local_timezone(NEW_YORK).single().context("an hour that is there once")?.to_utc())
}

/// A server, two brokers over one market, and workers that trade there.
struct TradingDay {
    lab: Lab,
    sim: RunningSim,
    board: Arc<Board>,
    brokers: Vec<Arc<dyn Broker>>,
    store: Database,
    workers: RunningWorkers,
    tastytrade: String,
    alpaca: String,
}

/// What a pair may lose is a fifth of the strike of its naked calls: no limit of an order holds here, and each price is tried shortly.
fn rules() -> TradingRules {
    let mut rules = TradingRules {
        walk: PriceWalk { steps: 3, seconds_a_step: 30, most_concession: Decimal::from(5) },
        approval_minutes: 0,
        ..TradingRules::default()
    };
    let limits = &mut rules.limits;
    (limits.max_order_risk, limits.max_day_risk) = (None, None);
    (limits.max_symbol_risk, limits.max_account_risk) = (None, None);
    rules
}

impl TradingDay {
    /// XYZ at 100, SPX at 6,000, SPY at 600, their contracts as asked.
    async fn begin(moment: &str, contracts: &[(&str, i64, i64)]) -> anyhow::Result<Self> {
        let lab = Lab::ephemeral().await?;
        let board = Arc::new(Board::until(at("2026-12-31T16:00")?));
        for (name, price) in [("XYZ", 10_000), ("SPX", 600_000), ("SPY", 60_000)] {
            board.put(&instrument(name)?, cents(price - 1), cents(price + 1));
        }
        for (name, bid, ask) in contracts {
            board.put(&instrument(name)?, cents(*bid), cents(*ask));
        }
        let sim = start(SimOptions {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            source: Arc::clone(&board) as _,
            start: SimStart::At(at(moment)?),
            speed: 0.0,
            faults: Vec::new(),
        })
        .await?;
        let [tastytrade, alpaca] = account_numbers(SIMULATED_KEY);
        sim.state.exchange.grant_margin(&tastytrade, Decimal::from(900_000));
        let ports = ports(&lab, &sim).await?;
        let brokers = ports.brokers.clone();
        let settings = WorkerSettings { drill: true, ..WorkerSettings::default() };
        let workers = RunningWorkers::start(lab.client.temporal().clone(), ports, settings).await?;
        let store = lab.store().await?;
        Ok(Self { lab, sim, board, brokers, store, workers, tastytrade, alpaca })
    }

    /// Bid and ask are the same: whoever asks for the mid gets it.
    fn stands(&self, text: &str, price: i64) -> anyhow::Result<()> {
        self.board.put(&instrument(text)?, cents(price), cents(price));
        Ok(())
    }

    fn arm(&self, fault: Value) -> anyhow::Result<()> {
        self.sim.state.faults.add(serde_json::from_value::<Fault>(fault)?);
        Ok(())
    }

    fn broker(&self, name: &str) -> anyhow::Result<&Arc<dyn Broker>> {
        self.brokers.iter().find(|broker| broker.name() == name).context("no such broker")
    }

    async fn held(&self, broker: &str, account: &str, text: &str) -> anyhow::Result<Decimal> {
        let wanted = instrument(text)?;
        let positions = self.broker(broker)?.positions(account).await?;
        let own = positions.iter().filter(|position| position.instrument.as_ref() == Some(&wanted));
        Ok(own.map(|position| position.quantity).sum())
    }

    async fn orders(&self) -> anyhow::Result<Vec<OrderRecord>> {
        Ok(self.store.orders("default", &OrderFilter::default()).await?)
    }

    /// An order that waits for approval, once there is one.
    async fn waiting(&self, purpose: OrderPurpose) -> anyhow::Result<OrderRecord> {
        let filter = OrderFilter { phases: vec![OrderPhase::AwaitingApproval], ..OrderFilter::default() };
        eventually("an order that waits for approval", async || {
            let waiting = self.store.orders("default", &filter).await?;
            let fits = |record: &OrderRecord| {
                record.intent.as_ref().is_some_and(|intent| intent.slot.purpose == purpose)
            };
            Ok(waiting.into_iter().find(fits))
        })
        .await
    }

    /// Mia approves what waits; the workflow whose order it is.
    async fn approve(&self, purpose: OrderPurpose) -> anyhow::Result<String> {
        let record = self.waiting(purpose).await?;
        let workflow = record.workflow_id.context("an order has a workflow")?;
        // The store has it a moment before the run knows of it.
        let run = ForeignHandle::of(&self.lab, &workflow);
        let waits =
            |status: &Value| status["awaiting_approval"]["order_id"] == record.client_order_id.as_str();
        run.status_until(waits).await?;
        let trading = self.lab.client.trading_run(workflow.as_str());
        let approved = trading.approve(&record.client_order_id, "mia").await?;
        ensure!(approved.approved_by.as_deref() == Some("mia"), "{approved:?}");
        Ok(workflow)
    }

    async fn pair(&self, account: &str, key: &str) -> anyhow::Result<ttai_client::Run<DailyTradingParams>> {
        let params = DailyTradingParams {
            account_id: account.to_owned(),
            drill: true,
            ..DailyTradingParams::of(TradingStrategy::SpySpx)
        };
        Ok(self.lab.client.start(&params, Some(key)).await?)
    }

    /// Applies the `daily-trading` schedule with an input, and triggers it.
    async fn trigger(&self, input: &str) -> anyhow::Result<()> {
        let file = self.lab.folder().join("ttai.toml");
        std::fs::write(&file, format!("[schedules.daily-trading]\ninput = {input}\n"))?;
        let config = config::load(Some(&file), &Environment::default());
        config.usable()?;
        let mut plan = schedules::plan(&config, true, Utc::now());
        plan.wanted.retain(|planned| planned.wanted.id == "daily-trading");
        schedules::apply(&self.lab.client, &plan, false).await?;
        let schedule = self.lab.client.schedule("daily-trading").await?.context("it is there")?;
        ensure!(schedule.paused, "nothing is traded before somebody says so: {schedule:?}");
        Ok(self.lab.client.trigger_schedule("daily-trading").await?)
    }

    /// The rows of `ttai trade export`, each by its columns.
    async fn exported(&self) -> anyhow::Result<Vec<Vec<String>>> {
        let folder = self.lab.folder();
        let (store, file) = (folder.join("ttai.db"), folder.join("trades.csv"));
        let arguments = ["ttai", "--store", path(&store)?, "trade", "export", "--out", path(&file)?];
        let Cli { global, command: Command::Trade(command) } = Cli::try_parse_from(arguments)? else {
            anyhow::bail!("another command")
        };
        commands::trade::run(&global, command).await?;
        let text = std::fs::read_to_string(&file)?;
        let cells = |line: &str| line.split(',').map(str::to_owned).collect();
        Ok(text.lines().skip(1).map(cells).collect())
    }

    async fn end(self) -> anyhow::Result<()> {
        self.workers.stop().await
    }
}

fn path(file: &std::path::Path) -> anyhow::Result<&str> {
    file.to_str().context("a path of the test")
}

/// The product's own wiring, with every provider at the simulation.
async fn ports(lab: &Lab, sim: &RunningSim) -> anyhow::Result<Ports> {
    let all = variables(&sim.endpoints);
    let all: Vec<(&str, &str)> = all.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let settings = Settings {
        config: Arc::new(ttai_config::of_environment(&Environment::of(&all))),
        store_url: lab.folder().join("ttai.db").to_string_lossy().into_owned().into(),
        address: Some(lab.server.address()),
        ..Settings::of_market(&PathBuf::from(env!("CARGO_TARGET_TMPDIR")), MarketChoice::Live)
    };
    let ports = wiring::ports(&settings).await?;
    let trading = TradingPorts { rules: Arc::new(rules()), speed: SPEED, ..ports.trading.clone() };
    Ok(Ports { trading, ..ports })
}

/// The SPX call at 40.00 and the SPY call at 4.20: ten of these bring 2.00 more.
const PAIR: [(&str, i64, i64); 2] = [(SPX, 4_000, 4_000), (SPY, 420, 420)];

/// A day of seed 001: scheduled, approved, bought and sold leg by leg, watched, left at half of the credit, exported.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_of_spy_spx_at_tastytrade_from_the_schedule_to_the_row() -> anyhow::Result<()> {
    let day = TradingDay::begin("2026-09-16T10:00", &PAIR).await?;
    day.trigger(&format!(r#"{{ account_id = "{}", drill = true }}"#, day.tastytrade)).await?;
    let workflow = day.approve(OrderPurpose::Entry).await?;
    // The second leg is sent under the leave of the first, once that is filled.
    eventually("the position is open", async || {
        Ok((day.held("tastytrade", &day.tastytrade, SPY).await? == Decimal::from(-10)).then_some(()))
    })
    .await?;
    assert_eq!(day.held("tastytrade", &day.tastytrade, SPX).await?, Decimal::ONE);
    let handle = ForeignHandle::of(&day.lab, &workflow);
    let waits = |status: &Value| status["step"] == "the position is watched";
    let status: Value = handle.status_until(waits).await?;
    // Seed 001's fields.
    let decision = &status["decision"];
    assert_eq!(decision["should_trade"], json!(true));
    assert_eq!((&decision["spx_strike"], &decision["spy_strike"]), (&json!(6000.0), &json!(600.0)));
    assert_eq!((&decision["expiry"], &decision["entry_credit"]), (&json!("2026-09-18"), &json!(2.0)));
    let logged = day.exported().await?;
    assert_eq!(logged[0][2], "", "logged from its entry on: {logged:?}");

    // Closing costs 39.00 less 38.20: 0.80, under half of the 2.00.
    day.stands(SPX, 3_820)?;
    day.stands(SPY, 390)?;
    let monitor = day.approve(OrderPurpose::Exit).await?;
    let answer = day.lab.client.any_run(&workflow).answer(Some(DEADLINE)).await?;
    let answer: DailyTradingResult = serde_json::from_value(answer)?;
    assert_eq!(
        (answer.status, answer.monitor.as_deref()),
        (TradingRunStatus::Complete, Some(monitor.as_str()))
    );
    let ended = answer.position.context("it waited for its monitor")?;
    assert_eq!((ended.action.as_str(), &ended.warnings), ("closed_early", &Vec::new()), "{ended:?}");
    for contract in [SPX, SPY] {
        assert!(day.held("tastytrade", &day.tastytrade, contract).await?.is_zero(), "{contract}");
    }

    let orders = day.orders().await?;
    let filled = orders.iter().filter(|record| record.order.phase() == OrderPhase::Filled);
    assert_eq!((filled.count(), orders.len()), (4, 4), "two legs in, two legs out, each once: {orders:?}");
    let rows = day.exported().await?;
    let [row] = rows.as_slice() else { anyhow::bail!("{rows:?}") };
    assert_eq!(
        row[3..9],
        [&day.tastytrade, "spy_spx", "SPX;SPY", "6000;600", "2026-09-18", "bought 1;sold 10"]
    );
    // Entry credit, exit debit, fees, P&L, action.
    assert_eq!(row[9..14], ["200", "80", "0", "120", "closed_early"], "{row:?}");
    assert_eq!(row[14].split(';').count(), 4, "{row:?}");
    day.end().await
}

/// What became of a pair whose second leg failed.
struct FailedPair {
    workflow_id: String,
    result: DailyTradingResult,
    spx: Decimal,
    spy: Decimal,
    /// Purpose and filled quantity of every order that was filled, as the broker numbered them.
    orders: Vec<(OrderPurpose, Decimal)>,
}

async fn fails(day: &TradingDay, key: &str) -> anyhow::Result<FailedPair> {
    let before: BTreeSet<String> =
        day.orders().await?.into_iter().map(|record| record.client_order_id).collect();
    let run = day.pair(&day.tastytrade, key).await?;
    day.approve(OrderPurpose::Entry).await?;
    let result = day.lab.answer(&run).await?;
    let mut orders = day.orders().await?;
    orders.retain(|record| !before.contains(&record.client_order_id));
    orders.sort_by_key(|record| record.order.facts.broker_order_ids.first().cloned());
    let of = |record: &OrderRecord| {
        let purpose = record.intent.as_ref().map_or(OrderPurpose::Roll, |intent| intent.slot.purpose);
        let legs = record.order.legs.keys();
        (purpose, legs.map(|leg| record.order.filled(leg)).sum::<Decimal>())
    };
    Ok(FailedPair {
        workflow_id: run.workflow_id().to_owned(),
        result,
        spx: day.held("tastytrade", &day.tastytrade, SPX).await?,
        spy: day.held("tastytrade", &day.tastytrade, SPY).await?,
        orders: orders.iter().map(of).filter(|(_, filled)| !filled.is_zero()).collect(),
    })
}

/// The activities that a run scheduled, in order.
async fn called(lab: &Lab, workflow_id: &str) -> anyhow::Result<Vec<String>> {
    let events = lab.events(workflow_id).await?;
    let name = |event: &HistoryEvent| match &event.attributes {
        Some(Attributes::ActivityTaskScheduledEventAttributes(scheduled)) => {
            scheduled.activity_type.as_ref().map(|kind| kind.name.clone())
        }
        _ => None,
    };
    Ok(events.iter().filter_map(name).collect())
}

/// The plan that is in the history before the first leg undoes what stands alone, short calls before the long one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pair_whose_second_leg_fails_is_undone_or_handed_over_and_never_naked() -> anyhow::Result<()> {
    use OrderPurpose::{Compensation, Entry};
    let day = TradingDay::begin("2026-09-16T10:00", &PAIR).await?;
    let rejected = |times: u32| json!({ "service": "tastytrade", "action": "reject_order", "reason": "not today", "skip": 1, "times": times });
    let one = (Entry, Decimal::ONE);
    let sold = (Compensation, Decimal::ONE);

    day.arm(rejected(1))?;
    let found = fails(&day, "rejected").await?;
    assert_eq!(found.result.status, TradingRunStatus::NotFilled, "{:?}", found.result);
    assert_eq!((found.spx, found.spy), (Decimal::ZERO, Decimal::ZERO));
    assert_eq!(found.orders, [one, sold]);
    assert!(found.result.monitor.is_none(), "there is nothing to watch");
    let trades = day.store.trades("default", &TradeFilter::default()).await?;
    let logged: Vec<_> = trades.iter().map(|trade| (trade.action, trade.legs.len())).collect();
    assert_eq!(
        logged,
        [(Some(PositionEnd::ClosedEarly), 2)],
        "what was undone has cost something: {trades:?}"
    );
    assert_eq!(trades[0].exit_debit.map(|debit| trades[0].entry_credit - debit), trades[0].profit);
    let called = called(&day.lab, &found.workflow_id).await?;
    let place = |name: &str| called.iter().position(|called| called == name).context(name.to_owned());
    assert!(place("plan_legs_activity")? < place("execute_trade")?, "the plan is stored first: {called:?}");

    // At 4.00 bid the whole would bring no 1.00 any more: the calls are offered down to 4.10 and taken back.
    day.board.put(&instrument(SPY)?, cents(400), cents(440));
    let found = fails(&day, "unfilled").await?;
    assert_eq!((found.result.status, found.orders), (TradingRunStatus::NotFilled, vec![one, sold]));
    assert_eq!((found.spx, found.spy), (Decimal::ZERO, Decimal::ZERO));
    let offered = day.orders().await?.into_iter().filter_map(|record| record.intent);
    let calls = offered.filter(|intent| intent.legs[0].instrument.to_string() == SPY);
    let least = calls.map(|intent| intent.limit.amount()).min();
    assert_eq!(least, Some(cents(410)), "the whole keeps to its minimum credit");

    day.stands(SPY, 420)?;
    day.arm(json!({ "service": "tastytrade", "action": "fill_parts", "units": [4], "skip": 1 }))?;
    let found = fails(&day, "in-part").await?;
    assert_eq!(found.result.status, TradingRunStatus::NotFilled, "{:?}", found.result);
    let four = Decimal::from(4);
    assert_eq!(found.orders, [one, (Entry, four), (Compensation, four), sold], "calls are bought back first");
    assert_eq!((found.spx, found.spy), (Decimal::ZERO, Decimal::ZERO));

    day.arm(rejected(2))?;
    let found = fails(&day, "handed-over").await?;
    assert_eq!(found.result.status, TradingRunStatus::HandedOver, "{:?}", found.result);
    assert_eq!((found.spx, found.spy, found.orders), (Decimal::ONE, Decimal::ZERO, vec![one]));
    let key = format!("trade/default/{}/handed-over", found.workflow_id);
    let told = day.store.message(&key).await?.context("the user is told")?.message;
    assert_eq!(told.severity, ttai_core::Severity::Critical);
    assert!(told.text.contains("close what stands alone"), "{}", told.text);
    day.end().await
}

/// Alpaca lists no options on indices: that is said before the session, and nothing is even proposed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alpaca_refuses_spx_before_the_session_and_says_why() -> anyhow::Result<()> {
    let day = TradingDay::begin("2026-09-16T08:30", &PAIR).await?;
    let run = day.pair(&day.alpaca, "refused").await?;
    let result = day.lab.answer(&run).await?;
    assert_eq!((result.status, result.decision.should_trade), (TradingRunStatus::Complete, false));
    assert_eq!(
        result.decision.reason,
        "No trade. Alpaca lists no options on indices such as SPX: the SPX call cannot be bought in this account. Run spy_spx in an \
         account whose broker lists them, such as tastytrade."
    );
    assert!(day.orders().await?.is_empty());
    let listed = day.broker("alpaca")?.orders(&day.alpaca, at("2026-09-15T10:00")?).await?;
    assert!(listed.is_empty(), "{listed:?}");
    let key = format!("trade/default/{}/decision", run.workflow_id());
    let told = day.store.message(&key).await?.context("the user is told")?.message;
    assert!(told.text.contains("Alpaca") && told.text.contains("SPX"), "{}", told.text);
    day.end().await
}

/// A screen of the day whose one pick is the put.
async fn picked(day: &TradingDay) -> anyhow::Result<()> {
    let xyz = symbol("XYZ");
    let now = day.sim.state.market.now();
    let trade = json!({
        "strategy": "csp", "contract": PUT, "strike": 0.0, "expiration": "2026-09-25", "last_trade_date": "2026-09-25",
        "dte": 0, "contracts": 1, "sizing": "unsized", "buy_write": false, "credit": 0.0, "bid": 0.0, "ask": 0.0,
        "collateral": 0.0, "cash_required": 0.0, "net_of_premium": 0.0, "regt_margin": 0.0, "breakeven": 0.0,
        "max_profit": 0.0, "max_loss": 0.0, "roc_period": 0.0, "roc_weekly": 1.0, "roc_annual": 0.0,
        "roc_annual_compound": 0.0, "locks_in_loss": false, "ex_dates": [], "exit_plan": [],
    });
    let result = json!({
        "candidates_screened": 1, "candidates_analyzed": 1, "quick_analyzed": 1,
        "recommendations": [{
            "symbol": xyz, "overall_recommendation": "select", "strategy": "csp", "evidence": [], "warnings": [],
            "suggested_position": trade,
        }],
        "picks": [{
            "symbol": xyz, "scores": { "return_at_bid": 1.0 }, "contracts": 1, "collateral": "0", "limit": "the test's",
        }],
        "ranking": "return_at_bid", "dropped": [], "failed": [], "changes": {}, "capital": {}, "collateral": "0",
        "run": { "user_id": "default", "screen": "morning", "workflow_id": "screen-1", "run_id": "1" },
        "as_of": now, "warnings": [],
    });
    let key = ScreenRunKey {
        user_id: "default".to_owned(),
        workflow_id: "screen-1".to_owned(),
        run_id: "1".to_owned(),
    };
    let record = ScreenRunRecord {
        key,
        screen: "morning".to_owned(),
        criteria: Value::Null,
        picks: vec![RankedPick { symbol: xyz, value: 1.0 }],
        result,
        as_of: Some(now),
        created_at: Utc::now(),
    };
    day.store.save_screen_run(&record).await?;
    Ok(())
}

/// The same day of a put seller at Alpaca: the run ends with the fill, and its watch goes on by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_of_csp_entry_at_alpaca_from_the_schedule_to_the_row() -> anyhow::Result<()> {
    let day = TradingDay::begin("2026-09-16T10:05", &[(PUT, 200, 200)]).await?;
    picked(&day).await?;
    let input = format!(r#"{{ strategy = "csp_entry", account_id = "{}", drill = true }}"#, day.alpaca);
    day.trigger(&input).await?;
    let workflow = day.approve(OrderPurpose::Entry).await?;
    let answer = day.lab.client.any_run(&workflow).answer(Some(DEADLINE)).await?;
    let answer: DailyTradingResult = serde_json::from_value(answer)?;
    assert_eq!((answer.status, answer.position), (TradingRunStatus::Complete, None), "{:?}", answer.warnings);
    assert_eq!(day.held("alpaca", &day.alpaca, PUT).await?, Decimal::NEGATIVE_ONE);

    day.stands(PUT, 95)?;
    let monitor = day.approve(OrderPurpose::Exit).await?;
    assert_eq!(Some(&monitor), answer.monitor.as_ref());
    let ended = day.lab.client.any_run(&monitor).answer(Some(DEADLINE)).await?;
    let ended: PositionMonitorResult = serde_json::from_value(ended)?;
    assert_eq!((ended.action.as_str(), &ended.warnings), ("closed_early", &Vec::new()), "{ended:?}");
    assert!(day.held("alpaca", &day.alpaca, PUT).await?.is_zero());
    let rows = day.exported().await?;
    let [row] = rows.as_slice() else { anyhow::bail!("{rows:?}") };
    assert_eq!(row[3..9], [&day.alpaca, "csp_entry", "XYZ", "95", "2026-09-25", "sold 1"]);
    assert_eq!(row[9..14], ["200", "95", "0", "105", "closed_early"], "{row:?}");
    day.end().await
}
