//! Alpaca's error bodies, `{"code": 40310000, "message": "…"}`, as the one error taxonomy.

use http::StatusCode;
use serde::Deserialize;
use ttai_ports::PortError;

use super::PROVIDER;

/// The code of a client order id that was used before.
const DUPLICATE: u64 = 40_010_001;
/// What a refusal for a used client order id contains, in every version of the API that we know of.
const DUPLICATE_WORDS: &str = "client_order_id must be unique";
/// Longest part of a message that is kept.
const MAX_MESSAGE: usize = 300;

#[derive(Debug, Deserialize)]
struct Body {
    #[serde(default)]
    code: Option<serde_json::Number>,
    #[serde(default)]
    message: Option<String>,
}

/// What a refusal means, where its body says more than its status. A server error stays what the status makes of it: after
/// an order was sent it is an unknown outcome, whatever the body says.
pub(super) fn of_body(status: StatusCode, body: &[u8]) -> Option<PortError> {
    if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT {
        return None;
    }
    let body: Body = serde_json::from_slice(body).ok()?;
    let message = body.message?;
    let text: String = message.chars().filter(|letter| !letter.is_control()).take(MAX_MESSAGE).collect();
    let detail = match &body.code {
        Some(code) => format!("{text} (code {code})"),
        None => text,
    };
    let provider = PROVIDER.to_owned();
    Some(match status {
        StatusCode::UNAUTHORIZED => PortError::Authentication { provider, detail },
        // Trading answers 403 also where money or shares are missing: those have a code of their own.
        StatusCode::FORBIDDEN if body.code.is_none() || is_denied(&message) => {
            PortError::Authentication { provider, detail }
        }
        StatusCode::TOO_MANY_REQUESTS => PortError::Unavailable { provider, detail, retry_after: None },
        _ => PortError::Invalid { provider, detail },
    })
}

fn is_denied(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.starts_with("forbidden") || message.contains("not authorized") || message.contains("access key")
}

/// Whether an order was refused because its client order id is known already.
pub(super) fn is_duplicate(error: &PortError) -> bool {
    matches!(error, PortError::Invalid { detail, .. }
        if detail.contains(DUPLICATE_WORDS) || detail.contains(&format!("code {DUPLICATE}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> Option<PortError> {
        of_body(StatusCode::from_u16(status).unwrap(), body.as_bytes())
    }

    #[test]
    fn money_that_is_missing_is_no_matter_of_credentials() {
        let poor = read(403, r#"{"code":40310000,"message":"insufficient buying power","buying_power":"1"}"#);
        assert!(matches!(poor, Some(PortError::Invalid { .. })));
        for denied in [r#"{"message":"forbidden."}"#, r#"{"code":40310000,"message":"forbidden"}"#] {
            assert!(matches!(read(403, denied), Some(PortError::Authentication { .. })));
        }
        let unknown = read(401, r#"{"code":40110000,"message":"request is not authorized"}"#);
        assert!(matches!(unknown, Some(PortError::Authentication { .. })));
    }

    #[test]
    fn a_used_client_order_id_is_recognised_and_a_server_error_is_left_alone() {
        let used = read(422, r#"{"code":40010001,"message":"client_order_id must be unique"}"#).unwrap();
        assert!(is_duplicate(&used));
        assert_eq!(read(500, r#"{"code":50010000,"message":"internal server error occurred"}"#), None);
        assert_eq!(read(422, "not JSON"), None);
    }
}
