//! `ttai trade export`: the trade log as CSV.

use std::process::ExitCode;

use anyhow::Context;
use ttai_ports::{TradeCursor, TradeFilter, TradeLog};
use ttai_store::Database;
use ttai_trading::trade_log::{LoggedTrade, trades_csv};

use super::PAGE;
use super::rows::LoggedTradeRow;
use crate::cli::TradeExportArgs;
use crate::output;

/// Every trade that a filter lets through, page by page, oldest first.
pub(crate) async fn all_trades(
    database: &Database,
    user: &str,
    filter: TradeFilter,
) -> anyhow::Result<Vec<LoggedTrade>> {
    let mut filter = TradeFilter { limit: Some(PAGE), ..filter };
    let mut found: Vec<LoggedTrade> = Vec::new();
    loop {
        let page = database.trades(user, &filter).await?;
        let Some(last) = page.last() else { return Ok(found) };
        filter.after = Some(TradeCursor::from(last));
        found.extend(page);
    }
}

pub(super) async fn export(database: &Database, args: TradeExportArgs) -> anyhow::Result<ExitCode> {
    let filter = TradeFilter {
        account: args.account,
        strategy: args.strategy,
        from: args.from,
        until: args.until,
        ..TradeFilter::default()
    };
    let trades = all_trades(database, args.options.user.as_str(), filter).await?;
    if args.options.json {
        output::json(&trades.iter().map(LoggedTradeRow::from).collect::<Vec<_>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    let csv = trades_csv(&trades);
    match args.out {
        Some(file) => {
            std::fs::write(&file, csv).with_context(|| format!("{} cannot be written", file.display()))?;
            let trades =
                if trades.len() == 1 { "1 trade".to_owned() } else { format!("{} trades", trades.len()) };
            output::note(&format!("{trades} written to {}", file.display()));
        }
        None => output::line(csv.strip_suffix('\n').unwrap_or(&csv)),
    }
    Ok(ExitCode::SUCCESS)
}
