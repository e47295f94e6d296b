//! Quote streams, as activities: symbols are kept on the stream, and what came last of each is read in the process that has it.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

mod board;
mod registry;
mod watch;

use std::sync::Arc;

use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use ttai_contract::{
    LatestValues, QuoteStreamHealth, ReadQuotesParams, StreamedKind, StreamedSymbol, WatchQuotesParams,
};
use ttai_ports::{StreamKinds, StreamSymbol};

use registry::StreamRegistry;

use crate::ports::Ports;
use crate::supervise::Supervisor;

/// Quote streams over one set of ports; what is watched in this process is known to all of them.
pub struct QuoteStreamActivities {
    ports: Ports,
    supervisor: Supervisor,
    registry: StreamRegistry,
}

impl QuoteStreamActivities {
    /// Streams that are read through `ports` and watched by `supervisor`.
    #[must_use]
    pub fn new(ports: Ports, supervisor: Supervisor) -> Self {
        Self { ports, supervisor, registry: StreamRegistry::default() }
    }
}

#[activities]
impl QuoteStreamActivities {
    #[activity(definition = ttai_contract::WatchQuotes)]
    pub async fn watch_quotes(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: WatchQuotesParams,
    ) -> Result<QuoteStreamHealth, ActivityError> {
        let streams = Arc::clone(&self.ports.streams);
        let watch = |progress, stop| watch::watch(streams, self.registry.clone(), params, progress, stop);
        self.supervisor.run_until_recalled(&ctx, watch).await
    }

    #[activity(definition = ttai_contract::ReadQuotes)]
    pub async fn read_quotes(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: ReadQuotesParams,
    ) -> Result<LatestValues, ActivityError> {
        let run = self.supervisor.run(&ctx, |_| async {
            match self.registry.read(&params) {
                Some(values) => Ok(values),
                None => watch::look(self.ports.streams.as_ref(), &params).await,
            }
        });
        run.await.map(|timed| timed.result)
    }

    #[activity(definition = ttai_contract::RecallQuotes)]
    pub async fn recall_quotes(
        self: Arc<Self>,
        ctx: ActivityContext,
        stream: String,
    ) -> Result<bool, ActivityError> {
        let run = self.supervisor.run(&ctx, |_| async { Ok(self.registry.recall(&stream)) });
        run.await.map(|timed| timed.result)
    }
}

/// What the ports call it.
fn stream_symbol(symbol: &StreamedSymbol) -> StreamSymbol {
    match symbol {
        StreamedSymbol::Equity(symbol) => StreamSymbol::Equity(symbol.clone()),
        StreamedSymbol::Option(contract) => StreamSymbol::Option(contract.clone()),
    }
}

fn stream_symbols(symbols: &[StreamedSymbol]) -> Vec<StreamSymbol> {
    symbols.iter().map(stream_symbol).collect()
}

/// All kinds where none is named.
fn stream_kinds(kinds: &[StreamedKind]) -> StreamKinds {
    let wants = |kind| kinds.is_empty() || kinds.contains(&kind);
    StreamKinds {
        quotes: wants(StreamedKind::Quotes),
        trades: wants(StreamedKind::Trades),
        greeks: wants(StreamedKind::Greeks),
    }
}
