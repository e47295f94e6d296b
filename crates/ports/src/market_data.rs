//! Prices: the market's clock, bars, quotes, chains and rates.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::{CashDividend, ChainFilter, DailyBar, MinuteBar, OptionChain, Quote, Split, Symbol};

use crate::error::PortError;
use crate::provenance::Provenance;

/// Where data comes from, as it is shown to a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DataSource {
    /// Short name: `tape`, `simulated`, `tastytrade`.
    pub name: String,
    /// Whether the prices are invented.
    pub simulated: bool,
    /// One line for a person: "recorded tape /data/oracle", "simulated market, seed 7".
    pub description: String,
}

/// The market's own time. Nothing else may say what time it is in the market.
#[async_trait]
pub trait MarketClock: Send + Sync {
    /// The market's now for `symbol`: the wall clock of a live provider; on a tape the symbol's last chain
    /// snapshot, else its last minute bar's end, else the close of its last daily bar.
    async fn now(&self, symbol: &Symbol) -> Result<DateTime<Utc>, PortError>;
}

/// A symbol's daily history as it was known at a moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DailyHistory {
    /// Finished sessions before the moment, oldest first, as printed at the time (unadjusted).
    pub bars: Vec<DailyBar>,
    /// The moment's own session so far, built from its regular-session minutes; none before its first trade,
    /// or where no minutes are recorded.
    pub today: Option<DailyBar>,
    /// Splits in force at the moment, oldest first.
    pub splits: Vec<Split>,
    /// Dividends paid so far, and later ones only as a projected schedule, by ex-date, in dollars of the
    /// shares of the moment.
    pub dividends: Vec<CashDividend>,
    /// Which corporate actions nobody keeps, so that none is not an answer: "dividends and splits are unknown: …"; none
    /// where both are kept.
    pub actions_unknown: Option<String>,
    /// What a reader must know: gaps in the record, a session without minutes.
    pub warnings: Vec<String>,
}

impl DailyHistory {
    /// Every bar, the running session last, in the shares of the moment: divided by the splits that came after it.
    #[must_use]
    pub fn bars_in_shares_of_today(&self) -> Vec<DailyBar> {
        let factor = |date: NaiveDate| -> f64 {
            self.splits.iter().filter(|split| split.effective > date).map(|split| split.ratio).product()
        };
        self.bars.iter().chain(&self.today).map(|bar| bar.split_adjusted(factor(bar.date))).collect()
    }
}

/// The rate to discount with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RiskFreeRate {
    /// Continuously compounded, as a fraction (0.0025 is 0.25 %).
    pub continuous: f64,
    /// Where it comes from.
    pub source: String,
}

/// Quotes, bars, chains. Every call takes the moment `as_of`; nothing after it is read.
#[async_trait]
pub trait MarketData: MarketClock {
    /// Who this is.
    fn source(&self) -> DataSource;
    /// The symbols on offer, where the provider can list them.
    async fn symbols(&self) -> Result<Vec<Symbol>, PortError>;
    /// The quote of a share or an index.
    async fn quote(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<Quote, PortError>;
    /// The daily history.
    async fn daily_history(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<DailyHistory, PortError>;
    /// The splits in force at the moment, oldest first, also where the history comes in shares of the moment and needs none.
    async fn splits(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<Vec<Split>, PortError> {
        Ok(self.daily_history(symbol, as_of).await?.splits)
    }
    /// One session's minutes that ended by `as_of`, all parts of the day, oldest first.
    async fn minute_bars(
        &self,
        symbol: &Symbol,
        session: NaiveDate,
        as_of: DateTime<Utc>,
    ) -> Result<Vec<MinuteBar>, PortError>;
    /// The newest whole option chain by `as_of`.
    async fn option_chain(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<OptionChain, PortError>;
    /// The same, and of its contracts only those that `wanted` takes, which may be none. A provider that is asked for prices contract by
    /// contract, or page by page, asks for no others.
    async fn narrowed_chain(
        &self,
        symbol: &Symbol,
        as_of: DateTime<Utc>,
        wanted: &ChainFilter,
    ) -> Result<OptionChain, PortError> {
        let mut chain = self.option_chain(symbol, as_of).await?;
        wanted.retain_quotes(&mut chain.quotes);
        Ok(chain)
    }
    /// The rate for discounting at the moment.
    async fn risk_free_rate(&self, as_of: DateTime<Utc>) -> Result<RiskFreeRate, PortError>;
    /// The same for one request, writing into `provenance` who serves it; none where one provider always does.
    fn for_request(&self, _provenance: &Provenance) -> Option<Arc<dyn MarketData>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_before_a_split_are_divided_and_bars_from_it_on_are_not() {
        let day = |d| NaiveDate::from_ymd_opt(2014, 6, d).unwrap();
        let history = DailyHistory {
            bars: vec![DailyBar::new(day(6), 700.0, 707.0, 693.0, 700.0, 1.0).unwrap()],
            today: Some(DailyBar::new(day(9), 100.0, 101.0, 99.0, 100.0, 7.0).unwrap()),
            splits: vec![Split { effective: day(9), ratio: 7.0 }],
            dividends: Vec::new(),
            actions_unknown: None,
            warnings: Vec::new(),
        };
        let bars = history.bars_in_shares_of_today();
        assert_eq!((bars[0].close, bars[0].volume), (100.0, 7.0));
        assert_eq!(Some(bars[1]), history.today);
    }
}
