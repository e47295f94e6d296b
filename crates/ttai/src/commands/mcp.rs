//! `ttai mcp`: ttai for AI assistants. Standard output belongs to the protocol; logs go to standard error.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use ttai_contract::UserId;
use ttai_mcp::{
    BearerToken, BearerTokens, Caller, HttpSettings, McpServer, ServerSettings, TradingDesk, serve_http,
    serve_stdio,
};

use super::asked_to_stop;
use crate::cli::{GlobalArgs, McpArgs};
use crate::exit_kind::fail;
use crate::mcp::{Issuer, ProcessDesk, ServerKeeper};
use crate::output;
use crate::settings::Settings;
use ttai_config::Config;

/// Shortest bearer token, in characters.
const SHORTEST_TOKEN: usize = 16;

/// Runs the command until the client leaves, or, over HTTP, until it is asked to stop.
///
/// # Errors
/// A configuration that cannot be used, an address that cannot be bound, a client that does not speak the protocol.
pub async fn run(global: &GlobalArgs, args: McpArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, Some(&args.market))?;
    let offered = offered(&settings.config, &args)?;
    let http = match args.http {
        Some(address) => Some(Bound::bind(&settings.config, address).await?),
        None => None,
    };
    let shutdown = CancellationToken::new();
    let (keeper, kept) = ServerKeeper::start(settings.clone(), shutdown.clone());
    let desk = Arc::new(ProcessDesk::new(settings, keeper));
    // The market is found while the client introduces itself.
    let warm = Arc::clone(&desk);
    tokio::spawn(async move { warm.market_notes().await });
    let outcome = match http {
        Some(bound) => bound.serve(McpServer::new(desk, &offered, None), shutdown.clone()).await,
        None => on_standard_streams(McpServer::new(desk, &offered, Some(Caller::owner()))).await,
    };
    shutdown.cancel();
    kept.await?;
    outcome.map(|()| ExitCode::SUCCESS)
}

fn offered(config: &Config, args: &McpArgs) -> anyhow::Result<ServerSettings> {
    let toolsets = match &args.toolsets {
        Some(selection) => selection.clone(),
        None => config.mcp.toolsets.parse().map_err(|problem| anyhow!("mcp.toolsets: {problem}"))?,
    };
    let read_only = args.read_only || config.mcp.read_only;
    Ok(ServerSettings { toolsets, read_only, trading: config.mcp.trading })
}

async fn on_standard_streams(server: McpServer) -> anyhow::Result<()> {
    tokio::select! {
        served = serve_stdio(server) => served.map_err(|why| anyhow!("the client does not speak MCP: {why}")),
        stopped = asked_to_stop() => stopped.map_err(Into::into),
    }
}

/// An address that was bound, and who may call there.
struct Bound {
    listener: TcpListener,
    settings: HttpSettings,
}

impl Bound {
    async fn bind(config: &Config, address: SocketAddr) -> anyhow::Result<Self> {
        let settings = HttpSettings {
            tokens: BearerTokens::new(tokens(config)?, anonymous(config, address)?),
            oauth: Issuer::configured(&config.oauth)?,
            hosts: config.mcp.hosts.clone(),
            origins: config.mcp.origins.clone(),
        };
        if settings.tokens.is_empty() && settings.oauth.is_none() {
            fail!(
                WrongConfiguration,
                "nobody could call: set a token, such as TTAI__TOKENS__DEFAULT__TOKEN=$(openssl rand -hex 32), an [oauth] issuer, or \
                 mcp.anonymous = true for a loopback address; docs/mcp.md"
            );
        }
        let listener =
            TcpListener::bind(address).await.with_context(|| format!("{address} cannot be bound"))?;
        Ok(Self { listener, settings })
    }

    async fn serve(self, server: McpServer, shutdown: CancellationToken) -> anyhow::Result<()> {
        output::note(&format!("serving MCP at http://{}/mcp", self.listener.local_addr()?));
        let stop = shutdown.clone();
        tokio::select! {
            served = serve_http(self.listener, server, self.settings, shutdown) => Ok(served?),
            stopped = asked_to_stop() => {
                stop.cancel();
                Ok(stopped?)
            }
        }
    }
}

/// Who calls without a token.
fn anonymous(config: &Config, address: SocketAddr) -> anyhow::Result<Option<Caller>> {
    let is_wanted = config.mcp.anonymous;
    if is_wanted && !address.ip().is_loopback() {
        bail!("mcp.anonymous is for a loopback address, and {address} is none; set a token instead");
    }
    Ok(is_wanted.then(Caller::owner))
}

fn tokens(config: &Config) -> anyhow::Result<Vec<BearerToken>> {
    let named = config.tokens.iter().map(|(name, section)| {
        let user = section.user.as_ref().unwrap_or(name);
        let user = user.parse::<UserId>().with_context(|| format!("tokens.{name}.user"))?;
        let token = section.token.as_deref().with_context(|| format!("tokens.{name}.token is missing"))?;
        if token.expose_secret().chars().count() < SHORTEST_TOKEN {
            bail!("tokens.{name}.token is shorter than {SHORTEST_TOKEN} characters");
        }
        let owns_desk = section.owner || user == UserId::default();
        Ok(BearerToken { token: token.clone(), caller: Caller { user, owns_desk } })
    });
    named.collect()
}
