//! What the MCP server needs of the binary: the same reads and requests as the command line's.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{TimeDelta, Utc};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;
use ttai_activities::{Compute, Ports, portfolio, review_journal};
use ttai_client::TtaiClient;
use ttai_contract::{
    AlertAnswer, FullAnalysisParams, ModelName, OptionsAnalysisParams, ResearchAnalysisParams, TradeRequest,
    UserId, Validate, ValidationError,
};
use ttai_core::Symbol;
use ttai_mcp::{
    Caller, ChartPicture, DeskStore, PreparedRequest, RunList, ToolProblem, TradesFound, TradingDesk,
    TradingStops,
};
use ttai_ports::{
    AlertFilter, AnalysisFilter, AnalysisRecord, AuditNote, Differences, HaltScope, Halts, MarketData,
    OrderFilter, Orders, PortError, ReportRecord, StoreError, TradeFilter,
};
use ttai_store::Spooled;

use super::ServerKeeper;
use crate::cli::{ScreenCriteriaArgs, TradeArgs};
use crate::commands::trade::rows::{DifferenceRow, LoggedTradeRow, OrderRow};
use crate::commands::trade::{halts, log, orders};
use crate::commands::{monitor, quotes, report as reports, schedule::ScheduleDesk};
use crate::market::MarketChoice;
use crate::preferences::RequestDefaults;
use crate::runs::{self, KnownRuns, RunFilter, RunPlace};
use crate::saved::SavedAnalyses;
use crate::settings::Settings;
use crate::{report, requests, server, sources, wiring};

/// What to do about a problem of the user's own machine.
const TELL: &str = "Tell the user; `ttai doctor` says what to fix.";

/// The process behind an MCP server.
pub(crate) struct ProcessDesk {
    settings: Settings,
    keeper: ServerKeeper,
    store: OnceCell<Arc<Spooled>>,
    readers: OnceCell<(Settings, Ports)>,
    accounts: OnceCell<Ports>,
    compute: Compute,
}

impl ProcessDesk {
    pub(crate) fn new(settings: Settings, keeper: ServerKeeper) -> Self {
        Self {
            settings,
            keeper,
            store: OnceCell::new(),
            readers: OnceCell::new(),
            accounts: OnceCell::new(),
            compute: Compute::per_core(),
        }
    }

    async fn spooled(&self) -> Result<&Arc<Spooled>, ToolProblem> {
        self.store.get_or_try_init(|| async { wiring::store(&self.settings).await }).await.map_err(problem)
    }

    /// Where runs are sought: at the server and in the store that are open.
    async fn place<'a>(&'a self, client: Option<&'a TtaiClient>) -> RunPlace<'a> {
        RunPlace { client, store: self.spooled().await.ok(), settings: &self.settings }
    }

    /// The adapters of the market, which is the running server's where nobody chose another.
    async fn readers(&self) -> Result<&(Settings, Ports), ToolProblem> {
        let open = || async {
            let mut settings = self.settings.clone();
            if !settings.market_chosen
                && server::configured(&settings).is_none()
                && let Some((folder, _)) = server::running(&settings).await?
                && let Some(market) = MarketChoice::of_key(&folder)
            {
                settings.market = market;
            }
            let settings = sources::resolved(settings).await;
            let ports = wiring::readers(&settings).await?;
            anyhow::Ok((settings, ports))
        };
        self.readers.get_or_try_init(open).await.map_err(problem)
    }

    /// The adapters of a market with brokers.
    async fn accounts(&self) -> Result<&Ports, ToolProblem> {
        let (settings, ports) = self.readers().await?;
        if !ports.brokers.is_empty() {
            return Ok(ports);
        }
        let served = crate::commands::portfolio::with_brokers(settings.clone());
        self.accounts.get_or_try_init(|| async { wiring::readers(&served).await }).await.map_err(problem)
    }

