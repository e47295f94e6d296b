//! The scene as PNG bytes: shapes by `tiny-skia`, letters by `ab_glyph`, the same bytes every time.

use tiny_skia::{
    FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, Stroke, StrokeDash, Transform,
};

use crate::error::ChartError;
use crate::font::Fonts;
use crate::letters::Letters;
use crate::number::pixel;
use crate::paint::{Primitive, shapes};
use crate::scene::{Point, Rect, Scene};
use crate::style::{Color, check_size};

/// Draws the scene as an 8-bit RGBA PNG, opaque everywhere, of the scene's size.
///
/// # Errors
/// As [`Canvas::render_png`].
pub fn render_png(scene: &Scene) -> Result<Vec<u8>, ChartError> {
    Canvas::default().render_png(scene)
}

/// What pictures are drawn on, one after another: memory and letters of one serve the next.
#[derive(Default)]
pub struct Canvas {
    pixmap: Option<Pixmap>,
    letters: Letters,
}

impl Canvas {
    /// Draws the scene as an 8-bit RGBA PNG, opaque everywhere, of the scene's size. The bytes are the same whatever was drawn before.
    ///
    /// # Errors
    /// [`ChartError::ImageSize`] for a scene whose size is out of range (one that was not built here),
    /// [`ChartError::Font`] and [`ChartError::Encode`] where the build is damaged.
    pub fn render_png(&mut self, scene: &Scene) -> Result<Vec<u8>, ChartError> {
        let (width, height) = (scene.width, scene.height);
        check_size(width, height)?;
        // The background covers what was there.
        let usable = self.pixmap.take().filter(|pixmap| (pixmap.width(), pixmap.height()) == (width, height));
        let fresh = usable.or_else(|| Pixmap::new(width, height));
        let pixmap = self.pixmap.insert(fresh.ok_or(ChartError::ImageSize { width, height })?);
        let fonts = Fonts::load()?;
        for shape in shapes(scene) {
            match shape {
                Primitive::Text { .. } => self.letters.draw(pixmap, &fonts, &shape),
                _ => draw(pixmap, &shape),
            }
        }
        encode(pixmap)
    }
}

fn draw(pixmap: &mut Pixmap, shape: &Primitive<'_>) {
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
        Primitive::Polygon { points, color, alpha } => {
            if let Some(path) = polyline(points, true) {
                let paint = paint(*color, *alpha, true);
                pixmap.fill_path(&path, &paint, FillRule::Winding, Transform::identity(), None);
            }
        }
        Primitive::Text { .. } => {}
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
        // Most edges lie between pixels; then there is nothing to smooth.
        let sharp =
            [rect.left(), rect.top(), rect.right(), rect.bottom()].iter().all(|edge| edge.fract() == 0.0);
        pixmap.fill_rect(rect, &paint(color, alpha, !sharp), Transform::identity(), None);
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

fn encode(pixmap: &Pixmap) -> Result<Vec<u8>, ChartError> {
    let failed = |e: png::EncodingError| ChartError::Encode { reason: e.to_string() };
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, pixmap.width(), pixmap.height());
    // The background is opaque, so the premultiplied colours are the colours; to leave alpha away costs more than to pack it.
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    // A third of the time of a general deflate's first level, for a file a third larger.
    encoder.set_filter(png::Filter::Paeth);
    encoder.set_deflate_compression(png::DeflateCompression::FdeflateUltraFast);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(pixmap.data()).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(bytes)
}
