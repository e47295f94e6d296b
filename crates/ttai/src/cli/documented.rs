//! Every command that README.md and docs show exists, with the options that it has there.

use std::path::{Path, PathBuf};

use clap::error::ErrorKind;

use super::command;

const FENCE: &str = "```";
/// Signs of a line that is not to be typed as it stands: a placeholder, or what a shell does with it.
const NOT_LITERAL: [&str; 4] = ["…", "<", "$(", "DIR"];

fn pages() -> Vec<PathBuf> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let (mut pages, mut folders) = (vec![root.join("README.md")], vec![root.join("docs")]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "md") {
                pages.push(path);
            }
        }
    }
    pages
}

/// The commands in the blocks of a page: without what they print, and without their comments.
fn commands(page: &str) -> Vec<String> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in page.lines() {
        if line.trim_start().starts_with(FENCE) {
            inside = !inside;
            continue;
        }
        let typed = line.trim_start().trim_start_matches("$ ");
        if inside && typed.starts_with("ttai ") && !line.starts_with("ttai: ") {
            let typed = typed.split("  #").next().unwrap_or_default().split(" # ").next().unwrap_or_default();
            found.push(typed.split([';', '|', '&', '>']).next().unwrap_or_default().trim().to_owned());
        }
    }
    found
}

#[test]
fn commands_in_the_documents_exist() {
    let mut checked = 0;
    let mut wrong = Vec::new();
    for path in pages() {
        // Its blocks are the commands' own help.
        if path.ends_with("cli.md") {
            continue;
        }
        for line in commands(&std::fs::read_to_string(&path).unwrap()) {
            let Some(words) = shlex::split(&line) else { continue };
            if NOT_LITERAL.iter().any(|sign| line.contains(sign)) {
                continue;
            }
            checked += 1;
            match command().try_get_matches_from(words) {
                Ok(_) => {}
                Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {}
                Err(error) => wrong.push(format!("{}: {line}: {}", path.display(), error.kind())),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checked > 50, "only {checked} commands were found");
}
