//! Schedules in front of a real server: they run when the exchange's calendar says, a second apply changes nothing, what somebody
//! changed by hand is seen and healed, and who changes one at the same time loses nothing.

use std::path::Path;

use anyhow::Context;
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use futures::future::try_join_all;
use serde_json::json;
use temporalio_client::tonic::Request;
use temporalio_protos::temporal::api::schedule::v1::schedule_action::Action;
use temporalio_protos::temporal::api::workflowservice::v1::{
    DescribeScheduleRequest, ListWorkflowExecutionsRequest, UpdateScheduleRequest,
};
use ttai::config;
use ttai::schedules::{self, PlannedSchedule, SchedulePlan};
use ttai_client::{ScheduleOutcome, ScheduleOverlap};
use ttai_config::{Config, Environment};

use crate::lab::{Lab, eventually};

const KINDS: &str = r#"
[schedules.close]
workflow = "FullAnalysisWorkflow"
input = { symbol = "AAPL" }
time = "close"
[schedules.morning]
workflow = "FullAnalysisWorkflow"
input = { symbol = "AAPL", strategy = "csp" }
time = "09:35"
catch_up = "45m"
overlap = "buffer_one"
[schedules.week]
workflow = "FullAnalysisWorkflow"
input = { symbol = "AAPL" }
time = "17:00"
days = "last-session"
[schedules.hourly]
workflow = "FullAnalysisWorkflow"
input = { symbol = "AAPL" }
time = "open+30m"
until = "close"
every = "1h"
[schedules.daily]
workflow = "FullAnalysisWorkflow"
input = { symbol = "AAPL" }
time = "06:00"
days = "all"
[schedules.often]
workflow = "FullAnalysisWorkflow"
input = { symbol = "AAPL" }
every = "6h"
"#;

fn config(folder: &Path, text: &str) -> anyhow::Result<Config> {
    let file = folder.join("ttai.toml");
    std::fs::write(&file, text)?;
    let config = config::load(Some(&file), &Environment::default());
    config.usable()?;
    Ok(config)
}

/// The schedules of `text` alone.
fn plan_of(folder: &Path, text: &str, now: DateTime<Utc>) -> anyhow::Result<SchedulePlan> {
    let config = config(folder, text)?;
    let plan = schedules::plan(&config, true, now);
    let named = |planned: &PlannedSchedule| text.contains(&format!("[schedules.{}]", planned.wanted.id));
    let wanted = plan.wanted.into_iter().filter(named).collect();
    Ok(SchedulePlan { wanted, ..SchedulePlan::default() })
}

fn moment(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time of the test")
}

async fn next_of_server(
    lab: &Lab,
    id: &str,
    from: DateTime<Utc>,
    count: usize,
) -> anyhow::Result<Vec<DateTime<Utc>>> {
    let mut times = lab.client.schedule_times(id, from, from + TimeDelta::days(90)).await?;
    times.truncate(count);
    Ok(times)
}

