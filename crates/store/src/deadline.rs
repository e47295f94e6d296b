//! One deadline around every call, so that no caller waits on a database that does not answer.

use std::future::Future;
use std::time::Duration;

use ttai_ports::StoreError;

/// Awaits `call` for at most `deadline`; `what` ("saving the analysis") opens the message when time runs out.
pub(crate) async fn within<T>(
    deadline: Duration,
    what: &str,
    call: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(deadline, call).await {
        Ok(answer) => answer,
        Err(_) => Err(StoreError::Unavailable(format!(
            "{what} got no answer within {} s; try again when the database is less busy",
            deadline.as_secs_f32()
        ))),
    }
}
