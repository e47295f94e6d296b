//! The order engine behind every broker protocol of the simulator: accounts, orders that match against the market's
//! quotes at its clock, positions with their collateral, and a broadcast of what happens. No protocol lives here.
//!
//! [`Book`] is the pure state; [`Exchange`] shares it among the protocols.

mod account;
mod book;
mod book_file;
mod identity;
mod matching;
mod order;
mod pledge;
mod rejection;
mod settlement;
mod validate;
mod venue;
mod view;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration as Wait;

use rust_decimal::Decimal;
use tokio::sync::broadcast;
use ttai_ports::Instrument;

use crate::server::broker_of;
use crate::server::faults::{FaultAction, Faults, OrderCall};
use crate::server::market::SimMarket;
use book_file::BookFile;

pub use account::{Account, Holdings, Position};
pub use book::{Book, OrderNote, PastTrade, Replacement};
pub use book_file::BookFileError;
pub use identity::uuid;
pub use order::{
    Duration, EventKind, ExchangeLeg, Fill, LegRequest, Order, OrderEvent, OrderRequest, OrderState, Pricing,
    Side,
};
pub use rejection::Rejection;
pub use settlement::{AccountActivity, ActivityKind};
pub(crate) use venue::pump;
pub use venue::{displayed_shares, view_of};
pub use view::{MarketSnapshot, Phase, Touch, Tradable, symbol_of};

/// Events that a slow listener may be behind before it loses the oldest.
const BUFFERED_EVENTS: usize = 4096;

/// The exchange, shared; a clone is the same exchange.
#[derive(Clone, Debug)]
pub struct Exchange {
    book: Arc<Mutex<Book>>,
    events: broadcast::Sender<OrderEvent>,
    faults: Arc<Faults>,
    file: Arc<Mutex<Option<BookFile>>>,
}

/// An event, and in disorder all that come within a moment of it: newest first, and the newest twice.
pub async fn in_order(
    event: OrderEvent,
    events: &mut broadcast::Receiver<OrderEvent>,
    disordered: bool,
) -> Vec<OrderEvent> {
    let mut told = vec![event];
    if disordered {
        tokio::time::sleep(Wait::from_millis(50)).await;
        while let Ok(event) = events.try_recv() {
            told.push(event);
        }
        told.extend(told.last().cloned());
        told.reverse();
    }
    told
}

impl Default for Exchange {
    fn default() -> Self {
        Self::new()
    }
}

impl Exchange {
    /// An exchange without accounts.
    #[must_use]
    pub fn new() -> Self {
        Self::under(Arc::default())
    }

    /// The same, whose orders and positions are subject to faults.
    #[must_use]
    pub fn under(faults: Arc<Faults>) -> Self {
        let events = broadcast::channel(BUFFERED_EVENTS).0;
        Self { book: Arc::default(), events, faults, file: Arc::default() }
    }

    /// Goes on with the book in a file, and keeps it there: every change is on disk before its answer is given. Whether there was one.
    /// Where another process keeps it, it is read again and again, and nothing can be ordered here, until that process has ended.
    /// `anew` is for a market whose time began again: what is there is not of it.
    ///
    /// # Errors
    /// [`BookFileError`]: nothing is written then.
    pub fn persist(&self, path: &Path, anew: bool) -> Result<bool, BookFileError> {
        let file = BookFile::of(path)?;
        let found = if anew && file.writes() { None } else { file.read()? };
        let was_there = found.is_some();
        let mut book = self.lock();
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = Some(file);
        if let Some(found) = found {
            *book = found;
        }
        Ok(was_there)
    }

    /// Takes a look at what another process keeps, or takes over from it. Whether it is another's still.
    fn is_anothers(&self) -> bool {
        let mut book = self.lock();
        let mut kept = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = kept.as_mut().filter(|file| !file.writes()) else { return false };
        match file.look_again() {
            Ok(Some(found)) => *book = found,
            Ok(None) => {}
            Err(error) => tracing::warn!("{error}"),
        }
        !file.writes()
    }

    /// What changes here would be forgotten where another process keeps the book.
    fn check_own(&self) -> Result<(), Rejection> {
        if self.is_anothers() {
            let reason = "another process keeps this simulated account, and takes its orders";
            return Err(Rejection::Invalid(reason.to_owned()));
        }
        Ok(())
    }

