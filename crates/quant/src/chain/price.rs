//! Fills a chain with what its mids imply.
//!
//! Model: American contracts on a share with cash dividends at their ex-dates (00:00 New York), spot model, flat
//! continuous rate, spot = the underlying's mid, else its last trade. Contracts without a dividend in their life are
//! priced by [`crate::pricing::american`], those with one by finite differences, European ones as such.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveTime, TimeZone, Utc};
use rust_decimal::prelude::ToPrimitive;
use ttai_core::{CashDividend, ExerciseStyle, NEW_YORK, OptionChain, OptionQuote};

use super::priced::{ContractGreeks, IvStatus, PricedQuote};
use crate::pricing::finite_difference::{Exercise, Resolution, Solution, solve_many, solve_many_finely};
use crate::pricing::implied_vol::{self, NoImpliedVol};
use crate::pricing::option::relevant_dividends;
use crate::pricing::{Dividend, Greeks, VanillaOption, american, american_dividends, european};

/// Volatilities outside this range count as none.
const LEAST_VOLATILITY: f64 = 0.01;
const GREATEST_VOLATILITY: f64 = 6.0;
/// A mid within this of the exercise value (in dollars) equals it.
const INTRINSIC_SLACK: f64 = 1e-6;
/// Rounds of the batched search; it takes three as a rule.
const MOST_ROUNDS: usize = 60;

/// Implied volatility and Greeks of every contract of a chain, in the chain's order; units at [`PricedQuote`]
/// and [`ContractGreeks`], the model and its sources at the top of this module.
///
/// `rate` is continuous, a fraction a year, and flat; `dividends` are cash per share of the underlying in today's
/// shares, of any status: leave out those that should not count. Volatilities (0.01 to 6 a year) carry an error under
/// 1e-4, with a dividend under 3e-4; Greeks under 0.5 %, gamma under 1 %. A contract whose mid implies no volatility
/// says why in its [`IvStatus`].
#[must_use]
pub fn price_chain(chain: &OptionChain, rate: f64, dividends: &[CashDividend]) -> Vec<PricedQuote> {
    let dividends: Vec<Dividend> = dividends.iter().map(|d| in_years(d, chain.snapshot_time)).collect();
    let date = chain.snapshot_time.with_timezone(&NEW_YORK).date_naive();
    let spot = chain.underlying.price();
    let mut priced: Vec<PricedQuote> = chain
        .quotes
        .iter()
        .map(|quote| PricedQuote {
            dte: quote.contract.dte(date),
            years: quote.contract.years_to_expiration(chain.snapshot_time),
            iv_status: IvStatus::Ok,
            iv: None,
            greeks: None,
            quote: quote.clone(),
        })
        .collect();
    let mut batches: BTreeMap<(DateTime<Utc>, bool), Vec<Candidate>> = BTreeMap::new();
    for (index, entry) in priced.iter_mut().enumerate() {
        match candidate(index, entry, spot, rate) {
            Ok(found) => {
                let contract = &entry.quote.contract;
                let european = contract.style == ExerciseStyle::European;
                batches.entry((contract.expiration_close, european)).or_default().push(found);
            }
            Err(status) => entry.iv_status = status,
        }
    }
    for ((_, european), batch) in batches {
        let years = batch[0].option.years;
        let answers = match relevant_dividends(&dividends, years) {
            Err(_) => vec![Err(IvStatus::NoMarket); batch.len()],
            Ok(none) if none.is_empty() => batch.iter().map(|c| without_dividends(c, european)).collect(),
            Ok(relevant) => with_dividends(&batch, &relevant, european),
        };
        for (found, answer) in batch.iter().zip(answers) {
            let entry = &mut priced[found.index];
            match answer {
                Ok((volatility, greeks)) => {
                    entry.iv = Some(volatility);
                    entry.greeks = Some(contract_greeks(&greeks));
                }
                Err(status) => entry.iv_status = status,
            }
        }
    }
    priced
}

