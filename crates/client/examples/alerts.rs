//! Arms an alert, lists what is armed, and acknowledges what has fired.
//!
//! `ttai dev` in one terminal; in another, with the address that it prints:
//! `cargo run -p ttai-client --example alerts -- 127.0.0.1:7233`

#![allow(clippy::print_stdout, reason = "an example says what it has done")]

use anyhow::Context;
use serde_json::json;
use ttai_client::{Connect, TtaiClient};
use ttai_contract::{AlertDefinition, ListAlerts, UserId};

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
    let alerts = client.price_alerts(&UserId::default()).await?;
    // Its id is the key: armed again, it is the same alert.
    let alert: AlertDefinition = serde_json::from_value(json!({
        "id": "example-aapl", "symbol": "AAPL", "condition": "below", "target_price": 1, "note": "an example",
    }))?;
    let mut said = Vec::new();
    for answer in alerts.add(&[alert]).await?.alerts {
        let reason = answer.reason.unwrap_or_default();
        said.push(format!("{}: {}", answer.id, if answer.accepted { "armed" } else { &reason }));
    }
    for row in alerts.list(&ListAlerts::default()).await?.alerts {
        said.push(format!("listed: {}", row.id));
    }
    alerts.acknowledge(vec!["example-aapl".to_owned()]).await?;
    alerts.remove(vec!["example-aapl".to_owned()]).await?;
    Ok(said)
}
