//! The images against the scene that they draw.

use super::*;

struct Image {
    width: u32,
    height: u32,
    rgba: Vec<u8>,
}

impl Image {
    fn decode(bytes: &[u8]) -> Self {
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut rgba = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut rgba).unwrap();
        assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Rgba, png::BitDepth::Eight));
        let (pixels, _) = rgba.as_chunks::<4>();
        assert!(pixels.iter().all(|pixel| pixel[3] == 255), "a picture is opaque");
        Self { width: info.width, height: info.height, rgba }
    }

    fn at(&self, x: f64, y: f64) -> Color {
        let (column, row) = (x.floor() as usize, y.floor() as usize);
        let i = 4 * (row * usize::try_from(self.width).unwrap() + column);
        Color { r: self.rgba[i], g: self.rgba[i + 1], b: self.rgba[i + 2] }
    }
}

#[test]
fn the_pixel_at_a_level_has_its_colour() {
    let bars = aapl();
    for style in [half_year(), ChartStyle { theme: Theme::Dark, width: 1600, height: 900, ..half_year() }] {
        let scene = Scene::build(&apple(&bars), &style).unwrap();
        let image = Image::decode(&render_png(&scene).unwrap());
        assert_eq!((image.width, image.height), (style.width, style.height));
        let named = |level: &&SceneLevel| {
            level.kind <= LevelKind::Resistance && matches!(level.label, LabelState::Shown { .. })
        };
        let lines: Vec<_> = scene.levels.iter().filter(named).collect();
        assert!(lines.len() >= 2);
        for level in lines {
            // Half way between two candles no body or wick covers the line.
            let (a, b) = (scene.candles[3], scene.candles[4]);
            assert_eq!(image.at((a.x + b.x) / 2.0, level.y), level.color, "{level:?}");
        }
        for candle in scene.candles.iter().filter(|c| c.date < day("2014-01-20")) {
            let color = if candle.direction == Direction::Up { scene.palette.up } else { scene.palette.down };
            let line = |y: f64| scene.levels.iter().any(|level| (level.y - y).abs() < 3.0);
            let average = |y: f64| {
                scene
                    .overlays
                    .iter()
                    .flat_map(|o| o.runs.iter().flatten())
                    .any(|p| (p.x - candle.x).abs() < 9.0 && (p.y - y).abs() < 9.0)
            };
            if !line(candle.y_high) && !average(candle.y_high) {
                assert_eq!(image.at(candle.x, candle.y_high), color, "{candle:?}");
            }
        }
    }
}

#[test]
fn the_tag_and_the_badge_are_filled() {
    let bars = aapl();
    let mut input = apple(&bars);
    input.simulated = true;
    let scene = Scene::build(&input, &half_year()).unwrap();
    let image = Image::decode(&render_png(&scene).unwrap());
    for label in scene.labels.iter().filter(|l| matches!(l.role, LabelRole::Badge | LabelRole::PriceTag)) {
        assert_eq!(image.at(label.rect.x + 3.0, label.rect.middle()), label.fill.unwrap(), "{label:?}");
    }
}

#[test]
fn ink_stays_within_the_labels_box() {
    let bars = aapl();
    let scene = Scene::build(&ChartInput::new("ÅÄÖgjpqy|", as_of(), "", &bars), &half_year()).unwrap();
    let image = Image::decode(&render_png(&scene).unwrap());
    let title = scene.labels.iter().find(|label| label.role == LabelRole::Title).unwrap().rect;
    let paper = scene.palette.background;
    let ink = |x: f64, y: f64| image.at(x, y) != paper;
    let columns = || (0..u32::from(title.width as u16) + 8).map(|i| title.x - 4.0 + f64::from(i));
    assert!(columns().any(|x| ink(x, title.middle())));
    assert!(columns().all(|x| !ink(x, title.y - 1.5) && !ink(x, title.bottom() + 0.5)));
}

#[test]
fn the_same_scene_gives_the_same_bytes_and_few_of_them() {
    let bars = aapl();
    let bytes = || render_png(&Scene::build(&crowded(&bars), &half_year()).unwrap()).unwrap();
    let first = bytes();
    assert_eq!(first, bytes());
    let mut canvas = Canvas::default();
    let other = Scene::build(&apple(&bars), &half_year()).unwrap();
    assert_eq!(canvas.render_png(&other).unwrap(), render_png(&other).unwrap());
    assert_eq!(canvas.render_png(&Scene::build(&crowded(&bars), &half_year()).unwrap()).unwrap(), first);
    assert!(first.len() < 260_000, "{} bytes", first.len());
}

#[test]
fn the_svg_has_every_text_and_escapes_it() {
    let bars = aapl();
    let mut input = apple(&bars);
    input.company = Some("A & B <C> \"D\"".to_owned());
    let scene = Scene::build(&input, &half_year()).unwrap();
    let svg = render_svg(&scene);
    assert!(svg.contains("A &amp; B &lt;C&gt; &quot;D&quot;") && svg.ends_with("</svg>\n"));
    let runs: usize = scene.labels.iter().map(|label| label.runs.len()).sum();
    assert_eq!(svg.matches("<text ").count(), runs);
}

#[test]
fn a_scene_of_absurd_size_is_refused() {
    let bars = aapl();
    let mut scene = Scene::build(&apple(&bars), &half_year()).unwrap();
    scene.width = u32::MAX;
    assert!(matches!(render_png(&scene), Err(ChartError::ImageSize { .. })));
}
