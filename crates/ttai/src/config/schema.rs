//! Every key of the configuration: what it means, what it takes, what holds without it.

use std::time::Duration;

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A file or folder.
    Path,
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Integer {
        /// Smallest.
        least: u64,
        /// Largest.
        most: u64,
    },
    /// A number.
    Number {
        /// Smallest.
        least: f64,
        /// Largest.
        most: f64,
    },
    /// A span of time: `500ms`, `10s`, `2m`, `1h`.
    Duration {
        /// Shortest.
        least: Duration,
        /// Longest.
        most: Duration,
    },
    /// Calls in a time: `120/min`, `2/s`, `1000/h`.
    Rate,
    /// An address that begins with one of these schemes.
    Url(&'static [&'static str]),
    /// One of these.
    Choice(&'static [&'static str]),
    /// Some of these, in order, each once.
    Names(&'static [&'static str]),
    /// A list of texts.
    Texts,
    /// Feeds of news, each `{ name = "…", url = "…" }`.
    Feeds,
    /// A text that nobody may see. Never shown; best kept out of the file.
    Secret,
}

impl Kind {
    /// For a person.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Text => "a text".to_owned(),
            Self::Path => "a path".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::Integer { least, most } => format!("a whole number from {least} to {most}"),
            Self::Number { least, most } => format!("a number from {least} to {most}"),
            Self::Duration { .. } => "a span of time such as 10s".to_owned(),
            Self::Rate => "a rate such as 120/min".to_owned(),
            Self::Url(schemes) => format!("an address ({})", schemes.join(", ")),
            Self::Choice(names) => format!("one of {}", names.join(", ")),
            Self::Names(names) => format!("a list of {}", names.join(", ")),
            Self::Texts => "a list of texts".to_owned(),
            Self::Feeds => "a list of tables with name and url".to_owned(),
            Self::Secret => "a secret text".to_owned(),
        }
    }
}

/// One key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Key {
    /// Its name within its section.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// What holds without it, as TOML; empty where nothing does.
    pub default: &'static str,
    /// What could stand there, as TOML.
    pub example: &'static str,
    /// What it means.
    pub about: &'static str,
    /// The types of channel that have it; empty for all.
    pub of: &'static [&'static str],
    /// Whether a channel of its types needs it.
    pub needed: bool,
}

/// A table of the file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Section {
    /// Its path; empty for the top. One that ends in `.NAME` is there once for each name.
    pub path: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// Its keys.
    pub keys: &'static [Key],
}

impl Section {
    /// The path before `.NAME`, where the section is there once for each name.
    #[must_use]
    pub fn family(&self) -> Option<&'static str> {
        self.path.strip_suffix(".NAME")
    }

    /// The key of that name.
    #[must_use]
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

const fn key(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    example: &'static str,
    about: &'static str,
) -> Key {
    Key { name, kind, default, example, about, of: &[], needed: false }
}

const fn of(types: &'static [&'static str], needed: bool, key: Key) -> Key {
    Key { of: types, needed, ..key }
}

const fn millis(least: u64) -> Duration {
    Duration::from_millis(least)
}

const SPAN: Kind = Kind::Duration { least: millis(50), most: Duration::from_secs(600) };
const HTTP: Kind = Kind::Url(&["http", "https"]);
const WEBSOCKET: Kind = Kind::Url(&["ws", "wss"]);
const RETRIES: Kind = Kind::Integer { least: 0, most: 10 };
const BURST: Kind = Kind::Integer { least: 1, most: 10_000 };

const TIMEOUT: Key = key("timeout", SPAN, "\"10s\"", "\"10s\"", "Longest wait for one whole answer.");
const RETRY: Key = key("retries", RETRIES, "2", "2", "How often a call that may be repeated is repeated.");
const ENABLED: Key = key("enabled", Kind::Flag, "true", "true", "`false` leaves this provider out.");

const fn rate_limit(default: &'static str) -> Key {
    key(
        "rate_limit",
        Kind::Rate,
        default,
        default,
        "How often the account may be used, by all processes together.",
    )
}

const fn burst(default: &'static str) -> Key {
    key("burst", BURST, default, default, "How many calls may come at once.")
}

