//! The bars that are judged: sessions, weeks, or half-hours built from the minutes of the last sessions.

use std::sync::Arc;

use chrono::{Datelike, NaiveDate};
use ttai_calendar::{Session, previous_session, session_on_or_before};
use ttai_contract::{AnalysisDepth, Timeframe};
use ttai_core::{DailyBar, MinuteBar, SessionPart};
use ttai_ports::PortError;
use ttai_quant::prints::{PrintField, PrintLimits, without_bad_prints};
use ttai_quant::trend::{MINIMUM_BARS, usable_history, weekly_bars};

use crate::failure::AnalystError;
use crate::market_view::{self, MarketView};
use crate::ports::Ports;
use crate::supervise::Progress;

/// Length of an intraday bar.
const HALF_HOUR: i64 = 30;

/// The bars of one timeframe.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    timeframe: Timeframe,
    /// Daily bars for the daily and the weekly timeframe, half-hour bars for the intraday one.
    given: Arc<[DailyBar]>,
    /// The part that is judged, in the timeframe's own bars.
    judged: Arc<[DailyBar]>,
    last_is_running: bool,
    /// What was set aside, a sentence each.
    set_aside: Vec<String>,
}

impl Series {
    /// The view's own history, session by session.
    pub(super) fn daily(view: &MarketView) -> Self {
        Self::of(Timeframe::Daily, Arc::clone(&view.bars), view.session_running, Vec::new())
    }

    fn of(
        timeframe: Timeframe,
        given: Arc<[DailyBar]>,
        last_is_running: bool,
        set_aside: Vec<String>,
    ) -> Self {
        let usable = usable_history(&given).0;
        let judged = match timeframe {
            Timeframe::Weekly => weekly_bars(usable).into(),
            Timeframe::Daily | Timeframe::Intraday if usable.len() == given.len() => Arc::clone(&given),
            Timeframe::Daily | Timeframe::Intraday => usable.into(),
        };
        Self { timeframe, given, judged, last_is_running, set_aside }
    }

    /// Reads what the timeframe needs beyond the view's own history.
    pub(super) async fn read(
        ports: &Ports,
        view: &MarketView,
        timeframe: Timeframe,
        depth: AnalysisDepth,
        progress: &Progress,
    ) -> Result<Self, AnalystError> {
        let mut set_aside = Vec::new();
        let (given, last_is_running) = match timeframe {
            Timeframe::Daily => (Arc::clone(&view.bars), view.session_running),
            Timeframe::Weekly => (Arc::clone(&view.bars), week_is_running(view)),
            Timeframe::Intraday => half_hours(ports, view, depth, progress, &mut set_aside).await?,
        };
        Ok(Self::of(timeframe, given, last_is_running, set_aside))
    }

    pub(super) fn given(&self) -> &[DailyBar] {
        &self.given
    }

    pub(super) fn judged(&self) -> &[DailyBar] {
        &self.judged
    }

    pub(super) const fn last_is_running(&self) -> bool {
        self.last_is_running
    }

    pub(super) fn set_aside(&self) -> &[String] {
        &self.set_aside
    }

    pub(super) const fn timeframe(&self) -> Timeframe {
        self.timeframe
    }

    /// What one bar is: `session`, `week`, `half-hour`.
    pub(super) const fn bar_name(&self) -> &'static str {
        match self.timeframe {
            Timeframe::Intraday => "half-hour",
            Timeframe::Daily => "session",
            Timeframe::Weekly => "week",
        }
    }

    /// The unit of an average's length, as in `20-day`.
    pub(super) const fn unit(&self) -> &'static str {
        match self.timeframe {
            Timeframe::Intraday => "bar",
            Timeframe::Daily => "day",
            Timeframe::Weekly => "week",
        }
    }

    /// The bars as evidence names them.
    pub(super) const fn source(&self) -> &'static str {
        match self.timeframe {
            Timeframe::Intraday => "half-hour bars",
            Timeframe::Daily => "daily bars",
            Timeframe::Weekly => "weekly bars",
        }
    }
}

/// Whether the week of the last bar has sessions to come.
fn week_is_running(view: &MarketView) -> bool {
    let Some(last) = view.bars.last() else { return false };
    let next = ttai_calendar::next_session(last.date).map(|session| session.date);
    let same_week = |date: NaiveDate| date.iso_week() == last.date.iso_week();
    view.session_running || (same_week(view.date) && next.is_ok_and(same_week))
}

/// Sessions that are asked for: enough for the 200-bar average and the levels of the depth.
const fn sessions_wanted(depth: AnalysisDepth) -> usize {
    match depth {
        AnalysisDepth::Quick => 20,
        AnalysisDepth::Standard => 40,
        AnalysisDepth::Deep => 60,
    }
}

