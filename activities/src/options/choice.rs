//! The choice of a contract: the request for the selection, and for verticals the comparison of widths.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use rust_decimal::Decimal;
use ttai_contract::{SpreadType, Strategy, ValidationError};
use ttai_core::OptionRight;
use ttai_quant::chain::PricedQuote;
use ttai_quant::margin::UnderlyingClass;
use ttai_quant::strategy::select::Holding;
use ttai_quant::strategy::{
    Candidate, Constraints, EventWindow, SelectError, Selection, SelectionRequest, SpreadType as Vertical,
    Strategy as Sold, select,
};

use super::Case;
use super::chart_facts::ChartFacts;
use super::market::Market;
use super::number::exact;
use crate::failure::AnalystError;

/// The widest vertical that is tried unasked, as a share of the price: 1 / 10.
const WIDEST_SHARE: Decimal = Decimal::from_parts(1, 0, 0, false, 1);

/// The chosen contract.
pub(super) struct Choice {
    pub(super) selection: Selection,
    /// Which vertical, of verticals.
    pub(super) spread_type: Option<SpreadType>,
}

/// Chooses the contract.
pub(super) fn choose(
    case: &Case,
    market: &Market,
    facts: &ChartFacts,
    events: &[EventWindow],
) -> Result<Choice, AnalystError> {
    let asking =
        Asking { case, market, facts, events, constraints: constraints(case)?, holding: holding(case)? };
    match case.params.trade.strategy {
        Strategy::Csp => asking.plain(Sold::CashSecuredPut),
        Strategy::CoveredCall => asking.plain(Sold::CoveredCall),
        Strategy::Spread => asking.vertical(),
    }
}

/// The vertical that is asked for, else the one that the chart asks for.
fn spread_type(case: &Case, facts: &ChartFacts) -> SpreadType {
    let by_chart = if facts.bearish { SpreadType::BearCall } else { SpreadType::BullPut };
    case.params.trade.spread_type.unwrap_or(by_chart)
}

struct Asking<'a> {
    case: &'a Case,
    market: &'a Market,
    facts: &'a ChartFacts,
    events: &'a [EventWindow],
    constraints: Constraints,
    holding: Option<Holding>,
}

impl Asking<'_> {
    fn plain(&self, sold: Sold) -> Result<Choice, AnalystError> {
        let selection = self.select(sold, &self.market.quotes).map_err(|error| self.explain(&error))?;
        Ok(Choice { selection, spread_type: None })
    }

    fn vertical(&self) -> Result<Choice, AnalystError> {
        let spread_type = spread_type(self.case, self.facts);
        let kind = match spread_type {
            SpreadType::BullPut => Vertical::BullPut,
            SpreadType::BearCall => Vertical::BearCall,
        };
        let asked = self.case.params.trade.width.map(|width| limit("width", width)).transpose()?;
        let sold = |width| Sold::Spread { spread_type: kind, width };
        let width = match asked {
            Some(width) => width,
            None => self.best_width(sold)?,
        };
        let selection =
            self.select(sold(width), &self.market.quotes).map_err(|error| self.explain(&error))?;
        Ok(Choice { selection, spread_type: Some(spread_type) })
    }

    /// Of all listed widths up to a tenth of the price the one whose best vertical ranks first; of equals the narrowest.
    fn best_width(&self, sold: impl Fn(Decimal) -> Sold) -> Result<Decimal, AnalystError> {
        let window = self.constraints.dte_min..=self.constraints.dte_max;
        let inside: Vec<PricedQuote> =
            self.market.quotes.iter().filter(|quote| window.contains(&quote.dte)).cloned().collect();
        let right = sold(Decimal::ONE).short_right();
        let widths = listed_widths(&inside, right, self.market.spot);
        let mut best: Option<(Decimal, Selection)> = None;
        for width in &widths {
            match self.select(sold(*width), &inside) {
                Ok(next) if best.as_ref().is_none_or(|(_, held)| ranks(&next, held) == Ordering::Less) => {
                    best = Some((*width, next));
                }
                Ok(_) | Err(SelectError::NoContracts { .. }) => {}
                Err(error) => return Err(self.explain(&error)),
            }
        }
        // Without any pair inside the window of days the narrowest width that is listed at all explains why.
        let fallback = || listed_widths(&self.market.quotes, right, self.market.spot).first().copied();
        let width = best.map(|(width, _)| width).or_else(fallback);
        width.ok_or_else(|| {
            AnalystError::NotEnoughData(format!(
                "the option chain of {} lists no two {right}s of one expiration within a tenth of the price; \
                 give a width that is listed",
                self.case.view.symbol
            ))
        })
    }

    fn select(&self, strategy: Sold, quotes: &[PricedQuote]) -> Result<Selection, SelectError> {
        select(&SelectionRequest {
            quotes,
            spot: self.market.spot,
            rate: self.case.rate.continuous,
            as_of: self.case.view.as_of,
            strategy,
            constraints: self.constraints,
            events: self.events,
            holding: self.holding,
            dividends: &self.case.view.dividends,
            chart: &self.facts.levels,
            // Nobody says which fund is a broad index's; the higher rate errs on the safe side.
            class: UnderlyingClass::Equity,
        })
    }

    fn explain(&self, error: &SelectError) -> AnalystError {
        let message = error.to_string();
        let field = match error {
            SelectError::Limit { name, .. } => format!("constraints.{name}"),
            SelectError::DteOrder { .. } => "constraints.dte_min".to_owned(),
            SelectError::Width(_) => "width".to_owned(),
            SelectError::CostBasis(_) => "position.cost_basis".to_owned(),
            SelectError::TooFewShares(_) => "position.shares".to_owned(),
            SelectError::Spot(_) | SelectError::Rate(_) | SelectError::NoContracts { .. } => {
                return AnalystError::NotEnoughData(format!("{}: {message}", self.case.view.symbol));
            }
        };
        ValidationError::new(&field, message).into()
    }
}

