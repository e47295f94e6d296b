//! Events that keep an expiration from being sold.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::{NEW_YORK, OptionContract, SettlementTime};

/// When an event may happen: one instant, or a window where its time or day is not certain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventWindow {
    /// What happens, e.g. `earnings after the close of 2014-07-22`.
    pub label: String,
    /// The earliest instant.
    pub from: DateTime<Utc>,
    /// The latest instant.
    pub to: DateTime<Utc>,
}

impl EventWindow {
    /// Whether the event may fall after `as_of` and no later than 17:30 New York time of the contract's expiration day.
    ///
    /// 17:30 is the exercise cut-off of FINRA Rule 2360(b)(23), taken on early closes too, when the rule's
    /// own is 14:30. The day is the last trade date, for AM-settled contracts the listed expiration.
    #[must_use]
    pub fn excludes(&self, contract: &OptionContract, as_of: DateTime<Utc>) -> bool {
        let day = match contract.settlement_time {
            SettlementTime::Pm => contract.last_trade_date,
            SettlementTime::Am => contract.expiration,
        };
        self.to > as_of && half_past_five(day).is_some_and(|cutoff| self.from <= cutoff)
    }
}

/// The moment up to which holders may still exercise on expiration day.
fn half_past_five(day: NaiveDate) -> Option<DateTime<Utc>> {
    let time = NaiveTime::from_hms_opt(17, 30, 0)?;
    NEW_YORK.from_local_datetime(&day.and_time(time)).earliest().map(|local| local.with_timezone(&Utc))
}
