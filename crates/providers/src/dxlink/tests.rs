//! Frames in both formats, as documented and as malformed as can be.

use proptest::prelude::*;
use ttai_ports::PortError;

use super::*;

/// The order that tastytrade's documentation shows in use.
fn documented() -> EventFields {
    let mut fields = EventFields::default();
    let config = r#"{"type":"FEED_CONFIG","channel":3,"dataFormat":"COMPACT","aggregationPeriod":0.1,"eventFields":{
        "Trade":["eventType","eventSymbol","price","dayVolume","size"],
        "Quote":["eventType","eventSymbol","bidPrice","askPrice","bidSize","askSize"],
        "Candle":["eventSymbol","eventFlags","time","close"],"Underlying":["eventSymbol"]}}"#;
    let Ok(Frame::FeedConfig { channel: 3, config }) = parse_frame(config.as_bytes()) else {
        panic!("no FEED_CONFIG")
    };
    assert_eq!((config.format, config.aggregation_period), (Some(DataFormat::Compact), Some(0.1)));
    fields.merge(config.event_fields.iter().map(|(name, fields)| (name.as_str(), fields.as_slice())));
    fields
}

/// What a frame's events look like, or what is wrong with it.
fn events(frame: &str) -> Result<Vec<String>, String> {
    let fields = documented();
    let Frame::FeedData { data, .. } = parse_frame(frame.as_bytes()).map_err(|error| error.to_string())?
    else {
        return Err("another frame".to_owned());
    };
    let mut events = Vec::new();
    data.decode(&fields, |event| {
        events.push(match event {
            Event::Quote(quote) => {
                format!("{} {:?} {:?} {}", quote.symbol, quote.bid, quote.ask, quote.ask_size)
            }
            Event::Trade(trade) => {
                format!("{} {:?} {} {}", trade.symbol, trade.price, trade.day_volume, trade.extended_hours)
            }
            Event::Candle(candle) => format!("{} {} {}", candle.symbol, candle.flags, candle.close),
            other => format!("{other:?}"),
        });
    })
    .map_err(|error| error.to_string())?;
    Ok(events)
}

#[test]
fn the_documented_trade_frame_is_read() {
    let frame = r#"{"type":"FEED_DATA","channel":3,"data":["Trade",["Trade","SPY",559.36,1.3743299E7,100.0,"Trade","BTC/USD:CXTALP",58356.71,"NaN","NaN"]]}"#;
    assert_eq!(
        events(frame),
        Ok(vec![
            "SPY Some(559.36) 13743299 false".to_owned(),
            "BTC/USD:CXTALP Some(58356.71) NaN false".to_owned()
        ])
    );
}

#[test]
fn several_types_and_unknown_types_come_in_one_frame() {
    let frame = r#"{"type":"FEED_DATA","channel":1,"data":["Quote",["Quote","A",1,2.50,3,4],"Underlying",["A"],"Order",[[1],{"x":[]}],"Quote",[],"Candle",["A{=d}",4,0,"NaN"]]}"#;
    assert_eq!(events(frame), Ok(vec!["A Some(1) Some(2.5) 4".to_owned(), "A{=d} 4 NaN".to_owned()]));
}

#[test]
fn the_full_format_is_read_wherever_the_type_stands() {
    let frame = r#"{"channel":1,"data":[{"eventSymbol":"A","bidPrice":"NaN","askPrice":2,"invented":[{}],"eventType":"Quote"},
        {"eventType":"TradeETH","eventSymbol":"A","price":1.5},{"eventType":"Order"},{}],"type":"FEED_DATA"}"#;
    assert_eq!(events(frame), Ok(vec!["A None Some(2) NaN".to_owned(), "A Some(1.5) NaN true".to_owned()]));
}

