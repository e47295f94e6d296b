//! A workflow as another SDK sees it: JSON in, JSON out, and no type of ours between.

use serde::de::DeserializeOwned;
use serde_json::Value;
use temporalio_client::errors::WorkflowUpdateError;
use temporalio_client::{
    Client, UntypedQuery, UntypedSignal, UntypedUpdate, UntypedWorkflow, WorkflowExecuteUpdateOptions,
    WorkflowHandle, WorkflowQueryOptions, WorkflowSignalOptions,
};
use temporalio_common::data_converters::RawValue;
use temporalio_protos::temporal::api::common::v1::Payload;

use crate::lab::{Lab, eventually, within};

/// A workflow by its id.
pub(crate) struct ForeignHandle(WorkflowHandle<Client, UntypedWorkflow>);

fn arguments(values: &[Value]) -> RawValue {
    let metadata = || [("encoding".to_owned(), b"json/plain".to_vec())].into();
    let payload = |value: &Value| Payload {
        metadata: metadata(),
        data: value.to_string().into_bytes(),
        ..Payload::default()
    };
    RawValue::new(values.iter().map(payload).collect())
}

fn read<T: DeserializeOwned>(raw: &RawValue) -> anyhow::Result<T> {
    let data = raw.payloads.first().map(|payload| payload.data.as_slice()).unwrap_or_default();
    Ok(serde_json::from_slice(data)?)
}

impl ForeignHandle {
    pub(crate) fn of(lab: &Lab, id: &str) -> Self {
        Self(lab.client.temporal().get_workflow_handle::<UntypedWorkflow>(id))
    }

    pub(crate) async fn signal(&self, name: &str, values: &[Value]) -> anyhow::Result<()> {
        let signal =
            self.0.signal(UntypedSignal::new(name), arguments(values), WorkflowSignalOptions::default());
        Ok(within("a signal", signal).await??)
    }

    pub(crate) async fn query<T: DeserializeOwned>(&self, name: &str) -> anyhow::Result<T> {
        let query =
            self.0.query(UntypedQuery::new(name), RawValue::default(), WorkflowQueryOptions::default());
        read(&within("a query", query).await??)
    }

    /// What an update answers, or what it says of its failure.
    pub(crate) async fn update<T: DeserializeOwned>(
        &self,
        name: &str,
        values: &[Value],
    ) -> anyhow::Result<Result<T, String>> {
        let options = WorkflowExecuteUpdateOptions::default();
        let update = self.0.execute_update(UntypedUpdate::new(name), arguments(values), options);
        match within("an update", update).await? {
            Ok(raw) => Ok(Ok(read(&raw)?)),
            Err(WorkflowUpdateError::Failed(failure)) => Ok(Err(failure.message)),
            Err(error) => Err(error.into()),
        }
    }

    /// Its status, once it is as wanted.
    pub(crate) async fn status_until<T: DeserializeOwned>(
        &self,
        holds: impl Fn(&T) -> bool,
    ) -> anyhow::Result<T> {
        eventually("a status", async || {
            Ok(Some(self.query::<T>("status").await?).filter(|status| holds(status)))
        })
        .await
    }
}
