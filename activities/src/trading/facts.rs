//! What the strategies decide by, read in one go and stored with the decision.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use ttai_calendar::new_york_date;
use ttai_contract::{
    CSPScreenerResult, CalculateTradeParams, DecidedTrade, FetchTradeFactsParams, ScreenPick,
    SuggestedPosition, TradeCondition, TradeDecision, TradeFacts, UserId, ValidationError,
};
use ttai_core::{
    ChainFilter, Instrument, IntentLeg, OccSymbol, OptionChain, OptionQuote, OptionRight, OrderAction,
    Symbol, TradingStrategy,
};
use ttai_ports::{PortError, TradeCursor, TradeFilter};
use ttai_quant::indicators::volatility::{SESSIONS_PER_YEAR, close_to_close};
use ttai_trading::price::LegQuote;
use ttai_trading::strategy::{
    CspCandidate, CspEntryFacts, SpySpxFacts, SpySpxPair, StrategyDecision, StrategyFacts, decide,
};

use super::desk::TradedAccount;
use super::quotes::{LegMarket, listed, streamed};
use crate::clock::{lateness, market_now_by};
use crate::failure::AnalystError;
use crate::market_view::source;
use crate::ports::Ports;

/// How far from SPX a strike may be to be looked at, as a fraction of its level.
const NEAR: Decimal = Decimal::from_parts(2, 0, 0, false, 2);
/// Pairs that are looked at, the nearest to the money.
const MOST_PAIRS: usize = 40;
/// Sessions whose returns make the daily standard deviation.
const SIGMA_SESSIONS: usize = 30;

/// Reads what a strategy decides by.
pub(super) async fn fetch(ports: &Ports, params: FetchTradeFactsParams) -> Result<TradeFacts, AnalystError> {
    let ports = ports.for_request();
    // Without a broker a strategy can be asked for its decision all the same.
    let of = match ports.brokers.is_empty() {
        true => None,
        false => Some(TradedAccount::find(&ports, &params.user_id, &params.account_id).await?),
    };
    let lateness = lateness(&ports, params.due).await;
    let facts = match params.strategy {
        TradingStrategy::SpySpx => StrategyFacts::SpySpx(spy_spx(&ports, of.as_ref()).await?),
        TradingStrategy::CspEntry => StrategyFacts::CspEntry(csp_entry(&ports, &params, of.as_ref()).await?),
    };
    let as_of = match &facts {
        StrategyFacts::SpySpx(facts) => facts.now,
        StrategyFacts::CspEntry(facts) => facts.now,
    };
    Ok(TradeFacts {
        strategy: params.strategy,
        account_id: of.as_ref().map(|of| of.account.clone()).unwrap_or_default(),
        broker: of.as_ref().map(|of| of.broker.name().to_owned()).unwrap_or_default(),
        paper: of.as_ref().is_none_or(|of| of.broker.is_paper()),
        facts: serde_json::to_value(&facts).map_err(|error| AnalystError::Crashed(error.to_string()))?,
        lateness,
        as_of: Some(as_of),
        data_source: Some(source(&ports)),
    })
}

/// Decides by facts that were read.
pub(super) fn calculate(ports: &Ports, params: CalculateTradeParams) -> Result<TradeDecision, AnalystError> {
    let facts: StrategyFacts = serde_json::from_value(params.facts.facts.clone())
        .map_err(|error| ValidationError::new("facts", format!("are no strategy's: {error}")))?;
    let decision = decide(&facts, &ports.trading.rules);
    Ok(shown(params.facts, decision))
}

