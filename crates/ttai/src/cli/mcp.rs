//! `ttai mcp`.

use std::net::SocketAddr;

use clap::Args;
use ttai_mcp::ToolsetSelection;

use super::MarketArgs;

/// `ttai mcp`.
#[derive(Clone, Debug, Args)]
pub struct McpArgs {
    /// Serve streamable HTTP at this address, under /mcp [default: standard input and output].
    #[arg(long, value_name = "ADDR")]
    pub http: Option<SocketAddr>,
    /// Which tools: default, all, or toolsets separated by commas, such as default,journal [default: default].
    #[arg(long, value_name = "NAMES", value_parser = toolsets)]
    pub toolsets: Option<ToolsetSelection>,
    /// Leave out every tool that starts, changes or removes anything.
    #[arg(long)]
    pub read_only: bool,
    /// Which market, where no server is configured or running.
    #[command(flatten)]
    pub market: MarketArgs,
}

fn toolsets(text: &str) -> Result<ToolsetSelection, String> {
    text.parse().map_err(|problem: ttai_mcp::ToolProblem| problem.to_string())
}
