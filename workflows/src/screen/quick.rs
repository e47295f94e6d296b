//! Quick analyses in batches, some at the same time.

use std::cell::RefCell;
use std::time::Duration;

use chrono::{DateTime, Utc};
use temporalio_workflow::{WorkflowContext, join_all};
use ttai_contract::call::milliseconds;
use ttai_contract::{
    DroppedCandidates, Lateness, MarketSource, QuickAnalyses, QuickAnalysesParams, QuickAnalysis,
    QuicklyAnalyze, ScreenRanking, Symbol,
};

use super::count;
use super::progress::{Screening, means, show, step};
use crate::calls::{self, CallError};

/// What a screen has found so far.
#[derive(Default)]
pub(crate) struct Found {
    /// Candidates of the scan or the list.
    pub(crate) candidates: u32,
    /// Candidates that were looked at.
    pub(crate) analyzed: u32,
    /// Those worth more, best first.
    pub(crate) worth: Vec<QuickAnalysis>,
    pub(crate) dropped: Vec<DroppedCandidates>,
    pub(crate) failed: Vec<DroppedCandidates>,
    pub(crate) as_of: Option<DateTime<Utc>>,
    pub(crate) data_source: Option<MarketSource>,
    /// How late the run is, as far as the scan or an analysis says it.
    pub(crate) lateness: Option<Lateness>,
    pub(crate) warnings: Vec<String>,
    /// Whether the working time ended before the screen was through.
    pub(crate) partial: bool,
}

impl Found {
    /// What a reader must know, each once.
    pub(crate) fn warn(&mut self, warning: String) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Whether the run is so late that nothing is looked at.
    pub(crate) fn is_too_late(&self) -> bool {
        self.lateness.is_some_and(|late| late.is_too_late())
    }

    fn take(&mut self, asked: usize, answer: QuickAnalyses) {
        let QuickAnalyses { candidates, dropped, failed, as_of, data_source, lateness, warnings } = answer;
        self.lateness = self.lateness.or(lateness);
        if self.is_too_late() {
            return;
        }
        let unseen: usize = failed.iter().map(|group| group.symbols.len()).sum();
        self.analyzed += count(asked.saturating_sub(unseen));
        self.worth.extend(candidates);
        DroppedCandidates::merge(&mut self.dropped, dropped);
        DroppedCandidates::merge(&mut self.failed, failed);
        self.as_of = self.as_of.max(as_of);
        self.data_source = self.data_source.take().or(data_source);
        warnings.into_iter().for_each(|warning| self.warn(warning));
    }

    fn miss(&mut self, symbols: Vec<Symbol>, error: &CallError) {
        let (code, reason) = if error.is_out_of_time() {
            self.partial = true;
            ("time", "the screen's working time was used up before")
        } else {
            ("failed", "its batch could not be analysed")
        };
        if let (false, CallError::Failed { message, .. }) = (error.is_out_of_time(), error) {
            self.warn(format!("a batch of {} candidates failed: {message}", symbols.len()));
        }
        for symbol in symbols {
            DroppedCandidates::add(&mut self.failed, code, reason, symbol);
        }
    }
}

/// Analyses `symbols` in batches of `size`, `lanes` of them at the same time, and ranks what is worth more.
pub(crate) async fn analyse<W: Screening>(
    ctx: &WorkflowContext<W>,
    found: &RefCell<Found>,
    symbols: Vec<Symbol>,
    (size, lanes): (usize, u32),
    asked: impl Fn(Vec<Symbol>) -> QuickAnalysesParams,
    ranking: Option<ScreenRanking>,
) -> Result<(), CallError> {
    step(ctx, "analysing candidates quickly");
    let batches = RefCell::new(symbols.chunks(size).map(<[Symbol]>::to_vec));
    let lane = || async {
        loop {
            let Some(batch) = batches.borrow_mut().next() else { return Ok(()) };
            one_batch(ctx, found, batch, &asked, lanes).await?;
        }
    };
    let ended = join_all((0..lanes).map(|_| lane())).await;
    found.borrow_mut().worth.sort_by(|one, other| one.compare(other, ranking));
    ended.into_iter().collect()
}

async fn one_batch<W: Screening>(
    ctx: &WorkflowContext<W>,
    found: &RefCell<Found>,
    batch: Vec<Symbol>,
    asked: impl Fn(Vec<Symbol>) -> QuickAnalysesParams,
    lanes: u32,
) -> Result<(), CallError> {
    let about =
        format!("{} candidates from {}", batch.len(), batch.first().map_or("", |first| first.as_str()));
    match calls::call::<W, QuicklyAnalyze>(ctx, asked(batch.clone()), means(ctx), &about).await {
        Ok(timed) => {
            // Batches that run side by side are one stretch of working time.
            let worked = Duration::from_millis(timed.working_ms) / lanes.max(1);
            show(ctx, |progress| {
                progress.working_ms = progress.working_ms.saturating_add(milliseconds(worked));
            });
            found.borrow_mut().take(batch.len(), timed.result);
        }
        Err(CallError::Cancelled) => return Err(CallError::Cancelled),
        Err(error) => found.borrow_mut().miss(batch, &error),
    }
    let (analyzed, dropped) = {
        let found = found.borrow();
        let groups = found.dropped.iter().chain(&found.failed);
        (found.analyzed, groups.map(|group| group.symbols.len()).sum())
    };
    show(ctx, |progress| (progress.quick_analyzed, progress.dropped) = (analyzed, count(dropped)));
    Ok(())
}
