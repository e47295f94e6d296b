//! Prints on request: somebody wants to see what a price does, or how long it takes to be seen.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use chrono::{DateTime, Utc};
use ttai_core::Symbol;

use super::market::Print;

/// Prints of a symbol that are kept, the newest.
const KEPT: usize = 64;

/// A print on request that has left on a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Departure {
    /// Whose.
    pub symbol: Symbol,
    /// What was printed.
    pub price: f64,
    /// When its frame was written.
    pub at: Instant,
}

/// Prints on request.
#[derive(Debug, Default)]
pub(crate) struct Prints {
    asked: Mutex<HashMap<Symbol, Vec<Print>>>,
    departures: Mutex<Vec<Departure>>,
}

impl Prints {
    pub(crate) fn add(&self, symbol: &Symbol, print: Print) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let of_symbol = asked.entry(symbol.clone()).or_default();
        of_symbol.push(print);
        let surplus = of_symbol.len().saturating_sub(KEPT);
        of_symbol.drain(..surplus);
    }

    /// Those of a symbol in `(after, until]`.
    pub(crate) fn between(&self, symbol: &Symbol, after: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Print> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let prints = asked.get(symbol).into_iter().flatten();
        prints.filter(|print| after < print.time && print.time <= until).copied().collect()
    }

    /// Notes that the frame with a print leaves, where it is one on request.
    pub(crate) fn left(&self, symbol: &Symbol, time: DateTime<Utc>) {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let print = asked.get(symbol).and_then(|prints| prints.iter().find(|print| print.time == time));
        if let Some(print) = print {
            let departure = Departure { symbol: symbol.clone(), price: print.price, at: Instant::now() };
            self.departures.lock().unwrap_or_else(PoisonError::into_inner).push(departure);
        }
    }

    pub(crate) fn take_departures(&self) -> Vec<Departure> {
        std::mem::take(&mut *self.departures.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
