//! Prints how the chart analyst behaves on the daily bars of a tape folder: shares of the verdicts, flips, scale
//! invariance, and whether found supports hold more often than shifted ones.
//!
//! `cargo run --release -p ttai-quant --example chart_bench -- --tape DIR [SYMBOL …]`

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that reads files and prints a table"
)]

use std::error::Error;
use std::path::{Path, PathBuf};

use chrono::{Datelike, NaiveDate};
use ttai_core::{DailyBar, Split};
use ttai_quant::levels::validation::{HoldReport, HoldStudy, HoldTest};
use ttai_quant::levels::{Level, Strength};
use ttai_quant::trend::validation::{Flips, ValidationMarket, VerdictCounts, flips, scale_invariant};
use ttai_quant::trend::{AssessmentSettings, assess};

const SYMBOLS: [&str; 5] = ["aapl", "aig", "bac", "ibm", "spy"];
const YEARS: (i32, i32) = (1999, 2020);
const SEED: u64 = 20_140_606;

fn main() -> Result<(), Box<dyn Error>> {
    let (tape, symbols) = arguments()?;
    let mut studies = [(); 3].map(|()| HoldStudy::new(HoldTest::default(), SEED));
    let mut total = Row::default();
    println!("{HEADER}");
    for symbol in &symbols {
        let row = examine(&market(&tape, symbol)?, &mut studies)?;
        println!("{}", row.line(symbol));
        total.add(&row);
    }
    println!("{}", total.line("all"));
    for (name, study) in
        ["all supports returned", "moderate and strong supports", "strong supports"].iter().zip(&studies)
    {
        match study.report() {
            Some(report) => println!("\n{name}: {}", supports(&report)),
            None => println!("\n{name}: none was touched"),
        }
    }
    Ok(())
}

/// The tape folder and the symbols.
fn arguments() -> Result<(PathBuf, Vec<String>), String> {
    let usage = "usage: chart_bench --tape DIR [SYMBOL …]";
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (Some("--tape"), Some(tape)) => {
            let named: Vec<String> = arguments.map(|s| s.to_lowercase()).collect();
            let symbols = if named.is_empty() { SYMBOLS.map(str::to_owned).to_vec() } else { named };
            Ok((PathBuf::from(tape), symbols))
        }
        _ => Err(usage.to_owned()),
    }
}

/// What is counted for one market.
#[derive(Default)]
struct Row {
    verdicts: VerdictCounts,
    flips: Flips,
    scaled: u32,
    scale_mismatches: u32,
}

const HEADER: &str =
    "symbol  months  not assessed  bullish  bearish  neutral  reject   sessions  flips    ×7 same";

impl Row {
    fn add(&mut self, other: &Self) {
        self.verdicts.bullish += other.verdicts.bullish;
        self.verdicts.bearish += other.verdicts.bearish;
        self.verdicts.neutral += other.verdicts.neutral;
        self.verdicts.reject += other.verdicts.reject;
        self.verdicts.not_assessed += other.verdicts.not_assessed;
        self.flips.pairs += other.flips.pairs;
        self.flips.flips += other.flips.flips;
        self.scaled += other.scaled;
        self.scale_mismatches += other.scale_mismatches;
    }

    fn line(&self, symbol: &str) -> String {
        let v = &self.verdicts;
        let share = |n: u32| 100.0 * f64::from(n) / f64::from(v.assessed().max(1));
        format!(
            "{symbol:<6}  {:>6}  {:>12}  {:>5.1} %  {:>5.1} %  {:>5.1} %  {:>4.1} %  {:>9}  {:>4.2} %  {} of {}",
            v.assessed(),
            v.not_assessed,
            share(v.bullish),
            share(v.bearish),
            share(v.neutral),
            share(v.reject),
            self.flips.pairs,
            100.0 * f64::from(self.flips.flips) / f64::from(self.flips.pairs.max(1)),
            self.scaled - self.scale_mismatches,
            self.scaled,
        )
    }
}

