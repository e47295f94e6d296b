//! `RunReportWorkflow`: composes a user's report, saves it and sends it; or has that done for everyone, a child each.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use std::cell::RefCell;

use chrono::NaiveDate;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{
    ContinueAsNewOptions, WorkflowContext, WorkflowContextView, WorkflowResult, WorkflowTermination, join_all,
};
use ttai_contract::failure::capped;
use ttai_contract::policy::{REPORT_BUDGET, SAVE_BUDGET};
use ttai_contract::report::NAMED_FAILURES;
use ttai_contract::{
    ComposeReport, ComposeReportParams, FailedReport, Lenient, ListReportUsers, ListReportUsersParams,
    ReportProgress, ReportRound, ReportUsers, RunReportParams, RunReportResult, SendReport, SendReportParams,
    UserId, WorkflowParams, ids,
};

use crate::calls::{self, CallError, Means, Observer};
use crate::start;

/// Reports of a run for everyone that are made at the same time.
const AT_ONCE: usize = 4;

/// One report, or everyone's.
#[workflow]
#[derive(Default)]
pub struct RunReportWorkflow {
    progress: ReportProgress,
}

impl Observer for RunReportWorkflow {}

type Context = WorkflowContext<RunReportWorkflow>;

#[workflow_methods]
impl RunReportWorkflow {
    /// Makes the report and sends it where that was asked. What a source does not give is said in the report.
    #[run(name = "RunReportWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Lenient<RunReportParams>,
    ) -> WorkflowResult<RunReportResult> {
        let params = start::accept(argument)?;
        start::label(ctx, &params.labels());
        if params.everyone {
            return everyone(ctx, params).await;
        }
        let mut report = compose(ctx, &params).await?;
        start::label_outcome(ctx, "composed", report.data_source.as_ref());
        if params.send {
            match send(ctx, &params, &report).await {
                Ok(channels) => report.sent_to = channels,
                Err(CallError::Cancelled) => return Err(WorkflowTermination::cancelled_with_details(report)),
                Err(CallError::Failed { message, .. }) => {
                    report.warnings.push(format!("not sent: {message}"));
                }
            }
        }
        show(ctx, &found(&report));
        Ok(report)
    }

    /// How far it is.
    #[query(name = "status")]
    pub fn status(&self, _ctx: &WorkflowContextView) -> ReportProgress {
        self.progress.clone()
    }
}

/// Composes and saves a user's report.
async fn compose(ctx: &Context, params: &RunReportParams) -> WorkflowResult<RunReportResult> {
    show(ctx, "composing");
    let asked = ComposeReportParams {
        report_name: params.report_name,
        user_id: params.user_id.clone(),
        date: params.date,
        due_at: start::due_at(ctx),
    };
    let means = Means { budget: REPORT_BUDGET, drill: params.drill };
    calls::call::<_, ComposeReport>(ctx, asked, means, &params.summary()).await.map_err(ended)
}

/// Sends it by the ledger; the channels that it goes to.
async fn send(
    ctx: &Context,
    params: &RunReportParams,
    report: &RunReportResult,
) -> Result<Vec<String>, CallError> {
    show(ctx, "sending");
    let asked = SendReportParams {
        user_id: params.user_id.clone(),
        report: report.report.clone().unwrap_or_default(),
        channels: params.channel.iter().map(ToString::to_string).collect(),
    };
    let means = Means { budget: SAVE_BUDGET, drill: params.drill };
    Ok(calls::call::<_, SendReport>(ctx, asked, means, "send the report").await?.channels)
}

/// Has the reports of all users made whom it concerns, some at the same time. One that fails is named and stops no other.
async fn everyone(ctx: &mut Context, params: RunReportParams) -> WorkflowResult<RunReportResult> {
    let round = params.carried.clone().unwrap_or_default();
    let listed = list_users(ctx, &params, &round).await?;
    let round = RefCell::new(round);
    let last = listed.users.last().cloned();
    let waiting = RefCell::new(listed.users.into_iter());
    let lane = || async {
        loop {
            let Some(user) = waiting.borrow_mut().next() else { return };
            let made = child(ctx, &params, user.clone(), listed.date).await;
            if ctx.cancellation_token().is_cancelled() {
                return;
            }
            count(&mut round.borrow_mut(), user, made);
            show_round(ctx, &round.borrow());
        }
    };
    join_all((0..AT_ONCE).map(|_| lane())).await;
    let mut round = round.into_inner();
    let answer = |round: ReportRound| RunReportResult {
        report_name: params.report_name,
        title: format!("{}, everyone", params.report_name.title()),
        day: listed.date,
        summary: vec![of_round(&round)],
        round: Some(round),
        ..RunReportResult::default()
    };
    if ctx.cancellation_token().is_cancelled() {
        return Err(WorkflowTermination::cancelled_with_details(answer(round)));
    }
    if listed.more {
        round.after = last;
        // The whole of it is about one day, also where the next run begins after midnight.
        let next = RunReportParams { carried: Some(round), date: listed.date, ..params.clone() };
        ctx.continue_as_new(Lenient::Read(next), ContinueAsNewOptions::default())?;
        return Err(start::fail("ReportError", "the run did not go on as a new one"));
    }
    Ok(answer(round))
}

