//! SEC EDGAR's lists of companies and filings.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ttai_providers::edgar::{parse_companies, parse_older, parse_submissions};

fuzz_target!(|bytes: &[u8]| {
    let _ = parse_companies(bytes);
    let _ = parse_older(bytes);
    if let Ok(submissions) = parse_submissions(bytes) {
        // These become parts of addresses.
        assert!(submissions.older.iter().all(|file| !file.name.contains('/') && !file.name.starts_with('.')));
        assert!(submissions.recent.iter().all(|filing| filing.accession.len() == 20));
    }
});
