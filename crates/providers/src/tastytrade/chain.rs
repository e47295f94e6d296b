//! An option chain: the contracts from the nested chain, their prices from market data by type.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use http::StatusCode;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use ttai_calendar::{expiration_close, last_trade_date};
use ttai_core::{
    ChainFilter, OccSymbol, OptionChain, OptionContract, OptionQuote, Settlement, SettlementTime, Symbol,
};
use ttai_ports::PortError;

use super::PROVIDER;
use super::client::Client;
use super::model::{Deliverable, MarketDatum, NestedChain, NestedExpiration, parse_nested_chains};
use super::{quotes, symbols};
use crate::contract_terms::Terms;

/// The chain of an underlying now; of its contracts only the wanted ones where a filter says which. Prices are asked for
/// contract by contract, so that a narrower chain takes fewer calls; the underlying's comes with the first of them.
///
/// # Errors
/// [`PortError::NoData`] for a symbol without options; the taxonomy otherwise.
pub(super) async fn chain(
    client: &Client,
    symbol: &Symbol,
    wanted: Option<&ChainFilter>,
) -> Result<OptionChain, PortError> {
    let nested = nested(client, symbol).await?;
    let mut listed = contracts(&nested, symbol, client.service.now());
    if listed.is_empty() {
        return Err(no_chain(symbol, "the service lists no contract that still trades"));
    }
    if let Some(wanted) = wanted {
        listed = narrowed(listed, wanted);
    }
    let mut names: Vec<String> = listed.keys().cloned().collect();
    names.sort_unstable();
    let (underlying, records) = quotes::beside(client, symbol, &names).await?;
    let snapshot_time = client.service.now();
    let mut found = quoted(listed, &records, snapshot_time);
    if found.is_empty() && !names.is_empty() {
        return Err(no_chain(symbol, "the service gives no price for any of its contracts"));
    }
    found.sort_by(|one, other| order_of(one).cmp(&order_of(other)));
    Ok(OptionChain {
        underlying,
        snapshot_time,
        quotes: found,
        source: PROVIDER.to_owned(),
        warnings: Vec::new(),
    })
}

fn narrowed(
    listed: HashMap<String, OptionContract>,
    wanted: &ChainFilter,
) -> HashMap<String, OptionContract> {
    let mut listed: Vec<(String, OptionContract)> = listed.into_iter().collect();
    wanted.retain(&mut listed, |(_, contract)| contract);
    listed.into_iter().collect()
}

/// The nested chains of all roots of an underlying.
///
/// # Errors
/// [`PortError::NoData`] for a symbol without options; the taxonomy otherwise.
pub(super) async fn nested(client: &Client, symbol: &Symbol) -> Result<Vec<NestedChain>, PortError> {
    let path = format!("/option-chains/{}/nested", ttai_http::segment(&symbols::ticker(symbol)));
    let request = client.service.get("option chain", &path).accept(StatusCode::NOT_FOUND);
    let answer = client.send(request).await?;
    if answer.status == StatusCode::NOT_FOUND {
        return Err(no_chain(symbol, "the service knows no options on it; check the spelling"));
    }
    parse_nested_chains(&answer.body)
}

fn no_chain(symbol: &Symbol, detail: &str) -> PortError {
    PortError::NoData {
        provider: PROVIDER.to_owned(),
        what: "option chain".to_owned(),
        symbol: symbol.to_string(),
        detail: detail.to_owned(),
    }
}

/// The contracts that still trade, by the service's spelling. One whose name or date cannot be read is left out: it could
/// not be ordered either.
pub(super) fn contracts(
    chains: &[NestedChain],
    underlying: &Symbol,
    now: DateTime<Utc>,
) -> HashMap<String, OptionContract> {
    let mut found = HashMap::new();
    for chain in chains {
        for expiration in &chain.expirations {
            for strike in &expiration.strikes {
                for name in [&strike.call, &strike.put].into_iter().flatten() {
                    let contract = contract(name, chain, expiration, underlying);
                    if let Some(contract) = contract.filter(|contract| contract.expiration_close > now) {
                        found.insert(name.clone(), contract);
                    }
                }
            }
        }
    }
    found
}

fn contract(
    name: &str,
    chain: &NestedChain,
    expiration: &NestedExpiration,
    underlying: &Symbol,
) -> Option<OptionContract> {
    let OccSymbol { root, right, strike, .. } = symbols::contract(name)?;
    let terms = Terms::of(&root, underlying);
    let settlement_time = match expiration.settlement_type.as_deref() {
        Some("AM") => SettlementTime::Am,
        Some("PM") => SettlementTime::Pm,
        _ => terms.time,
    };
    let last_trade_date = last_trade_date(expiration.expiration_date, settlement_time).ok()?;
    let multiplier = chain.shares_per_contract.and_then(|shares| shares.to_u32()).unwrap_or(terms.multiplier);
    let deliverable_shares = match terms.settlement {
        Settlement::Cash => terms.deliverable_shares,
        Settlement::Physical => deliverable_shares(chain, terms.deliverable_shares),
    };
    Some(OptionContract {
        root,
        underlying: underlying.clone(),
        right,
        strike,
        expiration: expiration.expiration_date,
        last_trade_date,
        expiration_close: expiration_close(last_trade_date)?,
        style: terms.style,
        settlement: terms.settlement,
        settlement_time,
        multiplier,
        deliverable_shares,
    })
}

/// Shares of the underlying that one contract delivers; 0 where it delivers something else or more besides.
fn deliverable_shares(chain: &NestedChain, otherwise: u32) -> u32 {
    match chain.deliverables.as_deref() {
        None | Some([]) => otherwise,
        // An adjusted root is never standard, whatever it delivers.
        Some([_]) if otherwise == 0 => 0,
        Some([only]) if delivers_shares(only, &chain.underlying_symbol) => only
            .amount
            .filter(|amount| amount.fract().is_zero())
            .and_then(|amount| amount.to_u32())
            .unwrap_or(0),
        Some(_) => 0,
    }
}

