//! What Alpaca's websockets say: market data as JSON or MessagePack, order updates as JSON. Pure parsers with limits.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use serde::Deserialize;
use serde_json::{Value, json};
use ttai_core::{NewsStory, OccSymbol, QuoteCondition, Symbol};
use ttai_ports::{PortError, StreamHalt, StreamQuote, StreamSymbol, StreamTrade};

use super::super::corrupt;
use super::super::model::{self, AlpacaOrder, Story};
use super::super::news::story;
use crate::freshness;

/// Deepest nesting of a MessagePack frame; Alpaca's have 3.
const MAX_DEPTH: usize = 16;
/// The type of MessagePack's timestamp extension.
const TIMESTAMP_EXTENSION: i8 = -1;
/// Conditions of a stock trade that do not set the last price (CTA and UTP plans, "consolidated last" columns): average
/// price, cash, price variation, odd lot, official close and open, next day, prior reference, seller, extended hours,
/// contingent, out of sequence, derivatively priced, qualified contingent.
const NOT_LAST: [&str; 16] = ["B", "C", "H", "I", "M", "N", "P", "Q", "R", "T", "U", "V", "W", "Z", "4", "7"];

/// One message of a market data or news stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Incoming {
    /// `connected` or `authenticated`.
    Success(String),
    /// What is subscribed now.
    Subscribed,
    /// A refusal.
    Refused {
        /// Alpaca's number: 402 authentication failed, 405 too many symbols, 406 too many connections, …
        code: u16,
        /// Alpaca's words.
        message: String,
    },
    /// A best bid and ask.
    Quote(StreamQuote),
    /// A trade.
    Trade(StreamTrade),
    /// A halt or its end.
    Halt(StreamHalt),
    /// A story.
    Story(NewsStory),
    /// Something that is not used: bars, corrections, a channel of later times.
    Other,
}

/// What happened to an order, as the trading stream tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct TradeUpdate {
    /// `new`, `partial_fill`, `fill`, `canceled`, `rejected`, …
    pub event: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Units in this fill, if it is one.
    pub quantity: Option<Decimal>,
    /// Price of this fill in dollars a share, if it is one.
    pub price: Option<Decimal>,
    /// Alpaca's row of the order.
    pub(in crate::alpaca) order: RawOrder,
}

/// An order as it came; compared by its identity and state.
#[derive(Clone, Debug)]
pub(in crate::alpaca) struct RawOrder(pub(in crate::alpaca) AlpacaOrder);

impl PartialEq for RawOrder {
    fn eq(&self, other: &Self) -> bool {
        (&self.0.id, &self.0.status, self.0.filled_qty) == (&other.0.id, &other.0.status, other.0.filled_qty)
    }
}

/// One message of the trading stream.
#[derive(Clone, Debug, PartialEq)]
pub enum TradingMessage {
    /// The answer to the keys: whether they are good.
    Authorization(bool),
    /// What is listened to now.
    Listening(Vec<String>),
    /// A change of an order.
    Update(Box<TradeUpdate>),
    /// Something that is not used.
    Other,
}

/// Reads one JSON frame of a data stream: a list of messages.
///
/// # Errors
/// [`PortError::Corrupt`].
pub fn parse_json(bytes: &[u8], received_at: DateTime<Utc>) -> Result<Vec<Incoming>, PortError> {
    messages(model::parse(bytes)?, received_at)
}

/// Reads one MessagePack frame of a data stream: a list of messages.
///
/// # Errors
/// [`PortError::Corrupt`].
pub fn parse_msgpack(bytes: &[u8], received_at: DateTime<Utc>) -> Result<Vec<Incoming>, PortError> {
    let mut rest = bytes;
    let value = rmpv::decode::read_value_with_max_depth(&mut rest, MAX_DEPTH).map_err(corrupt)?;
    if !rest.is_empty() {
        return Err(corrupt(format!("{} bytes follow a MessagePack frame", rest.len())));
    }
    messages(as_json(value).ok_or_else(|| corrupt("a MessagePack frame with bytes in it"))?, received_at)
}

/// Writes a message as MessagePack.
#[must_use]
pub(super) fn to_msgpack(message: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to memory cannot fail.
    let _ = rmpv::encode::write_value(&mut bytes, &as_msgpack(message));
    bytes
}

