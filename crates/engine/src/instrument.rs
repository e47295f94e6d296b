//! What is known of one instrument.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use ttai_core::alert::PriceSource;

use crate::book::{BookState, KnownPrice, PriceBook};
use crate::event::{SymbolFacts, Watched};
use crate::hours::{SCOPES, TradingPart};
use crate::number::{ONE, portion};
use crate::screen::{Screen, TwoSided};

/// Books of one instrument: each price in each of the hours.
pub(crate) const BOOKS: usize = SCOPES * 4;

/// The place of a book.
pub(crate) const fn book_place(scope: usize, source: PriceSource) -> usize {
    scope * 4 + source_place(source)
}

const fn source_place(source: PriceSource) -> usize {
    match source {
        PriceSource::Last => 0,
        PriceSource::Bid => 1,
        PriceSource::Ask => 2,
        PriceSource::Mid => 3,
    }
}

/// A span whose minute bars are to come, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OpenGap {
    pub(crate) from: i64,
    pub(crate) until: i64,
    /// The end of the last bar of it.
    pub(crate) filled: i64,
}

/// What an instrument remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct InstrumentState {
    /// Times of the newest trade, quote and Greeks, microseconds.
    pub(crate) trade_time: i64,
    pub(crate) quote_time: i64,
    pub(crate) greeks_time: i64,
    /// The session of the newest event.
    pub(crate) date: Option<NaiveDate>,
    pub(crate) trades: Screen,
    pub(crate) mids: Screen,
    pub(crate) quote: Option<TwoSided>,
    pub(crate) delta: Option<(i64, NaiveDate)>,
    pub(crate) day_volume: Option<(f64, NaiveDate)>,
    pub(crate) is_halted: bool,
    pub(crate) facts: SymbolFacts,
    /// First session and scaled ratio.
    pub(crate) splits: Vec<(NaiveDate, i64)>,
    pub(crate) gap: Option<OpenGap>,
    /// The newest price of each kind and the part of the day that it is of: where a new book begins.
    newest: [Option<(KnownPrice, TradingPart)>; 4],
    /// Since when nothing was seen.
    pub(crate) blind_since: Option<i64>,
}

impl InstrumentState {
    /// A price, if it is the newest.
    pub(crate) fn note(&mut self, source: PriceSource, known: KnownPrice, part: TradingPart) {
        let newest = &mut self.newest[source_place(source)];
        if newest.is_none_or(|(before, _)| before.time <= known.time) {
            *newest = Some((known, part));
        }
    }

    /// Where a book begins that nobody needed before.
    fn beginning(&self, scope: usize, source: PriceSource) -> BookState {
        let newest = self.newest[source_place(source)].filter(|(_, part)| part.scopes().contains(&scope));
        let last = newest.map(|(known, _)| known);
        let blind_since = self.blind_since.filter(|since| last.is_none_or(|last| last.time <= *since));
        BookState { last, back: last, blind_since }
    }
}

/// An instrument.
#[derive(Debug)]
pub(crate) struct WatchedInstrument {
    pub(crate) watched: Watched,
    pub(crate) state: InstrumentState,
    pub(crate) books: [Option<Box<PriceBook>>; BOOKS],
    /// Alerts that read it.
    pub(crate) alerts: BTreeSet<u32>,
    /// Those of them that look at each of its events.
    pub(crate) scanned: BTreeSet<u32>,
}

impl WatchedInstrument {
    pub(crate) fn new(watched: Watched) -> Self {
        Self {
            watched,
            state: InstrumentState::default(),
            books: Default::default(),
            alerts: BTreeSet::new(),
            scanned: BTreeSet::new(),
        }
    }

    pub(crate) fn is_option(&self) -> bool {
        matches!(self.watched, Watched::Option(_))
    }

    pub(crate) fn book(&self, scope: usize, source: PriceSource) -> Option<&PriceBook> {
        self.books[book_place(scope, source)].as_deref()
    }

    pub(crate) fn book_mut(&mut self, scope: usize, source: PriceSource) -> &mut PriceBook {
        let state = &self.state;
        self.books[book_place(scope, source)].get_or_insert_with(|| {
            let mut book = Box::<PriceBook>::default();
            book.restore(state.beginning(scope, source));
            book
        })
    }

    /// New shares for each old one after one session's end up to another session.
    pub(crate) fn ratio_between(&self, after: NaiveDate, until: NaiveDate) -> i64 {
        let splits =
            self.state.splits.iter().filter(|(effective, _)| after < *effective && *effective <= until);
        splits.fold(ONE, |ratio, (_, split)| portion(ratio, *split, ONE).unwrap_or(ratio))
    }

    /// Prices before a split in the shares after it.
    pub(crate) fn rebase(&mut self, ratio: i64) {
        self.state.trades.rebase(ratio);
        self.state.mids.rebase(ratio);
        self.state.quote = None;
        for (known, _) in self.state.newest.iter_mut().flatten() {
            known.price = portion(known.price, ONE, ratio).unwrap_or(known.price);
        }
        for book in self.books.iter_mut().flatten() {
            book.rebase(ratio);
        }
    }
}
