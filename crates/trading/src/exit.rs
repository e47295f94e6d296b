//! When a short-premium position is left: the plan made at its entry against today's facts, and what an expiration day asks for.
//!
//! The rules are TRADING.md's: close at 50 % of the credit; review at 21 DTE when opened above 30, else at half of the
//! entry's; tested at |delta| 0.50, spreads at a loss of twice the credit. The entry's plan with its model prices and its
//! review day is made elsewhere (`quant`'s `exit_plan`, `review_dte`); here is what is watched of it.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use ttai_calendar::{expiration_close, new_york_date};
use ttai_core::Settlement;

/// What is watched, stored with the position.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExitTargets {
    /// Dollars a share for which closing takes the profit.
    pub close_at: Decimal,
    /// Calendar days to the last trade date at which to decide again.
    pub review_dte: i64,
    /// |delta| of the short option at which it is tested; none where the stop decides.
    pub tested_delta: Option<f64>,
    /// Dollars a share that closing costs where the loss is too large; none where delta decides.
    pub stop_at: Option<Decimal>,
    /// Whether a tested or due position is rolled, and closed only where no roll for a credit is to be had.
    pub roll: bool,
    /// Minutes before the last close in which what is in the money is closed: before the broker does it by itself.
    pub closing_minutes: u32,
    /// Dollars from the strike within which a short option counts as in the money on its last day.
    pub pin_distance: Decimal,
}

impl ExitTargets {
    /// The default plan of a position opened for a credit in dollars a share. `width` is a spread's distance of strikes; where it
    /// is so small that twice the credit cannot be lost, delta decides as for a single option.
    #[must_use]
    pub fn of(credit: Decimal, review_dte: i64, width: Option<Decimal>) -> Self {
        let stop = Self::stop_of(credit);
        let stop_at = width.filter(|width| *width > stop).map(|_| stop);
        Self {
            close_at: credit / Decimal::TWO,
            review_dte,
            tested_delta: stop_at.is_none().then_some(0.50),
            stop_at,
            roll: false,
            closing_minutes: 60,
            pin_distance: Decimal::new(25, 2),
        }
    }

    /// Dollars a share at which closing loses twice the credit: buying back at three credits loses two.
    #[must_use]
    pub fn stop_of(credit: Decimal) -> Decimal {
        credit.saturating_mul(Decimal::from(3))
    }
}

/// A position now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExitFacts {
    /// The market's time.
    pub now: DateTime<Utc>,
    /// The last session in which its options trade.
    pub last_trade_date: NaiveDate,
    /// Dollars a share that closing costs, at the mid; none where not known.
    pub cost_to_close: Option<Decimal>,
    /// Delta of the short option that is nearest to the money; none where not known.
    pub short_delta: Option<f64>,
    /// Dollars by which that option is in the money, negative out of it; none where not known.
    pub in_the_money: Option<Decimal>,
    /// What its exercise brings.
    pub settlement: Settlement,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExitAction {
    /// Nothing.
    Hold,
    /// Ask the user.
    Review,
    /// Buy it back.
    Close,
    /// Roll for a credit, else close.
    Roll,
    /// Let it expire or be settled.
    LetExpire,
}

/// Which rule says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExitRule {
    /// None does.
    None,
    /// The last minutes of the last day, or what comes after them.
    ExpirationDay,
    /// The loss.
    Stop,
    /// |delta|.
    Tested,
    /// The profit.
    TakeProfit,
    /// The days.
    Review,
}

/// What to do, why, at which price and by when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitDecision {
    /// What.
    pub action: ExitAction,
    /// Why.
    pub rule: ExitRule,
    /// Dollars a share that closing costs, where it is known.
    pub cost_to_close: Option<Decimal>,
    /// The day that the rule is about: the review's, else the last trade date.
    pub date: NaiveDate,
    /// The same for a trader.
    pub sentence: String,
}

/// How a position ended, as `PositionMonitorWorkflow` answers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldingEnd {
    /// Closed, by whomever, before its last close.
    ClosedEarly,
    /// Held to its last close, whatever it was worth then.
    HeldToExpiration,
}

