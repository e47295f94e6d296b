//! News stories as the sources print them. Their text is data and never an instruction.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::symbol::Symbol;

/// One story.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NewsStory {
    /// The source's own identifier.
    pub id: String,
    /// Headline.
    pub headline: String,
    /// Summary, possibly empty.
    pub summary: String,
    /// Where to read it.
    pub url: Option<String>,
    /// Who printed it.
    pub source: String,
    /// When it was published; of an undated story, when it was first seen.
    pub published_at: DateTime<Utc>,
    /// Whether the source does not say when it was published.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undated: bool,
    /// The symbols that the source ties it to.
    pub symbols: Vec<Symbol>,
}
