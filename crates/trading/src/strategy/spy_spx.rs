//! `spy_spx` (seed 001): one SPX call bought, ten SPY calls at a tenth of its strike sold on the same expiration, from a minimum credit.
//!
//! One unit's credit is 10 × the SPY call's mid − 1 × the SPX call's, in dollars a share; its dollars are 100 times as many, since both
//! contracts have a multiplier of 100.
//!
//! SPX calls are those of the root SPXW, which trade until the close of the expiration as SPY's do. Those of the root SPX settle at
//! that day's opening and last trade in the session before, which leaves the SPY calls alone for a day: they are refused.
//!
//! Of the pairs that match, are within the days, have usable quotes and bring the minimum, the one is taken whose SPX strike is
//! nearest to SPX; of equally near ones the first to expire; of those the higher strike.

use std::cmp::{Ordering, Reverse};

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_calendar::{expiration_close, last_trade_date, new_york_date};
use ttai_core::{Instrument, OccSymbol, OptionRight, OrderAction, SettlementTime};

use super::{EntryCondition, StrategyDecision, StrategyTrade, review_dte};
use crate::exit::ExitTargets;
use crate::intent::{IntentLeg, NetPrice};
use crate::price::{LegQuote, NetMarket};
use crate::rules::StrategyLeave;
use crate::words::{count, day, dollars, named, price};

/// The rules of `spy_spx`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SpySpxRules {
    /// What it may do.
    #[serde(flatten)]
    pub leave: StrategyLeave,
    /// Dollars a share that one unit must bring at its mid: ten SPY calls less one SPX call. At least a cent: nothing is
    /// ever paid for a unit.
    #[schemars(extend("format" = "amount", "maximum" = 1_000_000))]
    pub min_entry_credit: Decimal,
    /// Calendar days to the last session of both calls, at least.
    #[schemars(range(max = 1_000))]
    pub min_dte: u32,
    /// Calendar days to the last session of both calls, at most.
    #[schemars(range(max = 1_000))]
    pub max_dte: u32,
}

impl Default for SpySpxRules {
    fn default() -> Self {
        Self { leave: StrategyLeave::default(), min_entry_credit: Decimal::ONE, min_dte: 0, max_dte: 7 }
    }
}

/// An SPX call and the SPY call at a tenth of its strike, on one expiration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpySpxPair {
    /// When both expire.
    pub expiration: NaiveDate,
    /// The SPX call.
    pub spx: LegQuote,
    /// The SPY call.
    pub spy: LegQuote,
}

/// What `spy_spx` looks at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpySpxFacts {
    /// The market's time.
    pub now: DateTime<Utc>,
    /// SPX now.
    pub spx_price: Option<Decimal>,
    /// SPY now.
    pub spy_price: Option<Decimal>,
    /// The pairs near the money that both chains list, within the days that the rules allow.
    pub pairs: Vec<SpySpxPair>,
    /// SPY's next ex-dividend date, where known.
    pub spy_ex_dividend: Option<NaiveDate>,
    /// What could not be read, a sentence each.
    pub missing: Vec<String>,
    /// Why the account's broker trades no options on indices, as a clause; none where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_index_options: Option<String>,
}

/// SPY calls to one SPX call, and SPX points to one of SPY.
const RATIO: u32 = 10;
/// The least that a unit brings, whatever is configured.
const LEAST_CREDIT: Decimal = Decimal::from_parts(1, 0, 0, false, 2);
/// The warnings that are the same every day.
const ALWAYS: [&str; 3] = [
    "SPX options are European and settle in cash at the close; SPY options are American, deliver shares and can be \
     exercised until 17:30 ET.",
    "Early assignment: the short SPY calls can be assigned on any day; all ten leave you short 1,000 SPY shares.",
    "Uncovered side: above the strike only the SPX call stands against the ten short SPY calls; once it is sold or \
     settled, a further rise loses without limit. Below the strike all of them expire worthless.",
];
const NOT_LOOKED_AT: &str = "Not looked at: no pair is left.";

