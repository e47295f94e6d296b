//! `portfolio`: value, net and beta-weighted Greeks, payoff, margin and assignment risk of positions.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_calendar::{expiration_close, new_york_date};
use ttai_core::CashDividend;
use ttai_quant::risk::{NetGreeks, PositionLeg, ShortOption, UnderlyingPosition, position_risk};
use ttai_quant::strategy::LegInstrument;

use super::assignment::AssignmentAnswer;
use super::legs::{Class, LegRow, UnderlyingLegs, by_underlying, class_of, legs, only_underlying, positive};
use super::margin::{MarginAnswer, Prices, margin_apart};
use super::quotes::{ExDividends, Meta};
use crate::CalcError;
use crate::input::{Moment, Money, Number, optional, to_f64};

/// Most portfolios of one request.
const MAX_PORTFOLIOS: usize = 1_000;

/// Positions: the legs of one underlying, of several with `spots`, or one set of legs after the other under `portfolios`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct PortfolioRequest {
    /// The legs, each with its entry, mark and Greeks.
    #[serde(default)]
    pub legs: Vec<LegRow>,
    /// Several positions, in place of `legs`, with `id`, `legs` and `underlying_price` each.
    #[serde(default)]
    pub portfolios: Vec<PositionRow>,
    /// Price of the underlying in dollars, where there is one. Also `S`, `spot`.
    #[serde(default, alias = "S", alias = "spot", deserialize_with = "optional")]
    pub underlying_price: Option<Money>,
    /// Prices in dollars by ticker, where the legs are on several: `{"AAPL": 648.43, "SPY": 194.46}`.
    #[serde(default)]
    pub spots: BTreeMap<String, Money>,
    /// Beta of the underlying to the index.
    #[serde(default, deserialize_with = "optional")]
    pub beta: Option<Number>,
    /// Price of the index in dollars. Also `index_price`.
    #[serde(default, alias = "index_price", deserialize_with = "optional")]
    pub spy_price: Option<Number>,
    /// Continuously compounded rate, a fraction a year; 0 unless given. Also `r`.
    #[serde(default, alias = "r", deserialize_with = "optional")]
    pub rate: Option<Number>,
    /// Market time; without it days to expiration are the legs' `dte` and dividends do not count.
    #[serde(default, deserialize_with = "optional")]
    pub as_of: Option<Moment>,
    /// Cash dividends of the underlying: `"2014-08-07:3.29;…"` or a list of `{"ex_date": …, "cash": …}`.
    #[serde(default, deserialize_with = "optional")]
    pub dividends: Option<ExDividends>,
    /// `equity`, `broad_index_etf`, `broad_index`, `narrow_index` or `volatility_index`; by the ticker unless given.
    #[serde(default, deserialize_with = "optional")]
    pub class: Option<Class>,
    /// `beta`, `spy_price`, `rate_continuous`, `dividends` and `snapshot_utc` as the reference files keep them, in place of the fields above.
    #[serde(default)]
    pub meta: Meta,
}

/// One of several positions.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct PositionRow {
    /// Its name, which comes back.
    #[serde(default, deserialize_with = "optional")]
    pub id: Option<String>,
    /// The legs.
    pub legs: Vec<LegRow>,
    /// Price of the underlying in dollars.
    #[serde(alias = "S", alias = "spot")]
    pub underlying_price: Money,
    /// Beta of the underlying to the index; the request's unless given.
    #[serde(default, deserialize_with = "optional")]
    pub beta: Option<Number>,
    /// Cash dividends of the underlying; the request's unless given.
    #[serde(default, deserialize_with = "optional")]
    pub dividends: Option<ExDividends>,
}

/// A short option's assignment risk.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct LegAssignment {
    /// 21-character OCC symbol, where the leg says it.
    pub occ_symbol: Option<String>,
    /// The rules that hold and what they add up to.
    #[serde(flatten)]
    pub risk: AssignmentAnswer,
}

/// A position's figures, in dollars.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PositionAnswer {
    /// The position's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Paid (negative: received).
    pub cost_basis: f64,
    /// Worth at the marks (negative: owed).
    pub market_value: f64,
    /// The difference.
    pub unrealized_pnl: f64,
    /// Sums over the legs: delta in shares, theta a day, vega a volatility point, rho a percentage point.
    pub net_greeks: NetGreeks,
    /// Option legs without Greeks; the sums leave them out.
    pub legs_without_greeks: usize,
    /// delta · S.
    pub dollar_delta: f64,
    /// delta · beta · S / index, in shares of the index.
    pub beta_weighted_delta_spy: Option<f64>,
    /// Beta to the index.
    pub beta: Option<f64>,
    /// Price of the index.
    pub spy_price: Option<f64>,
    /// Largest profit at expiration from entry prices; null where it has no bound, or where the legs end on several days.
    pub max_profit: Option<f64>,
    /// Largest loss as a positive number; null as above.
    pub max_loss: Option<f64>,
    /// Prices at which it neither gains nor loses at expiration; null where the legs end on several days.
    pub breakevens: Option<Vec<f64>>,
    /// What Regulation T asks.
    pub margin: MarginAnswer,
    /// Of each short option.
    pub assignment: Vec<LegAssignment>,
}

