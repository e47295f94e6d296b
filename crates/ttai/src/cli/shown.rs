//! Which of the global options a command's help shows: those that mean something there. The others are accepted everywhere.

use clap::{CommandFactory, FromArgMatches};

use super::Cli;

/// A server that runs already.
const SERVER: [&str; 2] = ["address", "namespace"];
const TEMPORAL: &str = "temporal";
const STORE: &str = "store";
const CONFIGURED: [&str; 2] = ["config", "data_dir"];

/// Commands without a Temporal server.
const WITHOUT_SERVER: [&str; 20] = [
    "backup",
    "calc",
    "completions",
    "config",
    "drill",
    "health",
    "man",
    "portfolio",
    "preferences",
    "quotes",
    "record",
    "restore",
    "roll",
    "setup",
    "sim",
    "store",
    "trade",
    "watch",
    "watchlist",
    "wheel",
];
/// Commands that bring up a Temporal server where none runs.
const BRING_UP: [&str; 7] = ["analyze", "dev", "doctor", "drill", "mcp", "screen", "wait"];
/// Commands without the store.
const WITHOUT_STORE: [&str; 7] = ["calc", "completions", "config", "drill", "health", "man", "sim"];
/// Commands that read no configuration.
const UNCONFIGURED: [&str; 3] = ["calc", "completions", "man"];

/// The command line of this process. One that asks for help, or is wrong, ends it.
#[must_use]
pub fn parse() -> Cli {
    // Which options are shown is worked out only where a help, or what was wrong, shows them: it is most of what a start takes.
    let matches = Cli::command().try_get_matches().unwrap_or_else(|_| command().get_matches());
    Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

/// The command line as it is documented.
#[must_use]
pub fn command() -> clap::Command {
    let mut command = Cli::command();
    // Global options reach the commands here.
    command.build();
    let names: Vec<String> = command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    for name in names {
        command = command.mut_subcommand(&name, |command| hiding(command, &hidden(&name)));
    }
    command
}

fn hidden(name: &str) -> Vec<&'static str> {
    let mut hidden = Vec::new();
    if WITHOUT_SERVER.contains(&name) {
        hidden.extend(SERVER);
    }
    if !BRING_UP.contains(&name) {
        hidden.push(TEMPORAL);
    }
    if WITHOUT_STORE.contains(&name) {
        hidden.push(STORE);
    }
    if UNCONFIGURED.contains(&name) {
        hidden.extend(CONFIGURED);
    }
    hidden
}

/// The command, and those below it, without these options in their help. They are changed where they are: an option that is taken out
/// and put back is in another place than a built command looks for it.
fn hiding(command: clap::Command, hidden: &[&'static str]) -> clap::Command {
    let command = command.mut_args(|arg| {
        let is_hidden = hidden.contains(&arg.get_id().as_str());
        if is_hidden { arg.hide(true) } else { arg }
    });
    let below: Vec<String> = command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
    below
        .into_iter()
        .fold(command, |command, name| command.mut_subcommand(name, |below| hiding(below, hidden)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_command_exists() {
        let command = Cli::command();
        for name in WITHOUT_SERVER.iter().chain(&BRING_UP).chain(&WITHOUT_STORE).chain(&UNCONFIGURED) {
            assert!(command.get_subcommands().any(|there| there.get_name() == *name), "{name}");
        }
    }

    #[test]
    fn every_command_answers_to_help() {
        fn paths(command: &clap::Command, path: &[String]) -> Vec<Vec<String>> {
            let below = command
                .get_subcommands()
                .flat_map(|below| paths(below, &[path, &[below.get_name().to_owned()]].concat()));
            std::iter::once(path.to_vec()).chain(below).collect()
        }
        for path in paths(&Cli::command(), &["ttai".to_owned()]) {
            let asked = path.iter().cloned().chain(["--help".to_owned()]);
            let answer = command().try_get_matches_from(asked).map_err(|error| error.kind());
            assert_eq!(answer.unwrap_err(), clap::error::ErrorKind::DisplayHelp, "{path:?}");
        }
    }

    #[test]
    fn help_shows_what_means_something() {
        let help = |path: &[&str]| {
            let mut command = command();
            let mut at = &mut command;
            for name in path {
                at = at.find_subcommand_mut(name).unwrap();
            }
            at.render_long_help().to_string()
        };
        assert!(!help(&["calc"]).contains("--address") && !help(&["calc"]).contains("--config"));
        assert!(help(&["analyze"]).contains("--temporal") && help(&["analyze"]).contains("Global options:"));
        assert!(!help(&["watchlist", "add"]).contains("--address"));
        assert!(
            help(&["alert", "add"]).contains("--address") && !help(&["alert", "add"]).contains("--temporal")
        );
    }
}
