//! Who may use whom, as data: one row a crate. `layers --write` prints it into ARCHITECTURE.md and the clippy.toml files.

use crate::bans::{
    Ban, CLOCK, ENVIRONMENT, FILES, HASH_ORDER, INSTANT, NETWORK, PRINTING, PROCESSES, RANDOMNESS, STREAMS,
    THREADS,
};

/// One crate's row.
pub(crate) struct Layer {
    /// The package.
    pub(crate) name: &'static str,
    /// Crates of ours that it uses directly.
    pub(crate) ours: &'static [&'static str],
    /// Crates of others that it uses directly; `None` for any.
    pub(crate) foreign: Option<&'static [&'static str]>,
    /// What must not be reachable from it, not even through others.
    pub(crate) never: &'static [&'static [&'static str]],
    /// What its code must not name, tests aside.
    pub(crate) bans: &'static [&'static Ban],
}

const IO: &[&str] = &["tokio", "reqwest", "sqlx", "hyper", "temporalio-client", "temporalio-sdk"];
const TEMPORAL: &[&str] =
    &["temporalio-client", "temporalio-sdk", "temporalio-workflow", "temporalio-common"];
const WORKER: &[&str] = &["temporalio-sdk", "temporalio-sdk-core"];
const CLIENT: &[&str] = &["temporalio-client"];
const HTTP: &[&str] = &["reqwest"];
const SQL: &[&str] = &["sqlx"];
const PORTS: &[&str] = &["ttai-ports"];
const NUMBERS: &[&str] = &["ttai-quant", "ttai-calendar"];
const ADAPTERS: &[&str] = &["ttai-providers", "ttai-store", "ttai-sim"];

/// Nothing but its arguments decides what comes out.
const PURE: &[&Ban] =
    &[&FILES, &NETWORK, &PROCESSES, &ENVIRONMENT, &THREADS, &CLOCK, &RANDOMNESS, &STREAMS, &PRINTING];
/// As pure, with readers and writers that are handed to it.
const STREAMING: &[&Ban] =
    &[&FILES, &NETWORK, &PROCESSES, &ENVIRONMENT, &THREADS, &CLOCK, &RANDOMNESS, &PRINTING];
/// As pure, and the same at every replay.
const CONTRACT: &[&Ban] = &[
    &FILES,
    &NETWORK,
    &PROCESSES,
    &ENVIRONMENT,
    &THREADS,
    &CLOCK,
    &RANDOMNESS,
    &HASH_ORDER,
    &STREAMS,
    &PRINTING,
];
/// As the contract; the workflow's own time comes as a `SystemTime`.
const REPLAYED: &[&Ban] = &[
    &FILES,
    &NETWORK,
    &PROCESSES,
    &ENVIRONMENT,
    &THREADS,
    &INSTANT,
    &RANDOMNESS,
    &HASH_ORDER,
    &STREAMS,
    &PRINTING,
];

/// The rows, from the core outward.
pub(crate) const LAYERS: &[Layer] = &[
    pure("ttai-core", &[], &["chrono", "chrono-tz", "rust_decimal", "schemars", "serde", "thiserror"]),
    pure("ttai-calendar", &["ttai-core"], &["chrono", "chrono-tz", "schemars", "serde", "thiserror"]),
    pure(
        "ttai-quant",
        &["ttai-core"],
        &["chrono", "implied-vol", "rust_decimal", "schemars", "serde", "thiserror"],
    ),
    Layer {
        bans: STREAMING,
        ..pure(
            "ttai-calc",
            &["ttai-calendar", "ttai-core", "ttai-quant"],
            &[
                "chrono",
                "rust_decimal",
                "schemars",
                "serde",
                "serde_json",
                "serde_path_to_error",
                "thiserror",
            ],
        )
    },
    pure(
        "ttai-engine",
        &["ttai-calendar", "ttai-core"],
        &["chrono", "rust_decimal", "serde", "strsim", "thiserror", "winnow"],
    ),
    pure(
        "ttai-trading",
        &["ttai-calendar", "ttai-core"],
        &["chrono", "csv", "rust_decimal", "schemars", "serde", "serde_json", "sha2", "thiserror"],
    ),
    pure("ttai-ofx", &["ttai-core"], &["chrono", "encoding_rs", "rust_decimal", "serde", "thiserror"]),
    pure("ttai-chart", &["ttai-core"], &["ab_glyph", "chrono", "png", "serde", "thiserror", "tiny-skia"]),
    pure(
        "ttai-ports",
        &["ttai-core", "ttai-trading"],
        &["async-trait", "chrono", "rust_decimal", "schemars", "serde", "serde_json", "thiserror"],
    ),
    adapter("ttai-config", &["ttai-core", "ttai-trading"]),
    Layer {
        name: "ttai-contract",
        ours: &["ttai-core"],
        foreign: Some(&[
            "chrono",
            "rust_decimal",
            "schemars",
            "serde",
            "serde_json",
            "temporalio-common-wasm",
            "temporalio-macros",
            "temporalio-protos",
            "thiserror",
        ]),
        never: &[WORKER, CLIENT, HTTP, SQL],
        bans: CONTRACT,
    },
    Layer {
        name: "ttai-workflows",
        ours: &["ttai-contract"],
        foreign: Some(&[
            "chrono",
            "rust_decimal",
            "serde",
            "serde_json",
            "temporalio-common-wasm",
            "temporalio-macros",
            "temporalio-workflow",
        ]),
        never: &[WORKER, CLIENT, HTTP, SQL, PORTS, NUMBERS],
        bans: REPLAYED,
    },
    Layer {
        never: &[HTTP, SQL, ADAPTERS],
        ..adapter(
            "ttai-activities",
            &[
                "ttai-calendar",
                "ttai-chart",
                "ttai-contract",
                "ttai-core",
                "ttai-engine",
                "ttai-ofx",
                "ttai-ports",
                "ttai-quant",
                "ttai-trading",
            ],
        )
    },
    adapter("ttai-http", &["ttai-ports"]),
    adapter("ttai-notify", &["ttai-http", "ttai-ports"]),
    adapter("ttai-providers", &["ttai-calendar", "ttai-core", "ttai-http", "ttai-ports", "ttai-quant"]),
    adapter("ttai-sim", &["ttai-calendar", "ttai-core", "ttai-ports", "ttai-quant"]),
    adapter("ttai-store", &["ttai-core", "ttai-ports", "ttai-trading"]),
    adapter("ttai-dev-server", &[]),
    Layer {
        never: &[WORKER, PORTS, ADAPTERS, SQL],
        ..adapter("ttai-client", &["ttai-contract", "ttai-core"])
    },
    Layer {
        never: &[WORKER, ADAPTERS, SQL, HTTP],
        ..adapter(
            "ttai-mcp",
            &["ttai-calc", "ttai-client", "ttai-contract", "ttai-core", "ttai-engine", "ttai-ports"],
        )
    },
];

/// Crates without a row: they may use everything.
pub(crate) const FREE: &[&str] = &["ttai", "ttai-tests", "xtask"];

/// A crate without I/O whose crates of others are listed.
const fn pure(name: &'static str, ours: &'static [&'static str], foreign: &'static [&'static str]) -> Layer {
    Layer { name, ours, foreign: Some(foreign), never: &[IO], bans: PURE }
}

/// A crate that talks to the world, and not to Temporal.
const fn adapter(name: &'static str, ours: &'static [&'static str]) -> Layer {
    Layer { name, ours, foreign: None, never: &[TEMPORAL], bans: &[] }
}
