//! What Cboe's refusals mean.

use ttai_core::Symbol;
use ttai_ports::PortError;

use super::PROVIDER;

/// 404, or 403 as its file store says it: there is no such file.
pub(super) fn unlisted(operation: &str, symbol: &Symbol) -> PortError {
    if operation == "options" {
        return no_data("option chain", symbol, "no options on it are listed, or the symbol is unknown");
    }
    PortError::UnknownSymbol {
        provider: PROVIDER.to_owned(),
        symbol: symbol.to_string(),
        hint: "; an index is written with a leading ^, such as ^VIX9D".to_owned(),
    }
}

pub(super) fn no_data(what: &str, symbol: &Symbol, detail: &str) -> PortError {
    PortError::NoData {
        provider: PROVIDER.to_owned(),
        what: what.to_owned(),
        symbol: symbol.to_string(),
        detail: detail.to_owned(),
    }
}
