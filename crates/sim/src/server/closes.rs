//! What a position was worth at the previous close, as brokers say it.

use rust_decimal::Decimal;
use ttai_ports::{Instrument, PortError};

use super::market::SimMarket;

/// Dollars a share at the previous close; of an option, whose past prices no market here keeps, its mark less what its delta makes of
/// the underlying's move since. None where the past is not known.
///
/// # Errors
/// The market's.
pub(super) async fn previous_close(
    market: &SimMarket,
    instrument: &Instrument,
    mark: Decimal,
) -> Result<Option<Decimal>, PortError> {
    let symbol = match instrument {
        Instrument::Equity(symbol) => symbol.clone(),
        Instrument::Option(contract) => contract.underlying(),
    };
    let history = market.daily(&symbol).await?;
    let bars = history.bars_in_shares_of_today();
    let finished = bars.len() - usize::from(history.today.is_some());
    let close = bars.get(..finished).and_then(<[_]>::last);
    let Some(close) = close.and_then(|bar| Decimal::from_f64_retain(bar.close)) else { return Ok(None) };
    let close = close.round_dp(2);
    let Instrument::Option(contract) = instrument else { return Ok(Some(close)) };
    let quote = market.quote(&symbol).await?;
    let chain = market.chain(&symbol).await?;
    let delta =
        chain.contract(contract).and_then(|(_, priced)| Decimal::from_f64_retain(priced.greeks?.delta));
    let moved = quote.last.or_else(|| quote.mid()).map(|spot| spot - close);
    let before = delta.zip(moved).map(|(delta, moved)| (mark - delta * moved).round_dp(2));
    Ok(before.map(|price| price.max(Decimal::ZERO)))
}
