//! Draws the board: a line for the market, a table whose columns give way where the terminal is narrow, and a line for the stream.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Paragraph, Row, Table};
use rust_decimal::Decimal;
use ttai_core::{NEW_YORK, OccSymbol};
use ttai_ports::StreamSymbol;

use super::board::{WatchBoard, WatchRow};
use crate::report::Paint;

/// A column: its title, its width, how soon it gives way (the highest first), whether only contracts have it, and what it shows.
struct Column {
    title: &'static str,
    width: u16,
    gives_way: u8,
    of_options: bool,
    text: fn(&WatchRow, &WatchBoard) -> String,
}

const COLUMNS: [Column; 13] = [
    Column { title: "LAST", width: 9, gives_way: 0, of_options: false, text: |row, _| price(row.price()) },
    Column { title: "CHG", width: 8, gives_way: 4, of_options: false, text: |row, _| signed(row.change()) },
    Column {
        title: "CHG %",
        width: 7,
        gives_way: 1,
        of_options: false,
        text: |row, _| percent(row.change_pct()),
    },
    Column { title: "BID", width: 8, gives_way: 3, of_options: false, text: |row, _| price(row.bid) },
    Column { title: "ASK", width: 8, gives_way: 3, of_options: false, text: |row, _| price(row.ask) },
    Column { title: "VOLUME", width: 7, gives_way: 5, of_options: false, text: |row, _| volume(row.volume) },
    Column {
        title: "IV %",
        width: 5,
        gives_way: 6,
        of_options: true,
        text: |row, _| greek(row, |of| 100.0 * of.volatility, 1),
    },
    Column {
        title: "DELTA",
        width: 6,
        gives_way: 2,
        of_options: true,
        text: |row, _| greek(row, |of| of.delta, 2),
    },
    Column {
        title: "GAMMA",
        width: 6,
        gives_way: 9,
        of_options: true,
        text: |row, _| greek(row, |of| of.gamma, 3),
    },
    Column {
        title: "THETA",
        width: 6,
        gives_way: 7,
        of_options: true,
        text: |row, _| greek(row, |of| of.theta, 2),
    },
    Column {
        title: "VEGA",
        width: 5,
        gives_way: 8,
        of_options: true,
        text: |row, _| greek(row, |of| of.vega, 2),
    },
    Column { title: "TIME", width: 8, gives_way: 10, of_options: false, text: |row, _| time(row) },
    Column {
        title: "NOTE",
        width: 11,
        gives_way: 0,
        of_options: false,
        text: |row, board| row.note(board.market_now),
    },
];

/// Draws the whole screen.
pub(crate) fn draw(frame: &mut Frame<'_>, board: &WatchBoard, paint: Paint) {
    let practice = u16::from(board.practice.is_some() && frame.area().height >= 8);
    let rows =
        [Constraint::Length(1), Constraint::Length(practice), Constraint::Min(1), Constraint::Length(1)];
    let [head, below, body, foot] = Layout::vertical(rows).areas(frame.area());
    frame.render_widget(Paragraph::new(headline(board, paint)), head);
    if let Some(text) = &board.practice {
        frame.render_widget(
            Paragraph::new(Span::styled(text.as_str(), toned(paint, None, Modifier::DIM))),
            below,
        );
    }
    frame.render_widget(table(board, body.width, paint), body);
    frame.render_widget(Paragraph::new(footer(board, paint)), foot);
}

fn headline(board: &WatchBoard, paint: Paint) -> Line<'static> {
    let now =
        board.market_now.map(|now| now.with_timezone(&NEW_YORK).format("%a %b %-d %H:%M:%S ET").to_string());
    let mut spans = vec![Span::styled("ttai watch", toned(paint, None, Modifier::BOLD))];
    if !board.mark.is_empty() {
        spans.push(Span::raw("  "));
        spans.push(Span::styled(board.mark.clone(), toned(paint, Some(Color::Yellow), Modifier::BOLD)));
    }
    spans.push(Span::raw(format!("  {}", now.unwrap_or_default())));
    Line::from(spans)
}

