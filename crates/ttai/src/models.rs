//! The language models that the configuration names, and what they may take.

use std::collections::BTreeMap;
use std::sync::Arc;

use ttai_activities::{ModelAnalyst, ModelBudget};
use ttai_config::Config;
use ttai_config::sections::{LlmSection, ModelSection};
use ttai_ports::AccountLimits;
use ttai_providers::llm::{Llm, LlmProvider, LlmSettings, Price};

/// Every provider under `[models]`; none where no section is there.
///
/// # Errors
/// A provider without an address that ttai does not know.
pub fn analyst(config: &Config, limits: &Arc<dyn AccountLimits>) -> anyhow::Result<Option<ModelAnalyst>> {
    if config.models.is_empty() {
        return Ok(None);
    }
    let providers: BTreeMap<String, LlmProvider> =
        config.models.iter().map(|(name, section)| (name.clone(), provider(section))).collect();
    let llm = Llm::new(&LlmSettings { providers, ..LlmSettings::default() }, limits)?;
    let LlmSection { news_model, max_turns, max_cost_per_run, max_cost_per_day, .. } = &config.llm;
    let budget = ModelBudget {
        turns_per_stage: *max_turns,
        usd_per_run: *max_cost_per_run,
        usd_per_day: *max_cost_per_day,
        ..ModelBudget::default()
    };
    Ok(Some(ModelAnalyst { model: Arc::new(llm), budget, news_model: news_model.clone() }))
}

fn provider(section: &ModelSection) -> LlmProvider {
    let price = section.input_price.zip(section.output_price);
    LlmProvider {
        base_url: section.base_url.clone(),
        api_key: section.api_key.as_deref().cloned(),
        price: price.map(|(input, output)| Price { input, output }),
        timeout_seconds: section.calls.timeout.as_secs(),
        requests_per_minute: section.calls.rate_limit.0,
        ..LlmProvider::default()
    }
}

#[cfg(test)]
mod tests {
    use ttai_http::LocalLimits;

    use super::*;
    use ttai_config::{Environment, load};

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
