//! `ttai quotes`: how symbols stand now, and with `--follow` what happens to them, from whichever stream stands.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use ttai_core::{OccSymbol, Quote, QuoteCondition, Symbol};
use ttai_http::LocalLimits;
use ttai_ports::{AccountLimits, MarketData, PortError, QuoteStream, StreamEvent, StreamKinds, StreamSymbol};
use ttai_providers::fallback::{StreamFallback, StreamPatience};

use super::asked_to_stop;
use crate::cli::{GlobalArgs, QuotesArgs};
use crate::exit_kind::{ExitKind, fail};
use crate::market::MarketChoice;
use crate::settings::Settings;
use crate::sources;
use crate::{output, report, wiring};

/// A market to ask and its streams.
pub(super) struct Desk {
    pub(super) market: Arc<dyn MarketData>,
    pub(super) streams: StreamFallback,
}

/// Runs the command.
///
/// # Errors
/// A symbol that is none, a market that cannot be opened, or a stream that nobody serves.
pub async fn run(global: &GlobalArgs, args: QuotesArgs) -> anyhow::Result<ExitCode> {
    let symbols = args.symbols.iter().map(|text| watched(text)).collect::<anyhow::Result<Vec<_>>>()?;
    let settings = sources::resolved(Settings::load(global, Some(&args.market))?).await;
    let desk = desk(&settings).await?;
    output::note(&settings.market.describe());
    if let Some(practice) = settings.market.practice_note() {
        output::note(&practice);
    }
    if args.follow {
        if stands_still(&settings) {
            output::note("this market stands still; TTAI__MARKET__SPEED=60 lets a simulated one run");
        }
        return follow(&desk.streams, &symbols, &args).await;
    }
    let shares = symbols.into_iter().map(|symbol| match symbol {
        StreamSymbol::Equity(symbol) => Ok(symbol),
        StreamSymbol::Option(contract) => {
            fail!(WrongRequest, "{contract} is an option contract: add --follow")
        }
    });
    now(desk.market.as_ref(), &shares.collect::<anyhow::Result<Vec<_>>>()?, args.json).await
}

/// Whether nothing ever happens in the market: a record, or a simulation that is not run.
fn stands_still(settings: &Settings) -> bool {
    match settings.market {
        _ if settings.market.played().is_present() => false,
        MarketChoice::Tape(_) | MarketChoice::Simulated { .. } => true,
        MarketChoice::Served(_) => settings.market_speed() == 0.0,
        MarketChoice::Auto | MarketChoice::Live => false,
    }
}

/// A ticker, or an option contract by its OCC symbol.
pub(super) fn watched(text: &str) -> anyhow::Result<StreamSymbol> {
    match Symbol::new(text) {
        Ok(symbol) => Ok(StreamSymbol::Equity(symbol)),
        Err(no_ticker) => OccSymbol::parse(text).map(StreamSymbol::Option).map_err(|_| {
            ExitKind::WrongRequest
                .error(format!("{no_ticker}; a contract is written as 'AAPL  140621P00630000'"))
        }),
    }
}

pub(super) async fn desk(settings: &Settings) -> anyhow::Result<Desk> {
    if let MarketChoice::Tape(_) | MarketChoice::Simulated { .. } = &settings.market {
        let (market, stream) = sources::direct(settings).await?;
        let streams = StreamFallback::new(vec![stream], StreamPatience::default());
        return Ok(Desk { market, streams });
    }
    let limits: Arc<dyn AccountLimits> = match settings.market {
        MarketChoice::Served(_) => Arc::new(LocalLimits::default()),
        _ => wiring::limits(settings).await?,
    };
    let sources = wiring::market(settings, limits).await?;
    Ok(Desk { market: Arc::new(sources.fallback), streams: sources.streams })
}

