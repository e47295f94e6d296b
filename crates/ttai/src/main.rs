//! `ttai`: parses the command line, sets up logs, runs the command.

use std::process::ExitCode;

use ttai::cli::{self, Command};
use ttai::exit_kind::ExitKind;
use ttai::{commands, output, report};

fn main() -> ExitCode {
    let cli = cli::parse();
    output::init_logs(cli.global.verbose, matches!(cli.command, Command::Analyze(_) | Command::Watch(_)));
    report::show_local_times();
    match commands::run(cli) {
        Ok(code) => code,
        Err(error) => {
            output::error(&error);
            ExitKind::of(&error).into()
        }
    }
}
