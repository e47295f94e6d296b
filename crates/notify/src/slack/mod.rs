//! Slack: an incoming webhook, fed with blocks. One message is one request. A webhook cannot carry files; the message says
//! which ones there are and links to them where it has a link.

mod client;
mod config;
mod shape;

pub use client::{Slack, parse_refusal};
pub use config::SlackConfig;
