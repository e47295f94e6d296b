//! What else could be sold, where it lies among the chart's levels, and why it lost.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::{OptionContract, OptionRight};

use super::candidate::{Candidate, LevelDistances};
use super::checks::Miss;
use super::constraints::Constraint;
use super::contender::{Contender, stock_entry};
use super::request::SelectionRequest;
use super::verdict::by_return;
use crate::chain::term_structure;
use crate::strategy::number::to_f64;

/// Why a contract is shown although it lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlternativeRole {
    /// Next in the ranking.
    RunnerUp,
    /// The best strike at or below the nearest support (short puts), at or above the nearest resistance (short calls).
    BeyondLevel,
    /// The best strike beyond one standard deviation.
    BeyondOneSd,
    /// The best call of those that would sell the shares under their cost.
    LocksInLoss,
}

/// Why a contract lost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum LossReason {
    /// It misses limits.
    MissesLimits {
        /// Which, and by how much.
        misses: Vec<Miss>,
    },
    /// Being called away would sell the shares under their cost.
    LocksInLoss {
        /// Dollars a share lost if called.
        loss: Decimal,
    },
    /// It earns less than the best.
    LowerReturn {
        /// Its simple annual return at the bid on its time value in percent.
        annual_pct: f64,
        /// The best one's, in percent.
        best_annual_pct: f64,
    },
    /// It earns the same and ends later.
    LaterExpiration {
        /// Its expiration.
        expiration: NaiveDate,
    },
    /// It earns the same on the same day at a higher strike.
    HigherStrike {
        /// Its strike in dollars.
        strike: Decimal,
    },
}

impl fmt::Display for LossReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissesLimits { misses } => {
                f.write_str("misses ")?;
                for (place, miss) in misses.iter().enumerate() {
                    write!(f, "{}{miss}", if place == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
            Self::LocksInLoss { loss } => write!(f, "locks in a loss of {loss} a share if called"),
            Self::LowerReturn { annual_pct, best_annual_pct } => {
                write!(f, "earns {annual_pct:.2} % a year against {best_annual_pct:.2} %")
            }
            Self::LaterExpiration { expiration } => {
                write!(f, "earns the same but ends later, on {expiration}")
            }
            Self::HigherStrike { strike } => write!(f, "earns the same at the higher strike {strike}"),
        }
    }
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.constraint;
        match (self.actual, self.limit) {
            (Some(actual), Some(limit)) if name == Constraint::Roc => {
                write!(f, "{name} {actual:.4} against {limit} % a week")
            }
            (Some(actual), Some(limit)) => {
                write!(f, "{name} {} against {limit}", (actual * 1e4).round() / 1e4)
            }
            _ => write!(f, "{name}"),
        }
    }
}

/// A contract that lost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AlternativeCandidate {
    /// The contract.
    pub candidate: Candidate,
    /// Why it is shown.
    pub roles: Vec<AlternativeRole>,
    /// Why it lost.
    pub lost_because: LossReason,
}

const RUNNERS_UP: usize = 5;

/// The runners-up, the best strike beyond the nearest level and the best beyond one standard deviation: those that pass, then those that
/// miss only the return, both by the return on their time value, then the rest that somebody bids for inside the window of days, the
/// nearest to the limits first. In the money only where the limit of delta asks for such.
pub(super) fn alternatives(
    request: &SelectionRequest<'_>,
    moves: &OneSdMoves,
    contenders: &[Contender<'_>],
    best: Option<&Contender<'_>>,
) -> Vec<AlternativeCandidate> {
    let is_best = |contender: &Contender<'_>| best.is_some_and(|best| std::ptr::eq(best, contender));
    let shown = |contender: &&Contender<'_>| {
        !is_best(contender)
            && !contender.fails(Constraint::Dte)
            && !contender.fails(Constraint::Bid)
            && request.would_sell(contender)
    };
    let mut pool: Vec<&Contender<'_>> = contenders.iter().filter(shown).collect();
    pool.sort_by(|a, b| {
        let order = standing(a).cmp(&standing(b));
        order.then_with(|| by_nearness(a, b)).then_with(|| by_return(request.spot, a, b))
    });
    let safer = |distance: Option<f64>| {
        distance.is_some_and(|distance| match request.strategy.short_right() {
            OptionRight::Put => distance <= 0.0,
            OptionRight::Call => distance >= 0.0,
        })
    };
    let beyond = |mark: fn(&LevelDistances) -> Option<f64>| {
        let distances = |contender: &Contender<'_>| moves.distances(request, contender.contract());
        pool.iter().position(|c| safer(mark(&distances(c)).map(|level| to_f64(c.strike()) - level)))
    };
    let at_level = beyond(|distances| distances.level);
    let at_one_sd = beyond(|distances| distances.one_sd);
    let flagged = pool.iter().position(|contender| contender.locks_in_loss);
    let roles = |place: usize| {
        let roles = [
            (place < RUNNERS_UP, AlternativeRole::RunnerUp),
            (at_level == Some(place), AlternativeRole::BeyondLevel),
            (at_one_sd == Some(place), AlternativeRole::BeyondOneSd),
            (flagged == Some(place), AlternativeRole::LocksInLoss),
        ];
        roles.into_iter().filter(|(holds, _)| *holds).map(|(_, role)| role).collect::<Vec<_>>()
    };
    let listed = pool.iter().enumerate().map(|(place, contender)| (roles(place), contender));
    listed
        .filter(|(roles, _)| !roles.is_empty())
        .filter_map(|(roles, contender)| {
            let candidate = contender.candidate(request, moves)?;
            Some(AlternativeCandidate {
                candidate,
                roles,
                lost_because: lost_because(contender, request, best),
            })
        })
        .collect()
}

