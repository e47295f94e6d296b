//! Settings: the command line over the environment over `ttai.toml` over defaults.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use secrecy::SecretString;
use ttai_config::sections::{MarketKind, MarketSection};

use crate::cli::{GlobalArgs, MarketArgs};
use crate::config;
use crate::market::{MarketChoice, Played};
use ttai_config::{Config, Environment};

/// Seed of the simulated market when nobody chooses one.
pub const DEFAULT_SEED: u64 = 1;

/// What every command works with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The configuration file that was read, if any.
    pub config_file: Option<PathBuf>,
    /// Everything that the file and the environment say.
    pub config: Arc<Config>,
    /// Where state is kept.
    pub data_dir: PathBuf,
    /// Address of a Temporal server that somebody configured.
    pub address: Option<String>,
    /// Namespace that somebody configured.
    pub namespace: Option<String>,
    /// The `temporal` command that somebody configured.
    pub temporal_binary: Option<PathBuf>,
    /// The store; SQLite in the data directory unless configured. It may name a password.
    pub store_url: SecretString,
    /// The market.
    pub market: MarketChoice,
    /// Whether the market was named on the command line, in the environment or in the file.
    pub market_chosen: bool,
}

impl Settings {
    /// How many seconds pass in a served market per second; 0 where it stands, or follows the present.
    #[must_use]
    pub fn market_speed(&self) -> f64 {
        self.config.market.speed
    }

    /// Whether the market's clock is the server's, by which schedules run.
    #[must_use]
    pub fn follows_server_time(&self) -> bool {
        self.market.follows_server_time(self.market_speed())
    }

    /// Gathers the settings.
    ///
    /// # Errors
    /// A configuration that cannot be used, with all its problems, or a market that is named twice.
    pub fn load(global: &GlobalArgs, market: Option<&MarketArgs>) -> anyhow::Result<Self> {
        let config = config::load(global.config.as_deref(), &Environment::of_process());
        config.usable()?;
        Self::of(global, market, config)
    }

    fn of(global: &GlobalArgs, market: Option<&MarketArgs>, config: Config) -> anyhow::Result<Self> {
        let data_dir = match global.data_dir.clone().or_else(|| config.data_dir.clone()) {
            Some(folder) => folder,
            None => default_data_dir()?,
        };
        let data_dir = std::path::absolute(&data_dir)
            .with_context(|| format!("data directory {}", data_dir.display()))?;
        let market = choose(market, &config)?;
        let named_store = global.store.clone().map(SecretString::from);
        let configured_store = || config.store.url.as_deref().cloned();
        Ok(Self {
            config_file: config.file.clone(),
            store_url: named_store.or_else(configured_store).unwrap_or_else(|| sqlite_in(&data_dir)),
            address: global.address.clone().or_else(|| config.temporal.address.clone()),
            namespace: global.namespace.clone().or_else(|| config.temporal.namespace.clone()),
            temporal_binary: global.temporal.clone().or_else(|| config.temporal.binary.clone()),
            market_chosen: market != MarketChoice::Auto,
            market,
            data_dir,
            config: Arc::new(config),
        })
    }

    /// The same with another data directory, and the store in it.
    ///
    /// # Errors
    /// A folder whose path cannot be made absolute.
    pub fn moved_to(self, data_dir: &Path) -> anyhow::Result<Self> {
        let data_dir = std::path::absolute(data_dir)
            .with_context(|| format!("data directory {}", data_dir.display()))?;
        Ok(Self { store_url: sqlite_in(&data_dir), data_dir, ..self })
    }