fn footer(board: &WatchBoard, paint: Paint) -> Line<'static> {
    let state = if board.connected { "live" } else { "NOT CONNECTED" };
    let problem = board.problem.as_ref().map(|problem| format!("  {problem}")).unwrap_or_default();
    let tone = if board.connected { None } else { Some(Color::Red) };
    Line::from(vec![
        Span::styled(format!("{} {state}", board.stream), toned(paint, tone, Modifier::BOLD)),
        Span::raw(format!("  q quits{problem}")),
    ])
}

fn table(board: &WatchBoard, width: u16, paint: Paint) -> Table<'static> {
    let names: Vec<String> = board.rows.iter().map(|row| name(&row.symbol)).collect();
    let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(6);
    let longest = u16::try_from(longest).unwrap_or(u16::MAX).min(width);
    let has_options = board.rows.iter().any(|row| matches!(row.symbol, StreamSymbol::Option(_)));
    let columns = fitting(width.saturating_sub(longest), has_options);
    let head = std::iter::once(Cell::from("SYMBOL")).chain(columns.iter().map(|column| heading(column)));
    let rows = board.rows.iter().zip(names).map(|(row, name)| {
        let cells = columns.iter().map(|column| cell(column, row, board, paint));
        Row::new(std::iter::once(Cell::from(name)).chain(cells).collect::<Vec<_>>())
    });
    // The note takes what is left, so that it is what a narrow terminal cuts.
    let width = |column: &&Column| match column.title {
        "NOTE" => Constraint::Fill(1),
        _ => Constraint::Length(column.width),
    };
    let widths = std::iter::once(Constraint::Length(longest)).chain(columns.iter().map(width));
    Table::new(rows, widths)
        .header(Row::new(head.collect::<Vec<_>>()).style(toned(paint, None, Modifier::BOLD)))
        .column_spacing(1)
}

/// The columns that fit; those that give way soonest are left out first.
fn fitting(width: u16, has_options: bool) -> Vec<&'static Column> {
    let mut columns: Vec<&Column> =
        COLUMNS.iter().filter(|column| has_options || !column.of_options).collect();
    while columns.iter().map(|column| column.width + 1).sum::<u16>() > width {
        let Some(most) = columns.iter().map(|column| column.gives_way).max().filter(|most| *most > 0) else {
            break;
        };
        columns.retain(|column| column.gives_way < most);
    }
    columns
}

fn heading(column: &Column) -> Cell<'static> {
    Cell::from(aligned(column, column.title.to_owned()))
}

/// Numbers stand at the right, words at the left.
fn aligned(column: &Column, text: String) -> String {
    if column.title == "NOTE" { text } else { format!("{text:>width$}", width = usize::from(column.width)) }
}

fn cell(column: &Column, row: &WatchRow, board: &WatchBoard, paint: Paint) -> Cell<'static> {
    let text = aligned(column, (column.text)(row, board));
    let change = row.change().unwrap_or_default();
    let colour = match column.title {
        "LAST" | "CHG" | "CHG %" if change > Decimal::ZERO => Some(Color::Green),
        "LAST" | "CHG" | "CHG %" if change < Decimal::ZERO => Some(Color::Red),
        "NOTE" => Some(Color::Yellow),
        _ => None,
    };
    Cell::from(text).style(toned(paint, colour, Modifier::empty()))
}

fn toned(paint: Paint, colour: Option<Color>, modifier: Modifier) -> Style {
    let style = Style::default().add_modifier(modifier);
    match colour.filter(|_| paint == Paint::Colour) {
        Some(colour) => style.fg(colour),
        None => style,
    }
}

/// `NVDA`, `NVDA 12/18 100P`.
fn name(symbol: &StreamSymbol) -> String {
    match symbol {
        StreamSymbol::Equity(symbol) => symbol.to_string(),
        StreamSymbol::Option(OccSymbol { root, expiration, right, strike }) => {
            format!("{root} {} {}{}", expiration.format("%-m/%-d/%y"), strike.normalize(), right.letter())
        }
    }
}

fn dash() -> String {
    "–".to_owned()
}

fn price(price: Option<Decimal>) -> String {
    price.map_or_else(dash, |price| format!("{price:.2}"))
}

