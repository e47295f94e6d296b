//! The frames that we send. `type` and `channel` come first, as servers expect them.

use serde::Serialize;

use super::fields::EventType;
use super::frame::DataFormat;

/// Protocol version and implementation, as SETUP announces them.
const VERSION: &str = concat!("0.1-ttai/", env!("CARGO_PKG_VERSION"));
/// A subscription frame is closed once it is this long; servers refuse frames that are too long (close code 1009).
const FRAME_BYTES: usize = 8 * 1024;

/// What one subscription frame changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// Whether it is added, else removed.
    pub(super) add: bool,
    /// The event type.
    pub(super) event_type: EventType,
    /// The streamer symbol.
    pub(super) symbol: String,
}

#[derive(Serialize)]
struct Item<'a> {
    #[serde(rename = "type")]
    event_type: &'static str,
    symbol: &'a str,
    #[serde(rename = "fromTime", skip_serializing_if = "Option::is_none")]
    from_time: Option<i64>,
}

fn json(frame: &impl Serialize) -> String {
    // Strings, numbers and maps with string keys only: it cannot fail.
    serde_json::to_string(frame).unwrap_or_default()
}

/// `keepalive` is after how many seconds without a frame either side is to hang up.
pub(super) fn setup(keepalive: u64) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Setup {
        r#type: &'static str,
        channel: u8,
        keepalive_timeout: u64,
        accept_keepalive_timeout: u64,
        version: &'static str,
    }
    json(&Setup {
        r#type: "SETUP",
        channel: 0,
        keepalive_timeout: keepalive,
        accept_keepalive_timeout: keepalive,
        version: VERSION,
    })
}

/// The one frame with a secret in it.
pub(super) fn auth(token: &str) -> String {
    #[derive(Serialize)]
    struct Auth<'a> {
        r#type: &'static str,
        channel: u8,
        token: &'a str,
    }
    json(&Auth { r#type: "AUTH", channel: 0, token })
}

pub(super) fn keepalive() -> String {
    r#"{"type":"KEEPALIVE","channel":0}"#.to_owned()
}

pub(super) fn error(channel: u64, kind: &str, message: &str) -> String {
    #[derive(Serialize)]
    struct Error<'a> {
        r#type: &'static str,
        channel: u64,
        error: &'a str,
        message: &'a str,
    }
    json(&Error { r#type: "ERROR", channel, error: kind, message })
}

pub(super) fn channel_request(channel: u64) -> String {
    format!(
        r#"{{"type":"CHANNEL_REQUEST","channel":{channel},"service":"FEED","parameters":{{"contract":"AUTO"}}}}"#
    )
}

pub(super) fn channel_cancel(channel: u64) -> String {
    format!(r#"{{"type":"CHANNEL_CANCEL","channel":{channel}}}"#)
}

/// Asks for a format, a conflation period in seconds and the fields of the types that the channel carries.
pub(super) fn feed_setup(channel: u64, format: DataFormat, period: f64, types: &[EventType]) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct FeedSetup {
        r#type: &'static str,
        channel: u64,
        accept_aggregation_period: f64,
        accept_data_format: &'static str,
        accept_event_fields: std::collections::BTreeMap<&'static str, &'static [&'static str]>,
    }
    json(&FeedSetup {
        r#type: "FEED_SETUP",
        channel,
        accept_aggregation_period: period,
        accept_data_format: match format {
            DataFormat::Full => "FULL",
            DataFormat::Compact => "COMPACT",
        },
        accept_event_fields: types.iter().map(|event| (event.name(), event.wanted_fields())).collect(),
    })
}

/// Subscribes one candle symbol from a time on, in milliseconds since 1970.
pub(super) fn candle_subscription(channel: u64, symbol: &str, from_time: i64) -> String {
    let item = Item { event_type: EventType::Candle.name(), symbol, from_time: Some(from_time) };
    format!(r#"{{"type":"FEED_SUBSCRIPTION","channel":{channel},"add":[{}]}}"#, json(&item))
}

/// The changes of one channel in as few frames as their length allows. A frame only adds or only removes.
pub(super) fn subscriptions(channel: u64, changes: &[Change]) -> Vec<String> {
    let mut frames = Vec::new();
    for (add, member) in [(false, "remove"), (true, "add")] {
        let mut open = String::new();
        for change in changes.iter().filter(|change| change.add == add) {
            if open.is_empty() {
                open = format!(r#"{{"type":"FEED_SUBSCRIPTION","channel":{channel},"{member}":["#);
            } else {
                open.push(',');
            }
            let item = Item { event_type: change.event_type.name(), symbol: &change.symbol, from_time: None };
            open.push_str(&json(&item));
            if open.len() >= FRAME_BYTES {
                open.push_str("]}");
                frames.push(std::mem::take(&mut open));
            }
        }
        if !open.is_empty() {
            open.push_str("]}");
            frames.push(open);
        }
    }
    frames
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(add: bool, symbol: &str) -> Change {
        Change { add, event_type: EventType::Quote, symbol: symbol.to_owned() }
    }

    #[test]
    fn frames_are_as_documented() {
        assert!(setup(60).starts_with(r#"{"type":"SETUP","channel":0,"keepaliveTimeout":60,"#));
        assert_eq!(auth("a\"b"), r#"{"type":"AUTH","channel":0,"token":"a\"b"}"#);
        assert_eq!(
            candle_subscription(5, "AAPL{=d}", 1_610_000_000_000),
            r#"{"type":"FEED_SUBSCRIPTION","channel":5,"add":[{"type":"Candle","symbol":"AAPL{=d}","fromTime":1610000000000}]}"#
        );
        assert_eq!(
            feed_setup(1, DataFormat::Compact, 0.1, &[EventType::Quote]),
            concat!(
                r#"{"type":"FEED_SETUP","channel":1,"acceptAggregationPeriod":0.1,"acceptDataFormat":"COMPACT","#,
                r#""acceptEventFields":{"Quote":["eventSymbol","bidPrice","askPrice","bidSize","askSize","bidTime","askTime"]}}"#
            )
        );
    }

    #[test]
    fn subscriptions_are_cut_into_frames_and_lose_nothing() {
        let changes: Vec<Change> = (0..1000).map(|n| change(n % 3 > 0, &format!("S{n}"))).collect();
        let frames = subscriptions(1, &changes);
        assert!(frames.len() > 2 && frames.iter().all(|frame| frame.len() < FRAME_BYTES + 100));
        let count = |member: &str| -> usize {
            frames
                .iter()
                .map(|frame| serde_json::from_str::<serde_json::Value>(frame).unwrap())
                .filter_map(|frame| frame[member].as_array().map(Vec::len))
                .sum()
        };
        assert_eq!((count("add"), count("remove")), (666, 334));
        assert!(subscriptions(1, &[]).is_empty());
    }
}
