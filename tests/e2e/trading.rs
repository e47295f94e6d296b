//! Trading in front of a real server and a simulated broker: a day from the decision over the approval and the fill to the watch, which
//! notices what is done at the broker; an order that is rejected, and one that a halt stops.

use std::sync::Arc;

use anyhow::Context;
use rust_decimal::Decimal;
use serde_json::json;
use ttai_activities::{Ports, TradingPorts};
use ttai_contract::{
    AccountContext, CSPScreenerParams, DailyTradingParams, DailyTradingStatus, PositionEnd,
    PositionMonitorStatus, ScreenCriteria, TradingRunStatus, TradingStrategy,
};
use ttai_core::{Instrument, OrderAction, OrderPhase, TimeInForce};
use ttai_ports::{
    AuditNote, AuditTrail, Broker, HaltScope, Halts, OrderIntent, OrderLeg, OrderPrice, Orders, TradeFilter,
    TradeLog,
};
use ttai_trading::rules::PriceWalk;
use ttai_trading::{TradingRules, TradingStrategy as Strategy};

use crate::foreign::ForeignHandle;
use crate::lab::{DEADLINE, Lab, symbol};

/// The ports with a walk that takes a second a step, and nothing that keeps a second order away.
pub(crate) fn quick(ports: Ports) -> Ports {
    let mut rules = TradingRules {
        walk: PriceWalk { steps: 2, seconds_a_step: 1, most_concession: Decimal::from(5) },
        ..TradingRules::default()
    };
    rules.csp_entry.minutes_before_close = 0;
    Ports { trading: TradingPorts { rules: Arc::new(rules), ..ports.trading.clone() }, ..ports }
}

/// A screen of today, of which csp_entry takes the best pick.
pub(crate) async fn picks(lab: &Lab) -> anyhow::Result<()> {
    let params = CSPScreenerParams {
        account: AccountContext { capital: Some(60_000.0), ..AccountContext::default() },
        criteria: ScreenCriteria {
            symbols: ["AAPL", "F", "INTC", "PYPL"].map(symbol).to_vec(),
            min_roc_weekly: 0.05,
            min_open_interest: 1,
            max_spread_pct: 60.0,
            exclude_earnings: false,
            max_price: Some(300.0),
            ..ScreenCriteria::default()
        },
        include_chart_image: false,
        drill: true,
        ..CSPScreenerParams::default()
    };
    let run = lab.client.start(&params, Some("picks")).await?;
    let result = lab.answer(&run).await?;
    anyhow::ensure!(!result.picks.is_empty(), "{:?}", result.dropped);
    Ok(())
}

pub(crate) fn params() -> DailyTradingParams {
    DailyTradingParams { drill: true, ..DailyTradingParams::of(TradingStrategy::CspEntry) }
}

/// The order of a run once it waits for an answer.
pub(crate) async fn asked(lab: &Lab, workflow_id: &str) -> anyhow::Result<String> {
    let handle = ForeignHandle::of(lab, workflow_id);
    let waits = |status: &DailyTradingStatus| status.awaiting_approval.is_some();
    let status: DailyTradingStatus = handle.status_until(waits).await?;
    Ok(status.awaiting_approval.context("an order waits")?.order_id)
}

