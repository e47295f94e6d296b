//! The reference for calls under cash dividends: nested quadrature over the ex-dates, and Greeks by likelihood ratios.
//!
//! Without a yield and with a rate of 0 or more a call is exercised just before an ex-date or at expiration only (Merton 1973), so its value
//! is a nest of integrals: from ex-date to ex-date over the lognormal density, split where exercise begins, so that every integrand is
//! smooth. Delta and gamma differentiate the density of the first integral, not the value (M. Broadie, P. Glasserman, "Estimating Security
//! Price Derivatives Using Simulation", 1996). No grid, no interpolation, no difference: nothing is shared with the solver that it checks.

use ttai_core::OptionRight;

use super::finite_difference::{Exercise, Resolution, Solution, solve_many};
use super::quadrature::gauss_legendre;
use super::{Dividend, VanillaOption, american_dividends, european, normal_pdf};

/// Standard deviations that an integral covers on either side.
const REACH: f64 = 9.0;

/// A call and the ex-dates within its life.
pub(super) struct NestedCall<'a> {
    call: VanillaOption,
    dividends: &'a [Dividend],
    /// Spot from which the call is exercised before each ex-date; none where it never is.
    boundaries: Vec<Option<f64>>,
    nodes: Vec<f64>,
    weights: Vec<f64>,
}

impl<'a> NestedCall<'a> {
    pub(super) fn new(call: VanillaOption, dividends: &'a [Dividend], points: usize) -> Self {
        assert!(call.right == OptionRight::Call && call.rate >= 0.0 && call.dividend_yield == 0.0);
        let (nodes, weights) = gauss_legendre(points);
        let mut nested = Self { call, dividends, boundaries: vec![None; dividends.len()], nodes, weights };
        for place in (0..dividends.len()).rev() {
            nested.boundaries[place] = nested.boundary(place);
        }
        nested
    }

    /// Price, delta and gamma now.
    pub(super) fn solve(&self) -> Solution {
        let spot = self.call.spot;
        let deviation = self.call.volatility * self.dividends[0].years.sqrt();
        let by = |weight: &dyn Fn(f64) -> f64| self.expected(spot, 0.0, 0, weight);
        Solution {
            price: by(&|_| 1.0),
            delta: by(&|z| z / (spot * deviation)),
            gamma: by(&|z| (z * z - 1.0 - z * deviation) / (spot * deviation).powi(2)),
        }
    }

    /// Where exercise before ex-date `place` begins to be better than holding.
    fn boundary(&self, place: usize) -> Option<f64> {
        let Dividend { years, amount } = self.dividends[place];
        let gain = |spot: f64| spot - self.call.strike - self.held(spot - amount, years, place + 1);
        let (mut low, mut high) = (self.call.strike, 50.0 * self.call.strike);
        if gain(high) <= 0.0 {
            return None;
        }
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if gain(middle) > 0.0 {
                high = middle;
            } else {
                low = middle;
            }
        }
        Some(0.5 * (low + high))
    }

    /// Value at `years`, with the ex-dates from `place` to come.
    fn held(&self, spot: f64, years: f64, place: usize) -> f64 {
        if spot <= 0.0 {
            return 0.0;
        }
        if place < self.dividends.len() {
            return self.expected(spot, years, place, &|_| 1.0);
        }
        european::price(&VanillaOption { spot, years: self.call.years - years, ..self.call })
    }

    /// The discounted integral of the value just before ex-date `place` times `weight`.
    fn expected(&self, spot: f64, years: f64, place: usize, weight: &dyn Fn(f64) -> f64) -> f64 {
        let span = self.dividends[place].years - years;
        let (rate, volatility) = (self.call.rate, self.call.volatility);
        let deviation = volatility * span.sqrt();
        let drift = (rate - 0.5 * volatility * volatility) * span;
        let at = |z: f64| spot * (drift + deviation * z).exp();
        let amount = self.dividends[place].amount;
        let begin = self.boundaries[place];
        let split =
            begin.map_or(REACH, |begin| ((begin / spot).ln() - drift) / deviation).clamp(-REACH, REACH);
        let held = self.integral(-REACH, split, &|z| {
            self.held(at(z) - amount, self.dividends[place].years, place + 1) * weight(z)
        });
        let exercised = self.integral(split, REACH, &|z| (at(z) - self.call.strike) * weight(z));
        (-rate * span).exp() * (held + exercised)
    }

    fn integral(&self, from: f64, to: f64, value: &dyn Fn(f64) -> f64) -> f64 {
        let half = 0.5 * (to - from);
        if half <= 0.0 {
            return 0.0;
        }
        let at = |x: f64| from + half * (1.0 + x);
        let sum: f64 =
            self.nodes.iter().zip(&self.weights).map(|(&x, w)| w * value(at(x)) * normal_pdf(at(x))).sum();
        half * sum
    }
}

