//! `DailyTradingWorkflow` (seed 001): facts → decision → order → the watch over what it opened → the log.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use chrono::{DateTime, Utc};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{
    ParentClosePolicy, WorkflowContext, WorkflowContextView, WorkflowResult, WorkflowTermination,
};
use ttai_contract::{
    ApproveTrade, CalculateTrade, CalculateTradeParams, DailyTradingParams, DailyTradingResult,
    DailyTradingStatus, DecidedTrade, DueRun, FetchTradeFacts, FetchTradeFactsParams, Lenient, OrderLeave,
    PositionEnd, PositionMonitorParams, PositionMonitorResult, ProposeOrderParams, RejectTrade, Severity,
    TradeDecision, TradeFacts, TradeOrder, TradingRunStatus, WhenLate, WorkflowParams,
};
use ttai_contract::{OrderPurpose, TradingStrategy};

use crate::calls::{self, CallError, Observer};
use crate::position_monitor::PositionMonitorWorkflow;
use crate::trading::legs::{Entered, enter, judged};
use crate::trading::{self, Desk, ORDER_BUDGET, Trading, Unanswered, log_trade, means, step, tell};
use crate::{stage, start};

/// Runs that only decide ask the risk gate, too.
const DRY_RUN_IS_JUDGED: &str = "dry-run-is-judged";

/// Pairs of which a leg was opened and undone are in the trade log.
const UNDONE_PAIRS_ARE_LOGGED: &str = "undone-pairs-are-logged";

/// One day's trade.
#[workflow]
#[derive(Default)]
pub struct DailyTradingWorkflow {
    desk: Desk,
    decision: Option<TradeDecision>,
}

type Context = WorkflowContext<DailyTradingWorkflow>;

impl Observer for DailyTradingWorkflow {}

impl Trading for DailyTradingWorkflow {
    fn desk(&self) -> &Desk {
        &self.desk
    }

    fn desk_mut(&mut self) -> &mut Desk {
        &mut self.desk
    }

    fn details(&self) -> String {
        let reason = self.decision.as_ref().map(|decision| format!("\n\n{}", decision.reason));
        let orders = trading::orders_in_words(&self.desk);
        format!("### {}{}\n\n{orders}", self.desk.step, reason.unwrap_or_default())
    }
}

#[workflow_methods]
impl DailyTradingWorkflow {
    /// Decides, and trades what was decided once somebody or a rule approved it.
    #[run(name = "DailyTradingWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Lenient<DailyTradingParams>,
    ) -> WorkflowResult<DailyTradingResult> {
        let params = start::accept(argument)?;
        start::label(ctx, &params.labels());
        ctx.state_mut(|run| run.desk = desk(&params));
        let mut result = DailyTradingResult::default();
        let ended = story(ctx, &params, &mut result).await;
        ctx.state(|run| {
            result.orders.clone_from(&run.desk.orders);
            result.warnings.clone_from(&run.desk.warnings);
        });
        match ended {
            Ok(status) => result.status = status,
            Err(CallError::Cancelled) => return Err(WorkflowTermination::cancelled_with_details(result)),
            Err(error) if result.orders.is_empty() => return Err(stage::unanswered(error)),
            Err(CallError::Failed { kind, message, .. }) => {
                return Err(start::fail_with(&kind, &message, result));
            }
        }
        start::label_outcome(ctx, result.status.as_str(), result.decision.facts.data_source.as_ref());
        step(ctx, result.status.as_str().replace('_', " "));
        Ok(result)
    }

    /// The order may be sent.
    #[update]
    pub async fn approve(
        ctx: &mut WorkflowContext<Self>,
        which: Lenient<ApproveTrade>,
    ) -> Result<TradeOrder, Unanswered> {
        trading::approve(ctx, which).await
    }

    /// The order may not be sent.
    #[update]
    pub async fn reject(
        ctx: &mut WorkflowContext<Self>,
        which: Lenient<RejectTrade>,
    ) -> Result<TradeOrder, Unanswered> {
        trading::reject(ctx, which).await
    }

    /// Where the run is.
    #[query(name = "status")]
    pub fn status(&self, _ctx: &WorkflowContextView) -> DailyTradingStatus {
        DailyTradingStatus {
            step: self.desk.step.clone(),
            decision: self.decision.clone(),
            orders: self.desk.orders.clone(),
            awaiting_approval: self.desk.awaiting(),
        }
    }
}

fn desk(params: &DailyTradingParams) -> Desk {
    Desk {
        user: params.user_id.clone(),
        channels: params.notify_channels.clone(),
        limits: params.limits.clone(),
        drill: params.drill,
        ..Desk::default()
    }
}

