//! Accounts and orders. An order is sent once; what became of one whose answer was lost is asked by its client order id.

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use http::{Method, StatusCode};
use rust_decimal::Decimal;
use ttai_ports::{
    AccountBalances, Broker, BrokerAccount, BrokerOrder, BrokerPosition, BrokerTransaction, Instrument,
    OrderIntent, OrderLeg, OrderPreview, OrderUpdates, PortError,
};

use super::account_view::{order, position, transaction, with_executions};
use super::client::{MAX_PAGES, endless};
use super::error::is_duplicate;
use super::market::compact;
use super::model::{AlpacaAccount, AlpacaActivity, AlpacaOrder, AlpacaPosition};
use super::news::rfc3339;
use super::order_body::{body, replacement, symbol_of};
use super::{Alpaca, PROVIDER, corrupt, invalid};

/// Orders of one page, the most that Alpaca gives.
const ORDER_PAGE: usize = 500;
/// Activities of one page, the most that Alpaca gives.
const ACTIVITY_PAGE: usize = 100;
/// Longest order id that is sent; Alpaca's are UUIDs of 36 characters.
const MAX_ORDER_ID: usize = 64;

/// The path of one order.
///
/// # Errors
/// [`PortError::Invalid`] for an id that cannot be Alpaca's. Nothing is encoded instead: an id with a dot or a slash would
/// name another resource, and a `DELETE` of `/v2/orders` takes back every order.
fn order_path(id: &str) -> Result<String, PortError> {
    let has_length = (1..=MAX_ORDER_ID).contains(&id.len());
    if has_length && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Ok(format!("/v2/orders/{id}"));
    }
    let shown: String = id.chars().take(MAX_ORDER_ID).collect();
    Err(invalid(format!("{shown:?} is no order id of Alpaca")))
}

impl Alpaca {
    async fn account(&self) -> Result<AlpacaAccount, PortError> {
        self.client.trading(Method::GET, "account", "/v2/account").send().await?.json()
    }

    /// The one account of the keys, or an error for another's name.
    async fn own(&self, account: &str) -> Result<AlpacaAccount, PortError> {
        let own = self.account().await?;
        if account == own.id || own.account_number.as_deref() == Some(account) {
            Ok(own)
        } else {
            Err(invalid(format!("the keys do not reach the account {account}")))
        }
    }

    async fn order_with(
        &self,
        account: &str,
        client_order_id: &str,
    ) -> Result<Option<BrokerOrder>, PortError> {
        let call = self.client.trading(Method::GET, "order by client id", "/v2/orders:by_client_order_id");
        let answer =
            call.query("client_order_id", client_order_id).accept(StatusCode::NOT_FOUND).send().await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        Ok(self.with_trades(vec![answer.json()?], account).await?.pop())
    }

    /// Every order of a status, oldest first, page by page; those since a moment where there is one.
    async fn all_orders(
        &self,
        status: &str,
        since: Option<DateTime<Utc>>,
    ) -> Result<Vec<AlpacaOrder>, PortError> {
        let mut orders: Vec<AlpacaOrder> = Vec::new();
        for _ in 0..MAX_PAGES {
            let call = self
                .client
                .trading(Method::GET, "orders", "/v2/orders")
                .query("status", status)
                .query("direction", "asc")
                .query("nested", "true")
                .query("limit", ORDER_PAGE.to_string());
            let call = match (orders.last(), since) {
                (Some(last), _) => call.query("after_order_id", &last.id),
                (None, Some(since)) => call.query("after", rfc3339(since)),
                (None, None) => call,
            };
            let page: Vec<AlpacaOrder> = call.send().await?.json()?;
            let full = page.len() >= ORDER_PAGE;
            orders.extend(page);
            if !full {
                return Ok(orders);
            }
        }
        Err(endless("orders"))
    }

    /// Orders with their trades, which Alpaca lists apart.
    async fn with_trades(
        &self,
        rows: Vec<AlpacaOrder>,
        account: &str,
    ) -> Result<Vec<BrokerOrder>, PortError> {
        let traded = rows.iter().filter(|row| row.filled_qty.is_some_and(|filled| !filled.is_zero()));
        let first = traded.map(|row| row.submitted_at.unwrap_or(DateTime::UNIX_EPOCH)).min();
        let trades = match first {
            // A trade's clock may be a little behind its order's.
            Some(first) => self.activities(Some("FILL"), first - Duration::minutes(1)).await?,
            None => Vec::new(),
        };
        Ok(rows.into_iter().map(|row| with_executions(row, account, &trades)).collect())
    }

