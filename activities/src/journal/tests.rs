//! Entries, marks and the review against hand-worked cases and recorded markets.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use ttai_core::{DailyBar, Split};
use ttai_ports::{AnalysisRecord, JournalEntry, JournalMark, JournalVerdict};

use super::entries::entry;
use super::marks::SymbolRecord;
use super::review::JournalReview;
use crate::testing::{FakeMarket, oracle, ports, recorded_daily, symbol};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// The trade of the recorded AAPL analysis, as results have it.
fn position() -> Value {
    json!({
        "strategy": "csp", "contract": "AAPL  140621P00630000", "long_contract": null, "strike": 630.0, "long_strike": null,
        "expiration": "2014-06-21", "last_trade_date": "2014-06-20", "dte": 14, "contracts": 1, "sizing": "unsized",
        "buy_write": false, "credit": 5.05, "bid": 5.05, "ask": 5.2, "collateral": 63000.0, "cash_required": 63000.0,
        "net_of_premium": 62495.0, "regt_margin": 10000.0, "breakeven": 624.95, "max_profit": 505.0, "max_loss": 62495.0,
        "probability_of_profit": 0.7735, "delta": -0.27, "iv": 0.2435, "roc_period": 0.8, "roc_weekly": 0.4,
        "roc_annual": 20.9, "roc_annual_compound": 23.2, "if_called_return": null, "locks_in_loss": false,
        "open_interest": 1000, "spread_pct": 2.9, "ex_dates": [], "exit_plan": []
    })
}

fn record(result: Value) -> AnalysisRecord {
    AnalysisRecord {
        workflow_id: "analysis-AAPL-1".to_owned(),
        run_id: "r1".to_owned(),
        user_id: "ann".to_owned(),
        symbol: "AAPL".to_owned(),
        analysis_type: "full_analysis".to_owned(),
        strategy: Some("csp".to_owned()),
        recommendation: "watchlist".to_owned(),
        as_of: "2014-06-06T19:00:00Z".parse().unwrap(),
        result,
        created_at: DateTime::UNIX_EPOCH,
        completed_at: None,
        notified: Vec::new(),
    }
}

fn source() -> Value {
    json!({"name": "tape", "simulated": false, "description": "tape market of the tests"})
}

fn the_630_put() -> JournalEntry {
    entry(&record(json!({"suggested_position": position(), "data_source": source()}))).unwrap()
}

#[test]
fn every_kind_of_analysis_with_a_trade_becomes_an_entry() {
    let full = the_630_put();
    for result in [
        json!({"best": position(), "data_source": source()}),
        json!({"suggested_position": null, "options_analysis": {"best": position()}, "data_source": source()}),
    ] {
        assert_eq!(entry(&record(result)).unwrap(), full);
    }
    assert_eq!((full.trade.credit, full.trade.breakeven), (decimal("5.05"), decimal("624.95")));
    assert_eq!((full.id.len(), full.market.as_str()), (10, "tape market of the tests"));
    let other = AnalysisRecord { run_id: "r2".to_owned(), ..record(json!({"best": position()})) };
    let other = entry(&other).unwrap();
    assert_ne!(other.id, full.id);
    assert_eq!(other.market, "unknown", "nothing says whose prices they were");
}

#[test]
fn what_names_no_trade_is_no_entry() {
    let broken = |field: &str, value: Value| {
        let mut position = position();
        position[field] = value;
        json!({"suggested_position": position})
    };
    for result in [
        json!({}),
        json!([1]),
        json!({"suggested_position": null}),
        json!({"suggested_position": {"contract": "AAPL  140621P00630000"}}),
        broken("contract", json!("AAPL")),
        broken("long_contract", json!("?")),
        broken("credit", json!(1e300)),
    ] {
        assert_eq!(entry(&record(result.clone())), None, "{result}");
    }
}

/// AAPL's recorded sessions up to a day, with its split.
fn apple(last: &str) -> Option<FakeMarket> {
    let path = oracle()?.join("daily/aapl.csv");
    let mut market = FakeMarket::of("AAPL", recorded_daily(&path, day(last)));
    market.history.splits = vec![Split { effective: day("2014-06-09"), ratio: 7.0 }];
    Some(market)
}

