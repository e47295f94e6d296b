//! The embedded font: its metrics for the layout, its outlines for the image. No system font is ever read.

use ab_glyph::{Font as _, FontRef, GlyphId};
use serde::{Deserialize, Serialize};

use crate::error::ChartError;

const REGULAR: &[u8] = include_bytes!("../fonts/Roboto-Regular-subset.ttf");
const MEDIUM: &[u8] = include_bytes!("../fonts/Roboto-Medium-subset.ttf");

/// Height above the baseline of the tallest glyph, in ems (Roboto: 1900 / 2048).
pub(crate) const ASCENT: f64 = 0.928;
/// Depth below the baseline, in ems (Roboto: 500 / 2048).
pub(crate) const DESCENT: f64 = 0.245;
/// Height of a capital letter or digit, in ems (Roboto: 1456 / 2048).
pub(crate) const CAP_HEIGHT: f64 = 0.711;
/// Characters of a text that are looked at; far more than fit into any image.
const LONGEST: usize = 600;

/// Weight of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// Roboto Regular (400).
    Regular,
    /// Roboto Medium (500).
    Medium,
}

/// Both weights, parsed.
pub(crate) struct Fonts {
    regular: FontRef<'static>,
    medium: FontRef<'static>,
}

impl Fonts {
    /// Parses the embedded files (a few microseconds).
    pub(crate) fn load() -> Result<Self, ChartError> {
        Ok(Self { regular: parse(REGULAR, "Roboto-Regular")?, medium: parse(MEDIUM, "Roboto-Medium")? })
    }

    pub(crate) fn of(&self, weight: Weight) -> &FontRef<'static> {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Medium => &self.medium,
        }
    }

    /// Width of `text` in pixels at `size` pixels per em.
    pub(crate) fn width(&self, text: &str, weight: Weight, size: f64) -> f64 {
        let font = self.of(weight);
        let units: f32 = text.chars().map(|c| font.h_advance_unscaled(font.glyph_id(c))).sum();
        f64::from(units) * size / f64::from(font.units_per_em().unwrap_or(2048.0))
    }

    /// The text as it can be drawn: one line, unknown characters as `?`, trimmed, bounded.
    pub(crate) fn clean(&self, text: &str) -> String {
        let known = |c: char| self.regular.glyph_id(c) != GlyphId(0);
        let drawable = |c: char| match c {
            c if c.is_whitespace() => ' ',
            c if known(c) => c,
            _ => '?',
        };
        let one_line: String = text
            .trim()
            .chars()
            .filter(|c| c.is_whitespace() || !c.is_control())
            .map(drawable)
            .take(LONGEST)
            .collect();
        one_line.trim().to_owned()
    }

    /// The longest beginning of `text` that fits into `room` pixels, with an ellipsis where something was cut.
    pub(crate) fn elide(&self, text: &str, weight: Weight, size: f64, room: f64) -> String {
        if self.width(text, weight, size) <= room {
            return text.to_owned();
        }
        let left = room - self.width("…", weight, size);
        let mut used = 0.0;
        let fits = |c: &char| {
            used += self.width(c.encode_utf8(&mut [0; 4]), weight, size);
            used <= left
        };
        let kept: String = text.chars().take_while(fits).collect();
        match kept.trim_end() {
            "" => String::new(),
            kept => format!("{kept}…"),
        }
    }
}

fn parse(bytes: &'static [u8], file: &'static str) -> Result<FontRef<'static>, ChartError> {
    FontRef::try_from_slice(bytes).map_err(|e| ChartError::Font { file, reason: e.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_of_one_width_and_text_scales() {
        let fonts = Fonts::load().unwrap();
        let width = |text| fonts.width(text, Weight::Regular, 12.0);
        assert!((width("111.11") - width("888.88")).abs() < 1e-9);
        assert!(
            (fonts.width("AAPL", Weight::Medium, 24.0) - 2.0 * fonts.width("AAPL", Weight::Medium, 12.0))
                .abs()
                < 1e-6
        );
    }

    #[test]
    fn long_and_foreign_text_is_cut_and_replaced() {
        let fonts = Fonts::load().unwrap();
        let cut = fonts.elide("International Business Machines", Weight::Regular, 14.0, 100.0);
        assert!(cut.ends_with('…') && fonts.width(&cut, Weight::Regular, 14.0) <= 100.0, "{cut}");
        assert_eq!(fonts.elide("x", Weight::Regular, 14.0, 1.0), "");
        assert_eq!(fonts.clean(" Société\nGénérale \u{7} 株 "), "Société Générale  ?");
        assert!(fonts.clean(&"W".repeat(100_000)).len() <= LONGEST);
    }
}
