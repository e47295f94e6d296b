//! `csp_entry`: the best cash-secured put of the day's screen, sold when the write conditions hold.
//!
//! Every condition is looked at, and what is not known does not hold. The limit begins at the mid; the worst price is the bid of the
//! decision, because the screen computed its return at the bid: a put that would only sell for less is no longer the one it picked.

use std::cmp::Ordering;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_calendar::{expiration_close, last_trade_date, new_york_date, session_of};
use ttai_core::{NEW_YORK, OccSymbol, OptionRight, OrderAction, SettlementTime, Symbol};

use super::{EntryCondition, StrategyDecision, StrategyTrade, review_dte};
use crate::exit::ExitTargets;
use crate::intent::{IntentLeg, NetPrice};
use crate::price::{LegQuote, NetMarket, PriceError};
use crate::rules::StrategyLeave;
use crate::words::{count, day, dollars, named, price};

/// On which days puts are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WriteDay {
    /// On all.
    #[default]
    Any,
    /// When the underlying is below its previous close.
    Red,
    /// When it is above.
    Green,
}

/// The rules of `csp_entry`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CspEntryRules {
    /// What it may do.
    #[serde(flatten)]
    pub leave: StrategyLeave,
    /// Minutes after the open in which nothing is written.
    #[schemars(range(max = 390))]
    pub minutes_after_open: u32,
    /// Minutes before the close, an early one too, in which nothing is written.
    #[schemars(range(max = 390))]
    pub minutes_before_close: u32,
    /// On which days: all, when the underlying is below its previous close, or above.
    pub write_day: WriteDay,
    /// Standard deviations of a day that the underlying must have moved from its previous close, either way; if unset, any move will do.
    #[schemars(range(min = 0.0, max = 20.0), extend("example" = 0.5))]
    pub min_move_sigma: Option<f64>,
    /// Highest strike in dollars; if unset, any.
    #[schemars(extend("format" = "amount", "maximum" = 1_000_000, "example" = "150"))]
    pub max_strike: Option<Decimal>,
    /// Contracts of one entry at most; fewer where the screen suggests fewer.
    #[schemars(range(min = 1, max = 10_000))]
    pub max_contracts: u32,
    /// Whether a put above the highest strike that it wrote in this underlying before is refused. That mark is split-adjusted and counts
    /// every put, whatever became of it; the first put sets it, and a put at the mark is allowed.
    pub high_water_mark: bool,
    /// Whether a tested or due put is rolled, and closed only where no roll brings a credit.
    pub roll: bool,
}

impl Default for CspEntryRules {
    fn default() -> Self {
        Self {
            leave: StrategyLeave::default(),
            minutes_after_open: 30,
            minutes_before_close: 30,
            write_day: WriteDay::Any,
            min_move_sigma: None,
            max_strike: None,
            max_contracts: 1,
            high_water_mark: false,
            roll: false,
        }
    }
}

/// The put to write.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CspCandidate {
    /// The underlying.
    pub symbol: Symbol,
    /// The put with its market.
    pub quote: LegQuote,
    /// Contracts that the screen suggests.
    pub contracts: u32,
    /// The underlying now.
    pub price: Option<Decimal>,
    /// Its previous close, adjusted.
    pub previous_close: Option<Decimal>,
    /// Standard deviation of its daily returns, as a fraction.
    pub daily_sigma: Option<f64>,
    /// The highest strike, split-adjusted, of a put that this strategy wrote on it before; none where it wrote none.
    pub highest_written: Option<Decimal>,
    /// Why the screen picked it, one sentence.
    pub because: String,
    /// The workflow id of the screen.
    pub screen: String,
}

/// What `csp_entry` looks at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CspEntryFacts {
    /// The market's time.
    pub now: DateTime<Utc>,
    /// The day's best pick; none where the screen has none.
    pub candidate: Option<CspCandidate>,
    /// What could not be read, and why there is no candidate, a sentence each.
    pub missing: Vec<String>,
}

