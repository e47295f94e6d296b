//! The highest and the middle of the last values of a series.

use std::collections::VecDeque;

/// The highest of the last `length` values, in constant time on average (a queue of the candidates, highest first).
#[derive(Clone, Debug)]
pub(super) struct HighestSince {
    length: usize,
    count: usize,
    candidates: VecDeque<(usize, f64)>,
}

impl HighestSince {
    /// An empty window over `length` values, at least one.
    pub(super) fn new(length: usize) -> Self {
        Self { length, count: 0, candidates: VecDeque::new() }
    }

    /// Takes a value in and answers the highest of those in the window.
    pub(super) fn push(&mut self, value: f64) -> f64 {
        while self.candidates.back().is_some_and(|(_, lower)| *lower <= value) {
            self.candidates.pop_back();
        }
        self.candidates.push_back((self.count, value));
        self.count += 1;
        if self.candidates.front().is_some_and(|(index, _)| index + self.length < self.count) {
            self.candidates.pop_front();
        }
        self.candidates.front().map_or(value, |(_, highest)| *highest)
    }
}

/// The upper median of the values among the last `length` entries.
#[derive(Clone, Debug)]
pub(super) struct RollingMedian {
    length: usize,
    entries: VecDeque<Option<f64>>,
    sorted: Vec<f64>,
}

impl RollingMedian {
    /// An empty window over `length` entries, at least one.
    pub(super) fn new(length: usize) -> Self {
        Self { length, entries: VecDeque::with_capacity(length), sorted: Vec::with_capacity(length) }
    }

    /// Takes an entry in, which may hold no value, and answers the median; None where there is no value.
    pub(super) fn push(&mut self, entry: Option<f64>) -> Option<f64> {
        let position = |sorted: &[f64], value: f64| sorted.partition_point(|other| *other < value);
        if self.entries.len() == self.length
            && let Some(left) = self.entries.pop_front().flatten()
        {
            self.sorted.remove(position(&self.sorted, left));
        }
        self.entries.push_back(entry);
        if let Some(value) = entry {
            self.sorted.insert(position(&self.sorted, value), value);
        }
        self.sorted.get(self.sorted.len() / 2).copied()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn windows_agree_with_a_look_at_all_their_values(
            values in prop::collection::vec(prop::option::of(-9i32..9), 1..60),
            length in 1usize..12,
        ) {
            let (mut highest, mut median) = (HighestSince::new(length), RollingMedian::new(length));
            let values: Vec<Option<f64>> = values.into_iter().map(|value| value.map(f64::from)).collect();
            let mut plain = Vec::new();
            for end in 1..=values.len() {
                let window = &values[end.saturating_sub(length)..end];
                let mut sorted: Vec<f64> = window.iter().flatten().copied().collect();
                sorted.sort_by(f64::total_cmp);
                prop_assert_eq!(median.push(values[end - 1]), sorted.get(sorted.len() / 2).copied());
                plain.push(values[end - 1].unwrap_or(0.0));
                let most = plain[end.saturating_sub(length)..].iter().copied().fold(f64::NEG_INFINITY, f64::max);
                prop_assert_eq!(highest.push(values[end - 1].unwrap_or(0.0)), most);
            }
        }
    }
}
