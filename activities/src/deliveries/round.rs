//! One round of deliveries of a user: each channel by itself, so that none waits for another.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use ttai_contract::failure::capped;
use ttai_contract::policy::DELIVERY;
use ttai_core::Message;
use ttai_core::message::MAX_TEXT;
use ttai_ports::{
    DeliveryClaim, DeliveryKey, DeliveryOutcome, MessageDelivery, MessageRoute, NewDigest, NewMessage,
    PortError, SettledDelivery, StoreError,
};

use super::digest::{self, Heading, Part};
use super::plan::{Plan, Traffic};
use super::rules::ChannelRule;
use super::{Deliverer, DeliveryRound};
use crate::notifications::send::{failure, with_files};

/// How many times the longest send a claim holds.
const CLAIM: u32 = 3;
/// How many messages a channel gets at once.
const AT_ONCE: usize = 8;
/// Deliveries that are read at once.
const PAGE: u32 = 1_000;
/// Each pass moves everything that it reads: no round needs as many.
const MOST_PASSES: usize = 50;
/// The waits between tries to record what was sent: unrecorded it would be sent again.
const RECORDING: [Duration; 3] = [Duration::from_millis(200), Duration::from_secs(1), Duration::from_secs(3)];

/// A round under way.
pub(super) struct Round<'a> {
    deliverer: &'a Deliverer,
    user: &'a str,
    /// Of these messages only; of all when empty.
    ids: &'a [String],
    /// The caller's clock when the round began.
    now: DateTime<Utc>,
    began: Instant,
    stop: CancellationToken,
    asked: bool,
    tally: Mutex<DeliveryRound>,
}

impl<'a> Round<'a> {
    pub(super) fn of(deliverer: &'a Deliverer, user: &'a str, now: DateTime<Utc>) -> Self {
        let (began, stop, tally) = (Instant::now(), CancellationToken::new(), Mutex::default());
        Self { deliverer, user, ids: &[], now, began, stop, asked: false, tally }
    }

    /// Of these messages only.
    pub(super) fn among(self, ids: &'a [String]) -> Self {
        Self { ids, ..self }
    }

    /// Begins no send once `stop` is cancelled.
    pub(super) fn until(self, stop: CancellationToken) -> Self {
        Self { stop, ..self }
    }

    /// A person waits for it: quiet hours hold nothing.
    pub(super) fn asked(self) -> Self {
        Self { asked: true, ..self }
    }

