//! The options analyst: the best contract to sell under the constraints, what else there is, and why.
//!
//! | Verdict | Rule (`rule`) |
//! |---|---|
//! | `select` | `all_constraints_hold`: a contract satisfies every constraint |
//! | `watchlist` | `only_return_misses`: delta, days, liquidity and earnings hold and only the return (for verticals also the credit) misses |
//! | `reject` | `no_contract_passes:C`: none passes those; C keeps the most contracts out by itself |
//!
//! | `watchlist` | `stale_prices`: a contract satisfies every constraint, but its quote is old or the underlying's price is doubtful |
//! | `watchlist` | `chain_of_another_session`, `chain_too_old`, `no_underlying_price`, `prices_do_not_agree`: nothing is priced, because chain, underlying and clock do not belong together ([`reconcile`]) |
//!
//! The last two set `stale`, too. Contracts whose quotes contradict others' are left out and named.

mod alternatives;
mod chart_facts;
mod choice;
mod doubtful;
pub(crate) mod earnings;
mod exits;
mod freshness;
mod liquidity;
mod market;
mod notes;
mod number;
mod position;
mod pricers;
mod reach;
mod reconcile;
mod reject;
mod result;
#[cfg(test)]
pub(crate) mod tests;
mod withheld;
pub(crate) mod words;

pub(crate) use pricers::Pricers;
pub(crate) use reach::Reach;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use ttai_contract::{OptionsAnalysisParams, OptionsAnalysisResult, OptionsConstraints};
use ttai_core::{OptionChain, OptionContract, Quote};
use ttai_ports::{RiskFreeRate, SymbolMetrics};
use ttai_quant::chain::DoubtfulQuote;

use crate::compute::Compute;
use crate::failure::AnalystError;
use crate::market_view::MarketView;
use crate::narrator::Narrator;
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
    /// The quote at the chain's time, where the view's is of another one.
    quote_then: Option<Quote>,
    /// The contracts whose quotes contradict others'.
    doubtful: Vec<DoubtfulQuote>,
}

impl Case {
    /// Whether a contract is a standard one that has not ended by the moment of the analysis, and whose quote is believed.
    fn trades(&self, contract: &OptionContract) -> bool {
        contract.is_standard()
            && contract.last_trade_date >= self.view.date
            && !self.doubtful_contracts().any(|doubtful| doubtful == contract)
    }

    /// The contracts whose quotes are not believed: few, as a rule none.
    fn doubtful_contracts(&self) -> impl Iterator<Item = &OptionContract> {
        self.doubtful.iter().filter_map(|doubtful| self.contract_at(doubtful.place))
    }

    /// The contract at a place in the chain.
    fn contract_at(&self, place: usize) -> Option<&OptionContract> {
        self.chain.quotes.get(place).map(|quote| &quote.contract)
    }

    /// Whether the chain reports no open interest at all, which is not none.
    fn lacks_open_interest(&self) -> bool {
        self.chain.quotes.iter().all(|quote| quote.open_interest.is_none())
    }

    /// The contracts that may be sold.
    fn contracts(&self) -> impl Iterator<Item = &OptionContract> {
        let all = self.chain.quotes.iter().map(|quote| &quote.contract);
        all.filter(|contract| self.trades(contract))
    }
}

/// Why a chain is too old to be read at `as_of`, as a sentence; none where it is not.
pub(crate) fn why_too_old(chain: &OptionChain, as_of: DateTime<Utc>) -> Option<String> {
    reconcile::age(chain, as_of).map(|apart| apart.describe(as_of, &mut Narrator::default()))
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
    let view = MarketView::at(ports, &params.subject).await?;
    analyse_view(ports, compute, params, view, Reach::Whole, progress).await
}

/// The same of a market that was looked at already.
pub(crate) async fn analyse_view(
    ports: &Ports,
    compute: &Compute,
    params: OptionsAnalysisParams,
    mut view: MarketView,
    reach: Reach,
    progress: Progress,
) -> Result<OptionsAnalysisResult, AnalystError> {
    progress.step("reading the option chain");
    let constraints = params.trade.constraints.clone().unwrap_or_default();
    let mut chain = reach::chain(ports, &view, &constraints, reach).await?;
    if chain.underlying.price().is_none() && reconcile::stands_beside(&view.quote, &chain) {
        chain.underlying = view.quote.clone();
    }
    let quote_then = if reconcile::wants_quote_then(&chain, &view.quote, view.as_of) {
        // A provider of the present only has none; what can be compared then is the chain with itself.
        ports.market.quote(&view.symbol, chain.snapshot_time).await.ok()
    } else {
        None
    };
    let rate = ports.market.risk_free_rate(view.as_of).await?;
    let metrics = sources::metrics(ports, &view.symbol, view.as_of, &progress).await?;
    view.warnings.extend(chain.warnings.iter().cloned());
    view.settle(ports);
    progress.step(&format!("choosing one of {} contracts", chain.quotes.len()));
    let chain = Arc::new(chain);
    let case = Case { params, constraints, view, chain, rate, metrics, quote_then, doubtful: Vec::new() };
    let pricers = compute.pricers().clone();
    compute.run(move || result::conclude(case, &pricers)).await?
}
