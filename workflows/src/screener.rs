//! `ScreenerWorkflow`: 002's and 004's screen. Any criteria or a list, quick analyses in batches, the ten best.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use std::cell::RefCell;
use std::collections::BTreeMap;

use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{WorkflowContext, WorkflowContextView, WorkflowResult, WorkflowTermination};
use ttai_contract::{
    DroppedCandidates, DueRun, Lenient, QuickAnalysesParams, QuickAnalysis, ScreenProgress, ScreenRun,
    ScreenerParams, ScreenerResult, ScreenerResultRow, StoreScreenParams, WorkflowParams,
};

use crate::calls::CallError;
use crate::screen::{self, Found, screening};
use crate::{stage, start};

/// Results that are answered.
const BEST: usize = 10;
/// Candidates of one batch: each batch hands over ten contracts at most.
const BATCH: usize = 50;

/// One screen by any criteria.
#[workflow]
#[derive(Default)]
pub struct ScreenerWorkflow {
    progress: ScreenProgress,
    drill: bool,
}

screening!(ScreenerWorkflow);

#[workflow_methods]
impl ScreenerWorkflow {
    /// Screens and keeps what came out.
    #[run(name = "ScreenerWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Lenient<ScreenerParams>,
    ) -> WorkflowResult<ScreenerResult> {
        let params = start::accept(argument)?;
        start::label(ctx, &params.labels());
        screen::begin(ctx, params.drill);
        let run = screen::run_of(ctx, &params.user_id, params.screen_name());
        let found = RefCell::new(Found::default());
        let outcome = story(ctx, &params, &run, &found).await;
        let found = found.into_inner();
        let nothing = found.candidates == 0;
        let is_too_late = found.is_too_late();
        let mut result = conclude(&params, run, found);
        match outcome {
            Ok(()) => {}
            Err(CallError::Cancelled) => return Err(WorkflowTermination::cancelled_with_details(result)),
            // Without candidates there is nothing to show.
            Err(error) if nothing => return Err(stage::unanswered(error)),
            Err(CallError::Failed { message, .. }) => {
                result.partial = true;
                result.warnings.push(message);
            }
        }
        // What did nothing leaves the run before as it is: the next one is compared with that.
        if is_too_late {
            screen::step(ctx, "too late");
            return Ok(result);
        }
        screen::step(ctx, "saving");
        let kept = StoreScreenParams {
            run: result.run.clone(),
            criteria: serde_json::to_value(&params).unwrap_or_default(),
            picks: result.results.iter().map(|row| (row.symbol.clone(), row.score)).collect(),
            analyzed: Vec::new(),
            result: serde_json::to_value(&result).unwrap_or_default(),
            as_of: result.as_of,
        };
        match screen::store(ctx, kept).await {
            Ok(Ok(changes)) => result.changes = changes,
            Ok(Err(warning)) => result.warnings.push(warning),
            Err(cancelled) => return Err(cancelled.with(result)),
        }
        let outcome = format!("{} results", result.results.len());
        start::label_outcome(ctx, &outcome, result.data_source.as_ref());
        screen::step(ctx, &outcome);
        Ok(result)
    }

    /// How far the screen is.
    #[query(name = "status")]
    pub fn status(&self, _ctx: &WorkflowContextView) -> ScreenProgress {
        self.progress.clone()
    }
}

async fn story(
    ctx: &WorkflowContext<ScreenerWorkflow>,
    params: &ScreenerParams,
    run: &ScreenRun,
    found: &RefCell<Found>,
) -> Result<(), CallError> {
    let criteria = params.screen();
    let due_at = start::due_at(ctx);
    let due = due_at.map(|due_at| DueRun { due_at, policy: params.lateness });
    let (mut candidates, lateness) = screen::candidates(ctx, &criteria, due).await?;
    found.borrow_mut().lateness = lateness;
    let number = screen::count(candidates.len());
    found.borrow_mut().candidates = number;
    screen::show(ctx, |progress| progress.candidates = number);
    let most = usize::try_from(params.max_symbols).unwrap_or(usize::MAX);
    for symbol in candidates.split_off(most.min(candidates.len())) {
        let reason = format!("only the first {most} candidates are analysed");
        DroppedCandidates::add(&mut found.borrow_mut().dropped, "max_symbols", &reason, symbol);
    }
    if candidates.is_empty() {
        return Ok(());
    }
    let lanes = params.max_concurrent;
    let (worth, dropped, warnings) = screen::worth_a_look(ctx, &criteria, candidates, lanes).await?;
    DroppedCandidates::merge(&mut found.borrow_mut().dropped, dropped);
    warnings.into_iter().for_each(|warning| found.borrow_mut().warn(warning));
    let asked = |symbols| {
        QuickAnalysesParams {
            run: run.clone(),
            symbols,
            trade: params.trade(),
            min_price: None,
            max_price: None,
            min_volume: None,
            min_iv_rank: None,
            ranking: params.ranking,
            as_of: params.as_of,
            room: BTreeMap::new(),
            with_options: true,
            // A scan has said it already.
            due: due.filter(|_| !criteria.symbols.is_empty()),
        }
        .bounded_by(&criteria)
    };
    screen::analyse(ctx, found, worth, (BATCH, lanes), asked, params.ranking).await
}

fn conclude(params: &ScreenerParams, run: ScreenRun, mut found: Found) -> ScreenerResult {
    let rest = found.worth.split_off(BEST.min(found.worth.len()));
    for candidate in rest {
        let reason = format!("it ranks below the {BEST} best");
        DroppedCandidates::add(&mut found.dropped, "rank", &reason, candidate.symbol);
    }
    let results = found.worth.into_iter().map(|candidate| row(candidate, params));
    ScreenerResult {
        candidates: found.candidates,
        analyzed: found.analyzed,
        results: results.collect(),
        dropped: found.dropped,
        failed: found.failed,
        partial: found.partial,
        changes: Default::default(),
        run,
        as_of: found.as_of,
        data_source: found.data_source,
        lateness: found.lateness,
        warnings: found.warnings.into_iter().chain(found.lateness.map(|late| late.to_string())).collect(),
    }
}

fn row(candidate: QuickAnalysis, params: &ScreenerParams) -> ScreenerResultRow {
    ScreenerResultRow {
        score: candidate.value(params.ranking),
        symbol: candidate.symbol,
        recommendation: candidate.recommendation,
        chart_score: candidate.chart_score,
        options_data: candidate.options_data,
        scores: candidate.scores,
        observed: candidate.observed,
        reason: candidate.reason,
    }
}
