//! What holds for any bars: no `NaN`, no panic, stated ranges, the plain definitions, and prices in other units.

use proptest::prelude::*;

use super::volatility::{CloseToClose, Parkinson, YangZhang};
use super::*;

/// Prices that wander, stand still and jump, from cents to thousands of dollars.
fn closes() -> impl Strategy<Value = Vec<f64>> {
    let step = prop_oneof![4 => -0.05..0.05, 2 => Just(0.0), 1 => -2.0..2.0];
    (0.01..5000.0, prop::collection::vec(step, 1..120)).prop_map(|(start, steps): (f64, Vec<f64>)| {
        let walk = steps.iter().scan(start, |price, step| {
            *price = (*price * step.exp()).clamp(1e-3, 1e6);
            Some(*price)
        });
        walk.collect()
    })
}

/// Bars around wandering closes, some without a range, some without volume.
fn bars() -> impl Strategy<Value = Vec<Ohlcv>> {
    let shape = (0.0..0.1_f64, 0.0..0.1_f64, 0.0..=1.0_f64, prop_oneof![Just(0.0), 0.0..1e9]);
    (closes(), prop::collection::vec(shape, 120)).prop_map(|(closes, shapes)| {
        let bar = |(close, (above, below, place, volume)): (&f64, &(f64, f64, f64, f64))| {
            let (high, low) = (close * (1.0 + above), close * (1.0 - below));
            Ohlcv::new((low + place * (high - low)).clamp(low, high), high, low, *close, *volume).unwrap()
        };
        closes.iter().zip(&shapes).map(bar).collect()
    })
}

/// Any bar that can be, up to the ends of the range.
fn wild_bars() -> impl Strategy<Value = Vec<Ohlcv>> {
    let price = prop_oneof![Just(1e-100), Just(1e100), 1e-9..1e9_f64];
    let volume = prop_oneof![Just(0.0), Just(1e100), 0.0..1e12_f64];
    let bar = (prop::array::uniform4(price), volume).prop_map(|(mut prices, volume)| {
        prices.sort_by(f64::total_cmp);
        let [low, open, close, high] = prices;
        Ohlcv::new(open, high, low, close, volume).unwrap()
    });
    prop::collection::vec(bar, 1..60)
}

/// All numbers of all indicators, with short periods.
fn everything(bars: &[Ohlcv]) -> Vec<Vec<f64>> {
    let mut indicators = (
        (Sma::new(5).unwrap(), Ema::new(5).unwrap(), Rsi::new(5).unwrap(), Macd::new(3, 6, 4).unwrap()),
        (Bollinger::new(5, 2.0).unwrap(), Atr::new(5).unwrap(), Adx::new(5).unwrap(), Obv::new()),
        (Stochastic::new(5, 3, 3).unwrap(), Mfi::new(5).unwrap(), Cci::new(5).unwrap(), Vwap::new()),
        (Donchian::new(5).unwrap(), CloseToClose::new(5).unwrap()),
        (Parkinson::new(5).unwrap(), YangZhang::new(5).unwrap()),
    );
    let numbers = |bar: &Ohlcv| {
        let (a, b, c, d, e) = &mut indicators;
        let mut found = Vec::new();
        found.extend([a.0.update(bar.close()), a.1.update(bar.close()), a.2.update(bar.close())]);
        found.extend(
            a.3.update(bar.close()).map(|v| [v.line, v.signal, v.histogram].map(Some)).into_iter().flatten(),
        );
        found.extend(
            b.0.update(bar.close()).map(|v| [v.upper, v.middle, v.lower].map(Some)).into_iter().flatten(),
        );
        found.push(b.1.update(*bar));
        found.extend(
            b.2.update(*bar).map(|v| [Some(v.plus_di), Some(v.minus_di), v.adx]).into_iter().flatten(),
        );
        found.push(b.3.update(*bar));
        found.extend(c.0.update(*bar).map(|v| [v.k, v.d].map(Some)).into_iter().flatten());
        found.extend([c.1.update(*bar), c.2.update(*bar), c.3.update(*bar)]);
        found.extend(d.0.update(*bar).map(|v| [v.upper, v.middle, v.lower].map(Some)).into_iter().flatten());
        found.extend([d.1.update(bar.close()), e.0.update(*bar), e.1.update(*bar)]);
        found.into_iter().flatten().collect()
    };
    bars.iter().map(numbers).collect()
}

fn finals<T: Copy>(values: &[Option<T>]) -> Vec<T> {
    values.iter().flatten().copied().collect()
}

fn close_to(found: f64, expected: f64, scale: f64) -> bool {
    (found - expected).abs() <= 1e-9 * scale.max(expected.abs())
}

