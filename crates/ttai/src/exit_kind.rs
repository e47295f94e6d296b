//! How a command ended, as a number that a script can tell apart.

use std::process::ExitCode;

use ttai_client::ClientError;
use ttai_config::InvalidConfiguration;
use ttai_contract::ValidationError;
use ttai_core::SymbolError;

/// Why a command did not do what it was asked for. Its number is the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitKind {
    /// What was asked for failed, or its outcome is bad: a failed run, a check that found something.
    Failed = 1,
    /// The request is wrong; nothing was started. Clap ends so, too.
    WrongRequest = 2,
    /// The configuration cannot be used.
    WrongConfiguration = 3,
    /// No Temporal server, or one that does not answer.
    NoServer = 4,
    /// What was named is not there.
    NotFound = 5,
    /// It did not end within the time that it was given.
    TimedOut = 6,
    /// Ctrl-C.
    Interrupted = 130,
}

impl ExitKind {
    /// The kind of an error, by the first of its causes that has one.
    #[must_use]
    pub fn of(error: &anyhow::Error) -> Self {
        error.chain().find_map(kind_of).unwrap_or(Self::Failed)
    }

    /// An error of this kind.
    pub fn error(self, message: impl Into<String>) -> anyhow::Error {
        anyhow::Error::new(ExitError { kind: self, message: message.into() })
    }
}

impl From<ExitKind> for ExitCode {
    fn from(kind: ExitKind) -> Self {
        Self::from(kind as u8)
    }
}

fn kind_of(cause: &(dyn std::error::Error + 'static)) -> Option<ExitKind> {
    if let Some(error) = cause.downcast_ref::<ExitError>() {
        return Some(error.kind);
    }
    if cause.is::<ValidationError>() || cause.is::<SymbolError>() {
        return Some(ExitKind::WrongRequest);
    }
    if cause.is::<InvalidConfiguration>() {
        return Some(ExitKind::WrongConfiguration);
    }
    match cause.downcast_ref::<ClientError>()? {
        ClientError::Unreachable { .. } => Some(ExitKind::NoServer),
        ClientError::Settings(_) | ClientError::Refused { .. } => Some(ExitKind::WrongConfiguration),
        ClientError::Invalid(_) | ClientError::KeyUsed { .. } => Some(ExitKind::WrongRequest),
        ClientError::NotFound(_) | ClientError::NoSchedule(_) => Some(ExitKind::NotFound),
        ClientError::Deadline { .. } => Some(ExitKind::TimedOut),
        _ => None,
    }
}

/// Returns with an error of a kind: `fail!(NotFound, "there is no {name}")`.
macro_rules! fail {
    ($kind:ident, $($text:tt)+) => {
        return Err($crate::exit_kind::ExitKind::$kind.error(format!($($text)+)))
    };
}
pub(crate) use fail;

/// An error whose kind is known where it arises.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct ExitError {
    kind: ExitKind,
    message: String,
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn the_first_cause_with_a_kind_decides() {
        let unreachable = ClientError::Unreachable { address: "a".into(), detail: "d".into() };
        let wrapped = Err::<(), _>(unreachable).context("the list cannot be read").unwrap_err();
        assert_eq!(ExitKind::of(&wrapped), ExitKind::NoServer);
        assert_eq!(
            ExitKind::of(&ExitKind::NotFound.error("no list tech").context("alerts")),
            ExitKind::NotFound
        );
        assert_eq!(ExitKind::of(&anyhow::anyhow!("anything")), ExitKind::Failed);
        assert_eq!(ExitKind::of(&ClientError::Terminated.into()), ExitKind::Failed);
    }
}
