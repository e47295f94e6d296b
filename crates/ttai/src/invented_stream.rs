//! The stream of an invented market that follows the present: what each second brings, read from the market itself. It costs
//! nothing while nobody reads.
//!
//! A reader ends where the market's time goes back, which is where a practice session begins: whoever reads on begins anew, and
//! knows nothing of a market that is later than now.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};
use tokio::time::{Interval, MissedTickBehavior, interval};
use ttai_core::{OccSymbol, OptionContract, Quote, Symbol};
use ttai_ports::{
    DataSource, MarketData, PortError, QuoteStream, StreamEvent, StreamGap, StreamGreeks, StreamHealth,
    StreamKinds, StreamQuote, StreamReader, StreamSymbol, StreamTrade,
};
use ttai_quant::chain::{ChainPricer, PricedQuote};
use ttai_sim::market::{newest_snapshot, present};

use crate::invented::InventedMarket;

/// How often the market is looked at: it moves every second.
const EVERY: Duration = Duration::from_secs(1);
/// Seconds that are told one by one when a look was late; what is older is a gap.
const LATE: TimeDelta = TimeDelta::seconds(60);
/// Shares of a price that is shown, as nobody knows who bids and offers.
const SHOWN_SIZE: f64 = 300.0;

/// The stream.
pub(crate) struct InventedStream {
    market: Arc<InventedMarket>,
    health: Arc<Mutex<StreamHealth>>,
}

impl InventedStream {
    /// The stream of a market.
    pub(crate) fn over(market: Arc<InventedMarket>) -> Self {
        let health = StreamHealth { connected: true, ..StreamHealth::default() };
        Self { market, health: Arc::new(Mutex::new(health)) }
    }

    /// Who this is.
    pub(crate) fn source(&self) -> DataSource {
        self.market.source()
    }
}

#[async_trait]
impl QuoteStream for InventedStream {
    fn name(&self) -> &str {
        "simulated"
    }

    /// Takes every subscription: a symbol that the market does not have is told by [`QuoteStream::health`], so that it costs
    /// nobody the others.
    async fn subscribe(
        &self,
        symbols: &[StreamSymbol],
        kinds: StreamKinds,
    ) -> Result<Box<dyn StreamReader>, PortError> {
        let mut looks = interval(EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (market, health) = (Arc::clone(&self.market), Arc::clone(&self.health));
        let at = present();
        let mut reader =
            Reader { market, health, kinds, watched: Vec::new(), at, looks, ready: VecDeque::new() };
        reader.add(symbols).await?;
        Ok(Box::new(reader))
    }

    fn health(&self) -> StreamHealth {
        locked(&self.health).clone()
    }
}

fn locked(health: &Mutex<StreamHealth>) -> MutexGuard<'_, StreamHealth> {
    health.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A contract as the newest chain has it.
#[derive(Clone)]
struct PricedContract {
    snapshot: DateTime<Utc>,
    /// What the underlying cost then, dollars.
    spot: f64,
    /// None where the chain does not have it.
    priced: Option<PricedQuote>,
}

/// A symbol and what was said of it last.
struct WatchedSymbol {
    symbol: StreamSymbol,
    sides: Option<[Option<Decimal>; 2]>,
    last: Option<Decimal>,
    contract: Option<PricedContract>,
}

/// One reader.
struct Reader {
    market: Arc<InventedMarket>,
    health: Arc<Mutex<StreamHealth>>,
    kinds: StreamKinds,
    watched: Vec<WatchedSymbol>,
    /// The market time up to which everything was said.
    at: DateTime<Utc>,
    looks: Interval,
    ready: VecDeque<StreamEvent>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut health = locked(&self.health);
        health.symbols = health.symbols.saturating_sub(self.watched.len());
    }
}

