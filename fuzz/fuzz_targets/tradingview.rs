//! The scanner's answers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ttai_providers::tradingview::parse_scan;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(answer) = parse_scan(bytes) {
        for row in &answer.rows {
            let _ = (row.ticker(), row.number(0), row.text(0));
        }
    }
});