fn delivers_shares(deliverable: &Deliverable, underlying: &str) -> bool {
    deliverable.deliverable_type.as_deref().is_none_or(|kind| kind == "Shares")
        && deliverable.symbol.as_deref().is_none_or(|symbol| symbol == underlying)
}

/// Contracts with their prices; one without a record is left out, never guessed.
fn quoted(
    mut listed: HashMap<String, OptionContract>,
    records: &[MarketDatum],
    snapshot_time: DateTime<Utc>,
) -> Vec<OptionQuote> {
    let size = |size: Option<Decimal>| u32::try_from(quotes::whole(size)).unwrap_or(u32::MAX);
    records
        .iter()
        .filter_map(|record| {
            let contract = listed.remove(&record.symbol)?;
            Some(OptionQuote {
                contract,
                bid: quotes::positive(record.bid).unwrap_or_default(),
                ask: quotes::positive(record.ask).unwrap_or_default(),
                bid_size: size(record.bid_size),
                ask_size: size(record.ask_size),
                last: quotes::positive(record.last),
                volume: quotes::whole(record.volume),
                open_interest: record.open_interest.map(|count| quotes::whole(Some(count))),
                quote_time: quotes::market_time(record, snapshot_time),
            })
        })
        .collect()
}

type Order<'a> = (chrono::NaiveDate, Decimal, ttai_core::OptionRight, &'a Symbol);

fn order_of(quote: &OptionQuote) -> Order<'_> {
    let contract = &quote.contract;
    (contract.expiration, contract.strike, contract.right, &contract.root)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chains(deliverables: &str, settlement: &str, root: &str) -> Vec<NestedChain> {
        let text = format!(
            r#"{{"data": {{"items": [{{"underlying-symbol": "AAPL", "root-symbol": "{root}", "option-chain-type": "Standard",
                "shares-per-contract": 100, "deliverables": {deliverables}, "expirations": [
                {{"expiration-date": "2026-06-12", "settlement-type": "{settlement}", "strikes": [
                  {{"strike-price": "110.0", "call": "{root:<6}260612C00110000", "put": "{root:<6}260612P00110000"}},
                  {{"strike-price": "nonsense?", "call": "nonsense"}}]}}]}}]}}}}"#
        )
        .replace(r#""nonsense?""#, r#""1""#);
        parse_nested_chains(text.as_bytes()).unwrap()
    }

    fn listed(deliverables: &str, settlement: &str, root: &str) -> HashMap<String, OptionContract> {
        let underlying = Symbol::new("AAPL").unwrap();
        contracts(
            &chains(deliverables, settlement, root),
            &underlying,
            "2026-06-11T15:00:00Z".parse().unwrap(),
        )
    }

    const HUNDRED: &str =
        r#"[{"id": 1, "amount": "100.0", "deliverable-type": "Shares", "symbol": "AAPL", "percent": "100"}]"#;

    #[test]
    fn contracts_come_from_the_nested_chain() {
        let listed = listed(HUNDRED, "PM", "AAPL");
        assert_eq!(listed.len(), 2);
        let put = &listed["AAPL  260612P00110000"];
        assert!(put.is_standard());
        assert_eq!(put.expiration_close.to_rfc3339(), "2026-06-12T20:00:00+00:00");
        let underlying = Symbol::new("AAPL").unwrap();
        let after = "2026-06-12T20:00:00Z".parse().unwrap();
        assert!(contracts(&chains(HUNDRED, "PM", "AAPL"), &underlying, after).is_empty());
    }

    #[test]
    fn an_adjusted_deliverable_is_not_standard() {
        for deliverables in [
            r#"[{"amount": "150.0", "deliverable-type": "Shares", "symbol": "AAPL"}]"#,
            r#"[{"amount": "100", "deliverable-type": "Shares", "symbol": "AAPL"}, {"amount": "53.2", "deliverable-type": "Cash"}]"#,
            r#"[{"amount": "100", "deliverable-type": "Shares", "symbol": "XYZ"}]"#,
            r#"[{"amount": "100.5", "deliverable-type": "Shares", "symbol": "AAPL"}]"#,
        ] {
            assert!(
                listed(deliverables, "PM", "AAPL").values().all(|contract| !contract.is_standard()),
                "{deliverables}"
            );
        }
    }

    #[test]
    fn index_contracts_settle_as_the_service_says() {
        let listed = listed("[]", "AM", "SPX");
        let call = listed.get("SPX   260612C00110000");
        // AM-settled contracts end the session before, at whose close this one is gone.
        assert_eq!(call.unwrap().last_trade_date.to_string(), "2026-06-11");
        assert_eq!(call.unwrap().settlement, Settlement::Cash);
    }

    #[test]
    fn a_contract_without_a_price_is_left_out() {
        let record: MarketDatum = serde_json::from_str(
            r#"{"symbol": "AAPL  260612P00110000", "bid": "1.5", "ask": "1.6", "bid-size": "12.0", "open-interest": "77.0",
                "updated-at": "2026-06-11T14:59:59Z"}"#,
        )
        .unwrap();
        let quotes =
            quoted(listed(HUNDRED, "PM", "AAPL"), &[record], "2026-06-11T15:00:00Z".parse().unwrap());
        assert_eq!(quotes.len(), 1);
        assert_eq!((quotes[0].bid_size, quotes[0].open_interest, quotes[0].volume), (12, Some(77), 0));
    }
}
