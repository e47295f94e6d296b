//! Schedules: what the configuration wants the server to start by itself, read and checked; the built-in ones are data, in the form of
//! the configuration.

mod apply;
mod driver;
mod times;

use std::sync::LazyLock;
use std::time::Duration;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use chrono_tz::Tz;
use ttai_calendar::{LAST_DATE, new_york_date};
use ttai_client::{TtaiClient, WantedSchedule};
use ttai_config::sections::ScheduleSection;
use ttai_config::{Config, duration_text};
use ttai_contract::{PreparedStart, workflow};

use crate::settings::Settings;
use times::{DailyTimes, Rules, ScheduleDays, ScheduleTime, Timing};

pub(crate) use apply::ScheduleKeeper;
pub use apply::{AppliedSchedules, ScheduleReport, apply, compare, keep_up_once};
pub use driver::{DrivenStart, ScheduleDriver};

/// The built-in schedules.
static BUILT_IN: LazyLock<Config> = LazyLock::new(|| ttai_config::of_text(include_str!("defaults.toml")));

/// Workflows that do not ask what time it is in the market: a market that stands still does not pause them.
const WITHOUT_MARKET: [&str; 1] = ["RetentionWorkflow"];

/// Why a built-in schedule is left out whose workflow is still to come.
const ANOTHER_VERSION: &str = "not part of this version";

/// A schedule that the server is to have.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedSchedule {
    /// As the client takes it.
    pub wanted: WantedSchedule,
    days: ScheduleDays,
    timing: Timing,
    times: String,
    zone: Tz,
    /// Whether it is paused at first, whatever the clock.
    waits_for_a_person: bool,
}

impl PlannedSchedule {
    /// The next `count` moments after `from`; none around the clock.
    #[must_use]
    pub fn next(&self, from: DateTime<Utc>, count: usize) -> Vec<DateTime<Utc>> {
        self.timing.next(&self.days, self.zone, from, count)
    }

    /// `09:35, sessions`.
    #[must_use]
    pub fn words(&self) -> String {
        let zone = if self.zone == ttai_calendar::NEW_YORK {
            String::new()
        } else {
            format!(", {} time", self.zone)
        };
        format!("{}, {}{zone}", self.times, self.days)
    }
}

/// What the configuration wants of the server.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SchedulePlan {
    /// In order of their names.
    pub wanted: Vec<PlannedSchedule>,
    /// Those that are switched off.
    pub disabled: Vec<String>,
    /// Built-in ones that this program cannot start, and why not.
    pub left_out: Vec<(String, String)>,
}

impl SchedulePlan {
    /// Those that another clock than the server's drives: what waits for a person stays paused.
    #[must_use]
    pub fn driven(&self) -> Vec<String> {
        let driven = self.wanted.iter().filter(|planned| !planned.waits_for_a_person);
        driven.map(|planned| planned.wanted.id.clone()).collect()
    }
}

/// What is wrong with a schedule: the key, and a sentence.
type Wrong = (&'static str, String);

/// What the configuration wants, with the exchange's calendar of last year, this one and the next.
///
/// A market that stands still or is recorded does not follow the server's time: its schedules are paused when they are created.
#[must_use]
pub fn plan(config: &Config, follows_server_time: bool, now: DateTime<Utc>) -> SchedulePlan {
    let mut plan = SchedulePlan::default();
    for (name, section) in config.schedules_over(&BUILT_IN) {
        if !section.enabled {
            plan.disabled.push(name);
            continue;
        }
        match (Schedule { name: &name, section: &section }).planned(new_york_date(now), follows_server_time) {
            Ok(planned) => plan.wanted.push(planned),
            Err((_, why)) => {
                let why =
                    if is_of_another_version(&name, &section) { ANOTHER_VERSION.to_owned() } else { why };
                plan.left_out.push((name, why));
            }
        }
    }
    plan
}

/// What the configuration wants now of the server that `client` talks to.
#[must_use]
pub fn plan_now(settings: &Settings, client: &TtaiClient) -> SchedulePlan {
    let follows = settings.follows_server_time() && client.market() != Some("recorded");
    plan(&settings.config, follows, Utc::now())
}

/// What keeps schedules that somebody configured from being used: section, key, sentence.
pub(crate) fn problems(config: &Config) -> Vec<(String, &'static str, String)> {
    let all = config.schedules_over(&BUILT_IN);
    let wrong = config.schedules.iter().filter_map(|(own_name, own)| {
        let (name, section) = all.get_key_value(&hyphenated(own_name))?;
        let (key, text) = Schedule { name, section }.planned(ttai_calendar::FIRST_DATE, true).err()?;
        // A built-in one whose workflow is not there is left out, and not for what somebody set about it.
        let is_built_in =
            BUILT_IN.schedules.contains_key(name) && own.workflow.is_none() && own.input.is_none();
        let is_missing = is_built_in && matches!(key, "workflow" | "input");
        (!is_missing).then(|| (format!("schedules.{own_name}"), key, text))
    });
    wrong.collect()
}

/// An environment variable has no hyphens: its name stands for the hyphenated one.
fn hyphenated(name: &str) -> String {
    name.replace('_', "-")
}

/// Whether it is built in and its workflow is not in the catalogue.
fn is_of_another_version(name: &str, section: &ScheduleSection) -> bool {
    let is_built_in = BUILT_IN.schedules.get(name).is_some_and(|own| own.workflow == section.workflow);
    is_built_in && section.workflow.as_ref().is_some_and(|name| workflow(name).is_none())
}

/// One schedule: what somebody set over what is built in.
struct Schedule<'a> {
    name: &'a str,
    section: &'a ScheduleSection,
}

