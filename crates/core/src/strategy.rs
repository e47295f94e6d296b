//! What a trade is made of, and the account that carries it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which credit vertical.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpreadType {
    /// Short put over a long put.
    #[default]
    #[serde(alias = "bullPut")]
    BullPut,
    /// Short call under a long call.
    #[serde(alias = "bearCall")]
    BearCall,
}

/// What to do with chains that report no open interest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OpenInterestPolicy {
    /// Take none.
    Exclude,
    /// Go on and warn.
    #[default]
    Warn,
    /// Go on.
    Allow,
}

/// What kind of account trades.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountType {
    /// Everything is paid for or secured in cash.
    #[default]
    Cash,
    /// Reg-T margin.
    Margin,
}
