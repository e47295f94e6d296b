//! What a group of legs is called.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A strategy as margin rules know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecognizedStrategy {
    /// Shares held.
    LongStock,
    /// Shares sold short.
    ShortStock,
    /// Options bought.
    LongOption,
    /// A short put that only cash stands behind.
    ShortPut,
    /// A short call that nothing stands behind.
    NakedCall,
    /// A short call on shares held.
    CoveredCall,
    /// A short put on shares sold short.
    CoveredPut,
    /// Shares held under a long put.
    ProtectivePut,
    /// Shares sold short under a long call.
    ProtectiveCall,
    /// Shares held between a long put and a short call at a higher strike.
    Collar,
    /// Shares held with a long put and a short call of one strike.
    Conversion,
    /// Shares sold short with a short put and a long call of one strike.
    ReverseConversion,
    /// Two strikes of one expiration, opened for a credit at risk.
    VerticalCredit,
    /// Two strikes of one expiration, the dearer one bought.
    VerticalDebit,
    /// A short option covered by a later one: calendar and diagonal spreads.
    Diagonal,
    /// A put and a call credit spread of one expiration.
    IronCondor,
    /// An iron condor whose short strikes are the same.
    IronButterfly,
    /// Several spreads of one expiration whose common loss is less than the sum of theirs, such as a butterfly or a box.
    LimitedRisk,
    /// A short put and a short call.
    ShortStrangle,
    /// A short put and a short call of one strike.
    ShortStraddle,
}

impl fmt::Display for RecognizedStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LongStock => "long stock",
            Self::ShortStock => "short stock",
            Self::LongOption => "long option",
            Self::ShortPut => "short put",
            Self::NakedCall => "naked call",
            Self::CoveredCall => "covered call",
            Self::CoveredPut => "covered put",
            Self::ProtectivePut => "protective put",
            Self::ProtectiveCall => "protective call",
            Self::Collar => "collar",
            Self::Conversion => "conversion",
            Self::ReverseConversion => "reverse conversion",
            Self::VerticalCredit => "credit spread",
            Self::VerticalDebit => "debit spread",
            Self::Diagonal => "calendar or diagonal spread",
            Self::IronCondor => "iron condor",
            Self::IronButterfly => "iron butterfly",
            Self::LimitedRisk => "limited-risk combination",
            Self::ShortStrangle => "short strangle",
            Self::ShortStraddle => "short straddle",
        })
    }
}
