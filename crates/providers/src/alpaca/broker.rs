//! Accounts and orders. An order is sent once; what became of one whose answer was lost is asked by its client order id.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use http::{Method, StatusCode};
use rust_decimal::Decimal;
use ttai_ports::{
    AccountBalances, Broker, BrokerAccount, BrokerOrder, BrokerPosition, BrokerTransaction, Instrument,
    OrderIntent, OrderLeg, OrderPreview, PortError,
};

use super::account_view::{order, position, transaction};
use super::client::{MAX_PAGES, endless};
use super::error::is_duplicate;
use super::market::compact;
use super::model::{AlpacaAccount, AlpacaActivity, AlpacaOrder, AlpacaPosition};
use super::news::rfc3339;
use super::order_body::{body, symbol_of};
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
        Ok(Some(order(answer.json()?, account)))
    }

    async fn orders_page(
        &self,
        since: DateTime<Utc>,
        after: Option<&str>,
    ) -> Result<Vec<AlpacaOrder>, PortError> {
        let call = self
            .client
            .trading(Method::GET, "orders", "/v2/orders")
            .query("status", "all")
            .query("direction", "asc")
            .query("nested", "true")
            .query("limit", ORDER_PAGE.to_string());
        let call = match after {
            Some(id) => call.query("after_order_id", id),
            None => call.query("after", rfc3339(since)),
        };
        call.send().await?.json()
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
                let hint = "; Alpaca does not list this contract (index options, for one, may be missing)";
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

    async fn accounts(&self) -> Result<Vec<BrokerAccount>, PortError> {
        let own = self.account().await?;
        let margin = own.multiplier.is_some_and(|multiplier| multiplier > Decimal::ONE);
        Ok(vec![BrokerAccount {
            id: own.account_number.unwrap_or(own.id),
            name: self.config.account_name.clone(),
            margin,
            paper: self.config.paper,
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
            net_liquidation: needed(own.equity, "equity")?,
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
        let sent = self.client.trading(Method::POST, "submit order", "/v2/orders").json(&body).send().await;
        match sent {
            Ok(answer) => Ok(order(answer.json()?, &intent.account)),
            // It was sent before: the same client order id is the same order.
            Err(refused) if is_duplicate(&refused) => {
                let known = self.order_with(&intent.account, &intent.client_order_id).await?;
                known.ok_or(refused)
            }
            Err(error) => Err(error),
        }
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

    async fn orders(&self, account: &str, since: DateTime<Utc>) -> Result<Vec<BrokerOrder>, PortError> {
        let mut orders: Vec<BrokerOrder> = Vec::new();
        for _ in 0..MAX_PAGES {
            let last = orders.last().map(|order| order.id.clone());
            let rows = self.orders_page(since, last.as_deref()).await?;
            let full = rows.len() >= ORDER_PAGE;
            orders.extend(rows.into_iter().map(|row| order(row, account)));
            if !full {
                orders.reverse();
                return Ok(orders);
            }
        }
        Err(endless("orders"))
    }

    async fn transactions(
        &self,
        account: &str,
        since: DateTime<Utc>,
    ) -> Result<Vec<BrokerTransaction>, PortError> {
        self.own(account).await?;
        let mut rows: Vec<AlpacaActivity> = Vec::new();
        for _ in 0..MAX_PAGES {
            let call = self
                .client
                .trading(Method::GET, "activities", "/v2/account/activities")
                .query("after", rfc3339(since))
                .query("direction", "desc")
                .query("page_size", ACTIVITY_PAGE.to_string());
            let call = match rows.last() {
                Some(last) => call.query("page_token", &last.id),
                None => call,
            };
            let page: Vec<AlpacaActivity> = call.send().await?.json()?;
            let full = page.len() >= ACTIVITY_PAGE;
            rows.extend(page);
            if !full {
                return rows.into_iter().map(transaction).collect();
            }
        }
        Err(endless("activities"))
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
