//! `ttai notify`: sends a message, tries the channels, and shows what became of messages.

use std::process::ExitCode;

use chrono::Utc;
use ttai_activities::{Deliverer, DeliveryRound, StillOpen};
use ttai_ports::{DeliveryFilter, Message, MessageDelivery};

use crate::cli::{GlobalArgs, NotifyCommand, NotifyListArgs, NotifyRetryArgs};
use crate::deliveries::Driver;
use crate::exit_kind::fail;
use crate::settings::Settings;
use crate::{output, report, server, wiring};

/// Runs the command.
///
/// # Errors
/// A channel that is not configured, or settings that cannot be used. A failed delivery is an exit code.
pub async fn run(global: &GlobalArgs, command: NotifyCommand) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, None)?;
    match command {
        NotifyCommand::List(args) => list(&settings, args).await,
        NotifyCommand::Show { id, json } => show(&settings, &id, json).await,
        NotifyCommand::Retry(args) => retry(&settings, args).await,
        NotifyCommand::Send { channel, text, title } => {
            send(&settings, vec![channel], message(title, text)).await
        }
        NotifyCommand::Test { channels } => test(&settings, channels).await,
    }
}

/// Tries the channels, or all.
pub(super) async fn test(settings: &Settings, channels: Vec<String>) -> anyhow::Result<ExitCode> {
    let text = "Test message from ttai. This channel works.".to_owned();
    send(settings, channels, message("ttai test".to_owned(), text)).await
}

/// Sends to the channels, or to all.
async fn send(settings: &Settings, channels: Vec<String>, message: Message) -> anyhow::Result<ExitCode> {
    let notifier = wiring::notifier(settings, &wiring::limits(settings).await?)?;
    let configured = notifier.channels();
    let channels = if channels.is_empty() { configured.clone() } else { channels };
    if let Some(unknown) = channels.iter().find(|channel| !configured.contains(channel)) {
        fail!(
            NotFound,
            "no channel {unknown} is configured; there are {}; docs/configuration.md: [channels.NAME]",
            configured.join(", ")
        );
    }
    let mut failed = false;
    for channel in &channels {
        match notifier.send(channel, &message, &[]).await {
            Ok(()) => output::line(&format!("{channel}: delivered")),
            Err(error) => {
                failed = true;
                output::line(&format!("{channel}: {error}"));
            }
        }
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn message(title: String, text: String) -> Message {
    let delivery_id = format!("notify-{}", uuid::Uuid::new_v4());
    Message { title, text, delivery_id, ..Message::default() }
}

async fn list(settings: &Settings, args: NotifyListArgs) -> anyhow::Result<ExitCode> {
    let NotifyListArgs { open, limit, user, json } = args;
    let filter = DeliveryFilter { user_id: user, open, limit: Some(limit), ..DeliveryFilter::default() };
    let found = wiring::deliverer(settings).await?.deliveries.list_deliveries(&filter).await?;
    if json {
        output::json(&found)?;
    } else if found.is_empty() {
        output::note(if open { "everything is delivered" } else { "no messages yet" });
    } else {
        output::line(&report::deliveries(&found, Utc::now()));
    }
    Ok(ExitCode::SUCCESS)
}

async fn show(settings: &Settings, id: &str, json: bool) -> anyhow::Result<ExitCode> {
    let found = of_message(&wiring::deliverer(settings).await?, id).await?;
    if json {
        output::json(&found)?;
    } else {
        output::line(&report::message(&found, Utc::now()));
    }
    Ok(ExitCode::SUCCESS)
}

/// The deliveries of a message.
async fn of_message(deliverer: &Deliverer, id: &str) -> anyhow::Result<Vec<MessageDelivery>> {
    let Some(record) = deliverer.messages.message(id).await? else {
        fail!(NotFound, "there is no message {id}; `ttai notify list` shows the ids");
    };
    let filter = DeliveryFilter {
        user_id: record.user_id,
        message_id: Some(id.to_owned()),
        limit: Some(1_000),
        ..DeliveryFilter::default()
    };
    Ok(deliverer.deliveries.list_deliveries(&filter).await?)
}

/// Delivers here and now; what is then still open is driven by a worker.
async fn retry(settings: &Settings, args: NotifyRetryArgs) -> anyhow::Result<ExitCode> {
    let NotifyRetryArgs { id, user, .. } = args;
    let deliverer = wiring::deliverer(settings).await?;
    if let Some(id) = &id {
        of_message(&deliverer, id).await?;
    }
    let now = Utc::now();
    if deliverer.deliveries.retry_deliveries(&user, id.as_deref(), now).await? == 0 {
        output::note("nothing to retry: everything is delivered, or being sent right now");
        return Ok(ExitCode::SUCCESS);
    }
    let round = deliverer.deliver_asked(&user, id.as_deref(), now).await?;
    if round.leaves_open()
        && let Some(due_at) = deliverer.deliveries.next_due(&user).await?
        && let Some(client) = server::existing_client(settings).await.ok().flatten()
        && let Err(error) = Driver::over(client).drive(&StillOpen { user_id: user, due_at }).await
    {
        output::note(&format!("no worker was told of what is still open: {error}"));
    }
    output::line(&outcome(&round));
    Ok(if round.failed + round.given_up > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// `3 sent, 1 failed (desk: desk is unavailable)`.
fn outcome(round: &DeliveryRound) -> String {
    let counts = [
        (round.sent, "sent"),
        (round.digested, "in a digest"),
        (round.waiting, "waiting"),
        (round.failed, "failed"),
        (round.given_up, "given up"),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts.map(|(count, what)| format!("{count} {what}")).collect();
    let problem = round.problem.as_ref().map(|problem| format!(" ({problem})")).unwrap_or_default();
    format!("{}{problem}", counts.join(", "))
}
