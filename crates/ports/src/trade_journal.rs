//! The trade journal: what analyses suggested, what became of it at expiration, and the trades that belong to it.

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ttai_core::{OccSymbol, Symbol};

use crate::store::{AnalysisCursor, AnalysisRecord, StoreError};

/// Most entries, marks or links of one call.
pub const MAX_JOURNALED: usize = 500;

/// The trade that an analysis suggested, in dollars a share of its day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JournalTrade {
    /// `select`, `strong_select` or `watchlist`.
    pub verdict: String,
    /// `csp`, `covered_call` or `spread`.
    pub strategy: String,
    /// The short contract.
    pub contract: OccSymbol,
    /// The long contract of a vertical.
    pub long_contract: Option<OccSymbol>,
    /// At the bid: the short bid, less the long ask.
    pub credit: Decimal,
    /// Price of the underlying at which nothing is lost at expiration.
    pub breakeven: Decimal,
    /// Stated risk-neutral probability of profit at expiration, 0 to 1.
    pub probability_of_profit: Option<f64>,
}

/// What became of it, held to expiration: no early assignment, dividends or fees. Dollars a share of the last trade date.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JournalMark {
    /// `expired` (the last close is not beyond the short strike) or `breached`.
    pub outcome: String,
    /// New shares for one share of the analysis' day; 1 without a split.
    pub split_ratio: Decimal,
    /// Strike of the short contract.
    pub strike: Decimal,
    /// Close of the underlying on the last trade date.
    pub close: Decimal,
    /// What was left of the credit: credit less intrinsic value at that close; of a covered call with its shares.
    pub profit: Decimal,
    /// The same of one contract of the analysis' day, in dollars.
    pub profit_per_contract: Decimal,
    /// Credit less intrinsic value, without shares.
    pub option_profit: Decimal,
    /// The worst low (of a short call: high) of the underlying on the way, from the session after the analysis.
    pub worst_price: Decimal,
    /// Its session.
    pub worst_date: NaiveDate,
    /// Credit less intrinsic value of the options at that price. Time value is left out: a real option stood worse.
    pub worst_profit: Decimal,
    /// The worst close on the way.
    pub worst_close: Decimal,
    /// What a reader must know: sessions without a bar, a jump that nothing explains.
    pub warnings: Vec<String>,
}

impl JournalMark {
    /// Whether it made money, which is what a probability of profit is about.
    #[must_use]
    pub fn is_profit(&self) -> bool {
        self.profit > Decimal::ZERO
    }
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JournalEntry {
    /// Short name of it, unique among the user's.
    pub id: String,
    /// Whose it is.
    pub user_id: String,
    /// The analysis that it comes from.
    pub workflow_id: String,
    /// Its run.
    pub run_id: String,
    /// What it is about.
    pub symbol: Symbol,
    /// Which market's prices: `live`, or the invented or recorded one's name.
    pub market: String,
    /// Market time of the analysis.
    pub as_of: DateTime<Utc>,
    /// Last session in which the contract trades.
    pub last_trade_date: NaiveDate,
    /// The trade.
    pub trade: JournalTrade,
    /// What somebody wrote of it.
    pub note: Option<String>,
    /// What became of it; none while it is open.
    pub mark: Option<JournalMark>,
    /// Why it could not be marked.
    pub problem: Option<String>,
}

/// What marking came to.
#[derive(Clone, Debug, PartialEq)]
pub enum JournalVerdict {
    /// Its last session is not over.
    Open,
    /// It has ended.
    Marked(Box<JournalMark>),
    /// It cannot be told yet, and why.
    Unmarked(String),
}

/// A transaction that was synced, under the place where it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct TradeKey {
    /// The source: `transactions`, `files`.
    pub source: String,
    /// The account or file.
    pub resource: String,
    /// Its key there.
    pub key: String,
}

/// A transaction that belongs to an entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JournalLink {
    /// The entry's id.
    pub entry_id: String,
    /// Which transaction.
    pub trade: TradeKey,
    /// Whether somebody said so, rather than the same contract and day.
    pub by_hand: bool,
    /// What somebody wrote of it.
    pub note: Option<String>,
    /// The transaction as it was synced; none where it is gone.
    pub row: Option<Value>,
}

/// Which entries to list; all fields narrow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JournalFilter {
    /// About what.
    pub symbol: Option<Symbol>,
    /// Of which market.
    pub market: Option<String>,
    /// Whether it is still open, or has ended.
    pub open: Option<bool>,
    /// Whose ids begin so.
    pub id: Option<String>,
    /// Whose last trade date is not before it.
    pub from: Option<NaiveDate>,
    /// Whose last trade date is before it.
    pub until: Option<NaiveDate>,
    /// Listed after this entry; for paging.
    pub after: Option<JournalCursor>,
}

/// Where a page of a user's entries ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalCursor {
    /// Last trade date of the last entry seen.
    pub last_trade_date: NaiveDate,
    /// Its id.
    pub id: String,
}

impl JournalEntry {
    /// The position of this entry in a listing.
    #[must_use]
    pub fn cursor(&self) -> JournalCursor {
        JournalCursor { last_trade_date: self.last_trade_date, id: self.id.clone() }
    }
}

/// The journals of users. Every call may be repeated.
#[async_trait]
pub trait TradeJournal: Send + Sync {
    /// Who has analyses.
    async fn journal_users(&self) -> Result<Vec<String>, StoreError>;
    /// At most `limit` of the user's verdicts of an options strategy (`select`, `strong_select`, `watchlist`) that have no entry yet, by when
    /// they were saved, after `after`. Those saved over a day before the journal was last read are left out: they were seen then.
    async fn unjournaled(
        &self,
        user_id: &str,
        after: Option<&AnalysisCursor>,
        limit: u32,
    ) -> Result<Vec<AnalysisRecord>, StoreError>;
    /// Adds at most [`MAX_JOURNALED`] entries and says that analyses were read up to `read_until`, in one transaction. Entries of runs that
    /// have one stay as they are. How many are new.
    async fn add_entries(
        &self,
        user_id: &str,
        entries: &[JournalEntry],
        read_until: DateTime<Utc>,
    ) -> Result<u64, StoreError>;
    /// Open entries of every user, by symbol, user and id, after that of `after`.
    async fn open_entries(
        &self,
        after: Option<&JournalEntry>,
        limit: u32,
    ) -> Result<Vec<JournalEntry>, StoreError>;
    /// Writes what became of an entry; one that was marked stays as it is. Whether anything was written.
    async fn save_mark(&self, user_id: &str, id: &str, verdict: &JournalVerdict) -> Result<bool, StoreError>;
    /// Entries of a user by last trade date and id, at most `limit`.
    async fn entries(
        &self,
        user_id: &str,
        filter: &JournalFilter,
        limit: u32,
    ) -> Result<Vec<JournalEntry>, StoreError>;
    /// Writes a note to an entry; `None` removes it. Whether there is such an entry.
    async fn note_entry(&self, user_id: &str, id: &str, note: Option<&str>) -> Result<bool, StoreError>;
    /// Links a transaction to an entry. One that is linked stays where it is, unless somebody says so. Whether anything was written.
    async fn link_trade(&self, user_id: &str, link: &JournalLink) -> Result<bool, StoreError>;
    /// Which transactions of the user are linked; of one entry, or all.
    async fn links(&self, user_id: &str, entry_id: Option<&str>) -> Result<Vec<JournalLink>, StoreError>;
}
