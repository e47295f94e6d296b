//! Finite differences for options on a share that pays cash dividends, several options ("lanes") at a time.
//!
//! Between ex-dates the discounted value in the frame that moves with the drift obeys the heat equation u_τ = ½σ²·u_yy. It is stepped with the
//! compact scheme of Crandall and Douglas (fourth order in log-price, second in time) on time steps that grow quadratically from each
//! stage's end, where the kinks are; early exercise is solved by Brennan and Schwartz' elimination (1977). Kinks are shifted onto the grid so
//! that their first three moments are kept. At an ex-date V(S, t−) = max(exercise, V(S − D, t+)). The grid of each stage follows the forward. The time
//! to the first ex-date is not stepped but integrated where nothing can be exercised in it ([`super::first_stage`]).

use super::normal::exp;
use super::{Dividend, VanillaOption, first_stage};

/// Options solved at once; enough to fill vector units and hide the latency of the recurrences.
pub(crate) const LANES: usize = 8;

/// When the holder may exercise, as far as the solver cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exercise {
    /// At expiration only.
    AtExpiration,
    /// At any time; the exercise region is one interval that reaches to S = 0 (put) or S = ∞ (call).
    OneSided,
    /// At any time; the region may end on both sides (negative rate and yield).
    TwoSided,
}

/// How fine to solve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Resolution {
    /// Intervals in log-price.
    pub(crate) intervals: usize,
    /// Time steps over the option's life.
    pub(crate) steps: usize,
    /// Standard deviations covered on either side of the forward.
    pub(crate) width: f64,
}

impl Resolution {
    /// With its half, error under 1e-6·K.
    pub(crate) const FINE: Self = Self { intervals: 320, steps: 160, width: 6.5 };
    /// Half as many intervals and steps.
    fn halved(self) -> Self {
        Self { intervals: self.intervals / 2, steps: self.steps / 2, ..self }
    }

    /// For whole chains.
    pub(crate) const CHAIN: Self = Self { intervals: 128, steps: 48, width: 5.5 };
}

/// What a solve answers, per share.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Solution {
    /// Value.
    pub(crate) price: f64,
    /// dV/dS.
    pub(crate) delta: f64,
    /// d²V/dS².
    pub(crate) gamma: f64,
}

type Lane<const L: usize> = [f64; L];

impl Solution {
    /// Richardson's extrapolation from a grid and one twice as fine; a free boundary between nodes leaves an error of second order.
    fn extrapolated(coarse: Self, fine: Self) -> Self {
        let limit = |coarse: f64, fine: f64| fine + (fine - coarse) / 3.0;
        Self {
            price: limit(coarse.price, fine.price).max(0.0),
            delta: limit(coarse.delta, fine.delta),
            gamma: limit(coarse.gamma, fine.gamma),
        }
    }
}

/// σ√T above which no grid resolves both the spot and the far prices that a call's value comes from.
const MOST_DEVIATION: f64 = 4.0;

/// Solves one option finely. `dividends` are sorted and inside the option's life, σ√T > 0.
pub(crate) fn solve_one(option: &VanillaOption, dividends: &[Dividend], exercise: Exercise) -> Solution {
    if option.deviation() > MOST_DEVIATION {
        return escrowed(option, dividends, exercise);
    }
    let at = |resolution| Solver::<1>::new(&[*option], exercise, resolution).run(dividends)[0];
    let solved = Solution::extrapolated(at(Resolution::FINE.halved()), at(Resolution::FINE));
    let floor = if exercise == Exercise::AtExpiration { 0.0 } else { option.intrinsic() };
    Solution { price: solved.price.max(floor), ..solved }
}

/// Over [`MOST_DEVIATION`]: the option on the spot less the dividends' present value, at least its exercise value.
fn escrowed(option: &VanillaOption, dividends: &[Dividend], exercise: Exercise) -> Solution {
    let paid: f64 = dividends.iter().map(|d| d.amount * (-option.rate * d.years).exp()).sum();
    let reduced = VanillaOption { spot: (option.spot - paid).max(1e-6), ..*option };
    let greeks = match exercise {
        Exercise::OneSided => super::american::greeks(&reduced),
        Exercise::AtExpiration | Exercise::TwoSided => super::european::greeks(&reduced),
    };
    let floor = if exercise == Exercise::AtExpiration { 0.0 } else { option.intrinsic() };
    Solution { price: greeks.price.max(floor), delta: greeks.delta, gamma: greeks.gamma }
}

