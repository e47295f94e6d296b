//! Invented markets, and a server that plays a market to clients in its vendors' own protocols. Nothing here is a record
//! of anything that happened, and everything says so.

pub mod board;
pub mod market;
pub mod server;
