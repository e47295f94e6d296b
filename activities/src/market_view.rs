//! A symbol as the market showed it at one moment: the split-adjusted history that every analyst starts from.

use chrono::{DateTime, NaiveDate, Utc};
use ttai_contract::{MarketSource, Subject};
use ttai_core::{CashDividend, DailyBar, NEW_YORK, Quote, QuoteCondition, Split, Symbol};

use crate::failure::AnalystError;
use crate::ports::Ports;

/// Everything about the price of one symbol at one moment.
#[derive(Clone, Debug)]
pub(crate) struct MarketView {
    pub(crate) symbol: Symbol,
    pub(crate) as_of: DateTime<Utc>,
    /// The session's date in New York.
    pub(crate) date: NaiveDate,
    pub(crate) quote: Quote,
    /// The price to analyse with, in dollars.
    pub(crate) price: f64,
    /// Sessions up to the moment in the shares of the moment, the running one last.
    pub(crate) bars: Vec<DailyBar>,
    /// Whether the last bar is a session still running.
    pub(crate) session_running: bool,
    pub(crate) splits: Vec<Split>,
    pub(crate) dividends: Vec<CashDividend>,
    pub(crate) source: MarketSource,
    pub(crate) warnings: Vec<String>,
}

impl MarketView {
    /// Looks at the subject's symbol at its moment, or at the market's now.
    pub(crate) async fn at(
        ports: &Ports,
        subject: &Subject,
    ) -> Result<Self, AnalystError> {
        let symbol = subject.symbol.clone();
        let as_of = match subject.as_of {
            Some(moment) => moment,
            None => ports.market.now(&symbol).await?,
        };
        let history = ports.market.daily_history(&symbol, as_of).await?;
        let quote = ports.market.quote(&symbol, as_of).await?;
        let Some(price) = quote.price() else {
            return Err(AnalystError::NotEnoughData(format!(
                "{symbol} has no price at {as_of}: nobody bids, offers or traded"
            )));
        };
        let mut warnings = history.warnings.clone();
        warnings.extend(quote_warning(&quote));
        Ok(Self {
            date: as_of.with_timezone(&NEW_YORK).date_naive(),
            session_running: history.today.is_some(),
            bars: history.bars_in_shares_of_today(),
            splits: history.splits,
            dividends: history.dividends,
            source: source(ports),
            symbol,
            as_of,
            quote,
            price,
            warnings,
        })
    }

    /// Takes over who served the request up to now, and why not the first choice. To be called when all is read.
    pub(crate) fn settle(&mut self, ports: &Ports) {
        self.source = source(ports);
        let news = ports.provenance.warnings().into_iter().filter(|warning| !self.warnings.contains(warning));
        let news: Vec<String> = news.collect();
        self.warnings.extend(news);
    }

    /// Whether the price may not be traded on: stale, halted, crossed or one-sided.
    pub(crate) fn price_is_doubtful(&self) -> bool {
        !self.quote.conditions.is_empty()
    }
}

/// Who the market is, as the results carry it.
pub(crate) fn source(ports: &Ports) -> MarketSource {
    let source = ports.provenance.source().unwrap_or_else(|| ports.market.source());
    MarketSource { name: source.name, simulated: source.simulated, description: source.description }
}

fn quote_warning(quote: &Quote) -> Option<String> {
    if quote.conditions.is_empty() {
        return None;
    }
    let names: Vec<String> = quote.conditions.iter().map(ToString::to_string).collect();
    if quote.conditions.contains(&QuoteCondition::LastKnown) {
        return Some(format!("the quote is {}", names.join(" and ")));
    }
    let time = quote.market_time.with_timezone(&NEW_YORK).format("%Y-%m-%d %H:%M:%S ET");
    Some(format!("the quote of {time} is {}", names.join(" and ")))
}
