//! How each stage's result takes a model's words: the text changes, the verdict may become more cautious, nothing else does.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use ttai_contract::{
    ChartAnalysisResult, ChartRecommendation, Evidence, ModelUse, OptionsAnalysisResult,
    OptionsRecommendation, OverallRecommendation, ResearchAnalysisResult, ResearchRecommendation,
    SynthesizedRecommendation,
};

/// The rule of a verdict that a model lowered.
const LOWERED: &str = "lowered_by_model";

/// A stage's result that a model may put in its words.
pub(crate) trait Advised: Serialize + DeserializeOwned + Send {
    /// The stage, for the model.
    const STAGE: &'static str;

    /// The verdict's word.
    fn verdict(&self) -> &'static str;
    /// The verdicts that may stand instead, from this one to the most cautious.
    fn verdicts(&self) -> Vec<&'static str> {
        Self::all_verdicts().into_iter().skip_while(|other| *other != self.verdict()).collect()
    }
    /// All words that a verdict of this stage may have.
    fn all_verdicts() -> Vec<&'static str>;
    /// Takes a more cautious verdict, one of [`Advised::verdicts`].
    fn lower(&mut self, verdict: &str);
    /// The text.
    fn text(&self) -> &str;
    /// What a model's answer changes.
    fn parts(&mut self) -> Parts<'_>;
    /// Replaces the text and adds the numbers that it mentions and that are not there yet.
    fn set_text(&mut self, text: String, evidence: Vec<Evidence>) {
        let parts = self.parts();
        if let Some(first_line) = parts.first_line {
            text.lines().next().unwrap_or_default().clone_into(first_line);
        }
        *parts.text = text;
        for entry in evidence {
            if !parts.evidence.contains(&entry) {
                parts.evidence.push(entry);
            }
        }
    }
    /// Notes what the model took and did.
    fn set_model_use(&mut self, model_use: ModelUse) {
        let parts = self.parts();
        if let Some(tool_calls) = parts.tool_calls {
            *tool_calls = model_use.tool_calls;
        }
        *parts.model_use = Some(model_use);
    }
    /// Adds something that a reader must know.
    fn warn(&mut self, warning: String) {
        self.parts().warnings.push(warning);
    }
    /// Market time, where the stage has one of its own.
    fn as_of(&self) -> Option<DateTime<Utc>>;
}

/// The fields of a result that a model's answer changes; those of its verdict are [`Advised::lower`]'s.
pub(crate) struct Parts<'a> {
    text: &'a mut String,
    /// Where the result has the text's first line of its own.
    first_line: Option<&'a mut String>,
    /// Where the result counts the tools that were called.
    tool_calls: Option<&'a mut u32>,
    evidence: &'a mut Vec<Evidence>,
    warnings: &'a mut Vec<String>,
    model_use: &'a mut Option<ModelUse>,
}

impl Advised for ChartAnalysisResult {
    const STAGE: &'static str =
        "chart analysis: is this a chart to sell option premium on, and in which direction";

    fn verdict(&self) -> &'static str {
        self.recommendation.as_str()
    }

    /// A direction may become none, and none a refusal; a direction never becomes the other.
    fn verdicts(&self) -> Vec<&'static str> {
        match self.recommendation {
            ChartRecommendation::Bullish => vec!["bullish", "neutral", "reject"],
            ChartRecommendation::Bearish => vec!["bearish", "neutral", "reject"],
            ChartRecommendation::Neutral => vec!["neutral", "reject"],
            ChartRecommendation::Reject => vec!["reject"],
        }
    }

    fn all_verdicts() -> Vec<&'static str> {
        vec!["bullish", "bearish", "neutral", "reject"]
    }

    fn lower(&mut self, verdict: &str) {
        self.recommendation =
            if verdict == "neutral" { ChartRecommendation::Neutral } else { ChartRecommendation::Reject };
        self.rule = format!("{verdict}: {LOWERED} (the rules say {})", self.rule);
    }

    fn text(&self) -> &str {
        &self.chart_notes
    }

    fn parts(&mut self) -> Parts<'_> {
        Parts {
            text: &mut self.chart_notes,
            first_line: None,
            tool_calls: Some(&mut self.tool_calls_made),
            evidence: &mut self.evidence,
            warnings: &mut self.warnings,
            model_use: &mut self.model_use,
        }
    }

    fn as_of(&self) -> Option<DateTime<Utc>> {
        Some(self.as_of)
    }
}

