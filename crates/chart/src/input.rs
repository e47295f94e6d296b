//! What a chart is made of. Plain numbers: who computed them is not this crate's business.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use ttai_core::{DailyBar, FibonacciLevel, LevelSide};

use crate::error::ChartError;

/// Everything that a chart shows. Prices are dollars a share in the same adjustment as the bars.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChartInput<'a> {
    /// Ticker of the underlying. Not blank.
    pub symbol: String,
    /// Company name, shown after the symbol.
    pub company: Option<String>,
    /// Strategy that the chart was made for, such as `csp`.
    pub strategy: Option<String>,
    /// The moment whose knowledge the chart shows; shown in New York time.
    pub as_of: DateTime<Utc>,
    /// Where the bars come from and how they are adjusted, in one line.
    pub source: String,
    /// True where the market is simulated: the chart says so twice.
    pub simulated: bool,
    /// Daily bars, ascending by date.
    pub bars: Cow<'a, [DailyBar]>,
    /// True where the session, week or month of the last candle is still running.
    pub last_bar_partial: bool,
    /// Current price; `None` takes the last bar's close.
    pub last_price: Option<f64>,
    /// Lines over the candles, such as moving averages.
    pub overlays: Vec<Overlay>,
    /// The relative strength index, 0 to 100, in a pane of its own.
    pub rsi: Option<Overlay>,
    /// Supports and resistances.
    pub levels: Vec<LevelLine>,
    /// Fibonacci levels of one swing.
    pub fibonacci: Option<Fibonacci>,
    /// Zones where several methods agree.
    pub confluence: Vec<ConfluenceBand>,
    /// Unfilled gaps.
    pub gaps: Vec<GapBand>,
    /// Splits, earnings and dividends, past and announced.
    pub marks: Vec<Mark>,
    /// The suggested trade.
    pub trade: Option<TradeOverlay>,
}

impl<'a> ChartInput<'a> {
    /// Bare candles and volume; the public fields add the rest.
    #[must_use]
    pub fn new(
        symbol: impl Into<String>,
        as_of: DateTime<Utc>,
        source: impl Into<String>,
        bars: &'a [DailyBar],
    ) -> Self {
        Self {
            symbol: symbol.into(),
            company: None,
            strategy: None,
            as_of,
            source: source.into(),
            simulated: false,
            bars: Cow::Borrowed(bars),
            last_bar_partial: false,
            last_price: None,
            overlays: Vec::new(),
            rsi: None,
            levels: Vec::new(),
            fibonacci: None,
            confluence: Vec::new(),
            gaps: Vec::new(),
            marks: Vec::new(),
            trade: None,
        }
    }

    /// Refuses what cannot be drawn, so that the layout need not look again.
    pub(crate) fn check(&self) -> Result<(), ChartError> {
        if self.symbol.trim().is_empty() {
            return Err(ChartError::EmptySymbol);
        }
        self.check_bars()?;
        if let Some(price) = self.last_price {
            within("the last price", price, PRICES)?;
        }
        self.overlays.iter().chain(&self.rsi).try_for_each(|overlay| overlay.check(self.bars.len()))?;
        for value in self.rsi.iter().flat_map(|rsi| &rsi.values).flatten() {
            within("a value of the RSI", *value, INDEX)?;
        }
        self.levels.iter().try_for_each(LevelLine::check)?;
        self.fibonacci.iter().try_for_each(Fibonacci::check)?;
        self.confluence.iter().try_for_each(|zone| edges("the confluence zone", zone.low, zone.high))?;
        self.gaps.iter().try_for_each(|gap| edges("the gap", gap.low, gap.high))?;
        self.trade.iter().try_for_each(|trade| trade.check(self.bars.last().map(|bar| bar.date)))
    }

    /// The current price: the one given, else the last close.
    pub(crate) fn current_price(&self) -> f64 {
        self.last_price.or_else(|| self.bars.last().map(|bar| bar.close)).unwrap_or(0.0)
    }

