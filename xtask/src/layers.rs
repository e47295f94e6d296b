//! Holds the table against the real dependency graph and the sources.

use std::collections::BTreeSet;

use crate::graph::Graph;
use crate::purity;
use crate::table::{FREE, LAYERS, Layer};

/// What the workspace does that the table forbids, or the table allows for nothing, one sentence each.
pub(crate) fn violations(graph: &Graph) -> anyhow::Result<Vec<String>> {
    let rows: BTreeSet<&str> = LAYERS.iter().map(|layer| layer.name).chain(FREE.iter().copied()).collect();
    let unknown = graph.ours.iter().filter(|name| !rows.contains(name.as_str()));
    let mut found: Vec<String> =
        unknown.map(|name| format!("{name} has no row in xtask/src/table.rs")).collect();
    let gone = rows.iter().filter(|name| !graph.ours.contains(**name));
    found.extend(gone.map(|name| format!("{name} has a row and is no member of the workspace")));
    for layer in LAYERS.iter().filter(|layer| graph.ours.contains(layer.name)) {
        found.extend(dependencies(graph, layer));
        if layer.bans.is_empty() {
            continue;
        }
        let named = purity::violations(graph.manifest(layer.name)?, layer.bans)?;
        found.extend(named.into_iter().map(|what| format!("{} must not name this: {what}", layer.name)));
    }
    Ok(found)
}

fn dependencies(graph: &Graph, layer: &Layer) -> Vec<String> {
    let (ours, foreign): (BTreeSet<String>, BTreeSet<String>) =
        graph.uses(layer.name).into_iter().partition(|used| graph.ours.contains(used));
    let mut found = differences(layer.name, &ours, layer.ours);
    if let Some(allowed) = layer.foreign {
        found.extend(differences(layer.name, &foreign, allowed));
    }
    let reaches = graph.reaches(layer.name);
    let forbidden = layer.never.iter().copied().flatten().filter(|name| reaches.contains(**name));
    found.extend(forbidden.map(|name| format!("{} reaches {name}, which its row forbids", layer.name)));
    found
}

/// Both ways: a row that allows more than is used would let it in unseen.
fn differences(name: &str, uses: &BTreeSet<String>, allowed: &[&str]) -> Vec<String> {
    let more = uses.iter().filter(|used| !allowed.contains(&used.as_str()));
    let unused = allowed.iter().filter(|allowed| !uses.contains(**allowed));
    more.map(|used| format!("{name} uses {used}, which its row does not allow"))
        .chain(unused.map(|allowed| format!("{name} does not use {allowed}, which its row allows")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layers_hold() {
        let graph = Graph::of_workspace().unwrap();
        assert_eq!(violations(&graph).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn rows_are_exact() {
        let uses = BTreeSet::from(["a".to_owned(), "b".to_owned()]);
        assert!(differences("x", &uses, &["a", "b"]).is_empty());
        assert_eq!(differences("x", &uses, &["a"]), ["x uses b, which its row does not allow"]);
        assert_eq!(differences("x", &uses, &["a", "b", "c"]), ["x does not use c, which its row allows"]);
    }
}
