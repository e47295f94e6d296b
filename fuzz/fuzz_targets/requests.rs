//! Numbers, amounts, dates and moments as text, and whole lines of requests: never a panic, always one JSON object.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ttai_calc::input::{parse_date, parse_moment, parse_money, parse_number};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        assert!(parse_number(text).is_none_or(f64::is_finite));
        let _ = (parse_money(text), parse_date(text), parse_moment(text));
    }
    assert!(ttai_calc::answer(bytes).is_object());
});
