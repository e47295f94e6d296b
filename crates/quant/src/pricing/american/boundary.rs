//! The early-exercise boundary of an American put by spectral collocation.
//!
//! L. Andersen, M. Lake, D. Offengenden, "High-performance American option pricing", Journal of Computational Finance 20(1), 2016, with Newton's
//! method on all collocation points together in place of their fixed-point iteration. The strike is 1.

use super::scheme::{MOST_NODES, MOST_POINTS, Scheme, combine};
use crate::pricing::normal::{INV_SQRT_2PI, cdf_with_kernel, exp, ln};

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
    /// y = −ln(B/X) at the scheme's collocation points.
    own: [f64; MOST_NODES],
}

/// How a boundary moves with its world. Derivatives come by volatility, rate and dividend yield, in this order.
pub(super) struct Slopes {
    /// Of ln X.
    pub(super) log_limit: [f64; 3],
    /// Of y²/2 at the scheme's collocation points.
    pub(super) half_squares: [[f64; MOST_NODES]; 3],
}

impl World {
    /// ln of the boundary just before expiration.
    fn log_limit(&self) -> f64 {
        if self.dividend_yield > self.rate { (self.rate / self.dividend_yield).ln() } else { 0.0 }
    }

    /// Derivatives of `log_limit` by volatility, rate and dividend yield.
    fn log_limit_slopes(&self) -> [f64; 3] {
        if self.dividend_yield > self.rate {
            [0.0, 1.0 / self.rate, -1.0 / self.dividend_yield]
        } else {
            [0.0; 3]
        }
    }
}

impl Boundary {
    /// ln B(T): at or under it the put is exercised now.
    pub(super) fn log_now(&self) -> f64 {
        self.log_limit - self.own[0]
    }

    /// y² at the collocation points, which is what is interpolated.
    pub(super) fn squares(&self) -> [f64; MOST_NODES] {
        self.own.map(|y| y * y)
    }

    /// Solves for the boundary by Newton's method from the quadratic approximation, until no ln B moves by more than the scheme's tolerance.
    /// Convergence is quadratic.
    pub(super) fn solve(world: &World, scheme: &Scheme) -> Self {
        Self::solve_equation(world, scheme, scheme.tolerance).0
    }

    /// The boundary and how it moves with its world: the total derivative of the equation, solved with the last linearisation.
    pub(super) fn solve_with_slopes(world: &World, scheme: &Scheme) -> (Self, Slopes) {
        let (boundary, mut equation) = Self::solve_equation(world, scheme, SLOPES_TOLERANCE);
        let log_limit = world.log_limit_slopes();
        let mut half_squares = equation.slopes(log_limit);
        for slopes in &mut half_squares {
            for (slope, y) in slopes.iter_mut().zip(&boundary.own) {
                *slope *= y;
            }
        }
        (boundary, Slopes { log_limit, half_squares })
    }

    fn solve_equation<'a>(world: &World, scheme: &'a Scheme, tolerance: f64) -> (Self, Equation<'a>) {
        let log_limit = world.log_limit();
        let mut own = quadratic_boundary(world, scheme, log_limit);
        let mut equation = Equation::new(world, scheme, log_limit);
        equation.solve(&mut own, scheme.iterations, tolerance);
        (Self { log_limit, own }, equation)
    }
}

/// Move of ln B at which the iteration for a boundary with slopes stops: they take the linearisation of the step before.
const SLOPES_TOLERANCE: f64 = 1e-5;

