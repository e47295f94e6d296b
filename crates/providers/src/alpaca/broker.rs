//! Accounts and orders. An order is sent once; what became of one whose answer was lost is asked by its client order id.

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use http::{Method, StatusCode};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Map, Value, json};
use ttai_core::{OccSymbol, Symbol};
use ttai_ports::{
    AccountBalances, Broker, BrokerAccount, BrokerOrder, BrokerPosition, BrokerTransaction, Instrument,
    OrderAction, OrderIntent, OrderLeg, OrderPreview, OrderPrice, OrderStatus, PortError, TimeInForce,
};

use super::client::{MAX_PAGES, endless};
use super::error::is_duplicate;
use super::market::compact;
use super::model::{Account, Activity, Order, Position};
use super::news::rfc3339;
use super::{Alpaca, PROVIDER, corrupt, invalid};

/// Orders of one page, the most that Alpaca gives.
const ORDER_PAGE: usize = 500;
/// Activities of one page, the most that Alpaca gives.
const ACTIVITY_PAGE: usize = 100;
/// Longest client order id at Alpaca.
const MAX_CLIENT_ORDER_ID: usize = 128;

fn symbol_of(instrument: &Instrument) -> String {
    match instrument {
        Instrument::Equity(symbol) => symbol.to_string(),
        Instrument::Option(contract) => compact(contract),
    }
}

fn instrument(text: &str) -> Option<Instrument> {
    match OccSymbol::parse(text) {
        Ok(contract) => Some(Instrument::Option(contract)),
        Err(_) => Symbol::new(text).ok().map(Instrument::Equity),
    }
}

fn multiplier(instrument: &Instrument) -> u32 {
    match instrument {
        Instrument::Equity(_) => 1,
        Instrument::Option(_) => 100,
    }
}

