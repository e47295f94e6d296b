#![allow(clippy::disallowed_methods, clippy::disallowed_types, clippy::expect_used, missing_docs)]
// a bench reads files and clocks, stops where its own inputs are wrong, and criterion generates undocumented items
//! Rates of the pricers on one core: European price and Greeks over slices, implied volatility, American price and Greeks, whole chains.
//!
//! Parameters are drawn from a fixed seed over the range of the reference tables; each figure is elements a second.

use std::hint::black_box;

use chrono::{Days, NaiveDate, NaiveTime, TimeDelta};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use ttai_core::{
    CashDividend, DividendStatus, ExerciseStyle, OptionChain, OptionContract, OptionQuote, OptionRight,
    Quote, Settlement, SettlementTime, Symbol,
};
use ttai_quant::chain::{doubtful_quotes, implied_spot, price_chain};
use ttai_quant::pricing::{Dividend, VanillaOption, american, american_dividends, european, implied_vol};

/// Numbers in [0, 1) from a fixed seed (xorshift*, S. Vigna 2016).
struct Random(u64);

impl Random {
    fn next(&mut self, low: f64, high: f64) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11;
        low + (high - low) * (bits as f64 / (1u64 << 53) as f64)
    }
}

fn options(count: usize) -> Vec<VanillaOption> {
    let mut random = Random(20_260_917);
    (0..count)
        .map(|i| {
            let right = if i % 2 == 0 { OptionRight::Call } else { OptionRight::Put };
            VanillaOption::new(
                right,
                100.0,
                random.next(70.0, 140.0),
                random.next(0.02, 2.0),
                random.next(0.0, 0.08),
                random.next(0.0, 0.06),
                random.next(0.1, 0.8),
            )
            .expect("the ranges are valid")
        })
        .collect()
}

fn european_batch(c: &mut Criterion) {
    let options = options(10_000);
    let column = |f: fn(&VanillaOption) -> f64| options.iter().map(f).collect::<Vec<_>>();
    let sign = column(|o| o.right().sign());
    let spot = column(VanillaOption::spot);
    let strike = column(VanillaOption::strike);
    let years = column(VanillaOption::years);
    let rate = column(VanillaOption::rate);
    let dividend_yield = column(VanillaOption::dividend_yield);
    let volatility = column(VanillaOption::volatility);
    let inputs = european::BatchInputs {
        sign: &sign,
        spot: &spot,
        strike: &strike,
        years: &years,
        rate: &rate,
        dividend_yield: &dividend_yield,
        volatility: &volatility,
    };
    let mut results = european::BatchGreeks::default();
    let mut group = c.benchmark_group("european");
    group.throughput(Throughput::Elements(10_000));
    group.bench_function("price and five Greeks, batches of 10,000", |b| {
        b.iter(|| european::greeks_batch(black_box(&inputs), &mut results));
    });
    group.bench_function("price and six Greeks, one at a time", |b| {
        b.iter(|| options.iter().map(|o| european::greeks(black_box(o)).vega).sum::<f64>());
    });
    let priced: Vec<(VanillaOption, f64)> = options.iter().map(|o| (*o, european::price(o))).collect();
    group.bench_function("implied volatility", |b| {
        b.iter(|| {
            priced
                .iter()
                .filter_map(|(o, price)| implied_vol::european(black_box(o), *price).ok())
                .sum::<f64>()
        });
    });
    group.finish();
}

fn american_options(c: &mut Criterion) {
    let options = options(500);
    let mut group = c.benchmark_group("american");
    group.throughput(Throughput::Elements(500));
    group.bench_function("price", |b| {
        b.iter(|| options.iter().map(|o| american::price(black_box(o))).sum::<f64>());
    });
    group.bench_function("fast price", |b| {
        b.iter(|| options.iter().map(|o| american::price_fast(black_box(o))).sum::<f64>());
    });
    group.bench_function("price and six Greeks", |b| {
        b.iter(|| options.iter().map(|o| american::greeks(black_box(o)).vega).sum::<f64>());
    });
    let priced: Vec<(VanillaOption, f64)> = options.iter().map(|o| (*o, american::price(o))).collect();
    group.bench_function("implied volatility", |b| {
        b.iter(|| {
            priced
                .iter()
                .filter_map(|(o, price)| implied_vol::american(black_box(o), *price).ok())
                .sum::<f64>()
        });
    });
    group.throughput(Throughput::Elements(1));
    let dividends = [0.1, 0.35, 0.6].map(|years| Dividend { years, amount: 0.8 });
    let option = VanillaOption::new(OptionRight::Put, 100.0, 105.0, 0.75, 0.04, 0.0, 0.3).expect("valid");
    group.bench_function("price and six Greeks with three cash dividends", |b| {
        b.iter(|| american_dividends::greeks(black_box(&option), &dividends));
    });
    group.finish();
}

