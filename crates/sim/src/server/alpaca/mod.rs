//! Alpaca: trading API v2, market data API, and the streams, as its own clients and specifications know them.

mod account;
mod data_stream;
mod feed;
mod options;
mod orders;
mod reference;
mod stocks;
mod stories;
mod trade_stream;
mod wire;

pub(super) use wire::account_of;

use axum::Router;
use axum::routing::{any, get};

use super::SimState;

/// Everything under `/alpaca`.
pub(crate) fn router(state: SimState) -> Router {
    Router::new()
        .nest("/trading", trading())
        .nest("/data", data())
        .nest("/stream", streams())
        .with_state(state)
}

fn trading() -> Router<SimState> {
    Router::new()
        .route("/stream", any(trade_stream::connect))
        .route("/v2/account", get(account::account))
        .route("/v2/account/configurations", get(account::configurations).patch(account::configurations))
        .route("/v2/account/activities", get(account::activities))
        .route("/v2/account/activities/{kind}", get(account::activities_of))
        .route("/v2/positions", get(account::positions).delete(account::close_all))
        .route("/v2/positions/{symbol}", get(account::position).delete(account::close))
        .route("/v2/orders", get(orders::list).post(orders::submit).delete(orders::cancel_all))
        .route("/v2/orders:by_client_order_id", get(orders::by_client_order_id))
        .route("/v2/orders/{id}", get(orders::one).delete(orders::cancel).patch(orders::replace))
        .route("/v2/clock", get(reference::clock))
        .route("/v2/calendar", get(reference::calendar))
        .route("/v2/assets", get(reference::assets))
        .route("/v2/assets/{symbol}", get(reference::asset))
        .route("/v2/options/contracts", get(reference::contracts))
        .route("/v2/options/contracts/{symbol}", get(reference::contract))
}

fn data() -> Router<SimState> {
    Router::new()
        .route("/v2/stocks/bars", get(stocks::bars))
        .route("/v2/stocks/bars/latest", get(stocks::latest_bars))
        .route("/v2/stocks/quotes/latest", get(stocks::latest_quotes))
        .route("/v2/stocks/trades", get(stocks::trades))
        .route("/v2/stocks/trades/latest", get(stocks::latest_trades))
        .route("/v2/stocks/snapshots", get(stocks::snapshots))
        .route("/v2/stocks/{symbol}/bars", get(stocks::bars_of))
        .route("/v2/stocks/{symbol}/bars/latest", get(stocks::latest_bar))
        .route("/v2/stocks/{symbol}/quotes/latest", get(stocks::latest_quote))
        .route("/v2/stocks/{symbol}/trades/latest", get(stocks::latest_trade))
        .route("/v2/stocks/{symbol}/snapshot", get(stocks::snapshot))
        .route("/v1beta1/options/bars", get(options::bars))
        .route("/v1beta1/options/quotes/latest", get(options::latest_quotes))
        .route("/v1beta1/options/trades/latest", get(options::latest_trades))
        .route("/v1beta1/options/snapshots", get(options::snapshots))
        .route("/v1beta1/options/snapshots/{underlying}", get(options::chain))
        .route("/v1beta1/news", get(stories::news))
        .route("/v1/corporate-actions", get(stories::corporate_actions))
}

fn streams() -> Router<SimState> {
    Router::new()
        .route("/v2/iex", any(data_stream::stocks))
        .route("/v2/sip", any(data_stream::stocks))
        .route("/v2/delayed_sip", any(data_stream::stocks))
        .route("/v1beta1/indicative", any(data_stream::options))
        .route("/v1beta1/opra", any(data_stream::options))
        .route("/v1beta1/news", any(data_stream::news))
}
