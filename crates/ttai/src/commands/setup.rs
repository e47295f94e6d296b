//! `ttai setup`: the questions that a new user is asked. Each can be skipped, and each answer changed later.

use std::io::BufRead;
use std::process::ExitCode;

use anyhow::Context;
use ttai_core::Symbol;
use ttai_core::alert::AlertSubject;
use ttai_ports::{Preferences, PreferencesChange, UserPreferences, WatchlistChange, Watchlists};
use ttai_store::Database;

use super::{notify, preferences};
use crate::cli::{GlobalArgs, PreferencesOptions, SetupArgs};
use crate::exit_kind::ExitKind;
use crate::preferences::{PreferenceRow, in_effect, parsed};
use crate::settings::Settings;
use crate::{output, wiring};

/// What is asked of each preference, and what an answer looks like.
const QUESTIONS: [(&str, &str); 7] = [
    ("account_type", "Account: cash or margin"),
    ("capital", "Capital for a position, in dollars, such as 20000"),
    ("strategies", "Strategies, the usual one first: csp, covered_call, spread"),
    ("max_delta", "Largest |delta| of an option that you sell, such as 0.30"),
    ("dte_min", "Fewest days to expiration"),
    ("dte_max", "Most days to expiration"),
    ("max_symbol_pct", "The most of your capital in one symbol, in percent"),
];

/// Runs the command.
///
/// # Errors
/// An answer that cannot be used where nobody can be asked again, or a store that cannot be opened.
pub async fn run(global: &GlobalArgs, args: SetupArgs) -> anyhow::Result<ExitCode> {
    AlertSubject::Watchlist { name: args.watchlist.clone() }
        .check()
        .map_err(|error| ExitKind::WrongRequest.error(error.to_string()))?;
    let settings = Settings::load(global, None)?;
    let database = Database::open(&wiring::store_url(&settings)?).await?;
    output::note("Enter keeps what is in effect. Everything can be changed later.\n");
    let mut person = Person::default();
    ask_preferences(&settings, &database, &args, &mut person).await?;
    ask_symbols(&database, &args, &mut person).await?;
    ask_test_message(&settings, &mut person).await?;
    output::note("");
    let stated = database.preferences(args.user.as_str()).await?;
    preferences::show(&settings, &stated, &PreferencesOptions { user: args.user, json: false })?;
    output::note(
        "\nNext: `ttai dev` runs everything here; `ttai analyze AAPL` analyses a symbol; `ttai preferences set NAME VALUE` changes an \
         answer;\n`ttai config example > ttai.toml` has the settings for your broker and channels; `ttai doctor` checks them.",
    );
    Ok(ExitCode::SUCCESS)
}

async fn ask_preferences(
    settings: &Settings,
    database: &Database,
    args: &SetupArgs,
    person: &mut Person,
) -> anyhow::Result<()> {
    for (name, question) in QUESTIONS {
        let before = database.preferences(args.user.as_str()).await?;
        let rows = in_effect(&settings.config, args.user.as_str(), &before);
        let now = rows.iter().find(|row| row.name == name).map(in_words).unwrap_or_default();
        loop {
            let Some(answer) = person.answer(&format!("{question} [{now}]: "))? else { break };
            match save(settings, database, args, name, &answer).await {
                Ok(_) => break,
                Err(error) => Person::again(&error)?,
            }
        }
    }
    Ok(())
}

fn in_words(row: &PreferenceRow) -> String {
    format!("{}, {}", row.value, row.from)
}

async fn save(
    settings: &Settings,
    database: &Database,
    args: &SetupArgs,
    name: &str,
    answer: &str,
) -> anyhow::Result<UserPreferences> {
    let set = parsed(&settings.config, name, answer)?;
    preferences::save(database, &args.user, &PreferencesChange { set, unset: Vec::new() }).await
}

async fn ask_symbols(database: &Database, args: &SetupArgs, person: &mut Person) -> anyhow::Result<()> {
    let name = &args.watchlist;
    loop {
        let question =
            format!("Symbols that you follow, for the watchlist {name}, such as AAPL MSFT [none]: ");
        let Some(answer) = person.answer(&question)? else { return Ok(()) };
        let symbols = answer.split([',', ' ']).filter(|symbol| !symbol.is_empty()).map(Symbol::new);
        match symbols.collect::<Result<Vec<_>, _>>() {
            Ok(add) => {
                let change = WatchlistChange { add, ..WatchlistChange::default() };
                database.change_watchlist(args.user.as_str(), name, &change).await?;
                return Ok(());
            }
            Err(error) => Person::again(&error.into())?,
        }
    }
}

async fn ask_test_message(settings: &Settings, person: &mut Person) -> anyhow::Result<()> {
    let channels: Vec<String> = settings.config.channels.keys().cloned().collect();
    if channels.is_empty() {
        output::note(
            "No channel is configured: messages go to the log. docs/notify has Discord, Slack, mail, ntfy and webhooks.",
        );
        return Ok(());
    }
    let answer = person.answer(&format!("Send a test message to {}? [no]: ", channels.join(", ")))?;
    if answer.is_some_and(|answer| output::is_yes(&answer)) {
        notify::test(settings, channels).await?;
    }
    Ok(())
}

/// Who answers: a person at a terminal, or a file.
#[derive(Default)]
struct Person {
    is_gone: bool,
}

impl Person {
    /// What is answered; none where it is skipped, and for all further questions once the input has ended.
    fn answer(&mut self, question: &str) -> anyhow::Result<Option<String>> {
        if self.is_gone {
            return Ok(None);
        }
        output::prompt(question);
        let mut line = String::new();
        self.is_gone =
            std::io::stdin().lock().read_line(&mut line).context("the answer cannot be read")? == 0;
        if self.is_gone || !output::can_ask() {
            output::note("");
        }
        Ok(Some(line.trim().to_owned()).filter(|answer| !answer.is_empty()))
    }

    /// Says what is wrong with an answer, so that it is asked for again.
    ///
    /// # Errors
    /// The same, where a file answers: its next line is the answer to another question.
    fn again(error: &anyhow::Error) -> anyhow::Result<()> {
        if !output::can_ask() {
            return Err(ExitKind::WrongRequest.error(format!("{error:#}")));
        }
        output::note(&format!("  {error:#}"));
        Ok(())
    }
}
