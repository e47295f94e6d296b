//! Alert phrases: parsing never panics, points into the text, and what is parsed prints as a phrase that parses to the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ttai_engine::phrase::{PhraseContext, parse, to_phrase};

fuzz_target!(|text: &str| {
    let context = PhraseContext { now: chrono::DateTime::from_timestamp(1_796_312_520, 0).expect("in range") };
    match parse(text, context) {
        Ok(definition) => assert_eq!(parse(&to_phrase(&definition), context).as_ref(), Ok(&definition)),
        Err(error) => assert!(error.column <= text.chars().count() + 1 && !error.message.is_empty()),
    }
});
