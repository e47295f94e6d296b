//! DXLink's failures in the words of the ports. No token is ever in them.

use std::time::Duration;

use tokio_tungstenite::tungstenite;
use ttai_ports::PortError;

use super::frame::ErrorKind;

/// The provider's name in errors and health.
pub(super) const PROVIDER: &str = "dxlink";

/// The longest pause that a server may ask for. A longer one is shortened: nobody would be told of a stream that sleeps
/// for hours, and one attempt in five minutes is a burden to no server.
pub(super) const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(300);

pub(super) fn corrupt(detail: String) -> PortError {
    PortError::Corrupt { provider: PROVIDER.to_owned(), detail }
}

pub(super) fn unavailable(detail: impl Into<String>) -> PortError {
    PortError::Unavailable { provider: PROVIDER.to_owned(), detail: detail.into(), retry_after: None }
}

pub(super) fn invalid(detail: impl Into<String>) -> PortError {
    PortError::Invalid { provider: PROVIDER.to_owned(), detail: detail.into() }
}

pub(super) fn refused_token() -> PortError {
    PortError::Authentication {
        provider: PROVIDER.to_owned(),
        detail: "it did not accept the token, nor a fresh one; check the account's market data entitlement"
            .to_owned(),
    }
}

/// What the server reports while a connection is set up.
pub(super) fn reported(kind: &ErrorKind, message: &str) -> PortError {
    let provider = PROVIDER.to_owned();
    match kind {
        ErrorKind::Unauthorized => PortError::Authentication { provider, detail: message.to_owned() },
        ErrorKind::UnsupportedProtocol => PortError::Invalid { provider, detail: message.to_owned() },
        _ => unavailable(format!("it reports: {message}")),
    }
}

/// What keeps a websocket from being opened or breaks it.
pub(super) fn websocket(error: &tungstenite::Error) -> PortError {
    use tungstenite::Error;
    match error {
        Error::Http(answer) => http(answer),
        Error::Url(_) | Error::HttpFormat(_) => {
            invalid(format!("its address is no websocket address: {error}"))
        }
        Error::Capacity(_) => corrupt(format!("a frame is too large: {error}")),
        Error::Utf8(_) => corrupt(format!("a frame is not UTF-8: {error}")),
        Error::ConnectionClosed | Error::AlreadyClosed => unavailable("it closed the connection"),
        other => unavailable(format!("the connection broke: {other}")),
    }
}

fn http(answer: &http::Response<Option<Vec<u8>>>) -> PortError {
    let provider = PROVIDER.to_owned();
    let status = answer.status();
    let retry_after = answer
        .headers()
        .get(http::header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse().ok())
        .map(|seconds| Duration::from_secs(seconds).min(LONGEST_RETRY_AFTER));
    match status.as_u16() {
        401 | 403 => PortError::Authentication {
            provider,
            detail: format!(
                "it answered the connection with {status}; check the account's market data entitlement"
            ),
        },
        408 | 429 | 500..=599 => PortError::Unavailable {
            provider,
            detail: format!("it answered the connection with {status}"),
            retry_after,
        },
        _ => PortError::Invalid {
            provider,
            detail: format!("it answered the connection with {status}; is the address a DXLink one?"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_cannot_ask_for_a_pause_of_hours() {
        for (asked, wanted) in [("7", 7), ("86400", 300), ("18446744073709551615", 300)] {
            let answer =
                http::Response::builder().status(503).header("retry-after", asked).body(None).unwrap();
            let PortError::Unavailable { retry_after, .. } = http(&answer) else { panic!("{asked}") };
            assert_eq!(retry_after, Some(Duration::from_secs(wanted)));
        }
    }
}