/// A dividend's ex-date as years from the snapshot.
fn in_years(dividend: &CashDividend, snapshot: DateTime<Utc>) -> Dividend {
    let midnight = dividend.ex_date.and_time(NaiveTime::MIN);
    let instant = NEW_YORK
        .from_local_datetime(&midnight)
        .earliest()
        .map_or_else(|| midnight.and_utc(), |local| local.with_timezone(&Utc));
    let seconds = (instant - snapshot).num_milliseconds() as f64 / 1000.0;
    Dividend { years: seconds / (365.0 * 86_400.0), amount: dividend.amount }
}

/// A contract whose mid may imply a volatility.
struct Candidate {
    index: usize,
    option: VanillaOption,
    mid: f64,
}

type Answer = Result<(f64, Greeks), IvStatus>;

fn candidate(index: usize, entry: &PricedQuote, spot: Option<f64>, rate: f64) -> Result<Candidate, IvStatus> {
    two_sided(&entry.quote)?;
    if entry.years <= 0.0 {
        return Err(IvStatus::Expired);
    }
    let contract = &entry.quote.contract;
    let mid = entry.quote.mid().to_f64().ok_or(IvStatus::NoMarket)?;
    let spot = spot.ok_or(IvStatus::NoMarket)?;
    let option = VanillaOption::new(contract.right, spot, contract.strike_f64(), entry.years, rate, 0.0, 0.3)
        .map_err(|_| IvStatus::NoMarket)?;
    if contract.style == ExerciseStyle::American && mid <= option.intrinsic() + INTRINSIC_SLACK {
        return Err(IvStatus::NoneBelowIntrinsic);
    }
    Ok(Candidate { index, option, mid })
}

fn two_sided(quote: &OptionQuote) -> Result<(), IvStatus> {
    if quote.bid.is_zero() {
        Err(IvStatus::NoBid)
    } else if quote.ask.is_zero() {
        Err(IvStatus::NoAsk)
    } else if quote.bid > quote.ask {
        Err(IvStatus::Crossed)
    } else {
        Ok(())
    }
}

fn without_dividends(found: &Candidate, european: bool) -> Answer {
    let answer = if european {
        implied_vol::european(&found.option, found.mid)
    } else {
        implied_vol::american(&found.option, found.mid)
    };
    let volatility = in_range(answer)?;
    let option = VanillaOption { volatility, ..found.option };
    let greeks = if european { european::greeks(&option) } else { american::greeks(&option) };
    Ok((volatility, greeks))
}

fn in_range(answer: Result<f64, NoImpliedVol>) -> Result<f64, IvStatus> {
    match answer {
        Ok(volatility) if volatility < LEAST_VOLATILITY => Err(IvStatus::NoneBelowBound),
        Ok(volatility) if volatility > GREATEST_VOLATILITY => Err(IvStatus::NoneAbove6),
        Ok(volatility) => Ok(volatility),
        Err(NoImpliedVol::AboveBound { .. }) => Err(IvStatus::NoneAbove6),
        Err(NoImpliedVol::BelowIntrinsic { .. }) => Err(IvStatus::NoneBelowIntrinsic),
        Err(NoImpliedVol::Expired { .. }) => Err(IvStatus::Expired),
        Err(NoImpliedVol::Input(_)) => Err(IvStatus::NoMarket),
        Err(NoImpliedVol::BelowBound { .. } | NoImpliedVol::NotPositive { .. }) => {
            Err(IvStatus::NoneBelowBound)
        }
    }
}

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
    /// The volatility, and the one last solved at with its solution.
    Found(f64, f64, Solution),
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
            self.state = State::Found(next, at, solution);
        }
        self.guess = next;
    }
}

