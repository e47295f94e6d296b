//! The risk gate: facts and limits in, one check a rule out, each with a sentence. Decides nothing by itself: an order
//! passes when no check failed and none is unknown.
//!
//! The gate's look at the kill switch only informs. The claim reads the switch again in its own transaction, immediately
//! before the order is sent, and that reading decides. A halted account sends nothing, exits and compensation
//! included: what then stands alone is handed to the user.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use ttai_calendar::{new_york_instant, session_of};
use ttai_core::{Instrument, Symbol};

use crate::intent::TradeIntent;
use crate::price::{LegQuote, two_sides};
use crate::words::{dollars, named};

/// Seconds that a quote may be old where no limit says less.
const QUOTE_SECONDS: u32 = 30;

/// What an account or a strategy may do. What is not set is not limited.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TradeLimits {
    /// Units of one order: contracts, or spreads.
    #[serde(deserialize_with = "unless_0")]
    #[schemars(range(max = 100_000))]
    pub max_order_units: Option<u32>,
    /// Dollars that one order may lose.
    #[serde(deserialize_with = "unless_0")]
    #[schemars(extend("format" = "amount", "maximum" = 1_000_000_000))]
    pub max_order_risk: Option<Decimal>,
    /// Opening orders a day in an account.
    #[serde(deserialize_with = "unless_0")]
    #[schemars(range(max = 100_000))]
    pub max_day_orders: Option<u32>,
    /// Dollars that the day's opening orders in an account may lose together.
    #[serde(deserialize_with = "unless_0")]
    #[schemars(extend("format" = "amount", "maximum" = 1_000_000_000))]
    pub max_day_risk: Option<Decimal>,
    /// Dollars that all positions and working orders in one underlying may lose.
    #[serde(deserialize_with = "unless_0")]
    #[schemars(extend("format" = "amount", "maximum" = 1_000_000_000))]
    pub max_symbol_risk: Option<Decimal>,
    /// Dollars that all positions and working orders of an account may lose.
    #[serde(deserialize_with = "unless_0")]
    #[schemars(extend("format" = "amount", "maximum" = 1_000_000_000))]
    pub max_account_risk: Option<Decimal>,
    /// The widest market of any leg, ask less bid in percent of the mid.
    #[serde(deserialize_with = "unless_0")]
    #[schemars(extend("format" = "amount", "maximum" = 200))]
    pub max_spread_percent: Option<Decimal>,
    /// Seconds that a quote may be old; there is always a limit.
    #[schemars(range(min = 1, max = 3_600))]
    pub max_quote_age_seconds: Option<u32>,
    /// Minutes after the open in which nothing is opened.
    #[schemars(range(max = 390))]
    pub minutes_after_open: u32,
    /// Minutes before the close in which nothing is opened.
    #[schemars(range(max = 390))]
    pub minutes_before_close: u32,
    /// Whether a position over an earnings report is refused.
    pub refuse_earnings: bool,
    /// Whether a stock whose next report is not known is refused.
    pub refuse_unknown_earnings: bool,
    /// Whether a second position of a strategy in an underlying, or of the same contract, is refused.
    pub refuse_duplicates: bool,
}

/// A limit of 0 does not limit.
fn unless_0<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default + PartialEq>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.filter(|limit| *limit != T::default()))
}

impl TradeLimits {
    /// Seconds that a quote may be old.
    #[must_use]
    pub fn quote_age_seconds(&self) -> u32 {
        self.max_quote_age_seconds.unwrap_or(QUOTE_SECONDS)
    }

