//! `ttai dev`: everything here, with one command.

use std::process::ExitCode;
use std::sync::Arc;

use super::asked_to_stop;
use ttai_contract::TaskQueue;

use crate::boot::Monitors;
use crate::cli::{DevArgs, GlobalArgs};
use crate::guard::DeadManPing;
use crate::readiness::Readiness;
use crate::settings::Settings;
use crate::worker::{RunningWorkers, WorkerSettings};
use crate::{boot, metrics, output, server, sources, wiring};

/// Runs the command.
///
/// # Errors
/// What keeps the server, the market, the store or the worker from starting.
pub async fn run(global: &GlobalArgs, args: DevArgs) -> anyhow::Result<ExitCode> {
    let settings = sources::resolved(Settings::load(global, Some(&args.market))?).await;
    let readiness = Readiness::default();
    metrics::serve_configured(args.metrics, &settings, &readiness).await?;
    let ports = wiring::ports(&settings).await?;
    let symbols = ports.market.symbols().await.unwrap_or_default();
    let mut options = server::dev_server_options(&settings)?;
    options.port = args.port;
    options.ui_port = args.ui_port;
    let mut dev_server = server::start(options).await?;
    let folder = settings.server_dir()?;
    let client = server::connect_in(&folder, &dev_server.address(), dev_server.namespace()).await?;
    let ping = DeadManPing::configured(&settings.config);
    let worker_settings = WorkerSettings { ping, ..WorkerSettings::default() };
    let (brokers, market) = (ports.brokers.clone(), Arc::clone(&ports.market));
    let stopped = Arc::clone(&ports.stopped_monitors);
    let workers = RunningWorkers::start(client.temporal().clone(), ports, worker_settings).await?;
    let monitors = Monitors { client: client.clone(), stopped, drill: false, shutdown: workers.shutdown() };
    monitors.start(&TaskQueue::ALL, brokers).await?;
    readiness.polls(client.temporal().clone(), workers.shutdown());
    let scheduled = boot::apply_schedules(&client, &settings, market, workers.shutdown()).await;
    boot::keep_schedules(&client, &settings, &TaskQueue::ALL, workers.shutdown());

    output::note(&welcome(&settings, &dev_server, &symbols, &scheduled));
    let outcome = tokio::select! {
        signal = asked_to_stop() => signal.map_err(Into::into),
        ended = dev_server.wait() => Err(match ended {
            Ok(status) => anyhow::anyhow!("the Temporal server exited unexpectedly ({status:?}); its log is {}", dev_server.log().display()),
            Err(error) => error.into(),
        }),
    };
    output::note("stopping");
    tokio::select! {
        stopped = workers.stop() => stopped?,
        _ = asked_to_stop() => return Ok(ExitCode::from(super::INTERRUPTED)),
    }
    dev_server.stop().await?;
    outcome.map(|()| ExitCode::SUCCESS)
}

fn welcome(
    settings: &Settings,
    dev_server: &ttai_dev_server::DevServer,
    symbols: &[ttai_core::Symbol],
    scheduled: &str,
) -> String {
    let names: Vec<&str> = symbols.iter().take(8).map(ttai_core::Symbol::as_str).collect();
    let first = names.first().copied().unwrap_or("AAPL");
    let ui = dev_server.ui_address().unwrap_or_else(|| "off".to_owned());
    let practice = settings.market.practice_note();
    let practice = practice.map(|note| format!("\n               {note}")).unwrap_or_default();
    format!(
        "ttai is running\n  market       {}{practice}\n  symbols      {}\n  Temporal UI  {ui}\n  Temporal     {}\n  store        {}\n  schedules    {scheduled}\n\nTry, in another terminal:\n  ttai analyze {first}\n  ttai alert add \"{first} up 0.1% in 5 minutes\"\n  ttai quotes {first} --follow\n  ttai portfolio\n\nCtrl-C stops it; running work continues at the next start.",
        settings.market.describe(),
        names.join(", "),
        dev_server.address(),
        wiring::store_url(settings).map_or_else(|error| format!("{error:#}"), |url| url.to_string()),
    )
}
