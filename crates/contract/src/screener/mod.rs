//! Screens: candidates out of a scan or a list, judged quickly; the best of them are analysed in full.

mod auto_run;
mod capital;
mod criteria;
mod quick;
mod requests;
mod results;

pub use auto_run::{
    AUTO_RUN_PAGE, AutoRunOutcome, AutoRunPage, AutoRunScreen, AutoRunScreener, AutoRunScreenersParams,
    AutoRunScreenersResult, ListAutoRunParams, MOST_AUTO_RUN, ScreenerPlace,
};
pub use capital::{FreeCapital, FreeCapitalParams, SizePicksParams, SizedPick, SizedPicks, UnsizedPick};
pub use criteria::{ScreenCriteria, ScreenRanking, ScreenerCriteria};
pub use quick::{
    DroppedCandidates, ObservedFrequency, QuickAnalyses, QuickAnalysesParams, QuickAnalysis, ScanCandidate,
    ScanCandidates, ScanParams, ScreenRun, ScreenScores,
};
pub use requests::{CSPScreenerParams, ScheduledScreenerParams, ScreenerParams};
pub use results::{
    CSPScreenerResult, NotifyScreenParams, ScheduledScreenerResult, ScreenChanges, ScreenPick,
    ScreenProgress, ScreenerResult, ScreenerResultRow, StoreScreenParams, StoreScreenReceipt, StoredAnalysis,
};

/// Most candidates of one screen.
pub const MOST_CANDIDATES: u32 = 1_000;
/// Candidates of one batch of quick analyses.
pub const QUICK_BATCH: usize = 25;
/// Symbols of one batch of metrics.
pub const METRICS_BATCH: usize = 100;
