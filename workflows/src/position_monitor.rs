//! `PositionMonitorWorkflow` (seed 001): watches a position through its sessions until it is closed by its plan, by somebody else, or has
//! expired. The watching is one activity a session; between sessions there is one timer.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use std::time::Duration;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{
    ContinueAsNewOptions, ParentClosePolicy, WorkflowContext, WorkflowContextView, WorkflowResult,
    WorkflowTermination,
};
use ttai_contract::policy::CALL_TIMEOUT;
use ttai_contract::{
    ApproveTrade, CheckExitConditions, ClosePosition, ClosePositionParams, ExitAdvice, IsMarketClosed,
    Lenient, MarketHoursParams, PositionEnd, PositionEvent, PositionLook, PositionMonitorParams,
    PositionMonitorResult, PositionMonitorStatus, RejectTrade, RolledTo, TradeOrder, WatchPosition,
    WatchPositionParams, WorkflowParams,
};
use ttai_contract::{OrderPhase, OrderPurpose};

use crate::calls::{self, CallError, Observer};
use crate::start;
use crate::trading::order_path::{Traded, carry_out};
use crate::trading::{self, Desk, ORDER_BUDGET, Trading, Unanswered, means, step, wait_until};

/// The watch over one position.
#[workflow]
#[derive(Default)]
pub struct PositionMonitorWorkflow {
    desk: Desk,
    id: String,
    last: PositionLook,
    /// The rule whose exit was rejected in this session.
    held_rule: Option<String>,
}

type Context = WorkflowContext<PositionMonitorWorkflow>;

impl Observer for PositionMonitorWorkflow {}

impl Trading for PositionMonitorWorkflow {
    fn desk(&self) -> &Desk {
        &self.desk
    }

    fn desk_mut(&mut self) -> &mut Desk {
        &mut self.desk
    }

    fn details(&self) -> String {
        let orders = trading::orders_in_words(&self.desk);
        format!("### {}\n\n{}\n\n{orders}", self.desk.step, self.last.sentence)
    }
}

#[workflow_methods]
impl PositionMonitorWorkflow {
    /// Watches until the position has ended.
    #[run(name = "PositionMonitorWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Lenient<PositionMonitorParams>,
    ) -> WorkflowResult<PositionMonitorResult> {
        let mut position = start::accept(argument)?;
        start::label(ctx, &position.labels());
        ctx.state_mut(|run| run.begin(&position));
        loop {
            match watched(ctx, &mut position).await {
                Ok(Some(mut result)) => {
                    result.warnings = ctx.state(|run| run.desk.warnings.clone());
                    step(ctx, result.sentence.clone());
                    return Ok(result);
                }
                Ok(None) => {}
                Err(CallError::Cancelled) => {
                    return Err(WorkflowTermination::cancelled_with_details(ctx.state(Self::shown)));
                }
                // Whatever fails, what is open is watched on.
                Err(CallError::Failed { message, .. }) => {
                    let stopped = troubled(ctx, &position, message).await;
                    if stopped.is_err() {
                        return Err(WorkflowTermination::cancelled_with_details(ctx.state(Self::shown)));
                    }
                }
            }
            if ctx.continue_as_new_suggested() {
                let _ = ctx.wait_condition(|_| ctx.all_handlers_finished()).await;
                ctx.continue_as_new(Lenient::Read(position.clone()), ContinueAsNewOptions::default())?;
            }
        }
    }

    /// The order of an exit may be sent.
    #[update]
    pub async fn approve(
        ctx: &mut WorkflowContext<Self>,
        which: Lenient<ApproveTrade>,
    ) -> Result<TradeOrder, Unanswered> {
        trading::approve(ctx, which).await
    }

    /// The order of an exit may not be sent.
    #[update]
    pub async fn reject(
        ctx: &mut WorkflowContext<Self>,
        which: Lenient<RejectTrade>,
    ) -> Result<TradeOrder, Unanswered> {
        trading::reject(ctx, which).await
    }

    /// Where the watch is.
    #[query(name = "status")]
    pub fn status(&self, _ctx: &WorkflowContextView) -> PositionMonitorStatus {
        self.shown()
    }
}