/// A call near the spot from which it is exercised before its first ex-date.
struct Case {
    name: &'static str,
    spot: f64,
    strike: f64,
    rate: f64,
    volatility: f64,
    /// First ex-date, years between ex-dates and from the last to expiration, cash of each, and how many there are.
    dividends: (f64, f64, f64, usize),
}

/// What gave a wrong gamma, with the right price, when the time to the first ex-date was stepped; the last is a plain one.
const CASES: [Case; 9] = [
    Case {
        name: "one dividend in 3 days, spot at the boundary",
        spot: 45.758,
        strike: 37.776,
        rate: 0.0316,
        volatility: 0.147,
        dividends: (0.008, 0.891, 1.26, 1),
    },
    Case {
        name: "three dividends, the first in 3 days",
        spot: 110.085,
        strike: 52.206,
        rate: 0.0644,
        volatility: 0.597,
        dividends: (0.009, 0.144, 0.648, 3),
    },
    Case {
        name: "two dividends, deep in the money",
        spot: 126.21,
        strike: 46.546,
        rate: 0.0168,
        volatility: 0.401,
        dividends: (0.026, 0.79, 0.828, 2),
    },
    Case {
        name: "two dividends, beyond the boundary",
        spot: 139.627,
        strike: 71.768,
        rate: 0.0469,
        volatility: 0.352,
        dividends: (0.004, 0.728, 3.112, 2),
    },
    Case {
        name: "three dividends, beyond the boundary",
        spot: 171.836,
        strike: 100.029,
        rate: 0.0781,
        volatility: 0.288,
        dividends: (0.009, 0.257, 2.098, 3),
    },
    Case {
        name: "three dividends at a low volatility",
        spot: 125.373,
        strike: 100.407,
        rate: 0.0226,
        volatility: 0.153,
        dividends: (0.057, 0.339, 1.058, 3),
    },
    Case {
        name: "two dividends, the first in 46 days",
        spot: 48.675,
        strike: 40.921,
        rate: 0.0595,
        volatility: 0.108,
        dividends: (0.127, 0.793, 2.06, 2),
    },
    Case {
        name: "hardly worth exercising",
        spot: 179.659,
        strike: 38.59,
        rate: 0.0229,
        volatility: 0.593,
        dividends: (0.055, 0.31, 0.302, 3),
    },
    Case {
        name: "at the money, no boundary near",
        spot: 100.0,
        strike: 98.0,
        rate: 0.03,
        volatility: 0.25,
        dividends: (0.2, 0.25, 0.5, 2),
    },
];

impl Case {
    fn dividends(&self) -> Vec<Dividend> {
        let (first, gap, amount, count) = self.dividends;
        (0..count).map(|i| Dividend { years: first + gap * i as f64, amount }).collect()
    }

    fn call(&self) -> VanillaOption {
        let (first, gap, _, count) = self.dividends;
        let years = first + gap * count as f64;
        VanillaOption::new(OptionRight::Call, self.spot, self.strike, years, self.rate, 0.0, self.volatility)
            .unwrap()
    }

    /// `gamma` is the largest relative error, `rest` that of delta and, as a part of the strike, of the price.
    fn check(&self, found: Solution, exact: Solution, gamma: f64, rest: f64) {
        let name = self.name;
        assert!(
            (found.gamma / exact.gamma - 1.0).abs() < gamma,
            "{name}: gamma {} is {}",
            found.gamma,
            exact.gamma
        );
        assert!((found.delta - exact.delta).abs() < rest, "{name}: delta {} is {}", found.delta, exact.delta);
        assert!(
            (found.price - exact.price).abs() < rest * self.strike,
            "{name}: {} is {}",
            found.price,
            exact.price
        );
    }
}

