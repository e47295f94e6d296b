//! What is wrong with a configuration, and where.

use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

/// Where a setting stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A line of a file, counted from 1.
    File {
        /// The file.
        path: PathBuf,
        /// The line; none where the whole file is meant.
        line: Option<usize>,
    },
    /// An environment variable.
    Environment {
        /// Its name.
        name: String,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line: Some(line) } => write!(f, "{}:{line}", path.display()),
            Self::File { path, line: None } => write!(f, "{}", path.display()),
            Self::Environment { name } => write!(f, "environment {name}"),
        }
    }
}

/// One thing that is wrong. Its text never repeats a value that may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Problem {
    /// Where.
    pub place: Option<Place>,
    /// Which key, with dots: `providers.cboe.timeout`. Empty where the file itself is at fault.
    pub key: String,
    /// What is wrong, and what to do.
    pub text: String,
}

impl Problem {
    pub(crate) fn new(
        place: impl Into<Option<Place>>,
        key: impl Into<String>,
        text: impl Into<String>,
    ) -> Self {
        Self { place: place.into(), key: key.into(), text: text.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place.as_ref().map(ToString::to_string);
        let parts: Vec<&str> = [place.as_deref(), Some(self.key.as_str()), Some(self.text.as_str())]
            .into_iter()
            .flatten()
            .filter(|part| !part.is_empty())
            .collect();
        f.write_str(&parts.join(": "))
    }
}

/// ` (did you mean …?)` for the nearest of the known names, or which names there are.
pub(crate) fn suggestion<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let near = |name: &&&str| {
        let distance = strsim::damerau_levenshtein(wrong, name);
        (distance * 2 < wrong.chars().count().max(name.chars().count()).max(2) + 1).then_some(distance)
    };
    let best = known.iter().filter_map(|name| near(&name).map(|distance| (distance, *name))).min();
    match best {
        Some((_, name)) => format!("did you mean {name}?"),
        None if known.is_empty() => String::new(),
        None => format!("known here: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_recognised_and_nonsense_gets_the_list() {
        assert_eq!(suggestion("taep", ["seed", "tape"]), "did you mean tape?");
        assert_eq!(suggestion("time_out", ["timeout", "retries"]), "did you mean timeout?");
        assert_eq!(suggestion("quux", ["seed", "tape"]), "known here: seed, tape");
    }
}