    /// The model that the configuration names, where models are allowed here; what to know of it otherwise.
    fn model(&self) -> Result<(Option<ModelName>, Option<String>), ToolProblem> {
        let config = &self.settings.config;
        let Some(name) = config.llm.model.clone().filter(|name| name != "none") else {
            return Ok((None, None));
        };
        if !config.mcp.paid_models {
            let note =
                "The deterministic analysts worked: models cost money and are off here ([mcp] paid_models).";
            return Ok((None, Some(note.to_owned())));
        }
        Ok((Some(name.parse::<ModelName>()?), None))
    }
}

/// A failure as a problem: a refused request names its argument.
#[allow(clippy::needless_pass_by_value)]
fn problem(error: anyhow::Error) -> ToolProblem {
    if let Some(error) = error.downcast_ref::<ValidationError>() {
        return error.clone().into();
    }
    if let Some(error) = error.downcast_ref::<StoreError>() {
        return error.clone().into();
    }
    if let Some(error) = error.downcast_ref::<PortError>() {
        return error.clone().into();
    }
    ToolProblem::new(format!("{error:#}"), TELL)
}

/// A store that is open, or why it is not.
fn opened(store: Result<&Arc<Spooled>, ToolProblem>) -> anyhow::Result<Arc<Spooled>> {
    store.map(Arc::clone).map_err(|problem| anyhow::anyhow!("{}", problem.what))
}

fn sentence(text: String) -> ToolProblem {
    ToolProblem::new(text, "Check the account number, or tell the user.")
}

fn unreadable(error: &serde_json::Error) -> ToolProblem {
    ToolProblem::new(error.to_string(), "Correct the argument and call again.")
}

#[async_trait]
impl TradingDesk for ProcessDesk {
    async fn client(&self) -> Result<TtaiClient, ToolProblem> {
        self.keeper.client().await
    }

    async fn store(&self) -> Result<DeskStore, ToolProblem> {
        let spooled = self.spooled().await?;
        let database = spooled.database();
        Ok(DeskStore {
            analyses: Arc::clone(spooled) as _,
            artifacts: Arc::clone(spooled) as _,
            alerts: Arc::clone(database) as _,
            firings: Arc::clone(database) as _,
            watchlists: Arc::clone(database) as _,
            news: Arc::clone(database) as _,
            reports: Arc::clone(database) as _,
            screeners: Arc::clone(database) as _,
            screens: Arc::clone(database) as _,
            journal: Arc::clone(database) as _,
            preferences: Arc::clone(database) as _,
            deliveries: Arc::clone(database) as _,
        })
    }

    async fn market(&self) -> Result<Arc<dyn MarketData>, ToolProblem> {
        Ok(Arc::clone(&self.readers().await?.1.market))
    }

    async fn market_notes(&self) -> Vec<String> {
        let Ok((settings, ports)) = self.readers().await else { return Vec::new() };
        let source = ports.market.source();
        let simulated = source.simulated.then(|| format!("{}: every price is invented.", source.description));
        simulated.into_iter().chain(settings.market.practice_note()).collect()
    }

    async fn analysis(
        &self,
        caller: &Caller,
        kind: &str,
        asked: &Map<String, Value>,
    ) -> Result<PreparedRequest, ToolProblem> {
        let mut defaults = RequestDefaults::of(&self.settings, &caller.user).await;
        let args = serde_json::from_value::<TradeArgs>(Value::Object(asked.clone()))
            .map_err(|error| unreadable(&error))?;
        let symbol: Symbol =
            serde_json::from_value(asked["symbol"].clone()).map_err(|error| unreadable(&error))?;
        let (model, note) = self.model()?;
        let mut params = FullAnalysisParams::new(symbol);
        params.subject.user_id.clone_from(&caller.user);
        params.subject.model = model;
        params.subject.as_of = asked.get("at").and_then(|at| serde_json::from_value(at.clone()).ok());
        let trade = requests::trade(&self.settings.config, &args, &mut defaults);
        params.trade = trade;
        params.validate()?;
        let (workflow, argument) = stage(kind, params)?;
        Ok(PreparedRequest { workflow, argument, notes: note.into_iter().chain(defaults.said()).collect() })
    }

