//! A symbol as the market showed it at one moment: the split-adjusted history that every analyst starts from.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use ttai_calendar::{FIRST_DATE, LAST_DATE, covers, new_york_date, session};
use ttai_contract::{MarketSource, Subject, ValidationError};
use ttai_core::{CashDividend, DailyBar, NEW_YORK, Quote, QuoteCondition, Split, Symbol};
use ttai_ports::DailyHistory;
use ttai_quant::prints::{BadPrint, PrintField, PrintLimits, without_bad_prints};

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
    /// The price to analyse with, in dollars: the quote's, once a session has closed its official close.
    pub(crate) price: f64,
    /// Sessions up to the moment in the shares of the moment, the running one last.
    pub(crate) bars: Arc<[DailyBar]>,
    /// Whether the last bar is a session still running.
    pub(crate) session_running: bool,
    pub(crate) splits: Vec<Split>,
    pub(crate) dividends: Vec<CashDividend>,
    /// Which corporate actions nobody keeps, as a sentence; none where all are known.
    pub(crate) actions_unknown: Option<String>,
    pub(crate) source: MarketSource,
    pub(crate) warnings: Vec<String>,
}

impl MarketView {
    /// Looks at the subject's symbol at its moment, or at the market's now.
    pub(crate) async fn at(ports: &Ports, subject: &Subject) -> Result<Self, AnalystError> {
        let symbol = subject.symbol.clone();
        let as_of = moment(ports, &symbol, subject.as_of).await?;
        let history = ports.market.daily_history(&symbol, as_of).await?;
        let quote = ports.market.quote(&symbol, as_of).await?;
        refuse_beyond_record(ports, &quote, as_of).await?;
        let Some(price) = quote.price() else {
            return Err(AnalystError::NotEnoughData(format!(
                "{symbol} has no price at {as_of}: nobody bids, offers or traded"
            )));
        };
        let date = new_york_date(as_of);
        let (bars, set_aside) = sound_bars(&history, &quote);
        let mut warnings = history.warnings.clone();
        warnings.extend(set_aside);
        warnings.extend(missing_today(&history, as_of));
        warnings.extend(history.actions_unknown.clone());
        warnings.extend(quote_warning(&quote));
        warnings.extend(delay_note(&quote, as_of));
        Ok(Self {
            date,
            session_running: history.today.is_some() && bars.last().is_some_and(|bar| bar.date == date),
            price: official_close(&bars, as_of).unwrap_or(price),
            bars: bars.into(),
            splits: history.splits,
            dividends: history.dividends,
            actions_unknown: history.actions_unknown,
            source: source(ports),
            symbol,
            as_of,
            quote,
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
        self.quote.is_doubtful()
    }
}

/// The moment asked about, or the market's now.
///
/// # Errors
/// [`AnalystError::Validation`] for a moment outside the years of the market calendar.
pub(crate) async fn moment(
    ports: &Ports,
    symbol: &Symbol,
    as_of: Option<DateTime<Utc>>,
) -> Result<DateTime<Utc>, AnalystError> {
    let as_of = match as_of {
        Some(moment) => moment,
        None => ports.market.now(symbol).await?,
    };
    let date = new_york_date(as_of);
    if covers(date) {
        return Ok(as_of);
    }
    let message =
        format!("{date} is outside {FIRST_DATE} to {LAST_DATE}, the days that the market calendar knows");
    Err(ValidationError::new("as_of", message).into())
}

/// A market whose newest price is this old has ended for all that is known of it.
const LONGEST_SILENCE: TimeDelta = TimeDelta::days(31);

/// Refuses a moment long after the newest price that the market has for it, beyond the market's own now: nothing is known of
/// such a moment. A symbol that has not traded for long is not refused before that.
///
/// # Errors
/// [`AnalystError::Validation`], and what the market's clock answers.
pub(crate) async fn refuse_beyond_record(
    ports: &Ports,
    quote: &Quote,
    as_of: DateTime<Utc>,
) -> Result<(), AnalystError> {
    if as_of - quote.market_time <= LONGEST_SILENCE || as_of <= ports.market.now(&quote.symbol).await? {
        return Ok(());
    }
    let message = format!(
        "{} is after the market's record of {}, whose newest price is of {}; give a moment up to then",
        new_york_date(as_of),
        quote.symbol,
        new_york_date(quote.market_time)
    );
    Err(ValidationError::new("as_of", message).into())
}

/// Who the market is, as the results carry it.
pub(crate) fn source(ports: &Ports) -> MarketSource {
    let source = ports.provenance.source().unwrap_or_else(|| ports.market.source());
    MarketSource { name: source.name, simulated: source.simulated, description: source.description }
}

/// Bad prints of a history that are named one by one, and sessions in which they are: older ones are counted.
const NAMED_PRINTS: usize = 3;
const NAMED_SESSIONS: usize = 252;

/// The sessions in the shares of today without their bad prints, and what was set aside, a sentence each.
fn sound_bars(history: &DailyHistory, quote: &Quote) -> (Vec<DailyBar>, Vec<String>) {
    let bars = history.bars_in_shares_of_today();
    let quoted = quote.price().filter(|_| !quote.is_doubtful());
    let Some(sound) = without_bad_prints(&bars, quoted, PrintLimits::SESSION) else {
        return (bars, Vec::new());
    };
    let recent = |bad: &&BadPrint| bad.place + NAMED_SESSIONS >= bars.len();
    let named: Vec<&BadPrint> = sound.set_aside.iter().rev().filter(recent).take(NAMED_PRINTS).collect();
    let more = match sound.set_aside.len() - named.len() {
        1 => set_aside(1, "an earlier session"),
        more => set_aside(more, "earlier sessions"),
    };
    let named = named.into_iter().filter_map(|bad| Some(set_aside_sentence(bars.get(bad.place)?.date, bad)));
    let sentences = named.chain(more).collect();
    (sound.bars, sentences)
}

/// How many bad prints of these sessions are set aside; nothing where there is none.
pub(crate) fn set_aside(count: usize, sessions: &str) -> Option<String> {
    match count {
        0 => None,
        1 => Some(format!("1 bad print of {sessions} is set aside")),
        more => Some(format!("{more} bad prints of {sessions} are set aside")),
    }
}

fn set_aside_sentence(date: NaiveDate, bad: &BadPrint) -> String {
    let what = match bad.field {
        PrintField::Bar => "session",
        field => field.name(),
    };
    format!(
        "bad print set aside: the {what} at {:.2} of {date}, which no session around it, no other price of it and no volume \
         supports",
        bad.price
    )
}

/// A session that has run for a minute has traded; where nothing of it is known, that is a hole.
fn missing_today(history: &DailyHistory, as_of: DateTime<Utc>) -> Option<String> {
    let date = new_york_date(as_of);
    let hours = session(date).filter(|hours| hours.is_open_at(as_of))?;
    let expected = as_of - hours.open >= TimeDelta::minutes(1);
    let last = history.bars.last().map(|bar| bar.date)?;
    (expected && history.today.is_none()).then(|| {
        format!("today's bar is missing: no trades of {date} are known, so the chart ends with {last}")
    })
}

/// The close of the session that has ended today, in dollars, where its bar is complete.
fn official_close(bars: &[DailyBar], as_of: DateTime<Utc>) -> Option<f64> {
    let today = session(new_york_date(as_of)).filter(|hours| hours.close <= as_of)?;
    bars.last().filter(|bar| bar.date == today.date).map(|bar| bar.close)
}

/// How many minutes a time lies before `as_of`, to the nearest.
pub(crate) fn minutes_behind(time: DateTime<Utc>, as_of: DateTime<Utc>) -> i64 {
    ((as_of - time).num_seconds() + 30).div_euclid(60)
}

/// That a feed is delayed, and by how much: a state, and no doubt.
fn delay_note(quote: &Quote, as_of: DateTime<Utc>) -> Option<String> {
    let minutes = minutes_behind(quote.market_time, as_of);
    quote.is_delayed().then(|| format!("the quotes are delayed {minutes} min, as their feed is"))
}

fn quote_warning(quote: &Quote) -> Option<String> {
    if !quote.is_doubtful() {
        return None;
    }
    let names: Vec<String> = quote.conditions.iter().map(ToString::to_string).collect();
    if quote.conditions.contains(&QuoteCondition::LastKnown) {
        return Some(format!("the quote is {}", names.join(" and ")));
    }
    let time = quote.market_time.with_timezone(&NEW_YORK).format("%Y-%m-%d %H:%M:%S ET");
    Some(format!("the quote of {time} is {}", names.join(" and ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FakeMarket, ports, symbol, wavy_bars};

    /// What keeps an analysis of `as_of` from a market whose newest price is of 5 June 2014.
    async fn refusal(as_of: &str, now: &str) -> Option<String> {
        let mut market = FakeMarket::of("XYZ", wavy_bars("2014-06-05".parse().unwrap(), 300, 0.0));
        let as_of = as_of.parse().unwrap();
        market.now = now.parse().unwrap();
        let (ports, _) = ports(market);
        match MarketView::at(&ports, &Subject { as_of: Some(as_of), ..Subject::new(symbol("XYZ")) }).await {
            Ok(_) => None,
            Err(AnalystError::Validation(error)) => Some(error.message),
            Err(other) => panic!("{other}"),
        }
    }

    #[tokio::test]
    async fn a_moment_of_which_nothing_is_known_is_refused() {
        let then = "2014-06-05T20:00:00Z";
        for (as_of, part) in [
            ("-262143-01-01T00:00:00Z", "outside 1990-01-01 to 2099-12-31"),
            ("1989-12-31T00:00:00Z", "outside 1990-01-01 to 2099-12-31"),
            ("9999-12-31T23:59:59Z", "outside 1990-01-01 to 2099-12-31"),
            ("2098-01-02T15:00:00Z", "whose newest price is of 2014-06-05"),
            ("2014-07-07T20:00:00Z", "whose newest price is of 2014-06-05"),
        ] {
            let message = refusal(as_of, then).await.unwrap_or_default();
            assert!(message.contains(part), "{as_of}: {message}");
        }
    }

    async fn view_of(market: FakeMarket) -> MarketView {
        MarketView::at(&ports(market).0, &Subject::new(symbol("XYZ"))).await.unwrap()
    }

    #[tokio::test]
    async fn a_bad_print_does_not_reach_the_analysts() {
        let sound = FakeMarket::of("XYZ", wavy_bars("2014-06-05".parse().unwrap(), 300, 0.0));
        let mut bad = sound.clone();
        bad.history.bars[290].low /= 10.0;
        let (sound, bad) = (view_of(sound).await, view_of(bad).await);
        assert_eq!((sound.warnings.len(), bad.warnings.len()), (0, 1));
        assert!(bad.warnings[0].starts_with("bad print set aside: the low at "), "{:?}", bad.warnings);
        assert!(bad.bars[290].low > 0.9 * sound.bars[290].low);
        assert_eq!((&bad.bars[..290], &bad.bars[291..]), (&sound.bars[..290], &sound.bars[291..]));
    }

    #[tokio::test]
    async fn a_running_session_without_a_bar_is_said() {
        let mut market = FakeMarket::of("XYZ", wavy_bars("2014-06-05".parse().unwrap(), 300, 0.0));
        let missing = |view: &MarketView| {
            view.warnings.iter().any(|warning| warning.contains("today's bar is missing"))
        };
        assert!(!missing(&view_of(market.clone()).await), "the evening before");
        market.now = "2014-06-06T15:00:00Z".parse().unwrap();
        assert!(missing(&view_of(market.clone()).await));
        market.history.today =
            market.history.bars.last().map(|bar| DailyBar { date: new_york_date(market.now), ..*bar });
        assert!(!missing(&view_of(market).await));
    }

    #[tokio::test]
    async fn a_silent_symbol_is_analysed_while_its_market_goes_on() {
        assert_eq!(refusal("2014-07-05T20:00:00Z", "2014-06-05T20:00:00Z").await, None);
        assert_eq!(refusal("2014-09-05T20:00:00Z", "2014-09-05T20:00:00Z").await, None);
    }
}
