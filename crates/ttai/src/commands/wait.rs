//! `ttai wait`: waits for a run with live progress and prints its answer.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use tokio::sync::mpsc;
use ttai_client::{AnyRun, RunProgress, Step, StepState};

use super::asked_to_stop;
use super::desk::Desk;
use crate::cli::{GlobalArgs, ViewArgs, WaitArgs};
use crate::exit_kind::ExitKind;
use crate::settings::Settings;
use crate::{output, report, runs};

/// Runs the command. Where no server runs, that of the market goes on with what it left unfinished, until the answer.
///
/// # Errors
/// No server, no such run, or how the run failed.
pub async fn run(global: &GlobalArgs, args: WaitArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, Some(&args.market))?;
    let desk = Desk::reopen(&settings, args.market.is_chosen()).await?;
    let outcome = wait(global, &settings, &desk, &args).await;
    desk.close().await?;
    outcome
}

async fn wait(
    global: &GlobalArgs,
    settings: &Settings,
    desk: &Desk,
    args: &WaitArgs,
) -> anyhow::Result<ExitCode> {
    let run = runs::on_server(&desk.client, settings, &args.id).await?;
    let longest = args.timeout.map(Duration::from_secs);
    let Some(answer) = answer(&run, longest).await? else {
        output::note(&format!("\n{}", desk.how_to_come_back(global, settings, run.workflow_id())));
        return Ok(ExitKind::Interrupted.into());
    };
    print(&answer, args.json, args.view)?;
    Ok(ExitCode::SUCCESS)
}

fn print(answer: &Value, json: bool, view: ViewArgs) -> anyhow::Result<()> {
    if json {
        return output::json(answer);
    }
    output::line(&report::result(answer, view.detail(), output::paint()));
    Ok(())
}

/// Waits and prints the answer as JSON.
pub(super) async fn until_answered(run: &AnyRun) -> anyhow::Result<ExitCode> {
    let Some(answer) = answer(run, None).await? else {
        output::note(&format!("\n{} is still running on the server", run.workflow_id()));
        return Ok(ExitKind::Interrupted.into());
    };
    print(&answer, true, ViewArgs::default())?;
    Ok(ExitCode::SUCCESS)
}

/// What becomes of a run that a command has started.
pub(super) enum Awaited {
    /// Its answer.
    Answer(Value),
    /// It goes on without the command, which ends with this code and has said how to come back.
    Left(ExitCode),
}

/// The answer of a run that was started, where somebody waits for it.
pub(super) async fn answer_or_leave(
    run: &AnyRun,
    waits: bool,
    how_to_come_back: impl FnOnce() -> String,
) -> anyhow::Result<Awaited> {
    if !waits {
        output::line(run.workflow_id());
        output::note(&how_to_come_back());
        return Ok(Awaited::Left(ExitCode::SUCCESS));
    }
    Ok(answer(run, None).await?.map_or_else(
        || {
            output::note(&format!("\n{}", how_to_come_back()));
            Awaited::Left(ExitKind::Interrupted.into())
        },
        Awaited::Answer,
    ))
}

/// Waits with live progress; none after Ctrl-C.
pub(super) async fn answer(run: &AnyRun, longest: Option<Duration>) -> anyhow::Result<Option<Value>> {
    let mut display = Display::new();
    let (seen, mut changes) = mpsc::unbounded_channel();
    let followed = run.clone();
    // A server that is away must hold up neither the answer nor Ctrl-C.
    let follower =
        tokio::spawn(async move { followed.follow(|progress| drop(seen.send(progress.clone()))).await });
    let answer = run.answer(longest);
    let stop = asked_to_stop();
    tokio::pin!(answer, stop);
    let outcome = loop {
        tokio::select! {
            answer = &mut answer => break answer.map(Some).map_err(Into::into),
            signal = &mut stop => break signal.map(|()| None).map_err(Into::into),
            Some(progress) = changes.recv() => display.show(&progress),
        }
    };
    follower.abort();
    // What came with the answer is worth a line, too.
    while let Ok(progress) = changes.try_recv() {
        display.show(&progress);
    }
    display.finish();
    outcome
}

/// Progress on standard error.
struct Display {
    bar: ProgressBar,
    seen: BTreeMap<usize, StepState>,
}

impl Display {
    fn new() -> Self {
        let bar = if output::is_interactive() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style);
        }
        Self { bar, seen: BTreeMap::new() }
    }

    fn show(&mut self, progress: &RunProgress) {
        for (place, step) in progress.steps.iter().enumerate() {
            let changed = self.seen.insert(place, step.state) != Some(step.state);
            match step.state {
                StepState::Running => self.bar.set_message(running(step)),
                _ if changed && !self.bar.is_hidden() => self.bar.println(report::step_line(step)),
                _ => {}
            }
        }
        if let Some(why) = &progress.task_failure {
            self.bar.set_message(format!("its workflow task fails: {why}; docs/stuck.md"));
        }
        if progress.waits_for_worker {
            self.bar.set_message("waiting for a worker: start one with `ttai dev` or `ttai worker`");
        }
        self.bar.tick();
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// `Sync … 12 of 50: MSFT, 40 rows so far`.
fn running(step: &Step) -> String {
    format!("{} … {}", report::step_name(step), step.note).trim_end().to_owned()
}
