//! The book that simulated accounts begin with, read over both brokers' protocols.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use ttai_ports::{Broker, BrokerPosition, Instrument};
use ttai_sim::server::starter;

use crate::alpaca::alpaca;
use crate::support::sim;
use crate::tastytrade::tastytrade;

async fn held(broker: &dyn Broker) -> Vec<BrokerPosition> {
    let account = broker.accounts().await.unwrap().remove(0);
    broker.positions(&account.id).await.unwrap()
}

#[tokio::test]
async fn both_brokers_show_the_same_small_book() {
    let sim = sim().await;
    let (tastytrade, alpaca) = (tastytrade(&sim), alpaca(&sim));
    assert!(held(&tastytrade).await.is_empty() && held(&alpaca).await.is_empty(), "accounts begin empty");
    starter::stock(&sim.state).await.unwrap();
    let (ours, theirs) = (held(&tastytrade).await, held(&alpaca).await);
    let named = |rows: &[BrokerPosition]| -> BTreeSet<(String, Decimal)> {
        rows.iter().map(|row| (format!("{:?}", row.instrument), row.quantity)).collect()
    };
    assert_eq!(named(&ours), named(&theirs));
    let count = |fits: fn(&BrokerPosition) -> bool| ours.iter().filter(|row| fits(row)).count();
    assert!(count(|row| matches!(row.instrument, Some(Instrument::Equity(_)))) >= 1);
    assert!(count(|row| row.quantity < Decimal::ZERO) >= 3, "{ours:?}");
    assert!(ours.iter().chain(&theirs).all(|row| row.mark.is_some() && row.day_base.is_some()));
    let account = tastytrade.accounts().await.unwrap().remove(0).id;
    assert!(tastytrade.balances(&account).await.unwrap().option_buying_power >= Decimal::ZERO);
    let long_ago = "2000-01-01T00:00:00Z".parse().unwrap();
    let trades = tastytrade.transactions(&account, long_ago).await.unwrap();
    assert!(trades.iter().filter(|row| row.kind == "trade").count() > ours.len(), "one of them is over");
}
