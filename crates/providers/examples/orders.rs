//! `cargo run -p ttai-providers --example orders -- alpaca TRADING_URL DATA_URL STREAM_URL`, or `-- tastytrade BASE_URL`:
//! places orders at a simulation and prints each as ttai logs it, one JSON object a line, for a vendor's client to compare. It
//! places orders: never give it the address of a real account.
#![allow(clippy::print_stdout, reason = "its lines are what it is for")]

use std::error::Error;
use std::sync::Arc;

use rust_decimal::Decimal;
use secrecy::SecretString;
use serde_json::{Value, json};
use ttai_core::{OptionRight, Symbol};
use ttai_http::LocalLimits;
use ttai_ports::{
    AccountLimits, Broker, BrokerOrder, Instrument, MarketClock, MarketData, OrderAction, OrderIntent,
    OrderLeg, OrderPrice, TimeInForce,
};
use ttai_providers::alpaca::{Alpaca, AlpacaConfig};
use ttai_providers::tastytrade::{Tastytrade, TastytradeSettings};

type Failure = Box<dyn Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let secret = || SecretString::from("simulated");
    let limits: Arc<dyn AccountLimits> = Arc::new(LocalLimits::default());
    let orders = match arguments.as_slice() {
        ["alpaca", trading, data, stream] => {
            let mut config = AlpacaConfig::new(secret(), secret(), true)?;
            config.trading_url = trading.parse()?;
            config.data_url = data.parse()?;
            config.stream_url = stream.parse()?;
            config.simulated = true;
            trade(&Alpaca::new(config, &limits)?).await?
        }
        ["tastytrade", base] => {
            let settings = TastytradeSettings::new(base.parse()?, secret(), secret());
            trade(&Tastytrade::new(&settings, limits)?).await?
        }
        _ => {
            return Err(
                "usage: orders alpaca TRADING_URL DATA_URL STREAM_URL | orders tastytrade BASE_URL".into()
            );
        }
    };
    for order in &orders {
        println!("{}", logged(order));
    }
    Ok(())
}

/// An order that waits, one that was replaced and its successor, one that was taken back, and a spread that is filled.
async fn trade<B: Broker + MarketData + MarketClock>(broker: &B) -> Result<Vec<BrokerOrder>, Failure> {
    let account = broker.accounts().await?.into_iter().next().ok_or("no account")?.id;
    let order = |id: &str, legs: Vec<OrderLeg>, price| OrderIntent {
        account: account.clone(),
        client_order_id: format!("ttai-logged-{id}"),
        legs,
        price,
        time_in_force: TimeInForce::Day,
    };
    let shares = || {
        let instrument = Instrument::Equity(Symbol::new("AAPL")?);
        Ok::<_, Failure>(vec![OrderLeg { instrument, action: OrderAction::BuyToOpen, quantity: 3 }])
    };
    let low = |cents| OrderPrice::Debit(Decimal::new(cents, 2));
    broker.submit(&order("waits", shares()?, low(101))).await?;
    let replaced = broker.submit(&order("replaced", shares()?, low(102))).await?;
    broker.replace(&replaced.id, &order("successor", shares()?, low(103))).await?;
    let taken = broker.submit(&order("taken", shares()?, low(104))).await?;
    broker.cancel(&account, &taken.id).await?;
    let (legs, price) = spread(broker).await?;
    broker.submit(&order("spread", legs, price)).await?;
    let mut known = Vec::new();
    for id in ["waits", "replaced", "successor", "taken", "spread"] {
        let found = broker.order_by_client_id(&account, &format!("ttai-logged-{id}")).await?;
        known.push(found.ok_or("an order is not found")?);
    }
    Ok(known)
}

/// A put spread, and the credit that the market gives for it at once.
async fn spread<B: MarketData + MarketClock>(broker: &B) -> Result<(Vec<OrderLeg>, OrderPrice), Failure> {
    let aapl = Symbol::new("AAPL")?;
    let now = broker.now(&aapl).await?;
    let chain = broker.option_chain(&aapl, now).await?;
    let today = ttai_calendar::new_york_date(now);
    let mut puts: Vec<_> = chain
        .quotes
        .iter()
        .filter(|quote| quote.contract.right == OptionRight::Put && quote.contract.dte(today) > 7)
        .filter(|quote| quote.bid > Decimal::ONE)
        .collect();
    puts.sort_by_key(|quote| (quote.contract.expiration, quote.contract.strike));
    let (long, short) = puts
        .iter()
        .zip(puts.iter().skip(1))
        .find(|(long, short)| long.contract.expiration == short.contract.expiration && short.bid > long.ask)
        .ok_or("no spread brings a credit")?;
    let leg = |symbol: String, action| -> Result<OrderLeg, Failure> {
        Ok(OrderLeg { instrument: Instrument::try_from(symbol)?, action, quantity: 1 })
    };
    let legs = vec![
        leg(short.contract.occ_symbol(), OrderAction::SellToOpen)?,
        leg(long.contract.occ_symbol(), OrderAction::BuyToOpen)?,
    ];
    Ok((legs, OrderPrice::Credit(short.bid - long.ask)))
}

fn logged(order: &BrokerOrder) -> Value {
    let text = |value: Option<Decimal>| value.map(|value| value.normalize().to_string());
    let legs: Vec<Value> = order
        .legs
        .iter()
        .map(|leg| {
            let fills: Vec<Value> = leg
                .executions
                .iter()
                .map(|fill| json!({ "id": fill.id, "quantity": text(Some(fill.quantity)), "price": text(Some(fill.price)) }))
                .collect();
            json!({
                "symbol": leg.instrument.to_string(),
                "action": leg.action,
                "quantity": text(Some(leg.quantity)),
                "filled": text(Some(leg.filled)),
                "fills": fills,
            })
        })
        .collect();
    json!({
        "id": order.id,
        "client_order_id": order.client_order_id,
        "status": order.status,
        "limit": text(order.limit),
        "replaces": order.replaces,
        "replaced_by": order.replaced_by,
        "legs": legs,
    })
}
