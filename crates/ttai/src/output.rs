//! The terminal: results go to standard output, everything else to standard error. A closed pipe ends the output, not the run.

use std::io::{IsTerminal, Write};

use schemars::JsonSchema;
use serde::Serialize;
use tracing_subscriber::EnvFilter;
use ttai_store::BACKUP_LOG;

use crate::notifier::LOG_TARGET;
use crate::report::Paint;

/// Writes a line of the result.
pub fn line(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Writes a result as JSON. docs/cli.schema.json has what each command writes.
///
/// # Errors
/// A value that is no JSON.
pub fn json<T: Serialize + JsonSchema + ?Sized>(value: &T) -> anyhow::Result<()> {
    line(&serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Writes a line of a result that has no end of its own; false once nobody reads it any more.
#[must_use]
pub fn line_is_read(text: &str) -> bool {
    writeln!(std::io::stdout().lock(), "{text}").is_ok()
}

/// Writes a line beside the result.
pub fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Writes why a command failed, with its causes.
pub fn error(error: &anyhow::Error) {
    let mut text = format!("error: {error}");
    let mut last = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !last.contains(&cause) {
            text.push_str(&format!("\n  because: {cause}"));
        }
        last = cause;
    }
    note(&text);
}

/// How results are painted: in colour for a person at a terminal, unless `NO_COLOR` is set; plain for anything else.
#[must_use]
pub fn paint() -> Paint {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
    if std::io::stdout().is_terminal() && !set("NO_COLOR") && !dumb { Paint::Colour } else { Paint::Plain }
}

/// Whether a person looks at standard error.
#[must_use]
pub fn is_interactive() -> bool {
    std::io::stderr().is_terminal()
}

/// Whether a person can be asked.
#[must_use]
pub fn can_ask() -> bool {
    std::io::stdin().is_terminal() && is_interactive()
}

/// Writes a question beside the result; what is answered stands on the same line.
pub fn prompt(question: &str) {
    let _ = write!(std::io::stderr().lock(), "{question}");
}

/// Asks a question that is answered with yes or no; no where nothing is said.
///
/// # Errors
/// A terminal that cannot be read.
pub fn ask(question: &str) -> anyhow::Result<bool> {
    prompt(&format!("{question} [y/N] "));
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(is_yes(&answer))
}

/// Whether an answer is yes.
#[must_use]
pub fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

/// Logs go to standard error: warnings by default, more with each `-v`, anything with `TTAI_LOG`.
///
/// A command that `reports` what happens to its run by itself logs errors only: each trouble is said once.
pub fn init_logs(verbose: u8, reports: bool) {
    let default = match verbose {
        0 if reports => "error",
        0 => "error,ttai=warn,ttai_activities=warn",
        1 => "warn,ttai=info,ttai_activities=info,ttai_store=info,ttai_dev_server=info",
        _ => "info,ttai=debug,ttai_activities=debug",
    };
    let filter = EnvFilter::try_from_env("TTAI_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    // A notification is delivered, not logged, and a backup that ttai made by itself is said: no filter keeps them back.
    let always =
        [LOG_TARGET, BACKUP_LOG].into_iter().filter_map(|target| format!("{target}=info").parse().ok());
    let filter = always.fold(filter, EnvFilter::add_directive);
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(is_interactive())
        .with_target(false);
    // A second initialisation happens in tests only and changes nothing.
    let _ = logs.try_init();
}
