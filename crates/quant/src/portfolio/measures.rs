//! The measures of an account: value, profit, Greeks, margin, assignment risk and concentration.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::{OptionContract, OptionRight, Symbol};

use super::book::{AccountBook, HeldInstrument, HeldPosition, HeldUnderlying};
use crate::margin::UnderlyingClass;
use crate::risk::{
    AssignmentRisk, Concentration, ConcentrationLimits, Exposure, PositionLeg, PositionRisk, ShortOption,
    UnderlyingPosition, assignment_risk, concentration, position_risk,
};
use crate::strategy::legs::Leg;
use crate::strategy::number::percent;

/// A sum in dollars, and what it leaves out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BookSum {
    /// Dollars of what is known.
    pub amount: Decimal,
    /// The positions that are not in it; it is complete where there are none.
    pub missing: Vec<String>,
}

impl BookSum {
    fn add(&mut self, amount: Option<Decimal>, what: &str) {
        match amount {
            Some(amount) => self.amount = self.amount.saturating_add(amount),
            None => self.missing.push(what.to_owned()),
        }
    }

    /// Whether nothing is missing.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty()
    }
}

/// A position's measures; what is not known is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HoldingMeasures {
    /// The broker's symbol.
    pub symbol: String,
    /// The name for a person.
    pub name: String,
    /// What its price follows.
    pub underlying: Option<Symbol>,
    /// `shares`, `option`, or the broker's word for a kind that nothing here measures.
    pub kind: String,
    /// Shares or contracts, negative when short.
    pub quantity: Decimal,
    /// Dollars a share at which it was opened.
    pub entry: Decimal,
    /// Dollars a share that it is worth.
    pub mark: Option<Decimal>,
    /// Dollars; negative where they are owed.
    pub market_value: Option<Decimal>,
    /// Dollars won since it was opened.
    pub open_pnl: Option<Decimal>,
    /// Dollars won today.
    pub day_pnl: Option<Decimal>,
    /// Delta of one share's worth.
    pub delta: Option<f64>,
    /// New York calendar days to the last trade date, of an option.
    pub dte: Option<i64>,
    /// How far it is in the money in percent of the underlying's price; negative out of it.
    pub moneyness_pct: Option<f64>,
    /// How likely assignment is, of a short American option that delivers shares.
    pub assignment: Option<AssignmentRisk>,
    /// Days to the next ex-date up to its last trade date, of an option.
    pub days_to_ex: Option<i64>,
    /// Days to the next earnings date up to its expiration, of an option.
    pub days_to_earnings: Option<i64>,
    /// The contract, of an option.
    #[serde(skip)]
    pub contract: Option<OptionContract>,
}

/// One underlying's measures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UnderlyingMeasures {
    /// The underlying.
    pub symbol: Symbol,
    /// Its price in dollars.
    pub spot: Option<Decimal>,
    /// Its beta to the index.
    pub beta: Option<f64>,
    /// Its sector.
    pub sector: Option<String>,
    /// Value, Greeks, payoff and margin by strategy of all its legs.
    pub risk: Option<PositionRisk>,
    /// Why there are none.
    pub problem: Option<String>,
}

/// Greeks of the account, in dollars.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BookGreeks {
    /// Dollars that move with the underlyings.
    pub dollar_delta: f64,
    /// Shares of the index that move alike; none without the index's price.
    pub beta_weighted_delta: Option<f64>,
    /// Dollars a calendar day.
    pub theta: f64,
    /// Dollars a volatility point.
    pub vega: f64,
    /// What the sums leave out.
    pub missing: Vec<String>,
    /// Underlyings that the beta-weighted delta leaves out.
    pub missing_beta: Vec<String>,
}

/// Margin of the account, in dollars.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BookMargin {
    /// To open, by Regulation T.
    pub initial: BookSum,
    /// To hold, by Regulation T.
    pub maintenance: BookSum,
    /// To hold, by the broker, whose figure counts where it gives one.
    pub broker_maintenance: Option<Decimal>,
    /// The requirement in percent of net liquidation: the broker's, else ours where it is complete.
    pub utilization_pct: Option<f64>,
}

/// An account's measures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BookMeasures {
    /// The moment, in market time.
    pub as_of: DateTime<Utc>,
    /// Whether the broker said what is held.
    pub positions_known: bool,
    /// Dollars that all of it is worth, by the broker.
    pub net_liquidation: Option<Decimal>,
    /// Dollars that the positions are worth.
    pub market_value: BookSum,
    /// Dollars that they cost.
    pub cost_basis: BookSum,
    /// Dollars won since they were opened.
    pub open_pnl: BookSum,
    /// Dollars won today on what is held.
    pub day_pnl: BookSum,
    /// The same in percent of net liquidation; none where it is incomplete.
    pub day_pnl_pct: Option<f64>,
    /// Greeks.
    pub greeks: BookGreeks,
    /// Margin.
    pub margin: BookMargin,
    /// Capital at risk by symbol and sector in percent of net liquidation.
    pub concentration: Option<Concentration>,
    /// The underlyings, by symbol.
    pub underlyings: Vec<UnderlyingMeasures>,
    /// The positions, as the broker lists them.
    pub positions: Vec<HoldingMeasures>,
}

