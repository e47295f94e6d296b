//! Screens in front of a real server: the picks, what is kept of them, what becomes of children that fail, and a cancellation.

use serde_json::{Value, json};
use ttai_client::ClientError;
use ttai_contract::{
    AccountContext, CSPScreenerParams, CSPScreenerResult, FullAnalysisResult, ScheduledScreenerParams,
    ScreenCriteria, ScreenProgress, ScreenerResult, Stage, Symbol,
};
use ttai_ports::{Deliveries, DeliveryFilter, ScreenRunKey, ScreenerResults};

use crate::foreign::ForeignHandle;
use crate::lab::{DEADLINE, Lab, eventually, symbol};
use crate::script::{Act, Script};

/// Everyone of the tests' market but the expensive, with loose limits.
fn loose(symbols: &[&str]) -> CSPScreenerParams {
    CSPScreenerParams {
        account: AccountContext { capital: Some(200_000.0), ..AccountContext::default() },
        criteria: ScreenCriteria {
            symbols: symbols.iter().map(|name| symbol(name)).collect(),
            min_roc_weekly: 0.05,
            min_open_interest: 1,
            max_spread_pct: 60.0,
            exclude_earnings: false,
            ..ScreenCriteria::default()
        },
        include_chart_image: false,
        drill: true,
        ..CSPScreenerParams::default()
    }
}

fn dropped(result: &CSPScreenerResult) -> Vec<(&str, &Symbol)> {
    let groups = result.dropped.iter().chain(&result.failed);
    groups.flat_map(|group| group.symbols.iter().map(|symbol| (group.code.as_str(), symbol))).collect()
}

#[tokio::test]
async fn a_screen_picks_sizes_keeps_and_says_why_not() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let mut params = loose(&["AAPL", "F", "INTC", "MSFT", "PYPL", "ZZZZ"]);
    params.account.capital = Some(60_000.0);
    params.criteria.max_price = Some(300.0);
    let run = lab.client.start(&params, Some("one")).await?;
    let result = lab.answer(&run).await?;
    assert_eq!((result.candidates_screened, result.quick_analyzed), (6, 5), "{result:?}");
    assert!(!result.picks.is_empty(), "{:?}", dropped(&result));
    assert_eq!(result.picks.len(), result.recommendations.len());
    // Every candidate is a pick, or has its one reason.
    assert_eq!(result.picks.len() + dropped(&result).len(), 6, "{:?}", dropped(&result));
    assert!(dropped(&result).contains(&("max_price", &symbol("MSFT"))), "{:?}", dropped(&result));
    assert!(dropped(&result).contains(&("unknown_symbol", &symbol("ZZZZ"))), "{:?}", dropped(&result));
    let bound: rust_decimal::Decimal = result.picks.iter().map(|pick| pick.collateral).sum();
    assert!(bound == result.collateral && bound <= 60_000.into(), "{bound}");

    let store = lab.store().await?;
    for (pick, full) in result.picks.iter().zip(&result.recommendations) {
        assert!(pick.contracts > 0 && !pick.limit.is_empty(), "{pick:?}");
        assert!(pick.observed.is_some_and(|seen| seen.n > 1_000 && seen.share > 0.5), "{pick:?}");
        assert_eq!((&full.chart_analysis, &full.options_analysis), (&None, &None));
        let bytes = serde_json::to_vec(full)?.len();
        assert!(bytes < 2_048, "{} answers in {bytes} bytes", pick.symbol);
        // The whole of it is in the store, and says the same.
        let stored = full.stored.as_ref().expect("a key");
        let whole = lab.saved(&stored.workflow_id).await?.expect("a record");
        let whole: FullAnalysisResult = serde_json::from_value(whole.result)?;
        assert!(whole.chart_analysis.is_some() && whole.score == full.score);
    }
    let key = key(&result);
    let rows = store.screened(&key).await?;
    assert_eq!(rows.len(), 6);
    for row in &rows {
        let is_pick = result.picks.iter().any(|pick| pick.symbol == row.symbol);
        assert_eq!(row.reason.is_empty(), is_pick, "{row:?}");
    }

    // The same screen again is compared with this one.
    let again = lab.client.start(&params, Some("two")).await?;
    let again = lab.answer(&again).await?;
    let since = again.changes.since.as_ref().expect("a run before");
    assert_eq!(since.workflow_id, result.run.workflow_id);
    assert_eq!((again.changes.new.len(), again.changes.gone.len()), (0, 0), "{:?}", again.changes);
    Ok(())
}

fn key(result: &CSPScreenerResult) -> ScreenRunKey {
    ScreenRunKey {
        user_id: result.run.user_id.to_string(),
        workflow_id: result.run.workflow_id.clone(),
        run_id: result.run.run_id.clone(),
    }
}

#[tokio::test]
async fn a_child_that_fails_is_named_and_the_screen_goes_on() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let calm = lab.client.start(&loose(&["F", "INTC", "PYPL", "AAPL"]), Some("calm")).await?;
    let calm = lab.answer(&calm).await?;
    assert!(calm.picks.len() > 1, "{:?}", dropped(&calm));
    let unlucky = calm.picks[0].symbol.clone();

    let id = format!("analysis-{unlucky}-csp-screener-sour");
    lab.book.write(&id, &Script::default().with(Stage::Options, &[Act::Refusal]))?;
    let run = lab.client.start(&loose(&["F", "INTC", "PYPL", "AAPL"]), Some("sour")).await?;
    let result = lab.answer(&run).await?;
    assert!(dropped(&result).contains(&("failed", &unlucky)), "{:?}", dropped(&result));
    assert!(
        result.warnings.iter().any(|text| text.starts_with(&format!("{unlucky}: its full analysis failed")))
    );
    assert_eq!(result.picks.len(), calm.picks.len() - 1);
    assert_eq!(result.candidates_analyzed, calm.candidates_analyzed - 1);
    Ok(())
}

