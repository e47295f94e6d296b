//! Invented markets. Nothing here is a record of anything, and everything it writes says so.

pub mod market;
