//! `ttai watch`: quotes and Greeks live on a full screen.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};
use ttai_calendar::new_york_date;
use ttai_core::Symbol;
use ttai_ports::{MarketData, QuoteStream, StreamEvent, StreamKinds, StreamReader, StreamSymbol};

use super::asked_to_stop;
use super::quotes::{Desk, desk, watched};
use crate::cli::{GlobalArgs, WatchArgs};
use crate::market::MarketChoice;
use crate::screen::{WatchBoard, WatchRow, draw};
use crate::settings::Settings;
use crate::{output, sources};

/// How often the screen is drawn at most.
const DRAWN_EVERY: Duration = Duration::from_millis(200);
/// How often the market is asked what time it is; in between it goes on with ours.
const CLOCK_EVERY: Duration = Duration::from_secs(20);
/// How soon a stream that has ended is subscribed to again.
const AGAIN: Duration = Duration::from_secs(2);
/// How often the keyboard's thread looks whether it is still wanted.
const KEYS_EVERY: Duration = Duration::from_millis(250);
/// Events that are taken before the screen is drawn.
const AT_ONCE: usize = 512;

/// Runs the command.
///
/// # Errors
/// A symbol that is none, a market that cannot be opened, a standard output that is no terminal.
pub async fn run(global: &GlobalArgs, args: WatchArgs) -> anyhow::Result<ExitCode> {
    let symbols = args.symbols.iter().map(|text| watched(text)).collect::<anyhow::Result<Vec<_>>>()?;
    ensure!(
        std::io::stdout().is_terminal(),
        "`ttai watch` needs a terminal; for a pipe or a file use `ttai quotes {} --follow`",
        args.symbols.join(" ")
    );
    let settings = sources::resolved(Settings::load(global, Some(&args.market))?).await;
    let desk = desk(&settings).await?;
    let mut board = WatchBoard { mark: mark(&settings.market), ..WatchBoard::default() };
    board.rows = symbols.into_iter().fold(Vec::new(), |mut rows: Vec<WatchRow>, symbol| {
        if rows.iter().all(|row| row.symbol != symbol) {
            rows.push(WatchRow::new(symbol));
        }
        rows
    });
    let stop = asked_to_stop();
    let terminal = ratatui::try_init().context("the terminal cannot be used")?;
    let _restored = Restored;
    let mut screen = Screen { desk: &desk, market: &settings.market, board, terminal, clock: None };
    tokio::select! {
        outcome = screen.show() => outcome?,
        stopped = stop => stopped?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Leaves the terminal as it was, however the command ends; after a panic ratatui's hook does it.
struct Restored;

impl Drop for Restored {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

fn mark(market: &MarketChoice) -> String {
    match market {
        MarketChoice::Live | MarketChoice::Auto => String::new(),
        market if market.played().is_simulated() => "SIMULATED MARKET".to_owned(),
        _ => "RECORDED MARKET".to_owned(),
    }
}

/// What is shown, and where.
struct Screen<'a> {
    desk: &'a Desk,
    market: &'a MarketChoice,
    board: WatchBoard,
    terminal: DefaultTerminal,
    /// The market's time when it was asked last, and when that was.
    clock: Option<(DateTime<Utc>, Instant)>,
}

impl Screen<'_> {
    /// Until somebody wants to leave.
    async fn show(&mut self) -> anyhow::Result<()> {
        let mut keys = keys();
        let symbols: Vec<StreamSymbol> = self.board.rows.iter().map(|row| row.symbol.clone()).collect();
        self.board.problem = Some("connecting".to_owned());
        self.draw()?;
        self.start().await;
        let mut reader = None;
        let mut again_at = Instant::now();
        let (mut draws, mut clock) = (patient(DRAWN_EVERY), patient(CLOCK_EVERY));
        loop {
            tokio::select! {
                key = keys.recv() => match key {
                    Some(Key::Leave) | None => return Ok(()),
                    Some(Key::Resize) => self.draw()?,
                },
                _ = draws.tick() => self.draw()?,
                _ = clock.tick() => self.ask_time().await,
                event = next(&mut reader) => if !self.take(event, &mut reader).await {
                    reader = None;
                    again_at = Instant::now() + AGAIN;
                },
                () = tokio::time::sleep_until(again_at), if reader.is_none() => {
                    match self.desk.streams.subscribe(&symbols, StreamKinds::ALL).await {
                        Ok(subscribed) => {
                            self.board.problem = None;
                            reader = Some(subscribed);
                        }
                        Err(error) => {
                            self.board.problem = Some(error.to_string());
                            again_at = Instant::now() + AGAIN;
                        }
                    }
                }
            }
        }
    }

    /// Takes an event in, and those that wait behind it; false where the stream has ended.
    async fn take(&mut self, event: Option<StreamEvent>, reader: &mut Option<Box<dyn StreamReader>>) -> bool {
        use futures::FutureExt;
        let mut next_event = event;
        for _ in 0..AT_ONCE {
            let Some(event) = next_event else {
                self.board.problem = Some("the stream has ended; it is begun again".to_owned());
                return false;
            };
            self.board.take(&event);
            let Some(more) = next(reader).now_or_never() else { break };
            next_event = more;
        }
        true
    }

    /// What is known before the stream says anything: the present quote, and the close before.
    async fn start(&mut self) {
        self.ask_time().await;
        for row in &mut self.board.rows {
            let StreamSymbol::Equity(symbol) = &row.symbol else { continue };
            let symbol = symbol.clone();
            match self.desk.market.now(&symbol).await {
                Ok(now) => {
                    row.previous_close = previous_close(self.desk.market.as_ref(), &symbol, now).await;
                    match self.desk.market.quote(&symbol, now).await {
                        Ok(quote) => row.start_with(&quote),
                        Err(error) => self.board.problem = Some(error.to_string()),
                    }
                }
                Err(error) => self.board.problem = Some(error.to_string()),
            }
        }
    }

    async fn ask_time(&mut self) {
        let symbol = self.board.rows.iter().map(|row| match &row.symbol {
            StreamSymbol::Equity(symbol) => symbol.clone(),
            StreamSymbol::Option(contract) => contract.underlying(),
        });
        let Some(symbol) = symbol.into_iter().next() else { return };
        if let Ok(now) = self.desk.market.now(&symbol).await {
            self.clock = Some((now, Instant::now()));
        }
        self.board.practice = self.market.practice_note();
    }

    fn draw(&mut self) -> anyhow::Result<()> {
        let moves = !matches!(self.market, MarketChoice::Tape(_));
        self.board.market_now = self.clock.map(|(now, since)| {
            let passed = if moves {
                TimeDelta::from_std(since.elapsed()).unwrap_or_default()
            } else {
                TimeDelta::zero()
            };
            now + passed
        });
        let health = self.desk.streams.health();
        self.board.connected = health.connected;
        self.desk.streams.name().clone_into(&mut self.board.stream);
        self.terminal.draw(|frame| draw(frame, &self.board, output::paint()))?;
        Ok(())
    }
}

fn patient(period: Duration) -> tokio::time::Interval {
    let mut tick = interval(period);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick
}

async fn next(reader: &mut Option<Box<dyn StreamReader>>) -> Option<StreamEvent> {
    match reader {
        Some(reader) => reader.next().await,
        None => std::future::pending().await,
    }
}

/// The close of the session before the one of `now`; none where nobody knows.
async fn previous_close(market: &dyn MarketData, symbol: &Symbol, now: DateTime<Utc>) -> Option<Decimal> {
    let history = market.daily_history(symbol, now).await.ok()?;
    let date = new_york_date(now);
    let bars = history.bars_in_shares_of_today();
    let before = bars.iter().rev().find(|bar| bar.date < date)?;
    Decimal::from_f64(before.close).map(|close| close.round_dp(4))
}

/// What somebody does at the keyboard, or to the window.
enum Key {
    Leave,
    Resize,
}

/// A thread that reads the terminal until nobody listens.
fn keys() -> mpsc::UnboundedReceiver<Key> {
    let (sender, keys) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        while !sender.is_closed() {
            match event::poll(KEYS_EVERY) {
                Ok(true) => {}
                Ok(false) => continue,
                Err(_) => return,
            }
            let Ok(event) = event::read() else { return };
            if let Some(key) = meant(&event)
                && sender.send(key).is_err()
            {
                return;
            }
        }
    });
    keys
}

fn meant(event: &Event) -> Option<Key> {
    match event {
        Event::Resize(..) => Some(Key::Resize),
        Event::Key(key) if key.kind == KeyEventKind::Press => {
            let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
            let leaves = match key.code {
                KeyCode::Char('q') | KeyCode::Esc => true,
                KeyCode::Char('c') => is_control,
                _ => false,
            };
            leaves.then_some(Key::Leave)
        }
        _ => None,
    }
}