proptest! {
    #[test]
    fn every_number_is_finite(bars in prop_oneof![bars(), wild_bars()]) {
        for number in everything(&bars).into_iter().flatten() {
            prop_assert!(number.is_finite());
        }
    }

    #[test]
    fn oscillators_stay_in_their_range(bars in bars()) {
        let closes: Vec<f64> = bars.iter().map(Ohlcv::close).collect();
        let mut found = finals(&rsi(&closes, 5).unwrap());
        found.extend(finals(&mfi(&bars, 5).unwrap()));
        found.extend(finals(&stochastic(&bars, 5, 3, 3).unwrap()).iter().flat_map(|v| [v.k, v.d]));
        for value in finals(&adx(&bars, 5).unwrap()) {
            found.extend([value.plus_di, value.minus_di, value.adx.unwrap_or(0.0)]);
        }
        for number in found {
            prop_assert!((0.0..=100.0).contains(&number), "{}", number);
        }
    }

    #[test]
    fn running_sums_are_the_plain_definitions(closes in closes(), period in 2_usize..30) {
        let means = sma(&closes, period).unwrap();
        let bands = bollinger(&closes, period, 2.0).unwrap();
        for end in period..=closes.len() {
            let last = &closes[end - period..end];
            // Sums keep a trace of prices that left less than a period ago.
            let scale = closes[end.saturating_sub(2 * period)..end].iter().copied().fold(0.0, f64::max);
            let mean = last.iter().sum::<f64>() / period as f64;
            let variance = last.iter().map(|close| (close - mean).powi(2)).sum::<f64>() / period as f64;
            prop_assert!(close_to(means[end - 1].unwrap(), mean, scale));
            let found = bands[end - 1].unwrap();
            prop_assert!(close_to(found.middle, mean, scale));
            prop_assert!(close_to(found.upper, mean + 2.0 * variance.sqrt(), scale));
            prop_assert!(close_to(found.lower, mean - 2.0 * variance.sqrt(), scale));
        }
    }

    #[test]
    fn buffers_and_streams_agree_to_the_last_bit(parts in prop::collection::vec(closes(), 1..12)) {
        let closes = parts.concat();
        let mut found = vec![vec![0.0; closes.len()]; 7];
        let [rsi, line, signal, histogram, upper, middle, lower] = found.as_mut_slice() else { unreachable!() };
        rsi_into(&closes, 14, rsi).unwrap();
        let out = MacdBuffers { line, signal, histogram };
        macd_into(Macd::new(12, 26, 9).unwrap(), &closes, out).unwrap();
        let out = BollingerBuffers { upper, middle, lower };
        bollinger_into(Bollinger::new(20, 2.0).unwrap(), &closes, out).unwrap();
        let mut streams = (Rsi::new(14).unwrap(), Macd::new(12, 26, 9).unwrap(), Bollinger::new(20, 2.0).unwrap());
        for (index, close) in closes.iter().enumerate() {
            let macd = streams.1.update(*close);
            let bands = streams.2.update(*close);
            let expected = [
                streams.0.update(*close),
                macd.map(|value| value.line),
                macd.map(|value| value.signal),
                macd.map(|value| value.histogram),
                bands.map(|value| value.upper),
                bands.map(|value| value.middle),
                bands.map(|value| value.lower),
            ];
            for (buffer, expected) in found.iter().zip(expected) {
                let written = buffer[index];
                prop_assert_eq!((!written.is_nan()).then_some(written), expected, "value {}", index);
            }
        }
    }

    #[test]
    fn prices_in_other_units_change_only_what_is_in_prices(bars in bars(), ratio in 0.01..100.0_f64) {
        let scaled: Vec<Ohlcv> = bars
            .iter()
            .map(|b| {
                let [low, high] = [b.low() * ratio, b.high() * ratio];
                let inside = |price: f64| (price * ratio).clamp(low, high);
                Ohlcv::new(inside(b.open()), high, low, inside(b.close()), b.volume()).unwrap()
            })
            .collect();
        let top = bars.iter().map(Ohlcv::high).fold(0.0, f64::max);
        for (plain, other) in finals(&atr(&bars, 5).unwrap()).iter().zip(finals(&atr(&scaled, 5).unwrap())) {
            prop_assert!(close_to(other, plain * ratio, top * ratio));
        }
        let volatility = |bars: &[Ohlcv]| finals(&volatility::yang_zhang(bars, 5).unwrap());
        for (plain, other) in volatility(&bars).iter().zip(volatility(&scaled)) {
            prop_assert!((plain - other).abs() <= 1e-6, "{} {}", plain, other);
        }
        let channel = |bars: &[Ohlcv]| finals(&donchian(bars, 5).unwrap());
        for (plain, other) in channel(&bars).iter().zip(channel(&scaled)) {
            prop_assert!(close_to(other.upper, plain.upper * ratio, 0.0));
            prop_assert!(close_to(other.lower, plain.lower * ratio, 0.0));
        }
    }

    #[test]
    fn a_shift_of_all_prices_moves_averages_and_leaves_differences(
        steps in prop::collection::vec(-100_i32..100, 40..90), shift in 1_i32..1000,
    ) {
        // Whole cents, so that the shifted prices are exact.
        let closes: Vec<f64> = steps.iter().map(|step| 200.0 + f64::from(*step)).collect();
        let shifted: Vec<f64> = closes.iter().map(|close| close + f64::from(shift)).collect();
        for (plain, other) in finals(&rsi(&closes, 14).unwrap()).iter().zip(finals(&rsi(&shifted, 14).unwrap())) {
            prop_assert!(close_to(other, *plain, 100.0));
        }
        let line = |closes: &[f64]| finals(&macd(closes, 12, 26, 9).unwrap());
        for (plain, other) in line(&closes).iter().zip(line(&shifted)) {
            prop_assert!(close_to(other.line, plain.line, 2000.0));
            prop_assert!(close_to(other.histogram, plain.histogram, 2000.0));
        }
        let bands = |closes: &[f64]| finals(&bollinger(closes, 20, 2.0).unwrap());
        for (plain, other) in bands(&closes).iter().zip(bands(&shifted)) {
            prop_assert!(close_to(other.upper, plain.upper + f64::from(shift), 2000.0));
            prop_assert!(close_to(other.upper - other.lower, plain.upper - plain.lower, 2000.0));
        }
    }
}
