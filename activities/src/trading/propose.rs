//! An order is made: a row with its client order id, priced, judged by the risk gate, and approved by a rule or asked for.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::json;
use ttai_contract::{
    AnswerOrderParams, ClosePositionParams, LegStep, OrderAnswer, OrderCheck, OrderLeave, OrderPrices,
    OrderVerdict, ProposeOrderParams, RunLimits, TradeOrder, ValidationError,
};
use ttai_core::{IntentLeg, NetPrice, OrderPhase, OrderPurpose};
use ttai_ports::{NewOrder, OrderPricing, OrderRecord};
use ttai_trading::gate::{CheckOutcome, GateCheck, judge, passes};
use ttai_trading::intent::{IntentTerms, OrderSlot};
use ttai_trading::order::OrderStep;
use ttai_trading::price::NetMarket;
use ttai_trading::{TradeIntent, TradingStrategy};

use super::desk::{
    Shown, TradedAccount, advance, audit_note, clock, intent, legs_in_words, now, order, session_close,
};
use super::gate_facts::{Gathered, OrderCost, cost, gather, limits};
use super::message::{Told, tell};
use super::quotes::LegMarket;
use crate::failure::AnalystError;
use crate::ports::Ports;

/// A limit, how far it gives way, and why it cannot be traded at.
struct Priced {
    limit: NetPrice,
    prices: Option<OrderPrices>,
    refusal: Option<String>,
}

/// An order before it is made: where, in which market, at which price, with which terms.
struct Draft {
    of: TradedAccount,
    market: LegMarket,
    priced: Priced,
    intent: TradeIntent,
}

async fn draft(ports: &Ports, params: &ProposeOrderParams, workflow_id: &str) -> Result<Draft, AnalystError> {
    let of = TradedAccount::find(ports, &params.user_id, &params.account_id).await?;
    let asked_at = now(ports, &params.legs).await;
    let market = LegMarket::of(ports, &params.legs, asked_at).await;
    let priced = priced(ports, params, &market, market.now)?;
    let intent = terms(params, &of, workflow_id, priced.limit)?;
    Ok(Draft { of, market, priced, intent })
}

/// Makes the order of a place in a workflow, or finds the one that was made there.
pub(super) async fn propose(
    ports: &Ports,
    params: ProposeOrderParams,
    workflow_id: &str,
) -> Result<TradeOrder, AnalystError> {
    let Draft { of, market, priced, intent } = match draft(ports, &params, workflow_id).await {
        Err(AnalystError::NotEnoughData(reason)) => {
            return made_before(ports, &params, workflow_id, reason).await;
        }
        drafted => drafted?,
    };
    let now = market.now;
    let evidence = json!({ "evidence": params.evidence, "leave": params.leave });
    let note = audit_note(workflow_id, now, evidence);
    let new = NewOrder { intent, broker: of.broker.name().to_owned(), risk: None };
    let record = ports.trading.orders.save_intent(&new, &note).await?.record;
    let desk = Desk { ports, of: &of, actor: workflow_id, limits: &params.limits, now };
    let (record, checks) = match (record.order.phase(), &params.leave) {
        (OrderPhase::Intended, OrderLeave::Own) => desk.ask(record, &market, &priced, &params).await?,
        // Made before by an attempt that ended on its way.
        (OrderPhase::AwaitingApproval, OrderLeave::Own) => (desk.leave(record, &params).await?, Vec::new()),
        (
            OrderPhase::Intended | OrderPhase::AwaitingApproval,
            OrderLeave::Of(other) | OrderLeave::Replacing(other),
        ) => (desk.inherit(record, other, &priced).await?, Vec::new()),
        _ => (record, Vec::new()),
    };
    Shown { prices: priced.prices, checks, ..Shown::new(ports, &record, of.broker.is_paper(), now) }.order()
}

/// An attempt before this one made the order and ended on its way, and now there is no price: the order is refused. Without an order there
/// is nothing to refuse.
async fn made_before(
    ports: &Ports,
    params: &ProposeOrderParams,
    workflow_id: &str,
    reason: String,
) -> Result<TradeOrder, AnalystError> {
    let of = TradedAccount::find(ports, &params.user_id, &params.account_id).await?;
    let id = slot(params, workflow_id).client_order_id(&of.account);
    let made = ports.trading.orders.order(params.user_id.as_str(), id.as_str()).await?;
    let is_unanswered = |phase| matches!(phase, OrderPhase::Intended | OrderPhase::AwaitingApproval);
    let Some(made) = made.filter(|record| is_unanswered(record.order.phase())) else {
        return Err(AnalystError::NotEnoughData(reason));
    };
    let now = now(ports, &params.legs).await;
    let desk = Desk { ports, of: &of, actor: workflow_id, limits: &params.limits, now };
    let refused = desk.step(made, OrderStep::Refuse { reason }, None, json!({})).await?;
    Shown::new(ports, &refused, of.broker.is_paper(), now).order()
}