impl PositionMonitorWorkflow {
    fn begin(&mut self, position: &PositionMonitorParams) {
        self.id.clone_from(&position.id);
        self.desk = Desk {
            user: position.user_id.clone(),
            channels: position.notify_channels.clone(),
            limits: position.limits.clone(),
            drill: position.drill,
            ..Desk::default()
        };
    }

    fn shown(&self) -> PositionMonitorStatus {
        PositionMonitorStatus {
            id: self.id.clone(),
            step: self.desk.step.clone(),
            last: self.last.clone(),
            orders: self.desk.orders.clone(),
            awaiting_approval: self.desk.awaiting(),
        }
    }
}

/// A stretch failed for good: it is said, and the next one begins after a while.
async fn troubled(ctx: &Context, position: &PositionMonitorParams, problem: String) -> Result<(), CallError> {
    ctx.state_mut(|run| run.desk.trouble(problem));
    let seconds = 60 * u64::from(position.check_interval_minutes);
    pause(ctx, Duration::from_secs(seconds), "waiting after a failure").await
}

/// One stretch: a session, or what ends it. The result where the position has ended.
async fn watched(
    ctx: &Context,
    position: &mut PositionMonitorParams,
) -> Result<Option<PositionMonitorResult>, CallError> {
    let look = look(ctx, position).await?;
    ctx.state_mut(|run| run.last = look.clone());
    // What somebody closed of it at the broker is not closed again.
    if let Some(held) = look.units_held.filter(|held| (1..position.quantity).contains(held)) {
        position.quantity = held;
    }
    match look.event {
        PositionEvent::Hold => Ok(None),
        PositionEvent::SessionOver => {
            ctx.state_mut(|run| run.held_rule = None);
            pause(ctx, Duration::from_secs(look.resume_seconds), "until the next session").await?;
            Ok(None)
        }
        PositionEvent::Gone => {
            let end = look.end.unwrap_or(PositionEnd::HeldToExpiration);
            Ok(Some(conclude(ctx, position, end, None, look.sentence).await?))
        }
        PositionEvent::Exit => match look.advice {
            Some(advice) => leave(ctx, position, advice).await,
            None => Ok(None),
        },
    }
}

/// A look at the position: through the session where one is on, else one look at what became of it.
async fn look(ctx: &Context, position: &PositionMonitorParams) -> Result<PositionLook, CallError> {
    let asked =
        WatchPositionParams { position: position.clone(), held_rule: ctx.state(|run| run.held_rule.clone()) };
    let symbol = position.symbol();
    let hours = MarketHoursParams { symbol };
    let clock = means(ctx, CALL_TIMEOUT);
    if calls::call_local_first::<_, IsMarketClosed>(ctx, hours, clock, "is the market closed?").await? {
        step(ctx, "looking at the position");
        return calls::call::<_, CheckExitConditions>(ctx, asked, means(ctx, CALL_TIMEOUT), "look at it")
            .await;
    }
    step(ctx, "watching the position");
    calls::call::<_, WatchPosition>(ctx, asked, means(ctx, CALL_TIMEOUT), "watch the position").await
}

/// Leaves the position as advised. What is not filled is tried again at the next look, under a number of its own.
async fn leave(
    ctx: &Context,
    position: &mut PositionMonitorParams,
    advice: ExitAdvice,
) -> Result<Option<PositionMonitorResult>, CallError> {
    step(ctx, format!("leaving: {}", advice.sentence));
    let asked = ClosePositionParams {
        position: position.clone(),
        advice: advice.clone(),
        sequence: position.exits * SEQUENCES_AN_EXIT,
    };
    position.exits += 1;
    let order =
        calls::call::<_, ClosePosition>(ctx, asked, means(ctx, ORDER_BUDGET), "close the position").await?;
    let traded = carry_out(ctx, order).await?;
    let units = traded.filled.to_u32().unwrap_or_default().min(position.quantity);
    if units > 0 {
        position.exit_orders.extend(traded.order_ids.clone());
    }
    if let Some(left) = advice.legs_left {
        return leg_left(ctx, position, &advice, traded, left).await;
    }
    if units == position.quantity {
        return ended(ctx, position, &advice, traded).await.map(Some);
    }
    position.quantity -= units;
    not_left(ctx, position, &advice, &traded).await?;
    Ok(None)
}