    /// These limits where a run asks for others: of each the tighter one, so that a run can tighten and never loosen.
    #[must_use]
    pub fn tightened_by(&self, run: &Self) -> Self {
        Self {
            max_order_units: tighter(self.max_order_units, run.max_order_units),
            max_order_risk: tighter(self.max_order_risk, run.max_order_risk),
            max_day_orders: tighter(self.max_day_orders, run.max_day_orders),
            max_day_risk: tighter(self.max_day_risk, run.max_day_risk),
            max_symbol_risk: tighter(self.max_symbol_risk, run.max_symbol_risk),
            max_account_risk: tighter(self.max_account_risk, run.max_account_risk),
            max_spread_percent: tighter(self.max_spread_percent, run.max_spread_percent),
            max_quote_age_seconds: tighter(self.max_quote_age_seconds, run.max_quote_age_seconds),
            minutes_after_open: self.minutes_after_open.max(run.minutes_after_open),
            minutes_before_close: self.minutes_before_close.max(run.minutes_before_close),
            refuse_earnings: self.refuse_earnings || run.refuse_earnings,
            refuse_unknown_earnings: self.refuse_unknown_earnings || run.refuse_unknown_earnings,
            refuse_duplicates: self.refuse_duplicates || run.refuse_duplicates,
        }
    }
}

fn tighter<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// What the kill switch says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KillSwitch {
    /// Trading is on.
    Off,
    /// Trading is halted.
    On {
        /// Who halted it.
        by: String,
        /// Why.
        reason: String,
        /// Since when.
        since: DateTime<Utc>,
    },
    /// It could not be read.
    Unread,
}

/// What is known of the next earnings report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EarningsFact {
    /// An index or a fund: it reports none.
    Never,
    /// Not known.
    Unknown,
    /// It comes within this window, both ends in it: an estimated date's is wide.
    Between {
        /// Its earliest moment.
        from: DateTime<Utc>,
        /// Its latest moment.
        to: DateTime<Utc>,
    },
}

/// A position or a working opening order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenExposure {
    /// The underlying.
    pub symbol: Symbol,
    /// The strategy that opened it, if one of ours.
    pub strategy: Option<String>,
    /// What.
    pub instruments: Vec<Instrument>,
    /// Dollars that it may lose.
    pub risk: Decimal,
}

/// What was opened today in the account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayTotals {
    /// Opening orders that were sent.
    pub orders: u32,
    /// Dollars that they may lose.
    pub risk: Decimal,
}

/// All that the gate looks at; stored with its verdict. What is `None` could not be had.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GateFacts {
    /// The market's time.
    pub now: DateTime<Utc>,
    /// The kill switch of the account.
    pub kill_switch: KillSwitch,
    /// Whether the underlying is halted.
    pub halted: Option<bool>,
    /// A quote a leg.
    pub quotes: Vec<LegQuote>,
    /// Dollars that the order may lose.
    pub risk: Option<Decimal>,
    /// Dollars of buying power that the order takes, by the broker's preview.
    pub buying_power_needed: Option<Decimal>,
    /// Dollars of buying power, by the broker.
    pub buying_power: Option<Decimal>,
    /// The day so far.
    pub today: Option<DayTotals>,
    /// Positions and working opening orders of the account.
    pub open: Option<Vec<OpenExposure>>,
    /// The next report.
    pub earnings: EarningsFact,
}

/// A rule of the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateRule {
    /// Trading is not halted by a person.
    KillSwitch,
    /// The exchange is open, and far enough from its open and close to open a position.
    Session,
    /// The underlying trades.
    Halt,
    /// Every leg has a fresh, two-sided, uncrossed quote.
    Quote,
    /// No leg's market is too wide.
    Spread,
    /// Units of the order.
    OrderUnits,
    /// Dollars that the order may lose.
    OrderRisk,
    /// Orders of the day.
    DayOrders,
    /// Dollars of the day.
    DayRisk,
    /// Dollars in the underlying.
    SymbolRisk,
    /// Dollars in the account.
    AccountRisk,
    /// The broker's buying power.
    BuyingPower,
    /// No report before the expiration.
    Earnings,
    /// No second position.
    Duplicate,
}

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    /// The rule holds.
    Passed,
    /// It does not.
    Failed,
    /// What it needs is not known; that bars as well.
    NotKnown,
}

