//! What each command prints: its table, its JSON, its most likely error. `commands/*.md` has them as a person at a terminal sees them in a
//! new home, `served/*.md` and the guide in one where `ttai dev` runs over a market that stands still. `TRYCMD=overwrite` writes what is
//! printed now, and leaves what `[..]` stands for.

use std::collections::BTreeSet;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde_json::Value;
use trycmd::TestCases;

use crate::home::{DEADLINE, Home, Process, eventually};

/// The market of the guide: it stands at this moment, so that every run prints the same.
const STANDING: [(&str, &str); 3] =
    [("TTAI__MARKET__SEED", "1"), ("TTAI__MARKET__START", "2026-11-27T10:11"), ("USER", "mia")];

fn files(folder: &str) -> anyhow::Result<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli").join(folder);
    let all = std::fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut files: Vec<PathBuf> = all.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<_>>()?;
    // `written.in` and `written.out` give `written.md` a folder of its own to write to.
    files.retain(|file| file.extension().is_some_and(|extension| extension == "md"));
    files.sort();
    Ok(files)
}

/// The sessions of a file in a home.
fn check(home: &Home, file: &Path, variables: &[(&str, &str)]) -> anyhow::Result<()> {
    let cases = TestCases::new();
    cases.default_bin_path(env!("CARGO_BIN_EXE_ttai")).timeout(DEADLINE);
    for (name, value) in home.environment() {
        cases.env(name, value.to_str().context("a path that is text")?);
    }
    for (name, value) in variables {
        cases.env(*name, *value);
    }
    cases.case(file).run();
    Ok(())
}

#[tokio::test]
async fn commands_print_what_is_recorded() -> anyhow::Result<()> {
    for file in files("commands")? {
        let home = Home::new().await?;
        // What is kept by hand is shown at the prices of a day, and an option expires.
        let is_of_a_day = file.ends_with("kept.md");
        check(&home, &file, if is_of_a_day { &STANDING } else { &[] })?;
    }
    Ok(())
}

/// The command on the standing market.
fn ask(home: &Home, arguments: &[&str]) -> anyhow::Result<Value> {
    let mut command = home.command(&[arguments, &["--json"]].concat());
    command.envs(STANDING);
    let answer = Process::start(command)?.finish()?;
    Ok(serde_json::from_str(&answer.stdout).unwrap_or_default())
}

/// `ttai dev`, once its watches have looked at the accounts and the news for the first time.
fn served(home: &Home) -> anyhow::Result<Process> {
    let mut command = home.command(&["dev"]);
    command.envs(STANDING);
    let server = Process::start(command)?;
    let rows = |arguments: &[&str]| -> anyhow::Result<usize> {
        Ok(ask(home, arguments)?.as_array().map_or(0, Vec::len))
    };
    eventually("both accounts and the news are watched", || {
        let have_looked = rows(&["monitor", "list"])? == 4
            && rows(&["news"])? > 0
            && rows(&["notify", "list"])? >= 2 * ALERTS_PER_ACCOUNT;
        Ok(have_looked.then_some(()))
    })?;
    Ok(server)
}

/// What the watch over a simulated account tells at first: one put is tested, in the money, near its expiration and may be assigned.
const ALERTS_PER_ACCOUNT: usize = 4;

#[tokio::test]
async fn the_guide_and_served_commands_print_what_is_recorded() -> anyhow::Result<()> {
    let home = Home::new().await?;
    let server = served(&home)?;
    let guide = project().join("docs/guide.md");
    let checked = home.path("guide.md");
    std::fs::write(&checked, with_elisions(&std::fs::read_to_string(guide)?))?;
    // Every page is checked before one that fails ends the test.
    let mut failed = Vec::new();
    for file in std::iter::once(checked).chain(files("served")?) {
        if !matches!(catch_unwind(|| check(&home, &file, &STANDING)), Ok(Ok(()))) {
            failed.push(file.display().to_string());
        }
    }
    ensure!(failed.is_empty(), "these print something else: {}", failed.join(", "));
    the_readmes_commands_run(&home)?;
    server.signal("TERM")?;
    server.finish()?.expect(0)?;
    Ok(())
}

