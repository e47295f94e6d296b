//! Accounts, positions and orders. An order carries our client order id as `external-identifier`, by which it is found
//! again; the service does not say that it refuses a second order with the same one, so it is looked for before it is sent,
//! by one at a time, and for [`SETTLING`] after it was sent not finding it is no answer.

use async_trait::async_trait;
use chrono::{DateTime, Days, Utc};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use ttai_http::{Effect, segment};
use ttai_ports::{
    AccountBalances, Broker, BrokerAccount, BrokerOrder, BrokerPosition, BrokerTransaction, BrokerWatchlist,
    OrderAction, OrderIntent, OrderPreview, OrderPrice, OrderStatus, OrderUpdates, PortError, TimeInForce,
};

use super::client::Paging;
use super::model::{
    AccountBalance, AccountItem, Envelope, PlacedOrder, TastytradeOrder, TastytradePosition, Transaction,
};
use super::sent::SETTLING;
use super::symbols::spelled;
use super::{PROVIDER, Tastytrade, account_stream, account_view, error, order_view, watchlists};

/// Orders a page.
const ORDERS_A_PAGE: u32 = 100;
/// Transactions a page.
const TRANSACTIONS_A_PAGE: u32 = 250;
/// How far back an order that is not live any more is looked for.
const SEARCHED_DAYS: u64 = 30;
/// Most legs of an order.
const MOST_LEGS: usize = 4;
/// What we call ourselves in an order.
const SOURCE: &str = "ttai";

#[async_trait]
impl Broker for Tastytrade {
    fn name(&self) -> &str {
        PROVIDER
    }

    fn is_paper(&self) -> bool {
        self.paper
    }

    async fn accounts(&self) -> Result<Vec<BrokerAccount>, PortError> {
        let request = self.client.service.get("accounts", "/customers/me/accounts");
        let items: Vec<AccountItem> = self.client.list("accounts", request).await?;
        let open = items.into_iter().map(|item| item.account).filter(|account| !account.is_closed);
        Ok(open.map(|account| account_view::account(account, self.paper)).collect())
    }

    async fn balances(&self, account: &str) -> Result<AccountBalances, PortError> {
        let path = format!("/accounts/{}/balances/USD", segment(account));
        let request = self.client.service.get("balances", &path);
        let balance: AccountBalance = self.client.read("balances", request).await?;
        Ok(account_view::balances(&balance, self.client.service.now()))
    }

    async fn positions(&self, account: &str) -> Result<Vec<BrokerPosition>, PortError> {
        let path = format!("/accounts/{}/positions", segment(account));
        let request = self.client.service.get("positions", &path).query("include-marks", "true");
        let positions: Vec<TastytradePosition> = self.client.list("positions", request).await?;
        Ok(positions.iter().filter_map(account_view::position).collect())
    }

    async fn preview(&self, order: &OrderIntent) -> Result<OrderPreview, PortError> {
        let path = format!("/accounts/{}/orders/dry-run", segment(&order.account));
        let request =
            self.client.service.post("order dry run", &path).json(&body(order)?).effect(Effect::Read);
        let placed: PlacedOrder = self.client.read("order dry run", request).await?;
        refuse_errors(&placed)?;
        Ok(order_view::preview(&placed))
    }

    async fn submit(&self, order: &OrderIntent) -> Result<BrokerOrder, PortError> {
        let path = format!("/accounts/{}/orders", segment(&order.account));
        let request = self.client.service.post("orders", &path).json(&body(order)?);
        self.send_once(order, request, |answer| {
            let placed: PlacedOrder = answer.json::<Envelope<PlacedOrder>>()?.data;
            if placed.order.id.is_none() {
                refuse_errors(&placed)?;
            }
            Ok(placed.order)
        })
        .await
    }

    /// The legs stay; the service aborts the replacement where the order is filled meanwhile.
    async fn replace(&self, order_id: &str, successor: &OrderIntent) -> Result<BrokerOrder, PortError> {
        let path = format!("/accounts/{}/orders/{}", segment(&successor.account), segment(order_id));
        let mut body = body(successor)?;
        if let Some(fields) = body.as_object_mut() {
            fields.remove("legs");
        }
        let request = self.client.service.request(Method::PUT, "order replacement", &path).json(&body);
        self.send_once(successor, request, |answer| Ok(answer.json::<Envelope<TastytradeOrder>>()?.data))
            .await
    }