#[async_trait]
impl StreamReader for Reader {
    async fn next(&mut self) -> Option<StreamEvent> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            self.looks.tick().await;
            let now = present();
            if now < self.at {
                return None;
            }
            self.look(now).await;
        }
    }

    async fn add(&mut self, symbols: &[StreamSymbol]) -> Result<(), PortError> {
        let before = self.watched.len();
        for symbol in symbols {
            if self.watched.iter().all(|watched| watched.symbol != *symbol) {
                let symbol = symbol.clone();
                self.watched.push(WatchedSymbol { symbol, sides: None, last: None, contract: None });
            }
        }
        locked(&self.health).symbols += self.watched.len() - before;
        self.looks.reset_immediately();
        Ok(())
    }

    async fn remove(&mut self, symbols: &[StreamSymbol]) -> Result<(), PortError> {
        let before = self.watched.len();
        self.watched.retain(|watched| !symbols.contains(&watched.symbol));
        let mut health = locked(&self.health);
        health.symbols = health.symbols.saturating_sub(before - self.watched.len());
        Ok(())
    }
}

impl Reader {
    /// Says what is new. A look that is given up has said nothing, and the next one says it.
    async fn look(&mut self, now: DateTime<Utc>) {
        let mut ready = Vec::new();
        if now - self.at > LATE {
            let reason = "the market has gone on".to_owned();
            ready.push(StreamEvent::Gap(StreamGap {
                symbols: Vec::new(),
                from: self.at,
                until: now,
                reason,
            }));
        }
        let after = self.at.max(now - LATE);
        let mut spots = BTreeMap::new();
        let mut trouble = None;
        for watched in &mut self.watched {
            let told = match watched.symbol.clone() {
                StreamSymbol::Equity(symbol) => {
                    watched.share(&self.market, &symbol, (after, now), &mut ready).await
                }
                StreamSymbol::Option(contract) => {
                    watched.option(&self.market, &contract, now, &mut spots, &mut ready).await
                }
            };
            trouble = told.err().or(trouble);
        }
        let kinds = self.kinds;
        ready.retain(|event| match event {
            StreamEvent::Quote(_) => kinds.quotes,
            StreamEvent::Trade(_) => kinds.trades,
            StreamEvent::Greeks(_) => kinds.greeks,
            _ => true,
        });
        let mut health = locked(&self.health);
        health.last_event = health.last_event.max(Some(now).filter(|_| !ready.is_empty()));
        health.last_error = trouble.map(|error| error.to_string());
        drop(health);
        self.ready.extend(ready);
        self.at = now;
    }
}

impl WatchedSymbol {
    /// The trades of a share since the last look, and how it is quoted.
    async fn share(
        &mut self,
        market: &InventedMarket,
        symbol: &Symbol,
        (after, now): (DateTime<Utc>, DateTime<Utc>),
        ready: &mut Vec<StreamEvent>,
    ) -> Result<(), PortError> {
        let quote = market.quote(symbol, now).await?;
        let ticks = market.ticks(symbol, after, now).await?;
        let first = if self.last.is_none() { ticks.len().saturating_sub(1) } else { 0 };
        let mut last = self.last;
        let mut traded = 0;
        for tick in ticks.iter().skip(first).filter(|tick| last.replace(tick.price) != Some(tick.price)) {
            let size = tick.shares.saturating_sub(traded).max(1);
            traded = tick.shares;
            ready.push(StreamEvent::Trade(StreamTrade {
                symbol: self.symbol.clone(),
                price: tick.price,
                size: size.to_f64().unwrap_or(1.0),
                market_time: Some(tick.time),
                received_at: now,
                condition: None,
                day_volume: quote.volume.to_f64(),
                eligible: true,
            }));
        }
        self.last = last;
        self.quoted([quote.bid, quote.ask], [SHOWN_SIZE; 2], now, ready);
        Ok(())
    }