/// −ln(B/X) at the collocation points by Barone-Adesi and Whaley's critical price (1987); a start for the iteration, not an answer.
fn quadratic_boundary(world: &World, scheme: &Scheme, log_limit: f64) -> [f64; MOST_NODES] {
    let World { years, rate, dividend_yield, volatility } = *world;
    let variance = volatility * volatility;
    let carry = 2.0 * (rate - dividend_yield) / variance - 1.0;
    let root = |level: f64| -0.5 * (carry + (carry * carry + 4.0 * level).max(0.0).sqrt());
    let perpetual_root = root(2.0 * rate.max(0.0) / variance);
    let perpetual = if perpetual_root < 0.0 { perpetual_root / (perpetual_root - 1.0) } else { 0.0 };
    let limit = log_limit.exp();
    let mut own = [0.0; MOST_NODES];
    for (y, root_time) in own.iter_mut().zip(&scheme.root_times) {
        let time = years * root_time * root_time;
        let deviation = volatility * years.sqrt() * root_time;
        // 2r/(σ²(1 − e^(−rτ))), whose limit for r → 0 is 2/(σ²τ).
        let rate_factor = exp(-rate * time);
        let discounting = if (rate * time).abs() < 1e-6 { 1.0 / time } else { rate / (1.0 - rate_factor) };
        let exponent = root(2.0 * discounting / variance);
        let shape = ((rate - dividend_yield) * time - 2.0 * deviation) / (1.0 - perpetual).max(1e-12);
        let mut boundary = (perpetual + (1.0 - perpetual) * exp(shape.min(0.0))).min(limit);
        let yield_factor = exp(-dividend_yield * time);
        for _ in 0..3 {
            let d1 = (ln(boundary) + (rate - dividend_yield) * time) / deviation + 0.5 * deviation;
            let kernel1 = exp(-0.5 * d1 * d1);
            let d2 = d1 - deviation;
            let held = yield_factor * cdf_with_kernel(-d1, kernel1);
            let put = rate_factor * cdf_with_kernel(-d2, exp(-0.5 * d2 * d2)) - boundary * held;
            let mismatch = boundary * (1.0 - held) + exponent * (1.0 - boundary - put);
            let slope = (1.0 - held) * (1.0 - exponent) + yield_factor * INV_SQRT_2PI * kernel1 / deviation;
            boundary = (boundary - mismatch / slope).max(0.2 * boundary).min(limit.min(2.0 * boundary));
        }
        *y = log_limit - ln(boundary.min(limit).max(1e-100));
    }
    own
}

/// Values at every (collocation i, quadrature k) point, index ik.
type Points = [f64; MOST_POINTS];

/// The boundary's equation "FP-A" as g(y) = ln(fixed point of B) − ln B = 0 for y = −ln(B/X) at the collocation points, with its working memory.
struct Equation<'a> {
    scheme: &'a Scheme,
    log_limit: f64,
    rate: f64,
    dividend_yield: f64,
    drift: f64,
    years: f64,
    /// σ√T.
    deviation: f64,
    /// σ√(τᵢ − u) and its inverse.
    spans: Points,
    inverse_spans: Points,
    /// (r − q − σ²/2)(τᵢ − u).
    shifts: Points,
    /// Weight · rτᵢe^(ru)/√(2π), and weight · τᵢe^(qu)/√(2π) without the yield, whose derivative is wanted at 0 too.
    rate_weights: Points,
    yield_weights: Points,
    /// y at u, and ln(B(τᵢ)/B(u)).
    earlier: Points,
    gaps: Points,
    /// Each point's part of the fixed point's numerator and of its derivative, and for a yield of 1 of the denominator, its derivative and its probability.
    parts: [Points; 5],
    /// g at i.
    residuals: [f64; MOST_NODES],
    /// What of i itself enters derivatives.
    nodes: [Node; MOST_NODES],
    /// dg/dy, row-major; its triangular factors after `factorise`.
    jacobian: Vec<f64>,
}

/// The equation at one collocation point, at the y that was evaluated last.
#[derive(Clone, Copy, Default)]
struct Node {
    /// dg/dy by its own y.
    own_slope: f64,
    per_numerator: f64,
    per_denominator: f64,
    /// d₋ at the boundary, the densities at d₋ and d₊, and Φ(d₊).
    minus: f64,
    density_minus: f64,
    density_plus: f64,
    probability: f64,
}

impl<'a> Equation<'a> {
    fn new(world: &World, scheme: &'a Scheme, log_limit: f64) -> Self {
        let World { years, rate, dividend_yield, volatility } = *world;
        let count = scheme.root_times.len();
        let mut new = Self {
            scheme,
            log_limit,
            rate,
            dividend_yield,
            drift: rate - dividend_yield - 0.5 * volatility * volatility,
            years,
            deviation: volatility * years.sqrt(),
            spans: [0.0; MOST_POINTS],
            inverse_spans: [0.0; MOST_POINTS],
            shifts: [0.0; MOST_POINTS],
            rate_weights: [0.0; MOST_POINTS],
            yield_weights: [0.0; MOST_POINTS],
            earlier: [0.0; MOST_POINTS],
            gaps: [0.0; MOST_POINTS],
            parts: [[0.0; MOST_POINTS]; 5],
            residuals: [0.0; MOST_NODES],
            nodes: [Node::default(); MOST_NODES],
            jacobian: vec![0.0; count * count],
        };
        new.fill();
        new
    }

