//! One contract, or one pair of contracts, with no more than what decides its place; what is shown becomes a [`Candidate`].

use rust_decimal::Decimal;
use ttai_core::{OptionContract, OptionQuote, OptionRight};

use super::alternatives::OneSdMoves;
use super::candidate::Candidate;
use super::checks::{LegRole, Miss, fails, misses};
use super::constraints::{Constraint, StrategySpec};
use super::request::{SelectError, SelectionRequest};
use crate::chain::PricedQuote;
use crate::strategy::economics::ReturnBase;
use crate::strategy::legs::{Leg, MAX_PRICE, intrinsic};
use crate::strategy::number::to_f64;
use crate::strategy::returns::ReturnOnCapital;

/// A contract (for a spread: a pair) that could be sold, at natural prices.
#[derive(Clone, Debug)]
pub(super) struct Contender<'a> {
    /// What is sold.
    pub(super) short: &'a PricedQuote,
    /// What a spread buys.
    pub(super) long: Option<&'a PricedQuote>,
    /// Dollars a share received: the bid, for a spread less the long leg's ask.
    pub(super) credit: Decimal,
    /// What the return is measured against, in dollars a contract.
    pub(super) return_base: Decimal,
    /// Return on that base; none where it is nothing.
    pub(super) roc: Option<ReturnOnCapital>,
    /// Whether being called away would sell the shares under their cost.
    pub(super) locks_in_loss: bool,
    /// The limits that it misses.
    pub(super) misses: Vec<Miss>,
}

/// Every contract of the strategy's right, in the chain's order. What is left out says [`evaluate`](super::evaluate).
pub(super) fn contenders<'a>(request: &SelectionRequest<'a>) -> Result<Vec<Contender<'a>>, SelectError> {
    request.validate()?;
    let sold = |priced: &&PricedQuote| {
        let contract = &priced.quote.contract;
        contract.right == request.strategy.short_right()
            && (request.constraints.include_non_standard || contract.is_standard())
    };
    let shorts = request.quotes.iter().filter(sold);
    Ok(shorts.filter_map(|short| Contender::of(request, short)).collect())
}

impl<'a> Contender<'a> {
    /// None where its numbers are no market's or a spread finds no long leg.
    fn of(request: &SelectionRequest<'a>, short: &'a PricedQuote) -> Option<Self> {
        let long = match request.strategy {
            StrategySpec::Spread { width, .. } => Some(long_leg(request, short, width)?),
            _ => None,
        };
        let prices = [short.quote.bid, short.quote.ask];
        if !prices.into_iter().all(is_price) || !DAYS_TO_LIVE.contains(&short.dte) {
            return None;
        }
        for leg in legs(request, short, long, Fill::Natural) {
            leg.checked().ok()?;
        }
        let credit = Fill::Natural.credit(&short.quote, long);
        let (earned, return_base) = earned_on_base(request, short, long, credit);
        let mut contender = Self {
            short,
            long,
            credit,
            return_base,
            roc: ReturnOnCapital::of(earned, return_base, short.dte),
            locks_in_loss: locks_in_loss(request, short),
            misses: Vec::new(),
        };
        let event = request.events.iter().any(|event| event.excludes(contender.contract(), request.as_of));
        contender.misses = misses(&contender, &request.constraints, event);
        Some(contender)
    }

    /// In full, to be shown.
    pub(super) fn candidate(&self, request: &SelectionRequest<'_>, moves: &OneSdMoves) -> Option<Candidate> {
        Candidate::of(self, request, moves)
    }

    pub(super) fn contract(&self) -> &'a OptionContract {
        &self.short.quote.contract
    }

    pub(super) fn strike(&self) -> Decimal {
        self.contract().strike
    }

    pub(super) fn dte(&self) -> i64 {
        self.short.dte
    }

    pub(super) fn multiplier(&self) -> Decimal {
        Decimal::from(self.contract().multiplier)
    }

    /// Simple annual return in percent; what contracts are ranked by.
    pub(super) fn annual_pct(&self) -> Option<f64> {
        self.roc.map(|roc| roc.annual_simple_pct)
    }

    /// The same on what it is paid for time alone: what an option in the money brings beyond that is the holder's own.
    pub(super) fn extrinsic_annual_pct(&self, spot: Decimal) -> Option<f64> {
        let held =
            |priced: &PricedQuote| intrinsic(priced.quote.contract.right, spot, priced.quote.contract.strike);
        let worth = held(self.short) - self.long.map_or(Decimal::ZERO, held);
        let share = (self.credit - worth).checked_div(self.credit)?;
        Some(self.annual_pct()? * to_f64(share))
    }

    /// Whether what is sold is worth nothing if exercised now.
    pub(super) fn is_out_of_the_money(&self, spot: Decimal) -> bool {
        intrinsic(self.contract().right, spot, self.strike()) == Decimal::ZERO
    }

    /// How far it is from the limits: the sum of its misses as fractions of them; none where one of them cannot be
    /// relaxed.
    pub(super) fn distance(&self) -> Option<f64> {
        self.misses.iter().map(|miss| miss.relative).sum()
    }

    pub(super) fn passes(&self) -> bool {
        self.misses.is_empty()
    }

    pub(super) fn misses_only_return(&self) -> bool {
        !self.passes() && self.misses.iter().all(|miss| miss.constraint.is_return())
    }

    pub(super) fn fails(&self, constraint: Constraint) -> bool {
        fails(&self.misses, constraint)
    }
}

