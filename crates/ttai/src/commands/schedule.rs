//! `ttai schedule`: what the server starts by itself.

use std::process::ExitCode;

use chrono::Utc;
use ttai_client::{ClientError, ScheduleOutcome, ScheduleOverlap, TtaiClient};

use crate::cli::{GlobalArgs, ScheduleApplyArgs, ScheduleBackfillArgs, ScheduleCommand};
use crate::exit_kind::{ExitKind, fail};
use crate::report::{self, ScheduleRow};
use crate::schedules::{self, SchedulePlan};
use crate::settings::Settings;
use crate::{output, search_attributes, server};

/// What is compared where a configuration has no schedule of that name.
const NOT_CONFIGURED: &str = "not in the configuration";

/// Runs the command.
///
/// # Errors
/// No server, one that refuses, or a schedule that is not there.
pub async fn run(global: &GlobalArgs, command: ScheduleCommand) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, None)?;
    let client = server::client(&settings).await?;
    let desk = ScheduleDesk::over(&settings, client);
    match command {
        ScheduleCommand::Apply(args) => desk.apply(&args).await?,
        ScheduleCommand::List { json } => desk.list(json).await?,
        ScheduleCommand::Show { name, json } => desk.show(&name, json).await?,
        ScheduleCommand::Pause { names, note } => {
            for name in names {
                desk.client.pause_schedule(&name, &note).await?;
                output::line(&format!("{name}  paused"));
            }
        }
        ScheduleCommand::Resume(args) => {
            for name in args.names {
                desk.client.resume_schedule(&name, "resumed by hand").await?;
                output::line(&format!("{name}  resumed"));
            }
        }
        ScheduleCommand::Trigger(args) => {
            for name in args.names {
                desk.client.trigger_schedule(&name).await?;
                output::line(&format!("{name}  triggered; ttai schedule show {name}"));
            }
        }
        ScheduleCommand::Backfill(args) => desk.backfill(args).await?,
        ScheduleCommand::Delete { names, all } => return desk.delete(names, all).await,
    }
    Ok(ExitCode::SUCCESS)
}

/// The server, and what is wanted of it.
pub(crate) struct ScheduleDesk {
    client: TtaiClient,
    plan: SchedulePlan,
}

impl ScheduleDesk {
    pub(crate) fn over(settings: &Settings, client: TtaiClient) -> Self {
        Self { plan: schedules::plan_now(settings, &client), client }
    }

    async fn apply(&self, args: &ScheduleApplyArgs) -> anyhow::Result<()> {
        let applied = if args.dry_run {
            schedules::compare(&self.client, &self.plan, args.delete).await?
        } else {
            // A start with an attribute that is not registered is refused, and so is a schedule of it.
            search_attributes::ensure(self.client.temporal()).await?;
            schedules::apply(&self.client, &self.plan, args.delete).await?
        };
        if args.json {
            return output::json(&applied);
        }
        output::line(&report::applied_schedules(&applied, args.dry_run));
        Ok(())
    }

    /// What is configured and what the server has beside it.
    async fn list(&self, json: bool) -> anyhow::Result<()> {
        let rows = self.rows().await?;
        if json {
            output::json(&rows)?;
            return Ok(());
        }
        output::line(&report::schedules(&rows));
        report::left_out_schedules(&self.plan.left_out).iter().for_each(|line| output::note(line));
        Ok(())
    }

    pub(crate) async fn rows(&self) -> Result<Vec<ScheduleRow>, ClientError> {
        let mut names: Vec<String> =
            self.plan.wanted.iter().map(|planned| planned.wanted.id.clone()).collect();
        names.extend(self.client.schedule_ids().await?);
        names.sort();
        names.dedup();
        let mut rows = Vec::new();
        for name in names {
            rows.push(self.row(&name).await?);
        }
        Ok(rows)
    }

    async fn row(&self, name: &str) -> Result<ScheduleRow, ClientError> {
        let planned = self.plan.wanted.iter().find(|planned| planned.wanted.id == name);
        let differs = match planned {
            Some(planned) => match self.client.compare_schedule(&planned.wanted).await? {
                ScheduleOutcome::Unchanged => None,
                ScheduleOutcome::Created => Some("not on the server".to_owned()),
                ScheduleOutcome::Updated(differences) => {
                    let facts: Vec<&str> =
                        differences.iter().map(|difference| difference.fact.as_str()).collect();
                    Some(format!("differs in {}", facts.join(", ")))
                }
            },
            None => Some(NOT_CONFIGURED.to_owned()),
        };
        Ok(ScheduleRow {
            name: name.to_owned(),
            words: planned.map(schedules::PlannedSchedule::words),
            on_server: self.client.schedule(name).await?,
            differs,
        })
    }

    async fn show(&self, name: &str, json: bool) -> anyhow::Result<()> {
        let row = self.row(name).await?;
        if row.on_server.is_none() {
            let why = self.plan.left_out.iter().find(|(left_out, _)| left_out == name);
            match why {
                Some((_, why)) => fail!(NotFound, "{name} is not on the server: {why}"),
                None => return Err(ClientError::NoSchedule(name.to_owned()).into()),
            }
        }
        if json {
            output::json(&row)?;
        } else {
            output::line(&report::schedule(&row));
        }
        Ok(())
    }

    async fn backfill(&self, args: ScheduleBackfillArgs) -> anyhow::Result<()> {
        let ScheduleBackfillArgs { name, from, to } = args;
        let to = to.unwrap_or_else(Utc::now);
        if to < from {
            fail!(
                WrongRequest,
                "--to ({}) is before --from ({})",
                report::eastern(to),
                report::eastern(from)
            );
        }
        let times = self.client.schedule_times(&name, from, to).await?;
        self.client.backfill_schedule(&name, from, to, ScheduleOverlap::BufferAll).await?;
        output::line(&format!("{name}  {} runs, one after another; ttai schedule show {name}", times.len()));
        Ok(())
    }

    async fn delete(&self, names: Vec<String>, all: bool) -> anyhow::Result<ExitCode> {
        let names = if all { self.client.schedule_ids().await? } else { names };
        let mut code = ExitCode::SUCCESS;
        for name in names {
            if self.client.delete_schedule(&name).await? {
                output::line(&format!("{name}  deleted"));
            } else {
                output::note(&format!("{name}  not on the server"));
                code = ExitKind::NotFound.into();
            }
        }
        Ok(code)
    }
}
