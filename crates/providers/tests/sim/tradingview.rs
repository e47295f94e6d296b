//! TradingView's scanner, asked by the adapter.

use std::sync::Arc;

use serde_json::json;
use ttai_http::LocalLimits;
use ttai_ports::{PortError, ScanRequest, Scanner};
use ttai_providers::tradingview::{Condition, Filter, FilterOperation, ScanQuery, TradingView, columns};
use ttai_sim::server::RunningSim;

use crate::support::{arm, sim};

fn scanner(sim: &RunningSim) -> TradingView {
    TradingView::new(sim.endpoints.tradingview.parse().unwrap(), Arc::new(LocalLimits::default())).unwrap()
}

#[tokio::test]
async fn candidates_fit_the_request_and_come_most_traded_first() {
    let sim = sim().await;
    let scanner = scanner(&sim);
    let everything = ScanRequest { include_funds: true, limit: 100, ..ScanRequest::default() };
    let all = scanner.scan(&everything).await.unwrap();
    assert_eq!(all.len(), sim.state.market.symbols().len());
    assert!(all.windows(2).all(|pair| pair[0].volume >= pair[1].volume), "{all:?}");
    let stocks = scanner.scan(&ScanRequest { limit: 100, ..ScanRequest::default() }).await.unwrap();
    assert!(stocks.iter().all(|found| found.symbol.as_str() != "SPY" && found.market_cap.is_some()));
    let cheap = ScanRequest { max_price: Some(50.0), min_volume: Some(10_000_000), ..everything.clone() };
    let cheap = scanner.scan(&cheap).await.unwrap();
    assert!(
        !cheap.is_empty() && cheap.iter().all(|found| found.price.is_some_and(|price| price <= 50.0)),
        "{cheap:?}"
    );
    assert!(cheap.iter().all(|found| found.symbol.as_str() != "WEN"));
    let sector = ScanRequest { sectors: vec!["Finance".to_owned()], ..everything };
    let sector = scanner.scan(&sector).await.unwrap();
    assert!(
        !sector.is_empty() && sector.iter().all(|found| found.sector.as_deref() == Some("Finance")),
        "{sector:?}"
    );
    sim.shutdown().await;
}

#[tokio::test]
async fn the_service_knows_every_column_that_we_do() {
    let sim = sim().await;
    let names: Vec<&str> = columns().collect();
    let answer = scanner(&sim).run(&ScanQuery::select(&names).unwrap()).await.unwrap();
    assert!(answer.rows.iter().all(|row| row.values.len() == names.len()));
    sim.shutdown().await;
}

#[tokio::test]
async fn conditions_are_joined_as_they_are_written() {
    let sim = sim().await;
    let scanner = scanner(&sim);
    let is = |left: &str, operation, right| Condition::Is(Filter::new(left, operation, right).unwrap());
    let tree = Condition::Any(vec![
        is("name", FilterOperation::Equal, json!("F")),
        Condition::All(vec![
            is("typespecs", FilterOperation::Has, json!(["etf"])),
            is("close", FilterOperation::Greater, json!("SMA200")),
        ]),
    ]);
    let query = ScanQuery::select(&["close", "SMA200"])
        .unwrap()
        .condition(tree)
        .unwrap()
        .sort_by("name", true)
        .unwrap();
    let answer = scanner.run(&query).await.unwrap();
    let names: Vec<&str> = answer.rows.iter().map(ttai_providers::tradingview::ScanRow::ticker).collect();
    assert!(names.starts_with(&["F"]) && names.len() <= 2, "{names:?}");
    let soon =
        Filter::new("earnings_release_next_date", FilterOperation::InDayRange, json!([0, 14])).unwrap();
    let answer = scanner.run(&ScanQuery::select(&["name"]).unwrap().filter(soon)).await.unwrap();
    assert_eq!(
        answer.rows.iter().map(ttai_providers::tradingview::ScanRow::ticker).collect::<Vec<_>>(),
        ["TSLA"]
    );
    sim.shutdown().await;
}

#[tokio::test]
async fn faults_on_the_wire_are_outlived_or_told_as_what_they_are() {
    let sim = sim().await;
    let request = ScanRequest { limit: 10, ..ScanRequest::default() };
    for (fault, outlived) in [
        (r#"{"service":"tradingview","action":"status","status":502}"#, true),
        (r#"{"service":"tradingview","action":"status","status":429,"retry_after":1}"#, true),
        (r#"{"service":"tradingview","action":"lost_reply"}"#, true),
        (r#"{"service":"tradingview","action":"cut_body","after_bytes":10}"#, true),
        (r#"{"service":"tradingview","action":"status","status":403}"#, false),
        (
            r#"{"service":"tradingview","action":"status","status":400,"body":"{\"error\":\"Unknown field\"}"}"#,
            false,
        ),
    ] {
        let scanner = scanner(&sim);
        arm(&sim, fault);
        let answer = scanner.scan(&request).await;
        assert_eq!(answer.is_ok(), outlived, "{fault}: {answer:?}");
        if fault.contains("Unknown field") {
            assert!(
                matches!(&answer, Err(PortError::Invalid { detail, .. }) if detail == "Unknown field"),
                "{answer:?}"
            );
        }
        sim.state.faults.remove(None, &sim.state.market);
    }
    sim.shutdown().await;
}
