//! `AutoRunScreenersWorkflow`: every user's saved screeners that run by themselves, each as a child of its own. One that fails is
//! counted and named; one whose run before is still under way is left out, which its id makes sure of.
//!
//! It never continues as new: a run has so many screeners and no more.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use std::cell::RefCell;

use temporalio_common::error::{ChildWorkflowStartError, StartChildWorkflowExecutionFailedCause};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{
    WorkflowContext, WorkflowContextView, WorkflowResult, WorkflowTermination, join_all,
};
use ttai_contract::failure::capped;
use ttai_contract::policy::SAVE_BUDGET;
use ttai_contract::screener::MOST_AUTO_RUN;
use ttai_contract::{
    AutoRunOutcome, AutoRunPage, AutoRunScreen, AutoRunScreener, AutoRunScreenersParams,
    AutoRunScreenersResult, DueRun, Lenient, ListAutoRunParams, ListAutoRunScreeners,
    ScheduledScreenerParams, ScheduledScreenerResult, ScreenerPlace, WorkflowParams, ids,
};

use crate::calls::{self, CallError, Means, Observer};
use crate::scheduled_screener::ScheduledScreenerWorkflow;
use crate::{stage, start};

/// One run of everybody's screeners.
#[workflow]
#[derive(Default)]
pub struct AutoRunScreenersWorkflow {
    result: AutoRunScreenersResult,
}

impl Observer for AutoRunScreenersWorkflow {}

type Context = WorkflowContext<AutoRunScreenersWorkflow>;

#[workflow_methods]
impl AutoRunScreenersWorkflow {
    /// Runs the screeners, page by page.
    #[run(name = "AutoRunScreenersWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Lenient<AutoRunScreenersParams>,
    ) -> WorkflowResult<AutoRunScreenersResult> {
        let params = start::accept(argument)?;
        start::label(ctx, &params.labels());
        let due_at = start::due_at(ctx);
        ctx.state_mut(|run| run.result.due_at = due_at);
        match screeners(ctx, &params).await {
            Ok(()) => Ok(ctx.state(|run| run.result.clone())),
            Err(CallError::Cancelled) => {
                Err(WorkflowTermination::cancelled_with_details(ctx.state(|run| run.result.clone())))
            }
            // Without a list nothing ran.
            Err(error) => Err(stage::unanswered(error)),
        }
    }

    /// What became of the screeners so far.
    #[query(name = "status")]
    pub fn status(&self, _ctx: &WorkflowContextView) -> AutoRunScreenersResult {
        self.result.clone()
    }
}

/// All of them, unless the run is too late.
async fn screeners(ctx: &Context, params: &AutoRunScreenersParams) -> Result<(), CallError> {
    let due = ctx.state(|run| run.result.due_at).map(|due_at| DueRun { due_at, policy: params.lateness });
    let mut page = list(ctx, params, None, due).await?;
    if let Some(lateness) = page.lateness {
        show(ctx, |result| {
            result.lateness = Some(lateness);
            result.warnings.push(lateness.to_string());
        });
    }
    loop {
        let next = page.next.take();
        run_page(ctx, params, page).await?;
        let ran = ctx.state(|run| run.result.screens.len());
        match next {
            None => return Ok(()),
            Some(_) if ran >= MOST_AUTO_RUN => {
                let warning =
                    format!("a run has at most {MOST_AUTO_RUN} screeners; those after it did not run");
                show(ctx, |result| result.warnings.push(warning));
                return Ok(());
            }
            after => page = list(ctx, params, after, None).await?,
        }
    }
}

async fn list(
    ctx: &Context,
    params: &AutoRunScreenersParams,
    after: Option<ScreenerPlace>,
    due: Option<DueRun>,
) -> Result<AutoRunPage, CallError> {
    let asked =
        ListAutoRunParams { user_id: params.user_id.clone(), max_symbols: params.max_symbols, after, due };
    let means = Means { budget: SAVE_BUDGET, drill: params.drill };
    calls::call::<_, ListAutoRunScreeners>(ctx, asked, means, "list screeners").await
}