    /// What changed the account since a moment, of a type or any, newest first.
    async fn activities(
        &self,
        kind: Option<&str>,
        since: DateTime<Utc>,
    ) -> Result<Vec<AlpacaActivity>, PortError> {
        let mut rows: Vec<AlpacaActivity> = Vec::new();
        for _ in 0..MAX_PAGES {
            let mut call = self
                .client
                .trading(Method::GET, "activities", "/v2/account/activities")
                .query("after", rfc3339(since))
                .query("direction", "desc")
                .query("page_size", ACTIVITY_PAGE.to_string());
            if let Some(kind) = kind {
                call = call.query("activity_types", kind);
            }
            if let Some(last) = rows.last() {
                call = call.query("page_token", &last.id);
            }
            let page: Vec<AlpacaActivity> = call.send().await?.json()?;
            let full = page.len() >= ACTIVITY_PAGE;
            rows.extend(page);
            if !full {
                return Ok(rows);
            }
        }
        Err(endless("activities"))
    }

    /// The answer to an order that was sent; that of the first where the same client order id was sent before.
    async fn sent(
        &self,
        intent: &OrderIntent,
        answer: Result<ttai_http::Response, PortError>,
    ) -> Result<BrokerOrder, PortError> {
        match answer {
            Ok(answer) => Ok(order(answer.json()?, &intent.account)),
            Err(refused) if is_duplicate(&refused) => {
                let known = self.order_with(&intent.account, &intent.client_order_id).await?;
                known.ok_or(refused)
            }
            Err(error) => Err(error),
        }
    }

    async fn check_tradable(&self, leg: &OrderLeg) -> Result<(), PortError> {
        let unknown = |symbol: String, hint: &str| PortError::UnknownSymbol {
            provider: PROVIDER.to_owned(),
            symbol,
            hint: hint.to_owned(),
        };
        let tradable = match &leg.instrument {
            Instrument::Equity(symbol) => {
                let asset = self.asset(symbol).await?;
                asset
                    .ok_or_else(|| unknown(symbol.to_string(), "; Alpaca trades US shares and funds"))?
                    .tradable
            }
            Instrument::Option(contract) => {
                let listed = self.contract(contract).await?;
                let hint = "; Alpaca does not list this contract, as it lists none on an index (SPX, SPXW, NDX): trade the fund's there (SPY, QQQ), or the index at tastytrade";
                listed.ok_or_else(|| unknown(compact(contract), hint))?.tradable
            }
        };
        if tradable {
            Ok(())
        } else {
            Err(invalid(format!("{} cannot be traded there now", symbol_of(&leg.instrument))))
        }
    }
}

#[async_trait]
impl Broker for Alpaca {
    fn name(&self) -> &str {
        PROVIDER
    }

    fn is_paper(&self) -> bool {
        self.config.is_paper()
    }

    fn lacks_index_options(&self) -> Option<&str> {
        Some("Alpaca lists no options on indices such as SPX")
    }

    async fn accounts(&self) -> Result<Vec<BrokerAccount>, PortError> {
        let own = self.account().await?;
        let margin = own.multiplier.is_some_and(|multiplier| multiplier > Decimal::ONE);
        Ok(vec![BrokerAccount {
            id: own.account_number.unwrap_or(own.id),
            name: self.config.account_name.clone(),
            margin,
            paper: self.config.is_paper(),
        }])
    }

    async fn balances(&self, account: &str) -> Result<AccountBalances, PortError> {
        let own = self.own(account).await?;
        let needed = |value: Option<Decimal>, name: &str| {
            value.ok_or_else(|| corrupt(format!("the account has no {name}")))
        };
        let stock = needed(own.buying_power, "buying_power")?;
        Ok(AccountBalances {
            cash: needed(own.cash, "cash")?,
            net_liquidation: Some(needed(own.equity, "equity")?),
            option_buying_power: own.options_buying_power.unwrap_or(stock),
            stock_buying_power: stock,
            maintenance_requirement: own.maintenance_margin,
            as_of: self.provider_now().await?,
        })
    }