    async fn order_updates(&self, account: &str) -> Result<Box<dyn OrderUpdates>, PortError> {
        Ok(Box::new(account_stream::open(self, account).await?))
    }

    async fn order_by_client_id(
        &self,
        account: &str,
        client_order_id: &str,
    ) -> Result<Option<BrokerOrder>, PortError> {
        let settles = || self.client.sent_orders.settles(account, client_order_id);
        // Before and after: a request may end or begin while the lists are read.
        let settled_before = !settles();
        match self.find_order(account, client_order_id).await? {
            None if !settled_before || settles() => Err(unsettled(client_order_id)),
            found => Ok(found),
        }
    }

    async fn cancel(&self, account: &str, order_id: &str) -> Result<(), PortError> {
        let path = format!("/accounts/{}/orders/{}", segment(account), segment(order_id));
        let refused = match self.client.send(self.client.service.delete("order cancel", &path)).await {
            Ok(_) => return Ok(()),
            Err(refused @ PortError::Invalid { .. }) => refused,
            Err(error) => return Err(error),
        };
        // The first of two requests may have done it, its answer lost.
        let request = self.client.service.get("order", &path).accept(StatusCode::NOT_FOUND);
        let answer = self.client.send(request).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Err(refused);
        }
        let order: Envelope<TastytradeOrder> = answer.json()?;
        let done = order.data.status == "Cancel Requested"
            || order_view::status(&order.data) == OrderStatus::Canceled;
        if done { Ok(()) } else { Err(refused) }
    }

    async fn orders(&self, account: &str, since: DateTime<Utc>) -> Result<Vec<BrokerOrder>, PortError> {
        // Working orders are read first: one that ends meanwhile shows as working, and is in neither list less.
        let live: Vec<TastytradeOrder> =
            self.client.whole("live orders", ORDERS_A_PAGE, self.live_request(account)).await?;
        let request = self.orders_request(account).query("start-at", instant(since));
        let mut orders: Vec<TastytradeOrder> = self.client.whole("orders", ORDERS_A_PAGE, request).await?;
        orders.retain(|order| order.received_at.is_none_or(|received| received >= since));
        let works = |order: &TastytradeOrder| !order_view::status(order).is_final();
        let older = live.into_iter().filter(|order| works(order) && orders.iter().all(|o| o.id != order.id));
        let older: Vec<TastytradeOrder> = older.collect();
        Ok(orders.iter().chain(&older).filter_map(|order| order_view::order(order, account)).collect())
    }

    async fn transactions(
        &self,
        account: &str,
        since: DateTime<Utc>,
    ) -> Result<Vec<BrokerTransaction>, PortError> {
        let path = format!("/accounts/{}/transactions", segment(account));
        let request = self.client.service.get("transactions", &path);
        let request = request.query("start-at", instant(since)).query("sort", "Desc");
        let rows: Vec<Transaction> = self.client.whole("transactions", TRANSACTIONS_A_PAGE, request).await?;
        let late_enough = |row: &&Transaction| row.executed_at.is_none_or(|executed| executed >= since);
        rows.iter().filter(late_enough).map(account_view::transaction).collect()
    }

    async fn watchlists(&self) -> Result<Option<Vec<BrokerWatchlist>>, PortError> {
        let lists = Self::watchlists(self).await?;
        Ok(Some(lists.into_iter().map(watchlists::view).collect()))
    }
}

