//! An account's book out of a broker and the market. A source that fails is missing, never zero.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use futures::stream::{self, StreamExt};
use rust_decimal::Decimal;
use ttai_calendar::{expiration_close, last_trade_date};
use ttai_core::{ExerciseStyle, OccSymbol, OptionContract, OptionQuote, Settlement, SettlementTime, Symbol};
use ttai_ports::{AccountBalances, Broker, BrokerPosition, Instrument, PortError, is_kept_account};
use ttai_quant::chain::{PricedQuote, price_chain};
use ttai_quant::margin::UnderlyingClass;
use ttai_quant::portfolio::{AccountBook, HeldInstrument, HeldPosition, HeldUnderlying};

use super::kept::{self, SeenByHand};
use crate::compute::Compute;
use crate::failure::AnalystError;
use crate::ports::Ports;

/// Underlyings that are asked for at the same time.
const AT_ONCE: usize = 8;
/// The index that deltas are weighted to.
pub(super) const INDEX: &str = "SPY";

/// An account as it was found.
pub(crate) struct FoundAccount {
    pub(crate) account: String,
    pub(crate) broker: String,
    pub(crate) balances: Option<AccountBalances>,
    pub(crate) book: AccountBook,
    /// What could not be read, a sentence each.
    pub(crate) problems: Vec<String>,
    /// Of an account that is kept by hand.
    pub(crate) by_hand: Option<SeenByHand>,
    /// Priced contracts by underlying, for whoever looks for rolls.
    pub(crate) chains: BTreeMap<Symbol, Vec<PricedQuote>>,
}

/// Who knows an account, and its number: the account asked for, else the first. What the user keeps by hand comes after the brokers'
/// accounts.
pub(crate) async fn account(
    ports: &Ports,
    user: &str,
    wanted: &str,
) -> Result<(Arc<dyn Broker>, String), AnalystError> {
    if is_kept_account(wanted) {
        return kept::account(ports, user, wanted).await;
    }
    match traded_account(ports, wanted).await {
        // No broker has any: a broker that is away may have one.
        Err(nobody @ AnalystError::Validation(_)) if wanted.is_empty() => {
            match kept::account(ports, user, wanted).await {
                Err(AnalystError::Validation(_)) => Err(nobody),
                found => found,
            }
        }
        found => found,
    }
}

/// The same of an account in which ttai may trade: an account kept by hand is none.
pub(crate) async fn traded_account(
    ports: &Ports,
    wanted: &str,
) -> Result<(Arc<dyn Broker>, String), AnalystError> {
    if is_kept_account(wanted) {
        let message = format!(
            "{wanted} is kept by hand, and ttai sends no orders for it: trade at its broker, then say what it holds with `ttai portfolio add` or `remove`"
        );
        return Err(ttai_contract::ValidationError::new("account_id", message).into());
    }
    let mut outage = None;
    for broker in &ports.brokers {
        match broker.accounts().await {
            Ok(accounts) => {
                let found = accounts.into_iter().find(|account| wanted.is_empty() || account.id == wanted);
                if let Some(account) = found {
                    return Ok((Arc::clone(broker), account.id));
                }
            }
            Err(error) => outage = Some(error),
        }
    }
    Err(match outage {
        Some(error) => error.into(),
        None => nobody(ports, wanted).into(),
    })
}

fn nobody(ports: &Ports, wanted: &str) -> ttai_contract::ValidationError {
    let message = if ports.brokers.is_empty() {
        "no broker is connected; `ttai doctor` says what to set".to_owned()
    } else {
        let names: Vec<&str> = ports.brokers.iter().map(|broker| broker.name()).collect();
        format!("{} has no account {wanted:?}; leave it out for the first one", names.join(" or "))
    };
    ttai_contract::ValidationError::new("account_id", message)
}

/// What is made of a price that is stale, halted, crossed or only the last known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doubtful {
    /// It is shown, and said to be doubtful.
    Shown,
    /// It is unknown: nothing is raised because of it.
    Unknown,
}

