//! Starts on a market's clock what the server would start on its own: where the two clocks differ the server's schedules are paused, and
//! each of their times that the market passes is filled.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use ttai_client::{ClientError, ScheduleOverlap, TtaiClient};

/// How far ahead the server is asked for the times: what somebody changes counts from then on.
const AHEAD: TimeDelta = TimeDelta::hours(3);

/// A time of a schedule that was filled.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DrivenStart {
    /// When it was due, by the market.
    pub due_at: DateTime<Utc>,
    /// The schedule.
    pub schedule: String,
}

impl DrivenStart {
    /// The id of the workflow that the server starts: the schedule's, and when it was due.
    #[must_use]
    pub fn workflow_id(&self) -> String {
        format!("{}-{}", self.schedule, self.due_at.format("%Y-%m-%dT%H:%M:%SZ"))
    }
}

/// Follows one market's clock.
pub struct ScheduleDriver {
    client: TtaiClient,
    schedules: Vec<String>,
    /// Everything up to here was filled.
    filled: DateTime<Utc>,
    /// What is due from there to where the server was asked.
    due: BTreeSet<DrivenStart>,
    asked: DateTime<Utc>,
    /// Whether the first of what is due was filled without an answer.
    doubtful: bool,
}

impl ScheduleDriver {
    /// Fills what these schedules have after `begin`.
    #[must_use]
    pub fn new(client: TtaiClient, schedules: Vec<String>, begin: DateTime<Utc>) -> Self {
        Self { client, schedules, filled: begin, due: BTreeSet::new(), asked: begin, doubtful: false }
    }

    /// Fills what was due up to `now`, in the order of its times. Where the time went back a market has begun anew, and so does this.
    ///
    /// # Errors
    /// A server that refuses or does not answer. What was filled before stays so, and the next call goes on.
    pub async fn fill_until(&mut self, now: DateTime<Utc>) -> Result<Vec<DrivenStart>, ClientError> {
        if now < self.filled {
            *self = Self::new(self.client.clone(), std::mem::take(&mut self.schedules), now);
        }
        if self.asked < now {
            self.ask(now + AHEAD).await?;
        }
        let mut filled = Vec::new();
        while let Some(start) = self.due.first().filter(|start| start.due_at <= now).cloned() {
            if !(self.doubtful && self.has_begun(&start).await?) {
                self.doubtful = true;
                self.fill(&start).await?;
            }
            self.doubtful = false;
            self.due.remove(&start);
            filled.push(start);
        }
        self.filled = now;
        Ok(filled)
    }

    /// What is due next, as far as the server was asked.
    #[must_use]
    pub fn next_due(&self) -> Option<DateTime<Utc>> {
        Some(self.due.first().map_or(self.asked, |start| start.due_at)).filter(|next| *next > self.filled)
    }

    async fn ask(&mut self, until: DateTime<Utc>) -> Result<(), ClientError> {
        let mut due = BTreeSet::new();
        for schedule in &self.schedules {
            let times = self.client.schedule_times(schedule, self.asked, until).await?;
            let later = times.into_iter().filter(|time| self.asked < *time && *time <= until);
            due.extend(later.map(|due_at| DrivenStart { due_at, schedule: schedule.clone() }));
        }
        self.due.append(&mut due);
        self.asked = until;
        Ok(())
    }

    async fn has_begun(&self, start: &DrivenStart) -> Result<bool, ClientError> {
        match self.client.any_run(start.workflow_id()).describe().await {
            Ok(_) => Ok(true),
            Err(ClientError::NotFound(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn fill(&self, start: &DrivenStart) -> Result<(), ClientError> {
        let from = start.due_at - TimeDelta::seconds(1);
        let overlap = ScheduleOverlap::BufferAll;
        self.client.backfill_schedule(&start.schedule, from, start.due_at, overlap).await
    }
}
