//! What tastytrade's REST API has not: bars. They come over its stream, whose adapter implements this.

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use ttai_core::{DailyBar, MinuteBar, Symbol};
use ttai_ports::PortError;

/// Daily bars, and whether they are all there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DailyCandles {
    /// Sessions, oldest first.
    pub bars: Vec<DailyBar>,
    /// Whether the source has older ones, of the span that was asked for, that it would not send.
    pub truncated: bool,
}

/// A source of bars for a symbol; prices adjusted to the shares of the moment.
#[async_trait]
pub trait CandleSource: Send + Sync {
    /// Sessions from `from` up to `as_of`, oldest first; the last may be the session that is under way.
    ///
    /// # Errors
    /// The taxonomy of [`PortError`].
    async fn daily(
        &self,
        symbol: &Symbol,
        from: NaiveDate,
        as_of: DateTime<Utc>,
    ) -> Result<DailyCandles, PortError>;

    /// One session's minutes that ended by `as_of`, all parts of the day, oldest first.
    ///
    /// # Errors
    /// [`PortError::NoData`] where the source will not send the session from its beginning; the taxonomy otherwise.
    async fn minutes(
        &self,
        symbol: &Symbol,
        session: NaiveDate,
        as_of: DateTime<Utc>,
    ) -> Result<Vec<MinuteBar>, PortError>;
}
