//! From the case to the answer.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use ttai_contract::{
    EarningsPolicy, OpenInterestPolicy, OptionsAnalysisResult, OptionsRecommendation, SpreadType, Strategy,
    SuggestedPosition,
};
use ttai_core::AccountType;
use ttai_quant::chain::{PricedQuote, doubtful_quotes};
use ttai_quant::strategy::{Candidate, Constraint, OptionsVerdict, Selection};

use super::Case;
use super::chart_facts::ChartFacts;
use super::choice::{Choice, choose};
use super::earnings::{Earnings, describe};
use super::freshness::{Staleness, quote_age};
use super::market::{Market, projected_dividends, refuse_unusable_chain};
use super::number::float;
use super::pricers::Pricers;
use super::reconcile::apart;
use super::{alternatives, doubtful, exits, liquidity, notes, position, withheld, words};
use crate::failure::AnalystError;
use crate::narrator::Narrator;

/// Everything that is known once the contract is chosen.
pub(super) struct Findings {
    pub(super) case: Case,
    pub(super) market: Market,
    pub(super) facts: ChartFacts,
    pub(super) earnings: Earnings,
    pub(super) selection: Selection,
    /// What it was chosen from.
    pub(super) quotes: Vec<PricedQuote>,
    pub(super) spread_type: Option<SpreadType>,
    /// The width asked for and the one used, where they differ.
    pub(super) other_width: Option<(Decimal, Decimal)>,
    pub(super) position: Option<SuggestedPosition>,
    /// Why the best contract has no exit plan.
    pub(super) no_plan: Option<String>,
    /// Whether the next report may come within the best contract's life.
    pub(super) reports_within: bool,
    pub(super) stale: Vec<Staleness>,
}

impl Findings {
    /// What the options say: nothing is selected at prices that may not be traded on.
    pub(super) fn verdict(&self) -> OptionsVerdict {
        match self.selection.verdict {
            OptionsVerdict::Select if !self.stale.is_empty() => OptionsVerdict::Watchlist,
            verdict => verdict,
        }
    }
}

/// The analysis of a case.
pub(super) fn conclude(mut case: Case, pricers: &Pricers) -> Result<OptionsAnalysisResult, AnalystError> {
    refuse_unusable_chain(&case)?;
    if let Some(apart) = apart(&case) {
        return Ok(withheld::conclude(case, apart));
    }
    let dividends = case.view.actions_unknown.is_none().then_some(case.view.dividends.as_slice());
    case.doubtful = doubtful_quotes(&case.chain, case.rate.continuous, dividends);
    if case.contracts().next().is_none() {
        let message = format!("every quote of the option chain of {} contradicts others", case.view.symbol);
        return Err(AnalystError::NotEnoughData(message));
    }
    priced(case, pricers)
}

fn priced(case: Case, pricers: &Pricers) -> Result<OptionsAnalysisResult, AnalystError> {
    let mut narrator = Narrator::default();
    let findings = find(case, pricers, &mut narrator)?;
    let alternative_strikes = alternatives::alternatives(&findings.selection, &mut narrator);
    let symbol = findings.case.view.symbol.as_str();
    let nearest_misses = alternatives::nearest_misses(&findings.selection, symbol, &mut narrator);
    let smallest_relaxation = alternatives::relaxation(&findings.selection, symbol, &mut narrator);
    let written = notes::write(&findings, &nearest_misses, smallest_relaxation.as_deref(), &mut narrator);
    let warnings = warnings(&findings, &mut narrator);
    let selection = &findings.selection;
    let best = selection.best.as_ref();
    let greeks = best.and_then(|best| best.greeks);
    let rank = findings.market.rank.as_ref().ok().copied();
    let weekly_roc = findings.position.as_ref().map(|position| position.roc_weekly);
    Ok(OptionsAnalysisResult {
        symbol: symbol.to_owned(),
        recommendation: recommendation(findings.verdict()),
        best_strike: best.map(|best| float(best.strike)),
        best_expiration: best.map(|best| best.expiration.format("%Y-%m-%d").to_string()),
        dte: best.map(|best| best.dte),
        weekly_roc,
        delta: greeks.map(|greeks| greeks.delta),
        gamma: greeks.map(|greeks| greeks.gamma),
        theta: greeks.map(|greeks| greeks.theta),
        vega: greeks.map(|greeks| greeks.vega),
        iv_hv_ratio: findings.market.iv_to_hv(),
        liquidity_score: best.map_or("none", liquidity::score).to_owned(),
        alternative_strikes,
        rationale: written.first_line,
        options_notes: written.notes,
        tool_calls_made: 0,
        strategy: findings.case.params.trade.strategy,
        spread_type: findings.spread_type,
        roc_shortfall: best
            .filter(|best| best.fails(Constraint::Roc))
            .and_then(|_| weekly_roc.map(|weekly| findings.case.constraints.min_roc - weekly)),
        underlying_price: findings.market.price(),
        iv30: findings.market.iv30,
        hv30: findings.market.hv30,
        iv_rank: rank.map(|(rank, _)| rank),
        iv_percentile: rank.map(|(_, percentile)| percentile),
        iv_rank_missing: findings
            .market
            .rank
            .as_ref()
            .err()
            .map(|reason| notes::no_rank(reason, &mut narrator)),
        expected_moves: findings.market.expected_moves(&findings.case),
        implied_events: findings.market.event_notes(),
        constraints: findings.case.constraints.clone(),
        contracts_considered: count(selection.considered),
        fail_counts: fail_counts(selection),
        binding_constraint: selection.diagnosis.as_ref().map(|why| why.binding.constraint.name().to_owned()),
        nearest_misses,
        smallest_relaxation,
        exit_plan: findings.position.as_ref().map(|position| position.exit_plan.clone()).unwrap_or_default(),
        stale: !findings.stale.is_empty(),
        chain_time: findings.case.chain.snapshot_time,
        earnings_known: findings.earnings.is_known(),
        rule: rule(&findings),
        as_of: findings.case.view.as_of,
        data_source: findings.case.view.source.clone(),
        evidence: narrator.into_evidence(),
        warnings,
        unknowns: written.unknowns,
        best: findings.position,
        model_use: None,
    })
}

