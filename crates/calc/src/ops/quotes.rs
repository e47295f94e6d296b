//! Quotes of a chain as they come in requests, and the priced chain that they make.

use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use serde_json::{Map, Value};
use ttai_calendar::{expiration_close, last_trade_date};
use ttai_core::option::OccSymbol;
use ttai_core::{
    CashDividend, DividendStatus, ExerciseStyle, NEW_YORK, OptionChain, OptionContract, OptionQuote,
    OptionRight, Quote, Settlement, SettlementTime, Symbol,
};
use ttai_quant::chain::{ContractGreeks, IvStatus, PricedQuote, price_chain};

use crate::CalcError;
use crate::input::{Day, Moment, Money, Number, Whole, optional, parse_date, parse_number};

/// Most contracts of one request.
const MAX_QUOTES: usize = 20_000;
/// Most dividends of one request.
const MAX_DIVIDENDS: usize = 400;
/// Source named in the quotes made here.
const SOURCE: &str = "request";

/// One contract's quote, as a row of a chains file has it. The row's own `iv`, `delta` and so on are read by `select` only, and only
/// from rows without a snapshot time.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct QuoteRow {
    /// 21-character OCC symbol. Says underlying, expiration, right and strike where their own fields are missing.
    #[serde(default, deserialize_with = "optional")]
    pub occ_symbol: Option<String>,
    /// Ticker of the underlying.
    #[serde(default, alias = "symbol", deserialize_with = "optional")]
    pub underlying: Option<String>,
    /// Listed expiration date. Also `expiry`.
    #[serde(default, alias = "expiry", deserialize_with = "optional")]
    pub expiration: Option<Day>,
    /// Last session in which it trades; by the exchange's calendar unless given.
    #[serde(default, deserialize_with = "optional")]
    pub last_trade_date: Option<Day>,
    /// That session's close; by the exchange's calendar unless given. Also `expiry_close_utc`.
    #[serde(default, alias = "expiry_close_utc", deserialize_with = "optional")]
    pub expiration_close: Option<Moment>,
    /// Calendar days to the last trade date; used only where no snapshot time is given.
    #[serde(default, deserialize_with = "optional")]
    pub dte: Option<Whole>,
    /// Years to the last session's close; used only where no snapshot time is given. Also `T`.
    #[serde(default, alias = "T", deserialize_with = "optional")]
    pub years: Option<Number>,
    /// Strike in dollars. Also `K`.
    #[serde(default, alias = "K", deserialize_with = "optional")]
    pub strike: Option<Money>,
    /// `call` or `put`. Also `type`, `C`, `P`.
    #[serde(default, alias = "type", deserialize_with = "optional")]
    pub right: Option<OptionRight>,
    /// `american` (unless given) or `european`.
    #[serde(default, deserialize_with = "optional")]
    pub style: Option<ExerciseStyle>,
    /// Best bid in dollars a share; 0 where nobody bids.
    pub bid: Money,
    /// Best ask in dollars a share; 0 where nobody offers.
    pub ask: Money,
    /// Contracts bid for.
    #[serde(default, deserialize_with = "optional")]
    pub bid_size: Option<Whole>,
    /// Contracts offered.
    #[serde(default, deserialize_with = "optional")]
    pub ask_size: Option<Whole>,
    /// Last trade in dollars a share.
    #[serde(default, deserialize_with = "optional")]
    pub last: Option<Money>,
    /// Contracts traded so far.
    #[serde(default, deserialize_with = "optional")]
    pub volume: Option<Whole>,
    /// Contracts open at the start of the day; leave out where none is reported.
    #[serde(default, deserialize_with = "optional")]
    pub open_interest: Option<Whole>,
    /// When the quote was made.
    #[serde(default, deserialize_with = "optional")]
    pub quote_time: Option<Moment>,
    /// When the chain was taken; the same in all rows.
    #[serde(default, deserialize_with = "optional")]
    pub snapshot_time: Option<Moment>,
    /// The date on which the chain was taken; used only where no snapshot time is given.
    #[serde(default, deserialize_with = "optional")]
    pub quote_date: Option<Day>,
    /// Bid of the underlying in dollars.
    #[serde(default, deserialize_with = "optional")]
    pub underlying_bid: Option<Money>,
    /// Ask of the underlying in dollars.
    #[serde(default, deserialize_with = "optional")]
    pub underlying_ask: Option<Money>,
    /// Price of the underlying in dollars, where its bid and ask are not given. Also `S`, `spot`.
    #[serde(default, alias = "S", alias = "spot", deserialize_with = "optional")]
    pub underlying_price: Option<Money>,
    /// Implied volatility that the row brings.
    #[serde(default, deserialize_with = "optional")]
    pub iv: Option<Number>,
    /// Delta that the row brings.
    #[serde(default, deserialize_with = "optional")]
    pub delta: Option<Number>,
}

