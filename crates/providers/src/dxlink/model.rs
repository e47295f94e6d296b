//! The events as DXLink sends them, decoded: prices as decimals with the digits sent, the rest as floats, times in
//! milliseconds since 1970 (0 where unknown). Nothing is judged here.

use std::borrow::Cow;

use rust_decimal::Decimal;

use super::fields::{EventType, Field};
use super::json::{Cursor, Read};

/// dxFeed's flags of indexed events (com.dxfeed.event.IndexedEvent): how a snapshot and a transaction are put together.
pub mod flags {
    /// More events of the same transaction follow; they apply together.
    pub const TX_PENDING: i64 = 0x01;
    /// The event of this index is to be removed.
    pub const REMOVE_EVENT: i64 = 0x02;
    /// A snapshot begins; what was known before is void.
    pub const SNAPSHOT_BEGIN: i64 = 0x04;
    /// The snapshot is complete with this event.
    pub const SNAPSHOT_END: i64 = 0x08;
    /// The snapshot ends with this event though there is more that will not be sent.
    pub const SNAPSHOT_SNIP: i64 = 0x10;
}

/// Best bid and ask.
#[derive(Clone, Debug, PartialEq)]
pub struct QuoteEvent<'a> {
    /// The streamer symbol.
    pub symbol: Cow<'a, str>,
    /// Dollars; none where nobody bids.
    pub bid: Option<Decimal>,
    /// Dollars; none where nobody offers.
    pub ask: Option<Decimal>,
    /// Shares or contracts; NaN where unknown.
    pub bid_size: f64,
    /// Shares or contracts; NaN where unknown.
    pub ask_size: f64,
    /// When the bid last changed. Zero in most feeds.
    pub bid_time: i64,
    /// When the ask last changed. Zero in most feeds.
    pub ask_time: i64,
    /// When the event was created.
    pub event_time: i64,
}

/// The last trade, of the regular session (`Trade`) or outside it (`TradeETH`).
#[derive(Clone, Debug, PartialEq)]
pub struct TradeEvent<'a> {
    /// The streamer symbol.
    pub symbol: Cow<'a, str>,
    /// Dollars.
    pub price: Option<Decimal>,
    /// Shares or contracts.
    pub size: f64,
    /// When it was made.
    pub time: i64,
    /// Tells trades of the same time apart.
    pub sequence: i64,
    /// Shares traded in the day so far; NaN where unknown.
    pub day_volume: f64,
    /// Whether it was made outside the regular session.
    pub extended_hours: bool,
}

/// Greeks of an option as dxFeed computes them.
#[derive(Clone, Debug, PartialEq)]
pub struct GreeksEvent<'a> {
    /// The streamer symbol.
    pub symbol: Cow<'a, str>,
    /// Dollars a share.
    pub price: f64,
    /// Implied volatility, a fraction a year.
    pub volatility: f64,
    /// Per dollar of the underlying.
    pub delta: f64,
    /// Delta per dollar.
    pub gamma: f64,
    /// Dollars a day.
    pub theta: f64,
    /// Dollars per point of interest.
    pub rho: f64,
    /// Dollars per point of volatility.
    pub vega: f64,
    /// When they were computed.
    pub time: i64,
}

/// The day's prices.
#[derive(Clone, Debug, PartialEq)]
pub struct SummaryEvent<'a> {
    /// The streamer symbol.
    pub symbol: Cow<'a, str>,
    /// Days since 1970 of the day.
    pub day_id: i64,
    /// First trade.
    pub open: Option<Decimal>,
    /// Highest trade.
    pub high: Option<Decimal>,
    /// Lowest trade.
    pub low: Option<Decimal>,
    /// Close; none before it.
    pub close: Option<Decimal>,
    /// Days since 1970 of the day before.
    pub previous_day_id: i64,
    /// Close of the day before.
    pub previous_close: Option<Decimal>,
    /// Volume of the day before.
    pub previous_volume: f64,
    /// Contracts open.
    pub open_interest: i64,
}

