//! Reports in front of a real server: saved and sent once, of a past day the same bytes, for everyone a child each, and not
//! twice because a worker died.

use std::collections::BTreeSet;

use anyhow::Context;
use chrono::{Days, Utc};
use rust_decimal::Decimal;
use serde_json::json;
use ttai_contract::{ReportName, RunReportParams, RunReportResult};
use ttai_ports::{
    Accounts, Artifacts, Deliveries, DeliveryFilter, MessageDelivery, PositionStatus, ReportFilter, Reports,
    StoredPosition,
};
use ttai_store::Database;

use crate::lab::{DEADLINE, Lab, eventually};

fn params(report_name: ReportName) -> RunReportParams {
    RunReportParams { drill: true, ..RunReportParams::of(report_name) }
}

async fn made(lab: &Lab, params: &RunReportParams, key: &str) -> anyhow::Result<RunReportResult> {
    let run = lab.client.start(params, Some(key)).await?;
    lab.answer(&run).await
}

async fn text(store: &Database, result: &RunReportResult, place: usize) -> anyhow::Result<String> {
    let link = result.artifacts.get(place).context("an artefact")?;
    let artifact = store.get(&link.sha256).await?.context("its bytes")?;
    Ok(String::from_utf8(artifact.bytes)?)
}

/// What the ledger has of the reports of a user.
async fn deliveries(store: &Database, user: &str) -> anyhow::Result<Vec<MessageDelivery>> {
    let filter = DeliveryFilter { user_id: user.to_owned(), ..DeliveryFilter::default() };
    let all = store.list_deliveries(&filter).await?;
    Ok(all.into_iter().filter(|one| one.delivery.key.message_id.starts_with("report/")).collect())
}

#[tokio::test]
async fn a_report_is_saved_sent_and_its_past_day_is_the_same_again() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    // As 003 starts it, from any SDK.
    let id = "report-by-position";
    let arguments = [json!("daily_report"), json!("log"), json!(true)];
    lab.start_raw("RunReportWorkflow", id, &arguments).await?;
    let answer = lab.client.any_run(id).answer(Some(DEADLINE)).await?;
    assert!(serde_json::to_vec(&answer)?.len() < 4_096, "{answer}");
    let result: RunReportResult = serde_json::from_value(answer)?;
    assert_eq!(result.sent_to, ["log"]);
    assert!(result.positions.is_some_and(|held| held > 0) && result.daily_pnl.is_some(), "{result:?}");
    let store = lab.store().await?;
    let report = result.report.clone().context("an id")?;
    let record = store.report("default", &report).await?.context("the report")?;
    assert_eq!((record.market.as_str(), &record.summary), ("simulated", &result.summary));
    let (html, markdown) = (text(&store, &result, 0).await?, text(&store, &result, 1).await?);
    assert!(
        html.contains("<svg")
            && html.contains("simulated market")
            && markdown.contains("## Tomorrow's risks")
    );
    assert_eq!(deliveries(&store, "default").await?.len(), 1);

    // What was known that day, however often it is made.
    let today = result.day.context("a day")?;
    let past = today.checked_sub_days(Days::new(10)).context("a day")?;
    let past = RunReportParams { date: Some(past), ..params(ReportName::EodSummary) };
    let (first, again) = (made(&lab, &past, "one").await?, made(&lab, &past, "two").await?);
    assert_eq!(first.artifacts, again.artifacts);
    assert_ne!(first.report, again.report);
    assert!(first.positions.is_none() && first.summary[0].contains("Nothing is stored"), "{first:?}");
    assert_eq!(deliveries(&store, "default").await?.len(), 1, "nobody asked to send them");
    let filter = ReportFilter { user_id: "default".to_owned(), ..ReportFilter::default() };
    assert_eq!(store.list_reports(&filter).await?.len(), 3);
    Ok(())
}

fn shares() -> StoredPosition {
    let at = Utc::now();
    StoredPosition {
        symbol: "AAPL".to_owned(),
        kind: "shares".to_owned(),
        quantity: Decimal::ONE_HUNDRED,
        average_open_price: Decimal::ONE_HUNDRED,
        mark: None,
        status: PositionStatus::Open,
        opened_at: at,
        updated_at: at,
    }
}

/// Two users with an account each, which no broker knows.
pub(crate) async fn two_users(store: &Database) -> anyhow::Result<()> {
    for (user, account) in [("ann", "A-1"), ("bob", "B-2")] {
        store.sync_positions(user, account, &[shares()], Utc::now()).await?;
    }
    Ok(())
}

#[tokio::test]
async fn everyone_has_a_report_of_their_own() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let store = lab.store().await?;
    two_users(&store).await?;
    let everyone = RunReportParams { everyone: true, send: true, ..params(ReportName::EodSummary) };
    let result = made(&lab, &everyone, "all").await?;
    let round = result.round.context("what it came to")?;
    assert_eq!((round.reports, round.failed), (2, 0), "{round:?}");
    for (user, own, others) in [("ann", "A-1", "B-2"), ("bob", "B-2", "A-1")] {
        let filter = ReportFilter { user_id: user.to_owned(), ..ReportFilter::default() };
        let [report] = &store.list_reports(&filter).await?[..] else { anyhow::bail!("{user}'s report") };
        let markdown = store.get(&report.markdown).await?.context("its text")?;
        let markdown = String::from_utf8(markdown.bytes)?;
        // The broker does not know the account: it is named as unreachable, with what was held last.
        assert!(
            markdown.contains(own) && markdown.contains("AAPL") && !markdown.contains(others),
            "{markdown}"
        );
        let channels: BTreeSet<_> =
            deliveries(&store, user).await?.into_iter().map(|one| one.delivery.key.channel).collect();
        assert!(channels.contains("log"), "{channels:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_killed_worker_sends_no_report_twice() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let mut worker = lab.worker()?;
    let params = RunReportParams { send: true, ..params(ReportName::EodSummary) };
    let run = lab.client.start(&params, Some("killed")).await?;
    let id = run.workflow_id();
    eventually("the composing attempt", async || {
        let pending = lab.client.any_run(id).progress().await?;
        Ok(pending.steps.iter().any(|step| step.activity == "compose_report_activity").then_some(()))
    })
    .await?;
    worker.kill()?;
    let _second = lab.worker()?;
    let result = lab.answer(&run).await?;
    assert!(lab.first_attempt(id).await?.is_some_and(|attempt| attempt > 1), "the kill landed on nothing");
    assert_eq!(result.sent_to.len(), deliveries(&lab.store().await?, "default").await?.len());
    Ok(())
}
