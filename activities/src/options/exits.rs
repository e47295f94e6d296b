//! When to leave a position, each trigger as a price and a session.

use chrono::NaiveDate;
use rust_decimal::{Decimal, RoundingStrategy};
use ttai_calendar::{new_york_instant, session_on_or_before};
use ttai_contract::ExitTrigger;
use ttai_core::ExerciseStyle;
use ttai_quant::chain::PricedQuote;
use ttai_quant::pricing::Dividend;
use ttai_quant::strategy::exit_plan::TestedRule;
use ttai_quant::strategy::{
    Candidate, ExitPlan, ExitPlanError, ExitTerms, Leg, ModelLeg, VanillaModel, exit_plan,
};

use super::Case;
use super::number::float;
use super::words::COMPUTED;
use crate::narrator::Narrator;

/// Shares of a contract.
const PER_CONTRACT: f64 = 100.0;

/// The plan for a candidate among `quotes`, with the underlying at `spot` dollars.
///
/// # Errors
/// [`ExitPlanError`] where there is no credit or a leg has no volatility.
pub(super) fn plan(
    case: &Case,
    quotes: &[PricedQuote],
    spot: f64,
    best: &Candidate,
) -> Result<ExitPlan, ExitPlanError> {
    let leg = |occ_symbol: &str, quantity: Decimal, entry: Decimal| {
        let quote = quotes.iter().find(|quote| quote.quote.contract.occ_symbol() == occ_symbol)?;
        Some(model_leg(quote, quantity, entry))
    };
    let short = leg(&best.occ_symbol, Decimal::NEGATIVE_ONE, best.bid);
    let long = best.long.as_ref().and_then(|long| leg(&long.occ_symbol, Decimal::ONE, long.ask));
    let legs: Vec<ModelLeg> = short.into_iter().chain(long).collect();
    let european = |quote: &PricedQuote| quote.quote.contract.style == ExerciseStyle::European;
    let model = VanillaModel {
        rate: case.rate.continuous,
        dividends: dividends(case),
        american: !quotes.first().is_some_and(european),
    };
    let terms = ExitTerms {
        legs: &legs,
        credit: best.credit_bid,
        spot,
        opened: case.view.date,
        last_trade_date: best.last_trade_date,
    };
    exit_plan(&terms, &model)
}

fn model_leg(quote: &PricedQuote, quantity: Decimal, entry: Decimal) -> ModelLeg {
    let leg = Leg::option(&quote.quote.contract, quantity, entry, quote.quote.mid());
    ModelLeg { leg, volatility: quote.iv, years: quote.years }
}

/// Dividends to come, in years from the chain; ex-dates begin at midnight in New York.
fn dividends(case: &Case) -> Vec<Dividend> {
    let from = case.chain.snapshot_time;
    let years = |date: NaiveDate| {
        let ahead = new_york_instant(date, 0, 0).ok()? - from;
        #[expect(clippy::cast_precision_loss, reason = "a few years in milliseconds are far below 2^53")]
        let milliseconds = ahead.num_milliseconds() as f64;
        Some(milliseconds / (365.0 * 86_400_000.0)).filter(|years| *years > 0.0)
    };
    let to_come = |dividend: &ttai_core::CashDividend| {
        Some(Dividend { years: years(dividend.ex_date)?, amount: dividend.amount })
    };
    case.view.dividends.iter().filter_map(to_come).collect()
}

/// The plan as triggers; dates are sessions on or before the plan's days.
pub(super) fn triggers(plan: &ExitPlan, narrator: &mut Narrator) -> Vec<ExitTrigger> {
    vec![take_profit(plan, narrator), review(plan, narrator), tested(plan, narrator)]
}

fn take_profit(plan: &ExitPlan, narrator: &mut Narrator) -> ExitTrigger {
    let until = on_session(plan.take_profit.until);
    // To the cent below, so that at least half of the credit is earned.
    let price = float(plan.take_profit.close_at.round_dp_with_strategy(2, RoundingStrategy::ToZero));
    let close = narrator.price("exit_take_profit", price, COMPUTED);
    let expected = plan.take_profit.expected_on.map(on_session).filter(|day| *day <= until);
    let expected =
        expected.map_or(String::new(), |day| format!("; at this price, around {}", Narrator::date(day)));
    trigger(
        "take_profit",
        Some((price, "option")),
        until,
        format!("Take profit at {close} or less (half the credit){expected}."),
    )
}

fn review(plan: &ExitPlan, narrator: &mut Narrator) -> ExitTrigger {
    let date = on_session(plan.review.date);
    let price = float(plan.review.cost_if_unchanged.round_dp(2));
    let cost = narrator.dollars("exit_review_cost", PER_CONTRACT * price, COMPUTED);
    let days = narrator.count("exit_review_dte", plan.review.dte, COMPUTED);
    let date_text = Narrator::date(date);
    trigger(
        "review",
        Some((price, "option")),
        date,
        format!(
            "Review {date_text} ({days} days left); closing would cost about {cost} if the price is unchanged."
        ),
    )
}

fn tested(plan: &ExitPlan, narrator: &mut Narrator) -> ExitTrigger {
    let tested = &plan.tested;
    let until = on_session(tested.until);
    let close = tested.close_at.map(|cost| float(cost.round_dp(2)));
    let close_text = close.map(|cost| narrator.dollars("exit_tested_cost", PER_CONTRACT * cost, COMPUTED));
    let price =
        tested.underlying_today.map(|price| narrator.price("exit_tested_underlying", price, COMPUTED));
    let already = if tested.already { " It is there already." } else { "" };
    match tested.rule {
        TestedRule::TwiceTheCredit => {
            let at = price.map_or(String::new(), |price| format!(", near {price} today"));
            let cost = close_text.unwrap_or_default();
            let text = format!("Stop when closing costs {cost} (twice the credit lost){at}.{already}");
            trigger("stop_loss", close.map(|cost| (cost, "option")), until, text)
        }
        TestedRule::Delta => {
            let delta = narrator.number("exit_tested_delta", 0.5, 2, "rule");
            let at = price.map_or(String::new(), |price| format!(", near {price} today"));
            let cost = close_text.map_or(String::new(), |cost| format!("; closing costs about {cost}"));
            let text = format!("Defend when |delta| reaches {delta}{at}{cost}.{already}");
            trigger("tested", tested.underlying_today.map(|price| (price, "underlying")), until, text)
        }
    }
}

fn trigger(kind: &str, price: Option<(f64, &str)>, date: NaiveDate, text: String) -> ExitTrigger {
    ExitTrigger {
        kind: kind.to_owned(),
        price: price.map(|(price, _)| price),
        price_of: price.map(|(_, of)| of.to_owned()),
        date: Some(date),
        text,
    }
}

/// The session of a day or the last one before it; outside the calendar's years the day itself.
fn on_session(date: NaiveDate) -> NaiveDate {
    session_on_or_before(date).map_or(date, |session| session.date)
}
