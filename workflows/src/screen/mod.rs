//! What the screens have in common: candidates, metrics in batches, quick analyses in batches, and how far they are.

mod analyses;
mod candidates;
mod progress;
mod quick;

pub(crate) use analyses::{Analyzed, FullAnalyses};
pub(crate) use candidates::{candidates, worth_a_look};
pub(crate) use progress::{Screening, begin, means, screening, show, step, store};
pub(crate) use quick::{Found, analyse};

use temporalio_workflow::WorkflowContext;
use ttai_contract::{ScreenRun, UserId};

/// The run as its results are kept.
pub(crate) fn run_of<W>(ctx: &WorkflowContext<W>, user_id: &UserId, screen: String) -> ScreenRun {
    let (workflow_id, run_id) = (ctx.workflow_id().to_owned(), ctx.run_id().to_owned());
    ScreenRun { user_id: user_id.clone(), screen, workflow_id, run_id }
}

/// A length as results count it.
pub(crate) fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
