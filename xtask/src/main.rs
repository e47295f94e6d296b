//! Checks of the workspace itself: who may use whom, what pure code may name, and that a name is one type.

mod bans;
mod graph;
mod layers;
#[cfg(test)]
mod names;
mod purity;
mod table;
mod tokens;
mod written;

use std::fs;
use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;

const USAGE: &str = "usage: cargo run -p xtask -- layers [--write]
Holds the workspace against the table in xtask/src/table.rs. With --write the table in ARCHITECTURE.md and the clippy.toml
files are written anew.";

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut out = std::io::stdout().lock();
    let write = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["layers"] => false,
        ["layers", "--write"] => true,
        _ => {
            writeln!(out, "{USAGE}")?;
            return Ok(ExitCode::FAILURE);
        }
    };
    let graph = graph::Graph::of_workspace()?;
    if write {
        for (path, text) in written::files(&graph)? {
            fs::write(&path, text).with_context(|| path.display().to_string())?;
        }
    }
    let violations = layers::violations(&graph)?;
    for violation in &violations {
        writeln!(out, "{violation}")?;
    }
    Ok(if violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
