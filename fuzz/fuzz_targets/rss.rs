//! News feeds of every format, with the symbols that their texts speak of.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ttai_providers::rss::{mentioned, parse_feed};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(feed) = parse_feed(bytes, None) {
        for entry in &feed.entries {
            assert!(!entry.headline.is_empty() && !entry.id.is_empty());
            assert!(entry.link.as_ref().is_none_or(|link| link.starts_with("http")));
        }
    }
    let _ = mentioned(&String::from_utf8_lossy(bytes));
});