/// Somebody buys a put back at the broker, beside ttai.
async fn bought_back(broker: &dyn Broker, account: &str, put: &Instrument) -> anyhow::Result<()> {
    let order = OrderIntent {
        account: account.to_owned(),
        client_order_id: "by-hand-1".to_owned(),
        legs: vec![OrderLeg { instrument: put.clone(), action: OrderAction::BuyToClose, quantity: 1 }],
        price: OrderPrice::Debit(Decimal::from(50)),
        time_in_force: TimeInForce::Day,
    };
    broker.submit(&order).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_put_is_sold_once_it_is_approved_and_watched_until_it_is_gone() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let mut brokers = Vec::new();
    let workers = lab
        .workers_over(|ports| {
            brokers.clone_from(&ports.brokers);
            quick(ports)
        })
        .await?;
    let broker = brokers.first().context("a broker")?;
    picks(&lab).await?;
    let run = lab.client.start(&params(), Some("sold")).await?;
    let id = asked(&lab, run.workflow_id()).await?;
    let trading = lab.client.trading_run(run.workflow_id());
    let nobody = trading.approve("ttai-unknown", "mia").await.map_err(|error| error.to_string());
    assert!(nobody.as_ref().is_err_and(|why| why.contains("this run has no order")), "{nobody:?}");
    let approved = trading.approve(&id, "mia").await?;
    assert_eq!((approved.phase, approved.approved_by.as_deref()), (OrderPhase::Approved, Some("mia")));
    // Said twice it is done once.
    assert_eq!(trading.approve(&id, "bob").await?.approved_by.as_deref(), Some("mia"));

    let result = lab.answer(&run).await?;
    assert_eq!(result.status, TradingRunStatus::Complete, "{result:?}");
    let last = result.orders.last().context("an order")?;
    assert_eq!((&last.phase, last.filled), (&OrderPhase::Filled, Decimal::ONE), "{result:?}");
    let put = last.legs[0].instrument.clone();
    let held = broker.positions(&last.account_id).await?;
    let short = held.iter().find(|position| position.instrument.as_ref() == Some(&put));
    assert_eq!(short.map(|position| position.quantity), Some(Decimal::NEGATIVE_ONE), "{held:?}");
    let listed = broker.orders(&last.account_id, "2026-09-18T00:00:00Z".parse()?).await?;
    let ours = listed.iter().filter(|order| order.client_order_id.as_deref() == Some(last.id.as_str()));
    assert_eq!(ours.count(), 1, "{listed:?}");

    let monitor = result.monitor.context("a monitor")?;
    let watch = ForeignHandle::of(&lab, &monitor);
    watch.status_until(|status: &PositionMonitorStatus| status.step == "watching the position").await?;
    bought_back(broker.as_ref(), &last.account_id, &put).await?;
    let end = lab.client.any_run(&monitor).answer(Some(DEADLINE)).await?;
    assert_eq!(
        (&end["action"], &end["end"]),
        (&json!("closed_early"), &json!(PositionEnd::ClosedByHand)),
        "{end}"
    );

    if std::env::var_os("TTAI_RECORD_HISTORIES").is_some() {
        crate::histories::record(&lab, "daily-trading-sold", run.workflow_id()).await?;
        crate::histories::record(&lab, "position-monitor-closed-by-hand", &monitor).await?;
    }
    let store = lab.store().await?;
    let trades = store.trades("default", &TradeFilter::default()).await?;
    assert_eq!(trades.len(), 1);
    assert!(trades[0].closed.is_some() && trades[0].entry_credit > Decimal::ZERO, "{trades:?}");
    assert_eq!(trades[0].strategy, Strategy::CspEntry.as_str());
    assert_eq!(store.verify_audit(Some("default")).await?.broken, None);
    workers.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rejected_order_and_one_that_a_halt_stops_are_never_sent() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let mut brokers = Vec::new();
    let workers = lab
        .workers_over(|ports| {
            brokers.clone_from(&ports.brokers);
            quick(ports)
        })
        .await?;
    picks(&lab).await?;
    let run = lab.client.start(&params(), Some("rejected")).await?;
    let id = asked(&lab, run.workflow_id()).await?;
    let trading = lab.client.trading_run(run.workflow_id());
    let rejected = trading.reject(&id, "mia", "too close to the holidays").await?;
    assert_eq!(rejected.phase, OrderPhase::RejectedByUser);
    assert_eq!(lab.answer(&run).await?.status, TradingRunStatus::NotApproved);

    let run = lab.client.start(&params(), Some("halted")).await?;
    let id = asked(&lab, run.workflow_id()).await?;
    let store = lab.store().await?;
    let note = AuditNote { actor: "mia".to_owned(), at: chrono::Utc::now(), detail: json!({}) };
    store.halt(&HaltScope::User("default".to_owned()), "a test", &note).await?;
    let refused = lab.client.trading_run(run.workflow_id()).approve(&id, "bob").await;
    let refused = refused.map_err(|error| error.to_string());
    assert!(refused.as_ref().is_err_and(|why| why.contains("mia halted trading")), "{refused:?}");
    let order = store.order("default", &id).await?.context("the order")?;
    assert_eq!(order.order.phase(), OrderPhase::AwaitingApproval, "it waits on");

    let another = lab.client.start(&params(), Some("another")).await?;
    let result = lab.answer(&another).await?;
    assert_eq!(result.status, TradingRunStatus::Refused, "{result:?}");
    let why = &result.orders[0].sentence;
    assert!(why.contains("mia halted trading"), "{why}");
    let broker = brokers.first().context("a broker")?;
    let account = &result.orders[0].account_id;
    let listed = broker.orders(account, "2026-09-18T00:00:00Z".parse()?).await?;
    let ours = listed.iter().filter_map(|order| order.client_order_id.as_deref());
    assert_eq!(ours.filter(|id| id.starts_with("ttai-")).count(), 0, "{listed:?}");
    workers.stop().await
}
