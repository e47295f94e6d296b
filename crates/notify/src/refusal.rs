//! What an answer without success means where its body is not to be shown: whoever answers in a service's place (a proxy, a
//! wrong address) likes to repeat the address, and that is a secret.

use http::StatusCode;
use ttai_ports::PortError;

/// By the status alone, for a message that was sent once.
pub(crate) fn of_status(provider: &str, status: StatusCode) -> PortError {
    let provider = provider.to_owned();
    let detail = format!("it answered {status}");
    match status {
        StatusCode::TOO_MANY_REQUESTS => PortError::Unavailable { provider, detail, retry_after: None },
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => PortError::Authentication { provider, detail },
        StatusCode::REQUEST_TIMEOUT => PortError::OutcomeUnknown { provider, detail },
        status if status.is_server_error() => PortError::OutcomeUnknown { provider, detail },
        status if status.is_redirection() => PortError::Invalid {
            provider,
            detail: format!("{detail}, and redirects are not followed; configure the new address"),
        },
        _ => PortError::Invalid { provider, detail },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_after_sending_is_no_refusal() {
        let of = |code: u16| of_status("x", StatusCode::from_u16(code).unwrap());
        assert!(matches!(of(502), PortError::OutcomeUnknown { .. }));
        assert!(matches!(of(429), PortError::Unavailable { .. }));
        assert!(matches!(of(403), PortError::Authentication { .. }));
        assert!(matches!(of(404), PortError::Invalid { .. }));
        assert!(of(302).to_string().contains("redirects"));
    }
}
