//! The trade journal in front of a real server: analyses become entries once, trades find them, expirations are marked once, and nobody
//! sees another's journal.

use anyhow::Context;
use chrono::{TimeDelta, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use serde_json::json;
use ttai_activities::{Ports, review_journal};
use ttai_contract::{FullAnalysisParams, JournalUpdate, OptionsConstraints, UpdateJournalParams};
use ttai_core::{OccSymbol, OptionRight};
use ttai_ports::{AnalysisRecord, JournalEntry, JournalFilter, SyncedResource, SyncedRow};

use crate::lab::{DEADLINE, Lab, symbol};

async fn update(lab: &Lab, user: Option<&str>) -> anyhow::Result<JournalUpdate> {
    let user_id = user.map(str::parse).transpose()?;
    let params = UpdateJournalParams { user_id, ..UpdateJournalParams::default() };
    Ok(lab.client.start(&params, None).await?.result(Some(DEADLINE)).await?)
}

async fn entries(ports: &Ports, user: &str) -> anyhow::Result<Vec<JournalEntry>> {
    Ok(ports.trades.entries(user, &JournalFilter::default(), 100).await?)
}

/// A full analysis of AAPL that finds a trade, as it was saved.
async fn analysed(lab: &Lab) -> anyhow::Result<AnalysisRecord> {
    let mut params = FullAnalysisParams::new(symbol("AAPL"));
    let constraints = OptionsConstraints { min_roc: 0.0, ..OptionsConstraints::default() };
    params.trade.constraints = Some(constraints);
    let run = lab.client.start(&params, None).await?;
    lab.answer(&run).await?;
    let record = lab.saved(run.workflow_id()).await?.context("it is saved")?;
    anyhow::ensure!(record.recommendation != "reject", "{record:?}");
    Ok(record)
}

/// The same analysis as another user's, twenty sessions earlier, of a put that expired five sessions ago with its strike `share` of
/// the price of that day; and the close on its last day.
async fn long_ago(
    ports: &Ports,
    record: &AnalysisRecord,
    user: &str,
    share: f64,
) -> anyhow::Result<(AnalysisRecord, Decimal)> {
    let now = ports.market.now(&symbol("AAPL")).await?;
    let history = ports.market.daily_history(&symbol("AAPL"), now).await?;
    let bars = &history.bars[history.bars.len() - 21..];
    let (first, last) = (bars[0], bars[15]);
    let strike = Decimal::from_f64((last.close * share).round()).context("a strike")?;
    let contract = OccSymbol { root: symbol("AAPL"), expiration: last.date, right: OptionRight::Put, strike }
        .to_string();
    let mut record = AnalysisRecord {
        workflow_id: format!("{}-{user}-{share}", record.workflow_id),
        user_id: user.to_owned(),
        as_of: first.date.and_hms_opt(19, 0, 0).context("a time")?.and_utc(),
        ..record.clone()
    };
    let position = &mut record.result["suggested_position"];
    position["contract"] = json!(contract);
    position["expiration"] = json!(last.date);
    position["last_trade_date"] = json!(last.date);
    position["credit"] = json!(1.25);
    Ok((record, Decimal::from_f64(last.close).context("a close")?))
}

#[tokio::test]
async fn an_analysis_enters_once_and_its_expiration_is_marked_once() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let ports = lab.ports().await?;
    let record = analysed(&lab).await?;
    for (user, share) in [("ann", 0.5), ("bob", 1.5)] {
        ports.analyses.save(&long_ago(&ports, &record, user, share).await?.0).await?;
    }
    let first = update(&lab, None).await?;
    let expected = JournalUpdate { users: 3, entered: 3, marked: 2, open: 1, ..JournalUpdate::default() };
    assert_eq!(first, expected);
    let again = update(&lab, None).await?;
    assert_eq!(again, JournalUpdate { users: 3, open: 1, ..JournalUpdate::default() });

    let [mine] = &entries(&ports, "default").await?[..] else { anyhow::bail!("one entry of mine") };
    assert_eq!((&mine.workflow_id, &mine.mark, &mine.problem), (&record.workflow_id, &None, &None));
    assert_eq!(
        mine.trade.probability_of_profit,
        record.result["suggested_position"]["probability_of_profit"].as_f64()
    );
    let (_, close) = long_ago(&ports, &record, "ann", 0.5).await?;
    for (user, outcome) in [("ann", "expired"), ("bob", "breached")] {
        let [theirs] = &entries(&ports, user).await?[..] else { anyhow::bail!("one entry of {user}'s") };
        let mark = theirs.mark.as_ref().context("it is marked")?;
        assert_eq!((mark.outcome.as_str(), mark.close), (outcome, close.round_dp(6)));
        let owed = (mark.strike - mark.close).max(Decimal::ZERO);
        assert_eq!(mark.profit, Decimal::new(125, 2) - owed);
    }
    let review = review_journal(&ports, "ann", None, Utc::now() + TimeDelta::days(400)).await?;
    assert_eq!((review.ended, review.expired, review.of_other_markets), (1, 1, 0));
    assert_eq!((review.rates[0].hits, review.rates[0].too_few), (1, true));
    Ok(())
}