    fn check_bars(&self) -> Result<(), ChartError> {
        if self.bars.is_empty() {
            return Err(ChartError::NoBars { symbol: self.symbol.trim().to_owned() });
        }
        for bar in self.bars.iter() {
            DailyBar::new(bar.date, bar.open, bar.high, bar.low, bar.close, bar.volume)?;
            within(&format!("the low of {}", bar.date), bar.low, PRICES)?;
            within(&format!("the high of {}", bar.date), bar.high, PRICES)?;
            within(&format!("the volume of {}", bar.date), bar.volume, VOLUMES)?;
        }
        match self.bars.windows(2).find(|pair| pair[0].date >= pair[1].date) {
            Some(pair) => Err(ChartError::UnorderedBars { previous: pair[0].date, date: pair[1].date }),
            None => Ok(()),
        }
    }
}

/// A named line with one value per bar.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Overlay {
    /// Shown in the legend, such as `SMA 50`.
    pub name: String,
    /// One value per bar; `None` where the line is not defined.
    pub values: Vec<Option<f64>>,
}

impl Overlay {
    fn check(&self, bars: usize) -> Result<(), ChartError> {
        if self.values.len() != bars {
            let (name, values) = (self.name.clone(), self.values.len());
            return Err(ChartError::OverlayLength { name, values, bars });
        }
        self.values
            .iter()
            .flatten()
            .try_for_each(|v| finite(&format!("a value of overlay {}", self.name), *v))
    }
}

/// A support or resistance with its zone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LevelLine {
    /// Where the line is drawn.
    pub price: f64,
    /// Lower edge of the zone, at most `price`.
    pub zone_low: f64,
    /// Upper edge of the zone, at least `price`.
    pub zone_high: f64,
    /// Support or resistance.
    pub kind: LevelSide,
    /// How often the price turned here.
    pub touches: u32,
    /// 0 (weakest) to 1 (strongest); from 0.5 up the line is thicker. `None` is not shown.
    pub strength: Option<f64>,
    /// Session of the first touch, where the line begins; `None` begins before the first bar.
    pub since: Option<NaiveDate>,
}

impl LevelLine {
    /// A level without a zone, touches or strength.
    #[must_use]
    pub const fn at(price: f64, kind: LevelSide) -> Self {
        Self { price, zone_low: price, zone_high: price, kind, touches: 0, strength: None, since: None }
    }

    fn check(&self) -> Result<(), ChartError> {
        finite("a level's price", self.price)?;
        let (low, high) = (self.zone_low, self.zone_high);
        edges("a level's zone", low, high)?;
        if self.price < low || self.price > high {
            return Err(ChartError::InvalidZone {
                what: format!("the zone of level {}", self.price),
                low,
                high,
            });
        }
        match self.strength {
            Some(strength) if !(0.0..=1.0).contains(&strength) => {
                Err(ChartError::Strength { price: self.price, strength })
            }
            _ => Ok(()),
        }
    }
}

/// Fibonacci levels of the swing `from` → `to`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fibonacci {
    /// Price where the swing began.
    pub from: f64,
    /// Price where it ended.
    pub to: f64,
    /// Session of the beginning; with `to_date` the swing is drawn.
    pub from_date: Option<NaiveDate>,
    /// Session of the end.
    pub to_date: Option<NaiveDate>,
    /// The levels to draw.
    pub levels: Vec<FibonacciLevel>,
}

impl Fibonacci {
    fn check(&self) -> Result<(), ChartError> {
        finite("the beginning of the Fibonacci swing", self.from)?;
        finite("the end of the Fibonacci swing", self.to)?;
        self.levels.iter().try_for_each(|level| {
            finite("a Fibonacci ratio", level.ratio)?;
            finite("a Fibonacci level", level.price)
        })
    }
}

