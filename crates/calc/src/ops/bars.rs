//! Bars as they come in requests: columns, or a list of bars.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use serde_json::Value;
use ttai_core::DailyBar;

use super::quotes::transposed;
use crate::CalcError;
use crate::input::{Day, Number, optional};

/// Most bars of one request.
const MAX_BARS: usize = 200_000;

/// One bar; which fields are needed depends on what is asked.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub struct BarRow {
    /// Session date; levels need it.
    #[serde(default, deserialize_with = "optional")]
    pub date: Option<Day>,
    /// First trade.
    #[serde(default, deserialize_with = "optional")]
    pub open: Option<Number>,
    /// Highest trade.
    #[serde(default, deserialize_with = "optional")]
    pub high: Option<Number>,
    /// Lowest trade.
    #[serde(default, deserialize_with = "optional")]
    pub low: Option<Number>,
    /// Last trade.
    pub close: Number,
    /// Units traded; 0 unless given.
    #[serde(default, deserialize_with = "optional")]
    pub volume: Option<Number>,
    /// Part of the day; `vwap_rth` needs it.
    #[serde(default, deserialize_with = "optional")]
    pub session: Option<DayPart>,
}

/// Part of the exchange's day that a bar lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DayPart {
    /// Before the open.
    Pre,
    /// Regular trading hours.
    Rth,
    /// After the close.
    Post,
}

/// Bars, oldest first: `{"close": […], "high": […], …}` or a list of bars.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(transparent)]
pub struct Bars(pub Vec<BarRow>);

impl<'de> Deserialize<'de> for Bars {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rows = match Value::deserialize(deserializer)? {
            Value::Object(columns) => transposed(columns).map_err(D::Error::custom)?,
            rows => rows,
        };
        serde_path_to_error::deserialize(rows).map(Self).map_err(|error| {
            let path = error.path().to_string();
            D::Error::custom(format!("{path}: {}", error.into_inner()))
        })
    }
}

/// Which of a bar's fields a question needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Closes alone.
    Close,
    /// High, low and close.
    Range,
    /// High, low, close and volume.
    Volume,
    /// Open, high, low and close.
    Full,
    /// Those and dates.
    Dated,
}

impl Bars {
    /// The bars as the indicators take them.
    ///
    /// # Errors
    /// [`CalcError::Question`] for too many bars, a missing field, or a bar that is impossible.
    pub(crate) fn daily(&self, needs: Needs) -> Result<Vec<DailyBar>, CalcError> {
        if self.0.is_empty() || self.0.len() > MAX_BARS {
            let count = self.0.len();
            return Err(CalcError::question(format!(
                "bars: {count} bars; give 1 to {MAX_BARS}, oldest first"
            )));
        }
        self.0.iter().enumerate().map(|(index, row)| row.bar(index, needs)).collect()
    }
}

impl BarRow {
    fn bar(&self, index: usize, needs: Needs) -> Result<DailyBar, CalcError> {
        let needed: &[(&str, bool)] = match needs {
            Needs::Close => &[],
            Needs::Range => &[("high", self.high.is_some()), ("low", self.low.is_some())],
            Needs::Volume => &[
                ("high", self.high.is_some()),
                ("low", self.low.is_some()),
                ("volume", self.volume.is_some()),
            ],
            Needs::Full => {
                &[("open", self.open.is_some()), ("high", self.high.is_some()), ("low", self.low.is_some())]
            }
            Needs::Dated => &[
                ("date", self.date.is_some()),
                ("open", self.open.is_some()),
                ("high", self.high.is_some()),
                ("low", self.low.is_some()),
            ],
        };
        if let Some((name, _)) = needed.iter().find(|(_, there)| !there) {
            return Err(CalcError::question(format!("bars[{index}]: '{name}' is missing")));
        }
        let close = self.close.0;
        let or_close = |number: Option<Number>| number.map_or(close, |number| number.0);
        let (open, high, low) = match needs {
            Needs::Close => (close, close, close),
            Needs::Range | Needs::Volume => (close, or_close(self.high), or_close(self.low)),
            Needs::Full | Needs::Dated => (or_close(self.open), or_close(self.high), or_close(self.low)),
        };
        let date = self.date.map_or(NaiveDate::MIN, |day| day.0);
        let volume = self.volume.map_or(0.0, |number| number.0);
        DailyBar::new(date, open, high, low, close, volume)
            .map_err(|_| CalcError::question(format!(
                "bars[{index}] is impossible: open {open}, high {high}, low {low}, close {close}, volume {volume}; leave it out or repair it"
            )))
    }
}