/// As [`solve_one`] for many options of one expiration.
pub(crate) fn solve_many_finely(
    options: &[VanillaOption],
    dividends: &[Dividend],
    exercise: Exercise,
) -> Vec<Solution> {
    let coarse = solve_many(options, dividends, exercise, Resolution::FINE.halved());
    let fine = solve_many(options, dividends, exercise, Resolution::FINE);
    coarse.into_iter().zip(fine).map(|(coarse, fine)| Solution::extrapolated(coarse, fine)).collect()
}

/// Solves many options of one expiration (all with the first one's `years`).
pub(crate) fn solve_many(
    options: &[VanillaOption],
    dividends: &[Dividend],
    exercise: Exercise,
    resolution: Resolution,
) -> Vec<Solution> {
    let mut solutions = Vec::with_capacity(options.len() + LANES);
    for chunk in options.chunks(LANES) {
        let lanes: [VanillaOption; LANES] = std::array::from_fn(|l| {
            let option = chunk[l.min(chunk.len() - 1)];
            let most = MOST_DEVIATION / option.years.sqrt();
            VanillaOption { volatility: option.volatility.min(most), ..option }
        });
        let solved = Solver::new(&lanes, exercise, resolution).run(dividends);
        solutions.extend(chunk.iter().zip(solved).map(|(option, solution)| {
            if option.deviation() > MOST_DEVIATION { escrowed(option, dividends, exercise) } else { solution }
        }));
    }
    solutions
}

/// The grid of one stage between ex-dates. Node i of a put lies at `origin + i·step`; a call's grid runs downwards (step < 0), so that
/// the exercise region always begins at node 0.
#[derive(Clone, Copy)]
struct Grid<const L: usize> {
    origin: Lane<L>,
    step: Lane<L>,
    /// Stage's first and last moment in years from now.
    start: f64,
    end: f64,
}

struct Solver<'a, const L: usize> {
    options: &'a [VanillaOption; L],
    exercise: Exercise,
    resolution: Resolution,
    /// r − q − σ²/2.
    drift: Lane<L>,
    /// Node on which the forward of the spot lies.
    center: [usize; L],
    /// Undiscounted values u on the current grid.
    values: Vec<Lane<L>>,
    /// e^y on the current grid.
    level: Vec<Lane<L>>,
    scratch: Vec<Lane<L>>,
    pivots: Vec<Lane<L>>,
}

impl<'a, const L: usize> Solver<'a, L> {
    fn new(options: &'a [VanillaOption; L], exercise: Exercise, resolution: Resolution) -> Self {
        let count = resolution.intervals + 1;
        let drift = std::array::from_fn(|l| {
            let o = &options[l];
            o.rate - o.dividend_yield - 0.5 * o.volatility * o.volatility
        });
        let center = std::array::from_fn(|l| {
            let o = &options[l];
            // The upper side is wider by σ²T, to where a call's value under large σ√T comes from.
            let share = resolution.width / (2.0 * resolution.width + o.deviation());
            let below = (share * count as f64).round().clamp(4.0, count as f64 - 5.0);
            // Truncation of a small non-negative whole number.
            let below = below as usize;
            if o.right.sign() > 0.0 { resolution.intervals - below } else { below }
        });
        Self {
            options,
            exercise,
            resolution,
            drift,
            center,
            values: vec![[0.0; L]; count],
            level: vec![[0.0; L]; count],
            scratch: vec![[0.0; L]; count],
            pivots: vec![[0.0; L]; count],
        }
    }

    fn run(mut self, dividends: &[Dividend]) -> [Solution; L] {
        let years = self.options[0].years;
        let mut moments = vec![0.0];
        moments.extend(dividends.iter().map(|d| d.years));
        moments.push(years);
        let mut upcoming: Option<Grid<L>> = None;
        let mut integrated = [None; L];
        for stage in (0..moments.len() - 1).rev() {
            if let (0, Some(after)) = (stage, &upcoming) {
                integrated = self.integrate_first_stage(after, dividends);
                if let Some(solutions) = all_of(integrated) {
                    return solutions;
                }
            }
            let grid = self.grid(moments[stage], moments[stage + 1], dividends);
            self.fill_levels(&grid);
            match upcoming {
                None => self.payoff(&grid),
                Some(after) => self.cross_dividend(&after, &grid, &dividends[stage..]),
            }
            self.step_stage(&grid, &dividends[stage.min(dividends.len())..], years);
            upcoming = Some(grid);
        }
        let stepped = self.read(upcoming.as_ref());
        std::array::from_fn(|l| integrated[l].unwrap_or(stepped[l]))
    }

