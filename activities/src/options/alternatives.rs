//! What else could be sold and why it lost; what comes nearest where nothing passes.

use ttai_contract::{Alternative, NearestMiss};
use ttai_quant::strategy::select::{
    AlternativeCandidate, AlternativeRole, LossReason, Relaxation, RelaxedLimit,
};
use ttai_quant::strategy::{Constraint, Selection};

use super::number::float;
use super::words::{self, COMPUTED, LIMITS, Series, short};
use crate::article;
use crate::narrator::Narrator;

/// The contracts that lost.
pub(super) fn alternatives(selection: &Selection, narrator: &mut Narrator) -> Vec<Alternative> {
    selection.alternatives.iter().zip(1..).map(|(lost, place)| alternative(lost, place, narrator)).collect()
}

fn alternative(lost: &AlternativeCandidate, place: u32, narrator: &mut Narrator) -> Alternative {
    let candidate = &lost.candidate;
    let roles: Vec<&str> = lost.roles.iter().map(|role| role_name(*role)).collect();
    Alternative {
        role: roles.join("+"),
        contract: candidate.occ_symbol.clone(),
        long_contract: candidate.long.as_ref().map(|long| long.occ_symbol.clone()),
        strike: float(candidate.strike),
        long_strike: candidate.long.as_ref().map(|long| float(long.strike)),
        expiration: candidate.expiration,
        dte: candidate.dte,
        right: candidate.right,
        credit: float(candidate.credit_bid),
        delta: candidate.greeks.map(|greeks| greeks.delta),
        weekly_roc: candidate.at_bid.roc.map_or(0.0, |roc| roc.weekly_pct),
        probability_of_profit: candidate.at_bid.probability_of_profit,
        distance_to_support_atr: candidate.distances.level_atr,
        distance_to_one_sd_atr: candidate.distances.one_sd_atr,
        reason: reason(&lost.lost_because, &format!("alternative_{place}"), narrator),
    }
}

fn role_name(role: AlternativeRole) -> &'static str {
    match role {
        AlternativeRole::RunnerUp => "runner_up",
        AlternativeRole::BeyondLevel => "beyond_level",
        AlternativeRole::BeyondOneSd => "beyond_one_sd",
        AlternativeRole::LocksInLoss => "locks_in_loss",
    }
}

fn reason(reason: &LossReason, name: &str, narrator: &mut Narrator) -> String {
    match reason {
        LossReason::MissesLimits { misses } => {
            let misses: Vec<String> = misses.iter().map(|miss| words::miss(narrator, name, miss)).collect();
            format!("misses: {}", article::list(&misses))
        }
        LossReason::LocksInLoss { loss } => {
            let loss = narrator.decimal(&format!("{name}_loss"), *loss, COMPUTED);
            format!("locks in a loss of {loss} a share if called")
        }
        LossReason::LowerReturn { annual_pct, best_annual_pct } => {
            let own = narrator.number(&format!("{name}_annual"), *annual_pct, 2, COMPUTED);
            let best = narrator.number("best_annual", *best_annual_pct, 2, COMPUTED);
            format!("earns {own} % a year against {best} %")
        }
        LossReason::LaterExpiration { expiration } => {
            format!("earns the same but ends later, on {}", Narrator::date(*expiration))
        }
        LossReason::HigherStrike { strike } => {
            let strike = short(narrator, &format!("{name}_strike"), float(*strike), words::CHAIN);
            format!("earns the same at the higher strike {strike}")
        }
    }
}

/// The three nearest misses, where nothing passes.
pub(super) fn nearest_misses(
    selection: &Selection,
    symbol: &str,
    narrator: &mut Narrator,
) -> Vec<NearestMiss> {
    let Some(diagnosis) = &selection.diagnosis else { return Vec::new() };
    let right = selection.strategy.short_right();
    let named = diagnosis.nearest_misses.iter().zip(1..).map(|(near, place): (_, u32)| {
        let name = format!("nearest_{place}");
        NearestMiss {
            contract: near.contract.occ_symbol.clone(),
            description: words::contract(narrator, symbol, &name, &Series::of_summary(&near.contract, right)),
            misses: near.misses.iter().map(|miss| words::miss(narrator, &name, miss)).collect(),
        }
    });
    named.collect()
}

/// The smallest change of the limits that would admit a contract, in words.
pub(super) fn relaxation(selection: &Selection, symbol: &str, narrator: &mut Narrator) -> Option<String> {
    let relaxation: &Relaxation = selection.diagnosis.as_ref()?.relaxation.as_ref()?;
    let changes: Vec<String> = relaxation.changes.iter().map(|change| changed(change, narrator)).collect();
    let series = Series::of_summary(&relaxation.contract, selection.strategy.short_right());
    let contract = words::contract(narrator, symbol, "relaxed", &series);
    Some(format!("{} would admit the {contract}", article::list(&changes)))
}

fn changed(change: &RelaxedLimit, narrator: &mut Narrator) -> String {
    let (from, to) = (float(change.from), float(change.to));
    let name = change.constraint.name();
    let limit = match change.constraint {
        Constraint::Dte if to < from => "dte_min",
        Constraint::Dte => "dte_max",
        Constraint::Delta => "max_delta",
        Constraint::Roc => "min_roc",
        Constraint::OpenInterest => "min_open_interest",
        Constraint::Spread => "max_spread_pct",
        Constraint::Credit => "min_credit_pct",
        other => other.name(),
    };
    let (relaxed, before) = (format!("relaxed_{name}"), format!("limit_{name}"));
    let (to, from) = match change.constraint {
        Constraint::Delta | Constraint::Roc | Constraint::Spread | Constraint::Credit => (
            words::two_digits(narrator, &relaxed, looser(from, to)),
            words::two_digits(narrator, &before, from),
        ),
        _ => (short(narrator, &relaxed, to, COMPUTED), short(narrator, &before, from, LIMITS)),
    };
    format!("{limit} {to} instead of {from}")
}

/// The limit with two digits, on the side that still admits the contract.
fn looser(from: f64, to: f64) -> f64 {
    // What is a whole hundredth stays one, whatever a float makes of it.
    const SLACK: f64 = 1e-6;
    let hundredths = if to > from { (to * 100.0 - SLACK).ceil() } else { (to * 100.0 + SLACK).floor() };
    hundredths / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relaxed_limit_is_rounded_so_that_it_admits() {
        let relaxed = [(0.3, 0.3357), (0.3, 0.3312), (0.3, 0.33), (0.5, 0.4008), (0.5, 0.29), (10.0, 12.345)];
        let rounded = relaxed.map(|(from, to)| format!("{:.4}", looser(from, to)));
        assert_eq!(rounded, ["0.3400", "0.3400", "0.3300", "0.4000", "0.2900", "12.3500"]);
    }
}
