//! Which market: recorded, invented, or the providers'.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use ttai_calendar::new_york_date;
use ttai_core::NEW_YORK;
use ttai_providers::tape::Tape;
use ttai_sim::market::{hour_before_close, newest_snapshot, present_at};
use ttai_sim::server::SimStart;
use ttai_sim::server::market::MarketFeed;

use crate::invented::{InventedMarket, Standing};
use crate::settings::DEFAULT_SEED;

/// How long an analysis works at most.
const MOST_WORKING_TIME: TimeDelta = TimeDelta::minutes(15);

/// A market out of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Played {
    /// A folder of recorded data.
    Tape(PathBuf),
    /// An invented market.
    Simulated {
        /// Its seed.
        seed: u64,
        /// The moment at which it stands; the present when none.
        start: Option<DateTime<Utc>>,
    },
}

/// The market that a worker reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarketChoice {
    /// A folder of recorded data, read directly.
    Tape(PathBuf),
    /// An invented market, read directly.
    Simulated {
        /// Its seed.
        seed: u64,
        /// The moment at which it stands; the present when none.
        start: Option<DateTime<Utc>>,
    },
    /// The providers where one is configured or reachable, else a served market. Has to be resolved before it is read.
    Auto,
    /// The configured providers.
    Live,
    /// A market out of files, served in this process over the providers' protocols and read by the providers' adapters.
    Served(Played),
}

/// What is played where nobody chooses: a simulated market of today.
impl Default for Played {
    fn default() -> Self {
        Self::Simulated { seed: DEFAULT_SEED, start: None }
    }
}

impl Played {
    /// What tells it from every other market.
    ///
    /// # Errors
    /// A tape folder that does not exist.
    pub(crate) fn key(&self) -> anyhow::Result<String> {
        match self {
            Self::Simulated { seed, start: None } => Ok(format!("simulated-{seed}")),
            Self::Simulated { seed, start: Some(start) } => {
                Ok(format!("simulated-{seed}-{}", start.format("%Y%m%dT%H%M")))
            }
            Self::Tape(folder) => {
                let whole = canonical(folder)?;
                let digest = Sha256::digest(whole.to_string_lossy().as_bytes());
                let short: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
                Ok(format!("tape-{short}"))
            }
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::Simulated { seed, .. } => {
                format!("simulated market, seed {seed} (invented prices, no account needed)")
            }
            Self::Tape(folder) => format!("recorded tape {}", folder.display()),
        }
    }

    /// Opens it; a simulated market is invented when it is asked, and kept under `data_dir`.
    ///
    /// # Errors
    /// A folder that is no tape or cannot be written.
    pub async fn open(&self, data_dir: &Path) -> anyhow::Result<Arc<dyn MarketFeed>> {
        match self {
            Self::Tape(folder) => {
                let folder = canonical(folder)?;
                let tape = tokio::task::spawn_blocking(move || Tape::open(folder)).await??;
                Ok(Arc::new(tape))
            }
            Self::Simulated { seed, start } => {
                let standing = start.map_or(Standing::Present, Standing::At);
                Ok(Arc::new(InventedMarket::open(*seed, data_dir, standing).await?))
            }
        }
    }

    /// The same where it follows the present; none of another one.
    ///
    /// # Errors
    /// As [`Played::open`].
    pub(crate) async fn open_present(&self, data_dir: &Path) -> anyhow::Result<Option<InventedMarket>> {
        let Self::Simulated { seed, start: None } = self else { return Ok(None) };
        Ok(Some(InventedMarket::open(*seed, data_dir, Standing::Present).await?))
    }

    /// Opens it for a simulation at a speed, with the moment at which that begins: an invented market of today begins now, or
    /// an hour before the last close where the exchange is closed.
    ///
    /// # Errors
    /// A folder that is no tape or cannot be written.
    pub async fn open_to_play(
        &self,
        data_dir: &Path,
        speed: f64,
    ) -> anyhow::Result<(Arc<dyn MarketFeed>, SimStart)> {
        let Self::Simulated { seed, start: None } = self else {
            return Ok((self.open(data_dir).await?, SimStart::Newest));
        };
        let now = Utc::now();
        let begin = match ttai_calendar::is_open(now) {
            true => newest_snapshot(now)?,
            false => hour_before_close(new_york_date(newest_snapshot(now)?))?,
        };
        let standing = if speed > 0.0 { Standing::Played } else { Standing::At(begin) };
        let market = InventedMarket::open(*seed, data_dir, standing).await?;
        Ok((Arc::new(market), SimStart::At(begin)))
    }

