//! The early-exercise boundary of an American put by spectral collocation.
//!
//! L. Andersen, M. Lake, D. Offengenden, "High-performance American option pricing", Journal of Computational Finance 20(1), 2016. The strike is 1.

use super::scheme::Scheme;
use crate::pricing::normal::{INV_SQRT_2PI, cdf_with_kernel, exp};

/// A put's world: strike 1, rate ≥ 0 (or a positive premium from a negative yield).
#[derive(Clone, Copy, Debug)]
pub(super) struct World {
    pub(super) years: f64,
    pub(super) rate: f64,
    pub(super) dividend_yield: f64,
    pub(super) volatility: f64,
}

/// The boundary over the whole life of one put.
pub(super) struct Boundary {
    /// ln X, the boundary's limit at expiration: X = min(1, r/q).
    pub(super) log_limit: f64,
    /// H = (ln(B/X))² at the scheme's collocation points.
    pub(super) squared_logs: Vec<f64>,
}

impl World {
    /// ln of the boundary just before expiration.
    fn log_limit(&self) -> f64 {
        if self.dividend_yield > self.rate { (self.rate / self.dividend_yield).ln() } else { 0.0 }
    }
}

/// The equation's linearisation around a solved boundary: from it near-by worlds' boundaries follow in one step.
pub(super) struct Linearisation(Vec<f64>);

impl Boundary {
    /// ln B(T): at or under it the put is exercised now.
    pub(super) fn log_now(&self) -> f64 {
        self.log_limit - self.squared_logs[0].sqrt()
    }

    /// Solves for the boundary by Newton's method from the quadratic approximation.
    pub(super) fn solve(world: &World, scheme: &Scheme) -> (Self, Linearisation) {
        let log_limit = world.log_limit();
        let mut distances: Vec<f64> = scheme
            .root_times
            .iter()
            .map(|root| log_limit - quadratic_boundary(world, world.years * root * root).ln())
            .collect();
        let mut equation = Equation::new(world, scheme, log_limit);
        for _ in 0..scheme.iterations {
            equation.linearise(&distances);
            equation.factorise();
            if equation.correct(&mut distances) < scheme.tolerance {
                break;
            }
        }
        (Self::at(log_limit, &distances), Linearisation(equation.jacobian))
    }

    /// The boundary of a world next to one that was solved: one Newton step with the other's linearisation, or several of its own where the
    /// limit at expiration moves too.
    pub(super) fn near(&self, world: &World, scheme: &Scheme, linearisation: &Linearisation) -> Self {
        let mut distances: Vec<f64> = self.squared_logs.iter().map(|h| h.sqrt()).collect();
        let log_limit = world.log_limit();
        let mut equation = Equation::new(world, scheme, log_limit);
        equation.linearise(&distances);
        if log_limit == self.log_limit {
            equation.jacobian.copy_from_slice(&linearisation.0);
            equation.correct(&mut distances);
            return Self::at(log_limit, &distances);
        }
        for _ in 0..scheme.iterations {
            equation.factorise();
            if equation.correct(&mut distances) < scheme.tolerance {
                break;
            }
            equation.linearise(&distances);
        }
        Self::at(log_limit, &distances)
    }

    fn at(log_limit: f64, distances: &[f64]) -> Self {
        Self { log_limit, squared_logs: distances.iter().map(|y| y * y).collect() }
    }
}

/// −ln(B/X) at points given by interpolation rows.
pub(super) fn distances(rows: &[f64], squared_logs: &[f64], distances: &mut [f64]) {
    for (row, distance) in rows.chunks_exact(squared_logs.len()).zip(distances.iter_mut()) {
        let square: f64 = row.iter().zip(squared_logs).map(|(w, h)| w * h).sum();
        *distance = square.max(0.0).sqrt();
    }
}

