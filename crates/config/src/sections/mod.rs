//! Every setting: its name, its type, its default, and, as its documentation, what it means to a trader.
//!
//! The structs are the truth: [`crate::schema`] derives from them what is read, refused, shown and documented. What a field says of
//! itself is Markdown for `docs/configuration.md`.

mod general;
mod outputs;
pub(crate) mod providers;
mod schedules;
mod trading;

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use general::{
    AccountSection, MarketKind, MarketSection, McpSection, OauthSection, StoreSection, TemporalSection,
    TokenSection, WatchdogSection, WorkerSection,
};
pub use outputs::{
    ChannelSection, ChannelType, LlmSection, MailSecurity, ModelSection, RouteSection, UserSection,
};
pub use providers::{
    AlpacaOptionFeed, AlpacaSection, AlpacaStockFeed, Calls, CandidateSource, CboeSection, EdgarSection,
    MarketDataSource, MetricsSource, NewsSource, OrderSection, ProviderSections, RssSection, StreamSource,
    TastytradeSection, TradingviewSection, Vendor,
};
pub use schedules::{DayName, ScheduleSection, SyncSection};
pub use trading::TradingSection;

use crate::types::FilePath;

/// The whole configuration.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Sections {
    /// Where ttai stores its data: the store, development servers, simulated markets. By default in your application data folder. Also `--data-dir`, `TTAI_DATA_DIR`.
    #[schemars(with = "FilePath", extend("example" = "~/.local/share/ttai"))]
    pub data_dir: Option<PathBuf>,
    /// The Temporal server. `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE` and `temporal.toml` work too.
    pub temporal: TemporalSection,
    /// Where analyses are saved. Also `--store`, `TTAI_STORE`.
    pub store: StoreSection,
    /// Which market data to use.
    pub market: MarketSection,
    /// The account that `ttai analyze` sizes trades for. Each key has a flag that overrides it.
    pub account: AccountSection,
    /// Which provider is asked first, for each kind of data. The next one is asked when the one before is unavailable, does not have the data or rejects the credentials, and the result says so. Only configured providers are asked.
    pub order: OrderSection,
    /// The providers.
    pub providers: ProviderSections,
    /// The analysts' AI model. Without `model` none is used, and none is needed: docs/providers/llm.md.
    pub llm: LlmSection,
    /// A model provider. `anthropic`, `openai` and the like need only their key; any other name is an OpenAI-compatible endpoint such as a LiteLLM proxy or Ollama.
    pub models: BTreeMap<String, ModelSection>,
    /// Where notifications go, besides the worker's log. `ttai notify test NAME` sends a test message to one.
    pub channels: BTreeMap<String, ChannelSection>,
    /// Which messages go to which channels. All routes that fit a message apply; a message that none fits goes to every channel. An alert that names its channels goes to those.
    pub routes: BTreeMap<String, RouteSection>,
    /// A user's clock and quiet hours, which hold everything that is not critical for one digest at their end. `[users.default]` is the user of every command without a user.
    pub users: BTreeMap<String, UserSection>,
    /// What may be traded: docs/trading.md. The limits hold for opening orders of every strategy; a run can tighten them and never loosen them. A limit of 0 does not limit.
    pub trading: TradingSection,
    /// What `ttai sync` pulls into the store: docs/sync.md.
    pub sync: SyncSection,
    /// What the Temporal server starts by itself; `ttai schedule apply` brings the server to what stands here. Those that come with ttai are in docs/schedules.md: a key that is set here under the same name replaces that of the built-in schedule.
    pub schedules: BTreeMap<String, ScheduleSection>,
    /// `ttai worker`.
    pub worker: WorkerSection,
    /// `ttai mcp`: what AI assistants may do, and who may call over HTTP. See docs/mcp.md.
    pub mcp: McpSection,
    /// A bearer token for `ttai mcp --http`. Whoever has it acts as its user.
    pub tokens: BTreeMap<String, TokenSection>,
    /// Whose access tokens `ttai mcp --http` accepts beside those of `[tokens]`. See docs/mcp.md.
    pub oauth: OauthSection,
    /// A dead-man ping: a service outside, such as healthchecks.io, Uptime Kuma or Dead Man's Snitch, hears regularly that all is well and alerts you when it no longer does, because a check fails or because the worker is gone. See docs/operation.md.
    pub watchdog: WatchdogSection,
}

impl Sections {
    /// The defaults, with one member of each family under this name.
    pub(crate) fn with_one_of_each(name: &str) -> Self {
        fn one<T: Default>(name: &str) -> BTreeMap<String, T> {
            BTreeMap::from([(name.to_owned(), T::default())])
        }
        Self {
            models: one(name),
            channels: one(name),
            routes: one(name),
            users: one(name),
            schedules: one(name),
            tokens: one(name),
            ..Self::default()
        }
    }
}
