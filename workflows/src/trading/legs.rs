//! Opening a position: as one order where the broker takes all legs in one; else leg by leg, in an order that is never naked on the way,
//! by a plan that is in the history before the first leg is sent. What then stands alone is undone, or handed to the user.

use std::time::Duration;

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use temporalio_workflow::WorkflowContext;
use ttai_contract::{
    CompensateLegs, CompensateLegsParams, FailureType, JudgeOrder, LegPlan, LegStep, OrderLeave,
    OrderVerdict, PlanLegs, PlanLegsParams, ProposeOrderParams, Severity, TradeOrder, TradingRunStatus,
};
use ttai_contract::{NetPrice, OrderPhase, OrderPurpose};

use super::order_path::{Traded, carry_out, propose};
use super::{ORDER_BUDGET, Trading, means, step, tell, tell_uncancelled, wait_until, warn};
use crate::calls::{self, CallError};

/// How often a leg that stands alone is offered, each time at the prices of then, before it is the user's.
const UNDOING_ATTEMPTS: u32 = 20;

/// The pause before it is offered again where there was no price.
const BETWEEN_ATTEMPTS: Duration = Duration::from_secs(15);

/// A leg that the market ran away from is offered again.
const UNDOING_IS_REPEATED: &str = "undoing-is-repeated";

/// What an entry came to.
#[derive(Clone, Debug)]
pub(crate) struct Entered {
    /// How it ended; `Complete` where a position is open.
    pub(crate) status: TradingRunStatus,
    /// The orders that opened legs, in order.
    pub(crate) order_ids: Vec<String>,
    /// The orders that undid what stood alone.
    pub(crate) undone: Vec<String>,
    /// Units that stay open.
    pub(crate) units: u32,
    /// Dollars a share received for one unit, negative paid.
    pub(crate) credit: Decimal,
}

impl Entered {
    fn nothing(status: TradingRunStatus) -> Self {
        Self { status, order_ids: Vec::new(), undone: Vec::new(), units: 0, credit: Decimal::ZERO }
    }
}

/// Opens what is asked for.
pub(crate) async fn enter<W: Trading>(
    ctx: &WorkflowContext<W>,
    asked: ProposeOrderParams,
) -> Result<Entered, CallError> {
    let plan = planned(ctx, &asked).await?;
    if let [_] = plan.steps.as_slice() {
        let order = propose(ctx, asked).await?;
        return Ok(whole(carry_out(ctx, order).await?));
    }
    let mut done = Vec::new();
    let entered = leg_by_leg(ctx, &asked, &plan, &mut done).await;
    if let Err(error) = &entered
        && done.iter().any(|leg| !leg.filled.is_zero())
    {
        let why = match error {
            CallError::Cancelled => "the run was cancelled",
            CallError::Failed { message, .. } => message,
        };
        hand_over_at_the_end(ctx, why).await;
    }
    entered
}

/// What would become of the order that asks for leave: the one of all legs, or that of the first leg, with what follows it.
pub(crate) async fn judged<W: Trading>(
    ctx: &WorkflowContext<W>,
    asked: ProposeOrderParams,
) -> Result<OrderVerdict, CallError> {
    let plan = planned(ctx, &asked).await?;
    let first = match plan.steps.as_slice() {
        [leg, _, ..] => of_leg(&asked, &plan, leg, 0, &[]),
        _ => asked,
    };
    // Nothing is stored with an order that is not made.
    let first = ProposeOrderParams { evidence: serde_json::Value::Null, ..first };
    step(ctx, "asking the risk gate");
    calls::call::<W, JudgeOrder>(ctx, first, means(ctx, ORDER_BUDGET), "ask the risk gate").await
}

/// In which orders the legs are sent.
async fn planned<W: Trading>(
    ctx: &WorkflowContext<W>,
    asked: &ProposeOrderParams,
) -> Result<LegPlan, CallError> {
    step(ctx, "planning the legs");
    let request = PlanLegsParams {
        account_id: asked.account_id.clone(),
        strategy: asked.strategy,
        legs: asked.legs.clone(),
        quantity: asked.quantity,
    };
    calls::call::<W, PlanLegs>(ctx, request, means(ctx, ORDER_BUDGET), "plan the legs").await
}

/// How an order that never was at the broker ended.
fn unsent(order: &TradeOrder) -> TradingRunStatus {
    match order.phase {
        OrderPhase::RejectedByUser | OrderPhase::ApprovalExpired => TradingRunStatus::NotApproved,
        OrderPhase::Refused | OrderPhase::RejectedByBroker => TradingRunStatus::Refused,
        _ => TradingRunStatus::NotFilled,
    }
}