fn shown(facts: TradeFacts, decision: StrategyDecision) -> TradeDecision {
    let strike_of = |underlying: &str| {
        let legs = decision.trade.iter().flat_map(|trade| &trade.legs);
        let mut contracts = legs.filter_map(|leg| leg.instrument.contract());
        let own = contracts.find(|contract| contract.underlying().as_str() == underlying);
        own.and_then(|contract| contract.strike.to_f64())
    };
    let is_pair = facts.strategy == TradingStrategy::SpySpx;
    let trade = decision.trade.as_ref().map(|trade| DecidedTrade {
        legs: trade.legs.clone(),
        quantity: trade.quantity,
        limit: trade.limit,
        worst: trade.worst,
        expiration: trade.expiration,
        exit: serde_json::to_value(&trade.exit).unwrap_or_default(),
    });
    TradeDecision {
        should_trade: trade.is_some(),
        spx_strike: strike_of("SPX").filter(|_| is_pair),
        spy_strike: strike_of("SPY").filter(|_| is_pair),
        expiry: trade.as_ref().map(|trade| trade.expiration),
        entry_credit: decision.entry_credit().and_then(|credit| credit.to_f64()),
        reason: decision.reason,
        strategy: facts.strategy,
        account_id: facts.account_id.clone(),
        trade,
        conditions: decision
            .conditions
            .into_iter()
            .map(|looked| TradeCondition {
                name: looked.name,
                holds: looked.holds,
                sentence: looked.sentence,
            })
            .collect(),
        warnings: decision.warnings,
        facts,
    }
}

fn known(symbol: &str) -> Result<Symbol, AnalystError> {
    Ok(Symbol::new(symbol).map_err(|error| ValidationError::new("symbol", error.to_string()))?)
}

async fn spy_spx(ports: &Ports, of: Option<&TradedAccount>) -> Result<SpySpxFacts, AnalystError> {
    let (spx, spy) = (known("SPX")?, known("SPY")?);
    let now = market_now_by(ports, &[spy.clone(), spx.clone()]).await;
    let mut missing = Vec::new();
    let (spx_chain, spy_chain) = tokio::join!(near_chain(ports, &spx, now), near_chain(ports, &spy, now));
    let mut chain = |name: &str, read: Result<OptionChain, PortError>| {
        read.map_err(|error| missing.push(format!("The options of {name} could not be read: {error}."))).ok()
    };
    let (spx_chain, spy_chain) = (chain("SPX", spx_chain), chain("SPY", spy_chain));
    let price = |chain: &Option<OptionChain>| chain.as_ref().and_then(underlying_price);
    let (spx_price, spy_price) = (price(&spx_chain), price(&spy_chain));
    let rules = ports.trading.rules.spy_spx;
    let days = rules.min_dte.into()..=rules.max_dte.into();
    let pairs = match (&spx_chain, &spy_chain, spx_price) {
        (Some(spx), Some(spy), Some(level)) => freshened(ports, pairs(spx, spy, level, now, &days)).await,
        _ => Vec::new(),
    };
    let ex_dividend = ex_dividend(ports, &spy, now).await;
    Ok(SpySpxFacts {
        // Quotes of the stream are younger than the question.
        now: market_now_by(ports, &[spy, spx]).await,
        spx_price,
        spy_price,
        pairs,
        spy_ex_dividend: ex_dividend,
        missing,
        no_index_options: of.and_then(|of| of.broker.lacks_index_options()).map(str::to_owned),
    })
}

/// The strikes near the money of the expirations that the rules allow; all that is listed where the price is not known.
async fn near_chain(ports: &Ports, symbol: &Symbol, now: DateTime<Utc>) -> Result<OptionChain, PortError> {
    let quote = ports.market.quote(symbol, now).await;
    let price = quote.ok().and_then(|quote| quote.mid().or(quote.last));
    let rules = ports.trading.rules.spy_spx;
    let today = new_york_date(now);
    let from = today.checked_add_days(Days::new(rules.min_dte.into()));
    let days = from.and_then(|from| Some((from, from.pred_opt()?)));
    let (Some(price), Some((from, whole_until))) = (price, days) else {
        return ports.market.option_chain(symbol, now).await;
    };
    // Two roots may end on one day.
    let later_expirations = 2 * (rules.max_dte.saturating_sub(rules.min_dte) as usize + 1);
    let wanted = ChainFilter { from, whole_until, later_expirations, price, strikes: MOST_PAIRS };
    ports.market.narrowed_chain(symbol, now, &wanted).await
}

pub(super) fn underlying_price(chain: &OptionChain) -> Option<Decimal> {
    chain.underlying.mid().or(chain.underlying.last)
}