    /// The solutions of the lanes in which nothing is exercised before the first ex-date, from the values just after it (on `after`).
    fn integrate_first_stage(&self, after: &Grid<L>, dividends: &[Dividend]) -> [Option<Solution>; L] {
        let first = dividends[0];
        let span = after.end - after.start;
        std::array::from_fn(|l| {
            let o = &self.options[l];
            if !first_stage::is_held(o, self.exercise) {
                return None;
            }
            let discount = exp(-o.rate * span);
            let edge = Edge::at(o, first.years, &dividends[1..], self.exercise);
            let held = |spot: f64| {
                let left = spot - first.amount;
                if left <= 0.0 {
                    return edge.value(0.0);
                }
                let position =
                    (super::normal::ln(left) + self.drift[l] * span - after.origin[l]) / after.step[l];
                interpolate_six(&self.values, l, position).map_or_else(|| edge.value(left), |u| discount * u)
            };
            let may_exercise = self.exercise != Exercise::AtExpiration;
            Some(first_stage::integrate(o, first.years, may_exercise, held))
        })
    }

    /// A grid around the forward of the spot, net of the dividends before the stage, wide enough for the stage's last moment.
    fn grid(&self, start: f64, end: f64, dividends: &[Dividend]) -> Grid<L> {
        let mut origin = [0.0; L];
        let mut step = [0.0; L];
        for l in 0..L {
            let o = &self.options[l];
            let mut middle = o.spot.ln();
            let mut since = 0.0;
            for d in dividends.iter().take_while(|d| d.years <= start) {
                let before = (middle + self.drift[l] * (d.years - since)).exp();
                middle = (before - d.amount).max(0.05 * before).ln();
                since = d.years;
            }
            middle += self.drift[l] * (end - since);
            let deviation = o.volatility * end.sqrt();
            let total = deviation * (2.0 * self.resolution.width + deviation);
            step[l] = -o.right.sign() * total / self.resolution.intervals as f64;
            origin[l] = middle - self.center[l] as f64 * step[l];
            if start > 0.0 && end >= o.years {
                // The strike on a node, whatever the rate and volatility, keeps differences of solutions smooth.
                let position = (o.strike.ln() - origin[l]) / step[l];
                origin[l] += (position - position.round()) * step[l];
            }
        }
        Grid { origin, step, start, end }
    }

    fn fill_levels(&mut self, grid: &Grid<L>) {
        for (i, level) in self.level.iter_mut().enumerate() {
            *level = std::array::from_fn(|l| exp(grid.origin[l] + i as f64 * grid.step[l]));
        }
    }

    fn payoff(&mut self, grid: &Grid<L>) {
        for l in 0..L {
            let o = &self.options[l];
            let sign = o.right.sign();
            for (value, level) in self.values.iter_mut().zip(&self.level) {
                value[l] = (sign * (level[l] - o.strike)).max(0.0);
            }
            let position = (o.strike.ln() - grid.origin[l]) / grid.step[l];
            self.shift_kink(l, position, o.strike * grid.step[l].abs());
        }
    }

    /// Corrects the nodes around a kink so that the compact scheme sees its moments; `jump` is the slope's jump times the step.
    fn shift_kink(&mut self, lane: usize, position: f64, jump: f64) {
        if !(position > 1.0 && position < self.resolution.intervals as f64 - 2.0) {
            return;
        }
        // Truncation of a position that was checked to lie inside the grid.
        let node = position as usize;
        let fraction = position - node as f64;
        let correction = jump * (1.0 / 12.0 - 0.5 * fraction * (1.0 - fraction));
        self.values[node][lane] += correction * (1.0 - fraction);
        self.values[node + 1][lane] += correction * fraction;
    }

