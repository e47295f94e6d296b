//! Charts written to files, to be looked at by a person.

use super::*;

/// Writes each chart as PNG, SVG and JSON into the folder named by `TTAI_CHART_GALLERY`.
#[test]
#[ignore = "writes images to be looked at: set TTAI_CHART_GALLERY to a folder"]
fn gallery() {
    let folder = std::path::PathBuf::from(std::env::var_os("TTAI_CHART_GALLERY").unwrap());
    let (bars, long, low, still) = (aapl(), walk(1000, 40.0, 0.02, 3), walk(180, 0.5, 0.03, 7), flat(60));
    let mut partial = apple(&bars);
    (partial.last_bar_partial, partial.simulated) = (true, true);
    let mut weekly = ChartInput::new("LONG", as_of(), "simulated market, seed 3", &long);
    weekly.overlays = [50, 200].map(|n| average(&long, n)).to_vec();
    let dark = ChartStyle { theme: Theme::Dark, ..half_year() };
    let small = ChartStyle { width: 640, height: 400, ..half_year() };
    let whole = ChartStyle::default();
    let mut traded = apple(&bars);
    (traded.trade, traded.rsi) = (Some(put()), Some(index(&bars)));
    let charts = [
        ("aapl", apple(&bars), half_year()),
        ("traded", traded.clone(), half_year()),
        ("traded_dark", traded, ChartStyle { theme: Theme::Dark, ..half_year() }),
        ("partial_dark", partial, dark),
        ("crowded", crowded(&bars), half_year()),
        ("small", apple(&bars), small),
        ("weekly", weekly, whole.clone()),
        ("penny", penny(&low), whole.clone()),
        ("flat", ChartInput::new("FLAT", as_of(), "simulated market", &still), whole.clone()),
        ("one_bar", ChartInput::new("ONE", as_of(), "one bar", &bars[..1]), whole),
    ];
    for (name, input, style) in charts {
        let started = std::time::Instant::now();
        let scene = Scene::build(&input, &style).unwrap();
        let built = started.elapsed();
        let png = render_png(&scene).unwrap();
        println!("{name}: layout {built:.1?}, in all {:.1?}, {} bytes", started.elapsed(), png.len());
        std::fs::write(folder.join(name).with_extension("png"), png).unwrap();
        std::fs::write(folder.join(name).with_extension("svg"), render_svg(&scene)).unwrap();
        std::fs::write(
            folder.join(name).with_extension("json"),
            serde_json::to_string_pretty(&scene).unwrap(),
        )
        .unwrap();
    }
}
