//! `ttai config`: what could be set, what is wrong, what holds.

use std::path::PathBuf;
use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::{ConfigCommand, GlobalArgs};
use crate::config;
use crate::{output, report};
use ttai_config::{Config, Environment, Problem};

/// Runs the command.
///
/// # Errors
/// Output that is no JSON, which does not happen.
pub fn run(global: &GlobalArgs, command: &ConfigCommand) -> anyhow::Result<ExitCode> {
    if matches!(command, ConfigCommand::Example) {
        output::line(ttai_config::example().trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    let config = config::load(global.config.as_deref(), &Environment::of_process());
    match command {
        ConfigCommand::Example => Ok(ExitCode::SUCCESS),
        ConfigCommand::Check { json } => check(&config, *json),
        ConfigCommand::Show { all, json } => show(&config, *all, *json),
    }
}

/// What is wrong with the configuration.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ConfigChecked {
    /// The file that was read.
    file: Option<PathBuf>,
    /// What keeps it from being used.
    problems: Vec<Problem>,
    /// What is likely meant otherwise.
    warnings: Vec<Problem>,
}

fn check(config: &Config, as_json: bool) -> anyhow::Result<ExitCode> {
    let file = config.file.as_ref().map_or("no ttai.toml".to_owned(), |path| path.display().to_string());
    if as_json {
        let (problems, warnings) = (config.problems.clone(), config.warnings.clone());
        output::json(&ConfigChecked { file: config.file.clone(), problems, warnings })?;
    } else {
        for problem in &config.problems {
            output::line(&format!("problem  {problem}"));
        }
        for warning in &config.warnings {
            output::line(&format!("warning  {warning}"));
        }
        let verdict = match config.problems.len() {
            0 => "valid".to_owned(),
            1 => "1 problem".to_owned(),
            several => format!("{several} problems"),
        };
        output::line(&format!("{file}: {verdict}"));
    }
    Ok(if config.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn show(config: &Config, all: bool, as_json: bool) -> anyhow::Result<ExitCode> {
    let rows = config.shown(all);
    if as_json {
        output::json(&rows)?;
    } else {
        output::line(&report::configuration(&rows));
    }
    if config.problems.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    output::note(&format!("{} problems; `ttai config check` lists them", config.problems.len()));
    Ok(ExitCode::FAILURE)
}
