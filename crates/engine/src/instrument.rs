//! What is known of one instrument.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use ttai_core::alert::PriceSource;

use crate::book::Book;
use crate::event::{SymbolFacts, Watched};
use crate::hours::SCOPES;
use crate::number::{ONE, portion};
use crate::screen::{Screen, TwoSided};

/// Books of one instrument: each price in each of the hours.
pub(crate) const BOOKS: usize = SCOPES * 4;

/// The place of a book.
pub(crate) const fn book_place(scope: usize, source: PriceSource) -> usize {
    let source = match source {
        PriceSource::Last => 0,
        PriceSource::Bid => 1,
        PriceSource::Ask => 2,
        PriceSource::Mid => 3,
    };
    scope * 4 + source
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
}

/// An instrument.
#[derive(Debug)]
pub(crate) struct Instrument {
    pub(crate) watched: Watched,
    pub(crate) state: InstrumentState,
    pub(crate) books: [Option<Box<Book>>; BOOKS],
    /// Alerts that read it.
    pub(crate) alerts: BTreeSet<u32>,
    /// Those of them that look at each of its events.
    pub(crate) scanned: BTreeSet<u32>,
}

impl Instrument {
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

    pub(crate) fn book(&self, scope: usize, source: PriceSource) -> Option<&Book> {
        self.books[book_place(scope, source)].as_deref()
    }

    pub(crate) fn book_mut(&mut self, scope: usize, source: PriceSource) -> &mut Book {
        self.books[book_place(scope, source)].get_or_insert_default()
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
        for book in self.books.iter_mut().flatten() {
            book.rebase(ratio);
        }
    }
}
