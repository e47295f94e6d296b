//! Progress of an analysis: for the `status` query and for the current details in the Temporal UI.

use std::fmt::Write;

use temporalio_workflow::WorkflowContext;
use ttai_contract::{AnalysisProgress, Stage, StageProgress, StageState};

/// A workflow that keeps progress.
pub(crate) trait Tracked: Sized + 'static {
    /// Its progress.
    fn progress(&self) -> &AnalysisProgress;
    /// Its progress, to change.
    fn progress_mut(&mut self) -> &mut AnalysisProgress;
}

/// Plans the stages of a run and shows them.
pub(crate) fn plan<W: Tracked>(ctx: &WorkflowContext<W>, symbol: &str, stages: &[Stage]) {
    ctx.state_mut(|s| *s.progress_mut() = planned(symbol, stages));
    publish(ctx);
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

fn planned(symbol: &str, stages: &[Stage]) -> AnalysisProgress {
    let waiting = |stage: &Stage| StageProgress {
        stage: *stage,
        state: StageState::Waiting,
        failed_answers: 0,
        lost_attempts: 0,
        note: String::new(),
    };
    AnalysisProgress {
        symbol: symbol.trim().to_ascii_uppercase(),
        stages: stages.iter().map(waiting).collect(),
        working_ms: 0,
        drill: false,
    }
}

fn alter(progress: &mut AnalysisProgress, stage: Stage, change: impl FnOnce(&mut StageProgress)) {
    if let Some(entry) = progress.stages.iter_mut().find(|entry| entry.stage == stage) {
        change(entry);
    }
}

/// The details as Markdown: where the run is, what it is waiting for, what it found.
fn details(progress: &AnalysisProgress) -> String {
    let mut text = format!("### {} — {}\n", progress.symbol, headline(progress));
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
        let verb =
            if entry.state == StageState::Retrying { "waiting to ask again for" } else { "working on" };
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
        let mut progress = planned("aapl", &[Stage::Chart, Stage::Options]);
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
        assert!(details(&progress).contains("rejected at options"));
    }
}
