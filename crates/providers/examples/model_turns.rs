//! `cargo run -p ttai-providers --example model_turns -- SETTINGS.json`: takes one model turn for each line of standard input
//! (a [`ModelRequest`] as JSON) and writes it, or its error, as one JSON line. For trying a provider and for conformance.

use std::io::{BufRead, Write};
use std::sync::Arc;

use serde_json::json;
use ttai_http::LocalLimits;
use ttai_ports::{AccountLimits, Model, ModelRequest, PortError};
use ttai_providers::llm::{Llm, LlmSettings};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("give the path of the settings, as JSON")?;
    let settings: LlmSettings = serde_json::from_slice(&std::fs::read(path)?)?;
    let limits: Arc<dyn AccountLimits> = Arc::new(LocalLimits::default());
    let llm = Llm::new(&settings, &limits)?;
    for line in std::io::stdin().lock().lines() {
        let request: ModelRequest = serde_json::from_str(&line?)?;
        let answer = match llm.turn(&request).await {
            Ok(turn) => json!({"turn": turn}),
            Err(error) => json!({"error": class(&error), "detail": error.to_string()}),
        };
        writeln!(std::io::stdout(), "{answer}")?;
    }
    Ok(())
}

fn class(error: &PortError) -> &'static str {
    match error {
        PortError::Authentication { .. } => "authentication",
        PortError::Unavailable { .. } => "unavailable",
        PortError::Invalid { .. } => "invalid",
        PortError::Corrupt { .. } => "corrupt",
        _ => "other",
    }
}
