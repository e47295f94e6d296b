//! What a trader is promised: levels at their prices, no label over another, the picture as the scene says.

mod cases;
mod gallery;
mod pixels;
mod random;

use crate::*;
use cases::*;
use ttai_core::{DailyBar, FibonacciLevel, LevelSide};

/// Everything that holds for any scene whatever.
fn check_scene(scene: &Scene) {
    let image = Rect::between(0.0, 0.0, f64::from(scene.width), f64::from(scene.height));
    for (i, label) in scene.labels.iter().enumerate() {
        assert!(image.contains(&label.rect), "outside the image: {label:?}");
        let end = label.runs.last().map_or(0.0, |run| run.x + run.width);
        assert!(!label.text.is_empty() && end <= label.rect.right() + 0.02, "text beyond its box: {label:?}");
        for other in &scene.labels[..i] {
            assert!(!label.rect.intersects(&other.rect), "{:?} covers {:?}", label.text, other.text);
        }
    }
    let pane = scene.regions.candles;
    let inside = |y: f64| (pane.y - 0.01..=pane.bottom() + 0.01).contains(&y);
    for level in &scene.levels {
        assert!(inside(level.y), "{level:?}");
        if level.line_width > 0 {
            assert!((level.y - scene.price_scale.y(level.price)).abs() <= 0.005 + 1e-9, "{level:?}");
        }
        if let LabelState::Shown { index } = level.label {
            let label = &scene.labels[index];
            assert_eq!((label.role, label.runs[0].color), (LabelRole::Level, level.color));
            let (first, last) = (label.leader[0], label.leader[label.leader.len() - 1]);
            assert!((first.y - level.y).abs() < 0.011 && first.x == level.x_end, "{label:?}");
            assert!(
                last.x == label.rect.x && label.rect.y <= last.y && last.y <= label.rect.bottom(),
                "{label:?}"
            );
        }
    }
    for candle in &scene.candles {
        assert!(inside(candle.y_high) && inside(candle.y_low) && candle.y_high <= candle.y_low, "{candle:?}");
        let half = candle.body_width / 2.0;
        assert!(candle.x - half >= pane.x - 1.0 && candle.x + half <= pane.right() + 1.0, "{candle:?}");
    }
    for point in scene.overlays.iter().flat_map(|line| line.runs.iter().flatten()) {
        assert!(inside(point.y), "{point:?}");
    }
    for off in &scene.off_scale {
        assert!(!scene.price_scale.contains(off.price) || off.kind >= LevelKind::Confluence, "{off:?}");
    }
}

fn shown(scene: &Scene, state: LabelState) -> &Label {
    match state {
        LabelState::Shown { index } => &scene.labels[index],
        LabelState::Hidden { reason } => panic!("hidden: {reason:?}"),
    }
}

#[test]
fn apple_shows_what_is_near_at_the_pixel_of_its_price() {
    let bars = aapl();
    let scene = Scene::build(&apple(&bars), &half_year()).unwrap();
    check_scene(&scene);
    assert_eq!((scene.candles.len(), scene.bar_interval), (129, BarInterval::Daily));
    for price in [622.50, 651.25] {
        let level = scene.levels.iter().find(|level| level.price == price).unwrap();
        assert!((scene.price_scale.price(level.y) - price).abs() < 0.01);
        assert!(shown(&scene, level.label).text.contains(&format!("{price:.2}")));
    }
    let scene = Scene::build(&ChartInput { fibonacci: None, ..apple(&bars) }, &half_year()).unwrap();
    check_scene(&scene);
    let gap = scene.levels.iter().find(|level| level.kind == LevelKind::Gap).unwrap();
    let rect = gap.zone.unwrap().rect;
    assert!((scene.price_scale.price(rect.y) - 560.73).abs() < 0.01);
    assert!((scene.price_scale.price(rect.bottom()) - 531.13).abs() < 0.01);
    let after = scene.candles.iter().find(|candle| candle.date == day("2014-04-24")).unwrap();
    assert_eq!(gap.x_start, after.x);
}

