//! The way of an order, for one leg and for several: asked for, claimed, sent once, followed, and its price walked toward the natural one.
//!
//! Nothing here sends an order twice. Sending is one attempt; whatever becomes of it, the store and the broker are asked before anything
//! else is done, and only what the store says was never begun is claimed anew, by a larger fence.

use std::time::Duration;

use rust_decimal::Decimal;
use temporalio_workflow::WorkflowContext;
use ttai_contract::policy::CALL_TIMEOUT;
use ttai_contract::{
    AnswerOrder, ExecuteTrade, ExecuteTradeParams, FollowOrder, FollowOrderParams, OrderAnswer, OrderLeave,
    ProposeOrder, ProposeOrderParams, ResolveOrder, TradeOrder,
};
use ttai_contract::{NetPrice, OrderPhase};

use super::{ORDER_BUDGET, Trading, means, note, of, step, wait_until};
use crate::calls::{self, CallError, call_once};

/// Claims of one order: each takes over from a holder that died before it sent anything.
const MOST_CLAIMS: u64 = 20;

/// What became of an order and of those that took its place.
#[derive(Clone, Debug)]
pub(crate) struct Traded {
    /// Their client order ids, in order.
    pub(crate) order_ids: Vec<String>,
    /// The one that stood last.
    pub(crate) last: TradeOrder,
    /// Units of which every leg is filled, all of them together.
    pub(crate) filled: Decimal,
    /// What these units cost, dollars a share times units; negative received.
    pub(crate) cost: Decimal,
}

impl Traded {
    fn of(order: TradeOrder) -> Self {
        let mut traded =
            Self { order_ids: Vec::new(), last: order.clone(), filled: Decimal::ZERO, cost: Decimal::ZERO };
        traded.add(order);
        traded
    }

    fn add(&mut self, order: TradeOrder) {
        self.order_ids.push(order.id.clone());
        self.filled += order.filled;
        self.cost += order.average_price.unwrap_or_default() * order.filled;
        self.last = order;
    }

    /// Average price of one unit, dollars a share: positive paid, negative received.
    pub(crate) fn average_price(&self) -> Option<Decimal> {
        (!self.filled.is_zero()).then(|| (self.cost / self.filled).round_dp(4))
    }
}

/// Makes an order.
pub(crate) async fn propose<W: Trading>(
    ctx: &WorkflowContext<W>,
    asked: ProposeOrderParams,
) -> Result<TradeOrder, CallError> {
    let about = format!("propose {}", asked.purpose.as_str());
    let order = calls::call::<W, ProposeOrder>(ctx, asked, means(ctx, ORDER_BUDGET), &about).await?;
    Ok(note(ctx, order))
}

/// Takes a proposed order to its end: approved, sent, followed. An order that is not approved ends there.
pub(crate) async fn carry_out<W: Trading>(
    ctx: &WorkflowContext<W>,
    order: TradeOrder,
) -> Result<Traded, CallError> {
    let order = answered(ctx, note(ctx, order)).await?;
    if order.phase != OrderPhase::Approved {
        return Ok(Traded::of(order));
    }
    let sent = send(ctx, &order, None).await?;
    match walk(ctx, sent).await {
        // A run that ends leaves nothing working that nobody watches.
        Err(CallError::Cancelled) => {
            take_back(ctx).await;
            Err(CallError::Cancelled)
        }
        outcome => outcome,
    }
}

/// Waits for somebody's answer, until the time for it is over.
async fn answered<W: Trading>(ctx: &WorkflowContext<W>, order: TradeOrder) -> Result<TradeOrder, CallError> {
    if order.phase != OrderPhase::AwaitingApproval {
        return Ok(order);
    }
    let id = order.id;
    step(ctx, format!("waiting for approval of {id}"));
    let longest = Duration::from_secs(order.approval_seconds);
    let is_answered =
        |run: &W| run.desk().order(&id).is_some_and(|order| order.phase != OrderPhase::AwaitingApproval);
    let came = wait_until(ctx, longest, &format!("approval of {id}"), is_answered).await;
    match came {
        Ok(true) => {}
        Ok(false) => end_approval(ctx, &id, OrderAnswer::Expire).await?,
        Err(error) => return Err(error),
    }
    ctx.state(|run| run.desk().order(&id).cloned()).ok_or(CallError::Cancelled)
}

