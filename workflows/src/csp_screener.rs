//! `CSPScreenerWorkflow`: candidates → metrics → quick analyses → full analyses of the best as children → the picks, fitted to the
//! capital, kept, and compared with the run before.
//!
//! It never continues as new: candidates are bounded, and the batches with them.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use std::cell::RefCell;

use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{WorkflowContext, WorkflowContextView, WorkflowResult, WorkflowTermination};
use ttai_contract::screener::QUICK_BATCH;
use ttai_contract::{
    CSPScreenerParams, CSPScreenerResult, DueRun, FetchFreeCapital, FreeCapital, FreeCapitalParams, Lateness,
    Lenient, OverallRecommendation, QuickAnalysesParams, ScreenPick, ScreenProgress, ScreenRun, SizePicks,
    SizePicksParams, SizedPick, StoreScreenParams, SuggestedPosition, Symbol, UnsizedPick, WorkflowParams,
};

use crate::calls::{self, CallError};
use crate::save::Cancelled;
use crate::screen::{self, Analyzed, Found, FullAnalyses, screening};
use crate::{stage, start};

/// One screen for puts to sell.
#[workflow]
#[derive(Default)]
pub struct CSPScreenerWorkflow {
    progress: ScreenProgress,
    drill: bool,
}

screening!(CSPScreenerWorkflow);

type Context = WorkflowContext<CSPScreenerWorkflow>;

