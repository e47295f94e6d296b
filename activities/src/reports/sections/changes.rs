//! What changed in what is held since before the report's week.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use ttai_contract::PortfolioPosition;

use super::super::accounts::{AccountSnapshot, AccountsView};
use super::super::document::{ReportCell, ReportSection, ReportTable};
use super::super::moment::ReportMoment;
use super::super::words;

const LISTED: usize = 40;

/// Quantities by position name.
fn quantities<'a>(positions: impl Iterator<Item = &'a PortfolioPosition>) -> BTreeMap<&'a str, Decimal> {
    let mut held: BTreeMap<&str, Decimal> = BTreeMap::new();
    for position in positions {
        *held.entry(&position.name).or_default() += position.quantity;
    }
    held
}

pub(crate) fn section(accounts: &AccountsView, moment: &ReportMoment) -> ReportSection {
    let mut section = ReportSection::new("What changed");
    let before: Option<Vec<AccountSnapshot>> =
        accounts.before.iter().map(|day| serde_json::from_value(day.state.clone()).ok()).collect();
    let (Some(before), true) = (before.filter(|before| !before.is_empty()), accounts.is_whole()) else {
        section.missing("What was held before the week is not stored, or an account is not known now.");
        return section;
    };
    let earlier = quantities(before.iter().flat_map(|seen| &seen.portfolio.positions));
    let now = quantities(accounts.states().flat_map(|state| &state.positions));
    let names: std::collections::BTreeSet<&str> = earlier.keys().chain(now.keys()).copied().collect();
    let rows: Vec<Vec<ReportCell>> = names
        .into_iter()
        .filter_map(|name| {
            let (was, is) =
                (earlier.get(name).copied().unwrap_or_default(), now.get(name).copied().unwrap_or_default());
            (was != is).then(|| -> Vec<ReportCell> {
                vec![
                    name.into(),
                    change(was, is).into(),
                    words::quantity(was).into(),
                    words::quantity(is).into(),
                ]
            })
        })
        .collect();
    let since = accounts.before.iter().map(|day| day.day).min().unwrap_or(moment.from);
    if rows.is_empty() {
        section.nothing(format!("The same is held as on {}.", words::short_day(since)));
    }
    section.table(ReportTable::of(&["Position", "Change", "Before#", "Now#"], rows, LISTED));
    section
}

fn change(was: Decimal, is: Decimal) -> &'static str {
    match () {
        () if was.is_zero() => "opened",
        () if is.is_zero() => "closed",
        () if was.is_sign_negative() != is.is_sign_negative() => "reversed",
        () if is.abs() > was.abs() => "increased",
        () => "reduced",
    }
}