/// Barone-Adesi and Whaley's critical price (1987) of a put of strike 1 with `years` to run; a start for the iteration, not an answer.
fn quadratic_boundary(world: &World, years: f64) -> f64 {
    let World { rate, dividend_yield, volatility, .. } = *world;
    let variance = volatility * volatility;
    let deviation = volatility * years.sqrt();
    let carry = 2.0 * (rate - dividend_yield) / variance;
    // 2r/(σ²(1 − e^(−rτ))), whose limit for r → 0 is 2/(σ²τ).
    let scaled = rate * years;
    let discounting = if scaled.abs() < 1e-9 { 1.0 / years } else { rate / -(-scaled).exp_m1() };
    let root =
        |level: f64| -0.5 * ((carry - 1.0) + ((carry - 1.0) * (carry - 1.0) + 4.0 * level).max(0.0).sqrt());
    let exponent = root(2.0 * discounting / variance);
    let limit = world.log_limit().exp();
    let perpetual_root = root(2.0 * rate.max(0.0) / variance);
    let perpetual = if perpetual_root < 0.0 { perpetual_root / (perpetual_root - 1.0) } else { 0.0 };
    let shape = ((rate - dividend_yield) * years - 2.0 * deviation) / (1.0 - perpetual).max(1e-12);
    let mut boundary = (perpetual + (1.0 - perpetual) * shape.min(0.0).exp()).min(limit);
    let yield_factor = (-dividend_yield * years).exp();
    let rate_factor = (-scaled).exp();
    for _ in 0..5 {
        let d1 = (boundary.ln() + (rate - dividend_yield) * years) / deviation + 0.5 * deviation;
        let kernel1 = exp(-0.5 * d1 * d1);
        let d2 = d1 - deviation;
        let held = yield_factor * cdf_with_kernel(-d1, kernel1);
        let put = rate_factor * cdf_with_kernel(-d2, exp(-0.5 * d2 * d2)) - boundary * held;
        let mismatch = boundary * (1.0 - held) + exponent * (1.0 - boundary - put);
        let slope = (1.0 - held) * (1.0 - exponent) + yield_factor * INV_SQRT_2PI * kernel1 / deviation;
        boundary = (boundary - mismatch / slope).max(0.2 * boundary).min(limit.min(2.0 * boundary));
    }
    boundary.min(limit).max(1e-100)
}

/// The boundary's equation "FP-A" as g(y) = ln(fixed point of B) − ln B = 0 for y = −ln(B/X) at the collocation points, with its working memory;
/// index ik runs over (collocation i, quadrature k).
struct Equation<'a> {
    scheme: &'a Scheme,
    log_limit: f64,
    rate: f64,
    dividend_yield: f64,
    drift: f64,
    /// Times τᵢ of the collocation points.
    times: Vec<f64>,
    /// σ√τᵢ.
    deviations: Vec<f64>,
    /// σ√(τᵢ − u) at ik.
    spans: Vec<f64>,
    /// (r − q − σ²/2)(τᵢ − u) at ik.
    shifts: Vec<f64>,
    /// Weight · r·τᵢ·e^(ru) at ik, and the same with q.
    rate_weights: Vec<f64>,
    yield_weights: Vec<f64>,
    /// y at ik.
    earlier: Vec<f64>,
    /// g at i.
    residuals: Vec<f64>,
    /// dg/dy, row-major; its triangular factors after `factorise`.
    jacobian: Vec<f64>,
}

impl<'a> Equation<'a> {
    fn new(world: &World, scheme: &'a Scheme, log_limit: f64) -> Self {
        let World { years, rate, dividend_yield, volatility } = *world;
        let drift = rate - dividend_yield - 0.5 * volatility * volatility;
        let times: Vec<f64> = scheme.root_times.iter().map(|root| years * root * root).collect();
        let deviations: Vec<f64> =
            scheme.root_times.iter().map(|root| volatility * years.sqrt() * root).collect();
        let count = times.len();
        let size = count * scheme.sines.len();
        let mut new = Self {
            scheme,
            log_limit,
            rate,
            dividend_yield,
            drift,
            spans: vec![0.0; size],
            shifts: vec![0.0; size],
            rate_weights: vec![0.0; size],
            yield_weights: vec![0.0; size],
            earlier: vec![0.0; size],
            residuals: vec![0.0; count],
            jacobian: vec![0.0; count * count],
            times,
            deviations,
        };
        new.fill();
        new
    }

