//! What the crate promises, against a real Temporal server, a local download server and stand-ins for Go.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure in a helper is a failed test")]

mod lifecycle;
mod locating;
mod release_server;
