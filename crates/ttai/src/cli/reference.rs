//! docs/cli.md: every command's help, once each, written from the definition of the command line.

use std::fmt::Write;
use std::path::Path;

use super::command;

/// What stands before the commands.
const INTRODUCTION: &str = "\
# The command line

<!-- written by a test: TTAI_WRITE_DOCS=1 cargo test -p ttai the_command_line_reference -->

Results go to standard output, everything else to standard error: a pipe gets results only. `--json` prints the fields instead of a table. Tables fit the
terminal, and colours are for terminals only (`NO_COLOR` turns them off). Times are those of your computer's zone with New York's beside; `TZ` chooses another zone.
`ttai completions bash|zsh|fish|…` and `ttai man --out DIR` print what your shell and `man` need.

| Exit code | Meaning |
|---|---|
| 0 | done |
| 1 | what was asked for failed, or its outcome is bad: a failed run, a check that found something |
| 2 | the request is wrong; nothing was started |
| 3 | the configuration, or a setting of the connection, cannot be used |
| 4 | no Temporal server, or one that does not answer |
| 5 | what was named is not there |
| 6 | it did not end within the time that it was given |
| 130 | Ctrl-C |

## Global options

Every command takes them, before or after its own; its help shows those that mean something to it.
";
/// The heading under which a command's help has the global options.
const GLOBAL: &str = "\nGlobal options:";

fn reference() -> String {
    let mut whole = command();
    let mut text = INTRODUCTION.to_owned();
    let help = help(&mut whole, "ttai");
    let global = help.split_once(GLOBAL).map(|(_, options)| options.trim_matches('\n')).unwrap_or_default();
    let _ = write!(text, "\n```text\n{global}\n```\n");
    write_commands(&mut text, &mut whole, "ttai");
    text
}

fn write_commands(text: &mut String, command: &mut clap::Command, path: &str) {
    for below in command.get_subcommands_mut().filter(|below| below.get_name() != "help") {
        let path = format!("{path} {}", below.get_name());
        if below.has_subcommands() && below.is_subcommand_required_set() {
            write_commands(text, below, &path);
            continue;
        }
        let help = help(below, &path);
        let own = help.split(GLOBAL).next().unwrap_or_default().trim();
        let _ = write!(text, "\n## {path}\n\n```text\n{own}\n```\n");
        write_commands(text, below, &path);
    }
}

fn help(command: &mut clap::Command, path: &str) -> String {
    let mut command = command.clone().bin_name(path).mut_args(|argument| argument.hide_env_values(true));
    let help = command.render_help().to_string();
    help.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[test]
fn the_command_line_reference_is_that_of_this_version() {
    let file = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cli.md"));
    let now = reference();
    if std::env::var_os("TTAI_WRITE_DOCS").is_some() {
        std::fs::write(file, &now).unwrap();
    }
    let written = std::fs::read_to_string(file).unwrap_or_default();
    assert!(written == now, "docs/cli.md is another version's; write it with TTAI_WRITE_DOCS=1");
}
