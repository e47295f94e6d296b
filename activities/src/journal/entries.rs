//! Analyses that become entries: the trade that each suggests, as its stored result has it.

use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use serde_json::Value;
use sha2::{Digest, Sha256};
use ttai_contract::{JournalUpdate, MarketSource, SuggestedPosition};
use ttai_core::{OccSymbol, Symbol};
use ttai_ports::{AnalysisRecord, JournalEntry, JournalFilter, JournalTrade, StoreError};

use super::PAGE;
use crate::failure::AnalystError;
use crate::ports::Ports;

/// Entries of one page.
const ENTRIES: u32 = 1_000;
/// Bytes of an entry's id: no two of a user's meet.
const ID_BYTES: usize = 5;
/// Where a result has its trade: a full analysis, one that was to stop at its options stage, and an options analysis.
const TRADES: [&str; 3] = ["/suggested_position", "/options_analysis/best", "/best"];
/// Decimals of a price that came as a float.
const PRICE_DECIMALS: u32 = 6;

/// Makes entries of the user's analyses that have none yet, page by page.
pub(super) async fn enter(ports: &Ports, user: &str, update: &mut JournalUpdate) -> Result<(), AnalystError> {
    let mut after = None;
    loop {
        let page = ports.trades.unjournaled(user, after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        let entries: Vec<JournalEntry> = page.iter().filter_map(entry).collect();
        update.unusable += (page.len() - entries.len()) as u64;
        update.entered += ports.trades.add_entries(user, &entries, last.created_at).await?;
        after = Some(last.cursor());
    }
}

/// A user's entries, all pages of them.
pub(super) async fn all(
    ports: &Ports,
    user: &str,
    mut filter: JournalFilter,
) -> Result<Vec<JournalEntry>, StoreError> {
    let mut found = Vec::new();
    loop {
        let page = ports.trades.entries(user, &filter, ENTRIES).await?;
        let Some(last) = page.last() else { return Ok(found) };
        filter.after = Some(last.cursor());
        found.extend(page);
    }
}

/// The entry of an analysis; `None` where its result names no trade.
pub(super) fn entry(record: &AnalysisRecord) -> Option<JournalEntry> {
    let position = TRADES.iter().find_map(|place| position(record.result.pointer(place)?))?;
    let contract = OccSymbol::parse(&position.contract).ok()?;
    let long_contract = match &position.long_contract {
        Some(long) => Some(OccSymbol::parse(long).ok()?),
        None => None,
    };
    Some(JournalEntry {
        id: id(record),
        user_id: record.user_id.clone(),
        workflow_id: record.workflow_id.clone(),
        run_id: record.run_id.clone(),
        symbol: Symbol::new(&record.symbol).ok()?,
        market: source(&record.result).map_or_else(|| "unknown".to_owned(), |source| market_of(&source)),
        as_of: record.as_of,
        last_trade_date: position.last_trade_date,
        trade: JournalTrade {
            verdict: record.recommendation.clone(),
            strategy: position.strategy.as_str().to_owned(),
            contract,
            long_contract,
            credit: dollars(position.credit)?,
            breakeven: dollars(position.breakeven)?,
            probability_of_profit: position.probability_of_profit,
        },
        note: None,
        mark: None,
        problem: None,
    })
}

fn position(value: &Value) -> Option<SuggestedPosition> {
    serde_json::from_value(value.clone()).ok()
}

fn source(result: &Value) -> Option<MarketSource> {
    serde_json::from_value(result.get("data_source")?.clone()).ok()
}

/// Which market a source is of, so that no entry is marked with another one's prices: `live` whoever provides it, else the invented or
/// recorded market by its name, whichever of its vendors' protocols it was read over.
#[must_use]
pub fn market_of(source: &MarketSource) -> String {
    if !source.simulated && source.name != "tape" {
        return "live".to_owned();
    }
    let name = source.description.split([':', ';', '(']).next().unwrap_or_default().trim();
    name.chars().take(200).collect()
}

fn dollars(price: f64) -> Option<Decimal> {
    Decimal::from_f64(price).map(|price| price.round_dp(PRICE_DECIMALS))
}

/// The run's ids in short: the same run has the same entry.
fn id(record: &AnalysisRecord) -> String {
    let digest = Sha256::digest(format!("{}\n{}", record.workflow_id, record.run_id));
    digest.iter().take(ID_BYTES).map(|byte| format!("{byte:02x}")).collect()
}
