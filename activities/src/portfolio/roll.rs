//! Which short options want attention, and where they could be rolled to.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Serialize;
use ttai_core::{NEW_YORK, PortfolioAlert, RuleKind, Symbol};
use ttai_quant::portfolio::HeldPosition;
use ttai_quant::risk::{Roll, RollKind, RollOutlook, RollRequest, rolls};

use super::book::FoundAccount;

/// Most days to a new last trade date.
const MOST_DAYS: i64 = 60;
/// |delta| from which a short option is tested.
const TESTED: f64 = 0.50;
/// Days to the last trade date from which it is due for review.
const REVIEW_DAYS: i64 = 21;

/// Why a short option wants attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RollReason {
    /// Exercise would pay.
    InTheMoney,
    /// |delta| has reached 0.50.
    Tested,
    /// 21 days or fewer are left.
    ReviewDue,
    /// Somebody asked.
    Asked,
}

/// A short option with the rolls that there are.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RollAdvice {
    /// The name for a person.
    pub name: String,
    /// The broker's symbol.
    pub symbol: String,
    /// Contracts, negative because short.
    pub quantity: Decimal,
    /// Why it is here.
    pub reason: RollReason,
    /// Dollars a share received when it was opened.
    pub credit: Decimal,
    /// Days to its last trade date.
    pub dte: i64,
    /// Its delta.
    pub delta: Option<f64>,
    /// The rolls; none where its chain cannot be read.
    pub outlook: Option<RollOutlook>,
    /// Why there is no outlook.
    pub problem: Option<String>,
}

/// Advice for every short option that wants attention; with a symbol for every one of that underlying.
pub(super) fn advice(found: &FoundAccount, symbol: Option<&Symbol>) -> Vec<RollAdvice> {
    let held = found.book.holdings.iter().flatten();
    let short = held.filter(|held| held.quantity < Decimal::ZERO && held.contract().is_some());
    let wanted = short.filter(|held| symbol.is_none() || held.underlying() == symbol);
    wanted.filter_map(|held| of(found, held, symbol.is_some())).collect()
}

/// Alerts of one check with where their short options could be rolled to, where they are tested, in the money or due for review:
/// once an option, with the most urgent alert of it.
pub(super) fn with_rolls(mut alerts: Vec<PortfolioAlert>, found: &FoundAccount) -> Vec<PortfolioAlert> {
    let mut urgent: Vec<usize> = (0..alerts.len()).collect();
    urgent.sort_by_key(|place| std::cmp::Reverse(alerts[*place].severity));
    let mut said = BTreeSet::new();
    for alert in urgent {
        let alert = &mut alerts[alert];
        let Some(held) = held_of(alert, found).filter(|held| said.insert(held.label.clone())) else {
            continue;
        };
        if let Some(lines) = of(found, held, false).and_then(|advice| roll_lines(&advice)) {
            alert.message.push('\n');
            alert.message.push_str(&lines);
        }
    }
    alerts
}

/// The short option that an alert calls to do something about.
fn held_of<'f>(alert: &PortfolioAlert, found: &'f FoundAccount) -> Option<&'f HeldPosition> {
    use RuleKind::{AssignmentRisk, DeltaBreach, DteWarning, ItmNearExpiry, LossLimit};
    let calls = [AssignmentRisk, DeltaBreach, DteWarning, ItmNearExpiry, LossLimit];
    if alert.cleared || !calls.contains(&alert.kind) {
        return None;
    }
    let of_key = |held: &&HeldPosition| alert.key.split('/').nth(1) == Some(held.label.trim());
    let short = |held: &&HeldPosition| held.quantity < Decimal::ZERO && held.contract().is_some();
    found.book.holdings.iter().flatten().filter(short).find(of_key)
}

/// A line a roll: `Out to Jul 18 95: 0.42 credit, 35 days, |delta| 0.31`.
fn roll_lines(advice: &RollAdvice) -> Option<String> {
    let outlook = advice.outlook.as_ref()?;
    if outlook.rolls.is_empty() {
        return Some("No roll for a credit: close or take assignment.".to_owned());
    }
    let lines: Vec<String> = outlook.rolls.iter().map(roll_line).collect();
    Some(format!("Rolls for a credit, dollars a share:\n{}", lines.join("\n")))
}

fn roll_line(roll: &Roll) -> String {
    let delta = roll.delta.map(|delta| format!(", |delta| {:.2}", delta.abs())).unwrap_or_default();
    let kind = match roll.kind {
        RollKind::Out => "Out",
        RollKind::DownAndOut => "Down and out",
        RollKind::UpAndOut => "Up and out",
    };
    format!(
        "{kind} to {} {}: {:.2} credit, {} days{delta}, breakeven {:.2}",
        roll.expiration.format("%b %-d"),
        roll.strike.normalize(),
        roll.net_credit.round_dp(2),
        roll.dte,
        roll.breakeven.round_dp(2)
    )
}

fn of(found: &FoundAccount, held: &HeldPosition, asked: bool) -> Option<RollAdvice> {
    let contract = held.contract()?;
    let today = found.book.as_of.with_timezone(&NEW_YORK).date_naive();
    let dte = contract.dte(today);
    let delta = held.greeks.map(|greeks| greeks.delta);
    let spot = found.book.underlyings.get(&contract.underlying).and_then(|market| market.spot);
    let inside = spot.is_some_and(|spot| {
        ttai_quant::strategy::legs::intrinsic(contract.right, spot, contract.strike) > Decimal::ZERO
    });
    let reason = match () {
        () if inside => RollReason::InTheMoney,
        () if delta.is_some_and(|delta| delta.abs() >= TESTED) => RollReason::Tested,
        () if dte <= REVIEW_DAYS => RollReason::ReviewDue,
        () if asked => RollReason::Asked,
        () => return None,
    };
    let empty = Vec::new();
    let quotes = found.chains.get(&contract.underlying).unwrap_or(&empty);
    let request = RollRequest { quotes, short: contract, credit_so_far: held.entry, max_dte: MOST_DAYS };
    let outlook = rolls(&request);
    Some(RollAdvice {
        name: held.name(),
        symbol: held.label.clone(),
        quantity: held.quantity,
        reason,
        credit: held.entry,
        dte,
        delta,
        problem: outlook.as_ref().err().map(ToString::to_string),
        outlook: outlook.ok(),
    })
}
