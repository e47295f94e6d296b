//! Which prices would turn the verdict: the analyst's own rules, run on over sessions that have not come yet.

use ttai_core::DailyBar;
use ttai_quant::trend::{ChartAssessment, Recommendation, Timeframe, recommendation_history};

/// Bars of a quick move, and of a slow one. A verdict turns only when three bars in a row agree.
const PACES: [u32; 2] = [3, 10];
/// Moves are tried in steps of half an average true range, up to this many steps.
const STEPS: u32 = 30;
/// A step in average true ranges.
const STEP_ATR: f64 = 0.5;
/// Bars that are enough for every measure of the verdict to have forgotten what came before.
const MEMORY: usize = 800;

/// A move that turns the verdict.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Turn {
    /// Bars that the move takes, at an even pace.
    pub(super) bars: u32,
    /// Where it ends, in dollars.
    pub(super) price: f64,
    /// How far that is, in average true ranges; negative below.
    pub(super) distance_atr: f64,
    /// The verdict then.
    pub(super) verdict: Recommendation,
}

/// The least moves up and down that turn the verdict, at each pace.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Outlook {
    /// Downward, the quick one first.
    pub(super) falls: Vec<Turn>,
    /// Upward, the quick one first.
    pub(super) rises: Vec<Turn>,
    /// The verdict after ten bars without any move, where it is another one.
    pub(super) standstill: Option<Recommendation>,
}

/// Looks for the moves of at most 15 ATR that turn the verdict.
pub(super) fn outlook(bars: &[DailyBar], assessment: &ChartAssessment) -> Outlook {
    let verdict = assessment.recommendation;
    let recent = &bars[bars.len().saturating_sub(MEMORY)..];
    // A verdict may rest on a state older than the memory; then the whole history is replayed.
    let same = after(recent, assessment, 0, 0.0) == Some(verdict);
    let trial = Trial { bars: if same { recent } else { bars }, assessment };
    let toward = |sign: f64| PACES.iter().filter_map(|pace| trial.least(*pace, sign)).collect();
    let still = after(trial.bars, assessment, PACES[1], 0.0);
    Outlook { falls: toward(-1.0), rises: toward(1.0), standstill: still.filter(|other| *other != verdict) }
}

struct Trial<'a> {
    bars: &'a [DailyBar],
    assessment: &'a ChartAssessment,
}

impl Trial<'_> {
    /// The least move in the direction of `sign` within `pace` bars that turns the verdict.
    fn least(&self, pace: u32, sign: f64) -> Option<Turn> {
        (1..=STEPS).find_map(|step| {
            let distance_atr = sign * STEP_ATR * f64::from(step);
            let verdict = after(self.bars, self.assessment, pace, distance_atr)?;
            let price = self.assessment.measures.close + distance_atr * self.assessment.measures.atr14;
            (verdict != self.assessment.recommendation).then_some(Turn {
                bars: pace,
                price,
                distance_atr,
                verdict,
            })
        })
    }
}

/// The verdict after `pace` more bars that move the price by `distance_atr` in even steps; None at a price of zero.
fn after(
    bars: &[DailyBar],
    assessment: &ChartAssessment,
    pace: u32,
    distance_atr: f64,
) -> Option<Recommendation> {
    let mut path = bars.to_vec();
    let (atr, timeframe) = (assessment.measures.atr14, assessment.timeframe);
    for bar in 1..=pace {
        path.push(next_bar(&path, assessment, distance_atr * f64::from(bar) / f64::from(pace), atr)?);
    }
    verdict(&path, timeframe)
}

/// A bar that opens at the last close, ends `distance_atr` from the present one and is at least one ATR high.
fn next_bar(
    path: &[DailyBar],
    assessment: &ChartAssessment,
    distance_atr: f64,
    atr: f64,
) -> Option<DailyBar> {
    let before = path.last()?;
    let close = assessment.measures.close + distance_atr * atr;
    let (top, bottom) = (before.close.max(close), before.close.min(close));
    let margin = ((atr - (top - bottom)) / 2.0).max(0.0);
    DailyBar::new(before.date, before.close, top + margin, bottom - margin, close, before.volume).ok()
}

fn verdict(bars: &[DailyBar], timeframe: Timeframe) -> Option<Recommendation> {
    recommendation_history(bars, timeframe).ok()?.last().copied().flatten()
}
