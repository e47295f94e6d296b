//! Funds by their tickers: they own what others earn, and report no earnings of their own.

/// The exchange-traded funds and trusts with the most options, by alphabet. Where a provider does not say what a ticker is, this does.
const FUNDS: [&str; 290] = [
    "AAPD", "AAPU", "ACWI", "AGG", "AMDL", "AMLP", "AMZU", "ARGT", "ARKB", "ARKF", "ARKG", "ARKK", "ARKQ",
    "ARKW", "ASHR", "BETZ", "BIL", "BITI", "BITO", "BITX", "BND", "BNDX", "BNO", "BOIL", "BOTZ", "BUG",
    "BULZ", "CEF", "CIBR", "CONL", "CONY", "COPX", "CORN", "COWZ", "CQQQ", "CURE", "DBA", "DBC", "DBO",
    "DIA", "DPST", "DRIP", "DRN", "DRV", "DUST", "DVY", "ECH", "EDC", "EDZ", "EEM", "EFA", "EIDO", "EMB",
    "EPI", "ERX", "ERY", "ETHA", "ETHE", "ETHU", "EWA", "EWC", "EWG", "EWH", "EWJ", "EWS", "EWT", "EWU",
    "EWW", "EWY", "EWZ", "EZA", "FAS", "FAZ", "FBTC", "FDN", "FINX", "FNGD", "FNGU", "FXA", "FXB", "FXE",
    "FXI", "FXY", "GBTC", "GDX", "GDXJ", "GLD", "GREK", "GSG", "GUSH", "HACK", "HDV", "HYG", "IAU", "IBB",
    "IBIT", "ICLN", "IEF", "IEFA", "IEI", "IEMG", "IGV", "IJH", "IJR", "IJS", "IJT", "INDA", "ITA", "ITB",
    "ITOT", "IVE", "IVV", "IVW", "IWB", "IWD", "IWF", "IWM", "IWN", "IWO", "IWV", "IYF", "IYR", "IYW",
    "JDST", "JEPI", "JEPQ", "JETS", "JNK", "JNUG", "KBE", "KOLD", "KRE", "KWEB", "LABD", "LABU", "LIT",
    "LQD", "MCHI", "MDY", "METU", "MJ", "MLPX", "MOAT", "MOO", "MSOS", "MSTU", "MSTX", "MSTY", "MSTZ",
    "MTUM", "MUB", "NAIL", "NUGT", "NVDD", "NVDL", "NVDQ", "NVDX", "NVDY", "OEF", "OIH", "PALL", "PAVE",
    "PDBC", "PFF", "PHYS", "PICK", "PPLT", "PSLV", "PSQ", "QID", "QLD", "QQQ", "QQQM", "QUAL", "QYLD",
    "REMX", "RETL", "ROBO", "RSP", "RSX", "RYLD", "SCHB", "SCHD", "SCHG", "SCHX", "SDS", "SDY", "SGOL",
    "SGOV", "SH", "SHY", "SIL", "SILJ", "SIVR", "SKYY", "SLV", "SMH", "SOXL", "SOXS", "SOXX", "SOYB", "SPHD",
    "SPHQ", "SPLG", "SPLV", "SPXL", "SPXS", "SPXU", "SPY", "SPYD", "SPYG", "SPYV", "SQQQ", "SSO", "SVIX",
    "SVXY", "TAN", "TBT", "TECL", "TECS", "THD", "TIP", "TLT", "TMF", "TMV", "TNA", "TQQQ", "TSLL", "TSLQ",
    "TSLT", "TSLY", "TSLZ", "TUR", "TZA", "UDN", "UNG", "UPRO", "URA", "URNM", "USMV", "USO", "UTSL", "UUP",
    "UVIX", "UVXY", "VDE", "VEA", "VFH", "VGK", "VGT", "VHT", "VIG", "VIXM", "VIXY", "VNM", "VNQ", "VOO",
    "VT", "VTI", "VTV", "VTWO", "VUG", "VWO", "VXUS", "VXX", "VYM", "WEAT", "WEBL", "WOOD", "XAR", "XBI",
    "XHB", "XLB", "XLC", "XLE", "XLF", "XLI", "XLK", "XLP", "XLRE", "XLU", "XLV", "XLY", "XME", "XOP", "XRT",
    "XYLD", "YANG", "YINN", "YOLO",
];

/// Whether a ticker is a known fund's. An unknown one's may be.
#[must_use]
pub fn is_fund(ticker: &str) -> bool {
    FUNDS.binary_search(&ticker.to_ascii_uppercase().as_str()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn funds_are_in_order_and_found_and_companies_are_not() {
        assert!(FUNDS.is_sorted_by(|a, b| a < b));
        for (ticker, expected) in
            [("SPY", true), ("gld", true), ("AAPL", false), ("", false), ("SPYX", false)]
        {
            assert_eq!(is_fund(ticker), expected, "{ticker}");
        }
    }
}
