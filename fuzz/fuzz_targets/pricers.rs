//! Prices, Greeks and implied volatilities of any option that can be made: never a panic, never a number that is not finite.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ttai_core::OptionRight;
use ttai_quant::pricing::{Dividend, Greeks, VanillaOption, american, american_dividends, european, implied_vol};

/// Two bytes as a share of a range.
fn share(bytes: &[u8]) -> f64 {
    let number = bytes.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    f64::from(number) / 65_535.0
}

fn finite(greeks: &Greeks, option: &VanillaOption) {
    let Greeks { price, delta, gamma, vega, theta_year, rho, dividend_rho } = *greeks;
    for number in [price, delta, gamma, vega, theta_year, rho, dividend_rho] {
        assert!(number.is_finite(), "{greeks:?} of {option:?}");
    }
}

fuzz_target!(|bytes: [u8; 20]| {
    let right = if bytes[0] & 1 == 0 { OptionRight::Call } else { OptionRight::Put };
    let at = |place: usize| share(&bytes[place..place + 2]);
    let spot = 10_f64.powf(15.0 * at(1) - 6.0);
    let strike = if bytes[0] & 2 == 0 { spot * 10_f64.powf(2.0 * at(3) - 1.0) } else { 10_f64.powf(15.0 * at(3) - 6.0) };
    let years = if bytes[0] & 4 == 0 { 3.0 * at(5) } else { 100.0 * at(5) };
    let rate = if bytes[0] & 8 == 0 { 0.2 * at(7) - 0.05 } else { 2.0 * at(7) - 1.0 };
    let dividend_yield = if bytes[0] & 16 == 0 { 0.1 * at(9) } else { 2.0 * at(9) - 1.0 };
    let volatility = if bytes[0] & 32 == 0 { at(11) } else { 50.0 * at(11) };
    let Ok(option) = VanillaOption::new(right, spot, strike, years, rate, dividend_yield, volatility) else { return };
    finite(&european::greeks(&option), &option);
    finite(&american::greeks(&option), &option);
    let price = spot * 1.2 * at(13);
    for found in [implied_vol::european(&option, price), implied_vol::american(&option, price)].into_iter().flatten() {
        assert!(found.is_finite() && found > 0.0, "{found} of {option:?} at {price}");
    }
    if bytes[0] & 64 != 0 && years <= 3.0 {
        let dividend = Dividend { years: years * at(15), amount: spot * at(17) };
        if let Ok(greeks) = american_dividends::greeks(&option, &[dividend]) {
            finite(&greeks, &option);
        }
    }
});
