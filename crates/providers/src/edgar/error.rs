//! What EDGAR's refusals mean. They come as web pages.

use std::time::Duration;

use http::StatusCode;
use ttai_ports::PortError;

use super::PROVIDER;

/// Whoever asks too often is shut out for ten minutes (sec.gov: Accessing EDGAR Data).
const SHUT_OUT: Duration = Duration::from_secs(600);

/// 403 is either an undeclared caller or one that asked too often.
pub(super) fn read(status: StatusCode, body: &[u8]) -> Option<PortError> {
    if status != StatusCode::FORBIDDEN && status != StatusCode::TOO_MANY_REQUESTS {
        return None;
    }
    let page = String::from_utf8_lossy(&body[..body.len().min(16 << 10)]).to_lowercase();
    let provider = PROVIDER.to_owned();
    if page.contains("rate threshold") || status == StatusCode::TOO_MANY_REQUESTS {
        let detail =
            "more than ten calls a second came from this address; it is shut out for ten minutes".to_owned();
        return Some(PortError::Unavailable { provider, detail, retry_after: Some(SHUT_OUT) });
    }
    let detail =
        "the SEC wants to know who calls: set the contact to your name and e-mail address".to_owned();
    Some(PortError::Authentication { provider, detail })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_often_passes_and_undeclared_does_not() {
        let often = b"<html><title>SEC.gov | Request Rate Threshold Exceeded</title>";
        assert!(read(StatusCode::FORBIDDEN, often).unwrap().is_retryable());
        let undeclared = read(
            StatusCode::FORBIDDEN,
            b"<h1>Your Request Originates from an Undeclared Automated Tool</h1>",
        );
        assert!(matches!(undeclared, Some(PortError::Authentication { .. })));
        assert_eq!(read(StatusCode::NOT_FOUND, b""), None);
    }
}
