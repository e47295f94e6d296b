//! The scene as PNG bytes: shapes by `tiny-skia`, letters by `ab_glyph`, the same bytes every time.

use ab_glyph::{Font as _, Glyph, PxScale, ScaleFont as _, point};
use tiny_skia::{
    FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, PremultipliedColorU8, Stroke, StrokeDash,
    Transform,
};

use crate::error::ChartError;
use crate::font::Fonts;
use crate::number::pixel;
use crate::paint::{Primitive, shapes};
use crate::scene::{Point, Rect, Scene};
use crate::style::{Color, check_size};

/// Draws the scene as an 8-bit RGB PNG of the scene's size.
///
/// # Errors
/// [`ChartError::ImageSize`] for a scene whose size is out of range (one that was not built here),
/// [`ChartError::Font`] and [`ChartError::Encode`] where the build is damaged.
pub fn render_png(scene: &Scene) -> Result<Vec<u8>, ChartError> {
    let (width, height) = (scene.width, scene.height);
    check_size(width, height)?;
    let mut pixmap = Pixmap::new(width, height).ok_or(ChartError::ImageSize { width, height })?;
    let fonts = Fonts::load()?;
    for shape in shapes(scene) {
        draw(&mut pixmap, &fonts, &shape);
    }
    encode(&pixmap)
}

fn draw(pixmap: &mut Pixmap, fonts: &Fonts, shape: &Primitive<'_>) {
    match shape {
        Primitive::Fill { rect, radius, color, alpha } => fill(pixmap, rect, *radius, *color, *alpha),
        Primitive::Outline { rect, radius, color } => outline(pixmap, rect, *radius, *color),
        Primitive::Line { points, color, width, alpha, dash } => {
            let stroke = Stroke {
                width: pixel(*width),
                line_cap: LineCap::Butt,
                line_join: LineJoin::Round,
                dash: dash.and_then(|dash| StrokeDash::new(dash.map(pixel).to_vec(), 0.0)),
                ..Stroke::default()
            };
            if let Some(path) = polyline(points, false) {
                pixmap.stroke_path(&path, &paint(*color, *alpha, true), &stroke, Transform::identity(), None);
            }
        }
        Primitive::Triangle { points, color } => {
            if let Some(path) = polyline(points, true) {
                let paint = paint(*color, 1.0, true);
                pixmap.fill_path(&path, &paint, FillRule::Winding, Transform::identity(), None);
            }
        }
        Primitive::Text { .. } => text(pixmap, fonts, shape),
    }
}

fn paint(color: Color, alpha: f64, anti_alias: bool) -> Paint<'static> {
    let mut paint = Paint { anti_alias, ..Paint::default() };
    paint.set_color_rgba8(color.r, color.g, color.b, share(alpha));
    paint
}

/// A fraction as 0 to 255; `as` saturates.
fn share(alpha: f64) -> u8 {
    (alpha * 255.0).round() as u8
}

fn fill(pixmap: &mut Pixmap, rect: &Rect, radius: f64, color: Color, alpha: f64) {
    if radius > 0.0 {
        if let Some(path) = rounded(rect, radius) {
            let paint = paint(color, alpha, true);
            pixmap.fill_path(&path, &paint, FillRule::Winding, Transform::identity(), None);
        }
        return;
    }
    let [x, y, width, height] = [rect.x, rect.y, rect.width, rect.height].map(pixel);
    if let Some(rect) = tiny_skia::Rect::from_xywh(x, y, width, height) {
        pixmap.fill_rect(rect, &paint(color, alpha, true), Transform::identity(), None);
    }
}

fn outline(pixmap: &mut Pixmap, rect: &Rect, radius: f64, color: Color) {
    let inner = Rect::between(
        rect.x.round() + 0.5,
        rect.y.round() + 0.5,
        rect.right().round() - 0.5,
        rect.bottom().round() - 0.5,
    );
    if let Some(path) = rounded(&inner, radius) {
        let stroke = Stroke { width: 1.0, ..Stroke::default() };
        pixmap.stroke_path(&path, &paint(color, 1.0, true), &stroke, Transform::identity(), None);
    }
}

fn polyline(points: &[Point], close: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    for (i, p) in points.iter().enumerate() {
        if i == 0 { path.move_to(pixel(p.x), pixel(p.y)) } else { path.line_to(pixel(p.x), pixel(p.y)) }
    }
    if close {
        path.close();
    }
    path.finish()
}