/// Underlyings whose puts are settled in cash: nobody is put shares, and no cash for shares secures them.
const INDICES: [&str; 8] = ["SPX", "NDX", "RUT", "VIX", "DJX", "XSP", "OEX", "XEO"];

/// Decides.
pub(super) fn decide(facts: &CspEntryFacts, rules: &CspEntryRules, quote_seconds: u32) -> StrategyDecision {
    let mut conditions = vec![pick(facts)];
    conditions.extend(hours(facts.now, rules));
    let warnings = facts.missing.clone();
    let Some(candidate) = &facts.candidate else {
        return StrategyDecision::of(conditions, None, warnings, facts.now);
    };
    let look = Look { now: facts.now, candidate, rules };
    let (put, market) = (look.put(), look.market(quote_seconds));
    conditions.push(look.standard(&put));
    conditions.extend([look.write_day(), look.min_move(), look.max_strike(), look.high_water_mark()]);
    conditions.extend([look.contracts(), look.quoted(&market)]);
    let trade = put.ok().zip(market.ok()).map(|(put, market)| look.trade(&put, &market));
    let mut decision = StrategyDecision::of(conditions, trade, warnings, facts.now);
    let collateral = decision.trade.as_ref().and_then(|trade| look.collateral(trade));
    decision.warnings.extend(collateral);
    decision
}

fn pick(facts: &CspEntryFacts) -> EntryCondition {
    let no_pick = || {
        let why = facts.missing.first().map(|why| format!(" {why}")).unwrap_or_default();
        format!("The day's screen has no pick.{why}")
    };
    let picked = |candidate: &CspCandidate| {
        format!("The day's screen picked the {}.", named(&candidate.quote.instrument))
    };
    EntryCondition::new(
        "pick",
        facts.candidate.is_some(),
        facts.candidate.as_ref().map_or_else(no_pick, picked),
    )
}

/// The first and the last minutes of the session.
fn hours(now: DateTime<Utc>, rules: &CspEntryRules) -> [EntryCondition; 2] {
    let names = ["minutes_after_open", "minutes_before_close"];
    let Some(session) = session_of(now).filter(|session| session.is_open_at(now)) else {
        return names.map(|name| EntryCondition::new(name, false, "The exchange is closed."));
    };
    let [after, before] = [rules.minutes_after_open, rules.minutes_before_close];
    let [after_time, before_time] = [after, before].map(|minutes| TimeDelta::minutes(i64::from(minutes)));
    let (from, until) = (session.open + after_time, session.close - before_time);
    let clock = |at: DateTime<Utc>| {
        let is_today = new_york_date(at) == session.date;
        at.with_timezone(&NEW_YORK).format(if is_today { "%H:%M ET" } else { "%b %-d %Y %H:%M ET" })
    };
    let at = now.with_timezone(&NEW_YORK).format("%H:%M:%S ET");
    let begins =
        format!("It is {at}; puts are sold from {} ({}).", span(after, "after", "the open"), clock(from));
    let ends = format!(
        "It is {at}; puts are sold until {} ({}).",
        span(before, "before", "the close"),
        clock(until)
    );
    let [begin, end] = names;
    [EntryCondition::new(begin, now >= from, begins), EntryCondition::new(end, now < until, ends)]
}

/// `30 minutes after the open`, `the open`.
fn span(minutes: u32, side: &str, of: &str) -> String {
    if minutes == 0 { of.to_owned() } else { format!("{} {side} {of}", count(minutes, "minute")) }
}

struct Look<'a> {
    now: DateTime<Utc>,
    candidate: &'a CspCandidate,
    rules: &'a CspEntryRules,
}

/// A contract that may be sold.
struct Put<'a> {
    contract: &'a OccSymbol,
    last_day: NaiveDate,
    dte: i64,
}

impl<'a> Look<'a> {
    fn today(&self) -> NaiveDate {
        new_york_date(self.now)
    }