/// The order of one leg of a position that is left leg by leg has ended. What is still held is left by the next look.
async fn leg_left(
    ctx: &Context,
    position: &PositionMonitorParams,
    advice: &ExitAdvice,
    traded: Traded,
    left: u32,
) -> Result<Option<PositionMonitorResult>, CallError> {
    let is_filled = traded.filled >= Decimal::from(advice.quantity);
    if is_filled && left == 0 {
        return ended(ctx, position, advice, traded).await.map(Some);
    }
    if !is_filled {
        not_left(ctx, position, advice, &traded).await?;
    }
    Ok(None)
}

/// Prices that one exit may try: the numbers of its orders.
const SEQUENCES_AN_EXIT: u32 = 200;

async fn ended(
    ctx: &Context,
    position: &PositionMonitorParams,
    advice: &ExitAdvice,
    traded: Traded,
) -> Result<PositionMonitorResult, CallError> {
    let end = match advice.purpose {
        OrderPurpose::Roll => PositionEnd::Rolled,
        _ => PositionEnd::ClosedEarly,
    };
    let mut result = conclude(ctx, position, end, Some(traded.last.clone()), advice.sentence.clone()).await?;
    if let Some(rolled) = &advice.successor {
        let credit = -traded.average_price().unwrap_or_default();
        result.successor = successor(ctx, position, rolled, credit, &traded).await?;
    }
    Ok(result)
}

/// What an exit that was not filled means for the next one.
async fn not_left(
    ctx: &Context,
    position: &PositionMonitorParams,
    advice: &ExitAdvice,
    traded: &Traded,
) -> Result<(), CallError> {
    let is_unwanted = matches!(traded.last.phase, OrderPhase::RejectedByUser | OrderPhase::ApprovalExpired);
    if is_unwanted {
        ctx.state_mut(|run| run.held_rule = Some(advice.rule.clone()));
        return Ok(());
    }
    let minutes = u64::from(position.check_interval_minutes);
    pause(ctx, Duration::from_secs(60 * minutes), "the exit was not filled").await
}

async fn pause(ctx: &Context, longest: Duration, why: &str) -> Result<(), CallError> {
    step(ctx, why.to_owned());
    wait_until(ctx, longest.max(Duration::from_secs(1)), why, |_| false).await.map(drop)
}

/// The watch over what a roll opened.
async fn successor(
    ctx: &Context,
    position: &PositionMonitorParams,
    to: &RolledTo,
    credit: Decimal,
    traded: &Traded,
) -> Result<Option<String>, CallError> {
    let rolled = PositionMonitorParams {
        id: traded.last.id.clone(),
        order_ids: traded.order_ids.clone(),
        legs: to.legs.clone(),
        // What the roll brought is what is left of its premium: the entry's was realised by closing it.
        entry_credit: credit,
        opened_at: ctx.state(|run| run.last.as_of).unwrap_or(position.opened_at),
        expiration: to.expiration,
        exit: serde_json::Value::Null,
        exits: 0,
        exit_orders: Vec::new(),
        ..position.clone()
    };
    let mut options = start::child_options(&rolled, rolled.id(""));
    options.parent_close_policy = ParentClosePolicy::Abandon;
    let id = rolled.id("");
    let began = ctx.start_child_workflow(PositionMonitorWorkflow::run, Lenient::Read(rolled), options).await;
    match began {
        Ok(_) => Ok(Some(id)),
        Err(_) if ctx.cancellation_token().is_cancelled() => Err(CallError::Cancelled),
        Err(error) => {
            trading::warn(ctx, format!("the rolled position is not watched: {error}"));
            Ok(None)
        }
    }
}

/// Logs how it ended.
async fn conclude(
    ctx: &Context,
    position: &PositionMonitorParams,
    end: PositionEnd,
    order: Option<TradeOrder>,
    sentence: String,
) -> Result<PositionMonitorResult, CallError> {
    let trade = trading::log_trade(ctx, position, Some(end)).await?;
    let action = match end {
        PositionEnd::HeldToExpiration | PositionEnd::Assigned | PositionEnd::Exercised => {
            "held_to_expiration"
        }
        PositionEnd::ClosedEarly
        | PositionEnd::Rolled
        | PositionEnd::Liquidated
        | PositionEnd::ClosedByHand => "closed_early",
    };
    Ok(PositionMonitorResult {
        action: action.to_owned(),
        end: Some(end),
        order,
        trade,
        sentence,
        successor: None,
        warnings: Vec::new(),
    })
}
