//! Trading as activities: the decision, the way of an order, and the watch over what it opened.
//!
//! | Where | What |
//! |---|---|
//! | `facts` | what the strategies decide by, and their decision |
//! | `legs` | one order, or leg by leg |
//! | `propose` | an order is made, judged by the risk gate, approved |
//! | `send` | it is claimed and sent, once, or looked up until it is known |
//! | `follow` | it is followed until it has ended |
//! | `position` | what was opened is looked at and left by its plan |
//! | `log` | the trade log |
//! | `reconcile` | the broker's books against ours |

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

mod desk;
mod facts;
mod follow;
mod gate_facts;
mod legs;
mod log;
mod message;
mod position;
mod propose;
mod quotes;
mod reconcile;
mod send;
#[cfg(test)]
mod tests;

pub use reconcile::{ReconciledBooks, reconcile_account};

use std::sync::Arc;

use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use ttai_calendar::is_open;
use ttai_contract::{
    AnswerOrderParams, CalculateTradeParams, ClosePositionParams, CompensateLegsParams, ExecuteTradeParams,
    FetchTradeFactsParams, FollowOrderParams, LegPlan, LogTradeParams, MarketHoursParams, NotifyTradeParams,
    OrderLeave, OrderRef, OrderVerdict, PlanLegsParams, PlannedCompensation, PositionLook,
    ProposeOrderParams, TradeDecision, TradeFacts, TradeOrder, TradeSummary, WatchPositionParams,
};

use crate::clock::{market_now, market_now_by};
use crate::compute::Compute;
use crate::failure::AnalystError;
use crate::ports::Ports;
use crate::supervise::Supervisor;

/// Trading over one set of ports.
pub struct TradingActivities {
    ports: Ports,
    compute: Compute,
    supervisor: Supervisor,
}

impl TradingActivities {
    /// Trades through `ports`, priced in `compute` and watched by `supervisor`.
    #[must_use]
    pub fn new(ports: Ports, compute: Compute, supervisor: Supervisor) -> Self {
        Self { ports, compute, supervisor }
    }
}

/// The workflow that called, without its run: orders belong to it whatever its run is called.
fn workflow(ctx: &ActivityContext) -> String {
    ctx.info().workflow_id.clone().unwrap_or_default()
}

#[activities]
impl TradingActivities {
    #[activity(definition = ttai_contract::FetchTradeFacts)]
    pub async fn fetch_trade_facts(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: FetchTradeFactsParams,
    ) -> Result<TradeFacts, ActivityError> {
        let ports = &self.ports;
        let run = self.supervisor.run(&ctx, |progress| async move {
            progress.step("reading the market");
            facts::fetch(ports, params).await
        });
        run.await.map(|timed| timed.result)
    }

    #[activity(definition = ttai_contract::CalculateTrade)]
    pub async fn calculate_trade(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: CalculateTradeParams,
    ) -> Result<TradeDecision, ActivityError> {
        let ports = &self.ports;
        let run = self.supervisor.run(&ctx, |_| async move { facts::calculate(ports, params) });
        run.await.map(|timed| timed.result)
    }

    #[activity(definition = ttai_contract::PlanLegs)]
    pub async fn plan_legs(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: PlanLegsParams,
    ) -> Result<LegPlan, ActivityError> {
        let run = self.supervisor.run(&ctx, |_| legs::plan(&self.ports, params));
        run.await.map(|timed| timed.result)
    }

    #[activity(definition = ttai_contract::CompensateLegs)]
    pub async fn compensate_legs(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: CompensateLegsParams,
    ) -> Result<PlannedCompensation, ActivityError> {
        let run = self.supervisor.run(&ctx, |_| async move { legs::compensation(params) });
        run.await.map(|timed| timed.result)
    }

    #[activity(definition = ttai_contract::JudgeOrder)]
    pub async fn judge_order(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: ProposeOrderParams,
    ) -> Result<OrderVerdict, ActivityError> {
        let workflow = workflow(&ctx);
        let run = self.supervisor.run(&ctx, |_| propose::verdict(&self.ports, params, &workflow));
        run.await.map(|timed| timed.result)
    }

    #[activity(definition = ttai_contract::ProposeOrder)]
    pub async fn propose_order(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: ProposeOrderParams,
    ) -> Result<TradeOrder, ActivityError> {
        let workflow = workflow(&ctx);
        let run = self.supervisor.run(&ctx, |_| propose::propose(&self.ports, params, &workflow));
        run.await.map(|timed| timed.result)
    }

    #[activity(definition = ttai_contract::AnswerOrder)]
    pub async fn answer_order(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: AnswerOrderParams,
    ) -> Result<TradeOrder, ActivityError> {
        let workflow = workflow(&ctx);
        let run = self.supervisor.run(&ctx, |_| propose::answer(&self.ports, params, &workflow));
        run.await.map(|timed| timed.result)
    }