#[tokio::test]
async fn the_next_ten_times_are_the_exchanges() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let plan = plan_of(lab.folder(), KINDS, moment("2026-01-02T12:00:00Z"))?;
    schedules::apply(&lab.client, &plan, false).await?;
    // Both clock changes, Good Friday, Thanksgiving week, Christmas Eve, the turn of the year.
    for from in [
        "2026-03-05T00:00:00Z",
        "2026-03-30T00:00:00Z",
        "2026-10-29T00:00:00Z",
        "2026-11-23T00:00:00Z",
        "2026-12-22T00:00:00Z",
    ] {
        for planned in plan.wanted.iter().filter(|planned| planned.wanted.id != "often") {
            let expected = planned.next(moment(from), 10);
            assert_eq!(expected.len(), 10);
            let found = next_of_server(&lab, &planned.wanted.id, moment(from), 10).await?;
            assert_eq!(found, expected, "{} from {from}", planned.wanted.id);
        }
    }
    let at = async |id: &str, from: &str, count: usize| -> anyhow::Result<Vec<String>> {
        let times = next_of_server(&lab, id, moment(from), count).await?;
        Ok(times.iter().map(|time| time.format("%m-%d %H:%M").to_string()).collect())
    };
    assert_eq!(
        at("close", "2026-11-24T22:00:00Z", 4).await?,
        ["11-25 21:00", "11-27 18:00", "11-30 21:00", "12-01 21:00"]
    );
    assert_eq!(at("morning", "2026-03-06T00:00:00Z", 2).await?, ["03-06 14:35", "03-09 13:35"]);
    assert_eq!(at("morning", "2026-10-30T00:00:00Z", 2).await?, ["10-30 13:35", "11-02 14:35"]);
    assert_eq!(at("week", "2026-03-28T00:00:00Z", 2).await?, ["04-02 21:00", "04-10 21:00"]);
    assert_eq!(
        at("hourly", "2026-12-24T00:00:00Z", 5).await?,
        ["12-24 15:00", "12-24 16:00", "12-24 17:00", "12-24 18:00", "12-28 15:00"]
    );
    // Around the clock, on sessions only: New York's 26 November has no run.
    let often = next_of_server(&lab, "often", moment("2026-11-26T05:00:00Z"), 1).await?;
    assert_eq!(often, [moment("2026-11-27T06:00:00Z")]);
    Ok(())
}

/// Every session's close of the years that the calendar's oracle has, by the server.
#[tokio::test]
async fn whole_years_of_closes_are_the_oracles() -> anyhow::Result<()> {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let sessions =
        above.map(|folder| folder.join("shared/oracle/nyse_sessions.csv")).find(|file| file.is_file());
    let Some(text) = sessions.map(std::fs::read_to_string).transpose()? else {
        eprintln!("skipped: ../shared/oracle is absent");
        return Ok(());
    };
    let mut closes: Vec<(NaiveDate, DateTime<Utc>)> = Vec::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        closes.push((fields[0].parse()?, fields[2].parse()?));
    }
    let lab = Lab::ephemeral().await?;
    let mut years: Vec<i32> =
        closes.iter().map(|(date, _)| date.year()).filter(|year| *year >= 2015).collect();
    years.dedup();
    assert!(!years.is_empty(), "the oracle has years");
    for year in years {
        let plan = plan_of(lab.folder(), KINDS, moment(&format!("{year}-01-10T12:00:00Z")))?;
        schedules::apply(&lab.client, &plan, false).await?;
        let (from, to) =
            (moment(&format!("{year}-01-01T05:00:00Z")), moment(&format!("{year}-12-31T23:59:00Z")));
        let found = lab.client.schedule_times("close", from, to).await?;
        let expected: Vec<DateTime<Utc>> =
            closes.iter().filter(|(date, _)| date.year() == year).map(|(_, close)| *close).collect();
        assert_eq!(found, expected, "{year}");
    }
    Ok(())
}

#[tokio::test]
async fn a_change_by_hand_is_seen_and_healed_and_a_pause_stays() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let now = Utc::now();
    let plan = plan_of(lab.folder(), KINDS, now)?;
    let first = schedules::apply(&lab.client, &plan, false).await?;
    assert!(first.schedules.iter().all(|schedule| schedule.outcome == ScheduleOutcome::Created), "{first:?}");
    let second = schedules::apply(&lab.client, &plan, false).await?;
    assert!(second.is_unchanged(), "{second:?}");

    lab.client.pause_schedule("morning", "on holiday").await?;
    change_by_hand(&lab, "morning").await?;
    let seen = schedules::compare(&lab.client, &plan, false).await?;
    let morning = seen.schedules.iter().find(|schedule| schedule.id == "morning").context("it is planned")?;
    let ScheduleOutcome::Updated(differences) = &morning.outcome else { anyhow::bail!("{morning:?}") };
    let facts: Vec<&str> = differences.iter().map(|difference| difference.fact.as_str()).collect();
    assert_eq!(facts, ["catch-up", "input", "search attributes", "summary", "time zone"]);
    assert_eq!(seen.schedules.iter().filter(|one| one.outcome != ScheduleOutcome::Unchanged).count(), 1);

    schedules::apply(&lab.client, &plan, false).await?;
    assert!(schedules::apply(&lab.client, &plan, false).await?.is_unchanged());
    let healed = lab.client.schedule("morning").await?.context("it is there")?;
    assert!(healed.paused && healed.note == "on holiday", "a person's pause is a person's: {healed:?}");
    assert_eq!(healed.facts["catch-up"], ["45m"]);
    assert_eq!(healed.facts["overlap"], ["buffer_one"]);
    assert_eq!(healed.facts["execution timeout"], ["1d"]);
    assert_eq!(healed.facts["summary"], ["\"AAPL · full analysis · csp\""]);
    let attributes = ["TtaiStrategy \"csp\"", "TtaiSymbol \"AAPL\"", "TtaiUser \"default\""];
    assert_eq!(healed.facts["search attributes"], attributes);
    Ok(())
}

