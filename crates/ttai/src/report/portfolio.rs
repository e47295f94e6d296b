//! `ttai portfolio`, `ttai roll` and `ttai wheel`: pages of 80 columns.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use ttai_activities::portfolio::{RollAdvice, RollReason};
use ttai_contract::{PortfolioPosition, PortfolioState, PortfolioSum};
use ttai_core::Symbol;
use ttai_quant::risk::{Roll, RollKind};
use ttai_quant::wheel::{IncomeKind, WheelCycle, WheelEnd, WheelReport};

use super::paint::Paint;
use super::tables::{render, table};
use super::text::whole_dollars;
use super::{eastern, text};

/// What is not known.
const NONE: &str = "–";
/// Columns of a page.
const WIDTH: u16 = 80;

/// An account on one page.
#[must_use]
pub fn portfolio(state: &PortfolioState, paint: Paint) -> String {
    let _ = paint;
    let mut parts = vec![headline(state), figures(state)];
    parts.push(if state.positions_known {
        positions(state)
    } else {
        "The broker's positions cannot be read: what is held is unknown, not nothing.".to_owned()
    });
    parts.extend(expiring(state));
    parts.extend(concentration(state));
    parts.extend(missing(state));
    parts.join("\n\n")
}

fn headline(state: &PortfolioState) -> String {
    let market = match state.data_source.kind() {
        "live" => String::new(),
        kind => format!(" · {kind} prices"),
    };
    let whose = match state.kept_by_hand {
        Some(changed) => format!("{} · kept by hand, changed {}", state.account_id, eastern(changed)),
        None => format!("{} {}", state.broker, state.account_id),
    };
    format!("{whose} · {}{market}", eastern(state.as_of))
}

fn figures(state: &PortfolioState) -> String {
    let money = |amount: Option<Decimal>| amount.map_or(NONE.to_owned(), dollars);
    let percent = |pct: Option<f64>| pct.map_or(String::new(), |pct| format!(" ({pct:+.1} %)"));
    let margin = state.margin_utilization.map_or(NONE.to_owned(), |pct| format!("{pct:.0} %"));
    let source = if state.margin_from_broker { "broker" } else { "Reg T" };
    let rows = [
        ("Net liq", money(state.net_liquidation)),
        ("Day P/L", format!("{}{}", partial(&state.day_pnl), percent(state.day_pnl_percent))),
        ("Open P/L", partial(&state.open_pnl)),
        ("Cash", money(state.cash)),
        ("Option BP", money(state.option_buying_power)),
        ("Margin", format!("{} {margin} ({source})", partial(&state.maintenance_margin))),
        ("Δ dollars", signed(state.dollar_delta)),
        ("β-Δ SPY", state.beta_weighted_delta.map_or(NONE.to_owned(), |delta| format!("{delta:.1}"))),
        ("Θ/day", signed(state.theta)),
    ];
    let cell = |(name, value): &(&str, String)| format!("{name:<10}{value}");
    rows.chunks(3)
        .map(|row| {
            row.iter().map(|row| format!("{:<27}", cell(row))).collect::<String>().trim_end().to_owned()
        })
        .collect::<Vec<_>>()
        .join("\n")
}

fn positions(state: &PortfolioState) -> String {
    if state.positions.is_empty() {
        return "No positions.".to_owned();
    }
    let mut table = table(&["position", "qty", "mark", "day P/L", "open P/L", "delta", "DTE", "note"]);
    table.set_width(WIDTH);
    for held in &state.positions {
        table.add_row([
            held.name.replace(" put", "P").replace(" call", "C"),
            held.quantity.normalize().to_string(),
            held.mark.map_or(NONE.to_owned(), |mark| format!("{:.2}", mark.round_dp(2))),
            held.day_pnl.map_or(NONE.to_owned(), dollars),
            held.open_pnl.map_or(NONE.to_owned(), dollars),
            held.delta.map_or(NONE.to_owned(), |delta| format!("{delta:.2}")),
            held.dte.map_or(String::new(), |days| days.to_string()),
            note(held),
        ]);
    }
    render(&table)
}

