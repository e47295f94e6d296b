//! Round prices, round volumes and the first sessions of months.

use chrono::{Datelike, NaiveDate};

use super::scale::{PriceScale, ScaleKind};
use crate::format;
use crate::number::{count, whole};
use crate::scene::{BarInterval, SceneCandle};

/// Pixels that one price tick should have at least.
const TICK_HEIGHT: f64 = 44.0;
/// Pixels that one date label should have at least.
const TICK_WIDTH: f64 = 58.0;
/// Candles up to which dates are shown by week rather than by month.
const WEEKS_UP_TO: usize = 45;
/// Candles up to which every session may have its date.
const DAYS_UP_TO: usize = 12;

/// Round prices on the scale with their texts, all with the same number of decimals.
pub(super) fn prices(scale: &PriceScale) -> Vec<(f64, String)> {
    let room = (scale.bottom_y - scale.top_y).max(TICK_HEIGHT) / TICK_HEIGHT;
    match scale.kind {
        ScaleKind::Linear => linear(scale.bottom_price, scale.top_price, room),
        ScaleKind::Log if scale.top_price / scale.bottom_price < 2.0 => {
            linear(scale.bottom_price, scale.top_price, room)
        }
        ScaleKind::Log => logarithmic(scale),
    }
}

/// Round numbers in `low..=high`, about `room` of them.
pub(super) fn linear(low: f64, high: f64, room: f64) -> Vec<(f64, String)> {
    let step = round_step((high - low) / room);
    let decimals = decimals_of(step);
    let mut ticks = Vec::new();
    // The slack keeps a tick that is the edge itself but for its last bit.
    let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
    let mut k = first;
    while k <= last && ticks.len() < 100 {
        ticks.push((k * step, format::fixed(k * step, decimals)));
        k += 1.0;
    }
    ticks
}

/// The least of 1, 2, 2.5, 5 times a power of ten that is at least `raw`.
fn round_step(raw: f64) -> f64 {
    let power = 10_f64.powf(raw.log10().floor());
    let factor = [1.0, 2.0, 2.5, 5.0].into_iter().find(|f| f * power >= raw * 0.999_999).unwrap_or(10.0);
    factor * power
}

/// Decimals that show every multiple of `step` exactly, at most 6.
fn decimals_of(step: f64) -> usize {
    let exact = |d: &usize| {
        let scaled = step * 10_f64.powf(count(*d));
        (scaled - scaled.round()).abs() < 1e-6 * scaled.max(1.0) && scaled.round() >= 1.0
    };
    (0..6).find(exact).unwrap_or(6)
}

/// 1, 2, 5 (or more finely 1, 1.5, 2, 3, 5, 7) in each decade.
fn logarithmic(scale: &PriceScale) -> Vec<(f64, String)> {
    let decade = scale.y(scale.bottom_price) - scale.y(scale.bottom_price * 10.0);
    let factors: &[f64] = match decade / TICK_HEIGHT {
        room if room >= 9.0 => &[1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0],
        room if room >= 5.5 => &[1.0, 1.5, 2.0, 3.0, 5.0, 7.0],
        room if room >= 3.0 => &[1.0, 2.0, 5.0],
        _ => &[1.0],
    };
    let mut ticks = Vec::new();
    let mut power = 10_f64.powf(scale.bottom_price.log10().floor());
    while power <= scale.top_price && ticks.len() < 100 {
        for price in factors.iter().map(|f| f * power).filter(|price| scale.contains(*price)) {
            ticks.push((price, format::fixed(price, decimals_of(price))));
        }
        power *= 10.0;
    }
    ticks
}

/// A date tick: index of the candle and its text.
pub(super) type DateLabel = (usize, String);

/// First candles of the months (or weeks, quarters, years) with their texts, so few that they do not crowd.
pub(super) fn dates(candles: &[SceneCandle], interval: BarInterval, width: f64) -> Vec<DateLabel> {
    if interval == BarInterval::Daily && candles.len() <= WEEKS_UP_TO {
        return days(candles, width);
    }
    let months =
        candles.last().map_or(0, |c| month(c.date)) - candles.first().map_or(0, |c| month(c.date)) + 1;
    let room = (width / TICK_WIDTH).max(1.0);
    let steps = [1, 2, 3, 6, 12, 24, 60, 120, 600];
    let step = steps.into_iter().find(|s| f64::from(months) / f64::from(*s) <= room).unwrap_or(1200);
    let mut year = None;
    let starts = candles
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| month(pair[0].date).div_euclid(step) != month(pair[1].date).div_euclid(step));
    starts
        .map(|(i, pair)| {
            let date = pair[1].date;
            let new_year = year.replace(date.year()) != Some(date.year());
            (i + 1, month_text(date, step, new_year))
        })
        .collect()
}

fn month(date: NaiveDate) -> i32 {
    date.year() * 12 + i32::try_from(date.month0()).unwrap_or(0)
}

fn month_text(date: NaiveDate, step: i32, new_year: bool) -> String {
    let pattern = match (step >= 12, new_year) {
        (true, _) => "%Y",
        (false, true) => "%b %Y",
        (false, false) => "%b",
    };
    date.format(pattern).to_string()
}

/// Every n-th session for a handful of candles, else the first session of every n-th week.
fn days(candles: &[SceneCandle], width: f64) -> Vec<DateLabel> {
    let week = |c: &SceneCandle| c.date.iso_week();
    let first_of_week = |i: &usize| {
        candles.len() <= DAYS_UP_TO
            || i.checked_sub(1).is_some_and(|before| week(&candles[before]) != week(&candles[*i]))
    };
    let starts: Vec<usize> = (0..candles.len()).filter(first_of_week).collect();
    let every = whole((count(starts.len()) * TICK_WIDTH / width.max(1.0)).ceil()).max(1);
    let mut year = None;
    let text = |i: usize| {
        let date = candles[i].date;
        let new_year = year.replace(date.year()) != Some(date.year());
        (i, date.format(if new_year { "%b %-d %Y" } else { "%b %-d" }).to_string())
    };
    starts.into_iter().step_by(every).map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::style::ScaleChoice;

    #[test]
    fn price_ticks_are_round_and_have_equal_decimals() {
        let texts = |low, high| linear(low, high, 10.0).into_iter().map(|(_, t)| t).collect::<Vec<_>>();
        assert_eq!(texts(488.0, 672.0), ["500", "520", "540", "560", "580", "600", "620", "640", "660"]);
        assert_eq!(texts(0.43, 0.58), ["0.44", "0.46", "0.48", "0.50", "0.52", "0.54", "0.56", "0.58"]);
        assert_eq!(texts(9.9, 10.1).first().map(String::as_str), Some("9.90"));
    }

    #[test]
    fn a_log_scale_has_ticks_in_each_decade() {
        let scale = PriceScale::fit(ScaleChoice::Log, 3.0, 700.0, &[], 80.0, 560.0);
        let texts: Vec<_> = prices(&scale).into_iter().map(|(_, t)| t).collect();
        assert_eq!(texts, ["5", "10", "20", "50", "100", "200", "500"]);
    }
}