    async fn screen(
        &self,
        caller: &Caller,
        asked: &Map<String, Value>,
    ) -> Result<PreparedRequest, ToolProblem> {
        let mut defaults = RequestDefaults::of(&self.settings, &caller.user).await;
        let mut asked = asked.clone();
        let symbols = asked.remove("symbols").map(serde_json::from_value::<Vec<String>>);
        let symbols = symbols.transpose().map_err(|error| unreadable(&error))?.unwrap_or_default();
        let what = serde_json::from_value::<ScreenCriteriaArgs>(Value::Object(asked))
            .map_err(|error| unreadable(&error))?;
        let params = requests::screen(&symbols, &what, &caller.user, &mut defaults).map_err(problem)?;
        Ok(PreparedRequest {
            workflow: "CSPScreenerWorkflow",
            argument: serde_json::to_value(&params)?,
            notes: defaults.said().into_iter().collect(),
        })
    }

    async fn quotes(&self, symbols: &[Symbol]) -> Result<Vec<Value>, ToolProblem> {
        Ok(quotes::rows(self.readers().await?.1.market.as_ref(), symbols).await)
    }

    async fn report(&self, user: &UserId, wanted: Option<&str>) -> Result<ReportRecord, ToolProblem> {
        let found = reports::find(self.spooled().await?.database(), user.as_str(), wanted).await;
        found.map_err(|error| ToolProblem::of("report", format!("{error:#}"), "ttai_report_list names them."))
    }

    async fn alerts(&self, filter: AlertFilter) -> Result<Vec<AlertAnswer>, ToolProblem> {
        Ok(ttai_activities::list_alerts(self.spooled().await?.database().as_ref(), filter).await?)
    }

    async fn portfolio(&self, user: &UserId, account: Option<&str>) -> Result<Vec<Value>, ToolProblem> {
        let ports = self.accounts().await?;
        let numbers = match account {
            Some(number) => vec![number.to_owned()],
            None => portfolio::account_numbers(ports, user).await.map_err(sentence)?,
        };
        // With no account at all, reading the first one says why.
        let numbers = if numbers.is_empty() { vec![String::new()] } else { numbers };
        let mut found = Vec::new();
        for number in &numbers {
            match portfolio::portfolio(ports, &self.compute, user, number).await {
                Ok(state) => found.push(serde_json::to_value(state)?),
                Err(why) if numbers.len() == 1 => return Err(sentence(why)),
                Err(why) => found.push(json!({"account": number, "error": why})),
            }
        }
        Ok(found)
    }

    async fn rolls(
        &self,
        user: &UserId,
        account: Option<&str>,
        symbol: Option<&str>,
    ) -> Result<Value, ToolProblem> {
        let ports = self.accounts().await?;
        let symbol = symbol.map(Symbol::new).transpose();
        let symbol =
            symbol.map_err(|error| ToolProblem::of("symbol", error.to_string(), "Give a ticker."))?;
        let rolls =
            portfolio::rolls(ports, &self.compute, user, account.unwrap_or_default(), symbol.as_ref()).await;
        Ok(serde_json::to_value(rolls.map_err(sentence)?)?)
    }

    async fn wheel(&self, user: &UserId, account: Option<&str>, days: u32) -> Result<Value, ToolProblem> {
        let ports = self.accounts().await?;
        let since = Utc::now() - TimeDelta::days(i64::from(days));
        let found = portfolio::wheel(ports, user, account.unwrap_or_default(), since).await;
        Ok(serde_json::to_value(found.map_err(sentence)?)?)
    }

