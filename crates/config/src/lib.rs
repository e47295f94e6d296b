//! The configuration: `ttai.toml`, the environment over it, secrets, and where each value came from.
//!
//! The structs of [`sections`] are the truth: what is read, refused, shown and documented follows from them.

mod backup;
mod check;
mod config;
mod docs;
mod environment;
mod example;
mod file;
mod kind;
mod layers;
mod problem;
mod raw;
mod schema;
mod secrets;
pub mod sections;
mod show;
mod types;

use std::path::{Path, PathBuf};

pub use backup::SavedConfiguration;
pub use config::{Config, InvalidConfiguration};
pub use docs::reference;
pub use environment::Environment;
pub use example::example;
pub use kind::{duration, duration_text, time_of_day, time_zone};
pub use problem::{Place, Problem};
pub use schema::members;
pub use sections::Sections;
pub use show::Shown;
pub use types::{Chosen, Feed, PerMinute, Secret};

use file::Named;

/// The worker's log, as the name of a channel that is always there.
pub const LOG: &str = "log";

/// Reads the file that was named, else `./ttai.toml`, else the user's, and the environment over it.
///
/// Never fails: what is wrong is in [`Config::problems`], all of it.
#[must_use]
pub fn load(named: Option<&Path>, environment: &Environment) -> Config {
    let mut config = Config::default();
    let found = locate(named);
    let tables = match &found {
        Some(path) => file::read(path, &mut config.problems),
        None => Named::default(),
    };
    config.file = found;
    layers::merge(&mut config, tables, environment);
    check::together(&mut config);
    config
}

/// What an environment alone says.
#[must_use]
pub fn of_environment(environment: &Environment) -> Config {
    let mut config = Config::default();
    layers::merge(&mut config, Named::default(), environment);
    check::together(&mut config);
    config
}

/// What a text in the form of `ttai.toml` says, without file and environment. Whether it fits together is not checked.
#[must_use]
pub fn of_text(text: &str) -> Config {
    let mut config = Config::default();
    let tables = file::parse(Path::new(""), text, &mut config.problems);
    layers::merge(&mut config, tables, &Environment::default());
    config
}

/// The file that was named, else the first that exists.
fn locate(named: Option<&Path>) -> Option<PathBuf> {
    if let Some(path) = named {
        return Some(path.to_owned());
    }
    let user =
        directories::ProjectDirs::from("", "", "ttai").map(|folders| folders.config_dir().join("ttai.toml"));
    [Some(PathBuf::from("ttai.toml")), user].into_iter().flatten().find(|path| path.is_file())
}

#[cfg(test)]
mod tests;
