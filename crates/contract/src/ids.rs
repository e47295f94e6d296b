//! Workflow ids, built in one place.

use ttai_core::Symbol;

/// The user whose ids carry no suffix.
pub const DEFAULT_USER: &str = "default";

/// `analysis-{symbol}-{client key or uuid}`.
#[must_use]
pub fn analysis(symbol: &Symbol, key: &str) -> String {
    format!("analysis-{symbol}-{key}")
}

/// A child analysis: `analysis-{symbol}-{parent id}`.
#[must_use]
pub fn child_analysis(symbol: &Symbol, parent_workflow_id: &str) -> String {
    format!("analysis-{symbol}-{parent_workflow_id}")
}

/// A well-known id as the user owns it: unchanged for `default`, else `{id}/{user_id}`.
#[must_use]
pub fn for_user(id: &str, user_id: &str) -> String {
    if user_id == DEFAULT_USER { id.to_owned() } else { format!("{id}/{user_id}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_the_wire_names() {
        let symbol = Symbol::new("AAPL").unwrap();
        assert_eq!(analysis(&symbol, "k1"), "analysis-AAPL-k1");
        assert_eq!(for_user("price-alerts", "default"), "price-alerts");
        assert_eq!(for_user("price-alerts", "ann"), "price-alerts/ann");
    }
}
