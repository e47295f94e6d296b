//! Random numbers that are the same on every platform: ChaCha8 and exact arithmetic only.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A stream of random numbers.
pub(super) struct Random(ChaCha8Rng);

impl Random {
    /// The stream `name` of a seed; streams do not disturb each other.
    pub(super) fn new(seed: u64, name: &str) -> Self {
        let mut key = [0_u8; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        for (place, byte) in key[8..].iter_mut().zip(name.bytes()) {
            *place = byte;
        }
        Self(ChaCha8Rng::from_seed(key))
    }

    /// Uniform in [0, 1).
    pub(super) fn uniform(&mut self) -> f64 {
        f64::from(self.0.next_u32()) / 4_294_967_296.0
    }

    /// Mean 0, variance 1, within ±6: twelve uniforms added. Unlike the usual transforms it needs no logarithm, whose last
    /// digit differs between platforms.
    pub(super) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_repeat_and_differ() {
        let first = |seed, name| Random::new(seed, name).uniform();
        assert_eq!(first(7, "AAPL"), first(7, "AAPL"));
        assert_ne!(first(7, "AAPL"), first(7, "SPY"));
        assert_ne!(first(7, "AAPL"), first(8, "AAPL"));
    }

    #[test]
    fn normals_have_mean_0_and_variance_1() {
        let mut random = Random::new(1, "x");
        let sample: Vec<f64> = (0..20_000).map(|_| random.normal()).collect();
        let mean = sample.iter().sum::<f64>() / 20_000.0;
        let variance = sample.iter().map(|x| x * x).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
    }
}