/// The run; `result` has what was done, however it ends.
async fn story(
    ctx: &Context,
    params: &DailyTradingParams,
    result: &mut DailyTradingResult,
) -> Result<TradingRunStatus, CallError> {
    let facts = facts(ctx, params).await?;
    result.lateness = facts.lateness;
    let decision = decide(ctx, params, facts).await?;
    result.decision = decision.clone();
    ctx.state_mut(|run| run.decision = Some(decision.clone()));

    if let Some(late) = result.lateness.filter(|late| late.then != WhenLate::Run) {
        if late.then == WhenLate::NotifyOnly {
            let text = format!("{late}. {} Nothing was ordered.", decision.reason);
            tell_decision(ctx, params, text, Severity::Warning).await?;
        }
        return Ok(TradingRunStatus::NotifyOnly);
    }
    let Some(trade) = decision.trade.clone().filter(|_| decision.should_trade) else {
        tell_decision(ctx, params, decision.reason.clone(), Severity::Info).await?;
        return Ok(TradingRunStatus::Complete);
    };
    if params.dry_run {
        if ctx.patched(DRY_RUN_IS_JUDGED) {
            result.verdict = Some(judged(ctx, order(params, &decision, &trade)).await?);
        }
        return Ok(TradingRunStatus::Decided);
    }
    let entered = enter(ctx, order(params, &decision, &trade)).await?;
    let position = position(ctx, params, &decision, &trade, &entered);
    if entered.units == 0 {
        let is_undone = entered.status == TradingRunStatus::NotFilled && !entered.undone.is_empty();
        if is_undone && ctx.patched(UNDONE_PAIRS_ARE_LOGGED) {
            // What was opened and undone has cost something. The log goes by what was filled.
            let (quantity, exit_orders) = (trade.quantity, entered.undone);
            let undone = PositionMonitorParams { quantity, exit_orders, ..position };
            log_trade(ctx, &undone, Some(PositionEnd::ClosedEarly)).await?;
        }
        return Ok(entered.status);
    }
    // It is in the log from its entry on.
    log_trade(ctx, &position, None).await?;
    result.monitor = Some(position.id(""));
    result.position = watch(ctx, params.strategy, position).await?;
    Ok(entered.status)
}

async fn facts(ctx: &Context, params: &DailyTradingParams) -> Result<TradeFacts, CallError> {
    step(ctx, "reading the market");
    let due = start::due_at(ctx).map(|due_at| DueRun { due_at, policy: params.lateness });
    let asked = FetchTradeFactsParams {
        strategy: params.strategy,
        account_id: params.account_id.clone(),
        user_id: params.user_id.clone(),
        screen: params.screen.clone(),
        due,
    };
    calls::call::<_, FetchTradeFacts>(ctx, asked, means(ctx, ORDER_BUDGET), "read the market").await
}

async fn decide(
    ctx: &Context,
    params: &DailyTradingParams,
    facts: TradeFacts,
) -> Result<TradeDecision, CallError> {
    step(ctx, "deciding");
    let asked = CalculateTradeParams { user_id: params.user_id.clone(), facts };
    calls::call_local_first::<_, CalculateTrade>(ctx, asked, means(ctx, ORDER_BUDGET), "decide").await
}

async fn tell_decision(
    ctx: &Context,
    params: &DailyTradingParams,
    text: String,
    severity: Severity,
) -> Result<(), CallError> {
    tell(ctx, ("decision", format!("{}: no order", params.strategy)), text, severity).await
}

/// The order of a decision.
fn order(params: &DailyTradingParams, decision: &TradeDecision, trade: &DecidedTrade) -> ProposeOrderParams {
    ProposeOrderParams {
        user_id: params.user_id.clone(),
        account_id: decision.account_id.clone(),
        strategy: params.strategy,
        purpose: OrderPurpose::Entry,
        leg: None,
        sequence: 0,
        legs: trade.legs.clone(),
        quantity: trade.quantity,
        limit: Some(trade.limit),
        worst: Some(trade.worst),
        limits: params.limits.clone(),
        evidence: serde_json::to_value(decision).unwrap_or_default(),
        leave: OrderLeave::Own,
        followers: Vec::new(),
        channels: params.notify_channels.clone(),
    }
}

/// What was opened, for whoever watches it.
fn position(
    ctx: &Context,
    params: &DailyTradingParams,
    decision: &TradeDecision,
    trade: &DecidedTrade,
    entered: &Entered,
) -> PositionMonitorParams {
    let server_now = ctx.workflow_time().map(DateTime::<Utc>::from).unwrap_or_default();
    PositionMonitorParams {
        id: entered.order_ids.first().cloned().unwrap_or_default(),
        account_id: decision.account_id.clone(),
        user_id: params.user_id.clone(),
        strategy: params.strategy,
        order_ids: entered.order_ids.clone(),
        legs: trade.legs.clone(),
        quantity: entered.units,
        entry_credit: entered.credit,
        opened_at: decision.facts.as_of.unwrap_or(server_now),
        expiration: trade.expiration,
        exit: trade.exit.clone(),
        limits: params.limits.clone(),
        check_interval_minutes: 5,
        notify_channels: params.notify_channels.clone(),
        exits: 0,
        exit_orders: Vec::new(),
        drill: params.drill,
        unknown: Default::default(),
    }
}

/// Begins the watch over the position. `spy_spx` waits for its end, as seed 001 does; `csp_entry` leaves it to itself for weeks.
async fn watch(
    ctx: &Context,
    strategy: TradingStrategy,
    position: PositionMonitorParams,
) -> Result<Option<PositionMonitorResult>, CallError> {
    step(ctx, "the position is watched");
    let mut options = start::child_options(&position, position.id(""));
    // Whoever stops the run does not stop the watch: what is open stays open.
    options.parent_close_policy = ParentClosePolicy::Abandon;
    let failed = |message: String| CallError::Failed {
        kind: "PositionMonitorError".to_owned(),
        message,
        attempts: Default::default(),
    };
    let began =
        ctx.start_child_workflow(PositionMonitorWorkflow::run, Lenient::Read(position), options).await;
    let began = began.map_err(|error| failed(error.to_string()))?;
    if strategy == TradingStrategy::CspEntry {
        return Ok(None);
    }
    let ended = began.result().await;
    match ended {
        Ok(ended) => Ok(Some(ended)),
        Err(_) if ctx.cancellation_token().is_cancelled() => Err(CallError::Cancelled),
        Err(error) => Err(failed(error.to_string())),
    }
}
