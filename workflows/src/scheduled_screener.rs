//! `ScheduledScreenerWorkflow`: a screen as a child, which keeps its results, and a message to the channels where it has picks.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{WorkflowContext, WorkflowContextView, WorkflowResult, WorkflowTermination};
use ttai_contract::failure::capped;
use ttai_contract::policy::SAVE_BUDGET;
use ttai_contract::{
    CSPScreenerParams, CSPScreenerResult, Lenient, NotifyScreen, NotifyScreenParams, ScheduledScreenerParams,
    ScheduledScreenerResult, ScreenProgress, WorkflowParams, ids,
};

use crate::calls::{self, CallError, Means};
use crate::csp_screener::CSPScreenerWorkflow;
use crate::screen::{self, screening};
use crate::start;

/// One run of a scheduled screen.
#[workflow]
#[derive(Default)]
pub struct ScheduledScreenerWorkflow {
    progress: ScreenProgress,
    drill: bool,
}

screening!(ScheduledScreenerWorkflow);

#[workflow_methods]
impl ScheduledScreenerWorkflow {
    /// Screens and notifies.
    #[run(name = "ScheduledScreenerWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Lenient<ScheduledScreenerParams>,
    ) -> WorkflowResult<ScheduledScreenerResult> {
        let params = start::accept(argument)?;
        start::label(ctx, &params.labels());
        screen::begin(ctx, params.screen().drill);
        let run_time = ctx.workflow_time().map(Into::into);
        screen::step(ctx, &format!("screening {}", params.screener_id));
        let due_at = params.screener_params.due_at.or_else(|| start::due_at(ctx));
        let result = child(ctx, CSPScreenerParams { due_at, ..params.screen() }).await?;
        let picks = screen::count(result.picks.len());
        screen::show(ctx, |progress| {
            progress.candidates = result.candidates_screened;
            progress.quick_analyzed = result.quick_analyzed;
            progress.analyzed = result.candidates_analyzed;
            progress.picks = result.picks.iter().map(|pick| pick.symbol.clone()).collect();
        });
        let mut answer = ScheduledScreenerResult {
            screener_id: params.screener_id.clone(),
            run_time,
            recommendations_count: picks,
            run: result.run.clone(),
            notified: false,
            lateness: result.lateness,
            warnings: result.warnings.clone(),
        };
        if !params.notify_channels.is_empty() && is_worth_telling(&params, &result) {
            match notify(ctx, &params, result).await {
                Ok(()) => answer.notified = true,
                Err(CallError::Cancelled) => return Err(WorkflowTermination::cancelled_with_details(answer)),
                Err(CallError::Failed { message, .. }) => {
                    answer.warnings.push(format!("not notified: {message}"));
                }
            }
        }
        screen::step(ctx, &format!("{picks} picks"));
        Ok(answer)
    }

    /// How far the screen is; the child has more.
    #[query(name = "status")]
    pub fn status(&self, _ctx: &WorkflowContextView) -> ScreenProgress {
        self.progress.clone()
    }
}

/// Picks are, or only those that the run before had not. Where there was none before, and where the runs could not be compared, all
/// of them are new.
fn is_worth_telling(params: &ScheduledScreenerParams, result: &CSPScreenerResult) -> bool {
    let changes = &result.changes;
    let has_new = changes.since.is_none() || !changes.new.is_empty();
    !result.picks.is_empty() && (has_new || !params.only_new)
}

/// Has the channels told, by the ledger.
async fn notify(
    ctx: &WorkflowContext<ScheduledScreenerWorkflow>,
    params: &ScheduledScreenerParams,
    result: CSPScreenerResult,
) -> Result<(), CallError> {
    let channels = params.notify_channels.iter().map(|name| name.as_str().to_owned()).collect();
    let means = Means { budget: SAVE_BUDGET, drill: params.screen().drill };
    let asked = NotifyScreenParams { channels, result };
    calls::call_local_first::<_, NotifyScreen>(ctx, asked, means, "notify").await
}

async fn child(
    ctx: &WorkflowContext<ScheduledScreenerWorkflow>,
    params: CSPScreenerParams,
) -> WorkflowResult<CSPScreenerResult> {
    let options = start::child_options(&params, ids::scheduled_screen(ctx.workflow_id()));
    let failed = |message: String| start::fail("ScreenError", &capped(&message));
    let started = ctx.start_child_workflow(CSPScreenerWorkflow::run, Lenient::Read(params), options).await;
    let started = started.map_err(|error| failed(error.to_string()))?;
    started.result().await.map_err(|error| match error.reason() {
        _ if error.as_cancelled().is_some() => WorkflowTermination::cancelled(),
        Some(reason) => failed(reason.to_string()),
        None => failed(error.to_string()),
    })
}