fn whole(traded: Traded) -> Entered {
    let units = traded.filled.to_u32().unwrap_or_default();
    if units == 0 {
        return Entered::nothing(unsent(&traded.last));
    }
    Entered {
        credit: -traded.average_price().unwrap_or_default(),
        order_ids: traded.order_ids,
        units,
        ..Entered::nothing(TradingRunStatus::Complete)
    }
}

/// Each leg when the one before it is filled. The first asks for leave for all of them. `done` has what was traded, however it ends.
async fn leg_by_leg<W: Trading>(
    ctx: &WorkflowContext<W>,
    asked: &ProposeOrderParams,
    plan: &LegPlan,
    done: &mut Vec<Traded>,
) -> Result<Entered, CallError> {
    for (place, leg) in plan.steps.iter().enumerate() {
        step(ctx, format!("leg {} of {}", place + 1, plan.steps.len()));
        let asked_of_leg = of_leg(asked, plan, leg, place, done);
        ctx.state_mut(|run| run.desk_mut().followers.clone_from(&asked_of_leg.followers));
        let order = match propose(ctx, asked_of_leg).await {
            Err(CallError::Failed { kind, message, .. }) => {
                return unproposed(ctx, asked, plan, done, (&kind, message)).await;
            }
            proposed => proposed?,
        };
        let traded = carry_out(ctx, order).await?;
        let is_filled = traded.filled >= Decimal::from(leg.quantity);
        let is_first = done.is_empty();
        if !is_filled && is_first && traded.filled.is_zero() {
            return Ok(Entered::nothing(unsent(&traded.last)));
        }
        done.push(traded);
        if !is_filled {
            return compensate(ctx, asked, plan, done).await;
        }
    }
    Ok(entered(asked, done, asked.quantity))
}

/// A leg has no order, as a rule because it has no price: the legs before it are undone, and without any the pair is refused.
async fn unproposed<W: Trading>(
    ctx: &WorkflowContext<W>,
    asked: &ProposeOrderParams,
    plan: &LegPlan,
    done: &[Traded],
    (kind, message): (&str, String),
) -> Result<Entered, CallError> {
    warn(ctx, message.clone());
    if !done.is_empty() {
        return compensate(ctx, asked, plan, done).await;
    }
    if kind != FailureType::DataUnavailableError.name() {
        return Err(CallError::Failed { kind: kind.to_owned(), message, attempts: Default::default() });
    }
    tell(ctx, ("refused", "No order".to_owned()), message, Severity::Warning).await?;
    Ok(Entered::nothing(TradingRunStatus::Refused))
}

/// The run ends with legs that stand alone. The user hears of it, also where the run is being cancelled.
async fn hand_over_at_the_end<W: Trading>(ctx: &WorkflowContext<W>, why: &str) {
    let text = format!(
        "Some legs were filled, and then it was over: {why}. Look at the account: close what stands alone, and cancel what still works."
    );
    tell_uncancelled(ctx, ("handed-over", "Legs stand alone".to_owned()), text, Severity::Critical).await;
}

fn of_leg(
    asked: &ProposeOrderParams,
    plan: &LegPlan,
    leg: &LegStep,
    place: usize,
    done: &[Traded],
) -> ProposeOrderParams {
    let first = done.first().and_then(|first| first.order_ids.first().cloned());
    ProposeOrderParams {
        leg: Some(u8::try_from(place).unwrap_or(u8::MAX)),
        legs: leg.legs.clone(),
        quantity: leg.quantity,
        // A leg has a price of its own.
        limit: None,
        worst: worst_of_last(asked, plan, leg, place, done),
        followers: match place {
            0 => plan.steps.iter().skip(1).cloned().collect(),
            _ => Vec::new(),
        },
        leave: first.map_or(OrderLeave::Own, OrderLeave::Of),
        evidence: serde_json::json!({ "plan": plan.plan, "sentence": plan.sentence, "decision": asked.evidence }),
        ..asked.clone()
    }
}

/// What the last leg may cost at most, or has to bring, for the whole to keep to its worst price; none before it, and where any price will
/// do.
fn worst_of_last(
    asked: &ProposeOrderParams,
    plan: &LegPlan,
    leg: &LegStep,
    place: usize,
    done: &[Traded],
) -> Option<NetPrice> {
    let worst = asked.worst.filter(|_| place + 1 == plan.steps.len())?;
    let spent: Decimal = done.iter().map(|traded| traded.cost).sum();
    let left = worst.signed() * Decimal::from(asked.quantity) - spent;
    let a_unit = left / Decimal::from(leg.quantity.max(1));
    // In cents, to the trader's favour.
    let a_unit = a_unit.round_dp_with_strategy(2, RoundingStrategy::ToNegativeInfinity);
    let is_buy = leg.legs.iter().all(|leg| leg.action.is_buy());
    let is_bound = if is_buy { a_unit > Decimal::ZERO } else { a_unit < Decimal::ZERO };
    is_bound.then(|| NetPrice::of_signed(a_unit))
}