impl Advised for OptionsAnalysisResult {
    const STAGE: &'static str = "options analysis: the best contract to sell under the constraints";

    fn verdict(&self) -> &'static str {
        self.recommendation.as_str()
    }

    fn all_verdicts() -> Vec<&'static str> {
        vec!["select", "watchlist", "reject"]
    }

    fn lower(&mut self, verdict: &str) {
        self.recommendation = if verdict == "watchlist" {
            OptionsRecommendation::Watchlist
        } else {
            OptionsRecommendation::Reject
        };
        self.rule = format!("{LOWERED}:{}", self.rule);
    }

    fn text(&self) -> &str {
        &self.options_notes
    }

    fn parts(&mut self) -> Parts<'_> {
        Parts {
            text: &mut self.options_notes,
            first_line: Some(&mut self.rationale),
            tool_calls: Some(&mut self.tool_calls_made),
            evidence: &mut self.evidence,
            warnings: &mut self.warnings,
            model_use: &mut self.model_use,
        }
    }

    fn as_of(&self) -> Option<DateTime<Utc>> {
        Some(self.as_of)
    }
}

impl Advised for ResearchAnalysisResult {
    const STAGE: &'static str = "research: news, short interest and earnings, looking for red flags";

    fn verdict(&self) -> &'static str {
        self.recommendation.as_str()
    }

    fn all_verdicts() -> Vec<&'static str> {
        vec!["clear", "caution", "reject"]
    }

    fn lower(&mut self, verdict: &str) {
        self.recommendation = if verdict == "caution" {
            ResearchRecommendation::Caution
        } else {
            ResearchRecommendation::Reject
        };
        self.rule = format!("{LOWERED}:{}", self.rule);
    }

    fn text(&self) -> &str {
        &self.research_notes
    }

    fn parts(&mut self) -> Parts<'_> {
        Parts {
            text: &mut self.research_notes,
            first_line: None,
            tool_calls: None,
            evidence: &mut self.evidence,
            warnings: &mut self.warnings,
            model_use: &mut self.model_use,
        }
    }

    fn as_of(&self) -> Option<DateTime<Utc>> {
        Some(self.as_of)
    }
}

impl Advised for SynthesizedRecommendation {
    const STAGE: &'static str = "synthesis: one verdict over the chart, options and research stages";

    fn verdict(&self) -> &'static str {
        self.recommendation.as_str()
    }

    fn all_verdicts() -> Vec<&'static str> {
        vec!["strong_select", "select", "watchlist", "reject"]
    }

    fn lower(&mut self, verdict: &str) {
        self.recommendation = match verdict {
            "select" => OverallRecommendation::Select,
            "watchlist" => OverallRecommendation::Watchlist,
            _ => OverallRecommendation::Reject,
        };
        self.rule = format!("{LOWERED}:{}", self.rule);
        if self.recommendation == OverallRecommendation::Reject {
            self.suggested_position = None;
        }
        let watched = "the position shown is to be watched and is not a pick";
        let no_pick =
            self.suggested_position.is_some() && self.recommendation < OverallRecommendation::Select;
        if no_pick && !self.warnings.iter().any(|warning| warning == watched) {
            self.warnings.push(watched.to_owned());
        }
    }

    fn text(&self) -> &str {
        &self.rationale
    }

    fn parts(&mut self) -> Parts<'_> {
        Parts {
            text: &mut self.rationale,
            first_line: None,
            tool_calls: None,
            evidence: &mut self.evidence,
            warnings: &mut self.warnings,
            model_use: &mut self.model_use,
        }
    }

    fn as_of(&self) -> Option<DateTime<Utc>> {
        None
    }
}
