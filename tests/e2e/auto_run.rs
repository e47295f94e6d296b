//! Saved screeners that run by themselves in front of a real server: each user's own, told of what is new only, never twice at the same
//! time, and not at all where the schedule's run is too late.

use anyhow::Context;
use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use ttai::config;
use ttai::schedules;
use ttai_config::Environment;
use ttai_contract::{
    AutoRunOutcome, AutoRunScreen, AutoRunScreenersParams, AutoRunScreenersResult, ScheduledScreenerResult,
    Stage,
};
use ttai_ports::{
    Deliveries, DeliveryFilter, NewScreener, Preferences, PreferencesChange, SavedScreeners, ScreenerResults,
    UserPreferences,
};
use ttai_store::Database;

use crate::lab::{DEADLINE, Lab, eventually};
use crate::market::START;
use crate::script::{Act, Script};

fn screener(name: &str, symbols: &[&str]) -> NewScreener {
    NewScreener {
        name: name.to_owned(),
        strategy: "csp".to_owned(),
        criteria: criteria(symbols),
        auto_run: true,
        channels: Vec::new(),
    }
}

/// Loose limits: what is asked for is picked.
fn criteria(symbols: &[&str]) -> Value {
    json!({"symbols": symbols, "min_roc_weekly": 0.05, "min_open_interest": 1, "max_spread_pct": 60,
        "exclude_earnings": false, "account": {"capital": 200_000}, "include_chart_image": false, "drill": true})
}

async fn run(lab: &Lab, key: &str) -> anyhow::Result<AutoRunScreenersResult> {
    let params = AutoRunScreenersParams { drill: true, ..AutoRunScreenersParams::default() };
    let run = lab.client.start(&params, Some(key)).await?;
    lab.answer(&run).await
}

fn of<'a>(result: &'a AutoRunScreenersResult, user: &str, name: &str) -> anyhow::Result<&'a AutoRunScreen> {
    let found = result.screens.iter().find(|screen| screen.user_id.as_str() == user && screen.name == name);
    found.with_context(|| format!("{name} of {user} in {result:?}"))
}

/// The titles of the messages about screens that a user has.
async fn told(store: &Database, user: &str) -> anyhow::Result<Vec<String>> {
    let filter = DeliveryFilter { user_id: user.to_owned(), ..DeliveryFilter::default() };
    let all = store.list_deliveries(&filter).await?;
    let of_screens = all.into_iter().filter(|one| one.message.id.starts_with("screen/"));
    Ok(of_screens.map(|one| one.message.message.title).collect())
}

