//! The options analyst's text: the verdict and the trade; three reasons, the strongest against, what would change it, what is unknown.
//!
//! Reasons are taken in the order in which they are listed here, the first three that hold; the one against is the first that holds.

use rust_decimal::{Decimal, RoundingStrategy};
use ttai_contract::{NearestMiss, OptionsConstraints, Strategy, SuggestedPosition};
use ttai_core::OptionRight;
use ttai_quant::chain::{ImpliedEvent, RankUnavailable};
use ttai_quant::strategy::{Candidate, Constraint, OptionsVerdict};

use super::earnings::{Earnings, describe};
use super::freshness::delay;
use super::liquidity;
use super::market::{NoRank, projected_dividends};
use super::number::{exact, float};
use super::result::{Findings, count};
use super::words::{self, CHAIN, COMPUTED, LIMITS, whole};
use crate::article;
use crate::narrator::Narrator;
use crate::titles;

/// Reasons given for a verdict.
pub(super) const REASONS: usize = 3;
/// Implied over historical volatility from which a premium counts as rich, and under which as poor.
const RICH: f64 = 1.1;
const POOR: f64 = 0.9;

/// The text.
pub(super) struct Notes {
    /// The verdict and the trade.
    pub(super) first_line: String,
    /// All of it.
    pub(super) notes: String,
    /// What is not known, a phrase each.
    pub(super) unknowns: Vec<String>,
}

/// Said as missing and, where the policy is to warn, as a warning.
pub(super) const NO_OPEN_INTEREST: &str =
    "open interest is not reported: how easily the contract trades is judged by its bid–ask spread alone";

/// Writes the text.
pub(super) fn write(
    findings: &Findings,
    nearest: &[NearestMiss],
    relaxation: Option<&str>,
    narrator: &mut Narrator,
) -> Notes {
    let mut writer = Writer { findings, narrator };
    let (first_line, reasons, against, change) = match (&findings.selection.best, &findings.position) {
        (Some(best), Some(position)) => (
            writer.trade_line(best, position),
            writer.reasons(best, position),
            writer.against(best, position),
            writer.change(best, relaxation),
        ),
        _ => (
            writer.reject_line(nearest),
            writer.reject_reasons(nearest),
            writer.reject_against(nearest),
            writer.reject_change(relaxation),
        ),
    };
    let unknowns = writer.unknowns();
    let sections = [
        (titles::WHY, reasons.into_iter().take(REASONS).collect()),
        (article::against(findings.position.is_none()), vec![against]),
        (titles::CHANGE, vec![change]),
        (titles::MISSING, article::or_nothing(unknowns.clone())),
    ];
    let notes = article::article(&first_line, &sections);
    Notes { first_line, notes, unknowns }
}

/// Why there is no rank, in words.
pub(super) fn no_rank(reason: &NoRank, narrator: &mut Narrator) -> String {
    match reason {
        NoRank::NoHistory => "IV rank: no history of implied volatility is stored".to_owned(),
        NoRank::Unreachable(who) => {
            format!("IV rank: the history of implied volatility could not be read: {who}")
        }
        NoRank::Unavailable(RankUnavailable::TooFewSessions { have }) => {
            let have = whole(narrator, "iv_sessions", count(*have), "metrics");
            let need =
                whole(narrator, "iv_sessions_needed", count(ttai_quant::chain::history::FEWEST), "rule");
            format!("IV rank: implied volatility is stored for {have} sessions, and a rank needs {need}")
        }
        NoRank::Unavailable(RankUnavailable::NoRange) => {
            "IV rank: implied volatility has not moved in the stored sessions".to_owned()
        }
        NoRank::Unavailable(RankUnavailable::Unknown) => {
            "IV rank: the chain gives no thirty-day implied volatility".to_owned()
        }
    }
}

pub(super) struct Writer<'a> {
    pub(super) findings: &'a Findings,
    pub(super) narrator: &'a mut Narrator,
}

