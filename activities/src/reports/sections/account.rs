//! The accounts: what they are worth, the day's P&L, and each position.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use ttai_contract::{PortfolioPosition, PortfolioState, PortfolioSum};
use ttai_ports::StoredPosition;

use super::super::accounts::{AccountView, AccountsView};
use super::super::document::{ReportCell, ReportFact, ReportSection, ReportTable, ValueTone};
use super::super::moment::ReportMoment;
use super::super::svg::{equity_line, pnl_bars};
use super::super::words;

/// Positions that are listed of an account.
const LISTED: usize = 60;

/// Why there is no account to show.
pub(crate) fn why_none(accounts: &AccountsView, moment: &ReportMoment) -> Option<String> {
    if !accounts.accounts.is_empty() {
        return None;
    }
    Some(if moment.past {
        format!(
            "Nothing is stored of the accounts on {}: a day's positions and balances are saved by that day's own report.",
            words::long_day(moment.day)
        )
    } else if accounts.problems.is_empty() {
        "No account is known: no broker is connected, or none of its accounts is this user's.".to_owned()
    } else {
        "No account could be read.".to_owned()
    })
}

/// Dollars won, and in percent of net liquidation.
fn day_pnl(state: &PortfolioState) -> Vec<ReportFact> {
    let mut facts = Vec::new();
    let sum = &state.day_pnl;
    let percent = state.day_pnl_percent.filter(|_| sum.missing.is_empty());
    let percent = percent.map(|pct| format!(" ({})", words::signed_percent(pct, 2))).unwrap_or_default();
    facts.push(sum_fact("Day P&L", sum, &percent));
    facts.push(sum_fact("Open P&L", &state.open_pnl, ""));
    facts
}

/// A sum, which says what it leaves out.
fn sum_fact(name: &str, sum: &PortfolioSum, beside: &str) -> ReportFact {
    if sum.missing.is_empty() {
        return ReportFact::new(name, format!("{}{beside}", words::signed_dollars(sum.amount)))
            .toned(words::tone(sum.amount));
    }
    let value = format!("{} without {}", words::signed_dollars(sum.amount), sum.missing.join(", "));
    ReportFact::new(name, value).toned(ValueTone::Muted)
}

fn balances(state: &PortfolioState) -> Vec<ReportFact> {
    let amount = |name: &str, amount: Option<Decimal>| {
        amount.map_or_else(
            || ReportFact::new(name, "not known").toned(ValueTone::Muted),
            |amount| ReportFact::new(name, words::dollars(amount)),
        )
    };
    let mut facts = vec![amount("Net liquidation", state.net_liquidation)];
    if state.positions_known {
        facts.extend(day_pnl(state));
    }
    facts.push(amount("Cash", state.cash));
    facts.push(amount("Option buying power", state.option_buying_power));
    let margin = state.margin_utilization.map_or_else(
        || ReportFact::new("Margin used", "not known").toned(ValueTone::Muted),
        |pct| {
            let tone = if pct >= 60.0 { ValueTone::Bad } else { ValueTone::Plain };
            ReportFact::new("Margin used", format!("{} of net liquidation", words::percent(pct, 1)))
                .toned(tone)
        },
    );
    facts.push(margin);
    facts
}

fn greeks(state: &PortfolioState) -> Vec<ReportFact> {
    if !state.positions_known || state.positions.is_empty() {
        return Vec::new();
    }
    let beta = state.beta_weighted_delta.map_or_else(
        || ReportFact::new("Beta-weighted delta", "not known").toned(ValueTone::Muted),
        |delta| ReportFact::new("Beta-weighted delta", format!("{delta:+.1} SPY shares")),
    );
    // What lacks a beta has a theta and a vega all the same.
    let is_whole = state.greeks_missing.iter().all(|missing| missing.starts_with("the beta of "));
    let greek = |name: &str, value: f64, unit: &str| {
        let amount = words::signed_dollars(Decimal::try_from(value).unwrap_or_default());
        match (is_whole, value == 0.0) {
            (true, _) => ReportFact::new(name, format!("{amount} {unit}")),
            (false, true) => ReportFact::new(name, "not known").toned(ValueTone::Muted),
            (false, false) => {
                ReportFact::new(name, format!("{amount} {unit}, incomplete")).toned(ValueTone::Muted)
            }
        }
    };
    vec![beta, greek("Theta", state.theta, "a day"), greek("Vega", state.vega, "a volatility point")]
}

/// P&L of a short option in percent of its credit.
fn percent_of_credit(held: &PortfolioPosition) -> Option<Decimal> {
    let is_short_option = held.quantity.is_sign_negative() && held.strike.is_some();
    let (mark, credit) = (held.mark?, held.average_open_price);
    (is_short_option && credit > Decimal::ZERO).then(|| (credit - mark) * Decimal::ONE_HUNDRED / credit)
}

