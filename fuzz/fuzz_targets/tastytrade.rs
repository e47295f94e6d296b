//! Every answer of tastytrade's that is parsed: never a panic, and a refusal's words stay short.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ttai_providers::tastytrade::model;
use ttai_providers::tastytrade::parse_refusal;

fuzz_target!(|bytes: &[u8]| {
    let _ = model::parse_nested_chains(bytes);
    let _ = model::parse_compact_chains(bytes);
    let _ = model::parse_market_data(bytes);
    let _ = model::parse_market_metrics(bytes);
    let _ = model::parse_orders(bytes);
    let _ = model::parse_placed_order(bytes);
    let _ = model::parse_transactions(bytes);
    let _ = model::parse_positions(bytes);
    let _ = model::parse_balance(bytes);
    for status in [400, 401, 403, 404, 406, 422, 429, 500] {
        if let Some(error) = http::StatusCode::from_u16(status).ok().and_then(|status| parse_refusal(status, bytes)) {
            assert!(error.to_string().chars().count() < 700);
        }
    }
});
