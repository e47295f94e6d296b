//! A check: what has become true, what is over, and what is kept quiet.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use ttai_core::{ActiveAlert, PortfolioAlert, PortfolioRule, RuleKind, Severity, Symbol, WatchState};

use super::measures::BookMeasures;
use super::readings::{Reading, readings};

/// Most alerts that are true at once; what is beyond is not raised.
const MOST_ACTIVE: usize = 500;
/// How long an alert that somebody acknowledged stays quiet after it is over.
const AFTER_ACKNOWLEDGEMENT: TimeDelta = TimeDelta::hours(12);

/// A reading with its rule.
struct JudgedReading<'a> {
    rule: &'a PortfolioRule,
    reading: Reading,
    key: String,
}

/// The state while it is compared.
struct Watch<'s> {
    state: &'s mut WatchState,
}

/// Compares an account with the rules and answers what has changed: raised where a rule has become true, cleared where it is
/// false again beyond its hysteresis. What is not known changes nothing, and neither does an account whose positions are
/// not known, except that the watch is blind.
pub fn check_rules(
    state: &mut WatchState,
    rules: &[PortfolioRule],
    book: &BookMeasures,
    now: DateTime<Utc>,
) -> Vec<PortfolioAlert> {
    Watch { state }.check(rules, book, now)
}

impl Watch<'_> {
    fn check(
        &mut self,
        rules: &[PortfolioRule],
        book: &BookMeasures,
        now: DateTime<Utc>,
    ) -> Vec<PortfolioAlert> {
        self.state.quiet_until.retain(|_, until| *until > now);
        self.state.snoozed.retain(|_, until| *until > now);
        let mut judged: Vec<JudgedReading<'_>> = self.blindness(rules, book, now);
        if book.positions_known {
            judged.extend(rules.iter().flat_map(|rule| judge(rule, readings(rule, book))));
        }
        let mut changes = Vec::new();
        let mut present = BTreeSet::new();
        for judged in judged {
            changes.extend(self.apply(&judged, now));
            present.insert(judged.key);
        }
        if book.positions_known {
            changes.extend(self.gone(&present, now));
        }
        changes
    }

    fn blindness<'a>(
        &mut self,
        rules: &'a [PortfolioRule],
        book: &BookMeasures,
        now: DateTime<Utc>,
    ) -> Vec<JudgedReading<'a>> {
        let since = if book.positions_known { None } else { Some(self.state.blind_since.unwrap_or(now)) };
        self.state.blind_since = since;
        let of_kind = rules.iter().filter(|rule| rule.kind == RuleKind::MonitoringBlind);
        let reading = |rule: &PortfolioRule| {
            let minutes = since.map(|since| (now - since).num_seconds() as f64 / 60.0);
            let from = since.map(|since| since.format("%H:%M UTC").to_string()).unwrap_or_default();
            Reading {
                subject: "account".to_owned(),
                symbol: None,
                value: minutes,
                beyond: Some(minutes.map_or(-1.0, |minutes| minutes - rule.threshold)),
                text: format!("The broker's positions cannot be read: no rule has been checked since {from}"),
            }
        };
        of_kind.flat_map(|rule| judge(rule, vec![reading(rule)])).collect()
    }

    fn apply(&mut self, judged: &JudgedReading<'_>, now: DateTime<Utc>) -> Option<PortfolioAlert> {
        let JudgedReading { rule, reading, key } = judged;
        let beyond = reading.beyond?;
        let holds = beyond > 0.0 || beyond == 0.0 && !rule.kind.is_strict();
        if holds {
            self.hold(judged, now);
            return self.raise(judged, now);
        }
        // Within the hysteresis it stays what it was.
        let over = beyond < -rule.hysteresis() || rule.hysteresis() == 0.0;
        let alert = over.then(|| self.state.active.remove(key)).flatten()?;
        let text = format!("Over: {}", if reading.text.is_empty() { &alert.message } else { &reading.text });
        self.end(key, alert, now).map(|change| PortfolioAlert {
            message: text,
            value: reading.value,
            threshold: rule.threshold,
            ..change
        })
    }

    /// It is true.
    fn hold(&mut self, JudgedReading { rule, reading, key }: &JudgedReading<'_>, now: DateTime<Utc>) {
        if self.state.active.contains_key(key) || self.state.active.len() >= MOST_ACTIVE {
            return;
        }
        let alert = ActiveAlert {
            kind: rule.kind,
            symbol: reading.symbol.clone(),
            since: now,
            raised_at: None,
            acknowledged: false,
            severity: rule.severity(),
            message: reading.text.clone(),
            cool_down_minutes: rule.cool_down_minutes(),
        };
        self.state.active.insert(key.clone(), alert);
    }

    /// Tells it, once, unless it is to be quiet.
    fn raise(
        &mut self,
        JudgedReading { rule, reading, key }: &JudgedReading<'_>,
        now: DateTime<Utc>,
    ) -> Option<PortfolioAlert> {
        let quiet = self.state.quiet_until.contains_key(key) || self.is_snoozed(key, rule.kind, reading);
        let alert = self.state.active.get_mut(key)?;
        if quiet || alert.raised_at.is_some() {
            return None;
        }
        alert.raised_at = Some(now);
        reading.text.clone_into(&mut alert.message);
        Some(PortfolioAlert {
            key: key.clone(),
            kind: rule.kind,
            symbol: reading.symbol.clone(),
            severity: rule.severity(),
            message: reading.text.clone(),
            value: reading.value,
            threshold: rule.threshold,
            timestamp: now,
            cleared: false,
        })
    }

    fn is_snoozed(&self, key: &str, kind: RuleKind, reading: &Reading) -> bool {
        let symbol = reading.symbol.as_ref().map(Symbol::as_str);
        [Some(key), Some(kind.name()), symbol]
            .into_iter()
            .flatten()
            .any(|what| self.state.snoozed.contains_key(what))
    }

    /// It is over: told where its beginning was, and quiet for a while.
    fn end(&mut self, key: &str, alert: ActiveAlert, now: DateTime<Utc>) -> Option<PortfolioAlert> {
        let raised = alert.raised_at?;
        let cool_down = raised + TimeDelta::minutes(i64::from(alert.cool_down_minutes));
        let seen = if alert.acknowledged { now + AFTER_ACKNOWLEDGEMENT } else { now };
        let until = cool_down.max(seen);
        if until > now {
            self.state.quiet_until.insert(key.to_owned(), until);
        }
        Some(PortfolioAlert {
            key: key.to_owned(),
            kind: alert.kind,
            symbol: alert.symbol,
            severity: Severity::Info,
            message: format!("Over: {}", alert.message),
            value: None,
            threshold: 0.0,
            timestamp: now,
            cleared: true,
        })
    }

    /// What nobody reads any more is over: the position is closed, or the rule is gone.
    fn gone(&mut self, present: &BTreeSet<String>, now: DateTime<Utc>) -> Vec<PortfolioAlert> {
        let gone: Vec<String> =
            self.state.active.keys().filter(|key| !present.contains(*key)).cloned().collect();
        let end = |key: String| {
            let alert = self.state.active.remove(&key)?;
            self.end(&key, alert, now)
        };
        gone.into_iter().filter_map(end).collect()
    }
}

fn judge(rule: &PortfolioRule, readings: Vec<Reading>) -> impl Iterator<Item = JudgedReading<'_>> {
    readings.into_iter().map(move |reading| JudgedReading {
        key: format!("{}/{}/{}", rule.kind.name(), reading.subject, rule.threshold),
        rule,
        reading,
    })
}
