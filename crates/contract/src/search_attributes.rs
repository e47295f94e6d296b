//! The search attributes that make the Temporal UI readable. They are never encrypted.

use temporalio_common::search_attributes::SearchAttributeKey;

/// Whose run it is.
pub const USER: SearchAttributeKey<String> = SearchAttributeKey::keyword("TtaiUser");
/// What it is about.
pub const SYMBOL: SearchAttributeKey<String> = SearchAttributeKey::keyword("TtaiSymbol");
/// `csp`, `covered_call`, `spread`.
pub const STRATEGY: SearchAttributeKey<String> = SearchAttributeKey::keyword("TtaiStrategy");
/// What came out.
pub const OUTCOME: SearchAttributeKey<String> = SearchAttributeKey::keyword("TtaiOutcome");
/// `live`, `delayed`, `recorded` or `simulated`.
pub const MARKET: SearchAttributeKey<String> = SearchAttributeKey::keyword("TtaiMarket");

/// The names, all of type Keyword.
pub const KEYWORDS: [&str; 5] = ["TtaiUser", "TtaiSymbol", "TtaiStrategy", "TtaiOutcome", "TtaiMarket"];
