//! `ttai notify`: sends a message, or tries the channels.

use std::process::ExitCode;

use anyhow::bail;
use ttai_ports::Message;

use crate::cli::{GlobalArgs, NotifyCommand};
use crate::settings::Settings;
use crate::{output, wiring};

/// Runs the command.
///
/// # Errors
/// A channel that is not configured, or settings that cannot be used. A failed delivery is an exit code.
pub async fn run(global: &GlobalArgs, command: NotifyCommand) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, None)?;
    let notifier = wiring::notifier(&settings, &wiring::limits(&settings).await?)?;
    let configured = notifier.channels();
    let (channels, message) = match command {
        NotifyCommand::Send { channel, text, title } => (vec![channel], message(title, text)),
        NotifyCommand::Test { channels } => {
            let text = "Test message from ttai. This channel works.".to_owned();
            let all = if channels.is_empty() { configured.clone() } else { channels };
            (all, message("ttai test".to_owned(), text))
        }
    };
    if let Some(unknown) = channels.iter().find(|channel| !configured.contains(channel)) {
        bail!(
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