fn find(case: Case, pricers: &Pricers, narrator: &mut Narrator) -> Result<Findings, AnalystError> {
    let market = Market::of(&case, pricers)?;
    let facts = ChartFacts::of(&case);
    let earnings = Earnings::of(&case.view.symbol, &case.metrics);
    let limits = &case.constraints;
    let events = earnings.excluded(limits.exclude_earnings, limits.unknown_earnings);
    let Choice { selection, quotes, spread_type, other_width } = choose(&case, &market, &facts, &events)?;
    let (mut position, mut no_plan, mut reports) = (None, None, false);
    if let Some(best) = &selection.best {
        let triggers = match exits::plan(&case, &quotes, market.price(), best) {
            Ok(plan) => exits::triggers(&plan, narrator),
            Err(error) => {
                no_plan = Some(error.to_string());
                Vec::new()
            }
        };
        reports = reports_within(&earnings, &quotes, best, case.view.as_of);
        let report = earnings.report().filter(|_| reports).map(describe);
        let events = report.into_iter().chain(events_before(best, &market)).collect();
        position = Some(position::suggest(&case, best, events, triggers)?);
    }
    let stale = staleness(&case, &quotes, &selection);
    Ok(Findings {
        case,
        market,
        facts,
        earnings,
        selection,
        quotes,
        spread_type,
        other_width,
        position,
        no_plan,
        reports_within: reports,
        stale,
    })
}

/// What happens before the contract expires beside earnings, the weightiest first.
fn events_before(best: &Candidate, market: &Market) -> impl Iterator<Item = String> {
    let implied = market.events.iter().find(|event| event.by <= best.last_trade_date).map(|event| {
        let (after, by) = (Narrator::date(event.after), Narrator::date(event.by));
        format!("an event priced in between {after} and {by}")
    });
    let ex_dates = best.ex_dates.iter().map(|ex| format!("the ex-date {}", Narrator::date(ex.ex_date)));
    implied.into_iter().chain(ex_dates)
}

fn staleness(case: &Case, quotes: &[PricedQuote], selection: &Selection) -> Vec<Staleness> {
    let taken = case.chain.snapshot_time;
    let doubtful = case.view.price_is_doubtful() || case.chain.underlying.is_doubtful();
    let of_underlying = doubtful.then_some(Staleness::DoubtfulUnderlying);
    let of_quote = oldest_quote(quotes, selection).and_then(|oldest| quote_age(oldest, taken));
    of_quote.into_iter().chain(of_underlying).collect()
}

/// When the best contract, or the older leg of the best vertical, was quoted.
fn oldest_quote(quotes: &[PricedQuote], selection: &Selection) -> Option<DateTime<Utc>> {
    let best = selection.best.as_ref()?;
    let long = best.long.as_ref().and_then(|long| {
        let found = quotes.iter().find(|quote| quote.quote.contract.occ_symbol() == long.occ_symbol)?;
        Some(found.quote.quote_time)
    });
    Some(long.map_or(best.quote_time, |long| long.min(best.quote_time)))
}

fn recommendation(verdict: OptionsVerdict) -> OptionsRecommendation {
    match verdict {
        OptionsVerdict::Select => OptionsRecommendation::Select,
        OptionsVerdict::Watchlist => OptionsRecommendation::Watchlist,
        OptionsVerdict::Reject => OptionsRecommendation::Reject,
    }
}

fn rule(findings: &Findings) -> String {
    let selection = &findings.selection;
    match (selection.verdict, &selection.diagnosis) {
        (OptionsVerdict::Select, _) if !findings.stale.is_empty() => "stale_prices".to_owned(),
        (OptionsVerdict::Select, _) => "all_constraints_hold".to_owned(),
        (OptionsVerdict::Watchlist, _) => "only_return_misses".to_owned(),
        (OptionsVerdict::Reject, Some(why)) => {
            format!("no_contract_passes:{}", why.binding.constraint.name())
        }
        (OptionsVerdict::Reject, None) => "no_contract_passes".to_owned(),
    }
}