#[test]
fn the_axis_spans_what_was_traded_and_names_what_lies_beyond() {
    let bars = aapl();
    let scene = Scene::build(&apple(&bars), &half_year()).unwrap();
    let high = scene.candles.iter().map(|candle| candle.high).fold(0.0, f64::max);
    let low = scene.candles.iter().map(|candle| candle.low).fold(high, f64::min);
    let air = 0.05 * (high - low);
    assert!(scene.price_scale.top_price < high + air && scene.price_scale.bottom_price > low - air);
    let beyond: Vec<f64> = scene.off_scale.iter().map(|off| off.price).collect();
    assert_eq!(beyond, [705.07]);
}

#[test]
fn seven_labels_and_those_of_the_nearest_levels() {
    let bars = aapl();
    let scene = Scene::build(&crowded(&bars), &half_year()).unwrap();
    check_scene(&scene);
    let named = |label: &&Label| matches!(label.role, LabelRole::Level | LabelRole::OffScale);
    assert_eq!(scene.labels.iter().filter(named).count(), 7);
    let distance = |level: &&SceneLevel| (level.price - 645.57).abs();
    let (with, without): (Vec<&SceneLevel>, Vec<&SceneLevel>) = scene
        .levels
        .iter()
        .filter(|level| level.kind <= LevelKind::Resistance)
        .partition(|level| matches!(level.label, LabelState::Shown { .. }));
    let drawn = with.len() + without.len() + scene.off_scale.len();
    assert_eq!(drawn, 15, "unnamed supports and resistances are drawn too");
    let farthest = with.iter().map(distance).fold(0.0, f64::max);
    assert!(without.iter().map(distance).all(|d| d >= farthest));
    for level in without {
        assert_eq!(level.label, LabelState::Hidden { reason: HiddenReason::Farther });
    }
    let riddles = |level: &&SceneLevel| {
        matches!(level.kind, LevelKind::Fibonacci | LevelKind::Gap | LevelKind::Confluence)
    };
    assert!(scene.levels.iter().filter(riddles).all(|level| matches!(level.label, LabelState::Shown { .. })));
}

#[test]
fn a_fibonacci_level_in_a_zone_is_named_by_the_zone() {
    let bars = aapl();
    let scene = Scene::build(&apple(&bars), &half_year()).unwrap();
    assert!(scene.hidden.iter().any(|h| h.reason == HiddenReason::InZone && h.text.contains("50%")));
    let zone = scene.levels.iter().find(|level| level.kind == LevelKind::Confluence).unwrap();
    assert!(shown(&scene, zone.label).text.contains("Fib 50%"));
}

#[test]
fn a_level_begins_at_its_first_touch() {
    let bars = aapl();
    let mut input = apple(&bars);
    input.levels[0].since = Some(day("2014-05-28"));
    input.levels[1].since = Some(day("2013-03-01"));
    let scene = Scene::build(&input, &half_year()).unwrap();
    let start = |price: f64| scene.levels.iter().find(|level| level.price == price).unwrap().x_start;
    let candle = scene.candles.iter().find(|candle| candle.date == day("2014-05-28")).unwrap();
    assert_eq!(start(622.50), candle.x);
    assert!(start(580.33) <= scene.candles[0].x, "it began before the picture");
}