    async fn runs(&self, caller: &Caller, symbol: Option<&str>, limit: u32) -> Result<RunList, ToolProblem> {
        let client = self.keeper.client().await;
        let away = client.as_ref().err().map(|problem| format!("Only what is finished: {}", problem.what));
        let wanted = RunFilter { user: Some(&caller.user), symbol, limit, ..RunFilter::default() };
        let client = client.ok();
        let place = self.place(client.as_ref()).await;
        let found = KnownRuns::find_at(place, wanted).await.map_err(problem)?;
        let runs = found.rows.iter().map(serde_json::to_value).collect::<Result<_, _>>()?;
        Ok(RunList { runs, note: found.note.or(away) })
    }

    async fn run_id(&self, caller: &Caller, text: &str) -> Result<String, ToolProblem> {
        let client = self.keeper.client().await.ok();
        // An id in full needs no search.
        if let Some(client) = &client
            && client.any_run(text).describe().await.is_ok()
        {
            return Ok(text.to_owned());
        }
        let meant = runs::meant_by(self.place(client.as_ref()).await, Some(&caller.user), text).await;
        meant.map_err(|error| ToolProblem::of("run", format!("{error:#}"), "ttai_run_list names runs."))
    }

    async fn saved(&self, caller: &Caller, workflow_id: &str) -> Result<Option<AnalysisRecord>, ToolProblem> {
        let filter = AnalysisFilter {
            workflow_id: Some(workflow_id.to_owned()),
            user_id: Some(caller.user.to_string()),
            ..AnalysisFilter::default()
        };
        let store = opened(self.spooled().await);
        let found = SavedAnalyses::find_in(store, &self.settings, &filter).await.map_err(problem)?;
        Ok(found.records.into_iter().next())
    }

    async fn chart(&self, result: &Value) -> Result<ChartPicture, ToolProblem> {
        let drawn = report::chart_image(self.spooled().await?.as_ref(), result).await;
        let (png, lacks) = drawn
            .map_err(|error| ToolProblem::new(format!("{error:#}"), "Ask for kind=full or kind=chart."))?;
        Ok(ChartPicture { png, lacks })
    }

    async fn schedules(&self) -> Result<Vec<Value>, ToolProblem> {
        let desk = ScheduleDesk::over(&self.settings, self.keeper.client().await?);
        Ok(desk.rows().await?.iter().map(serde_json::to_value).collect::<Result<_, _>>()?)
    }

    async fn journal_review(&self, user: &UserId, days: u32) -> Result<Value, ToolProblem> {
        let now = Utc::now();
        let from = now - TimeDelta::days(i64::from(days));
        let reviewed = review_journal(&self.readers().await?.1, user.as_str(), Some(from), now).await;
        let reviewed = reviewed.map_err(|error| ToolProblem::new(error.to_string(), TELL))?;
        Ok(serde_json::to_value(reviewed)?)
    }

    async fn monitors(&self, user: &UserId) -> Result<Vec<Value>, ToolProblem> {
        let rows = monitor::rows(&self.keeper.client().await?, Some(user)).await?;
        Ok(rows.iter().map(serde_json::to_value).collect::<Result<_, _>>()?)
    }

    async fn orders(&self, user: &UserId, filter: &OrderFilter) -> Result<Vec<Value>, ToolProblem> {
        let found = self.spooled().await?.database().orders(user.as_str(), filter).await?;
        values(found.iter().map(OrderRow::from))
    }

    async fn order(&self, user: &UserId, wanted: &str) -> Result<Option<Value>, ToolProblem> {
        let (database, user) = (self.spooled().await?.database(), user.as_str());
        let record = if wanted == "last" {
            let newest = OrderFilter { limit: Some(1), ..OrderFilter::default() };
            database.orders(user, &newest).await?.into_iter().next()
        } else {
            let found = orders::find(database, user, wanted).await;
            Some(found.map_err(|error| {
                ToolProblem::of("order", format!("{error:#}"), "ttai_order_list names orders.")
            })?)
        };
        let Some(record) = record else { return Ok(None) };
        Ok(Some(serde_json::to_value(orders::shown(database, user, &record).await.map_err(problem)?)?))
    }