async fn end_approval<W: Trading>(
    ctx: &WorkflowContext<W>,
    id: &str,
    answer: OrderAnswer,
) -> Result<(), CallError> {
    let asked = ctx.state(|run| run.desk().answer(id, answer));
    let order =
        calls::call::<W, AnswerOrder>(ctx, asked, means(ctx, CALL_TIMEOUT), "ending an approval").await?;
    note(ctx, order);
    Ok(())
}

/// Sends an approved order. What the answer does not say is looked up until it is known.
async fn send<W: Trading>(
    ctx: &WorkflowContext<W>,
    order: &TradeOrder,
    replaces: Option<&str>,
) -> Result<TradeOrder, CallError> {
    for fence in 1..=MOST_CLAIMS {
        step(ctx, format!("sending {}", order.id));
        let asked =
            ExecuteTradeParams { order: of(ctx, &order.id), fence, replaces: replaces.map(str::to_owned) };
        let sent = call_once::<W, ExecuteTrade>(ctx, asked, means(ctx, ORDER_BUDGET), "send the order").await;
        let sent = match sent {
            Ok(sent) if sent.phase != OrderPhase::Unknown && sent.phase != OrderPhase::Submitting => sent,
            // Also where the run is cancelled: nothing is left unknown.
            _ => resolve(ctx, &order.id).await?,
        };
        let sent = note(ctx, sent);
        let is_unsent = matches!(sent.phase, OrderPhase::Approved | OrderPhase::Claimed);
        if !is_unsent {
            return Ok(sent);
        }
        if ctx.cancellation_token().is_cancelled() {
            return Err(CallError::Cancelled);
        }
    }
    let message = format!("order {} was claimed {MOST_CLAIMS} times and never sent", order.id);
    Err(CallError::Failed { kind: "OrderError".to_owned(), message, attempts: Default::default() })
}

/// Looks an order up until it is known what became of it, however long that takes.
async fn resolve<W: Trading>(ctx: &WorkflowContext<W>, id: &str) -> Result<TradeOrder, CallError> {
    step(ctx, format!("{id} is unknown: looking it up at the broker"));
    loop {
        let asked = of(ctx, id);
        let known = calls::call_uncancelled::<W, ResolveOrder>(
            ctx,
            asked,
            means(ctx, CALL_TIMEOUT),
            "look the order up",
        );
        match known.await {
            Ok(order) => return Ok(order),
            // A day without an answer: it stays what it is, unknown, and is asked for on.
            Err(CallError::Failed { message, .. }) => super::warn(ctx, message),
            Err(CallError::Cancelled) => return Err(CallError::Cancelled),
        }
    }
}

/// Follows an order through its prices. What is not filled at the last one is taken back.
async fn walk<W: Trading>(ctx: &WorkflowContext<W>, sent: TradeOrder) -> Result<Traded, CallError> {
    let prices = sent.prices.clone();
    let patience = prices.as_ref().map_or(DEFAULT_PATIENCE, |prices| prices.seconds_a_step.max(1));
    let mut next = prices.iter().flat_map(|prices| prices.walk.clone()).collect::<Vec<_>>().into_iter();
    let (mut before, mut order) = (None::<Traded>, sent);
    while !order.is_done() {
        order = follow(ctx, &order, patience, false).await?;
        if order.is_done() {
            break;
        }
        // An order that is filled in part keeps its place in the book.
        let price = if order.filled.is_zero() && order.balanced { next.next() } else { None };
        let Some(price) = price else {
            order = taken_back(ctx, &order).await?;
            break;
        };
        let successor = replace(ctx, &order, price).await?;
        if is_at_the_broker(&successor.phase) {
            add(&mut before, replaced(ctx, &order).await?);
            order = successor;
        } else {
            // The broker did not take it: the order stands at its old price, or has ended meanwhile.
            order = follow(ctx, &order, 0, false).await?;
        }
    }
    let mut traded = before;
    add(&mut traded, order.clone());
    Ok(traded.unwrap_or_else(|| Traded::of(order)))
}

/// Seconds that a price is tried where nobody says how long.
const DEFAULT_PATIENCE: u32 = 30;

fn add(traded: &mut Option<Traded>, order: TradeOrder) {
    match traded {
        Some(traded) => traded.add(order),
        None => *traded = Some(Traded::of(order)),
    }
}

