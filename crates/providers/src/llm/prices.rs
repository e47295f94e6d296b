//! What models cost. A configured price comes before a list price; a model without a price has no cost.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Dollars for a million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Read. Cached tokens are counted in full, so that a cost is never too low by them.
    pub input: f64,
    /// Written.
    pub output: f64,
}

impl Price {
    /// Dollars of a turn.
    #[must_use]
    pub fn cost(&self, input_tokens: u64, output_tokens: u64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^53")]
        let millions = |tokens: u64| tokens as f64 / 1e6;
        millions(input_tokens) * self.input + millions(output_tokens) * self.output
    }
}

/// Prices by `provider/model`. A name also stands for its dated versions: `openai/gpt-5` for `openai/gpt-5-2025-08-07`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct PriceTable(BTreeMap<String, Price>);

/// List prices in dollars for a million tokens, from the price map inside PyPI litellm 1.109.1, read on 2026-11-20. Prices
/// change: give your own.
const BUILT_IN: &[(&str, f64, f64)] = &[
    ("anthropic/claude-haiku-4-5", 1.0, 5.0),
    ("anthropic/claude-haiku-5-5", 0.1, 0.5),
    ("anthropic/claude-opus-4-5", 5.0, 25.0),
    ("anthropic/claude-opus-4-6", 5.0, 25.0),
    ("anthropic/claude-opus-4-7", 5.0, 25.0),
    ("anthropic/claude-opus-4-8", 5.0, 25.0),
    ("anthropic/claude-opus-5", 5.0, 25.0),
    ("anthropic/claude-opus-5-5", 4.0, 20.0),
    ("anthropic/claude-sonnet-4-5", 3.0, 15.0),
    ("anthropic/claude-sonnet-4-6", 3.0, 15.0),
    ("anthropic/claude-sonnet-5", 2.0, 10.0),
    ("anthropic/claude-sonnet-5-5", 2.0, 10.0),
    ("gemini/gemini-2.5-flash", 0.3, 2.5),
    ("gemini/gemini-2.5-flash-lite", 0.1, 0.4),
    ("gemini/gemini-2.5-pro", 1.25, 10.0),
    ("gemini/gemini-3.5-flash", 1.5, 9.0),
    ("gemini/gemini-3.8-flash", 0.75, 3.75),
    ("openai/gpt-4.1", 2.0, 8.0),
    ("openai/gpt-4.1-mini", 0.4, 1.6),
    ("openai/gpt-4.1-nano", 0.1, 0.4),
    ("openai/gpt-4o", 2.5, 10.0),
    ("openai/gpt-4o-mini", 0.15, 0.6),
    ("openai/gpt-5", 1.25, 10.0),
    ("openai/gpt-5-mini", 0.25, 2.0),
    ("openai/gpt-5-nano", 0.05, 0.4),
    ("openai/gpt-5.1", 1.25, 10.0),
    ("openai/gpt-5.2", 1.75, 14.0),
    ("openai/gpt-5.4", 2.5, 15.0),
    ("openai/gpt-5.4-mini", 0.75, 4.5),
    ("openai/gpt-5.4-nano", 0.2, 1.25),
    ("openai/gpt-5.5", 5.0, 30.0),
    ("openai/gpt-6-luna", 0.1, 0.5),
    ("openai/gpt-6-sol", 2.0, 10.0),
    ("openai/o3", 2.0, 8.0),
    ("openai/o3-mini", 1.1, 4.4),
    ("openai/o4-mini", 1.1, 4.4),
];

impl PriceTable {
    /// The list prices that ttai knows.
    #[must_use]
    pub fn built_in() -> Self {
        Self(
            BUILT_IN
                .iter()
                .map(|(name, input, output)| ((*name).to_owned(), Price { input: *input, output: *output }))
                .collect(),
        )
    }

    /// The price of `provider/model`.
    #[must_use]
    pub fn of(&self, model: &str) -> Option<Price> {
        if let Some(price) = self.0.get(model) {
            return Some(*price);
        }
        let dated = |name: &str| model.strip_prefix(name).is_some_and(is_date);
        self.0.iter().find(|(name, _)| dated(name)).map(|(_, price)| *price)
    }
}

/// `-20250929`, `@20250929`, `-2025-08-07`, `-latest`.
fn is_date(suffix: &str) -> bool {
    let Some(rest) = suffix.strip_prefix(['-', '@']) else { return false };
    rest == "latest"
        || rest.chars().filter(char::is_ascii_digit).count() == 8
            && rest.chars().all(|c| c.is_ascii_digit() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_found_by_name_and_by_dated_name() {
        let own: PriceTable = serde_json::from_str(r#"{"openai/gpt-5": {"input": 1, "output": 2}}"#).unwrap();
        let table = PriceTable::built_in();
        assert_eq!(own.of("openai/gpt-5-2025-08-07").map(|price| price.output), Some(2.0));
        assert_eq!(table.of("anthropic/claude-sonnet-4-5-20250929").map(|price| price.input), Some(3.0));
        assert_eq!(table.of("openai/gpt-5-mini").map(|price| price.input), Some(0.25));
        assert_eq!(table.of("openai/gpt-5-unheard"), None);
        assert!((table.of("openai/gpt-4o-mini").unwrap().cost(1_000_000, 100_000) - 0.21).abs() < 1e-12);
    }
}
