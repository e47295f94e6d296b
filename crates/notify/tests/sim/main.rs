//! The channels against the simulated services and a scripted mail server.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers outside of the test functions, too, end a test so"
)]

mod discord;
mod email;
mod ntfy;
mod secrets;
mod slack;
mod smtp_server;
mod support;
mod webhook;
