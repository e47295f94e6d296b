//! Tickers and OCC option symbols: parsing never panics, and what is parsed prints as something that parses to the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ttai_core::Symbol;
use ttai_core::option::OccSymbol;

fuzz_target!(|text: &str| {
    if let Ok(symbol) = Symbol::new(text) {
        assert_eq!(Symbol::new(symbol.as_str()).as_ref(), Ok(&symbol));
    }
    if let Ok(occ) = OccSymbol::parse(text) {
        assert_eq!(OccSymbol::parse(&occ.to_string()).as_ref(), Ok(&occ));
    }
});
