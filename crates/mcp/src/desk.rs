//! What the server needs of its process: a Temporal server to work at, the store's rows, the market, and what the command line
//! computes from them.

use std::sync::Arc;

use async_trait::async_trait;
use serde::Serialize;
use serde_json::{Map, Value};
use ttai_client::TtaiClient;
use ttai_contract::{AlertAnswer, UserId};
use ttai_core::Symbol;
use ttai_ports::{
    AlertFilter, Alerts, Analyses, AnalysisRecord, Artifacts, Deliveries, Firings, MarketData, NewsSeen,
    OrderFilter, Preferences, ReportRecord, Reports, SavedScreeners, ScreenerResults, TradeFilter,
    TradeJournal, Watchlists,
};

use crate::problem::ToolProblem;

/// As whom a call acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The user.
    pub user: UserId,
    /// Whether the desk is the user's: its brokers' accounts, its schedules, its monitors.
    pub owns_desk: bool,
}

impl Caller {
    /// The user of every command without a user, who owns the desk.
    #[must_use]
    pub fn owner() -> Self {
        Self { user: UserId::default(), owns_desk: true }
    }

    /// Refuses what belongs to the desk's owner only.
    ///
    /// # Errors
    /// A caller who does not own the desk.
    pub fn must_own_desk(&self, what: &str) -> Result<(), ToolProblem> {
        if self.owns_desk {
            return Ok(());
        }
        Err(ToolProblem::new(
            format!("{what} belong to the owner of this desk, and {} is another user", self.user),
            "Tell the user; `owner = true` beside a token in the configuration allows it.",
        ))
    }
}

/// The store, a trait a kind of row.
#[derive(Clone)]
pub struct DeskStore {
    /// Finished analyses.
    pub analyses: Arc<dyn Analyses>,
    /// Pictures and texts.
    pub artifacts: Arc<dyn Artifacts>,
    /// Definitions of alerts.
    pub alerts: Arc<dyn Alerts>,
    /// What alerts fired.
    pub firings: Arc<dyn Firings>,
    /// Lists of symbols.
    pub watchlists: Arc<dyn Watchlists>,
    /// Stories that were seen.
    pub news: Arc<dyn NewsSeen>,
    /// Reports.
    pub reports: Arc<dyn Reports>,
    /// Screens that users keep.
    pub screeners: Arc<dyn SavedScreeners>,
    /// What screens came to.
    pub screens: Arc<dyn ScreenerResults>,
    /// What analyses suggested and what became of it.
    pub journal: Arc<dyn TradeJournal>,
    /// What users prefer.
    pub preferences: Arc<dyn Preferences>,
    /// Messages and what became of them.
    pub deliveries: Arc<dyn Deliveries>,
}

/// A workflow to start, as the desk understood the request.
#[derive(Clone, Debug, PartialEq)]
pub struct PreparedRequest {
    /// The workflow's type.
    pub workflow: &'static str,
    /// Its argument.
    pub argument: Value,
    /// What a reader must know of it, such as which preferences stood where an argument was absent.
    pub notes: Vec<String>,
}

/// Runs, newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RunList {
    /// A row a run.
    pub runs: Vec<Value>,
    /// What a reader must know.
    pub note: Option<String>,
}

/// The chart of an analysis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChartPicture {
    /// It as PNG.
    pub png: Vec<u8>,
    /// What it lacks.
    pub lacks: Option<String>,
}

/// Trades, and what those came to that have ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TradesFound {
    /// A row a trade, newest first.
    pub trades: Vec<Value>,
    /// How many of them have ended.
    pub ended: usize,
    /// Dollars that these came to together, fees taken off, exact.
    pub profit: String,
    /// How many of these are not in that sum, because what they came to is not known.
    pub without_profit: usize,
}

/// What keeps orders from being sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TradingStops {
    /// Halts: who, why, since when.
    pub halts: Vec<Value>,
    /// Differences between the broker and ttai that nobody has acknowledged; those that pause their account say so.
    pub differences: Vec<Value>,
}