impl HoldingEnd {
    /// How a position ended whose last fill, if any, was at `closed_at`. A last day without a session ended at once.
    #[must_use]
    pub fn of(closed_at: Option<DateTime<Utc>>, last_trade_date: NaiveDate) -> Self {
        let end = expiration_close(last_trade_date);
        let is_early = closed_at.zip(end).is_some_and(|(closed_at, end)| closed_at < end);
        if is_early { Self::ClosedEarly } else { Self::HeldToExpiration }
    }
}

/// Decides by the first rule that holds: expiration day, stop, tested, take profit, review. A rule whose number is not known
/// does not hold, and the sentence says which number is missing.
#[must_use]
pub fn decide(targets: &ExitTargets, facts: &ExitFacts) -> ExitDecision {
    let watch = Watch { targets, facts };
    watch
        .expiration_day()
        .or_else(|| watch.stop())
        .or_else(|| watch.tested())
        .or_else(|| watch.take_profit())
        .or_else(|| watch.review())
        .unwrap_or_else(|| watch.hold())
}

struct Watch<'a> {
    targets: &'a ExitTargets,
    facts: &'a ExitFacts,
}

impl Watch<'_> {
    fn say(&self, action: ExitAction, rule: ExitRule, sentence: String) -> ExitDecision {
        let date = if rule == ExitRule::Review { self.review_date() } else { self.facts.last_trade_date };
        ExitDecision { action, rule, cost_to_close: self.facts.cost_to_close, date, sentence }
    }

    fn dte(&self) -> i64 {
        (self.facts.last_trade_date - new_york_date(self.facts.now)).num_days()
    }

    fn review_date(&self) -> NaiveDate {
        let days = TimeDelta::try_days(self.targets.review_dte).unwrap_or_default();
        self.facts.last_trade_date.checked_sub_signed(days).unwrap_or(self.facts.last_trade_date)
    }

    fn rolled(&self) -> ExitAction {
        if self.targets.roll { ExitAction::Roll } else { ExitAction::Close }
    }

    /// The last minutes of the last session, by its real close. Cash settlement needs no closing: no shares come of it.
    fn expiration_day(&self) -> Option<ExitDecision> {
        let rule = ExitRule::ExpirationDay;
        let let_expire = |sentence: &str| self.say(ExitAction::LetExpire, rule, sentence.to_owned());
        let over = "The last session is over: it expires or is settled.";
        let Some(end) = expiration_close(self.facts.last_trade_date) else {
            return (self.dte() < 0).then(|| let_expire(over));
        };
        if self.facts.now >= end {
            return Some(let_expire(over));
        }
        if self.facts.now < end - TimeDelta::minutes(i64::from(self.targets.closing_minutes)) {
            return None;
        }
        if self.facts.settlement == Settlement::Cash {
            return Some(let_expire("It is settled in cash: no shares change hands."));
        }
        let close = |sentence| self.say(ExitAction::Close, rule, sentence);
        Some(match self.facts.in_the_money {
            None => close("Whether it is in the money is not known; closing avoids assignment.".to_owned()),
            Some(amount) if amount > Decimal::ZERO => {
                close(format!("In the money by {amount:.2} on its last day; closing avoids assignment."))
            }
            Some(amount) if -amount <= self.targets.pin_distance => close(format!(
                "Only {:.2} out of the money on its last day; closing avoids pin risk.",
                -amount
            )),
            Some(amount) => let_expire(&format!("Out of the money by {:.2} on its last day.", -amount)),
        })
    }

    fn stop(&self) -> Option<ExitDecision> {
        let (cost, stop) = self.facts.cost_to_close.zip(self.targets.stop_at)?;
        let sentence = || {
            format!("Closing costs {cost:.2}, at or over the stop of {stop:.2}: twice the credit is lost.")
        };
        (cost >= stop).then(|| self.say(self.rolled(), ExitRule::Stop, sentence()))
    }

    fn tested(&self) -> Option<ExitDecision> {
        let (delta, tested) = self.facts.short_delta.zip(self.targets.tested_delta)?;
        let sentence = || format!("|delta| is {:.2}, at or over {tested:.2}.", delta.abs());
        (delta.abs() >= tested).then(|| self.say(self.rolled(), ExitRule::Tested, sentence()))
    }

    fn take_profit(&self) -> Option<ExitDecision> {
        let (cost, close_at) = (self.facts.cost_to_close?, self.targets.close_at);
        let sentence = || format!("Closing costs {cost:.2}, at or under the target of {close_at:.2}.");
        (cost <= close_at).then(|| self.say(ExitAction::Close, ExitRule::TakeProfit, sentence()))
    }

    fn review(&self) -> Option<ExitDecision> {
        let (dte, due) = (self.dte(), self.targets.review_dte);
        let action = if self.targets.roll { ExitAction::Roll } else { ExitAction::Review };
        let sentence = || format!("{dte} days are left; the review is due at {due}.");
        (dte <= due).then(|| self.say(action, ExitRule::Review, sentence()))
    }

    fn hold(&self) -> ExitDecision {
        let targets = self.targets;
        let missing = match (self.facts.cost_to_close, self.facts.short_delta) {
            (None, _) => " The cost of closing is not known.",
            (_, None) if targets.tested_delta.is_some() => " The delta is not known.",
            _ => "",
        };
        let review = self.review_date().format("%b %-d");
        let sentence = format!("Take profit at {:.2}, review {review}.{missing}", targets.close_at);
        self.say(ExitAction::Hold, ExitRule::None, sentence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, cents};

    /// The 630 put of TRADING.md: opened 2014-06-06 for 5.05 with 14 days (to Friday 06-20), review at half of them, 7.
    fn targets() -> ExitTargets {
        ExitTargets::of(cents(505), 7, None)
    }

    fn facts(now: &str) -> ExitFacts {
        ExitFacts {
            now: at(now),
            last_trade_date: "2014-06-20".parse().unwrap(),
            cost_to_close: Some(cents(400)),
            short_delta: Some(-0.30),
            in_the_money: Some(cents(-1500)),
            settlement: Settlement::Physical,
        }
    }

    #[test]
    fn the_defaults_are_half_the_credit_delta_and_twice_the_credit() {
        // 5.05 / 2 = 2.525.
        assert_eq!(
            (targets().close_at, targets().tested_delta, targets().stop_at),
            (Decimal::new(2525, 3), Some(0.5), None)
        );
        // A spread of 10 for 2.00: closing at 6.00 has lost 4.00, twice the credit.
        let spread = ExitTargets::of(cents(200), 21, Some(cents(1000)));
        assert_eq!((spread.stop_at, spread.tested_delta), (Some(cents(600)), None));
        // A spread of 5 for 2.00 loses 3.00 at most.
        assert_eq!(ExitTargets::of(cents(200), 21, Some(cents(500))).tested_delta, Some(0.5));
    }

    #[test]
    fn the_first_rule_that_holds_decides() {
        use ExitAction::{Close, Hold, LetExpire, Review};
        type Change = fn(&mut ExitFacts);
        let rows: Vec<(&str, Change, ExitAction, ExitRule)> = vec![
            ("2014-06-09T11:00", |_| {}, Hold, ExitRule::None),
            ("2014-06-09T11:00", |facts| facts.cost_to_close = Some(cents(252)), Close, ExitRule::TakeProfit),
            ("2014-06-09T11:00", |facts| facts.cost_to_close = Some(cents(253)), Hold, ExitRule::None),
            ("2014-06-09T11:00", |facts| facts.short_delta = Some(-0.5), Close, ExitRule::Tested),
            ("2014-06-09T11:00", |facts| facts.short_delta = None, Hold, ExitRule::None),
            // 8 days are left on the 12th, 7 on the 13th.
            ("2014-06-12T15:59", |_| {}, Hold, ExitRule::None),
            ("2014-06-13T09:31", |_| {}, Review, ExitRule::Review),
            // The last hour of Friday the 20th begins at 15:00.
            ("2014-06-20T14:59", |facts| facts.in_the_money = Some(cents(10)), Review, ExitRule::Review),
            (
                "2014-06-20T15:00",
                |facts| facts.in_the_money = Some(cents(10)),
                Close,
                ExitRule::ExpirationDay,
            ),
            (
                "2014-06-20T15:00",
                |facts| facts.in_the_money = Some(cents(-25)),
                Close,
                ExitRule::ExpirationDay,
            ),
            ("2014-06-20T15:00", |facts| facts.in_the_money = None, Close, ExitRule::ExpirationDay),
            (
                "2014-06-20T15:00",
                |facts| facts.in_the_money = Some(cents(-26)),
                LetExpire,
                ExitRule::ExpirationDay,
            ),
            (
                "2014-06-20T15:00",
                |facts| (facts.in_the_money, facts.settlement) = (Some(cents(900)), Settlement::Cash),
                LetExpire,
                ExitRule::ExpirationDay,
            ),
            (
                "2014-06-20T16:00",
                |facts| facts.in_the_money = Some(cents(900)),
                LetExpire,
                ExitRule::ExpirationDay,
            ),
            ("2014-06-23T10:00", |_| {}, LetExpire, ExitRule::ExpirationDay),
        ];
        for (now, change, action, rule) in rows {
            let mut facts = facts(now);
            change(&mut facts);
            let decision = decide(&targets(), &facts);
            assert_eq!((decision.action, decision.rule), (action, rule), "{now} {}", decision.sentence);
        }
    }

    #[test]
    fn a_decision_names_price_and_date() {
        let held = decide(&targets(), &facts("2014-06-09T11:00"));
        assert_eq!(held.sentence, "Take profit at 2.52, review Jun 13.");
        let due = decide(&targets(), &facts("2014-06-13T11:00"));
        assert_eq!((due.date, due.cost_to_close), ("2014-06-13".parse().unwrap(), Some(cents(400))));
        assert_eq!(due.sentence, "7 days are left; the review is due at 7.");
    }

    #[test]
    fn a_spread_has_a_stop_and_a_roll_is_asked_for_where_wanted() {
        let spread = ExitTargets { roll: true, ..ExitTargets::of(cents(200), 7, Some(cents(1000))) };
        let cost = |cost| ExitFacts {
            cost_to_close: Some(cents(cost)),
            short_delta: Some(-0.9),
            ..facts("2014-06-09T11:00")
        };
        let decided = |cost_now| {
            let decision = decide(&spread, &cost(cost_now));
            (decision.action, decision.rule)
        };
        assert_eq!(decided(600), (ExitAction::Roll, ExitRule::Stop));
        assert_eq!(decided(599), (ExitAction::Hold, ExitRule::None));
        assert_eq!(decided(100), (ExitAction::Close, ExitRule::TakeProfit));
        let due = decide(&spread, &facts("2014-06-13T11:00"));
        assert_eq!((due.action, due.rule), (ExitAction::Roll, ExitRule::Review));
    }

    #[test]
    fn an_early_close_moves_the_last_hour() {
        // The Wednesday before Independence Day 2024 closed at 13:00.
        let early = |now| ExitFacts {
            last_trade_date: "2024-07-03".parse().unwrap(),
            in_the_money: Some(cents(10)),
            ..facts(now)
        };
        let rule = |now| decide(&targets(), &early(now)).rule;
        assert_eq!(
            (rule("2024-07-03T11:59"), rule("2024-07-03T12:00")),
            (ExitRule::Review, ExitRule::ExpirationDay)
        );
        let end = |closed: Option<&str>| HoldingEnd::of(closed.map(at), "2024-07-03".parse().unwrap());
        assert_eq!(end(Some("2024-07-03T12:59")), HoldingEnd::ClosedEarly);
        assert_eq!(end(Some("2024-07-03T13:00")), HoldingEnd::HeldToExpiration);
        assert_eq!(end(None), HoldingEnd::HeldToExpiration);
    }
}
