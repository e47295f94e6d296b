//! Which market: a recorded tape or a simulated one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use chrono::NaiveDate;
use sha2::{Digest, Sha256};
use ttai_providers::tape::Tape;

/// The last session of the simulated market: fixed, so that the same seed is the same market on every day.
const SIMULATED_END: (i32, u32, u32) = (2026, 9, 18);

/// The market that a worker reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarketChoice {
    /// A folder of recorded data.
    Tape(PathBuf),
    /// An invented market.
    Simulated {
        /// Its seed.
        seed: u64,
    },
}

impl MarketChoice {
    /// A name that no other market has; safe as a folder.
    ///
    /// # Errors
    /// A tape folder that does not exist.
    pub fn key(&self) -> anyhow::Result<String> {
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

    /// One line for a person.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Simulated { seed } => {
                format!("simulated market, seed {seed} (invented prices, no account needed)")
            }
            Self::Tape(folder) => format!("recorded tape {}", folder.display()),
        }
    }

    /// The arguments that choose this market again.
    #[must_use]
    pub fn arguments(&self) -> String {
        match self {
            Self::Simulated { seed } if *seed == crate::settings::DEFAULT_SEED => String::new(),
            Self::Simulated { seed } => format!(" --seed {seed}"),
            Self::Tape(folder) => format!(" --tape {}", folder.display()),
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
