//! Which contracts of a chain are wanted, where all of them would be more than is needed.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Bound, RangeInclusive};

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::chain::OptionQuote;
use crate::option::OptionContract;

/// Every contract up to a day, and of the expirations after it those near the money.
///
/// Which expiration is the next one, and which strike the nearest, is seen in what is listed: neither grid is assumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainFilter {
    /// Last trade date before which nothing is wanted.
    pub from: NaiveDate,
    /// Last trade date up to which every contract is wanted.
    pub whole_until: NaiveDate,
    /// Expirations after that day of which some contracts are wanted, the soonest ones.
    pub later_expirations: usize,
    /// Price of the underlying in dollars: what is near is near to it.
    pub price: Decimal,
    /// Strikes of each later expiration that are wanted on either side of the price, the nearest ones, with both rights.
    pub strikes: usize,
}

/// An expiration: two roots may end on one day and be listed for different ones.
type Expiration = (NaiveDate, NaiveDate);

fn expiration(contract: &OptionContract) -> Expiration {
    (contract.last_trade_date, contract.expiration)
}

impl ChainFilter {
    /// Leaves what is wanted of `items`, in their order. They have to be all that is listed on the underlying.
    pub fn retain<T>(&self, items: &mut Vec<T>, contract: impl Fn(&T) -> &OptionContract) {
        let near = self.near_the_money(items.iter().map(&contract));
        items.retain(|item| {
            let contract = contract(item);
            self.is_whole(contract)
                || near.get(&expiration(contract)).is_some_and(|strikes| strikes.contains(&contract.strike))
        });
    }

    /// The same for the quotes of a chain.
    pub fn retain_quotes(&self, quotes: &mut Vec<OptionQuote>) {
        self.retain(quotes, |quote| &quote.contract);
    }

    /// The last listed expiration of which anything is wanted; none where nothing is listed.
    #[must_use]
    pub fn last_expiration<'a>(
        &self,
        listed: impl Iterator<Item = &'a OptionContract> + Clone,
    ) -> Option<NaiveDate> {
        let near = self.near_the_money(listed.clone());
        let whole = listed.filter(|contract| self.is_whole(contract));
        let whole = whole.map(|contract| contract.expiration);
        whole.chain(near.into_keys().map(|(_, listed)| listed)).max()
    }

    /// Whether a contract is wanted whatever its strike.
    fn is_whole(&self, contract: &OptionContract) -> bool {
        (self.from..=self.whole_until).contains(&contract.last_trade_date)
    }

    /// The wanted strikes of the later expirations. Non-standard contracts have a grid of their own and do not count.
    fn near_the_money<'a>(
        &self,
        contracts: impl Iterator<Item = &'a OptionContract>,
    ) -> BTreeMap<Expiration, RangeInclusive<Decimal>> {
        let mut later: BTreeMap<Expiration, BTreeSet<Decimal>> = BTreeMap::new();
        let is_later = |contract: &&OptionContract| {
            let is_later =
                contract.last_trade_date > self.whole_until && contract.last_trade_date >= self.from;
            is_later && contract.is_standard()
        };
        for contract in contracts.filter(is_later) {
            later.entry(expiration(contract)).or_default().insert(contract.strike);
        }
        let soonest = later.into_iter().take(self.later_expirations);
        soonest.filter_map(|(expiration, strikes)| Some((expiration, self.nearest(&strikes)?))).collect()
    }

    fn nearest(&self, strikes: &BTreeSet<Decimal>) -> Option<RangeInclusive<Decimal>> {
        let below = strikes.range(..=self.price).rev().take(self.strikes);
        let above = strikes.range((Bound::Excluded(self.price), Bound::Unbounded)).take(self.strikes);
        let near: BTreeSet<Decimal> = below.chain(above).copied().collect();
        Some(*near.first()?..=*near.last()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::option::{ExerciseStyle, OptionRight, Settlement, SettlementTime};
    use crate::symbol::Symbol;

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 6, day).unwrap()
    }

    fn contract(root: &str, right: OptionRight, strike: i64, last: u32) -> OptionContract {
        OptionContract {
            root: Symbol::new(root).unwrap(),
            underlying: Symbol::new("XYZ").unwrap(),
            right,
            strike: strike.into(),
            expiration: day(last),
            last_trade_date: day(last),
            expiration_close: day(last).and_hms_opt(20, 0, 0).unwrap().and_utc(),
            style: ExerciseStyle::American,
            settlement: Settlement::Physical,
            settlement_time: SettlementTime::Pm,
            multiplier: 100,
            deliverable_shares: 100,
        }
    }

    fn listed() -> Vec<OptionContract> {
        let series =
            [5, 12, 19, 26].into_iter().flat_map(|last| (90..=110).map(move |strike| (last, strike)));
        let both = |(last, strike)| {
            [OptionRight::Call, OptionRight::Put].map(|right| contract("XYZ", right, strike, last))
        };
        series.flat_map(both).collect()
    }

    const NEAR: ChainFilter = ChainFilter {
        from: NaiveDate::MIN,
        whole_until: NaiveDate::from_ymd_opt(2026, 6, 5).unwrap(),
        later_expirations: 2,
        price: Decimal::from_parts(1005, 0, 0, false, 1),
        strikes: 2,
    };

    fn left(filter: ChainFilter, mut contracts: Vec<OptionContract>) -> BTreeMap<u32, Vec<i64>> {
        use chrono::Datelike;
        filter.retain(&mut contracts, |contract| contract);
        let mut left = BTreeMap::<u32, Vec<i64>>::new();
        for contract in contracts.iter().filter(|contract| contract.right == OptionRight::Put) {
            let strike = i64::try_from(contract.strike.mantissa()).unwrap();
            left.entry(contract.last_trade_date.day()).or_default().push(strike);
        }
        left
    }

    #[test]
    fn all_up_to_the_day_is_left_and_what_is_near_the_money_of_the_next() {
        let near = vec![99, 100, 101, 102];
        let expected = BTreeMap::from([(5, (90..=110).collect()), (12, near.clone()), (19, near)]);
        assert_eq!(left(NEAR, listed()), expected);
        assert_eq!(NEAR.last_expiration(listed().iter()), Some(day(19)));
        let mut both = listed();
        NEAR.retain(&mut both, |contract| contract);
        assert_eq!(both.len(), 2 * (21 + 4 + 4));
    }

    #[test]
    fn what_ends_before_the_first_day_is_not_wanted() {
        let from = ChainFilter { from: day(13), ..NEAR };
        let near = vec![99, 100, 101, 102];
        assert_eq!(left(from, listed()), BTreeMap::from([(19, near.clone()), (26, near)]));
    }

    #[test]
    fn a_price_beyond_all_strikes_has_neighbours_on_one_side() {
        let high = ChainFilter { price: 500.into(), ..NEAR };
        assert_eq!(left(high, listed())[&12], [109, 110]);
        assert!(left(NEAR, Vec::new()).is_empty());
        assert_eq!(NEAR.last_expiration([].iter()), None);
    }

    #[test]
    fn adjusted_contracts_do_not_take_the_place_of_others() {
        let mut contracts = listed();
        let adjusted =
            OptionContract { strike: Decimal::new(1003, 1), ..contract("XYZ1", OptionRight::Put, 0, 12) };
        contracts.push(OptionContract { deliverable_shares: 0, ..adjusted });
        assert_eq!(left(NEAR, contracts)[&12], [99, 100, 101, 102, 1003]);
    }
}
