//! `cargo run -p ttai-providers --example alpaca -- TRADING_URL DATA_URL STREAM_URL`: every call of the Alpaca adapter once,
//! against a simulation or a proxy before it. It places orders: never give it the address of a real account.

use std::error::Error;
use std::sync::Arc;

use rust_decimal::Decimal;
use secrecy::SecretString;
use ttai_core::{OccSymbol, OptionRight, Symbol};
use ttai_http::LocalLimits;
use ttai_ports::{
    AccountLimits, Broker, Instrument, MarketData, News, NewsWindow, OrderAction, OrderIntent, OrderLeg,
    OrderPrice, OrderStatus, PortError, TimeInForce,
};
use ttai_providers::alpaca::{Alpaca, AlpacaConfig};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [trading, data, stream] = arguments.as_slice() else {
        return Err("usage: alpaca TRADING_URL DATA_URL STREAM_URL".into());
    };
    let secret = || SecretString::from("simulated");
    let mut config = AlpacaConfig::new(secret(), secret(), true)?;
    config.trading_url = trading.parse()?;
    config.data_url = data.parse()?;
    config.stream_url = stream.parse()?;
    config.simulated = true;
    config.calls_per_minute = 6_000;
    let limits: Arc<dyn AccountLimits> = Arc::new(LocalLimits::default());
    let alpaca = Alpaca::new(config, &limits)?;
    let spread = read_market(&alpaca).await?;
    trade(&alpaca, spread).await?;
    Ok(())
}

/// Two puts that make a spread, and what it brings.
struct Spread {
    legs: Vec<OrderLeg>,
    credit: Decimal,
}

async fn read_market(alpaca: &Alpaca) -> Result<Spread, Box<dyn Error>> {
    let aapl = Symbol::new("AAPL")?;
    let now = alpaca.clock().await?.timestamp;
    let date = ttai_calendar::new_york_date(now);
    alpaca.calendar(date - chrono::Duration::days(30), date).await?;
    alpaca.symbols().await?;
    alpaca.quote(&aapl, now).await?;
    alpaca.daily_history(&aapl, now).await?;
    alpaca.minute_bars(&aapl, date, now).await?;
    let window = NewsWindow { after: now - chrono::Duration::days(90), until: now };
    alpaca.stories(&aapl, window).await?;
    let chain = alpaca.option_chain(&aapl, now).await?;
    let spot = chain.underlying.mid().ok_or("no quote")?;
    let puts: Vec<_> = chain
        .quotes
        .iter()
        .filter(|quote| {
            let contract = &quote.contract;
            contract.right == OptionRight::Put && contract.strike < spot && contract.dte(date) > 7
        })
        .filter(|quote| quote.bid > Decimal::ONE)
        .collect();
    let (low, high) = puts
        .iter()
        .zip(puts.iter().skip(1))
        .find(|(low, high)| low.contract.expiration == high.contract.expiration)
        .ok_or("no two puts")?;
    let leg = |text: String, action| -> Result<OrderLeg, Box<dyn Error>> {
        Ok(OrderLeg { instrument: Instrument::Option(OccSymbol::parse(&text)?), action, quantity: 1 })
    };
    Ok(Spread {
        legs: vec![
            leg(high.contract.occ_symbol(), OrderAction::SellToOpen)?,
            leg(low.contract.occ_symbol(), OrderAction::BuyToOpen)?,
        ],
        credit: high.bid - low.ask,
    })
}

async fn trade(alpaca: &Alpaca, spread: Spread) -> Result<(), Box<dyn Error>> {
    let account = alpaca.accounts().await?.into_iter().next().ok_or("no account")?.id;
    let since = alpaca.provider_now().await? - chrono::Duration::minutes(5);
    let order = |id: &str, legs: Vec<OrderLeg>, price| OrderIntent {
        account: account.clone(),
        client_order_id: id.to_owned(),
        legs,
        price,
        time_in_force: TimeInForce::Day,
    };
    let aapl = Instrument::Equity(Symbol::new("AAPL")?);
    let share = |action| vec![OrderLeg { instrument: aapl.clone(), action, quantity: 10 }];
    let buy = order("example-buy", share(OrderAction::BuyToOpen), OrderPrice::Market);
    alpaca.preview(&buy).await?;
    let bought = alpaca.submit(&buy).await?;
    if alpaca.submit(&buy).await?.id != bought.id {
        return Err("the same order was sent twice".into());
    }
    let asked = spread.credit.max(Decimal::new(1, 2)) + Decimal::TEN;
    let waiting = alpaca.submit(&order("example-spread", spread.legs, OrderPrice::Credit(asked))).await?;
    alpaca.cancel(&account, &waiting.id).await?;
    let cancelled = alpaca.order_by_client_id(&account, "example-spread").await?;
    if cancelled.is_none_or(|order| order.status != OrderStatus::Canceled) {
        return Err("the spread still works".into());
    }
    let too_much = OrderPrice::Debit(Decimal::from(100_000));
    let refused = alpaca.submit(&order("example-much", share(OrderAction::BuyToOpen), too_much)).await;
    if !matches!(refused, Err(PortError::Invalid { .. })) {
        return Err("an order beyond the money was taken".into());
    }
    alpaca.balances(&account).await?;
    alpaca.positions(&account).await?;
    alpaca.orders(&account, since).await?;
    alpaca.transactions(&account, since).await?;
    let sell = order("example-sell", share(OrderAction::SellToClose), OrderPrice::Market);
    alpaca.submit(&sell).await?;
    Ok(())
}
