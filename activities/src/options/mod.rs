//! The options analyst: the best contract to sell under the constraints, what else there is, and why.
//!
//! | Verdict | Rule (`rule`) |
//! |---|---|
//! | `select` | `all_constraints_hold`: a contract satisfies every constraint |
//! | `watchlist` | `only_return_misses`: delta, days, liquidity and earnings hold and only the return (for verticals also the credit) misses |
//! | `reject` | `no_contract_passes:C`: none passes those; C keeps the most contracts out by itself |
//!
//! Old or doubtful prices do not change this verdict; they set `stale`, which keeps the synthesis from a pick.

mod alternatives;
mod chart_facts;
mod choice;
pub(crate) mod earnings;
mod exits;
mod freshness;
mod liquidity;
mod market;
mod notes;
mod number;
mod position;
mod pricers;
mod reject;
mod result;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod words;

pub(crate) use pricers::Pricers;

use std::sync::Arc;

use ttai_contract::{OptionsAnalysisParams, OptionsAnalysisResult, OptionsConstraints};
use ttai_core::{OptionChain, OptionContract};
use ttai_ports::{RiskFreeRate, SymbolMetrics};

use crate::compute::Compute;
use crate::failure::AnalystError;
use crate::market_view::MarketView;
use crate::ports::Ports;
use crate::sources;
use crate::supervise::Progress;

/// Everything that the outside world says; what follows from it is computed without it.
pub(super) struct Case {
    params: OptionsAnalysisParams,
    constraints: OptionsConstraints,
    view: MarketView,
    chain: Arc<OptionChain>,
    rate: RiskFreeRate,
    metrics: SymbolMetrics,
}

impl Case {
    /// Whether a contract is a standard one that has not ended by the moment of the analysis.
    fn trades(&self, contract: &OptionContract) -> bool {
        contract.is_standard() && contract.last_trade_date >= self.view.date
    }

    /// The contracts that may be sold.
    fn contracts(&self) -> impl Iterator<Item = &OptionContract> {
        let all = self.chain.quotes.iter().map(|quote| &quote.contract);
        all.filter(|contract| self.trades(contract))
    }
}

/// Reads the market, then computes off the async threads.
pub(crate) async fn analyse(
    ports: &Ports,
    compute: &Compute,
    params: OptionsAnalysisParams,
    progress: Progress,
) -> Result<OptionsAnalysisResult, AnalystError> {
    let ports = &ports.for_request();
    progress.step("reading prices");
    let mut view = MarketView::at(ports, &params.subject).await?;
    progress.step("reading the option chain");
    let chain = ports.market.option_chain(&view.symbol, view.as_of).await?;
    let rate = ports.market.risk_free_rate(view.as_of).await?;
    let metrics = sources::metrics(ports, &view.symbol, view.as_of, &progress).await?;
    view.settle(ports);
    progress.step(&format!("choosing one of {} contracts", chain.quotes.len()));
    let constraints = params.trade.constraints.clone().unwrap_or_default();
    let case = Case { params, constraints, view, chain: Arc::new(chain), rate, metrics };
    let pricers = compute.pricers().clone();
    compute.run(move || result::conclude(case, &pricers)).await?
}
