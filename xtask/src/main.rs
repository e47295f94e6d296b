//! Checks of the workspace itself. `cargo run -p xtask -- layers` prints who uses whom.

mod graph;
mod layers;

use std::io::Write;

fn main() -> anyhow::Result<()> {
    let graph = graph::Graph::of_workspace()?;
    let mut out = std::io::stdout().lock();
    match std::env::args().nth(1).as_deref() {
        Some("layers") => write!(out, "{}", graph.edges_between_ours())?,
        _ => writeln!(out, "usage: cargo run -p xtask -- layers")?,
    }
    for violation in layers::violations(&graph) {
        writeln!(std::io::stderr().lock(), "{violation}")?;
    }
    Ok(())
}
