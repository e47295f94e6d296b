//! The journal in review: how often trades made money against the probability that was stated for them.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Serialize;
use ttai_calendar::new_york_date;
use ttai_ports::{JournalEntry, JournalFilter, StoreError};
use ttai_quant::journal::{StatedOutcome, hit_rate, overlapping};

use super::entries::{all, market_of};
use crate::market_view::source;
use crate::narrator::counted;
use crate::ports::Ports;

/// Below so many cases an interval is over 35 points wide: nothing can be judged.
const TOO_FEW: usize = 20;
/// Upper ends of the classes of stated probability, and how they are called.
const CLASSES: [(f64, &str); 5] = [
    (0.6, "stated under 60 %"),
    (0.7, "stated 60 to 70 %"),
    (0.8, "stated 70 to 80 %"),
    (0.9, "stated 80 to 90 %"),
    (f64::INFINITY, "stated 90 % and over"),
];

/// The realised rate of one group beside the stated one.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct JournalRate {
    /// `all`, a verdict, a strategy, a class of stated probability.
    pub group: String,
    /// Entries that ended and for which a probability was stated.
    pub n: usize,
    /// Those that made money.
    pub hits: usize,
    /// Their share, 0 to 1.
    pub share: f64,
    /// Lower end of the 95 % Wilson interval, 0 to 1.
    pub low: f64,
    /// Upper end of it.
    pub high: f64,
    /// Mean of the stated probabilities of profit, 0 to 1.
    pub stated: f64,
    /// Brier score, 0 (perfect) to 1.
    pub brier: f64,
    /// Whether they are too few to judge: under 20.
    pub too_few: bool,
    /// How many of them share days with another one of the same underlying: the interval takes them to be independent.
    pub overlapping: usize,
}

/// A user's journal over a period, of one market.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct JournalReview {
    /// Which market: `live`, or the invented or recorded one's name.
    pub market: String,
    /// Last trade dates from this day on; none where from the first entry on.
    pub from: Option<NaiveDate>,
    /// Up to this day.
    pub until: NaiveDate,
    /// Entries that came in the period.
    pub entered: usize,
    /// Entries that ended in it.
    pub ended: usize,
    /// Of those the short contract expired worthless.
    pub expired: usize,
    /// Of those the last close was beyond the short strike.
    pub breached: usize,
    /// Entries that ended in it without a stated probability: in no rate.
    pub unstated: usize,
    /// Entries whose last trade date is in the period and that are not marked yet, each with its reason where there is one.
    pub unmarked: Vec<String>,
    /// Dollars that one contract of each ended entry came to, held to expiration, fees left out.
    pub profit: Decimal,
    /// Entries of other markets in the period, which are left out.
    pub of_other_markets: usize,
    /// All, then by verdict, strategy and stated probability; groups without a case are left out.
    pub rates: Vec<JournalRate>,
}

/// Reviews a user's journal: what ended from `from`, else from the first entry on, to `until`, both days in New York included.
///
/// # Errors
/// A store that cannot be read.
pub async fn review(
    ports: &Ports,
    user: &str,
    from: Option<DateTime<Utc>>,
    until: DateTime<Utc>,
) -> Result<JournalReview, StoreError> {
    let (from, until) = (from.map(new_york_date), new_york_date(until));
    let market = market_of(&source(ports));
    let filter = JournalFilter { from, ..JournalFilter::default() };
    let entries = all(ports, user, filter).await?;
    Ok(JournalReview::of(market, from, until, &entries))
}

impl JournalReview {
    /// Of these entries, whose last trade dates are not before `from`.
    pub(super) fn of(
        market: String,
        from: Option<NaiveDate>,
        until: NaiveDate,
        entries: &[JournalEntry],
    ) -> Self {
        let is_in = |date: NaiveDate| from.is_none_or(|from| from <= date) && date <= until;
        let (here, elsewhere): (Vec<&JournalEntry>, Vec<_>) =
            entries.iter().partition(|entry| entry.market == market);
        let due: Vec<&JournalEntry> =
            here.iter().copied().filter(|entry| is_in(entry.last_trade_date)).collect();
        let ended: Vec<&JournalEntry> = due.iter().copied().filter(|entry| entry.mark.is_some()).collect();
        let with = |outcome: &str| {
            ended
                .iter()
                .filter(|entry| entry.mark.as_ref().is_some_and(|mark| mark.outcome == outcome))
                .count()
        };
        let profit =
            ended.iter().filter_map(|entry| entry.mark.as_ref()).map(|mark| mark.profit_per_contract);
        Self {
            from,
            until,
            entered: here.iter().filter(|entry| is_in(new_york_date(entry.as_of))).count(),
            ended: ended.len(),
            expired: with("expired"),
            breached: with("breached"),
            unstated: ended.iter().filter(|entry| stated(entry).is_none()).count(),
            unmarked: due.iter().filter(|entry| entry.mark.is_none()).map(|entry| unmarked(entry)).collect(),
            profit: profit.fold(Decimal::ZERO, Decimal::saturating_add),
            of_other_markets: elsewhere.iter().filter(|entry| is_in(entry.last_trade_date)).count(),
            rates: rates(&ended),
            market,
        }
    }

