//! The market of the drill: shares with a put each, and calls on SPX and SPY, whose prices wander a little around where they began.
//! It computes nothing, so that what the drill costs is what trading costs.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{Days, NaiveDate};
use rust_decimal::Decimal;
use ttai_calendar::{new_york_instant, session_on_or_after};
use ttai_core::{Instrument, OccSymbol};
use ttai_sim::board::Board;

/// Calendar days to the expiration of the puts, and of the pair: no position expires while the drill plays.
const PUT_DAYS: u64 = 20;
const PAIR_DAYS: u64 = 6;

/// What is listed; prices in cents.
struct Listing {
    /// The option's root, or the ticker of what stands still.
    name: &'static str,
    /// Right and strike in dollars; none of shares and indices.
    option: Option<(char, u32)>,
    days: u64,
    middle: i64,
    /// How far from the middle it goes.
    reach: i64,
    half_spread: i64,
}

const fn share(name: &'static str, middle: i64) -> Listing {
    Listing { name, option: None, days: 0, middle, reach: 0, half_spread: 1 }
}

const fn put(name: &'static str, strike: u32, middle: i64, reach: i64, half_spread: i64) -> Listing {
    Listing { name, option: Some(('P', strike)), days: PUT_DAYS, middle, reach, half_spread }
}

const fn call(name: &'static str, strike: u32, middle: i64, reach: i64, half_spread: i64) -> Listing {
    Listing { name, option: Some(('C', strike)), days: PAIR_DAYS, middle, reach, half_spread }
}

/// Ten SPY calls bring about 2.00 more than the SPX call costs.
static LISTINGS: [Listing; 12] = [
    share("AAPL", 23_000),
    share("MSFT", 41_000),
    share("F", 1_200),
    share("INTC", 2_200),
    share("SPX", 600_000),
    share("SPY", 60_000),
    put("AAPL", 225, 640, 30, 4),
    put("MSFT", 405, 1_000, 40, 6),
    put("F", 11, 57, 4, 1),
    put("INTC", 21, 106, 6, 2),
    call("SPXW", 6_000, 4_000, 10, 10),
    call("SPY", 600, 420, 2, 1),
];

struct Wandering {
    instrument: Instrument,
    listing: &'static Listing,
    at: i64,
}

/// The board and what wanders on it.
pub(super) struct DrillMarket {
    pub(super) board: Arc<Board>,
    wandering: Mutex<(fastrand::Rng, Vec<Wandering>)>,
}

impl DrillMarket {
    /// Nothing is listed before the first [`DrillMarket::list`].
    ///
    /// # Errors
    /// Never for a day that the calendar knows.
    pub(super) fn open(first: NaiveDate, seed: u64) -> anyhow::Result<Self> {
        let end = new_york_instant(first + Days::new(90), 16, 0)?;
        let wandering = Mutex::new((fastrand::Rng::with_seed(seed), Vec::new()));
        Ok(Self { board: Arc::new(Board::until(end)), wandering })
    }

    /// Lists the contracts of a day, beside those of the days before.
    ///
    /// # Errors
    /// Never for a day that the calendar knows.
    pub(super) fn list(&self, day: NaiveDate) -> anyhow::Result<()> {
        let listed =
            LISTINGS.iter().map(|listing| listed(listing, day)).collect::<anyhow::Result<Vec<_>>>()?;
        {
            let mut wandering = self.wandering.lock().unwrap_or_else(PoisonError::into_inner);
            wandering.1.retain(|old| listed.iter().all(|new| new.instrument != old.instrument));
            wandering.1.extend(listed);
        }
        self.wander();
        Ok(())
    }

    /// Moves every price by a few cents.
    pub(super) fn wander(&self) {
        let mut wandering = self.wandering.lock().unwrap_or_else(PoisonError::into_inner);
        let (random, all) = &mut *wandering;
        for one in all {
            let Listing { middle, reach, half_spread, .. } = *one.listing;
            let step = random.i64(-half_spread..=half_spread);
            one.at = (one.at + step).clamp(middle - reach, middle + reach);
            let side = |cents: i64| Decimal::new(cents, 2);
            self.board.put(&one.instrument, side(one.at - half_spread), side(one.at + half_spread));
        }
    }
}

fn listed(listing: &'static Listing, day: NaiveDate) -> anyhow::Result<Wandering> {
    let instrument = match listing.option {
        None => Instrument::try_from(listing.name.to_owned())?,
        Some((right, strike)) => {
            let expiration = session_on_or_after(day + Days::new(listing.days))?.date;
            let (root, thousandths) = (listing.name, strike * 1_000);
            let symbol = format!("{root:<6}{}{right}{thousandths:08}", expiration.format("%y%m%d"));
            Instrument::Option(OccSymbol::parse(&symbol)?)
        }
    };
    Ok(Wandering { instrument, listing, at: listing.middle })
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use ttai_ports::MarketData;

    use super::*;

    #[tokio::test]
    async fn what_is_listed_can_be_traded_on_any_day_and_stays_near_where_it_began() {
        let first = NaiveDate::from_ymd_opt(2026, 9, 18).unwrap();
        let market = DrillMarket::open(first, 7).unwrap();
        for day in [first, first + Days::new(3)] {
            market.list(day).unwrap();
            for _ in 0..500 {
                market.wander();
            }
            let now = new_york_instant(day, 10, 0).unwrap().with_timezone(&Utc);
            for listing in LISTINGS.iter().filter(|listing| listing.option.is_some()) {
                let symbol = listing.name.trim_end_matches('W').parse().unwrap();
                let chain = market.board.option_chain(&symbol, now).await.unwrap();
                let mid = |bid, ask| (bid + ask) / Decimal::TWO;
                let of_day = chain.quotes.iter().filter(|quote| {
                    let days = (quote.contract.expiration - day).num_days();
                    days >= i64::try_from(listing.days).unwrap()
                });
                let far = Decimal::new(listing.reach, 2);
                let found: Vec<_> =
                    of_day.map(|quote| mid(quote.bid, quote.ask) - Decimal::new(listing.middle, 2)).collect();
                assert!(
                    !found.is_empty() && found.iter().all(|off| off.abs() <= far),
                    "{} {found:?}",
                    listing.name
                );
            }
        }
    }
}
