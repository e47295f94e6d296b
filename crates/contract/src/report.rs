//! Reports: a briefing, a summary, a daily report or a weekly review of one user's, or of everyone's.

use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use ttai_core::MessageKind;

use crate::common::{ArtifactLink, ChannelName, Evidence, MarketSource};
use crate::lenient::Arguments;
use crate::notification::MAX_CHANNELS;
use crate::policy::{DRILL_TASK_TIMEOUT, REPORT_EXECUTION_TIMEOUT};
use crate::queue::TaskQueue;
use crate::subject::{UnknownFields, UserId, checked_when_read};
use crate::validate::{Validate, ValidationError};
use crate::workflows::{Labels, WorkflowParams};

/// Users whose reports one run makes; with more it goes on as a new run.
pub const REPORT_USERS: usize = 500;
/// Failures that the answer of a run for everyone names; more are counted.
pub const NAMED_FAILURES: usize = 20;

/// Which report.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ReportName {
    /// Before the open: positions, what happened overnight, what the day brings.
    MorningBriefing,
    /// At the close: the day's P&L, what fired, what was traded, what tomorrow brings.
    EodSummary,
    /// After the close: the account and the day in full.
    #[default]
    DailyReport,
    /// After the week's last session: performance, win rate, assignments, best and worst, what changed.
    WeeklyReview,
}

impl ReportName {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::MorningBriefing, Self::EodSummary, Self::DailyReport, Self::WeeklyReview];

    /// As on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MorningBriefing => "morning_briefing",
            Self::EodSummary => "eod_summary",
            Self::DailyReport => "daily_report",
            Self::WeeklyReview => "weekly_review",
        }
    }

    /// What a reader sees: `Morning briefing`.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::MorningBriefing => "Morning briefing",
            Self::EodSummary => "End-of-day summary",
            Self::DailyReport => "Daily report",
            Self::WeeklyReview => "Weekly review",
        }
    }

    /// The kind of the message that carries it.
    #[must_use]
    pub const fn message_kind(self) -> MessageKind {
        match self {
            Self::MorningBriefing => MessageKind::MorningBriefing,
            Self::EodSummary => MessageKind::EodSummary,
            Self::DailyReport => MessageKind::DailyReport,
            Self::WeeklyReview => MessageKind::WeeklyReview,
        }
    }
}

impl FromStr for ReportName {
    type Err = ValidationError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = text.trim().replace('-', "_");
        Self::ALL.into_iter().find(|report| report.as_str() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            ValidationError::new("report_name", format!("there is no report '{text}'; choose from {names}"))
        })
    }
}

/// Params of `RunReportWorkflow`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self")]
#[schemars(deny_unknown_fields)]
pub struct RunReportParams {
    /// The report.
    #[serde(alias = "reportName", alias = "report", alias = "name")]
    pub report_name: ReportName,
    /// A channel or up to 32 of them; where the user's routes lead when none.
    #[serde(
        default,
        alias = "channels",
        alias = "notifyChannels",
        alias = "notify_channels",
        deserialize_with = "channels",
        skip_serializing_if = "Vec::is_empty"
    )]
    #[schemars(with = "Option<OneOrMore>")]
    pub channel: Vec<ChannelName>,
    /// Whether it is sent; it is saved in any case.
    #[serde(default = "yes")]
    pub send: bool,
    /// The day in New York, from 1990 to 2099; as of now when none. A past day's report has what was known by that day's end, its
    /// briefing what was known by 09:30.
    #[serde(default, alias = "day", skip_serializing_if = "Option::is_none")]
    pub date: Option<NaiveDate>,
    /// Whose report.
    #[serde(default, alias = "userId")]
    pub user_id: UserId,
    /// One report each of all users whom it concerns, instead of `user_id`'s: with `morning_alert` set the briefing, with open
    /// positions the summary, with positions open or closed the daily report and the weekly review.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub everyone: bool,
    /// Of a run for everyone that goes on from another one: what that came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-internal" = true))]
    pub carried: Option<ReportRound>,
    /// The drill profile: a worker's death is noticed within 3 s.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drill: bool,
    /// None in params that were read.
    #[serde(flatten, skip_serializing)]
    #[schemars(skip)]
    pub unknown: UnknownFields,
}

checked_when_read!(RunReportParams);

fn yes() -> bool {
    true
}

