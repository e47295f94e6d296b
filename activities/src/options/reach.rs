//! How much of a chain is read. A quick look asks for less than the whole chain and finds the same contract:
//!
//! | What it needs | Where that is |
//! |---|---|
//! | what may be sold, what fails how often, and so what binds | every strike of the window of days that counts ([`Constraints::counted_window`]) |
//! | contracts whose quotes contradict others' | every strike of these expirations, with both rights: a call, or a strike far from the money, may be what tells |
//! | the price of the underlying that the options imply | calls and puts of the two nearest expirations, which as a rule lie before the window |
//! | events that are priced in before the contract ends | the money of each expiration up to its own |
//! | implied volatility over 30 days, for its rank | the money of the expirations around them, of which the later one may lie after the window |
//!
//! So a quick look reads everything up to the window's end, and of the expirations after it the next two near the money. No band of
//! strikes and no right is left out up to there: each of the rows above has a use for it. What it does not see are contracts that
//! miss the window by being too late; only the sentence on what comes nearest could name one.

use chrono::{Days, NaiveDate};
use ttai_contract::OptionsConstraints;
use ttai_core::{ChainFilter, OptionChain};
use ttai_ports::PortError;
use ttai_quant::strategy::Constraints;

use super::number::exact;
use crate::market_view::MarketView;
use crate::ports::Ports;

/// Expirations after the window that are read near the money: one may have no price.
const LATER_EXPIRATIONS: usize = 2;
/// Strikes of theirs on either side: those at the money may have none.
const STRIKES: usize = 5;

/// How much of a chain is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// All that is listed.
    Whole,
    /// What the choice of a contract depends on.
    Choice,
}

/// The chain of `view`. Nothing listed in the window of days is an answer that only the whole chain can give.
pub(super) async fn chain(
    ports: &Ports,
    view: &MarketView,
    limits: &OptionsConstraints,
    reach: Reach,
) -> Result<OptionChain, PortError> {
    let window = Constraints { dte_min: limits.dte_min, dte_max: limits.dte_max, ..Constraints::default() };
    let window = window.counted_window();
    let wanted = match reach {
        Reach::Whole => None,
        Reach::Choice => filter(view, *window.end()),
    };
    if let Some(wanted) = wanted {
        let chain = ports.market.narrowed_chain(&view.symbol, view.as_of, &wanted).await?;
        let mut contracts = chain.quotes.iter().map(|quote| &quote.contract);
        if contracts.any(|contract| contract.is_standard() && window.contains(&contract.dte(view.date))) {
            return Ok(chain);
        }
    }
    ports.market.option_chain(&view.symbol, view.as_of).await
}

fn filter(view: &MarketView, last_dte: i64) -> Option<ChainFilter> {
    Some(ChainFilter {
        from: NaiveDate::MIN,
        whole_until: view.date.checked_add_days(Days::new(u64::try_from(last_dte).ok()?))?,
        later_expirations: LATER_EXPIRATIONS,
        price: exact(view.price)?,
        strikes: STRIKES,
    })
}