fn words(action: OrderAction) -> (&'static str, &'static str) {
    match action {
        OrderAction::BuyToOpen => ("buy", "buy_to_open"),
        OrderAction::SellToOpen => ("sell", "sell_to_open"),
        OrderAction::BuyToClose => ("buy", "buy_to_close"),
        OrderAction::SellToClose => ("sell", "sell_to_close"),
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The body of `POST /v2/orders`, every number a string as the specification has it.
fn body(order: &OrderIntent) -> Result<Value, PortError> {
    let id = &order.client_order_id;
    if id.is_empty() || id.len() > MAX_CLIENT_ORDER_ID {
        return Err(invalid("an order needs a client order id of 1 to 128 characters".to_owned()));
    }
    if order.legs.is_empty() || order.legs.len() > 4 || order.legs.iter().any(|leg| leg.quantity == 0) {
        return Err(invalid("an order has 1 to 4 legs with at least one share or contract each".to_owned()));
    }
    let mut fields = Map::new();
    fields.insert("client_order_id".to_owned(), json!(id));
    let duration = match order.time_in_force {
        TimeInForce::Day => "day",
        TimeInForce::GoodTilCanceled => "gtc",
    };
    fields.insert("time_in_force".to_owned(), json!(duration));
    let own = match order.legs.as_slice() {
        [only] => single(only, order.price)?,
        legs => several(legs, order.price)?,
    };
    fields.extend(own);
    Ok(Value::Object(fields))
}

fn single(leg: &OrderLeg, price: OrderPrice) -> Result<Map<String, Value>, PortError> {
    let (side, intent) = words(leg.action);
    let limit = match (price, side) {
        (OrderPrice::Market, _) => None,
        (OrderPrice::Debit(limit), "buy") | (OrderPrice::Credit(limit), "sell") => Some(limit),
        (OrderPrice::Debit(_), _) => return Err(invalid("a sale is limited by a credit".to_owned())),
        (OrderPrice::Credit(_), _) => return Err(invalid("a purchase is limited by a debit".to_owned())),
    };
    let mut fields = Map::new();
    let rows = [
        ("symbol", symbol_of(&leg.instrument)),
        ("qty", leg.quantity.to_string()),
        ("side", side.to_owned()),
        ("type", if limit.is_some() { "limit" } else { "market" }.to_owned()),
        ("order_class", "simple".to_owned()),
    ];
    fields.extend(rows.map(|(name, value)| (name.to_owned(), json!(value))));
    if matches!(leg.instrument, Instrument::Option(_)) {
        fields.insert("position_intent".to_owned(), json!(intent));
    }
    if let Some(limit) = limit {
        fields.insert("limit_price".to_owned(), json!(limit.normalize().to_string()));
    }
    Ok(fields)
}

fn several(legs: &[OrderLeg], price: OrderPrice) -> Result<Map<String, Value>, PortError> {
    if legs.iter().any(|leg| matches!(leg.instrument, Instrument::Equity(_))) {
        return Err(invalid(
            "Alpaca takes several legs of options only; send the shares as an order of their own".to_owned(),
        ));
    }
    let units = legs.iter().map(|leg| leg.quantity).fold(0, gcd);
    // Positive is paid, negative is received.
    let limit = match price {
        OrderPrice::Market => None,
        OrderPrice::Debit(limit) => Some(limit),
        OrderPrice::Credit(limit) => Some(-limit),
    };
    let rows: Vec<Value> = legs
        .iter()
        .map(|leg| {
            let (side, intent) = words(leg.action);
            json!({
                "symbol": symbol_of(&leg.instrument),
                "ratio_qty": (leg.quantity / units).to_string(),
                "side": side,
                "position_intent": intent,
            })
        })
        .collect();
    let mut fields = Map::new();
    fields.insert("order_class".to_owned(), json!("mleg"));
    fields.insert("qty".to_owned(), json!(units.to_string()));
    fields.insert("type".to_owned(), json!(if limit.is_some() { "limit" } else { "market" }));
    fields.insert("legs".to_owned(), Value::Array(rows));
    if let Some(limit) = limit {
        fields.insert("limit_price".to_owned(), json!(limit.normalize().to_string()));
    }
    Ok(fields)
}

fn status(text: &str) -> OrderStatus {
    match text {
        "new"
        | "pending_cancel"
        | "pending_replace"
        | "accepted_for_bidding"
        | "stopped"
        | "suspended"
        | "done_for_day"
        | "held" => OrderStatus::Live,
        "partially_filled" => OrderStatus::PartiallyFilled,
        "filled" | "calculated" => OrderStatus::Filled,
        "canceled" | "replaced" => OrderStatus::Canceled,
        "rejected" => OrderStatus::Rejected,
        "expired" => OrderStatus::Expired,
        // accepted, pending_new, and whatever comes to be: not known to work, and not over.
        _ => OrderStatus::Received,
    }
}

fn action(order: &Order) -> Option<OrderAction> {
    match (order.position_intent.as_deref(), order.side.as_deref()) {
        (Some("buy_to_open"), _) => Some(OrderAction::BuyToOpen),
        (Some("buy_to_close"), _) => Some(OrderAction::BuyToClose),
        (Some("sell_to_open"), _) => Some(OrderAction::SellToOpen),
        (Some("sell_to_close"), _) => Some(OrderAction::SellToClose),
        (_, Some("buy")) => Some(OrderAction::BuyToOpen),
        (_, Some("sell")) => Some(OrderAction::SellToClose),
        _ => None,
    }
}

fn leg(order: &Order) -> Option<OrderLeg> {
    Some(OrderLeg {
        instrument: instrument(order.symbol.as_deref()?)?,
        action: action(order)?,
        quantity: order.qty.map_or(Decimal::ZERO, |quantity| quantity.ceil()).to_u32()?,
    })
}

/// An order of ours. `account` is not in Alpaca's answer.
pub(super) fn order(row: Order, account: &str) -> BrokerOrder {
    let several =
        row.legs.as_ref().is_some_and(|legs| !legs.is_empty()) && row.order_class.as_deref() == Some("mleg");
    let legs = if several {
        row.legs.iter().flatten().filter_map(leg).collect()
    } else {
        leg(&row).into_iter().collect()
    };
    let received = !several && row.side.as_deref() == Some("sell");
    BrokerOrder {
        status: status(&row.status),
        account: account.to_owned(),
        legs,
        filled_quantity: row.filled_qty.unwrap_or_default(),
        average_fill_price: row.filled_avg_price.map(|price| if received { -price } else { price }),
        // Alpaca gives no reason in the order itself.
        reject_reason: (row.status == "rejected").then(|| "rejected by Alpaca or an exchange".to_owned()),
        received_at: row.submitted_at,
        updated_at: row.updated_at,
        client_order_id: row.client_order_id.filter(|id| !id.is_empty()),
        id: row.id,
    }
}

fn position(row: &Position) -> Option<BrokerPosition> {
    if !matches!(row.asset_class.as_str(), "us_equity" | "us_option") {
        return None;
    }
    let instrument = instrument(&row.symbol)?;
    let size = row.qty.0.abs();
    Some(BrokerPosition {
        quantity: if row.side == "short" { -size } else { size },
        average_open_price: row.avg_entry_price.0.abs(),
        mark: row.current_price,
        multiplier: multiplier(&instrument),
        updated_at: None,
        instrument,
    })
}

/// The moment of an activity: a trade's own, else what its date says, else midnight UTC of its id.
fn moment(row: &Activity) -> Option<DateTime<Utc>> {
    let of_date = |text: &String| {
        let moment = DateTime::parse_from_rfc3339(text).map(|time| time.to_utc()).ok();
        moment.or_else(|| {
            text.get(..10)?.parse::<NaiveDate>().ok()?.and_hms_opt(0, 0, 0).map(|time| time.and_utc())
        })
    };
    let of_id = || {
        let date = NaiveDate::parse_from_str(row.id.get(..8)?, "%Y%m%d").ok()?;
        date.and_hms_opt(0, 0, 0).map(|time| time.and_utc())
    };
    row.transaction_time.or_else(|| row.date.as_ref().and_then(of_date)).or_else(of_id)
}

fn transaction(row: Activity) -> Result<BrokerTransaction, PortError> {
    let executed_at = moment(&row).ok_or_else(|| corrupt(format!("activity {} has no time", row.id)))?;
    let instrument = row.symbol.as_deref().filter(|symbol| !symbol.is_empty()).and_then(instrument);
    let sold = matches!(row.side.as_deref(), Some("sell" | "sell_short"));
    let quantity = row.qty.map(|quantity| if sold { -quantity.abs() } else { quantity });
    let trade = || {
        let size = Decimal::from(instrument.as_ref().map_or(1, multiplier));
        Some(-quantity? * row.price? * size)
    };
    let is_fill = row.activity_type == "FILL";
    let net_amount = row.net_amount.or_else(|| if is_fill { trade() } else { None }).unwrap_or_default();
    let kind = match row.activity_type.as_str() {
        "FILL" => "trade",
        "OPASN" => "assignment",
        "OPEXC" => "exercise",
        "OPEXP" => "expiration",
        "OPTRD" => "delivery",
        "FEE" | "CFEE" | "PTC" => "fee",
        "INT" | "INTNRA" | "INTTW" => "interest",
        "CSD" | "CSW" | "JNLC" | "TRANS" => "transfer",
        "SPLIT" | "OPCA" => "split",
        dividend if dividend.starts_with("DIV") => "dividend",
        _ => "other",
    };
    Ok(BrokerTransaction {
        kind: kind.to_owned(),
        detail: row.description.or(row.fill_type).unwrap_or(row.activity_type),
        instrument,
        quantity,
        price: row.price,
        net_amount,
        executed_at,
        order_id: row.order_id,
        settles_on: None,
        id: row.id,
    })
}

impl Alpaca {
    async fn account(&self) -> Result<Account, PortError> {
        self.client.trading(Method::GET, "account", "/v2/account").send().await?.json()
    }

    /// The one account of the keys, or an error for another's name.
    async fn own(&self, account: &str) -> Result<Account, PortError> {
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

    async fn orders_page(&self, since: DateTime<Utc>, after: Option<&str>) -> Result<Vec<Order>, PortError> {
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
        let rows: Vec<Position> =
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

    async fn cancel(&self, account: &str, order_id: &str) -> Result<(), PortError> {
        let path = format!("/v2/orders/{order_id}");
        let Err(refused) = self.client.delete("cancel order", &path).send().await else { return Ok(()) };
        if !matches!(refused, PortError::Invalid { .. }) {
            return Err(refused);
        }
        // A repeated request finds the order cancelled already.
        let found =
            self.client.trading(Method::GET, "order", &path).accept(StatusCode::NOT_FOUND).send().await?;
        if found.status == StatusCode::NOT_FOUND {
            return Err(refused);
        }
        let known = order(found.json()?, account);
        if known.status == OrderStatus::Canceled { Ok(()) } else { Err(refused) }
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
        let mut rows: Vec<Activity> = Vec::new();
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
            let page: Vec<Activity> = call.send().await?.json()?;
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
    use super::super::model::parse;
    use super::*;

    fn option(text: &str) -> Instrument {
        Instrument::Option(OccSymbol::parse(text).unwrap())
    }

    fn intent(legs: Vec<OrderLeg>, price: OrderPrice) -> OrderIntent {
        OrderIntent {
            account: "A".to_owned(),
            client_order_id: "x".to_owned(),
            legs,
            price,
            time_in_force: TimeInForce::Day,
        }
    }

    #[test]
    fn legs_are_sent_as_units_with_ratios_and_a_signed_net_price() {
        let legs = vec![
            OrderLeg {
                instrument: option("AAPL140621P00600000"),
                action: OrderAction::SellToOpen,
                quantity: 4,
            },
            OrderLeg {
                instrument: option("AAPL140621P00590000"),
                action: OrderAction::BuyToOpen,
                quantity: 6,
            },
        ];
        let sent = body(&intent(legs, OrderPrice::Credit("1.95".parse().unwrap()))).unwrap();
        assert_eq!(
            sent,
            json!({
                "client_order_id": "x", "time_in_force": "day", "order_class": "mleg", "qty": "2", "type": "limit",
                "limit_price": "-1.95",
                "legs": [
                    {"symbol": "AAPL140621P00600000", "ratio_qty": "2", "side": "sell", "position_intent": "sell_to_open"},
                    {"symbol": "AAPL140621P00590000", "ratio_qty": "3", "side": "buy", "position_intent": "buy_to_open"},
                ],
            })
        );
    }

    #[test]
    fn orders_that_alpaca_could_misread_are_not_sent() {
        let share = |action| OrderLeg {
            instrument: Instrument::Equity(Symbol::new("AAPL").unwrap()),
            action,
            quantity: 1,
        };
        let price = OrderPrice::Debit(Decimal::ONE);
        for wrong in [
            intent(vec![share(OrderAction::SellToClose)], price),
            intent(vec![share(OrderAction::BuyToOpen)], OrderPrice::Credit(Decimal::ONE)),
            intent(vec![share(OrderAction::BuyToOpen), share(OrderAction::BuyToOpen)], price),
            intent(Vec::new(), price),
            OrderIntent {
                client_order_id: String::new(),
                ..intent(vec![share(OrderAction::BuyToOpen)], price)
            },
        ] {
            assert!(matches!(body(&wrong), Err(PortError::Invalid { .. })), "{wrong:?}");
        }
    }

    #[test]
    fn orders_are_read_with_numbers_as_strings_or_numbers() {
        for text in [
            r#"{"id":"1","client_order_id":"x","status":"partially_filled","symbol":"AAPL","side":"sell","qty":"10",
                "filled_qty":"4","filled_avg_price":"645.1","order_class":"","position_intent":"sell_to_close"}"#,
            r#"{"id":"1","client_order_id":"x","status":"partially_filled","symbol":"AAPL","side":"sell","qty":10,
                "filled_qty":4,"filled_avg_price":645.1,"order_class":"simple","legs":null}"#,
        ] {
            let read = order(parse(text.as_bytes()).unwrap(), "A");
            assert_eq!((read.status, read.filled_quantity), (OrderStatus::PartiallyFilled, Decimal::from(4)));
            assert_eq!(read.average_fill_price, Some("-645.1".parse().unwrap()));
            assert_eq!(read.legs[0].action, OrderAction::SellToClose);
        }
        let unheard_of = order(parse(br#"{"id":"1","status":"levitating"}"#).unwrap(), "A");
        assert!(!unheard_of.status.is_final() && unheard_of.legs.is_empty());
    }

    #[test]
    fn activities_are_signed_by_what_they_did_to_cash() {
        let read = |text: &str| transaction(parse(text.as_bytes()).unwrap()).unwrap();
        let sold = read(
            r#"{"id":"20140606190000000::u","activity_type":"FILL","type":"fill","transaction_time":"2014-06-06T19:00:00Z",
               "price":"5.05","qty":"2","side":"sell_short","symbol":"AAPL140621P00630000","order_id":"o"}"#,
        );
        assert_eq!((sold.net_amount, sold.quantity), (Decimal::from(1010), Some(Decimal::from(-2))));
        let paid = read(
            r#"{"id":"20140808000000000::u","activity_type":"DIV","date":"2014-08-08","net_amount":47,"symbol":"AAPL"}"#,
        );
        assert_eq!((paid.kind.as_str(), paid.net_amount), ("dividend", Decimal::from(47)));
        assert_eq!(paid.executed_at.to_rfc3339(), "2014-08-08T00:00:00+00:00");
    }
}
