//! Every column of the reference file, bar by bar and over the slice, and the reference VWAP.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use ttai_core::{DailyBar, MinuteBar, SessionPart};

use super::volatility::{CloseToClose, Parkinson, YangZhang, close_to_close, parkinson, yang_zhang};
use super::*;

/// 220 bars of AAPL from 2013-12-02 out of the reference file, the raw 7:1 split among them.
const SAMPLE: &str = include_str!("../../tests/data/indicators_aapl_2013-12-02.csv");

/// One case: the bars and the expected columns, `None` for `NaN`.
#[derive(Default)]
struct Case {
    bars: Vec<DailyBar>,
    columns: BTreeMap<String, Vec<Option<f64>>>,
}

type Series = Vec<Option<f64>>;

fn oracle() -> Option<PathBuf> {
    let named = std::env::var_os("TTAI_ORACLE").map(PathBuf::from);
    let beside = || {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        here.ancestors().map(|folder| folder.join("shared/oracle")).find(|folder| folder.is_dir())
    };
    let found = named.filter(|folder| folder.is_dir()).or_else(beside);
    if found.is_none() {
        println!("skipped: ../shared/oracle is absent");
    }
    found
}

fn cases(source: impl Read) -> BTreeMap<String, Case> {
    let mut cases: BTreeMap<String, Case> = BTreeMap::new();
    for row in csv::Reader::from_reader(source).deserialize::<BTreeMap<String, String>>() {
        let row = row.unwrap();
        let number = |name: &str| row[name].parse::<f64>().unwrap();
        let case = cases.entry(row["case"].clone()).or_default();
        let bar = DailyBar::new(
            row["date"].parse().unwrap(),
            number("open"),
            number("high"),
            number("low"),
            number("close"),
            number("volume"),
        );
        case.bars.push(bar.unwrap());
        let given = ["case", "i", "date", "open", "high", "low", "close", "volume"];
        for (name, text) in row.iter().filter(|(name, _)| !given.contains(&name.as_str())) {
            let value = text.parse::<f64>().unwrap();
            case.columns.entry(name.clone()).or_default().push((!value.is_nan()).then_some(value));
        }
    }
    cases
}

fn stream<I: Indicator>(mut indicator: I, inputs: &[I::Input]) -> Vec<Option<I::Output>> {
    let found: Vec<_> = inputs.iter().map(|input| indicator.update(*input)).collect();
    let first = found.iter().position(Option::is_some).unwrap_or(found.len());
    assert_eq!(first, indicator.warm_up().min(found.len()), "the warm-up is as stated");
    found
}

fn part<T: Copy>(values: &[Option<T>], pick: impl Fn(T) -> f64) -> Series {
    values.iter().map(|value| value.map(&pick)).collect()
}

/// Each column as computed over the slice.
fn over_slices(bars: &[DailyBar]) -> Vec<(&'static str, Series)> {
    let closes: Vec<f64> = bars.iter().map(|bar| bar.close).collect();
    let mut found = vec![
        ("sma20", sma(&closes, 20).unwrap()),
        ("sma50", sma(&closes, 50).unwrap()),
        ("sma200", sma(&closes, 200).unwrap()),
        ("ema12", ema(&closes, 12).unwrap()),
        ("ema20", ema(&closes, 20).unwrap()),
        ("ema26", ema(&closes, 26).unwrap()),
        ("rsi14", rsi(&closes, 14).unwrap()),
        ("atr14", atr(bars, 14).unwrap()),
        ("obv", obv(bars).unwrap()),
        ("mfi14", mfi(bars, 14).unwrap()),
        ("cci20", cci(bars, 20).unwrap()),
        ("hv20_cc", close_to_close(&closes, 20).unwrap()),
        ("hv20_parkinson", parkinson(bars, 20).unwrap()),
        ("hv20_yang_zhang", yang_zhang(bars, 20).unwrap()),
    ];
    found.extend(macd_columns(&macd(&closes, 12, 26, 9).unwrap()));
    found.extend(band_columns(&bollinger(&closes, 20, 2.0).unwrap()));
    found.extend(direction_columns(&adx(bars, 14).unwrap()));
    found.extend(stochastic_columns(&stochastic(bars, 14, 3, 3).unwrap()));
    found.extend(channel_columns(&donchian(bars, 20).unwrap()));
    found
}

