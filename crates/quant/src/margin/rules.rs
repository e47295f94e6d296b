//! The rates of Regulation T and FINRA Rule 4210, in dollars a share.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::OptionRight;

use crate::strategy::legs::intrinsic;

/// What the underlying is to the margin rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnderlyingClass {
    /// A stock or a narrow fund: 20 % of the underlying.
    #[default]
    Equity,
    /// A fund on a broad index, such as SPY: 15 %.
    BroadIndexEtf,
    /// A broad-based index, such as SPX: 15 %.
    BroadIndex,
    /// An index on one sector, such as SOX: 20 %.
    NarrowIndex,
    /// An index of volatility, such as VIX: 20 %.
    VolatilityIndex,
}

/// The tickers and option roots of what is no plain stock. A leveraged fund is not here: its rate is its leverage times its index's.
const CLASSES: [(UnderlyingClass, &[&str]); 4] = [
    (
        UnderlyingClass::BroadIndexEtf,
        &[
            "SPY", "IVV", "VOO", "SPLG", "VTI", "ITOT", "SCHB", "QQQ", "QQQM", "DIA", "IWM", "IWB", "IWV",
            "VTWO", "OEF", "MDY", "IJH", "IJR",
        ],
    ),
    (
        UnderlyingClass::BroadIndex,
        &[
            "SPX", "SPXW", "XSP", "NANOS", "OEX", "XEO", "NDX", "NDXP", "XND", "RUT", "RUTW", "MRUT", "RUI",
            "RLG", "RLV", "DJX",
        ],
    ),
    (UnderlyingClass::NarrowIndex, &["SOX", "XAU", "HGX", "OSX", "UTY", "BKX", "KBX"]),
    (UnderlyingClass::VolatilityIndex, &["VIX", "VIXW", "RVX", "VXN"]),
];

impl UnderlyingClass {
    /// The class of a ticker or an option root, `^` and `$` before it aside; a stock's where it is not a known index or broad fund.
    #[must_use]
    pub fn of_ticker(ticker: &str) -> Self {
        let ticker = ticker.trim().trim_start_matches(['^', '$']);
        let known =
            |(_, tickers): &&(Self, &[&str])| tickers.iter().any(|known| known.eq_ignore_ascii_case(ticker));
        CLASSES.iter().find(known).map_or(Self::Equity, |(class, _)| *class)
    }

    /// The share of the underlying's price that an uncovered option asks for, a fraction: 0.20 or 0.15. Cboe Rule
    /// 10.3(c)(5)(A), FINRA 4210(f)(2)(E).
    #[must_use]
    pub fn naked_rate(self) -> Decimal {
        match self {
            Self::Equity | Self::NarrowIndex | Self::VolatilityIndex => Decimal::new(20, 2),
            Self::BroadIndexEtf | Self::BroadIndex => Decimal::new(15, 2),
        }
    }

    /// Whether it is an index, which has no shares to hold.
    #[must_use]
    pub fn is_index(self) -> bool {
        matches!(self, Self::BroadIndex | Self::NarrowIndex | Self::VolatilityIndex)
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

/// Dollars a share to keep a stock position that a long option protects, a put under long shares or a call over short ones: 10 % of the
/// strike and what the option is out of the money, at most what the stock alone asks. Cboe Margin Manual, "Long Put and Long
/// Underlying", "Long Call and Short Underlying"; FINRA 4210(f)(2)(G)(v).
///
/// `spot` and `strike` are dollars a share, 0 to 10,000,000 (not checked).
#[must_use]
pub fn protected_stock_maintenance(spot: Decimal, strike: Decimal, short: bool) -> Decimal {
    let out_of_the_money = intrinsic(if short { OptionRight::Put } else { OptionRight::Call }, spot, strike);
    (TEN_PERCENT * strike + out_of_the_money).min(stock_maintenance(spot, short))
}

/// Dollars a share to keep long shares between a long put and a short call of one expiration: 10 % of the put's strike and what the put is
/// out of the money, at most 25 % of the call's strike; with one strike (a conversion) 10 % of it. Cboe Margin Manual, "Collar",
/// "Conversion"; FINRA 4210(f)(2)(G)(v).
///
/// Prices are dollars a share, 0 to 10,000,000, the put's strike at or below the call's (not checked).
#[must_use]
pub fn collar_maintenance(spot: Decimal, put_strike: Decimal, call_strike: Decimal) -> Decimal {
    if put_strike == call_strike {
        return TEN_PERCENT * put_strike;
    }
    let out_of_the_money = intrinsic(OptionRight::Call, spot, put_strike);
    (TEN_PERCENT * put_strike + out_of_the_money).min(stock_maintenance(call_strike, false))
}

/// Dollars a share to keep short shares with a short put and a long call of one strike and expiration: 10 % of the strike and what the
/// put is in the money. Cboe Margin Manual, "Reverse Conversion"; FINRA 4210(f)(2)(G)(v).
///
/// Prices are dollars a share, 0 to 10,000,000 (not checked).
#[must_use]
pub fn reverse_conversion_maintenance(spot: Decimal, strike: Decimal) -> Decimal {
    TEN_PERCENT * strike + intrinsic(OptionRight::Put, spot, strike)
}
