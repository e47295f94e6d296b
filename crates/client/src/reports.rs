//! Reports: made for a user, as of now or of a past day.

use chrono::NaiveDate;
use ttai_contract::{ChannelName, ReportName, RunReportParams, UserId};

use crate::connect::TtaiClient;
use crate::error::ClientError;
use crate::run::Run;

/// A user's report to be made.
#[derive(Clone)]
pub struct ReportRequest<'a> {
    client: &'a TtaiClient,
    params: RunReportParams,
}

impl TtaiClient {
    /// A report of a user, as of now, which is saved and not sent; [`ReportRequest`] changes that.
    #[must_use]
    pub fn report(&self, report_name: ReportName, user_id: &UserId) -> ReportRequest<'_> {
        let params = RunReportParams { user_id: user_id.clone(), ..RunReportParams::of(report_name) };
        ReportRequest { client: self, params }
    }
}

impl ReportRequest<'_> {
    /// Of a past day, with what was known by its end.
    #[must_use]
    pub fn of_day(mut self, day: NaiveDate) -> Self {
        self.params.date = Some(day);
        self
    }

    /// Sent to these channels; where the user's routes lead with none.
    #[must_use]
    pub fn sent_to(mut self, channels: Vec<ChannelName>) -> Self {
        self.params.channel = channels;
        self.params.send = true;
        self
    }

    /// Starts it under a key of the client's, or a random one: the same key is the same report.
    ///
    /// # Errors
    /// As [`TtaiClient::start`].
    pub async fn start(self, key: Option<&str>) -> Result<Run<RunReportParams>, ClientError> {
        self.client.start(&self.params, key).await
    }
}