#[test]
fn the_trade_is_drawn_into_a_scene_that_was_stored() {
    let bars = aapl();
    let scene = Scene::build(&apple(&bars), &half_year()).unwrap();
    let stored: Scene = serde_json::from_str(&serde_json::to_string(&scene).unwrap()).unwrap();
    let with = stored.with_trade(put()).unwrap();
    check_scene(&with);
    assert_eq!(with.candles.len(), scene.candles.len());
    for (kind, price, text) in [
        (LevelKind::Strike, 630.0, "Short put 630.00  −2.4%"),
        (LevelKind::Breakeven, 624.95, "Breakeven 624.95  −3.2%"),
    ] {
        let line = with.levels.iter().find(|level| level.kind == kind).unwrap();
        assert!((with.price_scale.price(line.y) - price).abs() < 0.01);
        assert_eq!(shown(&with, line.label).text, text);
    }
    let trade = with.trade.as_ref().unwrap();
    assert_eq!(trade.expiration, day("2014-06-20"));
    assert!(trade.x > with.candles[128].x && trade.x < with.regions.candles.right());
    let cone = trade.cone.as_ref().unwrap();
    assert_eq!((cone.low, cone.high), (645.57 - 22.4, 645.57 + 22.4));
    let (first, last) = (cone.upper[0], cone.upper[cone.upper.len() - 1]);
    assert!((with.price_scale.price(first.y) - 645.57).abs() < 0.01 && first.x == with.candles[128].x);
    assert!((with.price_scale.price(last.y) - cone.high).abs() < 0.01 && last.x == trade.x);
    let quarter = cone.lower[cone.lower.len() / 4];
    assert!(
        (with.price_scale.price(quarter.y) - (645.57 - 11.2)).abs() < 0.1,
        "it widens with the root of time"
    );
    let split = with.marks.iter().find(|mark| mark.kind == MarkKind::Split).unwrap();
    assert!(split.place == MarkPlace::Ahead && split.x < trade.x, "{split:?}");
    assert!(with.labels.iter().any(|label| label.text == "— expected by Jun 20 (±1 SD) 623.17–667.97"));
    let again = with.with_trade(put()).unwrap();
    assert_eq!(again, with);
}

#[test]
fn a_trade_that_ends_today_or_in_years_is_drawn() {
    let bars = aapl();
    let scene = Scene::build(&apple(&bars), &half_year()).unwrap();
    let today = scene.with_trade(TradeOverlay { sessions: Vec::new(), ..put() }).unwrap();
    check_scene(&today);
    assert!(today.trade.is_none() && today.levels.iter().any(|level| level.kind == LevelKind::Strike));
    let sessions: Vec<_> = day("2014-06-09").iter_days().take(900).collect();
    let years = scene.with_trade(TradeOverlay { sessions: sessions.clone(), ..put() }).unwrap();
    check_scene(&years);
    let ahead = years.regions.candles.right() - years.candles[years.candles.len() - 1].x;
    assert!(ahead < 0.3 * years.regions.candles.width, "{ahead}");
    let backwards =
        scene.with_trade(TradeOverlay { sessions: sessions.into_iter().rev().collect(), ..put() });
    assert!(matches!(backwards, Err(ChartError::UnorderedSessions { .. })));
}

#[test]
fn the_breakeven_of_shares_bought_long_ago_does_not_stretch_the_axis() {
    let bars = aapl();
    let scene = Scene::build(&apple(&bars), &half_year()).unwrap();
    let bottom =
        |breakeven| scene.with_trade(TradeOverlay { breakeven, ..put() }).unwrap().price_scale.bottom_price;
    assert!(bottom(450.0) > 480.0, "{}", bottom(450.0));
    let with = scene.with_trade(TradeOverlay { breakeven: 450.0, ..put() }).unwrap();
    let edge = with.off_scale.iter().find(|off| off.kind == LevelKind::Breakeven).unwrap();
    assert_eq!(shown(&with, edge.label).text, "Breakeven 450.00  −30.3%");
}

#[test]
fn the_index_has_a_pane_with_its_bounds() {
    let bars = aapl();
    let mut input = apple(&bars);
    input.rsi = Some(index(&bars));
    let scene = Scene::build(&input, &half_year()).unwrap();
    check_scene(&scene);
    let (pane, rsi) = (scene.regions.rsi.unwrap(), scene.rsi.as_ref().unwrap());
    assert!(pane.y > scene.regions.volume.unwrap().bottom() && pane.bottom() <= scene.regions.dates.y);
    assert_eq!(rsi.ticks.map(|tick| tick.value), [30.0, 70.0]);
    assert!((rsi.ticks[0].y - (pane.bottom() - 0.3 * pane.height)).abs() < 0.01);
    assert!(rsi.line.runs.iter().flatten().all(|p| (pane.y..=pane.bottom()).contains(&p.y)));
    let value = input.rsi.as_ref().unwrap().values[332].unwrap();
    assert!(scene.labels.iter().any(|label| label.text == format!("RSI 14 {value:.0}")));
    input.rsi.as_mut().unwrap().values[300] = Some(101.0);
    assert!(
        Scene::build(&input, &half_year()).unwrap_err().to_string().contains("a value of the RSI is 101")
    );
}