/// How the symbols stand, once.
async fn now(market: &dyn MarketData, symbols: &[Symbol], json: bool) -> anyhow::Result<ExitCode> {
    let answers = answers(market, symbols).await;
    let failed = answers.iter().any(|(_, answer)| answer.is_err());
    if json {
        let rows: Vec<Value> = answers.iter().map(|(symbol, answer)| as_json(symbol, answer)).collect();
        output::json(&rows)?;
    } else {
        let quotes: Vec<&Quote> = answers.iter().filter_map(|(_, answer)| answer.as_ref().ok()).collect();
        if !quotes.is_empty() {
            output::line(&report::quotes(quotes.into_iter()));
        }
        for (symbol, error) in
            answers.iter().filter_map(|(symbol, answer)| Some((symbol, answer.as_ref().err()?)))
        {
            output::note(&format!("{symbol}: {error}"));
        }
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// How the symbols stand, a row a symbol; `error` in place of a quote.
pub(crate) async fn rows(market: &dyn MarketData, symbols: &[Symbol]) -> Vec<Value> {
    answers(market, symbols).await.iter().map(|(symbol, answer)| as_json(symbol, answer)).collect()
}

async fn answers<'s>(
    market: &dyn MarketData,
    symbols: &'s [Symbol],
) -> Vec<(&'s Symbol, Result<Quote, PortError>)> {
    let asked = symbols.iter().map(|symbol| async move { (symbol, quote(market, symbol).await) });
    futures::future::join_all(asked).await
}

async fn quote(market: &dyn MarketData, symbol: &Symbol) -> Result<Quote, PortError> {
    market.quote(symbol, market.now(symbol).await?).await
}

fn as_json(symbol: &Symbol, answer: &Result<Quote, PortError>) -> Value {
    match answer {
        Ok(quote) if quote.conditions.contains(&QuoteCondition::LastKnown) => {
            // When it was received is no market time.
            let mut shown = json!(quote);
            shown["market_time"] = Value::Null;
            shown
        }
        Ok(quote) => json!(quote),
        Err(error) => json!({"symbol": symbol, "error": error.to_string()}),
    }
}

/// What happens, a line an event, until the time is over or somebody stops it.
async fn follow(
    streams: &StreamFallback,
    symbols: &[StreamSymbol],
    args: &QuotesArgs,
) -> anyhow::Result<ExitCode> {
    ensure!(!symbols.is_empty(), "name at least one symbol");
    let mut reader = streams.subscribe(symbols, StreamKinds::ALL).await.context("no stream can be read")?;
    let mut read_from = String::new();
    let end = async {
        match args.span {
            Some(span) => tokio::time::sleep(span).await,
            None => std::future::pending().await,
        }
    };
    // One for all events: between two of them nobody would hear the signal.
    let stop = asked_to_stop();
    tokio::pin!(end, stop);
    loop {
        let event = tokio::select! {
            event = reader.next() => event,
            () = &mut end => return Ok(ExitCode::SUCCESS),
            stopped = &mut stop => {
                stopped?;
                return Ok(ExitCode::SUCCESS);
            }
        };
        let event = event.context("every stream has ended")?;
        if read_from != streams.name() {
            streams.name().clone_into(&mut read_from);
            output::note(&format!("reading {read_from}"));
        }
        let line = if args.json { event_json(&event).to_string() } else { report::stream_event(&event) };
        if !output::line_is_read(&line) {
            return Ok(ExitCode::SUCCESS);
        }
    }
}

fn event_json(event: &StreamEvent) -> Value {
    match event {
        StreamEvent::Quote(quote) => json!({
            "event": "quote", "symbol": quote.symbol.to_string(), "bid": quote.bid, "ask": quote.ask,
            "bid_size": quote.bid_size, "ask_size": quote.ask_size, "market_time": quote.market_time,
            "received_at": quote.received_at, "condition": quote.condition,
        }),
        StreamEvent::Trade(trade) => json!({
            "event": "trade", "symbol": trade.symbol.to_string(), "price": trade.price, "size": trade.size,
            "day_volume": trade.day_volume, "eligible": trade.eligible, "market_time": trade.market_time,
            "received_at": trade.received_at, "condition": trade.condition,
        }),
        StreamEvent::Greeks(greeks) => json!({
            "event": "greeks", "symbol": greeks.symbol.to_string(), "price": greeks.price,
            "volatility": greeks.volatility, "delta": greeks.delta, "gamma": greeks.gamma, "theta": greeks.theta,
            "rho": greeks.rho, "vega": greeks.vega, "market_time": greeks.market_time,
            "received_at": greeks.received_at,
        }),
        StreamEvent::Gap(gap) => json!({
            "event": "gap", "symbols": gap.symbols.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "from": gap.from, "until": gap.until, "reason": gap.reason,
        }),
        StreamEvent::Halt(halt) => json!({
            "event": "halt", "symbol": halt.symbol.to_string(), "halted": halt.halted, "reason": halt.reason,
            "market_time": halt.market_time,
        }),
    }
}