/// A channel, or several.
#[derive(JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "it only says what is read")]
enum OneOrMore {
    /// One.
    One(ChannelName),
    /// Several, or none.
    Several(#[schemars(length(max = MAX_CHANNELS))] Vec<ChannelName>),
}

fn channels<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<ChannelName>, D::Error> {
    let list = match Value::deserialize(deserializer)? {
        Value::Null => return Ok(Vec::new()),
        one @ Value::String(_) => Value::Array(vec![one]),
        other => other,
    };
    serde_json::from_value(list).map_err(|error| {
        serde::de::Error::custom(format!("send a channel's name, or a list of them: {error}"))
    })
}

impl RunReportParams {
    /// A user's report as of now, not sent.
    #[must_use]
    pub fn of(report_name: ReportName) -> Self {
        Self {
            report_name,
            channel: Vec::new(),
            send: false,
            date: None,
            user_id: UserId::default(),
            everyone: false,
            carried: None,
            drill: false,
            unknown: UnknownFields::default(),
        }
    }

    /// The report of one user of a run for everyone.
    #[must_use]
    pub fn of_user(&self, user_id: UserId, date: Option<NaiveDate>) -> Self {
        Self { user_id, date, everyone: false, carried: None, ..self.clone() }
    }
}

impl Arguments for RunReportParams {
    /// 003's arguments.
    const POSITIONAL: &'static [&'static str] = &["report_name", "channel", "send"];
}

impl Validate for RunReportParams {
    fn validate(&self) -> Result<(), ValidationError> {
        if self.channel.len() > MAX_CHANNELS {
            return Err(ValidationError::new("channel", format!("name at most {MAX_CHANNELS} channels")));
        }
        match self.date {
            Some(date) if !(1990..=2099).contains(&date.year()) => Err(ValidationError::new(
                "date",
                "give a day between 1990 and 2099; no market is known outside",
            )),
            _ => Ok(()),
        }
    }
}

impl WorkflowParams for RunReportParams {
    const WORKFLOW: &'static str = "RunReportWorkflow";
    const QUEUE: TaskQueue = TaskQueue::Background;
    type Answer = RunReportResult;
    type Status = ReportProgress;
    const EXECUTION_TIMEOUT: Option<Duration> = Some(REPORT_EXECUTION_TIMEOUT);

    fn id(&self, key: &str) -> String {
        format!("report-{}-{key}", self.report_name.as_str())
    }

    fn labels(&self) -> Labels {
        Labels { user: self.user_id.clone(), symbol: None, strategy: None }
    }

    fn summary(&self) -> String {
        let title = self.report_name.title().to_lowercase();
        let date = self.date.map(|date| format!(" · {date}")).unwrap_or_default();
        let everyone = if self.everyone { " · everyone" } else { "" };
        format!("{title}{date}{everyone}")
    }

    fn task_timeout(&self) -> Option<Duration> {
        self.drill.then_some(DRILL_TASK_TIMEOUT)
    }
}

/// What a run for everyone has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ReportRound {
    /// The last user whose report was begun.
    pub after: Option<UserId>,
    /// Users whose report was made.
    pub reports: u32,
    /// Users whose report failed.
    pub failed: u32,
    /// Of those the first 20, with why.
    pub failures: Vec<FailedReport>,
}

/// A user without a report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailedReport {
    /// Who.
    pub user_id: UserId,
    /// Why.
    pub error: String,
}

/// How far a run is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ReportProgress {
    /// What is done now.
    pub step: String,
    /// Of a run for everyone: how far it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round: Option<ReportRound>,
}

/// What `RunReportWorkflow` answers; the report itself is in the store.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RunReportResult {
    /// The report.
    pub report_name: ReportName,
    /// Its id in the store; none of a run for everyone.
    pub report: Option<String>,
    /// Its title.
    pub title: String,
    /// It in a few lines.
    pub summary: Vec<String>,
    /// The day that it is about, in New York.
    pub day: Option<NaiveDate>,
    /// Market time; nothing after it was read.
    pub as_of: Option<DateTime<Utc>>,
    /// Where the prices are from.
    pub data_source: Option<MarketSource>,
    /// Positions held; none where they are not known.
    pub positions: Option<u32>,
    /// Dollars won that day on what is held; none where that is not known of every position.
    pub daily_pnl: Option<f64>,
    /// Analyses of the day, of a weekly review of the week; none where the store did not say.
    pub analyses_count: Option<u32>,
    /// The report as HTML and as Markdown.
    pub artifacts: Vec<ArtifactLink>,
    /// The channels that it goes to.
    pub sent_to: Vec<String>,
    /// The numbers that the summary mentions.
    pub evidence: Vec<Evidence>,
    /// Of a run for everyone: what it came to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round: Option<ReportRound>,
    /// What could not be read, a sentence each.
    pub warnings: Vec<String>,
}

