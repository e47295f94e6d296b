//! A datum, or why it is not known: an outage is no absence.

use crate::error::PortError;

/// Why something is not known.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Unknown {
    /// No provider that is asked has it.
    #[error("no provider has it")]
    NotProvided,
    /// Whoever has it could not be read: who, and why.
    #[error("it could not be read: {0}")]
    Unreachable(PortError),
}

impl Unknown {
    /// The outage, where it is one.
    #[must_use]
    pub const fn outage(&self) -> Option<&PortError> {
        match self {
            Self::NotProvided => None,
            Self::Unreachable(error) => Some(error),
        }
    }
}

/// A datum, or why it is not known.
pub type Known<T> = Result<T, Unknown>;
