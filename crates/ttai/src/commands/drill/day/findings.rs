//! What was due against what is there.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::Value;
use ttai_calendar::new_york_date;
use ttai_contract::UserId;
use ttai_ports::{
    Deliveries, DeliveryFilter, DeliveryState, MessageDelivery, NewsSeen, ReportFilter, Reports,
    ScreenerResults, SeenStory, StoryFilter,
};
use ttai_store::Database;

use super::super::receiver::Arrivals;
use super::stories::Story;
use crate::schedules::{DrivenStart, SchedulePlan};
use crate::{output, report};

/// More than any drill has.
const ALL: u32 = 1_000;

/// What the days left behind.
pub(super) struct Kept {
    /// By the calendar.
    pub(super) due: BTreeSet<DrivenStart>,
    /// Each run that was started, with its answer or why it has none.
    pub(super) ended: BTreeMap<DrivenStart, Result<Value, String>>,
    pub(super) arrivals: Arrivals,
    pub(super) stories: Vec<Story>,
    pub(super) killed: usize,
    pub(super) spared: usize,
}

/// One schedule.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Row {
    /// How often it was due.
    pub(super) due: usize,
    /// The market times, New York.
    pub(super) times: Vec<String>,
    /// How often its workflow answered.
    pub(super) done: usize,
}

/// What the drill found.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Findings {
    pub(super) schedules: BTreeMap<String, Row>,
    pub(super) kills: usize,
    pub(super) spared: usize,
    /// Screens whose results are kept, of those that ran.
    pub(super) screens: [usize; 2],
    /// Reports that are kept, of those that were due.
    pub(super) reports: [usize; 2],
    /// Stories that were told, of those that were published.
    pub(super) stories: [usize; 2],
    /// Messages that arrived, of those written for the channel.
    pub(super) messages: [usize; 2],
    /// Messages that arrived more than once, all of them marked.
    pub(super) repeats: usize,
    /// What is wrong, in sentences.
    pub(super) wrong: Vec<String>,
    pub(super) seconds: u64,
    pub(super) seed: u64,
}

impl Findings {
    pub(super) fn is_right(&self) -> bool {
        self.wrong.is_empty()
    }
}

/// What the calendar says was due in `(begin, end]`.
pub(super) fn due(plan: &SchedulePlan, begin: DateTime<Utc>, end: DateTime<Utc>) -> BTreeSet<DrivenStart> {
    let (mut due, driven) = (BTreeSet::new(), plan.driven());
    for planned in plan.wanted.iter().filter(|planned| driven.contains(&planned.wanted.id)) {
        let times = planned.next(begin, ALL as usize).into_iter().take_while(|time| *time <= end);
        due.extend(times.map(|due_at| DrivenStart { due_at, schedule: planned.wanted.id.clone() }));
    }
    due
}

/// Compares.
pub(super) async fn compare(database: &Database, kept: Kept) -> anyhow::Result<Findings> {
    let mut findings = Findings { kills: kept.killed, spared: kept.spared, ..Findings::default() };
    compare_schedules(&mut findings, &kept);
    compare_screens(&mut findings, database, &kept).await?;
    compare_reports(&mut findings, database, &kept).await?;
    let stories = notified_stories(database, &kept.stories).await?;
    compare_stories(&mut findings, &kept, &stories);
    compare_messages(&mut findings, database, &kept).await?;
    Ok(findings)
}

fn compare_schedules(findings: &mut Findings, kept: &Kept) {
    let started: BTreeSet<DrivenStart> = kept.ended.keys().cloned().collect();
    for missing in kept.due.difference(&started) {
        findings.wrong.push(format!("{} was due and never started", missing.workflow_id()));
    }
    for extra in started.difference(&kept.due) {
        findings.wrong.push(format!("{} was started and not due", extra.workflow_id()));
    }
    for start in &kept.due {
        let row = findings.schedules.entry(start.schedule.clone()).or_default();
        row.due += 1;
        row.times.push(report::eastern(start.due_at));
    }
    for (start, outcome) in &kept.ended {
        let row = findings.schedules.entry(start.schedule.clone()).or_default();
        match outcome {
            Ok(_) => row.done += 1,
            Err(why) => findings.wrong.push(format!("{}: {why}", start.workflow_id())),
        }
    }
}

/// Every scheduled screen has its run in the store.
async fn compare_screens(findings: &mut Findings, database: &Database, kept: &Kept) -> anyhow::Result<()> {
    let runs = database.list_screen_runs(UserId::default().as_str(), None, ALL).await?;
    let kept_runs: BTreeSet<&str> = runs.iter().map(|run| run.key.workflow_id.as_str()).collect();
    for (start, outcome) in &kept.ended {
        let Some(run) = outcome.as_ref().ok().and_then(|answer| answer.pointer("/run/workflow_id")) else {
            continue;
        };
        findings.screens[1] += 1;
        if run.as_str().is_some_and(|run| kept_runs.contains(run)) {
            findings.screens[0] += 1;
        } else {
            findings.wrong.push(format!("{}: its results are not in the store", start.workflow_id()));
        }
    }
    Ok(())
}