/// Decides.
pub(super) fn decide(facts: &SpySpxFacts, rules: &SpySpxRules, quote_seconds: u32) -> StrategyDecision {
    let look = Look { facts, rules, quote_seconds, today: new_york_date(facts.now) };
    let mut conditions: Vec<EntryCondition> = look.broker().into_iter().collect();
    conditions.extend([look.spx_price(), look.listed()]);
    let (matching, condition) =
        sift("pairs_match", "Matching pairs", look.ordered(), |pair| look.matching(pair));
    conditions.push(condition);
    let days = format!("Pairs with {} to {} left", rules.min_dte, count(rules.max_dte, "day"));
    let (due, condition) = sift("days", &days, matching, |pair| look.within_days(pair));
    conditions.push(condition);
    let (priced, condition) = sift("quotes", "Pairs with usable quotes", due, |pair| look.priced(pair));
    conditions.push(condition);
    let chosen = priced.iter().find(|pair| pair.credit() >= look.least());
    conditions.push(look.min_credit(&priced, chosen));
    let trade = chosen.map(|pair| look.trade(pair));
    let mut decision = StrategyDecision::of(conditions, trade, facts.missing.clone(), facts.now);
    let traded = chosen.filter(|_| decision.trade.is_some());
    decision.warnings.extend(look.warnings(traded));
    decision
}

/// Lets pairs pass, in their order, and says how many did and why the first of the others did not.
fn sift<T, U>(
    name: &str,
    label: &str,
    pairs: Vec<T>,
    pass: impl Fn(T) -> Result<U, String>,
) -> (Vec<U>, EntryCondition) {
    let all = pairs.len();
    let (mut passed, mut refused) = (Vec::new(), Vec::new());
    for pair in pairs {
        match pass(pair) {
            Ok(pair) => passed.push(pair),
            Err(why) => refused.push(why),
        }
    }
    let sentence = match refused.as_slice() {
        _ if all == 0 => NOT_LOOKED_AT.to_owned(),
        [] => format!("{label}: {all} of {all}."),
        [why] => format!("{label}: {} of {all}. Left out: {why}.", passed.len()),
        [why, others @ ..] => {
            format!("{label}: {} of {all}. Left out: {why}; {} more.", passed.len(), others.len())
        }
    };
    let condition = EntryCondition::new(name, !passed.is_empty(), sentence);
    (passed, condition)
}

struct Look<'a> {
    facts: &'a SpySpxFacts,
    rules: &'a SpySpxRules,
    quote_seconds: u32,
    today: NaiveDate,
}

/// A pair of calls that belong together.
#[derive(Clone, Copy)]
struct Matched<'a> {
    pair: &'a SpySpxPair,
    spx: &'a OccSymbol,
    spy: &'a OccSymbol,
    /// The last session of both.
    last_day: NaiveDate,
    dte: i64,
}

impl Matched<'_> {
    fn legs(&self) -> Vec<IntentLeg> {
        let leg = |quote: &LegQuote, action, ratio| {
            let instrument = quote.instrument.clone();
            IntentLeg { instrument, action, ratio }
        };
        vec![
            leg(&self.pair.spx, OrderAction::BuyToOpen, 1),
            leg(&self.pair.spy, OrderAction::SellToOpen, RATIO),
        ]
    }

    /// `SPX 1950 / SPY 195 calls of Jun 20`.
    fn name(&self, today: NaiveDate) -> String {
        let [spx, spy] = [self.spx, self.spy].map(|contract| contract.strike.normalize());
        format!("SPX {spx} / SPY {spy} calls of {}", day(self.last_day, today))
    }
}

struct Priced<'a> {
    matched: Matched<'a>,
    market: NetMarket,
}

impl Priced<'_> {
    /// Dollars a share received at the mid; negative paid.
    fn credit(&self) -> Decimal {
        -self.market.mid
    }
}

impl<'a> Look<'a> {
    /// SPX now, where it is a price.
    fn spx(&self) -> Option<Decimal> {
        self.facts.spx_price.filter(|price| *price > Decimal::ZERO)
    }

