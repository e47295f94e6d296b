//! Phrases that several texts share; every number goes through the narrator.

use ttai_contract::{Strategy, SuggestedPosition};
use ttai_core::{OptionContract, OptionRight};
use ttai_quant::strategy::Constraint;
use ttai_quant::strategy::select::{ContractSummary, LegRole, Miss};

use super::number::float;
use crate::article::list;
use crate::narrator::{Narrator, fewest_digits};

/// Source of numbers that follow from others.
pub(crate) const COMPUTED: &str = "computed";
/// Source of quotes.
pub(super) const CHAIN: &str = "option chain";
/// Source of the user's limits.
pub(crate) const LIMITS: &str = "constraints";

/// A number as short as it is: 630, 632.5, 0.3; at most four digits after the point.
pub(crate) fn short(narrator: &mut Narrator, name: &str, value: f64, source: &str) -> String {
    narrator.number(name, value, fewest_digits(value, 0, 4), source)
}

/// Whole contracts, days or shares.
pub(super) fn whole(narrator: &mut Narrator, name: &str, value: u64, source: &str) -> String {
    narrator.count(name, i64::try_from(value).unwrap_or(i64::MAX), source)
}

/// `AAPL 2014-06-21 630 put`, or `AAPL 2014-06-21 630/625 put vertical`.
pub(super) fn contract(narrator: &mut Narrator, symbol: &str, name: &str, summary: &Series) -> String {
    let strike = short(narrator, &format!("{name}_strike"), summary.strike, CHAIN);
    let long = summary
        .long_strike
        .map(|long| format!("/{}", short(narrator, &format!("{name}_long_strike"), long, CHAIN)))
        .unwrap_or_default();
    let kind = if long.is_empty() { "" } else { " vertical" };
    format!("{symbol} {} {strike}{long} {}{kind}", Narrator::date(summary.expiration), summary.right)
}

/// What a contract's name needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Series {
    pub(super) strike: f64,
    pub(super) long_strike: Option<f64>,
    pub(super) expiration: chrono::NaiveDate,
    pub(super) right: OptionRight,
}

impl Series {
    pub(super) fn of_position(position: &SuggestedPosition, right: OptionRight) -> Self {
        let SuggestedPosition { strike, long_strike, expiration, .. } = *position;
        Self { strike, long_strike, expiration, right }
    }

    pub(super) fn of_contract(contract: &OptionContract) -> Self {
        let OptionContract { expiration, right, .. } = *contract;
        Self { strike: contract.strike_f64(), long_strike: None, expiration, right }
    }

    pub(super) fn of_summary(summary: &ContractSummary, right: OptionRight) -> Self {
        Self {
            strike: float(summary.strike),
            long_strike: summary.long_strike.map(float),
            expiration: summary.expiration,
            right,
        }
    }
}

/// The trade: `sell 1 AAPL 2014-06-21 630 put (last trades 2014-06-20) for 5.05; breakeven 624.95, collateral $63,000`.
pub(crate) fn trade(
    narrator: &mut Narrator,
    symbol: &str,
    position: &SuggestedPosition,
    right: OptionRight,
    spot: f64,
) -> String {
    let contract = contract(narrator, symbol, "best", &Series::of_position(position, right));
    let contracts = u64::from(position.contracts.max(1));
    let shares = if position.buy_write {
        let shares = whole(narrator, "shares", 100 * contracts, COMPUTED);
        let spot = narrator.price("underlying_price", spot, CHAIN);
        format!("buy-write: buy {shares} shares at {spot} and ")
    } else {
        String::new()
    };
    let contracts = whole(narrator, "contracts", contracts, COMPUTED);
    let last = if position.last_trade_date == position.expiration {
        String::new()
    } else {
        format!(" (last trades {})", Narrator::date(position.last_trade_date))
    };
    let credit = narrator.price("credit", position.credit, CHAIN);
    let breakeven = narrator.price("breakeven", position.breakeven, COMPUTED);
    let collateral = narrator.dollars("collateral", position.collateral, COMPUTED);
    let sizing = match position.sizing.as_str() {
        "unsized" => " per contract; pass --capital to size it",
        "too_small" => " per contract, more than the capital carries: do not sell it",
        _ => "",
    };
    format!(
        "{shares}sell {contracts} {contract}{last} for {credit}; breakeven {breakeven}, collateral \
         {collateral}{sizing}"
    )
}

/// The least probability of profit that speaks for a trade.
const LIKELY: f64 = 0.6;

/// The risk-neutral probability of profit (0 to 1), where it speaks for the trade. On shares that are held already it speaks of what they
/// cost, and not of the call.
pub(crate) fn probability_of_trade(position: &SuggestedPosition) -> Option<f64> {
    let is_of_shares = position.strategy == Strategy::CoveredCall && !position.buy_write;
    position.probability_of_profit.filter(|probability| !is_of_shares && *probability >= LIKELY)
}

/// ` Before it expires: earnings after the close of 2014-07-22 and the ex-date 2014-08-07.`, with the blank before it; empty where nothing does.
pub(crate) fn before_expiration(position: &SuggestedPosition) -> String {
    let events = list(&position.events);
    if events.is_empty() { events } else { format!(" Before it expires: {events}.") }
}

/// A constraint in words.
pub(super) fn constraint(constraint: Constraint) -> &'static str {
    match constraint {
        Constraint::Dte => "days to expiration",
        Constraint::Bid => "no bid",
        Constraint::Iv => "no implied volatility",
        Constraint::Delta => "delta",
        Constraint::Roc => "the weekly return",
        Constraint::OpenInterest => "open interest",
        Constraint::Spread => "the bid–ask spread",
        Constraint::Credit => "the credit against the width",
        Constraint::Earnings => "earnings",
        Constraint::LocksInLoss => "a loss if called",
    }
}

