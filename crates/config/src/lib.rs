//! The configuration: `ttai.toml`, the environment over it, secrets, and where each value came from.
//!
//! One table of keys ([`schema`]) is the truth: what is read, refused, shown and documented follows from it.

mod backup;
mod datum;
mod docs;
mod environment;
mod example;
mod file;
mod problem;
mod raw;
pub mod schema;
mod secrets;
mod show;
mod values;

use std::path::{Path, PathBuf};

pub use backup::SavedConfiguration;
pub use datum::{Datum, Feed, duration, duration_text, time_of_day, time_zone};
pub use docs::reference;
pub use environment::Environment;
pub use example::example;
pub use problem::{Place, Problem};
pub use show::Shown;
pub use values::{Config, InvalidConfiguration, LOG, Origin, Provider};

use file::Named;

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
    values::fill(&mut config, tables, environment);
    config
}

/// What an environment alone says.
#[must_use]
pub fn of_environment(environment: &Environment) -> Config {
    let mut config = Config::default();
    values::fill(&mut config, Named::default(), environment);
    config
}

/// What a text in the form of `ttai.toml` says, without file and environment. Whether it fits together is not checked.
#[must_use]
pub fn of_text(text: &str) -> Config {
    let mut config = Config::default();
    let tables = file::parse(Path::new(""), text, &mut config.problems);
    values::merge(&mut config, tables, &Environment::default());
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
