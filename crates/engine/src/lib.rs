//! The alert engine: definitions and market events in, firings out. Pure: no I/O, no clock, no threads.
//!
//! | Where | What |
//! |---|---|
//! | [`Engine`] | arms definitions, takes events in the order in which they were received, says what fired and why |
//! | [`MarketEvent`] | what happened: trades, quotes, Greeks, minute bars, halts, gaps, splits, facts of a session |
//! | [`Firing`] | an alert that fired, with its evidence; [`text`] has the words for people |
//! | [`EngineSnapshot`] | all that a restored engine needs beside the definitions |
//!
//! Rules: an event counts only where it has a market time, is no older than [`MAX_AGE_SECONDS`], lies in the alert's hours
//! and is neither halted, crossed, one-sided, too wide nor unsupported (`screen`). A state is never taken for a crossing:
//! the first event of a symbol and the first after a gap only say where the price stands. What happened in a gap is found
//! from its minute bars, whose four prices are walked as ticks from the last known price.

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests read files and clocks")
)]

mod alert;
mod book;
mod engine;
mod evaluate;
mod event;
mod feed;
mod firing;
mod hours;
mod index;
mod instrument;
mod leaf;
mod number;
pub mod phrase;
mod schedule;
mod screen;
mod snapshot;
pub mod text;
mod tick;

pub use engine::{ArmError, Engine};
pub use event::{
    InstrumentId, MarketBar, MarketEvent, MarketGap, MarketGreeks, MarketHalt, MarketQuote, MarketSplit,
    MarketTrade, SymbolFacts, Watched,
};
pub use firing::{Firing, FiringWay, LeafReading};
pub use hours::TradingPart;
pub use screen::{MAX_AGE_SECONDS, Timeliness};
pub use snapshot::EngineSnapshot;
