//! Keys of the program itself: where state is kept, which market is read, who is asked first.

use super::*;

/// The top of the file.
pub(super) const TOP: Section = Section {
    path: "",
    about: "",
    keys: &[key(
        "data_dir",
        Kind::Path,
        "",
        "\"~/.local/share/ttai\"",
        "Where state is kept: the store, development servers, simulated markets. Also `--data-dir`, `TTAI_DATA_DIR`. The user's application data without it.",
    )],
};

/// `[temporal]`.
pub(super) const TEMPORAL: Section = Section {
    path: "temporal",
    about: "The Temporal server. `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE` and `temporal.toml` work too.",
    keys: &[
        key(
            "address",
            Kind::Text,
            "",
            "\"127.0.0.1:7233\"",
            "`host:port`. Without one, `ttai dev` runs a server of its own. Also `--address`.",
        ),
        key("namespace", Kind::Text, "", "\"default\"", "Namespace. Also `--namespace`."),
        key(
            "binary",
            Kind::Path,
            "",
            "\"/usr/local/bin/temporal\"",
            "The `temporal` command for a server of one's own; found on PATH, fetched or built without it. Also `--temporal`, `TTAI_TEMPORAL`.",
        ),
    ],
};

/// Ages in days.
const DAYS: Kind = Kind::Integer { least: 0, most: 36_500 };

/// `[store]`.
pub(super) const STORE: Section = Section {
    path: "store",
    about: "Where analyses are kept. Also `--store`, `TTAI_STORE`.",
    keys: &[
        key(
            "url",
            Kind::Secret,
            "",
            "\"postgres://ttai:…@db:5432/ttai\"",
            "A path, `sqlite://…` or `postgres://…`; `ttai.db` in the data directory without it. An address without a password may stand in any file.",
        ),
        key(
            "retention_days",
            DAYS,
            "365",
            "90",
            "Analyses and their charts are deleted after this many days, at least 2; 0 keeps them forever. Workers delete once a day.",
        ),
        key(
            "turn_retention_days",
            DAYS,
            "90",
            "30",
            "AI models' conversations are deleted after this many days, at least 2; 0 keeps them forever. What they cost per day is kept either way.",
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
pub(super) const MARKET: Section = Section {
    path: "market",
    about: "Which market is read.",
    keys: &[
        key(
            "source",
            Kind::Choice(&["auto", "live", "simulated"]),
            "\"auto\"",
            "\"live\"",
            "`live`: the providers below and nothing else. `simulated`: an invented market behind the same protocols. `auto`: live where a provider is configured or the network reaches one that needs no account, else simulated, and everything says so.",
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
            "Seed of an invented market, read directly. Also `--seed`, `TTAI_SEED`.",
        ),
        key(
            "symbols",
            Kind::Tickers,
            "",
            "[\"AAPL\", \"F\", \"SPY\"]",
            "Your own candidates for screens, used as `order.candidates` says.",
        ),
        key(
            "speed",
            Kind::Number { least: 0.0, most: 100_000.0 },
            "0",
            "1",
            "Market seconds a second of the simulated market; 0 stands still, so that the same question has the same answer.",
        ),
    ],
};

/// `[order]`.
pub(super) const ORDER: Section = Section {
    path: "order",
    about: "Who is asked first, for each kind of data. The next one is asked when the one before is unavailable, has no such data or refuses the credentials; the result says so. Only configured providers are asked.",
    keys: &[
        key(
            "quotes",
            Kind::Names(MARKET_DATA),
            "[\"tastytrade\", \"alpaca\", \"cboe\"]",
            "[\"tastytrade\", \"cboe\"]",
            "Quotes of shares, funds and indices; the first one's clock is the market's.",
        ),
        key(
            "bars",
            Kind::Names(MARKET_DATA),
            "[\"tastytrade\", \"alpaca\", \"cboe\"]",
            "[\"alpaca\", \"cboe\"]",
            "Daily and minute bars.",
        ),
        key(
            "chains",
            Kind::Names(MARKET_DATA),
            "[\"tastytrade\", \"alpaca\", \"cboe\"]",
            "[\"tastytrade\", \"cboe\"]",
            "Option chains.",
        ),
        key(
            "metrics",
            Kind::Names(&["tastytrade", "computed"]),
            "[\"tastytrade\", \"computed\"]",
            "[\"tastytrade\", \"computed\"]",
            "Earnings dates, volatility, IV rank, beta, liquidity, borrowing. `computed` is what bars and chain tell by themselves.",
        ),
        key(
            "news",
            Kind::Names(&["rss", "alpaca", "edgar"]),
            "[\"rss\", \"alpaca\", \"edgar\"]",
            "[\"rss\", \"edgar\"]",
            "News; all of them are read and their stories put together.",
        ),
        key(
            "candidates",
            Kind::Names(&["tradingview", "list"]),
            "[\"tradingview\", \"list\"]",
            "[\"list\"]",
            "Candidates for a screen. `list` is your own: `market.symbols`.",
        ),
        key(
            "streaming",
            Kind::Names(&["tastytrade", "alpaca", "polling"]),
            "[\"tastytrade\", \"alpaca\", \"polling\"]",
            "[\"alpaca\", \"polling\"]",
            "Quotes as they happen; the next one is read while one fails, with the gap on record. `tastytrade` is its DXLink stream, `polling` any provider of quotes, asked every 15 s.",
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
        "Where `/metrics` (Prometheus), `/healthz` (the process lives) and `/readyz` (the worker takes work) are served, also under `ttai dev`. Also `--metrics`.",
    )],
};