    fn fill(&mut self) {
        let count = self.scheme.sines.len();
        for (i, (&time, &deviation)) in self.times.iter().zip(&self.deviations).enumerate() {
            let range = i * count..(i + 1) * count;
            let (spans, shifts) = (&mut self.spans[range.clone()], &mut self.shifts[range.clone()]);
            let (by_rate, by_yield) = (&mut self.rate_weights[range.clone()], &mut self.yield_weights[range]);
            let (sines, weights) = (&self.scheme.sines[..count], &self.scheme.weights[..count]);
            for k in 0..count {
                let square = sines[k] * sines[k];
                let earlier = time * (1.0 - square);
                spans[k] = deviation * sines[k];
                shifts[k] = self.drift * time * square;
                by_rate[k] = 2.0 * weights[k] * time * self.rate * exp(self.rate * earlier);
                by_yield[k] =
                    2.0 * weights[k] * time * self.dividend_yield * exp(self.dividend_yield * earlier);
            }
        }
    }

    /// Residuals and Jacobian at the boundary given by `own` = y at the collocation points.
    fn linearise(&mut self, own: &[f64]) {
        let count = own.len();
        let squares: Vec<f64> = own.iter().map(|y| y * y).collect();
        distances(&self.scheme.interpolation, &squares, &mut self.earlier);
        let points = self.scheme.sines.len();
        let mut pulls = [0.0; MOST_POINTS];
        let pulls = &mut pulls[..points];
        for i in 0..count {
            let local = self.row(i, own[i], pulls);
            let row = &mut self.jacobian[i * count..(i + 1) * count];
            row.fill(0.0);
            let rows = self.scheme.interpolation[i * points * count..].chunks_exact(count);
            for (pull, weights) in pulls.iter().zip(rows) {
                for (entry, weight) in row.iter_mut().zip(weights) {
                    *entry += pull * weight;
                }
            }
            for (entry, y) in row.iter_mut().zip(own) {
                *entry *= y;
            }
            row[i] += local;
        }
    }

    /// Sets the residual at point i with y = `own`, and `pulls` to (dg/dy at ik)/(y at ik); answers dg/dy at i itself.
    fn row(&mut self, i: usize, own: f64, pulls: &mut [f64]) -> f64 {
        let (time, deviation) = (self.times[i], self.deviations[i]);
        let log_boundary = self.log_limit - own;
        let minus = (log_boundary + self.drift * time) / deviation;
        let plus = minus + deviation;
        let density_minus = INV_SQRT_2PI * exp(-0.5 * minus * minus);
        let kernel_plus = exp(-0.5 * plus * plus);
        let density_plus = INV_SQRT_2PI * kernel_plus;
        let mut slopes = [0.0; MOST_POINTS];
        let slopes = &mut slopes[..pulls.len()];
        let sums = self.integrals(i, own, pulls, slopes);
        // Numerator and denominator of the fixed point, both times σ√τ, and their derivatives by ln B.
        let numerator = density_minus + sums.rate_density;
        let denominator = density_plus
            + sums.yield_density
            + deviation * (cdf_with_kernel(plus, kernel_plus) + sums.yield_probability);
        let numerator_slope = -minus / deviation * density_minus - sums.rate_slope;
        let denominator_slope = -minus / deviation * density_plus - sums.yield_slope;
        self.residuals[i] =
            (numerator / denominator).ln() - (self.rate - self.dividend_yield) * time - log_boundary;
        let earlier = &self.earlier[i * pulls.len()..(i + 1) * pulls.len()];
        let (per_numerator, per_denominator) = (1.0 / numerator, 1.0 / denominator);
        for ((pull, slope), y) in pulls.iter_mut().zip(slopes).zip(earlier) {
            // The interpolated y touches 0 near expiration where rate and yield are nearly equal; its true value never comes close.
            *pull = (*slope * per_denominator - *pull * per_numerator) / y.max(0.02 * own);
        }
        1.0 - numerator_slope / numerator + denominator_slope / denominator
    }

