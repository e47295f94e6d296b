//! Each provider's adapter against the simulated market, over the vendor's own protocol.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod alpaca;
mod cboe;
mod computed;
mod control;
mod dxlink;
mod edgar;
mod llm;
mod orders;
mod rss;
mod starter;
mod streams;
mod support;
mod tastytrade;
mod tradingview;
mod vendors;