/// 0 passes, 1 misses only the return, 2 the rest; one higher for a call that locks in a loss.
fn standing(contender: &Contender<'_>) -> u8 {
    let group = match (contender.passes(), contender.misses_only_return()) {
        (true, _) => 0,
        (false, true) => 2,
        (false, false) => 4,
    };
    group + u8::from(contender.locks_in_loss)
}

/// Of those that miss more than the return, the nearer first; one that no limit would admit is the farthest.
fn by_nearness(a: &Contender<'_>, b: &Contender<'_>) -> Ordering {
    if a.passes() || a.misses_only_return() {
        return Ordering::Equal;
    }
    let distance = |contender: &Contender<'_>| contender.distance().unwrap_or(f64::INFINITY);
    distance(a).total_cmp(&distance(b))
}

fn lost_because(
    contender: &Contender<'_>,
    request: &SelectionRequest<'_>,
    best: Option<&Contender<'_>>,
) -> LossReason {
    let contract = contender.contract();
    if contender.locks_in_loss {
        let loss = stock_entry(request) - contract.strike - contender.credit;
        return LossReason::LocksInLoss { loss };
    }
    let same_misses = |best: &&Contender<'_>| contender.passes() || standing(best) == standing(contender);
    let Some(best) = best.filter(same_misses) else {
        return LossReason::MissesLimits { misses: contender.misses.clone() };
    };
    let annual = |contender: &Contender<'_>| contender.extrinsic_annual_pct(request.spot).unwrap_or(0.0);
    let (annual_pct, best_annual_pct) = (annual(contender), annual(best));
    if annual_pct < best_annual_pct {
        LossReason::LowerReturn { annual_pct, best_annual_pct }
    } else if contract.expiration > best.contract().expiration {
        LossReason::LaterExpiration { expiration: contract.expiration }
    } else {
        LossReason::HigherStrike { strike: contract.strike }
    }
}

/// `expected_move_1sd` in dollars by last trade date.
#[derive(Clone, Debug, Default)]
pub(super) struct OneSdMoves(BTreeMap<NaiveDate, f64>);

/// S·IV·√T of every expiration that has a volatility at the money.
pub(super) fn one_sd_moves(request: &SelectionRequest<'_>) -> OneSdMoves {
    let structure = term_structure(request.quotes, to_f64(request.spot));
    OneSdMoves(structure.iter().map(|at| (at.last_trade_date, at.expected_move_1sd)).collect())
}

impl OneSdMoves {
    /// Where `contract`'s strike lies.
    pub(super) fn distances(
        &self,
        request: &SelectionRequest<'_>,
        contract: &OptionContract,
    ) -> LevelDistances {
        let spot = to_f64(request.spot);
        let strike = to_f64(contract.strike);
        let one_move = self.0.get(&contract.last_trade_date);
        let usable = |price: &f64| price.is_finite() && *price > 0.0;
        let chart = request.chart;
        let (level, one_sd) = match contract.right {
            OptionRight::Put => {
                let below = chart.supports.iter().filter(|price| usable(price) && **price <= spot);
                (below.copied().reduce(f64::max), one_move.map(|distance| spot - distance))
            }
            OptionRight::Call => {
                let above = chart.resistances.iter().filter(|price| usable(price) && **price >= spot);
                (above.copied().reduce(f64::min), one_move.map(|distance| spot + distance))
            }
        };
        let in_atr = |level: f64| chart.atr.filter(usable).map(|atr| (strike - level) / atr);
        LevelDistances {
            level,
            level_atr: level.and_then(in_atr),
            one_sd,
            one_sd_atr: one_sd.and_then(in_atr),
        }
    }
}
