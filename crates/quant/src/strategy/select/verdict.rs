//! Ranking and verdict.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::alternatives::{AlternativeCandidate, alternatives, one_sd_moves};
use super::candidate::Candidate;
use super::checks::Miss;
use super::constraints::{Constraint, Constraints, StrategySpec};
use super::contender::{Contender, contenders};
use super::diagnosis::{Diagnosis, diagnose};
use super::request::{SelectError, SelectionRequest};

/// What the options say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OptionsVerdict {
    /// No contract keeps delta, days, liquidity and earnings.
    Reject,
    /// Delta, days, liquidity and earnings hold and only the return misses.
    Watchlist,
    /// All constraints hold.
    Select,
}

/// The chosen contract, what else there was, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Selection {
    /// What is sold.
    pub strategy: StrategySpec,
    /// The limits that were applied.
    pub constraints: Constraints,
    /// Price of the underlying in dollars.
    pub spot: Decimal,
    /// Market time.
    pub as_of: DateTime<Utc>,
    /// What the options say.
    pub verdict: OptionsVerdict,
    /// Contracts with days inside [`Constraints::counted_window`].
    pub considered: usize,
    /// How many of those miss each limit, zero included.
    pub fail_counts: BTreeMap<Constraint, usize>,
    /// The first of the ranking; on a watchlist the first of those that miss only the return; none on a reject.
    pub best: Option<Candidate>,
    /// What `best` misses on a watchlist.
    pub shortfall: Vec<Miss>,
    /// Every contract that passes: annual simple return at the bid on the time value descending, expiration ascending, strike ascending;
    /// those that lock in a loss last. Out of the money the time value is the whole credit.
    pub ranked: Vec<Candidate>,
    /// The contracts that lost, and why.
    pub alternatives: Vec<AlternativeCandidate>,
    /// Where nothing passes: what stands in the way.
    pub diagnosis: Option<Diagnosis>,
}

/// Chooses a contract: the best annual simple return at the bid, in percent and on its time value, among those that keep all
/// limits; units at [`Selection`] and [`Candidate`]. Limits and ranking are ttai's own rules.
///
/// # Errors
/// [`SelectError`] for a request that [`SelectionRequest::validate`] refuses, or where the chain has no
/// usable contract of the strategy's right.
pub fn select(request: &SelectionRequest<'_>) -> Result<Selection, SelectError> {
    let mut contenders = contenders(request)?;
    if contenders.is_empty() {
        let right = request.strategy.short_right();
        return Err(SelectError::NoContracts { right, quotes: request.quotes.len() });
    }
    contenders.sort_by(|a, b| by_return(request.spot, a, b));
    let (verdict, best) = decide(&contenders);
    let window = request.constraints.counted_window();
    let considered: Vec<&Contender<'_>> = contenders.iter().filter(|c| window.contains(&c.dte())).collect();
    let moves = one_sd_moves(request);
    let passing = contenders.iter().filter(|contender| contender.passes());
    Ok(Selection {
        strategy: request.strategy,
        constraints: request.constraints,
        spot: request.spot,
        as_of: request.as_of,
        verdict,
        considered: considered.len(),
        fail_counts: fail_counts(&considered),
        shortfall: best.map(|best| best.misses.clone()).unwrap_or_default(),
        alternatives: alternatives(request, &moves, &contenders, best),
        diagnosis: (verdict != OptionsVerdict::Select).then(|| diagnose(request, &contenders)),
        best: best.and_then(|best| best.candidate(request, &moves)),
        ranked: passing.filter_map(|contender| contender.candidate(request, &moves)).collect(),
    })
}

/// The verdict and its contract, from contenders in ranking order. A contract that locks in a loss is never the first.
fn decide<'c, 'a>(contenders: &'c [Contender<'a>]) -> (OptionsVerdict, Option<&'c Contender<'a>>) {
    let mut sound = contenders.iter().filter(|contender| !contender.locks_in_loss);
    if let Some(best) = sound.clone().find(|contender| contender.passes()) {
        return (OptionsVerdict::Select, Some(best));
    }
    match sound.find(|contender| contender.misses_only_return()) {
        Some(best) => (OptionsVerdict::Watchlist, Some(best)),
        None => (OptionsVerdict::Reject, None),
    }
}

/// Loss-locking calls last, then simple annual return at the bid on the time value descending, expiration ascending, strike ascending.
pub(super) fn by_return(spot: Decimal, a: &Contender<'_>, b: &Contender<'_>) -> Ordering {
    let annual =
        |contender: &Contender<'_>| contender.extrinsic_annual_pct(spot).unwrap_or(f64::NEG_INFINITY);
    let (one, other) = (a.contract(), b.contract());
    a.locks_in_loss
        .cmp(&b.locks_in_loss)
        .then_with(|| annual(b).total_cmp(&annual(a)))
        .then_with(|| one.expiration.cmp(&other.expiration))
        .then_with(|| one.strike.cmp(&other.strike))
        .then_with(|| one.occ_symbol().cmp(&other.occ_symbol()))
}

fn fail_counts(considered: &[&Contender<'_>]) -> BTreeMap<Constraint, usize> {
    let count = |constraint: Constraint| considered.iter().filter(|c| c.fails(constraint)).count();
    Constraint::ALL.into_iter().map(|constraint| (constraint, count(constraint))).collect()
}
