//! Whether the watch sees the market: a stream that is gone, one that is connected and brings nothing current, and when people are told that it
//! sees again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use tokio::time::{Instant, timeout};
use ttai_core::{Quote, Symbol};
use ttai_engine::Timeliness;
use ttai_ports::{MarketData, StreamEvent, StreamGap, StreamSymbol};

use super::{Watch, market_time};
use crate::alerts::desk::timeliness;
use crate::alerts::sight::{Blindness, CaughtUp, Sight};
use crate::clock::wall_clock;

/// Symbols whose quotes are asked for in a silence.
const ASKED: usize = 8;
/// How long their answers are waited for.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);
/// How long people wait to be told that alerts see again, for the minutes that were missed.
const CAUGHT_UP_WITHIN: Duration = Duration::from_secs(60);

/// What is known of a stream that is connected and brings nothing.
#[derive(Debug, Default)]
pub(super) struct Silence {
    /// When quotes were last asked for.
    asked_at: Option<Instant>,
    /// The first quotes of this silence.
    first: BTreeMap<Symbol, Quote>,
    /// Market time since which it misses prices: a quote has changed, and nothing came.
    missed_since: Option<DateTime<Utc>>,
}

impl Watch<'_> {
    /// An event came. One that is too late to count is no sign that the stream brings what happens.
    pub(super) fn hear(&mut self, event: &StreamEvent) {
        if let Some(gap) = self.desk.lateness(event) {
            self.await_end(&gap);
        }
        if timeliness(event).is_some_and(|(.., timeliness)| timeliness == Timeliness::Late) {
            return;
        }
        self.last_event = Instant::now();
        let silence = std::mem::take(&mut self.quiet);
        if let Some(since) = silence.missed_since {
            let until = market_time(event).unwrap_or(since);
            self.miss(since, until, "the stream was silent");
        }
    }

    /// Whatever happened between is to be looked up, once the next event of each instrument says where that ends.
    pub(super) fn miss(&mut self, from: DateTime<Utc>, until: DateTime<Utc>, reason: &str) {
        let missed =
            StreamGap { symbols: Vec::new(), from, until: until.max(from), reason: reason.to_owned() };
        for gap in self.desk.event(&StreamEvent::Gap(missed)) {
            self.await_end(&gap);
        }
    }

    /// Asks after a stream that is connected and brings nothing in a session: the market may be quiet. Quotes that change meanwhile
    /// say that it is not; then the stream is subscribed anew.
    pub(super) async fn question_silence(&mut self, now: DateTime<Utc>) {
        let pace = self.silence / 2;
        let is_due = self.quiet.asked_at.is_none_or(|at| at.elapsed() > pace);
        if self.last_event.elapsed() <= pace || !is_due || !self.is_connected() || !is_open(now) {
            return;
        }
        self.quiet.asked_at = Some(Instant::now());
        let quotes = quotes(Arc::clone(&self.ports.market), self.shares(), now).await;
        if self.quiet.first.is_empty() {
            self.quiet.first = quotes;
            return;
        }
        let newest =
            self.desk.newest().unwrap_or(now - TimeDelta::from_std(self.silence).unwrap_or_default());
        let changed = quotes.iter().any(|(symbol, quote)| {
            self.quiet.first.get(symbol).is_some_and(|first| has_moved(first, quote, newest))
        });
        if changed && self.last_event.elapsed() > self.silence {
            self.quiet.missed_since.get_or_insert(newest);
            self.subscribe_again().await;
        }
    }

    /// Some of its shares.
    fn shares(&self) -> Vec<Symbol> {
        let shares = self.subscribed.values().filter_map(|symbol| match symbol {
            StreamSymbol::Equity(symbol) => Some(symbol.clone()),
            StreamSymbol::Option(_) => None,
        });
        shares.take(ASKED).collect()
    }

    async fn subscribe_again(&mut self) {
        self.stream.close();
        let wanted = self.subscribed.values().cloned().collect();
        if let Err(error) = self.stream.follow(self.ports.streams.as_ref(), wanted).await {
            tracing::warn!("a silent stream cannot be subscribed again yet: {error}");
            self.stream.close();
        }
    }

    /// Tells people that nothing can be seen, or that something can again.
    pub(super) fn look_around(&mut self, now: DateTime<Utc>) {
        match (self.sight, self.blindness()) {
            (Sight::Unknown | Sight::Clear(..), Some(why)) if is_open(now) => {
                let since = self.quiet.missed_since.or(self.desk.newest()).unwrap_or(now);
                self.see(Sight::Blind(since, why));
            }
            (_, Some(_)) => self.sees_since = None,
            // The watch before may have left it told that it is blind: so it is until something says otherwise.
            (Sight::Unknown, None) if !self.has_seen(now) => {}
            (Sight::Unknown | Sight::Blind(..), None) => self.see_again(now),
            (Sight::Clear(..), None) => {}
        }
    }

    fn blindness(&self) -> Option<Blindness> {
        let is_gone = !self.is_connected() && self.last_event.elapsed() > self.silence;
        let is_silent = self.quiet.missed_since.is_some();
        if is_silent { Some(Blindness::SilentStream) } else { is_gone.then_some(Blindness::NoStream) }
    }

    /// Whether something says that a watch which has just begun sees: an event, the night, or a silence in which no quote moves.
    fn has_seen(&self, now: DateTime<Utc>) -> bool {
        let is_quiet = self.last_event.elapsed() > self.silence;
        self.desk.events > 0 || self.is_connected() && (!is_open(now) || is_quiet)
    }

    /// Nothing is left that could not be seen.
    pub(super) fn see_nothing_left(&mut self) {
        if !matches!(self.sight, Sight::Clear(..)) {
            self.see(Sight::Clear(wall_clock(), CaughtUp { fired: self.backfilled, missing: 0 }));
        }
    }

    /// People are told once what happened meanwhile is known, or takes too long.
    fn see_again(&mut self, now: DateTime<Utc>) {
        let (since, first) = *self.sees_since.get_or_insert_with(|| (now, Instant::now()));
        let missing = self.open_gaps.len() + self.held.len();
        if missing == 0 || first.elapsed() > CAUGHT_UP_WITHIN {
            self.see(Sight::Clear(since, CaughtUp { fired: self.backfilled, missing }));
        }
    }

    pub(super) fn see(&mut self, sight: Sight) {
        self.sees_since = None;
        self.backfilled = 0;
        self.sight = sight;
        self.report.notify(sight);
    }

    pub(super) const fn blind_since(&self) -> Option<DateTime<Utc>> {
        match self.sight {
            Sight::Blind(since, _) => Some(since),
            Sight::Unknown | Sight::Clear(..) => None,
        }
    }

    fn is_connected(&self) -> bool {
        self.ports.streams.health().connected
    }
}