/// What a symbol is and whether it trades.
#[derive(Clone, Debug, PartialEq)]
pub struct ProfileEvent<'a> {
    /// The streamer symbol.
    pub symbol: Cow<'a, str>,
    /// Name of the company or contract.
    pub description: Cow<'a, str>,
    /// ACTIVE, INACTIVE or UNDEFINED.
    pub short_sale_restriction: Cow<'a, str>,
    /// ACTIVE, HALTED or UNDEFINED.
    pub trading_status: Cow<'a, str>,
    /// Why it is halted.
    pub status_reason: Cow<'a, str>,
    /// When the halt began.
    pub halt_start: i64,
    /// When it ends.
    pub halt_end: i64,
    /// Highest price allowed.
    pub high_limit: Option<Decimal>,
    /// Lowest price allowed.
    pub low_limit: Option<Decimal>,
    /// Highest price of 52 weeks.
    pub high_52_weeks: Option<Decimal>,
    /// Lowest price of 52 weeks.
    pub low_52_weeks: Option<Decimal>,
    /// Against the S&P 500.
    pub beta: f64,
    /// Dollars a share.
    pub earnings_per_share: f64,
    /// Dividends a year.
    pub dividend_frequency: f64,
    /// Dollars a share of the last dividend.
    pub ex_dividend_amount: f64,
    /// Days since 1970 of the last ex-date.
    pub ex_dividend_day_id: i64,
    /// Shares outstanding.
    pub shares: f64,
    /// Shares that trade.
    pub free_float: f64,
}

/// One price bar.
#[derive(Clone, Debug, PartialEq)]
pub struct CandleEvent<'a> {
    /// The candle symbol: `AAPL{=d}`.
    pub symbol: Cow<'a, str>,
    /// [`flags`].
    pub flags: i64,
    /// Unique for a symbol; grows with time.
    pub index: i64,
    /// Start of the bar.
    pub time: i64,
    /// Tells bars of the same time apart.
    pub sequence: i64,
    /// Trades in it.
    pub count: i64,
    /// First trade; NaN in a bar without trades.
    pub open: f64,
    /// Highest trade.
    pub high: f64,
    /// Lowest trade.
    pub low: f64,
    /// Last trade.
    pub close: f64,
    /// Shares.
    pub volume: f64,
    /// Volume-weighted average price.
    pub vwap: f64,
    /// Implied volatility.
    pub implied_volatility: f64,
    /// Contracts open.
    pub open_interest: f64,
}

