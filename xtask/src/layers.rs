//! Who may use whom: the table of ARCHITECTURE.md, held against the real dependency graph.

use crate::graph::Graph;

/// One crate's row.
struct Layer {
    name: &'static str,
    /// Crates of ours that it may use directly.
    may_use: &'static [&'static str],
    /// Crates that must not be reachable from it, not even through others.
    never: &'static [&'static str],
}

const IO: &[&str] = &["tokio", "reqwest", "sqlx", "hyper", "temporalio-client", "temporalio-sdk"];
const TEMPORAL: &[&str] =
    &["temporalio-client", "temporalio-sdk", "temporalio-workflow", "temporalio-common"];

const LAYERS: &[Layer] = &[
    Layer { name: "ttai-core", may_use: &[], never: IO },
    Layer { name: "ttai-calendar", may_use: &["ttai-core"], never: IO },
    Layer { name: "ttai-quant", may_use: &["ttai-core"], never: IO },
    Layer { name: "ttai-calc", may_use: &["ttai-core", "ttai-calendar", "ttai-quant"], never: IO },
    Layer { name: "ttai-chart", may_use: &["ttai-core"], never: IO },
    Layer { name: "ttai-ports", may_use: &["ttai-core"], never: IO },
    Layer {
        name: "ttai-contract",
        may_use: &["ttai-core"],
        never: &["temporalio-sdk", "temporalio-client", "reqwest", "sqlx"],
    },
    Layer {
        name: "ttai-workflows",
        may_use: &["ttai-contract"],
        never: &[
            "temporalio-sdk",
            "temporalio-client",
            "reqwest",
            "sqlx",
            "ttai-ports",
            "ttai-quant",
            "ttai-calendar",
        ],
    },
    Layer {
        name: "ttai-activities",
        may_use: &["ttai-calendar", "ttai-chart", "ttai-contract", "ttai-core", "ttai-ports", "ttai-quant"],
        never: &["reqwest", "sqlx", "ttai-providers", "ttai-store", "ttai-sim"],
    },
    Layer { name: "ttai-http", may_use: &["ttai-core", "ttai-ports"], never: TEMPORAL },
    Layer { name: "ttai-notify", may_use: &["ttai-core", "ttai-http", "ttai-ports"], never: TEMPORAL },
    Layer {
        name: "ttai-providers",
        may_use: &["ttai-calendar", "ttai-core", "ttai-http", "ttai-ports", "ttai-quant"],
        never: TEMPORAL,
    },
    Layer {
        name: "ttai-sim",
        may_use: &["ttai-calendar", "ttai-core", "ttai-ports", "ttai-quant"],
        never: TEMPORAL,
    },
    Layer { name: "ttai-store", may_use: &["ttai-core", "ttai-ports"], never: TEMPORAL },
    Layer { name: "ttai-dev-server", may_use: &[], never: TEMPORAL },
    Layer {
        name: "ttai-client",
        may_use: &["ttai-contract", "ttai-core", "ttai-workflows"],
        never: &["temporalio-sdk", "temporalio-sdk-core", "ttai-ports", "ttai-providers", "sqlx"],
    },
];

/// Crates without a row: they may use everything.
const FREE: &[&str] = &["ttai", "ttai-tests", "xtask"];

/// What the graph does that the table forbids, one sentence each.
pub(crate) fn violations(graph: &Graph) -> Vec<String> {
    let mut found: Vec<String> = LAYERS.iter().flat_map(|layer| broken(graph, layer)).collect();
    let known =
        |name: &&String| FREE.contains(&name.as_str()) || LAYERS.iter().any(|layer| layer.name == **name);
    found.extend(
        graph
            .ours
            .iter()
            .filter(|name| !known(name))
            .map(|name| format!("{name} has no row in the layer table")),
    );
    found
}

fn broken(graph: &Graph, layer: &Layer) -> Vec<String> {
    let uses = graph
        .uses(layer.name)
        .into_iter()
        .filter(|used| graph.ours.contains(used) && !layer.may_use.contains(&used.as_str()));
    let reaches = graph.reaches(layer.name);
    let forbidden = layer.never.iter().filter(|name| reaches.contains(**name));
    uses.map(|used| format!("{} uses {used}, which its row does not allow", layer.name))
        .chain(forbidden.map(|name| format!("{} reaches {name}, which its row forbids", layer.name)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layers_hold() {
        let graph = Graph::of_workspace().unwrap();
        assert_eq!(violations(&graph), Vec::<String>::new());
    }

    #[test]
    fn every_row_names_a_crate() {
        let graph = Graph::of_workspace().unwrap();
        for layer in LAYERS {
            assert!(graph.ours.contains(layer.name), "{} is no member of the workspace", layer.name);
        }
    }
}
