//! Facts about a symbol beyond its prices: earnings, short interest, volatility, beta, liquidity, borrowing.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::Symbol;

use crate::error::PortError;
use crate::known::{Known, Unknown};
use crate::provenance::Provenance;
use crate::store::StoreError;

/// When in the day a company reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EarningsTime {
    /// Before the open.
    BeforeMarket,
    /// After the close.
    AfterMarket,
    /// Not said.
    Unknown,
}

/// What a report's date is taken from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EarningsBasis {
    /// A calendar of reports: the company's own word, or a provider's.
    #[default]
    Calendar,
    /// The days on which the company has reported before, by its filings.
    PastFilings,
}

/// The next earnings report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EarningsDate {
    /// Calendar day in New York.
    pub date: NaiveDate,
    /// Time of day.
    pub time: EarningsTime,
    /// Whether the company confirmed it; an unconfirmed date may be a week off either way.
    pub confirmed: bool,
    /// What it is taken from.
    #[serde(default)]
    pub basis: EarningsBasis,
}

/// Shares sold short.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ShortInterest {
    /// Settlement date of the report.
    pub as_of: NaiveDate,
    /// Short shares as a percentage of the float (0 to 100 and beyond).
    pub percent_of_float: f64,
    /// Short shares over average daily volume, in days.
    pub days_to_cover: f64,
}

/// What follows from prices and positions, as a provider publishes it or as it was computed from bars and chain: a part of
/// [`SymbolMetrics`]. The contract's `MarketMetrics` is what the wire shows of both, flat.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MarketFigures {
    /// Implied volatility interpolated to 30 days, a fraction a year.
    pub iv30: Option<f64>,
    /// Where it stands in its range of the last year, 0 to 100.
    pub iv_rank: Option<f64>,
    /// Share of the last year's sessions with a lower one, 0 to 100.
    pub iv_percentile: Option<f64>,
    /// Historical volatility of the last 30 sessions, close to close, a fraction a year.
    pub hv30: Option<f64>,
    /// Against the S&P 500 (SPY), over a year of daily returns unless the provider has a rule of its own.
    pub beta: Option<f64>,
    /// How well its options trade, 1 (poor) to 5.
    pub liquidity_rating: Option<f64>,
    /// What borrowing its shares costs, percent a year.
    pub borrow_rate: Option<f64>,
    /// Whether its shares can be borrowed, in the provider's words: `Easy To Borrow`.
    pub lendability: Option<String>,
}

/// A kind of facts that a provider keeps or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// [`SymbolMetrics::next_earnings`].
    Earnings,
    /// [`SymbolMetrics::short_interest`].
    ShortInterest,
    /// [`SymbolMetrics::iv30_history`], or the provider's own rank and percentile.
    VolatilityRank,
    /// [`SymbolMetrics::sector`].
    Sector,
    /// What borrowing the shares costs, and whether they can be borrowed.
    Borrowing,
    /// The other [`MarketFigures`]: what can be computed from bars and chain.
    Figures,
}

impl Fact {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Earnings,
        Self::ShortInterest,
        Self::VolatilityRank,
        Self::Sector,
        Self::Borrowing,
        Self::Figures,
    ];

    /// `short interest`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Earnings => "earnings",
            Self::ShortInterest => "short interest",
            Self::VolatilityRank => "volatility rank",
            Self::Sector => "sector",
            Self::Borrowing => "borrowing",
            Self::Figures => "figures",
        }
    }
}

/// What is known about a symbol; each absence is an absence, never a guess, and [`SymbolMetrics::unknown`] says which kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SymbolMetrics {
    /// The next report after the moment.
    pub next_earnings: Option<EarningsDate>,
    /// The newest short-interest report before the moment.
    pub short_interest: Option<ShortInterest>,
    /// Implied volatility over 30 days at each past session's close, oldest first, as fractions.
    pub iv30_history: Vec<f64>,
    /// The sessions of [`Self::iv30_history`], one each; empty where the source does not say them.
    pub iv30_dates: Vec<NaiveDate>,
    /// Industry sector as the source names it.
    pub sector: Option<String>,
    /// Volatility, beta, liquidity, borrowing.
    pub figures: MarketFigures,
    /// Why facts are not known. A fact that is neither in its field nor here is kept, and there is none for this symbol.
    #[serde(skip)]
    pub unknown: BTreeMap<Fact, Unknown>,
}

impl SymbolMetrics {
    /// A record without any fact, for one reason.
    #[must_use]
    pub fn without(why: &Unknown) -> Self {
        Self { unknown: Fact::ALL.map(|fact| (fact, why.clone())).into(), ..Self::default() }
    }

    /// An empty record of somebody who keeps only these facts.
    #[must_use]
    pub fn providing(provided: &[Fact]) -> Self {
        let mut record = Self::without(&Unknown::NotProvided);
        record.unknown.retain(|fact, _| !provided.contains(fact));
        record
    }

    /// A value of this kind of facts, or why it is not known.
    ///
    /// # Errors
    /// [`Unknown`].
    pub fn known<T>(&self, fact: Fact, value: T) -> Known<T> {
        self.unknown.get(&fact).map_or(Ok(value), |why| Err(why.clone()))
    }