/// What a newcomer types, one after the other, beside the server that the second command of the README starts.
fn the_readmes_commands_run(home: &Home) -> anyhow::Result<()> {
    let readme = std::fs::read_to_string(project().join("README.md"))?;
    let commands = shell_commands(&readme);
    ensure!(commands.len() > 10, "the README has commands: {commands:?}");
    for words in commands.iter().filter(|words| !["setup", "dev", "config"].contains(&words[1].as_str())) {
        let arguments: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
        let mut command = home.command(&arguments);
        command.envs(STANDING);
        let answer = Process::start(command)?.finish()?.expect(0)?;
        ensure!(!answer.stdout.trim().is_empty(), "{words:?} says nothing");
    }
    Ok(())
}

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The lines of a page's shell boxes that call ttai, without comments and redirections.
fn shell_commands(page: &str) -> Vec<Vec<String>> {
    let mut in_shell = false;
    let mut found = Vec::new();
    for line in page.lines() {
        if line.starts_with("```") {
            in_shell = line == "```sh";
        } else if in_shell && line.starts_with("ttai ") {
            let words = shlex::split(line).unwrap_or_default();
            found.push(
                words.into_iter().take_while(|word| !["|", ">", "&"].contains(&word.as_str())).collect(),
            );
        }
    }
    found
}

/// A page for readers as a page for the test: what is another in every run is elided in its sessions, and a line `…` stands for any.
fn with_elisions(page: &str) -> String {
    let mut in_session = false;
    let mut lines = Vec::new();
    for line in page.lines() {
        let is_fence = line.starts_with("```");
        if in_session && is_fence {
            // An answer ends with a new line; the page does without.
            lines.push(String::new());
        }
        let is_printed = in_session && !is_fence && !line.starts_with("$ ");
        lines.push(if is_printed { elided(line) } else { line.to_owned() });
        if is_fence {
            in_session = line == "```console";
        }
    }
    lines.join("\n") + "\n"
}

fn elided(line: &str) -> String {
    if line == "…" {
        return "...".to_owned();
    }
    let words: Vec<&str> = line.split(' ').collect();
    let is_changing = |place: usize| {
        let next = words.get(place + 1).copied().unwrap_or_default();
        let before = place.checked_sub(1).and_then(|before| words.get(before)).copied().unwrap_or_default();
        let word = words.get(place).copied().unwrap_or_default();
        is_id(word)
            || (has_form(word, "00-00") && has_form(next, "00:00"))
            || (has_form(word, "00:00") && has_form(before, "00-00"))
            || (before == "until" && has_form(word, "0000-00-00"))
            // They join a moment after the alert over all of them.
            || before == "(members:"
    };
    let shown = |(place, word): (usize, &&str)| {
        if is_changing(place) { "[..]".to_owned() } else { (*word).to_owned() }
    };
    words.iter().enumerate().map(shown).collect::<Vec<_>>().join(" ")
}

/// An id that is made of a run's: `NVDA-df9f`, `eod_summary-2026-11-27-024977a1`, `444538942b`.
fn is_id(word: &str) -> bool {
    let of_letters = |text: &str, length: usize| {
        text.len() == length
            && text.chars().all(|letter| letter.is_ascii_digit() || letter.is_ascii_lowercase())
    };
    let symbol = |text: &str| !text.is_empty() && text.chars().all(|letter| letter.is_ascii_uppercase());
    let of_hexadecimals = |text: &str| text.chars().all(|letter| letter.is_ascii_hexdigit());
    match word.rsplit_once('-') {
        Some((start, end)) if symbol(start) => of_letters(end, 4),
        Some((start, end)) => start.contains("_") && of_letters(end, 8) && of_hexadecimals(end),
        None => of_letters(word, 10) && of_hexadecimals(word) && word.chars().any(|it| it.is_ascii_digit()),
    }
}

/// Whether a word has a digit wherever the form has `0`, and else the same letters.
fn has_form(word: &str, form: &str) -> bool {
    let fits = |(letter, wanted): (char, char)| {
        if wanted == '0' { letter.is_ascii_digit() } else { letter == wanted }
    };
    word.chars().count() == form.chars().count() && word.chars().zip(form.chars()).all(fits)
}

/// What of a command is on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Answer,
    Json,
    Error,
}

use Part::{Answer, Error, Json};

const MEASURED: &str = "a developer's measurement of minutes: drill.rs";
const THE_SAME: &str = "the command of this name without `run`";
const EVERY_PART: &[Part] = &[Answer, Json, Error];

