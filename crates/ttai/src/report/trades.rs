//! Orders, trades, halts, differences and the audit trail, as a trader reads them.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::Value;
use ttai_contract::{DailyTradingResult, OrderVerdict, TradingRunStatus};
use ttai_core::Instrument;
use ttai_ports::{HaltScope, TradingHalt};

use super::moment;
use super::tables::plain_table;
use super::times::clock;
use crate::commands::trade::rows::{
    AuditRow, DifferenceRow, LoggedTradeRow, OrderLegRow, OrderRow, OrderShown,
};

/// Letters of an order's id that tell orders apart in a listing; `ttai trade show` takes them.
const SHORT_ID: usize = 13;
/// What is not known.
const NONE: &str = "–";
/// Where the broker's or a person's words in an entry of the audit trail are.
const WORDS: [&str; 6] = [
    "/reason",
    "/note",
    "/difference/sentence",
    "/step/refuse/reason",
    "/report/refused/reason",
    "/report/status/reason",
];

/// `ttai trade list`.
#[must_use]
pub(crate) fn orders(rows: &[OrderRow], now: DateTime<Utc>) -> String {
    let rows = rows.iter().map(|row| {
        vec![
            clock(row.created_at, now),
            short(&row.client_order_id).to_owned(),
            row.account.clone(),
            origin(row).replace(", ", "\n"),
            row.legs.iter().map(short_leg).collect::<Vec<_>>().join("\n"),
            row.limit.map_or_else(|| NONE.to_owned(), limit),
            state(row),
        ]
    });
    plain_table(&["TIME", "ORDER", "ACCOUNT", "FOR", "WHAT", "LIMIT", "STATE"], rows)
}

/// The trades that are open, below the orders.
#[must_use]
pub(crate) fn open_trades(rows: &[LoggedTradeRow], now: DateTime<Utc>) -> String {
    let rows = rows.iter().map(|row| {
        vec![
            clock(row.opened, now),
            row.id.clone(),
            row.account.clone(),
            row.strategy.clone(),
            row.legs.iter().map(short_leg).collect::<Vec<_>>().join("\n"),
            received(row.entry_credit),
        ]
    });
    plain_table(&["OPENED", "TRADE", "ACCOUNT", "STRATEGY", "WHAT", "ENTRY"], rows)
}

/// An order that a plan came to: what it is, and how to answer it where somebody has to.
#[must_use]
pub(crate) fn proposed(row: &OrderRow) -> String {
    let mut lines = vec![format!("{}  {}", row.client_order_id, row.state_text)];
    lines.extend(row.legs.iter().map(|leg| format!("Leg            {}", leg_text(leg))));
    lines.push(format!("Limit          {}", limit_and_risk(row)));
    lines.push(format!("Approval       {}", approval(row)));
    if row.approval.by.is_none() {
        let id = &row.client_order_id;
        lines.push(format!("\nAnswer it: ttai trade approve {id}, or ttai trade reject {id}"));
    }
    lines.join("\n")
}

/// The end of a trading run.
#[must_use]
pub(crate) fn trading_run(result: &DailyTradingResult) -> String {
    let decision = &result.decision;
    let mut lines = vec![decision.reason.clone()];
    lines.extend(result.lateness.iter().map(|late| format!("The run is {late}.")));
    let mark = |holds: bool| if holds { "✔" } else { "✖" };
    lines.extend(
        decision.conditions.iter().map(|looked| format!("{} {}", mark(looked.holds), looked.sentence)),
    );
    lines.extend(decision.warnings.iter().map(|warning| format!("! {warning}")));
    lines.extend(result.verdict.iter().flat_map(verdict));
    lines.extend(result.orders.iter().map(|order| order.sentence.clone()));
    lines.extend(result.position.iter().map(|position| position.sentence.clone()));
    lines.extend(result.monitor.iter().map(|monitor| format!("The position is watched by {monitor}.")));
    lines.extend(result.warnings.iter().map(|warning| format!("! {warning}")));
    let outcome = match result.status {
        TradingRunStatus::Complete if decision.trade.is_none() => "Nothing was ordered.",
        TradingRunStatus::Complete => "Done.",
        TradingRunStatus::Decided => "Nothing was ordered: a decision only.",
        TradingRunStatus::NotifyOnly => "Nothing was ordered: the run began late.",
        TradingRunStatus::Refused => "Nothing was traded: the order was refused.",
        TradingRunStatus::NotApproved => "Nothing was traded: the order was not approved.",
        TradingRunStatus::NotFilled => "Nothing was traded: the order was not filled.",
        TradingRunStatus::HandedOver => "Look at the account: legs stand alone.",
    };
    lines.push(outcome.to_owned());
    lines.join("\n")
}