/// What a contract needs and has not: `needs delta ≤ 0.30 (has 0.32)`, or `no bid`.
pub(super) fn miss(narrator: &mut Narrator, name: &str, miss: &Miss) -> String {
    let leg = if miss.leg == LegRole::Long { "long leg: " } else { "" };
    let text = match (miss.actual, miss.limit) {
        (Some(actual), Some(limit)) => needs(narrator, name, miss.constraint, actual, limit),
        _ => match miss.constraint {
            Constraint::Bid => "no bid".to_owned(),
            Constraint::Iv => "no implied volatility".to_owned(),
            Constraint::OpenInterest => "open interest not reported".to_owned(),
            Constraint::Earnings => "earnings before its expiration".to_owned(),
            Constraint::Spread => "a crossed or empty quote".to_owned(),
            other => constraint(other).to_owned(),
        },
    };
    format!("{leg}{text}")
}

fn needs(narrator: &mut Narrator, name: &str, which: Constraint, actual: f64, limit: f64) -> String {
    let key = format!("{name}_{}", which.name());
    let has = match which {
        Constraint::Dte | Constraint::OpenInterest => narrator.number(&key, actual, 0, CHAIN),
        Constraint::Spread | Constraint::Credit => narrator.beside(&key, actual, limit, 1, COMPUTED),
        _ => narrator.beside(&key, actual, limit, 2, COMPUTED),
    };
    let limit_name = format!("limit_{}", which.name());
    let wanted = match which {
        Constraint::Roc | Constraint::Delta => two_digits(narrator, &limit_name, limit),
        _ => short(narrator, &limit_name, limit, LIMITS),
    };
    match which {
        Constraint::Dte if actual < limit => format!("needs {wanted}+ days (has {has})"),
        Constraint::Dte => format!("needs at most {wanted} days (has {has})"),
        Constraint::Roc => format!("needs {wanted} % a week (has {has} %)"),
        Constraint::Delta => format!("needs delta ≤ {wanted} (has {has})"),
        Constraint::OpenInterest => format!("needs open interest of {wanted}+ (has {has})"),
        Constraint::Spread => format!("needs a bid–ask spread ≤ {wanted} % of the mid (has {has} %)"),
        Constraint::Credit => format!("needs a credit of {wanted}+ % of the width (has {has} %)"),
        other => format!("{} {has} (limit {wanted})", constraint(other)),
    }
}

/// A limit with two digits, as returns and deltas are read; more where it has more.
pub(crate) fn two_digits(narrator: &mut Narrator, name: &str, limit: f64) -> String {
    narrator.number(name, limit, fewest_digits(limit, 2, 4), LIMITS)
}

/// What a contract misses, as one clause: `needs 14+ days (has 7) and delta ≤ 0.30 (has 0.32)`.
pub(super) fn together(misses: &[String]) -> String {
    let (needed, others): (Vec<&String>, Vec<&String>) =
        misses.iter().partition(|miss| miss.starts_with("needs "));
    let bare: Vec<String> = needed.iter().map(|miss| miss.trim_start_matches("needs ").to_owned()).collect();
    let needs = (!bare.is_empty()).then(|| format!("needs {}", list(&bare)));
    let others: Vec<String> = others.into_iter().cloned().collect();
    let has = (!others.is_empty()).then(|| format!("has {}", list(&others)));
    list(&needs.into_iter().chain(has).collect::<Vec<_>>())
}

/// Why no contract fits: `one contract needs $62,000 of capital, at most 50 % of which may be tied up at assignment`.
pub(super) fn too_small(narrator: &mut Narrator, position: &SuggestedPosition) -> String {
    let needed = narrator.dollars("capital_for_one", position.capital_for_one(), COMPUTED);
    let limit = narrator.number("assignment_limit_pct", position.assignment_limit_pct, 0, LIMITS);
    let least = if position.assignment_limit_pct < 100.0 {
        format!(", at most {limit} % of which may be tied up at assignment")
    } else {
        String::new()
    };
    format!("one contract needs {needed} of capital{least}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_short_as_they_are() {
        let mut narrator = Narrator::default();
        let mut print = |value| short(&mut narrator, "x", value, CHAIN);
        assert_eq!(
            [630.0, 632.5, 0.3, 92.86, 1.0 / 3.0].map(&mut print),
            ["630", "632.5", "0.3", "92.86", "0.3333"]
        );
    }

    #[test]
    fn misses_are_told_as_needs() {
        let miss_of = |constraint, actual, limit| Miss {
            constraint,
            leg: LegRole::Short,
            actual: Some(actual),
            limit: Some(limit),
            relative: None,
        };
        let mut narrator = Narrator::default();
        let misses: Vec<String> = [
            miss_of(Constraint::Dte, 7.0, 14.0),
            miss_of(Constraint::Delta, 0.3234, 0.3),
            miss_of(Constraint::Roc, 0.4996, 0.5),
        ]
        .iter()
        .map(|near| miss(&mut narrator, "near", near))
        .collect();
        assert_eq!(
            together(&misses),
            "needs 14+ days (has 7), delta ≤ 0.30 (has 0.32) and 0.50 % a week (has 0.4996 %)"
        );
        assert_eq!(together(&["no bid".to_owned()]), "has no bid");
        let late = miss(&mut narrator, "late", &miss_of(Constraint::Dte, 60.0, 45.0));
        assert_eq!(late, "needs at most 45 days (has 60)");
        let limits = [0.3, 0.325, 0.5].map(|limit| two_digits(&mut narrator, "limit", limit));
        assert_eq!(limits, ["0.30", "0.325", "0.50"]);
    }
}