async fn quotes(
    market: Arc<dyn MarketData>,
    symbols: Vec<Symbol>,
    now: DateTime<Utc>,
) -> BTreeMap<Symbol, Quote> {
    let ask = async |symbol: Symbol| {
        let quote = market.quote(&symbol, now).await.ok()?;
        Some((symbol, quote))
    };
    let answers = join_all(symbols.into_iter().map(ask));
    timeout(ANSWERS_WITHIN, answers).await.unwrap_or_default().into_iter().flatten().collect()
}

fn is_open(now: DateTime<Utc>) -> bool {
    ttai_calendar::part_of_day(now).is_some()
}

/// Whether a quote shows what happened after the newest event: a provider may stamp the same quote anew, or be late.
fn has_moved(first: &Quote, quote: &Quote, newest: DateTime<Utc>) -> bool {
    let figures = |quote: &Quote| (quote.bid, quote.ask, quote.last, quote.volume);
    quote.conditions.is_empty() && quote.market_time > newest && figures(first) != figures(quote)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_that_is_stamped_anew_or_late_shows_nothing() {
        let at = |second| DateTime::<Utc>::UNIX_EPOCH + TimeDelta::seconds(second);
        let quote = |last: i64, second| Quote {
            symbol: Symbol::new("ABC").unwrap(),
            bid: None,
            ask: None,
            last: Some(last.into()),
            volume: 100,
            market_time: at(second),
            received_at: at(second),
            source: "test".to_owned(),
            conditions: Vec::new(),
        };
        let first = quote(50, 10);
        assert!(has_moved(&first, &quote(51, 90), at(60)));
        assert!(!has_moved(&first, &quote(50, 90), at(60)), "the same quote");
        assert!(!has_moved(&first, &quote(51, 30), at(60)), "the stream has been there");
        let stale = Quote { conditions: vec![ttai_core::QuoteCondition::Stale], ..quote(51, 90) };
        assert!(!has_moved(&first, &stale, at(60)));
    }
}
