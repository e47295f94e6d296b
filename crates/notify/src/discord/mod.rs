//! Discord: the webhook of a channel, executed with `wait=true` so that an answer means a message that is kept
//! (API v10, "Execute Webhook"). One message is one request, whatever its size, so it arrives whole or not at all.

mod client;
mod config;
mod shape;

pub use client::{Discord, parse_refusal};
pub use config::DiscordConfig;
