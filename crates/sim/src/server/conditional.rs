//! Answers that are sent only when they have changed (RFC 9110 section 13).

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// The body with its mark, or 304 where the caller has it: by `If-None-Match`, else by `If-Modified-Since`.
pub(crate) fn answer(
    request: &HeaderMap,
    media_type: &'static str,
    modified: Option<&str>,
    body: String,
) -> Response {
    let etag = format!("\"{:016x}\"", mark(body.as_bytes()));
    let has = |name: header::HeaderName| request.get(name).and_then(|value| value.to_str().ok());
    let unchanged = match has(header::IF_NONE_MATCH) {
        Some(marks) => marks.split(',').any(|mark| mark.trim().trim_start_matches("W/") == etag),
        None => modified.is_some() && has(header::IF_MODIFIED_SINCE) == modified,
    };
    let mut response = if unchanged {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, media_type)], body).into_response()
    };
    let headers = response.headers_mut();
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(header::ETAG, etag);
    }
    if let Some(modified) = modified.and_then(|date| HeaderValue::from_str(date).ok()) {
        headers.insert(header::LAST_MODIFIED, modified);
    }
    response
}

/// FNV-1a over the body: the same body has the same mark.
fn mark(body: &[u8]) -> u64 {
    body.iter()
        .fold(0xcbf2_9ce4_8422_2325, |mark, byte| (mark ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_that_has_it_is_not_sent_it_again() {
        let first = answer(&HeaderMap::new(), "text/plain", None, "body".to_owned());
        assert_eq!(first.status(), StatusCode::OK);
        let mut request = HeaderMap::new();
        request.insert(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone());
        assert_eq!(
            answer(&request, "text/plain", None, "body".to_owned()).status(),
            StatusCode::NOT_MODIFIED
        );
        assert_eq!(answer(&request, "text/plain", None, "other".to_owned()).status(), StatusCode::OK);
        let mut request = HeaderMap::new();
        request.insert(header::IF_MODIFIED_SINCE, HeaderValue::from_static("then"));
        assert_eq!(
            answer(&request, "text/plain", Some("then"), String::new()).status(),
            StatusCode::NOT_MODIFIED
        );
        assert_eq!(answer(&request, "text/plain", Some("now"), String::new()).status(), StatusCode::OK);
    }
}
