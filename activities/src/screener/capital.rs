//! The capital of a screen: what an account has free beside what it holds, and how many contracts of each pick fit it together.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};
use ttai_contract::{
    FreeCapital, FreeCapitalParams, ScreenScores, SizePicksParams, SizedPick, SizedPicks, UnsizedPick,
    ValidationError,
};
use ttai_core::{OccSymbol, OptionRight, Symbol};
use ttai_ports::{BrokerOrder, BrokerPosition, Instrument, OrderAction, PortError, is_kept_account};
use ttai_quant::strategy::{AllotmentLimit, Wanting, allot};

use super::quick;
use crate::clock;
use crate::compute::Compute;
use crate::failure::AnalystError;
use crate::narrator::grouped;
use crate::portfolio::{self, Doubtful};
use crate::ports::Ports;

/// The most of an account in one symbol, percent of its net liquidation, where nobody says.
const SYMBOL_PCT: f64 = 20.0;

/// How long a working order may have stood: brokers let none stand for longer.
const ORDERS_SINCE: TimeDelta = TimeDelta::days(180);

/// What new positions may bind: of the stated capital, else of the account. For a run that is too late nothing is read.
pub(super) async fn fetch(
    ports: &Ports,
    compute: &Compute,
    params: &FreeCapitalParams,
) -> Result<FreeCapital, AnalystError> {
    let lateness = clock::lateness(ports, params.due).await;
    if lateness.is_some_and(|late| late.is_too_late()) {
        return Ok(FreeCapital { lateness, ..FreeCapital::default() });
    }
    Ok(FreeCapital { lateness, ..free(ports, compute, params).await? })
}

async fn free(
    ports: &Ports,
    compute: &Compute,
    params: &FreeCapitalParams,
) -> Result<FreeCapital, AnalystError> {
    let user = params.user_id.as_str();
    if let Some(capital) = params.capital {
        let free = dollars("capital", capital)?;
        return Ok(FreeCapital {
            free: Some(free),
            symbol_cap: params.max_symbol_pct.map(|pct| share(free, pct)).transpose()?,
            symbol_cap_pct: params.max_symbol_pct,
            source: "the capital stated".to_owned(),
            ..FreeCapital::default()
        });
    }
    // Without any account a screen is unsized; one that was named and is not there is an error.
    let is_any = !params.account_id.is_empty() || !ports.brokers.is_empty();
    if !is_any && portfolio::kept::numbers(ports, user).await?.is_empty() {
        return Ok(FreeCapital { source: "no account is connected".to_owned(), ..FreeCapital::default() });
    }
    let (broker, account) = portfolio::account(ports, user, &params.account_id).await?;
    let (balances, positions, elsewhere) = tokio::join!(
        broker.balances(&account),
        broker.positions(&account),
        portfolio::kept::held_elsewhere(ports, user, &account)
    );
    let mut bound = Bound::default();
    bound.take_positions(priced(ports, positions).await);
    bound.take_positions(priced(ports, elsewhere).await);
    let balances = match balances {
        // Nobody has to state what is in an account that is kept by hand.
        Err(error @ PortError::NoData { .. }) if is_kept_account(&account) => {
            let Bound { held, mut problems } = bound;
            problems.push(error.to_string());
            let source = format!("the cash of {account} is not stated");
            return Ok(FreeCapital { held, source, problems, ..FreeCapital::default() });
        }
        balances => balances?,
    };
    bound.take_orders(broker.orders(&account, balances.as_of - ORDERS_SINCE).await);
    let worth = match balances.net_liquidation {
        None => {
            portfolio::find(ports, compute, &broker, (user, &account), Doubtful::Shown)
                .await?
                .book
                .net_liquidation
        }
        known => known,
    };
    if worth.is_none() {
        bound.problems.push(format!("no symbol is capped: what {account} is worth is not known"));
    }
    let pct = params.max_symbol_pct.unwrap_or(SYMBOL_PCT);
    let Bound { held, problems } = bound;
    Ok(FreeCapital {
        free: Some(balances.option_buying_power.max(Decimal::ZERO)),
        symbol_cap: worth.map(|worth| share(worth.max(Decimal::ZERO), pct)).transpose()?,
        symbol_cap_pct: Some(pct),
        held,
        source: format!("the buying power of account {account}"),
        problems,
        lateness: None,
    })
}

/// The positions, shares that nobody has marked at the market's price where it says one.
async fn priced(
    ports: &Ports,
    positions: Result<Vec<BrokerPosition>, PortError>,
) -> Result<Vec<BrokerPosition>, PortError> {
    let mut positions = positions?;
    for position in positions.iter_mut().filter(|position| position.mark.is_none()) {
        let Some(Instrument::Equity(symbol)) = &position.instrument else { continue };
        let now = clock::market_now_by(ports, std::slice::from_ref(symbol)).await;
        let quote = ports.market.quote(symbol, now).await.ok();
        position.mark = quote.and_then(|quote| quote.last.or_else(|| quote.mid()));
    }
    Ok(positions)
}

/// Dollars that are bound already, by underlying. What cannot be valued is said.
#[derive(Default)]
struct Bound {
    held: BTreeMap<Symbol, Decimal>,
    problems: Vec<String>,
}