impl Tastytrade {
    /// Sends an order, or one that takes another's place, unless it was sent before.
    async fn send_once(
        &self,
        order: &OrderIntent,
        request: ttai_http::Request,
        read: impl Fn(&ttai_http::Response) -> Result<TastytradeOrder, PortError> + Send,
    ) -> Result<BrokerOrder, PortError> {
        let (account, id) = (order.account.as_str(), order.client_order_id.as_str());
        // Held until the answer is known: another submit of the same order then finds it.
        let turn = self.client.sent_orders.turn(account, id).await;
        if let Some(known) = self.find_order(account, id).await? {
            return Ok(known);
        }
        if turn.settles() {
            return Err(unsettled(id));
        }
        let sending = turn.send();
        let answer = self.client.send(request).await;
        let placed = answer.and_then(|answer| {
            order_view::order(&read(&answer)?, account).ok_or_else(|| PortError::OutcomeUnknown {
                provider: PROVIDER.to_owned(),
                detail: "the answer to the order has no id or legs that cannot be read".to_owned(),
            })
        });
        if placed.as_ref().is_err_and(|error| !matches!(error, PortError::OutcomeUnknown { .. })) {
            sending.refused();
        }
        placed
    }

    /// Looks for an order among the live ones and those of the last [`SEARCHED_DAYS`] days.
    async fn find_order(
        &self,
        account: &str,
        client_order_id: &str,
    ) -> Result<Option<BrokerOrder>, PortError> {
        let mut found = self.find_in("live orders", self.live_request(account), client_order_id).await?;
        if found.is_none() {
            let now = self.client.service.now();
            let from = now.checked_sub_days(Days::new(SEARCHED_DAYS)).unwrap_or(now);
            let past = self.orders_request(account).query("start-date", from.date_naive().to_string());
            found = self.find_in("orders", past, client_order_id).await?;
        }
        found
            .map(|order| {
                order_view::order(&order, account).ok_or_else(|| {
                    error::corrupt(format!("the order {client_order_id} has no id or unreadable legs"))
                })
            })
            .transpose()
    }

    async fn find_in(
        &self,
        list: &'static str,
        request: ttai_http::Request,
        client_order_id: &str,
    ) -> Result<Option<TastytradeOrder>, PortError> {
        let is_it = |order: &TastytradeOrder| order.external_identifier.as_deref() == Some(client_order_id);
        let mut found = None;
        let take = |page: Vec<TastytradeOrder>| {
            found = page.into_iter().find(is_it);
            Ok(if found.is_some() { Paging::Enough } else { Paging::More })
        };
        self.client.pages(list, ORDERS_A_PAGE, request, take).await?;
        Ok(found)
    }

    fn live_request(&self, account: &str) -> ttai_http::Request {
        self.client.service.get("live orders", &format!("/accounts/{}/orders/live", segment(account)))
    }

    fn orders_request(&self, account: &str) -> ttai_http::Request {
        self.client
            .service
            .get("orders", &format!("/accounts/{}/orders", segment(account)))
            .query("sort", "Desc")
    }
}

/// An order that was sent and is not found, while it may still appear.
fn unsettled(client_order_id: &str) -> PortError {
    PortError::OutcomeUnknown {
        provider: PROVIDER.to_owned(),
        detail: format!(
            "the order {client_order_id} was sent within the last {} s and is not in the lists yet; look for it again later",
            SETTLING.as_secs()
        ),
    }
}

