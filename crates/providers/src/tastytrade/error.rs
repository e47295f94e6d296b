//! The service's error bodies as the one taxonomy. A server error is left to the status: only the caller knows what a lost
//! answer means.

use http::StatusCode;
use serde::Deserialize;
use ttai_ports::PortError;

use super::PROVIDER;
use super::model::OrderMessage;

/// Longest excerpt of the service's own words.
const LONGEST: usize = 400;
/// Most single reasons that are repeated.
const MOST_REASONS: usize = 10;

/// `{"error": {"code", "message", "errors": […]}}`.
#[derive(Debug, Deserialize)]
struct Body {
    error: Details,
}

#[derive(Debug, Deserialize)]
struct Details {
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    errors: Option<Vec<Reason>>,
}

/// One reason: a code and a message, or a domain and a reason.
#[derive(Debug, Deserialize)]
struct Reason {
    #[serde(flatten)]
    message: OrderMessage,
    #[serde(default)]
    domain: Option<String>,
    #[serde(default)]
    reason: Option<String>,
}

/// What an answer without success means; none where its status says all there is.
#[must_use]
pub fn of_body(status: StatusCode, body: &[u8]) -> Option<PortError> {
    let words = words(body);
    let provider = PROVIDER.to_owned();
    match status {
        StatusCode::UNAUTHORIZED => Some(PortError::Authentication {
            provider,
            detail: format!("the access token was refused{}", after(words.as_deref())),
        }),
        StatusCode::FORBIDDEN => Some(PortError::Authentication {
            provider,
            detail: format!(
                "the grant does not permit this{}; check the account number and the grant's scopes (read, trade)",
                after(words.as_deref())
            ),
        }),
        StatusCode::NOT_ACCEPTABLE => Some(PortError::Invalid {
            provider,
            detail: "the API version that is asked for is no longer served; set a newer api_version"
                .to_owned(),
        }),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => None,
        status if status.is_client_error() => Some(PortError::Invalid {
            provider,
            detail: words.unwrap_or_else(|| format!("it answered {status}")),
        }),
        _ => None,
    }
}

/// Its reasons as one line.
fn words(body: &[u8]) -> Option<String> {
    let body: Body = serde_json::from_slice(body).ok()?;
    let reasons: Vec<String> = body
        .error
        .errors
        .unwrap_or_default()
        .iter()
        .take(MOST_REASONS)
        .map(|reason| match (&reason.domain, &reason.reason) {
            (Some(domain), Some(reason)) => format!("{domain}: {reason}"),
            _ => reason.message.to_string(),
        })
        .collect();
    let text = if reasons.is_empty() { body.error.message? } else { reasons.join("; ") };
    Some(printable(&text))
}

fn after(words: Option<&str>) -> String {
    words.map(|words| format!(" ({words})")).unwrap_or_default()
}

/// The service's words as one short printable line.
pub(super) fn printable(text: &str) -> String {
    text.chars().take(LONGEST).map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// Data that breaks the service's own format.
pub(super) fn corrupt(detail: impl Into<String>) -> PortError {
    PortError::Corrupt { provider: PROVIDER.to_owned(), detail: detail.into() }
}

/// A request that the service could not carry out, or that it has no words for.
pub(super) fn invalid(detail: impl Into<String>) -> PortError {
    PortError::Invalid { provider: PROVIDER.to_owned(), detail: detail.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> Option<PortError> {
        of_body(StatusCode::from_u16(status).unwrap(), body.as_bytes())
    }

    #[test]
    fn a_rejected_order_says_why() {
        let body = r#"{"error": {"code": "preflight_check_failure", "message": "One or more preflight checks failed",
            "errors": [{"code": "cant_buy_for_credit", "message": "You cannot buy for a credit."},
                       {"domain": "legs", "reason": "is too long"}]}}"#;
        let error = of(422, body).unwrap();
        assert_eq!(
            error.to_string(),
            "tastytrade refuses the request: You cannot buy for a credit. (cant_buy_for_credit); legs: is too long"
        );
    }

    #[test]
    fn who_must_act_follows_the_status() {
        let permitted = r#"{"error": {"code": "not_permitted", "message": "User not permitted access"}}"#;
        assert!(matches!(of(403, permitted), Some(PortError::Authentication { .. })));
        assert!(matches!(of(401, "no json"), Some(PortError::Authentication { .. })));
        assert!(of(406, "{}").unwrap().to_string().contains("api_version"));
        assert!(matches!(of(404, "<html>"), Some(PortError::Invalid { .. })));
        // Only the caller knows what these mean for what it sent.
        assert_eq!((of(429, permitted), of(503, permitted), of(500, "")), (None, None, None));
    }

    #[test]
    fn the_services_words_stay_short_and_printable() {
        let long = format!(r#"{{"error": {{"message": "a\nb{}"}}}}"#, "x".repeat(5_000));
        let Some(PortError::Invalid { detail, .. }) = of(400, &long) else { unreachable!() };
        assert!(detail.starts_with("a bx") && detail.len() == LONGEST, "{detail}");
    }
}
