//! Why nothing passes: the limit that binds, the nearest misses, the smallest relaxation.

use chrono::NaiveDate;
use rust_decimal::{Decimal, RoundingStrategy};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::checks::{Miss, fail_reasons};
use super::constraints::{Constraint, Constraints};
use super::contender::Contender;
use super::request::SelectionRequest;
use crate::strategy::number::{plain, to_decimal};

/// A contract in a line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ContractSummary {
    /// 21-character OCC symbol of the option that is sold.
    pub occ_symbol: String,
    /// Strike in dollars.
    pub strike: Decimal,
    /// Strike in dollars of the option that is bought with it.
    pub long_strike: Option<Decimal>,
    /// Listed expiration.
    pub expiration: NaiveDate,
    /// The last session in which it trades.
    pub last_trade_date: NaiveDate,
    /// Calendar days to that session.
    pub dte: i64,
    /// Dollars a share at natural prices.
    pub credit_bid: Decimal,
    /// Delta of the option that is sold, dollars per dollar of the underlying.
    pub delta: Option<f64>,
    /// Percent per 7 calendar days at natural prices.
    pub weekly_pct: Option<f64>,
}

impl From<&Contender<'_>> for ContractSummary {
    fn from(contender: &Contender<'_>) -> Self {
        let contract = contender.contract();
        Self {
            occ_symbol: contract.occ_symbol(),
            strike: contract.strike,
            long_strike: contender.long.map(|long| long.quote.contract.strike),
            expiration: contract.expiration,
            last_trade_date: contract.last_trade_date,
            dte: contender.dte(),
            credit_bid: contender.credit,
            delta: contender.short.greeks.map(|greeks| greeks.delta),
            weekly_pct: contender.roc.map(|roc| roc.weekly_pct),
        }
    }
}

/// A contract that nearly passes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NearMiss {
    /// The contract.
    pub contract: ContractSummary,
    /// What it misses.
    pub misses: Vec<Miss>,
    /// The sum of its misses, each as a fraction of its limit.
    pub distance: f64,
}

/// A limit and the value that would admit a contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RelaxedLimit {
    /// The limit.
    pub constraint: Constraint,
    /// What it is, in its own unit ([`Constraints`]).
    #[serde(with = "plain")]
    #[schemars(with = "f64")]
    pub from: Decimal,
    /// What it would have to be, in the same unit.
    #[serde(with = "plain")]
    #[schemars(with = "f64")]
    pub to: Decimal,
}

/// The smallest change of the limits that would admit a contract.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Relaxation {
    /// The contract that it would admit.
    pub contract: ContractSummary,
    /// The limits to change, all of them.
    pub changes: Vec<RelaxedLimit>,
    /// The limits as they would be.
    pub constraints: Constraints,
}

/// How many contracts a limit keeps out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConstraintCount {
    /// The limit.
    pub constraint: Constraint,
    /// Contracts that miss it and nothing else.
    pub alone: usize,
    /// Contracts that miss it.
    pub all: usize,
}

/// Why nothing passes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Diagnosis {
    /// The limit that keeps the most contracts out by itself; where none does, the one that most contracts miss. On a watchlist only the
    /// contracts that miss nothing but the return are counted.
    pub binding: ConstraintCount,
    /// The three contracts ([`NEAREST`]) that come nearest, nearest first.
    pub nearest_misses: Vec<NearMiss>,
    /// The smallest relaxation, of one limit before two; none where no change of limits would admit a contract.
    pub relaxation: Option<Relaxation>,
    /// Whether there are calls inside the window of days that keep the liquidity rule, and each of them would sell the shares under
    /// their cost.
    pub every_liquid_call_locks_in_loss: bool,
}

/// Most contracts among a diagnosis' nearest misses.
pub const NEAREST: usize = 3;