    /// The sums over the quadrature points; writes each point's part of `rate_slope` and `yield_slope`.
    fn integrals(&self, i: usize, own: f64, rate_slopes: &mut [f64], yield_slopes: &mut [f64]) -> Integrals {
        let count = rate_slopes.len();
        let range = i * count..(i + 1) * count;
        let (spans, shifts) = (&self.spans[range.clone()], &self.shifts[range.clone()]);
        let (by_rate, by_yield) = (&self.rate_weights[range.clone()], &self.yield_weights[range.clone()]);
        let (earlier, sines) = (&self.earlier[range], &self.scheme.sines[..count]);
        let yield_slopes = &mut yield_slopes[..count];
        let mut sums = Integrals::default();
        for k in 0..count {
            let minus = (earlier[k] - own + shifts[k]) / spans[k];
            let density = by_rate[k] * INV_SQRT_2PI * exp(-0.5 * minus * minus);
            rate_slopes[k] = density * minus / spans[k];
            sums.rate_density += density;
            sums.rate_slope += rate_slopes[k];
        }
        if self.dividend_yield == 0.0 {
            yield_slopes.fill(0.0);
            return sums;
        }
        for k in 0..count {
            let minus = (earlier[k] - own + shifts[k]) / spans[k];
            let plus = minus + spans[k];
            let kernel = exp(-0.5 * plus * plus);
            let density = by_yield[k] * INV_SQRT_2PI * kernel;
            yield_slopes[k] = density * minus / spans[k];
            sums.yield_density += density;
            sums.yield_slope += yield_slopes[k];
            sums.yield_probability += by_yield[k] * sines[k] * cdf_with_kernel(plus, kernel);
        }
        sums
    }

    /// Triangular factors of the Jacobian, in place; its diagonal dominates, so that rows need not be exchanged.
    fn factorise(&mut self) {
        let n = self.residuals.len();
        for column in 0..n {
            let pivot = 1.0 / self.jacobian[column * n + column];
            for row in column + 1..n {
                let factor = self.jacobian[row * n + column] * pivot;
                self.jacobian[row * n + column] = factor;
                for k in column + 1..n {
                    self.jacobian[row * n + k] -= factor * self.jacobian[column * n + k];
                }
            }
        }
    }

    /// One Newton step with the factorised Jacobian; answers the largest move of ln B.
    fn correct(&mut self, own: &mut [f64]) -> f64 {
        let n = own.len();
        let (moves, factors) = (&mut self.residuals, &self.jacobian);
        for row in 1..n {
            let known: f64 = (0..row).map(|k| factors[row * n + k] * moves[k]).sum();
            moves[row] -= known;
        }
        for row in (0..n).rev() {
            let known: f64 = (row + 1..n).map(|k| factors[row * n + k] * moves[k]).sum();
            moves[row] = (moves[row] - known) / factors[row * n + row];
        }
        let mut largest = 0.0_f64;
        for (y, step) in own.iter_mut().zip(moves) {
            // A step too far would leave the region in which the equation means anything.
            let moved = (*y - *step).max(0.4 * *y).min(2.0 * *y + 0.05);
            if moved.is_finite() {
                largest = largest.max((moved - *y).abs());
                *y = moved;
            }
        }
        largest
    }
}

/// Most quadrature points of a scheme.
const MOST_POINTS: usize = 64;

#[derive(Default)]
struct Integrals {
    rate_density: f64,
    rate_slope: f64,
    yield_density: f64,
    yield_slope: f64,
    yield_probability: f64,
}
