//! A whole market invented from a seed, written as a tape folder (`crates/providers/TAPE.md`): daily bars of six years,
//! the minutes of two sessions, an option chain of the moment at which it stands, splits, dividends, stories and facts.
//!
//! The same seed, moment and [`VERSION`] give the same files everywhere: random numbers are ChaCha8, bars are made by exact
//! arithmetic, and option prices are rounded to ticks. Sessions are counted back from the last one, so that one seed is the
//! same market on every day, with other dates.

mod cast;
mod chain;
mod company;
mod facts;
mod history;
mod moment;
mod random;
mod ticks;
mod write;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Days, Duration, NaiveDate, Utc};
use ttai_calendar::{CalendarError, Session, sessions_between};
use ttai_core::{CashDividend, DividendStatus, SymbolError};
use ttai_quant::pricing::PricingError;

use cast::{Member, cast};
use history::History;
use random::Random;

pub use cast::{CHARACTERS, MAX_SYMBOLS};
pub use moment::{PresentMoment, hour_before_close, newest_snapshot, present, present_at};
pub use ticks::{InventedTick, ticks};

/// Changes whenever the same seed would give other files.
pub const VERSION: u32 = 2;

static ATTEMPTS: AtomicU64 = AtomicU64::new(0);

/// The discounting rate of the simulated market, continuous, a fraction a year.
const RATE: f64 = 0.04;
/// Sessions of daily bars, about six years: always as many, so that each has the same random numbers whatever its date.
const SESSIONS: usize = 1_506;
/// Calendar days that hold at least as many.
const HISTORY_DAYS: u64 = 2_240;
/// How many markets a cache keeps; whoever needs an older one invents it again.
const KEPT: usize = 24;
/// How many of the larger ones, each of hundreds of megabytes.
const KEPT_CROWDS: usize = 2;

