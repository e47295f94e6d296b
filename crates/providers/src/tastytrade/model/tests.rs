//! The service's answers as they were recorded, field by field.

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;

fn in_data(items: &str) -> Vec<u8> {
    format!(r#"{{"data": {{"items": {items}}}, "context": "/x"}}"#).into_bytes()
}

#[test]
fn a_recorded_order_is_read() {
    let orders = parse_orders(&in_data(
        r#"[{"id": 1075264, "account-number": "5XX00000", "cancellable": false, "cancelled-at": "2026-06-12T19:33:51.327+00:00",
            "editable": false, "edited": false, "ext-client-order-id": "JAAAAAXQbUXvvcDx9E", "order-type": "Limit", "price": "1.02",
            "price-effect": "Debit", "received-at": "2026-06-12T19:33:24.172+00:00", "replaces-order-id": 1075261, "size": 1,
            "status": "Cancelled", "terminal-at": "2026-06-12T19:33:51.381+00:00", "time-in-force": "Day",
            "underlying-instrument-type": "Equity", "underlying-symbol": "AAPL", "updated-at": 1781292831405,
            "legs": [{"action": "Buy to Open", "instrument-type": "Equity", "quantity": 1, "remaining-quantity": 1,
                      "symbol": "AAPL", "fills": []}]}]"#,
    ))
    .unwrap();
    assert_eq!((orders[0].id.as_deref(), orders[0].status.as_str()), (Some("1075264"), "Cancelled"));
    assert_eq!(orders[0].updated_at.unwrap().to_rfc3339(), "2026-06-12T19:33:51.405+00:00");
    assert_eq!(orders[0].external_identifier, None);
}

#[test]
fn recorded_market_metrics_are_fractions_and_percents() {
    let metrics = parse_market_metrics(&in_data(
        r#"[{"symbol": "AAPL", "implied-volatility-index": "0.261833862", "implied-volatility-index-rank": "0.427330631",
            "implied-volatility-percentile": "0.330776021", "liquidity-rating": 4, "updated-at": "2026-08-24T17:50:41.478Z",
            "option-expiration-implied-volatilities": [{"expiration-date": "2026-08-24", "option-chain-type": "Standard",
              "settlement-type": "PM", "implied-volatility": "0.374500134"}],
            "beta": "1.080855512", "dividend-rate-per-share": "0.27", "dividend-ex-date": "2026-08-10", "dividend-next-date": "2022-08-05",
            "earnings": {"visible": true, "expected-report-date": "2026-07-30", "estimated": false, "late-flag": 0,
              "quarter-end-date": "2026-06-01", "actual-eps": "1.57", "consensus-estimate": "1.86"},
            "lendability": "Easy To Borrow", "borrow-rate": "0.0", "market-cap": 4514709583000,
            "implied-volatility-30-day": "26.53", "historical-volatility-30-day": "33.89", "sector": "Technology"}]"#,
    ))
    .unwrap();
    let metric = &metrics[0];
    assert_eq!(metric.implied_volatility_index_rank.unwrap().to_string(), "0.427330631");
    assert_eq!(metric.implied_volatility_30_day.unwrap().to_string(), "26.53");
    assert_eq!(metric.market_cap.unwrap(), Decimal::from(4_514_709_583_000_u64));
    assert_eq!(metric.liquidity_rating.unwrap(), Decimal::from(4));
}

#[test]
fn recorded_chains_are_read_nested_and_compact() {
    let nested = parse_nested_chains(&in_data(
        r#"[{"underlying-symbol": "AAPL", "root-symbol": "AAPL", "option-chain-type": "Standard", "shares-per-contract": 100,
            "tick-sizes": [{"threshold": "3.0", "value": "0.01"}, {"value": "0.05"}],
            "deliverables": [{"id": 259225, "amount": "100.0", "deliverable-type": "Shares", "description": "100 shares of AAPL",
              "instrument-type": "Equity", "percent": "100", "root-symbol": "AAPL", "symbol": "AAPL"}],
            "expirations": [{"expiration-type": "Weekly", "expiration-date": "2026-06-12", "days-to-expiration": 0,
              "settlement-type": "PM", "strikes": [{"strike-price": "110.0", "call": "AAPL  260612C00110000",
              "call-streamer-symbol": ".AAPL260612C110", "put": "AAPL  260612P00110000", "put-streamer-symbol": ".AAPL260612P110"}]}]}]"#,
    ))
    .unwrap();
    assert_eq!(nested[0].expirations[0].strikes[0].put_streamer_symbol.as_deref(), Some(".AAPL260612P110"));
    let compact = parse_compact_chains(&in_data(
        r#"[{"underlying-symbol": "AAPL", "root-symbol": "AAPL", "option-chain-type": "Standard", "settlement-type": "PM",
            "shares-per-contract": 100, "expiration-type": "Weekly", "deliverables": [],
            "symbols": ["AAPL  260612C00110000"], "streamer-symbols": [".AAPL260612C110"]}]"#,
    ))
    .unwrap();
    assert_eq!(compact[0].symbols, ["AAPL  260612C00110000"]);
}