#[tokio::test]
async fn no_more_are_analysed_than_are_wanted() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let params = CSPScreenerParams { max_picks: 1, ..loose(&["F", "INTC", "PYPL", "AAPL"]) };
    let run = lab.client.start(&params, Some("few")).await?;
    let result = lab.answer(&run).await?;
    assert_eq!(result.picks.len(), 1);
    assert!(dropped(&result).iter().any(|(code, _)| *code == "max_picks"), "{:?}", dropped(&result));

    // With no room for any contract nothing is analysed in full, and each says so.
    let mut poor = loose(&["F", "INTC"]);
    poor.account.capital = Some(100.0);
    let run = lab.client.start(&poor, Some("poor")).await?;
    let result = lab.answer(&run).await?;
    assert_eq!((result.picks.len(), result.candidates_analyzed), (0, 0));
    assert!(dropped(&result).iter().any(|(code, _)| *code == "capital"), "{:?}", dropped(&result));
    Ok(())
}

#[tokio::test]
async fn a_cancelled_screen_leaves_no_child_behind() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    for name in ["F", "INTC", "PYPL", "AAPL"] {
        let id = format!("analysis-{name}-csp-screener-stop");
        lab.book.write(&id, &Script::default().with(Stage::Chart, &[Act::Hold]))?;
    }
    let run = lab.client.start(&loose(&["F", "INTC", "PYPL", "AAPL"]), Some("stop")).await?;
    let handle = ForeignHandle::of(&lab, run.workflow_id());
    let progress: ScreenProgress =
        handle.status_until(|progress: &ScreenProgress| !progress.analyzing.is_empty()).await?;
    run.cancel("enough").await?;
    let ending = lab.refusal(&run).await?;
    assert!(matches!(ending, ClientError::Cancelled { .. }), "{ending}");
    for name in &progress.analyzing {
        let child = lab.client.any_run(format!("analysis-{name}-csp-screener-stop"));
        eventually("the child's end", async || {
            Ok((child.describe().await?.run.status != ttai_client::RunStatus::Running).then_some(()))
        })
        .await?;
    }
    Ok(())
}

#[tokio::test]
async fn another_sdks_screens_are_answered_as_the_seeds_say() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let of_004 = [json!(["AAPL", "F", "INTC"]), json!("csp"), json!(2)];
    lab.start_raw("ScreenerWorkflow", "of-004", &of_004).await?;
    let of_002 = json!({"userId": "ann", "criteria": {"strategy": "csp", "maxPrice": 60, "minRoc": 0.05,
        "minVolume": 1000000}, "maxSymbols": 3});
    lab.start_raw("ScreenerWorkflow", "of-002", &[of_002]).await?;
    let answer = lab.client.any_run("of-004").answer(Some(DEADLINE)).await?;
    assert_eq!((answer["candidates"].as_u64(), answer["analyzed"].as_u64()), (Some(3), Some(3)));
    let rows = answer["results"].as_array().expect("rows");
    assert!(!rows.is_empty(), "{answer}");
    let scores: Vec<f64> = rows.iter().filter_map(|row| row["score"].as_f64()).collect();
    assert!(scores.len() == rows.len() && scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
    for row in rows {
        for field in ["symbol", "recommendation", "chart_score", "options_data"] {
            assert!(!row[field].is_null(), "{field} of {row}");
        }
    }
    let scanned: ScreenerResult =
        serde_json::from_value(lab.client.any_run("of-002").answer(Some(DEADLINE)).await?)?;
    assert!(scanned.candidates > 0 && scanned.candidates <= 3, "{scanned:?}");
    assert_eq!(scanned.run.user_id.as_str(), "ann");
    let runs = lab.store().await?.list_screen_runs("ann", None, 10).await?;
    assert_eq!(runs.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_scheduled_screen_tells_its_picks_by_the_ledger() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let params = ScheduledScreenerParams {
        screener_id: "morning-csp".to_owned(),
        screener_params: loose(&["F", "INTC", "PYPL", "AAPL"]),
        notify_channels: vec!["log".to_owned().try_into()?],
        ..ScheduledScreenerParams::default()
    };
    let run = lab.client.start(&params, Some("one")).await?;
    let answer = lab.answer(&run).await?;
    assert!(answer.notified && answer.recommendations_count > 0, "{answer:?}");
    assert_eq!(answer.run.workflow_id, format!("scheduled-screener-{}", run.workflow_id()));
    let store = lab.store().await?;
    let filter = DeliveryFilter { user_id: "default".to_owned(), ..DeliveryFilter::default() };
    let told = store.list_deliveries(&filter).await?;
    let told = told.iter().find(|delivery| delivery.message.id.starts_with("screen/default/"));
    let message = &told.expect("a message").message.message;
    assert!(message.title.starts_with("morning-csp: "), "{}", message.title);
    assert_eq!(
        message.text.lines().count(),
        usize::try_from(answer.recommendations_count)?,
        "{}",
        message.text
    );
    let kept = store.list_screen_runs("default", Some("morning-csp"), 10).await?;
    assert_eq!(kept.len(), 1);
    let _: &Value = &kept[0].result;
    Ok(())
}