#[tokio::test]
async fn a_trade_finds_its_entry_and_nobody_elses() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let ports = lab.ports().await?;
    let record = analysed(&lab).await?;
    let (anns, _) = long_ago(&ports, &record, "ann", 0.5).await?;
    let (bobs, _) = long_ago(&ports, &record, "bob", 0.5).await?;
    ports.analyses.save(&anns).await?;
    ports.analyses.save(&bobs).await?;
    let account = |user: &str| SyncedResource {
        owner: user.to_owned(),
        source: "transactions".to_owned(),
        resource: "5WT00001".to_owned(),
    };
    let sale = SyncedRow {
        key: "77".to_owned(),
        at: anns.as_of + TimeDelta::minutes(5),
        row: json!({
            "id": "77", "kind": "trade", "detail": "Sell to Open", "symbol": anns.result["suggested_position"]["contract"],
            "quantity": "-1", "price": "1.25", "net_amount": "124.00",
        }),
    };
    ports.synced.save_synced(&account("ann"), std::slice::from_ref(&sale), None).await?;
    let only_ann = update(&lab, Some("ann")).await?;
    assert_eq!((only_ann.users, only_ann.entered, only_ann.linked, only_ann.marked), (1, 1, 1, 1));
    assert_eq!(entries(&ports, "bob").await?, [], "his journal was not asked for");
    assert_eq!(update(&lab, None).await?.linked, 0, "a trade is linked once");
    let links = ports.trades.links("ann", None).await?;
    assert_eq!((links.len(), links[0].by_hand, links[0].row.as_ref()), (1, false, Some(&sale.row)));
    assert_eq!(links[0].entry_id, entries(&ports, "ann").await?[0].id);
    assert_eq!(ports.trades.links("bob", None).await?, []);
    Ok(())
}

/// Two updates at once, by two workers, do the work of one.
#[tokio::test]
async fn updates_that_run_side_by_side_write_nothing_twice() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _workers = [lab.worker()?, lab.worker()?];
    let ports = lab.ports().await?;
    let record = analysed(&lab).await?;
    for number in 0..30 {
        let share = 0.5 + f64::from(number) / 100.0;
        ports.analyses.save(&long_ago(&ports, &record, "ann", share).await?.0).await?;
    }
    let (one, other) = tokio::join!(update(&lab, None), update(&lab, None));
    let (one, other) = (one?, other?);
    assert_eq!(one.entered + other.entered, 31);
    let found = entries(&ports, "ann").await?;
    assert_eq!((found.len(), found.iter().filter(|entry| entry.mark.is_some()).count()), (30, 30));
    Ok(())
}