/// Reads one frame of the trading stream.
///
/// # Errors
/// [`PortError::Corrupt`].
pub fn parse_trading(bytes: &[u8]) -> Result<TradingMessage, PortError> {
    #[derive(Deserialize)]
    struct Envelope {
        stream: String,
        #[serde(default)]
        data: Value,
    }
    #[derive(Deserialize)]
    struct Update {
        event: String,
        #[serde(default)]
        timestamp: Option<DateTime<Utc>>,
        #[serde(default, deserialize_with = "super::super::number::optional")]
        price: Option<Decimal>,
        #[serde(default, deserialize_with = "super::super::number::optional")]
        qty: Option<Decimal>,
        order: AlpacaOrder,
    }
    let envelope: Envelope = model::parse(bytes)?;
    Ok(match envelope.stream.as_str() {
        "authorization" => {
            TradingMessage::Authorization(envelope.data.get("status") == Some(&json!("authorized")))
        }
        "listening" => {
            let streams = envelope.data.get("streams").and_then(Value::as_array);
            let names = streams.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
            TradingMessage::Listening(names.collect())
        }
        "trade_updates" => {
            let update: Update = serde_json::from_value(envelope.data).map_err(corrupt)?;
            let at = update.timestamp.or(update.order.updated_at).unwrap_or_default();
            TradingMessage::Update(Box::new(TradeUpdate {
                event: update.event,
                at,
                quantity: update.qty,
                price: update.price,
                order: RawOrder(update.order),
            }))
        }
        _ => TradingMessage::Other,
    })
}

fn messages(frame: Value, received_at: DateTime<Utc>) -> Result<Vec<Incoming>, PortError> {
    match frame {
        Value::Array(items) => items.into_iter().map(|item| message(item, received_at)).collect(),
        _ => Err(corrupt("a frame that is no list of messages")),
    }
}

fn message(item: Value, received_at: DateTime<Utc>) -> Result<Incoming, PortError> {
    let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default();
    Ok(match text("T") {
        "success" => Incoming::Success(text("msg").to_owned()),
        "subscription" => Incoming::Subscribed,
        "error" => {
            let code = item.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
            Incoming::Refused {
                code: code.unwrap_or_default(),
                message: text("msg").chars().filter(|letter| !letter.is_control()).take(200).collect(),
            }
        }
        "q" => Incoming::Quote(quote(&item, received_at)?),
        "t" => Incoming::Trade(trade(&item, received_at)?),
        "s" => halt(&item, received_at)?,
        "n" => {
            let row: Story = serde_json::from_value(item).map_err(corrupt)?;
            Incoming::Story(story(row))
        }
        _ => Incoming::Other,
    })
}

fn symbol(item: &Value) -> Result<StreamSymbol, PortError> {
    let text = item.get("S").and_then(Value::as_str).unwrap_or_default();
    if let Ok(contract) = OccSymbol::parse(text) {
        return Ok(StreamSymbol::Option(contract));
    }
    Symbol::new(text).map(StreamSymbol::Equity).map_err(corrupt)
}

/// When the market was as a message says; none where it does not say.
fn time(item: &Value) -> Result<Option<DateTime<Utc>>, PortError> {
    let Some(text) = item.get("t").filter(|time| !time.is_null()) else { return Ok(None) };
    let time = text.as_str().and_then(|text| DateTime::parse_from_rfc3339(text).ok());
    time.map(|time| Some(time.to_utc())).ok_or_else(|| corrupt("a message with a time that is none"))
}

/// Alpaca sends what happens and no present state: an event is as of its own time, and without one of any age.
fn condition(market_time: Option<DateTime<Utc>>, received_at: DateTime<Utc>) -> Option<QuoteCondition> {
    match market_time {
        None => Some(QuoteCondition::LastKnown),
        Some(time) => freshness::is_stale(time, received_at).then_some(QuoteCondition::Stale),
    }
}

