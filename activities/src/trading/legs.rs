//! One order of all legs where both brokers take one; else a plan leg by leg, that is never naked on the way.

use rust_decimal::prelude::ToPrimitive;
use ttai_contract::{
    CompensateLegsParams, LegPlan, LegStep, PlanLegsParams, PlannedCompensation, ValidationError,
};
use ttai_core::{IntentLeg, NetPrice, OptionRight, OrderPurpose, Symbol};
use ttai_trading::TradeIntent;
use ttai_trading::intent::{IntentTerms, OrderSlot};
use ttai_trading::legging::{CrossCover, HeldQuantities, LegOrder, LeggingPlan};

use super::desk::legs_in_words;
use crate::failure::AnalystError;
use crate::portfolio::traded_account;
use crate::ports::Ports;

/// Plans the orders of legs.
pub(super) async fn plan(ports: &Ports, params: PlanLegsParams) -> Result<LegPlan, AnalystError> {
    // Alpaca's `mleg` and tastytrade's orders both take up to four legs of one underlying.
    let mut underlyings = params.legs.iter().map(|leg| leg.instrument.underlying());
    let first = underlyings.next();
    if underlyings.all(|other| Some(&other) == first.as_ref()) {
        let sentence = format!("One order: {}.", legs_in_words(&params.legs, params.quantity));
        let whole = LegStep { legs: params.legs, quantity: params.quantity };
        return Ok(LegPlan { steps: vec![whole], plan: serde_json::Value::Null, sentence });
    }
    let (broker, account) = traded_account(ports, &params.account_id).await?;
    let mut held = HeldQuantities::new();
    for position in broker.positions(&account).await? {
        if let Some(instrument) = position.instrument {
            *held.entry(instrument).or_default() += position.quantity.to_i64().unwrap_or_default();
        }
    }
    let intent = as_intent(&params, &account)?;
    let plan = LeggingPlan::of(&intent, &held, &covers())
        .map_err(|error| ValidationError::new("legs", error.to_string()))?;
    Ok(LegPlan {
        steps: plan.steps.iter().map(step).collect(),
        sentence: sentence(&plan),
        plan: serde_json::to_value(&plan).map_err(|error| AnalystError::Crashed(error.to_string()))?,
    })
}

/// What is to be undone where a plan ended early.
pub(super) fn compensation(params: CompensateLegsParams) -> Result<PlannedCompensation, AnalystError> {
    let plan: LeggingPlan = serde_json::from_value(params.plan)
        .map_err(|error| ValidationError::new("plan", format!("is no legging plan: {error}")))?;
    let compensation = plan.compensation(&params.filled);
    Ok(PlannedCompensation {
        undo: compensation.undo.iter().map(step).collect(),
        whole_units: plan.whole_units(&params.filled),
    })
}

/// The SPX call of spy_spx is meant to cover ten SPY calls.
fn covers() -> Vec<CrossCover> {
    let symbols = Symbol::new("SPX").ok().zip(Symbol::new("SPY").ok());
    symbols
        .map(|(long, short)| CrossCover { long, short, right: OptionRight::Call, shorts_per_long: 10 })
        .into_iter()
        .collect()
}

fn step(order: &LegOrder) -> LegStep {
    let leg = IntentLeg { instrument: order.instrument.clone(), action: order.action, ratio: 1 };
    LegStep { legs: vec![leg], quantity: order.quantity }
}

fn sentence(plan: &LeggingPlan) -> String {
    let legs: Vec<String> = plan
        .steps
        .iter()
        .map(|order| {
            let step = step(order);
            legs_in_words(&step.legs, step.quantity)
        })
        .collect();
    let naked = match plan.naked_by_design {
        0 => String::new(),
        count => format!(" {count} short contracts are naked to the broker once all is done, by design."),
    };
    format!("Leg by leg, each once the one before it is filled: {}.{naked}", legs.join("; then "))
}

/// The legs as the rules of legging take them; the price plays no part.
fn as_intent(params: &PlanLegsParams, account: &str) -> Result<TradeIntent, AnalystError> {
    let terms = IntentTerms {
        user: "plan".to_owned(),
        account: account.to_owned(),
        strategy: params.strategy.as_str().to_owned(),
        slot: OrderSlot {
            workflow_id: "plan".to_owned(),
            purpose: OrderPurpose::Entry,
            leg: None,
            sequence: 0,
        },
        legs: params.legs.clone(),
        quantity: params.quantity,
        limit: NetPrice::Debit(rust_decimal::Decimal::ZERO),
    };
    Ok(TradeIntent::new(terms).map_err(|error| ValidationError::new("legs", error.to_string()))?)
}