async fn verdict(market: FakeMarket, entry: &JournalEntry) -> JournalVerdict {
    SymbolRecord::read(&ports(market).0, &entry.symbol).await.verdict(entry)
}

fn marked(verdict: JournalVerdict) -> JournalMark {
    match verdict {
        JournalVerdict::Marked(mark) => *mark,
        other => panic!("{other:?}"),
    }
}

/// Apple closed at 90.91 on 20 June 2014, over 630 / 7 = 90; its lowest low on the way was 90.88 on the 13th.
#[tokio::test]
async fn the_630_put_expires_as_the_90_put_after_the_split() {
    let Some(market) = apple("2014-06-20") else { return };
    let mark = marked(verdict(market, &the_630_put()).await);
    assert_eq!(
        (mark.outcome.as_str(), mark.split_ratio, mark.strike),
        ("expired", decimal("7"), decimal("90"))
    );
    assert_eq!((mark.close, mark.worst_price), (decimal("90.91"), decimal("90.88")));
    assert_eq!(mark.worst_date, day("2014-06-13"));
    assert_eq!(mark.profit_per_contract, decimal("505.00"));
    assert!(mark.is_profit() && mark.warnings.is_empty(), "{mark:?}");
}

/// The 640 put is the 91.428571 put after the split: 0.518571 in the money at 90.91, within its credit of 8 / 7.
#[tokio::test]
async fn a_put_in_the_money_by_less_than_its_credit_is_breached_and_a_profit() {
    let Some(market) = apple("2014-06-20") else { return };
    let mut entry = the_630_put();
    (entry.trade.contract.strike, entry.trade.credit) = (decimal("640"), decimal("8"));
    let mark = marked(verdict(market, &entry).await);
    assert_eq!((mark.outcome.as_str(), mark.profit), ("breached", decimal("0.624286")));
    assert_eq!(mark.profit_per_contract, decimal("437.00"));
    assert!(mark.is_profit());
}

/// A later look at the same days, after a split that came later, says the same.
#[tokio::test]
async fn a_split_after_the_end_changes_no_mark() {
    let Some(market) = apple("2014-06-20") else { return };
    let Some(mut later) = apple("2014-07-31") else { return };
    later.history.splits.push(Split { effective: day("2014-07-10"), ratio: 2.0 });
    let (first, again) = (verdict(market, &the_630_put()).await, verdict(later, &the_630_put()).await);
    let (first, again) = (marked(first), marked(again));
    assert_eq!(
        (first.close, first.profit, first.worst_price),
        (again.close, again.profit, again.worst_price)
    );
}

#[tokio::test]
async fn nothing_is_marked_before_the_last_close() {
    let Some(mut market) = apple("2014-06-19") else { return };
    assert_eq!(verdict(market.clone(), &the_630_put()).await, JournalVerdict::Open);
    market.now = "2014-06-20T19:59:59Z".parse().unwrap();
    assert_eq!(verdict(market.clone(), &the_630_put()).await, JournalVerdict::Open);
    market.now = "2014-06-20T20:00:00Z".parse().unwrap();
    let JournalVerdict::Unmarked(why) = verdict(market, &the_630_put()).await else {
        panic!("marked without a bar")
    };
    assert!(why.contains("no bar of its last trade date, 2014-06-20"), "{why}");
}

#[tokio::test]
async fn what_cannot_be_told_is_said() {
    let Some(market) = apple("2014-06-20") else { return };
    let why = async |market: FakeMarket, entry: JournalEntry| match verdict(market, &entry).await {
        JournalVerdict::Unmarked(why) => why,
        other => panic!("{other:?}"),
    };
    let elsewhere = JournalEntry { market: "live".to_owned(), ..the_630_put() };
    assert!(why(market.clone(), elsewhere).await.contains("another market (live)"));
    let mut unknown = market.clone();
    unknown.history.splits.clear();
    unknown.history.actions_unknown = Some("dividends and splits are unknown".to_owned());
    let text = why(unknown, the_630_put()).await;
    assert!(text.starts_with("-86 % overnight to 2014-06-09, which may be a split"), "{text}");
    let mut adjusted = the_630_put();
    adjusted.trade.contract.root = symbol("AAPL1");
    assert!(why(market.clone(), adjusted).await.contains("adjusted contract"));
    let saturday = JournalEntry { last_trade_date: day("2014-06-21"), ..the_630_put() };
    assert!(why(market.clone(), saturday).await.contains("no session"));
    let nobody = JournalEntry { symbol: symbol("XYZ"), ..the_630_put() };
    assert!(why(market, nobody).await.starts_with("no prices: "));
}

