//! Progress of an analysis: for the `status` query and for the current details in the Temporal UI.

use std::fmt::Write;
use std::time::Duration;

use temporalio_workflow::WorkflowContext;
use ttai_contract::call::milliseconds;
use ttai_contract::policy::ANALYSIS_WORKING_TIME;
use ttai_contract::{AnalysisProgress, MarketSource, Stage, StageProgress, StageState, Subject};

use crate::calls::{CallError, Means, Observer};

/// A workflow that keeps progress.
pub(crate) trait Tracked: Sized + 'static {
    /// Its progress.
    fn progress(&self) -> &AnalysisProgress;
    /// Its progress, to change.
    fn progress_mut(&mut self) -> &mut AnalysisProgress;
}

/// The workflows' state: progress and nothing else.
macro_rules! tracked {
    ($workflow:ty) => {
        impl $crate::progress::Tracked for $workflow {
            fn progress(&self) -> &ttai_contract::AnalysisProgress {
                &self.progress
            }
            fn progress_mut(&mut self) -> &mut ttai_contract::AnalysisProgress {
                &mut self.progress
            }
        }
    };
}
pub(crate) use tracked;

/// A call is a stage, under way or failed. What a stage found, the stage itself says.
impl<W: Tracked> Observer for W {
    fn began(ctx: &WorkflowContext<Self>, activity: &str) {
        if let Some(stage) = Stage::of_activity(activity) {
            update(ctx, stage, |entry| entry.state = StageState::Running);
        }
    }

    fn failed(ctx: &WorkflowContext<Self>, activity: &str, error: &CallError) {
        spend(ctx, error.worked());
        let Some(stage) = Stage::of_activity(activity) else { return };
        match error {
            CallError::Cancelled => conclude(ctx, stage, StageState::Failed, "cancelled"),
            CallError::Failed { message, attempts, .. } => update(ctx, stage, |entry| {
                entry.state = StageState::Failed;
                entry.failed_answers = attempts.answers;
                entry.note.clone_from(message);
            }),
        }
    }
}

/// Plans the stages of a run and shows them.
pub(crate) fn plan<W: Tracked>(ctx: &WorkflowContext<W>, subject: &Subject, stages: &[Stage]) {
    ctx.state_mut(|s| *s.progress_mut() = planned(subject.symbol.as_str(), stages, subject.drill));
    publish(ctx);
}

/// What the next call of an analysis may use: the working time that is left.
pub(crate) fn means<W: Tracked>(ctx: &WorkflowContext<W>) -> Means {
    let (spent, drill) = ctx.state(|s| (s.progress().working_ms, s.progress().drill));
    Means { budget: ANALYSIS_WORKING_TIME.saturating_sub(Duration::from_millis(spent)), drill }
}

/// Counts working time.
pub(crate) fn spend<W: Tracked>(ctx: &WorkflowContext<W>, time: Duration) {
    ctx.state_mut(|s| {
        let progress = s.progress_mut();
        progress.working_ms = progress.working_ms.saturating_add(milliseconds(time));
    });
}

/// What to say when the working time is used up.
pub(crate) fn out_of_time() -> String {
    format!("{} minutes of working time are used up", ANALYSIS_WORKING_TIME.as_secs() / 60)
}

/// Notes in which market a stage found its prices; shown with the next change.
pub(crate) fn read_market<W: Tracked>(ctx: &WorkflowContext<W>, source: &MarketSource) {
    ctx.state_mut(|s| s.progress_mut().market = Some(source.kind().to_owned()));
}

/// Changes one stage and shows it.
pub(crate) fn update<W: Tracked>(
    ctx: &WorkflowContext<W>,
    stage: Stage,
    change: impl FnOnce(&mut StageProgress),
) {
    ctx.state_mut(|s| alter(s.progress_mut(), stage, change));
    publish(ctx);
}

