//! Trades that belong to entries: transactions that were synced and opened exactly an entry's contracts soon after it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use rust_decimal::Decimal;
use ttai_calendar::{new_york_date, next_session, session_on_or_after};
use ttai_core::OccSymbol;
use ttai_ports::{JournalEntry, JournalFilter, JournalLink, TradeKey};

use super::entries::all;
use crate::clock::wall_clock;
use crate::failure::AnalystError;
use crate::ports::Ports;
use crate::sync::{TransactionRow, stored_transactions};

/// Sessions after that of the analysis within which a trade belongs to it.
const SESSIONS: usize = 3;
/// Newest transactions of an account or a file that are looked at.
const TRANSACTIONS: u32 = 5_000;

/// A transaction that opened an option position.
struct Opening {
    key: TradeKey,
    contract: OccSymbol,
    is_sale: bool,
    date: NaiveDate,
    /// None where only the day is known.
    at: Option<DateTime<Utc>>,
}

/// Links what belongs together and is not linked yet. How many are new.
pub(super) async fn link(ports: &Ports, user: &str) -> Result<u64, AnalystError> {
    let accounts = stored_transactions(ports, user, wall_clock(), TRANSACTIONS).await?;
    if accounts.iter().all(Vec::is_empty) {
        return Ok(0);
    }
    let entries = all(ports, user, JournalFilter::default()).await?;
    let known = ports.trades.links(user, None).await?;
    let known: BTreeSet<TradeKey> = known.into_iter().map(|link| link.trade).collect();
    let mut new = 0;
    for (trade, entry_id) in matched(&entries, &accounts) {
        if known.contains(&trade) {
            continue;
        }
        let link = JournalLink { entry_id, trade, by_hand: false, note: None, row: None };
        new += u64::from(ports.trades.link_trade(user, &link).await?);
    }
    Ok(new)
}

/// Which transactions belong to which entries' ids.
pub(super) fn matched(entries: &[JournalEntry], accounts: &[Vec<TransactionRow>]) -> Vec<(TradeKey, String)> {
    let mut by_contract: BTreeMap<&OccSymbol, Vec<&JournalEntry>> = BTreeMap::new();
    for entry in entries {
        by_contract.entry(&entry.trade.contract).or_default().push(entry);
    }
    let mut found = Vec::new();
    for rows in accounts {
        let openings: Vec<Opening> = rows.iter().filter_map(opening).collect();
        for sale in openings.iter().filter(|opening| opening.is_sale) {
            let candidates = by_contract.get(&sale.contract).map(Vec::as_slice).unwrap_or_default();
            let Some((entry, long)) = belongs(sale, candidates, &openings) else { continue };
            let trades = [Some(&sale.key), long].into_iter().flatten();
            found.extend(trades.map(|trade| (trade.clone(), entry.id.clone())));
        }
    }
    found
}

/// The last entry before a sale of its short contract, and the purchase of its long one where it has one.
fn belongs<'a>(
    sale: &Opening,
    entries: &[&'a JournalEntry],
    openings: &'a [Opening],
) -> Option<(&'a JournalEntry, Option<&'a TradeKey>)> {
    let fitting = entries.iter().copied().filter(|entry| is_soon_after(sale, entry));
    let with_legs = fitting.filter_map(|entry| {
        let Some(wanted) = &entry.trade.long_contract else { return Some((entry, None)) };
        let is_long =
            |other: &&Opening| !other.is_sale && other.contract == *wanted && other.date == sale.date;
        openings.iter().find(is_long).map(|long| (entry, Some(&long.key)))
    });
    with_legs.max_by_key(|(entry, _)| entry.as_of)
}

/// Whether a trade came after the analysis, and within some sessions of it.
fn is_soon_after(trade: &Opening, entry: &JournalEntry) -> bool {
    let analysed = new_york_date(entry.as_of);
    let is_after = trade.at.map_or(analysed <= trade.date, |at| entry.as_of <= at);
    is_after && last_day(analysed).is_some_and(|last| trade.date <= last)
}

fn last_day(analysed: NaiveDate) -> Option<NaiveDate> {
    let first = session_on_or_after(analysed).ok()?.date;
    (0..SESSIONS).try_fold(first, |day, _| next_session(day).ok().map(|session| session.date))
}

/// A transaction as one that opened; `None` of any other.
fn opening(TransactionRow { of, row }: &TransactionRow) -> Option<Opening> {
    let text = |name: &str| row.row.get(name).and_then(|value| value.as_str());
    let closes = text("detail").is_some_and(|detail| detail.to_ascii_lowercase().contains("to close"));
    if text("kind") != Some("trade") || closes {
        return None;
    }
    let amount: Decimal = text("net_amount")?.parse().ok()?;
    // A day alone is its midnight in UTC.
    let is_day = row.at.time() == NaiveTime::MIN;
    Some(Opening {
        key: TradeKey { source: of.source.clone(), resource: of.resource.clone(), key: row.key.clone() },
        contract: OccSymbol::parse(text("symbol")?).ok()?,
        is_sale: amount > Decimal::ZERO,
        date: if is_day { row.at.date_naive() } else { new_york_date(row.at) },
        at: (!is_day).then_some(row.at),
    })
}