/// One event of a FEED_DATA frame.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<'a> {
    /// Best bid and ask.
    Quote(QuoteEvent<'a>),
    /// A trade, of either kind.
    Trade(TradeEvent<'a>),
    /// Greeks.
    Greeks(GreeksEvent<'a>),
    /// The day's prices.
    Summary(SummaryEvent<'a>),
    /// Description and trading status.
    Profile(Box<ProfileEvent<'a>>),
    /// A price bar.
    Candle(CandleEvent<'a>),
}

impl Event<'_> {
    /// Milliseconds since 1970 of a trade or of Greeks; none of an event that says nothing about the present.
    pub(super) const fn time_millis(&self) -> Option<i64> {
        match self {
            Self::Trade(trade) => Some(trade.time),
            Self::Greeks(greeks) => Some(greeks.time),
            _ => None,
        }
    }
}

/// An event that is filled field by field.
pub(super) trait Wire<'a>: Sized {
    /// With nothing known.
    fn blank(event_type: EventType) -> Self;
    /// Reads the value of a field, or skips it.
    fn set(&mut self, field: Field, value: &mut Cursor<'a>) -> Read<()>;
    /// As one of all events.
    fn into_event(self) -> Event<'a>;
}

const NO_TEXT: Cow<'static, str> = Cow::Borrowed("");

impl<'a> Wire<'a> for QuoteEvent<'a> {
    #[inline]
    fn blank(_: EventType) -> Self {
        Self {
            symbol: NO_TEXT,
            bid: None,
            ask: None,
            bid_size: f64::NAN,
            ask_size: f64::NAN,
            bid_time: 0,
            ask_time: 0,
            event_time: 0,
        }
    }

    #[inline]
    fn set(&mut self, field: Field, value: &mut Cursor<'a>) -> Read<()> {
        match field {
            Field::EventSymbol => self.symbol = value.string()?,
            Field::BidPrice => self.bid = value.price()?,
            Field::AskPrice => self.ask = value.price()?,
            Field::BidSize => self.bid_size = value.double()?,
            Field::AskSize => self.ask_size = value.double()?,
            Field::BidTime => self.bid_time = value.integer()?,
            Field::AskTime => self.ask_time = value.integer()?,
            Field::EventTime => self.event_time = value.integer()?,
            _ => value.skip()?,
        }
        Ok(())
    }

    fn into_event(self) -> Event<'a> {
        Event::Quote(self)
    }
}

impl<'a> Wire<'a> for TradeEvent<'a> {
    fn blank(event_type: EventType) -> Self {
        Self {
            symbol: NO_TEXT,
            price: None,
            size: f64::NAN,
            time: 0,
            sequence: 0,
            day_volume: f64::NAN,
            extended_hours: event_type == EventType::TradeEth,
        }
    }

    fn set(&mut self, field: Field, value: &mut Cursor<'a>) -> Read<()> {
        match field {
            Field::EventSymbol => self.symbol = value.string()?,
            Field::Price => self.price = value.price()?,
            Field::Size => self.size = value.double()?,
            Field::Time => self.time = value.integer()?,
            Field::Sequence => self.sequence = value.integer()?,
            Field::DayVolume => self.day_volume = value.double()?,
            Field::ExtendedTradingHours => self.extended_hours |= value.boolean()?,
            _ => value.skip()?,
        }
        Ok(())
    }

    fn into_event(self) -> Event<'a> {
        Event::Trade(self)
    }
}

impl<'a> Wire<'a> for GreeksEvent<'a> {
    fn blank(_: EventType) -> Self {
        Self {
            symbol: NO_TEXT,
            price: f64::NAN,
            volatility: f64::NAN,
            delta: f64::NAN,
            gamma: f64::NAN,
            theta: f64::NAN,
            rho: f64::NAN,
            vega: f64::NAN,
            time: 0,
        }
    }

    fn set(&mut self, field: Field, value: &mut Cursor<'a>) -> Read<()> {
        match field {
            Field::EventSymbol => self.symbol = value.string()?,
            Field::Price => self.price = value.double()?,
            Field::Volatility => self.volatility = value.double()?,
            Field::Delta => self.delta = value.double()?,
            Field::Gamma => self.gamma = value.double()?,
            Field::Theta => self.theta = value.double()?,
            Field::Rho => self.rho = value.double()?,
            Field::Vega => self.vega = value.double()?,
            Field::Time => self.time = value.integer()?,
            _ => value.skip()?,
        }
        Ok(())
    }

    fn into_event(self) -> Event<'a> {
        Event::Greeks(self)
    }
}

impl<'a> Wire<'a> for SummaryEvent<'a> {
    fn blank(_: EventType) -> Self {
        Self {
            symbol: NO_TEXT,
            day_id: 0,
            open: None,
            high: None,
            low: None,
            close: None,
            previous_day_id: 0,
            previous_close: None,
            previous_volume: f64::NAN,
            open_interest: 0,
        }
    }

    fn set(&mut self, field: Field, value: &mut Cursor<'a>) -> Read<()> {
        match field {
            Field::EventSymbol => self.symbol = value.string()?,
            Field::DayId => self.day_id = value.integer()?,
            Field::DayOpenPrice => self.open = value.price()?,
            Field::DayHighPrice => self.high = value.price()?,
            Field::DayLowPrice => self.low = value.price()?,
            Field::DayClosePrice => self.close = value.price()?,
            Field::PrevDayId => self.previous_day_id = value.integer()?,
            Field::PrevDayClosePrice => self.previous_close = value.price()?,
            Field::PrevDayVolume => self.previous_volume = value.double()?,
            Field::OpenInterest => self.open_interest = value.integer()?,
            _ => value.skip()?,
        }
        Ok(())
    }

    fn into_event(self) -> Event<'a> {
        Event::Summary(self)
    }
}

