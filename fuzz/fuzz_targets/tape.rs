//! The files of a tape folder: never a panic, whatever the bytes; what is refused names its file.
#![no_main]

use chrono::NaiveDate;
use libfuzzer_sys::fuzz_target;
use ttai_core::Symbol;
use ttai_providers::tape::{FileKind, check_file};

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, text)) = bytes.split_first() else { return };
    let kind = FileKind::ALL[usize::from(*kind) % FileKind::ALL.len()];
    let (Ok(symbol), Some(date)) = (Symbol::new("AAPL"), NaiveDate::from_ymd_opt(2014, 6, 6)) else { return };
    if let Err(error) = check_file(kind, "a file", &symbol, date, text) {
        assert!(error.to_string().contains("a file"), "{error}");
    }
});
