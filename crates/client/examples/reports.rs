//! Makes an end-of-day summary and says what is in it.
//!
//! `cargo run -p ttai-client --example reports -- 127.0.0.1:7233`

#![allow(clippy::print_stdout, reason = "an example says what it has done")]

use anyhow::Context;
use ttai_client::{Connect, TtaiClient};
use ttai_contract::{ReportName, UserId};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let address = std::env::args().nth(1).context("say the server's address, host:port")?;
    let client = TtaiClient::connect(Connect::to(address)).await?;
    for line in run(&client).await? {
        println!("{line}");
    }
    Ok(())
}

/// The summary, and where the whole of it is.
pub async fn run(client: &TtaiClient) -> anyhow::Result<Vec<String>> {
    let report = client.report(ReportName::EodSummary, &UserId::default()).start(None).await?;
    let result = report.result(None).await?;
    let mut said = vec![result.title];
    said.extend(result.summary);
    said.extend(result.artifacts.iter().map(|file| format!("{}: {} bytes", file.media_type, file.size)));
    Ok(said)
}
