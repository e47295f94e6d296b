//! Legs of a position as they come in requests.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Deserialize;
use ttai_calendar::last_trade_date;
use ttai_core::option::OccSymbol;
use ttai_core::{OptionRight, SettlementTime};
use ttai_quant::chain::ContractGreeks;
use ttai_quant::margin::UnderlyingClass;
use ttai_quant::strategy::{Leg, LegInstrument};

use crate::CalcError;
use crate::input::{Day, Money, Number, Whole, optional};

/// Which rate uncovered options carry.
pub type Class = UnderlyingClass;

/// Funds on broad indices, whose uncovered options carry the lower rate (FINRA 4210(f)(2)(E)).
const BROAD_INDEX_FUNDS: [&str; 8] = ["SPY", "IVV", "VOO", "QQQ", "DIA", "IWM", "VTI", "OEF"];
/// Shares of a contract unless said otherwise.
const CONTRACT_SIZE: i64 = 100;

/// The class that is given, else the underlying's, else a stock's.
pub(crate) fn class_of(given: Option<Class>, symbol: Option<&str>) -> Class {
    let broad = symbol
        .is_some_and(|symbol| BROAD_INDEX_FUNDS.iter().any(|fund| symbol.trim().eq_ignore_ascii_case(fund)));
    given.unwrap_or(if broad { UnderlyingClass::BroadIndexEtf } else { UnderlyingClass::Equity })
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
    /// Contracts or shares; negative is short. Also `qty`.
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

    /// The leg; `place` counts from 1.
    pub(crate) fn leg(&self, place: usize) -> Result<Leg, CalcError> {
        let instrument = if self.is_option() { self.option(place)? } else { LegInstrument::Stock };
        let leg = Leg {
            instrument,
            quantity: self.quantity.0,
            entry: self.entry.0,
            mark: self.mark.unwrap_or(self.entry).0,
        };
        leg.checked().map_err(|source| CalcError::Leg { place, source })
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

/// All legs.
pub(crate) fn legs(rows: &[LegRow]) -> Result<Vec<Leg>, CalcError> {
    rows.iter().enumerate().map(|(index, row)| row.leg(index + 1)).collect()
}

/// The ticker of the first leg that names one.
pub(crate) fn underlying(rows: &[LegRow]) -> Option<String> {
    let of_occ =
        |row: &LegRow| OccSymbol::parse(row.occ_symbol.as_deref()?).ok().map(|occ| occ.root.to_string());
    rows.iter().find_map(|row| row.underlying.clone().or_else(|| of_occ(row)))
}

/// A price of the underlying above zero.
pub(crate) fn positive(name: &str, price: Money) -> Result<Decimal, CalcError> {
    if price.0 > Decimal::ZERO {
        Ok(price.0)
    } else {
        Err(CalcError::question(format!("{name} is {}; give dollars above 0", price.0)))
    }
}
