//! Any input gives a scene in which every promise holds, or a typed error.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// A level relative to the last price, from far below to far above.
fn levels() -> impl Strategy<Value = Vec<(f64, bool, u32, f64)>> {
    let near = (0.9..1.1_f64, any::<bool>(), 0..12_u32, 0.0..=1.0_f64);
    let far = (-0.5..8.0_f64, any::<bool>(), 0..12_u32, 0.0..=1.0_f64);
    vec(prop_oneof![3 => near, 1 => far], 0..45)
}

fn styles() -> impl Strategy<Value = ChartStyle> {
    let scale = prop_oneof![Just(ScaleChoice::Auto), Just(ScaleChoice::Linear), Just(ScaleChoice::Log)];
    (640..1700_u32, 400..1100_u32, any::<bool>(), scale, proptest::option::of(0..300_usize)).prop_map(
        |(width, height, dark, scale, visible_bars)| {
            let theme = if dark { Theme::Dark } else { Theme::Light };
            ChartStyle { width, height, theme, scale, visible_bars }
        },
    )
}

/// Any double whatever, and magnitudes around the limits of what is drawn.
fn numbers() -> impl Strategy<Value = f64> {
    prop_oneof![proptest::num::f64::ANY, (-8.0..14.0_f64).prop_map(|m| 10_f64.powf(m))]
}

fn marks() -> impl Strategy<Value = Vec<(i64, u8, String)>> {
    vec((-60..900_i64, 0..3_u8, "\\PC{0,14}"), 0..25)
}

/// Everything that a chart may be given, around a random walk.
#[derive(Debug)]
struct Market {
    bars: Vec<DailyBar>,
    levels: Vec<(f64, bool, u32, f64)>,
    marks: Vec<(i64, u8, String)>,
    text: String,
    flags: (bool, bool),
    last: Option<f64>,
}

fn markets() -> impl Strategy<Value = Market> {
    let bars = (1..700_usize, -5.0..8.0_f64, prop_oneof![Just(0.0), 0.0001..0.05_f64], any::<u64>())
        .prop_map(|(n, magnitude, step, seed)| walk(n, 10_f64.powf(magnitude), step, seed))
        .prop_filter("prices in range", |bars| bars.iter().all(|b| b.low >= 1e-6 && b.high <= 1e9));
    (bars, levels(), marks(), "\\PC{1,80}", any::<(bool, bool)>(), proptest::option::of(0.3..3.0_f64))
        .prop_map(|(bars, levels, marks, text, flags, last)| Market {
            bars,
            levels,
            marks,
            text,
            flags,
            last,
        })
}

impl Market {
    fn input(&self) -> ChartInput<'_> {
        let close = self.bars.last().unwrap().close;
        let mut input = ChartInput::new(format!("X{}", self.text), as_of(), &self.text, &self.bars);
        (input.simulated, input.last_bar_partial) = self.flags;
        (input.company, input.strategy) = (Some(self.text.clone()), Some(self.text.clone()));
        input.last_price = self.last.map(|share| (share * close).clamp(1e-6, 1e9));
        input.overlays = [5, 50, 200].map(|n| average(&self.bars, n)).to_vec();
        for (share, support, touches, strength) in &self.levels {
            let kind = if *support { LevelSide::Support } else { LevelSide::Resistance };
            let price = share * close;
            let (zone_low, zone_high) = (price - strength * close * 0.02, price + strength * close * 0.01);
            let (touches, strength) = (*touches, Some(*strength));
            match touches % 4 {
                0 => input.gaps.push(GapBand { low: zone_low, high: zone_high, date: self.bars[0].date }),
                1 => input.confluence.push(ConfluenceBand {
                    low: zone_low,
                    high: zone_high,
                    sources: vec![self.text.clone()],
                }),
                _ => input.levels.push(LevelLine {
                    price,
                    zone_low,
                    zone_high,
                    kind,
                    touches,
                    strength,
                    since: None,
                }),
            }
        }
        let ratio =
            |(share, ..): &(f64, bool, u32, f64)| FibonacciLevel { ratio: *share, price: share * close };
        input.fibonacci = Some(Fibonacci {
            from: close * 0.9,
            to: close,
            from_date: Some(self.bars[0].date),
            to_date: self.bars.last().map(|bar| bar.date),
            levels: self.levels.iter().take(7).map(ratio).collect(),
        });
        input.rsi = Some(index(&self.bars));
        input.trade = self.levels.first().map(|(share, _, touches, strength)| {
            let tomorrow = self.bars.last().unwrap().date + chrono::Duration::days(1);
            TradeOverlay {
                strikes: vec![StrikeLine {
                    name: self.text.clone(),
                    price: (share * close).clamp(1e-6, 1e9),
                }],
                breakeven: 0.97 * share * close,
                sessions: tomorrow.iter_days().take(usize::try_from(touches % 60).unwrap()).collect(),
                expected: Some(ExpectedRange { from: close, one_sd: strength * close }),
            }
        });
        input.marks = self.marks.iter().map(|mark| self.mark(mark)).collect();
        input
    }

    fn mark(&self, (days, kind, text): &(i64, u8, String)) -> Mark {
        let kind = [MarkKind::Split, MarkKind::Earnings, MarkKind::Dividend][usize::from(*kind)];
        Mark { date: self.bars[0].date + chrono::Duration::days(*days), kind, text: text.clone() }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_market_gives_a_scene_that_keeps_every_promise(market in markets(), style in styles()) {
        let input = market.input();
        let scene = Scene::build(&input, &style).unwrap();
        check_scene(&scene);
        let listed = input.levels.len() + input.gaps.len() + input.confluence.len()
            + input.fibonacci.as_ref().map_or(0, |fib| fib.levels.len())
            + input.trade.as_ref().map_or(0, |trade| trade.strikes.len() + 1);
        let named = scene.labels.iter().filter(|l| matches!(l.role, LabelRole::Level | LabelRole::OffScale)).count();
        prop_assert!(named <= 7 && scene.levels.len() + scene.off_scale.len() <= listed);
        let untold = scene.hidden.iter().filter(|h| !matches!(h.reason, HiddenReason::BeforeFirstBar)).count();
        prop_assert!(named + untold >= listed, "every level has a label or a reason");
        prop_assert_eq!(&Scene::build(&input, &style).unwrap(), &scene);
    }

    #[test]
    fn any_numbers_give_a_scene_or_an_error(price in numbers(), other in numbers(), style in styles()) {
        let bars = walk(30, 50.0, 0.02, 5);
        let mut input = ChartInput::new("X", as_of(), "", &bars);
        input.levels = vec![LevelLine::at(price, LevelSide::Support)];
        input.gaps = vec![GapBand { low: price, high: other, date: bars[3].date }];
        input.last_price = Some(other);
        input.overlays = vec![Overlay { name: String::new(), values: vec![Some(price); 30] }];
        if let Ok(scene) = Scene::build(&input, &style) {
            check_scene(&scene);
        }
        let wild = DailyBar { date: bars[0].date, open: price, high: price, low: other, close: price, volume: other };
        if let Ok(scene) = Scene::build(&ChartInput::new("X", as_of(), "", &[wild]), &style) {
            check_scene(&scene);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_scene_is_drawn(market in markets(), style in styles()) {
        let scene = Scene::build(&market.input(), &style).unwrap();
        prop_assert!(render_png(&scene).unwrap().starts_with(b"\x89PNG"));
        prop_assert!(render_svg(&scene).ends_with("</svg>\n"));
    }
}