/// A moment as the service takes it; "since ever" becomes the year 2000, before any account of it.
fn instant(at: DateTime<Utc>) -> String {
    at.max(DateTime::<Utc>::UNIX_EPOCH + Days::new(10_957))
        .to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// Refuses what the service would not place.
fn refuse_errors(placed: &PlacedOrder) -> Result<(), PortError> {
    match placed.errors.as_deref() {
        None | Some([]) => Ok(()),
        Some(errors) => {
            let reasons: Vec<String> =
                errors.iter().take(10).map(|reason| error::printable(&reason.to_string())).collect();
            Err(error::invalid(reasons.join("; ")))
        }
    }
}

/// An order as the service takes it.
fn body(order: &OrderIntent) -> Result<Value, PortError> {
    if order.legs.is_empty() || order.legs.len() > MOST_LEGS {
        return Err(error::invalid(format!(
            "an order has 1 to {MOST_LEGS} legs, and this one has {}",
            order.legs.len()
        )));
    }
    if order.legs.iter().any(|leg| leg.quantity == 0) {
        return Err(error::invalid("a leg's quantity is 0; it must be at least 1"));
    }
    let legs: Vec<Value> = order
        .legs
        .iter()
        .map(|leg| {
            let (kind, symbol) = spelled(&leg.instrument);
            json!({
                "instrument-type": kind,
                "symbol": symbol,
                "quantity": leg.quantity,
                "action": action(leg.action),
            })
        })
        .collect();
    let mut body = json!({
        "time-in-force": match order.time_in_force {
            TimeInForce::Day => "Day",
            TimeInForce::GoodTilCanceled => "GTC",
        },
        "order-type": "Market",
        "legs": legs,
        "source": SOURCE,
        "external-identifier": order.client_order_id,
    });
    let limit = match order.price {
        OrderPrice::Market => None,
        OrderPrice::Debit(price) => Some((price, "Debit")),
        OrderPrice::Credit(price) => Some((price, "Credit")),
    };
    if let Some((price, effect)) = limit {
        if price.is_sign_negative() && !price.is_zero() {
            return Err(error::invalid(format!(
                "the price {price} is negative; its direction is debit or credit"
            )));
        }
        body["order-type"] = json!("Limit");
        body["price"] = json!(price.normalize().to_string());
        body["price-effect"] = json!(effect);
    }
    Ok(body)
}

fn action(action: OrderAction) -> &'static str {
    match action {
        OrderAction::BuyToOpen => "Buy to Open",
        OrderAction::SellToOpen => "Sell to Open",
        OrderAction::BuyToClose => "Buy to Close",
        OrderAction::SellToClose => "Sell to Close",
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;
    use ttai_ports::{Instrument, OrderLeg};

    use super::*;
    use crate::tastytrade::symbols;

    fn leg(symbol: &str, action: OrderAction) -> OrderLeg {
        OrderLeg { instrument: Instrument::Option(symbols::contract(symbol).unwrap()), action, quantity: 1 }
    }

    fn spread() -> OrderIntent {
        OrderIntent {
            account: "5WT00001".to_owned(),
            client_order_id: "trade-7.1".to_owned(),
            legs: vec![
                leg("SPY   260619P00540000", OrderAction::SellToOpen),
                leg("SPY   260619P00535000", OrderAction::BuyToOpen),
            ],
            price: OrderPrice::Credit(Decimal::new(1250, 3)),
            time_in_force: TimeInForce::Day,
        }
    }

    #[test]
    fn a_spread_is_one_order_with_a_net_price() {
        assert_eq!(
            body(&spread()).unwrap(),
            json!({
                "order-type": "Limit", "time-in-force": "Day", "price": "1.25", "price-effect": "Credit",
                "source": "ttai", "external-identifier": "trade-7.1",
                "legs": [
                    {"symbol": "SPY   260619P00540000", "instrument-type": "Equity Option", "action": "Sell to Open", "quantity": 1},
                    {"symbol": "SPY   260619P00535000", "instrument-type": "Equity Option", "action": "Buy to Open", "quantity": 1},
                ],
            })
        );
    }

    #[test]
    fn impossible_orders_are_refused_before_they_are_sent() {
        let mut none = spread();
        none.legs.clear();
        let mut negative = spread();
        negative.price = OrderPrice::Debit(Decimal::NEGATIVE_ONE);
        let mut empty = spread();
        empty.legs[0].quantity = 0;
        for order in [none, negative, empty] {
            assert!(matches!(body(&order), Err(PortError::Invalid { .. })), "{order:?}");
        }
    }

    #[test]
    fn since_ever_is_a_date_that_the_service_takes() {
        assert_eq!(instant(DateTime::<Utc>::MIN_UTC), "2000-01-01T00:00:00.000Z");
        assert_eq!(instant("2026-09-18T19:00:00Z".parse().unwrap()), "2026-09-18T19:00:00.000Z");
    }

    #[test]
    fn a_market_order_has_no_price() {
        let body = body(&OrderIntent { price: OrderPrice::Market, ..spread() }).unwrap();
        assert_eq!((body.get("price"), body["order-type"].as_str()), (None, Some("Market")));
    }
}
