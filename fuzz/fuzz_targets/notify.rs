//! What notification services answer, and signatures of webhooks: reading them never panics, no refusal is taken for a success, and
//! no signature is believed that was not made with the key.
#![no_main]

use chrono::{DateTime, Duration};
use http::StatusCode;
use libfuzzer_sys::fuzz_target;
use secrecy::SecretString;
use ttai_notify::{discord, ntfy, slack, webhook};

fuzz_target!(|input: (u16, &str, &[u8])| {
    let (status, header, body) = input;
    if let Ok(status) = StatusCode::from_u16(100 + status % 900) {
        let _ = discord::parse_refusal(status, body).to_string();
        let _ = ntfy::parse_refusal(status, body).to_string();
        let _ = slack::parse_refusal(status, body).to_string();
    }
    let key = SecretString::from("a key that no input knows");
    let now = DateTime::UNIX_EPOCH;
    assert!(webhook::verify(&key, header, body, now, Duration::MAX).is_err());
});