    /// From the values just after an ex-date (on `after`) to those just before it (on `before`); `dividends` begins with the one that is paid.
    fn cross_dividend(&mut self, after: &Grid<L>, before: &Grid<L>, dividends: &[Dividend]) {
        let old = std::mem::replace(&mut self.values, std::mem::take(&mut self.scratch));
        for l in 0..L {
            let o = self.options[l];
            let amount = dividends[0].amount;
            let span = after.end - after.start;
            let discount = (-o.rate * span).exp();
            let edge = Edge::at(&o, before.end, &dividends[1..], self.exercise);
            for i in 0..self.level.len() {
                let spot = self.level[i][l];
                let left = spot - amount;
                let inside = if left > 0.0 {
                    let position =
                        (super::normal::ln(left) + self.drift[l] * span - after.origin[l]) / after.step[l];
                    interpolate(&old, l, position)
                } else {
                    None
                };
                self.values[i][l] = match inside {
                    Some(u) => discount * u,
                    None => edge.value(left.max(0.0)),
                };
            }
            if self.exercise != Exercise::AtExpiration {
                self.exercise_before_dividend(l);
            }
        }
        self.scratch = old;
    }

    /// Raises the values of one lane, on the spots of `level`, to the exercise value, and keeps the moments of the kink where that begins.
    fn exercise_before_dividend(&mut self, lane: usize) {
        let o = self.options[lane];
        let excess: Vec<f64> = self
            .level
            .iter()
            .zip(&self.values)
            .map(|(spot, value)| o.right.sign() * (spot[lane] - o.strike) - value[lane])
            .collect();
        for (value, gain) in self.values.iter_mut().zip(&excess) {
            value[lane] += gain.max(0.0);
        }
        let last = (2..excess.len() - 2).find(|&i| excess[i - 1] > 0.0 && excess[i] <= 0.0);
        if let Some(i) = last {
            let (a, b, c, d) = (excess[i - 2], excess[i - 1], excess[i], excess[i + 1]);
            let (root, slope) = cubic_root(a, b, c, d);
            self.shift_kink(lane, i as f64 - 1.0 + root, -slope);
        }
    }

    /// Steps the values from the stage's end back to its start.
    fn step_stage(&mut self, grid: &Grid<L>, dividends: &[Dividend], years: f64) {
        let span = grid.end - grid.start;
        let wanted = (self.resolution.steps as f64 * (span / years).sqrt()).ceil().max(10.0);
        // Truncation of a small whole number.
        let count = wanted as usize;
        let last = self.resolution.intervals;
        let even = self.even_shares(grid, count);
        let mut reached = [0.0; L];
        for step in 1..=count {
            let fraction = step as f64 / count as f64;
            let mut lambda = [0.0; L];
            let (mut base, mut slope) = ([f64::NEG_INFINITY; L], [0.0; L]);
            let (mut first_edge, mut last_edge) = ([0.0; L], [0.0; L]);
            for l in 0..L {
                let o = &self.options[l];
                let elapsed = span * fraction * (even[l] + (1.0 - even[l]) * fraction);
                lambda[l] = 0.5 * o.volatility * o.volatility * (elapsed - reached[l])
                    / (grid.step[l] * grid.step[l]);
                reached[l] = elapsed;
                let growth = exp(o.rate * elapsed);
                let shrink = exp(-self.drift[l] * elapsed);
                if self.exercise != Exercise::AtExpiration {
                    base[l] = -o.right.sign() * o.strike * growth;
                    slope[l] = o.right.sign() * growth * shrink;
                }
                let edge = Edge::at(o, grid.end - elapsed, dividends, self.exercise);
                first_edge[l] = growth * edge.value(self.level[0][l] * shrink);
                last_edge[l] = growth * edge.value(self.level[last][l] * shrink);
            }
            self.step(lambda, base, slope, first_edge, last_edge);
        }
    }

    /// Each lane's share of a stage's time that is divided evenly, the rest quadratically: so much that the first step has λ = ½σ²k/h² ≥ ¼. A step
    /// under 1/6 would let values overshoot at kinks, which the exercise would turn into a bias.
    fn even_shares(&self, grid: &Grid<L>, count: usize) -> Lane<L> {
        std::array::from_fn(|l| {
            let whole = (self.options[l].volatility / grid.step[l]).powi(2) * 0.5 * (grid.end - grid.start);
            (0.25 * count as f64 / whole).min(1.0)
        })
    }

