//! The command line.

use std::path::PathBuf;

use clap::Parser;

use crate::workload::Row;

/// Measures what a full analysis costs, beside a bare Python worker that it installs itself.
#[derive(Clone, Debug, Parser)]
#[command(name = "bench_analysis")]
pub(crate) struct Options {
    /// A folder of recorded data with AAPL on 6 and 9 June 2014; without one the cold and warm rows use the simulated market.
    #[arg(long, value_name = "DIR")]
    pub(crate) tape: Option<PathBuf>,
    /// Analyses a row and round.
    #[arg(long, default_value_t = 200, value_parser = at_most::<500>)]
    pub(crate) analyses: usize,
    /// How many of them are under way at once.
    #[arg(long, default_value_t = 40, value_parser = at_most::<500>)]
    pub(crate) in_flight: usize,
    /// Rounds; figures are medians over them.
    #[arg(long, default_value_t = 3, value_parser = at_most::<100>)]
    pub(crate) rounds: usize,
    /// A look instead of a measurement: 20 analyses, 10 in flight, one round.
    #[arg(long, conflicts_with_all = ["analyses", "in_flight", "rounds"])]
    quick: bool,
    /// Only these rows, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "ROWS")]
    rows: Vec<Row>,
    /// JSON with every round's figures instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
    /// The `temporal` command [default: found on PATH, else fetched or built].
    #[arg(long, env = "TTAI_TEMPORAL", value_name = "PATH")]
    pub(crate) temporal: Option<PathBuf>,
    /// Python 3.10 or newer, which makes the environment of the Python worker.
    #[arg(long, default_value = "python3", value_name = "PATH")]
    pub(crate) python: PathBuf,
    /// Where that environment and the simulated market stay [default: bench-analysis in the target folder].
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
}

impl Options {
    /// With `--quick` resolved.
    pub(crate) fn settled(mut self) -> Self {
        if self.quick {
            (self.analyses, self.in_flight, self.rounds) = (20, 10, 1);
        }
        self
    }

    /// The rows in the order in which a round measures them.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row> {
        Row::ALL.into_iter().filter(|row| self.rows.is_empty() || self.rows.contains(row))
    }

    /// The folder of what one run leaves to the next.
    pub(crate) fn cache(&self) -> anyhow::Result<PathBuf> {
        if let Some(folder) = &self.cache {
            return Ok(std::path::absolute(folder)?);
        }
        // target/release/examples/bench_analysis
        let program = std::env::current_exe()?;
        Ok(program.ancestors().nth(3).unwrap_or(&program).join("bench-analysis"))
    }
}

fn at_most<const LARGEST: usize>(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if (1..=LARGEST).contains(&number) => Ok(number),
        _ => Err(format!("not a number from 1 to {LARGEST}")),
    }
}
