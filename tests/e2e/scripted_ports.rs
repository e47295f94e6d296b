//! The real ports behind a script: every call first does what the script says of the start that makes it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use temporalio_sdk::activities::ActivityError;
use temporalio_sdk::interceptors::{
    ActivityInboundInterceptor, ExecuteActivityInput, ExecuteActivityOutput, Next,
};
use ttai_activities::Ports;
use ttai_contract::Stage;
use ttai_core::{MinuteBar, NewsStory, OptionChain, Quote, Symbol};
use ttai_ports::{
    Analyses, AnalysisFilter, AnalysisRecord, Artifact, ArtifactRef, Artifacts, Attachment, DailyHistory,
    DataSource, MarketClock, MarketData, Message, Metrics, News, NewsWindow, Notifier, PortError,
    RiskFreeRate, Saved, StoreError, SymbolMetrics,
};

use crate::script::{Act, Stagebook, Turn};

tokio::task_local! {
    /// The start that the calling activity is.
    static TURN: Turn;
}

/// Writes each start into the journal and tells the ports which start calls them.
pub(crate) struct Journalist(pub(crate) Stagebook);

impl ActivityInboundInterceptor for Journalist {
    fn execute_activity<'a>(
        &'a self,
        input: ExecuteActivityInput,
        next: Next<'a, ExecuteActivityInput, ExecuteActivityOutput<'a>>,
    ) -> ExecuteActivityOutput<'a> {
        Box::pin(async move {
            let info = input.activity_info();
            let workflow_id = info.workflow_id.clone().unwrap_or_default();
            // What belongs to no stage has no script.
            let Some(stage) = Stage::of_activity(&info.activity_type) else { return next.run(input).await };
            let turn = self.0.begin(&workflow_id, stage);
            let turn = turn.map_err(|error| ActivityError::from(error.context("the journal")))?;
            // The synthesis asks no port: it is held here.
            if turn.stage == Stage::Synthesis && turn.act == Act::Hold {
                turn.until_released().await.map_err(ActivityError::from)?;
            }
            let outcome = TURN.scope(turn.clone(), async move { next.run(input).await }).await;
            turn.end().map_err(ActivityError::from)?;
            outcome
        })
    }
}

/// A port that does what the script says before it answers.
struct Scripted<T: ?Sized>(Arc<T>);

/// The ports, each behind the script.
pub(crate) fn scripted(ports: Ports) -> Ports {
    Ports {
        market: Arc::new(Scripted(ports.market)),
        metrics: Arc::new(Scripted(ports.metrics)),
        news: Arc::new(Scripted(ports.news)),
        analyses: Arc::new(Scripted(ports.analyses)),
        artifacts: Arc::new(Scripted(ports.artifacts)),
        notifier: Arc::new(Scripted(ports.notifier)),
        ..ports
    }
}

/// Plays the calling start's act. A call from elsewhere just goes.
async fn play() -> Result<(), PortError> {
    let Ok(turn) = TURN.try_with(Clone::clone) else { return Ok(()) };
    let unusable = |detail: String| PortError::Corrupt { provider: "script".to_owned(), detail };
    match turn.act {
        Act::Go => Ok(()),
        Act::Hold => turn.until_released().await.map_err(|error| unusable(error.to_string())),
        Act::Outage | Act::LongOutage => Err(PortError::Unavailable {
            provider: "script".to_owned(),
            detail: "an outage was asked for".to_owned(),
            retry_after: (turn.act == Act::LongOutage).then_some(Duration::from_secs(3600)),
        }),
        Act::Refusal => Err(PortError::Authentication {
            provider: "script".to_owned(),
            detail: "a refusal was asked for".to_owned(),
        }),
    }
}

async fn play_for_store() -> Result<(), StoreError> {
    play().await.map_err(|error| match error {
        PortError::Unavailable { detail, .. } => StoreError::Unavailable(detail),
        other => StoreError::Corrupt(other.to_string()),
    })
}

