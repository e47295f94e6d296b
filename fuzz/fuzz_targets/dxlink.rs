//! DXLink's frames, in the field order that we ask for: no bytes from a server make the client panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ttai_core::Symbol;
use ttai_core::option::OccSymbol;
use ttai_providers::dxlink::{EventFields, Frame, parse_frame};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(Frame::FeedData { data, .. }) = parse_frame(bytes) {
        let _ = data.decode(&EventFields::as_wanted(), |_| ());
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        if let Ok(contract) = OccSymbol::from_streamer(text) {
            assert_eq!(OccSymbol::from_streamer(&contract.streamer()).as_ref(), Ok(&contract));
        }
        let _ = Symbol::from_streamer(text);
    }
});