/// As somebody does in the Temporal UI, which knows neither summaries nor attributes.
async fn change_by_hand(lab: &Lab, id: &str) -> anyhow::Result<()> {
    let mut service = lab.client.temporal().connection().workflow_service();
    let request = DescribeScheduleRequest { namespace: "default".to_owned(), schedule_id: id.to_owned() };
    let mut schedule = service
        .describe_schedule(Request::new(request))
        .await?
        .into_inner()
        .schedule
        .context("a schedule is described")?;
    if let Some(spec) = &mut schedule.spec {
        spec.timezone_name = "Europe/Berlin".to_owned();
    }
    if let Some(policies) = &mut schedule.policies {
        policies.catchup_window = None;
    }
    let action = schedule.action.as_mut().and_then(|action| action.action.as_mut());
    if let Some(Action::StartWorkflow(start)) = action {
        start.user_metadata = None;
        start.search_attributes = None;
        let input = start.input.as_mut().context("it has an input")?;
        input.payloads[0].data = json!({"symbol": "TSLA"}).to_string().into_bytes();
    }
    let request = UpdateScheduleRequest {
        namespace: "default".to_owned(),
        schedule_id: id.to_owned(),
        schedule: Some(schedule),
        ..Default::default()
    };
    service.update_schedule(Request::new(request)).await?;
    Ok(())
}

/// Each of those who apply at once reads back what it wrote; one who was overtaken tries again over what is there now.
#[tokio::test]
async fn who_applies_at_the_same_time_loses_nothing() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let plan = plan_of(lab.folder(), KINDS, Utc::now())?;
    let close = plan.wanted.into_iter().find(|one| one.wanted.id == "close").context("it is planned")?.wanted;
    let same = (0..6).map(|_| lab.client.apply_schedule(&close));
    let outcomes = try_join_all(same).await?;
    let created = outcomes.iter().filter(|outcome| **outcome == ScheduleOutcome::Created).count();
    assert_eq!(created, 1, "{outcomes:?}");

    let mut changed = close.clone();
    changed.overlap = ScheduleOverlap::AllowAll;
    let both = [&close, &changed, &close, &changed].map(|wanted| lab.client.apply_schedule(wanted));
    for outcome in futures::future::join_all(both).await {
        // One that is overtaken again and again says so; none says that it is as wanted where it never was.
        if let Err(error) = outcome {
            assert!(error.to_string().contains("changed by somebody else"), "{error}");
        }
    }
    lab.client.apply_schedule(&changed).await?;
    assert_eq!(lab.client.compare_schedule(&changed).await?, ScheduleOutcome::Unchanged);
    assert_ne!(lab.client.compare_schedule(&close).await?, ScheduleOutcome::Unchanged);
    Ok(())
}

