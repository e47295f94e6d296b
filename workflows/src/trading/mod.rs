//! What the workflows of trading have in common: what they show, and the way of an order.

pub(crate) mod legs;
pub(crate) mod order_path;

use std::pin::pin;
use std::time::Duration;

use temporalio_workflow::{TimerOptions, WorkflowCancellationToken, WorkflowContext};
use ttai_contract::OrderPhase;
use ttai_contract::policy::SAVE_BUDGET;
use ttai_contract::{
    AnswerOrder, AnswerOrderParams, ApproveTrade, Arguments, AwaitedApproval, ChannelName, LegStep, Lenient,
    LogTrade, LogTradeParams, NotifyTrade, NotifyTradeParams, OrderAnswer, OrderRef, PositionEnd,
    PositionMonitorParams, RejectTrade, RunLimits, Severity, TradeOrder, TradeSummary, UserId, Validate,
};

use crate::calls::{self, CallError, Means, Observer};

/// Work and waiting of one call about an order: its own activity tries again within it.
pub(crate) const ORDER_BUDGET: Duration = Duration::from_secs(15 * 60);

/// Warnings that a run keeps.
const MOST_WARNINGS: usize = 20;

/// What a run of trading shows, and for whom it acts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Desk {
    pub(crate) user: UserId,
    pub(crate) channels: Vec<ChannelName>,
    pub(crate) limits: RunLimits,
    pub(crate) drill: bool,
    /// What is sent once the order that waits is filled, an order each.
    pub(crate) followers: Vec<LegStep>,
    /// The orders so far, each as it was last heard of.
    pub(crate) orders: Vec<TradeOrder>,
    /// What is done, in words.
    pub(crate) step: String,
    /// What went wrong beside it, a sentence each.
    pub(crate) warnings: Vec<String>,
}

impl Desk {
    /// An order of this run.
    pub(crate) fn order(&self, id: &str) -> Option<&TradeOrder> {
        self.orders.iter().find(|order| order.id == id)
    }

    /// Notes how an order stands. What an answer does not say anew stays as it was.
    fn note(&mut self, mut order: TradeOrder) -> TradeOrder {
        let Some(known) = self.orders.iter_mut().find(|known| known.id == order.id) else {
            self.orders.push(order.clone());
            return order;
        };
        order.prices = order.prices.or_else(|| known.prices.take());
        if order.checks.is_empty() {
            order.checks = std::mem::take(&mut known.checks);
        }
        known.clone_from(&order);
        order
    }

    /// Notes what went wrong, the newest ones: a watch of months keeps no more of them.
    pub(crate) fn trouble(&mut self, problem: String) {
        if self.warnings.last() != Some(&problem) {
            self.warnings.push(problem);
        }
        let excess = self.warnings.len().saturating_sub(MOST_WARNINGS);
        self.warnings.drain(..excess);
    }

    /// What somebody says of an order, to be carried out.
    pub(crate) fn answer(&self, order_id: &str, answer: OrderAnswer) -> AnswerOrderParams {
        let prices = self.order(order_id).and_then(|order| order.prices.as_ref());
        AnswerOrderParams {
            order: self.of(order_id),
            answer,
            worst: prices.map(|prices| prices.worst),
            limits: self.limits.clone(),
            followers: self.followers.clone(),
        }
    }

    fn of(&self, order_id: &str) -> OrderRef {
        OrderRef {
            user_id: self.user.clone(),
            order_id: order_id.to_owned(),
            channels: self.channels.clone(),
        }
    }

    /// The order that waits for an answer.
    pub(crate) fn awaiting(&self) -> Option<AwaitedApproval> {
        let waiting = self.orders.iter().find(|order| order.phase == OrderPhase::AwaitingApproval)?;
        Some(AwaitedApproval { order_id: waiting.id.clone(), until: waiting.approval_until? })
    }
}

/// A workflow that trades.
pub(crate) trait Trading: Observer {
    fn desk(&self) -> &Desk;
    fn desk_mut(&mut self) -> &mut Desk;
    /// The current details in the Temporal UI, as Markdown.
    fn details(&self) -> String;
}

/// Why an update has no answer.
pub(crate) type Unanswered = Box<dyn std::error::Error + Send + Sync>;

/// Shows what is done.
pub(crate) fn step<W: Trading>(ctx: &WorkflowContext<W>, step: impl Into<String>) {
    ctx.state_mut(|run| run.desk_mut().step = step.into());
    publish(ctx);
}

/// Notes and shows how an order stands.
pub(crate) fn note<W: Trading>(ctx: &WorkflowContext<W>, order: TradeOrder) -> TradeOrder {
    let order = ctx.state_mut(|run| run.desk_mut().note(order));
    publish(ctx);
    order
}

pub(crate) fn warn<W: Trading>(ctx: &WorkflowContext<W>, warning: String) {
    ctx.state_mut(|run| run.desk_mut().trouble(warning));
}

fn publish<W: Trading>(ctx: &WorkflowContext<W>) {
    ctx.set_current_details(ctx.state(W::details));
}

pub(crate) fn means<W: Trading>(ctx: &WorkflowContext<W>, budget: Duration) -> Means {
    Means { budget, drill: ctx.state(|run| run.desk().drill) }
}

/// The order of that id as this run knows it, to name it in an activity.
pub(crate) fn of<W: Trading>(ctx: &WorkflowContext<W>, order_id: &str) -> OrderRef {
    ctx.state(|run| run.desk().of(order_id))
}

/// For the update `approve`.
pub(crate) async fn approve<W: Trading>(
    ctx: &WorkflowContext<W>,
    argument: Lenient<ApproveTrade>,
) -> Result<TradeOrder, Unanswered> {
    let said = checked(argument)?;
    answer(ctx, &said.order_id, OrderAnswer::Approve { by: said.by }).await
}