/// Days that a contract may have to live: none is listed for a hundred years.
const DAYS_TO_LIVE: std::ops::RangeInclusive<i64> = 0..=36_500;

fn is_price(value: Decimal) -> bool {
    value >= Decimal::ZERO && value <= MAX_PRICE
}

/// What one contract earns if all goes well, and on which base; in dollars, as [`ReturnBase`] has it.
fn earned_on_base(
    request: &SelectionRequest<'_>,
    short: &PricedQuote,
    long: Option<&PricedQuote>,
    credit: Decimal,
) -> (Decimal, Decimal) {
    let contract = &short.quote.contract;
    let base = match (base(request.strategy), long) {
        (ReturnBase::Strike, _) => contract.strike,
        (ReturnBase::Spot, _) => request.spot,
        (ReturnBase::Risk, Some(long)) => (contract.strike - long.quote.contract.strike).abs() - credit,
        (ReturnBase::Risk, None) => Decimal::ZERO,
    };
    let shares = Decimal::from(contract.multiplier);
    (credit * shares, base * shares)
}

/// What the strategy's return is measured against.
pub(super) fn base(strategy: StrategySpec) -> ReturnBase {
    match strategy {
        StrategySpec::CashSecuredPut => ReturnBase::Strike,
        StrategySpec::CoveredCall => ReturnBase::Spot,
        StrategySpec::Spread { .. } => ReturnBase::Risk,
    }
}

fn locks_in_loss(request: &SelectionRequest<'_>, short: &PricedQuote) -> bool {
    let basis = request.holding.and_then(|holding| holding.cost_basis);
    let proceeds = short.quote.contract.strike + short.quote.bid;
    request.strategy == StrategySpec::CoveredCall && basis.is_some_and(|basis| proceeds < basis)
}

/// The listed option nearest to `width` beyond the short strike, at most a quarter of the width off; ties go to the narrower one.
fn long_leg<'a>(
    request: &SelectionRequest<'a>,
    short: &PricedQuote,
    width: Decimal,
) -> Option<&'a PricedQuote> {
    let sold = &short.quote.contract;
    let distance = |quote: &PricedQuote| {
        let bought = &quote.quote.contract;
        let beyond = match sold.right {
            OptionRight::Put => sold.strike - bought.strike,
            OptionRight::Call => bought.strike - sold.strike,
        };
        (beyond > Decimal::ZERO).then_some(beyond)
    };
    let same_series = |quote: &&PricedQuote| {
        let bought = &quote.quote.contract;
        bought.right == sold.right
            && bought.last_trade_date == sold.last_trade_date
            && bought.expiration == sold.expiration
            && bought.root == sold.root
            && bought.multiplier == sold.multiplier
            && [bought.strike, quote.quote.bid, quote.quote.ask].into_iter().all(is_price)
    };
    let tolerance = width / Decimal::from(4);
    let listed =
        request.quotes.iter().filter(same_series).filter_map(|quote| Some((quote, distance(quote)?)));
    listed
        .filter(|(_, beyond)| (beyond - width).abs() <= tolerance)
        .min_by_key(|(_, beyond)| ((beyond - width).abs(), *beyond))
        .map(|(quote, _)| quote)
}

/// At which prices a trade is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fill {
    /// Sold at the bid, bought at the ask.
    Natural,
    /// At the midpoints.
    Mid,
}

impl Fill {
    fn price(self, quote: &OptionQuote, role: LegRole) -> Decimal {
        match (self, role) {
            (Self::Mid, _) => quote.mid(),
            (Self::Natural, LegRole::Short) => quote.bid,
            (Self::Natural, LegRole::Long) => quote.ask,
        }
    }

    pub(super) fn credit(self, short: &OptionQuote, long: Option<&PricedQuote>) -> Decimal {
        let paid = long.map_or(Decimal::ZERO, |long| self.price(&long.quote, LegRole::Long));
        self.price(short, LegRole::Short) - paid
    }
}

/// The legs of one contract at `fill`: what is sold, what is bought with it, the shares of a covered call.
pub(super) fn legs(
    request: &SelectionRequest<'_>,
    short: &PricedQuote,
    long: Option<&PricedQuote>,
    fill: Fill,
) -> Vec<Leg> {
    let option = |priced: &PricedQuote, role: LegRole, quantity: Decimal| {
        let price = fill.price(&priced.quote, role);
        Leg::option(&priced.quote.contract, quantity, price, price)
    };
    let mut legs = vec![option(short, LegRole::Short, Decimal::NEGATIVE_ONE)];
    legs.extend(long.map(|long| option(long, LegRole::Long, Decimal::ONE)));
    if request.strategy == StrategySpec::CoveredCall {
        let shares = Decimal::from(short.quote.contract.multiplier);
        legs.push(Leg::stock(shares, stock_entry(request), request.spot));
    }
    legs
}

/// What a share of a covered call cost: the basis, or the spot price where none is known.
pub(super) fn stock_entry(request: &SelectionRequest<'_>) -> Decimal {
    request.holding.and_then(|holding| holding.cost_basis).unwrap_or(request.spot)
}