    fn fill(&mut self) {
        let size = self.scheme.points();
        let (unit_spans, weights) = (&self.scheme.spans[..size], &self.scheme.weights[..size]);
        let elapsed = &self.scheme.elapsed[..size];
        let (spans, inverse_spans) = (&mut self.spans[..size], &mut self.inverse_spans[..size]);
        let (shifts, by_rate) = (&mut self.shifts[..size], &mut self.rate_weights[..size]);
        let (rate, years, drift) = (self.rate, self.years, self.drift * self.years);
        for j in 0..size {
            spans[j] = self.deviation * unit_spans[j];
            inverse_spans[j] = 1.0 / spans[j];
            shifts[j] = drift * unit_spans[j] * unit_spans[j];
            by_rate[j] = INV_SQRT_2PI * weights[j] * years * rate * exp(rate * years * elapsed[j]);
        }
        if self.dividend_yield != 0.0 {
            self.fill_yield();
        }
    }

    fn fill_yield(&mut self) {
        let size = self.scheme.points();
        let (elapsed, weights) = (&self.scheme.elapsed[..size], &self.scheme.weights[..size]);
        let (years, dividend_yield) = (self.years, self.dividend_yield);
        let by_yield = &mut self.yield_weights[..size];
        for j in 0..size {
            by_yield[j] = INV_SQRT_2PI * weights[j] * years * exp(dividend_yield * years * elapsed[j]);
        }
    }

    /// Newton's iteration.
    fn solve(&mut self, own: &mut [f64; MOST_NODES], iterations: usize, tolerance: f64) {
        for _ in 0..iterations {
            self.evaluate(own);
            self.linearise(own);
            self.factorise();
            if self.correct(own) < tolerance {
                break;
            }
        }
    }

    /// Residuals at y = `own`.
    fn evaluate(&mut self, own: &[f64; MOST_NODES]) {
        self.integrands(own);
        let per_node = self.scheme.quadrature;
        for (i, &y) in own[..self.scheme.root_times.len()].iter().enumerate() {
            let range = i * per_node..(i + 1) * per_node;
            let [rate_density, rate_slope, yield_density, yield_slope, yield_probability] =
                std::array::from_fn(|part| self.parts[part][range.clone()].iter().sum::<f64>());
            let root = self.scheme.root_times[i];
            let time = self.years * root * root;
            let deviation = self.deviation * root;
            let log_boundary = self.log_limit - y;
            let minus = (log_boundary + self.drift * time) / deviation;
            let plus = minus + deviation;
            let density_minus = INV_SQRT_2PI * exp(-0.5 * minus * minus);
            let kernel_plus = exp(-0.5 * plus * plus);
            let density_plus = INV_SQRT_2PI * kernel_plus;
            let probability = cdf_with_kernel(plus, kernel_plus);
            // Numerator and denominator of the fixed point, both times σ√τ, and their derivatives by ln B.
            let numerator = density_minus + rate_density;
            let denominator = density_plus
                + self.dividend_yield * yield_density
                + deviation * (probability + self.dividend_yield * yield_probability);
            let numerator_slope = -minus / deviation * density_minus - rate_slope;
            let denominator_slope = -minus / deviation * density_plus - self.dividend_yield * yield_slope;
            let (per_numerator, per_denominator) = (1.0 / numerator, 1.0 / denominator);
            self.residuals[i] =
                (numerator * per_denominator).ln() - (self.rate - self.dividend_yield) * time - log_boundary;
            let own_slope = 1.0 - numerator_slope * per_numerator + denominator_slope * per_denominator;
            self.nodes[i] = Node {
                own_slope,
                per_numerator,
                per_denominator,
                minus,
                density_minus,
                density_plus,
                probability,
            };
        }
    }

