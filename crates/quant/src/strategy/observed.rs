//! How often a price's own past would have let an option expire out of the money.

use ttai_core::OptionRight;

/// The share of past windows in which the price closed on the right side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ObservedShare {
    /// 0 to 1.
    pub share: f64,
    /// Windows looked at. Each session begins one, so they overlap: they are not so many independent cases.
    pub windows: usize,
}

/// Of all windows of `sessions` sessions in `closes` (oldest first, split-adjusted), the share in which the last close stands above
/// `distance` times the first one (of a call: below it). The distance is the strike over the price now.
///
/// `None` without any window, and where the distance is not above zero.
#[must_use]
pub fn observed_share(
    closes: &[f64],
    sessions: usize,
    distance: f64,
    right: OptionRight,
) -> Option<ObservedShare> {
    if sessions == 0 || distance.is_nan() || distance <= 0.0 {
        return None;
    }
    let ends = closes.get(sessions..).filter(|ends| !ends.is_empty())?;
    let stayed = |(begin, end): &(&f64, &f64)| match right {
        OptionRight::Put => **end > distance * **begin,
        OptionRight::Call => **end < distance * **begin,
    };
    let held = closes.iter().zip(ends).filter(stayed).count();
    Some(ObservedShare { share: held as f64 / ends.len() as f64, windows: ends.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_session_begins_a_window() {
        let closes = [100.0, 98.0, 94.0, 101.0, 103.0];
        // Two sessions on: 94, 101/98, 103/94.
        let share = observed_share(&closes, 2, 0.95, OptionRight::Put).unwrap();
        assert_eq!((share.windows, share.share), (3, 2.0 / 3.0));
        let share = observed_share(&closes, 2, 1.05, OptionRight::Call).unwrap();
        assert_eq!((share.windows, share.share), (3, 2.0 / 3.0));
    }

    #[test]
    fn a_close_at_the_distance_is_not_beyond_it() {
        for right in [OptionRight::Put, OptionRight::Call] {
            let share = observed_share(&[100.0, 90.0], 1, 0.9, right).unwrap();
            assert_eq!((share.windows, share.share), (1, 0.0));
        }
    }

    #[test]
    fn too_short_a_past_says_nothing() {
        let closes = [100.0, 98.0];
        assert_eq!(observed_share(&closes, 2, 0.95, OptionRight::Put), None);
        assert_eq!(observed_share(&closes, 0, 0.95, OptionRight::Put), None);
        assert_eq!(observed_share(&closes, 1, 0.0, OptionRight::Put), None);
        assert_eq!(observed_share(&[], 1, 0.9, OptionRight::Put), None);
    }
}
