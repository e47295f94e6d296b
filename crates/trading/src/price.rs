//! Which prices an order may have: tick grids, the net market of its legs, the limit from the mid and the walk toward the
//! natural price. Never a market order, never a price beyond the natural one.
//!
//! Net prices are signed here, positive paid and negative received, so that a higher one is always worse for the trader.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use ttai_core::{Instrument, Symbol};

use crate::intent::{IntentLeg, NetPrice};
use crate::words::named;

/// The price steps of a class. Cboe Rule 5.4 (minimum increments) and, of shares, Regulation NMS Rule 612.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TickClass {
    /// Shares: 0.0001 below 1.00, else 0.01.
    Share,
    /// Options that trade in cents at every price: SPY, QQQ, IWM.
    EveryPenny,
    /// Options of the penny interval program: 0.01 below 3.00, else 0.05.
    Penny,
    /// All other options on stocks and funds: 0.05 below 3.00, else 0.10. What fits this grid fits the penny grids too, so it
    /// is the safe one where nobody says.
    Nickel,
    /// SPX: 0.05 below 3.00, else 0.10; several legs net 0.05.
    Spx,
}

impl TickClass {
    /// The class of an instrument; options whose program only the exchange's list knows are [`Self::Nickel`] unless
    /// `is_penny`.
    #[must_use]
    pub fn of(instrument: &Instrument, is_penny: bool) -> Self {
        let class = |underlying: Symbol| match underlying.as_str() {
            "SPX" => Self::Spx,
            "SPY" | "QQQ" | "IWM" => Self::EveryPenny,
            _ if is_penny => Self::Penny,
            _ => Self::Nickel,
        };
        instrument.contract().map_or(Self::Share, |contract| class(contract.underlying()))
    }

    /// The step in dollars a share at a price, its direction aside, of an order of so many legs.
    #[must_use]
    pub fn tick(self, price: Decimal, legs: usize) -> Decimal {
        let is_low = price.abs() < Decimal::from(3);
        let ten_thousandths = match self {
            Self::Spx if legs > 1 => 500,
            Self::Share if legs == 1 && price.abs() < Decimal::ONE => 1,
            Self::Share | Self::EveryPenny => 100,
            Self::Penny | Self::Nickel if legs > 1 => 100,
            Self::Penny if is_low => 100,
            Self::Penny => 500,
            Self::Nickel | Self::Spx if is_low => 500,
            Self::Nickel | Self::Spx => 1_000,
        };
        Decimal::new(ten_thousandths, 4)
    }

    /// The price of the grid at or next to a signed one, in the trader's favour: pay less, receive more.
    #[must_use]
    pub fn in_favour(self, signed: Decimal, legs: usize) -> Decimal {
        let tick = self.tick(signed, legs);
        signed.checked_div(tick).map_or(signed, |steps| (steps.floor() * tick).normalize())
    }

    /// The class of an order: the coarsest of its legs'.
    fn of_legs(legs: &[IntentLeg], is_penny: bool) -> Self {
        let classes = || legs.iter().map(|leg| Self::of(&leg.instrument, is_penny));
        let coarsest = [Self::Spx, Self::Nickel, Self::Penny, Self::EveryPenny];
        coarsest.into_iter().find(|class| classes().any(|own| own == *class)).unwrap_or(Self::Share)
    }
}

/// The best bid and ask of a leg.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegQuote {
    /// What.
    pub instrument: Instrument,
    /// Dollars a share; none or 0 where nobody bids.
    pub bid: Option<Decimal>,
    /// Dollars a share; none or 0 where nobody offers.
    pub ask: Option<Decimal>,
    /// When the market was so; none where nobody says, which is stale.
    pub at: Option<DateTime<Utc>>,
}

