//! Quotes of one chain checked against each other: where two or three of them could be traded at once for a sure gain, one
//! of them is wrong, and nothing may be sold on it.
//!
//! | Rule | What could be traded |
//! |---|---|
//! | `exercise` | an American contract is offered for less than its exercise brings at once |
//! | `ceiling` | a call is bid above the price of the share, a put above its strike |
//! | `vertical` | the contract nearer to the money is offered under the bid of one farther out |
//! | `width` | a vertical is bid for more than the dollars between its strikes |
//! | `butterfly` | a contract is bid above a mix of two others around it, as they are offered |
//! | `parity` | a call, a put and the share leave the bounds of put–call parity |
//!
//! Every price is one at which somebody stands ready: what is sold is sold at its bid, what is bought at its ask. Bounds after
//! R. Merton, "Theory of Rational Option Pricing" (1973), and J. Hull, "Options, Futures, and Other Derivatives", on the
//! properties of stock options; for American contracts parity is the inequality with the dividends anywhere between none
//! and all of them. A whole expiration that leaves parity alike tells of a cost to borrow or a dividend that is not
//! known, and not of its quotes: a pair has to leave the price that the tightest pairs agree on, too.

use std::cmp::Ordering;

use chrono::NaiveDate;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};
use ttai_core::{CashDividend, ExerciseStyle, NEW_YORK, OptionChain, OptionContract, OptionRight, Symbol};

/// What a trade of one share's worth costs beyond its prices, dollars a leg; a gain within it is none.
pub const LEG_COST: f64 = 0.01;
/// Quotes that are found one by one in an expiration; where more are wrong, all that are left in a violation are.
const MOST_ROUNDS: usize = 12;
/// Where dividends are not known, a quarter of a year may bring this fraction of the price.
const UNKNOWN_QUARTERLY_YIELD: f64 = 0.015;
/// Pairs whose median says what an expiration agrees on, and the fewest that can.
const TIGHTEST_PAIRS: usize = 9;
const FEWEST_PAIRS: usize = 3;

/// What quotes of one chain may not do together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArbitrageRule {
    /// Offered for less than its exercise brings.
    Exercise,
    /// Bid above the most that it can ever be worth.
    Ceiling,
    /// A vertical for less than nothing.
    Vertical,
    /// A vertical for more than its width.
    Width,
    /// A butterfly for less than nothing.
    Butterfly,
    /// Put–call parity is left.
    Parity,
}

/// Quotes that could be traded at once for a sure gain.
#[derive(Clone, Debug, PartialEq)]
struct Arbitrage {
    rule: ArbitrageRule,
    /// Places in the group.
    legs: Vec<usize>,
    /// Dollars a share.
    gain: f64,
}

/// A contract whose quote is not to be believed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DoubtfulQuote {
    /// Its place in the chain.
    pub place: usize,
    /// What it does together with others.
    pub rule: ArbitrageRule,
    /// The places of those others.
    pub against: Vec<usize>,
    /// What trading them would gain, dollars a share.
    pub gain: f64,
    /// Whether it alone is to blame; else one of `against` may be, and is listed, too.
    pub is_certain: bool,
}

/// The contracts of a chain whose quotes contradict others', by place; of 100-share contracts only.
///
/// `rate` is continuous, a fraction a year; `dividends` are cash a share, none where they are not known. A contract that is
/// crossed itself is not looked at, nor is a side that nobody quotes. The culprit of a violation is the contract without
/// which the fewest are left; where several do alike, all of them are listed. O(n log n) for n contracts; of the
/// expirations that have violations O(m) for each of a bounded number of culprits.
#[must_use]
pub fn doubtful_quotes(
    chain: &OptionChain,
    rate: f64,
    dividends: Option<&[CashDividend]>,
) -> Vec<DoubtfulQuote> {
    let mut doubtful: Vec<DoubtfulQuote> = groups(chain, rate, dividends).iter().flat_map(settle).collect();
    doubtful.sort_by_key(|quote| quote.place);
    doubtful
}

/// One side of an expiration: prices fall with `x`, the strike for calls and its negative for puts, by at most a dollar a
/// dollar, and ever more slowly.
#[derive(Clone, Copy, Debug)]
struct Point {
    /// Place in the chain.
    place: usize,
    x: f64,
    bid: Option<f64>,
    ask: Option<f64>,
}

impl Point {
    fn strike(&self) -> f64 {
        self.x.abs()
    }
}

