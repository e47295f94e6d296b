//! The one error taxonomy of every provider: who must act, and whether asking again can help.

use std::time::Duration;

/// A failure at the outside world's edge.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PortError {
    /// The provider does not know the symbol. Asking again does not help.
    #[error("{provider} does not know the symbol {symbol}; check the spelling{hint}")]
    UnknownSymbol {
        /// Who was asked.
        provider: String,
        /// What was asked for.
        symbol: String,
        /// What to try instead, beginning with `; ` or empty.
        hint: String,
    },
    /// The symbol is known but this kind of data does not exist for it at that time. Asking again does not help.
    #[error("{provider} has no {what} for {symbol}: {detail}")]
    NoData {
        /// Who was asked.
        provider: String,
        /// The kind of data: "option chain", "daily bars".
        what: String,
        /// What was asked for.
        symbol: String,
        /// Why, and what to do.
        detail: String,
    },
    /// The request itself is wrong. Asking again does not help.
    #[error("{provider} refuses the request: {detail}")]
    Invalid {
        /// Who was asked.
        provider: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The credentials are missing or refused. Asking again does not help until the user acts.
    #[error("{provider} refuses the credentials: {detail}")]
    Authentication {
        /// Who was asked.
        provider: String,
        /// What to do about it.
        detail: String,
    },
    /// A failure that passes: an outage, a rate limit, a cut connection before anything took effect.
    #[error("{provider} is unavailable: {detail}")]
    Unavailable {
        /// Who was asked.
        provider: String,
        /// What happened.
        detail: String,
        /// When the provider said to come back.
        retry_after: Option<Duration>,
    },
    /// The answer is lost after the request may have taken effect; it must be reconciled, never resent blind.
    #[error("the outcome at {provider} is unknown: {detail}")]
    OutcomeUnknown {
        /// Who was asked.
        provider: String,
        /// What was under way.
        detail: String,
    },
    /// Data that breaks the provider's own format, or a broken installation. A person must look.
    #[error("{provider} delivered something unusable: {detail}")]
    Corrupt {
        /// Who was asked.
        provider: String,
        /// What is wrong, and where.
        detail: String,
    },
}

impl PortError {
    /// Who fails and how, without the details: `tastytrade is unavailable`.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::UnknownSymbol { provider, symbol, .. } => format!("{provider} does not know {symbol}"),
            Self::NoData { provider, what, symbol, .. } => format!("{provider} has no {what} for {symbol}"),
            Self::Invalid { provider, .. } => format!("{provider} refuses the request"),
            Self::Authentication { provider, .. } => format!("{provider} refuses the credentials"),
            Self::Unavailable { provider, .. } => format!("{provider} is unavailable"),
            Self::OutcomeUnknown { provider, .. } => format!("the outcome at {provider} is unknown"),
            Self::Corrupt { provider, .. } => format!("{provider} delivered something unusable"),
        }
    }

    /// Whether the same call may succeed later without anybody acting.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}