    async fn positions(&self, account: &str) -> Result<Vec<BrokerPosition>, PortError> {
        self.own(account).await?;
        let rows: Vec<AlpacaPosition> =
            self.client.trading(Method::GET, "positions", "/v2/positions").send().await?.json()?;
        Ok(rows.iter().filter_map(position).collect())
    }

    /// Alpaca has no dry run: whether the account exists and everything in the order is listed is asked, the rest is said
    /// to be unknown.
    async fn preview(&self, order: &OrderIntent) -> Result<OrderPreview, PortError> {
        body(order)?;
        let own = self.own(&order.account).await?;
        for leg in &order.legs {
            self.check_tradable(leg).await?;
        }
        let mut warnings =
            vec!["Alpaca has no dry run: buying power and fees are known once it is sent".to_owned()];
        if own.trading_blocked {
            warnings.push("the account may not trade".to_owned());
        }
        Ok(OrderPreview { buying_power_change: None, fees: None, warnings })
    }

    async fn submit(&self, intent: &OrderIntent) -> Result<BrokerOrder, PortError> {
        let body = body(intent)?;
        let answer = self.client.trading(Method::POST, "submit order", "/v2/orders").json(&body).send().await;
        self.sent(intent, answer).await
    }

    async fn order_by_client_id(
        &self,
        account: &str,
        client_order_id: &str,
    ) -> Result<Option<BrokerOrder>, PortError> {
        self.order_with(account, client_order_id).await
    }

    async fn cancel(&self, _account: &str, order_id: &str) -> Result<(), PortError> {
        let path = order_path(order_id)?;
        let Err(refused) = self.client.delete("cancel order", &path).send().await else { return Ok(()) };
        if !matches!(refused, PortError::Invalid { .. }) {
            return Err(refused);
        }
        // The first of two requests may have done it, its answer lost. A replaced order is no cancelled one: what took its
        // place works on.
        let found =
            self.client.trading(Method::GET, "order", &path).accept(StatusCode::NOT_FOUND).send().await?;
        if found.status == StatusCode::NOT_FOUND {
            return Err(refused);
        }
        let known: AlpacaOrder = found.json()?;
        if matches!(known.status.as_str(), "pending_cancel" | "canceled") { Ok(()) } else { Err(refused) }
    }

    async fn replace(&self, order_id: &str, successor: &OrderIntent) -> Result<BrokerOrder, PortError> {
        let path = order_path(order_id)?;
        let body = replacement(successor)?;
        let answer = self.client.trading(Method::PATCH, "replace order", &path).json(&body).send().await;
        self.sent(successor, answer).await
    }

    async fn order_updates(&self, account: &str) -> Result<Box<dyn OrderUpdates>, PortError> {
        let account = self.own(account).await?.account_number.unwrap_or_else(|| account.to_owned());
        Ok(Box::new(self.trade_updates(account).await?))
    }

    /// Working orders are read first: one that ends meanwhile is in the second list, if it is as young, or shows as working.
    async fn orders(&self, account: &str, since: DateTime<Utc>) -> Result<Vec<BrokerOrder>, PortError> {
        let working = self.all_orders("open", None).await?;
        let young = self.all_orders("all", Some(since)).await?;
        let mut rows: Vec<AlpacaOrder> =
            working.into_iter().filter(|row| young.iter().all(|other| other.id != row.id)).collect();
        rows.extend(young);
        rows.reverse();
        self.with_trades(rows, account).await
    }

    async fn transactions(
        &self,
        account: &str,
        since: DateTime<Utc>,
    ) -> Result<Vec<BrokerTransaction>, PortError> {
        self.own(account).await?;
        self.activities(None, since).await?.into_iter().map(transaction).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_an_order_id_goes_into_a_path() {
        let id = "61e69015-8549-4bfd-b9c3-01e75843f47d";
        assert_eq!(order_path(id), Ok(format!("/v2/orders/{id}")));
        let long = "a".repeat(MAX_ORDER_ID + 1);
        for wrong in ["", ".", "..", "../orders", "%2e%2e", "a/b", "a?b", "a#b", "a b", "é", &long] {
            assert!(matches!(order_path(wrong), Err(PortError::Invalid { .. })), "{wrong}");
        }
    }
}
