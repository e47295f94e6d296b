//! The scene as SVG text, with the same shapes as the PNG.

use std::fmt::Write as _;

use crate::font::Weight;
use crate::paint::{Primitive, shapes};
use crate::scene::{Rect, Scene};

/// Draws the scene as a standalone SVG document.
///
/// Letters are text, not outlines: they can be searched and copied. The font is named, not embedded; where it is
/// missing, `textLength` keeps every text within the width that the layout gave it.
#[must_use]
pub fn render_svg(scene: &Scene) -> String {
    let (width, height) = (scene.width, scene.height);
    let title = escape(&format!("{} {}", scene.symbol, scene.as_of.format("%Y-%m-%dT%H:%M:%SZ")));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"Roboto, Helvetica, Arial, sans-serif\"><title>{title}</title>\n"
    );
    for shape in shapes(scene) {
        // Writing to a String cannot fail.
        let _ = write_shape(&mut svg, &shape);
    }
    svg.push_str("</svg>\n");
    svg
}

fn write_shape(svg: &mut String, shape: &Primitive<'_>) -> std::fmt::Result {
    match shape {
        Primitive::Fill { rect, radius, color, alpha } => {
            write_rect(svg, rect, *radius)?;
            write!(svg, " fill=\"{color}\"")?;
            write_opacity(svg, "fill", *alpha)?;
        }
        Primitive::Outline { rect, radius, color } => {
            let inner = Rect {
                x: rect.x.round() + 0.5,
                y: rect.y.round() + 0.5,
                width: rect.width.round() - 1.0,
                height: rect.height.round() - 1.0,
            };
            write_rect(svg, &inner, *radius)?;
            write!(svg, " fill=\"none\" stroke=\"{color}\"")?;
        }
        Primitive::Line { points, color, width, alpha, dash } => {
            svg.push_str("<polyline points=\"");
            for p in points {
                write!(svg, "{},{} ", p.x, p.y)?;
            }
            write!(
                svg,
                "\" fill=\"none\" stroke=\"{color}\" stroke-width=\"{width}\" stroke-linejoin=\"round\""
            )?;
            write_opacity(svg, "stroke", *alpha)?;
            if let Some([on, off]) = dash {
                write!(svg, " stroke-dasharray=\"{on} {off}\"")?;
            }
        }
        Primitive::Polygon { points, color, alpha } => {
            svg.push_str("<polygon points=\"");
            for p in points {
                write!(svg, "{:.2},{:.2} ", p.x, p.y)?;
            }
            write!(svg, "\" fill=\"{color}\"")?;
            write_opacity(svg, "fill", *alpha)?;
        }
        Primitive::Text { text, x, baseline, width, size, weight, color, alpha } => {
            let weight = match weight {
                Weight::Regular => 400,
                Weight::Medium => 500,
            };
            write!(
                svg,
                "<text x=\"{x}\" y=\"{baseline}\" font-size=\"{size}\" font-weight=\"{weight}\" fill=\"{color}\""
            )?;
            write_opacity(svg, "fill", *alpha)?;
            let text = escape(text);
            return writeln!(
                svg,
                " textLength=\"{width}\" lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\">{text}</text>"
            );
        }
    }
    svg.push_str("/>\n");
    Ok(())
}

fn write_rect(svg: &mut String, rect: &Rect, radius: f64) -> std::fmt::Result {
    let Rect { x, y, width, height } = rect;
    write!(svg, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"")?;
    if radius > 0.0 { write!(svg, " rx=\"{radius}\"") } else { Ok(()) }
}

fn write_opacity(svg: &mut String, of: &str, alpha: f64) -> std::fmt::Result {
    if alpha < 1.0 { write!(svg, " {of}-opacity=\"{alpha}\"") } else { Ok(()) }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
