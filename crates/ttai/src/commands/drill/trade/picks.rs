//! What the drill writes: puts that the simulated market quotes, each as the one pick of a screen of the day.

use anyhow::{Context, ensure};
use chrono::Utc;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use ttai_calendar::new_york_date;
use ttai_contract::{CSPScreenerResult, UserId};
use ttai_core::{OptionQuote, OptionRight, Symbol};
use ttai_ports::{RankedPick, ScreenRunKey, ScreenRunRecord, ScreenerResults};
use ttai_sim::server::RunningSim;
use ttai_sim::server::market::occ;
use ttai_store::Database;

/// Most screens, each about an underlying of its own.
const MOST_SCREENS: usize = 4;
/// Days to the expiration of a put that is written.
const DAYS: std::ops::RangeInclusive<i64> = 7..=45;

/// Saves a screen of the market's day for each of some underlyings; their names.
///
/// # Errors
/// A market that quotes no put.
pub(super) async fn save(sim: &RunningSim, database: &Database) -> anyhow::Result<Vec<String>> {
    let market = &sim.state.market;
    let mut names = Vec::new();
    for symbol in market.symbols() {
        let Ok(chain) = market.chain(symbol).await else { continue };
        let Ok(quote) = market.quote(symbol).await else { continue };
        let Some(spot) = quote.mid().or(quote.last) else { continue };
        let today = new_york_date(market.now());
        let fits = |put: &&OptionQuote| {
            let contract = &put.contract;
            contract.right == OptionRight::Put
                && contract.is_standard()
                && contract.root == symbol.option_root()
                && contract.strike < spot
                && DAYS.contains(&contract.dte(today))
                && put.bid > Decimal::ZERO
        };
        let Some(put) = chain.chain.quotes.iter().filter(fits).max_by_key(|put| put.contract.strike) else {
            continue;
        };
        let name = format!("drill {symbol}");
        database.save_screen_run(&record(sim, symbol, put, &name)?).await?;
        names.push(name);
        if names.len() == MOST_SCREENS {
            break;
        }
    }
    ensure!(!names.is_empty(), "the simulated market quotes no put that could be written");
    Ok(names)
}

fn record(
    sim: &RunningSim,
    symbol: &Symbol,
    put: &OptionQuote,
    name: &str,
) -> anyhow::Result<ScreenRunRecord> {
    let now = sim.state.market.now();
    let workflow_id = format!("screen-{}-{}", symbol, new_york_date(now));
    let result = json!({
        "candidates_screened": 1, "candidates_analyzed": 1, "quick_analyzed": 1,
        "recommendations": [analysis(symbol, put)],
        "picks": [{
            "symbol": symbol, "scores": { "return_at_bid": 1.0 }, "contracts": contracts(symbol),
            "collateral": "0", "limit": "the drill's own",
        }],
        "ranking": "return_at_bid", "dropped": [], "failed": [], "changes": {}, "capital": {}, "collateral": "0",
        "run": { "user_id": UserId::default(), "screen": name, "workflow_id": workflow_id, "run_id": "drill" },
        "as_of": now, "warnings": [],
    });
    serde_json::from_value::<CSPScreenerResult>(result.clone()).context("the drill's screen")?;
    Ok(ScreenRunRecord {
        key: ScreenRunKey { user_id: UserId::default().to_string(), workflow_id, run_id: "drill".to_owned() },
        screen: name.to_owned(),
        criteria: Value::Null,
        picks: vec![RankedPick { symbol: symbol.clone(), value: 1.0 }],
        result,
        as_of: Some(now),
        created_at: Utc::now(),
    })
}

/// 2 to 4, another number for each underlying: what is filled in part has parts.
fn contracts(symbol: &Symbol) -> u32 {
    2 + symbol.as_str().bytes().map(u32::from).sum::<u32>() % 3
}

/// The pick's analysis, in which a trading run reads the contract.
fn analysis(symbol: &Symbol, put: &OptionQuote) -> Value {
    let contract = &put.contract;
    json!({
        "symbol": symbol, "overall_recommendation": "select", "strategy": "csp", "evidence": [], "warnings": [],
        "suggested_position": {
            "strategy": "csp", "contract": occ(put).to_string(), "strike": 0.0, "expiration": contract.expiration,
            "last_trade_date": contract.last_trade_date, "dte": 0, "contracts": contracts(symbol), "sizing": "unsized",
            "buy_write": false, "credit": 0.0, "bid": 0.0, "ask": 0.0, "collateral": 0.0, "cash_required": 0.0,
            "net_of_premium": 0.0, "regt_margin": 0.0, "breakeven": 0.0, "max_profit": 0.0, "max_loss": 0.0,
            "roc_period": 0.0, "roc_weekly": 1.0, "roc_annual": 0.0, "roc_annual_compound": 0.0,
            "locks_in_loss": false, "ex_dates": [], "exit_plan": [],
        },
    })
}
