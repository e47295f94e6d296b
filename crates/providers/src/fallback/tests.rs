//! What a caller sees of several providers when some of them fail.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ttai_core::NewsStory;
use ttai_ports::{Fact, SymbolMetrics, Unknown};

use super::*;

/// A provider that fails as it is told.
#[derive(Default)]
struct Fake {
    name: &'static str,
    failure: Mutex<Option<PortError>>,
    calls: AtomicUsize,
    stories: HashMap<&'static str, i64>,
}

impl Fake {
    fn new(name: &'static str, failure: Option<PortError>) -> Arc<Self> {
        Arc::new(Self { name, failure: Mutex::new(failure), ..Self::default() })
    }

    fn source(&self) -> DataSource {
        DataSource {
            name: self.name.to_owned(),
            simulated: false,
            description: format!("{}'s data", self.name),
        }
    }

    fn answer(&self) -> Result<(), PortError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.failure.lock().unwrap().clone().map_or(Ok(()), Err)
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl MarketClock for Fake {
    async fn now(&self, _: &Symbol) -> Result<DateTime<Utc>, PortError> {
        self.answer().map(|()| Utc::now())
    }
}

#[async_trait]
impl MarketData for Fake {
    fn source(&self) -> DataSource {
        self.source()
    }
    async fn symbols(&self) -> Result<Vec<Symbol>, PortError> {
        Ok(Vec::new())
    }
    async fn quote(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<Quote, PortError> {
        self.answer()?;
        Ok(Quote {
            symbol: symbol.clone(),
            bid: None,
            ask: None,
            last: None,
            volume: 0,
            market_time: as_of,
            received_at: as_of,
            source: self.name.to_owned(),
            conditions: Vec::new(),
        })
    }
    async fn daily_history(&self, _: &Symbol, _: DateTime<Utc>) -> Result<DailyHistory, PortError> {
        self.answer()?;
        Ok(DailyHistory {
            bars: Vec::new(),
            today: None,
            splits: Vec::new(),
            dividends: Vec::new(),
            actions_unknown: None,
            warnings: Vec::new(),
        })
    }
    async fn minute_bars(
        &self,
        _: &Symbol,
        _: NaiveDate,
        _: DateTime<Utc>,
    ) -> Result<Vec<MinuteBar>, PortError> {
        self.answer().map(|()| Vec::new())
    }
    async fn option_chain(&self, _: &Symbol, _: DateTime<Utc>) -> Result<OptionChain, PortError> {
        Err(no_data(self.name))
    }
    async fn risk_free_rate(&self, as_of: DateTime<Utc>) -> Result<RiskFreeRate, PortError> {
        crate::tape::federal_reserve(as_of)
    }
}

#[async_trait]
impl News for Fake {
    fn name(&self) -> &str {
        self.name
    }
    async fn stories(&self, _: &Symbol, window: NewsWindow) -> Result<Option<Vec<NewsStory>>, PortError> {
        self.answer()?;
        let story = |(id, minutes): (&&str, &i64)| NewsStory {
            id: (*id).to_owned(),
            headline: (*id).to_owned(),
            summary: String::new(),
            url: None,
            source: self.name.to_owned(),
            published_at: window.until - chrono::TimeDelta::minutes(*minutes),
            undated: false,
            symbols: Vec::new(),
        };
        Ok(Some(self.stories.iter().map(story).collect()))
    }
}

fn down(provider: &str) -> PortError {
    PortError::Unavailable { provider: provider.to_owned(), detail: "timeout".to_owned(), retry_after: None }
}

fn no_data(provider: &str) -> PortError {
    PortError::NoData {
        provider: provider.to_owned(),
        what: "option chain".to_owned(),
        symbol: "SPY".to_owned(),
        detail: "none".to_owned(),
    }
}

fn unknown(provider: &str) -> PortError {
    PortError::UnknownSymbol { provider: provider.to_owned(), symbol: "SPY".to_owned(), hint: String::new() }
}

fn refused(provider: &str) -> PortError {
    PortError::Authentication { provider: provider.to_owned(), detail: "the grant is dead".to_owned() }
}

fn spy() -> Symbol {
    Symbol::new("SPY").unwrap()
}

fn of(fakes: &[&Arc<Fake>]) -> Fallback {
    let mut order = ProviderOrder::default();
    for fake in fakes {
        let port: Arc<dyn MarketData> = Arc::clone(*fake) as _;
        for capability in [Capability::Quotes, Capability::Bars, Capability::Chains] {
            order = order.market(&fake.source(), &port, capability);
        }
    }
    Fallback::new(order.symbols(vec![spy()]))
}

/// A quote in a request of its own, and what was written down.
async fn quote(all: &Fallback) -> (Result<Quote, PortError>, Provenance) {
    let provenance = Provenance::default();
    let market = MarketData::for_request(all, &provenance).unwrap();
    (market.quote(&spy(), Utc::now()).await, provenance)
}

#[tokio::test]
async fn the_next_provider_serves_and_the_result_says_why() {
    for failure in [down("one"), no_data("one"), refused("one"), unknown("one")] {
        let (one, two) = (Fake::new("one", Some(failure.clone())), Fake::new("two", None));
        let (answer, provenance) = quote(&of(&[&one, &two])).await;
        assert_eq!(answer.unwrap().source, "two");
        assert_eq!(provenance.source(), Some(two.source()));
        assert_eq!(provenance.warnings(), [format!("{failure}; for quotes, two's data is used")]);
    }
}

#[tokio::test]
async fn a_request_is_wrong_where_all_say_so() {
    let wrong = |provider: &str| PortError::Invalid {
        provider: provider.to_owned(),
        detail: "no such day".to_owned(),
    };
    let (one, two) = (Fake::new("one", Some(wrong("one"))), Fake::new("two", None));
    assert_eq!(quote(&of(&[&one, &two])).await.0.unwrap().source, "two");
    let neither = of(&[&one, &Fake::new("three", Some(wrong("three")))]);
    let PortError::Invalid { provider, .. } = quote(&neither).await.0.unwrap_err() else {
        panic!("both refuse it");
    };
    assert_eq!(provider, "one, three");
}

#[tokio::test]
async fn a_symbol_is_unknown_only_where_all_say_so() {
    let ask = async |first: PortError, second: PortError| {
        let all = of(&[&Fake::new("one", Some(first)), &Fake::new("two", Some(second))]);
        quote(&all).await.0.unwrap_err()
    };
    let PortError::UnknownSymbol { provider, hint, .. } = ask(unknown("one"), unknown("two")).await else {
        panic!("both do not know it");
    };
    assert_eq!((provider.as_str(), hint.as_str()), ("one, two", "; there are SPY"));
    assert!(ask(unknown("one"), down("two")).await.is_retryable());
    assert!(matches!(ask(unknown("one"), no_data("two")).await, PortError::NoData { .. }));
    assert!(matches!(ask(refused("one"), no_data("two")).await, PortError::Authentication { .. }));
}

#[tokio::test]
async fn a_dead_provider_is_not_asked_on_every_call() {
    let (one, two) = (Fake::new("one", Some(down("one"))), Fake::new("two", None));
    let all = of(&[&one, &two]);
    for _ in 0..5 {
        quote(&all).await.0.unwrap();
    }
    assert_eq!((one.calls(), two.calls()), (2, 5));
    let (_, provenance) = quote(&all).await;
    let [warning] = provenance.warnings().try_into().unwrap();
    let warning: String = warning;
    assert!(warning.starts_with("one is unavailable: timeout; it is asked again at "), "{warning}");
    // Another kind of data of the same provider has a breaker of its own.
    all.daily_history(&spy(), Utc::now()).await.unwrap();
    assert_eq!(one.calls(), 3);
}

#[tokio::test]
async fn when_all_are_left_alone_the_caller_learns_when_to_come_back() {
    let one = Fake::new("one", Some(down("one")));
    let all = of(&[&one]);
    for _ in 0..2 {
        quote(&all).await.0.unwrap_err();
    }
    let PortError::Unavailable { retry_after: Some(left), .. } = quote(&all).await.0.unwrap_err() else {
        panic!("it is down");
    };
    assert!(left <= Duration::from_secs(15) && one.calls() == 2, "{left:?}");
}

#[tokio::test]
async fn a_request_over_two_providers_names_both() {
    let (one, two) = (Fake::new("one", None), Fake::new("two", None));
    let (first, second): (Arc<dyn MarketData>, Arc<dyn MarketData>) =
        (Arc::clone(&one) as _, Arc::clone(&two) as _);
    let order = ProviderOrder::default().market(&one.source(), &first, Capability::Quotes).market(
        &DataSource { simulated: true, ..two.source() },
        &second,
        Capability::Bars,
    );
    let provenance = Provenance::default();
    let market = MarketData::for_request(&Fallback::new(order), &provenance).unwrap();
    market.quote(&spy(), Utc::now()).await.unwrap();
    market.daily_history(&spy(), Utc::now()).await.unwrap();
    let source = market.source();
    assert_eq!((source.name.as_str(), source.simulated), ("one+two", true));
    assert_eq!(source.description, "one's data (quotes); two's data (bars)");
    assert!(provenance.warnings().is_empty());
}

#[tokio::test]
async fn news_is_read_from_all_and_an_absent_source_is_named() {
    let stories = |name, stories: &[(&'static str, i64)]| {
        Arc::new(Fake { name, stories: stories.iter().copied().collect(), ..Fake::default() })
    };
    let (one, two) = (stories("one", &[("a", 1), ("b", 5)]), stories("two", &[("b", 5), ("c", 3)]));
    let three = Fake::new("three", Some(down("three")));
    let order = [&one, &two, &three].into_iter().fold(ProviderOrder::default(), |order, fake| {
        let port: Arc<dyn News> = Arc::clone(fake) as _;
        order.news(&fake.source(), &port)
    });
    let provenance = Provenance::default();
    let news = News::for_request(&Fallback::new(order), &provenance).unwrap();
    let window = NewsWindow { after: Utc::now(), until: Utc::now() };
    let found = news.stories(&spy(), window).await.unwrap().unwrap();
    assert_eq!(found.iter().map(|story| story.id.as_str()).collect::<Vec<_>>(), ["a", "c", "b"]);
    assert_eq!(provenance.warnings(), ["three is unavailable: timeout; without its news"]);
}

#[tokio::test]
async fn news_that_nobody_could_read_are_no_absence() {
    let (one, two) = (Fake::new("one", Some(down("one"))), Fake::new("two", Some(refused("two"))));
    let order = [&one, &two].into_iter().fold(ProviderOrder::default(), |order, fake| {
        let port: Arc<dyn News> = Arc::clone(fake) as _;
        order.news(&fake.source(), &port)
    });
    let news = Fallback::new(order);
    let window = NewsWindow { after: Utc::now(), until: Utc::now() };
    let error = news.stories(&spy(), window).await.unwrap_err();
    assert!(error.is_retryable() && error.to_string().contains("one, two"), "{error}");
    let nobody = Fallback::new(ProviderOrder::default());
    assert_eq!(nobody.stories(&spy(), window).await, Ok(None));
}

#[tokio::test]
async fn each_source_of_news_is_read_on_by_itself_and_one_that_keeps_failing_is_left_alone() {
    let stories = [("a", 1)].into_iter().collect();
    let one = Arc::new(Fake { name: "one", stories, ..Fake::default() });
    let two = Fake::new("two", Some(down("two")));
    let order = [&one, &two].into_iter().fold(ProviderOrder::default(), |order, fake| {
        let port: Arc<dyn News> = Arc::clone(fake) as _;
        order.news(&fake.source(), &port)
    });
    let news = Fallback::new(order);
    for round in 0..4 {
        let readings = news.read(&[spy()], &BTreeMap::new(), Utc::now()).await;
        let found: Vec<(&str, Result<usize, String>)> = readings
            .iter()
            .map(|reading| {
                let stories = reading.stories.as_ref().map(Vec::len).map_err(ToString::to_string);
                (reading.source.as_str(), stories)
            })
            .collect();
        let failure = "two is unavailable: timeout".to_owned();
        assert_eq!(found, [("one", Ok(1)), ("two", Err(failure))], "round {round}");
        assert_eq!(readings[0].stories.as_ref().unwrap()[0].symbols, [spy()]);
    }
    assert_eq!((one.calls(), two.calls()), (4, 2));
}

/// Keeps these facts, and fails or has a record.
struct FactProvider(&'static [Fact], Served, AtomicUsize);

type Served = Result<Option<SymbolMetrics>, PortError>;

#[async_trait]
impl Metrics for FactProvider {
    fn provides(&self, fact: Fact) -> bool {
        self.0.contains(&fact)
    }
    async fn metrics(&self, _: &Symbol, _: DateTime<Utc>) -> Result<Option<SymbolMetrics>, PortError> {
        self.2.fetch_add(1, Ordering::SeqCst);
        self.1.clone()
    }
}

const PROVIDED: &[Fact] = &[Fact::Earnings, Fact::Figures];

/// What several keepers say together, what is told of it, and how often each was asked.
async fn together(
    providers: Vec<(&'static [Fact], Served)>,
) -> (Option<SymbolMetrics>, Vec<String>, Vec<usize>) {
    let providers: Vec<Arc<FactProvider>> = providers
        .into_iter()
        .map(|(provided, answer)| Arc::new(FactProvider(provided, answer, AtomicUsize::new(0))))
        .collect();
    let order =
        providers.iter().zip(["one", "two"]).fold(ProviderOrder::default(), |order, (provider, name)| {
            let port: Arc<dyn Metrics> = Arc::clone(provider) as _;
            order.metrics(&Fake::new(name, None).source(), &port)
        });
    let provenance = Provenance::default();
    let metrics = Metrics::for_request(&Fallback::new(order), &provenance).unwrap();
    let found = metrics.metrics(&spy(), Utc::now()).await.unwrap();
    (
        found,
        provenance.warnings(),
        providers.iter().map(|provider| provider.2.load(Ordering::SeqCst)).collect(),
    )
}

#[tokio::test]
async fn an_analysis_goes_on_without_metrics_and_says_so() {
    let (found, warnings, _) = together(vec![(PROVIDED, Err(down("one")))]).await;
    let found = found.unwrap();
    assert_eq!(found.unknown[&Fact::Earnings], Unknown::Unreachable(down("one")));
    assert_eq!(found.unknown[&Fact::ShortInterest], Unknown::NotProvided);
    assert_eq!(warnings, ["one is unavailable: timeout; without its metrics"]);
}

#[tokio::test]
async fn what_another_provider_computes_does_not_turn_an_outage_into_an_absence() {
    let computed = || Ok(Some(SymbolMetrics::providing(&[Fact::Figures])));
    let (found, warnings, _) =
        together(vec![(PROVIDED, Err(down("one"))), (&[Fact::Figures], computed())]).await;
    let found = found.unwrap();
    assert_eq!(found.known(Fact::Figures, ()), Ok(()));
    assert_eq!(found.known(Fact::Earnings, ()), Err(Unknown::Unreachable(down("one"))));
    assert_eq!(found.known(Fact::ShortInterest, ()), Err(Unknown::NotProvided));
    assert_eq!(warnings, ["one is unavailable: timeout; for metrics, two's data is used"]);
    // Those that know no such symbol keep nothing of it, and both down is down.
    let (none, _, _) =
        together(vec![(PROVIDED, Err(unknown("one"))), (&[Fact::Figures], Err(no_data("two")))]).await;
    assert_eq!(none, None);
    let (both, _, _) = together(vec![(PROVIDED, Ok(None)), (&[Fact::Figures], Err(down("two")))]).await;
    assert_eq!(both.unwrap().known(Fact::Earnings, ()), Err(Unknown::NotProvided));
}

#[tokio::test]
async fn who_can_add_nothing_is_not_asked() {
    let whole = || Ok(Some(SymbolMetrics::providing(PROVIDED)));
    let (_, warnings, asked) = together(vec![(PROVIDED, whole()), (&[Fact::Figures], whole())]).await;
    assert_eq!((asked, warnings.len()), (vec![1, 0], 0));
    let (_, _, asked) = together(vec![
        (&[Fact::Figures], Ok(Some(SymbolMetrics::providing(&[Fact::Figures])))),
        (PROVIDED, whole()),
    ])
    .await;
    assert_eq!(asked, [1, 1]);
}
