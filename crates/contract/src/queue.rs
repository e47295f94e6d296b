//! The three task queues.

use std::fmt;
use std::str::FromStr;

/// A task queue; one worker polls one, a process may run several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TaskQueue {
    /// Analyses that somebody waits for.
    Analysis,
    /// Screens, watches, reports.
    Background,
    /// Streams, alerts and orders.
    Streaming,
}

/// Not one of the three.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no task queue '{0}'; choose from analysis-queue, background-queue, streaming-queue")]
pub struct UnknownQueue(String);

impl TaskQueue {
    /// All three, in the order in which a worker starts them.
    pub const ALL: [Self; 3] = [Self::Analysis, Self::Background, Self::Streaming];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Analysis => "analysis-queue",
            Self::Background => "background-queue",
            Self::Streaming => "streaming-queue",
        }
    }
}

impl fmt::Display for TaskQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for TaskQueue {
    type Err = UnknownQueue;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        Self::ALL
            .into_iter()
            .find(|queue| queue.name() == text || queue.name().strip_suffix("-queue") == Some(text))
            .ok_or_else(|| UnknownQueue(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_parse_by_full_and_short_name() {
        assert_eq!("analysis-queue".parse(), Ok(TaskQueue::Analysis));
        assert_eq!(" streaming ".parse(), Ok(TaskQueue::Streaming));
        assert!("ttai-queue".parse::<TaskQueue>().is_err());
    }
}
