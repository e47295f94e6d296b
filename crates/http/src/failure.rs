//! From an HTTP answer, or its absence, to the one error taxonomy.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use ttai_ports::PortError;

use crate::request::Effect;

/// Retry-After beyond this is taken as this: a day.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(86_400);

/// What an answer without success means, where the provider's own error body does not say more.
pub(crate) fn of_status(
    provider: &str,
    operation: &str,
    effect: Effect,
    status: StatusCode,
    retry_after: Option<Duration>,
    body: &[u8],
) -> PortError {
    let provider = provider.to_owned();
    let detail = format!("{operation} answered {status}{}", excerpt(body));
    match status {
        StatusCode::TOO_MANY_REQUESTS => PortError::Unavailable { provider, detail, retry_after },
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => PortError::Authentication { provider, detail },
        status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
            if effect == Effect::Once {
                PortError::OutcomeUnknown { provider, detail }
            } else {
                PortError::Unavailable { provider, detail, retry_after }
            }
        }
        _ => PortError::Invalid { provider, detail },
    }
}

/// What a call without a usable answer means.
pub(crate) fn of_transport(
    provider: &str,
    operation: &str,
    effect: Effect,
    error: &reqwest::Error,
) -> PortError {
    let detail = format!("{operation}: {}", reason(error));
    let provider = provider.to_owned();
    if error.is_builder() || error.is_redirect() {
        PortError::Invalid { provider, detail }
    } else if effect == Effect::Once && !error.is_connect() {
        PortError::OutcomeUnknown { provider, detail }
    } else {
        PortError::Unavailable { provider, detail, retry_after: None }
    }
}

/// `Retry-After` in seconds or as a date (RFC 9110 section 10.2.3).
#[must_use]
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() && seconds >= 0.0 => {
            Duration::from_secs_f64(seconds.min(LONGEST_RETRY_AFTER.as_secs_f64()))
        }
        Ok(_) => return None,
        Err(_) => until(text, headers)?,
    };
    Some(wait.min(LONGEST_RETRY_AFTER))
}

/// A date counts from the answer's own `Date`, so that a wrong local clock changes nothing.
fn until(text: &str, headers: &HeaderMap) -> Option<Duration> {
    let then = httpdate::parse_http_date(text).ok()?;
    let now = headers
        .get(http::header::DATE)
        .and_then(|date| date.to_str().ok())
        .and_then(|date| httpdate::parse_http_date(date).ok())
        .unwrap_or_else(std::time::SystemTime::now);
    Some(then.duration_since(now).unwrap_or_default())
}

/// The kind of a transport failure and its innermost cause. The address is left out: it may be a secret.
pub(crate) fn reason(error: &reqwest::Error) -> String {
    let kind = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "cannot connect"
    } else if error.is_body() || error.is_decode() {
        "the answer was cut"
    } else {
        "the connection failed"
    };
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    if std::ptr::addr_eq(cause, std::ptr::from_ref(error)) {
        kind.to_owned()
    } else {
        format!("{kind} ({cause})")
    }
}

/// The beginning of an error body as one printable line.
fn excerpt(body: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(body)
        .chars()
        .take(200)
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    if text.trim().is_empty() { String::new() } else { format!(": {}", text.trim()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(effect: Effect, code: u16) -> PortError {
        of_status("x", "orders", effect, StatusCode::from_u16(code).unwrap(), None, b"{\"a\":1}")
    }

    #[test]
    fn an_error_after_an_order_was_sent_is_no_rejection() {
        assert!(matches!(status(Effect::Once, 502), PortError::OutcomeUnknown { .. }));
        assert!(matches!(status(Effect::Read, 502), PortError::Unavailable { .. }));
        assert!(matches!(status(Effect::Once, 429), PortError::Unavailable { .. }));
        assert!(matches!(status(Effect::Once, 422), PortError::Invalid { .. }));
        assert!(matches!(status(Effect::Read, 401), PortError::Authentication { .. }));
    }

    #[test]
    fn retry_after_is_read_in_both_forms() {
        let mut headers = HeaderMap::new();
        assert_eq!(retry_after(&headers), None);
        for (text, wanted) in
            [("7", Some(7)), ("-1", None), ("NaN", None), ("1e99", Some(86_400)), ("soon", None)]
        {
            headers.insert("retry-after", text.parse().unwrap());
            assert_eq!(retry_after(&headers).map(|wait| wait.as_secs()), wanted, "{text}");
        }
        headers.insert("retry-after", "Fri, 06 Jun 2014 19:01:00 GMT".parse().unwrap());
        headers.insert("date", "Fri, 06 Jun 2014 19:00:00 GMT".parse().unwrap());
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(60)));
    }
}
