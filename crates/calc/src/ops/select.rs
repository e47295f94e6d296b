//! `select`: which contract of a chain to sell under constraints, and what each of the others lacks.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::OptionChain;
use ttai_core::SpreadType;
use ttai_quant::strategy::select::{self, Miss, evaluate};
use ttai_quant::strategy::{
    Candidate, Constraint, Constraints, OptionsVerdict, SelectionRequest, StrategySpec,
};

use super::chain::{ChainRequest, market};
use super::legs::{Class, class_of};
use super::quotes::{ExDividends, Meta, PricedChain, QuoteRow, Rows};
use crate::CalcError;
use crate::input::{Moment, Money, Number, Whole, optional, to_f64};

/// A chain as in `chain`, what to sell of it, and the limits.
///
/// Rows with a snapshot time are priced here; rows without one (as those of the put files) keep the volatility and delta that they bring.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct SelectRequest {
    /// `csp` (unless given), `covered_call` or `spread`.
    #[serde(default, deserialize_with = "optional")]
    pub strategy: Option<StrategyName>,
    /// Spreads: `bull_put` (unless given) or `bear_call`.
    #[serde(default, deserialize_with = "optional")]
    pub spread_type: Option<SpreadType>,
    /// Spreads: dollars between the strikes.
    #[serde(default, alias = "spread_width", deserialize_with = "optional")]
    pub width: Option<Money>,
    /// The limits; the standard ones for what is not given. Also `filter`.
    #[serde(default, alias = "filter")]
    pub constraints: Limits,
    /// Whether every contract is answered with the limits that it misses.
    #[serde(default)]
    pub all: bool,
    /// As in `chain`.
    #[serde(
        default,
        alias = "quotes",
        alias = "contracts",
        alias = "candidates",
        deserialize_with = "optional"
    )]
    pub rows: Option<Rows>,
    /// As in `chain`.
    #[serde(default)]
    pub row: Option<QuoteRow>,
    /// As in `chain`.
    #[serde(default)]
    pub chain: Option<OptionChain>,
    /// As in `chain`.
    #[serde(default, alias = "S", alias = "underlying_price", deserialize_with = "optional")]
    pub spot: Option<Money>,
    /// As in `chain`.
    #[serde(default, alias = "r", alias = "rate_continuous", deserialize_with = "optional")]
    pub rate: Option<Number>,
    /// As in `chain`.
    #[serde(default, deserialize_with = "optional")]
    pub dividends: Option<ExDividends>,
    /// As in `chain`.
    #[serde(default, alias = "snapshot_time", deserialize_with = "optional")]
    pub as_of: Option<Moment>,
    /// As in `chain`.
    #[serde(default, alias = "underlying", deserialize_with = "optional")]
    pub symbol: Option<String>,
    /// As in `chain`.
    #[serde(default)]
    pub meta: Meta,
}

/// What is sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StrategyName {
    /// A put with the cash to buy the shares.
    Csp,
    /// A call on shares.
    CoveredCall,
    /// A vertical credit spread.
    Spread,
}

/// The limits; both ends are inclusive.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
pub struct Limits {
    /// Largest absolute delta, 0 to 1; 0.30 unless given. Also `max_abs_delta`.
    #[serde(default, alias = "max_abs_delta", deserialize_with = "optional")]
    pub max_delta: Option<Money>,
    /// Least return in percent per 7 days at the bid; 0.5 unless given. Also `min_weekly_roc_pct`.
    #[serde(default, alias = "min_weekly_roc_pct", alias = "min_roc_weekly", deserialize_with = "optional")]
    pub min_roc: Option<Money>,
    /// Fewest days to the last trade date; 14 unless given.
    #[serde(default, deserialize_with = "optional")]
    pub dte_min: Option<Whole>,
    /// Most days to the last trade date; 45 unless given.
    #[serde(default, deserialize_with = "optional")]
    pub dte_max: Option<Whole>,
    /// Least open interest; 100 unless given.
    #[serde(default, deserialize_with = "optional")]
    pub min_open_interest: Option<Whole>,
    /// Widest bid–ask spread in percent of the mid; 10 unless given. Also `max_spread_pct_of_mid`.
    #[serde(default, alias = "max_spread_pct_of_mid", deserialize_with = "optional")]
    pub max_spread_pct: Option<Money>,
    /// Spreads: least credit in percent of the width; 20 unless given.
    #[serde(default, deserialize_with = "optional")]
    pub min_credit_pct: Option<Money>,
}