/// One rule, looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateCheck {
    /// Which.
    pub rule: GateRule,
    /// What came of it.
    pub outcome: CheckOutcome,
    /// Why, for a trader.
    pub sentence: String,
}

/// Whether an order may go on: every check passed.
#[must_use]
pub fn passes(checks: &[GateCheck]) -> bool {
    checks.iter().all(|check| check.outcome == CheckOutcome::Passed)
}

/// Looks at every rule that applies. An order that only closes is not held up by caps, spreads, earnings, duplicates or the
/// first and last minutes, or nobody could leave a position that has grown too large.
#[must_use]
pub fn judge(intent: &TradeIntent, limits: &TradeLimits, facts: &GateFacts) -> Vec<GateCheck> {
    let gate = Gate { intent, limits, facts };
    let mut checks = vec![gate.kill_switch(), gate.session(), gate.halt(), gate.quote()];
    if intent.opens() {
        checks.push(gate.spread());
        checks.extend(gate.caps());
        checks.extend([gate.buying_power(), gate.earnings(), gate.duplicate()]);
    }
    checks
}

struct Gate<'a> {
    intent: &'a TradeIntent,
    limits: &'a TradeLimits,
    facts: &'a GateFacts,
}

fn check(rule: GateRule, holds: Option<bool>, sentence: impl Into<String>) -> GateCheck {
    let outcome = match holds {
        Some(true) => CheckOutcome::Passed,
        Some(false) => CheckOutcome::Failed,
        None => CheckOutcome::NotKnown,
    };
    GateCheck { rule, outcome, sentence: sentence.into() }
}

/// A sum or a count against its limit.
fn cap<T: Ord>(
    rule: GateRule,
    what: &str,
    value: Option<T>,
    most: Option<T>,
    shown: impl Fn(&T) -> String,
) -> GateCheck {
    let Some(most) = most else { return check(rule, Some(true), format!("{what}: no limit.")) };
    let value_text = value.as_ref().map_or_else(|| "not known".to_owned(), &shown);
    let holds = value.map(|value| value <= most);
    check(rule, holds, format!("{what}: {value_text}, limit {}.", shown(&most)))
}