    /// One Crandall–Douglas step: (1 + oδ²)u' = (1 + pδ²)u, then u' ≥ base + slope·e^y.
    fn step(
        &mut self,
        lambda: Lane<L>,
        base: Lane<L>,
        slope: Lane<L>,
        first_edge: Lane<L>,
        last_edge: Lane<L>,
    ) {
        let last = self.resolution.intervals;
        let mut implicit = [0.0; L];
        let mut explicit = [0.0; L];
        let mut diagonal = [0.0; L];
        for l in 0..L {
            implicit[l] = 1.0 / 12.0 - 0.5 * lambda[l];
            explicit[l] = 1.0 / 12.0 + 0.5 * lambda[l];
            diagonal[l] = 1.0 - 2.0 * implicit[l];
        }
        fill_pivots(&mut self.pivots[1..last], implicit, diagonal);
        // Elimination from the far side towards the exercise region.
        let mut carried = last_edge;
        let mut ratio = implicit;
        let (values, scratch, pivots) = (&self.values, &mut self.scratch, &self.pivots);
        for i in (1..last).rev() {
            let (low, mid, high) = (&values[i - 1], &values[i], &values[i + 1]);
            let pivot = &pivots[i];
            for l in 0..L {
                let right = mid[l] + explicit[l] * (low[l] - 2.0 * mid[l] + high[l]);
                carried[l] = right - ratio[l] * carried[l];
                ratio[l] = implicit[l] * pivot[l];
            }
            scratch[i] = carried;
        }
        self.values[0] = first_edge;
        self.values[last] = last_edge;
        let mut known = first_edge;
        let (base_now, slope_now) = if self.exercise == Exercise::TwoSided {
            ([f64::NEG_INFINITY; L], [0.0; L])
        } else {
            (base, slope)
        };
        for i in 1..last {
            let (forward, pivot, level) = (&self.scratch[i], &self.pivots[i], &self.level[i]);
            for l in 0..L {
                let free = (forward[l] - implicit[l] * known[l]) * pivot[l];
                let exercised = base_now[l] + slope_now[l] * level[l];
                known[l] = if free > exercised { free } else { exercised };
            }
            self.values[i] = known;
        }
        if self.exercise == Exercise::TwoSided {
            for (value, level) in self.values.iter_mut().zip(&self.level) {
                for l in 0..L {
                    value[l] = value[l].max(base[l] + slope[l] * level[l]);
                }
            }
        }
    }

    fn read(&self, grid: Option<&Grid<L>>) -> [Solution; L] {
        let mut solutions = [Solution::default(); L];
        let Some(grid) = grid else { return solutions };
        for (l, solution) in solutions.iter_mut().enumerate() {
            let o = &self.options[l];
            let discount = (-o.rate * grid.end).exp();
            let node = self.center[l];
            let at = |offset: usize| discount * self.values[node + offset - 2][l];
            let (a, b, c, d, e) = (at(0), at(1), at(2), at(3), at(4));
            let h = grid.step[l];
            let first = (a - 8.0 * b + 8.0 * d - e) / (12.0 * h);
            let second = (-a + 16.0 * b - 30.0 * c + 16.0 * d - e) / (12.0 * h * h);
            let floor = if self.exercise == Exercise::AtExpiration { 0.0 } else { o.intrinsic() };
            *solution = Solution {
                price: c.max(floor),
                delta: first / o.spot,
                gamma: (second - first) / (o.spot * o.spot),
            };
        }
        solutions
    }
}

/// Inverse pivots of the elimination; they converge to a constant, after which none need be divided for. A lane stands still as soon as its own have
/// converged, so that its answer does not depend on its neighbours.
fn fill_pivots<const L: usize>(pivots: &mut [Lane<L>], implicit: Lane<L>, diagonal: Lane<L>) {
    let mut inverse = [0.0; L];
    let mut converged = false;
    for pivot in pivots.iter_mut().rev() {
        if !converged {
            let mut change = 0.0_f64;
            for l in 0..L {
                let next = 1.0 / (diagonal[l] - implicit[l] * implicit[l] * inverse[l]);
                let moved = (next - inverse[l]).abs();
                inverse[l] = if moved < 1e-15 { inverse[l] } else { next };
                change = change.max(moved);
            }
            converged = change < 1e-15;
        }
        *pivot = inverse;
    }
}

/// All solutions, where every lane has one.
fn all_of<const L: usize>(solutions: [Option<Solution>; L]) -> Option<[Solution; L]> {
    let complete = solutions.iter().all(Option::is_some);
    complete.then(|| solutions.map(Option::unwrap_or_default))
}