async fn list_users(
    ctx: &Context,
    params: &RunReportParams,
    round: &ReportRound,
) -> WorkflowResult<ReportUsers> {
    show(ctx, "listing users");
    let asked = ListReportUsersParams {
        report_name: params.report_name,
        after: round.after.clone(),
        date: params.date,
        due_at: start::due_at(ctx),
    };
    let means = Means { budget: REPORT_BUDGET, drill: params.drill };
    calls::call::<_, ListReportUsers>(ctx, asked, means, "list users").await.map_err(ended)
}

/// One user's report, from its start to its end.
async fn child(
    ctx: &Context,
    params: &RunReportParams,
    user: UserId,
    date: Option<NaiveDate>,
) -> Result<RunReportResult, String> {
    let id = ids::report_of_user(ctx.workflow_id(), &user);
    let params = params.of_user(user, date);
    let options = start::child_options(&params, id);
    let started = ctx.start_child_workflow(RunReportWorkflow::run, Lenient::Read(params), options).await;
    let started = started.map_err(|error| error.to_string())?;
    started
        .result()
        .await
        .map_err(|error| error.reason().map_or_else(|| error.to_string(), ToString::to_string))
}

fn count(round: &mut ReportRound, user_id: UserId, made: Result<RunReportResult, String>) {
    let Err(error) = made else {
        round.reports += 1;
        return;
    };
    round.failed += 1;
    if round.failures.len() < NAMED_FAILURES {
        round.failures.push(FailedReport { user_id, error: capped(&error) });
    }
}

fn ended(error: CallError) -> WorkflowTermination {
    match error {
        CallError::Cancelled => WorkflowTermination::cancelled(),
        CallError::Failed { kind, message, .. } => start::fail(&kind, &message),
    }
}

fn show(ctx: &Context, step: &str) {
    ctx.state_mut(|report| step.clone_into(&mut report.progress.step));
    ctx.set_current_details(format!("### {step}"));
}

fn show_round(ctx: &Context, round: &ReportRound) {
    ctx.state_mut(|report| report.progress.round = Some(round.clone()));
    show(ctx, &of_round(round));
}

fn of_round(round: &ReportRound) -> String {
    let reports =
        if round.reports == 1 { "1 report".to_owned() } else { format!("{} reports", round.reports) };
    if round.failed == 0 { reports } else { format!("{reports}, {} failed", round.failed) }
}

/// What a report found, for the Temporal UI.
fn found(report: &RunReportResult) -> String {
    let lines = report.summary.iter().map(|line| format!("\n- {line}")).collect::<String>();
    let sent = if report.sent_to.is_empty() {
        String::new()
    } else {
        format!("\n- sent to {}", report.sent_to.join(", "))
    };
    format!("{}{lines}{sent}", report.title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_counted_and_the_first_are_named() {
        let mut round = ReportRound::default();
        for number in 0..30 {
            let user: UserId = format!("u{number}").parse().unwrap();
            let made = if number % 2 == 0 { Err("away".to_owned()) } else { Ok(RunReportResult::default()) };
            count(&mut round, user, made);
        }
        assert_eq!((round.reports, round.failed, round.failures.len()), (15, 15, 15));
        assert_eq!(of_round(&round), "15 reports, 15 failed");
    }

    #[test]
    fn details_say_what_was_found_and_where_it_went() {
        let report = RunReportResult {
            title: "Daily report".to_owned(),
            summary: vec!["Day P&L +$12".to_owned()],
            sent_to: vec!["desk".to_owned()],
            ..RunReportResult::default()
        };
        assert_eq!(found(&report), "Daily report\n- Day P&L +$12\n- sent to desk");
    }
}
