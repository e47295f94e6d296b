//! Which prices would turn the verdict: the analyst's own rules, run on over sessions that have not come yet.

use chrono::Days;
use ttai_core::DailyBar;
use ttai_quant::trend::{ChartAssessment, Recommendation, RejectReason, VerdictTracker};

/// Bars of a quick move. A verdict turns only when three bars in a row agree.
const QUICK: u32 = 3;
/// Bars of a slow move, enough for the 20-bar average to follow it.
const SLOW: u32 = 20;
/// Moves are tried in steps of half an average true range, up to this many steps.
const STEPS: u32 = 24;
/// A step in average true ranges.
const STEP_ATR: f64 = 0.5;

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
    /// Why it is a reject then.
    pub(super) reject: Option<RejectReason>,
}

/// The least moves up and down that turn the verdict, at each pace.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Outlook {
    /// Downward, the quick one first.
    pub(super) falls: Vec<Turn>,
    /// Upward, the quick one first.
    pub(super) rises: Vec<Turn>,
    /// The verdict after twenty bars without any move, where it is another one.
    pub(super) standstill: Option<Recommendation>,
}

/// Looks for the moves of at most 12 ATR after `last`, the last bar, that turn the verdict of `assessment`; `tracker` has taken in all bars.
pub(super) fn outlook(last: DailyBar, assessment: &ChartAssessment, tracker: &VerdictTracker) -> Outlook {
    Trial { last, assessment, tracker }.outlook()
}

/// The analyst after all bars that have come.
struct Trial<'a> {
    last: DailyBar,
    assessment: &'a ChartAssessment,
    tracker: &'a VerdictTracker,
}

impl Trial<'_> {
    fn outlook(&self) -> Outlook {
        let verdict = self.assessment.recommendation;
        let unmoved = self.path(SLOW, 0.0).and_then(|path| self.after(&path));
        let standstill = unmoved.map(|after| after.verdict()).filter(|other| *other != Some(verdict));
        // Where time alone turns it, a slow move would tell nothing about prices.
        let paces: &[u32] = if standstill.is_some() { &[QUICK] } else { &[QUICK, SLOW] };
        let toward = |sign: f64| paces.iter().filter_map(|pace| self.least(*pace, sign)).collect();
        Outlook { falls: toward(-1.0), rises: toward(1.0), standstill: standstill.flatten() }
    }

    /// The least move in the direction of `sign` within `pace` bars that turns the verdict.
    fn least(&self, pace: u32, sign: f64) -> Option<Turn> {
        let measures = &self.assessment.measures;
        (1..=STEPS).find_map(|step| {
            let distance_atr = sign * STEP_ATR * f64::from(step);
            let path = self.path(pace, distance_atr)?;
            let after = self.after(&path)?;
            let verdict = after.verdict().filter(|verdict| *verdict != self.assessment.recommendation)?;
            let price = measures.close + distance_atr * measures.atr14;
            Some(Turn { bars: pace, price, distance_atr, verdict, reject: after.reject_reason() })
        })
    }

    /// The tracker once the bars of `path` have come, too.
    fn after(&self, path: &[DailyBar]) -> Option<VerdictTracker> {
        let mut tracker = self.tracker.clone();
        path.iter().try_for_each(|bar| tracker.push(bar)).ok()?;
        Some(tracker)
    }

    /// `pace` bars that move the price by `distance_atr` in even steps; None where it falls to zero.
    fn path(&self, pace: u32, distance_atr: f64) -> Option<Vec<DailyBar>> {
        let mut path: Vec<DailyBar> = Vec::new();
        for bar in 1..=pace {
            let before = path.last().unwrap_or(&self.last);
            path.push(self.next_bar(before, distance_atr * f64::from(bar) / f64::from(pace))?);
        }
        Some(path)
    }

    /// A bar that opens at the last close, ends `distance_atr` from the present one and is at least one ATR high. It
    /// is dated a week after the one before, so that weekly bars stay weeks; no measure reads the date.
    fn next_bar(&self, before: &DailyBar, distance_atr: f64) -> Option<DailyBar> {
        let DailyBar { close: open, volume, .. } = *before;
        let atr = self.assessment.measures.atr14;
        let close = self.assessment.measures.close + distance_atr * atr;
        let (top, bottom) = (open.max(close), open.min(close));
        let margin = ((atr - (top - bottom)) / 2.0).max(0.0);
        let date = before.date.checked_add_days(Days::new(7))?;
        DailyBar::new(date, open, top + margin, bottom - margin, close, volume).ok()
    }
}

#[cfg(test)]
mod tests;
