//! The steps of trading at a simulated tastytrade whose market stands where a test puts it, with a store of their own.

mod pairs;
mod positions;
mod restarts;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use secrecy::SecretString;
use tempfile::TempDir;
use ttai_contract::{
    ClosePositionParams, ExecuteTradeParams, ExitAdvice, FollowOrderParams, LogTradeParams, OrderRef,
    PositionEnd, PositionLook, PositionMonitorParams, TradeOrder, TradeSummary, UserId, WatchPositionParams,
};
use ttai_core::{Instrument, IntentLeg, NEW_YORK, OrderAction, OrderPhase, Severity, TradingStrategy};
use ttai_http::LocalLimits;
use ttai_ports::{
    AuditNote, Broker, MarketClock, MessageRecord, Messages, OrderIntent, OrderLeg, OrderPrice, Orders,
    RateLimit, TimeInForce,
};
use ttai_providers::tastytrade::{Tastytrade, TastytradeSettings};
use ttai_sim::board::Board;
use ttai_sim::server::faults::Fault;
use ttai_sim::server::{RunningSim, SimOptions, SimStart, start};
use ttai_store::{Database, StoreUrl};
use ttai_trading::TradingRules;
use ttai_trading::rules::{AutoApprove, PriceWalk};

use super::{close, follow, log, position, send};
use crate::compute::Compute;
use crate::deliveries::DeliveryRules;
use crate::ports::Ports;
use crate::supervise::Progress;
use crate::testing::{FakeMarket, symbol, wavy_bars};

const ACCOUNT: &str = "5WT00001";
const PUT: &str = "XYZ   260918P00095000";
const LOWER_PUT: &str = "XYZ   260918P00090000";
const SPX: &str = "SPXW  260918C06000000";
const SPY: &str = "SPY   260918C00600000";

fn instrument(text: &str) -> Instrument {
    Instrument::try_from(text.to_owned()).unwrap()
}

fn cents(count: i64) -> Decimal {
    Decimal::new(count, 2)
}

/// A moment in New York.
fn at(text: &str) -> DateTime<Utc> {
    let local: chrono::NaiveDateTime = format!("{text}:00").parse().unwrap();
    local.and_local_timezone(NEW_YORK).unwrap().to_utc()
}

fn leg(text: &str, action: OrderAction, ratio: u32) -> IntentLeg {
    IntentLeg { instrument: instrument(text), action, ratio }
}

/// A market, a broker, a store.
struct TradingStage {
    sim: RunningSim,
    board: Arc<Board>,
    broker: Arc<Tastytrade>,
    store: Arc<Database>,
    ports: Ports,
    folder: TempDir,
}

impl TradingStage {
    /// XYZ at 100, SPX at 6,000 and SPY at 600, at a moment in New York that stands still. Orders of paper accounts are sent unasked.
    async fn at(moment: &str) -> Self {
        let stage = Self::of_cash(moment).await;
        stage.sim.state.exchange.grant_margin(ACCOUNT, Decimal::from(900_000));
        stage
    }

    /// The same with an account that writes no naked calls.
    async fn of_cash(moment: &str) -> Self {
        let board = Arc::new(Board::until(at("2026-12-31T16:00")));
        for (name, price) in [("XYZ", 10_000), ("SPX", 600_000), ("SPY", 60_000)] {
            board.put(&instrument(name), cents(price - 1), cents(price + 1));
        }
        let sim = start(SimOptions {
            listen: "127.0.0.1:0".parse().unwrap(),
            source: Arc::clone(&board) as _,
            start: SimStart::At(at(moment)),
            speed: 0.0,
            faults: Vec::new(),
        })
        .await
        .unwrap();
        let broker = tastytrade(&sim);
        let folder = tempfile::tempdir().unwrap();
        let url = StoreUrl::sqlite(folder.path().join("ttai.db")).unwrap();
        let store = Arc::new(Database::open(&url).await.unwrap());
        let ports = ports(&broker, &store);
        Self { sim, board, broker, store, ports, folder }
    }

    fn rules(&mut self, change: impl FnOnce(&mut TradingRules)) {
        change(Arc::make_mut(&mut self.ports.trading.rules));
    }

    /// Bid and ask are the same: whoever asks for the mid gets it.
    fn stands(&self, text: &str, price: i64) {
        self.board.put(&instrument(text), cents(price), cents(price));
    }

    fn arm(&self, fault: &str) {
        self.sim.state.faults.add(serde_json::from_str::<Fault>(fault).unwrap());
    }

    /// Lets the market come to a moment; what befalls orders and positions until then befalls them.
    async fn go_to(&self, moment: &str) {
        let market = &self.sim.state.market;
        market.clock().advance(at(moment) - market.now());
        self.happen().await;
    }

    async fn happen(&self) {
        self.sim.state.exchange.follow(&self.sim.state.market).await;
        // The broker's clock is known by its answers.
        self.broker.positions(ACCOUNT).await.unwrap();
        let shown = self.broker.now(&symbol("SPY")).await.unwrap();
        assert!((shown - self.sim.state.market.now()).num_seconds().abs() < 60, "{shown}");
    }

    /// Somebody sends an order of one leg at the broker.
    async fn by_hand(&self, id: &str, text: &str, action: OrderAction, quantity: u32, price: i64) {
        let price =
            if action.is_buy() { OrderPrice::Debit(cents(price)) } else { OrderPrice::Credit(cents(price)) };
        let order = OrderIntent {
            account: ACCOUNT.to_owned(),
            client_order_id: id.to_owned(),
            legs: vec![OrderLeg { instrument: instrument(text), action, quantity }],
            price,
            time_in_force: TimeInForce::Day,
        };
        self.broker.submit(&order).await.unwrap();
        self.happen().await;
        let known = self.broker.order_by_client_id(ACCOUNT, id).await.unwrap().unwrap();
        assert_eq!(known.filled_quantity, Decimal::from(quantity), "{known:?}");
    }

