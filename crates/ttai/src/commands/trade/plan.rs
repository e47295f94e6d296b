//! `ttai trade plan`: a strategy decides, and the order of its decision is proposed.

use std::process::ExitCode;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use ttai_client::Run;
use ttai_contract::{DailyTradingParams, DailyTradingResult, RunLimits};
use ttai_core::OrderPhase;
use ttai_ports::{OrderFilter, OrderRecord, Orders};
use ttai_store::Database;

use super::rows::OrderRow;
use crate::cli::{GlobalArgs, TradePlanArgs};
use crate::commands::desk::Desk;
use crate::commands::wait::{self, Awaited};
use crate::settings::Settings;
use crate::{output, report, wiring};

/// Between two looks into the store.
const LOOK: Duration = Duration::from_millis(300);

/// What a plan came to.
#[derive(Serialize, JsonSchema)]
pub(crate) struct PlanShown {
    /// The workflow.
    workflow_id: String,
    /// The order that waits for approval; none where the run has ended, or goes on by itself.
    order: Option<OrderRow>,
    /// The answer of a run that has ended.
    result: Option<DailyTradingResult>,
}

/// How far a run came while somebody looked on.
enum Reached {
    /// Its end.
    End(Box<DailyTradingResult>),
    /// An order of it that was proposed.
    Order(Box<OrderRecord>),
}

pub(super) async fn run(global: &GlobalArgs, args: TradePlanArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, Some(&args.market))?;
    let desk = Desk::open(&settings, args.market.is_chosen()).await?;
    let outcome = plan(global, &settings, &desk, &args).await;
    desk.close().await?;
    outcome
}

async fn plan(
    global: &GlobalArgs,
    settings: &Settings,
    desk: &Desk,
    args: &TradePlanArgs,
) -> anyhow::Result<ExitCode> {
    let params = DailyTradingParams {
        account_id: args.account.clone(),
        user_id: args.options.user.clone(),
        screen: args.screen.clone(),
        dry_run: args.dry_run,
        limits: RunLimits {
            max_order_risk: args.max_risk,
            max_order_units: args.max_units,
            ..RunLimits::default()
        },
        ..DailyTradingParams::of(args.strategy)
    };
    let run = desk.client.start(&params, args.key.as_deref()).await?;
    if args.wait {
        let come_back = || desk.how_to_come_back(global, settings, run.workflow_id());
        return match wait::answer_or_leave(&run, true, come_back).await? {
            Awaited::Answer(answer) => ended(&serde_json::from_value(answer)?, &run, args),
            Awaited::Left(code) => Ok(code),
        };
    }
    let database = Database::open(&wiring::store_url(settings)?).await?;
    match reached(&run, &database, args).await? {
        Reached::End(result) => ended(&result, &run, args),
        Reached::Order(record) => proposed(&record, &run, args),
    }
}

/// Looks on until the run has ended, or has proposed an order that somebody or a rule answers.
async fn reached(
    run: &Run<DailyTradingParams>,
    database: &Database,
    args: &TradePlanArgs,
) -> anyhow::Result<Reached> {
    let filter = OrderFilter {
        workflow_id: Some(run.workflow_id().to_owned()),
        limit: Some(10),
        ..OrderFilter::default()
    };
    let mut answer = std::pin::pin!(run.answer(None));
    loop {
        let found = database.orders(args.options.user.as_str(), &filter).await?;
        let is_asked = |record: &OrderRecord| record.order.phase() == OrderPhase::AwaitingApproval;
        let goes_on = |record: &OrderRecord| record.approval.by.is_some();
        if let Some(record) = found.into_iter().find(|record| is_asked(record) || goes_on(record)) {
            return Ok(Reached::Order(Box::new(record)));
        }
        tokio::select! {
            answer = &mut answer => {
                let result = serde_json::from_value(answer?)?;
                return Ok(Reached::End(Box::new(result)));
            }
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

fn proposed(
    record: &OrderRecord,
    run: &Run<DailyTradingParams>,
    args: &TradePlanArgs,
) -> anyhow::Result<ExitCode> {
    if args.options.json {
        let order = Some(OrderRow::from(record));
        let shown = PlanShown { workflow_id: run.workflow_id().to_owned(), order, result: None };
        output::json(&shown)?;
        return Ok(ExitCode::SUCCESS);
    }
    output::line(&report::proposed(&OrderRow::from(record)));
    Ok(ExitCode::SUCCESS)
}

fn ended(
    result: &DailyTradingResult,
    run: &Run<DailyTradingParams>,
    args: &TradePlanArgs,
) -> anyhow::Result<ExitCode> {
    if args.options.json {
        let result = Some(result.clone());
        let shown = PlanShown { workflow_id: run.workflow_id().to_owned(), order: None, result };
        output::json(&shown)?;
        return Ok(ExitCode::SUCCESS);
    }
    output::line(&report::trading_run(result));
    Ok(ExitCode::SUCCESS)
}
