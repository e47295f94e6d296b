//! What several results share: evidence, links to artefacts, the market source.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::notification::MAX_CHANNEL_NAME;
use crate::validate::{ValidationError, checked_text};

/// A number that a text mentions: what it is, its exact value, how the text prints it, and where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// What the number is: `sma_20`, `support_1`.
    pub name: String,
    /// Exact value.
    pub value: f64,
    /// As printed in the text.
    pub text: String,
    /// Where it comes from: `daily bars`, `option chain`.
    pub source: String,
}

/// The name of a notification channel: 1 to 64 characters, none of them a control character.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct ChannelName(#[schemars(length(min = 1, max = MAX_CHANNEL_NAME))] String);

checked_text!(ChannelName);

impl FromStr for ChannelName {
    type Err = ValidationError;
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        if (1..=MAX_CHANNEL_NAME).contains(&name.chars().count()) && !name.contains(char::is_control) {
            return Ok(Self(name.to_owned()));
        }
        let message = format!("a channel's name has 1 to {MAX_CHANNEL_NAME} characters");
        Err(ValidationError::new("notify_channels", message))
    }
}

/// A stored artefact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArtifactLink {
    /// SHA-256 of the bytes, the artefact's name in the store.
    pub sha256: String,
    /// Media type.
    pub media_type: String,
    /// Length in bytes.
    pub size: u64,
}

/// Which market the numbers are from.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct MarketSource {
    /// Short name of the provider.
    pub name: String,
    /// Whether the prices are invented.
    pub simulated: bool,
    /// One line for a person.
    pub description: String,
}

impl MarketSource {
    /// `simulated`, `recorded` (a tape), `delayed` (Cboe's quotes) or `live`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.name.as_str() {
            _ if self.simulated => "simulated",
            "tape" => "recorded",
            "cboe" => "delayed",
            _ => "live",
        }
    }
}

/// How far back levels are sought; trend and extremes always use the whole history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnalysisDepth {
    /// Levels of the last 252 bars.
    Quick,
    /// Levels of the last 504 bars.
    #[default]
    Standard,
    /// Levels of every bar on record.
    Deep,
}