#[workflow_methods]
impl CSPScreenerWorkflow {
    /// Screens and keeps what came out.
    #[run(name = "CSPScreenerWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Lenient<CSPScreenerParams>,
    ) -> WorkflowResult<CSPScreenerResult> {
        let params = start::accept(argument)?;
        start::label(ctx, &params.labels());
        screen::begin(ctx, params.drill);
        let run = screen::run_of(ctx, &params.user_id, params.screen_name());

        let found = RefCell::new(Found::default());
        let mut ended = Ended::default();
        let outcome = story(ctx, &params, &run, &found, &mut ended).await;
        let nothing = found.borrow().candidates == 0;
        let is_too_late = ended.is_too_late();
        let Ended { capital, picks, others, lateness } = ended;
        let mut result = conclude(&params, run, found.into_inner(), capital, &others);
        result.lateness = lateness;
        result.warnings.extend(lateness.map(|late| late.to_string()));
        match outcome {
            Ok(()) => {}
            Err(CallError::Cancelled) => {
                result.candidates_analyzed += screen::count(picks.len());
                result.recommendations.extend(picks.into_iter().map(|pick| pick.full));
                return Err(WorkflowTermination::cancelled_with_details(result));
            }
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
        if let Err(error) = fit(ctx, &params, picks, &mut result).await {
            return Err(interrupted(error, result));
        }
        if let Err(cancelled) = save(ctx, &params, others, &mut result).await {
            return Err(cancelled.with(result));
        }
        let outcome = format!("{} picks", result.picks.len());
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

/// What the full analyses came to.
#[derive(Default)]
struct Ended {
    capital: FreeCapital,
    picks: Vec<Analyzed>,
    /// No picks, with their verdicts and why.
    others: Vec<(Symbol, OverallRecommendation, String)>,
    lateness: Option<Lateness>,
}

impl Ended {
    fn is_too_late(&self) -> bool {
        self.lateness.is_some_and(|late| late.is_too_late())
    }
}

/// The screen up to the end of the full analyses; `found` and `ended` have what was done, however it ends.
async fn story(
    ctx: &Context,
    params: &CSPScreenerParams,
    run: &ScreenRun,
    found: &RefCell<Found>,
    ended: &mut Ended,
) -> Result<(), CallError> {
    let due = due(ctx, params);
    let (candidates, lateness) = screen::candidates(ctx, &params.criteria, due).await?;
    ended.lateness = lateness;
    let number = screen::count(candidates.len());
    found.borrow_mut().candidates = number;
    screen::show(ctx, |progress| progress.candidates = number);
    if candidates.is_empty() {
        return Ok(());
    }
    // Whichever call is the first has the market's clock.
    let unjudged = due.filter(|_| !params.criteria.symbols.is_empty());
    ended.capital = capital(ctx, params, unjudged, found).await?;
    ended.lateness = ended.lateness.or(ended.capital.lateness.take());
    if ended.is_too_late() {
        return Ok(());
    }
    let lanes = params.max_concurrent;
    let (worth, dropped, warnings) = screen::worth_a_look(ctx, &params.criteria, candidates, lanes).await?;
    found.borrow_mut().dropped.extend(dropped);
    warnings.into_iter().for_each(|warning| found.borrow_mut().warn(warning));

    let rooms = ended.capital.rooms();
    let asked = |symbols| quick_params(params, run, symbols, &rooms);
    screen::analyse(ctx, found, worth, (QUICK_BATCH, lanes), asked, Some(params.ranking)).await?;

    let worth = std::mem::take(&mut found.borrow_mut().worth);
    let analyses = FullAnalyses::new(params, &ended.capital, worth);
    let outcome = analyses.run(ctx, found).await;
    (ended.picks, ended.others) = analyses.into_ended();
    outcome
}

/// When a schedule wanted the run, and what it does where it begins late; none where nobody scheduled it.
fn due(ctx: &Context, params: &CSPScreenerParams) -> Option<DueRun> {
    let due_at = params.due_at.or_else(|| start::due_at(ctx))?;
    Some(DueRun { due_at, policy: params.lateness })
}

fn quick_params(
    params: &CSPScreenerParams,
    run: &ScreenRun,
    symbols: Vec<Symbol>,
    rooms: &std::collections::BTreeMap<String, f64>,
) -> QuickAnalysesParams {
    let of_batch = |name: &str| name.is_empty() || symbols.iter().any(|symbol| symbol.as_str() == name);
    let room = rooms.iter().filter(|(name, _)| of_batch(name)).map(|(name, room)| (name.clone(), *room));
    QuickAnalysesParams {
        run: run.clone(),
        room: room.collect(),
        trade: params.trade(),
        min_price: None,
        max_price: None,
        min_volume: None,
        min_iv_rank: None,
        ranking: Some(params.ranking),
        as_of: params.as_of,
        with_options: false,
        due: None,
        symbols,
    }
    .bounded_by(&params.criteria)
}

/// What the picks may bind. Where it cannot be read the screen goes on and says so.
async fn capital(
    ctx: &Context,
    params: &CSPScreenerParams,
    due: Option<DueRun>,
    found: &RefCell<Found>,
) -> Result<FreeCapital, CallError> {
    screen::step(ctx, "reading the capital");
    let (asked, means) = (FreeCapitalParams { due, ..params.capital() }, screen::means(ctx));
    // A stated capital is read nowhere.
    let answer = if asked.capital.is_some() {
        calls::call_local_first::<_, FetchFreeCapital>(ctx, asked, means, "capital").await
    } else {
        calls::call::<_, FetchFreeCapital>(ctx, asked, means, "capital").await
    };
    match answer {
        Ok(capital) => {
            capital.problems.iter().for_each(|problem| found.borrow_mut().warn(problem.clone()));
            Ok(capital)
        }
        Err(CallError::Cancelled) => Err(CallError::Cancelled),
        Err(CallError::Failed { message, .. }) => {
            found
                .borrow_mut()
                .warn(format!("the capital is not known, the picks are not fitted to it: {message}"));
            Ok(FreeCapital { source: "the capital is not known".to_owned(), ..FreeCapital::default() })
        }
    }
}

/// Keeps what came out, and says what has changed since the run before. What cannot be kept is a warning.
async fn save(
    ctx: &Context,
    params: &CSPScreenerParams,
    others: Vec<(Symbol, OverallRecommendation, String)>,
    result: &mut CSPScreenerResult,
) -> Result<(), Cancelled> {
    screen::step(ctx, "saving");
    let picks = result.picks.iter().map(|pick| (pick.symbol.clone(), pick.scores.by(params.ranking)));
    let kept = StoreScreenParams {
        run: result.run.clone(),
        criteria: serde_json::to_value(params).unwrap_or_default(),
        picks: picks.collect(),
        analyzed: verdicts(result, others),
        result: serde_json::to_value(&*result).unwrap_or_default(),
        as_of: result.as_of,
    };
    match screen::store(ctx, kept).await? {
        Ok(changes) => result.changes = changes,
        Err(warning) => result.warnings.push(warning),
    }
    Ok(())
}

/// The answer without its picks.
fn conclude(
    params: &CSPScreenerParams,
    run: ScreenRun,
    found: Found,
    capital: FreeCapital,
    others: &[(Symbol, OverallRecommendation, String)],
) -> CSPScreenerResult {
    CSPScreenerResult {
        candidates_screened: found.candidates,
        candidates_analyzed: screen::count(others.len()),
        quick_analyzed: found.analyzed,
        recommendations: Vec::new(),
        picks: Vec::new(),
        ranking: params.ranking,
        dropped: found.dropped,
        failed: found.failed,
        changes: Default::default(),
        capital,
        collateral: Default::default(),
        partial: found.partial,
        run,
        lateness: None,
        as_of: found.as_of,
        data_source: found.data_source,
        warnings: found.warnings,
    }
}

/// Ranks the picks and fits them to the capital together.
async fn fit(
    ctx: &Context,
    params: &CSPScreenerParams,
    picks: Vec<Analyzed>,
    result: &mut CSPScreenerResult,
) -> Result<(), CallError> {
    result.candidates_analyzed += screen::count(picks.len());
    if picks.is_empty() {
        return Ok(());
    }
    let unsized_picks = picks.iter().filter_map(|pick| {
        let position = pick.full.suggested_position.clone()?;
        Some(UnsizedPick { symbol: pick.quick.symbol.clone(), position })
    });
    let asked = SizePicksParams {
        capital: result.capital.clone(),
        ranking: params.ranking,
        picks: unsized_picks.collect(),
    };
    let sized =
        calls::call_local_first::<_, SizePicks>(ctx, asked, screen::means(ctx), "fit the picks").await?;
    result.collateral = sized.collateral;
    for pick in sized.picks {
        let Some(analyzed) = picks.iter().find(|analyzed| analyzed.quick.symbol == pick.symbol) else {
            continue;
        };
        if pick.contracts == 0 {
            let reason = "no capital is left for a contract beside the picks that rank higher";
            ttai_contract::DroppedCandidates::add(&mut result.dropped, "capital", reason, pick.symbol);
            continue;
        }
        result.picks.push(shown(analyzed, pick));
        result.recommendations.push(analyzed.full.clone());
    }
    Ok(())
}

/// The observed frequency is of the contract that was analysed quickly: of another one it says nothing.
fn shown(analyzed: &Analyzed, pick: SizedPick) -> ScreenPick {
    let contract = analyzed.full.suggested_position.as_ref().map(|trade: &SuggestedPosition| &trade.contract);
    let same = contract == Some(&analyzed.quick.contract);
    ScreenPick {
        symbol: pick.symbol,
        scores: pick.scores,
        observed: analyzed.quick.observed.filter(|_| same),
        contracts: pick.contracts,
        collateral: pick.collateral,
        limit: pick.limit,
    }
}

/// The verdicts of the full analyses, as they are kept.
fn verdicts(
    result: &CSPScreenerResult,
    others: Vec<(Symbol, OverallRecommendation, String)>,
) -> Vec<(Symbol, String, String)> {
    let picks = result.picks.iter().zip(&result.recommendations).map(|(pick, full)| {
        (pick.symbol.clone(), full.overall_recommendation.as_str().to_owned(), String::new())
    });
    let others = others.into_iter().map(|(symbol, verdict, why)| (symbol, verdict.as_str().to_owned(), why));
    picks.chain(others).collect()
}

/// How a run ends that was stopped with something in hand.
fn interrupted(error: CallError, done: CSPScreenerResult) -> WorkflowTermination {
    match error {
        CallError::Cancelled => WorkflowTermination::cancelled_with_details(done),
        CallError::Failed { kind, message, .. } => start::fail_with(&kind, &message, done),
    }
}
