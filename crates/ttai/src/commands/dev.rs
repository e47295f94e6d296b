//! `ttai dev`: everything here, with one command.

use std::process::ExitCode;

use super::asked_to_stop;

use crate::cli::{DevArgs, GlobalArgs};
use crate::exit_kind::ExitKind;
use crate::local::LocalTtai;
use crate::readiness::Readiness;
use crate::settings::Settings;
use crate::{metrics, output, server, sources, wiring};

/// Runs the command.
///
/// # Errors
/// What keeps the server, the market, the store or the worker from starting.
pub async fn run(global: &GlobalArgs, args: DevArgs) -> anyhow::Result<ExitCode> {
    let settings = sources::resolved(Settings::load(global, Some(&args.market))?).await;
    let readiness = Readiness::default();
    metrics::serve_configured(args.metrics, &settings, &readiness).await?;
    let mut options = server::dev_server_options(&settings)?;
    options.port = args.port;
    options.ui_port = args.ui_port;
    let mut local = LocalTtai::start(&settings, options).await?;
    readiness.polls(local.client.temporal().clone(), local.workers.shutdown());

    output::note(&welcome(&settings, &local));
    let outcome = tokio::select! {
        signal = asked_to_stop() => signal.map_err(Into::into),
        ended = local.server.wait() => Err(match ended {
            Ok(status) => anyhow::anyhow!("the Temporal server exited unexpectedly ({status:?}); its log is {}", local.server.log().display()),
            Err(error) => error.into(),
        }),
    };
    output::note("stopping");
    tokio::select! {
        stopped = local.stop() => stopped?,
        _ = asked_to_stop() => return Ok(ExitKind::Interrupted.into()),
    }
    outcome.map(|()| ExitCode::SUCCESS)
}

fn welcome(settings: &Settings, local: &LocalTtai) -> String {
    let names: Vec<&str> = local.symbols.iter().take(8).map(ttai_core::Symbol::as_str).collect();
    let first = names.first().copied().unwrap_or("AAPL");
    let ui = local.server.ui_address().unwrap_or_else(|| "off".to_owned());
    let practice = settings.market.practice_note();
    let practice = practice.map(|note| format!("\n               {note}")).unwrap_or_default();
    format!(
        "ttai is running\n  market       {}{practice}\n  symbols      {}\n  Temporal UI  {ui}\n  Temporal     {}\n  store        {}\n  schedules    {}\n\nTry, in another terminal:\n  ttai analyze {first}\n  ttai alert add \"{first} up 0.1% in 5 minutes\"\n  ttai quotes {first} --follow\n  ttai portfolio\n\nCtrl-C stops it; running work continues at the next start.",
        settings.market.describe(),
        names.join(", "),
        local.server.address(),
        wiring::store_url(settings).map_or_else(|error| format!("{error:#}"), |url| url.to_string()),
        local.scheduled,
    )
}