/// What would become of an order if it were made now: it is priced and judged as [`propose`] does, and no row is made.
pub(super) async fn verdict(
    ports: &Ports,
    params: ProposeOrderParams,
    workflow_id: &str,
) -> Result<OrderVerdict, AnalystError> {
    let Draft { of, market, priced, intent } = draft(ports, &params, workflow_id).await?;
    let desk = Desk { ports, of: &of, actor: workflow_id, limits: &params.limits, now: market.now };
    let Judgement { checks, refusal, .. } =
        desk.judgement(&intent, &params.followers, &market, priced.refusal.as_ref()).await;
    Ok(OrderVerdict { passes: refusal.is_none(), refusal, checks: shown(&checks) })
}

/// Carries out what somebody said to an order that waits. One that waits no longer is answered as it is.
pub(super) async fn answer(
    ports: &Ports,
    params: AnswerOrderParams,
    actor: &str,
) -> Result<TradeOrder, AnalystError> {
    let user = &params.order.user_id;
    let record = order(ports, user, &params.order.order_id).await?;
    let of = TradedAccount::of(ports, user, &record).await?;
    let legs = intent(&record)?.legs.clone();
    let now = now(ports, &legs).await;
    let actor = match &params.answer {
        OrderAnswer::Approve { by } | OrderAnswer::Reject { by, .. } => by.clone(),
        OrderAnswer::Expire => actor.to_owned(),
    };
    let desk = Desk { ports, of: &of, actor: &actor, limits: &params.limits, now };
    if record.order.phase() != OrderPhase::AwaitingApproval {
        return Shown::new(ports, &record, of.broker.is_paper(), now).order();
    }
    let (record, prices) = match params.answer {
        OrderAnswer::Approve { by } => desk.approve(record, by, params.worst, &params.followers).await?,
        OrderAnswer::Reject { by, reason } => {
            let step = OrderStep::Reject { by: by.clone() };
            (desk.step(record, step, None, json!({ "by": by, "reason": reason })).await?, None)
        }
        OrderAnswer::Expire => {
            let at = record.approval.until.unwrap_or(now).max(now);
            (desk.step(record, OrderStep::ExpireApproval { at }, None, json!({})).await?, None)
        }
    };
    Shown { prices, ..Shown::new(ports, &record, of.broker.is_paper(), now) }.order()
}

/// The leave of the next leg of a position that is left leg by leg: that of the leg before it while it holds, else its own.
pub(super) async fn leave_of_exit(
    ports: &Ports,
    params: &ClosePositionParams,
) -> Result<OrderLeave, AnalystError> {
    let ClosePositionParams { position, advice, .. } = params;
    let Some(before) = advice.legs_left.and(position.exit_orders.last()) else { return Ok(OrderLeave::Own) };
    let found = ports.trading.orders.order(position.user_id.as_str(), before).await?;
    let now = now(ports, &advice.legs).await;
    let holds = found.is_some_and(|record| {
        record.approval.by.is_some() && record.approval.until.is_some_and(|until| now < until)
    });
    Ok(if holds { OrderLeave::Of(before.clone()) } else { OrderLeave::Own })
}

/// The limit of what is asked: that of a replacement as it was asked for, else the mid with its walk.
fn priced(
    ports: &Ports,
    params: &ProposeOrderParams,
    market: &LegMarket,
    now: DateTime<Utc>,
) -> Result<Priced, AnalystError> {
    if let (OrderLeave::Replacing(_), Some(limit)) = (&params.leave, params.limit) {
        return Ok(Priced { limit, prices: None, refusal: None });
    }
    match walk(ports, &params.legs, params.worst, market, now) {
        Ok((limit, prices)) => Ok(Priced { limit, prices: Some(prices), refusal: None }),
        // On the grid, which a mid need not be.
        Err(refusal) => match params.worst.or(params.limit) {
            Some(limit) => Ok(Priced { limit, prices: None, refusal: Some(refusal) }),
            None => Err(AnalystError::NotEnoughData(refusal)),
        },
    }
}

