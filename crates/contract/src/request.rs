//! Which workflow takes which params and answers with which result: what a starter needs to know.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::analysis::{AnalysisParams, AnalysisResult, AnalysisType};
use crate::chart::{ChartAnalysisParams, ChartAnalysisResult};
use crate::full::{FullAnalysisParams, FullAnalysisResult};
use crate::options::{OptionsAnalysisParams, OptionsAnalysisResult};
use crate::queue::TaskQueue;
use crate::research::{ResearchAnalysisParams, ResearchAnalysisResult};
use crate::validate::Validate;

/// Params that start an analysis.
pub trait AnalysisRequest: Validate + Serialize {
    /// The workflow's type on the wire.
    const WORKFLOW: &'static str;
    /// Its queue.
    const QUEUE: TaskQueue = TaskQueue::Analysis;
    /// What it answers with.
    type Answer: Serialize + DeserializeOwned;

    /// What it is about.
    fn symbol(&self) -> &str;
    /// Whose it is.
    fn user_id(&self) -> &str;
    /// The strategy, where there is one.
    fn strategy(&self) -> Option<&'static str>;

    /// One line for the Temporal UI: what the run is about.
    fn summary(&self) -> String {
        let symbol = self.symbol().trim().to_ascii_uppercase();
        let kind = Self::WORKFLOW
            .trim_end_matches("Workflow")
            .replace("Analysis", " analysis")
            .trim()
            .to_lowercase();
        match self.strategy() {
            Some(strategy) => format!("{symbol} · {kind} · {strategy}"),
            None => format!("{symbol} · {kind}"),
        }
    }
}

macro_rules! analysis_request {
    ($params:ty, $workflow:literal, $answer:ty, $strategy:expr) => {
        impl AnalysisRequest for $params {
            const WORKFLOW: &'static str = $workflow;
            type Answer = $answer;
            fn symbol(&self) -> &str {
                &self.symbol
            }
            fn user_id(&self) -> &str {
                &self.user_id
            }
            fn strategy(&self) -> Option<&'static str> {
                let strategy: fn(&Self) -> Option<&'static str> = $strategy;
                strategy(self)
            }
        }
    };
}

analysis_request!(ChartAnalysisParams, "ChartAnalysisWorkflow", ChartAnalysisResult, |_| None);
analysis_request!(OptionsAnalysisParams, "OptionsAnalysisWorkflow", OptionsAnalysisResult, |p| Some(
    p.strategy.as_str()
));
analysis_request!(ResearchAnalysisParams, "ResearchAnalysisWorkflow", ResearchAnalysisResult, |_| None);
analysis_request!(FullAnalysisParams, "FullAnalysisWorkflow", FullAnalysisResult, |p| Some(
    p.strategy.as_str()
));
analysis_request!(AnalysisParams, "AnalysisWorkflow", AnalysisResult, |p| {
    (p.analysis_type != AnalysisType::ChartAnalysis).then(|| p.strategy.as_str())
});

/// The workflow types that answer an analysis.
pub const ANALYSIS_WORKFLOWS: [&str; 5] = [
    ChartAnalysisParams::WORKFLOW,
    OptionsAnalysisParams::WORKFLOW,
    ResearchAnalysisParams::WORKFLOW,
    FullAnalysisParams::WORKFLOW,
    AnalysisParams::WORKFLOW,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_read_like_a_desk() {
        assert_eq!(FullAnalysisParams::new("aapl").summary(), "AAPL · full analysis · csp");
        assert_eq!(ResearchAnalysisParams::new("SPY").summary(), "SPY · research analysis");
        assert_eq!(AnalysisParams::new(AnalysisType::ChartAnalysis, "F").summary(), "F · analysis");
    }
}