/// What would become of the order of a decision.
fn verdict(verdict: &OrderVerdict) -> Vec<String> {
    let mark = |outcome: &str| if outcome == "passed" { "✔" } else { "✖" };
    let checks = verdict.checks.iter().map(|check| format!("{} {}", mark(&check.outcome), check.sentence));
    let end = match &verdict.refusal {
        None => "The order would be proposed.".to_owned(),
        Some(why) => format!("The order would be refused: {why}"),
    };
    checks.chain([end]).collect()
}

/// `ttai trade show`.
#[must_use]
pub(crate) fn order(shown: &OrderShown) -> String {
    let row = &shown.order;
    let mut lines = vec![
        format!("{}  {}", row.client_order_id, row.state_text),
        format!("{} · account {} at {}", origin(row), row.account, row.broker),
    ];
    lines.extend(row.reason.iter().map(|reason| format!("Reason         {reason}")));
    lines.extend(
        row.legs
            .iter()
            .map(|leg| format!("Leg            {}, {} filled", leg_text(leg), leg.filled.normalize())),
    );
    lines.push(format!("Limit          {}", limit_and_risk(row)));
    lines.push(format!("Approval       {}", approval(row)));
    lines.extend(row.holder.iter().map(|holder| {
        format!("Claim          {} since {}, fence {}", holder.name, moment(holder.since), holder.fence)
    }));
    if !row.broker_order_ids.is_empty() {
        lines.push(format!("At the broker  {}", row.broker_order_ids.join(", ")));
    }
    lines.extend(row.workflow_id.iter().map(|id| format!("Workflow       {id}")));
    if !shown.executions.is_empty() {
        lines.push(format!("\nExecutions\n{}", executions(shown)));
    }
    if !shown.audit.is_empty() {
        lines.push(format!("\nHistory\n{}", history(&shown.audit)));
    }
    lines.join("\n")
}

fn limit_and_risk(row: &OrderRow) -> String {
    let limit = row.limit.map_or_else(|| "not known".to_owned(), |price| format!("{} a share", limit(price)));
    match row.risk {
        Some(risk) => format!("{limit}; {} at risk", dollars(risk)),
        None => format!("{limit}; what it may lose is not known"),
    }
}

fn approval(row: &OrderRow) -> String {
    let until = row.approval.until.map(|until| format!(", until {}", moment(until))).unwrap_or_default();
    match (&row.approval.by, row.approval.at) {
        (Some(by), Some(at)) => format!("given by {by} on {}{until}", moment(at)),
        (Some(by), None) => format!("given by {by}{until}"),
        (None, _) => format!("not given{until}"),
    }
}

fn executions(shown: &OrderShown) -> String {
    let rows = shown.executions.iter().map(|execution| {
        vec![
            moment(execution.at),
            instrument(&execution.instrument.to_string()),
            execution.quantity.normalize().to_string(),
            format!("{:.2}", execution.price),
            execution.execution_id.clone(),
        ]
    });
    plain_table(&["TIME", "WHAT", "QUANTITY", "PRICE", "ID"], rows)
}

fn history(entries: &[AuditRow]) -> String {
    let rows = entries.iter().map(|entry| {
        vec![
            moment(entry.at),
            entry.sequence.to_string(),
            entry.action.replace('_', " "),
            entry.actor.clone(),
            words(&entry.detail),
        ]
    });
    plain_table(&["TIME", "ENTRY", "WHAT", "WHO", "WHY"], rows)
}

