//! `ttai trade reconcile`: the broker's books against ours, now.

use std::process::ExitCode;

use anyhow::anyhow;
use ttai_activities::reconcile_account;

use crate::cli::{GlobalArgs, TradeReconcileArgs};
use crate::exit_kind::fail;
use crate::market::MarketChoice;
use crate::settings::Settings;
use crate::{output, sources, wiring};

pub(super) async fn run(global: &GlobalArgs, args: TradeReconcileArgs) -> anyhow::Result<ExitCode> {
    let settings = sources::resolved(Settings::load(global, Some(&args.market))?).await;
    if !matches!(settings.market, MarketChoice::Live) {
        fail!(
            WrongRequest,
            "the practice account of a simulated market lives in its worker, whose watch over it compares its books every five \
             minutes; see ttai trade differences"
        );
    }
    output::note(&settings.market.describe());
    let ports = wiring::readers(&settings).await?;
    let books = reconcile_account(&ports, &args.options.user, &args.account).await;
    let books = books.map_err(|problem| anyhow!("{problem}"))?;
    let differs = !books.new_differences.is_empty() || books.pauses;
    if args.options.json {
        output::json(&books)?;
    } else if books.orders == 0 {
        output::line(&format!(
            "Account {} at {}: ttai never traded in it, so there is nothing to compare.",
            books.account, books.broker
        ));
    } else {
        output::line(&format!(
            "Account {} at {}: {} orders compared.",
            books.account, books.broker, books.orders
        ));
        books.new_differences.iter().for_each(|sentence| output::line(&format!("- {sentence}")));
        if books.new_differences.is_empty() {
            output::line("Nothing differs that was not known before.");
        }
        if books.pauses {
            output::line("Trading of the account pauses: see ttai trade differences");
        }
    }
    Ok(if differs { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
