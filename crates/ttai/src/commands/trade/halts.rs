//! `ttai trade halt` and `ttai trade resume`: the kill switch.

use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Serialize;
use ttai_ports::{AuditNote, Differences, HaltScope, HaltedTrading, Halts, OrderFilter, Orders, TradingHalt};
use ttai_store::Database;

use super::note;
use super::rows::OrderRow;
use crate::cli::{HaltScopeArgs, TradeHaltArgs, TradeOptions, TradeResumeArgs};
use crate::exit_kind::fail;
use crate::{output, report};

/// A halt that stands, and what had left before it.
#[derive(Serialize, JsonSchema)]
pub(crate) struct HaltShown {
    /// The halt; the first one where it was halted before.
    halt: TradingHalt,
    /// Whether this call made it.
    is_new: bool,
    /// Orders that may be at the broker already: the halt does not take them back.
    in_flight: Vec<OrderRow>,
}

/// What became of a resumption.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ResumeShown {
    /// Whether there was a halt of exactly this scope.
    resumed: bool,
    /// What stops the user's accounts still.
    halts: Vec<TradingHalt>,
}

fn scope(args: &HaltScopeArgs, options: &TradeOptions) -> HaltScope {
    let user_id = options.user.to_string();
    match &args.account {
        _ if args.everyone => HaltScope::Everyone,
        Some(account) => HaltScope::Account { user_id, account: account.clone() },
        None => HaltScope::User(user_id),
    }
}

pub(super) async fn halt(database: &Database, args: TradeHaltArgs) -> anyhow::Result<ExitCode> {
    let reason = args.reason.trim();
    if reason.is_empty() {
        fail!(WrongRequest, "the reason is empty; say why, such as --reason \"earnings tonight\"");
    }
    let scope = scope(&args.scope, &args.options);
    let HaltShown { halt, is_new, in_flight } =
        halted(database, &scope, reason, &note(&args.options, "ttai trade halt")).await?;
    if let HaltScope::Account { user_id, account } = &scope
        && !is_known(database, user_id, account).await?
    {
        output::note(&format!("note: {}", not_known(account)));
    }
    if args.options.json {
        output::json(&HaltShown { halt, is_new, in_flight })?;
        return Ok(ExitCode::SUCCESS);
    }
    output::line(&report::halted(&halt, is_new));
    if !in_flight.is_empty() {
        output::line(&report::in_flight(&in_flight));
    }
    Ok(ExitCode::SUCCESS)
}

/// Halts trading in a scope.
pub(crate) async fn halted(
    database: &Database,
    scope: &HaltScope,
    reason: &str,
    note: &AuditNote,
) -> anyhow::Result<HaltShown> {
    let HaltedTrading { halt, is_new, in_flight } = database.halt(scope, reason, note).await?;
    Ok(HaltShown { halt, is_new, in_flight: in_flight.iter().map(OrderRow::from).collect() })
}

/// What to know of a halt of an account in which nothing was ever traded.
pub(crate) fn not_known(account: &str) -> String {
    format!("no order was ever made in account {account}; if the number is wrong, nothing else is halted")
}

/// Whether an order was made in the account, or a difference found.
pub(crate) async fn is_known(database: &Database, user: &str, account: &str) -> anyhow::Result<bool> {
    let filter = OrderFilter { account: Some(account.to_owned()), limit: Some(1), ..OrderFilter::default() };
    Ok(!database.orders(user, &filter).await?.is_empty()
        || !database.differences(user, Some(account), false).await?.is_empty())
}

pub(super) async fn resume(database: &Database, args: TradeResumeArgs) -> anyhow::Result<ExitCode> {
    let scope = scope(&args.scope, &args.options);
    let resumed = database.resume(&scope, &note(&args.options, "ttai trade resume")).await?;
    let halts = standing(database, &args.options, &scope).await?;
    if args.options.json {
        output::json(&ResumeShown { resumed, halts: halts.clone() })?;
    } else {
        output::line(&report::resumed(&scope, resumed));
        halts.iter().for_each(|halt| output::line(&report::still_halted(halt)));
    }
    Ok(if halts.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What stops accounts of a scope still: halts, and differences that nobody acknowledged.
async fn standing(
    database: &Database,
    options: &TradeOptions,
    scope: &HaltScope,
) -> anyhow::Result<Vec<TradingHalt>> {
    let user = options.user.as_str();
    let account = match scope {
        HaltScope::Account { account, .. } => Some(account.as_str()),
        HaltScope::User(_) | HaltScope::Everyone => None,
    };
    let concerns = |halt: &TradingHalt| match (&halt.scope, account) {
        (HaltScope::Account { account, .. }, Some(only)) => account == only,
        _ => true,
    };
    let mut standing: Vec<TradingHalt> =
        database.halts(Some(user)).await?.into_iter().filter(concerns).collect();
    let differences = database.differences(user, account, true).await?;
    standing.extend(differences.into_iter().filter(ttai_ports::DifferenceRecord::pauses).map(|found| {
        TradingHalt {
            scope: HaltScope::Account { user_id: found.user_id, account: found.account },
            by: "reconciliation".to_owned(),
            reason: found.difference.sentence,
            since: found.found_at,
            difference_id: Some(found.id),
        }
    }));
    Ok(standing)
}