/// Every report that was due is in the store, once.
async fn compare_reports(findings: &mut Findings, database: &Database, kept: &Kept) -> anyhow::Result<()> {
    for (start, outcome) in &kept.ended {
        let Some(round) = outcome.as_ref().ok().and_then(|answer| answer.get("round")) else { continue };
        findings.reports[1] += 1;
        let filter = ReportFilter {
            user_id: UserId::default().to_string(),
            name: Some(start.schedule.replace('-', "_")),
            day: Some(new_york_date(start.due_at)),
            limit: Some(ALL),
        };
        match database.list_reports(&filter).await?.len() {
            1 => findings.reports[0] += 1,
            count => {
                findings.wrong.push(format!("{}: {count} reports are kept ({round})", start.workflow_id()));
            }
        }
    }
    Ok(())
}

/// The stories of the feed that people were told of.
pub(super) async fn notified_stories(
    database: &Database,
    stories: &[Story],
) -> anyhow::Result<Vec<SeenStory>> {
    let filter = StoryFilter {
        user_id: UserId::default().to_string(),
        alerted: true,
        limit: Some(ALL),
        ..StoryFilter::default()
    };
    let seen = database.list_stories(&filter).await?;
    let is_ours = |seen: &SeenStory| stories.iter().any(|story| seen.key.ends_with(&story.id));
    Ok(seen.into_iter().filter(is_ours).collect())
}

fn compare_stories(findings: &mut Findings, kept: &Kept, notified: &[SeenStory]) {
    let last = kept.due.last().map(|start| start.due_at).unwrap_or_default() + TimeDelta::hours(1);
    for story in kept.stories.iter().filter(|story| story.published_at <= last) {
        findings.stories[1] += 1;
        let found = notified.iter().find(|seen| seen.key.ends_with(&story.id));
        match found.and_then(|seen| seen.message_id.as_deref()) {
            Some(message) if kept.arrivals.contains_key(message) => findings.stories[0] += 1,
            Some(_) => findings.wrong.push(format!("the message about story {} never arrived", story.id)),
            None => findings.wrong.push(format!("nobody was told of story {}", story.id)),
        }
    }
}

/// Everything written for the channel arrived, and what arrived again says that it may.
async fn compare_messages(findings: &mut Findings, database: &Database, kept: &Kept) -> anyhow::Result<()> {
    let filter = DeliveryFilter {
        user_id: UserId::default().to_string(),
        limit: Some(ALL),
        ..DeliveryFilter::default()
    };
    let written = database.list_deliveries(&filter).await?;
    let alone = |one: &&MessageDelivery| {
        one.delivery.key.channel == "drill" && one.delivery.state != DeliveryState::Digested
    };
    for one in written.iter().filter(alone) {
        findings.messages[1] += 1;
        match kept.arrivals.get(&one.message.id) {
            Some(_) if one.delivery.state == DeliveryState::Sent => findings.messages[0] += 1,
            Some(_) => findings.wrong.push(format!("message {} arrived and is not said to", one.message.id)),
            None => findings.wrong.push(format!("message {} never arrived", one.message.id)),
        }
    }
    for (id, marks) in kept.arrivals.iter().filter(|(_, marks)| marks.len() > 1) {
        findings.repeats += 1;
        if marks.iter().skip(1).any(|marked| !marked) {
            findings.wrong.push(format!("message {id} came again and is not marked"));
        }
    }
    Ok(())
}

/// As tables.
pub(super) fn print(findings: &Findings) {
    let rows = findings.schedules.iter().map(|(name, row)| {
        let shown = match row.times.as_slice() {
            [] => "–".to_owned(),
            [only] => only.clone(),
            [first, .., last] => format!("{first} … {last}"),
        };
        vec![name.clone(), row.due.to_string(), row.done.to_string(), shown]
    });
    output::line(&report::plain_table(&["SCHEDULE", "DUE", "DONE", "MARKET TIME"], rows));
    for wrong in &findings.wrong {
        output::line(&format!("WRONG  {wrong}"));
    }
    let [kept, screens] = findings.screens;
    let [written, reports] = findings.reports;
    let [told, stories] = findings.stories;
    let [arrived, messages] = findings.messages;
    output::line(&format!(
        "{kept} of {screens} screens and {written} of {reports} reports in the store, {told} of {stories} stories told, {arrived} of {messages} messages arrived, {} more \
         than once; {} kills ({} found nothing in flight), seed {}, {} s",
        findings.repeats, findings.kills, findings.spared, findings.seed, findings.seconds
    ));
}
