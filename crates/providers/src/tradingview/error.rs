//! What the scanner's refusals mean.

use http::StatusCode;
use serde::Deserialize;
use ttai_ports::PortError;

use super::PROVIDER;

/// `{"totalCount":0,"error":"Unknown field \"x\"","data":null}`
#[derive(Deserialize)]
struct Refusal {
    error: String,
}

/// The service's own words, where it has some.
pub(super) fn read(status: StatusCode, body: &[u8]) -> Option<PortError> {
    if status != StatusCode::BAD_REQUEST {
        return None;
    }
    let refusal: Refusal = serde_json::from_slice(body).ok()?;
    Some(invalid(
        refusal
            .error
            .chars()
            .map(|letter| if letter.is_control() { ' ' } else { letter })
            .take(200)
            .collect(),
    ))
}

pub(super) fn invalid(detail: String) -> PortError {
    PortError::Invalid { provider: PROVIDER.to_owned(), detail }
}

pub(super) fn corrupt(detail: String) -> PortError {
    PortError::Corrupt { provider: PROVIDER.to_owned(), detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_services_words_are_told() {
        let body = br#"{"totalCount":0,"error":"Unknown field \"change.5\"","data":null}"#;
        let error = read(StatusCode::BAD_REQUEST, body).unwrap();
        assert!(
            matches!(&error, PortError::Invalid { detail, .. } if detail == "Unknown field \"change.5\""),
            "{error}"
        );
        assert_eq!(read(StatusCode::BAD_REQUEST, b"<html>"), None);
        assert_eq!(read(StatusCode::BAD_GATEWAY, body), None);
    }
}