/// A price zone where several methods agree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConfluenceBand {
    /// Lower edge.
    pub low: f64,
    /// Upper edge.
    pub high: f64,
    /// What agrees, such as `SMA 50`, `61.8%`.
    pub sources: Vec<String>,
}

/// A price range that was jumped over and not traded since.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GapBand {
    /// Lower edge.
    pub low: f64,
    /// Upper edge.
    pub high: f64,
    /// The session that opened beyond it.
    pub date: NaiveDate,
}

/// What happened, or will happen, on a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkKind {
    /// A split's first session.
    Split,
    /// Earnings.
    Earnings,
    /// A dividend's ex-date.
    Dividend,
}

/// An event under the candles. Dates after the last bar are shown as upcoming.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// Date in New York.
    pub date: NaiveDate,
    /// What it is.
    pub kind: MarkKind,
    /// What happens, in a few words: `7-for-1 split`, `dividend $0.47`, `earnings (est.)`; may be empty.
    pub text: String,
}

/// The suggested trade: its strikes, its breakeven and how far the price is expected to move until it ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TradeOverlay {
    /// The strikes, the short one first.
    pub strikes: Vec<StrikeLine>,
    /// Price of the underlying at which nothing is lost at expiration.
    pub breakeven: f64,
    /// The sessions after the last bar up to the trade's last one, ascending. Empty where it ends with the last bar.
    pub sessions: Vec<NaiveDate>,
    /// Where the price is expected to be; `None` where no volatility is known.
    pub expected: Option<ExpectedRange>,
}

/// A strike of the trade.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StrikeLine {
    /// What is done there: `Short put`.
    pub name: String,
    /// Dollars.
    pub price: f64,
}

/// One standard deviation around a price, as it widens with the square root of time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExpectedRange {
    /// Its middle: the price that the deviation was computed from, dollars.
    pub from: f64,
    /// One standard deviation at the trade's last session, dollars.
    pub one_sd: f64,
}

impl TradeOverlay {
    fn check(&self, last_bar: Option<NaiveDate>) -> Result<(), ChartError> {
        for strike in &self.strikes {
            within("a strike", strike.price, PRICES)?;
        }
        finite("the breakeven", self.breakeven)?;
        if let Some(ExpectedRange { from, one_sd }) = self.expected {
            within("the middle of the expected range", from, PRICES)?;
            within("the expected move", one_sd, MOVES)?;
        }
        let mut previous = last_bar;
        for date in self.sessions.iter().copied() {
            if let Some(previous) = previous.filter(|previous| date <= *previous) {
                return Err(ChartError::UnorderedSessions { previous, date });
            }
            previous = Some(date);
        }
        Ok(())
    }
}

/// Prices, ratios and averages that can be laid out; far beyond any market, and far from overflow.
const VALUES: [f64; 2] = [-1e12, 1e12];
/// Prices of bars in dollars.
const PRICES: [f64; 2] = [1e-6, 1e9];
/// Dollars that a price may be expected to move.
const MOVES: [f64; 2] = [0.0, 1e9];
/// The relative strength index.
const INDEX: [f64; 2] = [0.0, 100.0];
/// Shares a session.
const VOLUMES: [f64; 2] = [0.0, 1e15];

fn within(what: &str, value: f64, [low, high]: [f64; 2]) -> Result<(), ChartError> {
    // NaN is in no range.
    if (low..=high).contains(&value) {
        Ok(())
    } else {
        Err(ChartError::OutOfRange { what: what.to_owned(), value, low, high })
    }
}

fn finite(what: &str, value: f64) -> Result<(), ChartError> {
    within(what, value, VALUES)
}

fn edges(what: &str, low: f64, high: f64) -> Result<(), ChartError> {
    finite(what, low)?;
    finite(what, high)?;
    if low <= high { Ok(()) } else { Err(ChartError::InvalidZone { what: what.to_owned(), low, high }) }
}
