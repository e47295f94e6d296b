//! The environment as the configuration sees it, and variables that look like settings and are none.

use std::collections::BTreeMap;

use crate::problem::{Place, Problem, suggestion};
use crate::schema::{self, STANDARD_KEYS, secret_variable, variable};

/// Variables that other parts of the program read.
const OTHERS: [&str; 8] = [
    "TTAI_CONFIG",
    "TTAI_DATA_DIR",
    "TTAI_STORE",
    "TTAI_TEMPORAL",
    "TTAI_TAPE",
    "TTAI_SEED",
    "TTAI_START",
    "TTAI_LOG",
];

/// A copy of the variables that may concern the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The process's. Variables that are no text are left out.
    #[must_use]
    pub fn of_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        let concerns = |name: &str| name.starts_with("TTAI_") || STANDARD_KEYS.contains(&name);
        Self(std::env::vars_os().filter_map(text).filter(|(name, _)| concerns(name)).collect())
    }

    /// These.
    #[must_use]
    pub fn of(variables: &[(&str, &str)]) -> Self {
        Self(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    /// A variable that is there and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Overrides `TTAI__A__B=value`: the variable's name, its path in lower case, its value.
    pub(crate) fn overrides(&self) -> impl Iterator<Item = (&str, Vec<String>, &str)> {
        self.0.iter().filter(|(_, value)| !value.is_empty()).filter_map(|(name, value)| {
            let path = name.strip_prefix("TTAI__")?.split("__").map(str::to_ascii_lowercase).collect();
            Some((name.as_str(), path, value.as_str()))
        })
    }

    /// Variables of ttai's name that nothing reads, such as a misspelt secret. `sections` are the tables that are there.
    pub(crate) fn strangers(&self, sections: &[String]) -> Vec<Problem> {
        let known = known(sections);
        let is_known = |name: &str| {
            name.starts_with("TTAI__")
                || STANDARD_KEYS.contains(&name)
                || known.iter().any(|known| known == name)
        };
        self.0
            .keys()
            .filter(|name| !is_known(name))
            .filter_map(|name| {
                // Only what is near a setting is taken for one: other programs may have variables like these.
                let hint = suggestion(name, known.iter().map(String::as_str));
                let place = Place::Environment { name: name.clone() };
                hint.starts_with("did you mean")
                    .then(|| Problem::new(place, "", format!("is no setting; {hint}")))
            })
            .collect()
    }
}

fn known(sections: &[String]) -> Vec<String> {
    let fixed = schema::sections().filter(|section| section.family().is_none());
    let named = sections.iter().filter_map(|path| Some((path.as_str(), schema::section(path)?)));
    let all = fixed.map(|section| (section.path.as_str(), section)).chain(named);
    let secrets = all.flat_map(|(path, section)| {
        let secrets = section.keys.iter().filter(|key| key.is_secret());
        secrets.flat_map(move |key| {
            let name = secret_variable(path, &key.name);
            [format!("{name}_FILE"), name, variable(path, &key.name)]
        })
    });
    secrets.chain(OTHERS.map(str::to_owned)).collect()
}