    fn spy(&self) -> Option<Decimal> {
        self.facts.spy_price.filter(|price| *price > Decimal::ZERO)
    }

    fn least(&self) -> Decimal {
        self.rules.min_entry_credit.max(LEAST_CREDIT)
    }

    /// What could not be read, behind a sentence that says what is not there.
    fn because(&self, sentence: &str) -> String {
        self.facts.missing.first().map_or_else(|| sentence.to_owned(), |why| format!("{sentence} {why}"))
    }

    /// At a broker without options on indices there is nothing more to look at, whatever the market shows.
    fn broker(&self) -> Option<EntryCondition> {
        let why = self.facts.no_index_options.as_ref()?;
        let sentence = format!(
            "{why}: the SPX call cannot be bought in this account. Run spy_spx in an account whose broker lists them, such as tastytrade."
        );
        Some(EntryCondition::new("broker", false, sentence))
    }

    fn spx_price(&self) -> EntryCondition {
        let unknown =
            || self.because("The price of SPX is not known, so no strike can be said to be near the money.");
        let known = |at| format!("SPX is at {}.", price(at));
        EntryCondition::new("spx_price", self.spx().is_some(), self.spx().map_or_else(unknown, known))
    }

    fn listed(&self) -> EntryCondition {
        let pairs = self.facts.pairs.len();
        let sentence = match pairs {
            0 => self.because(
                "There is no SPX call with a SPY call at a tenth of its strike on the same expiration.",
            ),
            1 => "1 pair of calls is listed.".to_owned(),
            _ => format!("{pairs} pairs of calls are listed."),
        };
        EntryCondition::new("pairs_listed", pairs > 0, sentence)
    }

