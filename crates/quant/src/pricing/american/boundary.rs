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

impl Boundary {
    /// ln B(T): at or under it the put is exercised now.
    pub(super) fn log_now(&self) -> f64 {
        self.log_limit - self.squared_logs[0].max(0.0).sqrt()
    }

    /// Solves for the boundary, from `guess` where a near-by one is known, else from the quadratic approximation.
    pub(super) fn solve(world: &World, scheme: &Scheme, guess: Option<&Self>) -> Self {
        let log_limit = world.log_limit();
        let mut squared_logs: Vec<f64> = match guess {
            Some(near) => near.squared_logs.clone(),
            None => scheme
                .root_times
                .iter()
                .map(|root| (quadratic_boundary(world, world.years * root * root).ln() - log_limit).powi(2))
                .collect(),
        };
        let mut iteration = Iteration::new(world, scheme, log_limit);
        for _ in 0..scheme.iterations {
            if iteration.improve(&mut squared_logs) < scheme.tolerance {
                break;
            }
        }
        Self { log_limit, squared_logs }
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
        boundary = (boundary - mismatch / slope).clamp(0.2 * boundary, limit.min(2.0 * boundary));
    }
    boundary.min(limit)
}

/// The fixed-point equation's constants and working memory; index ik runs over (collocation i, quadrature k).
struct Iteration<'a> {
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
    distances: Vec<f64>,
}

impl<'a> Iteration<'a> {
    fn new(world: &World, scheme: &'a Scheme, log_limit: f64) -> Self {
        let World { years, rate, dividend_yield, volatility } = *world;
        let drift = rate - dividend_yield - 0.5 * volatility * volatility;
        let times: Vec<f64> = scheme.root_times.iter().map(|root| years * root * root).collect();
        let deviations: Vec<f64> =
            scheme.root_times.iter().map(|root| volatility * years.sqrt() * root).collect();
        let size = times.len() * scheme.sines.len();
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
            distances: vec![0.0; size],
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

    /// One Jacobi–Newton step of the equation "FP-A"; answers the largest move of ln B.
    fn improve(&mut self, squared_logs: &mut [f64]) -> f64 {
        distances(&self.scheme.interpolation, squared_logs, &mut self.distances);
        let mut largest = 0.0_f64;
        for (i, squared) in squared_logs.iter_mut().enumerate() {
            let distance = squared.max(0.0).sqrt();
            let moved = self.step(i, distance);
            largest = largest.max((moved - distance).abs());
            *squared = moved * moved;
        }
        largest
    }

    /// The new −ln(B/X) at collocation point i.
    fn step(&self, i: usize, distance: f64) -> f64 {
        let (time, deviation) = (self.times[i], self.deviations[i]);
        let log_boundary = self.log_limit - distance;
        let minus = (log_boundary + self.drift * time) / deviation;
        let plus = minus + deviation;
        let sums = self.integrals(i, distance);
        let density_minus = INV_SQRT_2PI * exp(-0.5 * minus * minus);
        let kernel_plus = exp(-0.5 * plus * plus);
        let density_plus = INV_SQRT_2PI * kernel_plus;
        // Numerator and denominator of the equation, both times σ√τ, and their derivatives by ln B.
        let numerator = density_minus + sums.rate_density;
        let denominator = density_plus
            + sums.yield_density
            + deviation * (cdf_with_kernel(plus, kernel_plus) + sums.yield_probability);
        let numerator_slope = -minus / deviation * density_minus - sums.rate_slope;
        let denominator_slope = -minus / deviation * density_plus - sums.yield_slope;
        let log_fixed = -(self.rate - self.dividend_yield) * time + (numerator / denominator).ln();
        // Newton on g(b) = ln(fixed point) − b, b = ln B.
        let slope = numerator_slope / numerator - denominator_slope / denominator - 1.0;
        let moved = log_boundary - (log_fixed - log_boundary) / slope;
        if moved.is_finite() {
            (self.log_limit - moved).clamp(0.5 * distance, 2.0 * distance + 0.1)
        } else {
            distance
        }
    }

    fn integrals(&self, i: usize, distance: f64) -> Integrals {
        let count = self.scheme.sines.len();
        let range = i * count..(i + 1) * count;
        let (spans, shifts) = (&self.spans[range.clone()], &self.shifts[range.clone()]);
        let (by_rate, by_yield) = (&self.rate_weights[range.clone()], &self.yield_weights[range.clone()]);
        let (earlier, sines) = (&self.distances[range], &self.scheme.sines[..count]);
        let mut sums = Integrals::default();
        for k in 0..count {
            let minus = (earlier[k] - distance + shifts[k]) / spans[k];
            let density = by_rate[k] * INV_SQRT_2PI * exp(-0.5 * minus * minus);
            sums.rate_density += density;
            sums.rate_slope += density * minus / spans[k];
        }
        if self.dividend_yield == 0.0 {
            return sums;
        }
        for k in 0..count {
            let minus = (earlier[k] - distance + shifts[k]) / spans[k];
            let plus = minus + spans[k];
            let kernel = exp(-0.5 * plus * plus);
            let density = by_yield[k] * INV_SQRT_2PI * kernel;
            sums.yield_density += density;
            sums.yield_slope += density * minus / spans[k];
            sums.yield_probability += by_yield[k] * sines[k] * cdf_with_kernel(plus, kernel);
        }
        sums
    }
}

#[derive(Default)]
struct Integrals {
    rate_density: f64,
    rate_slope: f64,
    yield_density: f64,
    yield_slope: f64,
    yield_probability: f64,
}
