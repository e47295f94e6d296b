//! What changed the accounts, and what it realised: the synced transactions, and the wheel's cycles out of them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use ttai_calendar::{new_york_instant, previous_session};
use ttai_contract::Symbol;
use ttai_ports::{BrokerTransaction, Instrument, SyncedRow};
use ttai_quant::wheel::{AssignedLot, IncomeKind, WheelCycle, WheelTransaction, wheel};

use super::super::document::{ReportCell, ReportFact, ReportSection, ReportTable};
use super::super::moment::ReportMoment;
use super::super::words;
use crate::compute::Compute;
use crate::failure::AnalystError;
use crate::portfolio::transactions::{split, wheel_transaction};
use crate::ports::Ports;
use crate::sync::{stored_transaction, stored_transactions, transactions_of};

/// Transactions of a resource that are read: more are more than a wheel takes.
const MOST_ROWS: u32 = 100_000;
/// Trades that are listed.
const LISTED: usize = 40;

/// A transaction of what the report covers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TradeRow {
    pub(crate) day: NaiveDate,
    pub(crate) at: Option<DateTime<Utc>>,
    pub(crate) kind: String,
    pub(crate) what: String,
    pub(crate) quantity: Option<Decimal>,
    pub(crate) price: Option<Decimal>,
    pub(crate) amount: Decimal,
}

/// What the transactions came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct TradesView {
    /// Those of what the report covers, oldest first.
    pub(crate) trades: Vec<TradeRow>,
    /// Dollars realised in it, by kind.
    pub(crate) realized: BTreeMap<IncomeKind, Decimal>,
    /// Cycles that ended in it.
    pub(crate) ended: Vec<WheelCycle>,
    /// Assignments in it, with their underlying.
    pub(crate) assigned: Vec<(Symbol, AssignedLot)>,
    /// Whether any transaction was ever synced or left as a file.
    pub(crate) was_synced: bool,
    /// What is not known or not counted, a sentence each.
    pub(crate) notes: Vec<String>,
}

impl TradesView {
    pub(crate) fn realized_total(&self) -> Decimal {
        self.realized.values().copied().sum()
    }
}

/// A transaction, by the day on which it counts.
struct DatedRow {
    row: BrokerTransaction,
    wheel: WheelTransaction,
}

/// Brings the accounts' transactions up to date, where the report is of now, and reads what is stored of them.
pub(crate) async fn read(
    ports: &Ports,
    compute: &Compute,
    user: &str,
    accounts: &BTreeSet<String>,
    moment: &ReportMoment,
) -> Result<TradesView, AnalystError> {
    let mut view = TradesView::default();
    if !moment.past {
        for account in accounts {
            if let Err(error) = transactions_of(ports, user, account).await {
                if matches!(error, AnalystError::Store(_)) {
                    return Err(error);
                }
                view.notes
                    .push(format!("transactions of {account} could not be brought up to date: {error}"));
            }
        }
    }
    let until = moment.as_of + TimeDelta::microseconds(1);
    for rows in stored_transactions(ports, user, until, MOST_ROWS).await? {
        view.was_synced = true;
        let rows = rows.iter().filter_map(|row| dated(&row.row));
        let rows: Vec<DatedRow> = rows.filter(|row| row.wheel.date <= moment.day).collect();
        let splits = splits(ports, &rows, moment, &mut view.notes).await;
        let (from, day) = (first_day(moment), moment.day);
        let read = compute.run(move || reckon(rows, splits, from, day)).await?;
        view.take(read);
    }
    view.trades.sort_by(|one, other| (one.day, one.at, &one.what).cmp(&(other.day, other.at, &other.what)));
    view.ended.sort_by(|one, other| (one.ended, &one.underlying).cmp(&(other.ended, &other.underlying)));
    Ok(view)
}

/// The day after the session before: what a broker books on a weekend counts for the session that follows.
fn first_day(moment: &ReportMoment) -> NaiveDate {
    let before = previous_session(moment.from).map(|session| session.date);
    before.ok().and_then(|day| day.succ_opt()).unwrap_or(moment.from)
}

fn dated(row: &SyncedRow) -> Option<DatedRow> {
    let row = stored_transaction(row)?;
    Some(DatedRow { wheel: wheel_transaction(&row), row })
}

async fn splits(
    ports: &Ports,
    rows: &[DatedRow],
    moment: &ReportMoment,
    notes: &mut Vec<String>,
) -> Vec<WheelTransaction> {
    let underlying = |row: &DatedRow| match row.row.instrument.as_ref()? {
        Instrument::Equity(symbol) => Some(symbol.clone()),
        Instrument::Option(contract) => Some(contract.underlying()),
    };
    let symbols: BTreeSet<Symbol> = rows.iter().filter_map(underlying).collect();
    let Some(since) = rows.iter().map(|row| row.row.executed_at).min() else { return Vec::new() };
    let mut found = Vec::new();
    for symbol in symbols {
        match ports.market.splits(&symbol, moment.as_of).await {
            Ok(splits) => {
                found.extend(splits.iter().filter_map(|known| split(&symbol, known, (since, moment.as_of))));
            }
            Err(error) => notes.push(format!("the splits of {symbol} are not known: {}", error.summary())),
        }
    }
    found
}