/// Why no price can be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceError {
    /// No quote came.
    #[error("{} has no quote", named(.0))]
    Missing(Instrument),
    /// Bid or ask is missing.
    #[error("{} is quoted on one side only", named(.0))]
    OneSided(Instrument),
    /// The bid is above the ask.
    #[error("{} is crossed: bid {bid}, ask {ask}", named(instrument))]
    Crossed {
        /// Which leg.
        instrument: Instrument,
        /// Dollars a share.
        bid: Decimal,
        /// Dollars a share.
        ask: Decimal,
    },
    /// From the future: either clock is wrong, and how old a quote is cannot be said.
    #[error(
        "the quote of {} is {seconds} s ahead of ttai's clock: check that this computer's clock is right",
        named(instrument)
    )]
    Ahead {
        /// Which leg.
        instrument: Instrument,
        /// How far.
        seconds: i64,
    },
    /// Older than it may be, or of no known time.
    #[error("the quote of {} is {}, at most {most_seconds} seconds are allowed", named(instrument), aged(*age_seconds))]
    Stale {
        /// Which leg.
        instrument: Instrument,
        /// How old; none where nobody says.
        age_seconds: Option<i64>,
        /// How old it may be.
        most_seconds: u32,
    },
    /// Prices beyond all measure, or no legs.
    #[error("the legs' prices add up to no number")]
    Overflow,
    /// Even the first price would be worse than the worst allowed.
    #[error("the mid is {mid}, worse than the worst price allowed, {worst}")]
    BeyondWorst {
        /// Where the market is.
        mid: NetPrice,
        /// What is asked for at least.
        worst: NetPrice,
    },
}

/// Dollars a share, more than anything costs.
const MOST_DOLLARS: Decimal = Decimal::from_parts(10_000_000, 0, 0, false, 0);

fn aged(seconds: Option<i64>) -> String {
    match seconds {
        None => "of no known time".to_owned(),
        Some(seconds) => format!("{seconds} seconds old"),
    }
}

/// A market's clock may run ahead of ours by so much, in seconds.
const SKEW_SECONDS: i64 = 2;

/// Checks one quote, and gives bid and ask.
///
/// # Errors
/// [`PriceError`] says what is wrong with it.
pub fn two_sides(
    quote: &LegQuote,
    now: DateTime<Utc>,
    most_seconds: u32,
) -> Result<(Decimal, Decimal), PriceError> {
    let instrument = || quote.instrument.clone();
    let positive = |price: Option<Decimal>| price.filter(|price| *price > Decimal::ZERO);
    let sides = positive(quote.bid).zip(positive(quote.ask));
    let (bid, ask) = sides.ok_or_else(|| PriceError::OneSided(instrument()))?;
    if bid.max(ask) > MOST_DOLLARS {
        return Err(PriceError::Overflow);
    }
    if bid > ask {
        return Err(PriceError::Crossed { instrument: instrument(), bid, ask });
    }
    match quote.at.map(|at| (now - at).num_milliseconds()) {
        Some(age) if age < -1_000 * SKEW_SECONDS => {
            Err(PriceError::Ahead { instrument: instrument(), seconds: -age / 1_000 })
        }
        Some(age) if age <= 1_000 * i64::from(most_seconds) => Ok((bid, ask)),
        age => {
            let age_seconds = age.map(|age| age / 1_000);
            Err(PriceError::Stale { instrument: instrument(), age_seconds, most_seconds })
        }
    }
}

/// What one unit of all legs costs; signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetMarket {
    /// Every leg at its mid.
    pub mid: Decimal,
    /// Every purchase at the ask, every sale at the bid: what can be had at once.
    pub natural: Decimal,
    /// The grid.
    pub class: TickClass,
    /// How many legs.
    pub legs: usize,
}

impl NetMarket {
    /// The net market of legs; each ratio counts.
    ///
    /// # Errors
    /// [`PriceError`] of the first leg that has no quote to trade on.
    pub fn of(
        legs: &[IntentLeg],
        quotes: &[LegQuote],
        is_penny: bool,
        now: DateTime<Utc>,
        most_seconds: u32,
    ) -> Result<Self, PriceError> {
        let (mut mid, mut natural) = (Decimal::ZERO, Decimal::ZERO);
        for leg in legs {
            let quote = quotes.iter().find(|quote| quote.instrument == leg.instrument);
            let quote = quote.ok_or_else(|| PriceError::Missing(leg.instrument.clone()))?;
            let (bid, ask) = two_sides(quote, now, most_seconds)?;
            let is_buy = leg.action.is_buy();
            mid = add(mid, half(bid, ask), leg.ratio, is_buy)?;
            natural = add(natural, Some(if is_buy { ask } else { bid }), leg.ratio, is_buy)?;
        }
        if legs.is_empty() || mid.abs().max(natural.abs()) > MOST_DOLLARS {
            return Err(PriceError::Overflow);
        }
        Ok(Self { mid, natural, class: TickClass::of_legs(legs, is_penny), legs: legs.len() })
    }

