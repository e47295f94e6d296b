//! Text in an image: the coverage of each letter is worked out once.

use std::collections::HashMap;

use ab_glyph::{Font as _, Glyph, GlyphId, PxScale, ScaleFont as _, point};
use tiny_skia::{Pixmap, PremultipliedColorU8};

use crate::font::{Fonts, Weight};
use crate::number::pixel;
use crate::paint::Primitive;
use crate::style::Color;

/// Letters stand at quarters of a pixel: no eye sees the difference, and few places are to be worked out.
const PLACES: f32 = 4.0;
/// Letters beyond which all are forgotten: some 2 MB, many times what the charts of one style have.
const MOST: usize = 8_192;

/// A letter of one weight and size at one of the places within a pixel.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    id: GlyphId,
    medium: bool,
    size: u32,
    place: u8,
}

/// Which part of each pixel a letter covers, 0 to 255, from its box's left and top relative to the baseline's pixel.
struct Letter {
    left: i32,
    top: i32,
    width: usize,
    coverage: Vec<u8>,
}

/// Letters that were drawn.
#[derive(Default)]
pub(crate) struct Letters(HashMap<Key, Option<Letter>>);

impl Letters {
    /// Draws a text; the layout gives whole-pixel baselines, so stems stay sharp. Nothing for any other shape.
    pub(crate) fn draw(&mut self, pixmap: &mut Pixmap, fonts: &Fonts, shape: &Primitive<'_>) {
        let Primitive::Text { text, x, baseline, size, weight, color, alpha, .. } = shape else { return };
        if self.0.len() > MOST {
            self.0.clear();
        }
        let font = fonts.of(*weight);
        // `PxScale` counts ascent to descent; the layout counts ems.
        let ems = font.height_unscaled() / font.units_per_em().unwrap_or(2048.0);
        let scaled = font.as_scaled(PxScale::from(pixel(*size) * ems));
        let mut cursor = pixel(*x);
        for c in text.chars() {
            let id = scaled.glyph_id(c);
            let at = (cursor * PLACES).round() / PLACES;
            let (whole, part) = (at.floor(), at - at.floor());
            cursor += scaled.h_advance(id);
            let medium = *weight == Weight::Medium;
            // `as` saturates; a place is 0 to 3.
            let key = Key { id, medium, size: pixel(*size).to_bits(), place: (part * PLACES) as u8 };
            let glyph = Glyph { id, scale: scaled.scale(), position: point(part, 0.0) };
            let letter = self.0.entry(key).or_insert_with(|| covered(&scaled, glyph));
            if let Some(letter) = letter {
                letter.stamp(pixmap, (whole as i32, pixel(*baseline).round() as i32), *color, *alpha);
            }
        }
    }
}

/// None for a letter without ink.
fn covered<F: ab_glyph::Font>(font: &impl ab_glyph::ScaleFont<F>, glyph: Glyph) -> Option<Letter> {
    let outlined = font.outline_glyph(glyph)?;
    let bounds = outlined.px_bounds();
    // Bounds are whole numbers of a few dozen pixels; `as` saturates.
    let (width, height) = (bounds.width() as usize, bounds.height() as usize);
    let mut coverage = vec![0; width.checked_mul(height)?];
    outlined.draw(|x, y, part| {
        let place = usize::try_from(y).ok().zip(usize::try_from(x).ok()).map(|(y, x)| y * width + x);
        if let Some(covered) = place.and_then(|place| coverage.get_mut(place)) {
            *covered = (part.min(1.0) * 255.0).round() as u8;
        }
    });
    Some(Letter { left: bounds.min.x as i32, top: bounds.min.y as i32, width, coverage })
}

impl Letter {
    /// Mixes `color` into the pixels that the letter covers; those outside the image are left out.
    fn stamp(&self, pixmap: &mut Pixmap, origin: (i32, i32), color: Color, alpha: f64) {
        let row_length = usize::try_from(pixmap.width()).unwrap_or(0);
        let opacity = (alpha * 256.0).round() as u32;
        let (left, top) = (origin.0.saturating_add(self.left), origin.1.saturating_add(self.top));
        let pixels = pixmap.pixels_mut();
        for (row, y) in self.coverage.chunks(self.width.max(1)).zip(top..) {
            let Ok(y) = usize::try_from(y) else { continue };
            for (covered, x) in row.iter().zip(left..) {
                let Some(x) = usize::try_from(x).ok().filter(|x| *x < row_length) else { continue };
                if *covered > 0
                    && let Some(under) = pixels.get_mut(y * row_length + x)
                {
                    *under = mixed(color, *under, u32::from(*covered) * opacity / 256);
                }
            }
        }
    }
}

/// `ink` over `paper` at a part of 0 to 255. The background is opaque, so every pixel stays so.
fn mixed(ink: Color, paper: PremultipliedColorU8, part: u32) -> PremultipliedColorU8 {
    let mix =
        |ink: u8, paper: u8| ((u32::from(ink) * part + u32::from(paper) * (255 - part) + 127) / 255) as u8;
    let (r, g, b) = (mix(ink.r, paper.red()), mix(ink.g, paper.green()), mix(ink.b, paper.blue()));
    PremultipliedColorU8::from_rgba(r, g, b, 255).unwrap_or(paper)
}
