//! Which underlying an option root belongs to. Roots have neither dots nor slashes, so that the contracts of a share class are
//! listed under its letters alone (`BRKB` of BRK.B); adjusted contracts have a digit behind (`AAPL1`), and some indices several roots.

use crate::option::OccSymbol;
use crate::symbol::Symbol;

/// Roots of index contracts that are listed beside those of the index's own name.
const INDEX_ROOTS: [(&str, &str); 4] = [("SPXW", "SPX"), ("NDXP", "NDX"), ("RUTW", "RUT"), ("VIXW", "VIX")];

/// Share classes with listed options, now or in the years that tapes cover. No rule tells them from plain tickers that end in
/// the same letter (ABCB, RUSHA), so they are named.
const CLASSES: [&str; 29] = [
    "AKO.A", "AKO.B", "BF.A", "BF.B", "BIO.B", "BRK.A", "BRK.B", "CBS.A", "CRD.A", "CRD.B", "CWEN.A",
    "FCE.A", "GEF.B", "GTN.A", "HEI.A", "JW.A", "LEN.B", "LGF.A", "LGF.B", "MKC.V", "MOG.A", "MOG.B",
    "PBR.A", "RDS.A", "RDS.B", "STZ.B", "TAP.A", "UHAL.B", "WSO.B",
];

impl Symbol {
    /// The root of its standard contracts: `BRKB` of `BRK.B`, `SPX` of `^SPX`.
    #[must_use]
    pub fn option_root(&self) -> Self {
        let root: String =
            self.as_str().chars().filter(|letter| !matches!(letter, '.' | '/' | '^' | '_')).collect();
        Self::new(&root).unwrap_or_else(|_| self.clone())
    }

    /// The symbol whose chain lists the contracts of this root: `BRK.B` of `BRKB`, `SPX` of `SPXW`, `AAPL` of `AAPL1`.
    #[must_use]
    pub fn of_option_root(&self) -> Self {
        let plain = self.as_str().trim_end_matches(|last: char| last.is_ascii_digit());
        let index = INDEX_ROOTS.iter().find(|(root, _)| *root == plain).map(|(_, index)| *index);
        let class = || CLASSES.iter().find(|class| is_root_of(plain, class)).copied();
        Self::new(index.or_else(class).unwrap_or(plain)).unwrap_or_else(|_| self.clone())
    }

    /// Whether it is the root of contracts whose deliverable was adjusted: the clearing house puts a digit behind such a root.
    #[must_use]
    pub fn is_adjusted_root(&self) -> bool {
        self.as_str().ends_with(|last: char| last.is_ascii_digit())
    }
}

impl OccSymbol {
    /// The symbol whose chain lists the contract.
    #[must_use]
    pub fn underlying(&self) -> Symbol {
        self.root.of_option_root()
    }
}

/// Whether a root has the letters of a share class.
fn is_root_of(root: &str, class: &str) -> bool {
    class.split_once('.').is_some_and(|(stem, letter)| root.strip_prefix(stem) == Some(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_and_underlyings_meet() {
        for (underlying, root) in [
            ("BRK.B", "BRKB"),
            ("BF.B", "BFB"),
            ("HEI.A", "HEIA"),
            ("LEN.B", "LENB"),
            ("MOG.A", "MOGA"),
            ("RDS.A", "RDSA"),
            ("AAPL", "AAPL"),
            ("ABCB", "ABCB"),
            ("SPX", "SPX"),
        ] {
            let symbol = |text| Symbol::new(text).unwrap();
            assert_eq!(symbol(underlying).option_root(), symbol(root));
            assert_eq!(symbol(root).of_option_root(), symbol(underlying));
        }
        for (root, underlying) in
            [("SPXW", "SPX"), ("AAPL1", "AAPL"), ("BRKB1", "BRK.B"), ("AMD1", "AMD"), ("BABA2", "BABA")]
        {
            assert_eq!(Symbol::new(root).unwrap().of_option_root().as_str(), underlying);
        }
        assert_eq!(Symbol::new("^SPX").unwrap().option_root().as_str(), "SPX");
    }

    #[test]
    fn both_spellings_of_a_classs_contract_are_one() {
        let one = OccSymbol::parse("BRK.B 260925C00202500").unwrap();
        for text in ["BRKB  260925C00202500", "BRK/B 260925C00202500", "BRKB260925C00202500"] {
            assert_eq!(OccSymbol::parse(text).unwrap(), one, "{text}");
        }
        assert_eq!((one.to_string().as_str(), one.underlying().as_str()), ("BRKB  260925C00202500", "BRK.B"));
        assert_eq!(one.streamer(), ".BRKB260925C202.5");
        assert_eq!(OccSymbol::from_streamer(".BRK/B260925C202.5").unwrap(), one);
    }
}
