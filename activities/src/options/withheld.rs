//! The answer where nothing is priced, because chain, underlying and clock do not belong together: no contract, no return,
//! no volatility, and why not.

use std::collections::BTreeMap;

use ttai_contract::{OptionsAnalysisResult, OptionsRecommendation, SpreadType, Strategy};

use super::Case;
use super::earnings::Earnings;
use super::reconcile::Apart;
use crate::article;
use crate::narrator::Narrator;
use crate::titles;

/// The answer to a case whose data are apart.
pub(super) fn conclude(case: Case, apart: Apart) -> OptionsAnalysisResult {
    let mut narrator = Narrator::default();
    let earnings = Earnings::of(&case.view.symbol, &case.metrics);
    let reason = apart.describe(case.view.as_of, &mut narrator);
    let first_line = format!("Watchlist, nothing priced for {}: {reason}.", case.view.symbol);
    let unknowns = unknowns(&case, &earnings);
    let notes = notes(&case, apart, &reason, &unknowns, &first_line, &mut narrator);
    let mut warnings = case.view.warnings.clone();
    warnings.push(format!("{reason}; nothing is priced from this chain"));
    let trade = case.params.trade;
    OptionsAnalysisResult {
        symbol: case.view.symbol.as_str().to_owned(),
        recommendation: OptionsRecommendation::Watchlist,
        best_strike: None,
        best_expiration: None,
        dte: None,
        weekly_roc: None,
        delta: None,
        gamma: None,
        theta: None,
        vega: None,
        iv_hv_ratio: None,
        liquidity_score: "none".to_owned(),
        alternative_strikes: Vec::new(),
        rationale: first_line,
        options_notes: notes,
        tool_calls_made: 0,
        strategy: trade.strategy,
        spread_type: (trade.strategy == Strategy::Spread)
            .then(|| trade.spread_type.unwrap_or(SpreadType::BullPut)),
        best: None,
        roc_shortfall: None,
        underlying_price: case.view.price,
        iv30: None,
        hv30: ttai_quant::chain::hv30(&case.view.bars),
        iv_rank: None,
        iv_percentile: None,
        iv_rank_missing: Some("nothing is priced, so implied volatility has no rank".to_owned()),
        expected_moves: Vec::new(),
        implied_events: Vec::new(),
        constraints: case.constraints,
        contracts_considered: 0,
        fail_counts: BTreeMap::new(),
        binding_constraint: None,
        nearest_misses: Vec::new(),
        smallest_relaxation: None,
        exit_plan: Vec::new(),
        stale: true,
        chain_time: case.chain.snapshot_time,
        earnings_known: earnings.is_known(),
        rule: apart.rule().to_owned(),
        as_of: case.view.as_of,
        data_source: case.view.source,
        evidence: narrator.into_evidence(),
        warnings,
        unknowns,
        model_use: None,
    }
}

fn notes(
    case: &Case,
    apart: Apart,
    reason: &str,
    unknowns: &[String],
    first_line: &str,
    narrator: &mut Narrator,
) -> String {
    let why = vec![
        reason.to_owned(),
        "credits, deltas and returns would mix prices that never stood side by side".to_owned(),
        "the verdict is about the data and says nothing against the symbol".to_owned(),
    ];
    let price = narrator.price("underlying_price", case.view.price, "quote");
    let quoted = narrator.moment("price_time", case.view.quote.market_time, "quote");
    let risk = format!("options may be worth something else by now: the price is {price} ({quoted})");
    let sections = [
        (titles::WHY, why),
        (article::against(true), vec![risk]),
        (titles::CHANGE, vec![apart.remedy().to_owned()]),
        (titles::MISSING, unknowns.to_vec()),
    ];
    article::article(first_line, &sections)
}

fn unknowns(case: &Case, earnings: &Earnings) -> Vec<String> {
    let mut unknowns = vec!["an option chain that belongs to this analysis".to_owned()];
    if let Earnings::Unknown(reason) = earnings {
        unknowns.push(format!("earnings: {reason}"));
    }
    unknowns.extend(case.view.actions_unknown.clone());
    unknowns
}
