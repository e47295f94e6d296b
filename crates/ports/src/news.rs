//! News stories about a symbol.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use ttai_core::{NewsStory, Symbol};

use crate::error::PortError;
use crate::provenance::Provenance;

/// The half-open span `(after, until]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewsWindow {
    /// Stories published later than this.
    pub after: DateTime<Utc>,
    /// Stories published by this moment.
    pub until: DateTime<Utc>,
}

/// Source of news.
#[async_trait]
pub trait News: Send + Sync {
    /// The stories tied to `symbol` in the window, newest first; `None` where the provider keeps no news at all. An outage is
    /// an error, never `None`.
    async fn stories(&self, symbol: &Symbol, window: NewsWindow)
    -> Result<Option<Vec<NewsStory>>, PortError>;
    /// The same for one request, writing into `provenance` who serves it; none where one provider always does.
    fn for_request(&self, _provenance: &Provenance) -> Option<Arc<dyn News>> {
        None
    }
}