fn decimal(item: &Value, name: &str) -> Option<Decimal> {
    let value = item.get(name)?;
    let exact = match value {
        Value::Number(number) => {
            let text = number.to_string();
            text.parse()
                .ok()
                .or_else(|| Decimal::from_scientific(&text).ok())
                .or_else(|| Decimal::from_f64(number.as_f64()?))
        }
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    exact.map(|value: Decimal| value.normalize())
}

fn size(item: &Value, name: &str) -> f64 {
    item.get(name).and_then(Value::as_f64).filter(|size| size.is_finite() && *size >= 0.0).unwrap_or_default()
}

fn quote(item: &Value, received_at: DateTime<Utc>) -> Result<StreamQuote, PortError> {
    let side = |name| decimal(item, name).filter(|price| *price > Decimal::ZERO);
    let market_time = time(item)?;
    Ok(StreamQuote {
        symbol: symbol(item)?,
        bid: side("bp"),
        ask: side("ap"),
        bid_size: size(item, "bs"),
        ask_size: size(item, "as"),
        market_time,
        received_at,
        condition: condition(market_time, received_at),
    })
}

fn trade(item: &Value, received_at: DateTime<Utc>) -> Result<StreamTrade, PortError> {
    let symbol = symbol(item)?;
    let price = decimal(item, "p").filter(|price| *price > Decimal::ZERO);
    let conditions = item.get("c").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let eligible = !conditions.iter().filter_map(Value::as_str).any(|code| NOT_LAST.contains(&code));
    let market_time = time(item)?;
    Ok(StreamTrade {
        price: price.ok_or_else(|| corrupt(format!("a trade of {symbol} without a price")))?,
        size: size(item, "s"),
        market_time,
        received_at,
        condition: condition(market_time, received_at),
        day_volume: None,
        eligible,
        symbol,
    })
}

/// Status codes of both plans: `H` and `P` of UTP and `2` of CTA stop trading, `T` and `3` let it go on; the others
/// (quotation resumption, price indications) change nothing.
fn halt(item: &Value, received_at: DateTime<Utc>) -> Result<Incoming, PortError> {
    let halted = match item.get("sc").and_then(Value::as_str) {
        Some("H" | "P" | "2") => true,
        Some("T" | "3") => false,
        _ => return Ok(Incoming::Other),
    };
    let reason = item.get("rm").and_then(Value::as_str).unwrap_or_default().to_owned();
    let market_time = time(item)?.unwrap_or(received_at);
    Ok(Incoming::Halt(StreamHalt { symbol: symbol(item)?, halted, reason, market_time }))
}

fn as_json(value: rmpv::Value) -> Option<Value> {
    Some(match value {
        rmpv::Value::Nil => Value::Null,
        rmpv::Value::Boolean(value) => json!(value),
        rmpv::Value::Integer(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => json!(number),
            (None, Some(number)) => json!(number),
            (None, None) => return None,
        },
        // The shortest text of the narrower float is what was meant.
        rmpv::Value::F32(number) => json!(number.to_string().parse::<f64>().ok()?),
        rmpv::Value::F64(number) => json!(number),
        rmpv::Value::String(text) => json!(text.as_str()?),
        rmpv::Value::Array(items) => Value::Array(items.into_iter().map(as_json).collect::<Option<_>>()?),
        rmpv::Value::Map(fields) => {
            let fields =
                fields.into_iter().map(|(name, value)| Some((name.as_str()?.to_owned(), as_json(value)?)));
            Value::Object(fields.collect::<Option<_>>()?)
        }
        rmpv::Value::Ext(TIMESTAMP_EXTENSION, bytes) => json!(timestamp(&bytes)?),
        rmpv::Value::Binary(_) | rmpv::Value::Ext(..) => return None,
    })
}

/// The three forms of a MessagePack timestamp.
fn timestamp(bytes: &[u8]) -> Option<String> {
    let (seconds, nanoseconds) = match bytes.len() {
        4 => (i64::from(u32::from_be_bytes(bytes.try_into().ok()?)), 0),
        8 => {
            let packed = u64::from_be_bytes(bytes.try_into().ok()?);
            (i64::try_from(packed & ((1 << 34) - 1)).ok()?, u32::try_from(packed >> 34).ok()?)
        }
        12 => {
            let (nanoseconds, seconds) = bytes.split_at(4);
            (i64::from_be_bytes(seconds.try_into().ok()?), u32::from_be_bytes(nanoseconds.try_into().ok()?))
        }
        _ => return None,
    };
    Some(DateTime::from_timestamp(seconds, nanoseconds)?.to_rfc3339_opts(chrono::SecondsFormat::Nanos, true))
}

fn as_msgpack(value: &Value) -> rmpv::Value {
    match value {
        Value::Null => rmpv::Value::Nil,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => match number.as_i64() {
            Some(number) => number.into(),
            None => number.as_f64().unwrap_or_default().into(),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => items.iter().map(as_msgpack).collect(),
        Value::Object(fields) => rmpv::Value::Map(
            fields.iter().map(|(name, value)| (name.as_str().into(), as_msgpack(value))).collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn quotes_trades_halts_and_the_rest_are_told_apart() {
        let now = at("2022-11-10T00:00:00Z");
        let frame = br#"[{"T":"q","S":"AMD","bx":"U","bp":87.66,"bs":1,"ax":"Q","ap":0,"as":4,"t":"2021-02-22T15:51:45.335689322Z","c":["R"],"z":"C"},
            {"T":"t","i":96921,"S":"AAPL","x":"D","p":126.55,"s":1,"t":"2021-02-22T15:51:44.208Z","c":["@","I"],"z":"C"},
            {"T":"s","S":"AAPL","sc":"H","sm":"Trading Halt","rc":"T12","rm":"Information requested","t":"2021-02-22T19:15:00Z","z":"C"},
            {"T":"subscription","trades":["AAPL"]},{"T":"error","code":405,"msg":"symbol limit exceeded"},{"T":"b","S":"SPY"}]"#;
        let read = parse_json(frame, now).unwrap();
        let Incoming::Quote(quote) = &read[0] else { panic!("{read:?}") };
        assert_eq!((quote.bid, quote.ask), (Some("87.66".parse().unwrap()), None));
        assert!(
            matches!(&read[1], Incoming::Trade(trade) if !trade.eligible && trade.price == "126.55".parse().unwrap())
        );
        assert!(matches!(&read[2], Incoming::Halt(halt) if halt.halted));
        assert_eq!(quote.condition, Some(QuoteCondition::Stale));
        assert_eq!(read[3], Incoming::Subscribed);
        assert!(matches!(read[4], Incoming::Refused { code: 405, .. }));
        assert_eq!(read[5], Incoming::Other);
    }

    #[test]
    fn a_quote_without_a_time_has_none_and_costs_no_connection() {
        let now = at("2021-02-22T15:51:46Z");
        let quote = |time: &str| -> Result<_, PortError> {
            let frame = format!(r#"[{{"T":"q","S":"AMD","bp":87.66,"ap":87.68{time}}}]"#);
            match parse_json(frame.as_bytes(), now)?.swap_remove(0) {
                Incoming::Quote(quote) => Ok((quote.market_time, quote.condition)),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(quote(""), Ok((None, Some(QuoteCondition::LastKnown))));
        let made = "2021-02-22T15:51:45Z";
        assert_eq!(quote(&format!(r#","t":"{made}""#)), Ok((Some(at(made)), None)));
        assert!(quote(r#","t":"yesterday""#).is_err());
    }

    #[test]
    fn msgpack_times_are_times_in_all_their_forms() {
        let now = at("2024-03-27T00:00:00Z");
        let with = |extension: Vec<u8>| {
            let fields = [
                ("T", "q".into()),
                ("S", "SPXW240327P04925000".into()),
                ("bp", 9.46.into()),
                ("ap", 9.66.into()),
            ];
            let mut map: Vec<(rmpv::Value, rmpv::Value)> =
                fields.into_iter().map(|(name, value)| (name.into(), value)).collect();
            map.push(("t".into(), rmpv::Value::Ext(-1, extension)));
            let mut bytes = Vec::new();
            rmpv::encode::write_value(&mut bytes, &rmpv::Value::Array(vec![rmpv::Value::Map(map)])).unwrap();
            parse_msgpack(&bytes, now)
        };
        let seconds = 1_711_500_000_u64;
        for extension in [
            (seconds as u32).to_be_bytes().to_vec(),
            seconds.to_be_bytes().to_vec(),
            [&[0_u8; 4][..], &seconds.to_be_bytes()].concat(),
        ] {
            let read = with(extension).unwrap();
            let Incoming::Quote(quote) = &read[0] else { panic!("{read:?}") };
            assert_eq!(quote.market_time.map(|time| time.timestamp()), Some(1_711_500_000));
            assert!(matches!(quote.symbol, StreamSymbol::Option(_)));
        }
        assert!(with(vec![1, 2, 3]).is_err());
    }

    #[test]
    fn order_updates_are_read() {
        let update = parse_trading(
            br#"{"stream":"trade_updates","data":{"event":"partial_fill","price":"133.9","qty":12,"position_qty":"12",
                "timestamp":"2021-05-01T12:00:00Z","order":{"id":"o","client_order_id":"c","status":"partially_filled",
                "symbol":"AAPL","side":"buy","qty":"20","filled_qty":"12","order_class":""}}}"#,
        );
        let Ok(TradingMessage::Update(update)) = update else { panic!("{update:?}") };
        assert_eq!((update.event.as_str(), update.quantity), ("partial_fill", Some(Decimal::from(12))));
        let refused = parse_trading(br#"{"stream":"authorization","data":{"status":"unauthorized"}}"#);
        assert_eq!(refused, Ok(TradingMessage::Authorization(false)));
    }

    proptest! {
        #[test]
        fn nonsense_is_refused_without_a_crash(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let now = DateTime::<Utc>::MIN_UTC;
            let _ = parse_json(&bytes, now);
            let _ = parse_msgpack(&bytes, now);
            let _ = parse_trading(&bytes);
        }
    }
}