#[test]
fn malformed_data_are_refused_with_the_place() {
    for (data, wanted) in [
        (r#"["Quote",["Quote","A",1,2,3]]"#, "fewer values than fields"),
        (r#"["Quote",["Quote","A",1,2,3,4"#, "comma or the closing"),
        (r#"["Quote",["Quote","A","many",2,3,4]]"#, "where a number belongs"),
        (r#"["Quote"]"#, "values of an event type are missing"),
        (r#"["Greeks",["A",1]]"#, "no FEED_CONFIG"),
        (r#"[1]"#, "an event type or an event"),
        (r#"7"#, "no array"),
    ] {
        let error = events(&format!(r#"{{"type":"FEED_DATA","channel":1,"data":{data}}}"#)).unwrap_err();
        assert!(error.contains(wanted) && error.contains("at byte"), "{data}: {error}");
    }
    let error = events(r#"{"type":"FEED_DATA","channel":1,"data":[]} x"#).unwrap_err();
    assert!(error.contains("something follows"), "{error}");
}

#[test]
fn control_frames_are_read() {
    let read = |text: &str| parse_frame(text.as_bytes()).map(|frame| format!("{frame:?}"));
    for (frame, wanted) in [
        (
            r#"{"type":"SETUP","channel":0,"keepaliveTimeout":60,"acceptKeepaliveTimeout":60,"version":"1.0-1.2.1"}"#,
            r#"Setup { version: "1.0-1.2.1", keepalive_timeout: Some(60.0) }"#,
        ),
        (
            r#"{"type":"AUTH_STATE","channel":0,"state":"AUTHORIZED","userId":"x"}"#,
            "AuthState { authorized: true }",
        ),
        (r#"{"channel":0,"type":"KEEPALIVE"}"#, "Keepalive"),
        (
            r#"{"type":"CHANNEL_OPENED","channel":3,"service":"FEED","parameters":{"contract":"AUTO","subFormat":"LIST"}}"#,
            "ChannelOpened { channel: 3 }",
        ),
        (r#"{"type":"CHANNEL_CLOSED","channel":3}"#, "ChannelClosed { channel: 3 }"),
        (
            r#"{"type":"ERROR","channel":0,"error":"TIMEOUT","message":"late"}"#,
            r#"Error { channel: 0, kind: Timeout, message: "late" }"#,
        ),
        (
            r#"{"type":"FEED_CONFIG","channel":1,"aggregationPeriod":"NaN","dataFormat":"FULL"}"#,
            "FeedConfig { channel: 1, config: FeedConfig { format: Some(Full), aggregation_period: None, event_fields: {} } }",
        ),
        (r#"{"type":"DOM_CONFIG","channel":1}"#, r#"Other { kind: "DOM_CONFIG" }"#),
    ] {
        assert_eq!(read(frame).unwrap(), wanted);
    }
    for bad in [
        "",
        "[]",
        "{}",
        r#"{"type":"SETUP","channel":0}"#,
        r#"{"type":"KEEPALIVE"}"#,
        r#"{"type":"AUTH_STATE","channel":0,"state":"MAYBE"}"#,
        r#"{"type":"FEED_DATA","channel":-1,"data":[]}"#,
        r#"{"type":"FEED_CONFIG","channel":1,"dataFormat":"TINY"}"#,
    ] {
        assert!(matches!(read(bad), Err(PortError::Corrupt { .. })), "{bad}");
    }
    assert!(matches!(parse_frame(b"\xff"), Err(PortError::Corrupt { .. })));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(Frame::FeedData { data, .. }) = parse_frame(&bytes) {
            let _ = data.decode(&EventFields::as_wanted(), |_| ());
        }
    }

    #[test]
    fn no_damage_to_a_frame_makes_it_panic(at in 0_usize..150, byte in any::<u8>(), cut in 0_usize..200) {
        let mut bytes = br#"{"type":"FEED_DATA","channel":1,"data":["Quote",["AAPL",1.5,"NaN",3,4.0E2,0,1700000000000,"B\u0041",1,2,3,4,5,6]]}"#.to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        bytes.truncate(cut);
        if let Ok(Frame::FeedData { data, .. }) = parse_frame(&bytes) {
            let _ = data.decode(&EventFields::as_wanted(), |_| ());
        }
    }
}
