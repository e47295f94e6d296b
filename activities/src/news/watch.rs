//! A stretch of watching the news: a look, then a wait, until somebody wants it to end.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use ttai_contract::news::RECENT_NEWS;
use ttai_contract::{NewsWatch, WatchNewsParams};
use ttai_core::NEW_YORK;
use ttai_ports::NewMessage;

use super::look::{Look, Looker};
use crate::agent::AskingActivity;
use crate::clock::{patient, wall_clock};
use crate::compute::Compute;
use crate::failure::AnalystError;
use crate::ports::Ports;
use crate::recalls::{ASKED_EVERY, NEWS, is_recalled};
use crate::supervise::Progress;

/// How soon a look that failed is repeated, where the interval is longer.
const AGAIN: Duration = Duration::from_secs(60);
/// How soon a watchlist that was empty is looked at again.
const EMPTY: Duration = Duration::from_secs(15);
/// How long a watch that has to go waits for what it is sending.
const LAST_SENDS: Duration = Duration::from_secs(3);

/// Watches until it is told to stop, and answers where it is.
pub(super) async fn watch(
    ports: &Ports,
    compute: &Compute,
    by: AskingActivity,
    params: WatchNewsParams,
    progress: Progress,
    stop: CancellationToken,
) -> Result<NewsWatch, AnalystError> {
    let channels: Vec<String> = params.notify_channels.iter().map(ToString::to_string).collect();
    let looker = Looker {
        ports,
        compute,
        user_id: &params.user_id,
        min_significance: params.min_significance,
        channels: &channels,
        by: &by,
        progress: &progress,
    };
    let mut watching =
        Watching { ports, params: &params, watch: params.watch.clone(), sends: JoinSet::new() };
    loop {
        let began = Instant::now();
        // What a look that is dropped has recorded is delivered by whoever drives deliveries.
        let next_in = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            () = watching.recalled() => break,
            look = looker.look(&params.watch.wanted) => watching.take(look)?,
        };
        progress.step(&watching.step());
        tokio::select! {
            () = stop.cancelled() => break,
            () = watching.recalled() => break,
            () = sleep_until(began + next_in) => {}
        }
        while watching.sends.try_join_next().is_some() {}
    }
    let _ = timeout(LAST_SENDS, std::mem::take(&mut watching.sends).join_all()).await;
    Ok(watching.watch)
}

struct Watching<'a> {
    ports: &'a Ports,
    params: &'a WatchNewsParams,
    watch: NewsWatch,
    sends: JoinSet<()>,
}

impl Watching<'_> {
    /// Takes in what a look came to; how long after its beginning the next one begins.
    fn take(&mut self, look: Result<Look, AnalystError>) -> Result<Duration, AnalystError> {
        let interval = Duration::from_secs(u64::from(self.params.check_interval_minutes) * 60);
        let look = match look {
            Ok(look) => look,
            Err(error) if error.failure_type().is_retryable() => {
                tracing::warn!("the news could not be looked at: {error}");
                self.watch.problems = vec![error.to_string()];
                return Ok(interval.min(AGAIN));
            }
            Err(error) => return Err(error),
        };
        let watch = &mut self.watch;
        watch.checks += 1;
        watch.last_check = look.at;
        watch.watched = look.watched;
        watch.stories = watch.stories.saturating_add(look.stories);
        watch.alerted = watch.alerted.saturating_add(u64::try_from(look.told.len()).unwrap_or(u64::MAX));
        watch.recent_alerts.splice(0..0, look.told.into_iter().rev());
        watch.recent_alerts.truncate(RECENT_NEWS);
        watch.sources = look.sources;
        watch.problems = look.problems;
        self.send(look.messages);
        // Somebody may be about to name the first symbol.
        Ok(if self.watch.watched.is_empty() { interval.min(EMPTY) } else { interval })
    }

    fn send(&mut self, messages: Vec<NewMessage>) {
        if messages.is_empty() {
            return;
        }
        let deliverer = self.ports.deliverer.clone();
        self.sends.spawn(async move {
            if let Err(error) = deliverer.first_send(&messages, wall_clock()).await {
                tracing::warn!("what was not sent is sent by whoever drives deliveries: {error}");
            }
        });
    }

    /// Returns once the store says that somebody wants the stretch to end.
    async fn recalled(&self) {
        let mut looks = patient(ASKED_EVERY);
        let WatchNewsParams { user_id, stretch, .. } = self.params;
        loop {
            looks.tick().await;
            if is_recalled(&*self.ports.recalls, user_id.as_str(), NEWS, stretch).await {
                return;
            }
        }
    }

    /// Where it is, in a line for the Temporal UI.
    fn step(&self) -> String {
        let watch = &self.watch;
        let at = watch.last_check.map(|at| at.with_timezone(&NEW_YORK).format("%H:%M ET").to_string());
        let silent = watch.sources.iter().filter(|source| source.problem.is_some()).count();
        let silent = if silent > 0 { format!(", {silent} sources silent") } else { String::new() };
        format!(
            "last check {}, {} symbols, {} stories seen, {} told{silent}",
            at.unwrap_or_default(),
            watch.watched.len(),
            watch.stories,
            watch.alerted
        )
    }
}