/// `ttai trade audit`.
#[must_use]
pub(crate) fn audit(entries: &[AuditRow], now: DateTime<Utc>) -> String {
    let rows = entries.iter().map(|entry| {
        vec![
            entry.sequence.to_string(),
            clock(entry.at, now),
            entry.action.replace('_', " "),
            subject(&entry.subject).to_owned(),
            entry.actor.clone(),
            words(&entry.detail),
        ]
    });
    plain_table(&["ENTRY", "TIME", "WHAT", "ABOUT", "WHO", "WHY"], rows)
}

/// `ttai trade differences`.
#[must_use]
pub(crate) fn differences(rows: &[DifferenceRow], now: DateTime<Utc>) -> String {
    let rows = rows.iter().map(|row| {
        let state = match &row.acknowledged {
            Some(known) => format!("acknowledged by {}: {}", known.by, known.note),
            None if row.pauses => "trading pauses until it is acknowledged".to_owned(),
            None => "for your information".to_owned(),
        };
        let state = if row.is_present { state } else { format!("{state}; gone since") };
        vec![clock(row.found_at, now), row.id.clone(), row.account.clone(), row.sentence.clone(), state]
    });
    plain_table(&["FOUND", "ID", "ACCOUNT", "WHAT", "STATE"], rows)
}

/// `ttai trade acknowledge`.
#[must_use]
pub(crate) fn acknowledged(row: &DifferenceRow, before: bool) -> String {
    let Some(known) = &row.acknowledged else { return row.sentence.clone() };
    let stands = format!("by {} on {}: {}", known.by, moment(known.at), known.note);
    match before {
        true => format!("Nothing changed: {} was acknowledged {stands}", row.id),
        false => format!("Acknowledged {stands}\n{}", row.sentence),
    }
}

/// `ttai trade halt`: which halt stands.
#[must_use]
pub(crate) fn halted(halt: &TradingHalt, is_new: bool) -> String {
    let stands = standing(halt);
    let end = format!("Nothing is sent until {}.", resume_command(&halt.scope));
    match is_new {
        true => format!("Trading is halted for {stands}\n{end}"),
        false => format!("Nothing changed: trading was halted before, for {stands}\n{end}"),
    }
}

/// What a halt came too late for.
#[must_use]
pub(crate) fn in_flight(rows: &[OrderRow]) -> String {
    let mut lines = vec!["A halt takes nothing back. These may fill; cancel them at the broker:".to_owned()];
    lines.extend(rows.iter().map(|row| {
        let at = match row.broker_order_ids.as_slice() {
            [] => "on its way".to_owned(),
            ids => format!("order {} there", ids.join(", ")),
        };
        let what = row.legs.iter().map(leg_text).collect::<Vec<_>>().join(", ");
        let id = short(&row.client_order_id);
        format!("  {id}  {} at {} in account {}, {at}: {what}", row.state_text, row.broker, row.account)
    }));
    lines.join("\n")
}

/// `ttai trade resume`.
#[must_use]
pub(crate) fn resumed(scope: &HaltScope, was_halted: bool) -> String {
    match was_halted {
        true => format!("The halt of {} has ended.", accounts(scope)),
        false => format!("Nothing changed: there was no halt of {}.", accounts(scope)),
    }
}

/// What stops trading after a halt was ended, and what to type.
#[must_use]
pub(crate) fn still_halted(halt: &TradingHalt) -> String {
    let next = match &halt.difference_id {
        Some(id) => format!("ttai trade acknowledge {id} --note \"…\""),
        None => resume_command(&halt.scope),
    };
    format!("Still halted: {}; end it with {next}", standing(halt))
}

/// `all accounts of mia, by bob since 2026-11-30 09:35 ET: earnings`.
fn standing(halt: &TradingHalt) -> String {
    format!("{}, by {} since {}: {}", accounts(&halt.scope), halt.by, moment(halt.since), halt.reason)
}

/// The accounts of a scope.
pub(crate) fn accounts(scope: &HaltScope) -> String {
    match scope {
        HaltScope::Everyone => "everyone".to_owned(),
        HaltScope::User(user) => format!("all accounts of {user}"),
        HaltScope::Account { account, user_id } => format!("account {account} of {user_id}"),
    }
}