    fn leg(&self) -> IntentLeg {
        let instrument = self.candidate.quote.instrument.clone();
        IntentLeg { instrument, action: OrderAction::SellToOpen, ratio: 1 }
    }

    /// The contract, or why it is not one to sell.
    fn put(&self) -> Result<Put<'a>, String> {
        let (instrument, symbol) = (&self.candidate.quote.instrument, &self.candidate.symbol);
        let name = named(instrument);
        let contract = instrument.contract().filter(|contract| contract.right == OptionRight::Put);
        let contract = contract.ok_or_else(|| format!("{name} is not a put."))?;
        if INDICES.contains(&contract.underlying().as_str()) {
            return Err(format!("{name} is settled in cash; cash-secured puts are on shares."));
        }
        if contract.root != symbol.option_root() {
            return Err(format!(
                "{name} is not a standard contract of {symbol}: its root is {}.",
                contract.root
            ));
        }
        let last_day = last_trade_date(contract.expiration, SettlementTime::Pm);
        let last_day =
            last_day.map_err(|error| format!("The last session of {name} is not known: {error}."))?;
        if expiration_close(last_day).is_none_or(|close| close <= self.now) {
            return Err(format!("{name} has expired."));
        }
        Ok(Put { contract, last_day, dte: (last_day - self.today()).num_days() })
    }

    fn market(&self, quote_seconds: u32) -> Result<NetMarket, PriceError> {
        NetMarket::of(
            &[self.leg()],
            std::slice::from_ref(&self.candidate.quote),
            false,
            self.now,
            quote_seconds,
        )
    }

    fn standard(&self, put: &Result<Put<'_>, String>) -> EntryCondition {
        let sentence = match put {
            Err(reason) => reason.clone(),
            Ok(put) => format!(
                "{} is a standard put; its last session, {}, is {} away.",
                named(&self.candidate.quote.instrument),
                day(put.last_day, self.today()),
                count(put.dte, "day")
            ),
        };
        EntryCondition::new("standard_put", put.is_ok(), sentence)
    }

    /// Price and previous close, or what is missing.
    fn prices(&self) -> Result<(Decimal, Decimal), String> {
        let symbol = &self.candidate.symbol;
        let positive = |price: Option<Decimal>| price.filter(|price| *price > Decimal::ZERO);
        match (positive(self.candidate.price), positive(self.candidate.previous_close)) {
            (Some(price), Some(close)) => Ok((price, close)),
            (None, Some(_)) => Err(format!("the price of {symbol} is missing")),
            (Some(_), None) => Err(format!("the previous close of {symbol} is missing")),
            (None, None) => Err(format!("the price and the previous close of {symbol} are missing")),
        }
    }

    fn write_day(&self) -> EntryCondition {
        let condition = |holds, sentence: String| EntryCondition::new("write_day", holds, sentence);
        let wanted = match self.rules.write_day {
            WriteDay::Any => return condition(true, "Puts are sold on any day, red or green.".to_owned()),
            WriteDay::Red => "red",
            WriteDay::Green => "green",
        };
        let (now, close) = match self.prices() {
            Ok(prices) => prices,
            Err(missing) => {
                return condition(false, format!("Whether it is a {wanted} day is not known: {missing}."));
            }
        };
        let (colour, place) = match now.cmp(&close) {
            Ordering::Less => ("red", "below"),
            Ordering::Greater => ("green", "above"),
            Ordering::Equal => ("flat", "at"),
        };
        let sentence = format!(
            "{} at {} is {place} its previous close of {}: a {colour} day; puts are sold on {wanted} days.",
            self.candidate.symbol,
            price(now),
            price(close)
        );
        condition(colour == wanted, sentence)
    }

    fn min_move(&self) -> EntryCondition {
        let condition = |holds, sentence: String| EntryCondition::new("min_move_sigma", holds, sentence);
        let Some(least) = self.rules.min_move_sigma else {
            return condition(true, "No minimum move is set.".to_owned());
        };
        let (percent, sigmas) = match self.moved() {
            Ok(moved) => moved,
            Err(missing) => {
                return condition(false, format!("The size of the move is not known: {missing}."));
            }
        };
        let (symbol, shown) = (&self.candidate.symbol, telling(sigmas, least));
        let sentence = format!(
            "{symbol} moved {percent:.2} % from its previous close, {shown} daily standard deviations; at least {least} is \
             required."
        );
        condition(sigmas >= least, sentence)
    }

    /// |price / previous close − 1| in percent and in standard deviations of a day.
    fn moved(&self) -> Result<(f64, f64), String> {
        let symbol = &self.candidate.symbol;
        let (price, close) = self.prices()?;
        let sigma = self.candidate.daily_sigma.filter(|sigma| sigma.is_finite() && *sigma > 0.0);
        let sigma = sigma.ok_or_else(|| format!("the daily volatility of {symbol} is missing"))?;
        let ratio = price.checked_div(close).and_then(|ratio| ratio.to_f64());
        let moved = ratio.map(|ratio| (ratio - 1.0).abs());
        let moved =
            moved.map(|moved| (moved * 100.0, moved / sigma)).filter(|(_, sigmas)| sigmas.is_finite());
        moved.ok_or_else(|| format!("the prices of {symbol} are beyond all measure"))
    }

    fn max_strike(&self) -> EntryCondition {
        self.strike_at_most(
            "max_strike",
            self.rules.max_strike,
            "the limit of",
            "No limit on the strike is set.",
        )
    }

    fn high_water_mark(&self) -> EntryCondition {
        let name = "high_water_mark";
        if !self.rules.high_water_mark {
            return EntryCondition::new(name, true, "No high-water mark is kept.");
        }
        let none_yet = format!(
            "No put was sold on {} before, so there is no high-water mark yet.",
            self.candidate.symbol
        );
        self.strike_at_most(name, self.candidate.highest_written, "the high-water mark of", &none_yet)
    }

    fn strike_at_most(
        &self,
        name: &str,
        most: Option<Decimal>,
        what: &str,
        unlimited: &str,
    ) -> EntryCondition {
        let Some(most) = most else { return EntryCondition::new(name, true, unlimited) };
        let Some(contract) = self.candidate.quote.instrument.contract() else {
            return EntryCondition::new(name, false, "There is no strike.");
        };
        let (strike, holds) = (contract.strike, contract.strike <= most);
        let place = if holds { "is not above" } else { "is above" };
        let sentence = format!("Strike {} {place} {what} {}.", strike.normalize(), most.normalize());
        EntryCondition::new(name, holds, sentence)
    }

    fn quantity(&self) -> u32 {
        self.candidate.contracts.min(self.rules.max_contracts)
    }

    fn contracts(&self) -> EntryCondition {
        let (suggested, most) = (self.candidate.contracts, self.rules.max_contracts);
        let sentence =
            format!("The screen suggests {}; at most {most} may be sold.", count(suggested, "contract"));
        EntryCondition::new("contracts", self.quantity() > 0, sentence)
    }

    fn quoted(&self, market: &Result<NetMarket, PriceError>) -> EntryCondition {
        let sentence = match market {
            Ok(market) => format!("The bid is {}, the mid {}.", price(-market.natural), price(-market.mid)),
            Err(error) => format!("No price: {error}."),
        };
        EntryCondition::new("quote", market.is_ok(), sentence)
    }

    fn trade(&self, put: &Put<'_>, market: &NetMarket) -> (String, StrategyTrade) {
        let (credit, quantity) = (-market.mid, self.quantity());
        let expiration = day(put.last_day, self.today());
        let (root, strike) = (&put.contract.root, put.contract.strike.normalize());
        let puts = if quantity == 1 { "put" } else { "puts" };
        let each = if quantity == 1 { "" } else { " each" };
        let what =
            format!("Sell {quantity} {root} {expiration} {strike} {puts} for {} credit{each}", price(credit));
        let because = self.candidate.because.trim();
        let reason = if because.is_empty() { format!("{what}.") } else { format!("{what}: {because}") };
        let trade = StrategyTrade {
            legs: vec![self.leg()],
            quantity,
            limit: NetPrice::of_signed(market.mid),
            worst: NetPrice::of_signed(market.natural),
            expiration: put.last_day,
            exit: ExitTargets { roll: self.rules.roll, ..ExitTargets::of(credit, review_dte(put.dte), None) },
        };
        (reason, trade)
    }

    /// What assignment takes.
    fn collateral(&self, trade: &StrategyTrade) -> Option<String> {
        let strike = self.candidate.quote.instrument.contract()?.strike;
        let shares = Decimal::from(u64::from(trade.quantity) * 100);
        let cash = strike.checked_mul(shares)?;
        let (symbol, strike) = (&self.candidate.symbol, price(strike));
        Some(format!("Assignment would buy {shares} shares of {symbol} at {strike} for {}.", dollars(cash)))
    }
}