/// The first limit and those after it, or why there is none.
fn walk(
    ports: &Ports,
    legs: &[IntentLeg],
    worst: Option<NetPrice>,
    market: &LegMarket,
    now: DateTime<Utc>,
) -> Result<(NetPrice, OrderPrices), String> {
    let rules = &ports.trading.rules;
    let age = rules.limits.quote_age_seconds();
    let said = |error: ttai_trading::price::PriceError| {
        let unread: Vec<&str> = market.problems.iter().map(String::as_str).collect();
        let unread = if unread.is_empty() { String::new() } else { format!(" ({})", unread.join("; ")) };
        format!("No price: {error}{unread}.")
    };
    let net = NetMarket::of(legs, &market.quotes, market.is_penny(), now, age).map_err(said)?;
    let limits = net.walk(&rules.walk.policy(worst)).map_err(said)?;
    let first = limits.first().copied().ok_or_else(|| "No price: the walk is empty.".to_owned())?;
    let last = limits.last().copied().unwrap_or(first);
    let prices = OrderPrices {
        worst: worst.unwrap_or(last),
        walk: limits.into_iter().skip(1).collect(),
        seconds_a_step: rules.walk.seconds_a_step.max(1),
    };
    Ok((first, prices))
}

fn slot(params: &ProposeOrderParams, workflow_id: &str) -> OrderSlot {
    OrderSlot {
        workflow_id: workflow_id.to_owned(),
        purpose: params.purpose,
        leg: params.leg,
        sequence: params.sequence,
    }
}

fn terms(
    params: &ProposeOrderParams,
    of: &TradedAccount,
    workflow_id: &str,
    limit: NetPrice,
) -> Result<TradeIntent, AnalystError> {
    let terms = IntentTerms {
        user: of.user.to_string(),
        account: of.account.clone(),
        strategy: params.strategy.as_str().to_owned(),
        slot: slot(params, workflow_id),
        legs: params.legs.clone(),
        quantity: params.quantity,
        limit,
    };
    Ok(TradeIntent::new(terms).map_err(|error| ValidationError::new("legs", error.to_string()))?)
}

/// What the gate and the broker say of an order, and of what follows it.
struct Judgement {
    gathered: Gathered,
    checks: Vec<GateCheck>,
    /// Why it may not be sent; none where everything passes.
    refusal: Option<String>,
}

/// Where an order is judged and answered.
struct Desk<'a> {
    ports: &'a Ports,
    of: &'a TradedAccount,
    actor: &'a str,
    limits: &'a RunLimits,
    now: DateTime<Utc>,
}

