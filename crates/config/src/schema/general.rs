//! Keys of the program itself: where its data is stored, which market is used, whose account trades, what a worker serves.

use super::*;

/// What comes before the providers.
pub(super) const SECTIONS: &[Section] = &[TOP, TEMPORAL, STORE, MARKET, ACCOUNT];

/// The top of the file.
const TOP: Section = Section {
    path: "",
    about: "",
    keys: &[key(
        "data_dir",
        Kind::Path,
        "",
        "\"~/.local/share/ttai\"",
        "Where ttai stores its data: the store, development servers, simulated markets. By default in your application data folder. Also `--data-dir`, `TTAI_DATA_DIR`.",
    )],
};

/// `[temporal]`.
const TEMPORAL: Section = Section {
    path: "temporal",
    about: "The Temporal server. `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE` and `temporal.toml` work too.",
    keys: &[
        key(
            "address",
            Kind::Text,
            "",
            "\"127.0.0.1:7233\"",
            "`host:port`. If unset, `ttai dev` runs its own server. Also `--address`.",
        ),
        key("namespace", Kind::Text, "", "\"default\"", "Namespace. Also `--namespace`."),
        key(
            "binary",
            Kind::Path,
            "",
            "\"/usr/local/bin/temporal\"",
            "The `temporal` command that runs the development server. By default found on PATH, else downloaded, else built. Also `--temporal`, `TTAI_TEMPORAL`.",
        ),
    ],
};

/// Ages in days.
const DAYS: Kind = Kind::Integer { least: 0, most: 36_500 };

/// `[store]`.
const STORE: Section = Section {
    path: "store",
    about: "Where analyses are saved. Also `--store`, `TTAI_STORE`.",
    keys: &[
        key(
            "url",
            Kind::Secret,
            "",
            "\"postgres://ttai:…@db:5432/ttai\"",
            "A path, `sqlite://…` or `postgres://…`; by default `ttai.db` in the data directory. An address without a password may be in any file.",
        ),
        key(
            "retention_days",
            DAYS,
            "365",
            "90",
            "Analyses with their charts, screens and reports are deleted after this many days, at least 2; 0 keeps them forever. The schedule `retention` deletes once a day.",
        ),
        key(
            "turn_retention_days",
            DAYS,
            "90",
            "30",
            "AI models' conversations are deleted after this many days, at least 2; 0 keeps them forever. Their cost per day is kept either way.",
        ),
        key(
            "alert_retention_days",
            DAYS,
            "90",
            "30",
            "Messages that were delivered or given up, what alerts fired, and removed alerts are deleted after this many days, at least 2; 0 keeps them forever.",
        ),
        key(
            "spool_mb",
            Kind::Integer { least: 1, most: 1_000_000 },
            "1024",
            "256",
            "While the store is unavailable, charts and analyses wait in `spool` in the data directory, up to this many MB. Once it is full, charts are left out of the analyses.",
        ),
    ],
};

/// `[market]`.
const MARKET: Section = Section {
    path: "market",
    about: "Which market data to use.",
    keys: &[
        key(
            "source",
            Kind::Choice(&["auto", "live", "simulated"]),
            "\"auto\"",
            "\"live\"",
            "`live`: only the providers below. `simulated`: an invented market behind the same protocols. `auto`: live if a provider is configured or one that needs no account can be reached, else simulated and marked as such everywhere.",
        ),
        key(
            "tape",
            Kind::Path,
            "",
            "\"tapes/2014\"",
            "A folder of recorded market data, read directly. Also `--tape`, `TTAI_TAPE`.",
        ),
        key(
            "seed",
            Kind::Integer { least: 0, most: u64::MAX },
            "",
            "7",
            "Seed of an invented market, read directly: the same market on every day, up to now. Also `--seed`, `TTAI_SEED`.",
        ),
        key(
            "start",
            Kind::Moment,
            "",
            "\"2026-09-18T15:00\"",
            "The moment at which the invented market of `seed` stands, instead of now: the same question then always gets the same answer. New York time, or RFC 3339. Also `--start`, `TTAI_START`.",
        ),
        key(
            "symbols",
            Kind::Tickers,
            "",
            "[\"AAPL\", \"F\", \"SPY\"]",
            "Your own candidates for screens, used where `order.candidates` has `list`.",
        ),
        key(
            "speed",
            Kind::Number { least: 0.0, most: 100_000.0 },
            "0",
            "1",
            "How many seconds pass in a served market per real second. At 0 a recorded market stands still, and a simulated one without `start` follows the present, five minutes at a time.",
        ),
    ],
};

/// `[account]`.
const ACCOUNT: Section = Section {
    path: "account",
    about: "The account that `ttai analyze` sizes trades for. Each key has a flag that overrides it.",
    keys: &[
        key("type", Kind::Choice(&["cash", "margin"]), "\"cash\"", "\"margin\"", "Also `--account`."),
        key(
            "capital",
            Kind::Number { least: 0.0, most: 1e12 },
            "",
            "50000",
            "Capital available for one position, in dollars; if unset, figures are for one contract. Also `--capital`.",
        ),
        key(
            "assignment_limit",
            Kind::Number { least: 1.0, most: 1_000.0 },
            "",
            "50",
            "The most that assignment may tie up, in percent of the capital; by default 100 in a cash account and 50 on margin. Also `--assignment-limit`.",
        ),
        key(
            "defined_risk",
            Kind::Flag,
            "false",
            "true",
            "Whether the broker permits defined-risk spreads in this cash account. Also `--defined-risk`.",
        ),
    ],
};

