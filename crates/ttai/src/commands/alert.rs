//! `ttai alert`: arms price alerts, lists them, and shows what fired. What was armed is watched wherever a worker runs.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use chrono::{TimeDelta, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use ttai_client::PriceAlerts;
use ttai_contract::{AlertAnswer, AlertAnswers, AlertDefinition, SnoozePriceAlert, UserId};
use ttai_engine::phrase::{self, PhraseContext};
use ttai_ports::{Alerts, FiringFilter, FiringRecord, Firings};
use ttai_store::Database;

use crate::cli::{
    AlertAddArgs, AlertChangeArgs, AlertCommand, AlertIdsArgs, AlertListArgs, AlertOfArgs, GlobalArgs,
};
use crate::exit_kind::{ExitKind, fail};
use crate::settings::Settings;
use crate::{output, report, server, wiring};

/// Runs the command.
///
/// # Errors
/// Words that are no alert, a server that is not there, or an alert that is refused.
pub async fn run(global: &GlobalArgs, command: AlertCommand) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, None)?;
    match command {
        AlertCommand::Add(args) => add(&settings, args).await,
        AlertCommand::List(args) => list(&settings, args).await,
        AlertCommand::Show(args) => show(&settings, args).await,
        AlertCommand::Test { words, json } => test(&words, json),
        AlertCommand::Change(args) => change(&settings, args).await,
        AlertCommand::Ack(AlertIdsArgs { ids, user }) => {
            print_answers("seen", &router(&settings, &user).await?.acknowledge(ids).await?)
        }
        AlertCommand::Remove(AlertIdsArgs { ids, user }) => {
            print_answers("removed", &router(&settings, &user).await?.remove(ids).await?)
        }
        AlertCommand::Pause(AlertIdsArgs { ids, user }) => {
            print_answers("paused", &router(&settings, &user).await?.pause(ids, true).await?)
        }
        AlertCommand::Resume(AlertIdsArgs { ids, user }) => {
            print_answers("armed", &router(&settings, &user).await?.pause(ids, false).await?)
        }
        AlertCommand::Snooze { id, span, user } => {
            let until = TimeDelta::from_std(span).ok().and_then(|span| Utc::now().checked_add_signed(span));
            let until = Some(until.context("this is too long")?);
            print_answers(
                "snoozed",
                &router(&settings, &user).await?.snooze(&SnoozePriceAlert { id, until }).await?,
            )
        }
        AlertCommand::History(args) => history(&settings, args).await,
    }
}

async fn router(settings: &Settings, user: &UserId) -> anyhow::Result<PriceAlerts> {
    let client = server::existing_client(settings).await?.context(
        "alerts are watched by a running ttai, and none runs here; start one with `ttai dev` and try again",
    )?;
    Ok(client.price_alerts(user).await?)
}

async fn add(settings: &Settings, args: AlertAddArgs) -> anyhow::Result<ExitCode> {
    let mut alerts = match &args.json_file {
        Some(file) => from_json(file)?,
        None => vec![from_words(&args.words)?],
    };
    if let (Some(id), [alert]) = (&args.id, alerts.as_mut_slice()) {
        alert.id.clone_from(id);
    }
    let router = router(settings, &args.user).await?;
    if !args.yes && !args.json && !is_wanted(&router, &alerts).await? {
        return Ok(ExitCode::FAILURE);
    }
    let mut answers = AlertAnswers::default();
    for some in alerts.chunks(ttai_contract::alerts::MAX_ALERTS_AT_ONCE) {
        let answer = router.add(some).await?;
        answers.alerts.extend(answer.alerts);
        answers.total = answer.total;
    }
    if args.json {
        output::json(&answers)?;
        return Ok(exit(&answers));
    }
    print_answers("armed", &answers)
}

async fn change(settings: &Settings, args: AlertChangeArgs) -> anyhow::Result<ExitCode> {
    let alert = AlertDefinition { id: args.id, ..from_words(&args.words)? };
    let router = router(settings, &args.user).await?;
    if !args.yes && !is_wanted(&router, std::slice::from_ref(&alert)).await? {
        return Ok(ExitCode::FAILURE);
    }
    print_answers("changed", &router.change(&alert).await?)
}

/// Asks a person at a terminal where one alert is true before it is armed: it fires at once.
async fn is_wanted(router: &PriceAlerts, alerts: &[AlertDefinition]) -> anyhow::Result<bool> {
    let [alert] = alerts else { return Ok(true) };
    if !output::can_ask() {
        return Ok(true);
    }
    let tested = router.test(std::slice::from_ref(alert)).await?;
    let Some(said) = tested.alerts.into_iter().find_map(|answer| answer.already_true) else {
        return Ok(true);
    };
    output::ask(&format!("Already true: {said}. It will fire at once. Arm it?"))
}

/// The alert that the words say, with the place that cannot be read.
fn from_words(words: &[String]) -> anyhow::Result<AlertDefinition> {
    let text = words.join(" ");
    phrase::parse(&text, PhraseContext { now: Utc::now() })
        .map_err(|error| ExitKind::WrongRequest.error(format!("{error}\n{}", error.pointing_at(&text))))
}