/// Lagrange interpolation through the six nodes around a fractional node; none outside the grid.
fn interpolate_six<const L: usize>(values: &[Lane<L>], lane: usize, position: f64) -> Option<f64> {
    /// 1 / Π (i − j) over the other nodes j of 0 to 5.
    const SCALES: [f64; 6] = [-1.0 / 120.0, 1.0 / 24.0, -1.0 / 12.0, 1.0 / 12.0, -1.0 / 24.0, 1.0 / 120.0];
    if !(position >= 0.0 && position <= values.len() as f64 - 1.0) {
        return None;
    }
    // Truncation of a position that was checked to lie inside the grid.
    let first = (position as usize).saturating_sub(2).min(values.len() - 6);
    let t = position - first as f64;
    // Products of the distances to the nodes before and after each.
    let mut before = [1.0; 6];
    for i in 1..6 {
        before[i] = before[i - 1] * (t - (i - 1) as f64);
    }
    let mut after = 1.0;
    let mut sum = 0.0;
    for i in (0..6).rev() {
        sum += SCALES[i] * before[i] * after * values[first + i][lane];
        after *= t - i as f64;
    }
    Some(sum)
}

/// Cubic Lagrange interpolation at a fractional node; none outside the grid.
fn interpolate<const L: usize>(values: &[Lane<L>], lane: usize, position: f64) -> Option<f64> {
    if !(position >= 0.0 && position <= values.len() as f64 - 1.0) {
        return None;
    }
    // Truncation of a position that was checked to lie inside the grid.
    let node = (position as usize).clamp(1, values.len() - 3);
    let t = position - node as f64;
    let at = |i: usize| values[i][lane];
    let (a, b, c, d) = (at(node - 1), at(node), at(node + 1), at(node + 2));
    Some(
        -t * (t - 1.0) * (t - 2.0) / 6.0 * a + (t + 1.0) * (t - 1.0) * (t - 2.0) / 2.0 * b
            - (t + 1.0) * t * (t - 2.0) / 2.0 * c
            + (t + 1.0) * t * (t - 1.0) / 6.0 * d,
    )
}

/// The root in [0, 1] of the cubic through (−1, a), (0, b), (1, c), (2, d), where b > 0 ≥ c, and the slope there.
fn cubic_root(a: f64, b: f64, c: f64, d: f64) -> (f64, f64) {
    let cubic = (d - a) / 6.0 + 0.5 * (b - c);
    let square = 0.5 * (a + c) - b;
    let linear = c - b - cubic - square;
    let slope = |t: f64| linear + t * (2.0 * square + 3.0 * t * cubic);
    let mut root = b / (b - c);
    for _ in 0..3 {
        let value = b + root * (linear + root * (square + root * cubic));
        let moved = root - value / slope(root);
        if !(0.0..=1.0).contains(&moved) {
            break;
        }
        root = moved;
    }
    (root, slope(root).min(0.0))
}

/// An option at one moment far from its strike, where it is a forward, its exercise value or nothing.
struct Edge<'a> {
    option: &'a VanillaOption,
    exercise: Exercise,
    /// What a share is worth at expiration now, as a part of its price, dividends apart.
    share: f64,
    /// Present value of the dividends to come.
    paid: f64,
    /// Present value of the strike.
    strike: f64,
}

impl<'a> Edge<'a> {
    /// `dividends` are those still to come at `now`.
    fn at(option: &'a VanillaOption, now: f64, dividends: &[Dividend], exercise: Exercise) -> Self {
        let left = option.years - now;
        Self {
            option,
            exercise,
            share: exp(-option.dividend_yield * left),
            paid: dividends.iter().map(|d| d.amount * exp(-option.rate * (d.years - now))).sum(),
            strike: option.strike * exp(-option.rate * left),
        }
    }

    fn value(&self, spot: f64) -> f64 {
        let right = self.option.right;
        let forward = right.sign() * ((spot * self.share - self.paid).max(0.0) - self.strike);
        let exercised = match self.exercise {
            Exercise::AtExpiration => 0.0,
            Exercise::OneSided | Exercise::TwoSided => right.intrinsic(spot, self.option.strike),
        };
        forward.max(exercised).max(0.0)
    }
}