    /// Every change of every order from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<OrderEvent> {
        self.events.subscribe()
    }

    /// Opens an account with cash in dollars; one that is there stays as it is.
    pub fn open_account(&self, number: &str, cash: Decimal) {
        self.change(|book| book.open_account(number, cash));
    }

    /// Opens an account, or gives one that is there so many dollars more to have begun with.
    pub fn fund(&self, number: &str, cash: Decimal) {
        self.change(|book| {
            book.open_account(number, Decimal::ZERO);
            book.fund(number, cash);
        });
    }

    /// Opens an account, or lets one that is there write calls that nothing covers, from so many dollars more.
    pub fn grant_margin(&self, number: &str, cash: Decimal) {
        self.fund(number, cash);
        self.change(|book| book.grant_margin(number));
    }

    /// What every account begins with.
    pub fn stock(&self, trades: Vec<PastTrade>) {
        self.change(|book| book.stock(trades));
    }

    /// Every instrument that an open order or a position needs a quote of.
    #[must_use]
    pub fn watched(&self) -> Vec<Instrument> {
        self.lock().watched()
    }

    /// Reads the state.
    pub fn read<T>(&self, read: impl FnOnce(&Book) -> T) -> T {
        read(&self.lock())
    }

    /// Changes the state and broadcasts what happened in it.
    pub fn change<T>(&self, change: impl FnOnce(&mut Book) -> T) -> T {
        let mut book = self.lock();
        let before = book.extent();
        let answer = change(&mut book);
        let events = book.take_events();
        if (!events.is_empty() || book.extent() != before)
            && let Some(file) = self.file.lock().unwrap_or_else(PoisonError::into_inner).as_ref()
            && let Err(error) = file.write(&book)
        {
            tracing::error!(
                "the book of the simulated accounts cannot be written, a restart will forget the last changes: {error}"
            );
        }
        for event in events {
            // Nobody listening is no failure.
            let _ = self.events.send(event);
        }
        answer
    }

    /// Takes an order at the market's present moment.
    ///
    /// # Errors
    /// A [`Rejection`]; then nothing has changed.
    pub async fn submit(&self, market: &SimMarket, request: &OrderRequest) -> Result<Order, Rejection> {
        self.check_own()?;
        let view = self.view(market, &request.instruments()).await;
        let fault = self.fault(market, &request.account, OrderCall::Submit);
        self.change(|book| match &fault {
            Some(fault) => book.submit_under(request, &view, fault),
            None => book.submit(request, &view),
        })
    }

    fn fault(&self, market: &SimMarket, account: &str, call: OrderCall) -> Option<FaultAction> {
        self.faults.of_order(broker_of(account), call, market.now())
    }

    /// What an order would do to buying power in dollars, negative when it takes some; nothing is sent.
    ///
    /// # Errors
    /// The [`Rejection`] that the order would meet.
    pub async fn preview(&self, market: &SimMarket, request: &OrderRequest) -> Result<Decimal, Rejection> {
        let view = self.view(market, &request.instruments()).await;
        self.read(|book| book.preview(request, &view))
    }

    /// Puts a changed order in the place of an open one.
    ///
    /// # Errors
    /// A [`Rejection`]; then the old order stands.
    pub async fn replace(
        &self,
        market: &SimMarket,
        account: &str,
        id: &str,
        change: &Replacement,
    ) -> Result<Order, Rejection> {
        self.check_own()?;
        let view = self.view(market, &[]).await;
        match self.fault(market, account, OrderCall::Replace) {
            // What would be, and is not.
            Some(_) => self.read(Book::clone).replace(account, id, change, &view),
            None => self.change(|book| book.replace(account, id, change, &view)),
        }
    }

    /// Takes an order back.
    ///
    /// # Errors
    /// [`Rejection::UnknownOrder`] or [`Rejection::NotOpen`].
    pub async fn cancel(&self, market: &SimMarket, account: &str, id: &str) -> Result<Order, Rejection> {
        self.check_own()?;
        let view = self.view(market, &[]).await;
        let fault = self.fault(market, account, OrderCall::Cancel);
        self.change(|book| match fault {
            Some(FaultAction::FillAfterCancel { units }) => book.cancel_after_fill(account, id, units, &view),
            _ => book.cancel(account, id, view.now),
        })
    }

    /// The market at this moment with the quotes of everything ordered or held, and of `more`.
    pub async fn view(&self, market: &SimMarket, more: &[Instrument]) -> MarketSnapshot {
        let mut instruments = self.watched();
        instruments.extend_from_slice(more);
        let mut view = view_of(market, &instruments).await;
        view.now += self.faults.skew(None, view.now);
        view
    }

    /// Lets the open orders meet the market's present moment.
    pub async fn follow(&self, market: &SimMarket) {
        if !self.is_anothers() && !self.watched().is_empty() {
            let view = self.view(market, &[]).await;
            self.change(|book| {
                book.advance(&view);
                let numbers: Vec<String> = book.accounts().map(|account| account.number.clone()).collect();
                for number in numbers {
                    let happen = |fault: &FaultAction| book.intervene(&number, fault, &view);
                    self.faults.of_positions(broker_of(&number), market.now(), happen);
                }
            });
        }
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
