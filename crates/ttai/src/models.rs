//! The language models that the configuration names, and what they may take.

use std::collections::BTreeMap;
use std::sync::Arc;

use ttai_activities::{ModelAnalyst, ModelBudget};
use ttai_ports::AccountLimits;
use ttai_providers::llm::{Llm, LlmProvider, LlmSettings, Price};

use crate::config::Config;

/// Every provider under `[models]`; none where no section is there.
///
/// # Errors
/// A provider without an address that ttai does not know.
pub fn analyst(config: &Config, limits: &Arc<dyn AccountLimits>) -> anyhow::Result<Option<ModelAnalyst>> {
    let names = config.names("models");
    if names.is_empty() {
        return Ok(None);
    }
    let providers: BTreeMap<String, LlmProvider> =
        names.into_iter().map(|name| (name.clone(), provider(config, &format!("models.{name}")))).collect();
    let llm = Llm::new(&LlmSettings { providers, ..LlmSettings::default() }, limits)?;
    Ok(Some(ModelAnalyst {
        model: Arc::new(llm),
        budget: budget(config),
        news_model: config.text("llm", "news_model"),
    }))
}

fn provider(config: &Config, section: &str) -> LlmProvider {
    let called = config.provider(section, "base_url");
    let price = config
        .number(section, "input_price")
        .zip(config.number(section, "output_price"))
        .map(|(input, output)| Price { input, output });
    LlmProvider {
        base_url: called.base_url,
        api_key: config.secret(section, "api_key"),
        price,
        timeout_seconds: called.timeout.as_secs(),
        requests_per_minute: called.rate.per_minute,
        ..LlmProvider::default()
    }
}

fn budget(config: &Config) -> ModelBudget {
    let default = ModelBudget::default();
    let turns = config.integer("llm", "max_turns").and_then(|turns| u32::try_from(turns).ok());
    ModelBudget {
        turns_per_stage: turns.unwrap_or(default.turns_per_stage),
        usd_per_run: config.number("llm", "max_cost_per_run").unwrap_or(default.usd_per_run),
        usd_per_day: config.number("llm", "max_cost_per_day").unwrap_or(default.usd_per_day),
        ..default
    }
}

#[cfg(test)]
mod tests {
    use ttai_http::LocalLimits;

    use super::*;
    use crate::config::{Environment, load};

    fn of(text: &str) -> anyhow::Result<Option<ModelAnalyst>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("ttai.toml");
        std::fs::write(&path, text)?;
        let config = load(Some(&path), &Environment::of(&[]));
        config.usable()?;
        let limits: Arc<dyn AccountLimits> = Arc::new(LocalLimits::default());
        analyst(&config, &limits)
    }

    #[test]
    fn the_configured_models_are_served_within_their_caps() {
        assert!(of("").unwrap().is_none());
        let text = "[llm]\nmax_turns = 5\nmax_cost_per_day = 2.5\n[models.local]\nbase_url = \"http://127.0.0.1:4000/v1\"\n";
        let analyst = of(text).unwrap().unwrap();
        assert_eq!((analyst.budget.turns_per_stage, analyst.budget.usd_per_day), (5, 2.5));
        analyst.model.check("local/any").unwrap();
        assert!(analyst.model.check("openai/gpt-5").is_err());
        let error = of("[models.nobody]\n").err().unwrap().to_string();
        assert!(error.contains("base_url"), "{error}");
    }
}
