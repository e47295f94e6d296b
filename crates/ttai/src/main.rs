//! `ttai`: parses the command line, sets up logs, runs the command.

use std::process::ExitCode;

use clap::Parser;
use ttai::cli::{Cli, Command};
use ttai::{commands, output};

fn main() -> ExitCode {
    let cli = Cli::parse();
    output::init_logs(cli.global.verbose, matches!(cli.command, Command::Analyze(_) | Command::Watch(_)));
    match commands::run(cli) {
        Ok(code) => code,
        Err(error) => {
            output::error(&error);
            ExitCode::FAILURE
        }
    }
}