/// The better selection first: by verdict, then by the return of its best contract; of rejects the one that comes nearest.
fn ranks(a: &Selection, b: &Selection) -> Ordering {
    let annual = |selection: &Selection| {
        selection.best.as_ref().and_then(Candidate::annual_pct).unwrap_or(f64::NEG_INFINITY)
    };
    let distance = |selection: &Selection| {
        let nearest = selection.diagnosis.as_ref().and_then(|diagnosis| diagnosis.nearest_misses.first());
        nearest.map_or(f64::INFINITY, |miss| miss.distance)
    };
    b.verdict
        .cmp(&a.verdict)
        .then_with(|| annual(b).total_cmp(&annual(a)))
        .then_with(|| distance(a).total_cmp(&distance(b)))
}

/// Distances between two listed strikes of one expiration, up to a tenth of the price, ascending.
fn listed_widths(quotes: &[PricedQuote], right: OptionRight, spot: Decimal) -> Vec<Decimal> {
    let contracts = || quotes.iter().map(|quote| &quote.quote.contract).filter(|c| c.right == right);
    let expirations: BTreeSet<_> = contracts().map(|c| (c.last_trade_date, c.expiration, &c.root)).collect();
    let mut widths = BTreeSet::new();
    for (last_trade_date, expiration, root) in expirations {
        let listed = contracts().filter(|c| {
            c.last_trade_date == last_trade_date && c.expiration == expiration && c.root == *root
        });
        let strikes: BTreeSet<Decimal> = listed.map(|c| c.strike).collect();
        for low in &strikes {
            let near = strikes.range((std::ops::Bound::Excluded(*low), std::ops::Bound::Unbounded));
            widths.extend(near.map(|high| *high - *low).take_while(|width| *width <= spot * WIDEST_SHARE));
        }
    }
    widths.into_iter().collect()
}

/// The user's limits in exact numbers.
fn constraints(case: &Case) -> Result<Constraints, ValidationError> {
    let given = &case.constraints;
    Ok(Constraints {
        max_delta: limit("constraints.max_delta", given.max_delta)?,
        min_roc: limit("constraints.min_roc", given.min_roc)?,
        dte_min: given.dte_min,
        dte_max: given.dte_max,
        min_open_interest: given.min_open_interest,
        max_spread_pct: limit("constraints.max_spread_pct", given.max_spread_pct)?,
        min_credit_pct: limit("constraints.min_credit_pct", given.min_credit_pct)?,
        include_non_standard: false,
    })
}

/// The shares that calls are written on; none for a buy-write and for other strategies.
fn holding(case: &Case) -> Result<Option<Holding>, ValidationError> {
    let held = &case.params.trade.position;
    if case.params.trade.strategy != Strategy::CoveredCall || held.shares == 0 {
        return Ok(None);
    }
    let cost_basis = held.cost_basis.map(|basis| limit("position.cost_basis", basis)).transpose()?;
    Ok(Some(Holding { shares: held.shares, cost_basis }))
}

pub(super) fn limit(field: &str, value: f64) -> Result<Decimal, ValidationError> {
    exact(value)
        .ok_or_else(|| ValidationError::new(field, format!("{value} is no number that can be compared")))
}