/// Each column as computed bar by bar.
fn bar_by_bar(bars: &[DailyBar]) -> Vec<(&'static str, Series)> {
    let closes: Vec<f64> = bars.iter().map(|bar| bar.close).collect();
    let bars: Vec<Ohlcv> = bars.iter().map(|bar| bar.ohlcv().unwrap()).collect();
    let mut found = vec![
        ("sma20", stream(Sma::new(20).unwrap(), &closes)),
        ("sma50", stream(Sma::new(50).unwrap(), &closes)),
        ("sma200", stream(Sma::new(200).unwrap(), &closes)),
        ("ema12", stream(Ema::new(12).unwrap(), &closes)),
        ("ema20", stream(Ema::new(20).unwrap(), &closes)),
        ("ema26", stream(Ema::new(26).unwrap(), &closes)),
        ("rsi14", stream(Rsi::new(14).unwrap(), &closes)),
        ("atr14", stream(Atr::new(14).unwrap(), &bars)),
        ("obv", stream(Obv::new(), &bars)),
        ("mfi14", stream(Mfi::new(14).unwrap(), &bars)),
        ("cci20", stream(Cci::new(20).unwrap(), &bars)),
        ("hv20_cc", stream(CloseToClose::new(20).unwrap(), &closes)),
        ("hv20_parkinson", stream(Parkinson::new(20).unwrap(), &bars)),
        ("hv20_yang_zhang", stream(YangZhang::new(20).unwrap(), &bars)),
    ];
    found.extend(macd_columns(&stream(Macd::new(12, 26, 9).unwrap(), &closes)));
    found.extend(band_columns(&stream(Bollinger::new(20, 2.0).unwrap(), &closes)));
    found.extend(direction_columns(&stream(Adx::new(14).unwrap(), &bars)));
    found.extend(stochastic_columns(&stream(Stochastic::new(14, 3, 3).unwrap(), &bars)));
    found.extend(channel_columns(&stream(Donchian::new(20).unwrap(), &bars)));
    found
}