impl Limits {
    fn constraints(&self) -> Result<Constraints, CalcError> {
        let standard = Constraints::default();
        let money = |given: Option<Money>, otherwise: Decimal| given.map_or(otherwise, |money| money.0);
        let open = self.min_open_interest.map_or(Ok(standard.min_open_interest), |whole| {
            u64::try_from(whole.0).map_err(|_| {
                CalcError::question(format!("min_open_interest is {}; give 0 or more contracts", whole.0))
            })
        })?;
        Ok(Constraints {
            max_delta: money(self.max_delta, standard.max_delta),
            min_roc: money(self.min_roc, standard.min_roc),
            dte_min: self.dte_min.map_or(standard.dte_min, |days| days.0),
            dte_max: self.dte_max.map_or(standard.dte_max, |days| days.0),
            min_open_interest: open,
            allow_unreported_open_interest: standard.allow_unreported_open_interest,
            max_spread_pct: money(self.max_spread_pct, standard.max_spread_pct),
            min_credit_pct: money(self.min_credit_pct, standard.min_credit_pct),
            include_non_standard: standard.include_non_standard,
        })
    }
}

/// A contract that passes.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Ranked {
    /// Its place, from 1.
    pub rank: usize,
    /// 21-character OCC symbol.
    pub occ_symbol: String,
    /// Calendar days to the last trade date.
    pub dte: i64,
    /// Strike in dollars.
    pub strike: f64,
    /// Bid in dollars a share.
    pub bid: f64,
    /// Delta.
    pub delta: Option<f64>,
    /// Percent per 7 days at the bid.
    pub roc_weekly_pct: Option<f64>,
    /// Percent per 365 days at the bid, not compounded.
    pub roc_annual_pct: Option<f64>,
    /// First breakeven at the bid, in dollars.
    pub breakeven: Option<f64>,
    /// Probability of profit (0 to 1) at the bid.
    pub pop: Option<f64>,
    /// Regulation T margin of one contract at the bid, in dollars.
    pub regt_naked_margin: f64,
}

impl Ranked {
    fn of(candidate: &Candidate, place: usize) -> Self {
        let at_bid = &candidate.at_bid;
        Self {
            rank: place + 1,
            occ_symbol: candidate.occ_symbol.clone(),
            dte: candidate.dte,
            strike: to_f64(candidate.strike),
            bid: to_f64(candidate.bid),
            delta: candidate.greeks.map(|greeks| greeks.delta),
            roc_weekly_pct: at_bid.roc.map(|roc| roc.weekly_pct),
            roc_annual_pct: at_bid.roc.map(|roc| roc.annual_simple_pct),
            breakeven: at_bid.breakevens.first().copied().map(to_f64),
            pop: at_bid.probability_of_profit,
            regt_naked_margin: to_f64(at_bid.regt_margin),
        }
    }
}

/// A contract of the strategy's right with its economics, named as in the put files; money of one contract in dollars, returns in percent.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[expect(
    missing_docs,
    reason = "the names are the reference files' columns, which CALC.md lists with their formulas"
)]
pub struct CandidateRow {
    pub occ_symbol: String,
    pub expiry: NaiveDate,
    pub dte: i64,
    pub strike: f64,
    pub bid: f64,
    pub ask: f64,
    pub mid: f64,
    pub open_interest: Option<u64>,
    pub iv: Option<f64>,
    pub delta: Option<f64>,
    pub spread_pct: Option<f64>,
    pub otm_amount: f64,
    pub otm_pct: f64,
    pub breakeven_bid: Option<f64>,
    pub cash_required: Option<f64>,
    pub net_capital_bid: Option<f64>,
    pub roc_pct_bid: Option<f64>,
    pub roc_weekly_pct_bid: Option<f64>,
    pub roc_annual_pct_bid: Option<f64>,
    pub roc_annual_compound_pct_bid: Option<f64>,
    pub roc_net_pct_bid: Option<f64>,
    pub breakeven_mid: Option<f64>,
    pub roc_pct_mid: Option<f64>,
    pub roc_weekly_pct_mid: Option<f64>,
    pub roc_annual_pct_mid: Option<f64>,
    pub pop_bid: Option<f64>,
    pub prob_otm: Option<f64>,
    pub pop_delta_proxy: Option<f64>,
    pub regt_naked_margin_bid: f64,
    pub regt_naked_margin_mid: f64,
    pub return_on_margin_pct_bid: Option<f64>,
    pub passes: u8,
    pub fail_reasons: Vec<&'static str>,
}