impl<'a> Wire<'a> for ProfileEvent<'a> {
    fn blank(_: EventType) -> Self {
        Self {
            symbol: NO_TEXT,
            description: NO_TEXT,
            short_sale_restriction: NO_TEXT,
            trading_status: NO_TEXT,
            status_reason: NO_TEXT,
            halt_start: 0,
            halt_end: 0,
            high_limit: None,
            low_limit: None,
            high_52_weeks: None,
            low_52_weeks: None,
            beta: f64::NAN,
            earnings_per_share: f64::NAN,
            dividend_frequency: f64::NAN,
            ex_dividend_amount: f64::NAN,
            ex_dividend_day_id: 0,
            shares: f64::NAN,
            free_float: f64::NAN,
        }
    }

    fn set(&mut self, field: Field, value: &mut Cursor<'a>) -> Read<()> {
        match field {
            Field::EventSymbol => self.symbol = value.string()?,
            Field::Description => self.description = value.text()?,
            Field::ShortSaleRestriction => self.short_sale_restriction = value.text()?,
            Field::TradingStatus => self.trading_status = value.text()?,
            Field::StatusReason => self.status_reason = value.text()?,
            Field::HaltStartTime => self.halt_start = value.integer()?,
            Field::HaltEndTime => self.halt_end = value.integer()?,
            Field::HighLimitPrice => self.high_limit = value.price()?,
            Field::LowLimitPrice => self.low_limit = value.price()?,
            Field::High52WeekPrice => self.high_52_weeks = value.price()?,
            Field::Low52WeekPrice => self.low_52_weeks = value.price()?,
            Field::Beta => self.beta = value.double()?,
            Field::EarningsPerShare => self.earnings_per_share = value.double()?,
            Field::DividendFrequency => self.dividend_frequency = value.double()?,
            Field::ExDividendAmount => self.ex_dividend_amount = value.double()?,
            Field::ExDividendDayId => self.ex_dividend_day_id = value.integer()?,
            Field::Shares => self.shares = value.double()?,
            Field::FreeFloat => self.free_float = value.double()?,
            _ => value.skip()?,
        }
        Ok(())
    }

    fn into_event(self) -> Event<'a> {
        Event::Profile(Box::new(self))
    }
}

impl<'a> Wire<'a> for CandleEvent<'a> {
    fn blank(_: EventType) -> Self {
        Self {
            symbol: NO_TEXT,
            flags: 0,
            index: 0,
            time: 0,
            sequence: 0,
            count: 0,
            open: f64::NAN,
            high: f64::NAN,
            low: f64::NAN,
            close: f64::NAN,
            volume: f64::NAN,
            vwap: f64::NAN,
            implied_volatility: f64::NAN,
            open_interest: f64::NAN,
        }
    }

    fn set(&mut self, field: Field, value: &mut Cursor<'a>) -> Read<()> {
        match field {
            Field::EventSymbol => self.symbol = value.string()?,
            Field::EventFlags => self.flags = value.integer()?,
            Field::Index => self.index = value.integer()?,
            Field::Time => self.time = value.integer()?,
            Field::Sequence => self.sequence = value.integer()?,
            Field::Count => self.count = value.integer()?,
            Field::Open => self.open = value.double()?,
            Field::High => self.high = value.double()?,
            Field::Low => self.low = value.double()?,
            Field::Close => self.close = value.double()?,
            Field::Volume => self.volume = value.double()?,
            Field::Vwap => self.vwap = value.double()?,
            Field::ImpVolatility => self.implied_volatility = value.double()?,
            Field::OpenInterest => self.open_interest = value.double()?,
            _ => value.skip()?,
        }
        Ok(())
    }

    fn into_event(self) -> Event<'a> {
        Event::Candle(self)
    }
}
