//! What a trader is promised: levels at their prices, no label over another, the picture as the scene says.

mod cases;

use crate::*;
use cases::*;

/// Writes the charts of this module into the folder named by `TTAI_CHART_GALLERY`, to be looked at.
#[test]
fn gallery() {
    let Some(folder) = std::env::var_os("TTAI_CHART_GALLERY").map(std::path::PathBuf::from) else { return };
    let (bars, long, low, still) = (aapl(), walk(1000, 40.0, 0.02, 3), walk(180, 0.5, 0.03, 7), flat(60));
    let mut partial = apple(&bars);
    partial.last_bar_partial = true;
    partial.simulated = true;
    let mut weekly = ChartInput::new("LONG", as_of(), "simulated market, seed 3", &long);
    weekly.overlays = [50, 200].map(|n| average(&long, n)).to_vec();
    let dark = ChartStyle { theme: Theme::Dark, ..half_year() };
    let small = ChartStyle { width: 640, height: 400, ..half_year() };
    let whole = ChartStyle::default();
    let charts = [
        ("aapl", apple(&bars), half_year()),
        ("partial_dark", partial, dark),
        ("crowded", crowded(&bars), half_year()),
        ("small", apple(&bars), small),
        ("weekly", weekly, whole.clone()),
        ("penny", penny(&low), whole.clone()),
        ("flat", ChartInput::new("FLAT", as_of(), "simulated market", &still), whole.clone()),
        ("one_bar", ChartInput::new("ONE", as_of(), "one bar", &bars[..1]), whole),
    ];
    for (name, input, style) in charts {
        let scene = Scene::build(&input, &style).unwrap();
        let started = std::time::Instant::now();
        let png = render_png(&scene).unwrap();
        println!("{name}: {} bytes, {:?}, hidden {:?}", png.len(), started.elapsed(), scene.hidden);
        std::fs::write(folder.join(format!("{name}.png")), png).unwrap();
        std::fs::write(folder.join(format!("{name}.svg")), render_svg(&scene)).unwrap();
        std::fs::write(folder.join(format!("{name}.json")), serde_json::to_string_pretty(&scene).unwrap())
            .unwrap();
    }
}
