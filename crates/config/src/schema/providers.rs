//! Keys of the providers of market data, news and candidates.

use super::*;

/// Who is asked in which order, and each provider.
pub(super) const SECTIONS: &[Section] = &[ORDER, TASTYTRADE, ALPACA, CBOE, TRADINGVIEW, RSS, EDGAR];

/// Who can serve quotes, bars and chains.
const MARKET_DATA: &[&str] = &["tastytrade", "alpaca", "cboe"];

/// `[order]`.
const ORDER: Section = Section {
    path: "order",
    about: "Which provider is asked first, for each kind of data. The next one is asked when the one before is unavailable, does not have the data or rejects the credentials, and the result says so. Only configured providers are asked.",
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
            Kind::Names(&["tastytrade", "edgar", "computed"]),
            "[\"tastytrade\", \"edgar\", \"computed\"]",
            "[\"edgar\", \"computed\"]",
            "Earnings dates, volatility, IV rank, beta, liquidity, borrowing. `edgar` estimates the next earnings date, give or take seven days, from the dates of past SEC filings. `computed` is what can be computed from bars and the option chain.",
        ),
        key(
            "news",
            Kind::Names(&["rss", "alpaca", "edgar"]),
            "[\"rss\", \"alpaca\", \"edgar\"]",
            "[\"rss\", \"edgar\"]",
            "News; all of them are read and their stories merged.",
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
            "Streaming quotes; while one fails the next is used, and the gap is reported. `tastytrade` is its DXLink stream; `polling` asks any provider of quotes every 15 s.",
        ),
    ],
};

/// `[providers.tastytrade]`.
const TASTYTRADE: Section = Section {
    path: "providers.tastytrade",
    about: "tastytrade's REST API and DXLink stream. Needs an OAuth grant: docs/providers/tastytrade.md.",
    keys: &[
        ENABLED,
        needed(key("client_secret", Kind::Secret, "", "", "Secret of your OAuth application.")),
        needed(key("refresh_token", Kind::Secret, "", "", "The grant; it does not expire.")),
        key("account", Kind::Text, "", "\"5WT00001\"", "Account number; by default the first open account."),
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
            "The DXLink stream; by default the one that the quote token names.",
        ),
        timeout("\"15s\""),
        rate_limit("\"120/min\""),
        burst("60"),
        RETRY,
    ],
};

/// `[providers.alpaca]`.
const ALPACA: Section = Section {
    path: "providers.alpaca",
    about: "Alpaca's trading and market data APIs. Needs a key pair, which is free: docs/providers/alpaca.md.",
    keys: &[
        ENABLED,
        needed(key("key_id", Kind::Secret, "", "", "Key id.")),
        needed(key("secret_key", Kind::Secret, "", "", "Secret key.")),
        key("paper", Kind::Flag, "true", "true", "Whether the keys belong to the paper account."),
        key(
            "option_feed",
            Kind::Choice(&["indicative", "opra"]),
            "\"indicative\"",
            "\"opra\"",
            "Which feed of option data: `indicative` is free, `opra` needs a subscription.",
        ),
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
            "The trading API; by default the one that matches `paper`.",
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
        timeout("\"10s\""),
        rate_limit("\"200/min\""),
        burst("20"),
        RETRY,
    ],
};

/// `[providers.cboe]`.
const CBOE: Section = Section {
    path: "providers.cboe",
    about: "Cboe's delayed quotes: no account needed, 15 minutes late, for personal use under the site's terms: docs/providers/cboe.md.",
    keys: &[
        ENABLED,
        key(
            "base_url",
            HTTP,
            "\"https://cdn.cboe.com\"",
            "\"https://cdn.cboe.com\"",
            "Base address of all requests.",
        ),
        timeout("\"30s\""),
        rate_limit("\"40/min\""),
        burst("8"),
        RETRY,
    ],
};

/// `[providers.tradingview]`.
const TRADINGVIEW: Section = Section {
    path: "providers.tradingview",
    about: "TradingView's scanner, which needs no account: docs/providers/tradingview.md.",
    keys: &[
        ENABLED,
        key(
            "base_url",
            HTTP,
            "\"https://scanner.tradingview.com\"",
            "\"https://scanner.tradingview.com\"",
            "Base address of all requests.",
        ),
        timeout("\"20s\""),
        rate_limit("\"30/min\""),
        burst("5"),
        RETRY,
    ],
};

/// `[providers.rss]`.
const RSS: Section = Section {
    path: "providers.rss",
    about: "Any RSS or Atom feeds: docs/providers/rss.md.",
    keys: &[
        ENABLED,
        key(
            "feeds",
            Kind::Feeds,
            DEFAULT_FEEDS,
            "[{ name = \"Example\", url = \"https://news.example/rss?s={symbol}\" }]",
            "The feeds, most trusted first; `{symbol}` in an address makes it one feed per symbol. Also as `[[providers.rss.feeds]]`.",
        ),
        timeout("\"10s\""),
        rate_limit("\"60/min\""),
        burst("10"),
        Key { default: "1", ..RETRY },
    ],
};

/// `[providers.edgar]`.
const EDGAR: Section = Section {
    path: "providers.edgar",
    about: "Company filings at the SEC: no account, but the SEC wants to know who is asking: docs/providers/edgar.md.",
    keys: &[
        ENABLED,
        needed(key(
            "contact",
            Kind::Text,
            "",
            "\"Ann Example ann@mail.example\"",
            "Your name and e-mail address, for the user agent that the SEC requires. Without it EDGAR is not used.",
        )),
        key(
            "data_url",
            HTTP,
            "\"https://data.sec.gov\"",
            "\"https://data.sec.gov\"",
            "Submissions and facts.",
        ),
        key(
            "site_url",
            HTTP,
            "\"https://www.sec.gov\"",
            "\"https://www.sec.gov\"",
            "The list of companies, and the filings themselves.",
        ),
        timeout("\"20s\""),
        // Together never above the ten calls a second that the SEC allows.
        Key { kind: Kind::Rate { most: 300 }, ..rate_limit("\"300/min\"") },
        Key { kind: Kind::Integer { least: 1, most: 5 }, ..burst("5") },
        RETRY,
    ],
};
