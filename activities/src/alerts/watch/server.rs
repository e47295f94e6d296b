//! A watch that the server does not acknowledge: nothing fires until it does.

use std::pin::Pin;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;
use ttai_ports::{LeaseGrant, StoreError};

use super::{CLOCK, End, Host, Watch};
use crate::alerts::acknowledged::Acknowledgement;
use crate::alerts::sight::{Blindness, Sight};
use crate::alerts::watched;
use crate::clock::patient;

impl Watch<'_> {
    /// Nobody acknowledges the watch any more. Its lease is free for whoever has been given its place; nothing is taken from the
    /// stream and nothing fires until the server answers. Where the place is still its own, what was missed is a gap.
    pub(super) async fn await_server(
        &mut self,
        host: &Host<'_>,
        server: &mut Acknowledgement,
        mut ended: Pin<&mut impl Future<Output = End>>,
    ) -> Result<(), End> {
        let since = match self.desk.newest() {
            Some(newest) => newest,
            None => self.market_now(&[]).await,
        };
        tracing::warn!("{}: the Temporal server does not answer; no alert fires", self.grant.name);
        self.set_lease_down().await;
        let (mut clock, mut beat) = (patient(CLOCK), patient(host.silence / 3));
        loop {
            tokio::select! {
                biased;
                end = &mut ended => return Err(end),
                () = server.answered() => break,
                // The server is to find one as soon as it listens again.
                _ = beat.tick() => host.beat(&self.progress(None)).await,
                _ = clock.tick() => self.say_deaf(since, server.age()).await,
                Some(_) = self.sends.join_next(), if !self.sends.is_empty() => {}
                event = self.stream.next() => {
                    event.ok_or_else(|| self.stream_ended())?;
                    self.last_event = Instant::now();
                }
            }
        }
        if server.is_unwanted() {
            return Err(End::Recalled);
        }
        self.take_lease_up().await?;
        let until = self.market_now(&[]).await.max(since);
        self.miss(since, until, "the Temporal server did not answer");
        Ok(())
    }

    pub(super) async fn say_deaf(&mut self, since: DateTime<Utc>, silent_for: Duration) {
        let now = self.market_now(&[]).await;
        watched::note(&self.grant.name, self.last_event, silent_for, Some(since));
        let is_new = !matches!(self.sight, Sight::Blind(..));
        if is_new && !self.subscribed.is_empty() && ttai_calendar::part_of_day(now).is_some() {
            self.see(Sight::Blind(since, Blindness::NoServer));
        }
    }

    pub(super) async fn set_lease_down(&mut self) {
        if let Err(error) = self.ports.leases.release_lease(&self.grant).await {
            tracing::warn!("the lease of {} ends by itself: {error}", self.grant.name);
        }
    }

    /// The lease again, where nobody has taken it meanwhile.
    pub(super) async fn take_lease_up(&mut self) -> Result<(), End> {
        let LeaseGrant { name, holder, number, .. } = &self.grant;
        match self.ports.leases.acquire_lease(name, holder, self.silence).await? {
            Some(grant) => self.grant = grant,
            None => return Err(StoreError::StaleLease { name: name.clone(), number: *number }.into()),
        }
        Ok(())
    }
}
