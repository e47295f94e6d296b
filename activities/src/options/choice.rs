//! The choice of a contract: the request for the selection, and for verticals the comparison of widths.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use ttai_contract::{OpenInterestPolicy, SpreadType, Strategy, ValidationError};
use ttai_core::{OptionContract, OptionRight};
use ttai_quant::chain::PricedQuote;
use ttai_quant::margin::UnderlyingClass;
use ttai_quant::strategy::select::{Holding, NEAREST};
use ttai_quant::strategy::{
    Candidate, Constraints, EventWindow, SelectError, Selection, SelectionRequest, StrategySpec, select,
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
    /// What it was chosen from.
    pub(super) quotes: Vec<PricedQuote>,
    /// Which vertical, of verticals.
    pub(super) spread_type: Option<SpreadType>,
    /// The width that was asked for and the one that was used, where no two strikes are as far apart as was asked.
    pub(super) other_width: Option<(Decimal, Decimal)>,
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
        Strategy::Csp => asking.plain(StrategySpec::CashSecuredPut),
        Strategy::CoveredCall => asking.plain(StrategySpec::CoveredCall),
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
    fn plain(&self, sold: StrategySpec) -> Result<Choice, AnalystError> {
        self.choose(sold, None)
    }

    /// Chooses among the contracts that count. Where none of them is a pick, contracts with other days may come nearer: those
    /// whose days alone miss by less than what the nearest ones miss are looked at, too.
    fn choose(&self, sold: StrategySpec, spread_type: Option<SpreadType>) -> Result<Choice, AnalystError> {
        let window = self.constraints.counted_window();
        let quotes = self.offered(sold, |dte| window.contains(&dte));
        let first = self.select(sold, &quotes);
        let reach = match &first {
            Ok(selection) => reach(selection),
            Err(SelectError::NoContracts { .. }) => Some(f64::INFINITY),
            Err(_) => None,
        };
        let farther =
            |dte: i64, reach: f64| !window.contains(&dte) && self.constraints.days_missed(dte) <= reach;
        let sells = |contract: &&OptionContract| contract.right == sold.short_right();
        let mut others =
            self.case.contracts().filter(sells).map(|contract| contract.dte(self.case.view.date));
        let (quotes, selection) = match reach.filter(|reach| others.any(|dte| farther(dte, *reach))) {
            Some(reach) => {
                let quotes = self.offered(sold, |dte| window.contains(&dte) || farther(dte, reach));
                let selection = self.select(sold, &quotes);
                (quotes, selection)
            }
            None => (quotes, first),
        };
        let selection = selection.map_err(|error| self.explain(error))?;
        Ok(Choice { selection, quotes, spread_type, other_width: None })
    }

    fn offered(&self, sold: StrategySpec, wanted: impl Fn(i64) -> bool) -> Vec<PricedQuote> {
        self.market.offered(self.case, sold.short_right(), wanted)
    }

    fn vertical(&self) -> Result<Choice, AnalystError> {
        let spread_type = spread_type(self.case, self.facts);
        let asked = self.case.params.trade.width.map(|width| limit("width", width)).transpose()?;
        let sold = |width| StrategySpec::Spread { spread_type, width };
        let width = match asked {
            Some(width) => self.nearest_width(sold(width), width),
            None => self.best_width(sold)?,
        };
        let choice = self.choose(sold(width), Some(spread_type))?;
        Ok(Choice {
            other_width: asked.filter(|asked| *asked != width).map(|asked| (asked, width)),
            ..choice
        })
    }

    /// The listed width that is nearest to the one asked for, of two equally near the narrower; what was asked for where none is listed.
    fn nearest_width(&self, sold: StrategySpec, asked: Decimal) -> Decimal {
        let window = self.constraints.counted_window();
        let inside =
            self.case.contracts().filter(|contract| window.contains(&contract.dte(self.case.view.date)));
        // A width that is asked for may be wider than those that are tried unasked.
        let widths = listed_widths(inside, sold.short_right(), self.market.spot.max(asked / WIDEST_SHARE));
        widths.into_iter().min_by_key(|width| (*width - asked).abs()).unwrap_or(asked)
    }

    /// Of all listed widths up to a tenth of the price the one whose best vertical ranks first; of equals the narrowest.
    fn best_width(&self, sold: impl Fn(Decimal) -> StrategySpec) -> Result<Decimal, AnalystError> {
        let window = self.constraints.dte_min..=self.constraints.dte_max;
        let inside = self.offered(sold(Decimal::ONE), |dte| window.contains(&dte));
        let right = sold(Decimal::ONE).short_right();
        let widths = listed_widths(inside.iter().map(|quote| &quote.quote.contract), right, self.market.spot);
        let mut best: Option<(Decimal, Selection)> = None;
        for width in &widths {
            match self.select(sold(*width), &inside) {
                Ok(next) if best.as_ref().is_none_or(|(_, held)| ranks(&next, held) == Ordering::Less) => {
                    best = Some((*width, next));
                }
                Ok(_) | Err(SelectError::NoContracts { .. }) => {}
                Err(error) => return Err(self.explain(error)),
            }
        }
        // Without any pair inside the window of days the narrowest width that is listed at all explains why.
        let fallback = || listed_widths(self.case.contracts(), right, self.market.spot).first().copied();
        let width = best.map(|(width, _)| width).or_else(fallback);
        width.ok_or_else(|| {
            AnalystError::NotEnoughData(format!(
                "the option chain of {} lists no two {right}s of one expiration within a tenth of the price; \
                 give a width that is listed",
                self.case.view.symbol
            ))
        })
    }

    fn select(&self, strategy: StrategySpec, quotes: &[PricedQuote]) -> Result<Selection, SelectError> {
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
            class: UnderlyingClass::of_ticker(self.case.view.symbol.as_str()),
        })
    }

    fn explain(&self, error: SelectError) -> AnalystError {
        let error = match error {
            // Of all that trade, not of those that were looked at.
            SelectError::NoContracts { right, .. } => {
                SelectError::NoContracts { right, quotes: self.case.contracts().count() }
            }
            error => error,
        };
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

/// How far contracts may miss the window of days and still change what a selection says; none where it is a pick. One that misses by
/// its days alone, however far, comes before a relaxation of two limits.
fn reach(selection: &Selection) -> Option<f64> {
    let diagnosis = selection.diagnosis.as_ref()?;
    let near = &diagnosis.nearest_misses;
    let shown = near.get(NEAREST - 1).map_or(f64::INFINITY, |farthest| farthest.distance);
    let of_one_limit = diagnosis.relaxation.as_ref().filter(|relaxation| relaxation.changes.len() == 1);
    let admitted = of_one_limit.map(|relaxation| &relaxation.contract);
    let is_shown = admitted.is_some() && near.iter().any(|near| Some(&near.contract) == admitted);
    Some(if is_shown { shown } else { f64::INFINITY })
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
fn listed_widths<'a>(
    contracts: impl Iterator<Item = &'a OptionContract>,
    right: OptionRight,
    spot: Decimal,
) -> Vec<Decimal> {
    let mut series: BTreeMap<_, BTreeSet<Decimal>> = BTreeMap::new();
    for contract in contracts.filter(|contract| contract.right == right) {
        let key = (contract.last_trade_date, contract.expiration, &contract.root);
        series.entry(key).or_default().insert(contract.strike);
    }
    let mut widths = BTreeSet::new();
    for strikes in series.values() {
        for low in strikes {
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
        allow_unreported_open_interest: case.lacks_open_interest()
            && given.unknown_open_interest != OpenInterestPolicy::Exclude,
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

#[cfg(test)]
mod tests;
