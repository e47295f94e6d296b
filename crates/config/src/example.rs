//! A whole `ttai.toml` with every key commented out.

use std::fmt::Write as _;

use crate::schema::{Section, secret_variable, sections};

/// The text of a file that changes nothing until a `#` is taken away.
#[must_use]
pub fn example() -> String {
    let mut text = String::from(
        "# ttai.toml: what ttai is configured with. Every line is commented out and shows the default, or an example.\n\
         # Looked for as ./ttai.toml, then in the user's configuration folder; or --config FILE, TTAI_CONFIG.\n\
         # Any key can be overridden by the environment: providers.cboe.timeout by TTAI__PROVIDERS__CBOE__TIMEOUT.\n\
         # Secrets belong into the environment or into files of their own; in clear they are taken only where this\n\
         # file has mode 0600. `ttai config check` says what is wrong, `ttai config show` what holds.\n",
    );
    for section in sections() {
        table(&mut text, section);
    }
    text
}

fn table(text: &mut String, section: &Section) {
    // Writing to a String does not fail.
    if !section.path.is_empty() {
        let name = if section.path == "models.NAME" { "local" } else { "desk" };
        text.push('\n');
        comment(text, &section.about);
        let _ = writeln!(text, "#[{}]", section.path.replace("NAME", name));
    }
    for key in &section.keys {
        let only = if key.of.is_empty() { String::new() } else { format!(" ({} only)", key.of.join(", ")) };
        comment(text, &format!("{}{only}", key.about));
        if key.is_secret() {
            let name = section
                .path
                .replace("NAME", if section.path.starts_with("models") { "local" } else { "desk" });
            if !key.example.is_null() {
                let _ = writeln!(text, "#{} = {}", key.name, key.kind.text(&key.example));
            }
            let _ = writeln!(
                text,
                "#{}_file = \"/run/secrets/{}\"   # or {}",
                key.name,
                key.name,
                secret_variable(&name, &key.name)
            );
            continue;
        }
        let value = key.default_text().unwrap_or_else(|| key.kind.text(&key.example));
        let _ = writeln!(text, "#{} = {value}", key.name);
    }
}

/// A comment in lines of about a hundred columns.
fn comment(text: &mut String, words: &str) {
    let mut line = String::from("#");
    for word in words.split_whitespace() {
        if line.len() + word.len() > 100 {
            let _ = writeln!(text, "{line}");
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    if line.len() > 1 {
        let _ = writeln!(text, "{line}");
    }
}
