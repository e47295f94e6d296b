//! What follows from an option's root where a source says no more than the OCC symbol: style, settlement, multiplier.

use ttai_calendar::{expiration_close, last_trade_date};
use ttai_core::{ExerciseStyle, OccSymbol, OptionContract, Settlement, SettlementTime, Symbol};

/// Index roots whose contracts are European, cash-settled and settle at the opening (Cboe contract specifications).
const EUROPEAN_AM: [&str; 6] = ["SPX", "NDX", "RUT", "VIX", "VIXW", "DJX"];
/// Index roots whose contracts are European, cash-settled and settle at the close.
const EUROPEAN_PM: [&str; 5] = ["SPXW", "NDXP", "RUTW", "XSP", "XEO"];
/// Index roots whose contracts are American, cash-settled and settle at the close.
const AMERICAN_CASH: [&str; 1] = ["OEX"];
/// Underlyings that had contracts for 10 shares (root and `7`) in 2013 and 2014.
const MINIS: [&str; 5] = ["AAPL", "AMZN", "GLD", "GOOG", "SPY"];

/// The terms of a root's contracts.
pub(crate) struct Terms {
    pub(crate) style: ExerciseStyle,
    pub(crate) settlement: Settlement,
    pub(crate) time: SettlementTime,
    pub(crate) multiplier: u32,
    pub(crate) deliverable_shares: u32,
}

impl Terms {
    /// The terms of `root` on `underlying`.
    pub(crate) fn of(root: &Symbol, underlying: &Symbol) -> Self {
        let name = root.as_str();
        let cash = |style, time| Self {
            style,
            settlement: Settlement::Cash,
            time,
            multiplier: 100,
            deliverable_shares: 100,
        };
        if EUROPEAN_AM.contains(&name) {
            return cash(ExerciseStyle::European, SettlementTime::Am);
        }
        if EUROPEAN_PM.contains(&name) {
            return cash(ExerciseStyle::European, SettlementTime::Pm);
        }
        if AMERICAN_CASH.contains(&name) {
            return cash(ExerciseStyle::American, SettlementTime::Pm);
        }
        let adjusted = root.is_adjusted_root() && root != underlying;
        let mini = adjusted && MINIS.iter().any(|stock| name.strip_suffix('7') == Some(stock));
        Self {
            style: ExerciseStyle::American,
            settlement: Settlement::Physical,
            time: SettlementTime::Pm,
            multiplier: if mini { 10 } else { 100 },
            // An adjusted contract's deliverable stands in no symbol: 0 says that the source does not tell.
            deliverable_shares: match (mini, adjusted) {
                (true, _) => 10,
                (false, true) => 0,
                (false, false) => 100,
            },
        }
    }
}

/// The contract that an OCC symbol names.
///
/// # Errors
/// Why there is no such contract: a date without a session, or beyond the calendar.
pub(crate) fn contract(occ: OccSymbol, underlying: &Symbol) -> Result<OptionContract, String> {
    let terms = Terms::of(&occ.root, underlying);
    let last = last_trade_date(occ.expiration, terms.time).map_err(|error| error.to_string())?;
    let close = expiration_close(last).ok_or_else(|| format!("the last trade date {last} has no session"))?;
    Ok(OptionContract {
        underlying: underlying.clone(),
        right: occ.right,
        strike: occ.strike,
        expiration: occ.expiration,
        last_trade_date: last,
        expiration_close: close,
        style: terms.style,
        settlement: terms.settlement,
        settlement_time: terms.time,
        multiplier: terms.multiplier,
        deliverable_shares: terms.deliverable_shares,
        root: occ.root,
    })
}
