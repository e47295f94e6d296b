//! Gauss–Legendre nodes and weights on (−1, 1).

use std::f64::consts::PI;

/// Nodes and weights of the rule with `count` points, exact for polynomials of degree 2·count − 1.
///
/// Newton's iteration on the three-term recurrence from the asymptotic roots (Abramowitz & Stegun 22.7, 25.4.29).
pub(crate) fn gauss_legendre(count: usize) -> (Vec<f64>, Vec<f64>) {
    let mut nodes = vec![0.0; count];
    let mut weights = vec![0.0; count];
    let n = count as f64;
    for i in 0..count {
        let mut x = (PI * (i as f64 + 0.75) / (n + 0.5)).cos();
        let mut slope = 1.0;
        for _ in 0..12 {
            let (mut previous, mut current) = (1.0, x);
            for k in 2..=count {
                let k = k as f64;
                (previous, current) = (current, ((2.0 * k - 1.0) * x * current - (k - 1.0) * previous) / k);
            }
            slope = n * (x * current - previous) / (x * x - 1.0);
            x -= current / slope;
        }
        nodes[i] = x;
        weights[i] = 2.0 / ((1.0 - x * x) * slope * slope);
    }
    (nodes, weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_integrate_polynomials_and_exponentials() {
        for count in [5, 8, 16, 33, 64] {
            let (x, w) = gauss_legendre(count);
            let total: f64 = w.iter().sum();
            let exponential: f64 = x.iter().zip(&w).map(|(x, w)| w * x.exp()).sum();
            assert!((total - 2.0).abs() < 1e-14);
            assert!((exponential - (1f64.exp() - (-1f64).exp())).abs() < 1e-8, "{count}");
        }
    }
}