/// Half-hour bars of the unbroken run of recorded sessions up to the moment, and whether the last is still running.
async fn half_hours(
    ports: &Ports,
    view: &MarketView,
    depth: AnalysisDepth,
    progress: &Progress,
    set_aside: &mut Vec<String>,
) -> Result<(Arc<[DailyBar]>, bool), AnalystError> {
    let mut sessions: Vec<Vec<DailyBar>> = Vec::new();
    let mut next = session_on_or_before(view.date).ok();
    if next.is_some_and(|session| session.open >= view.as_of) {
        next = previous_session(view.date).ok();
    }
    let newest = next;
    while let Some(session) = next.take_if(|_| sessions.len() < sessions_wanted(depth)) {
        progress.step(&format!("reading minutes of {}", session.date));
        let minutes = match ports.market.minute_bars(&view.symbol, session.date, view.as_of).await {
            Ok(minutes) => minutes,
            Err(PortError::NoData { .. }) => break,
            Err(error) => return Err(error.into()),
        };
        let ratio: f64 = view.splits.iter().filter(|s| s.effective > session.date).map(|s| s.ratio).product();
        let (minutes, bad) = sound_minutes(&minutes, &session);
        set_aside.extend(market_view::set_aside(bad, &session.date.to_string()));
        let bars = gathered(&minutes, &session);
        if bars.is_empty() {
            break;
        }
        sessions.push(bars.into_iter().map(|bar| bar.split_adjusted(ratio)).collect());
        next = previous_session(session.date).ok();
    }
    let bars: Arc<[DailyBar]> = sessions.iter().rev().flatten().copied().collect();
    if bars.len() < MINIMUM_BARS {
        return Err(too_few(view, sessions.len(), bars.len()));
    }
    let elapsed = newest.map_or(0, |session| (view.as_of - session.open).num_minutes());
    let running = newest.is_some_and(|session| view.as_of < session.close) && elapsed % HALF_HOUR != 0;
    Ok((bars, running))
}

fn too_few(view: &MarketView, sessions: usize, bars: usize) -> AnalystError {
    AnalystError::NotEnoughData(format!(
        "an intraday chart of {} needs {MINIMUM_BARS} half-hour bars (five sessions of minutes) and the unbroken run of \
         recorded sessions up to {} is {sessions} long, {bars} bars: record more minutes, or ask for the daily timeframe",
        view.symbol, view.date
    ))
}

/// The regular session's minutes without bad prints, and how many those were.
fn sound_minutes(minutes: &[MinuteBar], session: &Session) -> (Vec<MinuteBar>, usize) {
    let is_regular = |bar: &&MinuteBar| {
        bar.session == SessionPart::Regular && bar.start >= session.open && bar.start < session.close
    };
    let regular: Vec<MinuteBar> = minutes.iter().filter(is_regular).copied().collect();
    let as_bar = |minute: &MinuteBar| {
        let MinuteBar { open, high, low, close, volume, .. } = *minute;
        DailyBar { date: session.date, open, high, low, close, volume }
    };
    let bars: Vec<DailyBar> = regular.iter().map(as_bar).collect();
    let Some(sound) = without_bad_prints(&bars, None, PrintLimits::MINUTE) else { return (regular, 0) };
    let is_gone =
        |place: &usize| sound.set_aside.iter().any(|bad| bad.place == *place && bad.field == PrintField::Bar);
    let kept = regular.iter().enumerate().filter(|(place, _)| !is_gone(place)).map(|(_, minute)| minute);
    let repaired = kept.zip(&sound.bars).map(|(minute, bar)| {
        let DailyBar { open, high, low, close, .. } = *bar;
        MinuteBar { open, high, low, close, ..*minute }
    });
    (repaired.collect(), sound.set_aside.len())
}

/// The half-hours of a regular session, each over its minutes with a trade; a half-hour without any is left out.
fn gathered(minutes: &[MinuteBar], session: &Session) -> Vec<DailyBar> {
    let slot = |bar: &MinuteBar| (bar.start - session.open).num_minutes() / HALF_HOUR;
    minutes
        .chunk_by(|a, b| slot(a) == slot(b))
        .filter_map(|part| {
            let (first, last) = (part.first()?, part.last()?);
            let high = part.iter().map(|bar| bar.high).fold(first.high, f64::max);
            let low = part.iter().map(|bar| bar.low).fold(first.low, f64::min);
            let volume = part.iter().map(|bar| bar.volume).sum();
            Some(DailyBar { date: session.date, open: first.open, high, low, close: last.close, volume })
        })
        .collect()
}
