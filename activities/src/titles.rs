//! The titles in every analyst's text. A reader of the text finds its parts by them.

/// What speaks for the verdict.
pub const WHY: &str = "Why";
/// What speaks most against a trade.
pub const RISKS: &str = "Risks";
/// What speaks most against a refusal.
pub const OTHER_HAND: &str = "On the other hand";
/// What would change the verdict.
pub const CHANGE: &str = "What would change this";
/// What is not known.
pub const MISSING: &str = "Missing data";
/// The sentence where nothing is missing.
pub const NOTHING: &str = "Nothing.";