impl Bound {
    /// Shares at their mark, short puts at their strike.
    fn take_positions(&mut self, positions: Result<Vec<BrokerPosition>, PortError>) {
        let positions = positions.unwrap_or_else(|error| {
            self.problems.push(format!("what is held does not count against the cap: {error}"));
            Vec::new()
        });
        for position in &positions {
            match &position.instrument {
                Some(Instrument::Equity(symbol)) => {
                    let price = position.mark.unwrap_or(position.average_open_price);
                    self.add(symbol.clone(), position.quantity.abs() * price);
                }
                Some(Instrument::Option(contract)) if position.quantity < Decimal::ZERO => {
                    self.add_puts(contract, -position.quantity * position.multiplier);
                }
                Some(Instrument::Option(_)) => {}
                None => {
                    let symbol = &position.symbol;
                    self.problems
                        .push(format!("{symbol} does not count against a cap: ttai does not trade its kind"));
                }
            }
        }
    }

    /// Puts that working orders would still sell. Orders for shares do not count.
    fn take_orders(&mut self, orders: Result<Vec<BrokerOrder>, PortError>) {
        let orders = orders.unwrap_or_else(|error| {
            self.problems.push(format!("working orders do not count against the cap: {error}"));
            Vec::new()
        });
        for order in orders.iter().filter(|order| !order.status.is_final()) {
            for leg in &order.legs {
                let open = (leg.quantity - leg.filled).max(Decimal::ZERO);
                match (&leg.instrument, leg.action) {
                    (Instrument::Option(contract), OrderAction::SellToOpen) => {
                        self.add_puts(contract, open * Decimal::ONE_HUNDRED);
                    }
                    (Instrument::Equity(symbol), OrderAction::BuyToOpen) => self.problems.push(format!(
                        "the working order for {open} shares of {symbol} does not count against the cap"
                    )),
                    _ => {}
                }
            }
        }
    }

    fn add_puts(&mut self, contract: &OccSymbol, shares: Decimal) {
        if contract.right == OptionRight::Put {
            self.add(contract.underlying(), shares * contract.strike);
        }
    }

    fn add(&mut self, symbol: Symbol, dollars: Decimal) {
        *self.held.entry(symbol).or_insert(Decimal::ZERO) += dollars;
    }
}

fn dollars(field: &str, value: f64) -> Result<Decimal, ValidationError> {
    let exact = Decimal::from_f64(value).filter(|exact| *exact >= Decimal::ZERO);
    exact.ok_or_else(|| ValidationError::new(field, format!("{value} is no amount of dollars")))
}

fn share(of: Decimal, pct: f64) -> Result<Decimal, ValidationError> {
    Ok((of * dollars("max_symbol_pct", pct)? / Decimal::ONE_HUNDRED).round_dp(2))
}

/// The picks in the order of the ranking, and how many contracts of each fit.
pub(super) fn size(params: &SizePicksParams) -> Result<SizedPicks, AnalystError> {
    let SizePicksParams { capital, ranking, picks } = params;
    let mut ranked: Vec<(&UnsizedPick, ScreenScores)> =
        picks.iter().map(|pick| (pick, quick::scores(&pick.position))).collect();
    ranked.sort_by(|(one, a), (other, b)| {
        b.by(*ranking).total_cmp(&a.by(*ranking)).then_with(|| one.symbol.cmp(&other.symbol))
    });
    let wanting = ranked.iter().map(|(pick, _)| {
        let for_one = dollars("capital_for_one", pick.position.capital_for_one())?.round_dp(2);
        // The free capital is dealt out below; of a symbol's room only its cap counts here.
        let room = FreeCapital { free: None, ..capital.clone() }.room(&pick.symbol);
        Ok(Wanting { for_one, symbol_room: room })
    });
    let wanting: Vec<Wanting> = wanting.collect::<Result<_, ValidationError>>()?;
    let allotted = allot(&wanting, capital.free);
    let collateral: Decimal = allotted.iter().map(|got| got.collateral).sum();
    let left = capital.free.map(|free| free - collateral);
    let sized =
        ranked.iter().zip(wanting.iter().zip(&allotted)).map(|((pick, scores), (wants, got))| SizedPick {
            symbol: pick.symbol.clone(),
            scores: *scores,
            contracts: got.contracts,
            collateral: got.collateral,
            limit: why_not_more(&pick.symbol, *wants, got.limit, capital, left),
        });
    Ok(SizedPicks { picks: sized.collect(), collateral, left })
}

fn why_not_more(
    symbol: &Symbol,
    wants: Wanting,
    limit: AllotmentLimit,
    capital: &FreeCapital,
    left: Option<Decimal>,
) -> String {
    let one = whole(wants.for_one);
    match limit {
        AllotmentLimit::Unknown => format!("unsized: {}; one contract needs ${one}", capital.source),
        AllotmentLimit::Most => "more contracts are not suggested at once".to_owned(),
        AllotmentLimit::Capital => format!(
            "one more needs ${one}, and ${} of {} is left",
            whole(left.unwrap_or_default()),
            capital.source
        ),
        AllotmentLimit::Symbol => {
            let held = capital.held.get(symbol).copied().unwrap_or_default();
            let holding = if held.is_zero() {
                String::new()
            } else {
                format!(" (${} is tied up already)", whole(held))
            };
            format!(
                "one more needs ${one}, and {symbol} may tie up ${} at most, {} %{holding}",
                whole(capital.symbol_cap.unwrap_or_default()),
                capital.symbol_cap_pct.unwrap_or_default()
            )
        }
    }
}

/// Whole dollars: `12,400`.
fn whole(dollars: Decimal) -> String {
    grouped(dollars.to_f64().unwrap_or_default())
}
