//! Screens symbols for puts to sell, follows the steps, and says the picks.
//!
//! `cargo run -p ttai-client --example screens -- 127.0.0.1:7233`

#![allow(clippy::print_stdout, reason = "an example says what it has done")]

use anyhow::Context;
use ttai_client::{Connect, StepState, TtaiClient};
use ttai_contract::{AccountContext, CSPScreenerParams, ScreenCriteria};

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
    let params = CSPScreenerParams {
        screener_id: Some("example".to_owned()),
        criteria: ScreenCriteria {
            symbols: vec!["F".parse()?, "INTC".parse()?],
            ..ScreenCriteria::default()
        },
        account: AccountContext { capital: Some(20_000.0), ..AccountContext::default() },
        include_chart_image: false,
        ..CSPScreenerParams::default()
    };
    let screen = client.start_screen(&params, None).await?;
    let mut said = vec![format!("started {}", screen.workflow_id())];
    let mut done = 0;
    screen
        .follow(|progress| done = progress.steps.iter().filter(|step| step.state == StepState::Done).count())
        .await?;
    said.push(format!("{done} steps done"));
    let result = screen.result(None).await?;
    said.push(format!("{} screened, {} picks", result.candidates_screened, result.picks.len()));
    for (pick, full) in result.picks.iter().zip(&result.recommendations) {
        let contract = full.suggested_position.as_ref().map_or("", |trade| trade.contract.as_str());
        said.push(format!("{}: {} of {contract}, ${}", pick.symbol, pick.contracts, pick.collateral));
    }
    let reasons = result.dropped.iter().map(|group| format!("{:?}: {}", group.symbols, group.reason));
    said.extend(reasons);
    Ok(said)
}
