//! What is written from the table: its part of ARCHITECTURE.md, and the clippy.toml of each crate with bans.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::bans::Ban;
use crate::graph::Graph;
use crate::table::{FREE, LAYERS, Layer};

const BEGIN: &str = "<!-- written by `cargo run -p xtask -- layers --write` from xtask/src/table.rs -->\n";
const END: &str = "<!-- end of what is written -->\n";

/// Every file that the table makes, with what it should hold.
pub(crate) fn files(graph: &Graph) -> anyhow::Result<Vec<(PathBuf, String)>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let architecture = root.join("ARCHITECTURE.md");
    let text = fs::read_to_string(&architecture).context("ARCHITECTURE.md")?;
    let mut files = vec![(architecture, with_table(&text).context("ARCHITECTURE.md has lost its marks")?)];
    for layer in LAYERS.iter().filter(|layer| !layer.bans.is_empty()) {
        files.push((graph.manifest(layer.name)?.with_file_name("clippy.toml"), clippy(layer.bans)));
    }
    Ok(files)
}

fn with_table(text: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some([before, BEGIN, &table(), END, after].concat())
}

fn table() -> String {
    let mut text = String::from(
        "| Crate | Uses of ours | Uses of others | Never, not even through others | Its code never names |\n|---|---|---|---|---|\n",
    );
    for layer in LAYERS {
        let _ = writeln!(text, "{}", row(layer));
    }
    let free: Vec<&str> = FREE.iter().map(|name| short(name)).collect();
    let _ = writeln!(text, "| {} | everything | any | – | – |", free.join(", "));
    text
}

fn row(layer: &Layer) -> String {
    let names = |names: &[&str]| names.iter().map(|name| short(name)).collect::<Vec<_>>().join(", ");
    let or_dash = |text: String| if text.is_empty() { "–".to_owned() } else { text };
    let never: Vec<&str> = layer.never.iter().copied().flatten().copied().collect();
    let bans: Vec<&str> = layer.bans.iter().map(|ban| ban.what).collect();
    format!(
        "| {} | {} | {} | {} | {} |",
        short(layer.name),
        or_dash(names(layer.ours)),
        layer.foreign.map_or_else(|| "any".to_owned(), names),
        names(&never),
        or_dash(bans.join(", "))
    )
}

fn short(name: &str) -> &str {
    name.strip_prefix("ttai-").unwrap_or(name)
}

fn clippy(bans: &[&Ban]) -> String {
    let mut text = String::from(
        "# Written by `cargo run -p xtask -- layers --write` from xtask/src/bans.rs, which says why.\nallow-unwrap-in-tests = true\nallow-panic-in-tests = true\nallow-print-in-tests = true\n",
    );
    list(&mut text, "disallowed-methods", bans, |ban| ban.methods);
    list(&mut text, "disallowed-types", bans, |ban| ban.types);
    text
}

fn list(text: &mut String, key: &str, bans: &[&Ban], paths: impl Fn(&Ban) -> &'static [&'static str]) {
    let _ = writeln!(text, "{key} = [");
    for ban in bans {
        for path in paths(ban) {
            // Clippy knows no crate that this one does not use.
            let foreign = if path.starts_with("std::") { "" } else { ", allow-invalid = true" };
            let _ = writeln!(text, "  {{ path = \"{path}\", reason = \"no {} here\"{foreign} }},", ban.what);
        }
    }
    text.push_str("]\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_current() {
        for (path, expected) in files(&Graph::of_workspace().unwrap()).unwrap() {
            let current = fs::read_to_string(&path).unwrap_or_default() == expected;
            assert!(current, "{} is out of date: cargo run -p xtask -- layers --write", path.display());
        }
    }

    #[test]
    fn the_text_around_the_table_stays() {
        let text = format!("before\n{BEGIN}old\n{END}after\n");
        let new = with_table(&text).unwrap();
        assert!(new.starts_with("before\n") && new.ends_with("after\n") && !new.contains("old"), "{new}");
        assert_eq!(with_table("no marks"), None);
    }
}