/// Records how a stage ended.
pub(crate) fn conclude<W: Tracked>(ctx: &WorkflowContext<W>, stage: Stage, state: StageState, note: &str) {
    update(ctx, stage, |entry| {
        entry.state = state;
        note.clone_into(&mut entry.note);
    });
}

fn publish<W: Tracked>(ctx: &WorkflowContext<W>) {
    let text = ctx.state(|s| details(s.progress()));
    ctx.set_current_details(text);
}

fn planned(symbol: &str, stages: &[Stage], drill: bool) -> AnalysisProgress {
    let waiting = |stage: &Stage| StageProgress {
        stage: *stage,
        state: StageState::Waiting,
        failed_answers: 0,
        lost_attempts: 0,
        note: String::new(),
    };
    AnalysisProgress {
        symbol: symbol.to_owned(),
        market: None,
        stages: stages.iter().map(waiting).collect(),
        working_ms: 0,
        drill,
    }
}

fn alter(progress: &mut AnalysisProgress, stage: Stage, change: impl FnOnce(&mut StageProgress)) {
    if let Some(entry) = progress.stages.iter_mut().find(|entry| entry.stage == stage) {
        change(entry);
    }
}

/// The details as Markdown: where the run is, what it is waiting for, what it found.
fn details(progress: &AnalysisProgress) -> String {
    let market = progress.market.as_deref().filter(|market| *market != "live");
    let market = market.map(|market| format!(" — {market} market")).unwrap_or_default();
    let mut text = format!("### {} — {}{market}\n", progress.symbol, headline(progress));
    for entry in &progress.stages {
        let note = if entry.note.is_empty() { String::new() } else { format!(" — {}", entry.note) };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "- {} **{}**{note}", mark(entry.state), entry.stage.title());
    }
    text
}

fn headline(progress: &AnalysisProgress) -> String {
    let total = progress.stages.len();
    let active = |entry: &StageProgress| matches!(entry.state, StageState::Running | StageState::Retrying);
    let ended = |state| progress.stages.iter().find(|entry| entry.state == state);
    if let Some((position, entry)) = progress.stages.iter().enumerate().find(|(_, entry)| active(entry)) {
        let verb = if entry.state == StageState::Retrying { "waiting to try again:" } else { "working on" };
        return format!("stage {} of {total}, {verb} {}", position + 1, entry.stage.title().to_lowercase());
    }
    if let Some(entry) = ended(StageState::Rejected) {
        return format!("rejected at {}", entry.stage.title().to_lowercase());
    }
    if let Some(entry) = ended(StageState::Failed) {
        return format!("stopped at {}", entry.stage.title().to_lowercase());
    }
    let done = progress.stages.iter().filter(|entry| entry.state == StageState::Done).count();
    if done == total { "done".to_owned() } else { format!("{done} of {total} stages done") }
}

fn mark(state: StageState) -> &'static str {
    match state {
        StageState::Waiting => "◻",
        StageState::Running => "▶",
        StageState::Retrying => "↻",
        StageState::Done => "✔",
        StageState::Rejected => "✖",
        StageState::Failed => "⚠",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_say_where_the_run_is() {
        let mut progress = planned("AAPL", &[Stage::Chart, Stage::Options], false);
        assert!(details(&progress).contains("0 of 2 stages done"));
        alter(&mut progress, Stage::Chart, |entry| {
            entry.state = StageState::Done;
            "bullish".clone_into(&mut entry.note);
        });
        alter(&mut progress, Stage::Options, |entry| entry.state = StageState::Running);
        let text = details(&progress);
        assert!(text.starts_with("### AAPL — stage 2 of 2, working on options"), "{text}");
        assert!(text.contains("✔ **Chart** — bullish"), "{text}");
        alter(&mut progress, Stage::Options, |entry| entry.state = StageState::Rejected);
        progress.market = Some("simulated".to_owned());
        assert!(details(&progress).starts_with("### AAPL — rejected at options — simulated market\n"));
        progress.market = Some("live".to_owned());
        assert!(!details(&progress).contains("market"));
    }
}