/// What an account holds that a user sees, with the market of every underlying.
pub(crate) async fn find(
    ports: &Ports,
    compute: &Compute,
    broker: &Arc<dyn Broker>,
    (user, account): (&str, &str),
    doubtful: Doubtful,
) -> Result<FoundAccount, AnalystError> {
    let (balances, positions) = tokio::join!(broker.balances(account), broker.positions(account));
    if let (Err(error), Err(_)) = (&balances, &positions) {
        return Err(error.clone().into());
    }
    let mut problems = Vec::new();
    let balances = noted(balances, "balances", &mut problems);
    let positions = noted(positions, "positions", &mut problems);
    let index = Symbol::new(INDEX).ok();
    let mut symbols: BTreeSet<Symbol> =
        positions.iter().flatten().filter_map(|position| underlying(position.instrument.as_ref()?)).collect();
    let held: Vec<Symbol> = symbols.iter().cloned().collect();
    symbols.extend(index.clone());
    let as_of = match (clock(ports, held.iter().chain(&index)).await, &balances) {
        (Ok(now), _) => now,
        (Err(_), Some(balances)) => balances.as_of,
        (Err(error), None) => return Err(error.into()),
    };
    let rate = ports.market.risk_free_rate(as_of).await.map_or(0.0, |rate| rate.continuous);
    let optioned: BTreeSet<Symbol> = positions.iter().flatten().filter_map(optioned).collect();
    let markets = stream::iter(symbols.into_iter().map(|symbol| {
        let chain = optioned.contains(&symbol);
        let asked = Asked { as_of, rate, doubtful };
        market(ports, compute, symbol, chain, asked)
    }));
    let markets: Vec<FoundMarket> = markets.buffer_unordered(AT_ONCE).collect().await;
    let mut underlyings = BTreeMap::new();
    let mut chains = BTreeMap::new();
    for found in markets {
        problems.extend(found.problems);
        chains.insert(found.symbol.clone(), found.chain);
        underlyings.insert(found.symbol, found.market);
    }
    problems.sort();
    let spot_of = |symbol: &Symbol| underlyings.get(symbol).and_then(|market: &HeldUnderlying| market.spot);
    let index = index.as_ref().and_then(spot_of).map(to_f64);
    let holding = |position: &BrokerPosition| holding(position, &chains, &underlyings);
    let holdings: Option<Vec<HeldPosition>> =
        positions.as_ref().map(|positions| positions.iter().map(holding).collect());
    let by_hand = kept::seen(ports, broker, (user, account), as_of).await?;
    let worth = |balances: &AccountBalances| {
        balances.net_liquidation.or_else(|| worth(balances.cash, holdings.as_deref()?))
    };
    let book = AccountBook {
        as_of,
        net_liquidation: balances.as_ref().and_then(worth),
        holdings,
        maintenance: balances.as_ref().and_then(|balances| balances.maintenance_requirement),
        index,
        rate,
        underlyings,
    };
    Ok(FoundAccount {
        account: account.to_owned(),
        broker: broker.name().to_owned(),
        balances,
        book,
        problems,
        by_hand,
        chains,
    })
}

/// Cash and what is held; none where the price of a position is not known.
fn worth(cash: Decimal, holdings: &[HeldPosition]) -> Option<Decimal> {
    holdings.iter().try_fold(cash, |sum, held| {
        let value = held.quantity.checked_mul(held.multiplier)?.checked_mul(held.mark?)?;
        sum.checked_add(value)
    })
}

