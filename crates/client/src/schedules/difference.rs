//! What a schedule says, fact by fact, so that two of them can be compared: the server's with the one that is wanted. What the
//! server writes otherwise than it was sent — ranges, defaults — is the same fact.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use temporalio_common::protos::temporal::api::common::v1::Payload;
use temporalio_common::protos::temporal::api::enums::v1::ScheduleOverlapPolicy;
use temporalio_common::protos::temporal::api::schedule::v1::schedule_action::Action;
use temporalio_common::protos::temporal::api::schedule::v1::{
    Range, Schedule, SchedulePolicies, ScheduleSpec, StructuredCalendarSpec,
};
use temporalio_common::protos::temporal::api::workflow::v1::NewWorkflowExecutionInfo;

use crate::payload;

/// What a schedule says: each fact's name with what holds.
pub(super) type Facts = BTreeMap<&'static str, BTreeSet<String>>;

/// Dated rules: what the exchange's calendar brings, which changes with the years.
const DATED: [&str; 2] = ["runs on dates", "leaves out dates"];

/// A fact in which the server's schedule is not what is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ScheduleDifference {
    /// The fact: `runs`, `input`, `overlap`.
    pub fact: String,
    /// What the server has and should not.
    pub found: Vec<String>,
    /// What it lacks.
    pub wanted: Vec<String>,
}

impl ScheduleDifference {
    /// Whether it is only about dates of the exchange's calendar: the holidays of another year.
    #[must_use]
    pub fn is_of_the_calendar(&self) -> bool {
        DATED.contains(&self.fact.as_str())
    }
}

/// In what `found` is not as `wanted`.
pub(super) fn differences(found: &Schedule, wanted: &Schedule) -> Vec<ScheduleDifference> {
    let (found, wanted) = (facts(found), facts(wanted));
    let names: BTreeSet<&str> = found.keys().chain(wanted.keys()).copied().collect();
    let of = |facts: &Facts, name: &str| facts.get(name).cloned().unwrap_or_default();
    let compared = names.into_iter().map(|name| {
        let (found, wanted) = (of(&found, name), of(&wanted, name));
        ScheduleDifference {
            fact: name.to_owned(),
            found: found.difference(&wanted).cloned().collect(),
            wanted: wanted.difference(&found).cloned().collect(),
        }
    });
    compared.filter(|difference| !difference.found.is_empty() || !difference.wanted.is_empty()).collect()
}

/// Everything that a schedule says but whether it is paused, which is a person's affair.
pub(super) fn facts(schedule: &Schedule) -> Facts {
    let mut facts = Facts::new();
    let spec = schedule.spec.clone().unwrap_or_default();
    of_spec(&spec, &mut facts);
    of_policies(&schedule.policies.unwrap_or_default(), &mut facts);
    if let Some(Action::StartWorkflow(start)) =
        schedule.action.as_ref().and_then(|action| action.action.as_ref())
    {
        of_action(start, &mut facts);
    }
    if let Some(state) = schedule.state.as_ref().filter(|state| state.limited_actions) {
        say(&mut facts, "runs left", state.remaining_actions.to_string());
    }
    facts
}

fn say(facts: &mut Facts, name: &'static str, value: impl Into<String>) {
    let value = value.into();
    if !value.is_empty() {
        facts.entry(name).or_default().insert(value);
    }
}

fn of_spec(spec: &ScheduleSpec, facts: &mut Facts) {
    let lists = [
        (&spec.structured_calendar, "runs", DATED[0]),
        (&spec.exclude_structured_calendar, "leaves out", DATED[1]),
    ];
    for (calendars, always, dated) in lists {
        for calendar in calendars {
            let is_dated = !values(&calendar.year, None).is_empty();
            for time in calendar_texts(calendar) {
                say(facts, if is_dated { dated } else { always }, time);
            }
        }
    }
    for interval in &spec.interval {
        let every = interval.interval.map(span_text).unwrap_or_default();
        let phase = interval.phase.map(span_text).filter(|phase| phase != "0s");
        say(
            facts,
            "runs",
            format!("every {every}{}", phase.map_or(String::new(), |by| format!(" plus {by}"))),
        );
    }
    spec.cron_string.iter().for_each(|cron| say(facts, "runs", cron.clone()));
    say(facts, "time zone", spec.timezone_name.clone());
    say(facts, "jitter", spec.jitter.map(span_text).filter(|span| span != "0s").unwrap_or_default());
    say(facts, "begins", spec.start_time.map(|time| time.seconds.to_string()).unwrap_or_default());
    say(facts, "ends", spec.end_time.map(|time| time.seconds.to_string()).unwrap_or_default());
}

