//! `ttai trade`.

use std::path::PathBuf;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use clap::{Args, Subcommand};
use rust_decimal::Decimal;
use ttai_contract::{TradingStrategy, UserId};
use ttai_core::NEW_YORK;

use super::{MarketArgs, market_time};

/// `ttai trade`.
#[derive(Clone, Debug, Subcommand)]
pub enum TradeCommand {
    /// Have a strategy decide, and propose the order of its decision. Nothing is sent before it is approved.
    Plan(TradePlanArgs),
    /// Approve an order that waits: it is priced and checked anew, and sent. The watch over a position asks for its exits so, too.
    Approve {
        /// The order's id, or how it begins; `ttai-` may be left out.
        order: String,
        /// Whose, and how to print it.
        #[command(flatten)]
        options: TradeOptions,
    },
    /// Reject an order that waits.
    Reject {
        /// The order's id, or how it begins; `ttai-` may be left out.
        order: String,
        /// Why, for the audit trail.
        #[arg(long, default_value = "")]
        reason: String,
        /// Whose, and how to print it.
        #[command(flatten)]
        options: TradeOptions,
    },
    /// Compare an account's orders and positions at the broker with ttai's, as the watch over it does every five minutes.
    Reconcile(TradeReconcileArgs),
    /// List orders, newest first, and the trades that are open.
    List(TradeListArgs),
    /// Show an order whole: its legs, what was filled, and everything that was done with it.
    Show {
        /// The order's id, or how it begins; `ttai-` may be left out.
        order: String,
        /// Whose, and how to print it.
        #[command(flatten)]
        options: TradeOptions,
    },
    /// Stop sending orders, exits included, until `ttai trade resume`. What is at the broker already stays there.
    Halt(TradeHaltArgs),
    /// End a halt of exactly this scope.
    Resume(TradeResumeArgs),
    /// Write the trade log as CSV: a row a trade, from its entry to its exit, oldest first.
    Export(TradeExportArgs),
    /// List where the broker and ttai differ, newest first; those that nobody acknowledged by default.
    Differences(TradeDifferencesArgs),
    /// Say that you know of a difference; an account that pauses because of it goes on.
    Acknowledge {
        /// The difference's id, or how it begins.
        difference: String,
        /// What you found, for the audit trail.
        #[arg(long)]
        note: String,
        /// Whose, and how to print it.
        #[command(flatten)]
        options: TradeOptions,
    },
    /// Show the newest entries of the audit trail, and whether nothing of it was changed.
    Audit(TradeAuditArgs),
}