/// What `list_report_users_activity` takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ListReportUsersParams {
    /// The report.
    pub report_name: ReportName,
    /// Those after this one.
    pub after: Option<UserId>,
    /// The day that was asked for.
    pub date: Option<NaiveDate>,
    /// When the schedule said that it was due.
    pub due_at: Option<DateTime<Utc>>,
}

/// Whom a report concerns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportUsers {
    /// At most 500, in order.
    pub users: Vec<UserId>,
    /// The day that their reports are about; none for as of now.
    pub date: Option<NaiveDate>,
    /// Whether there are more.
    pub more: bool,
}

/// What `compose_report_activity` takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ComposeReportParams {
    /// The report.
    pub report_name: ReportName,
    /// Whose.
    pub user_id: UserId,
    /// The day that was asked for; as of now when none.
    pub date: Option<NaiveDate>,
    /// When the schedule said that it was due: a late report is about that day.
    pub due_at: Option<DateTime<Utc>>,
}

/// What `send_report_activity` takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SendReportParams {
    /// Whose.
    pub user_id: UserId,
    /// The report's id.
    pub report: String,
    /// The channels; where the routes lead when empty.
    pub channels: Vec<String>,
}

/// Where a report goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SendReportReceipt {
    /// The channels of which the ledger has a delivery.
    pub channels: Vec<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::lenient::read;

    fn refused(arguments: Vec<Value>) -> String {
        read::<RunReportParams>(arguments).unwrap_err().message
    }

    #[test]
    fn the_seeds_arguments_and_one_object_are_read() {
        let params: RunReportParams =
            read(vec![json!("eod_summary"), json!("discord"), json!(false)]).unwrap();
        assert_eq!(
            (params.report_name, params.channel.len(), params.send),
            (ReportName::EodSummary, 1, false)
        );
        let alone: RunReportParams = read(vec![json!("weekly_review")]).unwrap();
        assert!(alone.send && alone.channel.is_empty());
        let nobody: RunReportParams = read(vec![json!("weekly_review"), json!(null), json!(true)]).unwrap();
        assert_eq!(nobody, alone);
        let object = json!({"reportName": "daily_report", "channel": ["a", "b"], "date": "2026-11-27", "userId": "ann"});
        let params: RunReportParams = read(vec![object]).unwrap();
        assert_eq!((params.channel.len(), params.user_id.as_str()), (2, "ann"));
        assert_eq!(params.summary(), "daily report · 2026-11-27");
        assert_eq!(params.id("k"), "report-daily_report-k");
        let again: RunReportParams = read(vec![serde_json::to_value(&params).unwrap()]).unwrap();
        assert_eq!(again, params);
    }

    #[test]
    fn what_is_no_report_is_refused_by_field() {
        assert!(refused(vec![json!("evening_paper")]).contains("evening_paper"));
        assert!(refused(vec![]).contains("report_name"));
        assert!(refused(vec![json!("daily_report"), json!(7)]).contains("channel"));
        assert!(
            refused(vec![json!({"report_name": "daily_report", "channel": [""]})]).contains("64 characters")
        );
        assert!(refused(vec![json!({"report_name": "daily_report", "date": "1889-01-01"})]).contains("1990"));
        assert!(refused(vec![json!({"report_name": "daily_report", "dates": 1})]).contains("no such field"));
        let many: Vec<String> = (0..=MAX_CHANNELS).map(|number| number.to_string()).collect();
        assert!(refused(vec![json!("daily_report"), json!(many)]).contains("at most 32"));
    }

    #[test]
    fn names_are_read_as_people_write_them() {
        assert_eq!("morning-briefing".parse(), Ok(ReportName::MorningBriefing));
        assert!("morning".parse::<ReportName>().unwrap_err().message.contains("weekly_review"));
        for name in ReportName::ALL {
            assert_eq!(serde_json::to_value(name).unwrap(), name.as_str());
            assert_eq!(name.message_kind().as_str(), name.as_str());
        }
    }
}
