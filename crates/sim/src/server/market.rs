//! What the simulated market shows at its present moment: the source's data at the clock's time, under the overlays that
//! faults put on it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Duration, NaiveDate, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use ttai_calendar::Session;
use ttai_core::{
    DailyBar, MinuteBar, NewsStory, OccSymbol, OptionChain, OptionContract, OptionQuote, Quote,
    QuoteCondition, Symbol,
};
use ttai_ports::{
    DailyHistory, DataSource, MarketData, Metrics, News, NewsWindow, PortError, RiskFreeRate, SymbolMetrics,
};
use ttai_quant::chain::{PricedQuote, price_chain};

use super::clock::SimClock;
use super::prints::{Departure, Prints};

/// Everything that a simulation plays from.
pub trait MarketFeed: MarketData + Metrics + News {}
impl<T: MarketData + Metrics + News> MarketFeed for T {}

/// A whole chain with the status, implied volatility and Greeks of each contract.
#[derive(Debug)]
pub struct SimChain {
    /// The chain as recorded.
    pub chain: OptionChain,
    /// The same contracts in the same order, priced.
    pub priced: Vec<PricedQuote>,
    by_symbol: HashMap<OccSymbol, usize>,
}

impl SimChain {
    /// One contract's quote and numbers.
    #[must_use]
    pub fn contract(&self, symbol: &OccSymbol) -> Option<(&OptionQuote, &PricedQuote)> {
        let index = *self.by_symbol.get(symbol)?;
        Some((self.chain.quotes.get(index)?, self.priced.get(index)?))
    }
}

/// One print of the tape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Print {
    /// When.
    pub time: DateTime<Utc>,
    /// Dollars a share.
    pub price: f64,
    /// Shares.
    pub size: f64,
}

/// A company that splits off a part of itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpinOff {
    /// First session without the part.
    pub ex_date: NaiveDate,
    /// What the unadjusted prices before stand above those after: 1.25 where a fifth goes.
    pub factor: f64,
}

/// What faults make of the market.
#[derive(Clone, Debug, Default)]
struct Overlays {
    halted: BTreeSet<Symbol>,
    crossed: BTreeSet<Symbol>,
    stale_since: BTreeMap<Symbol, DateTime<Utc>>,
    splits: BTreeMap<Symbol, Decimal>,
    adjusted: BTreeSet<Symbol>,
    spin_offs: BTreeMap<Symbol, SpinOff>,
    doubled_dividends: BTreeSet<Symbol>,
    early_close: Option<(NaiveDate, DateTime<Utc>)>,
}

/// The market at its present moment.
pub struct SimMarket {
    source: Arc<dyn MarketFeed>,
    clock: SimClock,
    symbols: Vec<Symbol>,
    overlays: Mutex<Overlays>,
    chains: Mutex<HashMap<Symbol, Arc<SimChain>>>,
    prints: Prints,
}

impl SimMarket {
    /// A market over a source, at a clock.
    pub(crate) fn new(source: Arc<dyn MarketFeed>, clock: SimClock, symbols: Vec<Symbol>) -> Self {
        Self {
            source,
            clock,
            symbols,
            overlays: Mutex::default(),
            chains: Mutex::default(),
            prints: Prints::default(),
        }
    }

    /// Market time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Its clock.
    #[must_use]
    pub fn clock(&self) -> &SimClock {
        &self.clock
    }

    /// What it plays.
    #[must_use]
    pub fn about(&self) -> DataSource {
        self.source.source()
    }

    /// Every symbol on offer, in order.
    #[must_use]
    pub fn symbols(&self) -> &[Symbol] {
        &self.symbols
    }

    /// Whether a symbol is listed here.
    #[must_use]
    pub fn lists(&self, symbol: &Symbol) -> bool {
        self.symbols.binary_search(symbol).is_ok()
    }

    /// Today's session by the exchange calendar and the overlays; none on a day without one.
    #[must_use]
    pub fn session(&self) -> Option<Session> {
        let session = ttai_calendar::session(ttai_calendar::new_york_date(self.now()))?;
        let early = self.overlays().early_close;
        Some(match early {
            Some((date, close)) if date == session.date => {
                Session { close: close.min(session.close), early_close: true, ..session }
            }
            _ => session,
        })
    }

