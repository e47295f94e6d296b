//! How a chart looks: size, theme, colours, price scale.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::ChartError;

/// Size, theme and scale of a chart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChartStyle {
    /// Image width in pixels, 640 to 4096.
    pub width: u32,
    /// Image height in pixels, 400 to 4096.
    pub height: u32,
    /// Colours.
    pub theme: Theme,
    /// Linear or logarithmic prices.
    pub scale: ScaleChoice,
    /// Show only the newest this many bars (and what belongs to them); `None` shows all.
    pub visible_bars: Option<usize>,
}

impl Default for ChartStyle {
    /// 1200 × 750, light, automatic scale, all bars.
    fn default() -> Self {
        Self { width: 1200, height: 750, theme: Theme::Light, scale: ScaleChoice::Auto, visible_bars: None }
    }
}

impl ChartStyle {
    pub(crate) fn check(&self) -> Result<(), ChartError> {
        check_size(self.width, self.height)
    }
}

/// Refuses images that are too small to be laid out or too large to be kept in memory.
pub(crate) fn check_size(width: u32, height: u32) -> Result<(), ChartError> {
    if (640..=4096).contains(&width) && (400..=4096).contains(&height) {
        Ok(())
    } else {
        Err(ChartError::ImageSize { width, height })
    }
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// Dark ink on white.
    #[default]
    Light,
    /// Light ink on near-black.
    Dark,
}

/// Which price scale to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScaleChoice {
    /// Logarithmic where the highest price is more than 3.5 times the lowest, else linear.
    #[default]
    Auto,
    /// Equal dollars, equal pixels.
    Linear,
    /// Equal percentages, equal pixels.
    Log,
}

/// An opaque sRGB colour, `#rrggbb` in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color {
    /// Red.
    pub r: u8,
    /// Green.
    pub g: u8,
    /// Blue.
    pub b: u8,
}

impl Color {
    /// The colour `0xrrggbb`.
    #[must_use]
    pub const fn hex(rgb: u32) -> Self {
        let [_, r, g, b] = rgb.to_be_bytes();
        Self { r, g, b }
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.r, self.g, self.b)
    }
}

impl Serialize for Color {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Color {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.strip_prefix('#')
            .filter(|digits| digits.len() == 6)
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .map(Self::hex)
            .ok_or_else(|| serde::de::Error::custom(format!("{text:?} is no colour: write #rrggbb")))
    }
}

/// The colours of a theme.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Palette {
    /// Image background.
    pub background: Color,
    /// Background of the price and volume panes.
    pub pane: Color,
    /// Pane borders and hairlines.
    pub border: Color,
    /// Grid lines.
    pub grid: Color,
    /// Main text.
    pub text: Color,
    /// Secondary text.
    pub muted: Color,
    /// Rising candles.
    pub up: Color,
    /// Falling candles.
    pub down: Color,
    /// Support lines and labels.
    pub support: Color,
    /// Resistance lines and labels.
    pub resistance: Color,
    /// Fibonacci lines and labels.
    pub fibonacci: Color,
    /// Confluence zones and labels.
    pub confluence: Color,
    /// Unfilled gaps and their labels.
    pub gap: Color,
    /// Strikes, breakeven and expected move of the suggested trade.
    pub trade: Color,
    /// The relative strength index.
    pub rsi: Color,
    /// Earnings marks.
    pub earnings: Color,
    /// Dividend marks.
    pub dividend: Color,
    /// Split marks.
    pub split: Color,
    /// The mark of simulated data.
    pub simulated: Color,
    /// Text on filled tags and badges.
    pub on_fill: Color,
    /// Overlay lines, in the order of the overlays.
    pub overlays: [Color; 5],
}

impl Palette {
    /// The colours of `theme`.
    #[must_use]
    pub const fn of(theme: Theme) -> Self {
        match theme {
            Theme::Light => Self::light(),
            Theme::Dark => Self::dark(),
        }
    }

    const fn light() -> Self {
        Self {
            background: Color::hex(0xffffff),
            pane: Color::hex(0xffffff),
            border: Color::hex(0xc9ced6),
            grid: Color::hex(0xeef0f3),
            text: Color::hex(0x1b1f27),
            muted: Color::hex(0x5f6773),
            up: Color::hex(0x26a69a),
            down: Color::hex(0xe8514f),
            support: Color::hex(0x1b7a3d),
            resistance: Color::hex(0xb3261e),
            fibonacci: Color::hex(0x8a6500),
            confluence: Color::hex(0x00748a),
            gap: Color::hex(0x55627a),
            trade: Color::hex(0xb0116b),
            rsi: Color::hex(0x6a4fb3),
            earnings: Color::hex(0x1a56c4),
            dividend: Color::hex(0x6a8a00),
            split: Color::hex(0x8e24aa),
            simulated: Color::hex(0xc25700),
            on_fill: Color::hex(0xffffff),
            overlays: [
                Color::hex(0x2962ff),
                Color::hex(0xf57c00),
                Color::hex(0x7b1fa2),
                Color::hex(0x5d4037),
                Color::hex(0x0097a7),
            ],
        }
    }

    const fn dark() -> Self {
        Self {
            background: Color::hex(0x12161f),
            pane: Color::hex(0x12161f),
            border: Color::hex(0x3a4150),
            grid: Color::hex(0x1e2430),
            text: Color::hex(0xe4e8ef),
            muted: Color::hex(0x98a1b0),
            up: Color::hex(0x26a69a),
            down: Color::hex(0xef5350),
            support: Color::hex(0x57c77f),
            resistance: Color::hex(0xff8a80),
            fibonacci: Color::hex(0xd9b44a),
            confluence: Color::hex(0x4dd0e1),
            gap: Color::hex(0xa3b1cc),
            trade: Color::hex(0xff7ac2),
            rsi: Color::hex(0xb39ddb),
            earnings: Color::hex(0x7ba4ff),
            dividend: Color::hex(0xb2cf52),
            split: Color::hex(0xce93d8),
            simulated: Color::hex(0xffa040),
            on_fill: Color::hex(0x12161f),
            overlays: [
                Color::hex(0x6f9bff),
                Color::hex(0xffa040),
                Color::hex(0xce93d8),
                Color::hex(0xbcaaa4),
                Color::hex(0x4dd0e1),
            ],
        }
    }
}
