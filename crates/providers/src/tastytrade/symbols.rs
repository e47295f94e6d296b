//! The service's spellings: share classes with a slash (`BRK/B`), OCC symbols padded to 21 characters, indices bare.

use ttai_core::{OccSymbol, Symbol};
use ttai_ports::Instrument;

/// `Equity`.
pub(super) const EQUITY: &str = "Equity";
/// `Equity Option`.
pub(super) const EQUITY_OPTION: &str = "Equity Option";

/// A ticker as the service writes it, which is dxFeed's spelling too.
pub(super) fn ticker(symbol: &Symbol) -> String {
    symbol.streamer()
}

/// A ticker as the project writes it; none for what is no ticker, such as a future.
pub(super) fn symbol(text: &str) -> Option<Symbol> {
    Symbol::new(&text.trim().replace('/', ".")).ok()
}

/// A contract as the service writes it.
pub(super) fn occ(contract: &OccSymbol) -> String {
    let underlying = contract.underlying();
    if contract.root != underlying.option_root() || contract.root == underlying {
        return contract.to_string();
    }
    // The contracts of a share class stand under its ticker.
    let padded = contract.to_string();
    format!("{:<6}{}", ticker(&underlying), padded.get(6..).unwrap_or_default())
}

/// A contract as the project writes it.
pub(super) fn contract(text: &str) -> Option<OccSymbol> {
    OccSymbol::parse(text).ok()
}

/// What an order or a position is about; none for futures, coins and bonds, which the project does not trade.
pub(super) fn instrument(kind: &str, text: &str) -> Option<Instrument> {
    match kind {
        EQUITY => symbol(text).map(Instrument::Equity),
        EQUITY_OPTION => contract(text).map(Instrument::Option),
        _ => None,
    }
}

/// The service's kind and spelling of an instrument.
pub(super) fn spelled(instrument: &Instrument) -> (&'static str, String) {
    match instrument {
        Instrument::Equity(symbol) => (EQUITY, ticker(symbol)),
        Instrument::Option(contract) => (EQUITY_OPTION, occ(contract)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn share_classes_and_indices_are_respelled() {
        assert_eq!(ticker(&Symbol::new("BRK.B").unwrap()), "BRK/B");
        assert_eq!(ticker(&Symbol::new("^SPX").unwrap()), "SPX");
        assert_eq!(symbol("BRK/B").unwrap().as_str(), "BRK.B");
        assert_eq!(symbol("/ESZ9"), None);
    }

    #[test]
    fn contracts_are_padded_and_round_trip() {
        for text in ["AAPL  260612C00110000", "BRK/B 260612P00400000", "SPXW  260612P05000000"] {
            assert_eq!(occ(&contract(text).unwrap()), text);
        }
        assert_eq!(contract("BRK/B 260612P00400000"), contract("BRKB  260612P00400000"));
        assert_eq!(contract("./ESZ9 EW4U9 190927P2975"), None);
        assert_eq!(instrument("Future", "/ESZ9"), None);
    }
}