/// The answer about one position or several.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum PortfolioAnswer {
    /// About `legs`.
    One(Box<PositionAnswer>),
    /// About `portfolios`, or about the legs of several underlyings, each with its ticker as `id`.
    Several {
        /// In the order of the request.
        portfolios: Vec<PositionAnswer>,
        /// What is asked for the legs of all underlyings, which never offset each other.
        #[serde(skip_serializing_if = "Option::is_none")]
        margin: Option<MarginAnswer>,
    },
}

/// What all positions of a request share.
struct World {
    beta: Option<f64>,
    index: Option<f64>,
    rate: f64,
    as_of: Option<DateTime<Utc>>,
    dividends: Vec<CashDividend>,
    class: Option<Class>,
    symbol: Option<String>,
}

/// The definitions of [`ttai_quant::risk`].
///
/// # Errors
/// [`CalcError`] for legs or prices that are none.
pub fn portfolio(request: PortfolioRequest) -> Result<PortfolioAnswer, CalcError> {
    let dividends = request.dividends.or(request.meta.dividends);
    let world = World {
        beta: request.beta.or(request.meta.beta).map(|beta| beta.0),
        index: request.spy_price.or(request.meta.spy_price).map(|price| price.0),
        rate: request.rate.or(request.meta.rate_continuous).map_or(0.0, |rate| rate.0),
        as_of: request.as_of.or(request.meta.snapshot_utc).map(|moment| moment.0),
        dividends: dividends.map_or_else(|| Ok(Vec::new()), |dividends| dividends.read())?,
        class: request.class,
        symbol: request.meta.symbol,
    };
    if request.portfolios.len() > MAX_PORTFOLIOS {
        let count = request.portfolios.len();
        return Err(CalcError::question(format!("{count} portfolios are more than {MAX_PORTFOLIOS}")));
    }
    if !request.portfolios.is_empty() {
        let named =
            request.portfolios.iter().map(|row| only_underlying(&row.legs)).collect::<Result<Vec<_>, _>>()?;
        let mut named: Vec<String> = named.into_iter().flatten().collect();
        named.sort_unstable();
        named.dedup();
        world.check_shared_by(&named)?;
        let portfolios =
            request.portfolios.iter().map(|row| world.position(row)).collect::<Result<_, _>>()?;
        return Ok(PortfolioAnswer::Several { portfolios, margin: None });
    }
    legs(&request.legs, world.as_of)?;
    let underlyings = by_underlying(&request.legs)?;
    if underlyings.len() > 1 {
        return world.several(&underlyings, &request.spots);
    }
    let only = UnderlyingLegs::all_of(&request.legs, underlyings.first());
    let spot = only.spot("underlying_price", &request.spots, request.underlying_price)?;
    let row = PositionRow::of(None, &only, spot);
    Ok(PortfolioAnswer::One(Box::new(world.position(&row)?)))
}

impl PositionRow {
    fn of(id: Option<String>, on: &UnderlyingLegs, spot: Decimal) -> Self {
        Self { id, legs: on.rows.clone(), underlying_price: Money(spot), beta: None, dividends: None }
    }
}

impl World {
    /// Refuses what belongs to one underlying where the legs are on several.
    fn check_shared_by(&self, underlyings: &[String]) -> Result<(), CalcError> {
        let given = [
            ("beta", self.beta.is_some()),
            ("dividends", !self.dividends.is_empty()),
            ("class", self.class.is_some()),
        ];
        match given.iter().find(|(_, given)| *given).filter(|_| underlyings.len() > 1) {
            None => Ok(()),
            Some((field, _)) => Err(CalcError::question(format!(
                "'{field}' is one underlying's, the legs are on {}; {}",
                underlyings.join(" and "),
                if *field == "class" { "leave it out" } else { "give it to each of 'portfolios'" }
            ))),
        }
    }