fn row(held: &PortfolioPosition) -> Vec<ReportCell> {
    let of_credit = percent_of_credit(held).map_or_else(ReportCell::unknown, |pct| {
        ReportCell::toned(words::signed_percent(pct.to_f64().unwrap_or_default(), 0), words::tone(pct))
    });
    let name = if held.name.is_empty() { &held.symbol } else { &held.name };
    vec![
        name.as_str().into(),
        words::quantity(held.quantity).into(),
        words::price(held.average_open_price).into(),
        held.mark.map_or_else(ReportCell::unknown, |mark| words::price(mark).into()),
        words::pnl(held.day_pnl),
        words::pnl(held.open_pnl),
        of_credit,
        held.delta.map_or_else(ReportCell::unknown, |delta| format!("{delta:.2}").into()),
        held.dte.map_or_else(ReportCell::unknown, |days| days.to_string().into()),
        note(held),
    ]
}

/// In the money, and how likely assignment is.
fn note(held: &PortfolioPosition) -> ReportCell {
    let mut notes = Vec::new();
    let short = held.quantity.is_sign_negative();
    if let Some(pct) = held.moneyness_pct.filter(|pct| *pct > 0.0) {
        notes.push(format!("{} in the money", words::percent(pct, 1)));
    }
    let level = held.assignment_level.as_deref().filter(|level| matches!(*level, "medium" | "high"));
    notes.extend(level.map(|level| format!("assignment risk {level}")));
    let tone = if short && !notes.is_empty() { ValueTone::Bad } else { ValueTone::Plain };
    ReportCell::toned(notes.join(", "), tone)
}

const COLUMNS: [&str; 10] = [
    "Position",
    "Quantity#",
    "Entry ($)#",
    "Mark ($)#",
    "Day P&L#",
    "Open P&L#",
    "Of credit#",
    "Delta#",
    "DTE#",
    "Note",
];

/// A section for each account.
pub(crate) fn sections(accounts: &AccountsView, moment: &ReportMoment) -> Vec<ReportSection> {
    if let Some(why) = why_none(accounts, moment) {
        let mut section = ReportSection::new("Positions");
        section.missing(why);
        return vec![section];
    }
    accounts.accounts.iter().map(|account| section(account, accounts, moment)).collect()
}

fn section(account: &AccountView, all: &AccountsView, moment: &ReportMoment) -> ReportSection {
    let mut section = ReportSection::new(format!("Positions, account {}", account.number));
    if let Some(at) = account.stored_at {
        section.text(format!("As stored at {}.", words::moment(at)));
    }
    let state = match &account.seen {
        Ok(seen) => &seen.portfolio,
        Err(problem) => {
            section.missing(format!("Unreachable: {problem}."));
            last_known(&mut section, &account.last_known);
            return section;
        }
    };
    if let Some(changed) = state.kept_by_hand {
        section.text(format!("Kept by hand; changed {}.", words::moment(changed)));
    }
    section.facts(balances(state));
    if !state.positions_known {
        section.missing(format!("{} did not say what is held.", state.broker));
        last_known(&mut section, &account.last_known);
        return section;
    }
    section.facts(greeks(state));
    if !state.greeks_missing.is_empty() {
        section.missing(format!("The Greeks leave out {}.", state.greeks_missing.join(", ")));
    }
    if state.positions.is_empty() {
        section.nothing(format!("Nothing is held as of {}.", words::moment(state.as_of)));
    }
    section.table(ReportTable::of(&COLUMNS, state.positions.iter().map(row).collect(), LISTED));
    if moment.name != ttai_contract::ReportName::MorningBriefing {
        section.picture(day_bars(state));
    }
    if all.accounts.len() == 1 {
        section.picture(equity_line(&all.equity));
    }
    section
}

fn day_bars(state: &PortfolioState) -> Option<super::super::svg::ReportPicture> {
    let bars: Vec<(String, Decimal)> =
        state.positions.iter().filter_map(|held| Some((held.name.clone(), held.day_pnl?))).collect();
    pnl_bars("Day P&L by position", &bars)
}

/// What the store has of an account that is away.
fn last_known(section: &mut ReportSection, held: &[StoredPosition]) {
    let Some(newest) = held.iter().map(|position| position.updated_at).max() else {
        section.nothing("The store has no position of it either.");
        return;
    };
    section.text(format!("Held when it was last read, {}; marks are from then:", words::moment(newest)));
    let row = |position: &StoredPosition| -> Vec<ReportCell> {
        vec![
            position.symbol.trim().into(),
            words::quantity(position.quantity).into(),
            words::price(position.average_open_price).into(),
            position.mark.map_or_else(ReportCell::unknown, |mark| words::price(mark).into()),
        ]
    };
    let rows = held.iter().map(row).collect();
    section.table(ReportTable::of(&["Position", "Quantity#", "Entry ($)#", "Mark ($)#"], rows, LISTED));
}
