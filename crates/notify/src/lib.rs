//! ttai's channels to people. One folder a channel, all alike: `config` (what a user sets), `shape` (a message within the
//! channel's limits, pure), `client` (sends it and tells what became of it). No message is refused for its size: it is
//! shaped, and says what was left out.

mod address;
mod carried;
mod channels;
mod config;
pub mod discord;
pub mod email;
mod multipart;
pub mod ntfy;
mod refusal;
pub mod slack;
mod text;
pub mod webhook;

pub use channels::Channels;
pub use config::{ChannelConfig, NamedChannel};