    async fn trades(&self, user: &UserId, filter: TradeFilter) -> Result<TradesFound, ToolProblem> {
        let database = self.spooled().await?.database();
        let found = log::all_trades(database, user.as_str(), filter).await.map_err(problem)?;
        let ended = found.iter().filter(|trade| trade.closed.is_some());
        let profits: Vec<_> = ended.map(|trade| trade.profit).collect();
        let known = profits.iter().flatten();
        Ok(TradesFound {
            ended: profits.len(),
            profit: known.copied().sum::<Decimal>().normalize().to_string(),
            without_profit: profits.iter().filter(|profit| profit.is_none()).count(),
            trades: values(found.iter().rev().map(LoggedTradeRow::from))?,
        })
    }

    async fn trading_stops(&self, user: &UserId, account: Option<&str>) -> Result<TradingStops, ToolProblem> {
        let (database, user) = (self.spooled().await?.database(), user.as_str());
        let concerns = |scope: &HaltScope| match (scope, account) {
            (HaltScope::Account { account, .. }, Some(only)) => account == only,
            _ => true,
        };
        let halts = database.halts(Some(user)).await?.into_iter().filter(|halt| concerns(&halt.scope));
        let differences = database.differences(user, account, true).await?;
        Ok(TradingStops {
            halts: values(halts)?,
            differences: values(differences.iter().map(DifferenceRow::from))?,
        })
    }

    async fn halt_trading(
        &self,
        user: &UserId,
        account: Option<&str>,
        reason: &str,
    ) -> Result<Value, ToolProblem> {
        let user_id = user.to_string();
        let scope = match account {
            Some(account) => HaltScope::Account { user_id, account: account.to_owned() },
            None => HaltScope::User(user_id),
        };
        let note = AuditNote {
            actor: format!("an assistant of {user} (MCP)"),
            at: Utc::now(),
            detail: json!({"tool": "ttai_trade_halt", "user": user}),
        };
        let database = self.spooled().await?.database();
        let halted = halts::halted(database, &scope, reason, &note).await.map_err(problem)?;
        let mut shown = serde_json::to_value(halted)?;
        if let Some(account) = account
            && !halts::is_known(database, user.as_str(), account).await.map_err(problem)?
        {
            shown["note"] = halts::not_known(account).into();
        }
        Ok(shown)
    }
}

/// Rows as they are on the wire.
fn values<T: Serialize>(rows: impl Iterator<Item = T>) -> Result<Vec<Value>, ToolProblem> {
    Ok(rows.map(serde_json::to_value).collect::<Result<_, _>>()?)
}

/// The workflow of a kind of analysis, with its argument.
fn stage(kind: &str, params: FullAnalysisParams) -> Result<(&'static str, Value), ToolProblem> {
    let FullAnalysisParams { subject, trade, .. } = &params;
    let TradeRequest { constraints, .. } = trade;
    Ok(match kind {
        "chart" => ("ChartAnalysisWorkflow", serde_json::to_value(params.chart_params())?),
        "options" => {
            let of_symbol = OptionsAnalysisParams::new(subject.symbol.clone());
            let params =
                OptionsAnalysisParams { subject: subject.clone(), trade: trade.clone(), ..of_symbol };
            ("OptionsAnalysisWorkflow", serde_json::to_value(params)?)
        }
        "research" => {
            let of_symbol = ResearchAnalysisParams::new(subject.symbol.clone());
            let unknown_earnings =
                constraints.as_ref().map(|limits| limits.unknown_earnings).unwrap_or_default();
            let params = ResearchAnalysisParams { subject: subject.clone(), unknown_earnings, ..of_symbol };
            ("ResearchAnalysisWorkflow", serde_json::to_value(params)?)
        }
        _ => ("FullAnalysisWorkflow", serde_json::to_value(params)?),
    })
}