    /// Nearest to the money first, then first to expire, then the higher strike; as they came where SPX is not known.
    fn ordered(&self) -> Vec<&'a SpySpxPair> {
        let mut pairs: Vec<_> = self.facts.pairs.iter().collect();
        if let Some(spx) = self.spx() {
            pairs.sort_by_cached_key(|pair| {
                let strike = pair.spx.instrument.contract().map(|contract| contract.strike);
                let distance = strike.map_or(Decimal::MAX, |strike| strike.saturating_sub(spx).abs());
                (distance, pair.expiration, Reverse(strike))
            });
        }
        pairs
    }

    fn matching(&self, pair: &'a SpySpxPair) -> Result<Matched<'a>, String> {
        let spx = call_of(&pair.spx.instrument, "SPX")?;
        let spy = call_of(&pair.spy.instrument, "SPY")?;
        let [spx_name, spy_name] = [&pair.spx, &pair.spy].map(|quote| named(&quote.instrument));
        for (contract, name) in [(spx, &spx_name), (spy, &spy_name)] {
            if contract.expiration != pair.expiration {
                return Err(format!("{name} does not expire on {}", pair.expiration));
            }
        }
        if spy.strike.checked_mul(Decimal::from(RATIO)) != Some(spx.strike) {
            return Err(format!("{spy_name} is not at a tenth of the strike of {spx_name}"));
        }
        let last_day = |time| last_trade_date(pair.expiration, time).map_err(|error| error.to_string());
        let last_of_spy = last_day(SettlementTime::Pm)?;
        match (spx.root.as_str(), spy.root.as_str()) {
            // The weekly root; the plain one settles at the opening.
            ("SPXW", "SPY") => {
                let dte = (last_of_spy - self.today).num_days();
                Ok(Matched { pair, spx, spy, last_day: last_of_spy, dte })
            }
            ("SPX", "SPY") => Err(format!(
                "{spx_name} settles at the opening and last trades on {}, {spy_name} trades until {}",
                day(last_day(SettlementTime::Am)?, self.today),
                day(last_of_spy, self.today)
            )),
            _ => Err(format!("{spx_name} and {spy_name} are not both standard contracts")),
        }
    }

    fn within_days(&self, matched: Matched<'a>) -> Result<Matched<'a>, String> {
        let (least, most) = (i64::from(self.rules.min_dte), i64::from(self.rules.max_dte));
        let name = matched.name(self.today);
        if expiration_close(matched.last_day).is_none_or(|close| close <= self.facts.now) {
            return Err(format!("the {name} have expired"));
        }
        if !(least..=most).contains(&matched.dte) {
            return Err(format!("the {name} have {} left", count(matched.dte, "day")));
        }
        Ok(matched)
    }

    fn priced(&self, matched: Matched<'a>) -> Result<Priced<'a>, String> {
        let quotes = [matched.pair.spx.clone(), matched.pair.spy.clone()];
        let market = NetMarket::of(&matched.legs(), &quotes, false, self.facts.now, self.quote_seconds);
        market.map(|market| Priced { matched, market }).map_err(|error| error.to_string())
    }

    fn min_credit(&self, priced: &[Priced<'_>], chosen: Option<&Priced<'_>>) -> EntryCondition {
        let required = format!("at least {} is required.", price(self.least()));
        let best = || priced.iter().max_by_key(|pair| pair.credit());
        let sentence = match chosen.or_else(best) {
            None => NOT_LOOKED_AT.to_owned(),
            Some(pair) => {
                let (name, credit) = (pair.matched.name(self.today), pair.credit());
                match (chosen, credit > Decimal::ZERO) {
                    (Some(_), _) => format!("The {name} bring a credit of {}; {required}", price(credit)),
                    (None, true) => {
                        format!("The best credit is {}, of the {name}; {required}", price(credit))
                    }
                    (None, false) => format!(
                        "No pair brings a credit: the best, the {name}, costs {}; {required}",
                        price(credit.abs())
                    ),
                }
            }
        };
        EntryCondition::new("min_entry_credit", chosen.is_some(), sentence)
    }

    fn trade(&self, pair: &Priced<'_>) -> (String, StrategyTrade) {
        let (matched, credit) = (&pair.matched, pair.credit());
        let [spx, spy] = [matched.spx, matched.spy].map(|contract| contract.strike.normalize());
        let reason = format!(
            "Buy 1 SPX {spx} call and sell {RATIO} SPY {spy} calls of {} for {} credit, {} a unit; at least {} is \
             required.",
            day(matched.last_day, self.today),
            price(credit),
            dollars(credit.saturating_mul(Decimal::ONE_HUNDRED)),
            price(self.least()),
        );
        let trade = StrategyTrade {
            legs: matched.legs(),
            quantity: 1,
            limit: NetPrice::of_signed(pair.market.mid),
            worst: NetPrice::Credit(self.least()),
            expiration: matched.last_day,
            exit: exit_targets(credit, matched.dte),
        };
        (reason, trade)
    }

    fn warnings(&self, traded: Option<&Priced<'_>>) -> Vec<String> {
        let [contracts, assignment, uncovered] = ALWAYS.map(str::to_owned);
        vec![contracts, assignment, self.dividend(traded), uncovered, margin(traded), self.tracking()]
    }

    /// Whoever exercises a call before the ex-dividend date gets the dividend, and the assigned writer owes it.
    fn dividend(&self, traded: Option<&Priced<'_>>) -> String {
        let Some(date) = self.facts.spy_ex_dividend else {
            return "Dividends: SPY's next ex-dividend date is not known; assignment is likeliest the day before it."
                .to_owned();
        };
        let shown = day(date, self.today);
        match (date.cmp(&self.today), traded) {
            (Ordering::Less, _) => format!(
                "Dividends: SPY's last known ex-dividend date, {shown}, has passed; the next is not known."
            ),
            (Ordering::Equal, _) => {
                "Dividends: SPY is ex-dividend today; calls sold now owe no part of it.".to_owned()
            }
            (Ordering::Greater, Some(pair)) if date > pair.matched.last_day => {
                format!("Dividends: SPY's next ex-dividend date, {shown}, is after the expiration.")
            }
            (Ordering::Greater, Some(_)) => format!(
                "Dividends: SPY is ex-dividend on {shown}, no later than the expiration; calls in the money are likely to \
                 be assigned the day before, and the dividend is then yours to pay."
            ),
            (Ordering::Greater, None) => format!(
                "Dividends: SPY's next ex-dividend date is {shown}; assignment is likeliest the day before it."
            ),
        }
    }

    fn tracking(&self) -> String {
        let rule = "with both calls in the money, a point of difference at expiration is worth $100 a unit.";
        let tenfold = self.spy().and_then(|spy| spy.checked_mul(Decimal::from(RATIO)));
        let gap = self.spx().zip(tenfold).and_then(|(spx, tenfold)| Some((spx, spx.checked_sub(tenfold)?)));
        let Some((spx, gap)) = gap else {
            return format!("Tracking: how far SPX is from ten times SPY now is not known; {rule}");
        };
        let place = if gap < Decimal::ZERO { "below" } else { "above" };
        format!("Tracking: SPX at {} is {} {place} ten times SPY; {rule}", price(spx), price(gap.abs()))
    }
}

/// A call of a chain.
fn call_of<'a>(instrument: &'a Instrument, underlying: &str) -> Result<&'a OccSymbol, String> {
    let is_call = |contract: &&OccSymbol| {
        contract.right == OptionRight::Call && contract.underlying().as_str() == underlying
    };
    let contract = instrument.contract().filter(is_call);
    contract.ok_or_else(|| format!("{} is not a call on {underlying}", named(instrument)))
}

fn margin(traded: Option<&Priced<'_>>) -> String {
    let shares = Decimal::from(100 * RATIO);
    let at_strike = traded.and_then(|pair| pair.matched.spy.strike.checked_mul(shares));
    let size = at_strike.map(|amount| format!(", {} at their strike", dollars(amount))).unwrap_or_default();
    format!(
        "Margin: to a broker the ten short SPY calls are naked{size}; under Reg T the SPX call does not reduce the requirement."
    )
}

/// Half of the credit takes the profit and a loss of twice the credit stops: the delta of one leg says nothing of both. What is in the
/// money in the last hour is closed, as everywhere.
fn exit_targets(credit: Decimal, dte: i64) -> ExitTargets {
    let targets = ExitTargets::of(credit, review_dte(dte), None);
    ExitTargets { tested_delta: None, stop_at: Some(ExitTargets::stop_of(credit)), ..targets }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategy::tests::{held, intent_of};
    use crate::testing::{at, cents, instrument};

    const NOW: &str = "2024-06-14T10:00";

    fn quote(text: &str, bid: i64, ask: i64) -> LegQuote {
        let (bid, ask) = (Some(cents(bid)), Some(cents(ask)));
        LegQuote { instrument: instrument(text), bid, ask, at: Some(at(NOW)) }
    }

    /// SPXW and SPY calls of a day in June 2024 at a strike of SPX, with the mids of both in cents.
    fn pair(june: u32, strike: u32, spx: i64, spy: i64) -> SpySpxPair {
        SpySpxPair {
            expiration: NaiveDate::from_ymd_opt(2024, 6, june).unwrap(),
            spx: quote(&format!("SPXW  2406{june}C{strike:05}000"), spx - 10, spx + 10),
            spy: quote(&format!("SPY   2406{june}C{strike:06}00"), spy - 1, spy + 1),
        }
    }

    /// Friday 2024-06-14 with its closing prices; a pair of Monday brings 10 × 1.96 − 18.10 = 1.50.
    fn facts() -> SpySpxFacts {
        SpySpxFacts {
            now: at(NOW),
            spx_price: Some(cents(543_160)),
            spy_price: Some(cents(54_278)),
            pairs: vec![pair(17, 5430, 1810, 196)],
            spy_ex_dividend: "2024-06-21".parse().ok(),
            missing: Vec::new(),
            no_index_options: None,
        }
    }

    fn decided(facts: &SpySpxFacts) -> StrategyDecision {
        decide(facts, &SpySpxRules::default(), 30)
    }

    #[test]
    fn a_broker_without_options_on_indices_is_the_first_reason_at_any_hour() {
        let no_index_options = Some("Alpaca lists no options on indices such as SPX".to_owned());
        let before_the_open = SpySpxFacts { now: at("2024-06-14T08:00"), pairs: Vec::new(), ..facts() };
        for facts in [facts(), before_the_open] {
            let decision = decided(&SpySpxFacts { no_index_options: no_index_options.clone(), ..facts });
            assert!(decision.trade.is_none() && decision.conditions[0].name == "broker");
            let begins = "No trade. Alpaca lists no options on indices such as SPX: the SPX call cannot be bought in this account.";
            assert!(decision.reason.starts_with(begins), "{}", decision.reason);
        }
    }

    #[test]
    fn a_pair_that_brings_the_minimum_is_traded() {
        let decision = decided(&facts());
        let trade = decision.trade.clone().unwrap();
        let reason = "Buy 1 SPX 5430 call and sell 10 SPY 543 calls of Jun 17 for 1.50 credit, $150 a unit; at least 1.00 is required.";
        assert_eq!(decision.reason, reason);
        let legs: Vec<_> =
            trade.legs.iter().map(|leg| (leg.instrument.to_string(), leg.action, leg.ratio)).collect();
        assert_eq!(
            legs,
            [
                ("SPXW  240617C05430000".to_owned(), OrderAction::BuyToOpen, 1),
                ("SPY   240617C00543000".to_owned(), OrderAction::SellToOpen, 10)
            ]
        );
        assert_eq!((trade.quantity, trade.expiration), (1, "2024-06-17".parse().unwrap()));
        assert_eq!((trade.limit, trade.worst), (NetPrice::Credit(cents(150)), NetPrice::Credit(cents(100))));
        assert_eq!(decision.entry_credit(), Some(cents(150)));
        let exit = &trade.exit;
        // Half of 1.50; closing at 4.50 has lost 3.00, twice the credit; half of three days.
        assert_eq!((exit.close_at, exit.stop_at, exit.tested_delta), (cents(75), Some(cents(450)), None));
        assert_eq!((exit.review_dte, exit.roll), (1, false));
        intent_of(&trade).unwrap();
    }

    #[test]
    fn the_nearest_to_the_money_then_the_first_to_expire_then_the_higher_strike_is_taken() {
        let at_spx = |cents_of_spx| SpySpxFacts { spx_price: Some(cents(cents_of_spx)), ..facts() };
        let rows = [
            (
                "nearest",
                at_spx(543_160),
                vec![pair(17, 5440, 1300, 150), pair(17, 5430, 1810, 196)],
                "SPX 5430 call",
                "Jun 17",
            ),
            (
                "expiration",
                at_spx(543_160),
                vec![pair(18, 5430, 2400, 260), pair(17, 5430, 1810, 196)],
                "SPX 5430 call",
                "Jun 17",
            ),
            (
                "strike before day",
                at_spx(543_160),
                vec![pair(17, 5440, 1300, 150), pair(18, 5430, 2400, 260)],
                "SPX 5430 call",
                "Jun 18",
            ),
            (
                "higher",
                at_spx(543_500),
                vec![pair(17, 5430, 1810, 196), pair(17, 5440, 1300, 150)],
                "SPX 5440 call",
                "Jun 17",
            ),
            (
                "nearest too poor",
                at_spx(543_160),
                vec![pair(17, 5430, 1861, 196), pair(17, 5440, 1300, 140)],
                "SPX 5440 call",
                "Jun 17",
            ),
        ];
        for (why, facts, pairs, call, day) in rows {
            let reversed = pairs.iter().rev().cloned().collect();
            for pairs in [pairs, reversed] {
                let reason = decided(&SpySpxFacts { pairs, ..facts.clone() }).reason;
                assert!(reason.contains(call) && reason.contains(day), "{why}: {reason}");
            }
        }
    }

    #[test]
    fn what_is_no_trade_says_which_condition_and_why() {
        type Change = fn(&mut SpySpxFacts);
        let rows: Vec<(&str, Change, &str)> = vec![
            (
                "spx_price",
                |facts| (facts.spx_price, facts.missing) = (None, vec!["No quote of SPX came.".to_owned()]),
                "The price of SPX is not known, so no strike can be said to be near the money. No quote of SPX came.",
            ),
            ("spx_price", |facts| facts.spx_price = Some(Decimal::ZERO), "The price of SPX is not known"),
            (
                "pairs_listed",
                |facts| {
                    (facts.pairs, facts.missing) =
                        (vec![], vec!["SPX's chain could not be read.".to_owned()]);
                },
                "There is no SPX call with a SPY call at a tenth of its strike on the same expiration. SPX's chain could not be read.",
            ),
            (
                "pairs_match",
                |facts| {
                    facts.pairs = vec![pair(21, 5430, 1810, 196)];
                    facts.pairs[0].spx.instrument = instrument("SPX   240621C05430000");
                },
                "Matching pairs: 0 of 1. Left out: SPX 2024-06-21 5430 call settles at the opening and last trades on Jun 20, SPY 2024-06-21 543 call trades until Jun 21.",
            ),
            (
                "pairs_match",
                |facts| facts.pairs[0].spx.instrument = instrument("SPXW  240617P05430000"),
                "Matching pairs: 0 of 1. Left out: SPXW 2024-06-17 5430 put is not a call on SPX.",
            ),
            (
                "pairs_match",
                |facts| facts.pairs[0].spy.instrument = instrument("SPY1  240617C00543000"),
                "Matching pairs: 0 of 1. Left out: SPXW 2024-06-17 5430 call and SPY1 2024-06-17 543 call are not both standard contracts.",
            ),
            (
                "pairs_match",
                |facts| facts.pairs[0].spy.instrument = instrument("SPY   240617C00544000"),
                "Matching pairs: 0 of 1. Left out: SPY 2024-06-17 544 call is not at a tenth of the strike of SPXW 2024-06-17 5430 call.",
            ),
            (
                "pairs_match",
                |facts| facts.pairs[0].spy.instrument = instrument("SPY   240618C00543000"),
                "Matching pairs: 0 of 1. Left out: SPY 2024-06-18 543 call does not expire on 2024-06-17.",
            ),
            (
                "days",
                |facts| facts.pairs = vec![pair(24, 5430, 4810, 500), pair(28, 5430, 4810, 500)],
                "Pairs with 0 to 7 days left: 0 of 2. Left out: the SPX 5430 / SPY 543 calls of Jun 24 have 10 days left; 1 more.",
            ),
            (
                "days",
                |facts| facts.now = at("2024-06-17T16:00"),
                "Pairs with 0 to 7 days left: 0 of 1. Left out: the SPX 5430 / SPY 543 calls of Jun 17 have expired.",
            ),
            (
                "quotes",
                |facts| facts.pairs[0].spy.bid = None,
                "Pairs with usable quotes: 0 of 1. Left out: SPY 2024-06-17 543 call is quoted on one side only.",
            ),
            (
                "quotes",
                |facts| facts.pairs[0].spx.bid = Some(cents(1821)),
                "Pairs with usable quotes: 0 of 1. Left out: SPXW 2024-06-17 5430 call is crossed: bid 18.21, ask 18.20.",
            ),
            (
                "quotes",
                |facts| facts.pairs[0].spx.at = Some(at("2024-06-14T09:59")),
                "Pairs with usable quotes: 0 of 1. Left out: the quote of SPXW 2024-06-17 5430 call is 60 seconds old, at most 30 seconds are allowed.",
            ),
            // 19.60 − 18.601 = 0.999; the other brings less.
            (
                "min_entry_credit",
                |facts| {
                    facts.pairs = vec![pair(17, 5440, 1470, 150), pair(17, 5430, 1860, 196)];
                    facts.pairs[1].spx.ask = Some(Decimal::new(18_702, 3));
                },
                "The best credit is 0.999, of the SPX 5430 / SPY 543 calls of Jun 17; at least 1.00 is required.",
            ),
            (
                "min_entry_credit",
                |facts| facts.pairs = vec![pair(17, 5430, 2285, 196)],
                "No pair brings a credit: the best, the SPX 5430 / SPY 543 calls of Jun 17, costs 3.25; at least 1.00 is required.",
            ),
        ];
        for (name, change, sentence) in rows {
            let mut facts = facts();
            change(&mut facts);
            let decision = decided(&facts);
            let condition = held(&decision, name);
            assert!(!condition.holds && condition.sentence.starts_with(sentence), "{condition:?}");
            assert_eq!(
                (decision.reason.as_str(), &decision.trade),
                (format!("No trade. {}", condition.sentence).as_str(), &None)
            );
            assert_eq!(decision.conditions.len(), 6);
        }
    }

    #[test]
    fn a_unit_is_never_paid_for_whatever_is_configured() {
        let rules = SpySpxRules { min_entry_credit: Decimal::NEGATIVE_ONE, ..SpySpxRules::default() };
        let decide_at =
            |spx| decide(&SpySpxFacts { pairs: vec![pair(17, 5430, spx, 196)], ..facts() }, &rules, 30);
        assert_eq!(decide_at(1960).trade, None);
        let worst = decide_at(1959).trade.map(|trade| trade.worst);
        assert_eq!(worst, Some(NetPrice::Credit(cents(1))));
    }

    #[test]
    fn usable_pairs_are_traded_although_others_are_left_out() {
        let mut facts = facts();
        let mut stale = pair(17, 5435, 1500, 170);
        stale.spx.at = None;
        facts.pairs.push(stale);
        let decision = decided(&facts);
        let left_out = "Pairs with usable quotes: 1 of 2. Left out: the quote of SPXW 2024-06-17 5435 call is of no known time, at most 30 seconds are allowed.";
        assert_eq!(held(&decision, "quotes").sentence, left_out);
        assert!(decision.trade.is_some());
    }

    #[test]
    fn the_warnings_come_each_time_with_what_is_known() {
        let warnings = decided(&facts()).warnings;
        let topics = [
            "SPX options are European",
            "Early assignment",
            "Dividends",
            "Uncovered side",
            "Margin",
            "Tracking",
        ];
        let all = |warnings: &[String]| {
            topics.iter().all(|topic| warnings.iter().filter(|one| one.starts_with(topic)).count() == 1)
        };
        assert!(all(&warnings), "{warnings:#?}");
        assert!(warnings[4].contains("naked, $543,000 at their strike;"), "{}", warnings[4]);
        // 5431.60 − 10 × 542.78.
        assert!(warnings[5].contains("SPX at 5431.60 is 3.80 above ten times SPY"), "{}", warnings[5]);
        let untraded =
            SpySpxFacts { pairs: vec![], spy_price: None, missing: vec!["M.".to_owned()], ..facts() };
        let warnings = decided(&untraded).warnings;
        assert!(all(&warnings) && warnings[0] == "M." && warnings[6].contains("not known"), "{warnings:#?}");
    }

    #[test]
    fn the_dividend_is_named_when_it_comes_no_later_than_the_expiration() {
        for (ex_date, sentence) in [
            (None, "SPY's next ex-dividend date is not known; assignment is likeliest the day before it."),
            (
                Some("2024-06-13"),
                "SPY's last known ex-dividend date, Jun 13, has passed; the next is not known.",
            ),
            (Some("2024-06-14"), "SPY is ex-dividend today; calls sold now owe no part of it."),
            (
                Some("2024-06-17"),
                "SPY is ex-dividend on Jun 17, no later than the expiration; calls in the money are likely",
            ),
            (Some("2024-06-18"), "SPY's next ex-dividend date, Jun 18, is after the expiration."),
        ] {
            let facts = SpySpxFacts { spy_ex_dividend: ex_date.map(|date| date.parse().unwrap()), ..facts() };
            let warnings = decided(&facts).warnings;
            assert!(warnings[2].starts_with(&format!("Dividends: {sentence}")), "{}", warnings[2]);
        }
    }
}
