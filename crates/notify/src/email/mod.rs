//! E-mail: one message over SMTP (RFC 5321) with STARTTLS (RFC 3207) unless told otherwise, text and HTML, charts in place.

mod client;
mod config;
mod failure;
mod shape;

pub use client::Email;
pub use config::{EmailConfig, EmailSecurity};
