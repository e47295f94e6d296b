//! The server is brought to what is wanted, and kept there: the holidays of another year are added as time passes.

use std::time::Duration;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use ttai_activities::Shutdown;
use ttai_client::{ClientError, ScheduleOutcome, TtaiClient};

use super::{PlannedSchedule, SchedulePlan, plan_now};
use crate::settings::Settings;

/// How often a worker looks whether the server still has what is wanted.
const KEEP_UP_EVERY: Duration = Duration::from_secs(24 * 3_600);

/// One schedule, and what it needed or would need.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ScheduleReport {
    /// Its id.
    pub id: String,
    /// What it needed.
    pub outcome: ScheduleOutcome,
    /// When it runs next, by the calendar; none around the clock.
    pub next: Option<DateTime<Utc>>,
}

/// What applying a plan did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct AppliedSchedules {
    /// What is wanted.
    pub schedules: Vec<ScheduleReport>,
    /// What was, or would be, taken off the server.
    pub deleted: Vec<String>,
    /// What ttai made once and nobody wants any more.
    pub unwanted: Vec<String>,
    /// Built-in ones that this program cannot start, and why not.
    pub left_out: Vec<(String, String)>,
}

impl AppliedSchedules {
    /// Whether the server has what is wanted, and nothing else of ttai's.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        self.deleted.is_empty()
            && self.schedules.iter().all(|schedule| schedule.outcome == ScheduleOutcome::Unchanged)
    }

    /// The ids of those that the server lacks, and of those that differ.
    fn differing(&self) -> Vec<&str> {
        let differ = self.schedules.iter().filter(|schedule| schedule.outcome != ScheduleOutcome::Unchanged);
        differ.map(|schedule| schedule.id.as_str()).chain(self.deleted.iter().map(String::as_str)).collect()
    }
}

/// Brings the server to the plan. What is switched off is deleted; what ttai made and nobody wants any more, too, where
/// `delete_unwanted` says so.
///
/// # Errors
/// A server that refuses or does not answer; what was done before stays done.
pub async fn apply(
    client: &TtaiClient,
    plan: &SchedulePlan,
    delete_unwanted: bool,
) -> Result<AppliedSchedules, ClientError> {
    let mut report = compare(client, plan, delete_unwanted).await?;
    for (schedule, planned) in report.schedules.iter_mut().zip(&plan.wanted) {
        schedule.outcome = client.apply_schedule(&planned.wanted).await?;
    }
    for id in &report.deleted {
        client.delete_schedule(id).await?;
    }
    Ok(report)
}

/// What [`apply`] would do.
///
/// # Errors
/// A server that refuses or does not answer.
pub async fn compare(
    client: &TtaiClient,
    plan: &SchedulePlan,
    delete_unwanted: bool,
) -> Result<AppliedSchedules, ClientError> {
    let now = Utc::now();
    let mut report = AppliedSchedules { left_out: plan.left_out.clone(), ..AppliedSchedules::default() };
    for planned in &plan.wanted {
        report.schedules.push(ScheduleReport {
            id: planned.wanted.id.clone(),
            outcome: client.compare_schedule(&planned.wanted).await?,
            next: planned.next(now, 1).first().copied(),
        });
    }
    for id in &plan.disabled {
        if client.schedule(id).await?.is_some_and(|schedule| schedule.made_by_ttai) {
            report.deleted.push(id.clone());
        }
    }
    let is_wanted = |id: &String| plan.wanted.iter().any(|planned| planned.wanted.id == *id);
    let unwanted = client.schedule_ids().await?.into_iter();
    let unwanted = unwanted.filter(|id| !is_wanted(id) && !plan.disabled.contains(id)).collect();
    if delete_unwanted {
        report.deleted.extend::<Vec<String>>(unwanted);
    } else {
        report.unwanted = unwanted;
    }
    Ok(report)
}

/// What keeps the schedules of a worker's server up to date.
pub(crate) struct ScheduleKeeper {
    pub(crate) client: TtaiClient,
    pub(crate) settings: Settings,
}

impl ScheduleKeeper {
    /// Looks now and once a day until the shutdown. What somebody changed, or configured and did not apply, is said; the dates of the
    /// exchange's calendar are renewed.
    pub(crate) async fn keep_up(self, shutdown: Shutdown) {
        loop {
            match keep_up_once(&self.client, &plan_now(&self.settings, &self.client)).await {
                Ok(report) => say_what_differs(&report),
                Err(error) => {
                    tracing::warn!("the schedules cannot be compared with the configuration: {error}");
                }
            }
            tokio::select! {
                () = shutdown.begun() => return,
                () = tokio::time::sleep(KEEP_UP_EVERY) => {}
            }
        }
    }
}

/// Renews the dates of the exchange's calendar where nothing else differs, and says what is left to a person.
///
/// # Errors
/// A server that refuses or does not answer.
pub async fn keep_up_once(client: &TtaiClient, plan: &SchedulePlan) -> Result<AppliedSchedules, ClientError> {
    let mut report = compare(client, plan, false).await?;
    for (schedule, planned) in report.schedules.iter_mut().zip(&plan.wanted) {
        if is_of_the_calendar(&schedule.outcome) {
            renew(client, planned).await?;
            schedule.outcome = ScheduleOutcome::Unchanged;
        }
    }
    Ok(report)
}

async fn renew(client: &TtaiClient, planned: &PlannedSchedule) -> Result<(), ClientError> {
    client.apply_schedule(&planned.wanted).await?;
    tracing::info!("the exchange's calendar was renewed in the schedule {}", planned.wanted.id);
    Ok(())
}

fn is_of_the_calendar(outcome: &ScheduleOutcome) -> bool {
    matches!(outcome, ScheduleOutcome::Updated(differences)
        if differences.iter().all(ttai_client::ScheduleDifference::is_of_the_calendar))
}

fn say_what_differs(report: &AppliedSchedules) {
    if !report.is_unchanged() {
        tracing::warn!(
            "schedules are not as configured: {}; `ttai schedule apply` shows how and brings them there",
            report.differing().join(", ")
        );
    }
}
