//! Wilder's smoothing (J. Welles Wilder, New Concepts in Technical Trading Systems, 1978).

/// The average that begins with the mean of the first `n` values and then moves by 1/`n` of the way to each new one.
#[derive(Clone, Debug)]
pub(super) struct WilderAverage {
    period: usize,
    count: usize,
    weight: f64,
    average: f64,
}

impl WilderAverage {
    /// An empty average with a checked period.
    pub(super) fn new(period: usize) -> Self {
        Self { period, count: 0, weight: 1.0 / period as f64, average: 0.0 }
    }

    /// Takes a value and answers the average, `None` until `n` values came.
    #[inline]
    pub(super) fn update(&mut self, value: f64) -> Option<f64> {
        if self.count == self.period {
            return Some(self.advance(value));
        }
        self.average += value;
        self.count += 1;
        if self.count < self.period {
            return None;
        }
        self.average /= self.period as f64;
        Some(self.average)
    }

    /// The next average once `n` values came.
    #[inline]
    pub(super) fn advance(&mut self, value: f64) -> f64 {
        self.average = self.average * (1.0 - self.weight) + value * self.weight;
        self.average
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_with_the_mean_and_moves_by_one_over_n() {
        let mut average = WilderAverage::new(4);
        let found: Vec<_> = [1.0, 2.0, 3.0, 6.0, 7.0].iter().map(|value| average.update(*value)).collect();
        assert_eq!(found, [None, None, None, Some(3.0), Some(4.0)]);
    }
}
