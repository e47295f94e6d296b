//! The highest and lowest prices of the last year and of the whole history given.

use chrono::{Days, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::DailyBar;

use super::exceeds;

/// A price that no other bar of its period beats, and the first session that made it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Extreme {
    /// Dollars.
    pub price: f64,
    /// The first session at this price.
    pub date: NaiveDate,
}

/// Extremes of the last 52 weeks (364 days) and of all bars given, the last bar included.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Extremes {
    /// Highest high of the last 52 weeks.
    pub year_high: Extreme,
    /// Lowest low of the last 52 weeks.
    pub year_low: Extreme,
    /// Whether the bars cover the 52 weeks; if not, the year's extremes are those since `history_start`.
    pub full_year: bool,
    /// Highest high of all bars given.
    pub all_time_high: Extreme,
    /// Lowest low of all bars given.
    pub all_time_low: Extreme,
    /// The first bar given: "all time" means since then.
    pub history_start: NaiveDate,
}

/// The extremes of `bars`; None without bars.
pub(crate) fn extremes(bars: &[DailyBar]) -> Option<Extremes> {
    let (first, last) = (bars.first()?, bars.last()?);
    let year_ago = last.date.checked_sub_days(Days::new(364)).unwrap_or(first.date);
    let year = &bars[bars.partition_point(|b| b.date < year_ago)..];
    Some(Extremes {
        year_high: highest(year)?,
        year_low: lowest(year)?,
        full_year: first.date <= year_ago,
        all_time_high: highest(bars)?,
        all_time_low: lowest(bars)?,
        history_start: first.date,
    })
}

fn highest(bars: &[DailyBar]) -> Option<Extreme> {
    let first_best = bars.iter().reduce(|best, b| if exceeds(b.high, best.high) { b } else { best })?;
    Some(Extreme { price: first_best.high, date: first_best.date })
}

fn lowest(bars: &[DailyBar]) -> Option<Extreme> {
    let first_best = bars.iter().reduce(|best, b| if exceeds(best.low, b.low) { b } else { best })?;
    Some(Extreme { price: first_best.low, date: first_best.date })
}