/// Rows, as a list of objects or as an object of columns.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(transparent)]
pub struct Rows(pub Vec<QuoteRow>);

impl<'de> Deserialize<'de> for Rows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rows = match Value::deserialize(deserializer)? {
            Value::Object(columns) => transposed(columns).map_err(D::Error::custom)?,
            rows => rows,
        };
        serde_path_to_error::deserialize(rows).map(Self).map_err(|error| {
            let path = error.path().to_string();
            D::Error::custom(format!("{path}: {}", error.into_inner()))
        })
    }
}

/// A list of rows out of an object of columns.
pub(crate) fn transposed(columns: Map<String, Value>) -> Result<Value, String> {
    let mut rows: Vec<Map<String, Value>> = Vec::new();
    let mut length = None;
    for (name, column) in columns {
        let Value::Array(column) = column else { return Err(format!("the column '{name}' is no list")) };
        let expected = *length.get_or_insert(column.len());
        if column.len() != expected {
            return Err(format!("the column '{name}' has {} values, others have {expected}", column.len()));
        }
        rows.resize_with(expected, Map::new);
        for (row, value) in rows.iter_mut().zip(column) {
            row.insert(name.clone(), value);
        }
    }
    Ok(Value::Array(rows.into_iter().map(Value::Object).collect()))
}

/// Cash dividends of the underlying by ex-date.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ExDividends {
    /// `"2014-08-07:3.29;2014-11-06:3.29"`.
    Text(String),
    /// The same as a list.
    List(Vec<ExDividend>),
}

/// One cash dividend.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub struct ExDividend {
    /// First session without it. Also `date`.
    #[serde(alias = "date")]
    pub ex_date: Day,
    /// Dollars a share. Also `amount`.
    #[serde(alias = "amount")]
    pub cash: Number,
}

impl ExDividends {
    /// The dividends as the pricers take them.
    pub(crate) fn read(&self) -> Result<Vec<CashDividend>, CalcError> {
        let found: Vec<CashDividend> = match self {
            Self::List(list) => list.iter().map(|item| dividend(item.ex_date.0, item.cash.0)).collect(),
            Self::Text(text) => {
                let parts = text.split(';').filter(|part| !part.trim().is_empty());
                let pair = |part: &str| {
                    let (date, cash) = part.split_once(':')?;
                    Some(dividend(parse_date(date)?, parse_number(cash)?))
                };
                let bad = |part: &str| {
                    let part: String = part.chars().take(40).collect();
                    CalcError::question(format!(
                        "dividends: '{part}' is no dividend; write ex-date:cash, such as 2014-08-07:3.29;2014-11-06:3.29"
                    ))
                };
                parts.map(|part| pair(part).ok_or_else(|| bad(part))).collect::<Result<_, _>>()?
            }
        };
        match found.iter().find(|dividend| !(0.0..=1e6).contains(&dividend.amount)) {
            Some(bad) => Err(CalcError::question(format!(
                "dividends: {} dollars on {} is impossible; give 0 or more",
                bad.amount, bad.ex_date
            ))),
            None if found.len() > MAX_DIVIDENDS => {
                Err(CalcError::question(format!("dividends: {} are more than {MAX_DIVIDENDS}", found.len())))
            }
            None => Ok(found),
        }
    }
}

fn dividend(ex_date: NaiveDate, amount: f64) -> CashDividend {
    CashDividend { ex_date, amount, status: DividendStatus::Declared }
}

