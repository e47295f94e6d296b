//! The market: its session, and how the indices and what is held moved.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use futures::stream::{self, StreamExt};
use ttai_calendar::{Session, holiday, new_york_date};
use ttai_chart::{ChartInput, ChartStyle, Scene, Theme, render_svg};
use ttai_contract::Symbol;
use ttai_core::{DailyBar, NEW_YORK};
use ttai_ports::{Fact, PortError};

use super::super::document::{ReportCell, ReportFact, ReportSection, ReportTable, ValueTone};
use super::super::moment::ReportMoment;
use super::super::svg::ReportPicture;
use super::super::words;
use crate::compute::Compute;
use crate::ports::Ports;

/// What a market is known by, and the first of them whose chart is drawn.
const INDICES: [&str; 4] = ["SPY", "QQQ", "IWM", "DIA"];
/// Underlyings that are listed beside them.
const HELD: usize = 16;
const AT_ONCE: usize = 8;
/// Sessions that the chart shows.
const SHOWN: usize = 90;

/// A symbol's day.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MovedSymbol {
    pub(crate) symbol: Symbol,
    pub(crate) held: bool,
    /// Dollars.
    pub(crate) price: f64,
    /// Against the session before, in percent.
    pub(crate) change_pct: Option<f64>,
    /// Whether the price is stale, halted, crossed or only the last known.
    pub(crate) doubtful: bool,
}

/// The market of a report.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct MarketDay {
    pub(crate) rows: Vec<MovedSymbol>,
    /// Of the first index: implied volatility over 30 days as a fraction a year, and where it stands in a year, 0 to 100.
    pub(crate) volatility: Option<(Symbol, Option<f64>, Option<f64>)>,
    /// The index whose chart is drawn, and its sessions.
    pub(crate) chart: Option<(Symbol, Vec<DailyBar>)>,
    /// What could not be read, a sentence each.
    pub(crate) unreachable: Vec<String>,
}

pub(crate) async fn read(ports: &Ports, held: &BTreeSet<Symbol>, moment: &ReportMoment) -> MarketDay {
    let indices: Vec<Symbol> = INDICES.iter().filter_map(|name| Symbol::new(name).ok()).collect();
    let others = held.iter().filter(|symbol| !indices.contains(symbol)).take(HELD).cloned();
    let symbols: Vec<Symbol> = indices.iter().cloned().chain(others).collect();
    let as_of = moment.as_of;
    let asked = symbols.into_iter().map(|symbol| {
        let is_held = held.contains(&symbol);
        answered(ports, symbol, is_held, as_of)
    });
    let answers: Vec<Answered> = stream::iter(asked).buffered(AT_ONCE).collect().await;
    let mut day = MarketDay::default();
    for (symbol, is_held, answer) in answers {
        match answer {
            Ok((row, bars)) => {
                if day.chart.is_none() && !is_held || INDICES.first() == Some(&symbol.as_str()) {
                    day.chart.get_or_insert((symbol, bars));
                }
                day.rows.push(row);
            }
            // An index that this market does not list is no outage.
            Err(PortError::UnknownSymbol { .. } | PortError::NoData { .. }) if !is_held => {}
            Err(error) => day.unreachable.push(format!("{symbol}: {}", error.summary())),
        }
    }
    if let Some((index, _)) = &day.chart
        && let Ok(Some(metrics)) = ports.metrics.metrics(index, moment.as_of).await
    {
        let iv30 = metrics.known(Fact::Figures, metrics.figures.iv30).ok().flatten();
        let rank = metrics.known(Fact::VolatilityRank, metrics.figures.iv_rank).ok().flatten();
        day.volatility = Some((index.clone(), iv30, rank));
    }
    day
}

/// A symbol, whether it is held, and its day with its sessions.
type Answered = (Symbol, bool, Result<(MovedSymbol, Vec<DailyBar>), PortError>);

async fn answered(ports: &Ports, symbol: Symbol, held: bool, as_of: DateTime<Utc>) -> Answered {
    let answer = of_symbol(ports, &symbol, held, as_of).await;
    (symbol, held, answer)
}

async fn of_symbol(
    ports: &Ports,
    symbol: &Symbol,
    held: bool,
    as_of: DateTime<Utc>,
) -> Result<(MovedSymbol, Vec<DailyBar>), PortError> {
    let (quote, history) =
        tokio::join!(ports.market.quote(symbol, as_of), ports.market.daily_history(symbol, as_of));
    let history = history?;
    let bars = history.bars_in_shares_of_today();
    let last = bars.last();
    let quoted = quote
        .as_ref()
        .ok()
        .and_then(|quote| Some((quote.price()?, new_york_date(quote.market_time), quote.is_doubtful())));
    let (price, day, doubtful) = match (quoted, last) {
        (Some((price, day, false)), _) => (price, day, false),
        (_, Some(last)) => (last.close, last.date, false),
        (Some(doubtful), None) => doubtful,
        (None, None) => return Err(quote.err().unwrap_or_else(|| no_price(ports, symbol))),
    };
    let before = bars.iter().rev().find(|bar| bar.date < day);
    let change_pct = before.filter(|bar| bar.close > 0.0).map(|bar| 100.0 * (price / bar.close - 1.0));
    Ok((MovedSymbol { symbol: symbol.clone(), held, price, change_pct, doubtful }, bars))
}