    /// An invented market that goes on from its start at a speed; none of another one.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub async fn open_to_go_on(
        &self,
        data_dir: &Path,
    ) -> anyhow::Result<Option<(Arc<dyn MarketFeed>, SimStart)>> {
        let Self::Simulated { seed, start: Some(start) } = self else { return Ok(None) };
        let market = InventedMarket::open(*seed, data_dir, Standing::Played).await?;
        Ok(Some((Arc::new(market), SimStart::At(*start))))
    }

    /// An invented market of so many symbols, at its moment: a market that moves is invented anew every minute.
    ///
    /// # Errors
    /// A recorded market; a folder that cannot be written.
    pub async fn open_crowd(
        &self,
        data_dir: &Path,
        symbols: usize,
    ) -> anyhow::Result<(Arc<dyn MarketFeed>, SimStart)> {
        let Self::Simulated { seed, start } = self else {
            bail!("--symbols: a recorded market has the symbols that were recorded")
        };
        let now = newest_snapshot(start.unwrap_or_else(Utc::now))?;
        let market = InventedMarket::open_with(*seed, symbols, data_dir, Standing::At(now)).await?;
        Ok((Arc::new(market), SimStart::At(now)))
    }

    /// Whether it is an invented market.
    #[must_use]
    pub const fn is_simulated(&self) -> bool {
        matches!(self, Self::Simulated { .. })
    }

    /// Whether it is an invented market of today.
    #[must_use]
    pub fn is_present(&self) -> bool {
        matches!(self, Self::Simulated { start: None, .. })
    }
}

impl MarketChoice {
    /// That it is in a session of its own now; nothing where it is the exchange's, or another market.
    #[must_use]
    pub fn practice_note(&self) -> Option<String> {
        let is_played = matches!(self, Self::Simulated { .. } | Self::Served(_));
        practice_note(Utc::now()).filter(|_| is_played && self.played().is_present())
    }

    /// Whether its clock is the server's, by which schedules run: it is neither recorded nor standing still, and served at no speed of
    /// its own (0).
    #[must_use]
    pub fn follows_server_time(&self, speed: f64) -> bool {
        let runs_ahead = matches!(self, Self::Served(_)) && speed > 0.0;
        matches!(self, Self::Auto | Self::Live) || (self.played().is_present() && !runs_ahead)
    }

    /// A name that no other market has; safe as a folder.
    ///
    /// # Errors
    /// A tape folder that does not exist, or a market that was not resolved.
    pub fn key(&self) -> anyhow::Result<String> {
        match self {
            Self::Tape(_) | Self::Simulated { .. } => self.played().key(),
            Self::Served(played) => Ok(format!("served-{}", played.key()?)),
            Self::Live => Ok("live".to_owned()),
            Self::Auto => bail!("which market it is has not been found out yet"),
        }
    }

    /// What the results of a market say about their data, given a path that ends in its [`MarketChoice::key`]; nothing where they
    /// are live or delayed.
    #[must_use]
    pub fn mark_of_key(folder: &Path) -> Option<&'static str> {
        let key = folder.file_name()?.to_string_lossy();
        let played = key.strip_prefix("served-").unwrap_or(&key);
        [("simulated-", "simulated"), ("tape-", "recorded")]
            .into_iter()
            .find_map(|(begins, mark)| played.starts_with(begins).then_some(mark))
    }

    /// The invented market of a path that ends in its [`MarketChoice::key`]; none of another one, whose key does not say where it lies.
    #[must_use]
    pub(crate) fn of_key(folder: &Path) -> Option<Self> {
        let key = folder.file_name()?.to_string_lossy();
        if key == "live" {
            return Some(Self::Live);
        }
        let (played, is_served) =
            key.strip_prefix("served-").map_or((key.as_ref(), false), |played| (played, true));
        let seed = played.strip_prefix("simulated-")?.parse().ok()?;
        let played = Played::Simulated { seed, start: None };
        Some(if is_served { Self::Served(played) } else { Self::Simulated { seed, start: None } })
    }

    /// One line for a person.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Tape(_) | Self::Simulated { .. } => self.played().describe(),
            Self::Served(played) => format!("{}, served over the providers' protocols", played.describe()),
            Self::Live => "the configured providers".to_owned(),
            Self::Auto => "the providers, or a simulated market".to_owned(),
        }
    }

    /// The arguments that choose this market again.
    #[must_use]
    pub fn arguments(&self) -> String {
        match self {
            Self::Simulated { seed, start: None } => format!(" --seed {seed}"),
            Self::Simulated { seed, start: Some(start) } => {
                format!(" --seed {seed} --start {}", start.to_rfc3339_opts(SecondsFormat::Secs, true))
            }
            Self::Tape(folder) => format!(" --tape {}", folder.display()),
            Self::Served(_) | Self::Live | Self::Auto => String::new(),
        }
    }

    /// The files behind it; for markets without any the default simulated one.
    #[must_use]
    pub fn played(&self) -> Played {
        match self {
            Self::Tape(folder) => Played::Tape(folder.clone()),
            Self::Simulated { seed, start } => Played::Simulated { seed: *seed, start: *start },
            Self::Served(played) => played.clone(),
            Self::Auto | Self::Live => Played::default(),
        }
    }
}

