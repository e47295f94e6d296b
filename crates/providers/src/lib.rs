//! Where the market data comes from: one module a provider, each an implementation of the traits of `ttai-ports`.
//! Nothing here decides anything about a trade, and nothing here knows Temporal.

pub mod alpaca;
mod cached;
pub mod cboe;
pub mod computed;
mod contract_terms;
mod dividends;
pub mod dxlink;
pub mod edgar;
mod event_time;
pub mod fallback;
mod freshness;
pub mod llm;
mod mailbox;
pub mod own_list;
pub mod polling;
pub mod rss;
mod stored_volatility;
pub mod tape;
pub mod tastytrade;
pub mod tradingview;

pub use alpaca::Alpaca;
pub use computed::Computed;
pub use fallback::Fallback;
pub use own_list::OwnList;
pub use polling::Polling;
pub use stored_volatility::StoredVolatility;
pub use tape::Tape;
pub use tastytrade::Tastytrade;