/// The process behind the server.
#[async_trait]
pub trait TradingDesk: Send + Sync + 'static {
    /// A Temporal server with workers: the configured or running one, else one that the process brings up.
    async fn client(&self) -> Result<TtaiClient, ToolProblem>;
    /// The store.
    async fn store(&self) -> Result<DeskStore, ToolProblem>;
    /// The market.
    async fn market(&self) -> Result<Arc<dyn MarketData>, ToolProblem>;
    /// What a reader must know of the market: that it is simulated, a practice session.
    async fn market_notes(&self) -> Vec<String>;
    /// The request for an analysis of a kind: `full`, `chart`, `options`, `research`.
    async fn analysis(
        &self,
        caller: &Caller,
        kind: &str,
        asked: &Map<String, Value>,
    ) -> Result<PreparedRequest, ToolProblem>;
    /// The request for a screen.
    async fn screen(
        &self,
        caller: &Caller,
        asked: &Map<String, Value>,
    ) -> Result<PreparedRequest, ToolProblem>;
    /// How these symbols stand, a row a symbol; `error` in place of a quote.
    async fn quotes(&self, symbols: &[Symbol]) -> Result<Vec<Value>, ToolProblem>;
    /// The report of an id, of its beginning, or the newest of a name; the newest of all without.
    async fn report(&self, user: &UserId, wanted: Option<&str>) -> Result<ReportRecord, ToolProblem>;
    /// The user's alerts.
    async fn alerts(&self, filter: AlertFilter) -> Result<Vec<AlertAnswer>, ToolProblem>;
    /// Accounts with their positions, with those that the user keeps by hand: of all, or of one number.
    async fn portfolio(&self, user: &UserId, account: Option<&str>) -> Result<Vec<Value>, ToolProblem>;
    /// Where short options could be rolled to.
    async fn rolls(
        &self,
        user: &UserId,
        account: Option<&str>,
        symbol: Option<&str>,
    ) -> Result<Value, ToolProblem>;
    /// Wheel cycles out of so many days of transactions.
    async fn wheel(&self, user: &UserId, account: Option<&str>, days: u32) -> Result<Value, ToolProblem>;
    /// The user's runs.
    async fn runs(&self, caller: &Caller, symbol: Option<&str>, limit: u32) -> Result<RunList, ToolProblem>;
    /// The workflow id that a symbol, `last`, a short id or the beginning of one means; what is known nowhere comes back as it is.
    async fn run_id(&self, caller: &Caller, text: &str) -> Result<String, ToolProblem>;
    /// The saved analysis of a workflow id.
    async fn saved(&self, caller: &Caller, workflow_id: &str) -> Result<Option<AnalysisRecord>, ToolProblem>;
    /// The chart of an analysis' result, with the suggested trade in it.
    async fn chart(&self, result: &Value) -> Result<ChartPicture, ToolProblem>;
    /// The schedules, as configured and on the server.
    async fn schedules(&self) -> Result<Vec<Value>, ToolProblem>;
    /// Hit rates against stated probabilities.
    async fn journal_review(&self, user: &UserId, days: u32) -> Result<Value, ToolProblem>;
    /// Monitors and how they are.
    async fn monitors(&self, user: &UserId) -> Result<Vec<Value>, ToolProblem>;
    /// The user's orders, newest first, as `ttai trade list` has them.
    async fn orders(&self, user: &UserId, filter: &OrderFilter) -> Result<Vec<Value>, ToolProblem>;
    /// An order of the user's with everything that was done with it, as `ttai trade show` has it: by its id, how the id begins, or
    /// `last`. None where `last` was asked for and there is none.
    async fn order(&self, user: &UserId, wanted: &str) -> Result<Option<Value>, ToolProblem>;
    /// The user's trades.
    async fn trades(&self, user: &UserId, filter: TradeFilter) -> Result<TradesFound, ToolProblem>;
    /// What stops the user's accounts, or one of them.
    async fn trading_stops(&self, user: &UserId, account: Option<&str>) -> Result<TradingStops, ToolProblem>;
    /// Halts the user's accounts, or one of them: the `halt` that stands, whether it `is_new`, the orders that are `in_flight` already,
    /// and a `note` where the account is not known.
    async fn halt_trading(
        &self,
        user: &UserId,
        account: Option<&str>,
        reason: &str,
    ) -> Result<Value, ToolProblem>;
}