/// What a trader must see of a position, the most pressing first.
fn note(held: &PortfolioPosition) -> String {
    let short = held.quantity < Decimal::ZERO;
    let inside = held.moneyness_pct.is_some_and(|pct| pct > 0.0);
    match held.assignment_level.as_deref() {
        Some("high") => "assign. high".to_owned(),
        Some("medium") => "assign. med".to_owned(),
        _ if short && held.delta.is_some_and(|delta| delta.abs() >= 0.5 && held.dte.is_some()) => {
            "tested".to_owned()
        }
        _ if inside && held.dte.is_some() => "ITM".to_owned(),
        _ => held.days_to_earnings.map_or(String::new(), |days| format!("earnings {days}d")),
    }
}

fn expiring(state: &PortfolioState) -> Option<String> {
    let row = |row: &ttai_contract::ExpiringPosition| {
        let what = row.action.replace('_', " ");
        let brings = match (row.shares.is_zero(), row.cash.is_zero()) {
            (true, true) => String::new(),
            (true, false) => format!(": {}", dollars(row.cash)),
            _ => format!(": {} shares, {}", row.shares.normalize(), dollars(row.cash)),
        };
        format!("  {} {} – {what}{brings}", row.quantity.normalize(), row.name)
    };
    let rows: Vec<String> = state.expiring.iter().map(row).collect();
    (!rows.is_empty()).then(|| format!("Expiring today\n{}", rows.join("\n")))
}

fn concentration(state: &PortfolioState) -> Option<String> {
    let shown = state.concentration.iter().filter(|share| !share.sector).take(5);
    let shown: Vec<String> = shown.map(|share| format!("{} {:.0} %", share.name, share.pct)).collect();
    (!shown.is_empty()).then(|| format!("Capital at risk, of net liq: {}", shown.join(" · ")))
}

fn missing(state: &PortfolioState) -> Option<String> {
    let mut lines: Vec<String> = Vec::new();
    let sums =
        [("Day P/L", &state.day_pnl), ("Open P/L", &state.open_pnl), ("Margin", &state.maintenance_margin)];
    for (name, sum) in sums.into_iter().filter(|(_, sum)| !sum.missing.is_empty()) {
        lines.push(format!("- {name} leaves out {}", sum.missing.join(", ")));
    }
    if !state.greeks_missing.is_empty() {
        lines.push(format!("- Greeks leave out {}", state.greeks_missing.join(", ")));
    }
    lines.extend(state.warnings.iter().map(|warning| format!("- {warning}")));
    (!lines.is_empty()).then(|| format!("Missing data\n{}", text::wrap(&lines.join("\n"), WIDTH.into())))
}

/// Where short options could be rolled to.
#[must_use]
pub fn rolls(advice: &[RollAdvice], symbol: Option<&Symbol>) -> String {
    if advice.is_empty() {
        return match symbol {
            Some(symbol) => format!("No short options on {symbol}."),
            None => "No short option is tested, in the money or due for review.".to_owned(),
        };
    }
    advice.iter().map(roll_page).collect::<Vec<_>>().join("\n\n")
}

fn roll_page(advice: &RollAdvice) -> String {
    let reason = match advice.reason {
        RollReason::InTheMoney => "in the money",
        RollReason::Tested => "tested: |delta| reached 0.50",
        RollReason::ReviewDue => "due for review",
        RollReason::Asked => "no roll is due",
    };
    let delta = advice.delta.map_or(String::new(), |delta| format!(", delta {delta:.2}"));
    let head = format!(
        "{} {} – {reason} ({} days left{delta}, credit {:.2})",
        advice.quantity.normalize(),
        advice.name,
        advice.dte,
        advice.credit.round_dp(2)
    );
    let body = match (&advice.outlook, &advice.problem) {
        (Some(outlook), _) if outlook.rolls.is_empty() => {
            format!("  {}", outlook.note.clone().unwrap_or_default())
        }
        (Some(outlook), _) => roll_table(&outlook.rolls),
        (None, problem) => format!("  no rolls: {}", problem.clone().unwrap_or_default()),
    };
    format!("{}\n{body}", text::wrap(&head, WIDTH.into()))
}

