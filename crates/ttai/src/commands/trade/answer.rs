//! `ttai trade approve` and `ttai trade reject`: what somebody says to an order that waits goes to the workflow that it stems from.

use std::process::ExitCode;

use ttai_client::TradingRun;
use ttai_contract::TradeOrder;
use ttai_core::OrderPhase;
use ttai_store::Database;

use super::orders::find;
use super::person;
use crate::cli::TradeOptions;
use crate::commands::desk::Desk;
use crate::exit_kind::fail;
use crate::output;
use crate::settings::Settings;

pub(super) async fn approve(
    settings: &Settings,
    database: &Database,
    order: &str,
    options: &TradeOptions,
) -> anyhow::Result<ExitCode> {
    let desk = Desk::reopen(settings, false).await?;
    let outcome = async {
        let (id, run) = waiting(&desk, database, order, options).await?;
        Ok(run.approve(&id, &person(options)).await?)
    };
    let outcome: anyhow::Result<TradeOrder> = outcome.await;
    desk.close().await?;
    shown(&outcome?, options, &OrderPhase::Approved)
}

pub(super) async fn reject(
    settings: &Settings,
    database: &Database,
    (order, reason): (&str, &str),
    options: &TradeOptions,
) -> anyhow::Result<ExitCode> {
    let desk = Desk::reopen(settings, false).await?;
    let outcome = async {
        let (id, run) = waiting(&desk, database, order, options).await?;
        Ok(run.reject(&id, &person(options), reason).await?)
    };
    let outcome: anyhow::Result<TradeOrder> = outcome.await;
    desk.close().await?;
    shown(&outcome?, options, &OrderPhase::RejectedByUser)
}

/// The order's id and the workflow that waits for the answer.
async fn waiting(
    desk: &Desk,
    database: &Database,
    order: &str,
    options: &TradeOptions,
) -> anyhow::Result<(String, TradingRun)> {
    let record = find(database, options.user.as_str(), order).await?;
    let id = record.client_order_id.clone();
    let phase = record.order.phase();
    if phase != OrderPhase::AwaitingApproval {
        fail!(
            WrongRequest,
            "order {id} waits for no answer: it is {phase}; see it with ttai trade show {id}"
        );
    }
    let Some(workflow_id) = &record.workflow_id else {
        fail!(WrongRequest, "order {id} was found at the broker and is not ttai's");
    };
    Ok((id, desk.client.trading_run(workflow_id)))
}

/// The order as the answer left it; the exit code says whether that is what was asked for.
fn shown(order: &TradeOrder, options: &TradeOptions, wanted: &OrderPhase) -> anyhow::Result<ExitCode> {
    if options.json {
        output::json(order)?;
    } else {
        output::line(&order.sentence);
        if order.phase == OrderPhase::Approved {
            output::note(&format!("it is sent now; follow it with ttai trade show {}", order.id));
        }
    }
    Ok(if order.phase == *wanted { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
