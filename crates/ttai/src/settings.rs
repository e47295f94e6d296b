//! Settings: the command line over the environment over `ttai.toml` over defaults.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::cli::{GlobalArgs, MarketArgs};
use crate::market::MarketChoice;

/// Seed of the simulated market when nobody chooses one.
pub const DEFAULT_SEED: u64 = 1;

/// `ttai.toml`. Unknown keys are refused: a misspelt setting must not be ignored.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ConfigFile {
    data_dir: Option<PathBuf>,
    temporal: TemporalSection,
    store: StoreSection,
    market: MarketSection,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TemporalSection {
    address: Option<String>,
    namespace: Option<String>,
    binary: Option<PathBuf>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct StoreSection {
    url: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct MarketSection {
    tape: Option<PathBuf>,
    seed: Option<u64>,
}

/// What every command works with.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The configuration file that was read, if any.
    pub config_file: Option<PathBuf>,
    /// Where state is kept.
    pub data_dir: PathBuf,
    /// Address of a Temporal server that somebody configured.
    pub address: Option<String>,
    /// Namespace that somebody configured.
    pub namespace: Option<String>,
    /// The `temporal` command that somebody configured.
    pub temporal_binary: Option<PathBuf>,
    /// The store; SQLite in the data directory unless configured.
    pub store_url: String,
    /// The market.
    pub market: MarketChoice,
    /// Whether the market was named on the command line, in the environment or in the file.
    pub market_chosen: bool,
}

impl Settings {
    /// Gathers the settings.
    ///
    /// # Errors
    /// A configuration file that cannot be read, or a market that is named twice.
    pub fn load(global: &GlobalArgs, market: Option<&MarketArgs>) -> anyhow::Result<Self> {
        let (config_file, file) = read_config(global.config.as_deref())?;
        let data_dir = match global.data_dir.clone().or(file.data_dir) {
            Some(folder) => folder,
            None => default_data_dir()?,
        };
        let data_dir = std::path::absolute(&data_dir)
            .with_context(|| format!("data directory {}", data_dir.display()))?;
        let (tape, seed) = match market {
            Some(args) if args.tape.is_some() || args.seed.is_some() => (args.tape.clone(), args.seed),
            _ => (file.market.tape, file.market.seed),
        };
        if tape.is_some() && seed.is_some() {
            bail!("both a tape and a seed are chosen as the market; choose one");
        }
        let market_chosen = tape.is_some() || seed.is_some();
        Ok(Self {
            config_file,
            store_url: global.store.clone().or(file.store.url).unwrap_or_else(|| sqlite_in(&data_dir)),
            address: global.address.clone().or(file.temporal.address),
            namespace: global.namespace.clone().or(file.temporal.namespace),
            temporal_binary: global.temporal.clone().or(file.temporal.binary),
            market: tape
                .map_or(MarketChoice::Simulated { seed: seed.unwrap_or(DEFAULT_SEED) }, MarketChoice::Tape),
            market_chosen,
            data_dir,
        })
    }

    /// The folder of the development server that runs this market: runs of one market never meet another's.
    ///
    /// # Errors
    /// A tape folder that does not exist.
    pub fn server_dir(&self) -> anyhow::Result<PathBuf> {
        Ok(self.servers_dir().join(self.market.key()?))
    }

    /// The parent of all development servers' folders.
    #[must_use]
    pub fn servers_dir(&self) -> PathBuf {
        self.data_dir.join("servers")
    }
}

fn sqlite_in(data_dir: &Path) -> String {
    data_dir.join("ttai.db").to_string_lossy().into_owned()
}

fn default_data_dir() -> anyhow::Result<PathBuf> {
    let folders = directories::ProjectDirs::from("", "", "ttai").context(
        "this system names no home for application data; give one with --data-dir or TTAI_DATA_DIR",
    )?;
    Ok(folders.data_dir().to_path_buf())
}

/// The file that was named, else `./ttai.toml`, else the one in the user's configuration folder.
fn read_config(named: Option<&Path>) -> anyhow::Result<(Option<PathBuf>, ConfigFile)> {
    if let Some(path) = named {
        return Ok((Some(path.to_owned()), parse(path)?));
    }
    let user =
        directories::ProjectDirs::from("", "", "ttai").map(|folders| folders.config_dir().join("ttai.toml"));
    for path in [Some(PathBuf::from("ttai.toml")), user].into_iter().flatten() {
        if path.is_file() {
            let file = parse(&path)?;
            return Ok((Some(path), file));
        }
    }
    Ok((None, ConfigFile::default()))
}

fn parse(path: &Path) -> anyhow::Result<ConfigFile> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the configuration {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("the configuration {} cannot be used", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_setting_is_refused() {
        assert!(toml::from_str::<ConfigFile>("[market]\ntapes = \"x\"").is_err());
        let file: ConfigFile = toml::from_str("data_dir = \"/tmp/x\"\n[market]\nseed = 3").unwrap();
        assert_eq!(file.market.seed, Some(3));
    }

    #[test]
    fn the_command_line_wins_over_the_file() {
        let global = GlobalArgs {
            data_dir: Some("d".into()),
            address: Some("a:1".to_owned()),
            ..GlobalArgs::default()
        };
        let market = MarketArgs { tape: None, seed: Some(9) };
        let settings = Settings::load(&global, Some(&market)).unwrap();
        assert_eq!(settings.market, MarketChoice::Simulated { seed: 9 });
        assert!(settings.market_chosen && settings.data_dir.is_absolute());
        assert!(settings.store_url.ends_with("ttai.db"));
    }
}
