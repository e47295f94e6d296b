//! Capital of a screen: what is free, and how many contracts of each pick fit it together.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::Symbol;

use super::{ScreenRanking, ScreenScores};
use crate::full::SuggestedPosition;
use crate::lateness::{DueRun, Lateness};
use crate::subject::UserId;

/// Whose capital.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FreeCapitalParams {
    /// The account's number; the first account when empty.
    pub account_id: String,
    /// Whose screen it is: what the user keeps by hand counts.
    pub user_id: UserId,
    /// Dollars stated by the user, which stand instead of an account's buying power.
    pub capital: Option<f64>,
    /// The most of the account in one symbol, in percent of its net liquidation (of a stated capital); 20 when none, and no cap on
    /// a stated capital.
    pub max_symbol_pct: Option<f64>,
    /// Set where this is the first step of a run that a schedule wanted: for a run that is too late nothing is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<DueRun>,
}

/// What new positions may bind. Dollars are decimals as text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FreeCapital {
    /// Dollars that all new positions together may bind; none where nothing is known.
    pub free: Option<Decimal>,
    /// The most that one symbol may bind, existing positions included; none without a cap.
    pub symbol_cap: Option<Decimal>,
    /// The cap in percent.
    pub symbol_cap_pct: Option<f64>,
    /// Dollars that positions in a symbol bind already.
    pub held: BTreeMap<Symbol, Decimal>,
    /// Where it is from, for a reader: `the buying power of account 5WT00001`.
    pub source: String,
    /// What could not be read, a sentence each.
    pub problems: Vec<String>,
    /// How late the run is; none where it is not, and where nobody wants to know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lateness: Option<Lateness>,
}

impl FreeCapital {
    /// Dollars that a new position in a symbol may bind when nothing else is bought; none where that is not limited.
    #[must_use]
    pub fn room(&self, symbol: &Symbol) -> Option<Decimal> {
        self.beside(self.held.get(symbol).copied().unwrap_or_default())
    }

    /// The same beside what is held already.
    fn beside(&self, held: Decimal) -> Option<Decimal> {
        let under_cap = self.symbol_cap.map(|cap| (cap - held).max(Decimal::ZERO));
        match (self.free, under_cap) {
            (Some(free), Some(cap)) => Some(free.min(cap)),
            (free, cap) => free.or(cap),
        }
    }

    /// Dollars that all new positions together may bind.
    #[must_use]
    pub fn free_dollars(&self) -> Option<f64> {
        self.free.and_then(|free| free.to_f64())
    }

    /// The room of each symbol of which something is held, and under the empty name that of the others; nothing where there is no
    /// limit.
    #[must_use]
    pub fn rooms(&self) -> BTreeMap<String, f64> {
        let of_held = self.held.iter().map(|(symbol, held)| (symbol.to_string(), self.beside(*held)));
        let all = of_held.chain([(String::new(), self.beside(Decimal::ZERO))]);
        all.filter_map(|(name, room)| Some((name, room?.to_f64()?))).collect()
    }
}

/// A pick as its full analysis found it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UnsizedPick {
    /// Ticker.
    pub symbol: Symbol,
    /// The trade.
    pub position: SuggestedPosition,
}

/// The picks in any order, and the capital.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SizePicksParams {
    /// What is free.
    pub capital: FreeCapital,
    /// By what they are ranked.
    pub ranking: ScreenRanking,
    /// The picks.
    pub picks: Vec<UnsizedPick>,
}

/// A pick with its rankings, how many contracts of it fit, and why not more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SizedPick {
    /// Ticker.
    pub symbol: Symbol,
    /// The three rankings.
    pub scores: ScreenScores,
    /// Contracts; 0 where none fits.
    pub contracts: u32,
    /// Dollars that they bind.
    pub collateral: Decimal,
    /// Why not more, for a reader.
    pub limit: String,
}

/// The picks as they fit the capital together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SizedPicks {
    /// Best first.
    pub picks: Vec<SizedPick>,
    /// Dollars that all of them bind.
    pub collateral: Decimal,
    /// Dollars that are left; none where the capital is not known.
    pub left: Option<Decimal>,
}