    /// The review in sentences, for a report.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let Self { entered, ended, expired, breached, .. } = self;
        lines.push(format!(
            "{} entered the journal; {ended} ended: {expired} expired worthless, {breached} breached the short strike.",
            counted(*entered, "analysis", "analyses"),
        ));
        lines.extend(self.rates.first().map(JournalRate::sentence));
        if self.ended > 0 {
            let sign = if self.profit < Decimal::ZERO { "-" } else { "" };
            lines.push(format!(
                "One contract of each, held to expiration, came to {sign}${:.2} before fees.",
                self.profit.abs()
            ));
        }
        let overlapping = self.rates.first().map_or(0, |all| all.overlapping);
        if overlapping > 0 {
            lines.push(format!(
                "{overlapping} of them overlap with another trade in the same underlying, so the true interval is wider."
            ));
        }
        if self.unstated > 0 {
            lines.push(format!("{} ended without a stated probability and count in no rate.", self.unstated));
        }
        if !self.unmarked.is_empty() {
            lines.push(format!("Not marked yet: {}.", named(&self.unmarked)));
        }
        lines
    }
}

impl JournalRate {
    /// `Hit rate 78 % (39 of 50; 95 % interval 65 to 87 %), stated 81 %: as stated.`
    #[must_use]
    pub fn sentence(&self) -> String {
        let percent = |share: f64| format!("{:.0}", share * 100.0);
        format!(
            "Hit rate {} % ({} of {}; 95 % interval {} to {} %), stated {} %: {}.",
            percent(self.share),
            self.hits,
            self.n,
            percent(self.low),
            percent(self.high),
            percent(self.stated),
            self.judgement()
        )
    }

    /// What the interval says of the stated rate.
    #[must_use]
    pub fn judgement(&self) -> &'static str {
        if self.too_few {
            "too few to judge (under 20)"
        } else if self.stated > self.high {
            "below what was stated"
        } else if self.stated < self.low {
            "above what was stated"
        } else {
            "consistent with what was stated"
        }
    }

    fn of(group: &str, entries: &[&JournalEntry]) -> Option<Self> {
        let cases: Vec<&JournalEntry> =
            entries.iter().copied().filter(|entry| stated(entry).is_some()).collect();
        let outcomes: Vec<StatedOutcome> = cases.iter().filter_map(|entry| outcome(entry)).collect();
        let rate = hit_rate(&outcomes)?;
        let spans: Vec<_> = cases
            .iter()
            .map(|entry| (entry.symbol.as_str(), new_york_date(entry.as_of), entry.last_trade_date))
            .collect();
        Some(Self {
            group: group.to_owned(),
            n: rate.n,
            hits: rate.hits,
            share: rate.share,
            low: rate.interval.0,
            high: rate.interval.1,
            stated: rate.mean_stated,
            brier: rate.brier,
            too_few: rate.n < TOO_FEW,
            overlapping: overlapping(&spans),
        })
    }
}

/// All, then the groups that have a case.
fn rates(ended: &[&JournalEntry]) -> Vec<JournalRate> {
    let group = |name: &str, is_in: &dyn Fn(&JournalEntry) -> bool| {
        let entries: Vec<&JournalEntry> = ended.iter().copied().filter(|entry| is_in(entry)).collect();
        JournalRate::of(name, &entries)
    };
    let mut rates = vec![group("all", &|_| true)];
    rates.push(group("select", &|entry| entry.trade.verdict != "watchlist"));
    rates.push(group("watchlist", &|entry| entry.trade.verdict == "watchlist"));
    for strategy in ["csp", "covered_call", "spread"] {
        rates.push(group(strategy, &|entry| entry.trade.strategy == strategy));
    }
    let mut low = f64::NEG_INFINITY;
    for (high, name) in CLASSES {
        rates.push(group(name, &|entry| stated(entry).is_some_and(|stated| low <= stated && stated < high)));
        low = high;
    }
    rates.into_iter().flatten().collect()
}

fn stated(entry: &JournalEntry) -> Option<f64> {
    entry.trade.probability_of_profit.filter(|stated| (0.0..=1.0).contains(stated))
}

fn outcome(entry: &JournalEntry) -> Option<StatedOutcome> {
    Some(StatedOutcome { stated: stated(entry)?, hit: entry.mark.as_ref()?.is_profit() })
}

fn unmarked(entry: &JournalEntry) -> String {
    let reason = entry.problem.as_ref().map(|problem| format!(" ({problem})")).unwrap_or_default();
    format!("{} {}{reason}", entry.id, entry.symbol)
}

/// The first few, and how many more.
fn named(all: &[String]) -> String {
    const NAMED: usize = 3;
    let first = all.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(NAMED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}
