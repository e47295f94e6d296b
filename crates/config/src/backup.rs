//! The configuration for a backup: what is in effect, as a `ttai.toml` without secrets. Nothing of the file's own text is copied: a
//! comment may hold an old password.

use std::collections::BTreeMap;

use toml::Value;

use super::datum::{Datum, duration_text};
use super::schema::{self, Kind};
use super::values::{Config, Origin, join};

/// A configuration without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedConfiguration {
    /// As a file.
    pub text: String,
    /// The keys whose values are not in it: `channels.desk.url`.
    pub left_out: Vec<String>,
}

impl Config {
    /// Every value that somebody set, in the file or the environment, but for secrets; the name of a secret's own file is none.
    pub fn without_secrets(&self) -> SavedConfiguration {
        let mut tables: BTreeMap<&str, Vec<(String, Value)>> = BTreeMap::new();
        let mut left_out = Vec::new();
        for ((path, name), (datum, _)) in &self.values {
            match written(datum).filter(|_| !is_secret(path, name)) {
                Some(value) => tables.entry(path).or_default().push(((*name).to_owned(), value)),
                None => left_out.push(join(path, name)),
            }
        }
        for ((path, name), (_, origin)) in &self.secrets {
            left_out.push(join(path, name));
            if let Origin::SecretFile { path: file, .. } = origin {
                let value = Value::String(file.to_string_lossy().into_owned());
                tables.entry(path).or_default().push((format!("{name}_file"), value));
            }
        }
        left_out.sort();
        // The root's keys first: behind a table they would be the table's.
        let text: String = tables.into_iter().map(|(path, keys)| table(path, &keys)).collect();
        SavedConfiguration { text, left_out }
    }
}

fn table(path: &str, keys: &[(String, Value)]) -> String {
    let lines: String = keys.iter().map(|(name, value)| format!("{name} = {value}\n")).collect();
    if path.is_empty() { format!("{lines}\n") } else { format!("[{}]\n{lines}\n", quoted(path)) }
}

/// A table's path, with names in quotes that are no bare keys.
fn quoted(path: &str) -> String {
    let is_bare = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    let name = |name: &str| {
        if is_bare(name) { name.to_owned() } else { Value::String(name.to_owned()).to_string() }
    };
    path.split('.').map(name).collect::<Vec<_>>().join(".")
}

fn is_secret(path: &str, name: &str) -> bool {
    schema::section(path).and_then(|section| section.key(name)).is_none_or(|key| key.kind == Kind::Secret)
}

/// A value as TOML has it; none for an address that may hold a password or a key.
fn written(datum: &Datum) -> Option<Value> {
    Some(match datum {
        Datum::Text(text) => Value::String(text.clone()),
        Datum::Path(path) => Value::String(path.to_string_lossy().into_owned()),
        Datum::Flag(flag) => Value::Boolean(*flag),
        Datum::Integer(number) => Value::Integer(i64::try_from(*number).ok()?),
        Datum::Number(number) => Value::Float(*number),
        Datum::Decimal(amount) => Value::String(amount.to_string()),
        Datum::Duration(span) => Value::String(duration_text(*span)),
        Datum::PerMinute(calls) => Value::String(format!("{calls}/min")),
        Datum::Url(url) => {
            let is_open = url.password().is_none() && url.username().is_empty() && url.query().is_none();
            is_open.then(|| Value::String(url.to_string()))?
        }
        Datum::List(names) => Value::Array(names.iter().cloned().map(Value::String).collect()),
        Datum::Feeds(_) => return None,
        Datum::Json(value) => Value::String(value.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Environment, load};

    const FILE: &str = r#"
data_dir = "/data/ttai"   # the old one was pl4nted
[market]
source = "live"
[channels.desk]
type = "slack"
url = "https://hooks.slack.com/services/pl4nted"
messages_per_minute = 20
[channels.mail]
type = "email"
host = "smtp.example"
from = "ttai <ttai@mail.example>"
to = ["ann@mail.example", "bob \"the\" builder@mail.example"]
username = "ann"
password_file = "mail-password"
[models.gateway]
base_url = "http://127.0.0.1:4000/v1?key=pl4nted"
[providers.cboe]
timeout = "90s"
[providers.rss]
feeds = [{ name = "mine", url = "https://news.example/feed?key=pl4nted" }]
"#;

    #[test]
    fn all_but_the_secrets_is_written_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ttai.toml");
        std::fs::write(&path, FILE).unwrap();
        std::fs::write(folder.path().join("mail-password"), "pl4nted").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        let environment = Environment::of(&[
            ("TTAI_TASTYTRADE_CLIENT_SECRET", "pl4nted"),
            ("TTAI_TASTYTRADE_REFRESH_TOKEN", "pl4nted"),
            ("TTAI__PROVIDERS__CBOE__RATE_LIMIT", "30/min"),
        ]);
        let config = load(Some(&path), &environment);
        assert!(config.problems.is_empty(), "{:?}", config.problems);
        let saved = config.without_secrets();
        assert!(!saved.text.contains("pl4nted"), "{}", saved.text);
        assert_eq!(
            saved.left_out,
            [
                "channels.desk.url",
                "channels.mail.password",
                "models.gateway.base_url",
                "providers.rss.feeds",
                "providers.tastytrade.client_secret",
                "providers.tastytrade.refresh_token"
            ]
        );
        std::fs::write(&path, &saved.text).unwrap();
        let again = load(Some(&path), &Environment::default());
        let values = |config: &super::Config| {
            let rows = config.shown(false).into_iter().filter(|row| row.set && row.value != "(secret)");
            rows.map(|row| (row.key, row.value)).collect::<Vec<_>>()
        };
        let mut wanted = values(&config);
        wanted.retain(|(key, _)| !saved.left_out.contains(key));
        assert_eq!(values(&again), wanted, "{}", saved.text);
        assert!(again.secret("channels.mail", "password").is_some(), "{}", saved.text);
        assert_eq!(
            again.problems.len(),
            1,
            "only that the webhook's address is missing: {:?}",
            again.problems
        );
    }
}