/// What the rows of one resource came to from `from` to `day`.
fn reckon(rows: Vec<DatedRow>, splits: Vec<WheelTransaction>, from: NaiveDate, day: NaiveDate) -> TradesView {
    let mut view = TradesView::default();
    let of_wheel: Vec<WheelTransaction> = rows.iter().map(|row| row.wheel.clone()).chain(splits).collect();
    let earlier: Vec<WheelTransaction> = of_wheel.iter().filter(|row| row.date < from).cloned().collect();
    let until = (wheel(&of_wheel, day), wheel(&earlier, from.pred_opt().unwrap_or(from)));
    match until {
        (Ok(now), Ok(before)) => {
            for income in now.income {
                *view.realized.entry(income.kind).or_default() += income.realized;
            }
            for income in before.income {
                *view.realized.entry(income.kind).or_default() -= income.realized;
            }
            view.realized.retain(|_, amount| !amount.is_zero());
            for cycle in now.cycles {
                let lots = cycle.assigned.iter().filter(|lot| from <= lot.date && lot.date <= day);
                view.assigned.extend(lots.map(|lot| (cycle.underlying.clone(), lot.clone())));
                if cycle.ended.is_some_and(|ended| from <= ended && ended <= day) {
                    view.ended.push(cycle);
                }
            }
            view.notes = now.notes;
        }
        (Err(error), _) | (_, Err(error)) => view.notes.push(format!("realised P&L is not known: {error}")),
    }
    view.trades = rows.into_iter().filter(|row| row.wheel.date >= from).map(traded).collect();
    view
}

fn traded(DatedRow { row, wheel }: DatedRow) -> TradeRow {
    let what = match &row.instrument {
        Some(Instrument::Option(occ)) => format!(
            "{} {} {} {}",
            occ.underlying(),
            occ.expiration.format("%b %-d"),
            occ.strike.normalize(),
            occ.right
        ),
        Some(Instrument::Equity(symbol)) => symbol.to_string(),
        None => row.asset.0.unwrap_or(row.detail),
    };
    TradeRow {
        day: wheel.date,
        at: wheel.at,
        kind: row.kind.replace('_', " "),
        what,
        quantity: row.quantity,
        price: row.price,
        amount: row.net_amount,
    }
}

impl TradesView {
    /// Adds what another resource came to.
    fn take(&mut self, other: Self) {
        self.trades.extend(other.trades);
        for (kind, amount) in other.realized {
            *self.realized.entry(kind).or_default() += amount;
        }
        self.ended.extend(other.ended);
        self.assigned.extend(other.assigned);
        for note in other.notes {
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
    }
}

pub(crate) const fn income_name(kind: IncomeKind) -> &'static str {
    match kind {
        IncomeKind::PutPremium => "Put premium",
        IncomeKind::CallPremium => "Call premium",
        IncomeKind::CashSettlement => "Cash settlement",
        IncomeKind::Shares => "Shares",
        IncomeKind::Dividend => "Dividends",
        IncomeKind::Fee => "Fees",
        IncomeKind::LongOptions => "Long options",
        IncomeKind::Bills => "Treasury bills",
        IncomeKind::Interest => "Interest",
    }
}

/// Realised P&L in all and by kind.
pub(crate) fn realized_facts(trades: &TradesView) -> Vec<ReportFact> {
    let total = words::pnl_fact("Realised P&L", trades.realized_total());
    let kinds = trades.realized.iter().map(|(kind, amount)| words::pnl_fact(income_name(*kind), *amount));
    std::iter::once(total).chain(kinds).collect()
}

/// That nothing of an account's transactions is known, and what to do.
pub(crate) const NOT_SYNCED: &str =
    "No transaction is stored: `ttai sync run transactions` pulls them from the broker.";

pub(crate) fn section(trades: &TradesView, moment: &ReportMoment) -> ReportSection {
    let mut section = ReportSection::new("Trades");
    if !trades.was_synced {
        section.missing(NOT_SYNCED);
    } else if trades.trades.is_empty() {
        let since = new_york_instant(first_day(moment), 0, 0).unwrap_or(moment.since);
        section.nothing(format!("No transaction was booked since {}.", words::moment(since)));
    } else {
        section.facts(realized_facts(trades));
        let rows = trades.trades.iter().map(row).collect();
        let columns = ["Time (ET)", "What", "Instrument", "Quantity#", "Price ($)#", "Cash#"];
        section.table(ReportTable::of(&columns, rows, LISTED));
    }
    for note in &trades.notes {
        section.missing(note.as_str());
    }
    section
}

fn row(trade: &TradeRow) -> Vec<ReportCell> {
    let time = trade.at.map_or_else(|| words::short_day(trade.day), words::clock);
    vec![
        time.into(),
        trade.kind.as_str().into(),
        trade.what.trim().into(),
        trade.quantity.map_or_else(ReportCell::unknown, |quantity| words::quantity(quantity).into()),
        trade.price.map_or_else(ReportCell::unknown, |price| words::price(price).into()),
        words::pnl(Some(trade.amount)),
    ]
}