fn from_json(file: &Path) -> anyhow::Result<Vec<AlertDefinition>> {
    let text = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        text
    } else {
        std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?
    };
    let value: Value = serde_json::from_str(&text).context("this is not JSON")?;
    let list = match value {
        Value::Array(list) => list,
        one => vec![one],
    };
    let read = |(place, value)| serde_json::from_value(value).with_context(|| format!("alert {}", place + 1));
    list.into_iter().enumerate().map(read).collect()
}

fn test(words: &[String], json: bool) -> anyhow::Result<ExitCode> {
    let alert = from_words(words)?;
    if json {
        output::json(&alert)?;
    } else {
        output::line(&phrase::to_phrase(&alert));
    }
    Ok(ExitCode::SUCCESS)
}

/// A line an alert; what was refused makes the exit code one.
fn print_answers(done: &str, answers: &AlertAnswers) -> anyhow::Result<ExitCode> {
    for answer in &answers.alerts {
        match &answer.reason {
            Some(reason) => output::note(&format!("{}: {reason}", answer.id)),
            None if answer.alert.is_some() => output::line(&report::alert(answer)),
            None => output::line(&format!("{}  {done}", answer.id)),
        }
    }
    Ok(exit(answers))
}

fn exit(answers: &AlertAnswers) -> ExitCode {
    if answers.alerts.iter().all(|answer| answer.accepted) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn list(settings: &Settings, args: AlertListArgs) -> anyhow::Result<ExitCode> {
    let AlertListArgs { symbol, limit, user, json } = args;
    let database = database(settings).await?;
    let filter = ttai_ports::AlertFilter {
        user_id: user.to_string(),
        symbol: symbol.map(|symbol| symbol.to_uppercase()),
        limit: Some(limit),
        ..ttai_ports::AlertFilter::default()
    };
    let found: Vec<AlertAnswer> = ttai_activities::list_alerts(database.as_ref(), filter).await?;
    if json {
        output::json(&found)?;
    } else if found.is_empty() {
        output::note("no alerts; add one: ttai alert add \"AAPL below 90\"");
    } else {
        output::line(&report::alerts(&found));
    }
    Ok(ExitCode::SUCCESS)
}

/// An alert and what it fired.
#[derive(Serialize, JsonSchema)]
pub(crate) struct AlertShown {
    alert: AlertAnswer,
    firings: Vec<FiringRecord>,
}

async fn show(settings: &Settings, args: AlertOfArgs) -> anyhow::Result<ExitCode> {
    let database = database(settings).await?;
    let Some(record) = database.alert(args.user.as_str(), &args.id).await? else {
        fail!(NotFound, "there is no alert {}; `ttai alert list` shows them", args.id);
    };
    let answer = ttai_activities::alert_answer(&record);
    let filter =
        FiringFilter { user_id: args.user.to_string(), alert_id: Some(args.id), ..FiringFilter::default() };
    let firings = database.list_firings(&filter).await?;
    if args.json {
        output::json(&AlertShown { alert: answer, firings })?;
        return Ok(ExitCode::SUCCESS);
    }
    output::line(&report::alert(&answer));
    if !firings.is_empty() {
        let found: Vec<_> = firings.into_iter().map(|firing| (firing, answer.alert.clone())).collect();
        output::line(&report::firings(&found, Utc::now()));
    }
    Ok(ExitCode::SUCCESS)
}

async fn history(settings: &Settings, args: AlertListArgs) -> anyhow::Result<ExitCode> {
    let database = database(settings).await?;
    let filter =
        FiringFilter { user_id: args.user.to_string(), limit: Some(args.limit), ..FiringFilter::default() };
    let firings = database.list_firings(&filter).await?;
    let found = with_definitions(&database, args.user.as_str(), firings).await?;
    let about = |alert: &Option<AlertDefinition>, symbol: &str| {
        alert.as_ref().is_some_and(|alert| alert.subject.symbol_text().eq_ignore_ascii_case(symbol))
    };
    let found: Vec<_> = found
        .into_iter()
        .filter(|(_, alert)| args.symbol.as_deref().is_none_or(|symbol| about(alert, symbol)))
        .collect();
    if args.json {
        let firings: Vec<&FiringRecord> = found.iter().map(|(firing, _)| firing).collect();
        output::json(&firings)?;
    } else if found.is_empty() {
        output::note("nothing has fired yet");
    } else {
        output::line(&report::firings(&found, Utc::now()));
    }
    Ok(ExitCode::SUCCESS)
}

/// Each firing with its alert, as it is defined now.
async fn with_definitions(
    database: &Database,
    user: &str,
    firings: Vec<FiringRecord>,
) -> anyhow::Result<Vec<(FiringRecord, Option<AlertDefinition>)>> {
    let mut known: BTreeMap<String, Option<AlertDefinition>> = BTreeMap::new();
    let mut found = Vec::with_capacity(firings.len());
    for firing in firings {
        if !known.contains_key(&firing.alert_id) {
            let record = database.alert(user, &firing.alert_id).await?;
            let alert = record.and_then(|record| ttai_activities::alert_answer(&record).alert);
            known.insert(firing.alert_id.clone(), alert);
        }
        let alert = known.get(&firing.alert_id).cloned().flatten();
        found.push((firing, alert));
    }
    Ok(found)
}

async fn database(settings: &Settings) -> anyhow::Result<std::sync::Arc<Database>> {
    Ok(std::sync::Arc::clone(wiring::store(settings).await?.database()))
}