#[tokio::test]
async fn an_index_contract_of_the_morning_is_not_marked_by_a_close() {
    let bars = vec![DailyBar::new(day("2026-11-19"), 1.0, 1.0, 1.0, 1.0, 1.0).unwrap()];
    let mut market = FakeMarket::of("SPX", bars);
    market.now = "2026-11-21T00:00:00Z".parse().unwrap();
    let mut entry = the_630_put();
    (entry.symbol, entry.trade.contract.root) = (symbol("SPX"), symbol("SPX"));
    (entry.trade.contract.expiration, entry.last_trade_date) = (day("2026-11-20"), day("2026-11-19"));
    let JournalVerdict::Unmarked(why) = verdict(market, &entry).await else { panic!("marked") };
    assert!(why.contains("opening print of 2026-11-20"), "{why}");
}

/// Of the day of the analysis only the close came later: a low of that morning is no worst price.
#[tokio::test]
async fn the_morning_before_the_analysis_does_not_count() {
    let Some(mut market) = apple("2014-06-20") else { return };
    for bar in market.history.bars.iter_mut().filter(|bar| bar.date == day("2014-06-06")) {
        bar.low = 1.0;
    }
    let mark = marked(verdict(market, &the_630_put()).await);
    assert_eq!(mark.worst_price, decimal("90.88"));
}

fn ended(number: u32, stated: Option<f64>, profit: i64, verdict: &str) -> JournalEntry {
    let mut entry = the_630_put();
    entry.id = format!("{number:010x}");
    entry.symbol = symbol(&format!("S{number}"));
    (entry.trade.probability_of_profit, entry.trade.verdict) = (stated, verdict.to_owned());
    let profit = Decimal::from(profit);
    entry.mark = Some(JournalMark {
        outcome: if profit > Decimal::ZERO { "expired" } else { "breached" }.to_owned(),
        split_ratio: Decimal::ONE,
        strike: decimal("630"),
        close: decimal("640"),
        profit,
        profit_per_contract: profit * Decimal::ONE_HUNDRED,
        option_profit: profit,
        worst_price: decimal("630"),
        worst_date: day("2014-06-13"),
        worst_profit: profit,
        worst_close: decimal("630"),
        warnings: Vec::new(),
    });
    entry
}

fn review(entries: &[JournalEntry]) -> JournalReview {
    JournalReview::of(
        "tape market of the tests".to_owned(),
        Some(day("2014-06-01")),
        day("2014-06-30"),
        entries,
    )
}

#[test]
fn a_review_sets_what_came_beside_what_was_stated() {
    let mut entries: Vec<JournalEntry> =
        (0..40).map(|number| ended(number, Some(0.85), if number < 20 { 2 } else { -1 }, "select")).collect();
    entries.push(ended(40, Some(0.55), 1, "watchlist"));
    entries.push(ended(41, None, 1, "select"));
    entries.push(JournalEntry {
        mark: None,
        problem: Some("no bars".to_owned()),
        ..ended(42, Some(0.5), 1, "select")
    });
    entries.push(JournalEntry { market: "live".to_owned(), ..ended(43, Some(0.5), 1, "select") });
    entries.push(JournalEntry { last_trade_date: day("2014-07-01"), ..ended(44, Some(0.5), 1, "select") });
    let review = review(&entries);
    assert_eq!((review.entered, review.ended, review.expired, review.breached), (44, 42, 22, 20));
    assert_eq!((review.unstated, review.of_other_markets, review.profit), (1, 1, decimal("2200")));
    let groups: Vec<&str> = review.rates.iter().map(|rate| rate.group.as_str()).collect();
    assert_eq!(groups, ["all", "select", "watchlist", "csp", "stated under 60 %", "stated 80 to 90 %"]);
    let all = &review.rates[0];
    assert_eq!((all.n, all.hits, all.overlapping), (41, 21, 0));
    assert_eq!(all.judgement(), "below what was stated");
    assert_eq!(review.rates[2].judgement(), "too few to judge (under 20)");
    let lines = review.lines();
    assert_eq!(
        lines[..3],
        [
            "44 analyses entered the journal; 42 ended: 22 expired worthless, 20 breached the short strike.",
            "Hit rate 51 % (21 of 41; 95 % interval 36 to 66 %), stated 84 %: below what was stated.",
            "One contract of each, held to expiration, came to $2200.00 before fees.",
        ]
    );
    assert!(
        lines.iter().any(|line| line.starts_with("Not marked yet: 000000002a S42 (no bars)")),
        "{lines:?}"
    );
}

