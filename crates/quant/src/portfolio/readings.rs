//! What each rule reads in an account: how far beyond its limit every subject of it is.

use rust_decimal::Decimal;
use ttai_core::{PortfolioRule, RuleKind, Symbol};

use super::measures::{BookMeasures, HoldingMeasures};
use super::opened::{Opened, opened};
use crate::strategy::number::to_f64;

/// What a rule reads of one subject.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reading {
    /// What it is about, unique among the readings of a rule.
    pub(super) subject: String,
    pub(super) symbol: Option<Symbol>,
    /// The value as a person reads it; none where it is not known.
    pub(super) value: Option<f64>,
    /// How far the value is beyond the limit, negative on this side of it; none where it is not known.
    pub(super) beyond: Option<f64>,
    pub(super) text: String,
}

/// Farther on this side of a limit than any hysteresis.
const FAR: f64 = -1e12;

/// Every subject of a rule.
pub(super) fn readings(rule: &PortfolioRule, book: &BookMeasures) -> Vec<Reading> {
    match rule.kind {
        RuleKind::PnlWarning => vec![pnl(rule, book)],
        RuleKind::MarginWarning => vec![margin(rule, book)],
        RuleKind::SymbolConcentration | RuleKind::SectorConcentration => shares(rule, book),
        RuleKind::PriceAbove | RuleKind::PriceBelow => prices(rule, book),
        // The watch itself sees to these.
        RuleKind::MonitoringBlind | RuleKind::ExpiryDay => Vec::new(),
        _ => book
            .positions
            .iter()
            .filter(|held| rule.symbol.is_none() || held.underlying == rule.symbol)
            .filter_map(|held| of_position(rule, book, held))
            .collect(),
    }
}

fn account(value: Option<f64>, beyond: Option<f64>, text: String) -> Vec<Reading> {
    vec![Reading { subject: "account".to_owned(), symbol: None, value, beyond, text }]
}

fn pnl(rule: &PortfolioRule, book: &BookMeasures) -> Reading {
    let value = book.day_pnl_pct;
    let text = match value {
        Some(pct) => {
            format!("Daily P&L: {pct:.1}% of net liquidation ({} dollars)", dollars(book.day_pnl.amount))
        }
        None => "Daily P&L is not known".to_owned(),
    };
    account(value, value.map(|pct| -pct - rule.threshold), text).remove(0)
}

fn margin(rule: &PortfolioRule, book: &BookMeasures) -> Reading {
    let value = book.margin.utilization_pct;
    let text = match value {
        Some(pct) => format!("Margin utilization: {pct:.0}% (limit {:.0}%)", rule.threshold),
        None => "Margin utilization is not known".to_owned(),
    };
    account(value, value.map(|pct| pct - rule.threshold), text).remove(0)
}

fn shares(rule: &PortfolioRule, book: &BookMeasures) -> Vec<Reading> {
    let Some(found) = &book.concentration else { return Vec::new() };
    let of_symbols = rule.kind == RuleKind::SymbolConcentration;
    let shares = if of_symbols { &found.symbols } else { &found.sectors };
    let wanted = |name: &str| rule.symbol.as_ref().is_none_or(|symbol| symbol.as_str() == name);
    let reading = |share: &crate::risk::Share| Reading {
        subject: share.name.clone(),
        symbol: of_symbols.then(|| Symbol::new(&share.name).ok()).flatten(),
        value: Some(share.pct),
        beyond: Some(share.pct - rule.threshold),
        text: format!(
            "{} is {:.0}% of net liquidation (limit {:.0}%)",
            share.name, share.pct, rule.threshold
        ),
    };
    shares.iter().filter(|share| !of_symbols || wanted(&share.name)).map(reading).collect()
}

fn prices(rule: &PortfolioRule, book: &BookMeasures) -> Vec<Reading> {
    let above = rule.kind == RuleKind::PriceAbove;
    let of_rule = book
        .underlyings
        .iter()
        .filter(|of| rule.symbol.is_none() || rule.symbol.as_ref() == Some(&of.symbol));
    of_rule
        .map(|of| {
            let value = of.spot.map(to_f64);
            let side = if above { "above" } else { "below" };
            let shown = value.map_or("?".to_owned(), |price| format!("{price:.2}"));
            Reading {
                subject: of.symbol.to_string(),
                symbol: Some(of.symbol.clone()),
                value,
                beyond: value
                    .map(|price| if above { price - rule.threshold } else { rule.threshold - price }),
                text: format!("{} at {shown} is {side} {}", of.symbol, rule.threshold),
            }
        })
        .collect()
}

/// A rule's value in a position, how far beyond the limit it is, and what there is to say.
type Found = (Option<f64>, Option<f64>, String);

