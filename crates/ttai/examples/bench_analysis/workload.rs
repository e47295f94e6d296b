//! What each row of the table runs.

use chrono::{DateTime, Duration, TimeZone, Utc};
use clap::ValueEnum;
use serde::Serialize;
use serde_json::{Value, json};
use ttai_contract::FullAnalysisParams;
use ttai_core::Symbol;

/// Analyses before the measured ones: connections, caches of the server and the code itself are warm then, moments are not.
const WARM_UP: usize = 8;
/// Minutes from a day's option chain to the end of its tape.
const MINUTES: i64 = 300;

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Row {
    /// The bare Python worker with toy activities.
    Python,
    /// Another moment for each analysis, with image.
    ColdImage,
    /// Another moment for each analysis, without image.
    Cold,
    /// One moment for all, with image.
    WarmImage,
    /// One moment for all, without image.
    Warm,
    /// The symbols of the simulated market in turn, with image.
    SeededImage,
    /// The symbols of the simulated market in turn, without image.
    Seeded,
    /// As warm with image, started as another SDK starts it.
    OtherSdk,
}

impl Row {
    /// In the order of a round.
    pub(crate) const ALL: [Self; 8] = [
        Self::Python,
        Self::ColdImage,
        Self::Cold,
        Self::WarmImage,
        Self::Warm,
        Self::SeededImage,
        Self::Seeded,
        Self::OtherSdk,
    ];

    /// As the table names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Python => "Python, toy activities",
            Self::ColdImage => "cold, image",
            Self::Cold => "cold",
            Self::WarmImage => "warm, image",
            Self::Warm => "warm",
            Self::SeededImage => "seeded, image",
            Self::Seeded => "seeded",
            Self::OtherSdk => "warm, image, another SDK",
        }
    }

    /// Whether every analysis has a moment of its own.
    pub(crate) fn is_cold(self) -> bool {
        matches!(self, Self::ColdImage | Self::Cold)
    }

    /// Whether it runs in the simulated market even where a tape is given.
    pub(crate) fn is_seeded(self) -> bool {
        matches!(self, Self::SeededImage | Self::Seeded)
    }

    /// Whether charts are drawn.
    pub(crate) fn has_image(self) -> bool {
        matches!(self, Self::ColdImage | Self::WarmImage | Self::SeededImage | Self::OtherSdk)
    }
}

/// One analysis and how it is started.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    /// By our client, which waits as `ttai analyze` waits.
    Client(Box<FullAnalysisParams>),
    /// By type, queue and JSON, without labels or summary; waited for by long poll.
    Raw { queue: &'static str, params: Value },
}

/// Where the moments of a market come from.
#[derive(Clone, Debug)]
pub(crate) struct Moments {
    symbols: Vec<Symbol>,
    /// Times of the days' option chains.
    chains: Vec<DateTime<Utc>>,
}

impl Moments {
    /// AAPL's two chains of June 2014, both of 15:00 in New York.
    pub(crate) fn recorded() -> anyhow::Result<Self> {
        Ok(Self { symbols: vec!["AAPL".parse()?], chains: [(2014, 6, 6), (2014, 6, 9)].map(chain).into() })
    }

    /// The one chain of the simulated market for each of these symbols.
    pub(crate) fn simulated(symbols: Vec<Symbol>) -> Self {
        Self { symbols, chains: vec![chain((2026, 9, 18))] }
    }

    /// Symbols and chains change first, then the minute; the nth differs from all before it until the minutes are used up.
    fn nth(&self, n: usize) -> FullAnalysisParams {
        let symbol = &self.symbols[n % self.symbols.len()];
        let n = n / self.symbols.len();
        let minute = i64::try_from(n / self.chains.len()).unwrap_or_default() % MINUTES;
        let as_of = self.chains[n % self.chains.len()] + Duration::minutes(minute);
        let mut params = FullAnalysisParams::new(symbol.clone());
        params.subject.as_of = Some(as_of);
        params
    }

    /// How many moments differ.
    fn count(&self) -> usize {
        self.symbols.len() * self.chains.len() * usize::try_from(MINUTES).unwrap_or_default()
    }

    /// The symbols in turn, at the market's own moment.
    fn in_turn(&self, n: usize) -> FullAnalysisParams {
        FullAnalysisParams::new(self.symbols[n % self.symbols.len()].clone())
    }
}

fn chain((year, month, day): (i32, u32, u32)) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(year, month, day, 19, 0, 0).single().unwrap_or_default()
}

/// The analyses of a row: those before the measurement, then `analyses` measured ones.
pub(crate) fn requests(row: Row, moments: &Moments, analyses: usize) -> (Vec<Request>, Vec<Request>) {
    let last = moments.count() - 1;
    let params = |n: usize, warming: bool| {
        let params = match row {
            row if row.is_seeded() => moments.in_turn(n),
            row if row.is_cold() && warming => moments.nth(last - n),
            row if row.is_cold() => moments.nth(n),
            _ => moments.nth(0),
        };
        FullAnalysisParams { include_chart_image: row.has_image(), ..params }
    };
    let request = |n: usize, warming: bool| match row {
        Row::Python => {
            Request::Raw { queue: crate::python::QUEUE, params: json!({"symbol": "AAPL", "strategy": "csp"}) }
        }
        Row::OtherSdk => {
            let as_of = params(n, warming).subject.as_of;
            Request::Raw {
                queue: ttai_contract::TaskQueue::Analysis.name(),
                params: json!({"symbol": moments.symbols[0], "as_of": as_of}),
            }
        }
        _ => Request::Client(Box::new(params(n, warming))),
    };
    let warm_up = WARM_UP.max(moments.symbols.len());
    ((0..warm_up).map(|n| request(n, true)).collect(), (0..analyses).map(|n| request(n, false)).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn moments(requests: &[Request]) -> BTreeSet<(String, Option<DateTime<Utc>>)> {
        let of = |request: &Request| match request {
            Request::Client(params) => (params.subject.symbol.to_string(), params.subject.as_of),
            Request::Raw { queue, .. } => ((*queue).to_owned(), None),
        };
        requests.iter().map(of).collect()
    }

    #[test]
    fn cold_analyses_share_no_moment_and_warm_ones_share_it() {
        for market in [
            Moments::recorded().unwrap(),
            Moments::simulated(["A", "B"].map(|symbol| symbol.parse().unwrap()).into()),
        ] {
            let (before, measured) = requests(Row::Cold, &market, 500);
            let (before, measured) = (moments(&before), moments(&measured));
            assert_eq!((before.len(), measured.len()), (WARM_UP, 500));
            assert!(before.is_disjoint(&measured));
            let (before, measured) = requests(Row::Warm, &market, 500);
            assert_eq!(moments(&measured).len(), 1);
            assert_eq!(moments(&before), moments(&measured));
        }
    }
}
