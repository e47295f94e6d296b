//! What is done about everything that is due over one channel. Pure.
//!
//! A channel's limit is kept in two parts: three quarters for messages by themselves, the rest for digests, so that what a
//! burst leaves over is told soon and not only in the next minute.

use chrono::{DateTime, TimeDelta, Utc};
use ttai_core::Severity;
use ttai_ports::MessageDelivery;

use super::digest;

/// A channel as it is now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Traffic {
    /// Messages a minute; none without a limit.
    pub(super) per_minute: Option<u32>,
    /// Messages that it took within the last minute.
    pub(super) sent: u32,
}

/// What waits, with when it is due again and whether it then goes into a digest.
#[derive(Debug, PartialEq)]
pub(super) struct Wait {
    pub(super) of: Vec<MessageDelivery>,
    pub(super) until: DateTime<Utc>,
    pub(super) held: bool,
}

/// Each delivery is in one part.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Plan {
    /// Not worth sending any more.
    pub(super) expired: Vec<MessageDelivery>,
    /// Not now.
    pub(super) waiting: Vec<Wait>,
    /// Together.
    pub(super) digest: Vec<MessageDelivery>,
    /// Each by itself.
    pub(super) single: Vec<MessageDelivery>,
}

impl Traffic {
    /// How many messages may go by themselves, and how many at all.
    fn left(self) -> (usize, usize) {
        let Some(limit) = self.per_minute else { return (usize::MAX, usize::MAX) };
        let left = |of: u32| usize::try_from(of.saturating_sub(self.sent)).unwrap_or(usize::MAX);
        (left(limit - limit / 4), left(limit))
    }

    /// When the next digest goes: those of a minute together fit the last quarter of the limit.
    fn next_digest(self, now: DateTime<Utc>) -> DateTime<Utc> {
        let a_minute = self.per_minute.map_or(60, |limit| (limit / 4).clamp(2, 60));
        let gap = TimeDelta::milliseconds(60_000 / i64::from(a_minute));
        let into = now.timestamp_millis().rem_euclid(gap.num_milliseconds());
        now + gap - TimeDelta::milliseconds(into)
    }
}

fn is_critical(due: &MessageDelivery) -> bool {
    due.message.message.severity == Severity::Critical
}

impl Plan {
    /// Plans for deliveries that are due, oldest message first. `held_until` says which of them quiet hours hold.
    pub(super) fn of(
        due: Vec<MessageDelivery>,
        now: DateTime<Utc>,
        traffic: Traffic,
        held_until: impl Fn(&MessageDelivery) -> Option<DateTime<Utc>>,
    ) -> Self {
        let mut plan = Self::default();
        let (mut held, mut fresh, mut digests) = (Vec::new(), Vec::new(), Vec::new());
        for one in due {
            // What was held is told all the same, in the digest that it was held for.
            if !one.delivery.held && now >= one.message.expires_at {
                plan.expired.push(one);
            } else if digest::is_digest(&one.message) {
                digests.push(one);
            } else if let Some(until) = held_until(&one) {
                plan.waiting.push(Wait { of: vec![one], until, held: true });
            } else if one.delivery.held {
                held.push(one);
            } else {
                fresh.push(one);
            }
        }
        plan.share(held, fresh, digests, (now, traffic));
        plan
    }

    fn share(
        &mut self,
        held: Vec<MessageDelivery>,
        fresh: Vec<MessageDelivery>,
        digests: Vec<MessageDelivery>,
        (now, traffic): (DateTime<Utc>, Traffic),
    ) {
        let (mut alone, mut at_all) = traffic.left();
        let waits = |of: Vec<MessageDelivery>, held: bool| Wait { of, until: traffic.next_digest(now), held };
        let (now_sent, late) = split_at(digests, at_all);
        at_all -= now_sent.len();
        self.single.extend(now_sent);
        self.waiting.extend((!late.is_empty()).then(|| waits(late, false)));
        alone = alone.min(at_all);
        let mut together = held;
        if fresh.len() <= alone {
            self.single.extend(fresh);
        } else {
            let (critical, others): (Vec<_>, Vec<_>) = fresh.into_iter().partition(is_critical);
            // One is left for the digest of the others.
            let (first, rest) = split_at(critical, alone.saturating_sub(1));
            at_all -= first.len();
            self.single.extend(first);
            let urgent = !rest.is_empty();
            together.extend(rest);
            together.extend(others);
            if together.len() == 1 && !together[0].delivery.held && !urgent {
                self.waiting.push(waits(together, true));
                return;
            }
        }
        match (together.len(), at_all) {
            (0, _) => {}
            (_, 0) => self.waiting.push(waits(together, true)),
            (1, _) => self.single.append(&mut together),
            _ => self.digest.append(&mut together),
        }
    }
}