#[test]
fn what_does_not_fit_names_its_place() {
    let error =
        parse_orders(&in_data(r#"[{"id": 1, "status": "Live", "legs": [{"symbol": "A"}]}]"#)).unwrap_err();
    assert!(error.to_string().contains("orders at data.items[0].legs[0]"), "{error}");
    assert!(matches!(parse_positions(b"<html>"), Err(PortError::Corrupt { .. })));
}

#[test]
fn the_last_page_has_no_next() {
    let page = |offset, total| Pagination { page_offset: offset, total_pages: total }.next();
    assert_eq!((page(0, 3), page(2, 3), page(0, 0), page(u32::MAX, u32::MAX)), (Some(1), None, None, None));
}

#[test]
fn a_quote_token_is_shown_nowhere() {
    let token: Envelope<QuoteTokenModel> = parse(
        "quote token",
        br#"{"data": {"token": "planted-secret", "dxlink-url": "wss://x", "level": "api"}}"#,
    )
    .unwrap();
    assert!(!format!("{token:?}").contains("planted-secret"));
}

/// An answer of each kind, to be damaged.
const SAMPLES: [&str; 5] = [
    r#"{"data":{"items":[{"id":1075264,"status":"Live","size":1,"updated-at":1781292831405,"received-at":"2026-06-12T19:33:24.172+00:00","legs":[{"action":"Buy to Open","instrument-type":"Equity","quantity":1,"remaining-quantity":"1.0","symbol":"AAPL","fills":[{"quantity":1,"fill-price":"1.37E7"}]}]}]},"pagination":{"page-offset":0,"total-pages":1}}"#,
    r#"{"data":{"items":[{"symbol":"AAPL","bid":"312.01","ask":312.02,"bid-size":"240.0","updated-at":"2026-08-24T17:58:51.035Z","lastTradeTime":1775745000000,"is-trading-halted":false}]}}"#,
    r#"{"data":{"items":[{"underlying-symbol":"AAPL","root-symbol":"AAPL","shares-per-contract":100,"deliverables":[{"amount":"100.0","deliverable-type":"Shares","symbol":"AAPL"}],"expirations":[{"expiration-date":"2026-06-12","settlement-type":"PM","strikes":[{"strike-price":"110.0","call":"AAPL  260612C00110000","put":"AAPL  260612P00110000"}]}]}]}}"#,
    r#"{"data":{"items":[{"symbol":"AAPL","implied-volatility-index-rank":"0.42","market-cap":4514709583000,"earnings":{"expected-report-date":"2026-07-30","estimated":false},"option-expiration-implied-volatilities":[{"expiration-date":"2026-08-24","implied-volatility":"0.37"}]}]}}"#,
    r#"{"data":{"items":[{"id":1,"transaction-type":"Trade","net-value":"76.12","net-value-effect":"Debit","executed-at":"2026-06-05T13:30:00.707Z","quantity":"1.0","multiplier":"1.0","quantity-direction":"Long","instrument-type":"Equity","symbol":"A"}]}}"#,
];

proptest! {
    #[test]
    fn no_damage_panics(
        sample in 0..SAMPLES.len(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..8),
    ) {
        let mut bytes = SAMPLES[sample].as_bytes().to_vec();
        for (place, byte, kind) in damage {
            let place = place.index(bytes.len());
            match kind {
                0 => bytes[place] = byte,
                1 => bytes.insert(place, byte),
                _ => drop(bytes.remove(place)),
            }
        }
        let _ = (parse_orders(&bytes), parse_market_data(&bytes), parse_market_metrics(&bytes));
        let _ = (parse_transactions(&bytes), parse_positions(&bytes), parse_compact_chains(&bytes));
        let chains = parse_nested_chains(&bytes).unwrap_or_default();
        let now = "2026-06-11T15:00:00Z".parse().unwrap();
        let _ = super::super::chain::contracts(&chains, &ttai_core::Symbol::new("AAPL").unwrap(), now);
        for order in parse_orders(&bytes).unwrap_or_default() {
            let _ = super::super::order_view::order(&order, "x");
        }
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,200}", number in "[-+0-9eE.NaN]{0,40}") {
        let _ = parse_orders(text.as_bytes());
        let items = format!(
            r#"[{{"symbol": "A", "bid": "{number}", "bid-size": "{number}", "updated-at": "{number}", "status": "{number}",
                "expiration-date": "{number}", "id": "{number}", "legs": []}}]"#
        );
        let items = in_data(&items);
        let _ = (parse_market_data(&items), parse_orders(&items), parse_nested_chains(&items), parse_transactions(&items));
    }
}