/// What the reference files keep beside their rows.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub struct Meta {
    /// Ticker of the underlying.
    #[serde(default, deserialize_with = "optional")]
    pub symbol: Option<String>,
    /// When the chain was taken. Also `snapshot_ny`.
    #[serde(default, deserialize_with = "optional")]
    pub snapshot_utc: Option<Moment>,
    /// Continuously compounded rate, a fraction a year.
    #[serde(default, deserialize_with = "optional")]
    pub rate_continuous: Option<Number>,
    /// Cash dividends of the underlying.
    #[serde(default, deserialize_with = "optional")]
    pub dividends: Option<ExDividends>,
    /// Beta of the underlying to the index.
    #[serde(default, deserialize_with = "optional")]
    pub beta: Option<Number>,
    /// Price of the index in dollars.
    #[serde(default, deserialize_with = "optional")]
    pub spy_price: Option<Number>,
}

/// The parts of a request that make a priced chain.
pub(crate) struct Market {
    pub(crate) chain: Option<OptionChain>,
    pub(crate) rows: Vec<QuoteRow>,
    pub(crate) spot: Option<Decimal>,
    pub(crate) rate: f64,
    pub(crate) dividends: Vec<CashDividend>,
    pub(crate) as_of: Option<DateTime<Utc>>,
    pub(crate) symbol: Option<String>,
}

/// A chain whose contracts are priced.
pub(crate) struct PricedChain {
    pub(crate) quotes: Vec<PricedQuote>,
    pub(crate) spot: Decimal,
    pub(crate) as_of: DateTime<Utc>,
    pub(crate) underlying: Symbol,
}

impl Market {
    /// Prices the chain; `brought` allows rows without a snapshot time, whose volatilities and deltas are then their own.
    pub(crate) fn priced(self, brought: bool) -> Result<PricedChain, CalcError> {
        match self.chain {
            Some(chain) => Self::priced_chain(chain, self.rate, &self.dividends),
            None if self.rows.is_empty() => Err(CalcError::question(
                "there are no contracts; give 'rows' (rows of a chains file) or 'chain' (a whole chain)",
            )),
            None if self.rows.len() > MAX_QUOTES => {
                Err(CalcError::question(format!("{} contracts are more than {MAX_QUOTES}", self.rows.len())))
            }
            None => self.priced_rows(brought),
        }
    }

    fn priced_chain(
        chain: OptionChain,
        rate: f64,
        dividends: &[CashDividend],
    ) -> Result<PricedChain, CalcError> {
        let amounts = chain.quotes.iter().flat_map(|quote| [quote.bid, quote.ask, quote.contract.strike]);
        let sides = [chain.underlying.bid, chain.underlying.ask, chain.underlying.last];
        let limit = Decimal::from(1_000_000_000);
        if chain.quotes.len() > MAX_QUOTES
            || amounts.chain(sides.into_iter().flatten()).any(|a| a.abs() > limit)
        {
            return Err(CalcError::question(format!(
                "chain: give at most {MAX_QUOTES} contracts, prices and strikes at most 1e9 dollars"
            )));
        }
        let spot = chain.underlying.mid().or(chain.underlying.last).ok_or_else(no_spot)?;
        Ok(PricedChain {
            quotes: price_chain(&chain, rate, dividends),
            spot,
            as_of: chain.snapshot_time,
            underlying: chain.underlying.symbol,
        })
    }

    fn priced_rows(self, brought: bool) -> Result<PricedChain, CalcError> {
        let moments: Vec<DateTime<Utc>> =
            self.rows.iter().filter_map(|row| row.snapshot_time.map(|moment| moment.0)).collect();
        let as_of = self.as_of.or(moments.first().copied());
        if self.as_of.is_none() && moments.iter().any(|moment| Some(*moment) != as_of) {
            return Err(CalcError::question(
                "the rows are of several snapshots; send each snapshot by itself",
            ));
        }
        match as_of.or_else(|| (!brought).then(|| self.rows.first()?.implied_snapshot()).flatten()) {
            Some(as_of) => self.priced_at(as_of),
            None if brought => self.priced_by_rows(),
            None => Err(CalcError::question(
                "the chain's time is missing; give 'as_of', or rows with 'snapshot_time', or with 'T' and an expiration",
            )),
        }
    }