    /// The limit to begin with: the mid, on the grid in the trader's favour.
    #[must_use]
    pub fn limit(&self) -> NetPrice {
        NetPrice::of_signed(self.in_favour(self.mid))
    }

    /// The limits to try one after the other, from the mid toward the natural price, each on the grid and worse than
    /// the one before.
    ///
    /// # Errors
    /// [`PriceError::BeyondWorst`] where not even the mid is good enough.
    pub fn walk(&self, policy: &WalkPolicy) -> Result<Vec<NetPrice>, PriceError> {
        let concession = policy.most_concession.max(Decimal::ZERO);
        let mut cap = self.natural.min(self.mid.checked_add(concession).ok_or(PriceError::Overflow)?);
        let first = self.in_favour(self.mid);
        if let Some(worst) = policy.worst {
            cap = cap.min(worst.signed());
            if first > worst.signed() {
                return Err(PriceError::BeyondWorst { mid: NetPrice::of_signed(self.mid), worst });
            }
        }
        let room = (cap - self.mid).max(Decimal::ZERO);
        let steps = policy.steps.min(MOST_STEPS);
        let at = |step: u32| self.in_favour(self.mid + room * Decimal::from(step) / Decimal::from(steps));
        let mut limits = vec![first];
        for limit in (1..=steps).map(at) {
            if limits.last().is_none_or(|last| limit > *last) {
                limits.push(limit);
            }
        }
        Ok(limits.into_iter().map(NetPrice::of_signed).collect())
    }

    fn in_favour(&self, signed: Decimal) -> Decimal {
        self.class.in_favour(signed, self.legs)
    }
}

/// More steps than anyone walks.
const MOST_STEPS: u32 = 100;

/// How far and in how many steps a limit gives way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalkPolicy {
    /// Steps after the first limit, at most 100; 0 stays at the mid.
    pub steps: u32,
    /// Dollars a share that are given up from the mid at most.
    pub most_concession: Decimal,
    /// The worst price, such as a configured minimum entry credit.
    pub worst: Option<NetPrice>,
}

fn half(bid: Decimal, ask: Decimal) -> Option<Decimal> {
    bid.checked_add(ask).map(|both| both / Decimal::TWO)
}

