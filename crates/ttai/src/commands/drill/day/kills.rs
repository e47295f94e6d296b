//! When workers are killed: each kill belongs to a run that was started, and strikes a random moment after that while something is in
//! flight.

use std::time::Duration;

use tokio::time::Instant;

/// Most kills that a run gets: an activity that is lost with six workers ends.
const MOST_OF_ONE: usize = 4;
/// Milliseconds from a start, or from the kill before, to a kill.
const AFTER: std::ops::Range<u64> = 200..3_000;

/// The kills that are still to come.
pub(super) struct Kills {
    /// By the number of the start.
    of_start: Vec<usize>,
    starts: usize,
    /// Those that may strike now, and the moment of the next one.
    pending: usize,
    next_at: Instant,
    random: fastrand::Rng,
    pub(super) done: usize,
}

impl Kills {
    /// So many, over as many starts.
    pub(super) fn draw(count: usize, starts: usize, seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut of_start = vec![0; starts];
        for _ in 0..count.min(starts * MOST_OF_ONE) {
            let free: Vec<usize> = (0..starts).filter(|start| of_start[*start] < MOST_OF_ONE).collect();
            of_start[free[random.usize(0..free.len())]] += 1;
        }
        Self { of_start, starts: 0, pending: 0, next_at: Instant::now(), random, done: 0 }
    }

    /// That so many runs were started.
    pub(super) fn started(&mut self, runs: usize) {
        let these = self.of_start.iter().skip(self.starts).take(runs);
        self.pending += these.sum::<usize>();
        self.starts += runs;
        if runs > 0 {
            self.draw_next();
        }
    }

    /// Whether one is to strike now, if there is work in flight.
    pub(super) fn is_due(&self) -> bool {
        self.pending > 0 && Instant::now() >= self.next_at
    }

    /// That one has struck.
    pub(super) fn struck(&mut self) {
        self.pending -= 1;
        self.done += 1;
        self.draw_next();
    }

    /// Those that found nothing in flight so far.
    pub(super) fn spared(&self) -> usize {
        self.pending
    }

    fn draw_next(&mut self) {
        self.next_at = Instant::now() + Duration::from_millis(self.random.u64(AFTER));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kills_are_spread_and_none_is_made_up() {
        let kills = Kills::draw(100, 40, 7);
        assert_eq!(kills.of_start.iter().sum::<usize>(), 100);
        assert!(kills.of_start.iter().all(|count| *count <= MOST_OF_ONE));
        assert_eq!(Kills::draw(100, 40, 7).of_start, kills.of_start);
        assert_eq!(Kills::draw(100, 3, 7).of_start.iter().sum::<usize>(), 12);
        assert!(Kills::draw(3, 0, 7).of_start.is_empty());
    }

    #[test]
    fn a_kill_waits_for_the_start_that_it_belongs_to() {
        let mut kills = Kills::draw(2, 2, 1);
        assert!(!kills.is_due());
        kills.started(2);
        assert_eq!(kills.spared(), 2);
        kills.struck();
        kills.struck();
        assert_eq!((kills.spared(), kills.done, kills.is_due()), (0, 2, false));
    }
}
