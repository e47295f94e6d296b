//! What can be wrong with a chart's input, and what to do about it.

use chrono::NaiveDate;
use ttai_core::bar::BarError;

/// Why no chart can be made. None of these gets better by trying again.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ChartError {
    /// The symbol is empty or blank.
    #[error("the chart has no symbol: pass the underlying's ticker")]
    EmptySymbol,
    /// Nothing to draw.
    #[error("there are no daily bars for {symbol}: pass at least one")]
    NoBars {
        /// The chart's symbol.
        symbol: String,
    },
    /// Not even monthly candles fit.
    #[error(
        "{bars} daily bars do not fit into an image {width} px wide even as monthly candles: pass at most {limit} or set ChartStyle::visible_bars"
    )]
    TooManyBars {
        /// Bars given.
        bars: usize,
        /// Bars that would fit.
        limit: usize,
        /// Image width in pixels.
        width: u32,
    },
    /// A bar whose four prices and volume cannot be.
    #[error(transparent)]
    Bar(#[from] BarError),
    /// Bars have to be in ascending order of their dates, one a day.
    #[error("the bar of {date} comes after the one of {previous}: sort the bars by date, one a day")]
    UnorderedBars {
        /// Date of the earlier element.
        previous: NaiveDate,
        /// Date of the later element.
        date: NaiveDate,
    },
    /// The sessions of a trade come after the last bar, in ascending order.
    #[error(
        "the trade's session of {date} does not come after {previous}: list the sessions after the last bar, one a day"
    )]
    UnorderedSessions {
        /// The last bar's date, or that of the session before.
        previous: NaiveDate,
        /// Date of the session.
        date: NaiveDate,
    },
    /// A price, ratio or value that is not a number, or beyond anything that is traded.
    #[error("{what} is {value}: give a number between {low:e} and {high:e}, or leave it out")]
    OutOfRange {
        /// Which number.
        what: String,
        /// The number.
        value: f64,
        /// Least value that is drawn.
        low: f64,
        /// Greatest value that is drawn.
        high: f64,
    },
    /// An overlay has one value per bar.
    #[error(
        "overlay {name} has {values} values for {bars} bars: pass one per bar, None where it is not defined"
    )]
    OverlayLength {
        /// The overlay's name.
        name: String,
        /// Values given.
        values: usize,
        /// Bars given.
        bars: usize,
    },
    /// A zone whose lower edge is above its upper edge, or that does not contain its level's price.
    #[error(
        "{what} runs from {low} to {high}: the lower edge comes first and a level's price lies between them"
    )]
    InvalidZone {
        /// Which zone.
        what: String,
        /// Lower edge given.
        low: f64,
        /// Upper edge given.
        high: f64,
    },
    /// A strength outside 0 to 1.
    #[error("the strength of the level at {price} is {strength}: give a fraction from 0 to 1")]
    Strength {
        /// The level's price.
        price: f64,
        /// The strength given.
        strength: f64,
    },
    /// An image size that cannot be laid out.
    #[error("an image of {width} × {height} px cannot be made: use 640 to 4096 by 400 to 4096")]
    ImageSize {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// The embedded font could not be read. A damaged build.
    #[error("the embedded font {file} cannot be read: {reason}")]
    Font {
        /// File name of the font.
        file: &'static str,
        /// What the reader says.
        reason: String,
    },
    /// The PNG encoder refused.
    #[error("the image could not be encoded as PNG: {reason}")]
    Encode {
        /// What the encoder says.
        reason: String,
    },
}