fn of_policies(policies: &SchedulePolicies, facts: &mut Facts) {
    let overlap = ScheduleOverlapPolicy::try_from(policies.overlap_policy).unwrap_or_default();
    let overlap = match overlap {
        ScheduleOverlapPolicy::Unspecified => ScheduleOverlapPolicy::Skip,
        other => other,
    };
    let name = overlap.as_str_name().trim_start_matches("SCHEDULE_OVERLAP_POLICY_").to_ascii_lowercase();
    say(facts, "overlap", name);
    let window = policies.catchup_window.map_or_else(|| "the server's".to_owned(), span_text);
    say(facts, "catch-up", window);
    if policies.pause_on_failure {
        say(facts, "pauses on failure", "yes");
    }
    if policies.keep_original_workflow_id {
        say(facts, "keeps one workflow id", "yes");
    }
}

fn of_action(start: &NewWorkflowExecutionInfo, facts: &mut Facts) {
    say(facts, "workflow", start.workflow_type.as_ref().map(|kind| kind.name.clone()).unwrap_or_default());
    say(facts, "workflow id", start.workflow_id.clone());
    say(facts, "queue", start.task_queue.as_ref().map(|queue| queue.name.clone()).unwrap_or_default());
    let input: Vec<String> = start.input.iter().flat_map(|input| &input.payloads).map(payload_text).collect();
    say(facts, "input", input.join(", "));
    let spans = [
        ("execution timeout", start.workflow_execution_timeout),
        ("run timeout", start.workflow_run_timeout),
        ("task timeout", start.workflow_task_timeout),
    ];
    for (name, span) in spans {
        say(facts, name, span.map(span_text).filter(|span| span != "0s").unwrap_or_default());
    }
    let summary = start.user_metadata.as_ref().and_then(|data| data.summary.as_ref());
    say(facts, "summary", summary.map(payload_text).unwrap_or_default());
    let fields = start.search_attributes.iter().flat_map(|attributes| &attributes.indexed_fields);
    for (name, value) in fields {
        say(facts, "search attributes", format!("{name} {}", payload_text(value)));
    }
    for (name, value) in start.memo.iter().flat_map(|memo| &memo.fields) {
        say(facts, "memo", format!("{name} {}", payload_text(value)));
    }
    if let Some(policy) = &start.retry_policy {
        say(facts, "retries", format!("{policy:?}"));
    }
}

/// JSON as it stands; the keys of objects in order, however they were sent.
fn payload_text(payload: &Payload) -> String {
    payload::to_json(payload)
        .map_or_else(|_| format!("{} bytes that are no JSON", payload.data.len()), |value| value.to_string())
}

