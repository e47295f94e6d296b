//! Rates on one core, to be set beside those of other tools: one JSON object a line. `anchors/run` starts it and prints the table.
//!
//! Contracts come from the CSV file named in `TTAI_ANCHOR_CONTRACTS` (columns sign, strike, years, rate, yield, volatility, spot 100), so that
//! every tool prices the same ones; American prices go to the file named in `TTAI_ANCHOR_PRICES`, so that errors can be
//! compared too. The real AAPL chain is priced where `TTAI_ORACLE` names the reference files.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::expect_used,
    reason = "a bench reads files and clocks, and stops where its own inputs are wrong"
)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use chrono::{NaiveDateTime, TimeZone, Utc};
use implied_vol::{DefaultSpecialFn, ImpliedBlackVolatility};
use ttai_core::{
    CashDividend, DividendStatus, ExerciseStyle, NEW_YORK, OptionChain, OptionContract, OptionQuote,
    OptionRight, Quote, Settlement, SettlementTime, Symbol,
};
use ttai_quant::chain::price_chain;
use ttai_quant::indicators::{
    Bollinger, BollingerBuffers, Macd, MacdBuffers, bollinger_into, macd_into, rsi_into,
};
use ttai_quant::pricing::{VanillaOption, american, european, implied_vol as ours};

type Row = BTreeMap<String, String>;

/// Runs of each measurement; the median counts, after one to warm up.
const RUNS: usize = 5;
/// As many as the other tools price where a price takes microseconds.
const AMERICANS: usize = 5_000;

/// Prints how many of `count` things are done in a second.
fn measure(name: &str, count: usize, mut work: impl FnMut()) {
    let mut seconds: Vec<f64> = (0..=RUNS)
        .map(|_| {
            let started = Instant::now();
            work();
            started.elapsed().as_secs_f64()
        })
        .skip(1)
        .collect();
    seconds.sort_by(f64::total_cmp);
    let median = seconds[RUNS / 2];
    let found =
        serde_json::json!({"name": name, "n": count, "seconds": median, "rate": count as f64 / median});
    writeln!(std::io::stdout(), "{found}").expect("standard output is open");
}

fn number(row: &Row, column: &str) -> f64 {
    row[column].parse().expect("a number")
}

fn read(path: &Path) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(path).expect("the file can be read");
    reader.deserialize().map(|row| row.expect("a row")).collect()
}

fn contract(row: &Row) -> VanillaOption {
    let right = if number(row, "sign") > 0.0 { OptionRight::Call } else { OptionRight::Put };
    let [strike, years, rate, dividend_yield, volatility] =
        ["strike", "years", "rate", "yield", "volatility"].map(|column| number(row, column));
    VanillaOption::new(right, 100.0, strike, years, rate, dividend_yield, volatility).expect("a contract")
}

fn european_rates(options: &[VanillaOption]) {
    let column = |f: fn(&VanillaOption) -> f64| options.iter().map(f).collect::<Vec<_>>();
    let (sign, spot, strike) =
        (column(|o| o.right().sign()), column(VanillaOption::spot), column(VanillaOption::strike));
    let (years, rate) = (column(VanillaOption::years), column(VanillaOption::rate));
    let (dividend_yield, volatility) =
        (column(VanillaOption::dividend_yield), column(VanillaOption::volatility));
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
    let repeats = 1_000_000 / options.len();
    measure("european price and five Greeks, slices", repeats * options.len(), || {
        for _ in 0..repeats {
            european::greeks_batch(black_box(&inputs), &mut results).expect("the inputs are sound");
        }
    });
    measure("european price and six Greeks, one at a time", options.len(), || {
        black_box(options.iter().map(|o| european::greeks(black_box(o)).vega).sum::<f64>());
    });
}

fn implied_volatility_rates(options: &[VanillaOption]) {
    let priced: Vec<(VanillaOption, f64)> = options.iter().map(|o| (*o, european::price(o))).collect();
    measure("implied volatility", priced.len(), || {
        let volatility = |(o, price): &(VanillaOption, f64)| ours::european(black_box(o), *price).ok();
        black_box(priced.iter().filter_map(volatility).sum::<f64>());
    });
    measure("implied volatility, the implied-vol crate itself", priced.len(), || {
        let volatility = |(o, price): &(VanillaOption, f64)| {
            let discount = (-o.rate() * o.years()).exp();
            let forward = o.spot() * (-o.dividend_yield() * o.years()).exp() / discount;
            ImpliedBlackVolatility::builder()
                .option_price(*price / discount)
                .forward(forward)
                .strike(o.strike())
                .expiry(o.years())
                .is_call(o.right() == OptionRight::Call)
                .build()?
                .calculate::<DefaultSpecialFn>()
        };
        black_box(priced.iter().filter_map(|pair| volatility(black_box(pair))).sum::<f64>());
    });
}