/// The screeners of a page, some at the same time.
async fn run_page(
    ctx: &Context,
    params: &AutoRunScreenersParams,
    page: AutoRunPage,
) -> Result<(), CallError> {
    let waiting = RefCell::new(page.screeners.into_iter());
    let lane = || async {
        while !ctx.cancellation_token().is_cancelled() {
            let Some(screener) = waiting.borrow_mut().next() else { return };
            let screen = one(ctx, screener, params.drill).await;
            show(ctx, |result| result.add(screen));
        }
    };
    join_all((0..params.max_concurrent).map(|_| lane())).await;
    if ctx.cancellation_token().is_cancelled() { Err(CallError::Cancelled) } else { Ok(()) }
}

/// A screener, from its start to its end.
async fn one(ctx: &Context, screener: AutoRunScreener, drill: bool) -> AutoRunScreen {
    let AutoRunScreener { user_id, name, params, note } = screener;
    let workflow_id = ids::auto_run_screen(&user_id, &name);
    let ended = match params {
        Some(params) => {
            child(ctx, &workflow_id, ScheduledScreenerParams { drill: drill || params.drill, ..params }).await
        }
        None => Err((AutoRunOutcome::Failed, note.clone().unwrap_or_default())),
    };
    let row = |outcome, reason| AutoRunScreen {
        user_id,
        name,
        outcome,
        picks: 0,
        notified: false,
        workflow_id,
        reason,
    };
    match ended {
        Ok(answer) => AutoRunScreen {
            picks: answer.recommendations_count,
            notified: answer.notified,
            ..row(AutoRunOutcome::Completed, note)
        },
        Err((outcome, reason)) => row(outcome, Some(reason)),
    }
}

/// The child's answer, or what became of it instead and why.
async fn child(
    ctx: &Context,
    workflow_id: &str,
    params: ScheduledScreenerParams,
) -> Result<ScheduledScreenerResult, (AutoRunOutcome, String)> {
    let options = start::child_options(&params, workflow_id.to_owned());
    let failed = |message: String| (AutoRunOutcome::Failed, capped(&message));
    let started =
        ctx.start_child_workflow(ScheduledScreenerWorkflow::run, Lenient::Read(params), options).await;
    let started = started.map_err(|error| match error {
        ChildWorkflowStartError::StartFailed {
            cause: StartChildWorkflowExecutionFailedCause::WorkflowAlreadyExists,
            ..
        } => (AutoRunOutcome::Skipped, "its run before is still under way".to_owned()),
        other => failed(other.to_string()),
    })?;
    started.result().await.map_err(|error| match error.reason() {
        _ if error.as_cancelled().is_some() => failed("it was cancelled".to_owned()),
        Some(reason) => failed(reason.to_string()),
        None => failed(error.to_string()),
    })
}

/// Changes what became of the screeners, and shows it.
fn show(ctx: &Context, change: impl FnOnce(&mut AutoRunScreenersResult)) {
    ctx.state_mut(|run| change(&mut run.result));
    ctx.set_current_details(ctx.state(|run| details(&run.result)));
}

/// The details as Markdown: the last of those that did not end well are named.
fn details(result: &AutoRunScreenersResult) -> String {
    const NAMED: usize = 10;
    let unwell = result.screens.iter().rev().filter(|screen| screen.outcome != AutoRunOutcome::Completed);
    let lines = unwell.take(NAMED).map(|screen| {
        let reason = screen.reason.as_deref().unwrap_or_default();
        format!("\n- {} of {}: {}", screen.name, screen.user_id, calls::one_line(reason))
    });
    format!("### {}{}", result.headline(), lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_name_what_did_not_end_well() {
        let mut result = AutoRunScreenersResult::default();
        for (name, outcome) in [("one", AutoRunOutcome::Completed), ("two", AutoRunOutcome::Failed)] {
            result.add(AutoRunScreen {
                user_id: "ann".parse().unwrap(),
                name: name.to_owned(),
                outcome,
                picks: 0,
                notified: false,
                workflow_id: String::new(),
                reason: Some("no\nchain".to_owned()),
            });
        }
        assert_eq!(details(&result), "### 1 screener ran, 1 failed\n- two of ann: no chain");
    }
}
