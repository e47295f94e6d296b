//! The signature of a webhook's request: HMAC-SHA256 (RFC 2104) over the time and the body, in hexadecimal.
//!
//! `X-Ttai-Signature: t=1402081200,v1=5257a8…` where the signed text is `1402081200.` and then the body's bytes. There is one
//! `v1` for each key that is in force.

use chrono::{DateTime, Duration, Utc};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use crate::carried::hex;

/// Why a request is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureError {
    /// The header is none of this kind.
    Malformed,
    /// Its time is too far from the receiver's: an old request played again, or a wrong clock.
    OutsideTolerance,
    /// No `v1` fits the key and the body.
    Mismatch,
}

impl std::fmt::Display for SignatureError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the signature header cannot be read",
            Self::OutsideTolerance => "the signature's time is too far from now",
            Self::Mismatch => "the signature does not fit",
        })
    }
}

impl std::error::Error for SignatureError {}

/// The header's value for a body sent at `now`.
pub(crate) fn sign(keys: &[&SecretString], now: DateTime<Utc>, body: &[u8]) -> String {
    let time = now.timestamp();
    let signatures = keys.iter().filter_map(|key| Some(hex(&mac(key, time, body)?.finalize().into_bytes())));
    signatures.fold(format!("t={time}"), |header, signature| format!("{header},v1={signature}"))
}

/// Checks a request as a receiver does: `header` is the value of `X-Ttai-Signature`, `body` the bytes as they came, before any
/// parsing. The comparison takes the same time wherever the signatures differ.
///
/// # Errors
/// [`SignatureError`]; answer 401 and do nothing.
pub fn verify(
    key: &SecretString,
    header: &str,
    body: &[u8],
    now: DateTime<Utc>,
    tolerance: Duration,
) -> Result<(), SignatureError> {
    let mut time = None;
    let mut signatures = Vec::new();
    for part in header.split(',') {
        match part.trim().split_once('=') {
            Some(("t", value)) => time = value.parse::<i64>().ok(),
            Some(("v1", value)) => signatures.extend(from_hex(value)),
            // A later version may stand beside this one.
            _ => {}
        }
    }
    let time = time.ok_or(SignatureError::Malformed)?;
    if now.timestamp().abs_diff(time) > tolerance.num_seconds().unsigned_abs() {
        return Err(SignatureError::OutsideTolerance);
    }
    let mac = mac(key, time, body).ok_or(SignatureError::Malformed)?;
    let fits = |signature: &Vec<u8>| mac.clone().verify_slice(signature).is_ok();
    if signatures.iter().any(fits) { Ok(()) } else { Err(SignatureError::Mismatch) }
}

/// HMAC takes keys of any length, so this is never none.
fn mac(key: &SecretString, time: i64, body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes()).ok()?;
    mac.update(format!("{time}.").as_bytes());
    mac.update(body);
    Some(mac)
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|letter| letter.to_digit(16)).collect();
    let digits = digits?;
    (digits.len() == 64)
        .then(|| digits.chunks(2).filter_map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text.to_owned())
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn check(key: &str, header: &str, body: &[u8], now: i64) -> Result<(), SignatureError> {
        verify(&secret(key), header, body, at(now), Duration::minutes(5))
    }

    #[test]
    fn a_known_signature() {
        // printf '1402081200.{"a":1}' | openssl dgst -sha256 -hmac 0123456789abcdef
        let header = sign(&[&secret("0123456789abcdef")], at(1_402_081_200), br#"{"a":1}"#);
        assert_eq!(header, KNOWN);
    }

    const KNOWN: &str = "t=1402081200,v1=dd2edecd99ffbf2ffda5178a783f182c750a60c6f9b63d1c8aec613a68b5256e";

    #[test]
    fn what_was_signed_is_believed_and_nothing_else() {
        let header = sign(&[&secret("new"), &secret("old")], at(1_000), b"body");
        assert_eq!(check("new", &header, b"body", 1_300), Ok(()));
        assert_eq!(check("old", &header, b"body", 700), Ok(()));
        assert_eq!(check("new", &header, b"body", 1_301), Err(SignatureError::OutsideTolerance));
        assert_eq!(check("new", &header, b"bodY", 1_000), Err(SignatureError::Mismatch));
        assert_eq!(check("other", &header, b"body", 1_000), Err(SignatureError::Mismatch));
        let moved = header.replace("t=1000", "t=1200");
        assert_eq!(check("new", &moved, b"body", 1_200), Err(SignatureError::Mismatch));
    }

    #[test]
    fn nonsense_is_refused() {
        for header in ["", "t=,v1=", "t=x", "v1=00", "t=1000,v1=zz", "t=1000,v1=ff", "t=99999999999999999999"]
        {
            assert!(check("new", header, b"body", 1_000).is_err(), "{header}");
        }
    }
}