/// What stands in the way of `contenders`, given in ranking order, none of which is picked.
pub(super) fn diagnose(request: &SelectionRequest<'_>, contenders: &[Contender<'_>]) -> Diagnosis {
    let mut near: Vec<(f64, &Contender<'_>)> = contenders
        .iter()
        .filter(|contender| !contender.locks_in_loss && !contender.passes() && request.would_sell(contender))
        .filter_map(|contender| Some((contender.distance()?, contender)))
        .collect();
    // stable: equals stay in ranking order
    near.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut by_changes: Vec<&Contender<'_>> = near.iter().map(|(_, contender)| *contender).collect();
    by_changes.sort_by_key(|contender| fail_reasons(&contender.misses).len());
    let relaxation = by_changes.iter().find_map(|contender| relaxation(&request.constraints, contender));
    Diagnosis {
        binding: binding(request, contenders),
        nearest_misses: near
            .iter()
            .take(NEAREST)
            .map(|&(distance, contender)| near_miss(distance, contender))
            .collect(),
        relaxation,
        every_liquid_call_locks_in_loss: every_liquid_call_locks_in_loss(contenders),
    }
}

fn every_liquid_call_locks_in_loss(contenders: &[Contender<'_>]) -> bool {
    const ILLIQUID: [Constraint; 4] =
        [Constraint::Dte, Constraint::Bid, Constraint::OpenInterest, Constraint::Spread];
    let liquid = |contender: &&Contender<'_>| ILLIQUID.iter().all(|constraint| !contender.fails(*constraint));
    let mut liquid = contenders.iter().filter(liquid).peekable();
    liquid.peek().is_some() && liquid.all(|contender| contender.locks_in_loss)
}

fn near_miss(distance: f64, contender: &Contender<'_>) -> NearMiss {
    NearMiss { contract: contender.into(), misses: contender.misses.clone(), distance }
}

/// Counted over the contracts that miss only the return where there are any (a watchlist), else over all inside the window of days, else
/// over all.
fn binding(request: &SelectionRequest<'_>, contenders: &[Contender<'_>]) -> ConstraintCount {
    let window = request.constraints.counted_window();
    let unflagged = |contender: &&Contender<'_>| !contender.locks_in_loss;
    let mut counted: Vec<&Contender<'_>> =
        contenders.iter().filter(unflagged).filter(|contender| contender.misses_only_return()).collect();
    if counted.is_empty() {
        counted = contenders.iter().filter(|contender| window.contains(&contender.dte())).collect();
    }
    if counted.is_empty() {
        counted = contenders.iter().collect();
    }
    let count = |constraint: Constraint| {
        let fails = |contender: &&&Contender<'_>| match constraint {
            Constraint::LocksInLoss => contender.locks_in_loss,
            other => contender.fails(other),
        };
        let misses = |contender: &&&Contender<'_>| {
            fail_reasons(&contender.misses).len() + usize::from(contender.locks_in_loss)
        };
        let failing: Vec<_> = counted.iter().filter(fails).collect();
        let alone = failing.iter().filter(|contender| misses(contender) == 1).count();
        ConstraintCount { constraint, alone, all: failing.len() }
    };
    let first = ConstraintCount { constraint: Constraint::Dte, alone: 0, all: 0 };
    Constraint::ALL
        .into_iter()
        .map(count)
        .fold(first, |most, next| if (next.alone, next.all) > (most.alone, most.all) { next } else { most })
}

/// The limits that would just admit `contender`.
fn relaxation(constraints: &Constraints, contender: &Contender<'_>) -> Option<Relaxation> {
    let mut relaxed = *constraints;
    for miss in &contender.misses {
        relax(&mut relaxed, miss)?;
    }
    Some(Relaxation {
        contract: contender.into(),
        changes: changes(constraints, &relaxed),
        constraints: relaxed,
    })
}

/// Moves one limit so far that `miss` is none, rounded to four decimals on the admitting side; both legs of a spread may move it.
fn relax(constraints: &mut Constraints, miss: &Miss) -> Option<()> {
    let actual = to_decimal(miss.actual?)?;
    let up = actual.round_dp_with_strategy(4, RoundingStrategy::ToPositiveInfinity);
    let down = actual.round_dp_with_strategy(4, RoundingStrategy::ToNegativeInfinity);
    let whole = i64::try_from(actual.trunc()).ok()?;
    match miss.constraint {
        Constraint::Delta => constraints.max_delta = up.max(constraints.max_delta),
        Constraint::Roc => constraints.min_roc = down.min(constraints.min_roc),
        Constraint::Spread => constraints.max_spread_pct = up.max(constraints.max_spread_pct),
        Constraint::Credit => constraints.min_credit_pct = down.min(constraints.min_credit_pct),
        Constraint::OpenInterest => {
            let open = u64::try_from(whole).ok()?;
            constraints.min_open_interest = constraints.min_open_interest.min(open);
        }
        Constraint::Dte => {
            constraints.dte_min = constraints.dte_min.min(whole);
            constraints.dte_max = constraints.dte_max.max(whole);
        }
        Constraint::Bid | Constraint::Iv | Constraint::Earnings | Constraint::LocksInLoss => return None,
    }
    Some(())
}

/// The limits that differ.
fn changes(from: &Constraints, to: &Constraints) -> Vec<RelaxedLimit> {
    let contracts = |constraints: &Constraints| Decimal::from(constraints.min_open_interest);
    let limits = [
        (Constraint::Dte, Decimal::from(from.dte_min), Decimal::from(to.dte_min)),
        (Constraint::Dte, Decimal::from(from.dte_max), Decimal::from(to.dte_max)),
        (Constraint::Delta, from.max_delta, to.max_delta),
        (Constraint::Roc, from.min_roc, to.min_roc),
        (Constraint::OpenInterest, contracts(from), contracts(to)),
        (Constraint::Spread, from.max_spread_pct, to.max_spread_pct),
        (Constraint::Credit, from.min_credit_pct, to.min_credit_pct),
    ];
    let moved = limits.into_iter().filter(|(_, from, to)| from != to);
    moved.map(|(constraint, from, to)| RelaxedLimit { constraint, from, to }).collect()
}
