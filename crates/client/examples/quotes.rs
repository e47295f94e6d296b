//! Keeps symbols on the quote stream, and reads what came last.
//!
//! `cargo run -p ttai-client --example quotes -- 127.0.0.1:7233`

#![allow(clippy::print_stdout, reason = "an example says what it has done")]

use anyhow::Context;
use ttai_client::{Connect, TtaiClient};
use ttai_contract::QuoteStreamParams;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let address = std::env::args().nth(1).context("say the server's address, host:port")?;
    let client = TtaiClient::connect(Connect::to(address)).await?;
    for line in run(&client).await? {
        println!("{line}");
    }
    Ok(())
}

/// What there is to say.
pub async fn run(client: &TtaiClient) -> anyhow::Result<Vec<String>> {
    let symbols = ["AAPL", "SPY"].map(str::parse).into_iter().collect::<Result<_, String>>();
    let params = QuoteStreamParams { symbols: symbols.map_err(anyhow::Error::msg)?, ..Default::default() };
    let stream = client.start_quote_stream("example", &params).await?;
    let latest = stream.latest(Vec::new()).await?;
    let mut said = Vec::new();
    for value in latest.values {
        let quote = value.quote.as_ref();
        said.push(format!(
            "{}: bid {:?}, ask {:?} at {:?}",
            value.symbol,
            quote.and_then(|quote| quote.bid),
            quote.and_then(|quote| quote.ask),
            quote.and_then(|quote| quote.market_time),
        ));
    }
    let health = stream.health().await?;
    said.push(format!("connected: {}, gaps: {}", health.connected, health.gaps));
    stream.shut_down().await?;
    Ok(said)
}
