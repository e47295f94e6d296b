//! Earnings and ex-dates of what is held and of the watchlists.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use futures::stream::{self, StreamExt};
use ttai_contract::Symbol;
use ttai_core::DividendStatus;
use ttai_ports::{EarningsDate, EarningsTime, Fact, Unknown};

use super::super::document::{ReportCell, ReportSection, ReportTable, ValueTone};
use super::super::moment::ReportMoment;
use super::super::words;
use crate::failure::AnalystError;
use crate::ports::Ports;

/// Symbols that are asked for: what is held first.
const ASKED: usize = 60;
const AT_ONCE: usize = 8;
const LISTED: usize = 40;
/// Symbols that a sentence names.
const NAMED: usize = 10;

/// Something that happens on a day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CalendarEvent {
    pub(crate) day: NaiveDate,
    pub(crate) symbol: Symbol,
    pub(crate) what: String,
    pub(crate) held: bool,
}

/// What is known of the symbols' days.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct EventsView {
    /// By day.
    pub(crate) events: Vec<CalendarEvent>,
    /// Symbols that were asked for.
    pub(crate) asked: usize,
    /// Those beyond the most that are asked for.
    pub(crate) left_out: usize,
    /// Symbols whose earnings nobody keeps, and of which there is none known ahead.
    pub(crate) without: Vec<Symbol>,
    /// What could not be read, a sentence each.
    pub(crate) unreachable: Vec<String>,
}

pub(crate) async fn read(
    ports: &Ports,
    user: &str,
    held: &BTreeSet<Symbol>,
    moment: &ReportMoment,
) -> Result<EventsView, AnalystError> {
    let lists = ports.watchlists.list_watchlists(user).await?;
    let mut symbols: Vec<Symbol> = held.iter().cloned().collect();
    for symbol in lists.into_iter().flat_map(|list| list.symbols) {
        if !symbols.contains(&symbol) {
            symbols.push(symbol);
        }
    }
    let mut view = EventsView { left_out: symbols.len().saturating_sub(ASKED), ..EventsView::default() };
    symbols.truncate(ASKED);
    view.asked = symbols.len();
    let asked = symbols.into_iter().map(|symbol| {
        let is_held = held.contains(&symbol);
        of_symbol(ports, symbol, is_held, moment)
    });
    let answers: Vec<EventsView> = stream::iter(asked).buffer_unordered(AT_ONCE).collect().await;
    for answer in answers {
        view.events.extend(answer.events);
        view.without.extend(answer.without);
        view.unreachable.extend(answer.unreachable);
    }
    view.events.sort();
    view.without.sort();
    view.unreachable.sort();
    view.unreachable.dedup();
    Ok(view)
}

async fn of_symbol(ports: &Ports, symbol: Symbol, held: bool, moment: &ReportMoment) -> EventsView {
    let mut view = EventsView::default();
    let (metrics, history) = tokio::join!(
        ports.metrics.metrics(&symbol, moment.as_of),
        ports.market.daily_history(&symbol, moment.as_of)
    );
    let event = |day, what| CalendarEvent { day, symbol: symbol.clone(), what, held };
    match metrics {
        Ok(Some(known)) => match known.known(Fact::Earnings, known.next_earnings.as_ref()) {
            Ok(Some(next)) => view.events.push(event(next.date, earnings(next))),
            Ok(None) | Err(Unknown::NotProvided) => view.without.push(symbol.clone()),
            Err(Unknown::Unreachable(error)) => {
                view.unreachable.push(format!("earnings: {}", error.summary()));
            }
        },
        Ok(None) => view.without.push(symbol.clone()),
        Err(error) => view.unreachable.push(format!("earnings of {symbol}: {}", error.summary())),
    }
    match history {
        Ok(history) => {
            view.unreachable.extend(history.actions_unknown.map(|why| format!("{symbol}: {why}")));
            view.events.extend(
                history.dividends.iter().filter(|dividend| dividend.ex_date >= moment.day).map(|dividend| {
                    let status = match dividend.status {
                        DividendStatus::Projected => " (projected)",
                        DividendStatus::Declared | DividendStatus::Paid => "",
                    };
                    event(dividend.ex_date, format!("ex-dividend, ${:.2} a share{status}", dividend.amount))
                }),
            );
        }
        Err(error) => view.unreachable.push(format!("ex-dates of {symbol}: {}", error.summary())),
    }
    view
}

fn earnings(next: &EarningsDate) -> String {
    let time = match next.time {
        EarningsTime::BeforeMarket => ", before the open",
        EarningsTime::AfterMarket => ", after the close",
        EarningsTime::Unknown => ", time not known",
    };
    let sure = if next.confirmed { "" } else { " (estimated, ± 7 days)" };
    format!("earnings{time}{sure}")
}

/// The events that the report looks ahead to.
pub(crate) fn ahead<'a>(
    view: &'a EventsView,
    moment: &'a ReportMoment,
) -> impl Iterator<Item = &'a CalendarEvent> {
    let horizon = moment.horizon();
    let first = if moment.name == ttai_contract::ReportName::MorningBriefing {
        moment.day
    } else {
        moment.day.succ_opt().unwrap_or(moment.day)
    };
    view.events.iter().filter(move |event| first <= event.day && event.day <= horizon)
}

pub(crate) fn section(view: &EventsView, moment: &ReportMoment) -> ReportSection {
    let mut section = ReportSection::new(match moment.name {
        ttai_contract::ReportName::MorningBriefing => "Today's earnings and ex-dates",
        ttai_contract::ReportName::WeeklyReview => "Next week's earnings and ex-dates",
        _ => "Tomorrow's earnings and ex-dates",
    });
    if view.asked == 0 {
        section.nothing("No symbol to look up: nothing is held and no watchlist has one.");
        return section;
    }
    let rows: Vec<Vec<ReportCell>> = ahead(view, moment)
        .map(|event| -> Vec<ReportCell> {
            let tone = if event.held { ValueTone::Bad } else { ValueTone::Plain };
            vec![
                words::short_day(event.day).into(),
                event.symbol.as_str().into(),
                event.what.as_str().into(),
                ReportCell::toned(if event.held { "held" } else { "watchlist" }, tone),
            ]
        })
        .collect();
    if rows.is_empty() {
        section.nothing(format!(
            "None known by {} among {}.",
            words::short_day(moment.horizon()),
            words::counted(view.asked, "symbol", "symbols")
        ));
    }
    section.table(ReportTable::of(&["Day", "Symbol", "CalendarEvent", "Why"], rows, LISTED));
    if !view.without.is_empty() {
        section.missing(format!("No earnings date is known of {}.", named(&view.without)));
    }
    for problem in view.unreachable.iter().take(NAMED) {
        section.missing(format!("Unreachable: {problem}."));
    }
    if view.left_out > 0 {
        section.missing(format!(
            "{} beyond the first {ASKED} were not looked up.",
            words::counted(view.left_out, "symbol", "symbols")
        ));
    }
    section
}

fn named(symbols: &[Symbol]) -> String {
    let names: Vec<&str> = symbols.iter().take(NAMED).map(Symbol::as_str).collect();
    let more = symbols.len().saturating_sub(NAMED);
    if more == 0 { names.join(", ") } else { format!("{} and {more} more", names.join(", ")) }
}