fn with_dividends(batch: &[Candidate], dividends: &[Dividend], european: bool) -> Vec<Answer> {
    let exercise =
        if european { Exercise::AtExpiration } else { american_dividends::exercise(&batch[0].option) };
    let mut searches: Vec<Search> = batch.iter().map(|found| Search::new(found, dividends)).collect();
    for _ in 0..MOST_ROUNDS {
        let open: Vec<usize> = (0..batch.len()).filter(|&i| searches[i].state == State::Searching).collect();
        if open.is_empty() {
            break;
        }
        let options: Vec<VanillaOption> = open
            .iter()
            .map(|&i| VanillaOption { volatility: searches[i].guess, ..batch[i].option })
            .collect();
        let solutions = solve_many(&options, dividends, exercise, Resolution::CHAIN);
        for (&i, solution) in open.iter().zip(solutions) {
            searches[i].advance(&batch[i], solution);
        }
    }
    let solved: Vec<VanillaOption> = batch
        .iter()
        .zip(&searches)
        .filter_map(|(found, search)| match search.state {
            State::Found(_, at, _) => Some(VanillaOption { volatility: at, ..found.option }),
            _ => None,
        })
        .collect();
    let mut sensitivities = neighbours(&solved, dividends, exercise).into_iter();
    resolve_close_decisions(&mut searches, batch, dividends, exercise);
    searches
        .iter()
        .zip(batch)
        .map(|(search, found)| match search.state {
            State::Found(volatility, at, solution) => {
                let option = VanillaOption { volatility: at, ..found.option };
                let [up, down, rate_up, rate_down] = sensitivities.next().unwrap_or_default();
                let rates = [rate_up, rate_down];
                let yields = [solution; 2];
                let greeks =
                    american_dividends::assemble(&option, exercise, solution, [up, down], rates, yields);
                Ok((volatility, greeks))
            }
            State::None(status) => Err(status),
            State::Searching => Err(IvStatus::NoneBelowBound),
        })
        .collect()
}

/// Delta of a call over which its exercise before one of several ex-dates is a close decision.
const CLOSE_DELTA: f64 = 0.8;

/// Solves again, finely, the calls deep enough to be exercised before an ex-date. On the chain's grid the kink where that begins leaves up to 2 % in
/// their gamma, and through it in theta.
fn resolve_close_decisions(
    searches: &mut [Search],
    batch: &[Candidate],
    dividends: &[Dividend],
    exercise: Exercise,
) {
    if dividends.len() < 2 || exercise == Exercise::AtExpiration {
        return;
    }
    let (places, options): (Vec<usize>, Vec<VanillaOption>) = searches
        .iter()
        .zip(batch)
        .enumerate()
        .filter_map(|(place, (search, found))| match search.state {
            State::Found(_, at, solution) if solution.delta > CLOSE_DELTA => {
                Some((place, VanillaOption { volatility: at, ..found.option }))
            }
            _ => None,
        })
        .unzip();
    for (place, fine) in places.into_iter().zip(solve_many_finely(&options, dividends, exercise)) {
        if let State::Found(_, _, solution) = &mut searches[place].state {
            *solution = fine;
        }
    }
}

/// Solutions at a higher and a lower volatility and at a higher and a lower rate.
fn neighbours(options: &[VanillaOption], dividends: &[Dividend], exercise: Exercise) -> Vec<[Solution; 4]> {
    let bumped: Vec<VanillaOption> = options
        .iter()
        .flat_map(|option| {
            let step = american_dividends::volatility_bump(option);
            [
                VanillaOption { volatility: option.volatility + step, ..*option },
                VanillaOption { volatility: option.volatility - step, ..*option },
                VanillaOption { rate: option.rate + american_dividends::RATE_BUMP, ..*option },
                VanillaOption { rate: option.rate - american_dividends::RATE_BUMP, ..*option },
            ]
        })
        .collect();
    solve_many(&bumped, dividends, exercise, Resolution::CHAIN)
        .chunks_exact(4)
        .map(|four| [four[0], four[1], four[2], four[3]])
        .collect()
}

fn contract_greeks(greeks: &Greeks) -> ContractGreeks {
    ContractGreeks {
        delta: greeks.delta,
        gamma: greeks.gamma,
        vega: greeks.vega / 100.0,
        theta: greeks.theta_year / 365.0,
        rho: greeks.rho / 100.0,
    }
}