/// SPX calls near the money with the SPY call at a tenth of the strike, on one expiration.
fn pairs(
    spx: &OptionChain,
    spy: &OptionChain,
    level: Decimal,
    now: DateTime<Utc>,
    days: &std::ops::RangeInclusive<i64>,
) -> Vec<SpySpxPair> {
    let today = new_york_date(now);
    let calls = |quote: &&OptionQuote| {
        quote.contract.right == OptionRight::Call && days.contains(&quote.contract.dte(today))
    };
    let distance = |quote: &OptionQuote| (quote.contract.strike - level).abs();
    let mut near: Vec<&OptionQuote> =
        spx.quotes.iter().filter(calls).filter(|quote| distance(quote) <= level * NEAR).collect();
    near.sort_by_key(|quote| (distance(quote), quote.contract.expiration));
    let partner = |of: &OptionQuote| {
        let is_partner = |quote: &&OptionQuote| {
            quote.contract.expiration == of.contract.expiration
                && quote.contract.strike * Decimal::TEN == of.contract.strike
        };
        spy.quotes.iter().filter(calls).find(is_partner)
    };
    near.into_iter()
        .filter_map(|quote| {
            let partner = partner(quote)?;
            Some(SpySpxPair {
                expiration: quote.contract.expiration,
                spx: listed(quote),
                spy: listed(partner),
            })
        })
        .take(MOST_PAIRS)
        .collect()
}

/// The pairs with what the stream says of their calls now.
async fn freshened(ports: &Ports, mut pairs: Vec<SpySpxPair>) -> Vec<SpySpxPair> {
    let calls: Vec<Instrument> =
        pairs.iter().flat_map(|pair| [pair.spx.instrument.clone(), pair.spy.instrument.clone()]).collect();
    for fresh in streamed(ports, &calls).await {
        for quote in pairs.iter_mut().flat_map(|pair| [&mut pair.spx, &mut pair.spy]) {
            if quote.instrument == fresh.instrument && quote.at < fresh.at {
                *quote = fresh.clone();
            }
        }
    }
    pairs
}

async fn ex_dividend(ports: &Ports, symbol: &Symbol, now: DateTime<Utc>) -> Option<NaiveDate> {
    let today = new_york_date(now);
    let history = ports.market.daily_history(symbol, now).await.ok()?;
    history.dividends.iter().map(|dividend| dividend.ex_date).filter(|date| *date >= today).min()
}

async fn csp_entry(
    ports: &Ports,
    params: &FetchTradeFactsParams,
    of: Option<&TradedAccount>,
) -> Result<CspEntryFacts, AnalystError> {
    let now = crate::clock::market_now(ports).await.0;
    let (candidate, missing) =
        match todays_pick(ports, &params.user_id, params.screen.as_deref(), now).await? {
            Ok((pick, trade, run)) => candidate(ports, of, pick, trade, run, now).await,
            Err(why) => (None, vec![why]),
        };
    // Quotes of the stream are younger than the question.
    let now = crate::clock::market_now(ports).await.0;
    Ok(CspEntryFacts { now, candidate, missing })
}

