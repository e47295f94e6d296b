//! Marking entries at their expiration by the underlying's daily bars. Nothing after the market's now is read.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};
use ttai_calendar::{new_york_date, session, sessions_between};
use ttai_core::{DailyBar, Split, Symbol};
use ttai_ports::{JournalEntry, JournalMark, JournalVerdict, PortError};
use ttai_quant::journal::{SoldOption, end_mark};
use ttai_quant::margin::UnderlyingClass;

use super::entries::market_of;
use crate::market_view::source;
use crate::ports::Ports;

/// An overnight move over this, as a fraction, may be a corporate action that nobody told of.
const JUMP: f64 = 0.30;
/// Shares of one contract; entries of others are not marked.
const SHARES: Decimal = Decimal::ONE_HUNDRED;

/// A symbol's prices up to the market's now, or why they cannot be had.
pub(super) struct SymbolRecord {
    pub(super) symbol: Symbol,
    market: String,
    prices: Result<Prices, String>,
    /// That the market could not be reached.
    pub(super) outage: Option<PortError>,
}

struct Prices {
    now: DateTime<Utc>,
    /// Sessions in the shares of now, oldest first.
    bars: Vec<DailyBar>,
    splits: Vec<Split>,
    actions_unknown: Option<String>,
}

impl SymbolRecord {
    pub(super) async fn read(ports: &Ports, symbol: &Symbol) -> Self {
        let ports = ports.for_request();
        let (prices, outage) = match prices(&ports, symbol).await {
            Ok(prices) => (Ok(prices), None),
            Err(error) => (Err(error.to_string()), Some(error).filter(PortError::is_retryable)),
        };
        Self { symbol: symbol.clone(), market: market_of(&source(&ports)), prices, outage }
    }

    /// What is to be written of an entry about this symbol.
    pub(super) fn verdict(&self, entry: &JournalEntry) -> JournalVerdict {
        let unmarked = JournalVerdict::Unmarked;
        if entry.market != self.market {
            return unmarked(format!("it is about another market ({}) than is read now", entry.market));
        }
        let prices = match &self.prices {
            Ok(prices) => prices,
            Err(error) => return unmarked(format!("no prices: {error}")),
        };
        let Some(last) = session(entry.last_trade_date) else {
            return unmarked(format!("{} was no session", entry.last_trade_date));
        };
        if prices.now < last.close {
            return JournalVerdict::Open;
        }
        match prices.mark(entry) {
            Ok(mark) => JournalVerdict::Marked(Box::new(mark)),
            Err(why) => unmarked(why),
        }
    }
}

async fn prices(ports: &Ports, symbol: &Symbol) -> Result<Prices, PortError> {
    let now = ports.market.now(symbol).await?;
    let history = ports.market.daily_history(symbol, now).await?;
    let splits = ports.market.splits(symbol, now).await?;
    Ok(Prices {
        now,
        bars: history.bars_in_shares_of_today(),
        splits,
        actions_unknown: history.actions_unknown,
    })
}

impl Prices {
    fn mark(&self, entry: &JournalEntry) -> Result<JournalMark, String> {
        let JournalEntry { last_trade_date: last, as_of, .. } = entry;
        refuse_unusual(entry)?;
        let opened = new_york_date(*as_of);
        let bars = self.bars_of_life(*as_of, *last)?;
        let warnings = self.doubts(&bars, opened, *last)?;
        let split_ratio = self.ratio(|effective| opened < effective && effective <= *last)?;
        let unusable = || "its numbers cannot be computed with".to_owned();
        let sold = sold(entry).after_split(split_ratio).ok_or_else(unusable)?;
        let end = end_mark(&sold, &bars).ok_or_else(unusable)?;
        Ok(JournalMark {
            outcome: end.outcome.as_str().to_owned(),
            split_ratio,
            strike: sold.strike,
            close: end.close,
            profit: end.profit,
            profit_per_contract: (end.profit * split_ratio * SHARES).round_dp(2),
            option_profit: end.option_profit,
            worst_price: end.worst.price,
            worst_date: end.worst.date,
            worst_profit: end.worst.profit,
            worst_close: end.worst_close.price,
            warnings,
        })
    }

