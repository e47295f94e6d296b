//! Legs of a position as they come in requests.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Deserialize;
use ttai_calendar::{expiration_close, last_trade_date, new_york_date};
use ttai_core::option::OccSymbol;
use ttai_core::{OptionRight, SettlementTime};
use ttai_quant::chain::ContractGreeks;
use ttai_quant::margin::UnderlyingClass;
use ttai_quant::strategy::{Leg, LegInstrument};

use crate::CalcError;
use crate::input::{Day, Money, Number, Whole, optional};

/// Which rate uncovered options carry.
pub type Class = UnderlyingClass;

/// Shares of a contract unless said otherwise.
const CONTRACT_SIZE: i64 = 100;

/// The class that is given, else the underlying's, else a stock's.
pub(crate) fn class_of(given: Option<Class>, symbol: Option<&str>) -> Class {
    given.or_else(|| symbol.map(Class::of_ticker)).unwrap_or_default()
}

/// Shares or options.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LegKind {
    /// Shares of the underlying.
    Stock,
    /// An option on it.
    Option,
}

/// One line of a position, all prices in dollars a share.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct LegRow {
    /// `stock` or `option`; `option` where the leg has a strike or an OCC symbol.
    #[serde(default, deserialize_with = "optional")]
    pub kind: Option<LegKind>,
    /// 21-character OCC symbol; says expiration, right and strike where their own fields are missing.
    #[serde(default, deserialize_with = "optional")]
    pub occ_symbol: Option<String>,
    /// Ticker of the underlying.
    #[serde(default, alias = "symbol", deserialize_with = "optional")]
    pub underlying: Option<String>,
    /// Price of the underlying in dollars, where the legs are on several. Also `S`, `spot`.
    #[serde(default, alias = "S", alias = "spot", deserialize_with = "optional")]
    pub underlying_price: Option<Money>,
    /// Whole contracts, or shares; negative is short. Also `qty`.
    #[serde(alias = "qty")]
    pub quantity: Money,
    /// Shares of a contract, 100 unless given. Also `mult`.
    #[serde(default, alias = "mult", deserialize_with = "optional")]
    pub multiplier: Option<Whole>,
    /// What it was opened at. Also `premium`, `price`.
    #[serde(alias = "premium", alias = "price")]
    pub entry: Money,
    /// What it is worth now; `entry` unless given.
    #[serde(default, deserialize_with = "optional")]
    pub mark: Option<Money>,
    /// `call` or `put`. Also `type`, `C`, `P`.
    #[serde(default, alias = "type", deserialize_with = "optional")]
    pub right: Option<OptionRight>,
    /// Strike. Also `K`.
    #[serde(default, alias = "K", deserialize_with = "optional")]
    pub strike: Option<Money>,
    /// Listed expiration. Also `expiry`.
    #[serde(default, alias = "expiry", deserialize_with = "optional")]
    pub expiration: Option<Day>,
    /// Last session in which it trades; by the exchange's calendar unless given.
    #[serde(default, deserialize_with = "optional")]
    pub last_trade_date: Option<Day>,
    /// Calendar days to that session.
    #[serde(default, deserialize_with = "optional")]
    pub dte: Option<Whole>,
    /// Implied volatility, a fraction a year.
    #[serde(default, deserialize_with = "optional")]
    pub iv: Option<Number>,
    /// Change per dollar of the underlying.
    #[serde(default, deserialize_with = "optional")]
    pub delta: Option<Number>,
    /// Change of delta per dollar.
    #[serde(default, deserialize_with = "optional")]
    pub gamma: Option<Number>,
    /// Change per calendar day.
    #[serde(default, deserialize_with = "optional")]
    pub theta: Option<Number>,
    /// Change per volatility point.
    #[serde(default, deserialize_with = "optional")]
    pub vega: Option<Number>,
    /// Change per percentage point of the rate.
    #[serde(default, deserialize_with = "optional")]
    pub rho: Option<Number>,
}

impl LegRow {
    fn is_option(&self) -> bool {
        let has_terms = self.strike.is_some() || self.occ_symbol.is_some();
        self.kind.map_or(has_terms, |kind| kind == LegKind::Option)
    }

