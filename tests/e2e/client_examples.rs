//! The client's examples, against a real server and a worker.

use crate::lab::Lab;

#[path = "../../crates/client/examples/alerts.rs"]
#[allow(dead_code, unreachable_pub, reason = "its main is the example's own")]
mod alerts;
#[path = "../../crates/client/examples/portfolio.rs"]
#[allow(dead_code, unreachable_pub, reason = "its main is the example's own")]
mod portfolio;
#[path = "../../crates/client/examples/quotes.rs"]
#[allow(dead_code, unreachable_pub, reason = "its main is the example's own")]
mod quotes;
#[path = "../../crates/client/examples/screens.rs"]
#[allow(dead_code, unreachable_pub, reason = "its main is the example's own")]
mod screens;
#[path = "../../crates/client/examples/sync.rs"]
#[allow(dead_code, unreachable_pub, reason = "its main is the example's own")]
mod sync;

#[path = "../../crates/client/examples/reports.rs"]
#[allow(dead_code, unreachable_pub, reason = "its main is the example's own")]
mod reports;

#[tokio::test]
async fn the_examples_run() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let said = alerts::run(&lab.client).await?;
    assert_eq!(said, ["example-aapl: armed", "listed: example-aapl"]);
    let said = quotes::run(&lab.client).await?;
    assert!(said.len() == 3 && said[0].starts_with("AAPL: bid "), "{said:?}");
    let said = reports::run(&lab.client).await?;
    assert!(
        said[0].starts_with("End-of-day summary, ")
            && said.iter().any(|line| line.starts_with("text/html: ")),
        "{said:?}"
    );
    let said = portfolio::run(&lab.client, "").await?;
    assert!(said[0].starts_with("active: true"), "{said:?}");
    let said = screens::run(&lab.client).await?;
    assert!(said.len() > 3 && said[2].starts_with("2 screened, "), "{said:?}");
    let said = sync::run(&lab.client).await?;
    assert_eq!(said[0], "earnings: 2 resources completed", "{said:?}");
    Ok(())
}