    pub(super) async fn run(self) -> Result<DeliveryRound, StoreError> {
        for _ in 0..MOST_PASSES {
            let ledger = &self.deliverer.deliveries;
            let due = ledger.due_deliveries(self.user, self.ids, self.time(), PAGE).await?;
            if due.is_empty() || self.is_over() {
                break;
            }
            let mut by_channel: BTreeMap<String, Vec<MessageDelivery>> = BTreeMap::new();
            for one in due {
                by_channel.entry(one.delivery.key.channel.clone()).or_default().push(one);
            }
            let served =
                join_all(by_channel.into_iter().map(|(channel, due)| self.serve(channel, due))).await;
            served.into_iter().collect::<Result<(), _>>()?;
        }
        Ok(self.tally.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn time(&self) -> DateTime<Utc> {
        TimeDelta::from_std(self.began.elapsed()).map_or(self.now, |elapsed| self.now + elapsed)
    }

    fn is_over(&self) -> bool {
        self.stop.is_cancelled()
    }

    fn tally(&self) -> MutexGuard<'_, DeliveryRound> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that is due over a channel, then the digests that it became.
    async fn serve(&self, channel: String, mut due: Vec<MessageDelivery>) -> Result<(), StoreError> {
        let Some(rule) = self.deliverer.rules.channel(&channel) else {
            let problem =
                format!("channel '{channel}' is not configured; docs/configuration.md: [channels.NAME]");
            return self.give_up(due, |_| problem.clone()).await;
        };
        while !due.is_empty() && !self.is_over() {
            due = self.pass(rule, due).await?;
        }
        Ok(())
    }

    async fn pass(
        &self,
        rule: &ChannelRule,
        due: Vec<MessageDelivery>,
    ) -> Result<Vec<MessageDelivery>, StoreError> {
        let now = self.time();
        let sent = match rule.per_minute {
            None => 0,
            Some(_) => self.deliverer.deliveries.sent_since(&rule.name, now - TimeDelta::minutes(1)).await?,
        };
        let traffic = Traffic { per_minute: rule.per_minute, sent: u32::try_from(sent).unwrap_or(u32::MAX) };
        let held_until = |one: &MessageDelivery| {
            self.deliverer.rules.held_until(&one.message, now).filter(|_| !self.asked)
        };
        let plan = Plan::of(due, now, traffic, held_until);
        self.give_up(plan.expired, expired).await?;
        for wait in plan.waiting {
            self.postpone(wait.of, wait.until, wait.held).await?;
        }
        self.send_each(rule, plan.single).await?;
        self.digest(rule, plan.digest).await
    }

    /// The claims that this process got, each with its delivery.
    async fn claim(
        &self,
        of: Vec<MessageDelivery>,
    ) -> Result<Vec<(MessageDelivery, DeliveryClaim)>, StoreError> {
        if of.is_empty() {
            return Ok(Vec::new());
        }
        let Deliverer { deliveries, claimant, longest_send, .. } = self.deliverer;
        let keys: Vec<DeliveryKey> = of.iter().map(|one| one.delivery.key.clone()).collect();
        let claims = deliveries.claim_deliveries(claimant, &keys, self.time(), *longest_send * CLAIM).await?;
        let mut claims: BTreeMap<DeliveryKey, DeliveryClaim> =
            claims.into_iter().map(|claim| (claim.key.clone(), claim)).collect();
        let with = |one: MessageDelivery| claims.remove(&one.delivery.key).map(|claim| (one, claim));
        Ok(of.into_iter().filter_map(with).collect())
    }

    async fn give_up(
        &self,
        of: Vec<MessageDelivery>,
        why: impl Fn(&MessageDelivery) -> String,
    ) -> Result<(), StoreError> {
        let claimed = self.claim(of).await?;
        let given_up = claimed.into_iter().map(|(one, claim)| {
            let problem = why(&one);
            tracing::warn!(message = one.message.id, channel = claim.key.channel, "not delivered: {problem}");
            SettledDelivery { claim, outcome: DeliveryOutcome::GivenUp { problem } }
        });
        self.settle(given_up.collect()).await
    }

    async fn postpone(
        &self,
        of: Vec<MessageDelivery>,
        due_at: DateTime<Utc>,
        held: bool,
    ) -> Result<(), StoreError> {
        let released =
            |(_, claim)| SettledDelivery { claim, outcome: DeliveryOutcome::Released { due_at, held } };
        let claimed = self.claim(of).await?;
        self.settle(claimed.into_iter().map(released).collect()).await
    }

    /// Sends message by message, oldest first. Where the channel fails, the others wait until it is asked again.
    async fn send_each(&self, rule: &ChannelRule, mut left: Vec<MessageDelivery>) -> Result<(), StoreError> {
        while !left.is_empty() && !self.is_over() {
            // A channel that failed before is asked with one message.
            let count = if left[0].delivery.answers > 0 { 1 } else { AT_ONCE };
            let rest = left.split_off(count.min(left.len()));
            let claimed = self.claim(left).await?;
            let settled = join_all(claimed.into_iter().map(|one| self.send(&rule.name, one))).await;
            let again = settled.iter().filter_map(|settled| match settled.outcome {
                DeliveryOutcome::Failed { next_at, .. } => Some(next_at),
                _ => None,
            });
            let again = again.max();
            self.settle(settled).await?;
            if let Some(again) = again {
                return self.postpone(rest, again, false).await;
            }
            left = rest;
        }
        Ok(())
    }

    async fn send(&self, channel: &str, (one, claim): (MessageDelivery, DeliveryClaim)) -> SettledDelivery {
        let message = prepared(&one, &claim, self.time());
        let (message, files) = with_files(self.deliverer.artifacts.as_ref(), message).await;
        let sending = self.deliverer.notifier.send(channel, &message, &files);
        let longest = self.deliverer.longest_send;
        let answer = timeout(longest, sending).await.unwrap_or_else(|_| {
            let detail = format!("no answer within {} s", longest.as_secs_f32());
            Err(PortError::OutcomeUnknown { provider: channel.to_owned(), detail })
        });
        let outcome = match answer {
            Ok(()) => DeliveryOutcome::Sent { at: self.time(), receipt: one.message.id },
            Err(error) => self.failed(channel, &one, error),
        };
        SettledDelivery { claim, outcome }
    }

    fn failed(&self, channel: &str, one: &MessageDelivery, error: PortError) -> DeliveryOutcome {
        // Somebody may put the credentials right before the message expires.
        let refused = matches!(error, PortError::Authentication { .. });
        let failed = failure(channel.to_owned(), error);
        let problem = capped(&failed.message);
        if !failed.retryable && !refused {
            return DeliveryOutcome::GivenUp { problem };
        }
        let answers = one.delivery.answers.saturating_add(1);
        let wait = if refused { DELIVERY.maximum_interval } else { failed.wait(answers) };
        let now = self.time();
        let next_at = TimeDelta::from_std(wait).ok().and_then(|wait| now.checked_add_signed(wait));
        let next_at = next_at.map_or(one.message.expires_at, |next| next.min(one.message.expires_at));
        DeliveryOutcome::Failed { next_at, problem, may_have_arrived: failed.may_have_arrived }
    }

    /// Puts deliveries into digests: the digests, which are due now.
    async fn digest(
        &self,
        rule: &ChannelRule,
        of: Vec<MessageDelivery>,
    ) -> Result<Vec<MessageDelivery>, StoreError> {
        let claimed = self.claim(of).await?;
        if claimed.is_empty() {
            return Ok(Vec::new());
        }
        let part = |(one, claim): &'_ (MessageDelivery, DeliveryClaim)| {
            (one.message.clone(), claim.may_have_arrived)
        };
        let parts: Vec<_> = claimed.iter().map(part).collect();
        let parts: Vec<Part<'_>> =
            parts.iter().map(|(message, may_repeat)| Part { message, may_repeat: *may_repeat }).collect();
        let heading = Heading {
            channel: &rule.name,
            zone: self.deliverer.rules.user(self.user).zone,
            characters: rule.digest_characters,
            now: self.time(),
        };
        let mut claims = claimed.iter().map(|(_, claim)| claim.clone());
        let digests: Vec<NewDigest> = digest::digests(&parts, heading)
            .into_iter()
            .map(|(record, count)| {
                let routes = vec![MessageRoute { channel: rule.name.clone(), held_until: None }];
                NewDigest {
                    message: NewMessage { record, routes },
                    of: claims.by_ref().take(count).collect(),
                }
            })
            .collect();
        if !self.deliverer.deliveries.digest_deliveries(&digests).await? {
            tracing::warn!(
                channel = rule.name,
                "a digest was given up: another process delivers its messages"
            );
            return Ok(Vec::new());
        }
        self.tally().digested += u32::try_from(claimed.len()).unwrap_or(u32::MAX);
        let ids: Vec<String> = digests.into_iter().map(|digest| digest.message.record.id).collect();
        self.deliverer.deliveries.due_deliveries(self.user, &ids, self.time(), PAGE).await
    }

    /// Records what claims came to, for some time also where the store is away.
    async fn settle(&self, settled: Vec<SettledDelivery>) -> Result<(), StoreError> {
        if settled.is_empty() {
            return Ok(());
        }
        self.count(&settled);
        let ledger = &self.deliverer.deliveries;
        for wait in RECORDING {
            match ledger.settle_deliveries(&settled).await {
                Err(StoreError::Unavailable(why)) => {
                    tracing::warn!("what was delivered could not be recorded yet: {why}");
                    tokio::time::sleep(wait).await;
                }
                outcome => return outcome.map(drop),
            }
        }
        ledger.settle_deliveries(&settled).await.map(drop)
    }

    fn count(&self, settled: &[SettledDelivery]) {
        let mut tally = self.tally();
        for SettledDelivery { claim, outcome } in settled {
            let problem = match outcome {
                DeliveryOutcome::Sent { .. } => {
                    tally.sent += 1;
                    continue;
                }
                DeliveryOutcome::Released { .. } => {
                    tally.waiting += 1;
                    continue;
                }
                DeliveryOutcome::Failed { problem, .. } => {
                    tally.failed += 1;
                    problem
                }
                DeliveryOutcome::GivenUp { problem } => {
                    tally.given_up += 1;
                    problem
                }
            };
            tally.problem = Some(format!("{}: {problem}", claim.key.channel));
        }
    }
}

/// Why an expired delivery was not made in time.
fn expired(one: &MessageDelivery) -> String {
    let problem = one.delivery.problem.as_deref().unwrap_or("not sent in time");
    capped(&format!("expired: {problem}"))
}

/// The message as it is sent now.
fn prepared(one: &MessageDelivery, claim: &DeliveryClaim, now: DateTime<Utc>) -> Message {
    let record = &one.message;
    let mut message = record.message.clone();
    message.delivery_id.clone_from(&record.id);
    message.expires_at = Some(record.expires_at);
    message.may_repeat |= claim.may_have_arrived;
    let late = digest::span_in_words(now - record.created_at).filter(|_| !digest::is_digest(record));
    if let Some(late) = late {
        let text = format!("Delayed {late}.\n\n{}", message.text);
        // A text that has no room for it is its own evidence of the time.
        if text.chars().count() <= MAX_TEXT {
            text.trim_end().clone_into(&mut message.text);
        }
    }
    message
}