    /// The outage that keeps facts away, if one does; one that passes before one that stays.
    #[must_use]
    pub fn outage(&self) -> Option<&PortError> {
        self.unknown.values().filter_map(Unknown::outage).max_by_key(|error| error.is_retryable())
    }

    /// Takes what is not known here from another record of the symbol. Of two reasons an outage is the one to know.
    pub fn complete_from(&mut self, other: &Self) {
        for fact in Fact::ALL {
            match other.unknown.get(&fact) {
                _ if !self.unknown.contains_key(&fact) => {}
                None => self.take(fact, other),
                Some(Unknown::Unreachable(error)) => self.cannot_reach(fact, error),
                Some(Unknown::NotProvided) => {}
            }
        }
    }

    /// Whoever keeps this fact could not be read. What is known already, and the first outage, stand.
    pub fn cannot_reach(&mut self, fact: Fact, error: &PortError) {
        if let Some(why @ Unknown::NotProvided) = self.unknown.get_mut(&fact) {
            *why = Unknown::Unreachable(error.clone());
        }
    }

    fn take(&mut self, fact: Fact, other: &Self) {
        self.unknown.remove(&fact);
        let (own, figures) = (&mut self.figures, &other.figures);
        match fact {
            Fact::Earnings => self.next_earnings.clone_from(&other.next_earnings),
            Fact::ShortInterest => self.short_interest.clone_from(&other.short_interest),
            Fact::Sector => self.sector.clone_from(&other.sector),
            Fact::VolatilityRank => {
                self.iv30_history.clone_from(&other.iv30_history);
                self.iv30_dates.clone_from(&other.iv30_dates);
                (own.iv_rank, own.iv_percentile) = (figures.iv_rank, figures.iv_percentile);
            }
            Fact::Borrowing => {
                own.borrow_rate = figures.borrow_rate;
                own.lendability.clone_from(&figures.lendability);
            }
            Fact::Figures => {
                (own.iv30, own.hv30, own.beta) = (figures.iv30, figures.hv30, figures.beta);
                own.liquidity_rating = figures.liquidity_rating;
            }
        }
    }
}

/// Source of [`SymbolMetrics`].
#[async_trait]
pub trait Metrics: Send + Sync {
    /// Whether this kind of facts is kept at all: an outage says nothing about others.
    fn provides(&self, _fact: Fact) -> bool {
        true
    }
    /// Reads what is known about many symbols in few requests where the provider can, so that [`Metrics::metrics`] answers from that for
    /// some minutes. What cannot be read so is read when it is asked for, and its failure told then.
    async fn prefetch(&self, _symbols: &[Symbol], _as_of: DateTime<Utc>) {}
    /// What is known about `symbol` at `as_of`; `None` where the provider keeps no such record at all.
    async fn metrics(
        &self,
        symbol: &Symbol,
        as_of: DateTime<Utc>,
    ) -> Result<Option<SymbolMetrics>, PortError>;
    /// The same for one request, writing into `provenance` who serves it; none where one provider always does.
    fn for_request(&self, _provenance: &Provenance) -> Option<Arc<dyn Metrics>> {
        None
    }
}

/// The past of the implied volatility, as it was stored day by day.
#[async_trait]
pub trait VolatilityHistory: Send + Sync {
    /// The volatilities over 30 days of the sessions of a year that ended before `as_of`, oldest first, as fractions.
    async fn iv30_before(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<Vec<f64>, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outage() -> PortError {
        PortError::Unavailable { provider: "one".to_owned(), detail: "timeout".to_owned(), retry_after: None }
    }

    #[test]
    fn an_outage_stays_one_where_another_record_keeps_other_facts() {
        let mut record = SymbolMetrics::without(&Unknown::Unreachable(outage()));
        let figures = MarketFigures { beta: Some(1.2), iv_rank: Some(50.0), ..MarketFigures::default() };
        record.complete_from(&SymbolMetrics { figures, ..SymbolMetrics::providing(&[Fact::Figures]) });
        assert_eq!(record.known(Fact::Figures, record.figures.beta), Ok(Some(1.2)));
        assert_eq!(record.figures.iv_rank, None, "a fact that is not kept was taken");
        let earnings = record.known(Fact::Earnings, record.next_earnings.as_ref());
        assert_eq!(earnings, Err(Unknown::Unreachable(outage())));
        assert_eq!(record.outage(), Some(&outage()));
    }

    #[test]
    fn what_is_known_is_not_replaced_and_nobodys_fact_is_not_kept() {
        let known =
            SymbolMetrics { sector: Some("Energy".to_owned()), ..SymbolMetrics::providing(&[Fact::Sector]) };
        let mut record = known.clone();
        record.complete_from(&SymbolMetrics { sector: Some("Other".to_owned()), ..SymbolMetrics::default() });
        assert_eq!(record.sector, known.sector);
        // The other one keeps earnings, and there are none.
        assert_eq!(record.known(Fact::Earnings, &record.next_earnings), Ok(&None));
        assert_eq!(known.known(Fact::Earnings, ()), Err(Unknown::NotProvided));
        record.cannot_reach(Fact::Sector, &outage());
        assert_eq!(record.outage(), None);
    }
}