impl CandidateRow {
    fn of(candidate: &Candidate) -> Self {
        let (bid, mid) = (&candidate.at_bid, &candidate.at_mid);
        Self {
            occ_symbol: candidate.occ_symbol.clone(),
            expiry: candidate.expiration,
            dte: candidate.dte,
            strike: to_f64(candidate.strike),
            bid: to_f64(candidate.bid),
            ask: to_f64(candidate.ask),
            mid: to_f64(candidate.mid),
            open_interest: candidate.open_interest,
            iv: candidate.iv,
            delta: candidate.greeks.map(|greeks| greeks.delta),
            spread_pct: candidate.spread_pct,
            otm_amount: to_f64(candidate.otm_amount),
            otm_pct: candidate.otm_pct,
            breakeven_bid: bid.breakevens.first().copied().map(to_f64),
            cash_required: bid.cash_required.map(to_f64),
            net_capital_bid: bid.net_of_premium.map(to_f64),
            roc_pct_bid: bid.roc.map(|roc| roc.period_pct),
            roc_weekly_pct_bid: bid.roc.map(|roc| roc.weekly_pct),
            roc_annual_pct_bid: bid.roc.map(|roc| roc.annual_simple_pct),
            roc_annual_compound_pct_bid: bid.roc.map(|roc| roc.annual_compound_pct),
            roc_net_pct_bid: bid.roc_net_pct,
            breakeven_mid: mid.breakevens.first().copied().map(to_f64),
            roc_pct_mid: mid.roc.map(|roc| roc.period_pct),
            roc_weekly_pct_mid: mid.roc.map(|roc| roc.weekly_pct),
            roc_annual_pct_mid: mid.roc.map(|roc| roc.annual_simple_pct),
            pop_bid: bid.probability_of_profit,
            prob_otm: candidate.prob_otm,
            pop_delta_proxy: candidate.pop_delta_proxy,
            regt_naked_margin_bid: to_f64(bid.regt_margin),
            regt_naked_margin_mid: to_f64(mid.regt_margin),
            return_on_margin_pct_bid: bid.return_on_margin_pct,
            passes: u8::from(candidate.passes()),
            fail_reasons: candidate.fail_reasons(),
        }
    }
}

/// The verdict, and what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SelectAnswer {
    /// `select`, `watchlist` (only the return misses) or `reject`.
    pub verdict: OptionsVerdict,
    /// Contracts with days inside the limits or the standard window.
    pub considered: usize,
    /// Contracts that keep every limit.
    pub passed: usize,
    /// How many of the considered miss each limit.
    pub fail_counts: BTreeMap<Constraint, usize>,
    /// The first of the ranking; on a watchlist the first of those that miss only the return.
    pub best: Option<CandidateRow>,
    /// What `best` misses.
    pub shortfall: Vec<Miss>,
    /// Every contract that passes: annual return at the bid descending, expiration ascending, strike ascending.
    pub ranked: Vec<Ranked>,
    /// Asked for with `all`: every contract of the strategy's right, in the chain's order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub candidates: Option<Vec<CandidateRow>>,
}

fn strategy_of(request: &SelectRequest) -> Result<StrategySpec, CalcError> {
    Ok(match request.strategy.unwrap_or(StrategyName::Csp) {
        StrategyName::Csp => StrategySpec::CashSecuredPut,
        StrategyName::CoveredCall => StrategySpec::CoveredCall,
        StrategyName::Spread => StrategySpec::Spread {
            spread_type: request.spread_type.unwrap_or_default(),
            width: request.width.map(|width| width.0).ok_or_else(|| {
                CalcError::question("a spread needs a 'width': dollars between the strikes, such as 5")
            })?,
        },
    })
}

/// The rules of [`ttai_quant::strategy::select()`].
///
/// # Errors
/// [`CalcError`] for limits that no contract could mean, or a chain that cannot be read.
pub fn select(request: SelectRequest) -> Result<SelectAnswer, CalcError> {
    let (strategy, constraints, all) =
        (strategy_of(&request)?, request.constraints.constraints()?, request.all);
    let market = market(ChainRequest {
        rows: request.rows,
        row: request.row,
        chain: request.chain,
        spot: request.spot,
        rate: request.rate,
        dividends: request.dividends,
        as_of: request.as_of,
        symbol: request.symbol,
        meta: request.meta,
    })?;
    let (rate, dividends) = (market.rate, market.dividends.clone());
    let PricedChain { quotes, spot, as_of, underlying } = market.priced(true)?;
    let question = SelectionRequest {
        quotes: &quotes,
        spot,
        rate,
        as_of,
        strategy,
        constraints,
        events: &[],
        holding: None,
        dividends: &dividends,
        chart: &select::ChartLevels::default(),
        class: class_of(None::<Class>, Some(underlying.as_str())),
    };
    let found = select::select(&question)?;
    let candidates = all.then(|| evaluate(&question)).transpose()?;
    Ok(SelectAnswer {
        verdict: found.verdict,
        considered: found.considered,
        passed: found.ranked.len(),
        fail_counts: found.fail_counts,
        best: found.best.as_ref().map(CandidateRow::of),
        shortfall: found.shortfall,
        ranked: found
            .ranked
            .iter()
            .enumerate()
            .map(|(place, candidate)| Ranked::of(candidate, place))
            .collect(),
        candidates: candidates.map(|rows| rows.iter().map(CandidateRow::of).collect()),
    })
}
