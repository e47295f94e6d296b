//! Trading hours of listed options (Cboe Options Exchange, XCBO), which follow the stock exchange's sessions.

use chrono::{DateTime, Duration, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::session;

/// How long the options of an underlying trade on a regular day. Cboe Rule 5.1(b).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OptionHoursClass {
    /// Options on stocks and most funds: with the stock's own session, 09:30 to 16:00.
    Equity,
    /// Options on indices, and on the broad funds that the exchange lists with them (such as SPY): a quarter of an hour
    /// longer, 09:30 to 16:15.
    Index,
}

/// When options trade on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct OptionHours {
    /// First instant of trading.
    pub open: DateTime<Utc>,
    /// End of trading: 16:00 or 16:15 in New York, on an early close 13:00 or 13:15 (1990–1992: 14:00 or 14:15).
    pub close: DateTime<Utc>,
}

impl OptionHours {
    /// Whether options trade at an instant: open ≤ instant < close.
    #[must_use]
    pub fn is_open_at(&self, instant: DateTime<Utc>) -> bool {
        self.open <= instant && instant < self.close
    }
}

/// The regular option hours of a date (Cboe Rule 5.1(b)), or `None` on a day without a session or outside the
/// covered years. Today's hours, for all years; overnight (global) trading hours are not part of them.
///
/// A PM-settled contract's own last day ends with the stock session, [`expiration_close`](crate::expiration_close), also
/// where its class trades longer.
#[must_use]
pub fn option_hours(date: NaiveDate, class: OptionHoursClass) -> Option<OptionHours> {
    let session = session(date)?;
    let extra_minutes = match class {
        OptionHoursClass::Equity => 0,
        OptionHoursClass::Index => 15,
    };
    Some(OptionHours { open: session.open, close: session.close + Duration::minutes(extra_minutes) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{day, instant};

    #[test]
    fn index_options_trade_a_quarter_of_an_hour_longer() {
        let close = |date, class| option_hours(day(date), class).unwrap().close;
        assert_eq!(close("2024-07-02", OptionHoursClass::Equity), instant("2024-07-02T20:00:00Z"));
        assert_eq!(close("2024-07-02", OptionHoursClass::Index), instant("2024-07-02T20:15:00Z"));
        assert_eq!(close("2024-07-03", OptionHoursClass::Equity), instant("2024-07-03T17:00:00Z"));
        assert_eq!(close("2024-07-03", OptionHoursClass::Index), instant("2024-07-03T17:15:00Z"));
        assert_eq!(option_hours(day("2024-07-04"), OptionHoursClass::Index), None);
    }

    #[test]
    fn the_close_itself_is_outside() {
        let hours = option_hours(day("2024-07-02"), OptionHoursClass::Equity).unwrap();
        assert!(hours.is_open_at(hours.open) && !hours.is_open_at(hours.close));
    }
}
