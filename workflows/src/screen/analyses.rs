//! Full analyses as children: the best first, some at the same time, no more once enough picks are found. One that fails, times out
//! or is cancelled is counted and named, and sinks nothing. When the analyses are over no child is under way.

use std::cell::RefCell;

use temporalio_workflow::{WorkflowContext, join_all};
use ttai_contract::failure::capped;
use ttai_contract::{
    CSPScreenerParams, DroppedCandidates, FreeCapital, FullAnalysisParams, FullAnalysisResult, Lenient,
    OverallRecommendation, QuickAnalysis, Stage, Symbol, ids,
};

use super::progress::{Screening, means, show, step};
use super::{Found, count};
use crate::calls::CallError;
use crate::full_analysis::FullAnalysisWorkflow;
use crate::start;

/// A full analysis that came to an end.
pub(crate) struct Analyzed {
    pub(crate) quick: QuickAnalysis,
    pub(crate) full: FullAnalysisResult,
}

/// The candidates that are worth a full analysis, and what has become of them.
pub(crate) struct FullAnalyses<'a> {
    params: &'a CSPScreenerParams,
    /// Dollars that all picks together may bind; none without a limit.
    free: Option<f64>,
    desk: RefCell<Desk>,
}

#[derive(Default)]
struct Desk {
    /// Not begun yet, best first.
    waiting: Vec<QuickAnalysis>,
    /// Under way: their symbols, and the dollars set aside for them.
    running: Vec<(Symbol, f64)>,
    begun: u32,
    picks: Vec<Analyzed>,
    /// Ended without being a pick.
    others: Vec<(Symbol, OverallRecommendation, String)>,
    cancelled: bool,
    out_of_time: bool,
}

/// What a lane does next.
#[derive(Clone, Copy)]
enum Next {
    /// Begins the candidate at this place of those that wait.
    Begin(usize),
    Wait,
    End,
}

impl<'a> FullAnalyses<'a> {
    pub(crate) fn new(
        params: &'a CSPScreenerParams,
        capital: &FreeCapital,
        worth: Vec<QuickAnalysis>,
    ) -> Self {
        let desk = Desk { waiting: worth, ..Desk::default() };
        Self { params, free: capital.free_dollars(), desk: RefCell::new(desk) }
    }

    /// Runs them. What fails or is dropped goes into `found`.
    pub(crate) async fn run<W: Screening>(
        &self,
        ctx: &WorkflowContext<W>,
        found: &RefCell<Found>,
    ) -> Result<(), CallError> {
        if !self.desk.borrow().waiting.is_empty() {
            step(ctx, "analysing the best in full");
        }
        let lane = || async {
            loop {
                self.desk.borrow_mut().out_of_time |= means(ctx).budget.is_zero();
                match self.next() {
                    Next::Begin(place) => {
                        let candidate = self.desk.borrow_mut().begin(place);
                        self.one(ctx, found, candidate).await;
                    }
                    Next::Wait => {
                        let ready = |_: &W| !matches!(self.next(), Next::Wait);
                        if ctx.wait_condition(ready).await.is_err() {
                            self.desk.borrow_mut().cancelled = true;
                            return;
                        }
                    }
                    Next::End => return,
                }
            }
        };
        join_all((0..self.params.max_concurrent).map(|_| lane())).await;
        if self.desk.borrow().cancelled {
            return Err(CallError::Cancelled);
        }
        self.drop_the_rest(&mut found.borrow_mut());
        Ok(())
    }

    /// What a lane does now: the best candidate may begin. One more than there are picks left to find may not, and neither may one whose
    /// contract would not fit beside those that are picks or may become some.
    fn next(&self) -> Next {
        let desk = self.desk.borrow();
        let idle = if desk.running.is_empty() { Next::End } else { Next::Wait };
        let enough = count(desk.picks.len()) >= self.params.max_picks
            || desk.begun >= self.params.max_candidates_to_analyze;
        if desk.cancelled || desk.out_of_time || enough || desk.waiting.is_empty() {
            return idle;
        }
        if count(desk.picks.len() + desk.running.len()) >= self.params.max_picks {
            return Next::Wait;
        }
        let fits = |candidate: &QuickAnalysis| {
            self.free.is_none_or(|free| candidate.capital_for_one <= free - desk.bound())
        };
        desk.waiting.iter().position(fits).map_or(idle, Next::Begin)
    }

