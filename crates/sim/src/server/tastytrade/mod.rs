//! tastytrade's REST API and account streamer, as its documentation and its recorded answers show them: OAuth, kebab-case
//! bodies with decimal strings, `data` around every answer and `error` around every refusal. Orders trade on the exchange.
//!
//! Any client secret and refresh token are good, except those that begin with `revoked` or `wrong`.

mod accounts;
mod auth;
mod instruments;
mod ledger;
mod metrics;
mod order_json;
mod order_request;
mod orders;
mod quotes;
mod reply;
mod streamer;
mod watchlists;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use rust_decimal::Decimal;
use ttai_core::{OccSymbol, Symbol};

use super::SimState;
use reply::Refusal;

/// The account that every grant reaches.
pub(super) const ACCOUNT: &str = "5WT00001";
/// Its cash in dollars at the start.
const OPENING_CASH: u32 = 100_000;

/// What all endpoints share.
#[derive(Clone)]
struct Tasty {
    sim: SimState,
    tokens: Arc<auth::Tokens>,
    watchlists: Arc<watchlists::Watchlists>,
    identities: Arc<order_json::Identities>,
}

impl Tasty {
    /// The account of a path, if it is the caller's.
    fn account(&self, number: &str) -> Result<&'static str, Refusal> {
        if number == ACCOUNT { Ok(ACCOUNT) } else { Err(Refusal::not_permitted()) }
    }

    /// A listed share by the service's spelling.
    fn listed(&self, name: &str) -> Option<Symbol> {
        symbol_of(name).filter(|symbol| self.sim.market.lists(symbol))
    }
}

/// A ticker from the service's spelling.
fn symbol_of(name: &str) -> Option<Symbol> {
    Symbol::new(&name.replace('/', ".")).ok()
}

/// A ticker in the service's spelling.
fn name_of(symbol: &Symbol) -> String {
    symbol.as_str().trim_start_matches(['^', '_']).replace('.', "/")
}

/// A contract from the service's spelling.
fn contract_of(name: &str) -> Option<OccSymbol> {
    OccSymbol::parse(name).ok()
}

pub(crate) fn router(sim: SimState) -> Router {
    sim.exchange.open_account(ACCOUNT, Decimal::from(OPENING_CASH));
    let state = Tasty { sim, tokens: Arc::default(), watchlists: Arc::default(), identities: Arc::default() };
    Router::new()
        .merge(identity_routes())
        .merge(account_routes())
        .merge(order_routes())
        .merge(market_routes())
        .merge(watchlist_routes())
        .fallback(reply::no_route)
        .with_state(state)
}

fn identity_routes() -> Router<Tasty> {
    Router::new()
        .route("/oauth/token", post(auth::token))
        .route("/sessions/validate", post(auth::validate))
        .route("/api-quote-tokens", get(auth::quote_token))
        .route("/customers/me", get(accounts::customer))
        .route("/customers/me/accounts", get(accounts::list))
        .route("/customers/me/accounts/{number}", get(accounts::one))
        .route("/streamer", get(streamer::open))
}

fn account_routes() -> Router<Tasty> {
    Router::new()
        .route("/accounts/{number}/balances", get(accounts::balances))
        .route("/accounts/{number}/balances/{currency}", get(accounts::balance))
        .route("/accounts/{number}/positions", get(accounts::positions))
        .route("/accounts/{number}/trading-status", get(accounts::trading_status))
        .route("/accounts/{number}/transactions", get(ledger::list))
        .route("/accounts/{number}/transactions/total-fees", get(ledger::total_fees))
        .route("/accounts/{number}/transactions/{id}", get(ledger::one))
}

fn order_routes() -> Router<Tasty> {
    Router::new()
        .route("/accounts/{number}/orders", get(orders::search).post(orders::submit))
        .route("/accounts/{number}/orders/live", get(orders::live))
        .route("/accounts/{number}/orders/dry-run", post(orders::dry_run))
        .route(
            "/accounts/{number}/orders/{id}",
            get(orders::one).delete(orders::cancel).put(orders::replace).patch(orders::replace),
        )
        .route("/accounts/{number}/orders/{id}/dry-run", post(orders::replace_dry_run))
}

fn market_routes() -> Router<Tasty> {
    Router::new()
        .route("/instruments/equities", get(instruments::equities))
        .route("/instruments/equities/active", get(instruments::active_equities))
        .route("/instruments/equities/{symbol}", get(instruments::equity))
        .route("/instruments/equity-options", get(instruments::options))
        .route("/instruments/equity-options/{symbol}", get(instruments::option))
        .route("/instruments/quantity-decimal-precisions", get(instruments::precisions))
        .route("/option-chains/{symbol}", get(instruments::full_chain))
        .route("/option-chains/{symbol}/nested", get(instruments::nested_chain))
        .route("/option-chains/{symbol}/compact", get(instruments::compact_chain))
        .route("/symbols/search/{text}", get(instruments::search))
        .route("/market-data/by-type", get(quotes::by_type))
        .route("/market-data/{kind}/{symbol}", get(quotes::one))
        .route("/market-metrics", get(metrics::list))
        .route("/market-metrics/historic-corporate-events/dividends/{symbol}", get(metrics::dividends))
        .route("/market-metrics/historic-corporate-events/earnings-reports/{symbol}", get(metrics::earnings))
        .route("/margin-requirements-public-configuration", get(metrics::margin_configuration))
}

fn watchlist_routes() -> Router<Tasty> {
    Router::new()
        .route("/watchlists", get(watchlists::list).post(watchlists::create))
        .route("/watchlists/{name}", get(watchlists::one).put(watchlists::replace).delete(watchlists::delete))
        .route("/public-watchlists", get(watchlists::public_list))
        .route("/public-watchlists/{name}", get(watchlists::public_one))
        .route("/pairs-watchlists", get(watchlists::pairs))
}