impl Desk<'_> {
    /// Has the gate judge it; then a rule approves it, or somebody is asked.
    async fn ask(
        &self,
        record: OrderRecord,
        market: &LegMarket,
        priced: &Priced,
        params: &ProposeOrderParams,
    ) -> Result<(OrderRecord, Vec<OrderCheck>), AnalystError> {
        let wanted = intent(&record)?.clone();
        let Judgement { gathered, checks, refusal } =
            self.judgement(&wanted, &params.followers, market, priced.refusal.as_ref()).await;
        if let Some(reason) = refusal {
            let detail = json!({ "checks": checks, "facts": gathered.facts });
            let refused =
                self.step(record, OrderStep::Refuse { reason: reason.clone() }, None, detail).await?;
            self.tell_refused(&wanted, &refused, &reason, params).await?;
            return Ok((refused, shown(&checks)));
        }
        let until = self.until();
        let pricing = OrderPricing { limit: wanted.limit, risk: gathered.risk };
        let detail = json!({ "checks": checks, "facts": gathered.facts, "prices": priced.prices });
        let asked = self.step(record, OrderStep::AskApproval { until }, Some(pricing), detail).await?;
        Ok((self.leave(asked, params).await?, shown(&checks)))
    }

    /// A rule gives leave, or somebody is asked.
    async fn leave(
        &self,
        asked: OrderRecord,
        params: &ProposeOrderParams,
    ) -> Result<OrderRecord, AnalystError> {
        if self.ports.trading.rules.approves(params.strategy, self.of.broker.is_paper()) {
            let by = format!("the rule auto_approve of {}", params.strategy);
            let step = OrderStep::Approve { by, at: self.now };
            return self.step(asked, step, None, json!({})).await;
        }
        self.ask_the_user(&asked, params).await?;
        Ok(asked)
    }

    /// The leave of another order of the same plan. One that has ended is not inherited: then nobody approved it in time.
    async fn inherit(
        &self,
        record: OrderRecord,
        other: &str,
        priced: &Priced,
    ) -> Result<OrderRecord, AnalystError> {
        let leave = order(self.ports, &self.of.user, other).await?.approval;
        let (Some(by), Some(until)) = (leave.by, leave.until) else {
            let reason = format!("Order {other}, whose approval it shares, was never approved.");
            return self.step(record, OrderStep::Refuse { reason }, None, json!({})).await;
        };
        if let Some(reason) = priced.refusal.clone() {
            return self.step(record, OrderStep::Refuse { reason }, None, json!({})).await;
        }
        // Whoever approved the legs wants them undone as long as that can be done.
        let is_undoing = intent(&record)?.slot.purpose == OrderPurpose::Compensation;
        let until = if is_undoing { until.max(session_close(self.now)) } else { until };
        let risk = record.risk;
        let pricing = OrderPricing { limit: priced.limit, risk };
        let detail = json!({ "shares_the_approval_of": other });
        let asked = match record.order.phase() {
            // An attempt before this one came so far.
            OrderPhase::AwaitingApproval => record,
            _ => self.step(record, OrderStep::AskApproval { until }, Some(pricing), detail).await?,
        };
        if self.now >= until {
            let step = OrderStep::ExpireApproval { at: self.now };
            return self.step(asked, step, None, json!({})).await;
        }
        self.step(asked, OrderStep::Approve { by, at: self.now }, None, json!({})).await
    }

    /// Somebody gives leave: it is priced and judged anew. What does not pass now goes on waiting.
    async fn approve(
        &self,
        record: OrderRecord,
        by: String,
        worst: Option<NetPrice>,
        followers: &[LegStep],
    ) -> Result<(OrderRecord, Option<OrderPrices>), AnalystError> {
        let until = record.approval.until.unwrap_or(self.now);
        if self.now >= until {
            let step = OrderStep::ExpireApproval { at: self.now };
            return Ok((self.step(record, step, None, json!({})).await?, None));
        }
        let wanted = intent(&record)?.clone();
        let market = LegMarket::of(self.ports, &wanted.legs, self.now).await;
        let now = market.now;
        let waits = |why: String| {
            let (id, until) = (&record.client_order_id, clock(until));
            AnalystError::NotEnoughData(format!("order {id} was not approved and waits until {until}: {why}"))
        };
        let (limit, prices) = walk(self.ports, &wanted.legs, worst, &market, now).map_err(&waits)?;
        let requoted = wanted
            .at(limit)
            .map_err(|error| AnalystError::from(ValidationError::new("limit", error.to_string())))?;
        let Judgement { gathered, checks, refusal } =
            self.judgement(&requoted, followers, &market, None).await;
        if let Some(reason) = refusal {
            return Err(waits(reason));
        }
        let pricing = OrderPricing { limit, risk: gathered.risk };
        let detail = json!({ "checks": checks, "facts": gathered.facts, "prices": prices });
        let step = OrderStep::Approve { by, at: self.now };
        Ok((self.step(record, step, Some(pricing), detail).await?, Some(prices)))
    }

    /// Has the gate judge an order with what is to be sent after it, at the mid: a leg that nobody could follow up would stand alone.
    /// `unpriced` is why the order itself has no price.
    async fn judgement(
        &self,
        intent: &TradeIntent,
        followers: &[LegStep],
        market: &LegMarket,
        unpriced: Option<&String>,
    ) -> Judgement {
        let mut gathered = gather(self.ports, self.of, intent, market, market.now).await;
        let mut reasons: Vec<String> = unpriced.into_iter().cloned().collect();
        for (step, leg) in followers.iter().zip(1..) {
            match self.follower(intent, step, leg, market.now).await {
                Ok(follower) => {
                    gathered.add(&follower);
                    reasons.extend(follower.refusal.map(|reason| format!("{reason}.")));
                }
                Err(reason) => reasons.push(reason),
            }
        }
        let checks = judge(intent, &limits(self.ports, self.limits), &gathered.facts);
        let refusal = self.refusal(intent, &gathered, &checks, reasons);
        Judgement { gathered, checks, refusal }
    }

    async fn follower(
        &self,
        first: &TradeIntent,
        step: &LegStep,
        leg: u8,
        now: DateTime<Utc>,
    ) -> Result<OrderCost, String> {
        let market = LegMarket::of(self.ports, &step.legs, now).await;
        let (limit, _) = walk(self.ports, &step.legs, None, &market, market.now)?;
        let terms = IntentTerms {
            slot: OrderSlot { leg: Some(leg), ..first.slot.clone() },
            legs: step.legs.clone(),
            quantity: step.quantity,
            limit,
            ..first.clone().into()
        };
        let intent = TradeIntent::new(terms).map_err(|error| error.to_string())?;
        Ok(cost(self.of, &intent).await)
    }

    /// Why it is refused; none where everything passes.
    fn refusal(
        &self,
        intent: &TradeIntent,
        gathered: &Gathered,
        checks: &[GateCheck],
        others: Vec<String>,
    ) -> Option<String> {
        let is_paper = self.of.broker.is_paper();
        let strategy: TradingStrategy = intent.strategy.parse().unwrap_or_default();
        let leave = self.ports.trading.rules.check(strategy, &self.of.account, is_paper);
        let leave = leave.err().map(|error| format!("{error}."));
        let broker = gathered.refusal.as_ref().map(|reason| format!("{reason}."));
        let barred = checks.iter().filter(|check| check.outcome != CheckOutcome::Passed);
        let barred = barred.map(|check| check.sentence.clone());
        let mut reasons: Vec<String> = Vec::new();
        for reason in leave.into_iter().chain(broker).chain(others).chain(barred) {
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        debug_assert!(!reasons.is_empty() || passes(checks), "a refusal has its reason");
        (!reasons.is_empty()).then(|| reasons.join(" "))
    }

    /// Until when an approval is waited for: the session's close at the latest.
    fn until(&self) -> DateTime<Utc> {
        let close = session_close(self.now);
        match self.ports.trading.rules.approval_minutes {
            0 => close,
            minutes => close.min(self.now + TimeDelta::minutes(i64::from(minutes))),
        }
    }

    /// Takes a step. Where somebody else changed the order first, the call fails and is made again on what it is then.
    async fn step(
        &self,
        record: OrderRecord,
        step: OrderStep,
        priced: Option<OrderPricing>,
        detail: serde_json::Value,
    ) -> Result<OrderRecord, AnalystError> {
        let note = audit_note(self.actor, self.now, detail);
        Ok(advance(self.ports, &self.of.user, &record, (step, priced), &note).await?)
    }

    async fn ask_the_user(
        &self,
        record: &OrderRecord,
        params: &ProposeOrderParams,
    ) -> Result<(), AnalystError> {
        let wanted = intent(record)?;
        let id = &record.client_order_id;
        let until = record.approval.until.map(clock).unwrap_or_default();
        let risk = record.risk.map(|risk| format!(" It may lose ${}.", grouped(risk))).unwrap_or_default();
        let why = reason(params);
        let text = format!(
            "{} at {}.{risk}{why}\nApprove it until {until} with `ttai trade approve {id}`, or reject it with `ttai trade reject {id}`.",
            legs_in_words(&wanted.legs, wanted.quantity),
            wanted.limit
        );
        let told = Told {
            key: format!("{id}/approval"),
            title: format!("Approve? {}", legs_in_words(&wanted.legs, wanted.quantity)),
            text,
            severity: ttai_core::Severity::Warning,
            channels: &params.channels,
        };
        tell(self.ports, &self.of.user, told).await
    }

    async fn tell_refused(
        &self,
        wanted: &TradeIntent,
        record: &OrderRecord,
        reason: &str,
        params: &ProposeOrderParams,
    ) -> Result<(), AnalystError> {
        let told = Told {
            key: format!("{}/refused", record.client_order_id),
            title: format!("Not ordered: {}", legs_in_words(&wanted.legs, wanted.quantity)),
            text: reason.to_owned(),
            severity: ttai_core::Severity::Warning,
            channels: &params.channels,
        };
        tell(self.ports, &self.of.user, told).await
    }
}

/// Why the strategy or the exit wants it, from the evidence.
fn reason(params: &ProposeOrderParams) -> String {
    let text = |name: &str| params.evidence.get(name).and_then(|reason| reason.as_str());
    text("reason").or_else(|| text("sentence")).map(|reason| format!(" {reason}")).unwrap_or_default()
}

fn shown(checks: &[GateCheck]) -> Vec<OrderCheck> {
    let word = |value: serde_json::Value| value.as_str().map(str::to_owned).unwrap_or_default();
    checks
        .iter()
        .map(|check| OrderCheck {
            rule: word(json!(check.rule)),
            outcome: word(json!(check.outcome)),
            sentence: check.sentence.clone(),
        })
        .collect()
}

fn grouped(amount: Decimal) -> String {
    use rust_decimal::prelude::ToPrimitive;
    crate::narrator::grouped(amount.to_f64().unwrap_or_default())
}
