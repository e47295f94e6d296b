//! What several providers' refusals mean together.

use std::time::Duration;

use ttai_core::Symbol;
use ttai_ports::{Capability, PortError};

/// One error of all: retryable where any of them may pass, an unknown symbol only where all say so.
pub(super) fn of(capability: Capability, mut errors: Vec<PortError>, known: &[Symbol]) -> PortError {
    if errors.len() == 1 && !matches!(errors.first(), Some(PortError::UnknownSymbol { .. })) {
        return errors.swap_remove(0);
    }
    let Some(worst) = errors.iter().max_by_key(|error| weight(error)).cloned() else {
        return PortError::Invalid {
            provider: "ttai".to_owned(),
            detail: format!("no provider of {capability} is configured; run `ttai doctor`"),
        };
    };
    let names = names(&errors);
    let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let detail = all.join("; ");
    match worst {
        PortError::Unavailable { .. } | PortError::OutcomeUnknown { .. } => {
            let soonest = errors.iter().filter_map(retry_after).min();
            PortError::Unavailable { provider: names, detail, retry_after: soonest }
        }
        PortError::Authentication { .. } => PortError::Authentication { provider: names, detail },
        PortError::Corrupt { .. } => PortError::Corrupt { provider: names, detail },
        PortError::Invalid { .. } => PortError::Invalid { provider: names, detail },
        PortError::NoData { what, symbol, .. } => PortError::NoData { provider: names, what, symbol, detail },
        PortError::UnknownSymbol { symbol, hint, .. } => {
            let hint = if hint.is_empty() { listed(known) } else { hint };
            PortError::UnknownSymbol { provider: names, symbol, hint }
        }
    }
}

/// Who is asked again first: what passes by itself, then what a person can mend, then what is settled.
fn weight(error: &PortError) -> u8 {
    match error {
        PortError::Unavailable { .. } | PortError::OutcomeUnknown { .. } => 5,
        PortError::Authentication { .. } => 4,
        PortError::Corrupt { .. } => 3,
        PortError::Invalid { .. } => 2,
        PortError::NoData { .. } => 1,
        PortError::UnknownSymbol { .. } => 0,
    }
}

fn retry_after(error: &PortError) -> Option<Duration> {
    match error {
        PortError::Unavailable { retry_after, .. } => *retry_after,
        _ => None,
    }
}

/// `tastytrade, cboe`, each once.
fn names(errors: &[PortError]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for error in errors {
        let name = provider(error);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

fn provider(error: &PortError) -> &str {
    match error {
        PortError::UnknownSymbol { provider, .. }
        | PortError::NoData { provider, .. }
        | PortError::Invalid { provider, .. }
        | PortError::Authentication { provider, .. }
        | PortError::Unavailable { provider, .. }
        | PortError::OutcomeUnknown { provider, .. }
        | PortError::Corrupt { provider, .. } => provider,
    }
}

/// The symbols of a small market.
fn listed(known: &[Symbol]) -> String {
    if known.is_empty() || known.len() > 40 {
        return String::new();
    }
    let names: Vec<&str> = known.iter().map(Symbol::as_str).collect();
    format!("; there are {}", names.join(", "))
}
