//! RSI, MACD and Bollinger bands over 500 symbols of ten years' daily closes, the work that TA-Lib does in 21 ms.
#![allow(missing_docs, reason = "criterion's macros make public functions without documentation")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use ttai_quant::indicators::{
    Bollinger, BollingerBuffers, Macd, MacdBuffers, bollinger_into, macd_into, rsi_into,
};

const SYMBOLS: usize = 500;
const BARS: usize = 2_520;

/// A wandering price for each symbol, from a small linear congruential generator.
fn closes() -> Vec<Vec<f64>> {
    let mut state = 20_260_917_u32;
    let mut step = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (f64::from(state) / f64::from(u32::MAX) - 0.5) * 0.04
    };
    let mut walk = || {
        let mut price = 100.0;
        std::iter::repeat_with(|| {
            price *= 1.0 + step();
            price
        })
        .take(BARS)
        .collect()
    };
    (0..SYMBOLS).map(|_| walk()).collect()
}

fn benchmark(criterion: &mut Criterion) {
    let closes = closes();
    let mut buffers = vec![vec![0.0; BARS]; 7];
    let [rsi, line, signal, histogram, upper, middle, lower] = buffers.as_mut_slice() else { return };
    let mut group = criterion.benchmark_group("500 symbols x 2520 bars");
    group.sample_size(30);
    group.bench_function("rsi", |bench| {
        bench.iter(|| closes.iter().try_for_each(|closes| rsi_into(black_box(closes), 14, rsi)));
    });
    group.bench_function("macd", |bench| {
        bench.iter(|| {
            closes.iter().try_for_each(|closes| {
                macd_into(Macd::new(12, 26, 9)?, black_box(closes), MacdBuffers { line, signal, histogram })
            })
        });
    });
    group.bench_function("bollinger", |bench| {
        bench.iter(|| {
            closes.iter().try_for_each(|closes| {
                let out = BollingerBuffers { upper, middle, lower };
                bollinger_into(Bollinger::new(20, 2.0)?, black_box(closes), out)
            })
        });
    });
    group.bench_function("rsi, macd and bollinger", |bench| {
        bench.iter(|| {
            closes.iter().try_for_each(|closes| {
                rsi_into(black_box(closes), 14, rsi)?;
                macd_into(Macd::new(12, 26, 9)?, closes, MacdBuffers { line, signal, histogram })?;
                bollinger_into(Bollinger::new(20, 2.0)?, closes, BollingerBuffers { upper, middle, lower })
            })
        });
    });
    group.finish();
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