/// The contracts of one expiration: calls, then puts, each by `x`.
#[derive(Clone, Debug, Default)]
struct Group {
    points: Vec<Point>,
    /// How many of them are calls.
    calls: usize,
    /// A call and a put of one strike, by their places in `points`.
    pairs: Vec<(usize, usize)>,
    terms: Terms,
}

/// What the prices of one expiration are held against.
#[derive(Clone, Copy, Debug, Default)]
struct Terms {
    /// Bid and ask of the share, in dollars; none without a price.
    share: Option<(f64, f64)>,
    is_american: bool,
    /// Today's value of a dollar at expiration.
    discount: f64,
    /// Most that the share may pay until then, in dollars.
    dividends: f64,
    /// Dollars by which the share's quote lies above the price that the expiration's tightest pairs agree on.
    offset: f64,
}

type Series<'a> = (NaiveDate, NaiveDate, &'a Symbol);

fn series(contract: &OptionContract) -> Series<'_> {
    (contract.expiration, contract.last_trade_date, &contract.root)
}

fn groups(chain: &OptionChain, rate: f64, dividends: Option<&[CashDividend]>) -> Vec<Group> {
    let mut order: Vec<usize> =
        (0..chain.quotes.len()).filter(|place| chain.quotes[*place].contract.is_standard()).collect();
    // A chain comes by expiration, so that this sort finds most of its work done.
    order.sort_by(|a, b| series(&chain.quotes[*a].contract).cmp(&series(&chain.quotes[*b].contract)));
    let same =
        |a: &usize, b: &usize| series(&chain.quotes[*a].contract) == series(&chain.quotes[*b].contract);
    order.chunk_by(same).map(|places| Group::of(chain, places, rate, dividends)).collect()
}

impl Group {
    fn of(chain: &OptionChain, places: &[usize], rate: f64, dividends: Option<&[CashDividend]>) -> Self {
        let (mut calls, mut puts) = (Vec::with_capacity(places.len()), Vec::new());
        for place in places {
            let quote = &chain.quotes[*place];
            let (bid, ask) = (quote.bid.to_f64().filter(positive), quote.ask.to_f64().filter(positive));
            if matches!((bid, ask), (Some(bid), Some(ask)) if bid > ask) {
                continue;
            }
            let strike = quote.contract.strike_f64();
            match quote.contract.right {
                OptionRight::Call => calls.push(Point { place: *place, x: strike, bid, ask }),
                OptionRight::Put => puts.push(Point { place: *place, x: -strike, bid, ask }),
            }
        }
        let by_x = |a: &Point, b: &Point| a.x.total_cmp(&b.x);
        calls.sort_by(by_x);
        puts.sort_by(by_x);
        let count = calls.len();
        calls.append(&mut puts);
        let pairs = pairs(&calls, count);
        let terms = places.first().map_or_else(Terms::default, |first| {
            Terms::of(chain, &chain.quotes[*first].contract, rate, dividends)
        });
        let mut group = Self { points: calls, calls: count, pairs, terms };
        group.terms.offset = group.offset();
        group
    }

    /// By the middle of what the tightest pairs allow: those that are quoted widely say little.
    fn offset(&self) -> f64 {
        let Some((share_bid, share_ask)) = self.terms.share else { return 0.0 };
        let mut allowed: Vec<(f64, f64)> = self.pairs.iter().filter_map(|pair| self.allowed(*pair)).collect();
        allowed.sort_by(|a, b| (a.1 - a.0).total_cmp(&(b.1 - b.0)));
        allowed.truncate(TIGHTEST_PAIRS);
        if allowed.len() < FEWEST_PAIRS {
            return 0.0;
        }
        f64::midpoint(share_bid, share_ask)
            - median(allowed.iter().map(|(low, high)| f64::midpoint(*low, *high)))
    }
}

fn positive(price: &f64) -> bool {
    *price > 0.0
}

/// Calls go up in strike and puts down: two fingers find the pairs.
fn pairs(points: &[Point], calls: usize) -> Vec<(usize, usize)> {
    let (mut call, mut put) = (0, points.len());
    let mut pairs = Vec::new();
    while call < calls && put > calls {
        match points[call].strike().total_cmp(&points[put - 1].strike()) {
            Ordering::Less => call += 1,
            Ordering::Greater => put -= 1,
            Ordering::Equal => {
                pairs.push((call, put - 1));
                call += 1;
                put -= 1;
            }
        }
    }
    pairs
}

