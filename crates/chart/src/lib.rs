//! Bars and levels in, a picture out: candles, volume, averages, RSI, levels, Fibonacci lines, gaps, events and the
//! suggested trade.
//!
//! Two steps. [`Scene::build`] does all the layout: it is pure and deterministic, and its result is plain data
//! (JSON through serde) that says where everything stands, in pixels and in prices. [`render_png`] and
//! [`render_svg`] only draw that data, so whatever a test finds in the scene is what a trader sees. A scene keeps its
//! input: [`Scene::with_trade`] lays a stored one out again with a trade that was not known when it was made.
//!
//! Drawn with `tiny-skia` and `ab_glyph` rather than a plotting library: the layout has to know every label's box
//! before anything is drawn (labels never overlap), and a plotting library that lays out its own axes and captions
//! would know better only in its own coordinates. Both are pure Rust. The font is embedded, none of the system's
//! is read, and the widths that the layout uses are that font's.
//!
//! ```
//! use chrono::{NaiveDate, TimeZone, Utc};
//! use ttai_chart::{ChartInput, ChartStyle, Scene, render_png};
//! use ttai_core::DailyBar;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let day = NaiveDate::from_ymd_opt(2014, 6, 6).ok_or("no such day")?;
//! let bars = [DailyBar::new(day, 649.9, 651.26, 644.47, 645.57, 12.5e6)?];
//! let as_of = Utc.with_ymd_and_hms(2014, 6, 6, 19, 0, 0).single().ok_or("no such time")?;
//! let scene = Scene::build(&ChartInput::new("AAPL", as_of, "daily tape", &bars), &ChartStyle::default())?;
//! let png = render_png(&scene)?;
//! assert!(png.starts_with(b"\x89PNG"));
//! # Ok(())
//! # }
//! ```

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests read files and clocks")
)]

mod error;
mod font;
mod format;
mod input;
mod label;
mod layout;
mod letters;
mod number;
mod paint;
mod raster;
mod scene;
mod style;
mod svg;
#[cfg(test)]
mod tests;

pub use error::ChartError;
pub use font::Weight;
pub use input::{
    ChartInput, ConfluenceBand, ExpectedRange, Fibonacci, GapBand, LevelLine, Mark, MarkKind, Overlay,
    StrikeLine, TradeOverlay,
};
pub use label::{Label, LabelRole, TextRun};
pub use layout::{PriceScale, ScaleKind};
pub use raster::{Canvas, render_png};
pub use scene::{
    BarInterval, DateTick, Direction, HiddenLabel, HiddenReason, LabelState, LevelKind, MarkPlace, OffScale,
    OverlayLine, Point, PriceTag, PriceTick, Rect, Regions, RsiPane, RsiTick, ScaleEdge, Scene, SceneCandle,
    SceneCone, SceneLevel, SceneMark, SceneTrade, VolumeTick, Zone,
};
pub use style::{ChartStyle, Color, Palette, ScaleChoice, Theme};
pub use svg::render_svg;