#[tokio::test]
async fn each_users_screeners_run_and_tell_only_what_is_new() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let store = lab.store().await?;
    let own =
        NewScreener { channels: vec!["log".to_owned()], ..screener("High IV; puts", &["INTC", "AAPL"]) };
    store.save_screener("ann", &own).await?;
    store.save_screener("ann", &NewScreener { auto_run: false, ..screener("by hand", &["F"]) }).await?;
    store.save_screener("bob", &screener("High IV; puts", &["INTC", "AAPL"])).await?;
    let broken = NewScreener { criteria: json!({"max_prize": 1}), ..screener("broken", &[]) };
    store.save_screener("bob", &broken).await?;
    // Bob names no channel at his screener: his preferences do.
    let channels = UserPreferences { channels: Some(vec!["log".to_owned()]), ..UserPreferences::default() };
    store.save_preferences("bob", &PreferencesChange { set: channels, unset: Vec::new() }).await?;

    let first = run(&lab, "first").await?;
    assert_eq!((first.completed, first.failed, first.skipped), (2, 1, 0), "{first:?}");
    let (anns, bobs) = (of(&first, "ann", "High IV; puts")?, of(&first, "bob", "High IV; puts")?);
    assert!(anns.picks > 0 && anns.notified && bobs.picks > 0 && bobs.notified, "{first:?}");
    assert_ne!(anns.workflow_id, bobs.workflow_id);
    let failed = of(&first, "bob", "broken")?;
    assert!(failed.outcome == AutoRunOutcome::Failed, "{failed:?}");
    assert!(failed.reason.as_deref().is_some_and(|reason| reason.contains("max_prize")), "{failed:?}");
    // Each has the own run and message, and nobody else's.
    for (user, screen) in [("ann", anns), ("bob", bobs)] {
        let runs = store.list_screen_runs(user, Some("High IV; puts"), 10).await?;
        let ids: Vec<&str> = runs.iter().map(|run| run.key.workflow_id.as_str()).collect();
        assert_eq!(ids, [format!("scheduled-screener-{}", screen.workflow_id)], "{user}");
        let told = told(&store, user).await?;
        assert!(told.len() == 1 && told[0].starts_with("High IV; puts: "), "{user}: {told:?}");
    }

    // An hour later there is nothing new to tell.
    let second = run(&lab, "second").await?;
    let again = of(&second, "ann", "High IV; puts")?;
    assert!(again.picks == anns.picks || second.completed == 2, "{second:?}");
    assert!(!again.notified && !of(&second, "bob", "High IV; puts")?.notified, "{second:?}");
    assert_eq!(store.list_screen_runs("ann", Some("High IV; puts"), 10).await?.len(), 2);

    // A symbol more, and one less to run.
    let more = NewScreener { criteria: criteria(&["INTC", "AAPL", "F"]), ..own };
    store.save_screener("ann", &more).await?;
    store.set_auto_run("bob", "High IV; puts", false).await?;
    store.delete_screener("bob", "broken").await?;
    let third = run(&lab, "third").await?;
    assert_eq!((third.completed, third.screens.len()), (1, 1), "{third:?}");
    let picks = &store.list_screen_runs("ann", Some("High IV; puts"), 1).await?[0].picks;
    let has_new = picks.iter().any(|pick| pick.symbol.as_str() == "F");
    assert_eq!(of(&third, "ann", "High IV; puts")?.notified, has_new, "{picks:?}");
    assert_eq!(told(&store, "ann").await?.len(), 1 + usize::from(has_new));
    assert_eq!(told(&store, "bob").await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_screener_that_still_runs_is_left_out() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let store = lab.store().await?;
    store.save_screener("default", &screener("slow", &["F"])).await?;
    let id = "analysis-F-scheduled-screener-auto-screen-slow";
    lab.book.write(id, &Script::default().with(Stage::Chart, &[Act::Hold]))?;
    let params = AutoRunScreenersParams { drill: true, ..AutoRunScreenersParams::default() };
    let slow = lab.client.start(&params, Some("slow")).await?;
    lab.begun(id, Stage::Chart, 0).await?;
    let other = run(&lab, "other").await?;
    assert_eq!((other.skipped, other.completed), (1, 0), "{other:?}");
    let skipped = of(&other, "default", "slow")?;
    assert!(
        skipped.reason.as_deref().is_some_and(|reason| reason.contains("still under way")),
        "{skipped:?}"
    );
    // Cancelling the first one leaves none of its children behind.
    slow.cancel("enough").await?;
    let ending = lab.refusal(&slow).await?;
    assert!(matches!(ending, ttai_client::ClientError::Cancelled { .. }), "{ending}");
    let child = lab.client.any_run("auto-screen-slow");
    eventually("the child's end", async || {
        Ok((child.describe().await?.run.status != ttai_client::RunStatus::Running).then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_late_run_says_so_and_one_that_is_too_late_does_nothing() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let store = lab.store().await?;
    store.save_screener("default", &screener("mine", &["F"])).await?;
    let file = lab.folder().join("ttai.toml");
    let late = |name: &str, workflow: &str, input: &str| {
        format!(
            "[schedules.{name}]\nworkflow = \"{workflow}\"\nevery = \"1h\"\npaused = true\ninput = {input}\n"
        )
    };
    let screen = "symbols = [\"F\"], min_roc_weekly = 0.05, account = { capital = 200000 }";
    let skip = "lateness = { grace_minutes = 10, then = \"skip\" }";
    let text = [
        late("late-screeners", "AutoRunScreenersWorkflow", &format!("{{ {skip} }}")),
        late("late-scan", "ScheduledScreenerWorkflow", &format!("{{ screener_params = {{ {screen} }} }}")),
        late(
            "too-late-scan",
            "ScheduledScreenerWorkflow",
            &format!("{{ screener_id = \"too-late\", {skip}, screener_params = {{ {screen} }} }}"),
        ),
    ];
    std::fs::write(&file, text.concat())?;
    let config = config::load(Some(&file), &Environment::default());
    config.usable()?;
    let plan = schedules::plan(&config, true, Utc::now());
    schedules::apply(&lab.client, &plan, false).await?;
    // An hour before the moment at which the market stands.
    let due_at = START.parse::<chrono::DateTime<Utc>>()? - TimeDelta::hours(1);
    let answer = async |name: &str| -> anyhow::Result<Value> {
        let second = TimeDelta::seconds(1);
        lab.client.backfill_schedule(name, due_at - second, due_at + second, Default::default()).await?;
        let started = eventually("the run", async || {
            let schedule = lab.client.schedule(name).await?.context("it is there")?;
            Ok(schedule.recent.last().map(|run| run.workflow_id.clone()))
        })
        .await?;
        Ok(lab.client.any_run(started).answer(Some(DEADLINE)).await?)
    };
    let screeners: AutoRunScreenersResult = serde_json::from_value(answer("late-screeners").await?)?;
    let lateness = screeners.lateness.context("it is late")?;
    assert_eq!((lateness.minutes, screeners.due_at, screeners.screens.len()), (60, Some(due_at), 0));
    assert!(screeners.warnings[0].contains("(1 h 0 min late); nothing was done"), "{screeners:?}");

    let scan: ScheduledScreenerResult = serde_json::from_value(answer("late-scan").await?)?;
    assert_eq!(scan.lateness.context("it is late")?.minutes, 60);
    assert!(scan.warnings.iter().any(|warning| warning.starts_with("late: due Sep 18 14:00 ET")), "{scan:?}");
    assert_eq!(store.list_screen_runs("default", Some("scheduled"), 10).await?.len(), 1, "it ran");

    let scan: ScheduledScreenerResult = serde_json::from_value(answer("too-late-scan").await?)?;
    assert!(
        scan.lateness.is_some_and(|late| late.is_too_late()) && scan.recommendations_count == 0,
        "{scan:?}"
    );
    assert!(store.list_screen_runs("default", Some("too-late"), 10).await?.is_empty(), "nothing was done");
    Ok(())
}
