//! A firing in words.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::{Decimal, RoundingStrategy};
use ttai_calendar::NEW_YORK;
use ttai_core::alert::{AlertCondition, AlertDefinition, ChannelTrigger, PriceSource};

use crate::firing::{Firing, FiringWay, LeafReading};
use crate::hours::TradingPart;

/// One line: `AAPL below 90.00: 89.97 at 10:42 ET`. A date is said where it is not `today`.
#[must_use]
pub fn title(definition: &AlertDefinition, firing: &Firing, today: NaiveDate) -> String {
    let what = condition_text(&definition.condition);
    let source = match definition.source {
        PriceSource::Last => String::new(),
        source => format!(" {}", source.as_str()),
    };
    let at = clock(firing.market_time, today);
    match value_text(definition, firing) {
        Some(value) => format!("{}{source} {what}: {value} at {at}", definition.subject),
        None => format!("{}{source} {what} at {at}", definition.subject),
    }
}

/// What a person has to know beside the title, in sentences; may be empty.
#[must_use]
pub fn details(definition: &AlertDefinition, firing: &Firing, today: NaiveDate) -> String {
    let mut said: Vec<String> = Vec::new();
    if firing.already_true {
        said.push("Already true when the alert was set.".to_owned());
    }
    if let Some(before) = firing.gap_through {
        said.push(format!("The market opened beyond the level; the price before was {}.", money(before)));
    }
    if firing.way == FiringWay::Backfill {
        let now = firing.price_now.map(|now| format!(", now {}", money(now))).unwrap_or_default();
        said.push(format!(
            "Touched {}{now}; found later in the minute bars.",
            clock(firing.market_time, today)
        ));
    }
    if let Some(since) = firing.blind_since {
        said.push(format!("No prices since {}; this is the first one after.", clock(since, today)));
    }
    if let Some(ratio) = firing.split_ratio {
        said.push(split_text(firing, ratio));
    }
    said.extend(part_text(firing.part).map(str::to_owned));
    if firing.leaves.len() > 1 {
        said.push(leaves_text(definition, &firing.leaves));
    }
    said.extend(definition.note.as_ref().map(|note| format!("Note: {note}")));
    said.join(" ")
}

/// A condition as people write it, with cents.
fn condition_text(condition: &AlertCondition) -> String {
    match condition {
        AlertCondition::Price { when, level } => format!("{when} {}", money(*level)),
        AlertCondition::Channel { when: ChannelTrigger::Outside, low, high } => {
            format!("outside {} to {}", money(*low), money(*high))
        }
        AlertCondition::Channel { when, low, high } => {
            format!("{when} {} and {}", money(*low), money(*high))
        }
        AlertCondition::All { of } => joined(of, " and "),
        AlertCondition::Any { of } => joined(of, " or "),
        other => other.to_string(),
    }
}

fn joined(of: &[AlertCondition], word: &str) -> String {
    of.iter().map(condition_text).collect::<Vec<_>>().join(word)
}

fn value_text(definition: &AlertDefinition, firing: &Firing) -> Option<String> {
    let leaves = definition.condition.leaves();
    let hit = firing.leaves.iter().find(|leaf| leaf.holds)?;
    reading_text(leaves.get(hit.place)?, hit)
}

/// A reading with its unit.
fn reading_text(condition: &AlertCondition, reading: &LeafReading) -> Option<String> {
    let value = reading.value?;
    Some(match condition {
        AlertCondition::Dte { .. } | AlertCondition::Earnings { .. } if value == Decimal::ONE => {
            "1 day".to_owned()
        }
        AlertCondition::Dte { .. } | AlertCondition::Earnings { .. } => format!("{} days", round(value, 0)),
        AlertCondition::Delta { .. } => format!("|delta| {}", round(value, 2)),
        AlertCondition::IvRank { .. } => format!("IV rank {}", round(value, 0)),
        AlertCondition::Volume { .. } => format!("{}x", round(value, 1)),
        AlertCondition::PercentWithin { .. } | AlertCondition::Spread { .. } => {
            format!("{}%", round(value, 1))
        }
        _ => money(value),
    })
}

fn leaves_text(definition: &AlertDefinition, readings: &[LeafReading]) -> String {
    let conditions = definition.condition.leaves();
    let each = readings.iter().filter_map(|reading| {
        let condition = conditions.get(reading.place)?;
        let value = reading_text(condition, reading).unwrap_or_else(|| "unknown".to_owned());
        let holds = if reading.holds { "" } else { ", not met" };
        Some(format!("{}: {value}{holds}", condition_text(condition)))
    });
    format!("{}.", each.collect::<Vec<_>>().join("; "))
}

fn split_text(firing: &Firing, ratio: Decimal) -> String {
    let levels = match (firing.level_set, firing.level_compared) {
        (Some(set), Some(compared)) => format!(": {} is compared as {}", money(set), money(compared)),
        _ => String::new(),
    };
    format!("Adjusted for a {}-for-1 split{levels}.", ratio.normalize())
}

const fn part_text(part: TradingPart) -> Option<&'static str> {
    match part {
        TradingPart::Regular => None,
        TradingPart::Pre => Some("Pre-market."),
        TradingPart::Post => Some("After hours."),
        TradingPart::Overnight => Some("Overnight session."),
    }
}

fn round(value: Decimal, places: u32) -> String {
    let rounded = value.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero);
    format!("{rounded:.*}", places as usize)
}

/// Cents, or as many places as a price has.
fn money(value: Decimal) -> String {
    let places = value.normalize().scale().clamp(2, 4);
    round(value, places)
}

fn clock(at: DateTime<Utc>, today: NaiveDate) -> String {
    let local = at.with_timezone(&NEW_YORK);
    if local.date_naive() == today {
        local.format("%H:%M ET").to_string()
    } else {
        local.format("%b %-d %H:%M ET").to_string()
    }
}
