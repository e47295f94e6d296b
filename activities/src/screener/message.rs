//! What people are told of a screen's picks, by the delivery ledger.

use chrono::TimeDelta;
use rust_decimal::prelude::ToPrimitive;
use ttai_contract::{CSPScreenerResult, MarketSource, NotifyScreenParams, ScreenPick, SuggestedPosition};
use ttai_core::{Message, MessageField, MessageKind, Symbol};
use ttai_ports::MessageRecord;

use crate::clock::wall_clock;
use crate::deliveries::Deliverer;
use crate::failure::AnalystError;
use crate::narrator::grouped;

/// How long the picks are worth telling.
const LIFE: TimeDelta = TimeDelta::hours(24);
/// Picks that a message lists; the others are counted.
const LISTED: usize = 10;

/// Writes the message, the same however often it is written, and sends it first.
pub(super) async fn write(deliverer: &Deliverer, params: &NotifyScreenParams) -> Result<(), AnalystError> {
    let now = wall_clock();
    let run = &params.result.run;
    let market = params.result.data_source.as_ref().map(MarketSource::kind);
    let record = MessageRecord {
        id: format!("screen/{}/{}/{}", run.user_id, run.workflow_id, run.run_id),
        user_id: run.user_id.to_string(),
        message: text(&params.result),
        market: market.map(str::to_owned),
        created_at: now,
        expires_at: now + LIFE,
    };
    let message = deliverer.rules.address(record, &params.channels, now);
    deliverer.write(&[message], now).await?;
    Ok(())
}

/// `morning-csp: 3 picks (simulated market)`, a line a pick, and what changed.
pub(super) fn text(result: &CSPScreenerResult) -> Message {
    let market = result.data_source.as_ref().map(MarketSource::kind).filter(|market| *market != "live");
    let market = market.map(|market| format!(" ({market} market)")).unwrap_or_default();
    let picks = match result.picks.len() {
        1 => "1 pick".to_owned(),
        many => format!("{many} picks"),
    };
    let trades = result.recommendations.iter().map(|pick| pick.suggested_position.as_ref());
    let mut lines: Vec<String> =
        result.picks.iter().zip(trades).take(LISTED).map(|(pick, trade)| line(pick, trade)).collect();
    if result.picks.len() > LISTED {
        lines.push(format!("and {} more", result.picks.len() - LISTED));
    }
    lines.extend(changes(result));
    let screen = &result.run.screen;
    Message {
        kind: MessageKind::ScreenerResults,
        title: format!("{screen}: {picks}{market}"),
        text: lines.join("\n"),
        fields: vec![
            MessageField::new("Screened", result.candidates_screened.to_string()),
            MessageField::new(
                "Collateral",
                format!("${}", grouped(result.collateral.to_f64().unwrap_or_default())),
            ),
        ],
        ..Message::default()
    }
}

/// `F: sell 2 F261218P00010500 at 0.21, 0.72 % a week, probability of profit 78 %; stayed above in 81 % of 1,480 windows`.
fn line(pick: &ScreenPick, trade: Option<&SuggestedPosition>) -> String {
    let Some(trade) = trade else { return pick.symbol.to_string() };
    let probability = trade
        .probability_of_profit
        .map(|probability| format!(", probability of profit {:.0} %", 100.0 * probability))
        .unwrap_or_default();
    let observed = pick
        .observed
        .map(|seen| format!("; closed above in {:.0} % of {} past windows", 100.0 * seen.share, seen.n))
        .unwrap_or_default();
    format!(
        "{}: sell {} of the {} {} put at {:.2}, {:.2} % a week{probability}{observed}",
        pick.symbol, pick.contracts, trade.expiration, trade.strike, trade.credit, trade.roc_weekly
    )
}

fn changes(result: &CSPScreenerResult) -> Option<String> {
    let changes = &result.changes;
    changes.since.as_ref()?;
    let named = [("new", &changes.new), ("gone", &changes.gone)];
    let named = named.iter().filter(|(_, symbols)| !symbols.is_empty()).map(|(name, symbols)| {
        let symbols: Vec<&str> = symbols.iter().map(Symbol::as_str).collect();
        format!("{name}: {}", symbols.join(", "))
    });
    let named: Vec<String> = named.collect();
    (!named.is_empty()).then(|| format!("Since the last run: {}", named.join("; ")))
}