    /// Fills `parts` at every point; without sums, so that the loops vectorise.
    fn integrands(&mut self, own: &[f64; MOST_NODES]) {
        let size = self.scheme.points();
        let count = self.scheme.root_times.len();
        let squares = own.map(|y| y * y);
        let earlier = &mut self.earlier[..size];
        combine(&self.scheme.interpolation_columns, &squares[..count], earlier);
        let gaps = &mut self.gaps[..size];
        let per_node = self.scheme.quadrature;
        for ((gap, y), i) in gaps.chunks_exact_mut(per_node).zip(earlier.chunks_exact_mut(per_node)).zip(own)
        {
            for (gap, y) in gap.iter_mut().zip(y) {
                *y = y.max(0.0).sqrt();
                *gap = *y - i;
            }
        }
        let inverse_spans = &self.inverse_spans[..size];
        let (shifts, by_rate) = (&self.shifts[..size], &self.rate_weights[..size]);
        let [rate_density, rate_slope, ..] = &mut self.parts;
        let (rate_density, rate_slope) = (&mut rate_density[..size], &mut rate_slope[..size]);
        for j in 0..size {
            let minus = (gaps[j] + shifts[j]) * inverse_spans[j];
            let density = by_rate[j] * exp(-0.5 * minus * minus);
            rate_density[j] = density;
            rate_slope[j] = density * minus * inverse_spans[j];
        }
        if self.dividend_yield != 0.0 {
            self.yield_integrands();
        }
    }

    fn yield_integrands(&mut self) {
        let size = self.scheme.points();
        let (spans, inverse_spans) = (&self.spans[..size], &self.inverse_spans[..size]);
        let (gaps, shifts) = (&self.gaps[..size], &self.shifts[..size]);
        let (by_yield, sines) = (&self.yield_weights[..size], &self.scheme.sines[..size]);
        let [_, _, yield_density, yield_slope, yield_probability] = &mut self.parts;
        let (yield_density, yield_slope) = (&mut yield_density[..size], &mut yield_slope[..size]);
        let yield_probability = &mut yield_probability[..size];
        for j in 0..size {
            let minus = (gaps[j] + shifts[j]) * inverse_spans[j];
            let plus = minus + spans[j];
            let kernel = exp(-0.5 * plus * plus);
            let density = by_yield[j] * kernel;
            yield_density[j] = density;
            yield_slope[j] = density * minus * inverse_spans[j];
            yield_probability[j] = SQRT_2PI * by_yield[j] * sines[j] * cdf_with_kernel(plus, kernel);
        }
    }

    /// The Jacobian at the y that was evaluated last.
    fn linearise(&mut self, own: &[f64; MOST_NODES]) {
        let count = self.scheme.root_times.len();
        let per_node = self.scheme.quadrature;
        for i in 0..count {
            let Node { own_slope, per_numerator, per_denominator, .. } = self.nodes[i];
            let per_denominator = self.dividend_yield * per_denominator;
            let mut row = [0.0; MOST_NODES];
            let row = &mut row[..count];
            let points = i * per_node..(i + 1) * per_node;
            let weights = self.scheme.interpolation_rows[i * per_node * count..].chunks_exact(count);
            for (j, weights) in points.zip(weights) {
                // The interpolated y touches 0 near expiration where rate and yield are nearly equal; its true value never comes close.
                let pull = (self.parts[3][j] * per_denominator - self.parts[1][j] * per_numerator)
                    / self.earlier[j].max(0.02 * own[i]);
                for (entry, weight) in row.iter_mut().zip(weights) {
                    *entry += pull * weight;
                }
            }
            for (entry, y) in row.iter_mut().zip(own) {
                *entry *= y;
            }
            row[i] += own_slope;
            self.jacobian[i * count..(i + 1) * count].copy_from_slice(row);
        }
    }

    /// Triangular factors of the Jacobian, in place; its diagonal dominates, so that rows need not be exchanged.
    fn factorise(&mut self) {
        let n = self.scheme.root_times.len();
        for column in 0..n {
            let (above, below) = self.jacobian.split_at_mut((column + 1) * n);
            let pivot_row = &above[column * n..];
            let pivot = 1.0 / pivot_row[column];
            for row in below.chunks_exact_mut(n) {
                let factor = row[column] * pivot;
                row[column] = factor;
                for (entry, above) in row[column + 1..].iter_mut().zip(&pivot_row[column + 1..]) {
                    *entry -= factor * above;
                }
            }
        }
    }

    /// One Newton step with the factorised Jacobian; answers the largest move of ln B.
    fn correct(&self, own: &mut [f64; MOST_NODES]) -> f64 {
        let mut moves = self.residuals;
        self.substitute(&mut moves);
        let mut largest = 0.0_f64;
        for (y, step) in own.iter_mut().zip(&moves[..self.scheme.root_times.len()]) {
            // A step too far would leave the region in which the equation means anything.
            let moved = (*y - *step).max(0.4 * *y).min(2.0 * *y + 0.05);
            if moved.is_finite() {
                largest = largest.max((moved - *y).abs());
                *y = moved;
            }
        }
        largest
    }

