//! How far a screen is: for its `status` and for the current details in the Temporal UI. And how long it has worked.

use std::time::Duration;

use temporalio_workflow::WorkflowContext;
use ttai_contract::policy::{SAVE_BUDGET, SCREEN_WORKING_TIME};
use ttai_contract::{ScreenChanges, ScreenProgress, StoreScreen, StoreScreenParams};

use crate::calls::{self, CallError, Means, Observer};
use crate::save::Cancelled;

/// A workflow that screens.
pub(crate) trait Screening: Observer {
    /// How far it is.
    fn progress(&self) -> &ScreenProgress;
    /// How far it is, to change.
    fn progress_mut(&mut self) -> &mut ScreenProgress;
    /// Whether a worker's death is to be noticed within seconds.
    fn drill(&self) -> bool;
    /// Whether a worker's death is to be noticed within seconds, to change.
    fn set_drill(&mut self, drill: bool);
}

/// The workflows' state: how far they are, and nothing else.
macro_rules! screening {
    ($workflow:ty) => {
        /// A call is shown by the pending activity itself.
        impl $crate::calls::Observer for $workflow {}

        impl $crate::screen::Screening for $workflow {
            fn progress(&self) -> &ttai_contract::ScreenProgress {
                &self.progress
            }
            fn progress_mut(&mut self) -> &mut ttai_contract::ScreenProgress {
                &mut self.progress
            }
            fn drill(&self) -> bool {
                self.drill
            }
            fn set_drill(&mut self, drill: bool) {
                self.drill = drill;
            }
        }
    };
}
pub(crate) use screening;

/// Sets what the calls need.
pub(crate) fn begin<W: Screening>(ctx: &WorkflowContext<W>, drill: bool) {
    ctx.state_mut(|screen| screen.set_drill(drill));
}

/// What the next call may use: the working time that is left.
pub(crate) fn means<W: Screening>(ctx: &WorkflowContext<W>) -> Means {
    let (spent, drill) = ctx.state(|screen| (screen.progress().working_ms, screen.drill()));
    Means { budget: SCREEN_WORKING_TIME.saturating_sub(Duration::from_millis(spent)), drill }
}

/// Changes how far the screen is and shows it.
pub(crate) fn show<W: Screening>(ctx: &WorkflowContext<W>, change: impl FnOnce(&mut ScreenProgress)) {
    ctx.state_mut(|screen| change(screen.progress_mut()));
    ctx.set_current_details(ctx.state(|screen| details(screen.progress())));
}

/// Shows what is done now.
pub(crate) fn step<W: Screening>(ctx: &WorkflowContext<W>, text: &str) {
    show(ctx, |progress| text.clone_into(&mut progress.step));
}

/// Keeps what the screen came to, and says how it differs from the run before; a warning where it could not be kept.
pub(crate) async fn store<W: Screening>(
    ctx: &WorkflowContext<W>,
    params: StoreScreenParams,
) -> Result<Result<ScreenChanges, String>, Cancelled> {
    let means = Means { budget: SAVE_BUDGET, drill: ctx.state(Screening::drill) };
    match calls::call_local_first::<W, StoreScreen>(ctx, params, means, "save the screen").await {
        Ok(receipt) => Ok(Ok(receipt.changes)),
        Err(CallError::Cancelled) => Err(Cancelled),
        Err(CallError::Failed { message, .. }) => Ok(Err(format!("not saved, not compared: {message}"))),
    }
}

/// The details as Markdown.
fn details(progress: &ScreenProgress) -> String {
    let ScreenProgress { step, candidates, quick_analyzed, dropped, analyzing, analyzed, picks, .. } =
        progress;
    let names = |symbols: &[_]| symbols.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let mut text = format!(
        "### {step}\n- {candidates} candidates, {quick_analyzed} analysed quickly, {dropped} dropped\n- {analyzed} analysed in full"
    );
    if !analyzing.is_empty() {
        text.push_str(&format!(", under way: {}", names(analyzing)));
    }
    if !picks.is_empty() {
        text.push_str(&format!("\n- picks: {}", names(picks)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_say_how_far_the_screen_is() {
        let symbols = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect::<Vec<_>>();
        let progress = ScreenProgress {
            step: "analysing in full".to_owned(),
            candidates: 40,
            quick_analyzed: 31,
            dropped: 36,
            analyzing: symbols(&["F", "T"]),
            analyzed: 1,
            picks: symbols(&["INTC"]),
            working_ms: 0,
        };
        let expected = "### analysing in full\n- 40 candidates, 31 analysed quickly, 36 dropped\n\
            - 1 analysed in full, under way: F, T\n- picks: INTC";
        assert_eq!(details(&progress), expected);
    }
}
