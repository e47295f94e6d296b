//! The chart's picture and the scene that it is drawn from.

use chrono::NaiveDate;
use ttai_chart::{
    Canvas, ChartError, ChartInput, ChartStyle, ConfluenceBand, Fibonacci, GapBand, LevelLine, Mark,
    MarkKind, Overlay, Scene,
};
use ttai_contract::{AnalysisDepth, PriceLevel};
use ttai_core::{DailyBar, DividendStatus, LevelSide, Timeframe};
use ttai_quant::indicators::sma;
use ttai_quant::trend::{usable_history, weekly_bars};

use super::{Chart, NextEarnings};

/// Levels drawn on each side of the price.
const DRAWN_LEVELS: usize = 4;
/// Gaps and confluences drawn.
const DRAWN_ZONES: usize = 3;
/// Weeks that a weekly chart shows.
const WEEKS: usize = 156;
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
    let levels = findings.supports.iter().take(DRAWN_LEVELS).map(|l| level(l, LevelSide::Support));
    let more = findings.resistances.iter().take(DRAWN_LEVELS).map(|l| level(l, LevelSide::Resistance));
    ChartInput {
        strategy: match chart.assessment.timeframe {
            Timeframe::Daily => None,
            Timeframe::Weekly => Some("weekly levels".to_owned()),
            Timeframe::Intraday => Some("half-hour levels".to_owned()),
        },
        simulated: view.source.simulated,
        last_bar_partial: view.session_running,
        last_price: Some(view.price),
        overlays: [20, 50, 200].map(|length| average(bars, length, chart.assessment.timeframe)).to_vec(),
        levels: levels.chain(more).collect(),
        fibonacci: fibonacci(chart),
        confluence: confluence(chart),
        gaps: gaps(chart, bars.get(first_visible..).unwrap_or_default()),
        marks: bars.get(first_visible).map_or_else(Vec::new, |first| marks(chart, first.date)),
        ..ChartInput::new(view.symbol.to_string(), view.as_of, source, bars)
    }
}

fn level(found: &PriceLevel, kind: LevelSide) -> LevelLine {
    LevelLine {
        price: found.price,
        zone_low: found.zone_low.min(found.price),
        zone_high: found.zone_high.max(found.price),
        kind,
        touches: found.touches,
        strength: Some(found.score.clamp(0.0, 1.0)),
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

/// What meets the Fibonacci level, without prices: the level and the prices have labels of their own.
fn short(names: &[String]) -> Vec<String> {
    let words =
        names.iter().filter(|name| !name.starts_with("fib ")).map(|name| match name.split_once(' ') {
            Some(("swing", rest)) => rest.split(' ').next().unwrap_or(rest).to_owned(),
            Some(("SMA", rest)) => format!("SMA {}", rest.split(' ').next().unwrap_or(rest)),
            Some((word, _)) => word.to_owned(),
            None => name.clone(),
        });
    let mut words: Vec<String> = words.collect();
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
    let mut marks: Vec<Mark> =
        splits.map(|s| Mark { date: s.effective, kind: MarkKind::Split, text: ratio(s.ratio) }).collect();
    let dividend = |d: &ttai_core::CashDividend| {
        let sure = if d.status == DividendStatus::Projected { " est." } else { "" };
        Mark { date: d.ex_date, kind: MarkKind::Dividend, text: format!("${:.2}{sure}", d.amount) }
    };
    marks.extend(view.dividends.iter().filter(|d| d.ex_date <= today).map(dividend));
    marks.extend(view.dividends.iter().filter(|d| d.ex_date > today).take(UPCOMING_DIVIDENDS).map(dividend));
    if let NextEarnings::Next(report) = &chart.earnings {
        let text = if report.confirmed { String::new() } else { "est.".to_owned() };
        marks.push(Mark { date: report.date, kind: MarkKind::Earnings, text });
    }
    marks.retain(|mark| mark.date >= first);
    marks.sort_by_key(|mark| (mark.date, mark.kind));
    marks
}

/// `7:1` for seven new shares, `1:10` for a reverse split.
fn ratio(ratio: f64) -> String {
    let short = |value: f64| format!("{value:.2}").trim_end_matches('0').trim_end_matches('.').to_owned();
    if ratio >= 1.0 { format!("{}:1", short(ratio)) } else { format!("1:{}", short(1.0 / ratio)) }
}

/// A moving average with a value for every session; on a weekly chart a week's value stands at each of its sessions.
fn average(bars: &[DailyBar], length: usize, timeframe: Timeframe) -> Overlay {
    if timeframe != Timeframe::Weekly {
        return Overlay { name: format!("SMA {length}"), values: averages(bars, length) };
    }
    let weeks = weekly_bars(bars);
    let values = averages(&weeks, length);
    let mut week = 0;
    let by_session = bars.iter().map(|bar| {
        while weeks.get(week).is_some_and(|w| w.date < bar.date) {
            week += 1;
        }
        values.get(week).copied().flatten()
    });
    Overlay { name: format!("SMA {length} weeks"), values: by_session.collect() }
}

fn averages(bars: &[DailyBar], length: usize) -> Vec<Option<f64>> {
    let closes: Vec<f64> = bars.iter().map(|bar| bar.close).collect();
    // The period is a constant in range and the closes are prices: an average that cannot be taken is not drawn.
    sma(&closes, length).unwrap_or_else(|_| vec![None; bars.len()])
}
