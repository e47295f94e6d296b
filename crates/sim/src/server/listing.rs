//! What a ticker is and where it is listed. A tape says neither, so that the usual ones are known by name.

use ttai_core::Symbol;

/// What kind of thing trades under a ticker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListingKind {
    Stock,
    Fund,
    Index,
}

const FUNDS: [&str; 34] = [
    "ARKK", "DIA", "EEM", "EFA", "FXI", "GDX", "GLD", "HYG", "IWM", "IYR", "KRE", "LQD", "QQQ", "SLV", "SMH",
    "SOXL", "SPY", "SQQQ", "TLT", "TQQQ", "UNG", "USO", "UVXY", "VOO", "VTI", "VXX", "XBI", "XLE", "XLF",
    "XLI", "XLK", "XLU", "XLV", "XOP",
];
/// Funds that are listed at Nasdaq; the others are at NYSE Arca, which the scanner calls AMEX.
const NASDAQ_FUNDS: [&str; 5] = ["QQQ", "SMH", "SQQQ", "TLT", "TQQQ"];
const INDICES: [&str; 10] = ["DJX", "NDX", "OEX", "RUT", "SPX", "VIX", "XEO", "XSP", "^SPX", "^VIX"];
/// Shares at Nasdaq with three letters or fewer, which else are the New York exchange's by old custom.
const NASDAQ_SHORT: [&str; 12] =
    ["ADI", "AEP", "AMD", "APP", "ARM", "EA", "EXC", "KDP", "KHC", "MU", "PEP", "WEN"];
/// Shares at the New York exchange with four letters or more.
const NYSE_LONG: [&str; 19] = [
    "ABBV", "ABNB", "BABA", "DELL", "ORCL", "PLTR", "RBLX", "SCHW", "SHOP", "SNAP", "SNOW", "SPOT", "TWTR",
    "UBER", "BRK.A", "BRK.B", "BF.B", "LEN.B", "HEI.A",
];

/// What a ticker is: a stock where nobody knows it by name.
pub(crate) fn kind(symbol: &Symbol) -> ListingKind {
    let name = symbol.as_str();
    if INDICES.contains(&name) {
        ListingKind::Index
    } else if FUNDS.contains(&name) {
        ListingKind::Fund
    } else {
        ListingKind::Stock
    }
}

/// The exchange as the scanner names it.
pub(crate) fn exchange(symbol: &Symbol) -> &'static str {
    let name = symbol.as_str();
    match kind(symbol) {
        ListingKind::Index => "CBOE",
        ListingKind::Fund if NASDAQ_FUNDS.contains(&name) => "NASDAQ",
        ListingKind::Fund => "AMEX",
        ListingKind::Stock if NYSE_LONG.contains(&name) => "NYSE",
        ListingKind::Stock if name.len() > 3 || NASDAQ_SHORT.contains(&name) => "NASDAQ",
        ListingKind::Stock => "NYSE",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tickers_are_what_they_are() {
        for (ticker, listed, is) in [
            ("AAPL", "NASDAQ", ListingKind::Stock),
            ("AIG", "NYSE", ListingKind::Stock),
            ("BAC", "NYSE", ListingKind::Stock),
            ("IBM", "NYSE", ListingKind::Stock),
            ("BRK.B", "NYSE", ListingKind::Stock),
            ("SPY", "AMEX", ListingKind::Fund),
            ("QQQ", "NASDAQ", ListingKind::Fund),
            ("SPX", "CBOE", ListingKind::Index),
        ] {
            let symbol = Symbol::new(ticker).unwrap();
            assert_eq!((exchange(&symbol), kind(&symbol)), (listed, is), "{ticker}");
        }
    }
}