/// All counts of one market; its supports go into the study.
fn examine(market: &ValidationMarket, studies: &mut [HoldStudy; 3]) -> Result<Row, Box<dyn Error>> {
    let mut row = Row { flips: flips(market, YEARS.0, YEARS.1)?, ..Row::default() };
    for index in market.month_ends(YEARS.0, YEARS.1) {
        let bars = market.as_of(index);
        row.scaled += 1;
        row.scale_mismatches += u32::from(!scale_invariant(&bars, 7.0));
        let assessment = assess(&bars, AssessmentSettings::default()).ok();
        row.verdicts.add(assessment.as_ref().map(|a| a.recommendation));
    }
    test_supports(market, studies);
    Ok(row)
}

/// Tests the supports of every fifth session of the years: all of them, those of at least moderate strength, the strong.
fn test_supports(market: &ValidationMarket, studies: &mut [HoldStudy; 3]) {
    for index in (0..market.bars.len()).step_by(5) {
        if !(YEARS.0..=YEARS.1).contains(&market.bars[index].date.year()) {
            continue;
        }
        let Ok(chart) = assess(&market.as_of(index), AssessmentSettings::default()) else { continue };
        let (levels, future) = (&chart.levels, future(market, index));
        for (study, least) in studies.iter_mut().zip([Strength::Weak, Strength::Moderate, Strength::Strong]) {
            let chosen: Vec<Level> =
                levels.supports.iter().filter(|l| l.strength >= least).copied().collect();
            study.add(chart.as_of, levels.close, levels.atr, &chosen, &future);
        }
    }
}

/// The sessions after `index` that the test needs, in the shares of that day.
fn future(market: &ValidationMarket, index: usize) -> Vec<DailyBar> {
    let last = (index + 40).min(market.bars.len() - 1);
    let today = market.bars[index].date;
    let ratio = |bar: &DailyBar| -> f64 {
        let between = |s: &&Split| s.effective > today && s.effective <= bar.date;
        market.splits.iter().filter(between).map(|s| s.ratio).product()
    };
    market.bars[index + 1..=last].iter().map(|b| b.split_adjusted(1.0 / ratio(b))).collect()
}

fn supports(report: &HoldReport) -> String {
    let difference = report.found_rate - report.shifted_rate;
    format!(
        "found {:.2} % of {} touched held, shifted by 1 to 3 ATR {:.2} % of {} (at the same distance from the \
         price {:.2} %)\ndifference {:+.2} points, standard error {:.2}, {:.1} standard errors",
        100.0 * report.found_rate,
        report.found_touched,
        100.0 * report.shifted_rate,
        report.shifted_touched,
        100.0 * report.shifted_rate_same_distance,
        100.0 * difference,
        100.0 * report.standard_error,
        difference / report.standard_error,
    )
}

/// Reads `daily/SYMBOL.csv` and `daily/SYMBOL_factors.csv`.
fn market(tape: &Path, symbol: &str) -> Result<ValidationMarket, Box<dyn Error>> {
    let folder = tape.join("daily");
    let bars = read_bars(&folder.join(format!("{symbol}.csv")))?;
    let splits = read_splits(&folder.join(format!("{symbol}_factors.csv")), &bars)?;
    Ok(ValidationMarket { symbol: symbol.to_owned(), bars, splits })
}

fn read_bars(path: &Path) -> Result<Vec<DailyBar>, Box<dyn Error>> {
    let mut reader = csv::Reader::from_path(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let row = |row: Result<(NaiveDate, f64, f64, f64, f64, f64), csv::Error>| {
        let (date, open, high, low, close, volume) = row?;
        Ok(DailyBar::new(date, open, high, low, close, volume)?)
    };
    reader.deserialize().map(row).collect()
}

/// A factors row holds for dates up to its own; where the next row's split factor differs, the first session after is
/// the first at the new price.
fn read_splits(path: &Path, bars: &[DailyBar]) -> Result<Vec<Split>, Box<dyn Error>> {
    let mut reader = csv::Reader::from_path(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let rows: Vec<(NaiveDate, f64, f64, f64)> = reader.deserialize().collect::<Result<_, _>>()?;
    let split = |pair: &[(NaiveDate, f64, f64, f64)]| {
        let (date, ratio) = (pair[0].0, pair[1].2 / pair[0].2);
        let effective = bars.iter().map(|b| b.date).find(|d| *d > date)?;
        ((ratio - 1.0).abs() > 1e-3).then_some(Split { effective, ratio })
    };
    Ok(rows.windows(2).filter_map(split).collect())
}