fn roll_table(rolls: &[Roll]) -> String {
    let mut table = table(&["roll", "to", "net credit", "total", "breakeven", "delta", "DTE"]);
    table.set_width(WIDTH);
    for roll in rolls {
        let kind = match roll.kind {
            RollKind::Out => "out",
            RollKind::DownAndOut => "down and out",
            RollKind::UpAndOut => "up and out",
        };
        table.add_row([
            kind.to_owned(),
            format!("{} {}", roll.expiration.format("%b %-d"), roll.strike.normalize()),
            format!("{:.2}", roll.net_credit.round_dp(2)),
            format!("{:.2}", roll.total_credit.round_dp(2)),
            format!("{:.2}", roll.breakeven.round_dp(2)),
            roll.delta.map_or(NONE.to_owned(), |delta| format!("{delta:.2}")),
            roll.dte.to_string(),
        ]);
    }
    render(&table)
}

/// Wheel cycles, and income by month.
#[must_use]
pub fn wheel(found: &WheelReport) -> String {
    let mut parts = Vec::new();
    if found.cycles.is_empty() {
        parts.push("No wheel cycles in this time: no short options were sold.".to_owned());
    } else {
        parts.push(cycles(&found.cycles));
    }
    if !found.income.is_empty() {
        parts.push(format!("{}\nTotal realized: {}", income(found), dollars(found.realized)));
    }
    if !found.bills_held.is_zero() {
        parts.push(format!("Treasury bills held as collateral: {}", dollars(found.bills_held)));
    }
    if !found.notes.is_empty() {
        let lines: Vec<String> = found.notes.iter().map(|note| format!("- {note}")).collect();
        parts.push(format!("Missing data\n{}", text::wrap(&lines.join("\n"), WIDTH.into())));
    }
    parts.join("\n\n")
}

fn cycles(cycles: &[WheelCycle]) -> String {
    let mut table = table(&["cycle", "started", "state", "days", "premiums", "realized", "return", "basis"]);
    table.set_width(WIDTH);
    for cycle in cycles {
        let state = match cycle.end {
            None if cycle.shares.is_zero() => "puts open".to_owned(),
            None => format!("{} shares", cycle.shares.normalize()),
            Some(WheelEnd::Expired) => "expired".to_owned(),
            Some(WheelEnd::BoughtBack) => "bought back".to_owned(),
            Some(WheelEnd::CashSettled) => "cash settled".to_owned(),
            Some(WheelEnd::CalledAway) => "called away".to_owned(),
            Some(WheelEnd::Sold) => "sold".to_owned(),
        };
        let mark = if cycle.complete { "" } else { " *" };
        table.add_row([
            format!("{}{mark}", cycle.underlying),
            cycle.started.to_string(),
            state,
            cycle.days.to_string(),
            dollars(cycle.net_premiums),
            dollars(cycle.realized),
            cycle.return_pct.map_or(NONE.to_owned(), |pct| format!("{pct:.2} %")),
            cycle.basis_per_share.map_or(NONE.to_owned(), |basis| format!("{:.2}", basis.round_dp(2))),
        ]);
    }
    let incomplete = cycles.iter().any(|cycle| !cycle.complete);
    let note = if incomplete { "\n* began before the first transaction; ask for more --days" } else { "" };
    format!("{}{note}", render(&table))
}

fn income(found: &WheelReport) -> String {
    let mut table = table(&["month", "income", "realized"]);
    table.set_width(WIDTH);
    for row in &found.income {
        let kind = match row.kind {
            IncomeKind::PutPremium => "put premium",
            IncomeKind::CallPremium => "call premium",
            IncomeKind::CashSettlement => "cash settlement",
            IncomeKind::Shares => "shares",
            IncomeKind::Dividend => "dividends",
            IncomeKind::Fee => "fees",
            IncomeKind::LongOptions => "long options",
            IncomeKind::Bills => "Treasury bills",
            IncomeKind::Interest => "interest",
        };
        table.add_row([row.month.format("%Y-%m").to_string(), kind.to_owned(), dollars(row.realized)]);
    }
    render(&table)
}

fn dollars(amount: Decimal) -> String {
    signed(amount.to_f64().unwrap_or(0.0))
}

fn signed(amount: f64) -> String {
    let sign = if amount <= -0.005 { "-" } else { "" };
    format!("{sign}{}", whole_dollars(amount.abs()))
}

/// A sum, marked where it is incomplete.
fn partial(sum: &PortfolioSum) -> String {
    let mark = if sum.missing.is_empty() { "" } else { " (incomplete)" };
    format!("{}{mark}", dollars(sum.amount))
}
