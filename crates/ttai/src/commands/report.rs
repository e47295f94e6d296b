//! `ttai report`: makes reports, and shows those that were made.

use std::process::ExitCode;

use anyhow::Context;
use ttai_contract::{ReportName, RunReportParams, RunReportResult};
use ttai_ports::{Artifacts, ReportFilter, ReportRecord, Reports};
use ttai_store::Database;

use super::desk::Desk;
use super::wait::{self, Awaited};
use crate::cli::{GlobalArgs, ReportCommand, ReportListArgs, ReportRunArgs, ReportShowArgs};
use crate::exit_kind::{ExitKind, fail};
use crate::settings::Settings;
use crate::{output, report, wiring};

/// Reports among which the beginning of an id is sought: the newest.
const SEARCHED: u32 = 1_000;

/// Runs the command.
///
/// # Errors
/// No server or store, a request that is refused, or how the run failed.
pub async fn run(global: &GlobalArgs, command: ReportCommand) -> anyhow::Result<ExitCode> {
    match command {
        ReportCommand::Run(args) => make(global, args).await,
        ReportCommand::List(args) => list(&Settings::load(global, None)?, args).await,
        ReportCommand::Show(args) => show(&Settings::load(global, None)?, args).await,
    }
}

async fn make(global: &GlobalArgs, args: ReportRunArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, Some(&args.market))?;
    let desk = Desk::open(&settings, args.market.is_chosen()).await?;
    let outcome = make_at(global, &settings, &desk, &args).await;
    desk.close().await?;
    outcome
}

async fn make_at(
    global: &GlobalArgs,
    settings: &Settings,
    desk: &Desk,
    args: &ReportRunArgs,
) -> anyhow::Result<ExitCode> {
    let params = RunReportParams {
        send: args.send || !args.channel.is_empty(),
        channel: args.channel.clone(),
        date: args.date,
        user_id: args.user.clone(),
        everyone: args.everyone,
        ..RunReportParams::of(args.name)
    };
    let run = desk.client.start(&params, args.key.as_deref()).await?;
    let come_back = || desk.how_to_come_back(global, settings, run.workflow_id());
    let answer = match wait::answer_or_leave(&run, args.wait, come_back).await? {
        Awaited::Answer(answer) => answer,
        Awaited::Left(code) => return Ok(code),
    };
    if args.json {
        output::json(&answer)?;
        return Ok(ExitCode::SUCCESS);
    }
    let result: RunReportResult = serde_json::from_value(answer)?;
    output::line(&report::report_result(&result, output::paint()));
    if let Some(id) = &result.report {
        let user = if args.user.as_str() == ttai_contract::subject::DEFAULT_USER {
            String::new()
        } else {
            format!(" --user {}", args.user)
        };
        output::note(&format!("\nall of it: ttai report show {id}{user}{} [--html FILE]", global.again()));
    }
    let failed = result.round.is_some_and(|round| round.failed > 0);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn list(settings: &Settings, args: ReportListArgs) -> anyhow::Result<ExitCode> {
    let database = Database::open(&wiring::store_url(settings)?).await?;
    let filter = ReportFilter {
        user_id: args.user.to_string(),
        name: args.name.map(|name| name.as_str().to_owned()),
        day: args.date,
        limit: Some(args.limit),
    };
    let found = database.list_reports(&filter).await?;
    if args.json {
        output::json(&found)?;
    } else if found.is_empty() {
        output::note("no report was made yet; ttai report run daily_report -w");
    } else {
        output::line(&report::reports(&found));
    }
    Ok(ExitCode::SUCCESS)
}

async fn show(settings: &Settings, args: ReportShowArgs) -> anyhow::Result<ExitCode> {
    let store = wiring::store(settings).await?;
    let record = find(store.database(), args.user.as_str(), args.id.as_deref()).await?;
    if args.json {
        output::json(&record)?;
        return Ok(ExitCode::SUCCESS);
    }
    let hash = if args.html.is_some() { &record.html } else { &record.markdown };
    let artifact = store.database().get(hash).await?;
    let artifact =
        artifact.with_context(|| format!("the text of {} is not in the store any more", record.id))?;
    if let Some(path) = &args.html {
        std::fs::write(path, &artifact.bytes)
            .with_context(|| format!("{} cannot be written", path.display()))?;
        output::note(&format!("wrote {} to {}", record.id, path.display()));
        return Ok(ExitCode::SUCCESS);
    }
    output::line(String::from_utf8_lossy(&artifact.bytes).trim_end());
    Ok(ExitCode::SUCCESS)
}

/// The report of that id, of that beginning, or the newest of that name; the newest of all without.
pub(crate) async fn find(
    database: &Database,
    user: &str,
    wanted: Option<&str>,
) -> anyhow::Result<ReportRecord> {
    let of = |name: Option<ReportName>, limit| ReportFilter {
        user_id: user.to_owned(),
        name: name.map(|name| name.as_str().to_owned()),
        limit: Some(limit),
        ..ReportFilter::default()
    };
    let name = wanted.and_then(|wanted| wanted.parse::<ReportName>().ok());
    if wanted.is_none() || name.is_some() {
        let newest = database.list_reports(&of(name, 1)).await?.into_iter().next();
        let what = name.map_or("report", ReportName::as_str);
        let example = name.unwrap_or_default().as_str();
        return newest.ok_or_else(|| {
            ExitKind::NotFound
                .error(format!("no {what} was made yet; `ttai report run {example} -w` makes one"))
        });
    }
    let wanted = wanted.unwrap_or_default();
    if let Some(found) = database.report(user, wanted).await? {
        return Ok(found);
    }
    let listed = database.list_reports(&of(None, SEARCHED)).await?;
    let mut fitting = listed.into_iter().filter(|report| report.id.starts_with(wanted));
    match (fitting.next(), fitting.next()) {
        (Some(found), None) => Ok(found),
        (Some(one), Some(other)) => {
            fail!(WrongRequest, "'{wanted}' fits several reports, such as {} and {}", one.id, other.id)
        }
        (None, _) => fail!(NotFound, "there is no report '{wanted}'; `ttai report list` names them"),
    }
}
