//! The alert of an expiration day: what ends, and what assignment would bring.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use ttai_calendar::{new_york_date, session};
use ttai_core::{PortfolioAlert, RuleKind, Severity};
use ttai_quant::portfolio::{AccountBook, ExpiryAction, ExpiryList, expiry_list};

/// A day and which of its lists: 1 at 10:00, 2 an hour before the close.
pub(super) type Listed = (NaiveDate, u8);

/// The list that is due and was not told, with its alert.
pub(super) fn due(
    book: &AccountBook,
    told: Option<Listed>,
    now: DateTime<Utc>,
) -> Option<(Listed, PortfolioAlert)> {
    let hours = session(new_york_date(now)).filter(|hours| hours.is_open_at(now))?;
    let slot = match now {
        now if now >= hours.close - TimeDelta::hours(1) => 2,
        now if now >= hours.open + TimeDelta::minutes(30) => 1,
        _ => return None,
    };
    let is_told = told.is_some_and(|(date, last)| date == hours.date && last >= slot);
    let list = expiry_list(book);
    (!is_told && !list.rows.is_empty()).then(|| ((hours.date, slot), alert(&list, slot, now)))
}

fn alert(list: &ExpiryList, slot: u8, now: DateTime<Utc>) -> PortfolioAlert {
    let mut lines: Vec<String> = list
        .rows
        .iter()
        .map(|row| {
            let what = match row.action {
                ExpiryAction::InTheMoney => "in the money",
                ExpiryAction::Pinned => "pinned: within 1% of the strike",
                ExpiryAction::Worthless => "expires worthless",
                ExpiryAction::Unknown => "no price of its underlying",
            };
            format!("{} {}: {what}", row.quantity.normalize(), row.name)
        })
        .collect();
    for (symbol, shares) in &list.shares {
        lines.push(format!("Assignment and exercise would bring {} {symbol}", shares.normalize()));
    }
    if !list.cash.is_zero() {
        lines.push(format!("Cash: {} dollars", list.cash.normalize()));
    }
    let pressing = list.rows.iter().any(|row| row.action != ExpiryAction::Worthless);
    PortfolioAlert {
        key: format!("expiry_day/{}/{slot}", list.date),
        kind: RuleKind::ExpiryDay,
        symbol: None,
        severity: if pressing { Severity::Warning } else { Severity::Info },
        message: format!("Expiring today:\n{}", lines.join("\n")),
        value: None,
        threshold: 0.0,
        timestamp: now,
        cleared: false,
    }
}
