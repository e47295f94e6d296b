//! A schedule as a handle.

use super::ScheduleDescription;
use crate::connect::TtaiClient;
use crate::error::ClientError;

/// A schedule on the server.
#[derive(Clone)]
pub struct ScheduleHandle {
    client: TtaiClient,
    id: String,
}

impl TtaiClient {
    /// The schedule of that name; whether there is one shows the first call.
    #[must_use]
    pub fn schedule_handle(&self, id: &str) -> ScheduleHandle {
        ScheduleHandle { client: self.clone(), id: id.to_owned() }
    }
}

impl ScheduleHandle {
    /// Its name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// How it stands; none where there is none.
    ///
    /// # Errors
    /// A server that refuses or does not answer.
    pub async fn describe(&self) -> Result<Option<ScheduleDescription>, ClientError> {
        self.client.schedule(&self.id).await
    }

    /// Starts nothing until it is resumed. It may be repeated.
    ///
    /// # Errors
    /// As [`TtaiClient::pause_schedule`].
    pub async fn pause(&self, note: &str) -> Result<(), ClientError> {
        self.client.pause_schedule(&self.id, note).await
    }

    /// Ends a pause. It may be repeated.
    ///
    /// # Errors
    /// As [`TtaiClient::resume_schedule`].
    pub async fn resume(&self, note: &str) -> Result<(), ClientError> {
        self.client.resume_schedule(&self.id, note).await
    }

    /// Starts a run now, even while it is paused.
    ///
    /// # Errors
    /// As [`TtaiClient::trigger_schedule`].
    pub async fn trigger(&self) -> Result<(), ClientError> {
        self.client.trigger_schedule(&self.id).await
    }

    /// Takes it off the server; false where there is none.
    ///
    /// # Errors
    /// As [`TtaiClient::delete_schedule`].
    pub async fn delete(&self) -> Result<bool, ClientError> {
        self.client.delete_schedule(&self.id).await
    }
}
