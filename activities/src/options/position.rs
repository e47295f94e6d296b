//! The best contract as a position: how many, what they bind, make and lose.

use rust_decimal::Decimal;
use ttai_contract::{ExitTrigger, Strategy, SuggestedPosition, ValidationError};
use ttai_quant::strategy::sizing::SizedBy;
use ttai_quant::strategy::{Candidate, PositionSize, SizingError, SizingRequest, size};

use super::Case;
use super::choice::limit;
use super::number::float;
use crate::failure::AnalystError;

/// What a standard contract delivers; the others are not offered.
const SHARES_A_CONTRACT: Decimal = Decimal::ONE_HUNDRED;

/// The position that the account carries.
pub(super) fn suggest(
    case: &Case,
    best: &Candidate,
    events: Vec<String>,
    exit_plan: Vec<ExitTrigger>,
) -> Result<SuggestedPosition, AnalystError> {
    let size = sized(case, best)?;
    let economics = &best.at_bid;
    // Where the capital carries no contract the dollars shown are those of one.
    let units = Decimal::from(size.contracts.max(1));
    let of_all = |amount: Decimal| float(amount * units);
    let collateral = of_all(size.collateral_per_contract);
    let cash_required = economics.cash_required.unwrap_or(size.collateral_per_contract);
    let roc = economics.roc;
    let covered = best.covered_call.as_ref();
    Ok(SuggestedPosition {
        strategy: case.params.trade.strategy,
        contract: best.occ_symbol.clone(),
        long_contract: best.long.as_ref().map(|long| long.occ_symbol.clone()),
        strike: float(best.strike),
        long_strike: best.long.as_ref().map(|long| float(long.strike)),
        expiration: best.expiration,
        last_trade_date: best.last_trade_date,
        dte: best.dte,
        contracts: u32::try_from(size.contracts).unwrap_or(u32::MAX),
        sizing: sizing(&size).to_owned(),
        buy_write: covered.is_some_and(|terms| terms.buy_write),
        credit: float(best.credit_bid),
        bid: float(best.bid),
        ask: float(best.ask),
        collateral,
        cash_required: of_all(cash_required),
        net_of_premium: of_all(economics.net_of_premium.unwrap_or(cash_required)),
        regt_margin: of_all(economics.regt_margin),
        at_assignment: of_all(size.at_assignment_per_contract),
        assignment_limit_pct: float(size.assignment_limit_pct),
        breakeven: float(breakeven(best)),
        // Neither has a bound only for naked options, which no strategy here sells.
        max_profit: economics.max_profit.map_or(0.0, of_all),
        max_loss: economics.max_loss.map_or(collateral, of_all).max(0.0),
        loss_on_20_pct_move: of_all(economics.loss_on_20_pct_move),
        probability_of_profit: economics.probability_of_profit,
        delta: best.greeks.map(|greeks| greeks.delta),
        iv: best.iv,
        roc_period: roc.map_or(0.0, |roc| roc.period_pct),
        roc_weekly: roc.map_or(0.0, |roc| roc.weekly_pct),
        roc_annual: roc.map_or(0.0, |roc| roc.annual_simple_pct),
        roc_annual_compound: roc.map_or(0.0, |roc| roc.annual_compound_pct),
        if_called_return: covered.map(|terms| terms.if_called_pct),
        locks_in_loss: best.locks_in_loss(),
        open_interest: best.open_interest,
        spread_pct: best.spread_pct,
        ex_dates: best.ex_dates.clone(),
        events,
        exit_plan,
    })
}

/// The price at which nothing is lost at expiration. A credit as wide as the spread has none, and its short strike is as far; shares that cost
/// less than the premium cannot lose.
fn breakeven(best: &Candidate) -> Decimal {
    let none = if best.covered_call.is_some() { Decimal::ZERO } else { best.strike };
    best.at_bid.breakevens.first().copied().unwrap_or(none)
}

fn sized(case: &Case, best: &Candidate) -> Result<PositionSize, AnalystError> {
    let account = &case.params.trade.account;
    let held = case.params.trade.position.shares;
    let writes_on_shares = case.params.trade.strategy == Strategy::CoveredCall && held > 0;
    let request = SizingRequest {
        economics: &best.at_bid,
        account_type: account.account_type,
        capital: account.capital.map(|capital| limit("account.capital", capital)).transpose()?,
        shares: writes_on_shares.then_some(held),
        notional: (case.params.trade.strategy == Strategy::Csp).then(|| best.strike * SHARES_A_CONTRACT),
        assignment_limit_pct: account
            .assignment_limit_pct
            .map(|percent| limit("account.assignment_limit_pct", percent))
            .transpose()?,
        broker_requirement: None,
    };
    size(&request).map_err(|error| {
        let field = match error {
            SizingError::NotInCashAccount => "account.account_type",
            SizingError::AssignmentLimit(_) => "account.assignment_limit_pct",
            _ => "account.capital",
        };
        ValidationError::new(field, error.to_string()).into()
    })
}

fn sizing(size: &PositionSize) -> &'static str {
    match (size.contracts, size.sized_by) {
        (0, _) => "too_small",
        (_, SizedBy::Unsized) => "unsized",
        (_, SizedBy::Capital | SizedBy::Shares) => "sized",
    }
}