/// The best pick of the newest screen of the day, or why there is none.
async fn todays_pick(
    ports: &Ports,
    user: &UserId,
    screen: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Result<(ScreenPick, SuggestedPosition, String), String>, AnalystError> {
    let runs = ports.screens.list_screen_runs(user.as_str(), screen, 20).await?;
    let today = new_york_date(now);
    let is_todays = |at: Option<DateTime<Utc>>| at.is_some_and(|at| new_york_date(at) == today);
    let Some(run) = runs.into_iter().find(|run| is_todays(run.as_of)) else {
        let named = screen.map(|name| format!(" called {name}")).unwrap_or_default();
        return Ok(Err(format!("No screen{named} of {today} is stored.")));
    };
    let Ok(result) = serde_json::from_value::<CSPScreenerResult>(run.result) else {
        return Ok(Err(format!("The screen {} is not one of cash-secured puts.", run.key.workflow_id)));
    };
    let first = result.picks.into_iter().zip(result.recommendations).next();
    Ok(match first {
        Some((pick, analysis)) => match analysis.suggested_position {
            Some(trade) => Ok((pick, trade, run.key.workflow_id)),
            None => Err(format!("The pick {} names no contract.", pick.symbol)),
        },
        None => Err(format!("The screen {} has no pick.", run.key.workflow_id)),
    })
}

async fn candidate(
    ports: &Ports,
    of: Option<&TradedAccount>,
    pick: ScreenPick,
    trade: SuggestedPosition,
    screen: String,
    now: DateTime<Utc>,
) -> (Option<CspCandidate>, Vec<String>) {
    let mut missing = Vec::new();
    let Ok(contract) = OccSymbol::parse(&trade.contract) else {
        return (None, vec![format!("The pick's contract {} cannot be read.", trade.contract)]);
    };
    let instrument = Instrument::Option(contract);
    let leg = IntentLeg { instrument: instrument.clone(), action: OrderAction::SellToOpen, ratio: 1 };
    let market = LegMarket::of(ports, &[leg], now).await;
    missing.extend(market.problems.iter().map(|problem| format!("{problem}.")));
    let chain = market.chains.get(&pick.symbol);
    let quote =
        market.quotes.first().cloned().unwrap_or(LegQuote { instrument, bid: None, ask: None, at: None });
    let (previous_close, daily_sigma) = past(ports, &pick.symbol, now).await;
    let because = format!(
        "The screen's best pick: {:.2} % a week at the bid{}.",
        trade.roc_weekly,
        trade
            .probability_of_profit
            .map(|probability| format!(", probability of profit {:.0} %", 100.0 * probability))
            .unwrap_or_default()
    );
    let written = match of {
        Some(of) => highest_written(ports, of, &pick.symbol).await,
        None => Ok(None),
    };
    let highest_written = match written {
        Ok(highest) => highest,
        // Unknown is not "none": a mark that cannot be read bars.
        Err(error) => return (None, vec![format!("The trade log could not be read: {error}.")]),
    };
    let candidate = CspCandidate {
        price: chain.and_then(underlying_price),
        symbol: pick.symbol,
        quote,
        contracts: pick.contracts,
        previous_close,
        daily_sigma,
        highest_written,
        because,
        screen,
    };
    (Some(candidate), missing)
}

/// The adjusted close before today, and the standard deviation of the daily returns before it.
async fn past(ports: &Ports, symbol: &Symbol, now: DateTime<Utc>) -> (Option<Decimal>, Option<f64>) {
    let Ok(history) = ports.market.daily_history(symbol, now).await else { return (None, None) };
    let today = new_york_date(now);
    let bars = history.bars_in_shares_of_today();
    let closes: Vec<f64> = bars.iter().filter(|bar| bar.date < today).map(|bar| bar.close).collect();
    let last =
        closes.last().and_then(|close| Decimal::from_f64_retain(*close)).map(|close| close.round_dp(4));
    let a_year = close_to_close(&closes, SIGMA_SESSIONS).ok().and_then(|values| values.last().copied()?);
    (last, a_year.map(|sigma| sigma / SESSIONS_PER_YEAR.sqrt()))
}

/// The highest strike of a put that this strategy wrote on a symbol, in the shares of today.
async fn highest_written(
    ports: &Ports,
    of: &TradedAccount,
    symbol: &Symbol,
) -> Result<Option<Decimal>, AnalystError> {
    let splits = ports.market.splits(symbol, crate::clock::wall_clock() + TimeDelta::days(1)).await;
    let splits = splits.unwrap_or_default();
    let mut filter = TradeFilter {
        account: Some(of.account.clone()),
        strategy: Some(TradingStrategy::CspEntry.as_str().to_owned()),
        limit: Some(1_000),
        ..TradeFilter::default()
    };
    let mut highest = None::<Decimal>;
    loop {
        let page = ports.trading.trade_log.trades(of.user.as_str(), &filter).await?;
        for trade in &page {
            let opened = new_york_date(trade.opened);
            let later = splits.iter().filter(|split| split.effective > opened).map(|split| split.ratio);
            let ratio = Decimal::from_f64_retain(later.product()).unwrap_or(Decimal::ONE);
            let own = trade.legs.iter().filter_map(|leg| leg.instrument.contract());
            let strikes =
                own.filter(|contract| contract.underlying() == *symbol).map(|contract| contract.strike);
            let strike = strikes.max().and_then(|strike| strike.checked_div(ratio));
            highest = highest.max(strike);
        }
        match page.last() {
            Some(last) if page.len() == 1_000 => filter.after = Some(TradeCursor::from(last)),
            _ => return Ok(highest),
        }
    }
}
