//! Whether a message asks a stretch of watching to end: the watch looks into the store every two seconds.

use std::time::Duration;

use ttai_ports::Recalls;

/// How often the store is asked.
pub(crate) const ASKED_EVERY: Duration = Duration::from_secs(2);
/// The watch over a user's news; those over accounts have the account's number for a name.
pub(crate) const NEWS: &str = "the news";

/// Whether somebody wants the stretch to end. Where the store is away nobody does.
pub(crate) async fn is_recalled(recalls: &dyn Recalls, user_id: &str, watch: &str, stretch: &str) -> bool {
    match recalls.recalled(user_id, watch).await {
        Ok(recalled) => recalled.is_some_and(|recalled| recalled == stretch),
        Err(error) => {
            tracing::debug!("whether the watch is recalled cannot be read: {error}");
            false
        }
    }
}