fn resume_command(scope: &HaltScope) -> String {
    let of = |user: &str| match user {
        ttai_contract::subject::DEFAULT_USER => String::new(),
        user => format!(" --user {user}"),
    };
    match scope {
        HaltScope::Everyone => "ttai trade resume --everyone".to_owned(),
        HaltScope::User(user) => format!("ttai trade resume{}", of(user)),
        HaltScope::Account { account, user_id } => {
            format!("ttai trade resume --account {account}{}", of(user_id))
        }
    }
}

/// `csp_entry, exit`.
fn origin(row: &OrderRow) -> String {
    let Some(strategy) = &row.strategy else { return "found at the broker".to_owned() };
    row.purpose.as_ref().map_or_else(|| strategy.clone(), |purpose| format!("{strategy}, {purpose}"))
}

/// Where an order stands, with how much of it is filled where that is neither all nor nothing.
fn state(row: &OrderRow) -> String {
    let (filled, units) = (row.filled_units.normalize(), row.units.normalize());
    if filled.is_zero() || filled == units {
        return row.state_text.clone();
    }
    format!("{}, {filled} of {units}", row.state_text)
}

/// `sell 20 SPY 2014-06-20 195.5C`: whether it opens is said by what the order is for.
fn short_leg(leg: &OrderLegRow) -> String {
    let action = leg.action.as_deref().and_then(|action| action.split('_').next());
    let what = match Instrument::try_from(leg.instrument.clone()) {
        Ok(Instrument::Option(contract)) => {
            let (root, strike) = (&contract.root, contract.strike.normalize());
            format!("{root} {} {strike}{}", contract.expiration, contract.right.letter())
        }
        _ => leg.instrument.clone(),
    };
    let what = format!("{} {what}", leg.quantity.normalize());
    action.map_or_else(|| what.clone(), |action| format!("{action} {what}"))
}

/// `sell to open 2 AAPL 2014-06-21 630 put`.
fn leg_text(leg: &OrderLegRow) -> String {
    let what = format!("{} {}", leg.quantity.normalize(), instrument(&leg.instrument));
    leg.action.as_ref().map_or_else(|| what.clone(), |action| format!("{} {what}", action.replace('_', " ")))
}

/// An option as a trader says it.
fn instrument(text: &str) -> String {
    let read = Instrument::try_from(text.to_owned()).ok();
    read.as_ref().and_then(Instrument::contract).map_or_else(
        || text.to_owned(),
        |contract| {
            let (root, strike) = (&contract.root, contract.strike.normalize());
            format!("{root} {} {strike} {}", contract.expiration, contract.right)
        },
    )
}

/// `5.05 credit`, of a signed price.
fn limit(paid: Decimal) -> String {
    let word = if paid.is_sign_negative() && !paid.is_zero() { "credit" } else { "debit" };
    format!("{:.2} {word}", paid.abs())
}

/// `$505.00 received`.
fn received(credit: Decimal) -> String {
    let word = if credit.is_sign_negative() && !credit.is_zero() { "paid" } else { "received" };
    format!("{} {word}", dollars(credit.abs()))
}

/// `$124,990.00`.
fn dollars(amount: Decimal) -> String {
    let text = format!("{:.2}", amount.abs());
    let (whole, cents) = text.split_once('.').unwrap_or((&text, "00"));
    let groups: Vec<_> = whole.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    let sign = if amount.is_sign_negative() && !amount.is_zero() { "-" } else { "" };
    format!("{sign}${}.{cents}", groups.join(","))
}

/// What an entry is about: a halt without an account is about all of them.
fn subject(of: &str) -> &str {
    if of.is_empty() { "all accounts" } else { short(of) }
}

/// The beginning of a long id.
fn short(id: &str) -> &str {
    if id.starts_with("ttai-") { id.get(..SHORT_ID).unwrap_or(id) } else { id }
}

/// What somebody wrote, in an entry's evidence.
fn words(detail: &Value) -> String {
    let found = WORDS.iter().find_map(|path| detail.pointer(path).and_then(Value::as_str));
    found.unwrap_or_default().to_owned()
}