#[async_trait]
impl MarketClock for Scripted<dyn MarketData> {
    async fn now(&self, symbol: &Symbol) -> Result<DateTime<Utc>, PortError> {
        play().await?;
        self.0.now(symbol).await
    }
}

#[async_trait]
impl MarketData for Scripted<dyn MarketData> {
    fn source(&self) -> DataSource {
        self.0.source()
    }
    async fn symbols(&self) -> Result<Vec<Symbol>, PortError> {
        self.0.symbols().await
    }
    async fn quote(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<Quote, PortError> {
        play().await?;
        self.0.quote(symbol, as_of).await
    }
    async fn daily_history(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<DailyHistory, PortError> {
        play().await?;
        self.0.daily_history(symbol, as_of).await
    }
    async fn minute_bars(
        &self,
        symbol: &Symbol,
        session: NaiveDate,
        as_of: DateTime<Utc>,
    ) -> Result<Vec<MinuteBar>, PortError> {
        play().await?;
        self.0.minute_bars(symbol, session, as_of).await
    }
    async fn option_chain(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<OptionChain, PortError> {
        play().await?;
        self.0.option_chain(symbol, as_of).await
    }
    async fn risk_free_rate(&self, as_of: DateTime<Utc>) -> Result<RiskFreeRate, PortError> {
        play().await?;
        self.0.risk_free_rate(as_of).await
    }
}

#[async_trait]
impl Metrics for Scripted<dyn Metrics> {
    async fn metrics(
        &self,
        symbol: &Symbol,
        as_of: DateTime<Utc>,
    ) -> Result<Option<SymbolMetrics>, PortError> {
        play().await?;
        self.0.metrics(symbol, as_of).await
    }
}

#[async_trait]
impl News for Scripted<dyn News> {
    async fn stories(
        &self,
        symbol: &Symbol,
        window: NewsWindow,
    ) -> Result<Option<Vec<NewsStory>>, PortError> {
        play().await?;
        self.0.stories(symbol, window).await
    }
}

#[async_trait]
impl Analyses for Scripted<dyn Analyses> {
    async fn save(&self, record: &AnalysisRecord) -> Result<(), StoreError> {
        play_for_store().await?;
        self.0.save(record).await
    }
    async fn save_or_spool(&self, record: &AnalysisRecord, patience: Duration) -> Result<Saved, StoreError> {
        play_for_store().await?;
        self.0.save_or_spool(record, patience).await
    }
    async fn latest(&self, workflow_id: &str) -> Result<Option<AnalysisRecord>, StoreError> {
        self.0.latest(workflow_id).await
    }
    async fn run(&self, workflow_id: &str, run_id: &str) -> Result<Option<AnalysisRecord>, StoreError> {
        self.0.run(workflow_id, run_id).await
    }
    async fn list(&self, filter: &AnalysisFilter) -> Result<Vec<AnalysisRecord>, StoreError> {
        self.0.list(filter).await
    }
}

#[async_trait]
impl Artifacts for Scripted<dyn Artifacts> {
    async fn put(&self, artifact: &Artifact) -> Result<ArtifactRef, StoreError> {
        play_for_store().await?;
        self.0.put(artifact).await
    }
    async fn get(&self, sha256: &str) -> Result<Option<Artifact>, StoreError> {
        self.0.get(sha256).await
    }
}

/// A channel beside the real ones that always takes what it is sent.
pub(crate) const CARRIER: &str = "carrier";

#[async_trait]
impl Notifier for Scripted<dyn Notifier> {
    fn channels(&self) -> Vec<String> {
        let mut channels = self.0.channels();
        channels.push(CARRIER.to_owned());
        channels
    }
    async fn send(
        &self,
        channel: &str,
        message: &Message,
        attachments: &[Attachment],
    ) -> Result<(), PortError> {
        if channel == CARRIER {
            return Ok(());
        }
        play().await?;
        self.0.send(channel, message, attachments).await
    }
}
