//! Everything that the DXLink client can be asked for, once, against a server: `dxlink_scenario URL TOKEN (COMPACT|FULL) OCC`.
//! `conformance/dxlink` runs it through a proxy that holds every frame against the official schema.
#![allow(clippy::print_stdout, reason = "it says what it saw")]

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use secrecy::SecretString;
use tokio::time::timeout;
use ttai_core::{OccSymbol, Symbol};
use ttai_ports::{QuoteStream, StreamEvent, StreamKinds, StreamReader, StreamSymbol};
use ttai_providers::dxlink::{
    CandlePeriod, CandleSymbol, DataFormat, DxLink, DxLinkConfig, FixedToken, StreamAccess, TradingHours,
};

type Failure = Box<dyn Error + Send + Sync>;

/// Generous: a machine may be busy.
const DEADLINE: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, token, format, contract] = arguments.as_slice() else {
        return Err("give URL, TOKEN, COMPACT or FULL, and an OCC option symbol".into());
    };
    let config = DxLinkConfig {
        format: if format == "FULL" { DataFormat::Full } else { DataFormat::Compact },
        // Short, so that keepalives are among the frames.
        keepalive_timeout: Duration::from_secs(2),
        ..DxLinkConfig::default()
    };
    let access = StreamAccess { url: url.clone(), token: SecretString::from(token.clone()) };
    let client = DxLink::new(config, Arc::new(FixedToken(access)));
    let share = StreamSymbol::Equity(Symbol::new("AAPL")?);
    let contract = StreamSymbol::Option(OccSymbol::parse(contract)?);

    let mut reader = client.subscribe(&[share.clone(), contract.clone()], StreamKinds::ALL).await?;
    see_all(&mut reader).await?;
    println!("saw quotes, trades and Greeks");
    let spy = [StreamSymbol::Equity(Symbol::new("SPY")?)];
    reader.add(&spy).await?;
    until(&mut reader, |event| matches!(event, StreamEvent::Quote(quote) if quote.symbol == spy[0])).await?;
    reader.remove(&spy).await?;
    println!("added and removed a symbol");

    // Far enough back for a market that plays another day behind a proxy with its own clock.
    let from = Utc::now() - TimeDelta::days(400);
    for (period, hours) in [
        (CandlePeriod::DAY, TradingHours::Regular),
        (CandlePeriod::Minutes(5), TradingHours::Extended),
        (CandlePeriod::MINUTE, TradingHours::Regular),
    ] {
        let symbol = CandleSymbol { symbol: share.clone(), period, hours };
        let bars = client.candles(&symbol, from).await?.bars.len();
        if bars == 0 {
            return Err(format!("there are no bars {symbol}").into());
        }
        println!("{bars} bars {symbol}");
    }
    // Two keepalives of ours fit in here.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let health = client.health();
    if !health.connected || health.reconnects > 0 {
        return Err(format!("the connection did not hold: {health:?}").into());
    }
    drop(reader);
    client.close();
    println!("done");
    Ok(())
}

async fn see_all(reader: &mut Box<dyn StreamReader>) -> Result<(), Failure> {
    let (mut quote, mut trade, mut greeks) = (false, false, false);
    while !(quote && trade && greeks) {
        match timeout(DEADLINE, reader.next()).await?.ok_or("the stream has ended")? {
            StreamEvent::Quote(_) => quote = true,
            StreamEvent::Trade(_) => trade = true,
            StreamEvent::Greeks(_) => greeks = true,
            StreamEvent::Gap(gap) => return Err(format!("a gap: {gap:?}").into()),
            StreamEvent::Halt(_) => {}
        }
    }
    Ok(())
}

async fn until(
    reader: &mut Box<dyn StreamReader>,
    wanted: impl Fn(&StreamEvent) -> bool,
) -> Result<(), Failure> {
    while !wanted(&timeout(DEADLINE, reader.next()).await?.ok_or("the stream has ended")?) {}
    Ok(())
}