/// A chain of the size of AAPL's in 2014: twelve expirations, 98 strikes each, both rights, five expirations past an ex-date.
fn chain() -> (OptionChain, Vec<CashDividend>) {
    let day = NaiveDate::from_ymd_opt(2014, 6, 6).expect("a date");
    let snapshot_time = day.and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(19);
    let symbol = Symbol::new("AAPL").expect("a symbol");
    let cents = |x: f64| Decimal::from_f64((x * 100.0).round() / 100.0).unwrap_or_default();
    let mut quotes = Vec::new();
    for dte in [7u64, 14, 21, 28, 35, 42, 49, 70, 133, 224, 315, 588] {
        let expiration = day + Days::new(dte);
        let expiration_close = expiration.and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(20);
        let years = (dte as f64 + 1.0 / 24.0) / 365.0;
        for step in 0..98 {
            let strike = 650.0 * (0.9 * (f64::from(step) / 48.5 - 1.0) * years.sqrt().min(0.8)).exp();
            for right in [OptionRight::Call, OptionRight::Put] {
                let volatility = 0.25 + 0.1 * (strike / 650.0).ln().powi(2);
                let option =
                    VanillaOption::new(right, 648.43, strike, years, 0.0025, 0.0, volatility).expect("valid");
                let price = american::price_fast(&option);
                quotes.push(OptionQuote {
                    contract: OptionContract {
                        root: symbol.clone(),
                        underlying: symbol.clone(),
                        right,
                        strike: cents(strike),
                        expiration,
                        last_trade_date: expiration,
                        expiration_close,
                        style: ExerciseStyle::American,
                        settlement: Settlement::Physical,
                        settlement_time: SettlementTime::Pm,
                        multiplier: 100,
                        deliverable_shares: 100,
                    },
                    bid: cents(price * 0.99),
                    ask: cents(price * 1.01 + 0.05),
                    bid_size: 1,
                    ask_size: 1,
                    last: None,
                    volume: 0,
                    open_interest: None,
                    quote_time: snapshot_time,
                });
            }
        }
    }
    let underlying = Quote {
        symbol,
        bid: Decimal::from_f64(648.40),
        ask: Decimal::from_f64(648.46),
        last: None,
        volume: 0,
        market_time: snapshot_time,
        received_at: snapshot_time,
        source: "bench".to_owned(),
        conditions: Vec::new(),
    };
    let dividends = [62u64, 153, 244, 335, 426, 517]
        .map(|days| CashDividend {
            ex_date: day + Days::new(days),
            amount: 3.29,
            status: DividendStatus::Declared,
        })
        .to_vec();
    (
        OptionChain { underlying, snapshot_time, quotes, source: "bench".to_owned(), warnings: Vec::new() },
        dividends,
    )
}

fn whole_chain(c: &mut Criterion) {
    let (chain, dividends) = chain();
    let mut group = c.benchmark_group("chain");
    group.sample_size(10);
    group.throughput(Throughput::Elements(chain.quotes.len() as u64));
    group.bench_function("2,352 contracts: statuses, volatilities, Greeks", |b| {
        b.iter(|| price_chain(black_box(&chain), 0.0025, &dividends));
    });
    group.bench_function("2,352 contracts: quotes against each other", |b| {
        b.iter(|| doubtful_quotes(black_box(&chain), 0.0025, Some(&dividends)));
    });
    group.bench_function("2,352 contracts: the price that they imply", |b| {
        b.iter(|| implied_spot(black_box(&chain), 0.0025, &dividends));
    });
    group.finish();
}

criterion_group!(benches, european_batch, american_options, whole_chain);
criterion_main!(benches);
