//! `ttai record`: writes what the providers send as a tape, which `--tape` reads and `ttai sim --tape` plays back.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::ensure;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::{Instant, MissedTickBehavior};
use ttai_activities::Ports;
use ttai_core::{Quote, Symbol};
use ttai_ports::{NewsWindow, PortError};
use ttai_providers::tape::{TapeWriter, minute_of};

use super::asked_to_stop;
use crate::cli::{GlobalArgs, RecordArgs};
use crate::settings::Settings;
use crate::{output, report, sources, wiring};

/// How far back news is recorded.
const NEWS_DAYS: i64 = 30;

/// Runs the command.
///
/// # Errors
/// A folder that cannot be written, no provider, a symbol that is none, or nothing that could be recorded.
pub async fn run(global: &GlobalArgs, args: RecordArgs) -> anyhow::Result<ExitCode> {
    let symbols = args.symbols.iter().map(|symbol| Symbol::new(symbol)).collect::<Result<Vec<_>, _>>()?;
    ensure!(!symbols.is_empty(), "--symbols: name at least one");
    let settings = sources::resolved(Settings::load(global, Some(&args.market))?).await;
    let ports = wiring::readers(&settings).await?;
    let mut recorder = Recorder {
        ports,
        writer: TapeWriter::open(&args.out)?,
        desks: symbols.into_iter().map(|symbol| (symbol, Desk::default())).collect(),
    };
    output::note(&format!("recording {} into {}", settings.market.describe(), args.out.display()));
    recorder.everything().await?;
    if let Some(span) = args.span {
        recorder.go_on(span, args.poll, args.chain_every).await?;
    }
    let desks = &recorder.desks;
    output::line(&report::recorded(
        desks.iter().map(|(symbol, desk)| (symbol, desk.tally.as_slice(), &desk.failures)),
    ));
    let nothing = desks.values().all(|desk| desk.tally.is_empty());
    Ok(if nothing { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What is known of one symbol while it is recorded.
#[derive(Default)]
struct Desk {
    /// The last quote of each minute that is not written yet.
    quotes: BTreeMap<DateTime<Utc>, Quote>,
    /// What was written, by kind, in the order of the first writing.
    tally: Vec<(&'static str, usize)>,
    /// What could not be had, by kind.
    failures: BTreeMap<&'static str, String>,
}

impl Desk {
    /// Notes how a kind of data went.
    fn note(&mut self, what: &'static str, outcome: Result<usize, PortError>, adds: bool) {
        match outcome {
            Ok(0) => {}
            Ok(count) => {
                self.failures.remove(what);
                match self.tally.iter_mut().find(|(known, _)| *known == what) {
                    Some((_, sum)) if adds => *sum += count,
                    Some((_, sum)) => *sum = count,
                    None => self.tally.push((what, count)),
                }
            }
            Err(error) => {
                tracing::debug!(what, "{error}");
                self.failures.insert(what, error.to_string());
            }
        }
    }
}

struct Recorder {
    ports: Ports,
    writer: TapeWriter,
    desks: BTreeMap<Symbol, Desk>,
}

impl Recorder {
    /// History, minutes, chain, news and facts of every symbol, once.
    async fn everything(&mut self) -> anyhow::Result<()> {
        let mut rate = None;
        for (symbol, desk) in &mut self.desks {
            let now = match self.ports.market.now(symbol).await {
                Ok(now) => now,
                Err(error) => {
                    desk.note("time", Err(error), false);
                    continue;
                }
            };
            let one = One { ports: &self.ports, writer: &self.writer, symbol, now };
            desk.note("daily bars", one.daily().await, false);
            let quoted = one.quote(&mut desk.quotes).await;
            desk.note("quotes", quoted, true);
            let minutes = one.minutes(&mut desk.quotes).await;
            desk.note("minutes", minutes, false);
            desk.note("contracts quoted", one.chain().await, true);
            desk.note("stories", one.news().await, false);
            desk.note("facts", one.metrics().await, false);
            rate = self.ports.market.risk_free_rate(now).await.ok().map(|rate| rate.continuous);
        }
        let source = self.ports.provenance.source().unwrap_or_else(|| self.ports.market.source());
        Ok(self.writer.about(&source, rate)?)
    }

    /// Quotes until the span is over or somebody stops it, with minutes and chains now and then.
    async fn go_on(&mut self, span: Duration, poll: Duration, chain_every: Duration) -> anyhow::Result<()> {
        let end = Instant::now() + span;
        let mut polls = ticks(poll);
        let mut minutes = ticks(Duration::from_secs(60));
        let mut chains = ticks(chain_every);
        let stop = asked_to_stop();
        tokio::pin!(stop);
        loop {
            tokio::select! {
                signal = &mut stop => { signal?; break; }
                () = tokio::time::sleep_until(end) => break,
                _ = polls.tick() => self.each(Step::Quote).await,
                _ = minutes.tick() => self.each(Step::Minutes).await,
                _ = chains.tick() => self.each(Step::Chain).await,
            }
        }
        self.each(Step::Minutes).await;
        self.each(Step::News).await;
        Ok(())
    }

    async fn each(&mut self, step: Step) {
        for (symbol, desk) in &mut self.desks {
            let now = match self.ports.market.now(symbol).await {
                Ok(now) => now,
                Err(error) => {
                    desk.note("time", Err(error), false);
                    continue;
                }
            };
            let one = One { ports: &self.ports, writer: &self.writer, symbol, now };
            match step {
                Step::Quote => {
                    let quoted = one.quote(&mut desk.quotes).await;
                    desk.note("quotes", quoted, true);
                }
                Step::Minutes => {
                    let minutes = one.minutes(&mut desk.quotes).await;
                    desk.note("minutes", minutes, false);
                }
                Step::Chain => desk.note("contracts quoted", one.chain().await, true),
                Step::News => desk.note("stories", one.news().await, false),
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Step {
    Quote,
    Minutes,
    Chain,
    News,
}

/// Ticks that begin one interval from now: the first of everything is recorded already.
fn ticks(every: Duration) -> tokio::time::Interval {
    let mut ticks = tokio::time::interval_at(Instant::now() + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// One symbol at one moment. Each step answers how much it wrote.
struct One<'a> {
    ports: &'a Ports,
    writer: &'a TapeWriter,
    symbol: &'a Symbol,
    now: DateTime<Utc>,
}

impl One<'_> {
    async fn daily(&self) -> Result<usize, PortError> {
        let history = self.ports.market.daily_history(self.symbol, self.now).await?;
        self.writer.daily(self.symbol, &history)?;
        Ok(history.bars.len())
    }

    async fn quote(&self, quotes: &mut BTreeMap<DateTime<Utc>, Quote>) -> Result<usize, PortError> {
        let quote = self.ports.market.quote(self.symbol, self.now).await?;
        let is_new = quotes.values().last().is_none_or(|last| last.market_time < quote.market_time);
        quotes.insert(minute_of(quote.market_time), quote);
        Ok(usize::from(is_new))
    }

    /// The provider's minutes of today, with the quotes that were seen in them. Where it has no minutes, the quotes alone.
    async fn minutes(&self, quotes: &mut BTreeMap<DateTime<Utc>, Quote>) -> Result<usize, PortError> {
        let today = ttai_calendar::new_york_date(self.now);
        let bars = self.ports.market.minute_bars(self.symbol, today, self.now).await;
        let quoted = quotes.clone();
        let known = bars.as_deref().unwrap_or_default();
        self.writer.minutes(self.symbol, today, known, &quoted)?;
        // The minute under way may get another quote.
        let current = minute_of(self.now);
        quotes.retain(|start, _| *start >= current);
        bars.map(|bars| bars.len())
    }

    async fn chain(&self) -> Result<usize, PortError> {
        let chain = self.ports.market.option_chain(self.symbol, self.now).await?;
        Ok(if self.writer.chain(&chain)? { chain.quotes.len() } else { 0 })
    }

    async fn news(&self) -> Result<usize, PortError> {
        let window = NewsWindow { after: self.now - TimeDelta::days(NEWS_DAYS), until: self.now };
        let stories = self.ports.news.stories(self.symbol, window).await?.unwrap_or_default();
        self.writer.news(self.symbol, &stories)?;
        Ok(stories.len())
    }

    async fn metrics(&self) -> Result<usize, PortError> {
        let Some(metrics) = self.ports.metrics.metrics(self.symbol, self.now).await? else { return Ok(0) };
        // A file without what could not be read would say for ever that there was none.
        if let Some(outage) = metrics.outage() {
            return Err(outage.clone());
        }
        self.writer.metrics(self.symbol, &metrics, self.now)?;
        Ok(1)
    }
}
