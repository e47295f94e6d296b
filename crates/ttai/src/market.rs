//! Which market: recorded, invented, or the providers'.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use chrono::NaiveDate;
use sha2::{Digest, Sha256};
use ttai_providers::tape::Tape;

use crate::settings::DEFAULT_SEED;

/// The last session of the simulated market: fixed, so that the same seed is the same market on every day.
const SIMULATED_END: (i32, u32, u32) = (2026, 9, 18);

/// A market out of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Played {
    /// A folder of recorded data.
    Tape(PathBuf),
    /// An invented market.
    Simulated {
        /// Its seed.
        seed: u64,
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
    },
    /// The providers where one is configured or reachable, else a served market. Has to be resolved before it is read.
    Auto,
    /// The configured providers.
    Live,
    /// A market out of files, served in this process over the providers' protocols and read by the providers' adapters.
    Served(Played),
}

impl Played {
    fn key(&self) -> anyhow::Result<String> {
        match self {
            Self::Simulated { seed } => Ok(format!("simulated-{seed}")),
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
            Self::Simulated { seed } => {
                format!("simulated market, seed {seed} (invented prices, no account needed)")
            }
            Self::Tape(folder) => format!("recorded tape {}", folder.display()),
        }
    }

    /// Opens it; a simulated market is invented on first use and kept under `data_dir`.
    ///
    /// # Errors
    /// A folder that is no tape or cannot be written.
    pub async fn open(&self, data_dir: &Path) -> anyhow::Result<Arc<Tape>> {
        let folder = match self {
            Self::Tape(folder) => canonical(folder)?,
            Self::Simulated { seed } => simulated(*seed, &data_dir.join("markets")).await?,
        };
        let tape = tokio::task::spawn_blocking(move || Tape::open(folder)).await??;
        Ok(Arc::new(tape))
    }
}

impl MarketChoice {
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
            Self::Simulated { seed } => format!(" --seed {seed}"),
            Self::Tape(folder) => format!(" --tape {}", folder.display()),
            Self::Served(_) | Self::Live | Self::Auto => String::new(),
        }
    }

    /// The files behind it; for markets without any the default simulated one.
    #[must_use]
    pub fn played(&self) -> Played {
        match self {
            Self::Tape(folder) => Played::Tape(folder.clone()),
            Self::Simulated { seed } => Played::Simulated { seed: *seed },
            Self::Served(played) => played.clone(),
            Self::Auto | Self::Live => Played::Simulated { seed: DEFAULT_SEED },
        }
    }
}

fn canonical(folder: &Path) -> anyhow::Result<PathBuf> {
    folder.canonicalize().with_context(|| format!("there is no tape folder {}", folder.display()))
}

async fn simulated(seed: u64, cache: &Path) -> anyhow::Result<PathBuf> {
    let (year, month, day) = SIMULATED_END;
    let end = NaiveDate::from_ymd_opt(year, month, day).context("the simulated market's end is a date")?;
    let cache = cache.to_owned();
    std::fs::create_dir_all(&cache).with_context(|| format!("cannot create {}", cache.display()))?;
    Ok(tokio::task::spawn_blocking(move || ttai_sim::market::cached(seed, &cache, end)).await??)
}
