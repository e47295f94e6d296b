//! What a full analysis costs, beside a bare Python worker: processor time of worker and server, actions, history, memory.
//!
//! `cargo run --release -p ttai --example bench_analysis -- --tape DIR`; the README beside this file says what is measured and how.

mod drive;
mod figures;
mod measure;
mod options;
mod process;
mod python;
mod report;
mod workload;

use std::process::ExitCode;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use ttai::exit_kind::ExitKind;
use ttai::output;

use crate::options::Options;
use crate::report::Report;

fn main() -> ExitCode {
    if let Some(code) = process::run_if_worker() {
        return code;
    }
    let options = Options::parse().settled();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    // Dropping what runs ends every process that it started.
    let outcome = runtime.block_on(async {
        tokio::select! {
            outcome = run(&options) => Some(outcome),
            stop = asked_to_stop() => stop.err().map(|error| Err(error.into())),
        }
    });
    runtime.shutdown_background();
    match outcome {
        Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(error)) => failed(&error),
        None => ExitKind::Interrupted.into(),
    }
}

/// Returns on Ctrl-C or SIGTERM.
async fn asked_to_stop() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    output::error(error);
    ExitCode::FAILURE
}

async fn run(options: &Options) -> anyhow::Result<()> {
    if cfg!(debug_assertions) {
        output::note("not an optimised build: what it measures says nothing about the product");
    }
    let bench = measure::Bench::prepare(options).await?;
    let mut report = Report::new(options);
    for round in 1..=options.rounds {
        for row in options.rows() {
            let sample = bench.measure(row).await?;
            output::note(&format!(
                "round {round} of {} · {} · {:.1} s",
                options.rounds,
                row.name(),
                sample.wall()
            ));
            report.add(row, sample);
        }
    }
    output::line(&if options.json { report.json()? } else { report.text() });
    Ok(())
}
