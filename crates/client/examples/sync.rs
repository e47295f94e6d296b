//! Pulls earnings dates into the store, and says what was read and which schedules do so by themselves.
//!
//! `cargo run -p ttai-client --example sync -- 127.0.0.1:7233`

#![allow(clippy::print_stdout, reason = "an example says what it has done")]

use anyhow::Context;
use ttai_client::{Connect, TtaiClient};
use ttai_contract::{SyncSource, SyncSourceParams};

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
    let resources = Some(vec!["AAPL".to_owned(), "F".to_owned()]);
    let params = SyncSourceParams { resources, ..SyncSourceParams::of(SyncSource::Earnings) };
    let sync = client.start_sync(&params, None).await?;
    let result = sync.result(None).await?;
    let mut said = vec![format!(
        "{}: {} resources {}",
        result.source_name.as_str(),
        result.resources.len(),
        result.status.as_str()
    )];
    for resource in &result.resources {
        said.push(match &resource.error {
            Some(error) => format!("{}: {error}", resource.resource),
            None => format!("{}: {} rows written", resource.resource, resource.rows_written),
        });
    }
    for id in client.schedule_ids().await? {
        let schedule = client.schedule_handle(&id).describe().await?;
        let next = schedule.and_then(|schedule| schedule.next.first().copied());
        said.push(format!("schedule {id}: next run {next:?}"));
    }
    Ok(said)
}
