//! How many turns of an account a process may take at once, as arithmetic over the account's row. No clock, no database.
//!
//! The generic cell rate algorithm (ITU-T I.371): an account's state is one instant, at which it would be unused again. Each
//! turn moves it on by the time that a call takes of the rate, and may be used once that instant lies no further ahead
//! than a whole burst. A block of turns moves it on by all of them at once. A turn that nobody has used when the account
//! would be unused again by its place in the row is lost: kept longer, it would come on top of a new burst. So whatever
//! several processes keep back never exceeds what the row counts as used, and together they stay within the limit.

/// Turns are taken at most this far ahead of their time, so that a process that dies or is slow holds nobody up for long.
const MOST_AHEAD: i64 = 5_000_000;

/// A rate in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    /// The time that one call takes of the rate.
    pub(crate) call: i64,
    /// Calls that may come at once, at least 1.
    pub(crate) burst: i64,
}

impl Pace {
    /// Turns that are taken beyond those that are waited for: a quarter of the burst, none of a small one.
    fn spare(self) -> i64 {
        self.burst / 4 + i64::from((2..4).contains(&self.burst))
    }

    pub(crate) fn burst_micros(self) -> i64 {
        self.call.saturating_mul(self.burst)
    }

    /// The furthest that an account can be ahead of its time at this rate.
    pub(crate) fn furthest(self) -> i64 {
        self.burst_micros().saturating_add(self.ahead())
    }

    fn ahead(self) -> i64 {
        self.call.saturating_mul(self.spare()).min(MOST_AHEAD)
    }

    /// How many turns to take for `waiting` callers of an account that is `used` microseconds ahead of its time: one for
    /// each where they may be used soon, and some to spare while half of the burst is left to others. Or how many
    /// microseconds to wait before there is one.
    pub(crate) fn take(self, used: i64, waiting: i64) -> Result<i64, i64> {
        let used = used.max(0);
        let fit = |micros: i64| (micros - used).div_euclid(self.call);
        let needed = fit(self.furthest()).min(waiting.max(1));
        let spared = fit(self.burst_micros() / 2).min(waiting.max(1) + self.spare());
        let turns = needed.max(spared);
        if turns < 1 { Err(used + self.call - self.furthest()) } else { Ok(turns) }
    }
}

/// Turns that a process holds, by places in the account's row: microseconds from any origin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TurnBlock {
    /// The account is unused again after the last turn.
    pub(crate) end: i64,
    /// Turns left.
    pub(crate) left: i64,
    /// How much later than here it may be where the row is: turns begin later by it.
    pub(crate) lag: i64,
}

impl TurnBlock {
    /// The microseconds from `now` until the next turn may be used, 0 for at once; none where there is no turn any more.
    pub(crate) fn next(&mut self, pace: Pace, now: i64) -> Option<i64> {
        self.left = self.left.min((self.end - now).div_euclid(pace.call)).max(0);
        let place = self.end - (self.left - 1) * pace.call;
        let lag = self.lag.min((pace.burst_micros() - pace.call) / 2);
        (self.left > 0).then(|| (place - pace.burst_micros() + lag - now).max(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace { call: 10, burst: 20 };

    #[test]
    fn an_unused_account_gives_who_waits_a_turn_and_some_to_spare() {
        assert_eq!(PACE.take(0, 1), Ok(6));
        assert_eq!(PACE.take(-5, 12), Ok(12), "half of the burst is left to others");
        assert_eq!(PACE.take(0, 100), Ok(25), "at most a burst and what comes soon");
        assert_eq!(PACE.take(95, 1), Ok(1));
    }

    #[test]
    fn a_used_account_gives_what_comes_soon_or_says_when() {
        assert_eq!(PACE.take(200, 3), Ok(3), "in 10, 20 and 30");
        assert_eq!(PACE.take(245, 1), Err(5));
        let one = Pace { call: 10, burst: 1 };
        assert_eq!(one.take(0, 5), Ok(1), "a burst of one is never taken ahead");
        assert_eq!(one.take(10, 5), Err(10));
        let slow = Pace { call: 60_000_000, burst: 60 };
        assert_eq!(slow.furthest(), slow.burst_micros() + MOST_AHEAD);
    }

    #[test]
    fn turns_come_at_their_time_and_are_lost_after_it() {
        // Taken at 0 from an account that was 150 ahead: places 160, 170, …, 210.
        let mut block = TurnBlock { end: 210, left: 6, lag: 0 };
        assert_eq!(block.next(PACE, 0), Some(0));
        block.left = 1;
        assert_eq!(block.next(PACE, 0), Some(10));
        assert_eq!(block.next(PACE, 10), Some(0));
        assert_eq!(block.next(PACE, 200), Some(0));
        assert_eq!(block.next(PACE, 201), None);
        let mut spare = TurnBlock { end: 60, left: 5, lag: 0 };
        assert_eq!(spare.next(PACE, 35), Some(0));
        assert_eq!(spare.left, 2, "five turns of ten: 25 are left of 60");
    }

    /// Several processes over one row, at random moments, counted over every window.
    #[test]
    fn processes_together_never_exceed_the_limit() {
        // A linear congruential generator (Knuth's MMIX constants).
        let mut state = 7_u64;
        let mut random = |below: i64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            i64::try_from(state >> 33).unwrap() % below
        };
        for pace in
            [PACE, Pace { call: 10, burst: 2 }, Pace { call: 7, burst: 5 }, Pace { call: 10, burst: 1 }]
        {
            let (mut free_at, mut blocks, mut calls) = (0_i64, [TurnBlock::default(); 3], Vec::new());
            for now in 0..20_000 {
                // Idle spells let the account recover with turns still held.
                if now % 1_000 > 700 || random(4) == 0 {
                    continue;
                }
                let block = &mut blocks[usize::try_from(random(3)).unwrap()];
                // What was waited for is used at once, as a process does.
                let taken = block.next(pace, now).is_none();
                if taken {
                    let waiting = 1 + random(6);
                    let Ok(turns) = pace.take(free_at - now, waiting) else { continue };
                    free_at = free_at.max(now) + turns * pace.call;
                    *block = TurnBlock { end: free_at, left: turns, lag: 0 };
                }
                if taken && free_at - (block.left - 1) * pace.call - pace.burst_micros() <= now
                    || block.next(pace, now) == Some(0)
                {
                    block.left -= 1;
                    calls.push(now);
                }
            }
            assert!(calls.len() > 500, "{} calls", calls.len());
            for (from, start) in calls.iter().enumerate() {
                for (count, end) in (1..).zip(&calls[from..]) {
                    let allowed = pace.burst + (end - start) / pace.call;
                    assert!(
                        count <= allowed,
                        "{pace:?}: {count} calls from {start} to {end}, {allowed} allowed"
                    );
                }
            }
        }
    }
}