    #[activity(definition = ttai_contract::ExecuteTrade)]
    pub async fn execute_trade(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: ExecuteTradeParams,
    ) -> Result<TradeOrder, ActivityError> {
        let workflow = workflow(&ctx);
        let run = self.supervisor.run(&ctx, |_| send::execute(&self.ports, params, &workflow));
        run.await.map(|timed| timed.result)
    }

    #[activity(definition = ttai_contract::ResolveOrder)]
    pub async fn resolve_order(
        self: Arc<Self>,
        ctx: ActivityContext,
        order: OrderRef,
    ) -> Result<TradeOrder, ActivityError> {
        let workflow = workflow(&ctx);
        let resolve = |progress| send::resolve(&self.ports, order, &workflow, progress);
        self.supervisor.run(&ctx, resolve).await.map(|timed| timed.result)
    }

    #[activity(definition = ttai_contract::FollowOrder)]
    pub async fn follow_order(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: FollowOrderParams,
    ) -> Result<TradeOrder, ActivityError> {
        let run = self.supervisor.run(&ctx, |progress| follow::follow(&self.ports, params, progress));
        run.await.map(|timed| timed.result)
    }

    #[activity(definition = ttai_contract::IsMarketClosed)]
    pub async fn is_market_closed(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: MarketHoursParams,
    ) -> Result<bool, ActivityError> {
        let ports = &self.ports;
        let run = self.supervisor.run(&ctx, |_| async move {
            let now = match params.symbol {
                Some(symbol) => market_now_by(ports, &[symbol]).await,
                None => market_now(ports).await.0,
            };
            Ok(!is_open(now))
        });
        run.await.map(|timed| timed.result)
    }

    #[activity(definition = ttai_contract::WatchPosition)]
    pub async fn watch_position(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: WatchPositionParams,
    ) -> Result<PositionLook, ActivityError> {
        let watch = |progress| position::watch(&self.ports, &self.compute, params, progress);
        self.supervisor.run(&ctx, watch).await.map(|timed| timed.result)
    }

    #[activity(definition = ttai_contract::CheckExitConditions)]
    pub async fn check_exit_conditions(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: WatchPositionParams,
    ) -> Result<PositionLook, ActivityError> {
        let (ports, compute) = (&self.ports, &self.compute);
        let run = self.supervisor.run(&ctx, |_| async move { position::look(ports, compute, &params).await });
        run.await.map(|timed| timed.result)
    }

    #[activity(definition = ttai_contract::ClosePosition)]
    pub async fn close_position(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: ClosePositionParams,
    ) -> Result<TradeOrder, ActivityError> {
        let workflow = workflow(&ctx);
        let run = self.supervisor.run(&ctx, |_| close(&self.ports, params, &workflow));
        run.await.map(|timed| timed.result)
    }

    #[activity(definition = ttai_contract::LogTrade)]
    pub async fn log_trade(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: LogTradeParams,
    ) -> Result<TradeSummary, ActivityError> {
        let workflow = workflow(&ctx);
        let run = self.supervisor.run(&ctx, |_| log::log(&self.ports, params, &workflow));
        run.await.map(|timed| timed.result)
    }

    #[activity(definition = ttai_contract::NotifyTrade)]
    pub async fn notify_trade(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: NotifyTradeParams,
    ) -> Result<(), ActivityError> {
        let workflow = workflow(&ctx);
        let ports = &self.ports;
        let run = self.supervisor.run(&ctx, |_| async move {
            let told = message::Told {
                key: format!("{workflow}/{}", params.key),
                title: params.title.clone(),
                text: params.text.clone(),
                severity: params.severity,
                channels: &params.channels,
            };
            message::tell(ports, &params.user_id, told).await
        });
        run.await.map(|timed| timed.result)
    }
}

/// Makes the order that leaves a position.
async fn close(
    ports: &Ports,
    params: ClosePositionParams,
    workflow_id: &str,
) -> Result<TradeOrder, AnalystError> {
    let leave = propose::leave_of_exit(ports, &params).await?;
    propose::propose(ports, exit_order(params, leave), workflow_id).await
}

/// The order that leaves a position.
fn exit_order(params: ClosePositionParams, leave: OrderLeave) -> ProposeOrderParams {
    let ClosePositionParams { position, advice, sequence } = params;
    ProposeOrderParams {
        user_id: position.user_id,
        account_id: position.account_id,
        strategy: position.strategy,
        purpose: advice.purpose,
        leg: None,
        sequence,
        evidence: serde_json::json!({
            "sentence": advice.sentence, "rule": advice.rule, "trade": position.id,
        }),
        legs: advice.legs,
        quantity: advice.quantity,
        limit: None,
        worst: advice.worst,
        limits: position.limits,
        leave,
        followers: Vec::new(),
        channels: position.notify_channels,
    }
}