/// What stays: the orders of all legs, and what one unit of them brought.
fn entered(asked: &ProposeOrderParams, done: &[Traded], units: u32) -> Entered {
    let cost: Decimal = done.iter().map(|traded| traded.cost).sum();
    let all = Decimal::from(asked.quantity.max(1));
    Entered {
        order_ids: done.iter().flat_map(|traded| traded.order_ids.clone()).collect(),
        units,
        credit: (-cost / all).round_dp(4),
        ..Entered::nothing(TradingRunStatus::Complete)
    }
}

/// Undoes what stands alone. What cannot be undone is the user's, who is told at once.
async fn compensate<W: Trading>(
    ctx: &WorkflowContext<W>,
    asked: &ProposeOrderParams,
    plan: &LegPlan,
    done: &[Traded],
) -> Result<Entered, CallError> {
    let filled = done.iter().map(|traded| traded.filled.to_u32().unwrap_or_default()).collect();
    let request = CompensateLegsParams { plan: plan.plan.clone(), filled };
    let what =
        calls::call::<W, CompensateLegs>(ctx, request, means(ctx, ORDER_BUDGET), "plan the undoing").await?;
    let first = done.first().and_then(|first| first.order_ids.first().cloned());
    let (mut left, mut undone) = (None, Vec::new());
    for (place, leg) in what.undo.iter().enumerate() {
        step(ctx, format!("undoing leg {} of {}", place + 1, what.undo.len()));
        let order = ProposeOrderParams {
            purpose: OrderPurpose::Compensation,
            leg: Some(u8::try_from(place).unwrap_or(u8::MAX)),
            legs: leg.legs.clone(),
            quantity: leg.quantity,
            limit: None,
            worst: None,
            leave: first.clone().map_or(OrderLeave::Own, OrderLeave::Of),
            evidence: serde_json::json!({ "plan": plan.plan, "undoes": "a leg that stands alone" }),
            ..asked.clone()
        };
        if let Some(last) = undo(ctx, order, &mut undone).await? {
            left = Some(format!("{} of {}", last.id, last.sentence.trim_end_matches('.')));
            // What is short is undone first: what covers it stays as long as it does.
            break;
        }
    }
    let kept = Entered { undone, ..entered(asked, done, what.whole_units) };
    let Some(left) = left else {
        let status = if kept.units == 0 { TradingRunStatus::NotFilled } else { kept.status };
        return Ok(Entered { status, ..kept });
    };
    let text = format!(
        "A leg was filled and the next one was not, and it could not be undone: {left}. Look at the account, and close what stands alone."
    );
    tell(ctx, ("handed-over", "Legs stand alone".to_owned()), text, Severity::Critical).await?;
    Ok(Entered { status: TradingRunStatus::HandedOver, ..kept })
}

/// Undoes one leg, at fresh prices while the market runs away from it, and after a while where there is no price. The order that ended
/// with some of it left, at once where it is refused or rejected; none where all is undone.
async fn undo<W: Trading>(
    ctx: &WorkflowContext<W>,
    mut order: ProposeOrderParams,
    undone: &mut Vec<String>,
) -> Result<Option<TradeOrder>, CallError> {
    let mut attempts = 1;
    loop {
        let ended = match propose(ctx, order.clone()).await {
            Ok(proposed) => {
                let traded = carry_out(ctx, proposed).await?;
                undone.extend(traded.order_ids);
                order.quantity = order.quantity.saturating_sub(traded.filled.to_u32().unwrap_or_default());
                order.sequence = traded.last.sequence + 1;
                Ok(traded.last)
            }
            Err(CallError::Cancelled) => return Err(CallError::Cancelled),
            Err(unpriced) => Err(unpriced),
        };
        if order.quantity == 0 {
            return Ok(None);
        }
        // What was refused would be refused again.
        let is_over = ended.as_ref().is_ok_and(|order| order.phase != OrderPhase::Cancelled);
        if is_over || attempts == UNDOING_ATTEMPTS || !ctx.patched(UNDOING_IS_REPEATED) {
            return ended.map(Some);
        }
        if let Err(CallError::Failed { message, .. }) = ended {
            warn(ctx, message);
            wait_until(ctx, BETWEEN_ATTEMPTS, "offering a leg that stands alone again", |_| false).await?;
        }
        attempts += 1;
    }
}
