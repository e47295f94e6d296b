//! The alerts that fired: price alerts by their firings, position alerts by what the watches over the accounts told.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use ttai_contract::PortfolioWatch;
use ttai_ports::{FiringFilter, FiringRecord};

use super::super::document::{ReportCell, ReportSection, ReportTable};
use super::super::moment::ReportMoment;
use super::super::words;
use crate::failure::AnalystError;
use crate::ports::Ports;

/// Firings that are looked through at most.
const MOST_READ: usize = 10_000;
/// Alerts of each of the two kinds that are listed; more are counted.
const LISTED: usize = 30;
const PAGE: u32 = 1_000;

/// An alert that fired.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FiredAlert {
    pub(crate) at: DateTime<Utc>,
    pub(crate) title: String,
    pub(crate) text: String,
}

/// What fired, newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct FiredAlerts {
    pub(crate) alerts: Vec<FiredAlert>,
    /// Those that are only counted.
    pub(crate) more: usize,
}

impl FiredAlerts {
    pub(crate) fn count(&self) -> usize {
        self.alerts.len() + self.more
    }
}

pub(crate) async fn read(
    ports: &Ports,
    user: &str,
    accounts: &BTreeSet<String>,
    moment: &ReportMoment,
) -> Result<FiredAlerts, AnalystError> {
    let firings = firings(ports, user, moment).await?;
    let mut found = position_alerts(ports, user, accounts, moment).await?;
    let more = firings.len().saturating_sub(LISTED);
    for firing in firings.into_iter().take(LISTED) {
        found.push(message_of(ports, &firing).await?);
    }
    found.sort_by(|one, other| other.at.cmp(&one.at).then_with(|| one.title.cmp(&other.title)));
    Ok(FiredAlerts { alerts: found, more })
}

fn fired_at(firing: &FiringRecord) -> DateTime<Utc> {
    firing.market_time.unwrap_or(firing.recorded_at)
}

/// By market time, newest recorded first; none was recorded before it happened.
async fn firings(
    ports: &Ports,
    user: &str,
    moment: &ReportMoment,
) -> Result<Vec<FiringRecord>, AnalystError> {
    let mut filter = FiringFilter { user_id: user.to_owned(), limit: Some(PAGE), ..FiringFilter::default() };
    let (mut found, mut read) = (Vec::new(), 0);
    loop {
        let page = ports.firings.list_firings(&filter).await?;
        read += page.len();
        let ends = page.len() < PAGE as usize || read >= MOST_READ;
        filter.after = page.last().map(FiringRecord::cursor);
        let is_older = page.last().is_none_or(|last| last.recorded_at <= moment.since);
        found.extend(page.into_iter().filter(|firing| moment.covers(fired_at(firing))));
        if ends || is_older {
            return Ok(found);
        }
    }
}

/// As people were told of it.
async fn message_of(ports: &Ports, firing: &FiringRecord) -> Result<FiredAlert, AnalystError> {
    let message = ports.deliverer.messages.message(&firing.message_id).await?;
    let (title, text) = message.map_or_else(
        || (format!("Alert {}", firing.alert_id), String::new()),
        |record| (record.message.title, record.message.text),
    );
    Ok(FiredAlert { at: fired_at(firing), title, text })
}

async fn position_alerts(
    ports: &Ports,
    user: &str,
    accounts: &BTreeSet<String>,
    moment: &ReportMoment,
) -> Result<Vec<FiredAlert>, AnalystError> {
    let mut found = Vec::new();
    for account in accounts {
        let Some(row) = ports.accounts.watch(user, account).await? else { continue };
        let Ok(watch) = serde_json::from_value::<PortfolioWatch>(row.state) else { continue };
        let raised =
            watch.recent_alerts.into_iter().filter(|alert| !alert.cleared && moment.covers(alert.timestamp));
        found.extend(raised.map(|alert| FiredAlert {
            at: alert.timestamp,
            title: alert.symbol.map_or_else(
                || alert.kind.title().to_owned(),
                |symbol| format!("{symbol}: {}", alert.kind.title()),
            ),
            text: alert.message,
        }));
    }
    found.truncate(LISTED);
    Ok(found)
}

pub(crate) fn section(fired: &FiredAlerts, moment: &ReportMoment) -> ReportSection {
    let mut section = ReportSection::new("Alerts fired");
    if fired.count() == 0 {
        section.nothing(format!("No alert has fired since {}.", words::moment(moment.since)));
        return section;
    }
    let rows: Vec<Vec<ReportCell>> = fired
        .alerts
        .iter()
        .map(|alert| {
            vec![words::clock(alert.at).into(), alert.title.as_str().into(), alert.text.as_str().into()]
        })
        .collect();
    let table = ReportTable::of(&["Time (ET)", "Alert", "What it said"], rows, 2 * LISTED);
    section.table(ReportTable { more: fired.more, ..table });
    section
}