/// Why no market could be invented.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The folder cannot be written.
    #[error("the simulated market cannot be written to {}: {source}; give a folder that can be written", path.display())]
    Write {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The end date, or six years before it, lies outside the exchange calendar.
    #[error("the simulated market cannot end there: {0}")]
    Calendar(#[from] CalendarError),
    /// A model price does not exist; the characters of the market are at fault.
    #[error("a simulated option has no price: {0}")]
    Pricing(#[from] PricingError),
    /// A ticker of the market is none; the characters of the market are at fault.
    #[error("a simulated ticker is impossible: {0}")]
    Symbol(#[from] SymbolError),
}

/// The folder under `cache` with the market of a seed as it stands at a moment; invented now if it is not there. Outside
/// trading hours the market stands at the [`newest_snapshot`] before. Two processes that invent it at once do not disturb
/// each other.
///
/// # Errors
/// [`SimError`] where the moment is outside the calendar or the folder cannot be written.
pub fn cached(seed: u64, cache: &Path, at: DateTime<Utc>) -> Result<PathBuf, SimError> {
    cached_with(seed, CHARACTERS, cache, at)
}

/// As [`cached`], with so many symbols.
///
/// # Errors
/// As [`cached`].
pub fn cached_with(seed: u64, symbols: usize, cache: &Path, at: DateTime<Utc>) -> Result<PathBuf, SimError> {
    let (_, at) = moment::in_session(at)?;
    let prefix = if symbols == CHARACTERS { "simulated" } else { "crowd" };
    let prefix = format!("{prefix}-v{VERSION}-");
    let crowd = if symbols == CHARACTERS { String::new() } else { format!("x{symbols}") };
    let folder = cache.join(format!("{prefix}{seed}{crowd}-{}", at.format("%Y%m%dT%H%M")));
    if is_whole(&folder) {
        return Ok(folder);
    }
    // Named for one attempt: others of this process or of another may be inventing the same market.
    let attempt = ATTEMPTS.fetch_add(1, Ordering::Relaxed);
    let unfinished = cache.join(format!(".unfinished-v{VERSION}-{seed}-{}-{attempt}", std::process::id()));
    generate_with(seed, symbols, &unfinished, at)?;
    match std::fs::rename(&unfinished, &folder) {
        Ok(()) => {}
        // Another process was first: its files are the same.
        Err(_) if is_whole(&folder) => write::remove(&unfinished)?,
        Err(source) => return Err(SimError::Write { path: folder, source }),
    }
    write::prune(cache, &prefix, if symbols == CHARACTERS { KEPT } else { KEPT_CROWDS });
    Ok(folder)
}

/// Whether a folder holds a market that was written to its end.
#[must_use]
pub fn is_whole(folder: &Path) -> bool {
    folder.join("tape.json").is_file()
}

/// Invents the market of a seed as it stands at a moment, and writes it into `folder`.
///
/// # Errors
/// [`SimError`] where the moment is outside the calendar or the folder cannot be written.
pub fn generate(seed: u64, folder: &Path, at: DateTime<Utc>) -> Result<(), SimError> {
    generate_with(seed, CHARACTERS, folder, at)
}

fn generate_with(seed: u64, symbols: usize, folder: &Path, at: DateTime<Utc>) -> Result<(), SimError> {
    let (session, at) = moment::in_session(at)?;
    let sessions = last_sessions(session.date)?;
    write::folders(folder)?;
    let members = cast(seed, symbols)?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    // Symbols do not depend on each other; each has its own random numbers.
    let results: Vec<Result<(), SimError>> = std::thread::scope(|scope| {
        let invent = |some: &[Member]| {
            some.iter().try_for_each(|member| generate_symbol(seed, folder, member, &sessions, at))
        };
        let threads: Vec<_> = members
            .chunks(members.len().div_ceil(threads).max(1))
            .map(|some| scope.spawn(move || invent(some)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    results.into_iter().collect::<Result<(), _>>()?;
    // Written last: a folder with it is whole.
    write::settings(folder, seed, session.date)
}

/// The last [`SESSIONS`] sessions up to a day.
fn last_sessions(end: NaiveDate) -> Result<Vec<Session>, SimError> {
    let mut sessions = sessions_between(end - Days::new(HISTORY_DAYS), end)?;
    let surplus = sessions.len().saturating_sub(SESSIONS);
    sessions.drain(..surplus);
    Ok(sessions)
}

fn generate_symbol(
    seed: u64,
    folder: &Path,
    Member { symbol, company }: &Member,
    sessions: &[Session],
    now: DateTime<Utc>,
) -> Result<(), SimError> {
    let mut random = Random::new(seed, symbol.as_str());
    let history = history::invent(company, sessions, &mut random);
    write::history(folder, symbol, &history)?;
    let Some((session, minutes)) = history.minutes.last() else { return Ok(()) };
    let last = minutes.iter().rev().find(|minute| minute.start + Duration::minutes(1) <= now);
    let spot = last.map_or(company.price, |minute| minute.close);
    let market = chain::Market {
        company,
        symbol,
        spot,
        time: now,
        date: session.date,
        report: facts::next_report(company, session.date),
        dividends: &coming_dividends(&history, session.date),
    };
    write::chain(folder, &market, &chain::invent(&market, &mut random)?)?;
    write::json(folder, "metrics", symbol, &facts::metrics(company, &history, session.date))?;
    write::json(folder, "news", symbol, &facts::stories(symbol, company, sessions, now, session.date))
}

/// The last payment repeated every thirteen weeks, as anyone would project it from the past ones.
fn coming_dividends(history: &History, end: NaiveDate) -> Vec<CashDividend> {
    let Some(last) = history.dividends.last() else { return Vec::new() };
    (1..=8)
        .filter_map(|quarter| last.ex_date.checked_add_signed(Duration::weeks(13 * quarter)))
        .filter_map(|date| ttai_calendar::session_on_or_after(date).ok())
        .filter(|session| session.date > end)
        .map(|session| CashDividend { ex_date: session.date, status: DividendStatus::Projected, ..*last })
        .collect()
}
