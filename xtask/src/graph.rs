//! The real dependency graph, as Cargo resolves it. Development and build dependencies are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use serde::Deserialize;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
    workspace_members: Vec<String>,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    manifest_path: PathBuf,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    kind: Option<String>,
}

/// Crate names and the crates that each uses in a normal build.
pub(crate) struct Graph {
    /// Members of the workspace.
    pub(crate) ours: BTreeSet<String>,
    uses: BTreeMap<String, BTreeSet<String>>,
    manifests: BTreeMap<String, PathBuf>,
}

impl Graph {
    /// Asks Cargo.
    pub(crate) fn of_workspace() -> anyhow::Result<Self> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["metadata", "--format-version", "1", "--locked"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .context("cargo metadata does not start")?;
        if !output.status.success() {
            bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(Self::from(&serde_json::from_slice::<Metadata>(&output.stdout)?))
    }

    /// The Cargo.toml of `name`.
    pub(crate) fn manifest(&self, name: &str) -> anyhow::Result<&Path> {
        Ok(self.manifests.get(name).with_context(|| format!("there is no package {name}"))?)
    }

    /// What `name` uses directly.
    pub(crate) fn uses(&self, name: &str) -> BTreeSet<String> {
        self.uses.get(name).cloned().unwrap_or_default()
    }

    /// What `name` uses directly or through others.
    pub(crate) fn reaches(&self, name: &str) -> BTreeSet<String> {
        let mut reached = BTreeSet::new();
        let mut open = vec![name.to_owned()];
        while let Some(next) = open.pop() {
            for used in self.uses(&next) {
                if reached.insert(used.clone()) {
                    open.push(used);
                }
            }
        }
        reached
    }
}

impl From<&Metadata> for Graph {
    fn from(metadata: &Metadata) -> Self {
        let names: BTreeMap<&str, &str> =
            metadata.packages.iter().map(|package| (package.id.as_str(), package.name.as_str())).collect();
        let name = |id: &String| names.get(id.as_str()).map_or_else(|| id.clone(), |name| (*name).to_owned());
        let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for node in &metadata.resolve.nodes {
            let normal = node.deps.iter().filter(|dep| dep.dep_kinds.iter().any(|kind| kind.kind.is_none()));
            uses.entry(name(&node.id)).or_default().extend(normal.map(|dep| name(&dep.pkg)));
        }
        let manifests =
            metadata.packages.iter().map(|package| (package.name.clone(), package.manifest_path.clone()));
        Self {
            ours: metadata.workspace_members.iter().map(name).collect(),
            uses,
            manifests: manifests.collect(),
        }
    }
}