fn fail_counts(selection: &Selection) -> BTreeMap<String, u64> {
    let named = |(constraint, failed): (&Constraint, &usize)| (constraint.name().to_owned(), count(*failed));
    selection.fail_counts.iter().map(named).collect()
}

pub(super) fn count(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}

/// What a reader must know before anything else.
fn warnings(findings: &Findings, narrator: &mut Narrator) -> Vec<String> {
    let case = &findings.case;
    let mut warnings = case.view.warnings.clone();
    warnings.extend(
        findings
            .stale
            .iter()
            .map(|stale| format!("{}; do not trade on these prices", stale.describe(narrator))),
    );
    if let Some(missing) = &findings.facts.missing {
        warnings.push(format!("no chart levels: {missing}"));
    }
    warnings.extend(doubtful::warnings(case, narrator));
    if case.lacks_open_interest() && case.constraints.unknown_open_interest == OpenInterestPolicy::Warn {
        warnings.push(notes::NO_OPEN_INTEREST.to_owned());
    }
    warnings.extend(earnings_warning(findings));
    warnings.extend(spread_warnings(findings, narrator));
    let Some(position) = &findings.position else { return warnings };
    for dividend in projected_dividends(case, position.last_trade_date) {
        let amount = narrator.price("projected_dividend", dividend.amount, "dividend schedule");
        warnings.push(format!(
            "a dividend of {amount} with ex-date {} is projected from the past schedule, not declared",
            Narrator::date(dividend.ex_date)
        ));
    }
    for dividend in &position.ex_dates {
        let amount = narrator.price("dividend", dividend.amount, "dividend schedule");
        warnings.push(format!(
            "the short call is open through the ex-date {} ({amount} a share): early assignment is likely when its time \
             value is less than that",
            Narrator::date(dividend.ex_date)
        ));
    }
    warnings.extend(position_warnings(findings, position, narrator));
    warnings
}

/// A width that is not listed, and an account that may not hold spreads.
fn spread_warnings(findings: &Findings, narrator: &mut Narrator) -> Vec<String> {
    let trade = &findings.case.params.trade;
    let mut warnings = Vec::new();
    if let Some((asked, used)) = findings.other_width {
        let (asked, used) = (
            narrator.decimal("width_asked", asked, "request"),
            narrator.decimal("width_used", used, "option chain"),
        );
        warnings.push(format!(
            "no two listed strikes are {asked} apart; the nearest listed width, {used}, is used"
        ));
    }
    if trade.strategy == Strategy::Spread
        && trade.account.account_type == AccountType::Cash
        && !trade.account.defined_risk
    {
        warnings.push(
            "spreads need a margin account or the broker's permission for defined-risk spreads in a cash account; confirm it \
             with account.defined_risk (--defined-risk)"
                .to_owned(),
        );
    }
    warnings
}

fn position_warnings(
    findings: &Findings,
    position: &SuggestedPosition,
    narrator: &mut Narrator,
) -> Vec<String> {
    let params = &findings.case.params;
    let mut warnings = Vec::new();
    if position.buy_write {
        warnings.push(
            "no shares are held: this is a buy-write, which buys the shares together with the call"
                .to_owned(),
        );
        if params.trade.position.cost_basis.is_some() {
            warnings.push("a cost basis without shares is not used".to_owned());
        }
    }
    if position.contracts == 0 {
        let needs = words::too_small(narrator, position);
        warnings.push(format!("{needs}, more than there is: the dollar figures are for one"));
    }
    if params.trade.strategy != Strategy::CoveredCall && params.trade.position.shares > 0 {
        warnings.push("the shares held are not used: only a covered call is written on shares".to_owned());
    }
    if let Some(reason) = &findings.no_plan {
        warnings.push(format!("no exit plan: {reason}"));
    }
    warnings
}

fn earnings_warning(findings: &Findings) -> Option<String> {
    let limits = &findings.case.constraints;
    match &findings.earnings {
        Earnings::Unknown(reason) => {
            (limits.unknown_earnings != EarningsPolicy::Allow).then(|| format!("earnings: {reason}"))
        }
        Earnings::Known(report) if !limits.exclude_earnings && findings.reports_within => {
            Some(format!("{} fall before the expiration", describe(report)))
        }
        Earnings::Known(_) | Earnings::Never => None,
    }
}

/// Whether the next report may come within the contract's life.
fn reports_within(
    earnings: &Earnings,
    quotes: &[PricedQuote],
    best: &Candidate,
    as_of: DateTime<Utc>,
) -> bool {
    let Some(window) = earnings.window() else { return false };
    let sold = quotes.iter().map(|quote| &quote.quote.contract);
    let mut sold = sold.filter(|contract| contract.occ_symbol() == best.occ_symbol);
    sold.any(|contract| window.excludes(contract, as_of))
}