fn macd_columns(values: &[Option<MacdValue>]) -> [(&'static str, Series); 3] {
    [
        ("macd", part(values, |value| value.line)),
        ("macd_signal", part(values, |value| value.signal)),
        ("macd_hist", part(values, |value| value.histogram)),
    ]
}

fn band_columns(values: &[Option<BollingerBands>]) -> [(&'static str, Series); 3] {
    [
        ("bb_upper", part(values, |value| value.upper)),
        ("bb_mid", part(values, |value| value.middle)),
        ("bb_lower", part(values, |value| value.lower)),
    ]
}

fn direction_columns(values: &[Option<DirectionalMovement>]) -> [(&'static str, Series); 3] {
    [
        ("plus_di14", part(values, |value| value.plus_di)),
        ("minus_di14", part(values, |value| value.minus_di)),
        ("adx14", values.iter().map(|value| value.and_then(|value| value.adx)).collect()),
    ]
}

fn stochastic_columns(values: &[Option<StochasticValue>]) -> [(&'static str, Series); 2] {
    [("stoch_k", part(values, |value| value.k)), ("stoch_d", part(values, |value| value.d))]
}

fn channel_columns(values: &[Option<DonchianChannel>]) -> [(&'static str, Series); 3] {
    [
        ("donchian_hi20", part(values, |value| value.upper)),
        ("donchian_lo20", part(values, |value| value.lower)),
        ("donchian_mid20", part(values, |value| value.middle)),
    ]
}

/// Same warm-up, and no value further off than `tolerance` of the larger of itself and `scale`.
fn assert_close(what: &str, found: &Series, expected: &Series, scale: f64, tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (index, pair) in found.iter().zip(expected).enumerate() {
        match pair {
            (None, None) => {}
            (Some(found), Some(expected)) => {
                let allowed = tolerance * expected.abs().max(scale);
                assert!((found - expected).abs() <= allowed, "{what}[{index}]: {found} is not {expected}");
            }
            _ => panic!("{what}[{index}]: {:?} is not {:?}", pair.0, pair.1),
        }
    }
}

/// What the reference file's tolerance is relative to: the price for what is measured in prices, else the value itself.
fn scale(column: &str, bars: &[DailyBar]) -> f64 {
    let in_prices = ["sma", "ema", "macd", "bb_", "atr", "donchian"];
    if in_prices.iter().any(|prefix| column.starts_with(prefix)) {
        bars.iter().map(|bar| bar.close).fold(f64::INFINITY, f64::min)
    } else if column.starts_with("hv") {
        0.0
    } else {
        1.0
    }
}

fn check(cases: &BTreeMap<String, Case>) {
    for (name, case) in cases {
        let slices = over_slices(&case.bars);
        assert_eq!(slices.len(), case.columns.len(), "every column is computed");
        for ((column, found), (_, streamed)) in slices.iter().zip(bar_by_bar(&case.bars)) {
            let what = format!("{name} {column}");
            assert_close(&what, found, &case.columns[*column], scale(column, &case.bars), 1e-9);
            assert_close(&what, &streamed, found, 0.0, 1e-12);
        }
    }
}

#[test]
fn a_real_half_year_with_a_split_in_it() {
    let sample = cases(SAMPLE.as_bytes());
    assert_eq!(sample["AAPL_2013-12-02"].bars.len(), 220);
    check(&sample);
}

#[test]
fn every_row_of_the_reference_file() {
    let Some(folder) = oracle() else { return };
    let cases = cases(std::fs::File::open(folder.join("indicators_daily.csv")).unwrap());
    assert!(!cases.is_empty());
    check(&cases);
}

#[test]
fn buffers_hold_the_same_numbers() {
    let case = &cases(SAMPLE.as_bytes())["AAPL_2013-12-02"];
    let closes: Vec<f64> = case.bars.iter().map(|bar| bar.close).collect();
    let same = |buffer: &[f64], series: &Series| {
        let written: Series = buffer.iter().map(|value| (!value.is_nan()).then_some(*value)).collect();
        assert_eq!(&written, series);
    };
    let mut buffers = vec![vec![0.0; closes.len()]; 3];
    let [first, second, third] = buffers.as_mut_slice() else { panic!("three buffers") };
    sma_into(&closes, 20, first).unwrap();
    same(first, &sma(&closes, 20).unwrap());
    ema_into(&closes, 20, first).unwrap();
    same(first, &ema(&closes, 20).unwrap());
    rsi_into(&closes, 14, first).unwrap();
    same(first, &rsi(&closes, 14).unwrap());
    atr_into(&case.bars, 14, first).unwrap();
    same(first, &atr(&case.bars, 14).unwrap());
    let out = MacdBuffers { line: first, signal: second, histogram: third };
    macd_into(Macd::new(12, 26, 9).unwrap(), &closes, out).unwrap();
    let expected = macd_columns(&macd(&closes, 12, 26, 9).unwrap());
    for (buffer, (_, series)) in [&*first, second, third].iter().zip(&expected) {
        same(buffer, series);
    }
    let out = BollingerBuffers { upper: first, middle: second, lower: third };
    bollinger_into(Bollinger::new(20, 2.0).unwrap(), &closes, out).unwrap();
    let expected = band_columns(&bollinger(&closes, 20, 2.0).unwrap());
    for (buffer, (_, series)) in [&*first, second, third].iter().zip(&expected) {
        same(buffer, series);
    }
}

#[test]
fn the_reference_vwap_of_both_anchors() {
    let Some(folder) = oracle() else { return };
    for (file, date) in [("aapl_20140606", "2014-06-06"), ("spy_20131010", "2013-10-10")] {
        let path = folder.join(format!("vwap_minute_{file}.csv"));
        let rows: Vec<BTreeMap<String, String>> =
            csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect();
        let bars: Vec<MinuteBar> = rows.iter().map(|row| minute_bar(row, date)).collect();
        for (column, anchor) in [("vwap_all", VwapAnchor::FirstPrint), ("vwap_rth", VwapAnchor::RegularOpen)]
        {
            let expected: Series = rows.iter().map(|row| row[column].parse().ok()).collect();
            assert_close(&format!("{file} {column}"), &vwap(&bars, anchor).unwrap(), &expected, 0.0, 1e-9);
        }
    }
}

/// A row of the VWAP file, which has no opening price; both dates are in daylight saving time.
fn minute_bar(row: &BTreeMap<String, String>, date: &str) -> MinuteBar {
    let number = |name: &str| row[name].parse::<f64>().unwrap();
    let session = match row["session"].as_str() {
        "pre" => SessionPart::Pre,
        "post" => SessionPart::Post,
        _ => SessionPart::Regular,
    };
    MinuteBar {
        start: format!("{date}T{}:00-04:00", row["time_ny"]).parse().unwrap(),
        session,
        open: number("close"),
        high: number("high"),
        low: number("low"),
        close: number("close"),
        volume: number("volume"),
    }
}
