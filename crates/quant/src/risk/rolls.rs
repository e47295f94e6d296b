//! Where a short option could be moved for a credit.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::{OptionContract, OptionRight};

use crate::chain::PricedQuote;
use crate::strategy::legs::MAX_PRICE;

/// A short option and the chain that it could be rolled in.
#[derive(Clone, Copy, Debug)]
pub struct RollRequest<'a> {
    /// The underlying's chain, priced.
    pub quotes: &'a [PricedQuote],
    /// The contract that is short.
    pub short: &'a OptionContract,
    /// Dollars a share received for it and its predecessors so far, buy-backs deducted; within ±10,000,000.
    pub credit_so_far: Decimal,
    /// Most calendar days to the new last trade date.
    pub max_dte: i64,
}

/// How a roll moves the option.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RollKind {
    /// Same strike, later.
    Out,
    /// A lower put, later.
    DownAndOut,
    /// A higher call, later.
    UpAndOut,
}

/// One roll; prices in dollars a share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Roll {
    /// How it moves the option.
    pub kind: RollKind,
    /// 21-character symbol of the new option (OCC, Options Symbology Initiative).
    pub occ_symbol: String,
    /// Its strike.
    pub strike: Decimal,
    /// Its listed expiration.
    pub expiration: NaiveDate,
    /// The last session in which it trades.
    pub last_trade_date: NaiveDate,
    /// New York calendar days to that session.
    pub dte: i64,
    /// What the new option is sold at: its bid.
    pub sell_at: Decimal,
    /// What the old one is bought back at: its ask.
    pub buy_at: Decimal,
    /// The difference, above 0.
    pub net_credit: Decimal,
    /// All credits so far and this one.
    pub total_credit: Decimal,
    /// Strike less (put) or plus (call) the total credit.
    pub breakeven: Decimal,
    /// Delta of the new option, dollars per dollar of the underlying.
    pub delta: Option<f64>,
}

/// Up to three rolls, or the word that there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RollOutlook {
    /// The rolls: first the same strike out, then the better strikes, nearest expiration first.
    pub rolls: Vec<Roll>,
    /// `no roll for a credit: close or take assignment` where there is none.
    pub note: Option<String>,
}

/// Why rolls cannot be looked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RollError {
    /// The chain does not quote the short option.
    #[error("{0} is not in the chain; fetch a chain that lists the position's own contract")]
    NotInChain(String),
    /// Nobody offers it, so it cannot be bought back.
    #[error("nobody offers {0}, so it has no price to buy it back at; wait for a two-sided quote")]
    NoAsk(String),
    /// The credit so far is no price.
    #[error("a credit so far of {0} is none; give dollars a share within ±10,000,000")]
    Credit(Decimal),
}

const MOST_ROLLS: usize = 3;

/// Up to three rolls of a short option at natural prices (buy at the ask, sell at the bid), each for a net credit in dollars
/// a share: the same strike later, or later and farther out of the money. The rule is ttai's own.
///
/// # Errors
/// [`RollError`] where the option is not quoted, has no ask (or one over 10,000,000 dollars) to be bought
/// back at, or the credit so far is not within ±10,000,000.
pub fn rolls(request: &RollRequest<'_>) -> Result<RollOutlook, RollError> {
    let symbol = request.short.occ_symbol();
    if request.credit_so_far.abs() > MAX_PRICE {
        return Err(RollError::Credit(request.credit_so_far));
    }
    let current = request.quotes.iter().find(|quote| quote.quote.contract.occ_symbol() == symbol);
    let current = current.ok_or_else(|| RollError::NotInChain(symbol.clone()))?;
    let buy_at = current.quote.ask;
    if buy_at <= Decimal::ZERO || buy_at > MAX_PRICE {
        return Err(RollError::NoAsk(symbol));
    }
    let later = later_for_a_credit(request, buy_at);
    let mut chosen: Vec<&PricedQuote> = Vec::new();
    let kept = later.values().flatten().find(|quote| quote.quote.contract.strike == request.short.strike);
    chosen.extend(kept);
    let better = later.values().filter_map(|quotes| farthest(request.short, quotes));
    let mut reached = request.short.strike;
    for quote in better {
        let strike = quote.quote.contract.strike;
        if improves(request.short.right, reached, strike) && chosen.len() < MOST_ROLLS {
            reached = strike;
            chosen.push(quote);
        }
    }
    let rolls: Vec<Roll> = chosen.into_iter().map(|quote| roll(request, buy_at, quote)).collect();
    let note = rolls.is_empty().then(|| "no roll for a credit: close or take assignment".to_owned());
    Ok(RollOutlook { rolls, note })
}

/// The later contracts of the same kind at the same or a better strike whose bid is above `buy_at`, by last trade date.
fn later_for_a_credit<'a>(
    request: &RollRequest<'a>,
    buy_at: Decimal,
) -> BTreeMap<NaiveDate, Vec<&'a PricedQuote>> {
    let short = request.short;
    let mut later: BTreeMap<NaiveDate, Vec<&PricedQuote>> = BTreeMap::new();
    for quote in request.quotes {
        let contract = &quote.quote.contract;
        let fits = contract.root == short.root
            && contract.right == short.right
            && contract.multiplier == short.multiplier
            && contract.deliverable_shares == short.deliverable_shares
            && contract.last_trade_date > short.last_trade_date
            && quote.dte <= request.max_dte;
        let strike = contract.strike == short.strike || improves(short.right, short.strike, contract.strike);
        if fits
            && strike
            && quote.quote.bid > buy_at
            && quote.quote.bid <= MAX_PRICE
            && contract.strike <= MAX_PRICE
        {
            later.entry(contract.last_trade_date).or_default().push(quote);
        }
    }
    later
}

/// Whether `to` is farther from the money than `from`.
fn improves(right: OptionRight, from: Decimal, to: Decimal) -> bool {
    match right {
        OptionRight::Put => to < from,
        OptionRight::Call => to > from,
    }
}

/// The strike farthest from the money, if it is better than the present one.
fn farthest<'a>(short: &OptionContract, quotes: &[&'a PricedQuote]) -> Option<&'a PricedQuote> {
    let better = quotes.iter().filter(|q| improves(short.right, short.strike, q.quote.contract.strike));
    match short.right {
        OptionRight::Put => better.min_by_key(|quote| quote.quote.contract.strike).copied(),
        OptionRight::Call => better.max_by_key(|quote| quote.quote.contract.strike).copied(),
    }
}

fn roll(request: &RollRequest<'_>, buy_at: Decimal, quote: &PricedQuote) -> Roll {
    let contract = &quote.quote.contract;
    let net_credit = quote.quote.bid - buy_at;
    let total_credit = request.credit_so_far + net_credit;
    let same = contract.strike == request.short.strike;
    let (kind, breakeven) = match contract.right {
        OptionRight::Put => (RollKind::DownAndOut, contract.strike - total_credit),
        OptionRight::Call => (RollKind::UpAndOut, contract.strike + total_credit),
    };
    Roll {
        kind: if same { RollKind::Out } else { kind },
        occ_symbol: contract.occ_symbol(),
        strike: contract.strike,
        expiration: contract.expiration,
        last_trade_date: contract.last_trade_date,
        dte: quote.dte,
        sell_at: quote.quote.bid,
        buy_at,
        net_credit,
        total_credit,
        breakeven,
        delta: quote.greeks.map(|greeks| greeks.delta),
    }
}