/// The measures of an account; units at [`BookMeasures`].
#[must_use]
pub fn measure(book: &AccountBook) -> BookMeasures {
    let holdings = book.holdings.as_deref().unwrap_or_default();
    let positions: Vec<HoldingMeasures> = holdings.iter().map(|held| holding(book, held)).collect();
    let underlyings = underlyings(book, holdings);
    let sum = |of: fn(&HoldingMeasures) -> Option<Decimal>| {
        let mut sum = BookSum::default();
        positions.iter().for_each(|row| sum.add(of(row), &row.name));
        sum
    };
    let day_pnl = sum(|row| row.day_pnl);
    let complete_day = book.holdings.is_some() && day_pnl.is_complete();
    let net = book.net_liquidation.filter(|net| *net > Decimal::ZERO);
    let mut cost_basis = BookSum::default();
    for held in holdings {
        let measured = !matches!(held.instrument, HeldInstrument::Other(_));
        cost_basis.add(held.dollars(held.entry).filter(|_| measured), &held.name());
    }
    BookMeasures {
        as_of: book.as_of,
        positions_known: book.holdings.is_some(),
        net_liquidation: book.net_liquidation,
        market_value: sum(|row| row.market_value),
        cost_basis,
        open_pnl: sum(|row| row.open_pnl),
        day_pnl_pct: net.filter(|_| complete_day).and_then(|net| percent(day_pnl.amount, net)),
        day_pnl,
        greeks: greeks(&underlyings, holdings, book.index),
        margin: margin(&underlyings, holdings, book),
        concentration: net.and_then(|net| concentrated(&underlyings, net)),
        underlyings,
        positions,
    }
}

fn holding(book: &AccountBook, held: &HeldPosition) -> HoldingMeasures {
    let market = held.underlying().and_then(|symbol| book.underlyings.get(symbol));
    let spot = market.and_then(|market| market.spot);
    let contract = held.contract();
    let difference = |from: Option<Decimal>| held.dollars(held.mark?.checked_sub(from?)?);
    let (kind, measured) = match &held.instrument {
        HeldInstrument::Shares(_) => ("shares".to_owned(), true),
        HeldInstrument::Option(_) => ("option".to_owned(), true),
        HeldInstrument::Other(kind) => (kind.clone(), false),
    };
    HoldingMeasures {
        symbol: held.label.clone(),
        name: held.name(),
        underlying: held.underlying().cloned(),
        kind,
        quantity: held.quantity,
        entry: held.entry,
        mark: held.mark,
        // What a future is worth is not what its price times its size comes to.
        market_value: held.mark.filter(|_| measured).and_then(|mark| held.dollars(mark)),
        open_pnl: difference(Some(held.entry)),
        day_pnl: difference(held.day_base),
        delta: if contract.is_some() {
            held.greeks.map(|greeks| greeks.delta)
        } else {
            measured.then_some(1.0)
        },
        dte: contract.map(|contract| contract.dte(book.today())),
        moneyness_pct: contract.zip(spot).and_then(|(contract, spot)| moneyness_pct(contract, spot)),
        assignment: contract
            .zip(market)
            .and_then(|(contract, market)| assignment(book, held, contract, market)),
        days_to_ex: contract.zip(market).and_then(|(contract, market)| days_to_ex(book, contract, market)),
        days_to_earnings: contract.zip(market).and_then(|(contract, market)| {
            let days = (market.earnings? - book.today()).num_days();
            (days >= 0 && market.earnings? <= contract.expiration).then_some(days)
        }),
        contract: contract.cloned(),
    }
}

fn moneyness_pct(contract: &OptionContract, spot: Decimal) -> Option<f64> {
    let above = spot.checked_sub(contract.strike)?;
    percent(if contract.right == OptionRight::Call { above } else { -above }, spot)
}

fn days_to_ex(book: &AccountBook, contract: &OptionContract, market: &HeldUnderlying) -> Option<i64> {
    let today = book.today();
    let in_time = |date: &chrono::NaiveDate| *date > today && *date <= contract.last_trade_date;
    let next = market.dividends.iter().map(|dividend| dividend.ex_date).filter(in_time).min()?;
    Some((next - today).num_days())
}

fn assignment(
    book: &AccountBook,
    held: &HeldPosition,
    contract: &OptionContract,
    market: &HeldUnderlying,
) -> Option<AssignmentRisk> {
    if !held.quantity.is_sign_negative() {
        return None;
    }
    let (spot, mark) = (market.spot?, held.mark?);
    let short = ShortOption::of(contract, spot, mark, book.rate, book.as_of, &market.dividends)?;
    Some(assignment_risk(&short))
}

fn underlyings(book: &AccountBook, holdings: &[HeldPosition]) -> Vec<UnderlyingMeasures> {
    let mut by_symbol: BTreeMap<&Symbol, Vec<&HeldPosition>> = BTreeMap::new();
    for held in holdings {
        if let Some(symbol) = held.underlying() {
            by_symbol.entry(symbol).or_default().push(held);
        }
    }
    by_symbol.into_iter().map(|(symbol, held)| underlying(book, symbol, &held)).collect()
}

