//! What Alpaca sends: answers as JSON, stream frames as JSON and MessagePack. Nothing in them may panic or hang.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ttai_providers::alpaca::model::{
    self, AlpacaActivity, AlpacaOrder, BarPage, CorporateActionPage, NewsPage, SnapshotPage,
};
use ttai_providers::alpaca::stream::frame;

fuzz_target!(|bytes: &[u8]| {
    let received_at = chrono::DateTime::UNIX_EPOCH;
    let json = frame::parse_json(bytes, received_at);
    let packed = frame::parse_msgpack(bytes, received_at);
    // A frame has no more messages than bytes.
    for messages in [json, packed].into_iter().flatten() {
        assert!(messages.len() <= bytes.len());
    }
    let _ = frame::parse_trading(bytes);
    let _ = model::parse::<AlpacaOrder>(bytes);
    let _ = model::parse::<Vec<AlpacaActivity>>(bytes);
    let _ = model::parse::<SnapshotPage>(bytes);
    let _ = model::parse::<BarPage>(bytes);
    let _ = model::parse::<NewsPage>(bytes);
    let _ = model::parse::<CorporateActionPage>(bytes);
});
