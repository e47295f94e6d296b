//! Fills a chain with what its mids imply.
//!
//! Model: American contracts on a share with cash dividends at their ex-dates (00:00 New York), spot model, flat
//! continuous rate, spot = the underlying's mid, else its last trade. Contracts without a dividend in their life are
//! priced by [`crate::pricing::american`], those with one by finite differences, European ones as such.

use std::collections::BTreeMap;
use std::ops::Deref;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use ttai_core::{CashDividend, ExerciseStyle, NEW_YORK, OptionChain, OptionContract, OptionQuote};

use super::cash_dividends;
use super::priced::{ContractGreeks, IvStatus, PricedQuote, is_too_wide};
use crate::pricing::finite_difference::Solution;
use crate::pricing::implied_vol::{self, NoImpliedVol};
use crate::pricing::option::relevant_dividends;
use crate::pricing::{Dividend, Greeks, VanillaOption, american, european};

/// Volatilities outside this range count as none.
pub(super) const LEAST_VOLATILITY: f64 = 0.01;
pub(super) const GREATEST_VOLATILITY: f64 = 6.0;
/// A mid within this of the exercise value (in dollars) equals it.
const INTRINSIC_SLACK: f64 = 1e-6;

/// Implied volatility and Greeks of every contract of a chain, in the chain's order; units at [`PricedQuote`]
/// and [`ContractGreeks`], the model and its sources at the top of this module.
///
/// `rate` is continuous, a fraction a year, and flat; `dividends` are cash per share of the underlying in today's
/// shares, of any status: leave out those that should not count. Volatilities (0.01 to 6 a year) carry an error under
/// 1e-4, with a dividend under 3e-4; Greeks under 0.5 %, gamma under 1 %. A contract whose mid implies no volatility
/// says why in its [`IvStatus`].
#[must_use]
pub fn price_chain(chain: &OptionChain, rate: f64, dividends: &[CashDividend]) -> Vec<PricedQuote> {
    ChainPricer::new(chain, rate, dividends).priced(|_| true)
}

/// A chain whose contracts are priced when they are asked for, each once, as [`price_chain`] prices them. What a contract
/// implies does not depend on which others are asked for, or when.
#[derive(Clone, Debug)]
pub struct ChainPricer<C> {
    chain: C,
    rate: f64,
    dividends: Vec<CashDividend>,
    /// Whether markets that are too wide for a price are read all the same.
    reads_wide: bool,
    /// What is known by now, by a contract's place in the chain.
    answers: BTreeMap<usize, Answer>,
}

#[derive(Clone, Copy, Debug)]
struct Answer {
    found: Result<Found, IvStatus>,
    greeks: Option<ContractGreeks>,
}

/// A volatility that a mid implies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Found {
    pub(super) volatility: f64,
    /// By finite differences: the volatility last solved at, and its solution.
    pub(super) solved: Option<(f64, Solution)>,
}

/// Contracts that are priced together: those of one last moment and style.
type Batches = BTreeMap<(DateTime<Utc>, bool), Vec<usize>>;

impl<C: Deref<Target = OptionChain>> ChainPricer<C> {
    /// A chain of which nothing is priced yet; the arguments are those of [`price_chain`].
    #[must_use]
    pub fn new(chain: C, rate: f64, dividends: &[CashDividend]) -> Self {
        Self { chain, rate, dividends: dividends.to_vec(), reads_wide: true, answers: BTreeMap::new() }
    }

    /// The same, but a market that [`is_too_wide`] implies no volatility.
    #[must_use]
    pub fn of_tight_markets(self) -> Self {
        Self { reads_wide: false, answers: BTreeMap::new(), ..self }
    }

    /// Whether it answers for `chain`, `rate` and `dividends`: the same quotes beside the same price at the same moment.
    #[must_use]
    pub fn answers_for(&self, chain: &OptionChain, rate: f64, dividends: &[CashDividend]) -> bool {
        let price = |chain: &OptionChain| chain.underlying.price().map(f64::to_bits);
        self.rate.to_bits() == rate.to_bits()
            && self.chain.snapshot_time == chain.snapshot_time
            && price(&self.chain) == price(chain)
            && self.dividends == dividends
            && self.chain.quotes == chain.quotes
    }

    /// The chain.
    #[must_use]
    pub fn chain(&self) -> &OptionChain {
        &self.chain
    }

    /// The wanted contracts, in the chain's order, with volatilities and Greeks.
    pub fn priced(&mut self, wanted: impl Fn(&OptionContract) -> bool) -> Vec<PricedQuote> {
        let indices = self.wanted(wanted);
        self.find_volatilities(&indices);
        self.find_greeks(&indices);
        indices.iter().map(|index| self.quote(*index, self.greeks(*index))).collect()
    }

