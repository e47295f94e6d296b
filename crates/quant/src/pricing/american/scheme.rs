//! Collocation nodes, quadrature nodes and the interpolation between them, which depend on no option and are made once.

use std::f64::consts::{FRAC_PI_2, PI};
use std::sync::LazyLock;

use crate::pricing::quadrature::gauss_legendre;

/// A discretisation of the boundary's integral equation.
///
/// The boundary is a polynomial in √u through n + 1 Chebyshev points. Integrals over the time v to a later moment substitute v = t·sin²θ with
/// Gauss–Legendre points in θ: that makes √v and √(t − v) both smooth.
pub(super) struct Scheme {
    /// Most Newton iterations.
    pub(super) iterations: usize,
    /// The iteration stops when no log-boundary moves by more; convergence being quadratic, the next move would be about its square.
    pub(super) tolerance: f64,
    /// √(τᵢ/T) of the n collocation points other than 0, descending from 1.
    pub(super) root_times: Vec<f64>,
    /// sin θ of the l quadrature points of an integral in the equation.
    pub(super) sines: Vec<f64>,
    /// Their weights in ∫ f d(sin θ).
    pub(super) weights: Vec<f64>,
    /// Boundary at each (collocation, quadrature) point from the n collocation values: row-major, n·l rows of n.
    pub(super) interpolation: Vec<f64>,
    /// sin θ of the p quadrature points of the premium.
    pub(super) price_sines: Vec<f64>,
    /// Their weights in ∫ f d(sin θ).
    pub(super) price_weights: Vec<f64>,
    /// Boundary at the premium's points from the n collocation values: p rows of n.
    pub(super) price_interpolation: Vec<f64>,
}

/// Error under 1e-4·K, most often 1e-6·K.
pub(super) static FAST: LazyLock<Scheme> = LazyLock::new(|| Scheme::new(5, 6, 16, 8, 1e-3));
/// Error under 1e-5·K, most often 1e-8·K.
pub(super) static ACCURATE: LazyLock<Scheme> = LazyLock::new(|| Scheme::new(8, 11, 32, 20, 1e-6));

impl Scheme {
    fn new(nodes: usize, quadrature: usize, premium: usize, iterations: usize, tolerance: f64) -> Self {
        let root_times: Vec<f64> =
            (0..nodes).map(|i| 0.5 * (1.0 + (PI * i as f64 / nodes as f64).cos())).collect();
        let (sines, cosines, weights) = quarter_circle(quadrature, 1);
        let (price_sines, price_cosines, price_weights) = quarter_circle(premium, 2);
        let interpolation = root_times
            .iter()
            .flat_map(|root| cosines.iter().flat_map(move |cosine| interpolation_row(nodes, root * cosine)))
            .collect();
        let price_interpolation =
            price_cosines.iter().flat_map(|&cosine| interpolation_row(nodes, cosine)).collect();
        Self {
            iterations,
            tolerance,
            root_times,
            sines,
            weights,
            interpolation,
            price_sines,
            price_weights,
            price_interpolation,
        }
    }
}

/// sin θ, cos θ and the weights cos θ dθ of Gauss–Legendre points in x ∈ (0, 1), θ = (π/2)·xᵐ; m = 2 gathers points at θ = 0, where the
/// integrand of a spot near the boundary is steep.
fn quarter_circle(count: usize, power: i32) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let (x, w) = gauss_legendre(count);
    let x: Vec<f64> = x.iter().map(|x| 0.5 * (1.0 + x)).collect();
    let angles = x.iter().map(|x| FRAC_PI_2 * x.powi(power));
    let sines = angles.clone().map(f64::sin).collect();
    let cosines: Vec<f64> = angles.map(f64::cos).collect();
    let slope = |x: f64| FRAC_PI_2 * f64::from(power) * x.powi(power - 1);
    let weights =
        w.iter().zip(&x).zip(&cosines).map(|((w, &x), cosine)| 0.5 * w * slope(x) * cosine).collect();
    (sines, cosines, weights)
}

/// Weights that give the interpolating polynomial's value at `root` = √(u/T) ∈ (0, 1) from the values at the collocation points other
/// than 0, where the value is 0 (barycentric formula on Chebyshev points of the second kind).
fn interpolation_row(nodes: usize, root: f64) -> Vec<f64> {
    let at = 2.0 * root - 1.0;
    let points: Vec<f64> = (0..=nodes).map(|i| (PI * i as f64 / nodes as f64).cos()).collect();
    if let Some(hit) = points.iter().position(|point| (point - at).abs() < 1e-14) {
        return (0..nodes).map(|i| if i == hit { 1.0 } else { 0.0 }).collect();
    }
    let terms: Vec<f64> = points
        .iter()
        .enumerate()
        .map(|(i, point)| {
            let end = if i == 0 || i == nodes { 0.5 } else { 1.0 };
            let sign = if i % 2 == 0 { 1.0 } else { -1.0 };
            end * sign / (at - point)
        })
        .collect();
    let total: f64 = terms.iter().sum();
    terms[..nodes].iter().map(|term| term / total).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpolation_is_exact_for_polynomials_that_vanish_at_zero() {
        let nodes: Vec<f64> = (0..6).map(|i| 0.5 * (1.0 + (PI * f64::from(i) / 6.0).cos())).collect();
        let polynomial = |x: f64| x * (1.0 + x * (2.0 - 3.0 * x * x));
        for at in [0.01, 0.3, 0.5, 0.77, 0.999] {
            let value: f64 =
                interpolation_row(6, at).iter().zip(&nodes).map(|(w, x)| w * polynomial(*x)).sum();
            assert!((value - polynomial(at)).abs() < 1e-13);
        }
    }
}
