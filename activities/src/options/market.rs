//! The chain with what its prices imply: volatilities, Greeks, term structure, expected moves, rank.

use std::sync::Arc;

use rust_decimal::Decimal;
use ttai_contract::{ExpectedMove, ImpliedEventNote};
use ttai_core::{DividendStatus, NEW_YORK, OptionContract, OptionRight};
use ttai_ports::{Fact, Unknown};
use ttai_quant::chain::{
    ExpirationVolatility, ImpliedEvent, PricedQuote, RankUnavailable, hv30, implied_events, iv_percentile,
    iv_rank, iv30, term_structure,
};

use super::Case;
use super::number::{exact, float};
use super::pricers::{Pricers, SharedPricer};
use crate::failure::AnalystError;

/// Why there is no rank of the implied volatility.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum NoRank {
    /// The provider stores none.
    NoHistory,
    /// Whoever stores it could not be read: who, and how it failed.
    Unreachable(String),
    /// The stored sessions give none.
    Unavailable(RankUnavailable),
}

/// What the chain implies.
pub(super) struct Market {
    pricer: Arc<SharedPricer>,
    /// The quotes that decide the volatilities at the money, both rights.
    at_the_money: Vec<PricedQuote>,
    /// Price of the underlying beside the chain, in dollars.
    pub(super) spot: Decimal,
    pub(super) structure: Vec<ExpirationVolatility>,
    pub(super) events: Vec<ImpliedEvent>,
    pub(super) iv30: Option<f64>,
    pub(super) hv30: Option<f64>,
    /// Rank and percentile, 0 to 100.
    pub(super) rank: Result<(f64, f64), NoRank>,
}

impl Market {
    /// Looks at the standard contracts that still trade; prices those at the money.
    pub(super) fn of(case: &Case, pricers: &Pricers) -> Result<Self, AnalystError> {
        let price = case.chain.underlying.price().unwrap_or(case.view.price);
        let spot = exact(price).ok_or_else(|| {
            AnalystError::NotEnoughData(format!("{} has no usable price beside its chain", case.view.symbol))
        })?;
        let pricer = pricers.of(&case.chain, case.rate.continuous, &case.view.dividends);
        let at_the_money = since(case, pricer.lock().at_the_money(|contract| case.trades(contract)));
        let structure = term_structure(&at_the_money, price);
        let iv30 = iv30(&structure);
        Ok(Self {
            events: implied_events(&structure),
            hv30: hv30(&case.view.bars),
            rank: rank(case, iv30),
            pricer,
            at_the_money,
            spot,
            structure,
            iv30,
        })
    }

    /// The contracts of a right whose days `wanted` takes, priced, and what decides the volatilities at the money of the
    /// other right: enough for a choice among the former.
    pub(super) fn offered(
        &self,
        case: &Case,
        right: OptionRight,
        wanted: impl Fn(i64) -> bool,
    ) -> Vec<PricedQuote> {
        let is_offered = |contract: &OptionContract| {
            contract.right == right && wanted(contract.dte(case.view.date)) && case.trades(contract)
        };
        let mut offered = since(case, self.pricer.lock().priced(is_offered));
        offered.extend(self.at_the_money.iter().filter(|quote| quote.quote.contract.right != right).cloned());
        offered
    }

    /// Price of the underlying as a float.
    pub(super) fn price(&self) -> f64 {
        float(self.spot)
    }

    /// Implied over historical volatility.
    pub(super) fn iv_to_hv(&self) -> Option<f64> {
        ttai_quant::chain::iv_to_hv(self.iv30?, self.hv30?)
    }

    /// Expected moves of the expirations with days from `dte_min` to `dte_max`, nearest first.
    pub(super) fn expected_moves(&self, case: &Case) -> Vec<ExpectedMove> {
        let window = case.constraints.dte_min..=case.constraints.dte_max;
        self.structure
            .iter()
            .map(|at| ExpectedMove {
                expiration: at.expiration,
                dte: (at.last_trade_date - case.view.date).num_days(),
                atm_iv: at.atm_iv,
                expected_move_1sd: at.expected_move_1sd,
                expected_move_straddle: at.expected_move_straddle,
            })
            .filter(|at| window.contains(&at.dte))
            .collect()
    }

    /// The implied events for the result, volatilities in percent.
    pub(super) fn event_notes(&self) -> Vec<ImpliedEventNote> {
        let note = |event: &ImpliedEvent| ImpliedEventNote {
            after: event.after,
            before: event.by,
            forward_volatility: 100.0 * event.forward_iv,
            base_volatility: 100.0 * event.forward_iv_before,
        };
        self.events.iter().map(note).collect()
    }
}

/// Refuses a chain that no analysis could use, whenever it was taken.
pub(super) fn refuse_unusable_chain(case: &Case) -> Result<(), AnalystError> {
    refuse_chain_before_split(case)?;
    refuse_chain_without_contracts(case)
}

/// Strikes from before a split cannot be read beside prices from after it.
fn refuse_chain_before_split(case: &Case) -> Result<(), AnalystError> {
    let taken = case.chain.snapshot_time.with_timezone(&NEW_YORK).date_naive();
    let between = |effective| taken < effective && effective <= case.view.date;
    match case.view.splits.iter().find(|split| between(split.effective)) {
        None => Ok(()),
        Some(split) => Err(AnalystError::NotEnoughData(format!(
            "the newest option chain of {} is from {taken}, before its split of {}; wait for a chain in today's shares",
            case.view.symbol, split.effective
        ))),
    }
}

/// A chain needs a standard contract that has not ended by the moment of the analysis.
fn refuse_chain_without_contracts(case: &Case) -> Result<(), AnalystError> {
    if case.contracts().next().is_some() {
        return Ok(());
    }
    Err(AnalystError::NotEnoughData(format!(
        "the newest option chain of {} ({}) lists no standard contract that still trades",
        case.view.symbol, case.chain.snapshot_time
    )))
}

/// Days count from the analysis, also where the chain is an older one.
fn since(case: &Case, mut quotes: Vec<PricedQuote>) -> Vec<PricedQuote> {
    for quote in &mut quotes {
        quote.dte = quote.quote.contract.dte(case.view.date);
    }
    quotes
}

/// From the stored sessions; where none are stored, as the provider itself ranks it.
fn rank(case: &Case, iv30: Option<f64>) -> Result<(f64, f64), NoRank> {
    let metrics = case.metrics.known(Fact::VolatilityRank, &case.metrics).map_err(|why| match why {
        Unknown::NotProvided => NoRank::NoHistory,
        Unknown::Unreachable(error) => NoRank::Unreachable(error.summary()),
    })?;
    if metrics.iv30_history.is_empty() {
        let figures = &metrics.figures;
        return figures.iv_rank.zip(figures.iv_percentile).ok_or(NoRank::NoHistory);
    }
    let today = iv30.ok_or(NoRank::Unavailable(RankUnavailable::Unknown))?;
    let rank = iv_rank(today, &metrics.iv30_history).map_err(NoRank::Unavailable)?;
    let percentile = iv_percentile(today, &metrics.iv30_history).map_err(NoRank::Unavailable)?;
    Ok((rank, percentile))
}

/// Projected dividends that the prices up to `last_trade_date` reckon with.
pub(super) fn projected_dividends(
    case: &Case,
    last_trade_date: chrono::NaiveDate,
) -> impl Iterator<Item = &ttai_core::CashDividend> {
    case.view.dividends.iter().filter(move |dividend| {
        dividend.status == DividendStatus::Projected
            && dividend.ex_date > case.view.date
            && dividend.ex_date <= last_trade_date
    })
}