fn split_at(mut all: Vec<MessageDelivery>, at: usize) -> (Vec<MessageDelivery>, Vec<MessageDelivery>) {
    let rest = all.split_off(at.min(all.len()));
    (all, rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ttai_core::{Message, MessageKind};

    use super::super::testing::delivery;
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-07-01T13:30:00.500Z".parse().unwrap()
    }

    fn plan(due: Vec<MessageDelivery>, per_minute: Option<u32>, sent: u32) -> Plan {
        Plan::of(due, now(), Traffic { per_minute, sent }, |_| None)
    }

    fn with(severity: Severity, count: usize) -> Vec<MessageDelivery> {
        let one = |number: usize| {
            let message = Message { severity, ..Message::default() };
            delivery(&format!("{}-{number}", severity.as_str()), message, now())
        };
        (0..count).map(one).collect()
    }

    fn sizes(plan: &Plan) -> (usize, usize, usize) {
        let waiting = plan.waiting.iter().map(|wait| wait.of.len()).sum();
        (plan.single.len(), plan.digest.len(), waiting)
    }

    #[test]
    fn a_burst_is_one_digest_and_what_is_critical_goes_first() {
        assert_eq!(sizes(&plan(with(Severity::Warning, 15), Some(20), 0)), (15, 0, 0));
        assert_eq!(sizes(&plan(with(Severity::Warning, 60), Some(20), 0)), (0, 60, 0));
        let both = [with(Severity::Warning, 60), with(Severity::Critical, 3)].concat();
        assert_eq!(sizes(&plan(both.clone(), Some(20), 0)), (3, 60, 0));
        assert_eq!(sizes(&plan(both, Some(20), 20)), (0, 0, 63), "the minute is used up");
        assert_eq!(sizes(&plan(with(Severity::Critical, 60), Some(20), 0)), (14, 46, 0));
        assert_eq!(sizes(&plan(with(Severity::Info, 1_000), None, 9_999)), (1_000, 0, 0));
    }

    #[test]
    fn one_more_waits_for_the_next_digest_unless_it_is_critical() {
        let late = plan(with(Severity::Warning, 1), Some(20), 15);
        assert_eq!(sizes(&late), (0, 0, 1));
        assert!(late.waiting[0].held);
        // Five digests a minute.
        assert_eq!(late.waiting[0].until, "2026-07-01T13:30:12Z".parse::<DateTime<Utc>>().unwrap());
        assert_eq!(sizes(&plan(with(Severity::Critical, 1), Some(20), 15)), (1, 0, 0));
        let mut held = with(Severity::Warning, 1);
        held[0].delivery.held = true;
        assert_eq!(sizes(&plan(held, Some(20), 15)), (1, 0, 0), "its time has come");
    }

    #[test]
    fn what_has_expired_is_not_sent_but_what_was_held_is_told() {
        let mut both = with(Severity::Warning, 3);
        both.iter_mut().for_each(|one| one.message.expires_at = now());
        both[1].delivery.held = true;
        both[2].delivery.held = true;
        let plan = plan(both, Some(20), 0);
        assert_eq!((plan.expired.len(), plan.digest.len()), (1, 2));
    }

    #[test]
    fn quiet_hours_hold_messages_and_no_digest() {
        let mut due = with(Severity::Warning, 2);
        due[1].message.message.kind = MessageKind::from(digest::KIND.to_owned());
        let until = now() + TimeDelta::hours(8);
        let plan = Plan::of(due, now(), Traffic { per_minute: None, sent: 0 }, |_| Some(until));
        assert_eq!(sizes(&plan), (1, 0, 1));
        assert_eq!((plan.waiting[0].until, plan.waiting[0].held), (until, true));
    }

    proptest! {
        #[test]
        fn nothing_is_lost_doubled_or_over_the_limit(
            criticals in 0_usize..40, others in 0_usize..40, held in 0_usize..20, digests in 0_usize..9,
            limit in prop::option::of(1_u32..50), sent in 0_u32..60,
        ) {
            let mut due = [with(Severity::Critical, criticals), with(Severity::Info, others)].concat();
            let mut more = with(Severity::Warning, held + digests);
            more[..held].iter_mut().for_each(|one| one.delivery.held = true);
            let kind = MessageKind::from(digest::KIND.to_owned());
            more[held..].iter_mut().for_each(|one| one.message.message.kind = kind.clone());
            due.extend(more);
            let count = due.len();
            let plan = plan(due, limit, sent);
            let mut ids: Vec<&str> = [&plan.single, &plan.digest]
                .into_iter()
                .chain(plan.waiting.iter().map(|wait| &wait.of))
                .flatten()
                .map(|one| one.message.id.as_str())
                .collect();
            ids.sort_unstable();
            ids.dedup();
            prop_assert_eq!(ids.len(), count);
            let goes = plan.single.len() + usize::from(!plan.digest.is_empty());
            prop_assert!(limit.is_none_or(|limit| goes <= limit.saturating_sub(sent) as usize));
            prop_assert!(plan.waiting.iter().all(|wait| wait.until > now()));
        }
    }
}
