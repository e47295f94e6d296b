//! A small book for practice: short puts, a covered call, a spread, a long call and shares, as if opened over the last weeks.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use ttai_calendar::new_york_date;
use ttai_core::{OptionRight, Symbol};
use ttai_ports::{Instrument, OrderAction, PortError};

use super::SimState;
use super::exchange::PastTrade;
use super::market::{SimChain, SimMarket, occ};

/// Underlyings of the book: the cheapest, so that an account of a usual size can hold them.
const UNDERLYINGS: usize = 4;
/// Days to the expiration that most of the book is in, about.
const MONTH: i64 = 30;

/// An underlying with its price and chain.
struct Listed {
    symbol: Symbol,
    spot: Decimal,
    chain: std::sync::Arc<SimChain>,
    today: NaiveDate,
}

/// Every account of the simulation, those that are opened later too, begins with the same book; where the market has no chains
/// it stays empty.
///
/// # Errors
/// The market's.
pub async fn stock(state: &SimState) -> Result<(), PortError> {
    let now = state.market.now();
    let listed = cheapest(&state.market).await?;
    let trades = trades(&listed, now);
    state.exchange.stock(trades);
    Ok(())
}

async fn cheapest(market: &SimMarket) -> Result<Vec<Listed>, PortError> {
    let mut priced = Vec::new();
    for symbol in market.symbols() {
        let spot = match market.quote(symbol).await {
            Ok(quote) => quote.last.or_else(|| quote.mid()),
            Err(PortError::NoData { .. } | PortError::UnknownSymbol { .. }) => None,
            Err(error) => return Err(error),
        };
        priced.extend(spot.filter(|spot| *spot > Decimal::ONE).map(|spot| (spot, symbol.clone())));
    }
    priced.sort();
    let today = new_york_date(market.now());
    let mut listed = Vec::new();
    for (spot, symbol) in priced {
        if listed.len() == UNDERLYINGS {
            break;
        }
        // Funds and indices without options hold no book.
        if let Ok(chain) = market.chain(&symbol).await {
            listed.push(Listed { symbol, spot, chain, today });
        }
    }
    Ok(listed)
}

fn trades(listed: &[Listed], now: DateTime<Utc>) -> Vec<PastTrade> {
    let ago = |days: i64| now - TimeDelta::days(days);
    let mut trades = Vec::new();
    if let Some(first) = listed.first() {
        trades.extend(first.option(
            OptionRight::Put,
            MONTH,
            "0.95",
            OrderAction::SellToOpen,
            2,
            "1.3",
            ago(12),
        ));
        // One that is in the money a few days before its end.
        trades.extend(first.option(OptionRight::Put, 5, "1.02", OrderAction::SellToOpen, 1, "0.7", ago(20)));
    }
    if let Some(second) = listed.get(1) {
        trades.push(second.shares(200, "0.96", ago(25)));
        trades.extend(second.option(
            OptionRight::Call,
            MONTH,
            "1.03",
            OrderAction::SellToOpen,
            1,
            "1.2",
            ago(10),
        ));
        // A put that was sold and bought back: a wheel cycle that is over.
        trades.extend(second.option(
            OptionRight::Put,
            MONTH,
            "0.93",
            OrderAction::SellToOpen,
            1,
            "2.0",
            ago(40),
        ));
        trades.extend(second.option(
            OptionRight::Put,
            MONTH,
            "0.93",
            OrderAction::BuyToClose,
            1,
            "1.0",
            ago(31),
        ));
    }
    if let Some(third) = listed.get(2) {
        trades.extend(third.option(
            OptionRight::Put,
            MONTH,
            "0.97",
            OrderAction::SellToOpen,
            1,
            "1.1",
            ago(8),
        ));
        trades.extend(third.option(
            OptionRight::Put,
            MONTH,
            "0.90",
            OrderAction::BuyToOpen,
            1,
            "1.1",
            ago(8),
        ));
    }
    if let Some(fourth) = listed.get(3) {
        trades.extend(fourth.option(
            OptionRight::Call,
            2 * MONTH,
            "1.05",
            OrderAction::BuyToOpen,
            1,
            "0.9",
            ago(6),
        ));
    }
    trades
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap_or(Decimal::ONE)
}

impl Listed {
    /// The contract nearest to `days` and to `level` of the price, at `factor` of its present middle; none where nothing is bid.
    #[allow(clippy::too_many_arguments, reason = "a line of a table")]
    fn option(
        &self,
        right: OptionRight,
        days: i64,
        level: &str,
        action: OrderAction,
        quantity: u32,
        factor: &str,
        at: DateTime<Utc>,
    ) -> Option<PastTrade> {
        let wanted = self.spot * decimal(level);
        let fits = self.chain.chain.quotes.iter().filter(|quote| {
            quote.contract.right == right
                && quote.contract.is_standard()
                && quote.bid > Decimal::ZERO
                && quote.contract.dte(self.today) >= 2
        });
        let quote = fits.min_by_key(|quote| {
            let away = (quote.contract.dte(self.today) - days).abs();
            (away, (quote.contract.strike - wanted).abs())
        })?;
        let price = (quote.mid() * decimal(factor)).round_dp(2).max(Decimal::new(1, 2));
        Some(PastTrade {
            instrument: Instrument::Option(occ(quote)),
            action,
            quantity: Decimal::from(quantity),
            price,
            at,
        })
    }

    fn shares(&self, quantity: u32, level: &str, at: DateTime<Utc>) -> PastTrade {
        PastTrade {
            instrument: Instrument::Equity(self.symbol.clone()),
            action: OrderAction::BuyToOpen,
            quantity: Decimal::from(quantity),
            price: (self.spot * decimal(level)).round_dp(2),
            at,
        }
    }
}