    /// The legs of several underlyings: each by itself, and the margin of all.
    fn several(
        &self,
        underlyings: &[UnderlyingLegs],
        spots: &BTreeMap<String, Money>,
    ) -> Result<PortfolioAnswer, CalcError> {
        let names: Vec<String> = underlyings.iter().filter_map(|on| on.name.clone()).collect();
        self.check_shared_by(&names)?;
        let position = |on: &UnderlyingLegs| {
            self.position(&PositionRow::of(on.name.clone(), on, on.spot_of_several(spots)?))
        };
        let prices = Prices { field: "underlying_price", only: None, listed: spots };
        Ok(PortfolioAnswer::Several {
            portfolios: underlyings.iter().map(position).collect::<Result<_, _>>()?,
            margin: Some(margin_apart(underlyings, &prices, self.class, self.as_of)?),
        })
    }

    fn position(&self, row: &PositionRow) -> Result<PositionAnswer, CalcError> {
        let spot = positive("underlying_price", row.underlying_price)?;
        let legs = legs(&row.legs, self.as_of)?;
        let ticker = only_underlying(&row.legs)?.or_else(|| self.symbol.clone());
        let beta = row.beta.map(|beta| beta.0).or(self.beta);
        let own = row.dividends.as_ref().map(ExDividends::read).transpose()?;
        let dividends = own.as_deref().unwrap_or(&self.dividends);
        let with_greeks: Vec<PositionLeg> = legs
            .iter()
            .zip(&row.legs)
            .map(|(leg, row)| PositionLeg { leg: leg.clone(), greeks: row.greeks() })
            .collect();
        let risk = position_risk(&UnderlyingPosition {
            legs: &with_greeks,
            spot,
            class: class_of(self.class, ticker.as_deref()),
            beta: beta.zip(self.index),
        })?;
        let assignment = with_greeks.iter().zip(&row.legs).enumerate();
        let assignment = assignment.filter_map(|(index, (leg, terms))| {
            self.assignment(&leg.leg, terms, spot, dividends, index + 1).transpose()
        });
        Ok(PositionAnswer {
            id: row.id.clone(),
            cost_basis: to_f64(risk.cost_basis),
            market_value: to_f64(risk.market_value),
            unrealized_pnl: to_f64(risk.unrealized_pnl),
            net_greeks: risk.net_greeks,
            legs_without_greeks: risk.legs_without_greeks,
            dollar_delta: risk.dollar_delta,
            beta_weighted_delta_spy: risk.beta_weighted_delta,
            beta,
            spy_price: self.index,
            max_profit: risk.payoff.as_ref().and_then(|payoff| payoff.max_profit).map(to_f64),
            max_loss: risk.payoff.as_ref().and_then(|payoff| payoff.max_loss).map(to_f64),
            breakevens: risk.payoff.map(|payoff| payoff.breakevens.into_iter().map(to_f64).collect()),
            margin: MarginAnswer::of(&risk.margin),
            assignment: assignment.collect::<Result<_, CalcError>>()?,
        })
    }

    /// A short option's assignment risk; none for what cannot be assigned.
    fn assignment(
        &self,
        leg: &ttai_quant::strategy::Leg,
        row: &LegRow,
        spot: Decimal,
        dividends: &[CashDividend],
        place: usize,
    ) -> Result<Option<LegAssignment>, CalcError> {
        let LegInstrument::Option { right, strike, last_trade_date, .. } = leg.instrument else {
            return Ok(None);
        };
        if !leg.quantity.is_sign_negative() {
            return Ok(None);
        }
        let today = self.as_of.map(new_york_date);
        let known = last_trade_date != NaiveDate::MAX;
        let dte = match (today.filter(|_| known), row.dte) {
            (Some(today), _) => (last_trade_date - today).num_days(),
            (None, Some(dte)) => dte.0,
            (None, None) => {
                return Err(CalcError::question(format!(
                    "leg {place}: give 'dte', or 'as_of' and an expiration"
                )));
            }
        };
        let close = self.as_of.zip(expiration_close(last_trade_date));
        let seconds = |(from, to): (DateTime<Utc>, DateTime<Utc>)| (to - from).num_seconds() as f64;
        let years = close.map_or(dte as f64 / 365.0, |span| (seconds(span) / (365.0 * 86_400.0)).max(0.0));
        let next = today.and_then(|today| {
            let ahead = dividends.iter().filter(|dividend| dividend.ex_date > today);
            ahead
                .min_by_key(|dividend| dividend.ex_date)
                .map(|next| ((next.ex_date - today).num_days(), next.amount))
        });
        let risk = AssignmentAnswer::of(&ShortOption {
            right,
            spot,
            strike,
            mark: leg.mark,
            dte,
            years,
            rate: self.rate,
            days_to_ex: next.map(|(days, _)| days),
            dividend: next.and_then(|(_, amount)| crate::input::parse_money(&amount.to_string())),
        });
        Ok(Some(LegAssignment { occ_symbol: row.occ_symbol.clone(), risk }))
    }
}
