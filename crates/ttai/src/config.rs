//! Reads the configuration and judges what only the program can about it: whether its schedules can be kept.

use std::path::Path;

use ttai_config::{Config, Environment};

use crate::schedules;

/// Reads the file that was named, else `./ttai.toml`, else the user's, and the environment over it.
///
/// Never fails: what is wrong is in [`Config::problems`], all of it.
#[must_use]
pub fn load(named: Option<&Path>, environment: &Environment) -> Config {
    let mut config = ttai_config::load(named, environment);
    for (section, key, text) in schedules::problems(&config) {
        config.complain(&section, key, &text);
    }
    config
}
