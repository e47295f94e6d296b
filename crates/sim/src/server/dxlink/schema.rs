//! Event types and their fields, in the order of dxFeed's AsyncAPI document 1.0.2.

use super::value::{Value, quoted};

/// An event's fields but type, symbol and time.
pub(super) type Fields = Vec<(&'static str, Value)>;

/// The fields that every event has.
const COMMON: [&str; 3] = ["eventType", "eventSymbol", "eventTime"];

/// The fields of a type after the common ones; none for a type that does not exist.
pub(super) fn fields_of(event_type: &str) -> Option<&'static [&'static str]> {
    Some(match event_type {
        "Quote" => &[
            "sequence",
            "timeNanoPart",
            "bidTime",
            "bidExchangeCode",
            "bidPrice",
            "bidSize",
            "askTime",
            "askExchangeCode",
            "askPrice",
            "askSize",
        ],
        "Trade" | "TradeETH" => &[
            "time",
            "timeNanoPart",
            "sequence",
            "exchangeCode",
            "price",
            "change",
            "size",
            "dayId",
            "dayVolume",
            "dayTurnover",
            "tickDirection",
            "extendedTradingHours",
        ],
        "Greeks" => &[
            "eventFlags",
            "index",
            "time",
            "sequence",
            "price",
            "volatility",
            "delta",
            "gamma",
            "theta",
            "rho",
            "vega",
        ],
        "Summary" => &[
            "dayId",
            "dayOpenPrice",
            "dayHighPrice",
            "dayLowPrice",
            "dayClosePrice",
            "dayClosePriceType",
            "prevDayId",
            "prevDayClosePrice",
            "prevDayClosePriceType",
            "prevDayVolume",
            "openInterest",
        ],
        "Profile" => &[
            "description",
            "shortSaleRestriction",
            "tradingStatus",
            "statusReason",
            "haltStartTime",
            "haltEndTime",
            "highLimitPrice",
            "lowLimitPrice",
            "high52WeekPrice",
            "low52WeekPrice",
            "beta",
            "earningsPerShare",
            "dividendFrequency",
            "exDividendAmount",
            "exDividendDayId",
            "shares",
            "freeFloat",
        ],
        "Candle" => &[
            "eventFlags",
            "index",
            "time",
            "sequence",
            "count",
            "open",
            "high",
            "low",
            "close",
            "volume",
            "VWAP",
            "bidVolume",
            "askVolume",
            "impVolatility",
            "openInterest",
        ],
        // Known, but this market has none of them.
        "TimeAndSale" | "TheoPrice" | "Underlying" | "Series" | "OptionSale" | "Order" | "SpreadOrder"
        | "AnalyticOrder" | "Configuration" | "Message" => &[],
        _ => return None,
    })
}

/// The order in which a type's fields are sent: as asked for, without those that do not exist; all where nothing was asked.
/// Case does not matter, and the spelling of the asker stands (`vwap` of PyPI tastytrade).
pub(super) fn order(event_type: &str, asked: Option<&[String]>) -> Vec<String> {
    let own = fields_of(event_type).unwrap_or_default();
    let all = || COMMON.iter().chain(own);
    let asked: Vec<String> = asked
        .unwrap_or_default()
        .iter()
        .filter(|field| all().any(|known| known.eq_ignore_ascii_case(field)))
        .cloned()
        .collect();
    if asked.is_empty() { all().map(|field| (*field).to_owned()).collect() } else { asked }
}

/// One event to send.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct OutEvent {
    /// Its symbol, as subscribed.
    pub(super) symbol: String,
    /// Its fields.
    pub(super) fields: Fields,
}

impl OutEvent {
    /// The value of a field; NaN where it is not known, as for any empty number.
    fn value(&self, event_type: &str, field: &str) -> Value {
        if field.eq_ignore_ascii_case("eventSymbol") {
            return Value::text(&self.symbol);
        }
        if field.eq_ignore_ascii_case("eventType") {
            return Value::text(event_type);
        }
        if field.eq_ignore_ascii_case("eventTime") {
            return Value::Long(0);
        }
        let known = self.fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(field));
        known.map_or(Value::Double(f64::NAN), |(_, value)| value.clone())
    }
}

/// `"Quote",["AAPL",1.0,…]` in brackets.
pub(super) fn compact(event_type: &str, order: &[String], events: &[OutEvent]) -> String {
    let mut json = format!("[{},[", quoted(event_type));
    for (number, event) in events.iter().enumerate() {
        for (place, field) in order.iter().enumerate() {
            if number + place > 0 {
                json.push(',');
            }
            event.value(event_type, field).write(&mut json);
        }
    }
    json.push_str("]]");
    json
}

/// Objects with their field names.
pub(super) fn full(event_type: &str, order: &[String], events: &[OutEvent]) -> String {
    let mut json = String::from("[");
    for (number, event) in events.iter().enumerate() {
        json.push_str(if number > 0 { ",{" } else { "{" });
        // An object without its type could not be told.
        let rest = order.iter().filter(|field| *field != "eventType").map(String::as_str);
        for (place, field) in std::iter::once("eventType").chain(rest).enumerate() {
            if place > 0 {
                json.push(',');
            }
            json.push_str(&quoted(field));
            json.push(':');
            event.value(event_type, field).write(&mut json);
        }
        json.push('}');
    }
    json.push(']');
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_the_askers_without_what_does_not_exist() {
        let asked = ["eventSymbol", "vwap", "invented", "close"].map(str::to_owned);
        assert_eq!(order("Candle", Some(&asked)), ["eventSymbol", "vwap", "close"]);
        assert_eq!(order("Quote", None).len(), 13);
        assert_eq!(order("Quote", Some(&[]))[..2], ["eventType", "eventSymbol"]);
    }

    #[test]
    fn both_formats_carry_the_same() {
        let event = |symbol: &str, bid| OutEvent {
            symbol: symbol.to_owned(),
            fields: vec![("bidPrice", Value::Double(bid)), ("bidExchangeCode", Value::text("Q"))],
        };
        let events = [event("A", 1.5), event("B", f64::NAN)];
        let order = ["eventSymbol", "bidPrice"].map(str::to_owned);
        assert_eq!(compact("Quote", &order, &events), r#"["Quote",["A",1.5,"B","NaN"]]"#);
        assert_eq!(
            full("Quote", &order, &events),
            r#"[{"eventType":"Quote","eventSymbol":"A","bidPrice":1.5},{"eventType":"Quote","eventSymbol":"B","bidPrice":"NaN"}]"#
        );
    }
}
