//! A receiver of the user's own: one JSON body a message, signed, with an idempotency key. `docs/notify/webhook.md` says how
//! a receiver checks the signature.

mod client;
mod config;
mod shape;
mod signature;

pub use client::Webhook;
pub use config::WebhookConfig;
pub use signature::{SignatureError, verify};