    fn priced_at(self, as_of: DateTime<Utc>) -> Result<PricedChain, CalcError> {
        let (underlying, spot, quotes) = self.read(as_of)?;
        let chain = OptionChain {
            underlying,
            snapshot_time: as_of,
            quotes,
            source: SOURCE.to_owned(),
            warnings: Vec::new(),
        };
        let priced = Self::priced_chain(chain, self.rate, &self.dividends)?;
        Ok(PricedChain { spot, ..priced })
    }

    /// The rows with the volatilities and deltas that they bring.
    fn priced_by_rows(self) -> Result<PricedChain, CalcError> {
        let day = self.rows.iter().find_map(|row| row.quote_date);
        let close =
            day.and_then(|day| day.0.and_time(NaiveTime::MIN).and_local_timezone(NEW_YORK).earliest());
        let as_of = close.map_or(DateTime::UNIX_EPOCH, |moment| moment.with_timezone(&Utc));
        let (underlying, spot, quotes) = self.read(as_of)?;
        let priced = quotes
            .into_iter()
            .zip(&self.rows)
            .enumerate()
            .map(|(place, (quote, row))| row.brought(quote, place));
        Ok(PricedChain {
            quotes: priced.collect::<Result<_, _>>()?,
            spot,
            as_of,
            underlying: underlying.symbol,
        })
    }

    /// The underlying, its price and the rows' quotes.
    fn read(&self, as_of: DateTime<Utc>) -> Result<(Quote, Decimal, Vec<OptionQuote>), CalcError> {
        let underlying = self.underlying(as_of)?;
        let spot = underlying.mid().or(underlying.last).ok_or_else(no_spot)?;
        let quote = |(place, row): (usize, &QuoteRow)| row.quote(&underlying.symbol, as_of, place);
        let quotes = self.rows.iter().enumerate().map(quote).collect::<Result<_, _>>()?;
        Ok((underlying, spot, quotes))
    }

    /// The underlying, from the request's price or from the first row that has one.
    fn underlying(&self, as_of: DateTime<Utc>) -> Result<Quote, CalcError> {
        let positive =
            |amount: Option<Money>| amount.map(|money| money.0).filter(|price| *price > Decimal::ZERO);
        let of_row = |row: &QuoteRow| {
            let (bid, ask) = (positive(row.underlying_bid), positive(row.underlying_ask));
            let last = positive(row.underlying_price);
            (bid.is_some() && ask.is_some() || last.is_some()).then_some((bid, ask, last))
        };
        let (bid, ask, last) = match self.spot {
            Some(spot) => (None, None, Some(spot)),
            None => self.rows.iter().find_map(of_row).ok_or_else(no_spot)?,
        };
        let named =
            self.symbol.as_deref().or_else(|| self.rows.iter().find_map(|row| row.underlying.as_deref()));
        let root = || {
            let text = self.rows.iter().find_map(|row| row.occ_symbol.as_deref())?;
            OccSymbol::parse(text).ok().map(|occ| occ.root)
        };
        let symbol = match named {
            Some(name) => Symbol::new(name).map_err(|error| CalcError::question(error.to_string()))?,
            None => root().ok_or_else(|| {
                CalcError::question("the underlying is missing; give 'underlying' or 'occ_symbol' in a row")
            })?,
        };
        Ok(Quote {
            symbol,
            bid,
            ask,
            last,
            volume: 0,
            market_time: as_of,
            received_at: as_of,
            source: SOURCE.to_owned(),
            conditions: Vec::new(),
        })
    }
}

fn no_spot() -> CalcError {
    CalcError::question(
        "the price of the underlying is missing; give 'spot', or 'underlying_price' or 'underlying_bid' and 'underlying_ask' in a row",
    )
}

impl QuoteRow {
    /// The moment at which the row's `T` leads to its last session's close.
    fn implied_snapshot(&self) -> Option<DateTime<Utc>> {
        let contract = self.contract(None).ok()?;
        let years = self.years?.0;
        if !(0.0..=100.0).contains(&years) {
            return None;
        }
        let seconds = (years * 365.0 * 86_400.0).round().to_i64()?;
        contract.expiration_close.checked_sub_signed(Duration::try_seconds(seconds)?)
    }