fn of_position(rule: &PortfolioRule, book: &BookMeasures, held: &HoldingMeasures) -> Option<Reading> {
    held.dte?;
    let short = held.quantity.is_sign_negative();
    if !short && rule.kind != RuleKind::DteWarning {
        return None;
    }
    let limit = rule.threshold;
    let (value, beyond, what): Found = match rule.kind {
        RuleKind::DeltaBreach => delta(held, limit),
        RuleKind::ProfitTarget => profit(&of_credit(book, held), limit),
        RuleKind::LossLimit => loss(&of_credit(book, held), limit),
        RuleKind::DteWarning => {
            let days = held.dte?;
            (Some(days as f64), Some(limit - days as f64), format!("{} left", day_count(days)))
        }
        RuleKind::ItmNearExpiry => in_the_money(held, limit),
        RuleKind::ExDividend => {
            let days = if held.name.ends_with("call") { held.days_to_ex } else { None };
            days_ahead(days, limit, "goes ex-dividend in")
        }
        RuleKind::EarningsBeforeExpiry => days_ahead(held.days_to_earnings, limit, "spans earnings in"),
        RuleKind::AssignmentRisk => assignment(held, limit),
        _ => return None,
    };
    Some(Reading {
        subject: held.symbol.trim().to_owned(),
        symbol: held.underlying.clone(),
        value,
        beyond,
        text: format!("{} {}: {what}", held.quantity.normalize(), held.name),
    })
}

fn delta(held: &HoldingMeasures, limit: f64) -> Found {
    let value = held.delta.map(f64::abs);
    let shown = value.map_or("not known".to_owned(), |delta| format!("{delta:.2}"));
    (value, value.map(|delta| delta - limit), format!("|delta| {shown} (limit {limit:.2})"))
}

/// How a credit stands.
enum OfCredit {
    /// Percent of it that is won, negative where it is lost, where that is known, and what it is called.
    Won(Option<f64>, String),
    /// It is another position's to say.
    Covered,
}

/// Of a short option, or of the spread that it was opened in.
fn of_credit(book: &BookMeasures, held: &HoldingMeasures) -> OfCredit {
    let won = |credit: Decimal, close: Decimal| {
        (credit > Decimal::ZERO).then(|| to_f64((credit - close) / credit) * 100.0)
    };
    match opened(book, held) {
        Opened::Alone => {
            OfCredit::Won(held.mark.and_then(|mark| won(held.entry, mark)), "the credit".to_owned())
        }
        Opened::Spread { credit, close, name } => {
            OfCredit::Won(won(credit, close), format!("the {name}'s credit"))
        }
        Opened::Unknown => OfCredit::Won(None, "the credit".to_owned()),
        Opened::Covered => OfCredit::Covered,
    }
}

fn profit(of: &OfCredit, limit: f64) -> Found {
    let OfCredit::Won(value, credit) = of else { return (None, Some(FAR), String::new()) };
    let shown = value.map_or("not known".to_owned(), |pct| format!("{pct:.0}% of {credit}"));
    (*value, value.map(|pct| pct - limit), format!("profit {shown} (target {limit:.0}%)"))
}

fn loss(of: &OfCredit, limit: f64) -> Found {
    let OfCredit::Won(value, credit) = of else { return (None, Some(FAR), String::new()) };
    let value = value.map(|pct| -pct / 100.0);
    let shown = value.map_or("not known".to_owned(), |times| format!("{times:.1}× {credit}"));
    (value, value.map(|times| times - limit), format!("loss {shown} (limit {limit:.1}×)"))
}

/// Beyond is in percent of the underlying's price, so that the hysteresis is.
fn in_the_money(held: &HoldingMeasures, limit: f64) -> Found {
    let days = held.dte.unwrap_or(i64::MAX);
    if days as f64 > limit {
        return (Some(days as f64), Some(FAR), String::new());
    }
    let inside = held.moneyness_pct;
    let shown = inside.map_or("not known how far".to_owned(), |pct| format!("{pct:.1}%"));
    (inside, inside, format!("{shown} in the money with {} left", day_count(days)))
}

fn days_ahead(days: Option<i64>, limit: f64, what: &str) -> Found {
    let Some(days) = days else { return (None, Some(FAR), String::new()) };
    (Some(days as f64), Some(limit - days as f64), format!("{what} {}", day_count(days)))
}

fn assignment(held: &HoldingMeasures, limit: f64) -> Found {
    let Some(risk) = &held.assignment else {
        // European and cash-settled contracts have none; without prices it is not known.
        let unknown = held.mark.is_none() || held.moneyness_pct.is_none();
        return (None, (!unknown).then_some(FAR), String::new());
    };
    let level = f64::from(risk.level as u8);
    let flags: Vec<&str> = risk.flags.iter().map(|flag| flag.words()).collect();
    let why = if flags.is_empty() { String::new() } else { format!(" ({})", flags.join(", ")) };
    let text =
        format!("assignment risk {}{why}, time value {}", risk.level.name(), risk.extrinsic.round_dp(2));
    // A price that hovers at the strike raises one alert: out of the money, beyond is in percent of it.
    let outside = held.moneyness_pct.filter(|inside| level < limit && *inside <= 0.0);
    let beyond = outside.map_or(level - limit, |inside| inside.min(-f64::EPSILON));
    (Some(level), Some(beyond), text)
}

fn day_count(days: i64) -> String {
    match days {
        0 => "0 days".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

/// Whole dollars with their sign.
fn dollars(amount: Decimal) -> String {
    amount.round_dp(0).normalize().to_string()
}