impl Terms {
    fn of(
        chain: &OptionChain,
        contract: &OptionContract,
        rate: f64,
        dividends: Option<&[CashDividend]>,
    ) -> Self {
        let underlying = &chain.underlying;
        let sides =
            underlying.mid().and_then(|_| Some((underlying.bid?.to_f64()?, underlying.ask?.to_f64()?)));
        let share = sides.or_else(|| underlying.price().map(|price| (price, price)));
        let years = contract.years_to_expiration(chain.snapshot_time);
        let today = chain.snapshot_time.with_timezone(&NEW_YORK).date_naive();
        let paid = match (dividends, share) {
            (Some(known), _) => {
                let counts = |dividend: &&CashDividend| {
                    dividend.ex_date > today && dividend.ex_date <= contract.last_trade_date
                };
                known.iter().filter(counts).map(|dividend| dividend.amount).sum()
            }
            (None, Some((_, ask))) => ask * UNKNOWN_QUARTERLY_YIELD * (4.0 * years).ceil(),
            (None, None) => 0.0,
        };
        Self {
            share,
            is_american: contract.style == ExerciseStyle::American,
            discount: (-rate * years).exp(),
            dividends: paid,
            offset: 0.0,
        }
    }
}

/// The culprits of a group, one after another, until nothing contradicts anything.
fn settle(group: &Group) -> Vec<DoubtfulQuote> {
    let mut out = vec![false; group.points.len()];
    let mut culprits = Vec::new();
    for round in 0.. {
        let found = group.arbitrages(&out);
        let Some(worst) = found.iter().max_by(|a, b| a.gain.total_cmp(&b.gain)) else { break };
        if round == MOST_ROUNDS {
            for arbitrage in &found {
                group.blame(arbitrage, &arbitrage.legs, &mut out, &mut culprits);
            }
            break;
        }
        let left: Vec<usize> = worst.legs.iter().map(|leg| group.left_without(*leg, &mut out)).collect();
        let fewest = left.iter().min().copied().unwrap_or(0);
        let blamed = worst.legs.iter().zip(&left).filter(|(_, left)| **left == fewest);
        let blamed: Vec<usize> = blamed.map(|(leg, _)| *leg).collect();
        group.blame(worst, &blamed, &mut out, &mut culprits);
    }
    culprits
}

impl Group {
    fn left_without(&self, leg: usize, out: &mut [bool]) -> usize {
        out[leg] = true;
        let left = self.arbitrages(out).len();
        out[leg] = false;
        left
    }

    fn blame(
        &self,
        arbitrage: &Arbitrage,
        blamed: &[usize],
        out: &mut [bool],
        culprits: &mut Vec<DoubtfulQuote>,
    ) {
        for leg in blamed {
            if std::mem::replace(&mut out[*leg], true) {
                continue;
            }
            let others = arbitrage.legs.iter().filter(|other| *other != leg);
            culprits.push(DoubtfulQuote {
                place: self.points[*leg].place,
                rule: arbitrage.rule,
                against: others.map(|other| self.points[*other].place).collect(),
                gain: arbitrage.gain,
                is_certain: blamed.len() == 1,
            });
        }
    }

    /// Every violation among the contracts that are not out.
    fn arbitrages(&self, out: &[bool]) -> Vec<Arbitrage> {
        let mut found = Vec::new();
        let (calls, puts) = (0..self.calls, self.calls..self.points.len());
        for side in [calls, puts] {
            let standing: Vec<usize> = side.filter(|place| !out[*place]).collect();
            self.bounds(&standing, &mut found);
            self.verticals(&standing, &mut found);
            self.butterflies(&standing, &mut found);
        }
        self.parity(out, &mut found);
        found
    }

    fn bounds(&self, side: &[usize], found: &mut Vec<Arbitrage>) {
        let Some((share_bid, share_ask)) = self.terms.share else { return };
        // The share's own quote may be off: it counts only as far as the expiration's pairs agree.
        let offset = self.terms.offset;
        let (low, high) = (share_bid.min(share_bid - offset), share_ask.max(share_ask - offset));
        for place in side {
            let Point { x, bid, ask, .. } = self.points[*place];
            let (exercise, ceiling) = if *place < self.calls {
                (low - x, high)
            } else {
                (-x - high, -x * self.terms.discount.max(1.0))
            };
            let below = ask.filter(|_| self.terms.is_american).map_or(0.0, |ask| exercise - ask);
            let above = bid.map_or(0.0, |bid| bid - ceiling);
            let (rule, gain) = if below > above {
                (ArbitrageRule::Exercise, below)
            } else {
                (ArbitrageRule::Ceiling, above)
            };
            if gain > 2.0 * LEG_COST {
                found.push(Arbitrage { rule, legs: vec![*place], gain });
            }
        }
    }