fn add(sum: Decimal, price: Option<Decimal>, ratio: u32, is_buy: bool) -> Result<Decimal, PriceError> {
    let amount = price.and_then(|price| price.checked_mul(Decimal::from(ratio)));
    let signed = amount.map(|amount| if is_buy { amount } else { -amount });
    signed.and_then(|signed| sum.checked_add(signed)).ok_or(PriceError::Overflow)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;
    use ttai_core::OrderAction::{BuyToOpen, SellToOpen};

    use super::*;
    use crate::testing::{at, cents, instrument, leg};

    const PUT: &str = "AAPL  140621P00630000";
    const LOWER: &str = "AAPL  140621P00620000";
    const SPX: &str = "SPXW  140620C01950000";
    const SPX_UP: &str = "SPXW  140620C01975000";

    fn now() -> DateTime<Utc> {
        at("2014-06-06T10:00")
    }

    fn quote(text: &str, bid: i64, ask: i64) -> LegQuote {
        LegQuote {
            instrument: instrument(text),
            bid: Some(cents(bid)),
            ask: Some(cents(ask)),
            at: Some(now()),
        }
    }

    fn market(legs: &[IntentLeg], quotes: &[LegQuote], is_penny: bool) -> NetMarket {
        NetMarket::of(legs, quotes, is_penny, now(), 15).unwrap()
    }

    #[test]
    fn each_class_has_its_grid() {
        use TickClass::{EveryPenny, Nickel, Penny, Share, Spx};
        for (class, price, legs, tick) in [
            (Penny, "2.99", 1, "0.01"),
            (Penny, "3.00", 1, "0.05"),
            (Penny, "3.00", 2, "0.01"),
            (EveryPenny, "7.00", 1, "0.01"),
            (Nickel, "2.95", 1, "0.05"),
            (Nickel, "-3.00", 1, "0.1"),
            (Nickel, "9.00", 4, "0.01"),
            (Spx, "2.95", 1, "0.05"),
            (Spx, "3.00", 1, "0.1"),
            (Spx, "30.00", 2, "0.05"),
            (Share, "0.99", 1, "0.0001"),
            (Share, "1.00", 1, "0.01"),
        ] {
            assert_eq!(class.tick(price.parse().unwrap(), legs), tick.parse().unwrap(), "{class:?} {price}");
        }
        assert_eq!(TickClass::of(&instrument(SPX), true), Spx);
        assert_eq!(TickClass::of(&instrument("SPY   140620C00195000"), false), EveryPenny);
        assert_eq!(TickClass::of(&instrument(PUT), true), Penny);
    }

    #[test]
    fn a_limit_is_the_mid_rounded_in_the_traders_favour() {
        let put = |action| [leg(PUT, action, 1)];
        for (legs, bid, ask, is_penny, limit) in [
            // Mid 5.085: a seller asks 5.10, a buyer bids 5.05.
            (put(SellToOpen), 505, 512, true, NetPrice::Credit(cents(510))),
            (put(BuyToOpen), 505, 512, true, NetPrice::Debit(cents(505))),
            // The same on the dime grid: 5.10 and 5.00.
            (put(BuyToOpen), 505, 512, false, NetPrice::Debit(cents(500))),
            // Mid 2.985 in cents below 3.00.
            (put(SellToOpen), 296, 301, true, NetPrice::Credit(cents(299))),
        ] {
            assert_eq!(market(&legs, &[quote(PUT, bid, ask)], is_penny).limit(), limit);
        }
    }

    #[test]
    fn several_legs_are_priced_net_of_their_ratios() {
        let spread = [leg(PUT, SellToOpen, 1), leg(LOWER, BuyToOpen, 1)];
        let net = market(&spread, &[quote(PUT, 505, 515), quote(LOWER, 300, 309)], false);
        // Mids 5.10 and 3.045: 2.055 received, so 2.06 is asked; at once 5.05 − 3.09 = 1.96 is to be had.
        assert_eq!((net.mid, net.natural), (Decimal::new(-2055, 3), cents(-196)));
        assert_eq!(net.limit(), NetPrice::Credit(cents(206)));
        let ratio = [leg(PUT, SellToOpen, 1), leg(LOWER, BuyToOpen, 2)];
        // 2 × 3.045 − 5.10 = 0.99 paid.
        assert_eq!(market(&ratio, &[quote(PUT, 505, 515), quote(LOWER, 300, 309)], false).mid, cents(99));
        let spx = [leg(SPX, SellToOpen, 1), leg(SPX_UP, BuyToOpen, 1)];
        // Mids 20.30 and 8.13: 12.17 received, 12.20 on the grid of 0.05.
        let net = market(&spx, &[quote(SPX, 2020, 2040), quote(SPX_UP, 803, 823)], true);
        assert_eq!(net.limit(), NetPrice::Credit(cents(1220)));
    }

    #[test]
    fn a_walk_goes_to_its_cap_and_no_further() {
        let spread = [leg(PUT, SellToOpen, 1), leg(LOWER, BuyToOpen, 1)];
        let net = market(&spread, &[quote(PUT, 505, 515), quote(LOWER, 300, 309)], false);
        let walk = |steps, most: i64, worst: Option<i64>| {
            let worst = worst.map(|worst| NetPrice::Credit(cents(worst)));
            let limits = net.walk(&WalkPolicy { steps, most_concession: cents(most), worst })?;
            Ok(limits.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        };
        // Mid 2.055, natural 1.96: 0.095 in four steps of 0.02375 are 2.03125, 2.0075, 1.98375, 1.96, each rounded up.
        let to_natural = "2.06 credit, 2.04 credit, 2.01 credit, 1.99 credit, 1.96 credit";
        assert_eq!(walk(4, 100, None).unwrap(), to_natural);
        // At most 0.03 from the mid: 2.025, which is 2.03 on the grid.
        assert_eq!(walk(3, 3, None).unwrap(), "2.06 credit, 2.05 credit, 2.04 credit, 2.03 credit");
        assert_eq!(
            walk(4, 100, Some(200)).unwrap(),
            "2.06 credit, 2.05 credit, 2.03 credit, 2.02 credit, 2.00 credit"
        );
        assert_eq!(walk(0, 100, None).unwrap(), "2.06 credit");
        let worst = NetPrice::Credit(cents(207));
        let mid = NetPrice::Credit(Decimal::new(2055, 3));
        assert_eq!(walk(4, 100, Some(207)), Err(PriceError::BeyondWorst { mid, worst }));
    }

    #[test]
    fn quotes_that_cannot_be_traded_on_are_refused_by_name() {
        let legs = [leg(PUT, SellToOpen, 1)];
        let price = |quotes: &[LegQuote]| NetMarket::of(&legs, quotes, true, now(), 15);
        let name = || instrument(PUT);
        let good = quote(PUT, 505, 512);
        let moved = |seconds| LegQuote { at: Some(now() - TimeDelta::seconds(seconds)), ..good.clone() };
        let stale =
            |age_seconds| Err(PriceError::Stale { instrument: name(), age_seconds, most_seconds: 15 });
        assert_eq!(price(&[]), Err(PriceError::Missing(name())));
        assert_eq!(price(&[quote(PUT, 0, 512)]), Err(PriceError::OneSided(name())));
        assert_eq!(price(&[LegQuote { ask: None, ..good.clone() }]), Err(PriceError::OneSided(name())));
        let (bid, ask) = (cents(513), cents(512));
        let crossed = Err(PriceError::Crossed { instrument: name(), bid, ask });
        assert_eq!(price(&[quote(PUT, 513, 512)]), crossed);
        assert!(price(&[moved(15)]).is_ok() && price(&[moved(-2)]).is_ok());
        assert_eq!(price(&[moved(16)]), stale(Some(16)));
        assert_eq!(price(&[moved(-3)]), Err(PriceError::Ahead { instrument: name(), seconds: 3 }));
        assert_eq!(price(&[LegQuote { at: None, ..good.clone() }]), stale(None));
        let sentence =
            "the quote of AAPL 2014-06-21 630 put is 16 seconds old, at most 15 seconds are allowed";
        assert_eq!(price(&[moved(16)]).unwrap_err().to_string(), sentence);
        let huge = LegQuote { bid: Some(Decimal::MAX), ask: Some(Decimal::MAX), ..quote(PUT, 1, 1) };
        assert_eq!(price(&[huge]), Err(PriceError::Overflow));
        // Each price is one, ten of it are none that an order could have.
        let tenfold = [leg(PUT, SellToOpen, 10)];
        let net = |dollars| NetMarket::of(&tenfold, &[quote(PUT, dollars, dollars)], true, now(), 15);
        assert!(net(100_000_000).is_ok() && net(100_000_001) == Err(PriceError::Overflow));
    }

    proptest! {
        #[test]
        fn no_walk_leaves_the_grid_or_passes_the_natural_price(
            bid in 1_i64..2_000, width in 0_i64..300, other in 1_i64..2_000, is_buy in any::<bool>(),
            is_penny in any::<bool>(), pair in any::<bool>(), steps in 0_u32..8, most in 0_i64..200,
        ) {
            let (action, against) = if is_buy { (BuyToOpen, SellToOpen) } else { (SellToOpen, BuyToOpen) };
            let mut legs = vec![leg(PUT, action, 1)];
            if pair {
                legs.push(leg(LOWER, against, 1));
            }
            let quotes = [quote(PUT, bid, bid + width), quote(LOWER, other, other + width)];
            let net = market(&legs, &quotes, is_penny);
            let policy = WalkPolicy { steps, most_concession: cents(most), worst: None };
            let limits: Vec<Decimal> = net.walk(&policy).unwrap().iter().map(|limit| limit.signed()).collect();
            prop_assert!(limits.len() <= steps as usize + 1);
            prop_assert!(limits.windows(2).all(|pair| pair[0] < pair[1]));
            for limit in limits {
                prop_assert!(limit <= net.natural.min(net.mid + cents(most)));
                prop_assert!((limit % net.class.tick(limit, net.legs)).is_zero());
            }
        }
    }
}
