//! How the week went: what it realised, how often it won, assignments, best and worst.

use rust_decimal::Decimal;
use ttai_quant::wheel::{WheelCycle, WheelEnd};

use super::super::accounts::AccountsView;
use super::super::document::{ReportCell, ReportFact, ReportSection, ReportTable};
use super::super::moment::ReportMoment;
use super::super::svg::{equity_line, pnl_bars};
use super::super::words;
use super::trades::{NOT_SYNCED, TradesView, realized_facts};

const LISTED: usize = 20;
/// Cycles and positions that are named as best and as worst.
const NAMED: usize = 3;

/// Cycles that ended with a profit, and all that ended; none where none did.
pub(crate) fn wins(ended: &[WheelCycle]) -> Option<(usize, usize)> {
    let won = ended.iter().filter(|cycle| cycle.realized > Decimal::ZERO).count();
    (!ended.is_empty()).then_some((won, ended.len()))
}

fn win_rate(ended: &[WheelCycle]) -> ReportFact {
    match wins(ended) {
        None => ReportFact::new("Win rate", "no cycle ended (n = 0)"),
        Some((won, all)) => {
            let pct = 100.0 * won as f64 / all as f64;
            ReportFact::new(
                "Win rate",
                format!("{} of cycles that ended (n = {all})", words::percent(pct, 0)),
            )
        }
    }
}

pub(crate) fn section(accounts: &AccountsView, trades: &TradesView, moment: &ReportMoment) -> ReportSection {
    let mut section = ReportSection::new("Performance");
    let mut facts = Vec::new();
    let worths = accounts.worths();
    let before: Vec<Option<Decimal>> = accounts
        .before
        .iter()
        .filter(|day| worths.contains(day.account.as_str()))
        .map(|day| day.net_liquidation)
        .collect();
    let is_whole = !before.is_empty() && before.len() == worths.len();
    let before: Option<Decimal> = is_whole.then(|| before.into_iter().sum()).flatten();
    if let (Some(before), Some(now)) =
        (before.filter(|worth| *worth > Decimal::ZERO), accounts.net_liquidation())
    {
        let change = now - before;
        let pct = words::signed_percent(
            rust_decimal::prelude::ToPrimitive::to_f64(&(change * Decimal::ONE_HUNDRED / before))
                .unwrap_or_default(),
            2,
        );
        let since = accounts.before.iter().map(|day| day.day).min().unwrap_or(moment.from);
        let name = format!("Net liquidation since {}, deposits included", words::short_day(since));
        facts.push(
            ReportFact::new(name, format!("{} ({pct})", words::signed_dollars(change)))
                .toned(words::tone(change)),
        );
    }
    if trades.was_synced {
        facts.extend(realized_facts(trades));
        facts.push(win_rate(&trades.ended));
    }
    section.facts(facts);
    if before.is_none() {
        section.missing(
            "What the accounts were worth before the week is not stored: a day's own report saves it.",
        );
    }
    if !trades.was_synced {
        section.missing(NOT_SYNCED);
    }
    section.picture(equity_line(&accounts.equity));
    section
}

fn end_name(end: Option<WheelEnd>) -> &'static str {
    match end {
        Some(WheelEnd::Expired) => "expired",
        Some(WheelEnd::BoughtBack) => "bought back",
        Some(WheelEnd::CashSettled) => "settled in cash",
        Some(WheelEnd::CalledAway) => "called away",
        Some(WheelEnd::Sold) => "shares sold",
        None => "open",
    }
}

/// Cycles that ended, the best first; and of what is held the best and the worst.
pub(crate) fn best_and_worst(
    accounts: &AccountsView,
    trades: &TradesView,
    moment: &ReportMoment,
) -> ReportSection {
    let mut section = ReportSection::new("Best and worst");
    let mut ended: Vec<&WheelCycle> = trades.ended.iter().collect();
    ended.sort_by(|one, other| {
        other.realized.cmp(&one.realized).then_with(|| one.underlying.cmp(&other.underlying))
    });
    if ended.is_empty() {
        section.nothing(format!("No cycle ended since {}.", words::moment(moment.since)));
    }
    let row = |cycle: &&WheelCycle| -> Vec<ReportCell> {
        let pct =
            cycle.return_pct.map_or_else(ReportCell::unknown, |pct| words::signed_percent(pct, 2).into());
        let whole = if cycle.complete { "" } else { ", its beginning is not stored" };
        vec![
            cycle.underlying.as_str().into(),
            format!("{}{whole}", end_name(cycle.end)).into(),
            cycle.days.to_string().into(),
            words::pnl(Some(cycle.realized)),
            pct,
        ]
    };
    let columns = ["Cycle", "Ended", "Days#", "Realised#", "Return on capital#"];
    section.table(ReportTable::of(&columns, ended.iter().map(row).collect(), LISTED));
    let mut held: Vec<(String, Decimal)> = accounts
        .states()
        .flat_map(|state| &state.positions)
        .filter_map(|position| Some((position.name.clone(), position.open_pnl?)))
        .collect();
    held.sort_by(|(one, a), (other, b)| b.cmp(a).then_with(|| one.cmp(other)));
    if held.len() > 2 * NAMED {
        held.drain(NAMED..held.len() - NAMED);
    }
    section.picture(pnl_bars("Open P&L, best and worst of what is held", &held));
    section
}

pub(crate) fn assignments(trades: &TradesView, moment: &ReportMoment) -> ReportSection {
    let mut section = ReportSection::new("Assignments");
    if !trades.was_synced {
        section.missing(NOT_SYNCED);
        return section;
    }
    if trades.assigned.is_empty() {
        section.nothing(format!("Nothing was assigned since {}.", words::moment(moment.since)));
    }
    let rows = trades.assigned.iter().map(|(symbol, lot)| -> Vec<ReportCell> {
        vec![
            words::short_day(lot.date).into(),
            symbol.as_str().into(),
            words::price(lot.strike).into(),
            words::quantity(lot.shares).into(),
            words::pnl(Some(lot.premium)),
            words::price(lot.basis_per_share).into(),
        ]
    });
    let columns = ["Day", "Symbol", "Strike ($)#", "Shares#", "Premium#", "Basis a share ($)#"];
    section.table(ReportTable::of(&columns, rows.collect(), LISTED));
    section
}
