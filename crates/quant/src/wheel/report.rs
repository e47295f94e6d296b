//! What a wheel came to: its cycles, and income by month and kind.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::{OptionRight, Symbol};

use super::book::WheelLedger;
use super::transaction::{WheelError, WheelTransaction, check};

/// Where income comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IncomeKind {
    /// Short puts, when they end: premium less what buying back cost.
    PutPremium,
    /// Short calls, when they end.
    CallPremium,
    /// What settlement in cash took or brought.
    CashSettlement,
    /// Shares of a cycle, when they leave: what they brought less what they cost, the strike where they were assigned.
    Shares,
    /// Dividends.
    Dividend,
    /// Fees that stand by themselves, and those of assignments.
    Fee,
    /// Long options, outside cycles: what they brought less what they cost.
    LongOptions,
    /// Treasury bills: what they brought less what they cost.
    Bills,
    /// Interest.
    Interest,
}

/// Income of one kind in one month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MonthlyIncome {
    /// The first day of the month.
    pub month: NaiveDate,
    /// Of what kind.
    pub kind: IncomeKind,
    /// Dollars realised in it; negative where it lost.
    pub realized: Decimal,
}

/// Shares that came by assignment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AssignedLot {
    /// When.
    pub date: NaiveDate,
    /// The put's strike in dollars.
    pub strike: Decimal,
    /// Contracts that were assigned.
    pub contracts: Decimal,
    /// Shares that came.
    pub shares: Decimal,
    /// Dollars that these contracts, with those that were rolled into them, brought: income of the month, and in the basis.
    pub premium: Decimal,
    /// The strike less that premium, in dollars a share.
    pub basis_per_share: Decimal,
}

/// A roll.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WheelRoll {
    /// When.
    pub date: NaiveDate,
    /// Puts or calls.
    pub right: OptionRight,
    /// Contracts.
    pub contracts: Decimal,
    /// The new strike in dollars.
    pub strike: Decimal,
    /// The new expiration.
    pub expiration: NaiveDate,
    /// Dollars received for the new contracts less what the old ones cost to buy back.
    pub net_credit: Decimal,
}

/// A short option of a cycle that is still open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OpenShort {
    /// Put or call.
    pub right: OptionRight,
    /// Strike in dollars.
    pub strike: Decimal,
    /// Listed expiration.
    pub expiration: NaiveDate,
    /// Contracts, a positive number.
    pub contracts: Decimal,
    /// Dollars received for them and for those that were rolled into them, less what buying those back cost.
    pub total_credit: Decimal,
}

/// How a cycle ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WheelEnd {
    /// The last short options expired.
    Expired,
    /// They were bought back.
    BoughtBack,
    /// They were settled in cash.
    CashSettled,
    /// The shares were called away.
    CalledAway,
    /// The shares were sold.
    Sold,
}

/// One cycle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WheelCycle {
    /// The underlying.
    pub underlying: Symbol,
    /// First day.
    pub started: NaiveDate,
    /// Last day; none while it is open.
    pub ended: Option<NaiveDate>,
    /// How it ended.
    pub end: Option<WheelEnd>,
    /// Calendar days from the first to the last, or to the report's day.
    pub days: i64,
    /// Dollars that all its options brought, less what buying back and settling in cash cost; those still open included.
    pub net_premiums: Decimal,
    /// Dollars of dividends.
    pub dividends: Decimal,
    /// Dollars realised: options that ended, shares that left, dividends, fees.
    pub realized: Decimal,
    /// The most dollars that it tied up: exercise prices of its puts, and what its shares cost.
    pub capital: Decimal,
    /// Realised dollars in percent of that capital; none where it tied up nothing.
    pub return_pct: Option<f64>,
    /// The same a year of 365 days, simple; none while it is open.
    pub annualized_pct: Option<f64>,
    /// Shares that it holds.
    pub shares: Decimal,
    /// Dollars a share: what the shares held cost (the strike where they were assigned) less all net premiums of the cycle. Premiums of
    /// puts that are still open do not count yet, those of open calls do; what lay on shares that have left went with them.
    pub basis_per_share: Option<Decimal>,
    /// Short options that are still open.
    pub open: Vec<OpenShort>,
    /// Its assignments.
    pub assigned: Vec<AssignedLot>,
    /// Its rolls.
    pub rolls: Vec<WheelRoll>,
    /// Whether all of it is known; not where something ended that was opened before the first transaction.
    pub complete: bool,
}

/// The cycles of an account, and its income.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WheelReport {
    /// Cycles, by their first day.
    pub cycles: Vec<WheelCycle>,
    /// Income by month, then kind.
    pub income: Vec<MonthlyIncome>,
    /// Dollars of all income.
    pub realized: Decimal,
    /// What the Treasury bills cost that are held, in dollars: collateral of the puts.
    pub bills_held: Decimal,
    /// What is not known or not counted, a sentence each.
    pub notes: Vec<String>,
}

/// Cycles and income out of all transactions of an account, in any order, up to `today` in New York.
///
/// # Errors
/// [`WheelError`] names the transaction that is none.
pub fn wheel(transactions: &[WheelTransaction], today: NaiveDate) -> Result<WheelReport, WheelError> {
    check(transactions)?;
    let mut ledger = WheelLedger::default();
    ledger.book_all(transactions, today);
    Ok(ledger.report(today))
}

/// Sums by month and kind.
pub(super) fn by_month(income: impl Iterator<Item = (NaiveDate, IncomeKind, Decimal)>) -> Vec<MonthlyIncome> {
    let mut months: BTreeMap<(NaiveDate, IncomeKind), Decimal> = BTreeMap::new();
    for (date, kind, amount) in income {
        *months.entry((date.with_day(1).unwrap_or(date), kind)).or_default() += amount;
    }
    let row = |((month, kind), realized)| MonthlyIncome { month, kind, realized };
    months.into_iter().map(row).collect()
}