/// A number with as many decimals as show on which side of a bound it is, two at least.
fn telling(value: f64, bound: f64) -> String {
    let shown = |digits: usize| format!("{value:.digits$}");
    let tells = |text: &String| text.parse().is_ok_and(|shown: f64| (shown >= bound) == (value >= bound));
    (2..=6).map(shown).find(tells).unwrap_or_else(|| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategy::tests::{held, intent_of};
    use crate::testing::{at, cents, instrument};

    /// The 630 put of TRADING.md on 2014-06-06, at half past ten: AAPL is 1.78 below its previous close.
    fn facts() -> CspEntryFacts {
        let now = at("2014-06-06T10:30");
        CspEntryFacts {
            now,
            candidate: Some(CspCandidate {
                symbol: Symbol::new("AAPL").unwrap(),
                quote: LegQuote {
                    instrument: instrument("AAPL  140621P00630000"),
                    bid: Some(cents(505)),
                    ask: Some(cents(516)),
                    at: Some(now),
                },
                contracts: 3,
                price: Some(cents(64_557)),
                previous_close: Some(cents(64_735)),
                daily_sigma: Some(0.0141),
                highest_written: Some(cents(63_000)),
                because: "It returns 0.40 % a week at the bid.".to_owned(),
                screen: "screen-2014-06-06".to_owned(),
            }),
            missing: Vec::new(),
        }
    }

    fn rules() -> CspEntryRules {
        CspEntryRules::default()
    }

    fn decided(facts: &CspEntryFacts, rules: &CspEntryRules) -> StrategyDecision {
        decide(facts, rules, 30)
    }

    #[test]
    fn the_pick_is_sold_from_the_mid_down_to_the_bid() {
        let decision = decided(&facts(), &rules());
        let trade = decision.trade.clone().unwrap();
        let reason = "Sell 1 AAPL Jun 20 630 put for 5.105 credit: It returns 0.40 % a week at the bid.";
        assert_eq!(decision.reason, reason);
        assert_eq!(decision.entry_credit(), Some(Decimal::new(5105, 3)));
        assert_eq!(
            (trade.limit.signed(), trade.worst),
            (Decimal::new(-5105, 3), NetPrice::Credit(cents(505)))
        );
        // Listed for Saturday, traded until Friday: 14 days, review at 7.
        assert_eq!((trade.expiration, trade.quantity), ("2014-06-20".parse().unwrap(), 1));
        assert_eq!(trade.exit, ExitTargets::of(Decimal::new(5105, 3), 7, None));
        assert_eq!(decision.warnings, ["Assignment would buy 100 shares of AAPL at 630.00 for $63,000."]);
        assert!(decision.conditions.iter().all(|condition| condition.holds));
        intent_of(&trade).unwrap();
    }

    #[test]
    fn size_and_roll_follow_the_rules_and_the_screen() {
        let of = |most, suggested| {
            let mut facts = facts();
            facts.candidate.as_mut().unwrap().contracts = suggested;
            decided(&facts, &CspEntryRules { max_contracts: most, roll: true, ..rules() })
        };
        let two = of(2, 3);
        assert!(
            two.reason.starts_with("Sell 2 AAPL Jun 20 630 puts for 5.105 credit each: "),
            "{}",
            two.reason
        );
        assert_eq!(two.warnings, ["Assignment would buy 200 shares of AAPL at 630.00 for $126,000."]);
        assert_eq!(two.trade.map(|trade| (trade.quantity, trade.exit.roll)), Some((2, true)));
        assert_eq!(of(5, 3).trade.map(|trade| trade.quantity), Some(3));
    }

    #[test]
    fn the_review_is_at_21_days_above_30_and_at_half_below() {
        let review = |now: &str, put: &str| {
            let mut facts = CspEntryFacts { now: at(now), ..facts() };
            let quote = &mut facts.candidate.as_mut().unwrap().quote;
            (quote.at, quote.instrument) = (Some(at(now)), instrument(put));
            decided(&facts, &rules()).trade.unwrap().exit.review_dte
        };
        // To Friday 2014-07-18: 31 days, 30 days, none.
        assert_eq!(review("2014-06-17T11:00", "AAPL  140719P00630000"), 21);
        assert_eq!(review("2014-06-18T11:00", "AAPL  140719P00630000"), 15);
        assert_eq!(review("2014-07-18T11:00", "AAPL  140719P00630000"), 0);
    }

    #[test]
    fn each_condition_holds_or_not_and_says_so_with_numbers() {
        type Change = fn(&mut CspEntryFacts, &mut CspCandidate, &mut CspEntryRules);
        let put = "AAPL 2014-06-21 630 put";
        let rows: Vec<(&str, Change, bool, String)> = vec![
            ("pick", |_, _, _| {}, true, format!("The day's screen picked the {put}.")),
            (
                "minutes_after_open",
                |_, _, _| {},
                true,
                "It is 10:30:00 ET; puts are sold from 30 minutes after the open (10:00 ET).".into(),
            ),
            ("minutes_after_open", |facts, _, _| facts.now = at("2014-06-06T10:00"), true, "It is 10:00:00".into()),
            (
                "minutes_after_open",
                |facts, _, _| facts.now = at("2014-06-06T10:00") - TimeDelta::seconds(1),
                false,
                "It is 09:59:59 ET; puts are sold from 30 minutes after the open (10:00 ET).".into(),
            ),
            (
                "minutes_after_open",
                |facts, _, rules| (facts.now, rules.minutes_after_open) = (at("2014-06-06T09:30"), 0),
                true,
                "It is 09:30:00 ET; puts are sold from the open (09:30 ET).".into(),
            ),
            ("minutes_after_open", |facts, _, _| facts.now = at("2014-06-07T11:00"), false, "The exchange is closed.".into()),
            (
                "minutes_before_close",
                |facts, _, _| facts.now = at("2014-06-06T15:29"),
                true,
                "It is 15:29:00 ET; puts are sold until 30 minutes before the close (15:30 ET).".into(),
            ),
            ("minutes_before_close", |facts, _, _| facts.now = at("2014-06-06T15:30"), false, "It is 15:30:00".into()),
            // The Wednesday before Independence Day 2024 closed at 13:00.
            (
                "minutes_before_close",
                |facts, _, rules| (facts.now, rules.minutes_before_close) = (at("2024-07-03T12:59"), 1),
                false,
                "It is 12:59:00 ET; puts are sold until 1 minute before the close (12:59 ET).".into(),
            ),
            (
                "standard_put",
                |_, _, _| {},
                true,
                format!("{put} is a standard put; its last session, Jun 20, is 14 days away."),
            ),
            (
                "standard_put",
                |_, candidate, _| candidate.quote.instrument = instrument("AAPL  140621C00630000"),
                false,
                "AAPL 2014-06-21 630 call is not a put.".into(),
            ),
            (
                "standard_put",
                |_, candidate, _| candidate.quote.instrument = instrument("AAPL7 140621P00630000"),
                false,
                "AAPL7 2014-06-21 630 put is not a standard contract of AAPL: its root is AAPL7.".into(),
            ),
            (
                "standard_put",
                |_, candidate, _| candidate.quote.instrument = instrument("SPXW  140620P01900000"),
                false,
                "SPXW 2014-06-20 1900 put is settled in cash; cash-secured puts are on shares.".into(),
            ),
            ("standard_put", |facts, _, _| facts.now = at("2014-06-20T15:59"), true, format!("{put} is a standard")),
            ("standard_put", |facts, _, _| facts.now = at("2014-06-20T16:00"), false, format!("{put} has expired.")),
            ("write_day", |_, _, _| {}, true, "Puts are sold on any day, red or green.".into()),
            (
                "write_day",
                |_, _, rules| rules.write_day = WriteDay::Red,
                true,
                "AAPL at 645.57 is below its previous close of 647.35: a red day; puts are sold on red days.".into(),
            ),
            (
                "write_day",
                |_, _, rules| rules.write_day = WriteDay::Green,
                false,
                "AAPL at 645.57 is below its previous close of 647.35: a red day; puts are sold on green days.".into(),
            ),
            (
                "write_day",
                |_, candidate, rules| (candidate.price, rules.write_day) = (Some(cents(64_736)), WriteDay::Green),
                true,
                "AAPL at 647.36 is above its previous close of 647.35: a green day".into(),
            ),
            (
                "write_day",
                |_, candidate, rules| (candidate.price, rules.write_day) = (Some(cents(64_735)), WriteDay::Red),
                false,
                "AAPL at 647.35 is at its previous close of 647.35: a flat day".into(),
            ),
            (
                "write_day",
                |_, candidate, rules| (candidate.previous_close, rules.write_day) = (None, WriteDay::Red),
                false,
                "Whether it is a red day is not known: the previous close of AAPL is missing.".into(),
            ),
            (
                "write_day",
                |_, candidate, rules| (candidate.price, rules.write_day) = (Some(Decimal::ZERO), WriteDay::Green),
                false,
                "Whether it is a green day is not known: the price of AAPL is missing.".into(),
            ),
            ("min_move_sigma", |_, _, _| {}, true, "No minimum move is set.".into()),
            // 1.78 / 647.35 = 0.274967 %, over 1.41 % 0.195012.
            (
                "min_move_sigma",
                |_, _, rules| rules.min_move_sigma = Some(0.195),
                true,
                "AAPL moved 0.27 % from its previous close, 0.20 daily standard deviations; at least 0.195 is required.".into(),
            ),
            (
                "min_move_sigma",
                |_, _, rules| rules.min_move_sigma = Some(0.2),
                false,
                "AAPL moved 0.27 % from its previous close, 0.195 daily standard deviations; at least 0.2 is required.".into(),
            ),
            (
                "min_move_sigma",
                |_, candidate, rules| (candidate.daily_sigma, rules.min_move_sigma) = (None, Some(0.1)),
                false,
                "The size of the move is not known: the daily volatility of AAPL is missing.".into(),
            ),
            ("max_strike", |_, _, _| {}, true, "No limit on the strike is set.".into()),
            (
                "max_strike",
                |_, _, rules| rules.max_strike = Some(cents(63_000)),
                true,
                "Strike 630 is not above the limit of 630.".into(),
            ),
            (
                "max_strike",
                |_, _, rules| rules.max_strike = Some(cents(62_950)),
                false,
                "Strike 630 is above the limit of 629.5.".into(),
            ),
            ("high_water_mark", |_, _, _| {}, true, "No high-water mark is kept.".into()),
            (
                "high_water_mark",
                |_, _, rules| rules.high_water_mark = true,
                true,
                "Strike 630 is not above the high-water mark of 630.".into(),
            ),
            (
                "high_water_mark",
                |_, candidate, rules| {
                    (candidate.highest_written, rules.high_water_mark) = (Some(cents(62_500)), true);
                },
                false,
                "Strike 630 is above the high-water mark of 625.".into(),
            ),
            (
                "high_water_mark",
                |_, candidate, rules| (candidate.highest_written, rules.high_water_mark) = (None, true),
                true,
                "No put was sold on AAPL before, so there is no high-water mark yet.".into(),
            ),
            ("contracts", |_, _, _| {}, true, "The screen suggests 3 contracts; at most 1 may be sold.".into()),
            (
                "contracts",
                |_, candidate, _| candidate.contracts = 0,
                false,
                "The screen suggests 0 contracts; at most 1 may be sold.".into(),
            ),
            (
                "contracts",
                |_, _, rules| rules.max_contracts = 0,
                false,
                "The screen suggests 3 contracts; at most 0 may be sold.".into(),
            ),
            ("quote", |_, _, _| {}, true, "The bid is 5.05, the mid 5.105.".into()),
            (
                "quote",
                |_, candidate, _| candidate.quote.bid = None,
                false,
                format!("No price: {put} is quoted on one side only."),
            ),
            (
                "quote",
                |_, candidate, _| candidate.quote.bid = Some(cents(517)),
                false,
                format!("No price: {put} is crossed: bid 5.17, ask 5.16."),
            ),
            (
                "quote",
                |facts, candidate, _| candidate.quote.at = Some(facts.now - TimeDelta::seconds(31)),
                false,
                format!("No price: the quote of {put} is 31 seconds old, at most 30 seconds are allowed."),
            ),
        ];
        for (name, change, holds, sentence) in rows {
            let (mut facts, mut rules) = (facts(), rules());
            let mut candidate = facts.candidate.take().unwrap();
            change(&mut facts, &mut candidate, &mut rules);
            facts.candidate = Some(candidate);
            let decision = decided(&facts, &rules);
            let condition = held(&decision, name);
            assert_eq!(
                (condition.holds, condition.sentence.starts_with(&sentence)),
                (holds, true),
                "{condition:?}"
            );
            if !holds {
                assert_eq!(decision.trade, None, "{name}");
            }
        }
    }

    #[test]
    fn the_first_that_fails_is_the_reason_and_all_are_shown() {
        let (mut facts, mut rules) = (facts(), rules());
        rules.max_strike = Some(cents(60_000));
        rules.write_day = WriteDay::Green;
        facts.candidate.as_mut().unwrap().contracts = 0;
        let decision = decided(&facts, &rules);
        let failed: Vec<_> =
            decision.conditions.iter().filter(|one| !one.holds).map(|one| one.name.as_str()).collect();
        assert_eq!(failed, ["write_day", "max_strike", "contracts"]);
        assert_eq!(decision.reason, format!("No trade. {}", held(&decision, "write_day").sentence));
        assert_eq!(decision.conditions.len(), 10);
        assert!(decision.warnings.is_empty());
    }

    #[test]
    fn without_a_pick_the_reason_says_why() {
        let missing = vec!["The screen found no put with 0.5 % a week.".to_owned()];
        let none = CspEntryFacts { candidate: None, missing: missing.clone(), ..facts() };
        let decision = decided(&none, &rules());
        let reason = "No trade. The day's screen has no pick. The screen found no put with 0.5 % a week.";
        assert_eq!((decision.reason.as_str(), decision.trade, decision.warnings), (reason, None, missing));
        let silent = CspEntryFacts { candidate: None, ..facts() };
        assert_eq!(decided(&silent, &rules()).reason, "No trade. The day's screen has no pick.");
    }
}
