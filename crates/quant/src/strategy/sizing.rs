//! How many contracts an account can carry: now, and once they are assigned. What one contract ties up is the cash or
//! the Regulation T margin of [`Economics`]; what assignment ties up is the shares' price in cash, half of it on margin
//! (Regulation T, 12 CFR 220.12). The limits are ttai's own.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::AccountType;

use super::economics::Economics;
use crate::margin::stock_initial;

/// A trade and the account that is to carry it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SizingRequest<'a> {
    /// Economics of one contract.
    pub economics: &'a Economics,
    /// The account.
    pub account_type: AccountType,
    /// Dollars free for the trade, 0 to 1e15; none where nobody said.
    pub capital: Option<Decimal>,
    /// Shares held that calls are written on, one contract on each full 100; they need no further capital.
    pub shares: Option<u64>,
    /// Dollars a contract for which assignment buys shares: the strike of a put times its shares; none where it needs no more than is tied up
    /// already (shares held, a long leg).
    pub notional: Option<Decimal>,
    /// The most that assignment of all contracts may tie up, percent of the capital, above 0, at most 1,000; the account's usual share unless
    /// given: [`assignment_limit_pct`].
    pub assignment_limit_pct: Option<Decimal>,
    /// Dollars a contract that the broker asks, above 0, at most 1e15; it wins over our estimate.
    pub broker_requirement: Option<Decimal>,
}

/// What set the number of contracts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SizedBy {
    /// The capital.
    Capital,
    /// The shares held.
    Shares,
    /// Nothing: one contract, as an example.
    Unsized,
}

/// A number of contracts and what they tie up, in dollars.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PositionSize {
    /// Contracts; 0 where the capital does not carry one.
    pub contracts: u64,
    /// What set the number.
    pub sized_by: SizedBy,
    /// Tied up by one contract, dollars.
    pub collateral_per_contract: Decimal,
    /// Tied up by all, dollars.
    pub collateral: Decimal,
    /// Tied up by one contract once it is assigned, dollars.
    pub at_assignment_per_contract: Decimal,
    /// Tied up by all once they are assigned, dollars.
    pub at_assignment: Decimal,
    /// The most that assignment may tie up, percent of the capital.
    pub assignment_limit_pct: Decimal,
    /// What is left of the capital, dollars; all of it where shares held set the number.
    pub capital_left: Option<Decimal>,
}

/// Why a trade has no size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SizingError {
    /// A naked call or a strangle.
    #[error(
        "a cash account may not hold this trade: its loss has no bound; use a spread or an account of type margin"
    )]
    NotInCashAccount,
    /// The capital is none.
    #[error("a capital of {0} is none; give dollars from 0 to 1e15")]
    Capital(Decimal),
    /// The limit at assignment is none.
    #[error("a limit of {0} % of the capital at assignment is none; give more than 0, at most 1,000")]
    AssignmentLimit(Decimal),
    /// The broker's figure is none.
    #[error("a broker requirement of {0} is none; give dollars a contract above 0")]
    BrokerRequirement(Decimal),
    /// More contracts than any account holds.
    #[error("{0} contracts are more than any account holds; give the shares that the calls are written on")]
    TooMany(u64),
    /// Nothing is tied up, so nothing limits the size.
    #[error("the trade ties up nothing, so capital does not limit it; give a broker requirement")]
    NoCollateral,
}

const MAX_CAPITAL: Decimal = Decimal::from_parts(2_764_472_320, 232_830, 0, false, 0);
const SHARES_A_CONTRACT: u64 = 100;
const MOST_PERCENT: Decimal = Decimal::from_parts(1_000, 0, 0, false, 0);

/// The most of the capital that assignment may tie up unless said otherwise, percent: all of it in cash, half of it on margin, so that
/// the shares can fall before the account is called.
#[must_use]
pub fn assignment_limit_pct(account_type: AccountType) -> Decimal {
    match account_type {
        AccountType::Cash => Decimal::ONE_HUNDRED,
        AccountType::Margin => Decimal::from(50),
    }
}

/// The number of contracts that the account carries, rounded down: by the shares where calls are written on
/// them, else by the capital, now and at assignment, else one. Amounts are exact dollars; source at the top of this module.
///
/// # Errors
/// [`SizingError`] where a cash account may not hold the trade (whatever the broker asks), capital, limit or
/// requirement is out of range, capital is given and nothing is tied up, or the contracts overflow.
pub fn size(request: &SizingRequest<'_>) -> Result<PositionSize, SizingError> {
    let collateral = collateral_per_contract(request)?;
    if let Some(capital) = request.capital.filter(|c| *c < Decimal::ZERO || *c > MAX_CAPITAL) {
        return Err(SizingError::Capital(capital));
    }
    let limit = request.assignment_limit_pct.unwrap_or_else(|| assignment_limit_pct(request.account_type));
    if limit <= Decimal::ZERO || limit > MOST_PERCENT {
        return Err(SizingError::AssignmentLimit(limit));
    }
    let at_assignment = at_assignment(request, collateral);
    let (contracts, sized_by) = match (request.shares, request.capital) {
        (Some(shares), _) => (shares / SHARES_A_CONTRACT, SizedBy::Shares),
        (None, Some(capital)) => {
            let assigned = affordable(capital * limit / Decimal::ONE_HUNDRED, at_assignment)?;
            (affordable(capital, collateral)?.min(assigned), SizedBy::Capital)
        }
        (None, None) => (1, SizedBy::Unsized),
    };
    let of_all =
        |amount: Decimal| amount.checked_mul(Decimal::from(contracts)).ok_or(SizingError::TooMany(contracts));
    let total = of_all(collateral)?;
    let spent = if sized_by == SizedBy::Shares { Decimal::ZERO } else { total };
    Ok(PositionSize {
        contracts,
        sized_by,
        collateral_per_contract: collateral,
        collateral: total,
        at_assignment_per_contract: at_assignment,
        at_assignment: of_all(at_assignment)?,
        assignment_limit_pct: limit,
        capital_left: request.capital.map(|capital| capital - spent),
    })
}

fn collateral_per_contract(request: &SizingRequest<'_>) -> Result<Decimal, SizingError> {
    let own = match request.account_type {
        AccountType::Cash => request.economics.cash_required.ok_or(SizingError::NotInCashAccount)?,
        AccountType::Margin => request.economics.regt_margin,
    };
    match request.broker_requirement {
        None => Ok(own),
        Some(asked) if asked > Decimal::ZERO && asked <= MAX_CAPITAL => Ok(asked),
        Some(asked) => Err(SizingError::BrokerRequirement(asked)),
    }
}

/// Dollars a contract that are tied up once it is assigned, never less than before.
fn at_assignment(request: &SizingRequest<'_>, collateral: Decimal) -> Decimal {
    let shares = match request.account_type {
        AccountType::Cash => request.notional,
        AccountType::Margin => request.notional.map(stock_initial),
    };
    shares.map_or(collateral, |shares| shares.max(collateral))
}

fn affordable(capital: Decimal, collateral: Decimal) -> Result<u64, SizingError> {
    let contracts = capital.checked_div(collateral).filter(|_| collateral > Decimal::ZERO);
    contracts.and_then(|contracts| contracts.floor().to_u64()).ok_or(SizingError::NoCollateral)
}