#[test]
fn the_header_says_what_and_when_and_the_footer_where_from() {
    let bars = aapl();
    let scene = Scene::build(&apple(&bars), &half_year()).unwrap();
    let texts =
        |role| scene.labels.iter().filter(|l| l.role == role).map(|l| l.text.as_str()).collect::<Vec<_>>();
    assert_eq!(texts(LabelRole::Title), ["AAPL", "csp", "Apple Inc."]);
    assert_eq!(texts(LabelRole::AsOf), ["as of Fri Jun 6 2014, 15:00 ET"]);
    assert_eq!(texts(LabelRole::Source), ["Source: exchange tape, daily bars in raw dollars"]);
    assert_eq!(texts(LabelRole::Sessions), ["daily · 129 sessions · Dec 2 2013 – Jun 6 2014"]);
    assert_eq!(texts(LabelRole::DateTick), ["Jan 2014", "Feb", "Mar", "Apr", "May", "Jun"]);
    assert_eq!(texts(LabelRole::PriceTag), ["645.57"]);
    assert_eq!(texts(LabelRole::Legend).len(), 3);
    assert!(texts(LabelRole::Badge).is_empty() && scene.watermark.is_none());
}

#[test]
fn events_stand_under_their_candles_and_upcoming_ones_beside_them() {
    let bars = aapl();
    let scene = Scene::build(&apple(&bars), &half_year()).unwrap();
    assert_eq!(scene.marks.len(), 6);
    for mark in &scene.marks {
        shown(&scene, mark.label);
        match mark.place {
            MarkPlace::OnBar => assert!(scene.candles.iter().any(|c| c.date == mark.date && c.x == mark.x)),
            MarkPlace::Ahead => panic!("without a trade nothing is ahead: {mark:?}"),
            MarkPlace::Upcoming => {
                assert!(mark.date > day("2014-06-06") && mark.x > scene.regions.candles.right());
            }
        }
    }
}

#[test]
fn labels_without_room_are_listed_with_the_reason() {
    let bars = aapl();
    let mut input = crowded(&bars);
    input.rsi = Some(index(&bars));
    let scene = Scene::build(&input, &ChartStyle { width: 640, height: 400, ..half_year() }).unwrap();
    check_scene(&scene);
    let room = scene.regions.labels.height;
    let named = scene.labels.iter().filter(|label| label.role == LabelRole::Level).count();
    assert!(room >= 20.0 * (named as f64 - 1.0) + 18.0 && named >= 4, "{named} labels in {room} pixels");
    let reasons = [HiddenReason::NoRoom, HiddenReason::Farther];
    assert!(scene.hidden.iter().any(|h| reasons.contains(&h.reason)), "{:?}", scene.hidden);
}

#[test]
fn far_levels_are_named_at_the_edge_and_do_not_squash_the_candles() {
    let bars = walk(180, 0.5, 0.03, 7);
    let mut input = penny(&bars);
    let near =
        Scene::build(&ChartInput { levels: Vec::new(), ..input.clone() }, &ChartStyle::default()).unwrap();
    input.levels.extend([5.0, 6.0, 7.0].map(|price| LevelLine::at(price, LevelSide::Resistance)));
    let scene = Scene::build(&input, &ChartStyle::default()).unwrap();
    check_scene(&scene);
    assert!(scene.price_scale.top_price < near.price_scale.top_price * 1.4);
    let above: Vec<_> = scene.off_scale.iter().filter(|off| off.side == ScaleEdge::Above).collect();
    assert_eq!((scene.off_scale.len(), above.len()), (5, 4));
    let farther = LabelState::Hidden { reason: HiddenReason::FartherOffScale };
    assert_eq!(above.iter().filter(|off| off.label == farther).count(), 1);
    let nearest = shown(&scene, above[0].label);
    assert_eq!((nearest.pointer, nearest.role), (Some(ScaleEdge::Above), LabelRole::OffScale));
    assert!(nearest.text.contains("+300%"), "{}", nearest.text);
}

