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
    /// Move of ln B at which the iteration for a price stops.
    pub(super) tolerance: f64,
    /// √(τᵢ/T) of the n collocation points other than 0, descending from 1.
    pub(super) root_times: Vec<f64>,
    /// Quadrature points l of each collocation point's integrals. Indices ik run over n·l points.
    pub(super) quadrature: usize,
    /// sin θₖ at ik.
    pub(super) sines: Vec<f64>,
    /// √((τᵢ − u)/T) at ik.
    pub(super) spans: Vec<f64>,
    /// u/T at ik.
    pub(super) elapsed: Vec<f64>,
    /// 2τᵢ/T times the weight of ∫ f d(sin θ) at ik.
    pub(super) weights: Vec<f64>,
    /// y² at ik from the n collocation values: n·l rows of n.
    pub(super) interpolation_rows: Vec<f64>,
    /// The same by columns.
    pub(super) interpolation_columns: Vec<f64>,
    /// sin θ of the p quadrature points of the premium.
    pub(super) price_sines: Vec<f64>,
    /// Their weights in ∫ f d(sin θ).
    pub(super) price_weights: Vec<f64>,
    /// y² at the premium's points from the n collocation values, by columns.
    pub(super) price_interpolation: Vec<f64>,
}

/// Most collocation points of a scheme.
pub(super) const MOST_NODES: usize = 8;
/// Most points n·l of a scheme.
pub(super) const MOST_POINTS: usize = 96;
/// Most quadrature points of a scheme's premium.
pub(super) const MOST_PRICE_POINTS: usize = 64;

/// Error under 1e-4·K, most often 1e-6·K.
pub(super) static FAST: LazyLock<Scheme> = LazyLock::new(|| Scheme::new(5, 6, 16, 6, 1e-2));
/// Error under 1e-5·K, most often 1e-8·K.
pub(super) static ACCURATE: LazyLock<Scheme> = LazyLock::new(|| Scheme::new(7, 10, 32, 16, 3e-4));

/// [`ACCURATE`] with twice the premium's points: gamma, and through it theta, of a spot near the boundary needs them.
pub(super) static NEAR: LazyLock<Scheme> = LazyLock::new(|| Scheme::new(7, 10, 64, 16, 3e-4));

impl Scheme {
    fn new(nodes: usize, quadrature: usize, premium: usize, iterations: usize, tolerance: f64) -> Self {
        let root_times: Vec<f64> =
            (0..nodes).map(|i| 0.5 * (1.0 + (PI * i as f64 / nodes as f64).cos())).collect();
        let (sines, cosines, weights) = quarter_circle(quadrature, 1);
        let (price_sines, price_cosines, price_weights) = quarter_circle(premium, 2);
        let points = |at: &dyn Fn(f64, usize) -> f64| -> Vec<f64> {
            root_times.iter().flat_map(|&root| (0..quadrature).map(move |k| at(root, k))).collect()
        };
        let rows: Vec<Vec<f64>> = root_times
            .iter()
            .flat_map(|root| cosines.iter().map(move |cosine| interpolation_row(nodes, root * cosine)))
            .collect();
        let price_rows: Vec<Vec<f64>> =
            price_cosines.iter().map(|&cosine| interpolation_row(nodes, cosine)).collect();
        Self {
            iterations,
            tolerance,
            quadrature,
            sines: points(&|_, k| sines[k]),
            spans: points(&|root, k| root * sines[k]),
            elapsed: points(&|root, k| (root * cosines[k]).powi(2)),
            weights: points(&|root, k| 2.0 * root * root * weights[k]),
            interpolation_rows: rows.concat(),
            interpolation_columns: columns(&rows),
            price_sines,
            price_weights,
            price_interpolation: columns(&price_rows),
            root_times,
        }
    }

    /// n·l.
    pub(super) fn points(&self) -> usize {
        self.root_times.len() * self.quadrature
    }
}

fn columns(rows: &[Vec<f64>]) -> Vec<f64> {
    let width = rows.first().map_or(0, Vec::len);
    (0..width).flat_map(|j| rows.iter().map(move |row| row[j])).collect()
}

/// Σⱼ valuesⱼ · columnⱼ.
pub(super) fn combine(columns: &[f64], values: &[f64], sums: &mut [f64]) {
    sums.fill(0.0);
    for (column, value) in columns.chunks_exact(sums.len()).zip(values) {
        for (sum, weight) in sums.iter_mut().zip(column) {
            *sum += weight * value;
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