fn american_rates(options: &[VanillaOption]) {
    let options = &options[..options.len().min(AMERICANS)];
    measure("american price", options.len(), || {
        black_box(options.iter().map(|o| american::price(black_box(o))).sum::<f64>());
    });
    measure("american price, fast scheme", options.len(), || {
        black_box(options.iter().map(|o| american::price_fast(black_box(o))).sum::<f64>());
    });
    measure("american price and six Greeks", options.len(), || {
        black_box(options.iter().map(|o| american::greeks(black_box(o)).vega).sum::<f64>());
    });
    let Some(path) = std::env::var_os("TTAI_ANCHOR_PRICES") else { return };
    let mut file = std::fs::File::create(path).expect("the file of prices can be made");
    for option in options {
        writeln!(file, "{},{}", american::price(option), american::price_fast(option)).expect("a line");
    }
}

/// A wandering price for each symbol, from a small linear congruential generator.
fn closes() -> Vec<Vec<f64>> {
    let mut state = 20_260_917_u32;
    let mut step = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (f64::from(state) / f64::from(u32::MAX) - 0.5) * 0.04
    };
    let mut walk = || {
        let mut price = 100.0;
        let next = || {
            price *= 1.0 + step();
            price
        };
        std::iter::repeat_with(next).take(2_520).collect()
    };
    (0..500).map(|_| walk()).collect()
}

fn indicator_rates() {
    let closes = closes();
    let mut buffers = vec![vec![0.0; 2_520]; 7];
    let [rsi, line, signal, histogram, upper, middle, lower] = buffers.as_mut_slice() else { return };
    measure("RSI, MACD and Bollinger, 500 symbols of 2,520 bars", closes.len(), || {
        for closes in &closes {
            let (macd, bands) =
                (Macd::new(12, 26, 9).expect("periods"), Bollinger::new(20, 2.0).expect("a period"));
            rsi_into(black_box(closes), 14, rsi).expect("prices");
            macd_into(macd, black_box(closes), MacdBuffers { line, signal, histogram }).expect("prices");
            bollinger_into(bands, black_box(closes), BollingerBuffers { upper, middle, lower })
                .expect("prices");
        }
    });
}

/// A contract's quote out of a row of the chain file.
fn quote(row: &Row, symbol: &Symbol, snapshot: chrono::DateTime<Utc>) -> OptionQuote {
    let right = if row["right"] == "C" { OptionRight::Call } else { OptionRight::Put };
    OptionQuote {
        contract: OptionContract {
            root: symbol.clone(),
            underlying: symbol.clone(),
            right,
            strike: row["strike"].parse().expect("a strike"),
            expiration: row["expiry"].parse().expect("a date"),
            last_trade_date: row["last_trade_date"].parse().expect("a date"),
            expiration_close: row["expiry_close_utc"].parse().expect("a time"),
            style: ExerciseStyle::American,
            settlement: Settlement::Physical,
            settlement_time: SettlementTime::Pm,
            multiplier: 100,
            deliverable_shares: 100,
        },
        bid: row["bid"].parse().expect("a bid"),
        ask: row["ask"].parse().expect("an ask"),
        bid_size: 1,
        ask_size: 1,
        last: None,
        volume: 0,
        open_interest: None,
        quote_time: snapshot,
    }
}

/// Ex-dates and cash of AAPL after 2014-06-06, as `aapl_20140606_filter.json` has them.
const DIVIDENDS: [(&str, f64); 6] = [
    ("2014-08-07", 3.29),
    ("2014-11-06", 3.29),
    ("2015-02-05", 3.29),
    ("2015-05-07", 3.64),
    ("2015-08-06", 3.64),
    ("2015-11-05", 3.64),
];

fn chain_rate(folder: &Path) {
    let rows = read(&folder.join("chains/aapl_20140606.csv"));
    let local: NaiveDateTime = rows[0]["snapshot_time"].parse().expect("a time");
    let snapshot_time = NEW_YORK.from_local_datetime(&local).earliest().expect("a time").with_timezone(&Utc);
    let symbol = Symbol::new("AAPL").expect("a symbol");
    let underlying = Quote {
        symbol: symbol.clone(),
        bid: rows[0]["underlying_bid"].parse().ok(),
        ask: rows[0]["underlying_ask"].parse().ok(),
        last: None,
        volume: 0,
        market_time: snapshot_time,
        received_at: snapshot_time,
        source: "bench".to_owned(),
        conditions: Vec::new(),
    };
    let quotes = rows.iter().map(|row| quote(row, &symbol, snapshot_time)).collect();
    let chain =
        OptionChain { underlying, snapshot_time, quotes, source: "bench".to_owned(), warnings: Vec::new() };
    let dividends = DIVIDENDS.map(|(date, amount)| CashDividend {
        ex_date: date.parse().expect("a date"),
        amount,
        status: DividendStatus::Declared,
    });
    measure("AAPL chain of 2014-06-06", rows.len(), || {
        black_box(price_chain(black_box(&chain), 0.0025, &dividends));
    });
}

fn main() {
    if let Some(path) = std::env::var_os("TTAI_ANCHOR_CONTRACTS").map(PathBuf::from) {
        let options: Vec<VanillaOption> = read(&path).iter().map(contract).collect();
        european_rates(&options);
        implied_volatility_rates(&options);
        american_rates(&options);
    }
    indicator_rates();
    if let Some(folder) = std::env::var_os("TTAI_ORACLE").map(PathBuf::from) {
        chain_rate(&folder);
    }
}