/// Parts that cannot be on record, and why.
const ABSENT: &[(&str, &[Part], &str)] = &[
    ("ttai dev", &[Answer], "runs until Ctrl-C"),
    ("ttai worker", &[Answer], "runs until Ctrl-C"),
    ("ttai watch", &[Answer], "a full screen until q"),
    ("ttai mcp", &[Answer], "serves until its client leaves"),
    ("ttai sim", &[Answer], "runs until Ctrl-C"),
    ("ttai health", &[Answer], "asks a worker that serves metrics at an address"),
    ("ttai alert ack", &[Answer], "nothing fires on a market that stands still: practice.rs"),
    ("ttai journal show", &[Answer, Json], "an entry has another id in every run"),
    ("ttai journal link", &[Answer, Json], "an entry has another id in every run"),
    ("ttai journal note", &[Answer, Json], "an entry has another id in every run"),
    (
        "ttai trade reconcile",
        &[Answer, Json],
        "a practice account is in its worker, which compares it by itself",
    ),
    ("ttai trade acknowledge", &[Answer, Json], "the broker of a simulation has no differences: trades.rs"),
    ("ttai drill alerts", EVERY_PART, MEASURED),
    ("ttai drill day", &[Answer, Json], MEASURED),
    ("ttai drill idle", &[Answer, Json], MEASURED),
    ("ttai drill latency", EVERY_PART, MEASURED),
    ("ttai drill mcp", EVERY_PART, MEASURED),
    ("ttai drill screen", EVERY_PART, MEASURED),
    ("ttai drill trade", EVERY_PART, MEASURED),
    ("ttai run list", EVERY_PART, THE_SAME),
    ("ttai run show", EVERY_PART, THE_SAME),
    ("ttai run wait", EVERY_PART, THE_SAME),
    ("ttai run cancel", EVERY_PART, THE_SAME),
    ("ttai run history", EVERY_PART, THE_SAME),
];

/// The commands of the recorded sessions: their words, and how they ended.
fn sessions() -> anyhow::Result<Vec<(Vec<String>, bool)>> {
    let mut found: Vec<(Vec<String>, bool)> = Vec::new();
    for file in files("commands")?.into_iter().chain(files("served")?) {
        for line in std::fs::read_to_string(&file)?.lines() {
            if let Some(command) = line.strip_prefix("$ ") {
                let words = shlex::split(command).with_context(|| command.to_owned())?;
                found.push((words, true));
            } else if let (Some(code), Some((_, is_good))) = (line.strip_prefix("? "), found.last_mut()) {
                *is_good = code.trim() == "0";
            }
        }
    }
    Ok(found)
}

/// The commands at the ends of the tree, each with whether it takes `--json`.
fn leaves(command: &clap::Command, path: &str, found: &mut Vec<(String, bool)>) {
    let below: Vec<&clap::Command> =
        command.get_subcommands().filter(|below| below.get_name() != "help").collect();
    if below.is_empty() {
        let takes_json = command.get_arguments().any(|argument| argument.get_id() == "json");
        found.push((path.to_owned(), takes_json));
    }
    for command in below {
        leaves(command, &format!("{path} {}", command.get_name()), found);
    }
}

/// What of a command the sessions show.
fn recorded(path: &str, sessions: &[(Vec<String>, bool)]) -> BTreeSet<Part> {
    let name: Vec<&str> = path.split(' ').collect();
    let of_it = sessions.iter().filter(|(words, _)| {
        words.len() >= name.len() && words.iter().zip(&name).all(|(word, name)| word == name)
    });
    of_it
        .flat_map(|(words, is_good)| match (is_good, words.iter().any(|word| word == "--json")) {
            (false, _) => vec![Error],
            (true, true) => vec![Json],
            (true, false) => vec![Answer],
        })
        .collect()
}

#[test]
fn every_command_has_its_answer_its_json_and_an_error_on_record() -> anyhow::Result<()> {
    let sessions = sessions()?;
    let mut commands = Vec::new();
    leaves(&ttai::cli::command(), "ttai", &mut commands);
    let mut wrong = Vec::new();
    for (path, takes_json) in &commands {
        let there = recorded(path, &sessions);
        let absent = ABSENT.iter().find(|(name, _, _)| name == path).map_or(&[][..], |(_, parts, _)| *parts);
        for part in [Answer, Json, Error] {
            let is_wanted = (part != Json || *takes_json) && !absent.contains(&part);
            if is_wanted && !there.contains(&part) {
                wrong.push(format!("{path}: no {part:?}"));
            }
            if absent.contains(&part) && there.contains(&part) {
                wrong.push(format!("{path}: {part:?} is on record, and said to be impossible"));
            }
        }
    }
    let unknown = ABSENT.iter().filter(|(name, _, _)| !commands.iter().any(|(path, _)| path == name));
    wrong.extend(unknown.map(|(name, _, _)| format!("{name} is no command")));
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}