/// A rectangle with rounded corners.
fn rounded(rect: &Rect, radius: f64) -> Option<Path> {
    let r = radius.min(rect.width / 2.0).min(rect.height / 2.0);
    // 4/3 · (√2 − 1): the cubic that comes nearest to a quarter circle.
    let k = r * (1.0 - 0.552_284_75);
    let (l, t, right, b) = (rect.x, rect.y, rect.right(), rect.bottom());
    let mut path = PathBuilder::new();
    let p = pixel;
    path.move_to(p(l + r), p(t));
    path.line_to(p(right - r), p(t));
    path.cubic_to(p(right - k), p(t), p(right), p(t + k), p(right), p(t + r));
    path.line_to(p(right), p(b - r));
    path.cubic_to(p(right), p(b - k), p(right - k), p(b), p(right - r), p(b));
    path.line_to(p(l + r), p(b));
    path.cubic_to(p(l + k), p(b), p(l), p(b - k), p(l), p(b - r));
    path.line_to(p(l), p(t + r));
    path.cubic_to(p(l), p(t + k), p(l + k), p(t), p(l + r), p(t));
    path.close();
    path.finish()
}

/// Letters with their exact coverage; the layout gives whole-pixel baselines, so stems stay sharp.
fn text(pixmap: &mut Pixmap, fonts: &Fonts, shape: &Primitive<'_>) {
    let Primitive::Text { text, x, baseline, size, weight, color, alpha, .. } = shape else { return };
    let font = fonts.of(*weight);
    // `PxScale` counts ascent to descent; the layout counts ems.
    let ems = font.height_unscaled() / font.units_per_em().unwrap_or(2048.0);
    let scaled = font.as_scaled(PxScale::from(pixel(*size) * ems));
    let mut cursor = pixel(*x);
    for c in text.chars() {
        let id = scaled.glyph_id(c);
        let glyph = Glyph { id, scale: scaled.scale(), position: point(cursor, pixel(*baseline)) };
        cursor += scaled.h_advance(id);
        let Some(outlined) = scaled.outline_glyph(glyph) else { continue };
        let bounds = outlined.px_bounds();
        outlined.draw(|dx, dy, coverage| {
            let at = (offset(bounds.min.x, dx), offset(bounds.min.y, dy));
            blend(pixmap, at, *color, f64::from(coverage) * alpha);
        });
    }
}

/// A pixel of a glyph's box in the image; `None` left of or above it.
fn offset(start: f32, delta: u32) -> Option<u32> {
    // Bounds are whole numbers within the image's few thousand pixels; `as` saturates.
    u32::try_from((start as i64).saturating_add(i64::from(delta))).ok()
}

fn blend(pixmap: &mut Pixmap, at: (Option<u32>, Option<u32>), color: Color, coverage: f64) {
    let (Some(x), Some(y)) = at else { return };
    let (width, height) = (pixmap.width(), pixmap.height());
    if x >= width || y >= height || coverage <= 0.0 {
        return;
    }
    let Ok(index) = usize::try_from(y * width + x) else { return };
    let Some(under) = pixmap.pixels_mut().get_mut(index) else { return };
    let mix = |ink: u8, paper: u8| {
        (f64::from(paper) + (f64::from(ink) - f64::from(paper)) * coverage.min(1.0)).round() as u8
    };
    let (r, g, b) = (mix(color.r, under.red()), mix(color.g, under.green()), mix(color.b, under.blue()));
    // The background is opaque, so every pixel stays so.
    if let Some(mixed) = PremultipliedColorU8::from_rgba(r, g, b, 255) {
        *under = mixed;
    }
}

/// Of 1 to 9. Level 3 takes two and a half times as long for a file a quarter smaller.
const DEFLATE_LEVEL: u8 = 1;

fn encode(pixmap: &Pixmap) -> Result<Vec<u8>, ChartError> {
    let failed = |e: png::EncodingError| ChartError::Encode { reason: e.to_string() };
    let (pixels, _) = pixmap.data().as_chunks::<4>();
    let mut rgb = vec![[0; 3]; pixels.len()];
    // The background is opaque, so the premultiplied colours are the colours.
    rgb.iter_mut().zip(pixels).for_each(|(rgb, &[r, g, b, _])| *rgb = [r, g, b]);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, pixmap.width(), pixmap.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    // Flat colours repeat themselves as they are: unfiltered rows shrink as well as filtered ones, in half the time.
    encoder.set_filter(png::Filter::NoFilter);
    encoder.set_deflate_compression(png::DeflateCompression::Level(DEFLATE_LEVEL));
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(rgb.as_flattened()).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(bytes)
}