fn underlying(book: &AccountBook, symbol: &Symbol, held: &[&HeldPosition]) -> UnderlyingMeasures {
    let market = book.underlyings.get(symbol).cloned().unwrap_or_default();
    let found = risk(book, symbol, held, &market);
    UnderlyingMeasures {
        symbol: symbol.clone(),
        spot: market.spot,
        beta: market.beta,
        sector: market.sector,
        problem: found.as_ref().err().cloned(),
        risk: found.ok(),
    }
}

/// All legs together, or none: margin of a part of them would be another position's.
fn risk(
    book: &AccountBook,
    symbol: &Symbol,
    held: &[&HeldPosition],
    market: &HeldUnderlying,
) -> Result<PositionRisk, String> {
    let spot = market.spot.ok_or_else(|| format!("no price of {symbol}"))?;
    let legs: Vec<PositionLeg> =
        held.iter().map(|held| position_leg(book, held, spot)).collect::<Result<_, _>>()?;
    let class = UnderlyingClass::of_ticker(symbol.as_str());
    let position = UnderlyingPosition { legs: &legs, spot, class, beta: market.beta.zip(book.index) };
    position_risk(&position).map_err(|error| error.to_string())
}

fn position_leg(book: &AccountBook, held: &HeldPosition, spot: Decimal) -> Result<PositionLeg, String> {
    let leg = match held.contract() {
        None => Leg::stock(held.quantity, held.entry, held.mark.unwrap_or(spot)),
        Some(contract) if !contract.is_standard() && contract.deliverable_shares != contract.multiplier => {
            return Err(format!("{} delivers something else than shares alone", held.label.trim()));
        }
        Some(contract) => {
            let mark = held.mark.ok_or_else(|| format!("no price of {}", held.name()))?;
            Leg::option(contract, held.quantity, held.entry, mark)
        }
    };
    let leg = leg.open_on(book.today()).map_err(|error| format!("{}: {error}", held.name()))?;
    Ok(PositionLeg { leg, greeks: held.greeks })
}

/// What no underlying's sums can have: kinds that nothing here measures.
fn unmeasured(holdings: &[HeldPosition]) -> impl Iterator<Item = String> {
    holdings.iter().filter(|held| held.underlying().is_none()).map(HeldPosition::name)
}

fn greeks(underlyings: &[UnderlyingMeasures], holdings: &[HeldPosition], index: Option<f64>) -> BookGreeks {
    let mut sums = BookGreeks { missing: unmeasured(holdings).collect(), ..BookGreeks::default() };
    let mut weighted = 0.0;
    for of in underlyings {
        let Some(risk) = &of.risk else {
            sums.missing.push(of.problem.clone().unwrap_or_else(|| of.symbol.to_string()));
            continue;
        };
        if risk.legs_without_greeks > 0 {
            sums.missing
                .push(format!("{} options of {} without Greeks", risk.legs_without_greeks, of.symbol));
        }
        sums.dollar_delta += risk.dollar_delta;
        sums.theta += risk.net_greeks.theta;
        sums.vega += risk.net_greeks.vega;
        match risk.beta_weighted_delta {
            Some(delta) => weighted += delta,
            None => sums.missing_beta.push(of.symbol.to_string()),
        }
    }
    sums.beta_weighted_delta = index.map(|_| weighted);
    sums
}

fn margin(underlyings: &[UnderlyingMeasures], holdings: &[HeldPosition], book: &AccountBook) -> BookMargin {
    let mut margin = BookMargin { broker_maintenance: book.maintenance, ..BookMargin::default() };
    for of in underlyings {
        let what = of.problem.clone().unwrap_or_else(|| of.symbol.to_string());
        let asked = of.risk.as_ref().map(|risk| &risk.margin);
        margin.initial.add(asked.map(|asked| asked.initial), &what);
        margin.maintenance.add(asked.map(|asked| asked.maintenance), &what);
    }
    for name in unmeasured(holdings) {
        margin.initial.missing.push(name.clone());
        margin.maintenance.missing.push(name);
    }
    let own = margin.maintenance.amount;
    let complete = margin.maintenance.is_complete() && book.holdings.is_some();
    let asked = book.maintenance.or_else(|| complete.then_some(own));
    let net = book.net_liquidation.filter(|net| *net > Decimal::ZERO);
    margin.utilization_pct = asked.zip(net).and_then(|(asked, net)| percent(asked, net));
    margin
}

fn concentrated(underlyings: &[UnderlyingMeasures], net: Decimal) -> Option<Concentration> {
    let exposure = |of: &UnderlyingMeasures| {
        Some(Exposure {
            symbol: of.symbol.clone(),
            sector: of.sector.clone(),
            amount: of.risk.as_ref()?.capital_at_risk(),
        })
    };
    let exposures: Vec<Exposure> = underlyings.iter().filter_map(exposure).collect();
    concentration(&exposures, net, &ConcentrationLimits::default()).ok()
}