/// For the update `reject`.
pub(crate) async fn reject<W: Trading>(
    ctx: &WorkflowContext<W>,
    argument: Lenient<RejectTrade>,
) -> Result<TradeOrder, Unanswered> {
    let said = checked(argument)?;
    answer(ctx, &said.order_id, OrderAnswer::Reject { by: said.by, reason: said.reason }).await
}

fn checked<T: Arguments + Validate>(argument: Lenient<T>) -> Result<T, Unanswered> {
    let said = argument.into_result().map_err(|malformed| malformed.message)?;
    said.validate()?;
    Ok(said)
}

/// Carries out what somebody says of an order that waits. Said twice it is answered twice and done once.
async fn answer<W: Trading>(
    ctx: &WorkflowContext<W>,
    order_id: &str,
    answer: OrderAnswer,
) -> Result<TradeOrder, Unanswered> {
    if ctx.state(|run| run.desk().order(order_id).is_none()) {
        return Err(format!("this run has no order {order_id}; `ttai trade list` shows which wait").into());
    }
    let asked = ctx.state(|run| run.desk().answer(order_id, answer));
    match calls::call::<W, AnswerOrder>(ctx, asked, means(ctx, ORDER_BUDGET), "answering an order").await {
        Ok(order) => Ok(note(ctx, order)),
        Err(CallError::Cancelled) => Err("the run is being cancelled".into()),
        Err(CallError::Failed { message, .. }) => Err(message.into()),
    }
}

/// Puts a trade into the log: open, or with its end. A store that is away for long is a warning.
pub(crate) async fn log_trade<W: Trading>(
    ctx: &WorkflowContext<W>,
    position: &PositionMonitorParams,
    end: Option<PositionEnd>,
) -> Result<Option<TradeSummary>, CallError> {
    step(ctx, "logging the trade");
    let asked = LogTradeParams { position: position.clone(), exit_orders: position.exit_orders.clone(), end };
    match calls::call::<W, LogTrade>(ctx, asked, means(ctx, SAVE_BUDGET), "log the trade").await {
        Ok(trade) => Ok(Some(trade)),
        Err(CallError::Cancelled) => Err(CallError::Cancelled),
        Err(CallError::Failed { message, .. }) => {
            let what = if end.is_some() { "end" } else { "opening" };
            warn(ctx, format!("the {what} is not logged: {message}"));
            Ok(None)
        }
    }
}

/// Tells the user something, by the ledger. What cannot be told is a warning.
pub(crate) async fn tell<W: Trading>(
    ctx: &WorkflowContext<W>,
    (key, title): (&str, String),
    text: String,
    severity: Severity,
) -> Result<(), CallError> {
    let message = message(ctx, (key, title), text, severity);
    match calls::call_local_first::<W, NotifyTrade>(ctx, message, means(ctx, SAVE_BUDGET), "notify").await {
        Ok(()) => Ok(()),
        Err(CallError::Cancelled) => Err(CallError::Cancelled),
        Err(CallError::Failed { message, .. }) => {
            warn(ctx, format!("not notified: {message}"));
            Ok(())
        }
    }
}

/// As [`tell`], also in a run that is being cancelled.
pub(crate) async fn tell_uncancelled<W: Trading>(
    ctx: &WorkflowContext<W>,
    about: (&str, String),
    text: String,
    severity: Severity,
) {
    let message = message(ctx, about, text, severity);
    let told = calls::call_uncancelled::<W, NotifyTrade>(ctx, message, means(ctx, SAVE_BUDGET), "notify");
    if let Err(CallError::Failed { message, .. }) = told.await {
        warn(ctx, format!("not notified: {message}"));
    }
}

fn message<W: Trading>(
    ctx: &WorkflowContext<W>,
    (key, title): (&str, String),
    text: String,
    severity: Severity,
) -> NotifyTradeParams {
    ctx.state(|run| NotifyTradeParams {
        user_id: run.desk().user.clone(),
        key: key.to_owned(),
        title,
        text,
        severity,
        channels: run.desk().channels.clone(),
    })
}

/// Waits until `holds`, at most so long. Whether it came to hold.
pub(crate) async fn wait_until<W: Trading>(
    ctx: &WorkflowContext<W>,
    longest: Duration,
    summary: &str,
    holds: impl FnMut(&W) -> bool,
) -> Result<bool, CallError> {
    let token = WorkflowCancellationToken::new();
    let options = TimerOptions::builder(longest.max(Duration::from_millis(1)))
        .summary(calls::one_line(summary))
        .cancellation_token(token.clone());
    let mut timer = pin!(ctx.timer(options.build()));
    let mut condition = pin!(ctx.wait_condition(holds));
    let came = std::future::poll_fn(|cx| match condition.as_mut().poll(cx) {
        std::task::Poll::Ready(outcome) => std::task::Poll::Ready(Some(outcome)),
        std::task::Poll::Pending => timer.as_mut().poll(cx).map(|_| None),
    });
    match came.await {
        Some(Ok(())) if !ctx.cancellation_token().is_cancelled() => {
            token.cancel();
            Ok(true)
        }
        Some(_) => {
            token.cancel();
            Err(CallError::Cancelled)
        }
        None => Ok(false),
    }
}

/// What of a run every workflow of trading shows: the orders, and what is waited for.
pub(crate) fn orders_in_words(desk: &Desk) -> String {
    let line = |order: &TradeOrder| format!("- **{}** {}: {}", order.phase, order.id, order.sentence);
    let orders = desk.orders.iter().map(line);
    let warnings = desk.warnings.iter().map(|warning| format!("- warning: {warning}"));
    orders.chain(warnings).collect::<Vec<_>>().join("\n")
}