    fn quoted(
        &mut self,
        sides: [Option<Decimal>; 2],
        [bid_size, ask_size]: [f64; 2],
        now: DateTime<Utc>,
        ready: &mut Vec<StreamEvent>,
    ) -> bool {
        if self.sides.replace(sides) == Some(sides) {
            return false;
        }
        let [bid, ask] = sides;
        ready.push(StreamEvent::Quote(StreamQuote {
            symbol: self.symbol.clone(),
            bid,
            ask,
            bid_size,
            ask_size,
            market_time: Some(now),
            received_at: now,
            condition: None,
        }));
        true
    }

    /// How a contract is quoted: as in the newest chain, moved by what its underlying has done since.
    async fn option(
        &mut self,
        market: &InventedMarket,
        contract: &OccSymbol,
        now: DateTime<Utc>,
        spots: &mut BTreeMap<Symbol, Quote>,
        ready: &mut Vec<StreamEvent>,
    ) -> Result<(), PortError> {
        let underlying = contract.underlying();
        let newest = newest_snapshot(now).unwrap_or(now);
        let known = match self.contract.take().filter(|known| known.snapshot == newest) {
            Some(known) => known,
            None => priced(market, contract, now).await?,
        };
        let quote = match spots.get(&underlying) {
            Some(quote) => quote,
            None => {
                let quote = market.quote(&underlying, now).await?;
                spots.entry(underlying).or_insert(quote)
            }
        };
        let spot = quote.price().unwrap_or(known.spot);
        if let Some(priced) = &known.priced {
            let moved = Moved::of(priced, spot - known.spot);
            let sizes = [priced.quote.bid_size, priced.quote.ask_size].map(f64::from);
            if self.quoted(moved.sides, sizes, now, ready) {
                ready.extend(moved.greeks(contract, now).map(StreamEvent::Greeks));
            }
        }
        self.contract = Some(known);
        Ok(())
    }
}

/// A contract out of the newest chain, priced.
async fn priced(
    market: &InventedMarket,
    contract: &OccSymbol,
    now: DateTime<Utc>,
) -> Result<PricedContract, PortError> {
    let underlying = contract.underlying();
    let chain = market.option_chain(&underlying, now).await?;
    let rate = market.risk_free_rate(now).await?.continuous;
    let dividends = market.daily_history(&underlying, now).await?.dividends;
    let (snapshot, spot) = (chain.snapshot_time, chain.underlying.price().unwrap_or_default());
    let wanted = contract.clone();
    let priced = tokio::task::spawn_blocking(move || {
        ChainPricer::new(&chain, rate, &dividends).priced(|listed| is(listed, &wanted)).pop()
    });
    let priced = priced.await.map_err(|error| PortError::Corrupt {
        provider: "simulated".to_owned(),
        detail: error.to_string(),
    })?;
    Ok(PricedContract { snapshot, spot, priced })
}

fn is(listed: &OptionContract, wanted: &OccSymbol) -> bool {
    listed.strike == wanted.strike
        && listed.expiration == wanted.expiration
        && listed.right == wanted.right
        && listed.root == wanted.root
}

/// A contract after its underlying has moved.
struct Moved<'a> {
    priced: &'a PricedQuote,
    /// Dollars that the underlying has moved since the chain.
    by: f64,
    sides: [Option<Decimal>; 2],
}

impl<'a> Moved<'a> {
    fn of(priced: &'a PricedQuote, by: f64) -> Self {
        let worth = priced.greeks.map_or(0.0, |greeks| (greeks.delta + 0.5 * greeks.gamma * by) * by);
        let worth = Decimal::from_f64(worth).unwrap_or_default().round_dp(2);
        // Nobody bids for what is worth nothing; somebody always offers it for a cent.
        let bid = Some(priced.quote.bid + worth).filter(|bid| *bid > Decimal::ZERO);
        let ask = (priced.quote.ask + worth).max(bid.unwrap_or_default() + Decimal::new(1, 2));
        Self { priced, by, sides: [bid, Some(ask)] }
    }

