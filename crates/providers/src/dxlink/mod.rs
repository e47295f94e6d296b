//! dxFeed's DXLink, the websocket over which tastytrade serves quotes, trades, Greeks and price bars.
//!
//! [`DxLink`] is one connection shared by all readers of a process. What it does about a lost connection, a silent server and
//! a slow reader is told in `docs/providers/dxlink.md`; the frames are those of dxFeed's AsyncAPI document 1.0.2.

mod candle;
mod candles;
mod client;
mod connection;
mod currency;
mod decode;
mod error;
mod fields;
mod frame;
mod hub;
mod json;
mod model;
mod number;
mod outgoing;
mod registry;
mod token;

#[cfg(test)]
mod tests;

use ttai_ports::StreamSymbol;

pub use candle::{Candle, CandleHistory, CandlePeriod, CandleSymbol, TradingHours};
pub use client::{DxLink, DxLinkConfig};
pub use fields::{EventFields, EventType};
pub use frame::{DataFormat, ErrorKind, FeedConfig, FeedData, Frame, parse_frame};
pub use model::{CandleEvent, Event, GreeksEvent, ProfileEvent, QuoteEvent, SummaryEvent, TradeEvent, flags};
pub use token::{FixedToken, StreamAccess, TokenSource};

/// dxFeed's spelling of a symbol.
fn streamer_symbol(symbol: &StreamSymbol) -> String {
    match symbol {
        StreamSymbol::Equity(symbol) => symbol.streamer(),
        StreamSymbol::Option(contract) => contract.streamer(),
    }
}