    /// Each bid against the lowest ask nearer to the money, and against the lowest ask farther out with the width.
    fn verticals(&self, side: &[usize], found: &mut Vec<Arbitrage>) {
        let widths = self.terms.discount.max(1.0);
        let mut check = |rule, order: &mut dyn Iterator<Item = &usize>, slope: f64| {
            let mut cheapest: Option<(f64, usize)> = None;
            for place in order {
                let point = &self.points[*place];
                if let (Some(bid), Some((ask, bought))) = (point.bid, cheapest) {
                    let gain = bid + slope * point.x - ask;
                    if gain > 2.0 * LEG_COST {
                        found.push(Arbitrage { rule, legs: vec![*place, bought], gain });
                    }
                }
                if let Some(ask) = point.ask.map(|ask| ask + slope * point.x)
                    && cheapest.is_none_or(|(least, _)| ask < least)
                {
                    cheapest = Some((ask, *place));
                }
            }
        };
        check(ArbitrageRule::Vertical, &mut side.iter(), 0.0);
        check(ArbitrageRule::Width, &mut side.iter().rev(), widths);
    }

    /// Each bid against the lower convex hull of the asks.
    fn butterflies(&self, side: &[usize], found: &mut Vec<Arbitrage>) {
        let hull = self.hull(side);
        let mut right = 0;
        for place in side {
            let Some(Point { x, bid: Some(bid), .. }) = self.points.get(*place) else { continue };
            while right < hull.len() && hull[right].0 <= *x {
                right += 1;
            }
            let (Some(&(x1, ask1, low)), Some(&(x2, ask2, high))) =
                (right.checked_sub(1).and_then(|left| hull.get(left)), hull.get(right))
            else {
                continue;
            };
            let gain = bid - (ask1 + (ask2 - ask1) * (x - x1) / (x2 - x1));
            if gain > 2.0 * LEG_COST && low != *place {
                found.push(Arbitrage { rule: ArbitrageRule::Butterfly, legs: vec![*place, low, high], gain });
            }
        }
    }

    fn hull(&self, side: &[usize]) -> Vec<(f64, f64, usize)> {
        let mut hull: Vec<(f64, f64, usize)> = Vec::with_capacity(side.len());
        for place in side {
            let Some(Point { x, ask: Some(ask), .. }) = self.points.get(*place) else { continue };
            while let [.., (x1, ask1, _), (x2, ask2, _)] = hull[..]
                && (ask2 - ask1) * (x - x1) >= (ask - ask1) * (x2 - x1)
            {
                hull.pop();
            }
            hull.push((*x, *ask, *place));
        }
        hull
    }

    /// Each pair against the share, both as it is quoted and as the expiration's tightest pairs have it.
    fn parity(&self, out: &[bool], found: &mut Vec<Arbitrage>) {
        let Some(share) = self.terms.share else { return };
        let agreed = (share.0 - self.terms.offset, share.1 - self.terms.offset);
        for &(call, put) in self.pairs.iter().filter(|(call, put)| !out[*call] && !out[*put]) {
            let Some(allowed) = self.allowed((call, put)) else { continue };
            let (gap, beyond) = (gap(share, allowed), gap(agreed, allowed));
            let gain = if beyond * gap > 0.0 { beyond.abs().min(gap.abs()) } else { 0.0 };
            if gain > 2.0 * LEG_COST {
                found.push(Arbitrage { rule: ArbitrageRule::Parity, legs: vec![call, put], gain });
            }
        }
    }

    /// The prices of the share that a pair's quotes allow.
    fn allowed(&self, (call, put): (usize, usize)) -> Option<(f64, f64)> {
        let (call, put) = (self.points.get(call)?, self.points.get(put)?);
        let (calls, puts) = ((call.bid?, call.ask?), (put.bid?, put.ask?));
        Some(spot_bounds(calls, puts, call.x, self.terms.discount, self.terms.dividends))
    }
}

/// Dollars by which a share lies above (negative: below) the prices that are allowed; 0 between them.
fn gap((bid, ask): (f64, f64), (low, high): (f64, f64)) -> f64 {
    (bid - high).max(0.0) - (low - ask).max(0.0)
}