#[tokio::test]
async fn the_holidays_of_another_year_are_added_and_nothing_else_is_touched() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let last_year = moment("2026-06-01T12:00:00Z");
    schedules::apply(&lab.client, &plan_of(lab.folder(), KINDS, last_year)?, false).await?;
    change_by_hand(&lab, "morning").await?;
    let independence_day = moment("2028-07-04T00:00:00Z");
    let of_that_day = async || -> anyhow::Result<usize> {
        let times =
            lab.client.schedule_times("close", independence_day, independence_day + TimeDelta::days(1));
        Ok(times.await?.len())
    };
    assert_eq!(of_that_day().await?, 1, "beyond what the server knows");

    let this_year = plan_of(lab.folder(), KINDS, moment("2027-01-01T12:00:00Z"))?;
    let report = schedules::keep_up_once(&lab.client, &this_year).await?;
    assert_eq!(of_that_day().await?, 0);
    let left: Vec<&str> = report
        .schedules
        .iter()
        .filter(|one| one.outcome != ScheduleOutcome::Unchanged)
        .map(|one| one.id.as_str())
        .collect();
    assert_eq!(left, ["morning"], "what somebody changed is for a person to decide");
    Ok(())
}

#[tokio::test]
async fn runs_are_triggered_and_backfilled_with_their_labels_and_unwanted_ones_go() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let plan = plan_of(lab.folder(), KINDS, Utc::now())?;
    schedules::apply(&lab.client, &plan, false).await?;
    lab.client.pause_schedule("morning", "for the test").await?;
    lab.client.trigger_schedule("morning").await?;
    let running = eventually("the triggered run", async || {
        let schedule = lab.client.schedule("morning").await?.context("it is there")?;
        Ok(schedule.running.first().cloned())
    })
    .await?;
    assert!(running.starts_with("morning-"), "{running}");
    let described = lab.client.any_run(&running).describe().await?;
    assert_eq!(described.summary.as_deref(), Some("AAPL · full analysis · csp"));
    assert_eq!(described.run.symbol.as_deref(), Some("AAPL"));

    // Two sessions around Thanksgiving 2025, one of them a half day, and none between them.
    let (from, to) = (moment("2025-11-26T15:00:00Z"), moment("2025-11-29T00:00:00Z"));
    let due = lab.client.schedule_times("close", from, to).await?;
    assert_eq!(due, [moment("2025-11-26T21:00:00Z"), moment("2025-11-28T18:00:00Z")]);
    lab.client.backfill_schedule("close", from, to, ScheduleOverlap::AllowAll).await?;
    eventually("both runs", async || {
        let mut service = lab.client.temporal().connection().workflow_service();
        let request = ListWorkflowExecutionsRequest {
            namespace: "default".to_owned(),
            query: "TemporalScheduledById = 'close' AND TtaiUser = 'default'".to_owned(),
            ..Default::default()
        };
        let runs = service.list_workflow_executions(Request::new(request)).await?.into_inner().executions;
        Ok((runs.len() == 2).then_some(()))
    })
    .await?;

    let fewer = SchedulePlan {
        wanted: plan.wanted.iter().filter(|one| one.wanted.id != "hourly").cloned().collect(),
        disabled: vec!["often".to_owned(), "never-there".to_owned()],
        left_out: Vec::new(),
    };
    let fewer = SchedulePlan {
        wanted: fewer.wanted.into_iter().filter(|one| one.wanted.id != "often").collect(),
        ..fewer
    };
    eventually("the list of schedules", async || {
        Ok((lab.client.schedule_ids().await?.len() == 6).then_some(()))
    })
    .await?;
    let applied = schedules::apply(&lab.client, &fewer, false).await?;
    assert_eq!((applied.deleted, applied.unwanted), (vec!["often".to_owned()], vec!["hourly".to_owned()]));
    assert!(lab.client.schedule("often").await?.is_none() && lab.client.schedule("hourly").await?.is_some());
    schedules::apply(&lab.client, &fewer, true).await?;
    assert!(lab.client.schedule("hourly").await?.is_none());
    assert!(!lab.client.delete_schedule("hourly").await?);
    let missing = lab.client.pause_schedule("hourly", "").await.unwrap_err();
    assert!(missing.to_string().contains("no schedule 'hourly'"), "{missing}");
    Ok(())
}