    /// The leg, which must exist at `as_of`; `place` counts from 1.
    pub(crate) fn leg(&self, place: usize, as_of: Option<DateTime<Utc>>) -> Result<Leg, CalcError> {
        if let Some(days) = self.dte.filter(|days| days.0 < 0) {
            return Err(CalcError::question(format!(
                "leg {place}: {} days to expiration: it has expired; leave it out, or put the shares or cash that it \
                 became in its place",
                days.0
            )));
        }
        let instrument = if self.is_option() { self.option(place)? } else { LegInstrument::Stock };
        let leg = Leg {
            instrument,
            quantity: self.quantity.0,
            entry: self.entry.0,
            mark: self.mark.unwrap_or(self.entry).0,
        };
        let leg = leg.checked();
        let leg = match as_of.map(first_open_date) {
            Some(date) => leg.and_then(|leg| leg.open_on(date)),
            None => leg,
        };
        leg.map_err(|source| CalcError::Leg { place, source })
    }

    /// What the leg is on, as it says it or as its OCC symbol does.
    fn named_underlying(&self) -> Option<String> {
        let root = || Some(OccSymbol::parse(self.occ_symbol.as_deref()?).ok()?.root.to_string());
        let given = self.underlying.as_deref().map(str::trim).filter(|name| !name.is_empty());
        match (given, root()) {
            // An adjusted contract delivers something else than its underlying's shares.
            (_, Some(root)) if is_adjusted(&root) => Some(root),
            (Some(given), _) => Some(given.to_ascii_uppercase()),
            (None, root) => root,
        }
    }

    fn option(&self, place: usize) -> Result<LegInstrument, CalcError> {
        let wrong = |problem: String| CalcError::question(format!("leg {place}: {problem}"));
        let missing = |name: &str| wrong(format!("'{name}' is missing; give it or an 'occ_symbol'"));
        let occ = self.occ_symbol.as_deref().map(OccSymbol::parse).transpose();
        let occ = occ.map_err(|error| wrong(error.to_string()))?;
        let expiration = self.expiration.map(|day| day.0).or_else(|| occ.as_ref().map(|occ| occ.expiration));
        let last_trade_date = match (self.last_trade_date, expiration) {
            (Some(day), _) => day.0,
            (None, Some(expiration)) => last_trade_date(expiration, SettlementTime::Pm)?,
            // Legs without any date end together.
            (None, None) => NaiveDate::MAX,
        };
        let multiplier = self.multiplier.map_or(CONTRACT_SIZE, |whole| whole.0);
        Ok(LegInstrument::Option {
            right: self
                .right
                .or_else(|| occ.as_ref().map(|occ| occ.right))
                .ok_or_else(|| missing("right"))?,
            strike: self
                .strike
                .map(|money| money.0)
                .or_else(|| occ.as_ref().map(|occ| occ.strike))
                .ok_or_else(|| missing("strike"))?,
            last_trade_date,
            multiplier: u32::try_from(multiplier)
                .map_err(|_| wrong(format!("a multiplier of {multiplier} is no contract size")))?,
        })
    }

    /// The leg's Greeks, where all five are given.
    pub(crate) fn greeks(&self) -> Option<ContractGreeks> {
        Some(ContractGreeks {
            delta: self.delta?.0,
            gamma: self.gamma?.0,
            vega: self.vega?.0,
            theta: self.theta?.0,
            rho: self.rho?.0,
        })
    }
}

/// The first date whose expirations are not over at a moment: today until today's close.
fn first_open_date(as_of: DateTime<Utc>) -> NaiveDate {
    let today = new_york_date(as_of);
    let over = expiration_close(today).is_some_and(|close| as_of >= close);
    today.succ_opt().filter(|_| over).unwrap_or(today)
}

/// All legs, none of which may have expired at `as_of`.
pub(crate) fn legs(rows: &[LegRow], as_of: Option<DateTime<Utc>>) -> Result<Vec<Leg>, CalcError> {
    rows.iter().enumerate().map(|(index, row)| row.leg(index + 1, as_of)).collect()
}

/// Option roots of indices that have several.
const INDEX_ROOTS: [(&str, &str); 4] = [("SPXW", "SPX"), ("NDXP", "NDX"), ("RUTW", "RUT"), ("VIXW", "VIX")];

/// Whether a root is an adjusted contract's: the clearing house puts a digit at its end.
fn is_adjusted(root: &str) -> bool {
    root.len() > 1 && root.ends_with(|c: char| c.is_ascii_digit())
}

/// One spelling of an underlying: `BRK.B`, `BRK/B` and the root `BRKB` are the same, as are `^SPX` and `SPXW`.
fn spelled(name: &str) -> String {
    let letters: String =
        name.trim().chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    INDEX_ROOTS.iter().find(|(root, _)| *root == letters).map_or(letters, |(_, index)| (*index).to_owned())
}