/// The market's now, by the first of the symbols that it knows: not every market has every one.
pub(super) async fn clock<'s>(
    ports: &Ports,
    symbols: impl Iterator<Item = &'s Symbol>,
) -> Result<DateTime<Utc>, PortError> {
    let mut failure = PortError::NoData {
        provider: ports.market.source().name,
        what: "clock".to_owned(),
        symbol: INDEX.to_owned(),
        detail: "no symbol is known".to_owned(),
    };
    for symbol in symbols {
        match ports.market.now(symbol).await {
            Ok(now) => return Ok(now),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

fn to_f64(price: Decimal) -> f64 {
    use rust_decimal::prelude::ToPrimitive;
    price.to_f64().unwrap_or(0.0)
}

fn noted<T>(answer: Result<T, PortError>, what: &str, problems: &mut Vec<String>) -> Option<T> {
    answer.map_err(|error| problems.push(format!("{what}: {error}"))).ok()
}

pub(super) fn underlying(instrument: &Instrument) -> Option<Symbol> {
    Some(match instrument {
        Instrument::Equity(symbol) => symbol.clone(),
        Instrument::Option(occ) => occ.underlying(),
    })
}

fn optioned(position: &BrokerPosition) -> Option<Symbol> {
    match position.instrument.as_ref()? {
        Instrument::Option(occ) => Some(occ.underlying()),
        Instrument::Equity(_) => None,
    }
}

/// The market of one underlying as it was found.
struct FoundMarket {
    symbol: Symbol,
    market: HeldUnderlying,
    chain: Vec<PricedQuote>,
    problems: Vec<String>,
}

/// When a market is asked, and how.
#[derive(Clone, Copy)]
struct Asked {
    as_of: DateTime<Utc>,
    rate: f64,
    doubtful: Doubtful,
}

async fn market(
    ports: &Ports,
    compute: &Compute,
    symbol: Symbol,
    with_chain: bool,
    Asked { as_of, rate, doubtful }: Asked,
) -> FoundMarket {
    let mut problems = Vec::new();
    let (quote, history, metrics) = tokio::join!(
        ports.market.quote(&symbol, as_of),
        ports.market.daily_history(&symbol, as_of),
        ports.metrics.metrics(&symbol, as_of)
    );
    let mut note = |what: &str, error: &PortError| problems.push(format!("{symbol} {what}: {error}"));
    let mut market = HeldUnderlying::default();
    let mut conditions = None;
    match quote {
        Ok(quote) => {
            conditions =
                quote.is_doubtful().then(|| quote.conditions.iter().map(ToString::to_string).collect());
            let known = conditions.is_none() || doubtful == Doubtful::Shown;
            market.spot = quote.last.or_else(|| quote.mid()).filter(|_| known);
        }
        Err(error) => note("price", &error),
    }
    match history {
        Ok(history) => market.dividends = history.dividends,
        Err(error) => note("dividends", &error),
    }
    match metrics {
        Ok(Some(known)) => {
            market.beta = known.figures.beta;
            market.sector = known.sector;
            market.earnings = known.next_earnings.map(|report| report.date);
        }
        Ok(None) => {}
        Err(error) => note("earnings, sector and beta", &error),
    }
    let mut chain = Vec::new();
    if with_chain {
        let dividends = market.dividends.clone();
        match ports.market.option_chain(&symbol, as_of).await {
            Ok(found) => {
                let priced = compute.run(move || price_chain(&found, rate, &dividends)).await;
                match priced {
                    Ok(priced) => chain = priced,
                    Err(error) => problems.push(format!("{symbol} options: {error}")),
                }
            }
            Err(error) => note("options", &error),
        }
    }
    if let Some(conditions) = conditions {
        let conditions: Vec<String> = conditions;
        problems.push(format!("{symbol} price is {}", conditions.join(" and ")));
    }
    FoundMarket { symbol, market, chain, problems }
}

fn holding(
    position: &BrokerPosition,
    chains: &BTreeMap<Symbol, Vec<PricedQuote>>,
    underlyings: &BTreeMap<Symbol, HeldUnderlying>,
) -> HeldPosition {
    let mut holding = HeldPosition {
        label: position.symbol.clone(),
        instrument: HeldInstrument::Other(position.kind.clone()),
        quantity: position.quantity,
        entry: position.average_open_price,
        multiplier: position.multiplier,
        mark: position.mark,
        day_base: position.day_base,
        greeks: None,
    };
    match &position.instrument {
        None => {}
        Some(Instrument::Equity(symbol)) => {
            let spot = underlyings.get(symbol).and_then(|market| market.spot);
            holding.mark = spot.or(position.mark);
            holding.instrument = HeldInstrument::Shares(symbol.clone());
        }
        Some(Instrument::Option(occ)) => {
            let listed = chains
                .get(&occ.underlying())
                .and_then(|chain| chain.iter().find(|priced| is_of(&priced.quote, occ)));
            if let Some(contract) = listed.map(|priced| priced.quote.contract.clone()).or_else(|| terms(occ))
            {
                holding.instrument = HeldInstrument::Option(contract);
            }
            holding.mark = listed.and_then(|priced| mid(&priced.quote)).or(position.mark);
            holding.greeks = listed.and_then(|priced| priced.greeks);
        }
    }
    holding
}

fn is_of(quote: &OptionQuote, occ: &OccSymbol) -> bool {
    let contract = &quote.contract;
    (&contract.root, contract.expiration, contract.right, contract.strike)
        == (&occ.root, occ.expiration, occ.right, occ.strike)
}

/// The middle of a two-sided market.
fn mid(quote: &OptionQuote) -> Option<Decimal> {
    (quote.ask > Decimal::ZERO && quote.bid <= quote.ask).then(|| quote.mid())
}

/// The terms of a contract that no chain lists: an index's are European and settle in cash.
pub(super) fn terms(occ: &OccSymbol) -> Option<OptionContract> {
    let underlying = occ.underlying();
    let index = UnderlyingClass::of_ticker(occ.root.as_str()).is_index();
    let adjusted = occ.root.is_adjusted_root() && occ.root != underlying;
    let settlement_time = SettlementTime::Pm;
    let last: NaiveDate = last_trade_date(occ.expiration, settlement_time).ok()?;
    Some(OptionContract {
        right: occ.right,
        strike: occ.strike,
        expiration: occ.expiration,
        last_trade_date: last,
        expiration_close: expiration_close(last)?,
        style: if index { ExerciseStyle::European } else { ExerciseStyle::American },
        settlement: if index { Settlement::Cash } else { Settlement::Physical },
        settlement_time,
        multiplier: 100,
        deliverable_shares: if adjusted { 0 } else { 100 },
        root: occ.root.clone(),
        underlying,
    })
}
