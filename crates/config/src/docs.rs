//! The reference of all keys as Markdown, for `docs/configuration.md`.

use std::fmt::Write as _;

use crate::schema::{secret_variable, sections};

/// One table a section.
#[must_use]
pub fn reference() -> String {
    let mut text = String::new();
    for section in sections() {
        // Writing to a String does not fail.
        let title =
            if section.path.is_empty() { "Top level".to_owned() } else { format!("[{}]", section.path) };
        let _ = write!(text, "\n### {title}\n\n");
        if !section.about.is_empty() {
            let _ = write!(text, "{}\n\n", section.about);
        }
        text.push_str("| Key | Takes | Default | |\n|---|---|---|---|\n");
        for key in &section.keys {
            let default = key.default_text().map(|text| format!("`{}`", text.replace('|', "\\|")));
            let default = default.unwrap_or_else(|| "–".to_owned());
            let only =
                if key.of.is_empty() { String::new() } else { format!(" Only {}.", key.of.join(", ")) };
            let secret = if key.is_secret() {
                format!(" Secret: `{}` or `{}_file`.", secret_variable(&section.path, &key.name), key.name)
            } else {
                String::new()
            };
            let _ = writeln!(
                text,
                "| `{}` | {} | {default} | {}{only}{secret} |",
                key.name,
                key.kind.describe(),
                key.about
            );
        }
    }
    text
}