#[test]
fn gamma_near_an_exercise_boundary_is_that_of_nested_quadrature() {
    for case in &CASES {
        let (call, dividends) = (case.call(), case.dividends());
        let exact = NestedCall::new(call, &dividends, 40).solve();
        let found = american_dividends::greeks(&call, &dividends).unwrap();
        let found = Solution { price: found.price, delta: found.delta, gamma: found.gamma };
        case.check(found, exact, 2e-3, 1e-6);
        let coarse = solve_many(&[call], &dividends, Exercise::OneSided, Resolution::CHAIN)[0];
        case.check(coarse, exact, 2e-2, 1e-4);
    }
}

#[test]
fn the_nest_does_not_depend_on_its_points_and_its_gamma_is_the_slope_of_its_delta() {
    let (call, dividends) = (CASES[2].call(), CASES[2].dividends());
    let nest = |call: VanillaOption, points: usize| NestedCall::new(call, &dividends, points).solve();
    let fine = nest(call, 72);
    CASES[2].check(nest(call, 40), fine, 1e-6, 1e-9);
    let step = 1e-3;
    let delta = |spot: f64| nest(VanillaOption { spot, ..call }, 72).delta;
    let slope = (delta(call.spot + step) - delta(call.spot - step)) / (2.0 * step);
    assert!((slope / fine.gamma - 1.0).abs() < 1e-4, "{slope} {}", fine.gamma);
}

/// Numbers in [0, 1) from a fixed seed (xorshift, G. Marsaglia, 2003).
struct Random(u64);

impl Random {
    fn between(&mut self, low: f64, high: f64) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        low + (high - low) * ((self.0 >> 11) as f64 / (1u64 << 53) as f64)
    }

    /// A call whose dividends are about worth the interest on the strike until the next, its spot near where exercise begins.
    fn close_decision(&mut self, count: usize) -> (VanillaOption, Vec<Dividend>) {
        let (first, gap) = (self.between(0.003, 0.4), self.between(0.05, 0.9));
        let (strike, rate) = (self.between(30.0, 105.0), self.between(0.005, 0.08));
        let volatility = self.between(0.08, 0.6);
        let amount = strike * (1.0 - (-rate * gap).exp()) * self.between(0.98, 1.4);
        let dividends: Vec<Dividend> =
            (0..count).map(|i| Dividend { years: first + gap * i as f64, amount }).collect();
        let years = first + gap * count as f64;
        let call =
            VanillaOption::new(OptionRight::Call, 100.0, strike, years, rate, 0.0, volatility).unwrap();
        let begin = NestedCall::new(call, &dividends, 40).boundaries[0].unwrap_or(call.spot);
        let spot = begin * (volatility * first.sqrt() * self.between(-2.5, 2.5)).exp();
        (VanillaOption { spot, ..call }, dividends)
    }
}

#[test]
fn close_decisions_have_the_gamma_of_nested_quadrature() {
    let mut random = Random(88_172_645_463_325_252);
    let mut compared = 0;
    for count in [1, 2].into_iter().cycle().take(200) {
        let (call, dividends) = random.close_decision(count);
        let exact = NestedCall::new(call, &dividends, 40).solve();
        if exact.gamma * call.spot < 1e-4 {
            continue;
        }
        compared += 1;
        let greeks = american_dividends::greeks(&call, &dividends).unwrap();
        let coarse = solve_many(&[call], &dividends, Exercise::OneSided, Resolution::CHAIN)[0];
        for (found, allowed) in [(greeks.gamma, 1e-3), (coarse.gamma, 5e-3)] {
            let off = (found / exact.gamma - 1.0).abs();
            assert!(off < allowed, "{found} is {}, off by {off:.1e}: {call:?} {dividends:?}", exact.gamma);
        }
    }
    assert!(compared > 150, "{compared}");
}