/// `[worker]`.
pub(super) const WORKER: Section = Section {
    path: "worker",
    about: "`ttai worker`.",
    keys: &[key(
        "metrics",
        Kind::Text,
        "",
        "\"127.0.0.1:9464\"",
        "Address that serves `/metrics` (Prometheus), `/healthz` (the process is up) and `/readyz` (the worker accepts work); `ttai dev` uses it too. Also `--metrics`.",
    )],
};

/// `[mcp]`.
pub(super) const MCP: Section = Section {
    path: "mcp",
    about: "`ttai mcp`: what AI assistants may do, and who may call over HTTP. See docs/mcp.md.",
    keys: &[
        key(
            "toolsets",
            Kind::Text,
            "\"default\"",
            "\"default,journal\"",
            "Which tools: `default`, `all`, or toolsets separated by commas. Also `--toolsets`.",
        ),
        key(
            "read_only",
            Kind::Flag,
            "false",
            "true",
            "Whether every tool that starts, changes or removes anything is left out. Also `--read-only`.",
        ),
        key(
            "paid_models",
            Kind::Flag,
            "false",
            "true",
            "Whether analyses through MCP may use `llm.model`, which costs money; the deterministic analysts work otherwise.",
        ),
        key(
            "trading",
            Kind::Flag,
            "false",
            "true",
            "Whether assistants may propose orders and halt trading, with the toolset `trading`. No order is approved and no halt is ended through MCP.",
        ),
        key(
            "anonymous",
            Kind::Flag,
            "false",
            "true",
            "Whether whoever calls over HTTP without a token is the user `default`; only at a loopback address.",
        ),
        key(
            "hosts",
            Kind::Texts,
            "",
            "[\"mcp.example\"]",
            "Names by which the HTTP server may be called, besides localhost. A request for another host is refused.",
        ),
        key(
            "origins",
            Kind::Texts,
            "",
            "[\"https://app.example:443\"]",
            "Origins of web pages that may call the HTTP server. A request from any other page is refused.",
        ),
    ],
};

/// `[oauth]`.
pub(super) const OAUTH: Section = Section {
    path: "oauth",
    about: "Whose access tokens `ttai mcp --http` accepts beside those of [tokens]. See docs/mcp.md.",
    keys: &[
        key(
            "issuer",
            Kind::Text,
            "",
            "\"https://login.example/realms/desk\"",
            "The authorization server: exactly the `iss` of its tokens. Its metadata are read from there (RFC 8414, OpenID Connect).",
        ),
        key(
            "resource",
            Kind::Text,
            "",
            "\"https://ttai.example/mcp\"",
            "The address under which clients know this server. A token has to name it as its audience.",
        ),
        key("scope", Kind::Text, "", "\"ttai\"", "The scope that a token needs; none if unset."),
        key(
            "user_claim",
            Kind::Text,
            "\"sub\"",
            "\"preferred_username\"",
            "The claim that names the user as whom a token's holder acts.",
        ),
        key(
            "owners",
            Kind::Texts,
            "",
            "[\"ann\"]",
            "Users that may see the brokers' accounts and change schedules. Nobody else becomes the user `default`, either.",
        ),
    ],
};

/// `[tokens.NAME]`.
pub(super) const TOKENS: Section = Section {
    path: "tokens.NAME",
    about: "A bearer token for `ttai mcp --http`. Whoever has it acts as its user.",
    keys: &[
        needed(key(
            "token",
            Kind::Secret,
            "",
            "",
            "The token: at least 16 characters, such as from `openssl rand -hex 32`.",
        )),
        key("user", Kind::Text, "", "\"ann\"", "As whom its holder acts; the section's name if unset."),
        key(
            "owner",
            Kind::Flag,
            "false",
            "true",
            "Whether its holder may see the brokers' accounts and change schedules. The user `default` always may.",
        ),
    ],
};

/// `[watchdog]`.
pub(super) const WATCHDOG: Section = Section {
    path: "watchdog",
    about: "A dead-man ping: a service outside, such as healthchecks.io, Uptime Kuma or Dead Man's Snitch, hears regularly that all is well and alerts you when it no longer does, because a check fails or because the worker is gone. See docs/operation.md.",
    keys: &[
        key(
            "ping_url",
            Kind::Secret,
            "",
            "",
            "The address that the service gave you. A worker requests it as long as all its checks are good; with healthchecks.io (or your own: `…/ping/…`) a failed check is reported at once to `…/fail`, with the reasons.",
        ),
        key(
            "every",
            Kind::Duration { least: Duration::from_secs(10), most: Duration::from_secs(3_600) },
            "\"1m\"",
            "\"5m\"",
            "How often. Give the service at least three times as long before it alerts.",
        ),
    ],
};
