//! Event types and their fields by name, and which fields come in which order on a channel: FEED_CONFIG says so.

/// The event types that are read. dxFeed has more; they are not asked for, and left out where they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventType {
    /// Best bid and ask.
    Quote,
    /// Last trade of the regular session.
    Trade,
    /// Last trade outside the regular session.
    TradeEth,
    /// Greeks of an option.
    Greeks,
    /// The day's open, high, low, close and open interest.
    Summary,
    /// Description, trading status, limits, fundamentals.
    Profile,
    /// Price bars.
    Candle,
}

impl EventType {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Quote, Self::Trade, Self::TradeEth, Self::Greeks, Self::Summary, Self::Profile, Self::Candle];

    /// dxFeed's name of it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Quote => "Quote",
            Self::Trade => "Trade",
            Self::TradeEth => "TradeETH",
            Self::Greeks => "Greeks",
            Self::Summary => "Summary",
            Self::Profile => "Profile",
            Self::Candle => "Candle",
        }
    }

    /// The type of a name; none for those that are not read.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event_type| event_type.name() == name)
    }

    /// The fields to ask for, in the order of asking. What the server then sends is its own to say.
    #[must_use]
    pub fn wanted_fields(self) -> &'static [&'static str] {
        match self {
            Self::Quote => {
                &["eventSymbol", "bidPrice", "askPrice", "bidSize", "askSize", "bidTime", "askTime"]
            }
            Self::Trade | Self::TradeEth => {
                &["eventSymbol", "time", "sequence", "price", "size", "dayVolume", "extendedTradingHours"]
            }
            Self::Greeks => {
                &["eventSymbol", "time", "price", "volatility", "delta", "gamma", "theta", "rho", "vega"]
            }
            Self::Summary => &[
                "eventSymbol",
                "dayId",
                "dayOpenPrice",
                "dayHighPrice",
                "dayLowPrice",
                "dayClosePrice",
                "prevDayId",
                "prevDayClosePrice",
                "prevDayVolume",
                "openInterest",
            ],
            Self::Profile => &[
                "eventSymbol",
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
            Self::Candle => &[
                "eventSymbol",
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
                "impVolatility",
                "openInterest",
            ],
        }
    }
}

/// Names each field once: the enumeration, its spelling, and the way back.
macro_rules! fields {
    ($($field:ident = $name:literal),* $(,)?) => {
        /// A field that is read. One name means the same in every event type.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Field {
            $($field,)*
            /// A field that is not read.
            Other,
        }

        impl Field {
            pub(super) fn from_name(name: &str) -> Self {
                match name {
                    $($name => Self::$field,)*
                    _ => Self::Other,
                }
            }
        }
    };
}

fields! {
    EventSymbol = "eventSymbol", EventType = "eventType", EventTime = "eventTime", EventFlags = "eventFlags",
    Index = "index", Time = "time", Sequence = "sequence", Count = "count", Price = "price", Size = "size",
    BidPrice = "bidPrice", AskPrice = "askPrice", BidSize = "bidSize", AskSize = "askSize", BidTime = "bidTime",
    AskTime = "askTime", DayVolume = "dayVolume", ExtendedTradingHours = "extendedTradingHours", Volatility = "volatility", Delta = "delta", Gamma = "gamma",
    Theta = "theta", Rho = "rho", Vega = "vega", DayId = "dayId", DayOpenPrice = "dayOpenPrice",
    DayHighPrice = "dayHighPrice", DayLowPrice = "dayLowPrice", DayClosePrice = "dayClosePrice",
    PrevDayId = "prevDayId", PrevDayClosePrice = "prevDayClosePrice", PrevDayVolume = "prevDayVolume",
    OpenInterest = "openInterest", Description = "description", ShortSaleRestriction = "shortSaleRestriction",
    TradingStatus = "tradingStatus", StatusReason = "statusReason", HaltStartTime = "haltStartTime",
    HaltEndTime = "haltEndTime", HighLimitPrice = "highLimitPrice", LowLimitPrice = "lowLimitPrice",
    High52WeekPrice = "high52WeekPrice", Low52WeekPrice = "low52WeekPrice", Beta = "beta",
    EarningsPerShare = "earningsPerShare", DividendFrequency = "dividendFrequency",
    ExDividendAmount = "exDividendAmount", ExDividendDayId = "exDividendDayId", Shares = "shares",
    FreeFloat = "freeFloat", Open = "open", High = "high", Low = "low", Close = "close", Volume = "volume",
    Vwap = "VWAP", ImpVolatility = "impVolatility",
}

/// The order of the fields of each event type on one channel.
#[derive(Clone, Debug, Default)]
pub struct EventFields {
    by_type: [Option<Box<[Field]>>; EventType::ALL.len()],
}

impl EventFields {
    /// What a FEED_CONFIG says is merged over what was said before: a type that it does not name keeps its order.
    /// Types that are not read are left out.
    pub fn merge<'n>(&mut self, types: impl IntoIterator<Item = (&'n str, &'n [String])>) {
        for (name, fields) in types {
            if let Some(event_type) = EventType::from_name(name) {
                let order = fields.iter().map(|field| Field::from_name(field)).collect();
                self.by_type[event_type as usize] = Some(order);
            }
        }
    }

    /// The order as it was asked for: what a test or a benchmark needs.
    #[must_use]
    pub fn as_wanted() -> Self {
        let order = |event_type: EventType| {
            Some(event_type.wanted_fields().iter().map(|field| Field::from_name(field)).collect())
        };
        Self { by_type: EventType::ALL.map(order) }
    }

    /// The fields of one event of a type; none before the server said so.
    #[inline]
    pub(super) fn of(&self, event_type: EventType) -> Option<&[Field]> {
        self.by_type[event_type as usize].as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_asked_for_is_read() {
        for event_type in EventType::ALL {
            assert_eq!(EventType::from_name(event_type.name()), Some(event_type));
            for field in event_type.wanted_fields() {
                assert_ne!(Field::from_name(field), Field::Other, "{field}");
            }
        }
        assert_eq!(EventType::from_name("Underlying"), None);
    }

    #[test]
    fn a_later_configuration_changes_only_what_it_names() {
        let mut fields = EventFields::as_wanted();
        let order = ["askPrice".to_owned(), "eventSymbol".to_owned(), "invented".to_owned()];
        fields.merge([("Quote", order.as_slice()), ("Order", order.as_slice())]);
        assert_eq!(
            fields.of(EventType::Quote),
            Some([Field::AskPrice, Field::EventSymbol, Field::Other].as_slice())
        );
        assert_eq!(fields.of(EventType::Trade).map(<[Field]>::len), Some(7));
    }
}