    /// Whether the regular session is on.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.session().is_some_and(|session| session.is_open_at(self.now()))
    }

    /// Whether trading of a symbol is halted.
    #[must_use]
    pub fn is_halted(&self, symbol: &Symbol) -> bool {
        self.overlays().halted.contains(symbol)
    }

    /// The quote of a share at this moment, marked with what is wrong with it.
    ///
    /// # Errors
    /// The source's.
    pub async fn quote(&self, symbol: &Symbol) -> Result<Quote, PortError> {
        let overlays = self.overlays();
        let now = self.now();
        let moment = overlays.stale_since.get(symbol).map_or(now, |since| (*since).min(now));
        let mut quote = self.source.quote(symbol, moment).await?;
        quote.received_at = now;
        overlays.apply(&mut quote);
        Ok(quote)
    }

    /// The quote of a share some time ago, as a delayed feed shows it; the present one where the market does not go back
    /// that far.
    ///
    /// # Errors
    /// The source's.
    pub async fn delayed_quote(&self, symbol: &Symbol, delay: Duration) -> Result<Quote, PortError> {
        let overlays = self.overlays();
        let now = self.now();
        let moment = overlays.stale_since.get(symbol).map_or(now, |since| (*since).min(now)) - delay;
        let mut quote = match self.source.quote(symbol, moment).await {
            Err(PortError::NoData { .. }) => return self.quote(symbol).await,
            other => other?,
        };
        quote.received_at = now;
        overlays.apply(&mut quote);
        Ok(quote)
    }

    /// The newest chain at this moment, priced once a snapshot.
    ///
    /// # Errors
    /// The source's.
    pub async fn chain(&self, symbol: &Symbol) -> Result<Arc<SimChain>, PortError> {
        let now = self.now();
        let chain = self.source.option_chain(symbol, now).await?;
        if let Some(known) = self.known_chain(symbol, chain.snapshot_time) {
            return Ok(known);
        }
        let rate = self.source.risk_free_rate(now).await?.continuous;
        let dividends = self.source.daily_history(symbol, now).await?.dividends;
        let is_adjusted = self.overlays().adjusted.contains(symbol);
        let priced = tokio::task::spawn_blocking(move || {
            let chain = if is_adjusted { with_adjusted_root(chain) } else { chain };
            let priced = price_chain(&chain, rate, &dividends);
            let by_symbol =
                chain.quotes.iter().enumerate().map(|(index, quote)| (occ(quote), index)).collect();
            SimChain { chain, priced, by_symbol }
        })
        .await
        .map_err(|error| PortError::Corrupt { provider: "sim".to_owned(), detail: error.to_string() })?;
        let priced = Arc::new(priced);
        self.chains
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(symbol.clone(), Arc::clone(&priced));
        Ok(priced)
    }

    fn known_chain(&self, symbol: &Symbol, snapshot: DateTime<Utc>) -> Option<Arc<SimChain>> {
        let chains = self.chains.lock().unwrap_or_else(PoisonError::into_inner);
        chains.get(symbol).filter(|known| known.chain.snapshot_time == snapshot).cloned()
    }

    /// Finished sessions, today so far, splits and dividends.
    ///
    /// # Errors
    /// The source's.
    pub async fn daily(&self, symbol: &Symbol) -> Result<DailyHistory, PortError> {
        self.source.daily_history(symbol, self.now()).await
    }

    /// Finished sessions and today so far in the shares of the moment: the past divided by the splits since, volumes
    /// multiplied.
    ///
    /// # Errors
    /// The source's.
    pub async fn adjusted_daily(&self, symbol: &Symbol) -> Result<Vec<DailyBar>, PortError> {
        Ok(self.daily(symbol).await?.bars_in_shares_of_today())
    }

    /// A session's minutes so far.
    ///
    /// # Errors
    /// The source's.
    pub async fn minutes(&self, symbol: &Symbol, date: NaiveDate) -> Result<Vec<MinuteBar>, PortError> {
        self.source.minute_bars(symbol, date, self.now()).await
    }

    /// The prints in `(after, until]`, four a minute at its open, high, low and close: a tape keeps no single trades.
    /// None while trading is halted.
    ///
    /// # Errors
    /// The source's.
    pub async fn prints(
        &self,
        symbol: &Symbol,
        after: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<Print>, PortError> {
        if self.is_halted(symbol) {
            return Ok(Vec::new());
        }
        // A minute that is under way has printed already, so the market itself looks to its end. What is past it knows now as well as
        // then: another moment of an invented market would have to be invented.
        let date = ttai_calendar::new_york_date(until);
        let known = (until + Duration::minutes(1)).max(self.now());
        let minutes = self.source.minute_bars(symbol, date, known).await?;
        let of_minutes = minutes.iter().flat_map(prints_of);
        let mut prints: Vec<Print> =
            of_minutes.filter(|print| after < print.time && print.time <= until).collect();
        let asked = self.prints.between(symbol, after, until);
        if !asked.is_empty() {
            prints.extend(asked);
            prints.sort_by_key(|print| print.time);
        }
        Ok(prints)
    }

    /// A share prints at a price now, whatever its minutes say: on the streams only, in no minute and no quote.
    pub fn print(&self, symbol: &Symbol, price: f64) {
        self.prints.add(symbol, Print { time: self.now(), price, size: 100.0 });
    }

    /// The prints on request whose frames have left since the last call.
    pub fn take_departures(&self) -> Vec<Departure> {
        self.prints.take_departures()
    }

    /// Notes that a print leaves on a stream.
    pub(crate) fn left(&self, symbol: &Symbol, time: DateTime<Utc>) {
        self.prints.left(symbol, time);
    }

    /// Earnings, short interest, sector.
    ///
    /// # Errors
    /// The source's.
    pub async fn metrics(&self, symbol: &Symbol) -> Result<Option<SymbolMetrics>, PortError> {
        self.source.metrics(symbol, self.now()).await
    }

    /// Stories published in a window, none later than now.
    ///
    /// # Errors
    /// The source's.
    pub async fn stories(&self, symbol: &Symbol, after: DateTime<Utc>) -> Result<Vec<NewsStory>, PortError> {
        let window = NewsWindow { after, until: self.now() };
        Ok(self.source.stories(symbol, window).await?.unwrap_or_default())
    }

    /// The discounting rate.
    ///
    /// # Errors
    /// The source's.
    pub async fn rate(&self) -> Result<RiskFreeRate, PortError> {
        self.source.risk_free_rate(self.now()).await
    }

    /// Halts a symbol, or lets it trade again.
    pub fn set_halted(&self, symbol: &Symbol, halted: bool) {
        self.change(|overlays| {
            if halted {
                overlays.halted.insert(symbol.clone())
            } else {
                overlays.halted.remove(symbol)
            };
        });
    }

    /// Freezes a symbol's quote at this moment, or lets it go on.
    pub fn set_stale(&self, symbol: &Symbol, stale: bool) {
        let now = self.now();
        self.change(|overlays| {
            if stale {
                overlays.stale_since.entry(symbol.clone()).or_insert(now);
            } else {
                overlays.stale_since.remove(symbol);
            }
        });
    }

    /// Puts a symbol's bid above its ask, or right again.
    pub fn set_crossed(&self, symbol: &Symbol, crossed: bool) {
        self.change(|overlays| {
            if crossed {
                overlays.crossed.insert(symbol.clone())
            } else {
                overlays.crossed.remove(symbol)
            };
        });
    }

    /// Divides a symbol's quotes by a ratio from now on, as on the morning of a split; none takes it back.
    pub fn set_split(&self, symbol: &Symbol, ratio: Option<f64>) {
        let ratio =
            ratio.and_then(Decimal::from_f64).filter(|ratio| ratio.is_sign_positive() && !ratio.is_zero());
        self.change(|overlays| match ratio {
            Some(ratio) => {
                overlays.splits.insert(symbol.clone(), ratio);
            }
            None => {
                overlays.splits.remove(symbol);
            }
        });
    }

    /// Lists contracts of an adjusted root beside the standard ones, as after a spin-off; or no more.
    pub fn set_adjusted_root(&self, symbol: &Symbol, adjusted: bool) {
        self.change(|overlays| {
            if adjusted {
                overlays.adjusted.insert(symbol.clone())
            } else {
                overlays.adjusted.remove(symbol)
            };
        });
        self.chains.lock().unwrap_or_else(PoisonError::into_inner).remove(symbol);
    }

    /// Lets today be the first session after a spin-off; none takes it back.
    pub fn set_spin_off(&self, symbol: &Symbol, factor: Option<f64>) {
        let ex_date = ttai_calendar::new_york_date(self.now());
        let spin_off = factor.filter(|factor| factor.is_finite() && *factor > 1.0);
        self.change(|overlays| match spin_off {
            Some(factor) => {
                overlays.spin_offs.insert(symbol.clone(), SpinOff { ex_date, factor });
            }
            None => {
                overlays.spin_offs.remove(symbol);
            }
        });
    }

    /// Lists every dividend of a symbol twice, or once again.
    pub fn set_doubled_dividends(&self, symbol: &Symbol, doubled: bool) {
        self.change(|overlays| {
            if doubled {
                overlays.doubled_dividends.insert(symbol.clone())
            } else {
                overlays.doubled_dividends.remove(symbol)
            };
        });
    }

    /// The spin-off that a symbol has had.
    #[must_use]
    pub fn spin_off(&self, symbol: &Symbol) -> Option<SpinOff> {
        self.overlays().spin_offs.get(symbol).copied()
    }

    /// A spin-off of any symbol, and the symbol.
    #[must_use]
    pub fn any_spin_off(&self) -> Option<(Symbol, SpinOff)> {
        self.overlays().spin_offs.iter().next().map(|(symbol, spin_off)| (symbol.clone(), *spin_off))
    }

    /// Whether a symbol's dividends are listed twice.
    #[must_use]
    pub fn doubles_dividends(&self, symbol: &Symbol) -> bool {
        self.overlays().doubled_dividends.contains(symbol)
    }

    /// Lets today's session end at this moment, or as scheduled again.
    pub fn set_early_close(&self, closed: bool) {
        let now = self.now();
        self.change(|overlays| {
            overlays.early_close = closed.then(|| (ttai_calendar::new_york_date(now), now));
        });
    }

    /// What a symbol's recorded prices are divided by.
    #[must_use]
    pub fn split_ratio(&self, symbol: &Symbol) -> Decimal {
        self.overlays().splits.get(symbol).copied().unwrap_or(Decimal::ONE)
    }

    fn overlays(&self) -> Overlays {
        self.overlays.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut Overlays)) {
        change(&mut self.overlays.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Overlays {
    fn apply(&self, quote: &mut Quote) {
        if let Some(ratio) = self.splits.get(&quote.symbol) {
            for price in [&mut quote.bid, &mut quote.ask, &mut quote.last] {
                *price = price.and_then(|price| price.checked_div(*ratio)).map(|price| price.round_dp(2));
            }
        }
        if self.crossed.contains(&quote.symbol) {
            std::mem::swap(&mut quote.bid, &mut quote.ask);
            if quote.bid == quote.ask {
                quote.bid = quote.bid.map(|bid| bid + Decimal::new(1, 2));
            }
            quote.conditions.push(QuoteCondition::Crossed);
        }
        if self.halted.contains(&quote.symbol) {
            quote.conditions.push(QuoteCondition::Halted);
        }
        if self.stale_since.contains_key(&quote.symbol) && !quote.conditions.contains(&QuoteCondition::Stale)
        {
            quote.conditions.push(QuoteCondition::Stale);
        }
    }
}

/// The chain with the same contracts again under an adjusted root, which deliver a part of another company besides: each is
/// priced as the standard one a strike lower, being worth more.
fn with_adjusted_root(mut chain: OptionChain) -> OptionChain {
    let mut adjusted = Vec::new();
    for pair in ordered(&chain).windows(2) {
        let [cheaper, dearer] = pair else { continue };
        let (lower, contract) = (&cheaper.contract, &dearer.contract);
        let same_series = (lower.expiration, lower.right) == (contract.expiration, contract.right);
        let root = Symbol::new(&format!("{}1", contract.root));
        let (true, Ok(root)) = (same_series, root) else { continue };
        let contract = OptionContract { root, ..contract.clone() };
        adjusted.push(OptionQuote { contract, ..(*cheaper).clone() });
    }
    chain.quotes.extend(adjusted);
    chain
}

fn ordered(chain: &OptionChain) -> Vec<&OptionQuote> {
    let mut quotes: Vec<&OptionQuote> = chain.quotes.iter().collect();
    quotes.sort_by_key(|quote| (quote.contract.expiration, quote.contract.right, quote.contract.strike));
    quotes
}

/// The symbol of a contract's quote.
#[must_use]
pub fn occ(quote: &OptionQuote) -> OccSymbol {
    OccSymbol { strike: quote.contract.strike.normalize(), ..quote.contract.occ() }
}

fn prints_of(bar: &MinuteBar) -> [Print; 4] {
    // The low comes first in a rising minute: the shortest path through the four prices.
    let (first, second) = if bar.close >= bar.open { (bar.low, bar.high) } else { (bar.high, bar.low) };
    let print = |seconds, price| Print {
        time: bar.start + Duration::seconds(seconds),
        price,
        size: (bar.volume / 4.0).max(1.0).floor(),
    };
    [print(1, bar.open), print(20, first), print(40, second), print(59, bar.close)]
}
