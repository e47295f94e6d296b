//! The rates of Regulation T and FINRA Rule 4210, in dollars a share.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::OptionRight;

use crate::strategy::legs::intrinsic;

/// Which rate an uncovered option carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnderlyingClass {
    /// A stock or a narrow fund: 20 % of the underlying.
    #[default]
    Equity,
    /// A fund on a broad index, such as SPY: 15 %.
    BroadIndexEtf,
}

impl UnderlyingClass {
    /// The share of the underlying's price that an uncovered option asks for, a fraction: 0.20 or 0.15. FINRA
    /// 4210(f)(2)(E).
    #[must_use]
    pub fn naked_rate(self) -> Decimal {
        match self {
            Self::Equity => Decimal::new(20, 2),
            Self::BroadIndexEtf => Decimal::new(15, 2),
        }
    }
}

const TEN_PERCENT: Decimal = Decimal::from_parts(10, 0, 0, false, 2);

/// Dollars a share for a short option that nothing covers: its value plus the greater of `rate`·S less the amount out of the
/// money, and 10 % of the strike (put) or of the underlying (call). FINRA 4210(f)(2)(E).
///
/// `spot`, `strike` and `mark` are dollars a share, 0 to 10,000,000; [`requirement`](super::requirement())
/// checks them, this does not.
#[must_use]
pub fn naked_option(
    right: OptionRight,
    spot: Decimal,
    strike: Decimal,
    mark: Decimal,
    class: UnderlyingClass,
) -> Decimal {
    let (out_of_the_money, floor) = match right {
        OptionRight::Put => (intrinsic(OptionRight::Call, spot, strike), TEN_PERCENT * strike),
        OptionRight::Call => (intrinsic(OptionRight::Put, spot, strike), TEN_PERCENT * spot),
    };
    mark + (class.naked_rate() * spot - out_of_the_money).max(floor)
}

/// Dollars a share to open a stock position, long or short: half its value (Regulation T, 12 CFR 220.12).
/// `price` is dollars a share, 0 or more (not checked).
#[must_use]
pub fn stock_initial(price: Decimal) -> Decimal {
    price / Decimal::TWO
}

/// Dollars a share to keep a stock position: 25 % long; short 30 % and at least 5 dollars, under 5 dollars the whole price and at
/// least 2.50. FINRA 4210(c). `price` is dollars a share, 0 to 10,000,000 (not checked).
#[must_use]
pub fn stock_maintenance(price: Decimal, short: bool) -> Decimal {
    let five = Decimal::from(5);
    if !short {
        return Decimal::new(25, 2) * price;
    }
    if price < five {
        return price.max(Decimal::new(250, 2));
    }
    (Decimal::new(30, 2) * price).max(five)
}