#[test]
fn a_simulated_market_and_a_running_session_are_said() {
    let bars = aapl();
    let mut input = apple(&bars);
    (input.simulated, input.last_bar_partial) = (true, true);
    let scene = Scene::build(&input, &half_year()).unwrap();
    check_scene(&scene);
    assert!(scene.labels.iter().any(|label| label.text == "SIMULATED MARKET"));
    assert!(scene.watermark.is_some());
    assert!(scene.labels.iter().any(|label| label.text.ends_with("session in progress")));
    assert_eq!(scene.candles.iter().filter(|candle| candle.partial).count(), 1);
    assert!(scene.candles.last().is_some_and(|candle| candle.partial));
}

#[test]
fn a_thousand_bars_are_weekly_and_keep_their_extremes() {
    let bars = walk(1000, 40.0, 0.02, 3);
    let input = ChartInput::new("LONG", as_of(), "seed 3", &bars);
    let scene = Scene::build(&input, &ChartStyle::default()).unwrap();
    check_scene(&scene);
    assert_eq!((scene.bar_interval, scene.candles.len(), scene.bars_shown), (BarInterval::Weekly, 200, 1000));
    let highest = bars.iter().map(|bar| bar.high).fold(0.0, f64::max);
    assert!(scene.candles.iter().any(|candle| candle.high == highest));
}

#[test]
fn a_weekly_chart_is_headed_by_the_weeks_bar() {
    let bars = walk(1000, 40.0, 0.02, 3);
    let mut input = ChartInput::new("LONG", as_of(), "seed 3", &bars);
    input.last_bar_partial = true;
    let scene = Scene::build(&input, &ChartStyle::default()).unwrap();
    let head = scene.labels.iter().find(|label| label.role == LabelRole::LastBar).unwrap();
    let (week, before) = (scene.candles[199], scene.candles[198]);
    let end = bars[999].date.format("%b %-d");
    assert!(head.text.starts_with(&format!("Week to {end}")), "{}", head.text);
    for price in [week.open, week.high, week.low, week.close] {
        assert!(head.text.contains(&format!("{price:.2}")), "{}", head.text);
    }
    let change = (week.close / before.close - 1.0) * 100.0;
    assert!(head.text.contains(&format!("{:.1}%", change.abs())) && head.text.ends_with("week in progress"));
    let color =
        if scene.price_tag.price < before.close { scene.palette.resistance } else { scene.palette.support };
    assert_eq!(scene.price_tag.color, color);
}

#[test]
fn a_flat_series_and_a_single_bar_are_drawn_without_a_volume_pane() {
    let still = flat(60);
    for bars in [&still[..], &still[..1]] {
        let scene =
            Scene::build(&ChartInput::new("FLAT", as_of(), "", bars), &ChartStyle::default()).unwrap();
        check_scene(&scene);
        assert!(scene.regions.volume.is_none() && scene.price_ticks.len() > 5);
    }
}

#[test]
fn long_texts_are_elided() {
    let bars = aapl();
    let mut input = apple(&bars);
    input.company = Some("Long Company Name ".repeat(400));
    input.strategy = Some("strategy ".repeat(100));
    input.source = "source ".repeat(1000);
    input.symbol = "SYMBOL".repeat(50);
    input.overlays[0].name = "overlay ".repeat(200);
    input.confluence[0].sources = vec!["why ".repeat(100)];
    for width in [640, 1200] {
        let scene = Scene::build(&input, &ChartStyle { width, ..half_year() }).unwrap();
        check_scene(&scene);
        let cut = |role| scene.labels.iter().any(|l| l.role == role && l.text.ends_with('…'));
        assert!(cut(LabelRole::Title) && cut(LabelRole::Source) && cut(LabelRole::Level));
    }
}