/// Headlines by symbol that need no account.
const DEFAULT_FEEDS: &str = "[{ name = \"Yahoo Finance\", url = \"https://feeds.finance.yahoo.com/rss/2.0/headline?s={symbol}&region=US&lang=en-US\" }, { name = \"Nasdaq\", url = \"https://www.nasdaq.com/feed/rssoutbound?symbol={symbol}\" }]";

/// Who can serve quotes, bars and chains.
pub const MARKET_DATA: &[&str] = &["tastytrade", "alpaca", "cboe"];

/// Every section, in the order in which they are documented.
pub const SECTIONS: &[Section] = &[
    Section {
        path: "",
        about: "",
        keys: &[key(
            "data_dir",
            Kind::Path,
            "",
            "\"~/.local/share/ttai\"",
            "Where state is kept: the store, development servers, simulated markets. Also `--data-dir`, `TTAI_DATA_DIR`. The user's application data without it.",
        )],
    },
    Section {
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
    },
    Section {
        path: "store",
        about: "Where analyses are kept. Also `--store`, `TTAI_STORE`.",
        keys: &[key(
            "url",
            Kind::Secret,
            "",
            "\"postgres://ttai:…@db:5432/ttai\"",
            "A path, `sqlite://…` or `postgres://…`; `ttai.db` in the data directory without it. An address without a password may stand in any file.",
        )],
    },
    Section {
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
                "speed",
                Kind::Number { least: 0.0, most: 100_000.0 },
                "0",
                "1",
                "Market seconds a second of the simulated market; 0 stands still, so that the same question has the same answer.",
            ),
        ],
    },
    Section {
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
                Kind::Names(&["tastytrade"]),
                "[\"tastytrade\"]",
                "[\"tastytrade\"]",
                "Earnings dates, implied volatility history, short interest.",
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
                Kind::Names(&["tradingview"]),
                "[\"tradingview\"]",
                "[\"tradingview\"]",
                "Candidates for a screen.",
            ),
            key(
                "streaming",
                Kind::Names(&["tastytrade", "alpaca", "polling"]),
                "[\"tastytrade\", \"alpaca\", \"polling\"]",
                "[\"tastytrade\", \"polling\"]",
                "Quotes as they happen. `tastytrade` is its DXLink stream; `polling` asks for quotes again and again and is the last resort.",
            ),
        ],
    },
    Section {
        path: "providers.tastytrade",
        about: "tastytrade's REST API and DXLink stream. Needs an OAuth grant: docs/providers/tastytrade.md.",
        keys: &[
            ENABLED,
            key("client_secret", Kind::Secret, "", "", "Secret of your OAuth application."),
            key("refresh_token", Kind::Secret, "", "", "The grant; it does not expire."),
            key("account", Kind::Text, "", "\"5WT00001\"", "Account number; the first open one without it."),
            key(
                "base_url",
                HTTP,
                "\"https://api.tastyworks.com\"",
                "\"https://api.cert.tastyworks.com\"",
                "The REST API; the example is the sandbox.",
            ),
            key(
                "stream_url",
                WEBSOCKET,
                "",
                "\"wss://tasty-openapi-ws.dxfeed.com/realtime\"",
                "The DXLink stream; the quote token names it without this.",
            ),
            TIMEOUT,
            rate_limit("\"120/min\""),
            burst("20"),
            RETRY,
        ],
    },
    Section {
        path: "providers.alpaca",
        about: "Alpaca's trading and market data APIs. Needs a key pair, which is free: docs/providers/alpaca.md.",
        keys: &[
            ENABLED,
            key("key_id", Kind::Secret, "", "", "Key id."),
            key("secret_key", Kind::Secret, "", "", "Secret key."),
            key("paper", Kind::Flag, "true", "true", "Whether the keys are those of the paper account."),
            key(
                "feed",
                Kind::Choice(&["iex", "sip"]),
                "\"iex\"",
                "\"sip\"",
                "Which feed of stock data: `iex` is free, `sip` needs a subscription.",
            ),
            key(
                "trading_url",
                HTTP,
                "",
                "\"https://paper-api.alpaca.markets\"",
                "The trading API; follows `paper` without it.",
            ),
            key(
                "data_url",
                HTTP,
                "\"https://data.alpaca.markets\"",
                "\"https://data.alpaca.markets\"",
                "The market data API.",
            ),
            key(
                "stream_url",
                WEBSOCKET,
                "\"wss://stream.data.alpaca.markets\"",
                "\"wss://stream.data.alpaca.markets\"",
                "The market data stream.",
            ),
            TIMEOUT,
            rate_limit("\"200/min\""),
            burst("20"),
            RETRY,
        ],
    },
    Section {
        path: "providers.cboe",
        about: "Cboe's delayed quotes: no account, 15 minutes late, for personal use by the site's terms: docs/providers/cboe.md.",
        keys: &[
            ENABLED,
            key(
                "base_url",
                HTTP,
                "\"https://cdn.cboe.com\"",
                "\"https://cdn.cboe.com\"",
                "Everything is relative to it.",
            ),
            TIMEOUT,
            rate_limit("\"60/min\""),
            burst("10"),
            RETRY,
        ],
    },
    Section {
        path: "providers.tradingview",
        about: "TradingView's scanner: no account: docs/providers/tradingview.md.",
        keys: &[
            ENABLED,
            key(
                "base_url",
                HTTP,
                "\"https://scanner.tradingview.com\"",
                "\"https://scanner.tradingview.com\"",
                "Everything is relative to it.",
            ),
            TIMEOUT,
            rate_limit("\"30/min\""),
            burst("5"),
            RETRY,
        ],
    },
    Section {
        path: "providers.rss",
        about: "Any RSS or Atom feeds: docs/providers/rss.md.",
        keys: &[
            ENABLED,
            key(
                "feeds",
                Kind::Feeds,
                DEFAULT_FEEDS,
                "[{ name = \"Example\", url = \"https://news.example/rss?s={symbol}\" }]",
                "The feeds, those trusted more first; `{symbol}` in an address makes it one feed a symbol. Also as `[[providers.rss.feeds]]`.",
            ),
            TIMEOUT,
            rate_limit("\"60/min\""),
            burst("20"),
            RETRY,
        ],
    },
    Section {
        path: "providers.edgar",
        about: "Company filings at the SEC: no account, but it wants to know who asks: docs/providers/edgar.md.",
        keys: &[
            ENABLED,
            key(
                "contact",
                Kind::Text,
                "",
                "\"Ann Example ann@mail.example\"",
                "Your name and e-mail address, for the user agent that the SEC asks for. Without it EDGAR is left out.",
            ),
            key(
                "base_url",
                HTTP,
                "\"https://data.sec.gov\"",
                "\"https://data.sec.gov\"",
                "Submissions and facts.",
            ),
            key(
                "www_url",
                HTTP,
                "\"https://www.sec.gov\"",
                "\"https://www.sec.gov\"",
                "The list of companies, and the filings themselves.",
            ),
            TIMEOUT,
            rate_limit("\"300/min\""),
            burst("5"),
            RETRY,
        ],
    },
    Section {
        path: "llm",
        about: "The AI model of the analysts; none without `model`, and none is needed: docs/providers/llm.md.",
        keys: &[
            key(
                "model",
                Kind::Text,
                "",
                "\"anthropic/claude-sonnet-4-5\"",
                "`provider/model`, where the provider is one of the crate's own or a name under `[models]`.",
            ),
            key("max_turns", Kind::Integer { least: 1, most: 100 }, "12", "12", "Most turns of one analyst."),
            key(
                "max_cost_per_run",
                Kind::Number { least: 0.0, most: 1_000.0 },
                "0.5",
                "0.5",
                "Most dollars of one analysis.",
            ),
            key(
                "max_cost_per_day",
                Kind::Number { least: 0.0, most: 100_000.0 },
                "10",
                "10",
                "Most dollars a day, all analyses together.",
            ),
        ],
    },
    Section {
        path: "models.NAME",
        about: "A model provider. `anthropic`, `openai` and the like need their key only; any other name is an OpenAI-compatible endpoint such as a LiteLLM proxy or Ollama.",
        keys: &[
            key("api_key", Kind::Secret, "", "", "The key, where the provider wants one."),
            key(
                "base_url",
                HTTP,
                "",
                "\"http://127.0.0.1:4000/v1\"",
                "Where it is; the provider's own address without it.",
            ),
            key(
                "input_price",
                Kind::Number { least: 0.0, most: 10_000.0 },
                "",
                "3.0",
                "Dollars a million tokens that go in, for the cost.",
            ),
            key(
                "output_price",
                Kind::Number { least: 0.0, most: 10_000.0 },
                "",
                "15.0",
                "Dollars a million tokens that come out.",
            ),
            key("timeout", SPAN, "\"2m\"", "\"2m\"", "Longest wait for one whole answer."),
            rate_limit("\"60/min\""),
            burst("5"),
            RETRY,
        ],
    },
    Section {
        path: "channels.NAME",
        about: "Where notifications go, besides the worker's log. `ttai notify test NAME` tries one.",
        keys: &[
            of(
                &[],
                true,
                key("type", Kind::Choice(CHANNEL_TYPES), "", "\"discord\"", "Which kind of channel."),
            ),
            of(
                &["discord", "slack", "webhook"],
                true,
                key(
                    "url",
                    Kind::Secret,
                    "",
                    "",
                    "The webhook's whole address. It is a secret: who has it can write there.",
                ),
            ),
            of(
                &["webhook"],
                false,
                key(
                    "signing_key",
                    Kind::Secret,
                    "",
                    "",
                    "Signs each message (HMAC-SHA256), so that the receiver knows who sent it.",
                ),
            ),
            of(&["email"], true, key("host", Kind::Text, "", "\"smtp.example\"", "Mail server.")),
            of(
                &["email"],
                false,
                key("port", Kind::Integer { least: 1, most: 65_535 }, "587", "587", "Its port."),
            ),
            of(
                &["email"],
                false,
                key(
                    "encryption",
                    Kind::Choice(&["starttls", "tls", "none"]),
                    "\"starttls\"",
                    "\"tls\"",
                    "`tls` from the start (port 465), or `none` for a server on this host.",
                ),
            ),
            of(
                &["email"],
                false,
                key("username", Kind::Text, "", "\"ann\"", "User name, where the server wants one."),
            ),
            of(&["email"], false, key("password", Kind::Secret, "", "", "Password.")),
            of(&["email"], true, key("from", Kind::Text, "", "\"ttai <ttai@mail.example>\"", "Sender.")),
            of(&["email"], true, key("to", Kind::Texts, "", "[\"ann@mail.example\"]", "Receivers.")),
            TIMEOUT,
            rate_limit("\"30/min\""),
            burst("5"),
            RETRY,
        ],
    },
    Section {
        path: "worker",
        about: "`ttai worker`.",
        keys: &[key(
            "metrics",
            Kind::Text,
            "",
            "\"127.0.0.1:9464\"",
            "Where `/metrics` (Prometheus) and `/healthz` are served. Also `--metrics`.",
        )],
    },
];

/// Kinds of channels.
pub const CHANNEL_TYPES: &[&str] = &["discord", "slack", "email", "webhook"];

/// The section of a table's path: `providers.cboe`, `channels.desk`.
#[must_use]
pub fn section(path: &str) -> Option<&'static Section> {
    SECTIONS.iter().find(|section| match section.family() {
        None => section.path == path,
        Some(family) => path
            .strip_prefix(family)
            .and_then(|rest| rest.strip_prefix('.'))
            .is_some_and(|name| !name.is_empty() && !name.contains('.')),
    })
}

/// The environment variable of a secret: `TTAI_TASTYTRADE_REFRESH_TOKEN`, `TTAI_CHANNELS_DESK_URL`.
#[must_use]
pub fn secret_variable(section: &str, key: &str) -> String {
    let place = section.strip_prefix("providers.").unwrap_or(section);
    format!("TTAI_{place}_{key}").to_ascii_uppercase().replace(['.', '-'], "_")
}

/// The environment variable of any key: `TTAI__PROVIDERS__CBOE__TIMEOUT`.
#[must_use]
pub fn variable(section: &str, key: &str) -> String {
    let path = if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") };
    format!("TTAI__{}", path.to_ascii_uppercase().replace('.', "__").replace('-', "_"))
}