fn signed(change: Option<Decimal>) -> String {
    change.map_or_else(dash, |change| format!("{change:+.2}"))
}

fn percent(change: Option<f64>) -> String {
    change.map_or_else(dash, |change| format!("{change:+.2}"))
}

/// Shares, thousands or millions.
fn volume(volume: Option<f64>) -> String {
    match volume {
        None => dash(),
        Some(shares) if shares >= 1e6 => format!("{:.2}M", shares / 1e6),
        Some(shares) if shares >= 1e4 => format!("{:.0}K", shares / 1e3),
        Some(shares) => format!("{shares:.0}"),
    }
}

fn greek(row: &WatchRow, read: fn(&ttai_ports::StreamGreeks) -> f64, places: usize) -> String {
    let value = row.greeks.as_ref().map(read).filter(|value| value.is_finite());
    let is_share = matches!(row.symbol, StreamSymbol::Equity(_));
    if is_share { String::new() } else { value.map_or_else(dash, |value| format!("{value:.places$}")) }
}

fn time(row: &WatchRow) -> String {
    row.market_time.map_or_else(dash, |time| time.with_timezone(&NEW_YORK).format("%H:%M:%S").to_string())
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use ttai_ports::StreamGreeks;

    use super::*;

    fn decimal(text: &str) -> Option<Decimal> {
        Some(text.parse().unwrap())
    }

    fn board() -> WatchBoard {
        let time: DateTime<Utc> = "2026-09-18T15:07:31Z".parse().unwrap();
        let share = |symbol: &str| WatchRow::new(StreamSymbol::Equity(symbol.parse().unwrap()));
        let nvda = WatchRow {
            last: decimal("101.25"),
            previous_close: decimal("100"),
            bid: decimal("101.24"),
            ask: decimal("101.26"),
            volume: Some(12_345_678.0),
            market_time: Some(time),
            ..share("NVDA")
        };
        let spy = WatchRow {
            last: decimal("551.5"),
            previous_close: decimal("560"),
            halted: true,
            market_time: Some(time - chrono::TimeDelta::minutes(12)),
            ..share("SPY")
        };
        let contract = OccSymbol::parse("NVDA  261218P00100000").unwrap();
        let greeks = StreamGreeks {
            symbol: contract.clone(),
            price: 6.1,
            volatility: 0.412,
            delta: -0.43,
            gamma: 0.0213,
            theta: -0.041,
            rho: -0.1,
            vega: 0.22,
            market_time: Some(time),
            received_at: time,
        };
        let option = WatchRow {
            bid: decimal("6.05"),
            ask: decimal("6.15"),
            greeks: Some(greeks),
            market_time: Some(time),
            ..WatchRow::new(StreamSymbol::Option(contract))
        };
        WatchBoard {
            rows: vec![nvda, spy, option, share("TSLA")],
            mark: "SIMULATED MARKET".to_owned(),
            practice: Some("practice session: the exchange is closed".to_owned()),
            stream: "simulated".to_owned(),
            connected: true,
            problem: None,
            market_now: Some(time),
        }
    }

    fn drawn(board: &WatchBoard, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, board, Paint::Plain)).unwrap();
        terminal.backend().to_string()
    }

    #[test]
    fn the_screen_fits_its_terminal() {
        insta::assert_snapshot!("80x24", drawn(&board(), 80, 24));
        insta::assert_snapshot!("40x10", drawn(&board(), 40, 10));
        insta::assert_snapshot!("120x9", drawn(&board(), 120, 9));
    }

    #[test]
    fn no_terminal_is_too_small() {
        for (width, height) in [(1, 1), (5, 2), (20, 3), (300, 1)] {
            drawn(&board(), width, height);
        }
        drawn(&WatchBoard::default(), 80, 24);
    }

    #[test]
    fn only_colour_paints() {
        let colours = |paint| {
            let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
            terminal.draw(|frame| draw(frame, &board(), paint)).unwrap();
            let cells = terminal.backend().buffer().content().to_vec();
            cells.iter().filter(|cell| cell.fg != Color::Reset).count()
        };
        assert_eq!(colours(Paint::Plain), 0);
        assert!(colours(Paint::Colour) > 10);
    }
}