    /// Of the wanted contracts those that decide the volatilities at the money, in the chain's order: of every expiration
    /// the strikes next to the spot on either side at which a call or a put has a volatility. Without Greeks.
    /// [`super::term_structure()`] of them is that of all the wanted ones.
    pub fn at_the_money(&mut self, wanted: impl Fn(&OptionContract) -> bool) -> Vec<PricedQuote> {
        let Some(spot) = self.chain.underlying.price() else { return Vec::new() };
        let mut sides = self.outward(wanted, spot);
        let mut decisive = Vec::new();
        while !sides.is_empty() {
            let nearest: Vec<Vec<usize>> = sides.iter_mut().filter_map(Vec::pop).collect();
            self.find_volatilities(&nearest.concat());
            let tried = sides.into_iter().zip(nearest);
            sides = tried
                .filter_map(|(farther, strike)| {
                    let decides = strike.iter().any(|index| self.found(*index).is_ok());
                    decisive.extend(strike.iter().filter(|_| decides));
                    (!decides && !farther.is_empty()).then_some(farther)
                })
                .collect();
        }
        decisive.sort_unstable();
        decisive.iter().map(|index| self.quote(*index, None)).collect()
    }

    /// The wanted contracts of every expiration by strike, those up to the spot and those above it, the nearest last.
    fn outward(&self, wanted: impl Fn(&OptionContract) -> bool, spot: f64) -> Vec<Vec<Vec<usize>>> {
        let mut expirations: BTreeMap<(NaiveDate, NaiveDate), BTreeMap<Decimal, Vec<usize>>> =
            BTreeMap::new();
        for index in self.wanted(wanted) {
            let contract = &self.chain.quotes[index].contract;
            let strikes = expirations.entry((contract.last_trade_date, contract.expiration)).or_default();
            strikes.entry(contract.strike).or_default().push(index);
        }
        let sides = expirations.into_values().flat_map(|strikes| {
            let is_above = |strike: &Decimal| strike.to_f64().is_some_and(|strike| strike > spot);
            let (above, below): (Vec<_>, Vec<_>) =
                strikes.into_iter().partition(|(strike, _)| is_above(strike));
            let contracts = |(_, contracts)| contracts;
            [below.into_iter().map(contracts).collect(), above.into_iter().rev().map(contracts).collect()]
        });
        sides.filter(|side: &Vec<Vec<usize>>| !side.is_empty()).collect()
    }

    fn wanted(&self, wanted: impl Fn(&OptionContract) -> bool) -> Vec<usize> {
        let quotes = self.chain.quotes.iter().enumerate();
        quotes.filter(|(_, quote)| wanted(&quote.contract)).map(|(index, _)| index).collect()
    }

    /// What is known of a contract whose volatility has been looked for.
    fn found(&self, index: usize) -> Result<Found, IvStatus> {
        self.answers.get(&index).map_or(Err(IvStatus::NoMarket), |answer| answer.found)
    }

    fn greeks(&self, index: usize) -> Option<ContractGreeks> {
        self.answers.get(&index).and_then(|answer| answer.greeks)
    }

    fn quote(&self, index: usize, greeks: Option<ContractGreeks>) -> PricedQuote {
        let quote = &self.chain.quotes[index];
        let found = self.found(index);
        PricedQuote {
            dte: quote.contract.dte(self.chain.snapshot_time.with_timezone(&NEW_YORK).date_naive()),
            years: quote.contract.years_to_expiration(self.chain.snapshot_time),
            iv_status: found.err().unwrap_or(IvStatus::Ok),
            iv: found.ok().map(|found| found.volatility),
            greeks,
            quote: quote.clone(),
        }
    }

    fn batches(&self, indices: impl Iterator<Item = usize>) -> Batches {
        let mut batches = Batches::new();
        for index in indices {
            let contract = &self.chain.quotes[index].contract;
            let european = contract.style == ExerciseStyle::European;
            batches.entry((contract.expiration_close, european)).or_default().push(index);
        }
        batches
    }

    /// The dividends that matter until the last moment of a batch.
    fn dividends_of(&self, batch: &[Candidate]) -> Result<Vec<Dividend>, IvStatus> {
        let years = batch.first().map_or(0.0, |first| first.option.years);
        let all: Vec<Dividend> =
            self.dividends.iter().map(|dividend| in_years(dividend, self.chain.snapshot_time)).collect();
        relevant_dividends(&all, years).map_err(|_| IvStatus::NoMarket)
    }

    fn find_volatilities(&mut self, indices: &[usize]) {
        let unknown = indices.iter().copied().filter(|index| !self.answers.contains_key(index));
        for ((_, european), batch) in self.batches(unknown) {
            let mut candidates = Vec::with_capacity(batch.len());
            for index in batch {
                match self.candidate(index) {
                    Ok(candidate) => candidates.push(candidate),
                    Err(status) => self.record(index, Err(status)),
                }
            }
            let answers = match self.dividends_of(&candidates) {
                Err(status) => vec![Err(status); candidates.len()],
                Ok(none) if none.is_empty() => candidates.iter().map(|c| volatility(c, european)).collect(),
                Ok(relevant) => cash_dividends::volatilities(&candidates, &relevant, european),
            };
            for (candidate, answer) in candidates.iter().zip(answers) {
                self.record(candidate.index, answer);
            }
        }
    }