/// `1h`, `1h 30m`, `45s`.
fn span_text<T: TryInto<Duration>>(span: T) -> String {
    let Ok(span) = span.try_into() else { return "less than nothing".to_owned() };
    let seconds = span.as_secs();
    let parts =
        [(seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let text: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count}{unit}"))
        .collect();
    if text.is_empty() { "0s".to_owned() } else { text.join(" ") }
}

const DAY_NAMES: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/// A line for each time of day: `09:35 Mon Tue Wed Thu Fri`, `13:00 2026-11-27`, `all day 2026-12-25`.
fn calendar_texts(calendar: &StructuredCalendarSpec) -> Vec<String> {
    let hours = values(&calendar.hour, Some((0, 0)));
    let minutes = values(&calendar.minute, Some((0, 0)));
    let seconds = values(&calendar.second, Some((0, 0)));
    let days = days_text(calendar);
    if hours.len() == 24 && minutes.len() == 60 {
        return vec![format!("all day {days}")];
    }
    let at_seconds = match seconds.iter().copied().collect::<Vec<_>>()[..] {
        [0] => String::new(),
        _ => format!(" at seconds {seconds:?}"),
    };
    let times = hours.iter().flat_map(|hour| minutes.iter().map(move |minute| (hour, minute)));
    times.map(|(hour, minute)| format!("{hour:02}:{minute:02}{at_seconds} {days}")).collect()
}

fn days_text(calendar: &StructuredCalendarSpec) -> String {
    let single = |values: &BTreeSet<i32>| if values.len() == 1 { values.first().copied() } else { None };
    let years = values(&calendar.year, None);
    let months = values(&calendar.month, Some((1, 12)));
    let days = values(&calendar.day_of_month, Some((1, 31)));
    let weekdays: BTreeSet<i32> =
        values(&calendar.day_of_week, Some((0, 6))).into_iter().map(|day| day.rem_euclid(7)).collect();
    let of_week = if weekdays.len() == 7 {
        String::new()
    } else {
        let names = weekdays.iter().filter_map(|day| DAY_NAMES.get(usize::try_from(*day).ok()?));
        names.copied().collect::<Vec<_>>().join(" ")
    };
    let date = match (single(&years), single(&months), single(&days)) {
        (Some(year), Some(month), Some(day)) => format!("{year:04}-{month:02}-{day:02}"),
        _ if years.is_empty() && months.len() == 12 && days.len() == 31 => String::new(),
        _ => format!("in years {years:?} months {months:?} days {days:?}"),
    };
    let text = [date, of_week].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    if text.is_empty() { "every day".to_owned() } else { text }
}

/// Longest field of a calendar: what has more values stands for all of them.
const MOST_VALUES: i32 = 60;

/// The values of ranges; of none the default, from and to.
fn values(ranges: &[Range], default: Option<(i32, i32)>) -> BTreeSet<i32> {
    if ranges.is_empty() {
        return default.map(|(from, to)| (from..=to).collect()).unwrap_or_default();
    }
    let mut found = BTreeSet::new();
    for range in ranges {
        let step = usize::try_from(range.step.max(1)).unwrap_or(1);
        let end = range.end.max(range.start);
        if end.saturating_sub(range.start) >= MOST_VALUES {
            return BTreeSet::new();
        }
        found.extend((range.start..=end).step_by(step));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: i32, end: i32) -> Range {
        Range { start, end, step: 0 }
    }

    #[test]
    fn a_range_is_the_same_fact_however_it_is_written() {
        let sent = StructuredCalendarSpec {
            hour: vec![range(9, 9), range(10, 10)],
            minute: vec![range(35, 0)],
            day_of_week: vec![range(1, 5)],
            ..Default::default()
        };
        let kept = StructuredCalendarSpec {
            hour: vec![Range { start: 9, end: 10, step: 1 }],
            minute: vec![range(35, 35)],
            second: vec![range(0, 0)],
            day_of_month: vec![range(1, 31)],
            month: vec![range(1, 12)],
            day_of_week: (1..=5).map(|day| range(day, day)).collect(),
            ..Default::default()
        };
        let expected = ["09:35 Mon Tue Wed Thu Fri", "10:35 Mon Tue Wed Thu Fri"];
        assert_eq!(calendar_texts(&sent), expected);
        assert_eq!(calendar_texts(&kept), expected);
    }

    #[test]
    fn a_whole_day_and_a_date_read_as_such() {
        let calendar = StructuredCalendarSpec {
            hour: vec![range(0, 23)],
            minute: vec![range(0, 59)],
            second: vec![range(0, 59)],
            year: vec![range(2026, 2026)],
            month: vec![range(12, 12)],
            day_of_month: vec![range(25, 25)],
            ..Default::default()
        };
        assert_eq!(calendar_texts(&calendar), ["all day 2026-12-25"]);
    }

    #[test]
    fn spans_read_as_people_write_them() {
        for (seconds, text) in [(0, "0s"), (45, "45s"), (5_400, "1h 30m"), (86_400, "1d")] {
            assert_eq!(span_text(Duration::from_secs(seconds)), text);
        }
    }
}
