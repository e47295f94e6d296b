//! Secrets: by environment, by a file of their own, or, in a file that only its owner reads, in clear. A model's key may also stand
//! where its vendor's own clients look for it.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::config::{Config, Origin};
use crate::environment::Environment;
use crate::kind::Kind;
use crate::layers::{Written, beside};
use crate::problem::{Place, Problem};
use crate::raw::Raw;
use crate::schema::{Key, join, secret_variable, standard_variable, variable};

/// A longer file is no secret.
const LONGEST: u64 = 64 * 1024;

/// What is known about a secret before it is read.
pub(super) struct Asked<'a> {
    pub(crate) section: &'a str,
    pub(crate) key: &'static Key,
    /// `refresh_token = …`.
    pub(crate) value: Written,
    /// `refresh_token_file = …`.
    pub(crate) file: Written,
    pub(crate) environment: &'a Environment,
}

/// Reads a secret. The environment wins over the file, and the secret itself over the name of its file.
pub(crate) fn read(config: &mut Config, asked: &Asked<'_>) {
    let path = join(asked.section, &asked.key.name);
    if let (Some((_, place)), Some(_)) = (&asked.value.file, &asked.file.file) {
        let text = format!("stands there beside {}_file; leave one out", asked.key.name);
        config.problems.push(Problem::new(place.clone(), path, text));
        return;
    }
    match find(config, asked) {
        Ok(Some((secret, origin))) => config.insert(asked.section, asked.key, json!(secret), origin),
        Ok(None) => {}
        Err(problem) => config.problems.push(problem),
    }
}

fn find(config: &mut Config, asked: &Asked<'_>) -> Result<Option<(String, Origin)>, Problem> {
    let short = secret_variable(asked.section, &asked.key.name);
    let in_environment = |name: &str| {
        let place = Place::Environment { name: name.to_owned() };
        asked.environment.get(name).map(|value| (value.to_owned(), place))
    };
    if let Some((secret, place)) = in_environment(&short) {
        return Ok(Some((secret, Origin::At(place))));
    }
    if let Some((raw, place)) = &asked.value.environment {
        return Ok(Some((text(raw, place, asked)?, Origin::At(place.clone()))));
    }
    if let Some((path, place)) = in_environment(&format!("{short}_FILE")) {
        return from_file(config, asked, &path, place).map(Some);
    }
    if let Some((raw, place)) = asked.file.environment.as_ref().or(asked.file.file.as_ref()) {
        let path = text(raw, place, asked)?;
        return from_file(config, asked, &path, place.clone()).map(Some);
    }
    let Some((raw, place)) = &asked.value.file else {
        let standard = standard_variable(asked.section, &asked.key.name).and_then(in_environment);
        return Ok(standard.map(|(secret, place)| (secret, Origin::At(place))));
    };
    let secret = text(raw, place, asked)?;
    if !hides_nothing(asked, &secret) {
        in_clear(config, asked, place)?;
    }
    Ok(Some((secret, Origin::At(place.clone()))))
}

/// An address of a store without a password is no secret.
fn hides_nothing(asked: &Asked<'_>, value: &str) -> bool {
    asked.section == "store" && !value.contains('@') && !value.contains("password")
}

fn text(raw: &Raw, place: &Place, asked: &Asked<'_>) -> Result<String, Problem> {
    match raw {
        Raw::Text(text) if !text.is_empty() => Ok(text.clone()),
        Raw::Text(_) => Err(problem(asked, place, "is empty".to_owned())),
        other => Err(problem(asked, place, format!("a text is expected, {} stands there", other.kind()))),
    }
}

fn problem(asked: &Asked<'_>, place: &Place, text: String) -> Problem {
    Problem::new(place.clone(), join(asked.section, &asked.key.name), text)
}

fn from_file(
    config: &mut Config,
    asked: &Asked<'_>,
    path: &str,
    named: Place,
) -> Result<(String, Origin), Problem> {
    let wrong = |text: String| problem(asked, &named, text);
    let path = Kind::Path
        .read(&Raw::Text(path.to_owned()))
        .map_err(|_| wrong("the name of its file is no path".to_owned()))?;
    let path = PathBuf::from(path.as_str().unwrap_or_default());
    let path = match &named {
        Place::File { path: file, .. } => beside(file, &path),
        Place::Environment { .. } => path,
    };
    let shown = path.display();
    let details = std::fs::metadata(&path)
        .map_err(|error| wrong(format!("its file {shown} cannot be read: {error}")))?;
    if details.len() > LONGEST {
        return Err(wrong(format!("its file {shown} is larger than {LONGEST} bytes and no secret")));
    }
    let content = std::fs::read_to_string(&path)
        .map_err(|error| wrong(format!("its file {shown} cannot be read: {error}")))?;
    let secret = content.trim();
    if secret.is_empty() {
        return Err(wrong(format!("its file {shown} is empty")));
    }
    if let Some(mode) = readable_by_others(&path) {
        let text = format!("its file {shown} can be read by others (mode {mode:o}); run: chmod 600 {shown}");
        config.warnings.push(wrong(text));
    }
    Ok((secret.to_owned(), Origin::SecretFile { path, named }))
}

/// A secret in clear: refused where others can read the file, else a warning.
fn in_clear(config: &mut Config, asked: &Asked<'_>, place: &Place) -> Result<(), Problem> {
    let Place::File { path, .. } = place else { return Ok(()) };
    let (short, long) =
        (secret_variable(asked.section, &asked.key.name), variable(asked.section, &asked.key.name));
    let better = format!("set {short} (or {long}), or {}_file", asked.key.name);
    match readable_by_others(path) {
        Some(mode) => Err(problem(
            asked,
            place,
            format!(
                "is a secret in clear in a file that others can read (mode {mode:o}); {better}, or run: chmod 600 {}",
                path.display()
            ),
        )),
        None => {
            config.warnings.push(problem(asked, place, format!("is a secret in clear; better: {better}")));
            Ok(())
        }
    }
}

/// The mode of a file that others than its owner can read.
fn readable_by_others(path: &Path) -> Option<u32> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
        (mode & 0o077 != 0).then_some(mode)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}