/// The prices of the share between which a call and a put of one strike leave no sure gain: sell the call, buy put and share
/// below, the reverse above. European contracts lie within these bounds of American ones.
pub(super) fn spot_bounds(
    (call_bid, call_ask): (f64, f64),
    (put_bid, put_ask): (f64, f64),
    strike: f64,
    discount: f64,
    dividends: f64,
) -> (f64, f64) {
    let low = call_bid - put_ask + strike * discount.min(1.0);
    let high = call_ask - put_bid + strike * discount.max(1.0) + dividends;
    (low, high)
}

/// The median, the lower one of two; 0 of nothing.
pub(super) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    if values.is_empty() {
        return 0.0;
    }
    let middle = (values.len() - 1) / 2;
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    use super::*;
    use crate::chain::fixture::{chain, chain_around, place};
    use crate::chain::oracle::load;

    fn cents(value: i64) -> Decimal {
        Decimal::new(value, 2)
    }

    fn blamed(chain: &OptionChain) -> Vec<(usize, ArbitrageRule, bool)> {
        let found = doubtful_quotes(chain, 0.01, Some(&[]));
        found.iter().map(|quote| (quote.place, quote.rule, quote.is_certain)).collect()
    }

    /// The chain with one contract's bid and ask set, in cents.
    fn with(right: OptionRight, strike: i64, bid: i64, ask: i64) -> (OptionChain, usize) {
        let mut chain = chain(0.4);
        let place = place(&chain, right, strike);
        (chain.quotes[place].bid, chain.quotes[place].ask) = (cents(bid), cents(ask));
        (chain, place)
    }

    // At 100.00 and a volatility of 40 % the two-week puts of 95, 100 and 105 are worth 1.2, 3.1 and 6.3.
    #[test]
    fn the_one_that_is_wrong_is_found() {
        use OptionRight::{Call, Put};
        for (what, right, strike, bid, ask) in [
            ("bid above the next ask", Put, 95, 400, 410),
            ("offered under the next bid", Put, 105, 150, 160),
            ("a call too dear", Call, 105, 420, 430),
            ("a call too cheap", Call, 100, 50, 60),
            ("a bulge that parity and a butterfly see", Put, 100, 385, 395),
            ("under its exercise", Put, 115, 1_300, 1_310),
            ("over the share", Call, 80, 15_000, 15_100),
        ] {
            let (chain, place) = with(right, strike, bid, ask);
            let found = blamed(&chain);
            assert!(matches!(found[..], [(only, _, true)] if only == place), "{what}, {place}: {found:?}");
        }
    }

    #[test]
    fn where_the_culprit_is_unclear_all_are_out() {
        let mut chain = chain(0.4);
        // A call and a put alone: parity says that one of them is wrong, and nothing says which.
        let (call, put) = (place(&chain, OptionRight::Call, 100), place(&chain, OptionRight::Put, 100));
        chain.quotes[put].bid += Decimal::ONE;
        chain.quotes[put].ask += Decimal::ONE;
        let both = [chain.quotes[call].clone(), chain.quotes[put].clone()];
        chain.quotes = both.into();
        assert_eq!(blamed(&chain), [(0, ArbitrageRule::Parity, false), (1, ArbitrageRule::Parity, false)]);
    }

    #[test]
    fn what_a_whole_expiration_has_in_common_blames_nobody() {
        let mut chain = chain(0.4);
        // A share that is dear to borrow: every put costs a dollar more than parity has it.
        for quote in chain.quotes.iter_mut().filter(|quote| quote.contract.right == OptionRight::Put) {
            quote.bid += Decimal::ONE;
            quote.ask += Decimal::ONE;
        }
        assert_eq!(blamed(&chain), []);
    }

    #[test]
    fn crossed_missing_and_other_deliverables_prove_nothing() {
        let (mut chain, place) = with(OptionRight::Put, 95, 410, 400);
        assert_eq!(blamed(&chain), []);
        (chain.quotes[place].bid, chain.quotes[place].ask) = (Decimal::ZERO, Decimal::ZERO);
        assert_eq!(blamed(&chain), []);
        (chain.quotes[place].bid, chain.quotes[place].ask) = (cents(400), cents(410));
        chain.quotes[place].contract.deliverable_shares = 10;
        assert_eq!(blamed(&chain), []);
        chain.quotes.clear();
        assert_eq!(blamed(&chain), []);
    }

    #[test]
    fn a_dividend_has_its_place_between_the_bounds() {
        // A share that pays 0.90 before the second expiration: its options are those of a share at 99.10, and a call is
        // never worth less than its exercise.
        let mut chain = chain(0.4);
        let first = chain.quotes[0].contract.last_trade_date;
        for (quote, paid) in chain.quotes.iter_mut().zip(chain_around(0.4, 99.1).quotes) {
            if quote.contract.last_trade_date > first {
                let exercise = match quote.contract.right {
                    OptionRight::Call => Decimal::ONE_HUNDRED - quote.contract.strike,
                    OptionRight::Put => Decimal::ZERO,
                };
                (quote.bid, quote.ask) =
                    (paid.bid.max(exercise - cents(4)), paid.ask.max(exercise + cents(5)));
            }
        }
        let last = chain.quotes.iter().map(|quote| quote.contract.last_trade_date).max().unwrap();
        let paid = CashDividend { ex_date: last, amount: 0.9, status: ttai_core::DividendStatus::Declared };
        assert_eq!(doubtful_quotes(&chain, 0.01, Some(&[paid])), []);
        assert_eq!(doubtful_quotes(&chain, 0.01, None), [], "nor where it is not known");
    }

    #[test]
    fn the_recorded_chains_contradict_nothing_that_trades() {
        for date in ["20140606", "20140609"] {
            let Some((chain, _, dividends, rate)) = load(date) else {
                println!("skipped: ../shared/oracle is absent");
                return;
            };
            let mut near = chain.clone();
            // A quote of the share that is a tenth of a percent off is no reason to doubt its options.
            let off = near
                .underlying
                .price()
                .map_or(Decimal::ZERO, |price| Decimal::from_f64_retain(price / 1_000.0).unwrap());
            (near.underlying.bid, near.underlying.ask) =
                (near.underlying.bid.map(|bid| bid - off), near.underlying.ask.map(|ask| ask - off));
            for (chain, known) in
                [(&chain, Some(&dividends[..])), (&chain, None), (&near, Some(&dividends[..]))]
            {
                let found = doubtful_quotes(chain, rate, known);
                let named: Vec<String> = found
                    .iter()
                    .map(|quote| {
                        let occ = |place: usize| chain.quotes[place].contract.occ_symbol();
                        format!(
                            "{} {:?} {:?} {}",
                            occ(quote.place),
                            quote.rule,
                            quote.against.iter().map(|p| occ(*p)).collect::<Vec<_>>(),
                            quote.gain
                        )
                    })
                    .collect();
                assert_eq!(named, Vec::<String>::new(), "{date}");
            }
        }
    }

    proptest! {
        /// A model's own prices never contradict each other, wherever bid and ask lie around them.
        #[test]
        fn a_model_contradicts_nothing(volatility in 0.1..1.5_f64, widths in prop::collection::vec(0_i64..40, 84)) {
            let mut chain = chain(volatility);
            for (quote, width) in chain.quotes.iter_mut().zip(widths) {
                quote.bid = (quote.bid - cents(width)).max(Decimal::ZERO);
                quote.ask += cents(width);
            }
            prop_assert_eq!(blamed(&chain), []);
        }

        /// Once the doubtful ones are taken away nothing is doubtful, whatever was quoted.
        #[test]
        fn what_is_left_is_consistent(prices in prop::collection::vec((0_i64..3_000, 0_i64..200), 84)) {
            let mut chain = chain(0.4);
            for (quote, (bid, width)) in chain.quotes.iter_mut().zip(prices) {
                (quote.bid, quote.ask) = (cents(bid), cents(bid + width));
            }
            let doubtful: Vec<usize> = blamed(&chain).iter().map(|(place, _, _)| *place).collect();
            let mut place = 0;
            chain.quotes.retain(|_| {
                place += 1;
                !doubtful.contains(&(place - 1))
            });
            let left: Vec<_> = doubtful_quotes(&chain, 0.01, Some(&[])).into_iter().filter(|quote| quote.rule != ArbitrageRule::Parity).collect();
            prop_assert!(left.len() <= doubtful.len(), "{:?}", left);
        }

        /// The order of the chain does not matter.
        #[test]
        fn the_order_does_not_matter(bid in 100_i64..900, strike in 0_i64..8, turn in 0_usize..84) {
            let (mut chain, _) = with(OptionRight::Put, 80 + 5 * strike, bid, bid + 10);
            let names = |chain: &OptionChain| -> Vec<String> {
                let mut names: Vec<String> =
                    blamed(chain).iter().map(|(place, _, _)| chain.quotes[*place].contract.occ_symbol()).collect();
                names.sort();
                names
            };
            let before = names(&chain);
            chain.quotes.rotate_left(turn);
            prop_assert_eq!(names(&chain), before);
        }
    }
}