/// That a simulated market of today is in a session of its own while the wall clock shows `wall`; nothing while the exchange trades.
#[must_use]
pub fn practice_note(wall: DateTime<Utc>) -> Option<String> {
    let moment = present_at(wall).ok().filter(|moment| moment.is_practice)?;
    let opens = ttai_calendar::next_to_open(wall).ok()?.open;
    let ny = |time: DateTime<Utc>, format: &str| time.with_timezone(&NEW_YORK).format(format).to_string();
    Some(format!(
        "practice session: the exchange is closed until {}, so the session of {} plays again at real speed; market time {}",
        ny(opens, "%a %b %-d %H:%M ET"),
        ny(moment.at, "%a %b %-d"),
        ny(moment.at, "%H:%M:%S ET")
    ))
}

/// Whether an analysis of `as_of` that was done at `done` looked at a practice session: its moment is the market's of then.
#[must_use]
pub fn was_practice(as_of: DateTime<Utc>, done: DateTime<Utc>) -> bool {
    let Ok(moment) = present_at(done) else { return false };
    let age = moment.at - as_of;
    moment.is_practice && TimeDelta::zero() <= age && age < MOST_WORKING_TIME
}

fn canonical(folder: &Path) -> anyhow::Result<PathBuf> {
    folder.canonicalize().with_context(|| format!("there is no tape folder {}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_of_its_own_is_said() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        assert_eq!(practice_note(at("2026-09-18T18:00:00Z")), None);
        assert_eq!(
            practice_note(at("2026-09-20T16:15:10Z")).unwrap(),
            "practice session: the exchange is closed until Mon Sep 21 09:30 ET, so the session of Fri Sep 18 plays again at real \
             speed; market time 10:15:10 ET"
        );
        assert!(practice_note(at("2026-09-18T20:00:00Z")).unwrap().contains("until Mon Sep 21 09:30"));
        for (as_of, done, expected) in [
            ("2026-09-18T14:15:00Z", "2026-09-20T16:15:10Z", true),
            ("2026-09-18T14:15:20Z", "2026-09-20T16:15:10Z", false),
            ("2026-09-17T14:15:00Z", "2026-09-20T16:15:10Z", false),
            ("2026-09-18T17:59:50Z", "2026-09-18T18:00:00Z", false),
        ] {
            assert_eq!(was_practice(at(as_of), at(done)), expected, "{as_of} {done}");
        }
    }

    #[test]
    fn a_servers_folder_says_whether_its_market_is_real() {
        let simulated = MarketChoice::Simulated { seed: 1, start: None };
        let recorded = MarketChoice::Tape(std::env::temp_dir());
        for (market, mark) in [
            (MarketChoice::Served(simulated.played()), Some("simulated")),
            (simulated, Some("simulated")),
            (MarketChoice::Served(recorded.played()), Some("recorded")),
            (recorded, Some("recorded")),
            (MarketChoice::Live, None),
        ] {
            let folder = Path::new("servers").join(market.key().unwrap());
            assert_eq!(MarketChoice::mark_of_key(&folder), mark, "{market:?}");
            let is_recorded = mark == Some("recorded");
            assert_eq!(MarketChoice::of_key(&folder), Some(market).filter(|_| !is_recorded));
        }
    }
}