impl Schedule<'_> {
    fn planned(&self, today: NaiveDate, keeps_time: bool) -> Result<PlannedSchedule, Wrong> {
        let start = self.start()?;
        let days = ScheduleDays::of(&self.section.days).map_err(|text| ("days", text))?;
        let timing = self.timing()?;
        let zone = self.section.time_zone;
        self.check_zone(zone)?;
        let Rules { rules, exceptions } = timing.rules(&days, horizon(today));
        let wanted = WantedSchedule {
            id: self.name.to_owned(),
            paused: self.pause(start.workflow, keeps_time),
            start,
            rules,
            every: match timing {
                Timing::Every(every) => Some(every),
                Timing::Daily(_) => None,
            },
            exceptions,
            time_zone: zone.name().to_owned(),
            overlap: self.section.overlap,
            catch_up: self.section.catch_up,
        };
        let waits_for_a_person = self.section.paused;
        Ok(PlannedSchedule { wanted, days, timing, times: self.times(), zone, waits_for_a_person })
    }

    fn start(&self) -> Result<PreparedStart, Wrong> {
        let name = self.section.workflow.as_ref();
        let name = name.ok_or_else(|| ("workflow", "is required; name the workflow to start".to_owned()))?;
        let entry = workflow(name).ok_or_else(|| {
            let all: Vec<&str> = ttai_contract::workflows().iter().map(|entry| entry.name).collect();
            ("workflow", format!("there is no {name} in this program; choose from {}", all.join(", ")))
        })?;
        let input = self.section.input.clone();
        let start = (entry.prepare)(input.into_iter().collect(), self.name)
            .map_err(|wrong| ("input", format!("{name} does not take it: {wrong}")))?;
        if start.execution_timeout.is_none() {
            return Err((
                "workflow",
                format!("{name} lives until it is shut down; a schedule starts what ends"),
            ));
        }
        Ok(PreparedStart { execution_timeout: self.section.timeout.or(start.execution_timeout), ..start })
    }

    fn timing(&self) -> Result<Timing, Wrong> {
        let ScheduleSection { time, until, every, .. } = self.section;
        let read = |key: &'static str, text: &Option<String>| {
            text.as_ref().map(|text| ScheduleTime::parse(text).map_err(|wrong| (key, wrong))).transpose()
        };
        let (first, until, every) = (read("time", time)?, read("until", until)?, *every);
        match (first, until, every) {
            (Some(first), None, None) => Ok(Timing::Daily(DailyTimes { first, until: None })),
            (Some(first), Some(until), Some(every)) => {
                whole_minutes(every)?;
                Ok(Timing::Daily(DailyTimes { first, until: Some((until, every)) }))
            }
            (None, None, Some(every)) => Ok(Timing::Every(every)),
            (None, None, None) => Err(("time", "is required; say when, such as 09:35".to_owned())),
            (_, Some(_), None) => Err(("until", "belongs to every; say how often until then".to_owned())),
            (None, Some(_), _) => Err(("until", "belongs to time; say from when".to_owned())),
            (Some(_), None, Some(_)) => Err(("every", "belongs to until; say until when".to_owned())),
        }
    }

    /// The session's hours are New York's.
    fn check_zone(&self, zone: Tz) -> Result<(), Wrong> {
        let follows = [&self.section.time, &self.section.until]
            .into_iter()
            .flatten()
            .any(|text| ScheduleTime::parse(text).is_ok_and(ScheduleTime::follows_the_session));
        if follows && zone != ttai_calendar::NEW_YORK {
            return Err(("time_zone", "open and close are New York's; leave the time zone out".to_owned()));
        }
        Ok(())
    }

    fn pause(&self, workflow: &str, keeps_time: bool) -> Option<String> {
        if !keeps_time && !WITHOUT_MARKET.contains(&workflow) {
            return Some("the market's time is not the server's".to_owned());
        }
        self.section
            .paused
            .then(|| format!("paused at first; `ttai schedule resume {}` starts it", self.name))
    }

    /// `09:35`, `open+30m to close every 1h`.
    fn times(&self) -> String {
        let ScheduleSection { time, until, every, .. } = self.section;
        let every = every.map(|every| format!("every {}", duration_text(every))).unwrap_or_default();
        match (time, until) {
            (Some(time), Some(until)) => format!("{time} to {until} {every}"),
            (Some(time), None) => time.clone(),
            _ => every,
        }
    }
}

fn whole_minutes(every: Duration) -> Result<(), Wrong> {
    if every.as_secs().is_multiple_of(60) && every.subsec_nanos() == 0 {
        return Ok(());
    }
    Err(("every", "write whole minutes".to_owned()))
}

/// Last year, which somebody may backfill, this one and the next.
fn horizon(today: NaiveDate) -> std::ops::RangeInclusive<NaiveDate> {
    let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap_or(LAST_DATE);
    day(today.year() - 1, 1, 1)..=day(today.year() + 1, 12, 31).min(LAST_DATE)
}

#[cfg(test)]
mod tests;