#[test]
fn wrong_input_is_refused_with_what_to_change() {
    let bars = aapl();
    let message = |change: fn(&mut ChartInput<'_>)| {
        let mut input = apple(&bars);
        change(&mut input);
        Scene::build(&input, &half_year()).unwrap_err().to_string()
    };
    assert!(message(|i| i.symbol = " ".to_owned()).contains("no symbol"));
    assert_eq!(message(|i| i.bars = (&[]).into()), "there are no daily bars for AAPL: pass at least one");
    assert!(message(|i| i.levels[0].price = f64::NAN).contains("a level's price is NaN"));
    assert!(message(|i| i.levels[0].strength = Some(58.0)).contains("from 0 to 1"));
    assert!(message(|i| i.levels[0].zone_low = 630.0).contains("zone"));
    assert!(message(|i| i.gaps[0].low = 600.0).contains("the gap runs from 600 to 560.73"));
    assert!(message(|i| i.last_price = Some(0.0)).contains("the last price is 0"));
    assert!(message(|i| i.overlays[0].values.truncate(5)).contains("SMA 20 has 5 values for 333 bars"));
    assert!(message(|i| i.overlays[1].values[9] = Some(f64::INFINITY)).contains("overlay SMA 50 is inf"));
}

#[test]
fn wrong_bars_and_sizes_are_refused() {
    let bars = aapl();
    let build = |bars: &[DailyBar], style: ChartStyle| {
        Scene::build(&ChartInput::new("AAPL", as_of(), "", bars), &style).unwrap_err()
    };
    let mut doubled = bars.clone();
    doubled[5].date = doubled[4].date;
    let (previous, date) = (bars[4].date, bars[4].date);
    assert_eq!(build(&doubled, half_year()), ChartError::UnorderedBars { previous, date });
    let mut broken = bars.clone();
    broken[7].high = 1.0;
    assert!(matches!(build(&broken, half_year()), ChartError::Bar(_)));
    let tiny = ChartStyle { width: 300, ..ChartStyle::default() };
    assert_eq!(build(&bars, tiny), ChartError::ImageSize { width: 300, height: 750 });
    let ages = walk(40_000, 20.0, 0.0, 1);
    let ChartError::TooManyBars { limit, .. } = build(&ages, ChartStyle::default()) else { panic!() };
    let style = ChartStyle { visible_bars: Some(limit), ..ChartStyle::default() };
    assert!(Scene::build(&ChartInput::new("AGES", as_of(), "", &ages), &style).is_ok());
}

#[test]
fn a_small_scene_stays_as_it_is() {
    let bars = aapl();
    let mut input = ChartInput::new("AAPL", as_of(), "tape", &bars[331..]);
    input.levels =
        vec![level(640.0, LevelSide::Support, 2, 0.6), level(900.0, LevelSide::Resistance, 1, 0.4)];
    let scene =
        Scene::build(&input, &ChartStyle { width: 640, height: 400, ..ChartStyle::default() }).unwrap();
    insta::assert_json_snapshot!(scene);
}

#[test]
fn a_scene_survives_json() {
    let bars = aapl();
    let scene = Scene::build(&apple(&bars), &half_year()).unwrap();
    let json = serde_json::to_string(&scene).unwrap();
    let back: Scene = serde_json::from_str(&json).unwrap();
    assert_eq!(back.labels, scene.labels);
    assert_eq!(render_svg(&back), render_svg(&scene));
    assert!(
        serde_json::from_str::<Color>("\"#12345\"").is_err()
            && serde_json::from_str::<Color>("\"red\"").is_err()
    );
}