/// Sends an order in the place of another, at a price that the same leave covers.
async fn replace<W: Trading>(
    ctx: &WorkflowContext<W>,
    order: &TradeOrder,
    price: NetPrice,
) -> Result<TradeOrder, CallError> {
    step(ctx, format!("moving {} from {} to {price}", order.id, order.limit));
    let count = ctx.state(|run| {
        let same = |known: &&TradeOrder| known.purpose == order.purpose && known.legs == order.legs;
        run.desk().orders.iter().filter(same).count()
    });
    let asked = ctx.state(|run| ProposeOrderParams {
        user_id: run.desk().user.clone(),
        account_id: order.account_id.clone(),
        strategy: order.strategy,
        purpose: order.purpose,
        leg: order.leg,
        sequence: order.sequence + 1,
        legs: order.legs.clone(),
        quantity: order.quantity,
        limit: Some(price),
        worst: order.prices.as_ref().map(|prices| prices.worst),
        limits: run.desk().limits.clone(),
        evidence: serde_json::json!({ "replaces": order.id, "prices_tried": count }),
        leave: OrderLeave::Replacing(order.id.clone()),
        followers: Vec::new(),
        channels: run.desk().channels.clone(),
    });
    let successor = propose(ctx, asked).await?;
    if successor.phase != OrderPhase::Approved {
        return Ok(successor);
    }
    send(ctx, &successor, Some(&order.id)).await
}

fn is_at_the_broker(phase: &OrderPhase) -> bool {
    matches!(phase, OrderPhase::Working | OrderPhase::PartlyFilled | OrderPhase::Filled)
}

/// An order whose successor is there, as the broker ended it. One that works all the same is taken back: two would be too many.
async fn replaced<W: Trading>(ctx: &WorkflowContext<W>, order: &TradeOrder) -> Result<TradeOrder, CallError> {
    let old = follow(ctx, order, READ_BACK_SECONDS, false).await?;
    if old.is_done() { Ok(old) } else { taken_back(ctx, &old).await }
}

/// How long the broker may take to say that an order was replaced.
const READ_BACK_SECONDS: u32 = 20;

/// The pause before an order is followed on after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(15);

async fn follow<W: Trading>(
    ctx: &WorkflowContext<W>,
    order: &TradeOrder,
    patience_seconds: u32,
    cancel: bool,
) -> Result<TradeOrder, CallError> {
    if patience_seconds > 0 {
        step(ctx, format!("{} works at {}", order.id, order.limit));
    }
    loop {
        let asked = FollowOrderParams { order: of(ctx, &order.id), patience_seconds, cancel };
        let followed =
            calls::call::<W, FollowOrder>(ctx, asked, means(ctx, CALL_TIMEOUT), "follow the order").await;
        match followed {
            Ok(followed) => return Ok(note(ctx, followed)),
            Err(CallError::Cancelled) => return Err(CallError::Cancelled),
            // Whatever fails, an order at the broker is not let go.
            Err(CallError::Failed { message, .. }) => {
                super::warn(ctx, message);
                wait_until(ctx, AFTER_FAILURE, "following the order on", |_| false).await?;
            }
        }
    }
}

/// Takes an order back, until the broker says how it ended.
async fn taken_back<W: Trading>(
    ctx: &WorkflowContext<W>,
    order: &TradeOrder,
) -> Result<TradeOrder, CallError> {
    step(ctx, format!("taking {} back", order.id));
    let (mut last, mut patience) = (order.clone(), TAKE_BACK_SECONDS);
    while !last.is_done() {
        last = follow(ctx, &last, patience, true).await?;
        patience = (patience * 2).min(3_600);
    }
    Ok(last)
}

/// How long the first attempt to take an order back waits for the broker.
const TAKE_BACK_SECONDS: u32 = 30;

/// Takes back whatever of the run works at the broker, in a run that is being cancelled.
async fn take_back<W: Trading>(ctx: &WorkflowContext<W>) {
    let working = ctx.state(|run| {
        let works = |order: &&TradeOrder| order.phase.may_fill();
        run.desk().orders.iter().filter(works).cloned().collect::<Vec<_>>()
    });
    for order in working {
        let asked = FollowOrderParams {
            order: of(ctx, &order.id),
            patience_seconds: TAKE_BACK_SECONDS,
            cancel: true,
        };
        let ended = calls::call_uncancelled::<W, FollowOrder>(
            ctx,
            asked,
            means(ctx, ORDER_BUDGET),
            "take the order back",
        );
        match ended.await {
            Ok(order) => drop(note(ctx, order)),
            Err(_) => super::warn(ctx, format!("order {} may still work at the broker", order.id)),
        }
    }
}
