//! The chart's picture and the scene that it is drawn from.

use chrono::NaiveDate;
use ttai_chart::{
    Canvas, ChartError, ChartInput, ChartStyle, ConfluenceBand, Fibonacci, GapBand, LevelLine, Mark,
    MarkKind, Overlay, Scene,
};
use ttai_contract::{AnalysisDepth, PriceLevel};
use ttai_core::{DailyBar, DividendStatus, LevelSide, Timeframe};
use ttai_quant::indicators::{rsi, sma};
use ttai_quant::levels::{Level, LevelMap};
use ttai_quant::trend::{usable_history, weekly_bars};

use super::{Chart, NextEarnings};

/// Gaps and confluences drawn.
const DRAWN_ZONES: usize = 3;
/// Weeks that a weekly chart shows.
const WEEKS: usize = 156;
/// Bars that the relative strength index looks back on.
const RSI_LENGTH: usize = 14;
/// Announced and projected dividends beyond the first are noise.
const UPCOMING_DIVIDENDS: usize = 1;

/// An image and its scene as JSON.
#[derive(Clone, Debug)]
pub(super) struct Picture {
    pub(super) png: Vec<u8>,
    pub(super) scene: Vec<u8>,
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub(super) enum PictureError {
    #[error(transparent)]
    Chart(#[from] ChartError),
    #[error("its scene cannot be written as JSON: {0}")]
    Scene(#[from] serde_json::Error),
}

/// Draws the sessions of the chart with what was found in them.
pub(super) fn draw(
    chart: &Chart,
    depth: AnalysisDepth,
    canvas: &mut Canvas,
) -> Result<Picture, PictureError> {
    let bars = usable_history(&chart.view.bars).0;
    let visible = visible_sessions(chart.assessment.timeframe, depth).min(bars.len());
    let input = input(chart, bars, bars.len() - visible);
    let style = ChartStyle { visible_bars: Some(visible), ..ChartStyle::default() };
    let scene = Scene::build(&input, &style)?;
    Ok(Picture { png: canvas.render_png(&scene)?, scene: serde_json::to_vec(&scene)? })
}

const fn visible_sessions(timeframe: Timeframe, depth: AnalysisDepth) -> usize {
    match (timeframe, depth) {
        (Timeframe::Weekly, _) => WEEKS * 5,
        (_, AnalysisDepth::Quick) => 126,
        (_, AnalysisDepth::Standard) => 180,
        (_, AnalysisDepth::Deep) => 252,
    }
}

fn input<'a>(chart: &Chart, bars: &'a [DailyBar], first_visible: usize) -> ChartInput<'a> {
    let (view, findings) = (&chart.view, &chart.findings);
    let source = format!("{}, split-adjusted sessions", view.source.name);
    let levels = findings.supports.iter().map(|l| (l, LevelSide::Support));
    let more = findings.resistances.iter().map(|l| (l, LevelSide::Resistance));
    ChartInput {
        strategy: match chart.assessment.timeframe {
            Timeframe::Daily => None,
            Timeframe::Weekly => Some("weekly levels".to_owned()),
            Timeframe::Intraday => Some("half-hour levels".to_owned()),
        },
        simulated: view.source.simulated,
        last_bar_partial: chart.last_candle_is_running(),
        last_price: Some(view.price),
        overlays: [20, 50, 200].map(|length| average(bars, length, chart.assessment.timeframe)).to_vec(),
        rsi: Some(index(bars, chart.assessment.timeframe)),
        levels: levels
            .chain(more)
            .map(|(found, kind)| level(found, kind, &chart.assessment.levels))
            .collect(),
        fibonacci: fibonacci(chart),
        confluence: confluence(chart),
        gaps: gaps(chart, bars.get(first_visible..).unwrap_or_default()),
        marks: bars.get(first_visible).map_or_else(Vec::new, |first| marks(chart, first.date)),
        ..ChartInput::new(view.symbol.to_string(), view.as_of, source, bars)
    }
}

/// A level from its first touch on.
fn level(found: &PriceLevel, kind: LevelSide, map: &LevelMap) -> LevelLine {
    let same = |level: &&Level| (level.price - found.price).abs() <= 1e-9 * found.price;
    LevelLine {
        price: found.price,
        zone_low: found.zone_low.min(found.price),
        zone_high: found.zone_high.max(found.price),
        kind,
        touches: found.touches,
        strength: Some(found.score.clamp(0.0, 1.0)),
        since: map.supports.iter().chain(&map.resistances).find(same).map(|level| level.first_touch),
    }
}

fn fibonacci(chart: &Chart) -> Option<Fibonacci> {
    let swing = chart.findings.fibonacci.as_ref()?;
    Some(Fibonacci {
        from: swing.from,
        to: swing.to,
        from_date: Some(swing.from_date),
        to_date: Some(swing.to_date),
        levels: swing.retracements.clone(),
    })
}

fn confluence(chart: &Chart) -> Vec<ConfluenceBand> {
    let zones = chart.findings.confluence.iter().take(DRAWN_ZONES);
    zones.map(|z| ConfluenceBand { low: z.low, high: z.high, sources: short(&z.levels) }).collect()
}

/// What meets, without prices: the label has those of the zone.
fn short(names: &[String]) -> Vec<String> {
    let word = |name: &String| match name.split_once(' ') {
        Some(("fib", ratio)) => {
            let percent = ratio.parse::<f64>().map(|ratio| format!("{:.1}", 100.0 * ratio));
            format!("Fib {}%", percent.as_deref().map_or(ratio, |percent| percent.trim_end_matches(".0")))
        }
        Some(("swing", rest)) => rest.split(' ').next().unwrap_or(rest).to_owned(),
        Some(("SMA", rest)) => format!("SMA {}", rest.split(' ').next().unwrap_or(rest)),
        Some((word, _)) => word.to_owned(),
        None => name.clone(),
    };
    let mut words: Vec<String> = names.iter().map(word).collect();
    words.dedup();
    words
}

/// Gaps far outside the sessions that are shown would squash the candles.
fn gaps(chart: &Chart, shown: &[DailyBar]) -> Vec<GapBand> {
    let margin = 2.0 * chart.assessment.measures.atr14;
    let low = shown.iter().map(|bar| bar.low).fold(f64::INFINITY, f64::min) - margin;
    let high = shown.iter().map(|bar| bar.high).fold(f64::NEG_INFINITY, f64::max) + margin;
    let gaps = chart.findings.gaps.iter().filter(|gap| gap.high >= low && gap.low <= high).take(DRAWN_ZONES);
    gaps.map(|gap| GapBand { low: gap.low, high: gap.high, date: gap.date }).collect()
}

/// Splits, dividends and reports from `first` on, by date.
fn marks(chart: &Chart, first: NaiveDate) -> Vec<Mark> {
    let (view, today) = (&chart.view, chart.view.date);
    let splits = view.splits.iter().filter(|s| s.effective <= today);
    let mut marks: Vec<Mark> = splits
        .map(|s| Mark { date: s.effective, kind: MarkKind::Split, text: split_words(s.ratio) })
        .collect();
    let dividend = |d: &ttai_core::CashDividend| {
        let sure = if d.status == DividendStatus::Projected { " (est.)" } else { "" };
        Mark { date: d.ex_date, kind: MarkKind::Dividend, text: format!("dividend ${:.2}{sure}", d.amount) }
    };
    marks.extend(view.dividends.iter().filter(|d| d.ex_date <= today).map(dividend));
    marks.extend(view.dividends.iter().filter(|d| d.ex_date > today).take(UPCOMING_DIVIDENDS).map(dividend));
    if let NextEarnings::Next(report) = &chart.earnings {
        let text = if report.confirmed { "earnings" } else { "earnings (est.)" };
        marks.push(Mark { date: report.date, kind: MarkKind::Earnings, text: text.to_owned() });
    }
    marks.retain(|mark| mark.date >= first);
    marks.sort_by_key(|mark| (mark.date, mark.kind));
    marks
}

/// The most old shares that the words of a split name.
const MOST_OLD_SHARES: u32 = 10;

/// `7-for-1 split`, `1-for-10 reverse split`, `5% stock dividend`.
fn split_words(ratio: f64) -> String {
    if ratio > 1.0 && ratio < 1.25 {
        let percent = format!("{:.1}", 100.0 * (ratio - 1.0));
        return format!("{}% stock dividend", percent.trim_end_matches(".0"));
    }
    let (larger, word) = if ratio < 1.0 { (1.0 / ratio, "reverse split") } else { (ratio, "split") };
    let whole = |old: &u32| {
        let new = larger * f64::from(*old);
        (new - new.round()).abs() < 2e-3 * f64::from(*old)
    };
    let old = (1..=MOST_OLD_SHARES).find(whole);
    let (many, few) = match old {
        Some(old) => (format!("{:.0}", larger * f64::from(old)), old),
        None => (format!("{larger:.3}"), 1),
    };
    if ratio < 1.0 { format!("{few}-for-{many} {word}") } else { format!("{many}-for-{few} {word}") }
}

/// A moving average with a value for every session.
fn average(bars: &[DailyBar], length: usize, timeframe: Timeframe) -> Overlay {
    let unit = if timeframe == Timeframe::Weekly { " weeks" } else { "" };
    let values = by_session(bars, timeframe, |bars| averages(bars, length));
    Overlay { name: format!("SMA {length}{unit}"), values }
}

/// The relative strength index of the sessions, or of the weeks.
fn index(bars: &[DailyBar], timeframe: Timeframe) -> Overlay {
    let unit = if timeframe == Timeframe::Weekly { " weeks" } else { "" };
    let of = |bars: &[DailyBar]| {
        let closes: Vec<f64> = bars.iter().map(|bar| bar.close).collect();
        rsi(&closes, RSI_LENGTH).unwrap_or_else(|_| vec![None; bars.len()])
    };
    Overlay { name: format!("RSI {RSI_LENGTH}{unit}"), values: by_session(bars, timeframe, of) }
}

/// What `of` gives for the sessions; on a weekly chart a week's value stands at each of its sessions.
fn by_session(
    bars: &[DailyBar],
    timeframe: Timeframe,
    of: impl Fn(&[DailyBar]) -> Vec<Option<f64>>,
) -> Vec<Option<f64>> {
    if timeframe != Timeframe::Weekly {
        return of(bars);
    }
    let weeks = weekly_bars(bars);
    let values = of(&weeks);
    let mut week = 0;
    let session = |bar: &DailyBar| {
        while weeks.get(week).is_some_and(|w| w.date < bar.date) {
            week += 1;
        }
        values.get(week).copied().flatten()
    };
    bars.iter().map(session).collect()
}

fn averages(bars: &[DailyBar], length: usize) -> Vec<Option<f64>> {
    let closes: Vec<f64> = bars.iter().map(|bar| bar.close).collect();
    // The period is a constant in range and the closes are prices: an average that cannot be taken is not drawn.
    sma(&closes, length).unwrap_or_else(|_| vec![None; bars.len()])
}

impl Chart {
    /// On a weekly chart a candle is a week, on the others a session, also where half-hours are judged.
    fn last_candle_is_running(&self) -> bool {
        match self.assessment.timeframe {
            Timeframe::Weekly => self.series.last_is_running(),
            Timeframe::Daily | Timeframe::Intraday => self.view.session_running,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_are_told_in_words() {
        let cases = [
            (7.0, "7-for-1 split"),
            (6.999_93, "7-for-1 split"),
            (1.5, "3-for-2 split"),
            (4.0 / 3.0, "4-for-3 split"),
            (0.1, "1-for-10 reverse split"),
            (0.04, "1-for-25 reverse split"),
            (2.0 / 3.0, "2-for-3 reverse split"),
            (1.05, "5% stock dividend"),
            (1.025, "2.5% stock dividend"),
            (2.281_7, "2.282-for-1 split"),
        ];
        for (ratio, words) in cases {
            assert_eq!(split_words(ratio), words, "{ratio}");
        }
    }

    #[test]
    fn a_zone_is_told_by_what_meets_in_it() {
        let names =
            ["fib 0.500", "swing low 580.33", "SMA 50 576.95", "gap edge 560.73", "level 594.58 (4 touches)"];
        let words = short(&names.map(str::to_owned));
        assert_eq!(words, ["Fib 50%", "low", "SMA 50", "gap", "level"]);
        assert_eq!(short(&["fib 0.236".to_owned(), "fib 0.236".to_owned()]), ["Fib 23.6%"]);
    }
}
