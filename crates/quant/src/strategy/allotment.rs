//! How many contracts of several picks fit one capital together.

use rust_decimal::Decimal;

/// Most contracts of one pick that are suggested.
pub const MOST_CONTRACTS: u32 = 1_000;

/// A pick that wants capital.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wanting {
    /// Dollars that one contract needs, above zero.
    pub for_one: Decimal,
    /// Dollars that positions in its symbol may still bind; none without a cap.
    pub symbol_room: Option<Decimal>,
}

/// Why a pick has no more contracts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AllotmentLimit {
    /// The capital is not known: one contract is shown.
    Unknown,
    /// The capital is used up.
    Capital,
    /// Its symbol may bind no more.
    Symbol,
    /// More are not suggested.
    Most,
}

/// What a pick gets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Allotment {
    /// Contracts; 0 where none fits.
    pub contracts: u32,
    /// Dollars that they bind.
    pub collateral: Decimal,
    /// Why not more.
    pub limit: AllotmentLimit,
}

/// Deals out the capital: one contract after another, in rounds over the picks from the best, as long as any fits. So no pick
/// leaves nothing for the next, and all together never bind more than `free`.
#[must_use]
pub fn allot(picks: &[Wanting], free: Option<Decimal>) -> Vec<Allotment> {
    let mut left = free;
    let none = Allotment { contracts: 0, collateral: Decimal::ZERO, limit: AllotmentLimit::Unknown };
    let mut allotted = vec![none; picks.len()];
    let most = if free.is_some() || picks.iter().any(|pick| pick.symbol_room.is_some()) {
        MOST_CONTRACTS
    } else {
        1
    };
    for _ in 0..most {
        let mut any = false;
        for (pick, got) in picks.iter().zip(&mut allotted) {
            any |= one_more(pick, got, &mut left, free.is_some());
        }
        if !any {
            break;
        }
    }
    for (pick, got) in picks.iter().zip(&mut allotted) {
        got.limit = limit(pick, got, left);
    }
    allotted
}

/// Adds a contract where one fits. Where nothing is known of the capital, one is enough.
fn one_more(pick: &Wanting, got: &mut Allotment, left: &mut Option<Decimal>, known: bool) -> bool {
    let enough = !known && pick.symbol_room.is_none() && got.contracts > 0;
    if enough || pick.for_one <= Decimal::ZERO || limit(pick, got, *left) != AllotmentLimit::Most {
        return false;
    }
    got.contracts += 1;
    got.collateral += pick.for_one;
    if let Some(left) = left {
        *left -= pick.for_one;
    }
    got.contracts < MOST_CONTRACTS
}

/// What keeps a pick from another contract; [`AllotmentLimit::Most`] where nothing but the number does.
fn limit(pick: &Wanting, got: &Allotment, left: Option<Decimal>) -> AllotmentLimit {
    let over = |room: Decimal, bound: Decimal| bound + pick.for_one > room;
    match (pick.symbol_room, left) {
        (Some(room), _) if over(room, got.collateral) => AllotmentLimit::Symbol,
        (_, Some(left)) if over(left, Decimal::ZERO) => AllotmentLimit::Capital,
        (None, None) if got.contracts > 0 => AllotmentLimit::Unknown,
        _ => AllotmentLimit::Most,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wanting(for_one: i64, room: Option<i64>) -> Wanting {
        Wanting { for_one: for_one.into(), symbol_room: room.map(Decimal::from) }
    }

    fn dealt(picks: &[Wanting], free: Option<i64>) -> Vec<(u32, AllotmentLimit)> {
        let allotted = allot(picks, free.map(Decimal::from));
        allotted.iter().map(|got| (got.contracts, got.limit)).collect()
    }

    #[test]
    fn the_capital_goes_round_and_the_best_comes_first() {
        use AllotmentLimit::{Capital, Symbol};
        let picks = [wanting(4_000, None), wanting(3_000, None), wanting(9_000, None)];
        assert_eq!(dealt(&picks, Some(11_000)), [(2, Capital), (1, Capital), (0, Capital)]);
        let capped = [wanting(4_000, Some(5_000)), wanting(3_000, None)];
        assert_eq!(dealt(&capped, Some(11_000)), [(1, Symbol), (2, Capital)]);
        assert_eq!(dealt(&[wanting(4_000, Some(0))], Some(11_000)), [(0, Symbol)]);
    }

    #[test]
    fn an_unknown_capital_shows_one_and_an_endless_one_ends() {
        assert_eq!(dealt(&[wanting(4_000, None)], None), [(1, AllotmentLimit::Unknown)]);
        assert_eq!(dealt(&[wanting(1, None)], Some(i64::MAX)), [(MOST_CONTRACTS, AllotmentLimit::Most)]);
        assert_eq!(dealt(&[wanting(1_000, Some(2_500))], None), [(2, AllotmentLimit::Symbol)]);
        assert_eq!(dealt(&[wanting(0, None)], Some(10)).first().map(|got| got.0), Some(0));
    }

    proptest! {
        #[test]
        fn nothing_is_bound_twice(
            picks in prop::collection::vec((1i64..50_000, prop::option::of(0i64..100_000)), 0..8),
            free in 0i64..300_000,
        ) {
            let picks: Vec<Wanting> = picks.into_iter().map(|(one, room)| wanting(one, room)).collect();
            let allotted = allot(&picks, Some(free.into()));
            let bound: Decimal = allotted.iter().map(|got| got.collateral).sum();
            prop_assert!(bound <= Decimal::from(free));
            for (pick, got) in picks.iter().zip(&allotted) {
                prop_assert_eq!(got.collateral, pick.for_one * Decimal::from(got.contracts));
                prop_assert!(pick.symbol_room.is_none_or(|room| got.collateral <= room));
                // Whatever has fewer than it could is told why.
                let more = pick.for_one <= Decimal::from(free) - bound
                    && pick.symbol_room.is_none_or(|room| got.collateral + pick.for_one <= room);
                prop_assert_eq!(more, got.limit == AllotmentLimit::Most);
            }
        }
    }
}