/// The legs of a request on one underlying.
#[derive(Clone, Debug)]
pub(crate) struct UnderlyingLegs {
    /// As the legs name it; none where no leg names one.
    pub(crate) name: Option<String>,
    /// Its legs.
    pub(crate) rows: Vec<LegRow>,
    /// What its legs say that it costs.
    price: Option<Money>,
}

impl UnderlyingLegs {
    /// What the underlying costs: as `listed` or its legs say, else `only`.
    pub(crate) fn spot(
        &self,
        field: &str,
        listed: &BTreeMap<String, Money>,
        only: Option<Money>,
    ) -> Result<Decimal, CalcError> {
        let name = self.name.as_deref().map(spelled);
        let listed = listed.iter().find(|(symbol, _)| name.as_deref() == Some(&spelled(symbol)));
        match listed.map(|(_, price)| *price).or(self.price).or(only) {
            Some(price) => positive(field, price),
            None => Err(CalcError::question(format!("'{field}' is missing; give dollars above 0"))),
        }
    }
}

/// The legs by underlying, in order of appearance. Legs that name none belong to the only one that is named.
pub(crate) fn by_underlying(rows: &[LegRow]) -> Result<Vec<UnderlyingLegs>, CalcError> {
    let mut found: Vec<UnderlyingLegs> = Vec::new();
    let names: Vec<Option<String>> = rows.iter().map(LegRow::named_underlying).collect();
    let several = {
        let mut spellings: Vec<String> = names.iter().flatten().map(|name| spelled(name)).collect();
        spellings.sort_unstable();
        spellings.dedup();
        spellings.len() > 1
    };
    let only = names.iter().flatten().next();
    for (index, (row, name)) in rows.iter().zip(&names).enumerate() {
        let name = match name {
            Some(name) => Some(name),
            None if several => {
                return Err(CalcError::question(format!(
                    "leg {}: give its 'underlying'; the other legs are on several",
                    index + 1
                )));
            }
            None => only,
        };
        let same =
            |legs: &&mut UnderlyingLegs| legs.name.as_deref().map(spelled) == name.map(|name| spelled(name));
        match found.iter_mut().find(same) {
            Some(legs) => legs.add(row, index + 1)?,
            None => found.push(UnderlyingLegs {
                name: name.cloned(),
                rows: vec![row.clone()],
                price: row.underlying_price,
            }),
        }
    }
    Ok(found)
}

impl UnderlyingLegs {
    /// What it costs where the legs are on several underlyings, of which no single price is.
    pub(crate) fn spot_of_several(&self, listed: &BTreeMap<String, Money>) -> Result<Decimal, CalcError> {
        let name = self.name.as_deref().unwrap_or_default();
        self.spot(&format!("spots.{name}"), listed, None).map_err(|error| match error {
            CalcError::Question(text) => CalcError::question(format!(
                "{text} (the legs are on several underlyings, which never offset each other: each needs its own price, as in \
                 'spots': {{\"{name}\": …}})"
            )),
            error => error,
        })
    }

    /// All legs of a request that has one underlying, or none.
    pub(crate) fn all_of(rows: &[LegRow], only: Option<&Self>) -> Self {
        only.cloned().unwrap_or_else(|| Self { name: None, rows: rows.to_vec(), price: None })
    }

    fn add(&mut self, row: &LegRow, place: usize) -> Result<(), CalcError> {
        if let Some((known, given)) =
            self.price.zip(row.underlying_price).filter(|(known, given)| known != given)
        {
            return Err(CalcError::question(format!(
                "leg {place}: 'underlying_price' is {}, another leg on the same underlying says {}; give one price",
                given.0, known.0
            )));
        }
        self.price = self.price.or(row.underlying_price);
        self.rows.push(row.clone());
        Ok(())
    }
}

/// The one underlying of all legs, where any names it; refused where they are on several, which have no common payoff.
pub(crate) fn only_underlying(rows: &[LegRow]) -> Result<Option<String>, CalcError> {
    let mut found = by_underlying(rows)?;
    if found.len() > 1 {
        let names: Vec<String> = found.into_iter().filter_map(|legs| legs.name).collect();
        return Err(CalcError::question(format!(
            "the legs are on {}; ask about each underlying by itself",
            names.join(" and ")
        )));
    }
    Ok(found.pop().and_then(|legs| legs.name))
}

/// A price of the underlying above zero.
pub(crate) fn positive(name: &str, price: Money) -> Result<Decimal, CalcError> {
    if price.0 > Decimal::ZERO {
        Ok(price.0)
    } else {
        Err(CalcError::question(format!("{name} is {}; give dollars above 0", price.0)))
    }
}
