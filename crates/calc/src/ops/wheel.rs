//! `wheel`: cycles, basis and income out of an account's transactions.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Deserialize;
use ttai_core::{OccSymbol, OptionRight, Symbol};
use ttai_quant::wheel::{WheelAsset, WheelEvent, WheelOption, WheelReport, WheelTransaction};

use super::legs::class_of;
use crate::CalcError;
use crate::input::{Day, Money, optional, parse_date, parse_moment};

/// An account's transactions.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct WheelRequest {
    /// The transactions, in any order.
    pub transactions: Vec<WheelRow>,
    /// The day in New York up to which they count; the last transaction's unless given.
    #[serde(default, deserialize_with = "optional")]
    pub today: Option<Day>,
}

/// A transaction.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct WheelRow {
    /// The broker's identity; a row that comes twice counts once.
    #[serde(default, deserialize_with = "optional")]
    pub id: Option<String>,
    /// Its day, or its moment; without an offset New York's clock.
    #[serde(alias = "at", alias = "time")]
    pub date: String,
    /// `trade` unless given: also `assignment`, `exercise`, `expiration`, `cash_settlement`, `delivery`, `dividend`, `interest`, `fee`, `split`, `other`.
    #[serde(default, alias = "event", deserialize_with = "optional")]
    pub kind: Option<WheelEvent>,
    /// `buy` or `sell`, also as `sell_to_open` and so on; without it the quantity's sign says it.
    #[serde(default, alias = "side", deserialize_with = "optional")]
    pub action: Option<String>,
    /// An OCC option symbol, a ticker, or with `bill` whatever names it. With `strike` and `right` it is the underlying.
    #[serde(default, alias = "occ_symbol", alias = "underlying", deserialize_with = "optional")]
    pub symbol: Option<String>,
    /// Strike in dollars, where `symbol` is the underlying. Also `K`.
    #[serde(default, alias = "K", deserialize_with = "optional")]
    pub strike: Option<Money>,
    /// `call` or `put`, where `symbol` is the underlying. Also `type`.
    #[serde(default, alias = "type", deserialize_with = "optional")]
    pub right: Option<OptionRight>,
    /// Listed expiration, where `symbol` is the underlying. Also `expiry`.
    #[serde(default, alias = "expiry", deserialize_with = "optional")]
    pub expiration: Option<Day>,
    /// Whether `symbol` names a Treasury bill.
    #[serde(default)]
    pub bill: bool,
    /// Shares, contracts or face value. Also `qty`, `contracts`.
    #[serde(default, alias = "qty", alias = "contracts", deserialize_with = "optional")]
    pub quantity: Option<Money>,
    /// Dollars a share.
    #[serde(default, deserialize_with = "optional")]
    pub price: Option<Money>,
    /// What it did to cash in dollars, fees included; quantity times price unless given. Also `net_amount`.
    #[serde(default, alias = "net_amount", deserialize_with = "optional")]
    pub amount: Option<Money>,
    /// New shares for one old share, of a split.
    #[serde(default, deserialize_with = "optional")]
    pub ratio: Option<Money>,
    /// Dollars a point; 100 unless given. Also `mult`.
    #[serde(default, alias = "mult", deserialize_with = "optional")]
    pub multiplier: Option<Money>,
    /// Whether the option settles in cash; by its root unless given.
    #[serde(default, deserialize_with = "optional")]
    pub cash_settled: Option<bool>,
}

/// The definitions of [`ttai_quant::wheel`].
///
/// # Errors
/// [`CalcError::Question`] names the transaction that cannot be read; [`CalcError::Wheel`] one that no account has.
pub fn wheel(request: &WheelRequest) -> Result<WheelReport, CalcError> {
    let rows = request.transactions.iter().enumerate();
    let rows: Vec<WheelTransaction> =
        rows.map(|(index, row)| row.read(index + 1)).collect::<Result<_, _>>()?;
    let last = rows.iter().map(|row| row.date).max();
    let today = request.today.map(|day| day.0).or(last);
    let today = today.ok_or_else(|| CalcError::question("'transactions' is empty; give at least one"))?;
    Ok(ttai_quant::wheel::wheel(&rows, today)?)
}

impl WheelRow {
    fn read(&self, place: usize) -> Result<WheelTransaction, CalcError> {
        let wrong = |text: String| CalcError::question(format!("transactions[{place}]: {text}"));
        let at = parse_moment(&self.date);
        let date = at.map(ttai_calendar::new_york_date).or_else(|| parse_date(&self.date));
        let date = date.ok_or_else(|| wrong(format!("'{}' is not a date such as 2014-06-06", self.date)))?;
        let event = self.kind.unwrap_or(WheelEvent::Trade);
        Ok(WheelTransaction {
            id: self.id.clone().unwrap_or_default(),
            date,
            at,
            event,
            asset: self.asset().map_err(wrong)?,
            quantity: self.signed().map_err(wrong)?,
            price: self.price.map(|price| price.0),
            amount: self.amount.map(|amount| amount.0),
            ratio: self.ratio.map(|ratio| ratio.0),
        })
    }

    fn signed(&self) -> Result<Decimal, String> {
        let quantity = self.quantity.map_or(Decimal::ZERO, |quantity| quantity.0);
        match self.action.as_deref().map(str::to_ascii_lowercase) {
            None => Ok(quantity),
            Some(action) if action.starts_with("buy") => Ok(quantity.abs()),
            Some(action) if action.starts_with("sell") => Ok(-quantity.abs()),
            Some(action) => Err(format!("'{action}' is not buy or sell")),
        }
    }

    fn asset(&self) -> Result<Option<WheelAsset>, String> {
        let Some(symbol) = self.symbol.as_deref() else { return Ok(None) };
        if self.bill {
            return Ok(Some(WheelAsset::Bill(symbol.to_owned())));
        }
        if let Ok(occ) = OccSymbol::parse(symbol) {
            return self.option(occ.underlying(), occ.root, occ.expiration, occ.right, occ.strike).map(Some);
        }
        let ticker = Symbol::new(symbol).map_err(|error| error.to_string())?;
        match (self.strike, self.right, self.expiration) {
            (None, None, None) => Ok(Some(WheelAsset::Shares(ticker))),
            (Some(strike), Some(right), Some(expiration)) => {
                self.option(ticker.clone(), ticker.option_root(), expiration.0, right, strike.0).map(Some)
            }
            _ => Err("an option needs strike, right and expiration, or its OCC symbol".to_owned()),
        }
    }

    fn option(
        &self,
        underlying: Symbol,
        root: Symbol,
        expiration: NaiveDate,
        right: OptionRight,
        strike: Decimal,
    ) -> Result<WheelAsset, String> {
        let multiplier = self.multiplier.map_or(Decimal::ONE_HUNDRED, |multiplier| multiplier.0);
        let multiplier = u32::try_from(multiplier).ok().filter(|size| (1..=100_000).contains(size));
        let multiplier = multiplier.ok_or("a multiplier is a whole number from 1 to 100,000")?;
        let cash_settled =
            self.cash_settled.unwrap_or_else(|| class_of(None, Some(underlying.as_str())).is_index());
        let option = WheelOption { underlying, root, expiration, right, strike, multiplier, cash_settled };
        Ok(WheelAsset::Option(option))
    }
}
