//! Watches an account, and says how the watch is.
//!
//! `cargo run -p ttai-client --example portfolio -- 127.0.0.1:7233 [ACCOUNT]`

#![allow(clippy::print_stdout, reason = "an example says what it has done")]

use anyhow::Context;
use ttai_client::{Connect, TtaiClient};
use ttai_contract::UserId;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let address = std::env::args().nth(1).context("say the server's address, host:port")?;
    let account = std::env::args().nth(2).unwrap_or_default();
    let client = TtaiClient::connect(Connect::to(address)).await?;
    for line in run(&client, &account).await? {
        println!("{line}");
    }
    Ok(())
}

/// What there is to say; the first account of the first broker where none is named.
pub async fn run(client: &TtaiClient, account: &str) -> anyhow::Result<Vec<String>> {
    let monitor = client.portfolio_monitor(&UserId::default(), account, false).await?;
    let status = monitor.status().await?;
    let mut said = vec![format!("active: {}, last check: {:?}", status.active, status.last_check)];
    said.extend(status.recent_alerts.iter().map(|alert| alert.message.clone()));
    said.extend(status.problems.iter().map(|problem| format!("missing: {problem}")));
    Ok(said)
}
