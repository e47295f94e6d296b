//! ntfy: a push message on a phone, by a topic of ntfy.sh or of a server of one's own ("Publishing" of its documentation). One POST to
//! the topic a message: the text or the file is the body, the rest stands in headers, as RFC 2047 has it where it is not ASCII.

mod client;
mod config;
mod shape;

pub use client::{Ntfy, parse_refusal};
pub use config::NtfyConfig;