#[test]
fn overlapping_trades_and_an_empty_journal_are_said() {
    let same = |number| JournalEntry { symbol: symbol("AAPL"), ..ended(number, Some(0.8), 1, "select") };
    let lines = review(&[same(1), same(2)]).lines();
    assert!(lines.iter().any(|line| line.starts_with("2 of them overlap")), "{lines:?}");
    let empty = review(&[]);
    assert_eq!(empty.rates, []);
    assert_eq!(
        empty.lines(),
        ["0 analyses entered the journal; 0 ended: 0 expired worthless, 0 breached the short strike."]
    );
}

mod trades {
    use ttai_core::OccSymbol;
    use ttai_ports::SyncedRow;

    use super::super::trades::matched;
    use super::*;
    use crate::sync::TransactionRow;

    fn row(key: &str, symbol: &str, at: &str, amount: &str, detail: &str) -> SyncedRow {
        let at: DateTime<Utc> = at.parse().unwrap();
        let row = json!({"kind": "trade", "symbol": symbol, "net_amount": amount, "detail": detail});
        SyncedRow { key: key.to_owned(), at, row }
    }

    fn linked(entries: &[JournalEntry], rows: &[SyncedRow]) -> Vec<(String, String)> {
        let key = |(trade, entry): (ttai_ports::TradeKey, String)| (trade.key, entry);
        let of = ttai_ports::SyncedResource {
            owner: "ann".to_owned(),
            source: "transactions".to_owned(),
            resource: "1".to_owned(),
        };
        let rows = rows.iter().map(|row| TransactionRow { of: of.clone(), row: row.clone() });
        matched(entries, &[rows.collect()]).into_iter().map(key).collect()
    }

    const PUT: &str = "AAPL  140621P00630000";

    #[test]
    fn a_sale_of_the_contract_soon_after_belongs_to_the_last_entry_before_it() {
        let first = the_630_put();
        let mut second = JournalEntry { id: "second".to_owned(), ..the_630_put() };
        second.as_of = "2014-06-06T19:30:00Z".parse().unwrap();
        let entries = [first.clone(), second];
        let rows = [
            row("before", PUT, "2014-06-06T18:00:00Z", "505", "Sell to Open"),
            row("between", PUT, "2014-06-06T19:10:00Z", "505", "Sell to Open"),
            row("after", PUT, "2014-06-09T14:00:00Z", "505", ""),
            row("closing", PUT, "2014-06-09T14:00:00Z", "505", "Sell to Close"),
            row("bought", PUT, "2014-06-09T14:00:00Z", "-505", "Buy to Close"),
            row("day alone", PUT, "2014-06-11T00:00:00Z", "505", ""),
            row("late", PUT, "2014-06-12T14:00:00Z", "505", ""),
            row("other", "AAPL  140621P00620000", "2014-06-09T14:00:00Z", "505", ""),
        ];
        let expected = [("between", first.id.as_str()), ("after", "second"), ("day alone", "second")];
        let expected: Vec<(String, String)> =
            expected.into_iter().map(|(key, id)| (key.to_owned(), id.to_owned())).collect();
        assert_eq!(linked(&entries, &rows), expected);
    }

    #[test]
    fn a_vertical_needs_both_its_legs() {
        let mut spread = the_630_put();
        spread.trade.long_contract = Some(OccSymbol::parse("AAPL  140621P00620000").unwrap());
        let sale = row("short", PUT, "2014-06-09T14:00:00Z", "505", "");
        let purchase = row("long", "AAPL  140621P00620000", "2014-06-09T14:00:00Z", "-300", "");
        assert_eq!(linked(std::slice::from_ref(&spread), std::slice::from_ref(&sale)), []);
        let both = linked(std::slice::from_ref(&spread), &[sale, purchase]);
        let keys: Vec<&str> = both.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["short", "long"]);
    }
}
