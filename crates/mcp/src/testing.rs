//! A desk for tests, with rows of orders, trades and stops as the command line writes them.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::{Map, Value, json};
use ttai_client::TtaiClient;
use ttai_contract::{AlertAnswer, UserId};
use ttai_core::Symbol;
use ttai_ports::{AlertFilter, AnalysisRecord, MarketData, OrderFilter, ReportRecord, TradeFilter};

use crate::answer::ToolAnswer;
use crate::desk::{
    Caller, ChartPicture, DeskStore, PreparedRequest, RunList, TradesFound, TradingDesk, TradingStops,
};
use crate::problem::ToolProblem;
use crate::reading::ToolArguments;
use crate::tool::{McpCall, McpTool};
use crate::waiting::ProgressSender;

/// A desk whose rows are given; everything else is not there.
#[derive(Default)]
pub(crate) struct ScriptedDesk {
    /// Orders, newest first.
    pub(crate) orders: Vec<Value>,
    /// What `ttai trade show` says of the newest.
    pub(crate) shown: Option<Value>,
    /// Trades.
    pub(crate) trades: TradesFound,
    /// What stops trading.
    pub(crate) stops: TradingStops,
    /// With which filters orders were asked for.
    pub(crate) asked: Mutex<Vec<OrderFilter>>,
    /// Halts that were asked for: account and reason.
    pub(crate) halted: Mutex<Vec<(Option<String>, String)>>,
}

impl ScriptedDesk {
    /// Answers a call of the owner's.
    pub(crate) async fn answer(&self, tool: &dyn McpTool, given: Value) -> Result<ToolAnswer, ToolProblem> {
        let Value::Object(given) = given else { return absent() };
        let arguments = ToolArguments::read(tool.spec().arguments, Some(given))?;
        let (caller, progress) = (Caller::owner(), ProgressSender::default());
        let until = Instant::now() + Duration::from_secs(40);
        let call = McpCall { desk: self, caller: &caller, arguments: &arguments, progress: &progress, until };
        tool.call(&call).await
    }

    /// The structured fields of an answer.
    pub(crate) async fn fields(&self, tool: &dyn McpTool, given: Value) -> Value {
        let answer = self.answer(tool, given).await.unwrap();
        answer.on_the_wire(&Map::new()).structured_content.unwrap()
    }
}

fn absent<T>() -> Result<T, ToolProblem> {
    Err(ToolProblem::new("it is not there", ""))
}

#[async_trait]
impl TradingDesk for ScriptedDesk {
    async fn client(&self) -> Result<TtaiClient, ToolProblem> {
        absent()
    }
    async fn store(&self) -> Result<DeskStore, ToolProblem> {
        absent()
    }
    async fn market(&self) -> Result<Arc<dyn MarketData>, ToolProblem> {
        absent()
    }
    async fn market_notes(&self) -> Vec<String> {
        Vec::new()
    }
    async fn analysis(
        &self,
        _: &Caller,
        _: &str,
        _: &Map<String, Value>,
    ) -> Result<PreparedRequest, ToolProblem> {
        absent()
    }
    async fn screen(&self, _: &Caller, _: &Map<String, Value>) -> Result<PreparedRequest, ToolProblem> {
        absent()
    }
    async fn quotes(&self, _: &[Symbol]) -> Result<Vec<Value>, ToolProblem> {
        absent()
    }
    async fn report(&self, _: &UserId, _: Option<&str>) -> Result<ReportRecord, ToolProblem> {
        absent()
    }
    async fn alerts(&self, _: AlertFilter) -> Result<Vec<AlertAnswer>, ToolProblem> {
        absent()
    }
    async fn portfolio(&self, _: &UserId, _: Option<&str>) -> Result<Vec<Value>, ToolProblem> {
        absent()
    }
    async fn rolls(&self, _: &UserId, _: Option<&str>, _: Option<&str>) -> Result<Value, ToolProblem> {
        absent()
    }
    async fn wheel(&self, _: &UserId, _: Option<&str>, _: u32) -> Result<Value, ToolProblem> {
        absent()
    }
    async fn runs(&self, _: &Caller, _: Option<&str>, _: u32) -> Result<RunList, ToolProblem> {
        absent()
    }
    async fn run_id(&self, _: &Caller, _: &str) -> Result<String, ToolProblem> {
        absent()
    }
    async fn saved(&self, _: &Caller, _: &str) -> Result<Option<AnalysisRecord>, ToolProblem> {
        absent()
    }
    async fn chart(&self, _: &Value) -> Result<ChartPicture, ToolProblem> {
        absent()
    }
    async fn schedules(&self) -> Result<Vec<Value>, ToolProblem> {
        absent()
    }
    async fn journal_review(&self, _: &UserId, _: u32) -> Result<Value, ToolProblem> {
        absent()
    }
    async fn monitors(&self, _: &UserId) -> Result<Vec<Value>, ToolProblem> {
        absent()
    }

    async fn orders(&self, _: &UserId, filter: &OrderFilter) -> Result<Vec<Value>, ToolProblem> {
        self.asked.lock().unwrap().push(filter.clone());
        let is_wanted = |row: &&Value| {
            filter.phases.is_empty() || filter.phases.iter().any(|phase| row["state"] == phase.name())
        };
        let limit = usize::try_from(filter.limit.unwrap_or(50)).unwrap();
        Ok(self.orders.iter().filter(is_wanted).take(limit).cloned().collect())
    }
    async fn order(&self, _: &UserId, _: &str) -> Result<Option<Value>, ToolProblem> {
        Ok(self.shown.clone())
    }
    async fn trades(&self, _: &UserId, _: TradeFilter) -> Result<TradesFound, ToolProblem> {
        Ok(self.trades.clone())
    }
    async fn trading_stops(&self, _: &UserId, _: Option<&str>) -> Result<TradingStops, ToolProblem> {
        Ok(self.stops.clone())
    }
    async fn halt_trading(
        &self,
        user: &UserId,
        account: Option<&str>,
        reason: &str,
    ) -> Result<Value, ToolProblem> {
        self.halted.lock().unwrap().push((account.map(str::to_owned), reason.to_owned()));
        let halt = json!({"scope": {"user": user}, "by": "an assistant", "reason": reason});
        Ok(json!({"halt": halt, "is_new": true, "in_flight": self.orders}))
    }
}
