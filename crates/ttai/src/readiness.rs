//! Whether the worker can take work right now, for `/readyz`.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use temporalio_client::Client;
use temporalio_client::tonic::Request;
use temporalio_protos::temporal::api::workflowservice::v1::DescribeNamespaceRequest;
use ttai_activities::Shutdown;

use crate::guard;

/// How long the Temporal server may take; probes usually give up after a few seconds.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// Readiness of this process; clones share it. Not ready until [`polls`](Self::polls) is called.
#[derive(Clone, Default)]
pub struct Readiness(Arc<OnceLock<Polling>>);

struct Polling {
    client: Client,
    shutdown: Shutdown,
}

impl Readiness {
    /// From now on the workers poll the server of `client`, until `shutdown` begins.
    pub fn polls(&self, client: Client, shutdown: Shutdown) {
        // Set already: these workers are watched.
        drop(self.0.set(Polling { client, shutdown }));
    }

    /// Asks the server for the workers' namespace, which is no billable action.
    ///
    /// # Errors
    /// Why no work can be taken, in a few words: the worker starts or stops, the server does not answer within 2 s or
    /// does not know the namespace, or the store did not answer the guard's last look.
    pub async fn check(&self) -> Result<(), String> {
        let polling = self.0.get().ok_or("starting")?;
        if polling.shutdown.has_begun() {
            return Err("stopping".to_owned());
        }
        answers(&polling.client).await?;
        guard::store_trouble().map_or(Ok(()), |why| Err(format!("the store does not answer: {why}")))
    }
}

/// Asks the server of a client for its namespace, which is no billable action.
///
/// # Errors
/// Why there is no answer, in a few words.
pub(crate) async fn answers(client: &Client) -> Result<(), String> {
    let namespace = client.options().namespace.clone();
    let mut service = client.connection().workflow_service();
    let request = DescribeNamespaceRequest { namespace, ..Default::default() };
    match tokio::time::timeout(ANSWERS_WITHIN, service.describe_namespace(Request::new(request))).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(status)) => Err(format!("the Temporal server says: {}", status.message())),
        Err(_) => Err(format!("the Temporal server does not answer within {} s", ANSWERS_WITHIN.as_secs())),
    }
}
