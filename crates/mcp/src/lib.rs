//! The MCP server: tools, resources and prompts, over ttai's client, the ports' reads and pure calculators.
//!
//! Nothing is held in an MCP session: a run is known by its workflow id, everything else by rows of the store, so that every call
//! works again after a restart of the client, the connection or the server. What it needs of its process comes through [`TradingDesk`].

mod answer;
mod approvals;
mod desk;
mod fence;
mod field;
mod http_server;
mod lint;
mod oauth;
mod problem;
mod prompts;
mod reading;
mod resources;
mod server;
mod summary;
mod tasks;
#[cfg(test)]
mod testing;
mod tokens;
mod tool;
mod tools;
mod toolset;
mod waiting;

pub use answer::{LONGEST_ANSWER, ToolAnswer};
pub use desk::{
    Caller, ChartPicture, DeskStore, PreparedRequest, RunList, TradesFound, TradingDesk, TradingStops,
};
pub use field::{FieldKind, ToolField};
pub use http_server::{HttpSettings, serve_http};
pub use lint::lint;
pub use oauth::{AccessTokens, ProtectedResource, TokenProblem};
pub use problem::ToolProblem;
pub use reading::ToolArguments;
pub use server::{McpServer, ServerSettings, serve_stdio};
pub use tokens::{BearerToken, BearerTokens};
pub use tool::{McpCall, McpTool, ToolEffect, ToolSpec};
pub use tools::tools_markdown;
pub use toolset::{Toolset, ToolsetSelection};