    async fn held(&self, text: &str) -> Decimal {
        let positions = self.broker.positions(ACCOUNT).await.unwrap();
        let own = positions.iter().filter(|position| position.instrument == Some(instrument(text)));
        own.map(|position| position.quantity).sum()
    }

    async fn look(&self, position: &PositionMonitorParams) -> PositionLook {
        self.look_without(position, None).await
    }

    /// A look in a session in which the exit by a rule was rejected.
    async fn look_without(&self, position: &PositionMonitorParams, held_rule: Option<&str>) -> PositionLook {
        let params =
            WatchPositionParams { position: position.clone(), held_rule: held_rule.map(str::to_owned) };
        position::look(&self.ports, &Compute::per_core(), &params).await.unwrap()
    }

    /// The order of an exit, as the monitor has it made.
    async fn exit(&self, position: &PositionMonitorParams, advice: &ExitAdvice, sequence: u32) -> TradeOrder {
        let params = ClosePositionParams { position: position.clone(), advice: advice.clone(), sequence };
        close(&self.ports, params, "monitor").await.unwrap()
    }

    /// Sends an approved order and follows it to its end.
    async fn carry_out(&self, order: &TradeOrder) -> TradeOrder {
        assert_eq!(order.phase, OrderPhase::Approved, "{order:?}");
        let which = OrderRef { user_id: UserId::default(), order_id: order.id.clone(), channels: Vec::new() };
        let sending = ExecuteTradeParams { order: which.clone(), fence: 1, replaces: None };
        let mut sent = send::execute(&self.ports, sending, "monitor").await.unwrap();
        if !sent.is_done() {
            let following = FollowOrderParams { order: which, patience_seconds: 5, cancel: false };
            sent = follow::follow(&self.ports, following, Progress::default()).await.unwrap();
        }
        sent
    }

    async fn log(&self, position: &PositionMonitorParams, end: PositionEnd) -> TradeSummary {
        let params = LogTradeParams {
            position: position.clone(),
            exit_orders: position.exit_orders.clone(),
            end: Some(end),
        };
        log::log(&self.ports, params, "monitor").await.unwrap()
    }

    /// What the user was told under a key.
    async fn told(&self, key: &str) -> Option<MessageRecord> {
        self.store.message(&format!("trade/default/{key}")).await.unwrap()
    }

    async fn critical(&self, key: &str) -> String {
        let told = self.told(key).await.unwrap_or_else(|| panic!("nothing was told as {key}"));
        assert_eq!(told.message.severity, Severity::Critical);
        told.message.text
    }
}

/// The broker as a process that has just started knows it.
fn tastytrade(sim: &RunningSim) -> Arc<Tastytrade> {
    let secret = || SecretString::from("simulated");
    let base = sim.endpoints.tastytrade.parse().unwrap();
    let rate = RateLimit { per_minute: 1_000_000, burst: 10_000 };
    let settings =
        TastytradeSettings { paper: true, rate, ..TastytradeSettings::new(base, secret(), secret()) };
    Arc::new(Tastytrade::new(&settings, Arc::new(LocalLimits::default())).unwrap())
}

fn ports(broker: &Arc<Tastytrade>, store: &Arc<Database>) -> Ports {
    let day = chrono::NaiveDate::from_ymd_opt(2026, 9, 17).unwrap();
    let (mut ports, _) = crate::testing::ports(FakeMarket::of("XYZ", wavy_bars(day, 30, 0.0)));
    ports.market = Arc::clone(broker) as _;
    ports.brokers = vec![Arc::clone(broker) as _];
    ports.deliverer.messages = Arc::clone(store) as _;
    ports.deliverer.deliveries = Arc::clone(store) as _;
    ports.deliverer.rules = Arc::new(DeliveryRules::default());
    ports.trading.orders = Arc::clone(store) as _;
    ports.trading.halts = Arc::clone(store) as _;
    ports.trading.differences = Arc::clone(store) as _;
    ports.trading.trade_log = Arc::clone(store) as _;
    let mut rules = TradingRules {
        // The market is met at once, and nothing is walked.
        walk: PriceWalk { steps: 1, seconds_a_step: 1, most_concession: Decimal::from(5) },
        ..TradingRules::default()
    };
    for leave in [&mut rules.spy_spx.leave, &mut rules.csp_entry.leave] {
        leave.auto_approve = AutoApprove::Paper;
    }
    ports.trading.rules = Arc::new(rules);
    ports
}

/// A position of somebody's, opened for a credit in cents a share and not by orders of ours.
fn position(legs: Vec<IntentLeg>, quantity: u32, credit: i64) -> PositionMonitorParams {
    let expiration = legs[0].instrument.contract().unwrap().expiration;
    PositionMonitorParams {
        id: "ttai-position".to_owned(),
        account_id: ACCOUNT.to_owned(),
        user_id: UserId::default(),
        strategy: TradingStrategy::CspEntry,
        order_ids: Vec::new(),
        legs,
        quantity,
        entry_credit: cents(credit),
        opened_at: at("2026-08-24T10:00"),
        expiration,
        exit: serde_json::Value::Null,
        limits: Default::default(),
        check_interval_minutes: 5,
        notify_channels: Vec::new(),
        exits: 0,
        exit_orders: Vec::new(),
        drill: false,
        unknown: Default::default(),
    }
}

/// Somebody's note in the audit trail.
fn note(actor: &str) -> AuditNote {
    AuditNote { actor: actor.to_owned(), at: at("2026-09-01T10:00"), detail: serde_json::json!({}) }
}
