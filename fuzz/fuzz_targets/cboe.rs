//! Cboe's quote, chain and history files.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ttai_providers::cboe::{parse_chain, parse_history, parse_quote};

fuzz_target!(|bytes: &[u8]| {
    let _ = parse_quote(bytes);
    let _ = parse_history(bytes);
    if let Ok(chain) = parse_chain(bytes) {
        assert!(chain.options.iter().all(|option| !option.bid.is_sign_negative() && !option.ask.is_sign_negative()));
    }
});
