//! Reads reference rows for the tests: the whole oracle where it lies beside the project, else the sample in the crate.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use ttai_core::OptionRight;

use super::{Dividend, VanillaOption, american, american_dividends, european, implied_vol};

/// One row by column name.
pub(crate) type Row = HashMap<String, String>;

/// The oracle's folder, if there is one.
pub(crate) fn folder() -> Option<PathBuf> {
    if let Ok(path) = std::env::var("TTAI_ORACLE") {
        return Some(PathBuf::from(path)).filter(|p| p.is_dir());
    }
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|parent| parent.join("shared/oracle"))
        .find(|path| path.is_dir())
}

/// All rows of an oracle file; the sample of `tests/data` without the oracle.
pub(crate) fn rows(name: &str) -> Vec<Row> {
    let path = folder().map_or_else(
        || {
            println!("skipped: ../shared/oracle is absent; the sample of {name} is checked");
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/pricing").join(name)
        },
        |folder| folder.join(name),
    );
    let mut reader = csv::Reader::from_path(&path).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

/// A number of a row.
pub(crate) fn number(row: &Row, column: &str) -> f64 {
    row[column].parse().unwrap()
}

pub(crate) fn option(row: &Row) -> VanillaOption {
    let right = if row["type"] == "C" { OptionRight::Call } else { OptionRight::Put };
    let yield_or = |column: &str| row.get(column).map_or(0.0, |text| text.parse().unwrap());
    let years = row.get("T").map_or_else(|| number(row, "T_days") / 365.0, |text| text.parse().unwrap());
    let volatility = row.get("sigma").map_or(0.2, |text| text.parse().unwrap());
    VanillaOption::new(
        right,
        number(row, "S"),
        number(row, "K"),
        years.max(0.0),
        number(row, "r"),
        yield_or("q"),
        volatility,
    )
    .unwrap()
}

/// Multiple of the references' tolerances that is accepted.
const SLACK: f64 = 1.0;

/// Collects misses, so that one failure shows them all.
#[derive(Default)]
struct Misses {
    rows: Vec<String>,
    worst: HashMap<&'static str, (f64, String)>,
}

impl Misses {
    fn check(&mut self, row: &Row, name: &'static str, got: f64, want: f64, tolerance: f64) {
        let error = (got - want).abs();
        let ratio = if error.is_nan() { f64::INFINITY } else { error / (SLACK * tolerance) };
        let worst = self.worst.entry(name).or_insert((-1.0, String::new()));
        if ratio > worst.0 {
            *worst = (ratio, row["id"].clone());
        }
        if ratio > 1.0 {
            self.rows.push(format!("{} {name}: {got} instead of {want} (±{tolerance:e})", row["id"]));
        }
    }

    fn finish(self, rows: usize) {
        assert!(rows > 0, "no rows");
        println!("{rows} rows, worst error in tolerances: {:?}", self.worst);
        assert!(self.rows.is_empty(), "{} misses:\n{}", self.rows.len(), self.rows.join("\n"));
    }
}

#[test]
fn european_rows() {
    let rows = rows("european.csv");
    let mut misses = Misses::default();
    for row in &rows {
        let o = option(row);
        let got = european::greeks(&o);
        let scale = o.spot.max(o.strike);
        let root = o.years.sqrt();
        let want = |column| number(row, column);
        misses.check(row, "price", got.price, want("price"), 1e-12 * scale);
        misses.check(row, "delta", got.delta, want("delta"), 1e-10);
        misses.check(row, "gamma", got.gamma, want("gamma"), 1e-9 * want("gamma").abs().max(1e-3));
        misses.check(row, "vega", got.vega, want("vega"), 1e-9 * o.spot * root);
        let theta_scale = (o.spot * o.volatility / root).max(1.0);
        misses.check(row, "theta", got.theta_year, want("theta_year"), 1e-9 * theta_scale);
        misses.check(row, "rho", got.rho, want("rho"), 1e-9 * o.strike * o.years);
        misses.check(row, "divrho", got.dividend_rho, want("divrho"), 1e-9 * o.spot * o.years);
    }
    misses.finish(rows.len());
}

#[test]
fn american_rows() {
    let rows = rows("american.csv");
    let mut misses = Misses::default();
    for row in &rows {
        let o = option(row);
        let got = american::greeks(&o);
        let want = |column| number(row, column);
        misses.check(row, "price", got.price, want("price"), 1e-5 * o.strike);
        misses.check(row, "price alone", american::price(&o), want("price"), 1e-5 * o.strike);
        misses.check(row, "fast price", american::price_fast(&o), want("price"), 1e-4 * o.strike);
        if row["greek_flag"] == "1" {
            continue;
        }
        misses.check(row, "delta", got.delta, want("delta"), 1e-4);
        if row["greek_flag"] != "2" {
            misses.check(row, "gamma", got.gamma, want("gamma"), (1e-3 * want("gamma").abs()).max(1e-6));
        }
        let relative = |column, floor: f64| 1e-3 * want(column).abs() + floor;
        misses.check(row, "vega", got.vega, want("vega"), relative("vega", 1e-4 * o.strike));
        misses.check(
            row,
            "theta",
            got.theta_year,
            want("theta_year"),
            relative("theta_year", 1e-3 * o.strike / 365.0),
        );
        misses.check(row, "rho", got.rho, want("rho"), relative("rho", 1e-4 * o.strike));
    }
    misses.finish(rows.len());
}

/// Reference vegas under this are differences of prices that agree to their last digits: one of a call is negative. The exact ones are in
/// `deep_calls_have_the_vega_of_their_integral`.
const VEGA_NOISE: f64 = 1e-7;

/// Two deep calls before one dividend, whose vega an integral over the share's price at the ex-date gives (30 digits): the value is that of exercise
/// just before it, or the call that remains, whichever is more.
#[test]
fn deep_calls_have_the_vega_of_their_integral() {
    for (strike, days, day, amount, price, vega) in [
        (70.0, 60.0, 17.0, 0.5, 30.097_739_919_238_2, 4.514_407_3e-9),
        (80.0, 21.0, 12.0, 3.0, 20.078_865_210_968_3, 4.280_485_7e-8),
    ] {
        let o = VanillaOption::new(OptionRight::Call, 100.0, strike, days / 365.0, 0.03, 0.0, 0.2).unwrap();
        let got = american_dividends::greeks(&o, &[Dividend { years: day / 365.0, amount }]).unwrap();
        assert!((got.price - price).abs() < 1e-9, "{got:?}");
        assert!((got.vega - vega).abs() < 3e-9, "{got:?}");
    }
}

#[test]
fn greeks_stay_finite_where_the_boundary_is_far_below_the_spot() {
    let o =
        VanillaOption::new(OptionRight::Put, 1000.0, 1009.07, 0.01538, 7.63e-7, 0.01266, 4.883e-4).unwrap();
    let got = american::greeks(&o);
    assert!(got.is_finite() && got.vega.abs() < 1e-3, "{got:?}");
}

#[test]
fn an_option_that_is_exercised_now_has_no_vega() {
    let o = VanillaOption::new(OptionRight::Call, 100.0, 70.0, 270.0 / 365.0, 0.0, 0.0, 0.12).unwrap();
    let dividends = [67.0, 158.0, 249.0].map(|day: f64| Dividend { years: day / 365.0, amount: 1.5 });
    let got = american_dividends::greeks(&o, &dividends).unwrap();
    assert_eq!((got.gamma, got.vega, got.theta_year), (0.0, 0.0, 0.0), "{got:?}");
    // A European one is not exercised, however deep: it gains the interest on its strike as time passes.
    let put = VanillaOption { right: OptionRight::Put, strike: 200.0, rate: 0.05, ..o };
    let got = european::greeks_with_dividends(&put, &dividends).unwrap();
    assert!(got.price < put.intrinsic() && got.theta_year > 5.0, "{got:?}");
}

#[test]
fn european_prices_and_greeks_under_dividends_keep_parity() {
    let dividends =
        [(40.0, 1.0), (130.0, 1.5)].map(|(day, amount): (f64, f64)| Dividend { years: day / 365.0, amount });
    let call = VanillaOption::new(OptionRight::Call, 100.0, 95.0, 0.5, 0.03, 0.0, 0.25).unwrap();
    let put = VanillaOption { right: OptionRight::Put, ..call };
    let [call_greeks, put_greeks] =
        [call, put].map(|o| european::greeks_with_dividends(&o, &dividends).unwrap());
    let paid: f64 = dividends.iter().map(|d| d.amount * (-0.03 * d.years).exp()).sum();
    let forward = 100.0 - paid - 95.0 * (-0.03_f64 * 0.5).exp();
    assert!((call_greeks.price - put_greeks.price - forward).abs() < 1e-5);
    assert!((call_greeks.delta - put_greeks.delta - 1.0).abs() < 1e-5);
    assert!((call_greeks.vega - put_greeks.vega).abs() < 1e-4);
    assert!((call_greeks.price - european::price_with_dividends(&call, &dividends).unwrap()).abs() < 1e-9);
    for (o, price) in [(call, call_greeks.price), (put, put_greeks.price)] {
        let found = implied_vol::european_dividends(&o, &dividends, price).unwrap();
        assert!((found - 0.25).abs() < 1e-6, "{found}");
    }
    assert!(implied_vol::european_dividends(&call, &dividends, forward - 0.01).is_err());
}

#[test]
fn american_cash_dividend_rows() {
    let rows = rows("american_cash_dividends.csv");
    let mut misses = Misses::default();
    for row in &rows {
        let o = option(row);
        let dividends: Vec<Dividend> = row["dividends"]
            .split(';')
            .map(|pair| {
                let (day, amount) = pair.split_once(':').unwrap();
                Dividend { years: day.parse::<f64>().unwrap() / 365.0, amount: amount.parse().unwrap() }
            })
            .collect();
        let got = american_dividends::greeks(&o, &dividends).unwrap();
        let want = |column| number(row, column);
        misses.check(row, "price", got.price, want("price"), 2e-4);
        if !row["exact_quadrature"].is_empty() {
            misses.check(row, "exact", got.price, want("exact_quadrature"), 2e-4);
        }
        if row["greek_flag"] == "1" {
            continue;
        }
        misses.check(row, "delta", got.delta, want("delta"), 1e-3);
        misses.check(row, "gamma", got.gamma, want("gamma"), 2e-3 * want("gamma").abs().max(1e-3));
        let vega = want("vega");
        if vega != 0.0 && vega.abs() < VEGA_NOISE {
            misses.check(row, "vega, noise", got.vega, 0.0, VEGA_NOISE);
        } else {
            misses.check(row, "vega", got.vega, vega, 5e-3 * vega.abs() + 1e-9);
        }
    }
    misses.finish(rows.len());
}

#[test]
fn implied_volatility_rows() {
    let rows = rows("implied_vol.csv");
    let mut misses = Misses::default();
    for row in &rows {
        let price = number(row, "price");
        let european = row["style"] == "european";
        let o = option(row);
        let got = if european { implied_vol::european(&o, price) } else { implied_vol::american(&o, price) };
        if row["expected"] == "none" {
            if let Ok(volatility) = got {
                misses.rows.push(format!("{} ({}): {volatility} instead of none", row["id"], row["reason"]));
            }
            continue;
        }
        let tolerance = number(row, "iv_abs_tol").max(if european { 1e-8 } else { 1e-5 });
        let name = if european { "european" } else { "american" };
        misses.check(row, name, got.unwrap_or(f64::NAN), number(row, "iv"), tolerance);
    }
    misses.finish(rows.len());
}

mod properties {
    use proptest::prelude::*;

    use super::super::finite_difference::{Exercise, solve_one};
    use super::*;

    fn right() -> impl Strategy<Value = OptionRight> {
        prop_oneof![Just(OptionRight::Call), Just(OptionRight::Put)]
    }

    prop_compose! {
        fn any_option()(
            right in right(),
            moneyness in -3.0..3.0f64,
            years in prop_oneof![Just(0.0), 1e-6..0.01f64, 0.01..30.0f64],
            rate in -0.2..0.3f64,
            dividend_yield in -0.2..0.3f64,
            volatility in prop_oneof![Just(0.0), 1e-6..0.01f64, 0.01..8.0f64],
        ) -> VanillaOption {
            VanillaOption::new(right, 100.0 * moneyness.exp(), 100.0, years, rate, dividend_yield, volatility).unwrap()
        }
    }

    fn all(g: &super::super::Greeks) -> [f64; 7] {
        [g.price, g.delta, g.gamma, g.vega, g.theta_year, g.rho, g.dividend_rho]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn nothing_is_ever_nan(o in any_option(), price in 0.0..200.0f64) {
            prop_assert!(all(&european::greeks(&o)).iter().all(|x| x.is_finite()), "{o:?}");
            let american = american::greeks(&o);
            prop_assert!(all(&american).iter().all(|x| x.is_finite()), "{o:?} {american:?}");
            let floor = o.intrinsic().max(european::price(&o));
            prop_assert!(american.price >= floor * (1.0 - 1e-9) - 1e-9, "{o:?} {american:?} {floor}");
            for volatility in [implied_vol::european(&o, price), implied_vol::american(&o, price)].into_iter().flatten() {
                prop_assert!(volatility.is_finite() && volatility > 0.0);
            }
        }

        #[test]
        fn cash_dividends_are_never_nan(o in any_option(), first in 0.0..1.0f64, amount in 0.0..150.0f64) {
            let dividends = [first, first + 0.2].map(|share| Dividend { years: share * o.years, amount });
            let greeks = american_dividends::greeks(&o, &dividends).unwrap();
            prop_assert!(all(&greeks).iter().all(|x| x.is_finite()), "{o:?} {dividends:?} {greeks:?}");
            prop_assert!(european::price_with_dividends(&o, &dividends).unwrap().is_finite());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn boundary_and_finite_differences_agree(
            right in right(),
            spot in 70.0..140.0f64,
            years in 0.02..2.0f64,
            rate in 0.0..0.1f64,
            dividend_yield in 0.0..0.1f64,
            volatility in 0.1..0.8f64,
        ) {
            let o = VanillaOption::new(right, spot, 100.0, years, rate, dividend_yield, volatility).unwrap();
            let grid = solve_one(&o, &[], Exercise::OneSided).price;
            prop_assert!((american::price(&o) - grid).abs() < 4e-3, "{o:?} {} {grid}", american::price(&o));
        }

        #[test]
        fn greeks_are_the_slopes_of_the_price(
            right in right(),
            spot in 70.0..140.0f64,
            years in 0.05..2.0f64,
            rate in 0.01..0.1f64,
            dividend_yield in prop_oneof![Just(0.0), 0.01..0.1f64],
            volatility in 0.15..0.8f64,
        ) {
            let o = VanillaOption::new(right, spot, 100.0, years, rate, dividend_yield, volatility).unwrap();
            let got = american::greeks(&o);
            // A difference must not reach into the exercise region, nor over a call's kink at a yield of 0, nor over the boundary's change of
            // branch at r = q.
            prop_assume!(got.price > o.intrinsic() + 1.0);
            prop_assume!(right == OptionRight::Put || dividend_yield > 0.0);
            prop_assume!((rate - dividend_yield).abs() > 2e-3);
            let slope = |bumped: &dyn Fn(f64) -> VanillaOption, h: f64| {
                (american::price(&bumped(h)) - american::price(&bumped(-h))) / (2.0 * h)
            };
            let vega = slope(&|h| VanillaOption { volatility: volatility + h, ..o }, 1e-3);
            let rho = slope(&|h| VanillaOption { rate: rate + h, ..o }, 1e-3);
            let dividend_rho = slope(&|h| VanillaOption { dividend_yield: dividend_yield + h, ..o }, 1e-3);
            for (got, want) in [(got.vega, vega), (got.rho, rho), (got.dividend_rho, dividend_rho)] {
                prop_assert!((got - want).abs() < 0.05 + 1e-2 * want.abs(), "{o:?} {got} {want}");
            }
        }

        #[test]
        fn two_boundaries_are_worth_more_than_none(
            spot in 50.0..150.0f64,
            years in 0.1..5.0f64,
            rate in -0.05..-0.005f64,
            gap in 0.001..0.05f64,
            volatility in 0.05..0.5f64,
        ) {
            let o = VanillaOption::new(OptionRight::Put, spot, 100.0, years, rate, rate - gap, volatility).unwrap();
            let price = american::price(&o);
            prop_assert!(price >= european::price(&o) - 1e-3 && price >= o.intrinsic());
        }

        #[test]
        fn american_volatility_is_found_again(
            right in right(),
            spot in 80.0..125.0f64,
            years in 0.05..2.0f64,
            rate in 0.0..0.08f64,
            dividend_yield in 0.0..0.05f64,
            volatility in 0.1..1.5f64,
        ) {
            let o = VanillaOption::new(right, spot, 100.0, years, rate, dividend_yield, volatility).unwrap();
            let greeks = american::greeks(&o);
            prop_assume!(greeks.price > o.intrinsic() + 1e-3 && greeks.vega > 1.0);
            prop_assert!((implied_vol::american(&o, greeks.price).unwrap() - volatility).abs() < 1e-6);
        }
    }

    #[test]
    fn a_european_dividend_long_before_expiration_is_nearly_a_lower_spot() {
        let o = VanillaOption::new(OptionRight::Call, 100.0, 95.0, 1.0, 0.03, 0.0, 0.25).unwrap();
        let at_once = [Dividend { years: 1e-6, amount: 3.0 }];
        let lower = VanillaOption::new(OptionRight::Call, 97.0, 95.0, 1.0, 0.03, 0.0, 0.25).unwrap();
        let got = european::price_with_dividends(&o, &at_once).unwrap();
        assert!((got - european::price(&lower)).abs() < 1e-3, "{got}");
    }

    #[test]
    fn the_batch_is_the_single_pricer() {
        let (sign, spot) = ([1.0, -1.0, 1.0], [100.0; 3]);
        let (strike, years) = ([90.0, 120.0, 100.0], [0.5, 2.0, 0.0]);
        let (rate, volatility) = ([0.03; 3], [0.2; 3]);
        let inputs = european::BatchInputs {
            sign: &sign,
            spot: &spot,
            strike: &strike,
            years: &years,
            rate: &rate,
            dividend_yield: &[0.01; 3],
            volatility: &volatility,
        };
        let mut results = european::BatchGreeks::default();
        european::greeks_batch(&inputs, &mut results).unwrap();
        for i in 0..3 {
            let right = if sign[i] > 0.0 { OptionRight::Call } else { OptionRight::Put };
            let o = VanillaOption::new(right, spot[i], strike[i], years[i], rate[i], 0.01, volatility[i])
                .unwrap();
            let single = european::greeks(&o);
            assert_eq!(
                (results.price[i], results.vega[i], results.rho[i]),
                (single.price, single.vega, single.rho)
            );
        }
        let short = european::BatchInputs { spot: &[100.0], ..inputs };
        assert_eq!(european::greeks_batch(&short, &mut results), Err(european::BatchError::Lengths));
        let half = european::BatchInputs { sign: &[1.0, 0.5, -1.0], ..inputs };
        assert_eq!(
            european::greeks_batch(&half, &mut results),
            Err(european::BatchError::Sign { index: 1, value: 0.5 })
        );
    }

    #[test]
    fn impossible_inputs_are_refused_by_name() {
        let error = |spot, years, volatility| {
            VanillaOption::new(OptionRight::Put, spot, 100.0, years, 0.0, 0.0, volatility)
                .unwrap_err()
                .to_string()
        };
        assert!(error(f64::NAN, 1.0, 0.2).contains("spot"));
        assert!(error(100.0, -1.0, 0.2).contains("time to expiration"));
        assert!(error(100.0, 1.0, f64::INFINITY).contains("volatility"));
    }
}