impl Writer<'_> {
    pub(super) fn symbol(&self) -> &str {
        self.findings.case.view.symbol.as_str()
    }

    /// `Watchlist: sell 1 AAPL 2014-06-21 630 put …; breakeven …, collateral …. It pays …`
    fn trade_line(&mut self, best: &Candidate, position: &SuggestedPosition) -> String {
        let verdict = match self.findings.verdict() {
            OptionsVerdict::Select => "Select",
            _ => "Watchlist",
        };
        let spot = self.findings.market.price();
        let trade =
            words::trade(self.narrator, self.findings.case.view.symbol.as_str(), position, best.right, spot);
        let pay = self.pay(best, position);
        let stale =
            if self.findings.stale.is_empty() { "" } else { " The prices are stale; do not trade on them." };
        let delayed = delay(&self.findings.case).map_or(String::new(), |minutes| {
            let minutes = self.narrator.count("chain_delay_minutes", minutes, CHAIN);
            format!(" Prices are delayed {minutes} min.")
        });
        let events = words::before_expiration(position);
        format!("{verdict}: {trade}.{events} {pay}{delayed}{stale}")
    }

    fn pay(&mut self, best: &Candidate, position: &SuggestedPosition) -> String {
        let limits = &self.findings.case.constraints;
        let weekly = self.narrator.beside("roc_weekly", position.roc_weekly, limits.min_roc, 2, COMPUTED);
        let wanted = words::two_digits(self.narrator, "limit_roc", limits.min_roc);
        let base = base(self.findings.case.params.trade.strategy);
        match best.misses.first().filter(|_| !best.fails(Constraint::Roc)) {
            Some(miss) => {
                let miss = words::miss(self.narrator, "best", miss);
                format!("It pays {weekly} % {base} a week at the bid, but {miss}.")
            }
            None => format!("It pays {weekly} % {base} a week at the bid; {wanted} % is required."),
        }
    }

    /// What speaks for the verdict, the weightiest first.
    fn reasons(&mut self, best: &Candidate, position: &SuggestedPosition) -> Vec<String> {
        let holds = Some(self.constraints_hold(best));
        let candidates = [
            holds,
            self.probability(position),
            self.beyond_level(best),
            self.beyond_one_sd(best),
            self.rich_premium(),
            self.after_earnings(),
            self.before_event(best),
            self.if_called(position),
            Some(self.defined_loss(position)),
            Some(self.liquid(best)),
        ];
        candidates.into_iter().flatten().collect()
    }

    fn constraints_hold(&mut self, best: &Candidate) -> String {
        let limits = &self.findings.case.constraints;
        let all = match (best.passes(), best.open_interest) {
            (true, Some(_)) => "every constraint is met",
            (true, None) => "every constraint that can be checked is met",
            (false, _) => "every constraint but the return is met",
        };
        let mut parts = Vec::new();
        if let Some(greeks) = best.greeks {
            let delta = self.narrator.beside("abs_delta", greeks.delta.abs(), limits.max_delta, 2, CHAIN);
            let most = words::two_digits(self.narrator, "limit_delta", limits.max_delta);
            parts.push(format!("|delta| {delta} of at most {most}"));
        }
        let dte = self.narrator.count("dte", best.dte, CHAIN);
        let (first, last) = (
            self.narrator.count("limit_dte_min", limits.dte_min, LIMITS),
            self.narrator.count("limit_dte_max", limits.dte_max, LIMITS),
        );
        parts.push(format!("{dte} days of {first} to {last}"));
        if let Some(open) = best.open_interest {
            parts.push(format!("open interest {}", whole(self.narrator, "open_interest", open, CHAIN)));
        }
        if let Some(spread) = best.spread_pct {
            let spread = self.narrator.beside("spread_pct", spread, limits.max_spread_pct, 1, CHAIN);
            parts.push(format!("bid–ask spread {spread} % of the mid"));
        }
        format!("{all}: {}", parts.join(", "))
    }

    fn probability(&mut self, position: &SuggestedPosition) -> Option<String> {
        let probability = words::probability_of_trade(position)?;
        let probability = self.narrator.percent("probability_of_profit", probability, 0, COMPUTED);
        let spot = self.findings.market.price();
        let away = ((position.breakeven - spot) / spot).abs();
        let side = if position.breakeven < spot { "under" } else { "over" };
        let away = self.narrator.percent("breakeven_distance", away, 1, COMPUTED);
        let spot = self.narrator.price("underlying_price", spot, CHAIN);
        Some(format!(
            "the probability of profit is {probability} (risk-neutral); the breakeven lies {away} {side} the price of {spot}"
        ))
    }

    fn beyond_level(&mut self, best: &Candidate) -> Option<String> {
        let (level, away) = (best.distances.level?, best.distances.level_atr?);
        let (beyond, side, kind) = match best.right {
            OptionRight::Put => (away <= 0.0, "under", "support"),
            OptionRight::Call => (away >= 0.0, "over", "resistance"),
        };
        beyond.then(|| {
            let level = self.narrator.price("nearest_level", level, "chart levels");
            let away = self.narrator.number("level_distance_atr", away.abs(), 1, COMPUTED);
            format!("the strike lies {away} ATR {side} the nearest {kind} at {level}")
        })
    }

    fn beyond_one_sd(&mut self, best: &Candidate) -> Option<String> {
        let at = best.distances.one_sd?;
        let beyond = match best.right {
            OptionRight::Put => float(best.strike) <= at,
            OptionRight::Call => float(best.strike) >= at,
        };
        beyond.then(|| {
            let at = self.narrator.price("one_sd", at, COMPUTED);
            format!("the strike lies beyond one standard deviation ({at}) by its expiration")
        })
    }

    pub(super) fn rich_premium(&mut self) -> Option<String> {
        let ratio = self.findings.market.iv_to_hv().filter(|ratio| *ratio >= RICH)?;
        let text = self.implied_against_historical(ratio)?;
        Some(format!("the premium is rich: {text}"))
    }

    fn implied_against_historical(&mut self, ratio: f64) -> Option<String> {
        let (implied, historical) = (self.findings.market.iv30?, self.findings.market.hv30?);
        let implied = self.narrator.percent("iv30", implied, 0, CHAIN);
        let historical = self.narrator.percent("hv30", historical, 0, "daily bars");
        let ratio = self.narrator.number("iv_hv_ratio", ratio, 2, COMPUTED);
        Some(format!(
            "thirty-day implied volatility is {implied} against {historical} realised, {ratio} times"
        ))
    }

    fn after_earnings(&self) -> Option<String> {
        match &self.findings.earnings {
            Earnings::Known(report) if !self.findings.reports_within => {
                Some(format!("the contract expires before {}", describe(report)))
            }
            _ => None,
        }
    }

    fn if_called(&mut self, position: &SuggestedPosition) -> Option<String> {
        let called = self.narrator.number("if_called_return", position.if_called_return?, 2, COMPUTED);
        Some(format!("if called away, it returns {called} % on today's price over the period"))
    }

    fn defined_loss(&mut self, position: &SuggestedPosition) -> String {
        let most = self.narrator.dollars("max_loss", position.max_loss, COMPUTED);
        let best = self.narrator.dollars("max_profit", position.max_profit, COMPUTED);
        match self.findings.case.params.trade.strategy {
            Strategy::Spread => format!("max profit {best}, max loss {most}"),
            Strategy::Csp => {
                let breakeven = self.narrator.price("breakeven", position.breakeven, COMPUTED);
                format!("assignment would mean buying the shares at a net {breakeven}")
            }
            Strategy::CoveredCall => format!("max profit is {best}"),
        }
    }

    fn liquid(&self, best: &Candidate) -> String {
        format!("the contract's liquidity is {}", liquidity::score(best))
    }

    /// The first that holds.
    fn against(&mut self, best: &Candidate, position: &SuggestedPosition) -> String {
        let stale = self.findings.stale.first().map(|stale| stale.describe(self.narrator));
        let candidates = [
            stale,
            self.within_earnings(),
            self.return_misses(best),
            (position.contracts == 0).then(|| words::too_small(self.narrator, position)),
            self.implied_event(best),
            self.ex_date(position),
            self.before_level(best),
            self.inside_one_sd(best),
            self.poor_premium(),
        ];
        candidates.into_iter().flatten().next().unwrap_or_else(|| self.worst_case(position))
    }

    fn within_earnings(&self) -> Option<String> {
        match &self.findings.earnings {
            Earnings::Known(report) if self.findings.reports_within => {
                Some(format!("{} fall before the expiration", describe(report)))
            }
            _ => None,
        }
    }

    fn return_misses(&mut self, best: &Candidate) -> Option<String> {
        let misses: Vec<String> =
            best.misses.iter().map(|miss| words::miss(self.narrator, "best", miss)).collect();
        (!misses.is_empty()).then(|| format!("the contract {}", words::together(&misses)))
    }

    fn implied_event(&mut self, best: &Candidate) -> Option<String> {
        let event = self.findings.market.events.iter().find(|event| event.by <= best.last_trade_date)?;
        let event = self.event(*event);
        Some(format!("options are pricing in an event {event}"))
    }

    fn before_event(&mut self, best: &Candidate) -> Option<String> {
        let events = &self.findings.market.events;
        let next = events.iter().find(|event| event.after >= best.last_trade_date)?;
        let within = events.iter().any(|event| event.by <= best.last_trade_date);
        let event = self.event(*next);
        (!within).then(|| format!("it expires before the event that options are pricing in {event}"))
    }

    /// `between 2014-07-18 and 2014-07-25 (a forward volatility of 44 % after 24 %)`
    fn event(&mut self, event: ImpliedEvent) -> String {
        let (after, by) = (Narrator::date(event.after), Narrator::date(event.by));
        let forward = self.narrator.percent("event_forward_iv", event.forward_iv, 0, CHAIN);
        let before = self.narrator.percent("event_forward_iv_before", event.forward_iv_before, 0, CHAIN);
        format!("between {after} and {by} (a forward volatility of {forward} after {before})")
    }

    fn ex_date(&mut self, position: &SuggestedPosition) -> Option<String> {
        let dividend = position.ex_dates.first()?;
        let amount = self.narrator.price("dividend", dividend.amount, "dividend schedule");
        let date = Narrator::date(dividend.ex_date);
        Some(format!(
            "the call is open through the ex-date {date} ({amount} a share) and may be assigned early"
        ))
    }

    fn before_level(&mut self, best: &Candidate) -> Option<String> {
        let (level, away) = (best.distances.level?, best.distances.level_atr?);
        let kind = if best.right == OptionRight::Put { "support" } else { "resistance" };
        let level = self.narrator.price("nearest_level", level, "chart levels");
        let in_front = match best.right {
            OptionRight::Put => away > 0.0,
            OptionRight::Call => away < 0.0,
        };
        in_front.then(|| {
            let away = self.narrator.number("level_distance_atr", away.abs(), 1, COMPUTED);
            format!(
                "the price would reach the strike before the nearest {kind} at {level}, {away} ATR further out"
            )
        })
    }

    fn inside_one_sd(&mut self, best: &Candidate) -> Option<String> {
        let at = best.distances.one_sd?;
        let inside = match best.right {
            OptionRight::Put => float(best.strike) > at,
            OptionRight::Call => float(best.strike) < at,
        };
        inside.then(|| {
            let at = self.narrator.price("one_sd", at, COMPUTED);
            format!("the strike lies inside one standard deviation ({at}) by its expiration")
        })
    }

    fn poor_premium(&mut self) -> Option<String> {
        let ratio = self.findings.market.iv_to_hv().filter(|ratio| *ratio <= POOR)?;
        let text = self.implied_against_historical(ratio)?;
        Some(format!("the premium is poor: {text}"))
    }

    fn worst_case(&mut self, position: &SuggestedPosition) -> String {
        let most = self.narrator.dollars("max_loss", position.max_loss, COMPUTED);
        let best = self.narrator.dollars("max_profit", position.max_profit, COMPUTED);
        let on_move = self.narrator.dollars("loss_on_20_pct_move", position.loss_on_20_pct_move, COMPUTED);
        let percent = self.narrator.number("adverse_move_pct", 20.0, 0, COMPUTED);
        format!("max profit {best}, max loss {most}; a move of {percent} % against it loses {on_move}")
    }

    fn change(&mut self, best: &Candidate, relaxation: Option<&str>) -> String {
        let needed = needed_credit(&self.findings.case.constraints, best);
        let needed = needed.map(|credit| self.narrator.decimal("credit_needed", credit, COMPUTED));
        match (best.passes(), needed) {
            (true, Some(needed)) => {
                let most = self.findings.case.constraints.max_delta;
                let most = words::two_digits(self.narrator, "limit_delta", most);
                format!("a credit below {needed}, |delta| above {most}, or a move of the price that far")
            }
            (false, Some(needed)) => {
                let relaxed = relaxation.map_or(String::new(), |text| format!(", or looser limits: {text}"));
                format!("a credit of {needed} on this contract{relaxed}")
            }
            (_, None) => {
                relaxation.map_or_else(|| "a higher credit at the same delta".to_owned(), str::to_owned)
            }
        }
    }

    fn unknowns(&mut self) -> Vec<String> {
        let mut unknown = Vec::new();
        if let Earnings::Unknown(reason) = &self.findings.earnings {
            unknown.push(format!("earnings: {reason}"));
        }
        if let Err(reason) = &self.findings.market.rank {
            unknown.push(no_rank(reason, self.narrator));
        }
        unknown.extend(self.findings.case.view.actions_unknown.clone());
        if self.findings.case.lacks_open_interest() {
            unknown.push(NO_OPEN_INTEREST.to_owned());
        }
        if self.findings.facts.missing.is_some() {
            unknown.push("the chart's levels; the warnings say why".to_owned());
        }
        if self.findings.market.hv30.is_none() {
            unknown.push("thirty-day historical volatility: the history is too short".to_owned());
        }
        let last = self.findings.position.as_ref().map(|position| position.last_trade_date);
        if last.is_some_and(|last| projected_dividends(&self.findings.case, last).next().is_some()) {
            unknown.push("the dividend before the expiration: it is projected, not declared".to_owned());
        }
        unknown
    }
}

/// The smallest credit that pays what is wanted, to the cent above.
///
/// With k = min_roc · dte / 700: k · base for a put (the strike) and a covered call (the price); for a vertical of width w the larger of w · k / (1 + k) and
/// min_credit_pct of w.
fn needed_credit(limits: &OptionsConstraints, best: &Candidate) -> Option<Decimal> {
    let (roc, credit_pct) = (exact(limits.min_roc)?, exact(limits.min_credit_pct)?);
    let period = (roc * Decimal::from(best.dte.max(1))).checked_div(Decimal::from(700))?;
    let credit = match &best.long {
        None => period * best.at_bid.return_base.checked_div(Decimal::from(best.contract_size))?,
        Some(long) => {
            let by_return = (long.width * period).checked_div(Decimal::ONE + period)?;
            by_return.max(long.width * credit_pct / Decimal::ONE_HUNDRED)
        }
    };
    Some(credit.round_dp_with_strategy(2, RoundingStrategy::ToPositiveInfinity))
}

/// What the return is measured against.
fn base(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Csp => "of the strike",
        Strategy::CoveredCall => "of the share price",
        Strategy::Spread => "of the largest loss",
    }
}