    /// Solves the factorised system for the right-hand side in `values`, in place.
    fn substitute(&self, values: &mut [f64; MOST_NODES]) {
        let n = self.scheme.root_times.len();
        let factors = &self.jacobian;
        for row in 1..n {
            let known: f64 = (0..row).map(|k| factors[row * n + k] * values[k]).sum();
            values[row] -= known;
        }
        for row in (0..n).rev() {
            let known: f64 = (row + 1..n).map(|k| factors[row * n + k] * values[k]).sum();
            values[row] = (values[row] - known) / factors[row * n + row];
        }
    }

    /// Derivatives of the solution y by volatility, rate and dividend yield, from those of ln X: dy = −(dg/dy)⁻¹·dg.
    fn slopes(&mut self, log_limit: [f64; 3]) -> [[f64; MOST_NODES]; 3] {
        if self.dividend_yield == 0.0 {
            self.fill_yield();
            self.yield_integrands();
        }
        let mut slopes = [[0.0; MOST_NODES]; 3];
        for i in 0..self.scheme.root_times.len() {
            for (slopes, partial) in slopes.iter_mut().zip(self.partials(i, log_limit)) {
                slopes[i] = -partial;
            }
        }
        for values in &mut slopes {
            self.substitute(values);
        }
        slopes
    }

    /// Derivatives of g at i by volatility, rate and dividend yield where no y moves. With t = τᵢ − u, d± change by −d∓/σ with the volatility
    /// and by ±√t/σ with the rate and the yield.
    fn partials(&self, i: usize, log_limit: [f64; 3]) -> [f64; 3] {
        let Node { per_numerator, per_denominator, minus, density_minus, density_plus, probability, .. } =
            self.nodes[i];
        let root = self.scheme.root_times[i];
        let (time, deviation) = (self.years * root * root, self.deviation * root);
        let volatility = self.deviation / self.years.sqrt();
        let (per_variance, dividend_yield) = (1.0 / (volatility * volatility), self.dividend_yield);
        // Integrals over the numerator's densities, then over the denominator's, for a yield of 1.
        let [mut by_volatility, mut by_rate, mut by_drift] =
            [density_minus * minus * (minus + deviation), 0.0, 0.0];
        let [mut held, mut held_by_yield, mut held_by_drift, mut squares] = [0.0; 4];
        for j in i * self.scheme.quadrature..(i + 1) * self.scheme.quadrature {
            let [rate_density, _, yield_density, _, yield_probability] =
                self.parts.each_ref().map(|part| part[j]);
            let elapsed = self.years * self.scheme.elapsed[j];
            let span = self.spans[j];
            let minus = (self.gaps[j] + self.shifts[j]) * self.inverse_spans[j];
            by_volatility += rate_density * minus * (minus + span);
            by_rate += rate_density * (1.0 / self.rate + elapsed);
            by_drift += rate_density * minus * span * per_variance;
            squares += yield_density * minus * minus;
            held += yield_probability;
            held_by_yield +=
                (1.0 + dividend_yield * elapsed) * (yield_density + deviation * yield_probability);
            held_by_drift += dividend_yield * yield_density * minus * span * per_variance;
        }
        let [_, limit_by_rate, limit_by_yield] = log_limit;
        let pulls = [(limit_by_rate + time) * minus / deviation, (limit_by_yield - time) * minus / deviation];
        let numerator = [
            by_volatility / volatility,
            by_rate - by_drift - density_minus * pulls[0],
            by_drift - density_minus * pulls[1],
        ];
        let denominator = [
            (density_plus * minus * minus
                + dividend_yield * squares
                + deviation * (probability + dividend_yield * held))
                / volatility,
            -held_by_drift - density_plus * pulls[0],
            held_by_yield + held_by_drift - density_plus * pulls[1],
        ];
        let carry = [0.0, time, -time];
        std::array::from_fn(|p| {
            numerator[p] * per_numerator - denominator[p] * per_denominator - carry[p] - log_limit[p]
        })
    }
}

const SQRT_2PI: f64 = 2.506_628_274_631_000_7;