    /// The sessions of its life in the shares of its last day. Of the session in which it was analysed only the close came later.
    fn bars_of_life(&self, as_of: DateTime<Utc>, last: NaiveDate) -> Result<Vec<DailyBar>, String> {
        let opened = new_york_date(as_of);
        let later = self.ratio(|effective| effective > last)?.to_f64().unwrap_or(1.0);
        let is_before_close = session(opened).is_some_and(|session| as_of < session.close);
        let first = if is_before_close { Some(opened) } else { opened.succ_opt() };
        let in_life = |bar: &&DailyBar| first.is_some_and(|first| first <= bar.date) && bar.date <= last;
        let bars: Vec<DailyBar> = self
            .bars
            .iter()
            .filter(in_life)
            // A split after it is taken back: its shares were fewer and dearer.
            .map(|bar| bar.split_adjusted(1.0 / later))
            .map(|bar| if bar.date == opened { close_alone(bar) } else { bar })
            .collect();
        match bars.last() {
            Some(bar) if bar.date == last => Ok(bars),
            _ => Err(format!("there is no bar of its last trade date, {last}")),
        }
    }

    /// What a reader must know of the prices; an error where they may be those of other shares.
    fn doubts(&self, bars: &[DailyBar], opened: NaiveDate, last: NaiveDate) -> Result<Vec<String>, String> {
        let mut doubts = Vec::new();
        let sessions = sessions_between(opened, last).map_err(|error| error.to_string())?;
        let later = sessions.iter().filter(|day| day.date > opened);
        let missing = later.filter(|day| !bars.iter().any(|bar| bar.date == day.date)).count();
        if missing > 0 {
            doubts.push(format!(
                "{missing} sessions have no bar: the worst price may have been in one of them"
            ));
        }
        let since = self.bars.partition_point(|bar| bar.date < opened);
        for pair in self.bars[since..].windows(2) {
            let [before, after] = pair else { continue };
            if after.date > last {
                break;
            }
            let moved = after.open / before.close - 1.0;
            if moved.abs() <= JUMP {
                continue;
            }
            let jump = format!("{:+.0} % overnight to {}", moved * 100.0, after.date);
            match &self.actions_unknown {
                Some(unknown) => return Err(format!("{jump}, which may be a split: {unknown}")),
                None => doubts.push(format!("{jump}, and no split explains it")),
            }
        }
        Ok(doubts)
    }

    fn ratio(&self, counts: impl Fn(NaiveDate) -> bool) -> Result<Decimal, String> {
        let splits = self.splits.iter().filter(|split| counts(split.effective));
        let ratio: f64 = splits.map(|split| split.ratio).product();
        Decimal::from_f64(ratio)
            .filter(|ratio| *ratio > Decimal::ZERO)
            .ok_or_else(|| format!("its splits multiply to {ratio}, which no price can be divided by"))
    }
}

fn close_alone(bar: DailyBar) -> DailyBar {
    DailyBar { open: bar.close, high: bar.close, low: bar.close, ..bar }
}

fn sold(entry: &JournalEntry) -> SoldOption {
    let JournalEntry { trade, .. } = entry;
    SoldOption {
        right: trade.contract.right,
        strike: trade.contract.strike,
        long_strike: trade.long_contract.as_ref().map(|long| long.strike),
        credit: trade.credit,
        covered_breakeven: (trade.strategy == "covered_call").then_some(trade.breakeven),
    }
}

/// Refuses contracts that closes do not settle.
fn refuse_unusual(entry: &JournalEntry) -> Result<(), String> {
    let root = &entry.trade.contract.root;
    if root.is_adjusted_root() {
        return Err(format!("{root} is an adjusted contract: what it delivers is not 100 shares"));
    }
    // Monthlies were dated Saturdays until 2015: no session is skipped by those.
    let settles_later = session(entry.trade.contract.expiration)
        .is_some_and(|settlement| settlement.date > entry.last_trade_date);
    if settles_later && UnderlyingClass::of_ticker(root.as_str()).is_index() {
        let day = entry.trade.contract.expiration;
        return Err(format!("it settles at the opening print of {day}, which daily bars do not have"));
    }
    Ok(())
}