/// Whose trading, and how it is shown.
#[derive(Clone, Debug, Args)]
pub struct TradeOptions {
    /// Whose.
    #[arg(long, default_value = ttai_contract::subject::DEFAULT_USER)]
    pub user: UserId,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `ttai trade plan`.
#[derive(Clone, Debug, Args)]
pub struct TradePlanArgs {
    /// The strategy: spy_spx or csp_entry.
    pub strategy: TradingStrategy,
    /// In this account of the broker [default: the first one].
    #[arg(long, value_name = "NUMBER", default_value = "", hide_default_value = true)]
    pub account: String,
    /// Only decide: propose no order.
    #[arg(long)]
    pub dry_run: bool,
    /// The screen whose best pick of the day is written, by its name [default: any screen of today].
    #[arg(long, value_name = "NAME")]
    pub screen: Option<String>,
    /// Dollars that the order may lose; tightens what the configuration allows.
    #[arg(long, value_name = "DOLLARS")]
    pub max_risk: Option<Decimal>,
    /// Units that the order may have; tightens what the configuration allows.
    #[arg(long, value_name = "COUNT")]
    pub max_units: Option<u32>,
    /// Wait until the run has ended, for a position of spy_spx until it is closed.
    #[arg(short, long)]
    pub wait: bool,
    /// Identity of the request: the same key is the same run.
    #[arg(long)]
    pub key: Option<String>,
    /// The market.
    #[command(flatten)]
    pub market: MarketArgs,
    /// Whose, and how to print it.
    #[command(flatten)]
    pub options: TradeOptions,
}

/// `ttai trade reconcile`.
#[derive(Clone, Debug, Args)]
pub struct TradeReconcileArgs {
    /// This account of the broker [default: the first one].
    #[arg(long, value_name = "NUMBER", default_value = "", hide_default_value = true)]
    pub account: String,
    /// The market.
    #[command(flatten)]
    pub market: MarketArgs,
    /// Whose, and how to print it.
    #[command(flatten)]
    pub options: TradeOptions,
}

/// `ttai trade list`.
#[derive(Clone, Debug, Args)]
pub struct TradeListArgs {
    /// In this account of the broker only.
    #[arg(long, value_name = "NUMBER")]
    pub account: Option<String>,
    /// Of this strategy only, such as csp_entry.
    #[arg(long, value_name = "NAME")]
    pub strategy: Option<String>,
    /// Orders that have not ended only.
    #[arg(long)]
    pub open: bool,
    /// Orders since this day, or this time in New York, such as 2026-11-02 or 2026-11-02T09:30 [default: all].
    #[arg(long, value_name = "TIME", value_parser = from_time)]
    pub since: Option<DateTime<Utc>>,
    /// Most orders to list.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub limit: u32,
    /// Whose, and how to print it.
    #[command(flatten)]
    pub options: TradeOptions,
}

/// Which accounts a halt stops.
#[derive(Clone, Debug, Args)]
pub struct HaltScopeArgs {
    /// This account of the broker only [default: all accounts of the user].
    #[arg(long, value_name = "NUMBER", conflicts_with = "everyone")]
    pub account: Option<String>,
    /// All accounts of all users.
    #[arg(long)]
    pub everyone: bool,
}

/// `ttai trade halt`.
#[derive(Clone, Debug, Args)]
pub struct TradeHaltArgs {
    /// Which accounts.
    #[command(flatten)]
    pub scope: HaltScopeArgs,
    /// Why, for whoever wonders.
    #[arg(long)]
    pub reason: String,
    /// Whose, and how to print it.
    #[command(flatten)]
    pub options: TradeOptions,
}

/// `ttai trade resume`.
#[derive(Clone, Debug, Args)]
pub struct TradeResumeArgs {
    /// Which accounts.
    #[command(flatten)]
    pub scope: HaltScopeArgs,
    /// Whose, and how to print it.
    #[command(flatten)]
    pub options: TradeOptions,
}

/// `ttai trade export`.
#[derive(Clone, Debug, Args)]
pub struct TradeExportArgs {
    /// Trades opened on this day or later, or at this time in New York [default: all].
    #[arg(long, value_name = "TIME", value_parser = from_time)]
    pub from: Option<DateTime<Utc>>,
    /// Trades opened up to the end of this day, or before this time in New York [default: all].
    #[arg(long, value_name = "TIME", value_parser = until_time)]
    pub until: Option<DateTime<Utc>>,
    /// In this account of the broker only.
    #[arg(long, value_name = "NUMBER")]
    pub account: Option<String>,
    /// Of this strategy only, such as csp_entry.
    #[arg(long, value_name = "NAME")]
    pub strategy: Option<String>,
    /// File to write [default: standard output].
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    pub out: Option<PathBuf>,
    /// Whose, and how to print it.
    #[command(flatten)]
    pub options: TradeOptions,
}

/// `ttai trade differences`.
#[derive(Clone, Debug, Args)]
pub struct TradeDifferencesArgs {
    /// In this account of the broker only.
    #[arg(long, value_name = "NUMBER")]
    pub account: Option<String>,
    /// Acknowledged ones, too.
    #[arg(long)]
    pub all: bool,
    /// Whose, and how to print it.
    #[command(flatten)]
    pub options: TradeOptions,
}

/// `ttai trade audit`.
#[derive(Clone, Debug, Args)]
pub struct TradeAuditArgs {
    /// Check the whole trail; the exit code is 1 where it is broken.
    #[arg(long)]
    pub verify: bool,
    /// The trail of the halts that stop everyone, in the place of a user's.
    #[arg(long)]
    pub everyone: bool,
    /// Most entries to show.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub limit: u32,
    /// Whose, and how to print it.
    #[command(flatten)]
    pub options: TradeOptions,
}

/// A time, or the beginning of a day in New York.
fn from_time(text: &str) -> Result<DateTime<Utc>, String> {
    day(text).map_or_else(|| time(text), |day| midnight(day, text))
}

/// A time, or the end of a day in New York.
fn until_time(text: &str) -> Result<DateTime<Utc>, String> {
    let next = day(text).map(|day| day.checked_add_days(Days::new(1)).unwrap_or(day));
    next.map_or_else(|| time(text), |day| midnight(day, text))
}

fn day(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}

fn time(text: &str) -> Result<DateTime<Utc>, String> {
    market_time(text).map_err(|_| {
        format!("'{text}' is neither a day nor a time; use 2026-11-02, or 2026-11-02T09:30 (New York)")
    })
}

fn midnight(day: NaiveDate, text: &str) -> Result<DateTime<Utc>, String> {
    let start = day.and_time(NaiveTime::MIN).and_local_timezone(NEW_YORK).earliest();
    start.map(|start| start.to_utc()).ok_or_else(|| format!("'{text}' is out of range"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_whole_in_new_york() {
        let text = |time: Result<DateTime<Utc>, String>| time.unwrap().to_rfc3339();
        assert_eq!(text(from_time("2026-11-02")), "2026-11-02T05:00:00+00:00");
        assert_eq!(text(until_time("2026-11-02")), "2026-11-03T05:00:00+00:00");
        // The clocks go back on November 1: that day has 25 hours.
        assert_eq!(text(from_time("2026-11-01")), "2026-11-01T04:00:00+00:00");
        for both in [from_time, until_time] {
            assert_eq!(text(both("2026-11-02T09:30")), "2026-11-02T14:30:00+00:00");
            assert!(both("yesterday").is_err_and(|why| why.contains("use 2026-11-02")));
        }
    }
}
