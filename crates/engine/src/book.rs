//! One price of one instrument in some hours: where it stands, and the levels around it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use ttai_core::alert::BarLength;

use crate::leaf::Leaf;

/// A price at a time of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KnownPrice {
    pub(crate) price: i64,
    /// Microseconds.
    pub(crate) time: i64,
    pub(crate) date: NaiveDate,
}

/// The bar that is being built.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Closer {
    pub(crate) state: CloserState,
    pub(crate) alerts: BTreeSet<u32>,
}

/// What a bar remembers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CloserState {
    /// When it ends, and its price so far; none before its first price.
    pub(crate) open: Option<(i64, KnownPrice)>,
    /// The close of the bar before.
    pub(crate) previous: Option<i64>,
    /// The end of the bar before: nothing earlier belongs to a bar.
    pub(crate) closed: i64,
}

/// What a book remembers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BookState {
    /// The newest price.
    pub(crate) last: Option<KnownPrice>,
    /// How far a backfill is.
    pub(crate) back: Option<KnownPrice>,
    /// Since when nothing was seen: the next price is a state.
    pub(crate) blind_since: Option<i64>,
}

/// A price's step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PriceMove {
    /// From where; none where that is not known.
    pub(crate) from: Option<i64>,
    pub(crate) to: i64,
    /// Whether every price between was passed.
    pub(crate) is_continuous: bool,
    /// The last price of the session before, where this is the first of its session.
    pub(crate) gap_from: Option<i64>,
    /// Since when nothing had been seen.
    pub(crate) blind_since: Option<i64>,
}

/// A book. Its levels are sorted by the move that reaches them.
#[derive(Debug, Default)]
pub(crate) struct PriceBook {
    pub(crate) state: BookState,
    /// Levels that a rise can reach, with their alerts' slots.
    rising: BTreeSet<(i64, u32)>,
    /// Levels that a fall can reach.
    falling: BTreeSet<(i64, u32)>,
    /// No level lies strictly between these two, in which the newest price is.
    clear: (i64, i64),
    /// Alerts that have to look at the next price, wherever it is.
    pub(crate) pending: BTreeSet<u32>,
    pub(crate) closers: BTreeMap<BarLength, Closer>,
}

impl PriceBook {
    /// Adds the levels of a condition.
    pub(crate) fn insert(&mut self, leaf: &Leaf, slot: u32) {
        self.each_level(leaf, |levels, level| {
            levels.insert((level, slot));
        });
    }

    /// Takes them out.
    pub(crate) fn remove(&mut self, leaf: &Leaf, slot: u32) {
        self.each_level(leaf, |levels, level| {
            levels.remove(&(level, slot));
        });
    }

    fn each_level(&mut self, leaf: &Leaf, change: impl Fn(&mut BTreeSet<(i64, u32)>, i64)) {
        for region in leaf.regions.iter().filter(|region| !region.is_empty()) {
            if region.low != i64::MIN {
                change(&mut self.rising, region.low);
            }
            if region.high != i64::MAX {
                change(&mut self.falling, region.high);
            }
        }
        self.clear = (0, 0);
    }

    /// The newest price is this now. Puts the alerts that have to look into `found`.
    pub(crate) fn advance(
        &mut self,
        known: KnownPrice,
        is_continuous: bool,
        found: &mut Vec<u32>,
    ) -> PriceMove {
        let before = self.state.last.replace(known);
        let blind_since = self.state.blind_since.take();
        if let Some(before) = before {
            self.reached(before.price, known.price, found);
        }
        found.extend(std::mem::take(&mut self.pending));
        let from = before.map(|before| before.price);
        PriceMove {
            from: from.filter(|_| blind_since.is_none()),
            to: known.price,
            is_continuous,
            gap_from: before.filter(|before| before.date != known.date).map(|before| before.price),
            blind_since,
        }
    }

    /// A backfill is at this price now.
    pub(crate) fn advance_back(
        &mut self,
        known: KnownPrice,
        is_continuous: bool,
        found: &mut Vec<u32>,
    ) -> PriceMove {
        let before = self.state.back.replace(known);
        if let Some(before) = before {
            self.between(before.price, known.price, found);
        }
        if self.state.last.is_none_or(|last| last.time < known.time) {
            self.state.last = Some(known);
            self.clear = (0, 0);
            found.extend(std::mem::take(&mut self.pending));
        }
        PriceMove {
            from: before.map(|before| before.price),
            to: known.price,
            is_continuous,
            gap_from: before.filter(|before| before.date != known.date).map(|before| before.price),
            blind_since: None,
        }
    }

    fn reached(&mut self, from: i64, to: i64, found: &mut Vec<u32>) {
        if self.clear.0 < to && to < self.clear.1 {
            return;
        }
        self.between(from, to, found);
        self.clear = self.around(to);
    }

    fn between(&self, from: i64, to: i64, found: &mut Vec<u32>) {
        if from < to {
            found.extend(self.rising.range((from + 1, 0)..=(to, u32::MAX)).map(|(_, slot)| *slot));
        } else if to < from {
            found.extend(self.falling.range((to, 0)..(from, 0)).map(|(_, slot)| *slot));
        }
    }

    /// The levels next to a price; an empty range where it is on one.
    fn around(&self, price: i64) -> (i64, i64) {
        let below =
            |levels: &BTreeSet<(i64, u32)>| levels.range(..(price, 0)).next_back().map(|found| found.0);
        let from = |levels: &BTreeSet<(i64, u32)>| levels.range((price, 0)..).next().map(|found| found.0);
        let low = below(&self.rising).max(below(&self.falling)).unwrap_or(i64::MIN);
        let high = [from(&self.rising), from(&self.falling)].into_iter().flatten().min().unwrap_or(i64::MAX);
        if high == price { (price, price) } else { (low, high) }
    }

    /// After a split; the levels are put in anew by whoever owns them.
    pub(crate) fn rebase(&mut self, ratio: i64) {
        let rebased = |price: i64| crate::number::portion(price, crate::number::ONE, ratio).unwrap_or(price);
        for known in [&mut self.state.last, &mut self.state.back].into_iter().flatten() {
            known.price = rebased(known.price);
        }
        for closer in self.closers.values_mut() {
            closer.state.previous = closer.state.previous.map(rebased);
        }
        self.clear = (0, 0);
    }

    /// What it remembers came from elsewhere.
    pub(crate) fn restore(&mut self, state: BookState) {
        self.state = state;
        self.clear = (0, 0);
    }
}