    fn greeks(&self, contract: &OccSymbol, now: DateTime<Utc>) -> Option<StreamGreeks> {
        let greeks = self.priced.greeks?;
        let [bid, ask] = self.sides;
        let mid = (bid.unwrap_or_default() + ask.unwrap_or_default()) / Decimal::TWO;
        let bounds = if greeks.delta < 0.0 { (-1.0, 0.0) } else { (0.0, 1.0) };
        Some(StreamGreeks {
            symbol: contract.clone(),
            price: mid.to_f64()?,
            volatility: self.priced.iv?,
            delta: (greeks.delta + greeks.gamma * self.by).clamp(bounds.0, bounds.1),
            gamma: greeks.gamma,
            theta: greeks.theta,
            rho: greeks.rho,
            vega: greeks.vega,
            market_time: Some(now),
            received_at: now,
        })
    }
}

#[cfg(test)]
mod tests {
    use ttai_ports::MarketClock;

    use super::*;
    use crate::invented::Standing;

    async fn stream(folder: &std::path::Path) -> (Arc<InventedMarket>, InventedStream) {
        let market = Arc::new(InventedMarket::open(5, folder, Standing::Present).await.unwrap());
        (Arc::clone(&market), InventedStream::over(market))
    }

    #[tokio::test]
    async fn shares_and_contracts_move_in_market_time_and_unknown_ones_cost_nobody_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let (market, stream) = stream(folder.path()).await;
        let aapl = Symbol::new("AAPL").unwrap();
        let now = market.now(&aapl).await.unwrap();
        let chain = market.option_chain(&aapl, now).await.unwrap();
        let spot = chain.underlying.price().unwrap();
        let near = |strike: &Decimal| (strike.to_f64().unwrap() - spot).abs();
        let nearest = chain.quotes.iter().map(|quote| &quote.contract);
        let nearest = nearest.min_by(|one, other| near(&one.strike).total_cmp(&near(&other.strike))).unwrap();
        let contract = nearest.occ();
        let symbols = [
            StreamSymbol::Equity(aapl.clone()),
            StreamSymbol::Equity(Symbol::new("ZZZZ").unwrap()),
            StreamSymbol::Option(contract),
        ];
        let mut reader = stream.subscribe(&symbols, StreamKinds::ALL).await.unwrap();
        let (mut trades, mut greeks) = (Vec::new(), 0);
        while trades.len() < 3 || greeks < 2 {
            match reader.next().await.unwrap() {
                StreamEvent::Trade(trade) => trades.push(trade),
                StreamEvent::Greeks(of) => {
                    greeks += usize::from(of.delta.abs() <= 1.0 && of.volatility > 0.0);
                }
                StreamEvent::Quote(quote) => assert!(quote.bid < quote.ask, "{quote:?}"),
                other => panic!("{other:?}"),
            }
        }
        assert!(trades.iter().all(|trade| ttai_calendar::is_open(trade.market_time.unwrap())));
        assert!(trades.windows(2).all(|pair| pair[0].market_time < pair[1].market_time));
        assert!(trades.windows(2).all(|pair| pair[0].price != pair[1].price));
        let health = stream.health();
        assert!(health.symbols == 3 && health.last_error.unwrap().contains("ZZZZ"));
        drop(reader);
        assert_eq!(stream.health().symbols, 0);
    }

    #[tokio::test]
    async fn a_reader_ends_where_the_market_goes_back() {
        let folder = tempfile::tempdir().unwrap();
        let (market, stream) = stream(folder.path()).await;
        let mut looks = interval(EVERY);
        looks.tick().await;
        looks.reset_immediately();
        let at = present() + TimeDelta::hours(1);
        let health = Arc::clone(&stream.health);
        let watched = Vec::new();
        let mut reader =
            Reader { market, health, kinds: StreamKinds::ALL, watched, at, looks, ready: VecDeque::new() };
        assert!(reader.next().await.is_none());
    }
}
