//! The last `n` values of a series: their mean, spread and extremes.

use std::collections::VecDeque;

/// The last `n` values, `n` ≥ 1.
#[derive(Clone, Debug)]
pub(super) struct Window {
    values: Box<[f64]>,
    /// Where the next value goes; the oldest value once the window is full.
    next: usize,
    full: bool,
}

impl Window {
    /// An empty window over `length` values; lengths are checked by the indicators' constructors.
    pub(super) fn new(length: usize) -> Self {
        Self { values: vec![0.0; length.max(1)].into_boxed_slice(), next: 0, full: false }
    }

    /// Takes a value in and answers the one that leaves, if the window was full.
    #[inline]
    pub(super) fn push(&mut self, value: f64) -> Option<f64> {
        let left = std::mem::replace(&mut self.values[self.next], value);
        let was_full = self.full;
        self.next += 1;
        if self.next == self.values.len() {
            self.next = 0;
            self.full = true;
        }
        was_full.then_some(left)
    }

    /// Whether as many values came as the window holds.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    /// Whether the window is full and its oldest value lies first in memory, which is so once in every `n` pushes.
    #[inline]
    pub(super) fn begins_a_lap(&self) -> bool {
        self.full && self.next == 0
    }

    /// The values, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = f64> + Clone + '_ {
        let older = if self.full { &self.values[self.next..] } else { &[] };
        older.iter().chain(&self.values[..self.next]).copied()
    }

    /// Sum of the values.
    pub(super) fn sum(&self) -> f64 {
        self.iter().sum()
    }

    /// The mean of a full window, exact where all its values are equal.
    pub(super) fn mean(&self) -> f64 {
        let first = self.values[0];
        first + self.values.iter().map(|value| value - first).sum::<f64>() / self.len()
    }

    /// Sum of squared distances of a full window's values from their mean.
    pub(super) fn squared_deviations(&self) -> f64 {
        let mean = self.mean();
        self.values.iter().map(|value| (value - mean) * (value - mean)).sum()
    }

    /// Variance of a full window with `n` − 1 in the denominator.
    pub(super) fn sample_variance(&self) -> f64 {
        self.squared_deviations() / (self.len() - 1.0)
    }

    /// The number of values in a full window.
    pub(super) fn len(&self) -> f64 {
        self.values.len() as f64
    }
}

/// The largest of the last `n` values, in constant time on average (a queue of the candidates, largest first).
#[derive(Clone, Debug)]
struct RollingMaximum {
    length: usize,
    count: usize,
    candidates: VecDeque<(usize, f64)>,
}

impl RollingMaximum {
    fn new(length: usize) -> Self {
        Self { length, count: 0, candidates: VecDeque::new() }
    }

    /// The largest value, `None` until `n` values came.
    fn push(&mut self, value: f64) -> Option<f64> {
        while self.candidates.back().is_some_and(|(_, smaller)| *smaller <= value) {
            self.candidates.pop_back();
        }
        self.candidates.push_back((self.count, value));
        self.count += 1;
        if self.candidates.front().is_some_and(|(index, _)| index + self.length < self.count) {
            self.candidates.pop_front();
        }
        if self.count < self.length { None } else { self.candidates.front().map(|(_, largest)| *largest) }
    }
}

/// The highest high and the lowest low of the last `n` bars.
#[derive(Clone, Debug)]
pub(super) struct RollingRange {
    highs: RollingMaximum,
    negative_lows: RollingMaximum,
}

impl RollingRange {
    /// An empty range over `length` bars.
    pub(super) fn new(length: usize) -> Self {
        Self { highs: RollingMaximum::new(length), negative_lows: RollingMaximum::new(length) }
    }

    /// Takes a bar's high and low and answers (highest, lowest), `None` until `n` bars came.
    pub(super) fn push(&mut self, high: f64, low: f64) -> Option<(f64, f64)> {
        let highest = self.highs.push(high);
        let lowest = self.negative_lows.push(-low);
        Some((highest?, -lowest?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_window_keeps_the_last_values_in_order() {
        let mut window = Window::new(3);
        assert_eq!([1.0, 2.0, 3.0].map(|value| window.push(value)), [None; 3]);
        assert!(window.begins_a_lap());
        assert_eq!(window.push(4.0), Some(1.0));
        assert_eq!(window.iter().collect::<Vec<_>>(), [2.0, 3.0, 4.0]);
        assert_eq!((window.sum(), window.mean(), window.sample_variance()), (9.0, 3.0, 1.0));
    }

    #[test]
    fn equal_values_have_no_spread_at_all() {
        let mut window = Window::new(20);
        for _ in 0..20 {
            window.push(0.1);
        }
        assert_eq!((window.mean(), window.squared_deviations()), (0.1, 0.0));
    }

    proptest! {
        #[test]
        fn extremes_are_those_of_the_slice(
            values in prop::collection::vec(-5_i8..5, 1..60), length in 1_usize..12,
        ) {
            let mut range = RollingRange::new(length);
            for end in 1..=values.len() {
                let newest = f64::from(values[end - 1]);
                let found = range.push(newest, newest);
                let expected = (end >= length).then(|| {
                    let last = &values[end - length..end];
                    (f64::from(*last.iter().max().unwrap()), f64::from(*last.iter().min().unwrap()))
                });
                prop_assert_eq!(found, expected);
            }
        }
    }
}
