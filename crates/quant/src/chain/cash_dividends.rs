//! Implied volatilities and Greeks under cash dividends, by finite differences for many contracts of an expiration together.

use super::price::{Candidate, Found, GREATEST_VOLATILITY, LEAST_VOLATILITY};
use super::priced::IvStatus;
use crate::pricing::finite_difference::{Exercise, Resolution, Solution, solve_many, solve_many_finely};
use crate::pricing::implied_vol;
use crate::pricing::{Dividend, Greeks, VanillaOption, american_dividends, european};

/// Rounds of the batched search; it takes three as a rule.
const MOST_ROUNDS: usize = 60;

/// The search for one contract's volatility, advanced by one solve a round for all contracts of an expiration together.
struct Search {
    low: f64,
    high: f64,
    guess: f64,
    previous: Option<(f64, f64)>,
    state: State,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Searching,
    Found(Found),
    None(IvStatus),
}

impl Search {
    fn new(found: &Candidate, dividends: &[Dividend]) -> Self {
        let paid: f64 = dividends.iter().map(|d| d.amount * (-found.option.rate * d.years).exp()).sum();
        let escrowed = VanillaOption { spot: (found.option.spot - paid).max(1e-6), ..found.option };
        let guess = implied_vol::european(&escrowed, found.mid).unwrap_or(0.3);
        Self {
            low: LEAST_VOLATILITY,
            high: GREATEST_VOLATILITY,
            guess: guess.clamp(LEAST_VOLATILITY, GREATEST_VOLATILITY),
            previous: None,
            state: State::Searching,
        }
    }

    /// Takes the solution at the guess and makes the next guess.
    fn advance(&mut self, found: &Candidate, solution: Solution) {
        let (at, miss) = (self.guess, solution.price - found.mid);
        if miss < 0.0 && at >= GREATEST_VOLATILITY {
            self.state = State::None(IvStatus::NoneAbove6);
            return;
        }
        if miss > 0.0 && at <= LEAST_VOLATILITY {
            self.state = State::None(IvStatus::NoneBelowBound);
            return;
        }
        let slope = match self.previous {
            Some((other, value)) if other != at => (solution.price - value) / (at - other),
            _ => european::greeks(&VanillaOption { volatility: at, ..found.option }).vega,
        };
        self.previous = Some((at, solution.price));
        if miss < 0.0 {
            self.low = self.low.max(at);
        } else {
            self.high = self.high.min(at);
        }
        let newton = at - miss / slope;
        let next = if newton.is_finite() && newton > self.low && newton < self.high {
            newton
        } else if miss > 0.0 && self.low <= LEAST_VOLATILITY && newton <= self.low {
            LEAST_VOLATILITY
        } else if miss < 0.0 && self.high >= GREATEST_VOLATILITY && newton >= self.high {
            GREATEST_VOLATILITY
        } else {
            (self.low * self.high).sqrt()
        };
        if (next - at).abs() < 1e-5 * at.max(0.1) || self.high - self.low < 1e-8 {
            self.state = State::Found(Found { volatility: next, solved: Some((at, solution)) });
        }
        self.guess = next;
    }
}

/// The volatility of every contract of a batch of one last moment and style. `dividends` are sorted and inside its life.
pub(super) fn volatilities(
    batch: &[Candidate],
    dividends: &[Dividend],
    european: bool,
) -> Vec<Result<Found, IvStatus>> {
    let mut searches: Vec<Search> = batch.iter().map(|found| Search::new(found, dividends)).collect();
    for _ in 0..MOST_ROUNDS {
        let open: Vec<usize> = (0..batch.len()).filter(|&i| searches[i].state == State::Searching).collect();
        let options: Vec<VanillaOption> = open
            .iter()
            .map(|&i| VanillaOption { volatility: searches[i].guess, ..batch[i].option })
            .collect();
        let Some(first) = options.first() else { break };
        let solutions = solve_many(&options, dividends, exercise(first, european), Resolution::CHAIN);
        for (&i, solution) in open.iter().zip(solutions) {
            searches[i].advance(&batch[i], solution);
        }
    }
    let answer = |search: &Search| match search.state {
        State::Found(found) => Ok(found),
        State::None(status) => Err(status),
        State::Searching => Err(IvStatus::NoneBelowBound),
    };
    searches.iter().map(answer).collect()
}

/// The Greeks of contracts with their volatilities, a batch as for [`volatilities`].
pub(super) fn greeks(batch: &[(Candidate, Found)], dividends: &[Dividend], european: bool) -> Vec<Greeks> {
    let (options, mut solutions): (Vec<VanillaOption>, Vec<Solution>) = batch
        .iter()
        .map(|(candidate, found)| {
            let (volatility, solution) = found.solved.unwrap_or((found.volatility, Solution::default()));
            (VanillaOption { volatility, ..candidate.option }, solution)
        })
        .unzip();
    let Some(first) = options.first() else { return Vec::new() };
    let exercise = exercise(first, european);
    resolve_close_decisions(&options, &mut solutions, dividends, exercise);
    let neighbours = neighbours(&options, dividends, exercise);
    let assembled = options.iter().zip(solutions).zip(neighbours);
    assembled
        .map(|((option, solution), [up, down, rate_up, rate_down])| {
            let (volatilities, rates) = ([up, down], [rate_up, rate_down]);
            american_dividends::assemble(option, exercise, solution, volatilities, rates, [solution; 2])
        })
        .collect()
}

fn exercise(option: &VanillaOption, european: bool) -> Exercise {
    if european { Exercise::AtExpiration } else { american_dividends::exercise(option) }
}

/// Delta of a call over which its exercise before one of several ex-dates is a close decision.
const CLOSE_DELTA: f64 = 0.8;

/// Solves again, finely, the calls deep enough to be exercised before an ex-date. On the chain's grid the kink where that begins leaves up to 2 % in
/// their gamma, and through it in theta.
fn resolve_close_decisions(
    options: &[VanillaOption],
    solutions: &mut [Solution],
    dividends: &[Dividend],
    exercise: Exercise,
) {
    if dividends.len() < 2 || exercise == Exercise::AtExpiration {
        return;
    }
    let (places, close): (Vec<usize>, Vec<VanillaOption>) =
        (0..options.len()).filter(|&i| solutions[i].delta > CLOSE_DELTA).map(|i| (i, options[i])).unzip();
    for (place, fine) in places.into_iter().zip(solve_many_finely(&close, dividends, exercise)) {
        solutions[place] = fine;
    }
}

/// Solutions at a higher and a lower volatility and at a higher and a lower rate.
fn neighbours(options: &[VanillaOption], dividends: &[Dividend], exercise: Exercise) -> Vec<[Solution; 4]> {
    let bumped: Vec<VanillaOption> = options
        .iter()
        .flat_map(|option| {
            let step = american_dividends::volatility_bump(option);
            let rates = american_dividends::RateStep::of(option, exercise);
            [
                VanillaOption { volatility: option.volatility + step, ..*option },
                VanillaOption { volatility: option.volatility - step, ..*option },
                VanillaOption { rate: rates.high, ..*option },
                VanillaOption { rate: rates.low, ..*option },
            ]
        })
        .collect();
    solve_many(&bumped, dividends, exercise, Resolution::CHAIN)
        .chunks_exact(4)
        .map(|four| [four[0], four[1], four[2], four[3]])
        .collect()
}
