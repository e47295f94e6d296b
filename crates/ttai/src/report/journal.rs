//! The trade journal: entries, one entry whole, and the review.

use rust_decimal::Decimal;
use serde_json::Value;
use ttai_activities::{JournalRate, JournalReview};
use ttai_core::OccSymbol;
use ttai_ports::{JournalEntry, JournalLink, JournalMark};

use super::eastern;
use super::tables::plain_table;

/// `ttai journal list`.
#[must_use]
pub fn journal(entries: &[JournalEntry]) -> String {
    let rows = entries.iter().map(|entry| {
        vec![
            entry.id.clone(),
            entry.as_of.with_timezone(&ttai_core::NEW_YORK).format("%Y-%m-%d").to_string(),
            contract(entry),
            entry.trade.verdict.replace('_', " "),
            format!("{:.2}", entry.trade.credit),
            entry.trade.probability_of_profit.map_or_else(|| "unknown".to_owned(), percent),
            entry.last_trade_date.to_string(),
            state(entry),
            note(entry),
        ]
    });
    let columns = ["ID", "ANALYSED", "TRADE", "VERDICT", "CREDIT", "POP", "LAST DAY", "OUTCOME", "NOTE"];
    plain_table(&columns, rows)
}

/// `AAPL 630 put`, `AAPL 630/620 put spread`.
fn contract(entry: &JournalEntry) -> String {
    let OccSymbol { strike, right, .. } = &entry.trade.contract;
    match &entry.trade.long_contract {
        Some(long) => format!("{} {strike}/{} {right} spread", entry.symbol, long.strike),
        None => format!("{} {strike} {right}", entry.symbol),
    }
}

fn state(entry: &JournalEntry) -> String {
    match &entry.mark {
        Some(mark) => format!("{}, {} a contract", mark.outcome, signed(mark.profit_per_contract)),
        None if entry.problem.is_some() => "not marked".to_owned(),
        None => "open".to_owned(),
    }
}

fn note(entry: &JournalEntry) -> String {
    entry.note.clone().or_else(|| entry.problem.clone()).unwrap_or_default()
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// `+$505.00`, `-$61.50`.
fn signed(dollars: Decimal) -> String {
    let sign = if dollars < Decimal::ZERO { '-' } else { '+' };
    format!("{sign}${:.2}", dollars.abs())
}

/// `ttai journal show`.
#[must_use]
pub fn journal_entry(entry: &JournalEntry, links: &[JournalLink]) -> String {
    let trade = &entry.trade;
    let stated = trade.probability_of_profit.map_or_else(|| "unknown".to_owned(), percent);
    let mut lines = vec![
        format!(
            "{}  {} · {} · {}",
            entry.id,
            contract(entry),
            trade.strategy.replace('_', " "),
            trade.verdict.replace('_', " ")
        ),
        format!("Analysed       {} ({}), prices: {}", eastern(entry.as_of), entry.workflow_id, entry.market),
        format!("Expires        {} (last trade date {})", trade.contract.expiration, entry.last_trade_date),
        format!("Credit         ${:.2} a share at the bid; breakeven ${:.2}", trade.credit, trade.breakeven),
        format!("Probability    {stated} of a profit at expiration, as stated (risk-neutral)"),
    ];
    match (&entry.mark, &entry.problem) {
        (Some(mark), _) => lines.extend(marked(entry, mark)),
        (None, Some(problem)) => lines.push(format!("Not marked     {problem}")),
        (None, None) => lines.push("Outcome        open".to_owned()),
    }
    lines.extend(entry.note.iter().map(|note| format!("Note           {note}")));
    lines.extend(links.iter().map(linked));
    lines.join("\n")
}

fn marked(entry: &JournalEntry, mark: &JournalMark) -> Vec<String> {
    let with_shares = if entry.trade.strategy == "covered_call" { ", shares included" } else { "" };
    let mut lines = vec![
        format!(
            "Outcome        {}: closed at ${:.2} against the {} strike",
            mark.outcome, mark.close, mark.strike
        ),
        format!(
            "Result         {} a contract held to expiration{with_shares}, before fees",
            signed(mark.profit_per_contract)
        ),
        format!(
            "Worst mark     {} a share on {} at ${:.2}, by intrinsic value alone; worst close ${:.2}",
            signed(mark.worst_profit),
            mark.worst_date,
            mark.worst_price,
            mark.worst_close
        ),
    ];
    if mark.split_ratio != Decimal::ONE {
        lines.push(format!(
            "Split          {} new shares for one since the analysis; the prices above are those after it",
            mark.split_ratio.normalize()
        ));
    }
    lines.extend(mark.warnings.iter().map(|warning| format!("Warning        {warning}")));
    lines
}

fn linked(link: &JournalLink) -> String {
    let text = |name: &str| match link.row.as_ref().and_then(|row| row.get(name)) {
        Some(Value::String(text)) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        Some(Value::Null) | None => "–".to_owned(),
        Some(other) => other.to_string(),
    };
    let by = if link.by_hand { "linked by hand" } else { "linked by contract and day" };
    let note = link.note.as_ref().map(|note| format!("; {note}")).unwrap_or_default();
    let [at, symbol, quantity, price, amount] =
        ["executed_at", "symbol", "quantity", "price", "net_amount"].map(text);
    format!(
        "Trade          {at}  {symbol}  quantity {quantity} at ${price}, cash {amount} ({} {}, {by}){note}",
        link.trade.resource, link.trade.key
    )
}

/// `ttai journal review`.
#[must_use]
pub fn journal_review(review: &JournalReview) -> String {
    let mut text = review.lines().join("\n");
    if !review.rates.is_empty() {
        let columns = [
            "GROUP",
            "N",
            "HITS",
            "HIT RATE",
            "95 % INTERVAL",
            "STATED",
            "BRIER",
            "OVERLAPPING",
            "JUDGEMENT",
        ];
        text = format!("{text}\n\n{}", plain_table(&columns, review.rates.iter().map(rate)));
    }
    if review.of_other_markets > 0 {
        let of_others = match review.of_other_markets {
            1 => "1 entry of another market is left out".to_owned(),
            several => format!("{several} entries of other markets are left out"),
        };
        text = format!("{text}\n{of_others}.");
    }
    text
}

fn rate(rate: &JournalRate) -> Vec<String> {
    vec![
        rate.group.replace('_', " "),
        rate.n.to_string(),
        rate.hits.to_string(),
        percent(rate.share),
        format!("{:.0}–{:.0} %", rate.low * 100.0, rate.high * 100.0),
        percent(rate.stated),
        format!("{:.3}", rate.brier),
        rate.overlapping.to_string(),
        rate.judgement().to_owned(),
    ]
}