    /// Settings of a market and a folder, and nothing else.
    #[must_use]
    pub fn of_market(data_dir: &Path, market: MarketChoice) -> Self {
        Self {
            config_file: None,
            config: Arc::default(),
            data_dir: data_dir.to_owned(),
            address: None,
            namespace: None,
            temporal_binary: None,
            store_url: sqlite_in(data_dir),
            market,
            market_chosen: true,
        }
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

/// A tape or a seed on the command line is read directly; of the file, `source` decides.
fn choose(args: Option<&MarketArgs>, config: &Config) -> anyhow::Result<MarketChoice> {
    if let Some(args) = args {
        match (&args.tape, args.seed) {
            (Some(_), Some(_)) => bail!("both a tape and a seed are chosen as the market; choose one"),
            (Some(_), None) if args.start.is_some() => {
                bail!(
                    "--start is the moment of an invented market; for a moment of a tape use --at, or `ttai sim`"
                )
            }
            (Some(tape), None) => return Ok(MarketChoice::Tape(tape.clone())),
            (None, Some(seed)) => return Ok(MarketChoice::Simulated { seed, start: args.start }),
            (None, None) if args.start.is_some() => {
                bail!("--start is the moment of an invented market; name the market with --seed")
            }
            (None, None) => {}
        }
    }
    let MarketSection { source, tape, seed, start, .. } = &config.market;
    let played = match (tape, *seed) {
        (Some(tape), _) => Some(Played::Tape(tape.clone())),
        (None, seed) => seed.map(|seed| Played::Simulated { seed, start: *start }),
    };
    Ok(match (source, played) {
        (MarketKind::Live, _) => MarketChoice::Live,
        (MarketKind::Simulated, played) => MarketChoice::Served(played.unwrap_or_default()),
        (MarketKind::Auto, Some(Played::Tape(tape))) => MarketChoice::Tape(tape),
        (MarketKind::Auto, Some(Played::Simulated { seed, start })) => {
            MarketChoice::Simulated { seed, start }
        }
        (MarketKind::Auto, None) => MarketChoice::Auto,
    })
}

fn sqlite_in(data_dir: &Path) -> SecretString {
    data_dir.join("ttai.db").to_string_lossy().into_owned().into()
}

fn default_data_dir() -> anyhow::Result<PathBuf> {
    let folders = directories::ProjectDirs::from("", "", "ttai").context(
        "this system names no home for application data; give one with --data-dir or TTAI_DATA_DIR",
    )?;
    Ok(folders.data_dir().to_path_buf())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn settings(text: &str, market: Option<&MarketArgs>) -> anyhow::Result<Settings> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("ttai.toml");
        std::fs::write(&path, text)?;
        let config = config::load(Some(&path), &Environment::default());
        config.usable()?;
        Settings::of(&GlobalArgs { data_dir: Some("d".into()), ..GlobalArgs::default() }, market, config)
    }

    #[test]
    fn the_command_line_wins_over_the_file() {
        let global = GlobalArgs {
            data_dir: Some("d".into()),
            address: Some("a:1".to_owned()),
            ..GlobalArgs::default()
        };
        let market = MarketArgs { seed: Some(9), ..MarketArgs::default() };
        let settings = Settings::of(&global, Some(&market), Config::default()).unwrap();
        assert_eq!(settings.market, MarketChoice::Simulated { seed: 9, start: None });
        assert!(settings.market_chosen && settings.data_dir.is_absolute());
        assert!(settings.store_url.expose_secret().ends_with("ttai.db"));
    }

    #[test]
    fn the_file_chooses_how_a_market_is_read() {
        for (text, expected) in [
            ("", MarketChoice::Auto),
            ("[market]\nseed = 3", MarketChoice::Simulated { seed: 3, start: None }),
            ("[market]\nsource = \"live\"", MarketChoice::Live),
            (
                "[market]\nsource = \"simulated\"",
                MarketChoice::Served(Played::Simulated { seed: DEFAULT_SEED, start: None }),
            ),
            (
                "[market]\nsource = \"simulated\"\nseed = 3",
                MarketChoice::Served(Played::Simulated { seed: 3, start: None }),
            ),
            (
                "[market]\nseed = 3\nstart = \"2026-09-18T15:00\"",
                MarketChoice::Simulated { seed: 3, start: Some("2026-09-18T19:00:00Z".parse().unwrap()) },
            ),
        ] {
            assert_eq!(settings(text, None).unwrap().market, expected, "{text}");
        }
        let args = MarketArgs { seed: Some(9), ..MarketArgs::default() };
        let chosen = settings("[market]\nsource = \"live\"", Some(&args)).unwrap();
        assert_eq!(chosen.market, MarketChoice::Simulated { seed: 9, start: None });
    }

    #[test]
    fn a_start_belongs_to_a_seed() {
        let start = Some("2026-09-18T19:00:00Z".parse().unwrap());
        let only = MarketArgs { start, ..MarketArgs::default() };
        assert!(settings("", Some(&only)).unwrap_err().to_string().contains("--seed"));
        let tape = MarketArgs { start, tape: Some("t".into()), seed: None };
        assert!(settings("", Some(&tape)).unwrap_err().to_string().contains("--at"));
        let chosen = settings("", Some(&MarketArgs { seed: Some(3), ..only })).unwrap().market;
        assert_eq!(chosen.arguments(), " --seed 3 --start 2026-09-18T19:00:00Z");
        assert_ne!(chosen.key().unwrap(), MarketChoice::Simulated { seed: 3, start: None }.key().unwrap());
        assert!(settings("[market]\nstart = \"2026-09-18T15:00\"", None).is_err());
    }
}