fn no_price(ports: &Ports, symbol: &Symbol) -> PortError {
    PortError::NoData {
        provider: ports.market.source().name,
        what: "price".to_owned(),
        symbol: symbol.to_string(),
        detail: "neither a quote nor a bar".to_owned(),
    }
}

/// The index' sessions as a picture; nothing where it cannot be drawn.
pub(crate) async fn draw(
    day: &MarketDay,
    source: &str,
    moment: &ReportMoment,
    compute: &Compute,
) -> Option<ReportPicture> {
    let (symbol, bars) = day.chart.clone()?;
    let (source, as_of) = (source.to_owned(), moment.as_of);
    let drawn = compute.run(move || {
        let svg = |theme| {
            let style = ChartStyle {
                width: 900,
                height: 480,
                theme,
                visible_bars: Some(SHOWN),
                ..ChartStyle::default()
            };
            let input = ChartInput::new(symbol.to_string(), as_of, source.clone(), &bars);
            Scene::build(&input, &style).ok().map(|scene| render_svg(&scene))
        };
        let words = format!("Daily candles of {symbol}, the last {} sessions", bars.len().min(SHOWN));
        Some(ReportPicture {
            title: format!("{symbol}, daily"),
            words,
            svg: svg(Theme::Light)?,
            dark: svg(Theme::Dark),
        })
    });
    drawn.await.ok().flatten()
}

fn hours(session: Session) -> String {
    let at = |moment: DateTime<Utc>| moment.with_timezone(&NEW_YORK).format("%H:%M").to_string();
    format!("{}–{} ET", at(session.open), at(session.close))
}

/// `open until 13:00 ET (early close)`, `closed: Thanksgiving Day`.
pub(crate) fn state(moment: &ReportMoment) -> String {
    let Some(session) = moment.session() else {
        let why = holiday(moment.day).map_or("weekend", |holiday| holiday.name);
        return format!("closed ({why})");
    };
    let early = if session.early_close { ", early close" } else { "" };
    match () {
        () if moment.past || moment.as_of >= session.close => {
            format!("closed, the session was {}{early}", hours(session))
        }
        () if session.is_open_at(moment.as_of) => format!("open, {}{early}", hours(session)),
        () => format!("opens later, {}{early}", hours(session)),
    }
}

pub(crate) fn section(
    day: &MarketDay,
    picture: Option<ReportPicture>,
    moment: &ReportMoment,
) -> ReportSection {
    let mut section = ReportSection::new("Market");
    let mut facts = vec![ReportFact::new(words::short_day(moment.day), state(moment))];
    if let Some(next) = moment.next {
        let early = if next.early_close { ", early close" } else { "" };
        facts.push(ReportFact::new(
            "Next session",
            format!("{}, {}{early}", words::short_day(next.date), hours(next)),
        ));
    }
    if let Some((index, iv30, rank)) = &day.volatility {
        let unknown = || ("not known".to_owned(), ValueTone::Muted);
        let (iv, tone) = iv30.map_or_else(unknown, |iv| {
            (format!("{} a year", words::percent(100.0 * iv, 1)), ValueTone::Plain)
        });
        facts.push(ReportFact::new(format!("{index} implied volatility (30 days)"), iv).toned(tone));
        let (rank, tone) = rank.map_or_else(unknown, |rank| (format!("{rank:.0} of 100"), ValueTone::Plain));
        facts.push(ReportFact::new(format!("{index} IV rank"), rank).toned(tone));
    }
    section.facts(facts);
    let row = |moved: &MovedSymbol| -> Vec<ReportCell> {
        let change = moved.change_pct.map_or_else(ReportCell::unknown, |pct| {
            let tone = if pct >= 0.005 {
                ValueTone::Good
            } else if pct <= -0.005 {
                ValueTone::Bad
            } else {
                ValueTone::Plain
            };
            ReportCell::toned(words::signed_percent(pct, 2), tone)
        });
        let doubt = if moved.doubtful { " (doubtful)" } else { "" };
        vec![
            moved.symbol.as_str().into(),
            format!("{:.2}{doubt}", moved.price).into(),
            change,
            if moved.held { "yes".into() } else { "".into() },
        ]
    };
    let rows: Vec<Vec<ReportCell>> = day.rows.iter().map(row).collect();
    if rows.is_empty() && day.unreachable.is_empty() {
        section.missing("This market lists none of SPY, QQQ, IWM and DIA.");
    }
    section.table(ReportTable::of(
        &["Symbol", "Price ($)#", "Since the close before#", "Held"],
        rows,
        INDICES.len() + HELD,
    ));
    for problem in &day.unreachable {
        section.missing(format!("Unreachable: {problem}."));
    }
    section.picture(picture);
    section
}