    fn contract(&self, underlying: Option<&Symbol>) -> Result<OptionContract, String> {
        let occ = self
            .occ_symbol
            .as_deref()
            .map(OccSymbol::parse)
            .transpose()
            .map_err(|error| error.to_string())?;
        let missing = |name: &str| format!("'{name}' is missing; give it or an 'occ_symbol'");
        let of_occ = |pick: fn(&OccSymbol) -> NaiveDate| occ.as_ref().map(pick);
        let expiration = self
            .expiration
            .map(|day| day.0)
            .or_else(|| of_occ(|occ| occ.expiration))
            .ok_or_else(|| missing("expiration"))?;
        let strike = self.strike.map(|money| money.0).or_else(|| occ.as_ref().map(|occ| occ.strike));
        let strike = strike.filter(|strike| *strike > Decimal::ZERO).ok_or_else(|| missing("strike"))?;
        let right =
            self.right.or_else(|| occ.as_ref().map(|occ| occ.right)).ok_or_else(|| missing("right"))?;
        let last_trade_date = match self.last_trade_date {
            Some(day) => day.0,
            None => last_trade_date(expiration, SettlementTime::Pm).map_err(|error| error.to_string())?,
        };
        let expiration_close = match self.expiration_close {
            Some(close) => close.0,
            None => expiration_close(last_trade_date)
                .ok_or_else(|| format!("the last trade date {last_trade_date} has no session"))?,
        };
        let root = occ.map(|occ| occ.root).or_else(|| underlying.cloned());
        let root = root.ok_or_else(|| missing("underlying"))?;
        Ok(OptionContract {
            underlying: underlying.unwrap_or(&root).clone(),
            root,
            right,
            strike,
            expiration,
            last_trade_date,
            expiration_close,
            style: self.style.unwrap_or(ExerciseStyle::American),
            settlement: Settlement::Physical,
            settlement_time: SettlementTime::Pm,
            multiplier: 100,
            deliverable_shares: 100,
        })
    }

    fn quote(
        &self,
        underlying: &Symbol,
        as_of: DateTime<Utc>,
        place: usize,
    ) -> Result<OptionQuote, CalcError> {
        let wrong = |problem: String| CalcError::question(format!("rows[{place}]: {problem}"));
        if self.bid.0 < Decimal::ZERO || self.ask.0 < Decimal::ZERO {
            return Err(wrong("bid and ask are 0 or more; 0 says that there is none".to_owned()));
        }
        let count = |whole: Option<Whole>| whole.and_then(|whole| u64::try_from(whole.0).ok());
        let size = |whole: Option<Whole>| whole.and_then(|whole| u32::try_from(whole.0).ok()).unwrap_or(0);
        Ok(OptionQuote {
            contract: self.contract(Some(underlying)).map_err(wrong)?,
            bid: self.bid.0,
            ask: self.ask.0,
            bid_size: size(self.bid_size),
            ask_size: size(self.ask_size),
            last: self.last.map(|money| money.0),
            volume: count(self.volume).unwrap_or(0),
            open_interest: count(self.open_interest),
            quote_time: self.quote_time.map_or(as_of, |moment| moment.0),
        })
    }

    /// The quote with the volatility and delta that the row brings.
    fn brought(&self, quote: OptionQuote, place: usize) -> Result<PricedQuote, CalcError> {
        let dte = match (self.dte, self.quote_date) {
            (Some(dte), _) => dte.0,
            (None, Some(day)) => quote.contract.dte(day.0),
            (None, None) => {
                return Err(CalcError::question(format!("rows[{place}]: give 'dte' or a 'snapshot_time'")));
            }
        };
        let iv = self.iv.map(|number| number.0).filter(|iv| *iv > 0.0);
        let greeks = self.delta.filter(|_| iv.is_some()).map(|delta| ContractGreeks {
            delta: delta.0,
            gamma: 0.0,
            vega: 0.0,
            theta: 0.0,
            rho: 0.0,
        });
        let iv_status = match iv {
            Some(_) => IvStatus::Ok,
            None if quote.bid.is_zero() => IvStatus::NoBid,
            None => IvStatus::NoneBelowIntrinsic,
        };
        let years = self.years.map_or_else(|| dte as f64 / 365.0, |years| years.0);
        Ok(PricedQuote { quote, dte, years, iv_status, iv, greeks })
    }
}
