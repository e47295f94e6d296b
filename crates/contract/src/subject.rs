//! What several params share: whom and what an analysis is about, and which trade is sought. Read once, checked once.

use std::collections::BTreeMap;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::Symbol;

use crate::model::ModelName;
use crate::options::{AccountContext, OptionsConstraints, PositionContext, SpreadType, Strategy};
use crate::validate::{self, Validate, ValidationError, checked_text};

/// The user whose ids carry no suffix.
pub const DEFAULT_USER: &str = "default";

/// A user's name: 1 to 64 letters, digits and `. _ @ -`, so that it fits into a workflow id and a search attribute.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct UserId(#[schemars(length(min = 1, max = 64), regex(pattern = "^[A-Za-z0-9._@-]+$"))] String);

checked_text!(UserId);

impl Default for UserId {
    fn default() -> Self {
        Self(DEFAULT_USER.to_owned())
    }
}

impl FromStr for UserId {
    type Err = ValidationError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (1..=64).contains(&text.len())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "._@-".contains(c));
        if fits {
            return Ok(Self(text.to_owned()));
        }
        Err(ValidationError::new("user_id", "use 1 to 64 letters, digits and . _ @ - only, or leave it out"))
    }
}

/// Whom and what an analysis is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Subject {
    /// Ticker.
    pub symbol: Symbol,
    /// Market time of the analysis, from 1990 to 2099; the provider's now when none.
    #[serde(default, alias = "asOf", skip_serializing_if = "Option::is_none")]
    pub as_of: Option<DateTime<Utc>>,
    /// Model of an AI analyst, `provider/model`; the deterministic analyst when none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelName>,
    /// Whose analysis it is.
    #[serde(default, alias = "userId")]
    pub user_id: UserId,
    /// The drill profile: a worker's death is noticed within 3 s. For exercises; it costs more heartbeats.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drill: bool,
}

impl Subject {
    /// The defaults for a symbol.
    #[must_use]
    pub fn new(symbol: Symbol) -> Self {
        Self { symbol, as_of: None, model: None, user_id: UserId::default(), drill: false }
    }

    /// The same subject at `moment`.
    #[must_use]
    pub fn at(&self, moment: DateTime<Utc>) -> Self {
        Self { as_of: Some(moment), ..self.clone() }
    }
}

impl Validate for Subject {
    fn validate(&self) -> Result<(), ValidationError> {
        match self.as_of {
            Some(moment) if !(1990..=2099).contains(&moment.year()) => Err(ValidationError::new(
                "as_of",
                "give a time between 1990 and 2099; no market is known outside",
            )),
            _ => Ok(()),
        }
    }
}

/// Which trade is sought, and for whom.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TradeRequest {
    /// Strategy; csp by default.
    #[serde(default)]
    pub strategy: Strategy,
    /// Constraints; the defaults when none.
    #[serde(default)]
    pub constraints: Option<OptionsConstraints>,
    /// Which vertical; bull put by default, bear call when the chart is bearish.
    #[serde(default, alias = "spreadType", skip_serializing_if = "Option::is_none")]
    pub spread_type: Option<SpreadType>,
    /// Width of a vertical in dollars, 0.5 to 1,000; every listed width up to 10 % of the price when none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<f64>,
    /// The account.
    #[serde(default)]
    pub account: AccountContext,
    /// What is held.
    #[serde(default)]
    pub position: PositionContext,
}

impl Validate for TradeRequest {
    fn validate(&self) -> Result<(), ValidationError> {
        self.constraints.as_ref().map_or(Ok(()), Validate::validate)?;
        self.account.validate()?;
        self.position.validate()?;
        self.width.map_or(Ok(()), |width| validate::in_range("width", width, 0.5, 1000.0))
    }
}

/// Fields that no part of the params knows. There are none in params that were read: a misspelt field is refused.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct UnknownFields(BTreeMap<String, serde::de::IgnoredAny>);

impl UnknownFields {
    pub(crate) fn refuse(&self) -> Result<(), ValidationError> {
        let Some(name) = self.0.keys().next() else { return Ok(()) };
        Err(ValidationError::new(name, "there is no such field; check its spelling"))
    }
}

/// Params that check themselves when they are read: what was deserialised can be used.
///
/// The type derives its serde traits with `#[serde(remote = "Self")]` and has a field `unknown`.
macro_rules! checked_when_read {
    ($($params:ty),+ $(,)?) => {$(
        impl<'de> serde::Deserialize<'de> for $params {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                // The derived function of the same name, not this one.
                let params = <$params>::deserialize(deserializer)?;
                params
                    .unknown
                    .refuse()
                    .and_then(|()| $crate::validate::Validate::validate(&params))
                    .map_err(serde::de::Error::custom)?;
                Ok(params)
            }
        }

        impl serde::Serialize for $params {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                <$params>::serialize(self, serializer)
            }
        }
    )+};
}
pub(crate) use checked_when_read;
