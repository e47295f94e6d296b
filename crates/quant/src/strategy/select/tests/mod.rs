//! Selection against the reference chains, and its rules one by one.

mod reference;
mod rules;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::{ChartLevels, Constraints, SelectionRequest, StrategySpec};
use crate::chain::PricedQuote;
use crate::margin::UnderlyingClass;
use crate::strategy::testing::new_york;

/// AAPL at 2014-06-06 15:00 New York time, standard limits, no shares, no events.
fn request<'a>(
    quotes: &'a [PricedQuote],
    strategy: StrategySpec,
    chart: &'a ChartLevels,
) -> SelectionRequest<'a> {
    SelectionRequest {
        quotes,
        spot: Decimal::new(64843, 2),
        rate: 0.0025,
        as_of: as_of(),
        strategy,
        constraints: Constraints::default(),
        events: &[],
        holding: None,
        dividends: &[],
        chart,
        class: UnderlyingClass::Equity,
    }
}

fn as_of() -> DateTime<Utc> {
    new_york("2014-06-06T15:00:00")
}