impl Gate<'_> {
    fn kill_switch(&self) -> GateCheck {
        let rule = GateRule::KillSwitch;
        match &self.facts.kill_switch {
            KillSwitch::Off => check(rule, Some(true), "Trading is not halted; the claim looks again."),
            KillSwitch::On { by, reason, since } => {
                let since = since.with_timezone(&ttai_core::NEW_YORK).format("%b %-d %H:%M ET");
                check(rule, Some(false), format!("{by} halted trading on {since}: {reason}."))
            }
            KillSwitch::Unread => check(rule, None, "The kill switch could not be read."),
        }
    }

    fn session(&self) -> GateCheck {
        let now = self.facts.now;
        let Some(session) = session_of(now).filter(|session| session.is_open_at(now)) else {
            return check(GateRule::Session, Some(false), "The exchange is closed.");
        };
        if !self.intent.opens() {
            return check(GateRule::Session, Some(true), "The exchange is open.");
        }
        let (after, before) = (self.limits.minutes_after_open, self.limits.minutes_before_close);
        if now < session.open + TimeDelta::minutes(i64::from(after)) {
            return check(
                GateRule::Session,
                Some(false),
                format!("Nothing is opened within {after} minutes of the open."),
            );
        }
        if now >= session.close - TimeDelta::minutes(i64::from(before)) && before > 0 {
            let sentence = format!("Nothing is opened within {before} minutes of the close.");
            return check(GateRule::Session, Some(false), sentence);
        }
        check(GateRule::Session, Some(true), "The exchange is open.")
    }

    fn halt(&self) -> GateCheck {
        let sentence = match self.facts.halted {
            Some(true) => "The underlying is halted.",
            Some(false) => "The underlying trades.",
            None => "Whether the underlying is halted is not known.",
        };
        check(GateRule::Halt, self.facts.halted.map(|halted| !halted), sentence)
    }

    /// Bid and ask of each leg.
    fn sides(&self) -> Result<Vec<(Decimal, Decimal)>, GateCheck> {
        let age = self.limits.quote_age_seconds();
        let sides = self.intent.legs.iter().map(|leg| {
            let quote = self.facts.quotes.iter().find(|quote| quote.instrument == leg.instrument);
            let missing =
                || check(GateRule::Quote, None, format!("{} has no quote.", named(&leg.instrument)));
            let failed = |error| check(GateRule::Quote, Some(false), format!("No price: {error}."));
            two_sides(quote.ok_or_else(missing)?, self.facts.now, age).map_err(failed)
        });
        sides.collect()
    }

    fn quote(&self) -> GateCheck {
        let fresh = |_| check(GateRule::Quote, Some(true), "Every leg has a fresh quote.");
        self.sides().map_or_else(|check| check, fresh)
    }

    fn spread(&self) -> GateCheck {
        let rule = GateRule::Spread;
        let Some(most) = self.limits.max_spread_percent else {
            return check(rule, Some(true), "No limit on the spread.");
        };
        let Ok(sides) = self.sides() else { return check(rule, None, "The spread is not known.") };
        let percent = |(bid, ask): &(Decimal, Decimal)| (ask - bid) * Decimal::from(200) / (ask + bid);
        let widest = sides.iter().map(percent).max().unwrap_or_default();
        let sentence = format!("The widest market is {} % of its mid, limit {most} %.", widest.round_dp(1));
        check(rule, Some(widest <= most), sentence)
    }

    fn caps(&self) -> Vec<GateCheck> {
        let (limits, facts) = (self.limits, self.facts);
        let plus = |other: Option<Decimal>| facts.risk?.checked_add(other?);
        let symbol = self.symbol();
        let open = |only: Option<&Symbol>| {
            let open =
                facts.open.as_ref()?.iter().filter(|open| only.is_none_or(|only| open.symbol == *only));
            open.map(|open| open.risk).try_fold(Decimal::ZERO, Decimal::checked_add)
        };
        let orders = facts.today.map(|today| today.orders.saturating_add(1));
        let units = Some(self.intent.quantity);
        let day = plus(facts.today.map(|today| today.risk));
        let in_symbol = format!("Risk in {symbol}");
        let count = |rule, what, value, most| cap(rule, what, value, most, u32::to_string);
        let sum = |rule, what, value, most| cap(rule, what, value, most, |value: &Decimal| dollars(*value));
        vec![
            count(GateRule::OrderUnits, "Units in the order", units, limits.max_order_units),
            sum(GateRule::OrderRisk, "Risk of the order", facts.risk, limits.max_order_risk),
            count(GateRule::DayOrders, "Orders today", orders, limits.max_day_orders),
            sum(GateRule::DayRisk, "Risk opened today", day, limits.max_day_risk),
            sum(GateRule::SymbolRisk, &in_symbol, plus(open(Some(&symbol))), limits.max_symbol_risk),
            sum(GateRule::AccountRisk, "Risk in the account", plus(open(None)), limits.max_account_risk),
        ]
    }

    fn buying_power(&self) -> GateCheck {
        let (needed, there) = (self.facts.buying_power_needed, self.facts.buying_power);
        let Some((needed, there)) = needed.zip(there) else {
            return check(GateRule::BuyingPower, None, "The broker's buying power is not known.");
        };
        let sentence = format!("The order takes {} of {} buying power.", dollars(needed), dollars(there));
        check(GateRule::BuyingPower, Some(needed <= there), sentence)
    }

    /// An event counts after now and up to 17:30 in New York on the last expiration.
    fn earnings(&self) -> GateCheck {
        let (rule, limits) = (GateRule::Earnings, self.limits);
        match self.facts.earnings {
            EarningsFact::Never => check(rule, Some(true), "An index or a fund reports no earnings."),
            EarningsFact::Unknown => {
                let holds = if limits.refuse_unknown_earnings { None } else { Some(true) };
                check(rule, holds, "The next earnings date is not known.")
            }
            EarningsFact::Between { from, to } => {
                let last = self.last_expiration().and_then(|day| new_york_instant(day, 17, 30).ok());
                let spans = to > self.facts.now && last.is_none_or(|last| from <= last);
                let day = ttai_calendar::new_york_date(from).format("%b %-d");
                let sentence = if spans {
                    format!("Earnings may come on {day}, before the expiration.")
                } else {
                    "No earnings before the expiration.".to_owned()
                };
                check(rule, Some(!(spans && limits.refuse_earnings)), sentence)
            }
        }
    }

    fn duplicate(&self) -> GateCheck {
        let rule = GateRule::Duplicate;
        if !self.limits.refuse_duplicates {
            return check(rule, Some(true), "A second position is allowed.");
        }
        let Some(open) = &self.facts.open else {
            return check(rule, None, "Open positions and orders are not known.");
        };
        let symbol = self.symbol();
        let opening = || self.intent.legs.iter().filter(|leg| leg.action.is_opening());
        let is_same = |open: &&OpenExposure| {
            let same_strategy =
                open.symbol == symbol && open.strategy.as_ref() == Some(&self.intent.strategy);
            same_strategy || opening().any(|leg| open.instruments.contains(&leg.instrument))
        };
        match open.iter().find(is_same) {
            None => check(rule, Some(true), format!("No such position in {symbol} is open.")),
            Some(_) => {
                check(rule, Some(false), format!("Such a position in {symbol} is open or being opened."))
            }
        }
    }

    /// The underlying of the first opening leg; an intent has a leg.
    fn symbol(&self) -> Symbol {
        let opening = self.intent.legs.iter().find(|leg| leg.action.is_opening());
        opening.unwrap_or(&self.intent.legs[0]).instrument.underlying()
    }

    /// None for shares, which no report is ever after.
    fn last_expiration(&self) -> Option<NaiveDate> {
        let contracts = self.intent.legs.iter().map(|leg| leg.instrument.contract());
        contracts
            .map(|contract| contract.map(|contract| contract.expiration))
            .collect::<Option<Vec<_>>>()?
            .into_iter()
            .max()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ttai_core::OrderAction::BuyToClose;

    use super::*;
    use crate::intent::NetPrice;
    use crate::testing::{at, cents, csp, instrument, leg, terms};

    const PUT: &str = "AAPL  140621P00630000";

    fn quote(bid: i64, ask: i64) -> LegQuote {
        let at = Some(at("2014-06-06T15:00"));
        LegQuote { instrument: instrument(PUT), bid: Some(cents(bid)), ask: Some(cents(ask)), at }
    }

    /// One 630 put, sold for 5.05: it may lose 630 − 5.05 a share, $62,495.
    fn facts() -> GateFacts {
        GateFacts {
            now: at("2014-06-06T15:00"),
            kill_switch: KillSwitch::Off,
            halted: Some(false),
            quotes: vec![quote(500, 510)],
            risk: Some(Decimal::from(62_495)),
            buying_power_needed: Some(Decimal::from(62_495)),
            buying_power: Some(Decimal::from(100_000)),
            today: Some(DayTotals { orders: 1, risk: Decimal::from(10_000) }),
            open: Some(vec![OpenExposure {
                symbol: Symbol::new("AAPL").unwrap(),
                strategy: Some("wheel".to_owned()),
                instruments: vec![instrument("AAPL  140621P00600000")],
                risk: Decimal::from(5_000),
            }]),
            earnings: EarningsFact::Between { from: at("2014-07-22T16:00"), to: at("2014-07-22T20:00") },
        }
    }

    fn limits() -> TradeLimits {
        TradeLimits {
            max_order_units: Some(1),
            max_order_risk: Some(Decimal::from(62_495)),
            max_day_orders: Some(2),
            max_day_risk: Some(Decimal::from(72_495)),
            max_symbol_risk: Some(Decimal::from(67_495)),
            max_account_risk: Some(Decimal::from(67_495)),
            // 0.10 of 5.05 is 1.98 %.
            max_spread_percent: Some(Decimal::TWO),
            max_quote_age_seconds: Some(10),
            minutes_after_open: 15,
            minutes_before_close: 30,
            refuse_earnings: true,
            refuse_unknown_earnings: true,
            refuse_duplicates: true,
        }
    }

    type Change = fn(&mut TradeLimits, &mut GateFacts);

    /// The rules that do not pass, a line each.
    fn barred(change: Change) -> String {
        let (mut limits, mut facts) = (limits(), facts());
        change(&mut limits, &mut facts);
        let checks = judge(&csp(), &limits, &facts).into_iter();
        let barred = checks.filter(|check| check.outcome != CheckOutcome::Passed);
        let lines = barred.map(|check| format!("{:?} {:?}: {}", check.rule, check.outcome, check.sentence));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn an_order_at_every_limit_passes() {
        assert_eq!(barred(|_, _| {}), "");
        assert!(passes(&judge(&csp(), &limits(), &facts())));
    }

    #[test]
    fn each_rule_bars_alone_and_says_why() {
        fn earnings(facts: &mut GateFacts, from: &str) {
            facts.earnings = EarningsFact::Between { from: at(from), to: at("2014-07-05T17:00") };
        }
        let changes: [Change; 20] = [
            |_, facts| {
                let (by, reason) = ("mia".to_owned(), "news".to_owned());
                facts.kill_switch = KillSwitch::On { by, reason, since: at("2014-06-06T14:05") };
            },
            |_, facts| facts.kill_switch = KillSwitch::Unread,
            |limits, _| limits.minutes_before_close = 61,
            |limits, _| limits.minutes_after_open = 331,
            |_, facts| facts.halted = Some(true),
            |_, facts| facts.halted = None,
            |_, facts| facts.quotes = vec![quote(500, 511)],
            |limits, _| limits.max_order_units = Some(0),
            |limits, _| limits.max_order_risk = Some(Decimal::from(62_494)),
            |limits, _| limits.max_day_orders = Some(1),
            |_, facts| facts.today = Some(DayTotals { orders: 0, risk: Decimal::from(10_001) }),
            |limits, _| limits.max_symbol_risk = Some(Decimal::ONE),
            |limits, _| limits.max_account_risk = Some(Decimal::ONE),
            |_, facts| facts.buying_power = Some(Decimal::ONE),
            |_, facts| facts.buying_power = None,
            |_, facts| facts.earnings = EarningsFact::Unknown,
            // An estimate whose window begins on the expiration day, up to 17:30, counts; one that begins later does not.
            |_, facts| earnings(facts, "2014-06-21T17:30"),
            |_, facts| earnings(facts, "2014-06-21T17:31"),
            |_, facts| facts.open.as_mut().unwrap()[0].strategy = Some("csp_entry".to_owned()),
            |_, facts| facts.open.as_mut().unwrap()[0].instruments = vec![instrument(PUT)],
        ];
        let wanted = "\
KillSwitch Failed: mia halted trading on Jun 6 14:05 ET: news.
KillSwitch NotKnown: The kill switch could not be read.
Session Failed: Nothing is opened within 61 minutes of the close.
Session Failed: Nothing is opened within 331 minutes of the open.
Halt Failed: The underlying is halted.
Halt NotKnown: Whether the underlying is halted is not known.
Spread Failed: The widest market is 2.2 % of its mid, limit 2 %.
OrderUnits Failed: Units in the order: 1, limit 0.
OrderRisk Failed: Risk of the order: $62,495, limit $62,494.
DayOrders Failed: Orders today: 2, limit 1.
DayRisk Failed: Risk opened today: $72,496, limit $72,495.
SymbolRisk Failed: Risk in AAPL: $67,495, limit $1.
AccountRisk Failed: Risk in the account: $67,495, limit $1.
BuyingPower Failed: The order takes $62,495 of $1 buying power.
BuyingPower NotKnown: The broker's buying power is not known.
Earnings NotKnown: The next earnings date is not known.
Earnings Failed: Earnings may come on Jun 21, before the expiration.

Duplicate Failed: Such a position in AAPL is open or being opened.
Duplicate Failed: Such a position in AAPL is open or being opened.";
        assert_eq!(changes.map(barred).join("\n"), wanted);
    }

    #[test]
    fn what_is_not_known_bars() {
        let unknown = "\
OrderRisk NotKnown: Risk of the order: not known, limit $62,495.
DayRisk NotKnown: Risk opened today: not known, limit $72,495.
SymbolRisk NotKnown: Risk in AAPL: not known, limit $67,495.
AccountRisk NotKnown: Risk in the account: not known, limit $67,495.";
        assert_eq!(barred(|_, facts| facts.risk = None), unknown);
        let quotes = "\
Quote NotKnown: AAPL 2014-06-21 630 put has no quote.
Spread NotKnown: The spread is not known.";
        assert_eq!(barred(|_, facts| facts.quotes.clear()), quotes);
        let stale = "\
Quote Failed: No price: the quote of AAPL 2014-06-21 630 put is 11 seconds old, at most 10 seconds are allowed.
Spread NotKnown: The spread is not known.";
        assert_eq!(barred(|_, facts| facts.now += TimeDelta::seconds(11)), stale);
    }

    #[test]
    fn a_closing_order_is_held_up_by_the_market_and_the_switch_only() {
        let close =
            TradeIntent::new(terms(vec![leg(PUT, BuyToClose, 1)], NetPrice::Debit(cents(505)))).unwrap();
        let tight =
            TradeLimits { max_order_risk: Some(Decimal::ZERO), minutes_before_close: 390, ..limits() };
        assert!(passes(&judge(&close, &tight, &facts())));
        // Saturday.
        let closed = GateFacts { now: at("2014-06-07T15:00"), ..facts() };
        assert!(!passes(&judge(&close, &tight, &closed)));
    }

    fn any_limits() -> impl Strategy<Value = TradeLimits> {
        let units = || prop::option::of(0_u32..100);
        let money = || prop::option::of((0_i64..100).prop_map(Decimal::from));
        (
            (units(), units(), units()),
            (money(), money(), money(), money(), money()),
            0_u32..60,
            0_u32..60,
            any::<[bool; 3]>(),
        )
            .prop_map(|(units, money, after, before, [one, two, three])| TradeLimits {
                max_order_units: units.0,
                max_day_orders: units.1,
                max_quote_age_seconds: units.2,
                max_order_risk: money.0,
                max_day_risk: money.1,
                max_symbol_risk: money.2,
                max_account_risk: money.3,
                max_spread_percent: money.4,
                minutes_after_open: after,
                minutes_before_close: before,
                refuse_earnings: one,
                refuse_unknown_earnings: two,
                refuse_duplicates: three,
            })
    }

    proptest! {
        #[test]
        fn what_a_run_asks_for_only_tightens(config in any_limits(), run in any_limits()) {
            let both = config.tightened_by(&run);
            let passing = |limits: &TradeLimits| -> Vec<bool> {
                let checks = judge(&csp(), limits, &facts());
                checks.iter().map(|check| check.outcome == CheckOutcome::Passed).collect()
            };
            let (both_pass, config_pass, run_pass) = (passing(&both), passing(&config), passing(&run));
            for at in 0..both_pass.len() {
                prop_assert!(!both_pass[at] || (config_pass[at] && run_pass[at]));
            }
            prop_assert_eq!(both.minutes_after_open, config.minutes_after_open.max(run.minutes_after_open));
            prop_assert_eq!(both.minutes_before_close, config.minutes_before_close.max(run.minutes_before_close));
            prop_assert_eq!(&both, &run.tightened_by(&config));
            prop_assert_eq!(&both.tightened_by(&run), &both);
        }
    }
}
