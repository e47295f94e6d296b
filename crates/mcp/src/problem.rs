//! Why a tool has no answer: what is wrong, with which input, and what to do next. Never more than a reader needs.

use ttai_client::ClientError;
use ttai_contract::ValidationError;
use ttai_ports::{PortError, StoreError};

/// Longest text of a problem, in characters.
const LONGEST: usize = 1_000;

/// Why a call has no answer, for the model that made it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub struct ToolProblem {
    /// What is wrong.
    pub what: String,
    /// The argument that is wrong.
    pub input: Option<String>,
    /// What to do next.
    pub next: String,
}

impl ToolProblem {
    /// A problem with what to do about it.
    pub fn new(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { what: what.into(), input: None, next: next.into() }
    }

    /// A problem of an argument.
    pub fn of(input: &str, what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { input: Some(input.to_owned()), ..Self::new(what, next) }
    }

    fn text(&self) -> String {
        let input = self.input.as_ref().map(|input| format!("{input}: ")).unwrap_or_default();
        let end = if self.what.ends_with(['.', '?', '!', ':']) { "" } else { "." };
        let next = if self.next.is_empty() { String::new() } else { format!(" {}", self.next) };
        format!("{input}{}{end}{next}", self.what)
            .chars()
            .filter(|letter| *letter == '\n' || !letter.is_control())
            .take(LONGEST)
            .collect()
    }
}

impl From<ClientError> for ToolProblem {
    fn from(error: ClientError) -> Self {
        let next = match &error {
            ClientError::Invalid(error) => return error.clone().into(),
            ClientError::KeyUsed { .. } => "Use another key, or leave key out.",
            ClientError::NotFound(_) => "List runs with ttai_run_list; finished analyses are kept there.",
            ClientError::NoSchedule(_) => "List schedules with ttai_schedule_list.",
            ClientError::Unreachable { .. } | ClientError::Deadline { .. } | ClientError::Server { .. } => {
                "Try again in a few seconds; if it stays so, tell the user that ttai's server does not answer."
            }
            ClientError::Settings(_) | ClientError::Refused { .. } => {
                "Tell the user; the configuration has to be changed."
            }
            ClientError::Failed { .. } => "Correct the request and start it again.",
            ClientError::Cancelled { .. } | ClientError::Terminated | ClientError::TimedOut => {
                "Start it again if the result is still wanted."
            }
            ClientError::Unreadable(_) => "Tell the user; ttai's versions may differ.",
        };
        Self::new(error.to_string(), next)
    }
}

impl From<ValidationError> for ToolProblem {
    fn from(error: ValidationError) -> Self {
        let name = error.field.rsplit('.').next().unwrap_or_default();
        let problem = Self::of(name, error.message, "Correct it and call again.");
        // A message about two fields names both.
        if problem.what.starts_with(name) { Self { input: None, ..problem } } else { problem }
    }
}

impl From<StoreError> for ToolProblem {
    fn from(error: StoreError) -> Self {
        let next = match &error {
            StoreError::Unavailable(_) => "Try again in a few seconds.",
            StoreError::Invalid(_) => "Correct the request and call again.",
            _ => "Tell the user; the store needs attention (ttai doctor).",
        };
        Self::new(error.to_string(), next)
    }
}

impl From<PortError> for ToolProblem {
    fn from(error: PortError) -> Self {
        let next = match &error {
            PortError::UnknownSymbol { .. } => "Check the ticker and call again.",
            PortError::NoData { .. } => "Ask for another symbol or moment; this datum does not exist.",
            PortError::Invalid { .. } => "Correct the request and call again.",
            PortError::Authentication { .. } => {
                "Tell the user; the provider's credentials have to be renewed."
            }
            PortError::Unavailable { .. } => "Try again in a minute.",
            PortError::OutcomeUnknown { .. } | PortError::Corrupt { .. } => "Tell the user.",
        };
        Self::new(error.to_string(), next)
    }
}

impl From<serde_json::Error> for ToolProblem {
    fn from(error: serde_json::Error) -> Self {
        Self::new(format!("the answer cannot be written: {error}"), "Tell the user.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_what_with_which_input_and_what_to_do() {
        let problem = ToolProblem::of("limit", "0 is not between 1 and 200", "Call again.");
        assert_eq!(problem.to_string(), "limit: 0 is not between 1 and 200. Call again.");
        let hostile = ToolProblem::new("\u{7f}\u{0}x".repeat(5_000), "");
        assert!(hostile.to_string().chars().count() <= LONGEST);
        assert!(!hostile.to_string().contains('\u{0}'));
    }
}
