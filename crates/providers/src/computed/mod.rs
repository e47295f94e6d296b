//! Metrics out of bars and chain, where no provider keeps any: implied and historical volatility, beta, liquidity. What
//! prices cannot tell — earnings, short interest, the past of the implied volatility, borrowing — stays unknown.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use ttai_core::{CashDividend, DailyBar, OptionChain, Symbol};
use ttai_ports::{DataSource, Fact, MarketData, MarketFigures, Metrics, PortError, SymbolMetrics};
use ttai_quant::chain::{ChainPricer, hv30, iv30, liquidity_rating, term_structure};
use ttai_quant::risk::beta;

/// The provider's name in orders and errors.
const PROVIDER: &str = "computed";
/// What bars and chain tell.
const PROVIDED: [Fact; 1] = [Fact::Figures];
/// What beta is measured against.
const INDEX: &str = "SPY";

/// Metrics over a market's bars and chains.
#[derive(Clone)]
pub struct Computed {
    market: Arc<dyn MarketData>,
}

impl Computed {
    /// Reads bars and chains there.
    #[must_use]
    pub fn over(market: Arc<dyn MarketData>) -> Self {
        Self { market }
    }

    /// Who this is; simulated where its market is.
    #[must_use]
    pub fn source(&self) -> DataSource {
        let market = self.market.source();
        DataSource {
            name: PROVIDER.to_owned(),
            simulated: market.simulated,
            description: format!("computed from bars and chain of {}", market.description),
        }
    }

    /// Implied volatility at 30 days and the liquidity of the options; neither where the symbol has no options.
    async fn of_chain(
        &self,
        symbol: &Symbol,
        dividends: Vec<CashDividend>,
        as_of: DateTime<Utc>,
    ) -> Result<(Option<f64>, Option<f64>), PortError> {
        let chain = match self.market.option_chain(symbol, as_of).await {
            Ok(chain) => chain,
            Err(PortError::NoData { .. }) => return Ok((None, None)),
            Err(error) => return Err(error),
        };
        let rate = self.market.risk_free_rate(as_of).await?.continuous;
        let liquidity = liquidity_rating(chain.quotes.iter().filter_map(|quote| quote.open_interest));
        // Some ten milliseconds for the largest chains.
        let volatility = tokio::task::spawn_blocking(move || implied_volatility(&chain, rate, &dividends));
        let volatility = volatility.await.map_err(|error| PortError::Corrupt {
            provider: PROVIDER.to_owned(),
            detail: format!("the chain of {symbol} cannot be priced: {error}"),
        })?;
        Ok((volatility, liquidity))
    }

    /// Beta to the index; none without a year of common sessions.
    async fn beta(&self, symbol: &Symbol, bars: &[DailyBar], as_of: DateTime<Utc>) -> Option<f64> {
        let index = Symbol::new(INDEX).ok()?;
        let index = if *symbol == index {
            bars.to_vec()
        } else {
            match self.market.daily_history(&index, as_of).await {
                Ok(history) => history.bars_in_shares_of_today(),
                Err(error) => {
                    tracing::debug!(%symbol, "no beta without the index: {error}");
                    return None;
                }
            }
        };
        let (asset, index) = common_closes(bars, &index);
        beta(&asset, &index).ok()
    }
}

#[async_trait]
impl Metrics for Computed {
    fn provides(&self, fact: Fact) -> bool {
        PROVIDED.contains(&fact)
    }

    async fn metrics(
        &self,
        symbol: &Symbol,
        as_of: DateTime<Utc>,
    ) -> Result<Option<SymbolMetrics>, PortError> {
        let history = self.market.daily_history(symbol, as_of).await?;
        let bars = history.bars_in_shares_of_today();
        let (iv30, liquidity_rating) = self.of_chain(symbol, history.dividends, as_of).await?;
        let beta = self.beta(symbol, &bars, as_of).await;
        let figures = MarketFigures { iv30, hv30: hv30(&bars), beta, liquidity_rating, ..Default::default() };
        Ok(Some(SymbolMetrics { figures, ..SymbolMetrics::providing(&PROVIDED) }))
    }
}

fn implied_volatility(chain: &OptionChain, rate: f64, dividends: &[CashDividend]) -> Option<f64> {
    let spot = chain.underlying.price()?;
    iv30(&term_structure(
        &ChainPricer::new(chain, rate, dividends).of_tight_markets().at_the_money(|_| true),
        spot,
    ))
}

/// The closes of the sessions that both have, oldest first.
fn common_closes(asset: &[DailyBar], index: &[DailyBar]) -> (Vec<f64>, Vec<f64>) {
    let index: BTreeMap<NaiveDate, f64> = index.iter().map(|bar| (bar.date, bar.close)).collect();
    asset.iter().filter_map(|bar| Some((bar.close, *index.get(&bar.date)?))).unzip()
}