    fn candidate(&self, index: usize) -> Result<Candidate, IvStatus> {
        let candidate = candidate(&self.chain, index, self.rate)?;
        if !self.reads_wide && is_too_wide(&self.chain.quotes[index]) {
            return Err(IvStatus::TooWide);
        }
        Ok(candidate)
    }

    fn record(&mut self, index: usize, found: Result<Found, IvStatus>) {
        self.answers.insert(index, Answer { found, greeks: None });
    }

    /// The Greeks of contracts whose volatilities have been looked for.
    fn find_greeks(&mut self, indices: &[usize]) {
        let unknown = indices
            .iter()
            .copied()
            .filter(|index| self.greeks(*index).is_none() && self.found(*index).is_ok());
        for ((_, european), batch) in self.batches(unknown) {
            let found: Vec<(Candidate, Found)> = batch
                .into_iter()
                .filter_map(|index| self.candidate(index).ok().zip(self.found(index).ok()))
                .collect();
            let candidates: Vec<Candidate> = found.iter().map(|(candidate, _)| *candidate).collect();
            let greeks = match self.dividends_of(&candidates) {
                Ok(relevant) if !relevant.is_empty() => cash_dividends::greeks(&found, &relevant, european),
                _ => found.iter().map(|(candidate, found)| greeks(candidate, found, european)).collect(),
            };
            for (candidate, greeks) in candidates.iter().zip(greeks) {
                if let Some(answer) = self.answers.get_mut(&candidate.index) {
                    answer.greeks = Some(contract_greeks(&greeks));
                }
            }
        }
    }
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
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    /// Its place in the chain.
    pub(super) index: usize,
    /// Its terms, with a volatility that means nothing.
    pub(super) option: VanillaOption,
    pub(super) mid: f64,
}

fn candidate(chain: &OptionChain, index: usize, rate: f64) -> Result<Candidate, IvStatus> {
    let quote = &chain.quotes[index];
    two_sided(quote)?;
    let contract = &quote.contract;
    let years = contract.years_to_expiration(chain.snapshot_time);
    if years <= 0.0 {
        return Err(IvStatus::Expired);
    }
    let mid = quote.mid().to_f64().ok_or(IvStatus::NoMarket)?;
    let spot = chain.underlying.price().ok_or(IvStatus::NoMarket)?;
    let option = VanillaOption::new(contract.right, spot, contract.strike_f64(), years, rate, 0.0, 0.3)
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

fn volatility(candidate: &Candidate, european: bool) -> Result<Found, IvStatus> {
    let answer = if european {
        implied_vol::european(&candidate.option, candidate.mid)
    } else {
        implied_vol::american(&candidate.option, candidate.mid)
    };
    in_range(answer).map(|volatility| Found { volatility, solved: None })
}

fn greeks(candidate: &Candidate, found: &Found, european: bool) -> Greeks {
    let option = VanillaOption { volatility: found.volatility, ..candidate.option };
    if european { european::greeks(&option) } else { american::greeks(&option) }
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

fn contract_greeks(greeks: &Greeks) -> ContractGreeks {
    ContractGreeks {
        delta: greeks.delta,
        gamma: greeks.gamma,
        vega: greeks.vega / 100.0,
        theta: greeks.theta_year / 365.0,
        rho: greeks.rho / 100.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::oracle::load;
    use crate::chain::term_structure;

    #[test]
    fn a_contract_is_priced_alike_whichever_others_are_asked_for() {
        let Some((chain, _, dividends, rate)) = load("20140606") else {
            println!("skipped: ../shared/oracle is absent");
            return;
        };
        let whole = price_chain(&chain, rate, &dividends);
        let mut pricer = ChainPricer::new(&chain, rate, &dividends);
        // Calls over an ex-date go through finite differences, several in a batch.
        for third in [2, 0, 1] {
            let wanted = |contract: &OptionContract| contract.strike.mantissa().rem_euclid(3) == third;
            let expected: Vec<&PricedQuote> =
                whole.iter().filter(|quote| wanted(&quote.quote.contract)).collect();
            assert_eq!(pricer.priced(wanted).iter().collect::<Vec<_>>(), expected);
        }
        assert_eq!(pricer.priced(|_| true), whole);
    }

    #[test]
    fn the_contracts_at_the_money_have_the_whole_chains_term_structure() {
        for date in ["20140606", "20140609"] {
            let Some((mut chain, _, dividends, rate)) = load(date) else { return };
            let spot = chain.underlying.price().unwrap();
            for gap in [0.0, 0.03, 0.2] {
                // Around the spot nobody bids, on one side more widely than on the other.
                for quote in &mut chain.quotes {
                    let away = quote.contract.strike_f64() / spot - 1.0;
                    if (-gap..2.0 * gap).contains(&away) {
                        quote.bid = Decimal::ZERO;
                    }
                }
                let whole = term_structure(&price_chain(&chain, rate, &dividends), spot);
                let mut pricer = ChainPricer::new(&chain, rate, &dividends);
                let decisive = pricer.at_the_money(|_| true);
                assert!(decisive.len() <= 4 * whole.len());
                assert_eq!(term_structure(&decisive, spot), whole);
            }
        }
    }
}
