//! The configuration for a backup: what is in effect, as a `ttai.toml` without secrets. Nothing of the file's own text is copied: a
//! comment may hold an old password.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use url::Url;

use crate::config::{Config, Origin};
use crate::kind::Kind;
use crate::schema::{self, join};

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
    #[must_use]
    pub fn without_secrets(&self) -> SavedConfiguration {
        let mut tables: BTreeMap<&str, Vec<(String, String)>> = BTreeMap::new();
        let mut left_out = Vec::new();
        for ((path, name), held) in &self.set {
            let kind = schema::section(path).and_then(|section| section.key(name)).map(|key| &key.kind);
            match kind.and_then(|kind| written(kind, &held.value)) {
                Some(value) => tables.entry(path).or_default().push((name.clone(), value)),
                None => left_out.push(join(path, name)),
            }
            if let Origin::SecretFile { path: file, .. } = &held.origin {
                let value = Kind::Path.text(&json!(file.to_string_lossy()));
                tables.entry(path).or_default().push((format!("{name}_file"), value));
            }
        }
        left_out.sort();
        // The root's keys first: behind a table they would be the table's.
        let text: String = tables.into_iter().map(|(path, keys)| table(path, &keys)).collect();
        SavedConfiguration { text, left_out }
    }
}

fn table(path: &str, keys: &[(String, String)]) -> String {
    let lines: String = keys.iter().map(|(name, value)| format!("{name} = {value}\n")).collect();
    if path.is_empty() { format!("{lines}\n") } else { format!("[{}]\n{lines}\n", quoted(path)) }
}

/// A table's path, with names in quotes that are no bare keys.
fn quoted(path: &str) -> String {
    let is_bare = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    let name = |name: &str| {
        if is_bare(name) { name.to_owned() } else { Kind::Text.text(&json!(name)) }
    };
    path.split('.').map(name).collect::<Vec<_>>().join(".")
}

/// A value as TOML has it; none for a secret, and for an address that may hold a password or a key.
fn written(kind: &Kind, value: &Value) -> Option<String> {
    let is_open = match kind {
        Kind::Secret | Kind::Feeds => false,
        Kind::Url(_) => Url::parse(value.as_str()?)
            .is_ok_and(|url| url.password().is_none() && url.username().is_empty() && url.query().is_none()),
        _ => true,
    };
    is_open.then(|| kind.text(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Environment, load};

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
        let values = |config: &Config| {
            let rows = config.shown(false).into_iter().filter(|row| row.set && row.value != "(secret)");
            rows.map(|row| (row.key, row.value)).collect::<Vec<_>>()
        };
        let mut wanted = values(&config);
        wanted.retain(|(key, _)| !saved.left_out.contains(key));
        assert_eq!(values(&again), wanted, "{}", saved.text);
        assert!(again.channels["mail"].password.is_some(), "{}", saved.text);
        assert_eq!(
            again.problems.len(),
            1,
            "only that the webhook's address is missing: {:?}",
            again.problems
        );
    }
}
