//! The commands, one a file.

pub mod alert;
pub mod analyze;
pub mod backup;
pub mod calc;
pub mod cancel;
pub mod config;
mod desk;
pub mod dev;
pub mod doctor;
mod doctor_schedules;
mod doctor_trading;
pub mod drill;
pub mod health;
pub mod history;
pub mod journal;
mod kept;
pub mod list;
pub mod mcp;
pub mod monitor;
pub mod news;
pub mod notify;
pub mod portfolio;
pub mod preferences;
pub mod quotes;
pub mod record;
mod repair;
pub mod report;
pub mod schedule;
pub mod screen;
pub mod screener;
pub mod setup;
pub mod shell;
pub mod show;
pub mod sim;
pub mod start;
pub mod store;
pub mod sync;
pub mod trade;
pub mod wait;
pub mod watch;
pub mod watchlist;
pub mod worker;

use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Serialize;
use ttai_activities::cores;

use crate::cli::{Cli, Command, RunCommand};

/// Threads for files and names beside those that compute, of which there is one a core. Each holds on to memory that it has freed.
const THREADS_FOR_FILES: usize = 6;

/// What was deleted.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Deleted {
    deleted: String,
}

/// Runs the command.
///
/// # Errors
/// What the command could not do, for the terminal.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    // Plain computing on standard input: no runtime, no network.
    if let Command::Calc(args) = cli.command {
        return calc::run(*args);
    }
    // Reading files is all that these do.
    if let Command::Config(command) = &cli.command {
        return config::run(&cli.global, command);
    }
    match &cli.command {
        Command::Completions { shell } => return shell::completions(*shell),
        Command::Man(args) => return shell::man(args),
        _ => {}
    }
    // One TLS implementation for the whole binary. A second installation fails and changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(cores() + THREADS_FOR_FILES)
        .build()?;
    let outcome = runtime.block_on(dispatch(cli));
    // What still computes is not worth waiting for.
    runtime.shutdown_background();
    outcome
}

async fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    let global = cli.global;
    match cli.command {
        Command::Dev(args) => dev::run(&global, args).await,
        Command::Mcp(args) => mcp::run(&global, args).await,
        Command::Worker(args) => worker::run(&global, args).await,
        Command::Analyze(args) => analyze::run(&global, *args).await,
        Command::Screen(args) => screen::run(&global, *args).await,
        Command::Screener(command) => screener::run(&global, command).await,
        Command::Show(args) | Command::Run(RunCommand::Show(args)) => show::run(&global, args).await,
        Command::List(args) | Command::Run(RunCommand::List(args)) => list::run(&global, args).await,
        Command::Calc(args) => calc::run(*args),
        Command::Record(args) => record::run(&global, args).await,
        Command::Quotes(args) => quotes::run(&global, args).await,
        Command::Watch(args) => watch::run(&global, args).await,
        Command::Portfolio(args) => portfolio::run(&global, *args).await,
        Command::Roll(args) => portfolio::roll(&global, args).await,
        Command::Wheel(args) => portfolio::wheel(&global, args).await,
        Command::Drill(command) => drill::run(&global, command).await,
        Command::Alert(command) => alert::run(&global, command).await,
        Command::Watchlist(command) => watchlist::run(&global, command).await,
        Command::Preferences(command) => preferences::run(&global, command).await,
        Command::News(args) => news::run(&global, args).await,
        Command::Monitor(command) => monitor::run(&global, command).await,
        Command::Notify(command) => notify::run(&global, command).await,
        Command::Report(command) => report::run(&global, command).await,
        Command::Schedule(command) => schedule::run(&global, command).await,
        Command::Trade(command) => trade::run(&global, command).await,
        Command::Journal(command) => journal::run(&global, command).await,
        Command::Sync(command) => sync::run(&global, command).await,
        Command::Sim(args) => sim::run(&global, args).await,
        Command::Config(command) => config::run(&global, &command),
        Command::Wait(args) | Command::Run(RunCommand::Wait(args)) => wait::run(&global, args).await,
        Command::Cancel(args) | Command::Run(RunCommand::Cancel(args)) => cancel::run(&global, args).await,
        Command::History(args) | Command::Run(RunCommand::History(args)) => history::run(&global, args).await,
        Command::Setup(args) => setup::run(&global, args).await,
        Command::Completions { shell } => shell::completions(shell),
        Command::Man(args) => shell::man(&args),
        Command::Start(args) => start::run(&global, args).await,
        Command::Doctor(args) => doctor::run(&global, args).await,
        Command::Store(command) => store::run(&global, command).await,
        Command::Backup(args) => backup::back_up(&global, args).await,
        Command::Restore(args) => backup::restore(&global, args).await,
        Command::Health(args) => health::run(&global, args).await,
    }
}

/// Returns on SIGTERM or Ctrl-C.
///
/// # Errors
/// A system without signals.
pub(crate) async fn asked_to_stop() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        Ok(())
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
