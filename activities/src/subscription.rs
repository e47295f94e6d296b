//! A subscription to a stream that follows what is wanted: symbols come and go without dropping it.

use std::collections::HashSet;
use std::future::pending;

use ttai_ports::{PortError, QuoteStream, StreamEvent, StreamKinds, StreamReader, StreamSymbol};

/// What is read of a stream; nothing before the first symbol.
pub(crate) struct Subscription {
    reader: Option<Box<dyn StreamReader>>,
    symbols: Vec<StreamSymbol>,
    kinds: StreamKinds,
}

impl Subscription {
    /// To nothing yet, of these kinds.
    pub(crate) const fn new(kinds: StreamKinds) -> Self {
        Self { reader: None, symbols: Vec::new(), kinds }
    }

    /// Of which kinds it is.
    pub(crate) const fn kinds(&self) -> StreamKinds {
        self.kinds
    }

    /// Whether something is read.
    pub(crate) const fn is_open(&self) -> bool {
        self.reader.is_some()
    }

    /// Reads these symbols and no others. After an error it is in doubt which are read: close it, and follow anew.
    pub(crate) async fn follow(
        &mut self,
        streams: &dyn QuoteStream,
        wanted: Vec<StreamSymbol>,
    ) -> Result<(), PortError> {
        let (new, gone) = (missing(&wanted, &self.symbols), missing(&self.symbols, &wanted));
        match &mut self.reader {
            None if new.is_empty() => {}
            None => self.reader = Some(streams.subscribe(&new, self.kinds).await?),
            Some(reader) => {
                if !new.is_empty() {
                    reader.add(&new).await?;
                }
                if !gone.is_empty() {
                    reader.remove(&gone).await?;
                }
            }
        }
        self.symbols = wanted;
        Ok(())
    }

    /// Reads nothing any more.
    pub(crate) fn close(&mut self) {
        *self = Self::new(self.kinds);
    }

    /// The next event, none at the stream's end; it never comes while nothing is read.
    pub(crate) async fn next(&mut self) -> Option<StreamEvent> {
        match &mut self.reader {
            Some(reader) => reader.next().await,
            None => pending().await,
        }
    }
}

/// What of `wanted` is not among `there`.
fn missing(wanted: &[StreamSymbol], there: &[StreamSymbol]) -> Vec<StreamSymbol> {
    let there: HashSet<&StreamSymbol> = there.iter().collect();
    wanted.iter().filter(|symbol| !there.contains(symbol)).cloned().collect()
}