    /// One full analysis, from its start to its end.
    async fn one<W: Screening>(
        &self,
        ctx: &WorkflowContext<W>,
        found: &RefCell<Found>,
        candidate: QuickAnalysis,
    ) {
        let symbol = candidate.symbol.clone();
        show(ctx, |progress| progress.analyzing.push(symbol.clone()));
        let ended = child(ctx, self.params.full_params(symbol.clone())).await;
        let mut desk = self.desk.borrow_mut();
        desk.running.retain(|(running, _)| *running != symbol);
        match ended {
            Ok(full) if full.overall_recommendation >= OverallRecommendation::Select => {
                desk.picks.push(Analyzed { quick: candidate, full });
            }
            Ok(full) if full.overall_recommendation == OverallRecommendation::Incomplete => {
                let reason = full.reject_reason.unwrap_or_default();
                miss(
                    &mut found.borrow_mut(),
                    "incomplete",
                    "its full analysis ended before its verdict",
                    symbol,
                    &reason,
                );
            }
            Ok(full) => desk.others.push((symbol, full.overall_recommendation, why(&full))),
            Err(_) if ctx.cancellation_token().is_cancelled() => desk.cancelled = true,
            Err((code, reason, message)) => {
                miss(&mut found.borrow_mut(), code, reason, symbol, &message);
            }
        }
        let (analyzed, picks) = (desk.picks.len() + desk.others.len(), desk.pick_symbols());
        let running = desk.running.iter().map(|(symbol, _)| symbol.clone()).collect();
        drop(desk);
        show(ctx, |progress| {
            (progress.analyzing, progress.analyzed, progress.picks) = (running, count(analyzed), picks);
        });
    }

    /// Says why the candidates that did not begin did not.
    fn drop_the_rest(&self, found: &mut Found) {
        let mut desk = self.desk.borrow_mut();
        found.partial |= desk.out_of_time;
        let (code, reason) = if count(desk.picks.len()) >= self.params.max_picks {
            ("max_picks", format!("{} picks were found among candidates that rank higher", desk.picks.len()))
        } else if desk.begun >= self.params.max_candidates_to_analyze {
            (
                "max_candidates_to_analyze",
                format!("{} candidates that rank higher were analysed in full", desk.begun),
            )
        } else if desk.out_of_time {
            ("time", "the screen's working time was used up before".to_owned())
        } else {
            ("capital", "no capital is left for a contract beside the picks that rank higher".to_owned())
        };
        for candidate in desk.waiting.drain(..) {
            DroppedCandidates::add(&mut found.dropped, code, &reason, candidate.symbol);
        }
        for (symbol, verdict, _) in &desk.others {
            let (code, reason) =
                ("full_analysis", format!("the full analysis says {}", verdict.as_str().replace('_', " ")));
            DroppedCandidates::add(&mut found.dropped, code, &reason, symbol.clone());
        }
    }

    /// The picks in the order in which they were found, and the others with their verdicts and why they are none.
    pub(crate) fn into_ended(self) -> (Vec<Analyzed>, Vec<(Symbol, OverallRecommendation, String)>) {
        let desk = self.desk.into_inner();
        (desk.picks, desk.others)
    }
}

impl Desk {
    /// Takes a candidate from those that wait.
    fn begin(&mut self, place: usize) -> QuickAnalysis {
        let candidate = self.waiting.remove(place);
        self.begun += 1;
        self.running.push((candidate.symbol.clone(), candidate.capital_for_one));
        candidate
    }

    /// Dollars of one contract of each pick and of each candidate that may become one.
    fn bound(&self) -> f64 {
        let running = self.running.iter().map(|(_, dollars)| dollars);
        let picks = self.picks.iter().map(|pick| &pick.quick.capital_for_one);
        running.chain(picks).sum()
    }

    fn pick_symbols(&self) -> Vec<Symbol> {
        self.picks.iter().map(|pick| pick.quick.symbol.clone()).collect()
    }
}

fn miss(found: &mut Found, code: &str, reason: &str, symbol: Symbol, message: &str) {
    found.warn(format!("{symbol}: {reason}: {message}"));
    DroppedCandidates::add(&mut found.failed, code, reason, symbol);
}

/// Why a full analysis is no pick: what its stage said, else the first line of its text.
fn why(full: &FullAnalysisResult) -> String {
    let stage = full.rejected_stage.map(Stage::title).unwrap_or_default();
    let text = full.reject_reason.as_deref().or(full.synthesized_rationale.as_deref());
    text.map_or_else(|| stage.to_owned(), str::to_owned)
}

/// The answer of a child, or by name, in a phrase and in its own words why there is none.
async fn child<W: Screening>(
    ctx: &WorkflowContext<W>,
    params: FullAnalysisParams,
) -> Result<FullAnalysisResult, (&'static str, &'static str, String)> {
    let id = ids::child_analysis(&params.subject.symbol, ctx.workflow_id());
    let options = start::child_options(&params, id);
    let started = ctx.start_child_workflow(FullAnalysisWorkflow::run, Lenient::Read(params), options).await;
    let started = started.map_err(|error| {
        ("not_started", "its full analysis could not be started", capped(&error.to_string()))
    })?;
    started.result().await.map_err(|error| {
        let (code, phrase) = if error.as_cancelled().is_some() {
            ("cancelled", "its full analysis was cancelled")
        } else if error.as_timeout().is_some() {
            ("timed_out", "its full analysis timed out")
        } else {
            ("failed", "its full analysis failed")
        };
        let reason = error.reason().map_or_else(|| error.to_string(), ToString::to_string);
        (code, phrase, capped(&reason))
    })
}
