//! A Temporal server of the test's own, its workers, and what a test asks of them. Every wait has a deadline.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use serde_json::Value;
use tempfile::TempDir;
use temporalio_client::{
    UntypedSignal, UntypedWorkflow, WorkflowFetchHistoryOptions, WorkflowSignalOptions, WorkflowStartOptions,
};
use temporalio_common::data_converters::RawValue;
use temporalio_protos::temporal::api::common::v1::Payload;
use temporalio_protos::temporal::api::enums::v1::EventType;
use temporalio_protos::temporal::api::history::v1::HistoryEvent;
use temporalio_protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_sdk::interceptors::ActivityInboundInterceptor;
use ttai::wiring;
use ttai::worker::{ActivityInterceptor, RunningWorkers, WorkerSettings};
use ttai_activities::Ports;
use ttai_client::{AnyRun, ClientError, Run, TtaiClient};
use ttai_contract::{Stage, TaskQueue, WorkflowParams};
use ttai_core::Symbol;
use ttai_dev_server::{DevServer, DevServerOptions};
use ttai_ports::{Analyses, AnalysisRecord};
use ttai_store::{Database, StoreUrl};

use crate::ledger;
use crate::process::{WorkerProcess, tail};
use crate::requests::{comes_to_an_end, is_entity};
use crate::script::{Script, Stagebook};
use crate::worker::{WorkerRole, product_settings};

/// Longest wait for anything that a test expects; on an idle machine the longest takes a tenth of it.
pub(crate) const DEADLINE: Duration = Duration::from_secs(90);

/// A server, a folder, a client.
pub(crate) struct Lab {
    pub(crate) server: DevServer,
    pub(crate) client: TtaiClient,
    pub(crate) book: Stagebook,
    workers: AtomicUsize,
    // Last: the processes above write into it.
    folder: TempDir,
}

impl Lab {
    /// With a server in memory.
    pub(crate) async fn ephemeral() -> anyhow::Result<Self> {
        Self::with(DevServerOptions::ephemeral).await
    }

    /// With a server that keeps its state when it is killed.
    pub(crate) async fn persistent() -> anyhow::Result<Self> {
        Self::with(|folder| DevServerOptions { headless: true, ..DevServerOptions::persistent(folder) }).await
    }

    /// With a server in memory that counts actions.
    pub(crate) async fn metered() -> anyhow::Result<Self> {
        Self::with(|folder| DevServerOptions { metrics: true, ..DevServerOptions::ephemeral(folder) }).await
    }

    /// With a server in memory whose search attributes nobody registers but the worker.
    pub(crate) async fn without_search_attributes() -> anyhow::Result<Self> {
        Self::around(tempfile::tempdir()?, DevServerOptions::ephemeral).await
    }

    async fn with(options: impl FnOnce(PathBuf) -> DevServerOptions) -> anyhow::Result<Self> {
        let search_attributes = ttai::server::search_attribute_kinds();
        let with_attributes = |folder| DevServerOptions { search_attributes, ..options(folder) };
        Self::around(tempfile::tempdir()?, with_attributes).await
    }

    async fn around(
        folder: TempDir,
        options: impl FnOnce(PathBuf) -> DevServerOptions,
    ) -> anyhow::Result<Self> {
        let mut options = options(folder.path().join("server"));
        // Another server than the one found: a newer one, built by hand.
        options.locate.binary = std::env::var_os("TTAI_TEMPORAL").map(PathBuf::from);
        let server = DevServer::start(options).await?;
        let client = ttai::server::connect(&server.address(), "default").await?;
        let book = Stagebook::at(folder.path());
        Ok(Self { server, client, book, workers: AtomicUsize::new(0), folder })
    }

    /// The folder of everything that the lab leaves behind.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A worker on all queues over the simulated market.
    pub(crate) fn worker(&self) -> anyhow::Result<WorkerProcess> {
        self.worker_with(&TaskQueue::ALL, None)
    }

    /// A worker of one's own choice.
    pub(crate) fn worker_with(
        &self,
        queues: &[TaskQueue],
        tape: Option<PathBuf>,
    ) -> anyhow::Result<WorkerProcess> {
        let names = queues.iter().map(|queue| queue.name().to_owned()).collect();
        self.spawn(&self.role(names, tape))
    }

    /// A worker of the test's own entity.
    pub(crate) fn ledger_worker(&self) -> anyhow::Result<WorkerProcess> {
        self.spawn(&self.role(vec![ledger::QUEUE.to_owned()], None))
    }

    fn spawn(&self, role: &WorkerRole) -> anyhow::Result<WorkerProcess> {
        WorkerProcess::start(role, self.log(self.workers.fetch_add(1, Ordering::Relaxed)))
    }

    /// Workers in this process, with `interceptor` before their activities.
    pub(crate) async fn workers_here(
        &self,
        interceptor: impl ActivityInboundInterceptor,
    ) -> anyhow::Result<RunningWorkers> {
        let role = self.role(Vec::new(), None);
        let settings = WorkerSettings {
            drill: true,
            interceptor: Some(ActivityInterceptor::new(interceptor)),
            ..WorkerSettings::default()
        };
        let ports = wiring::ports(&product_settings(role)).await?;
        RunningWorkers::start(self.client.temporal().clone(), ports, settings).await
    }

    /// The ports of a worker of this lab over the simulated market.
    pub(crate) async fn ports(&self) -> anyhow::Result<Ports> {
        wiring::ports(&product_settings(self.role(Vec::new(), None))).await
    }

    /// Workers in this process, over ports that `change` has changed.
    pub(crate) async fn workers_over(
        &self,
        change: impl FnOnce(Ports) -> Ports,
    ) -> anyhow::Result<RunningWorkers> {
        let ports = wiring::ports(&product_settings(self.role(Vec::new(), None))).await?;
        let settings = WorkerSettings { drill: true, ..WorkerSettings::default() };
        RunningWorkers::start(self.client.temporal().clone(), change(ports), settings).await
    }

    fn role(&self, queues: Vec<String>, tape: Option<PathBuf>) -> WorkerRole {
        WorkerRole {
            address: self.server.address(),
            folder: self.folder().to_owned(),
            markets: PathBuf::from(env!("CARGO_TARGET_TMPDIR")),
            tape,
            queues,
        }
    }

    fn log(&self, worker: usize) -> PathBuf {
        self.folder().join(format!("worker-{worker}.log"))
    }

    /// Starts an analysis whose stages follow `script`.
    pub(crate) async fn start<R: WorkflowParams>(
        &self,
        request: &R,
        key: &str,
        script: Script,
    ) -> anyhow::Result<Run<R>> {
        self.book.write(&request.id(key), &script)?;
        Ok(self.client.start(request, Some(key)).await?)
    }

    /// Starts a workflow as a foreign client would, with these arguments and no check before.
    pub(crate) async fn start_raw(
        &self,
        workflow: &str,
        id: &str,
        arguments: &[Value],
    ) -> anyhow::Result<()> {
        let payload = |value: &Value| -> anyhow::Result<Payload> {
            let metadata = [("encoding".to_owned(), b"json/plain".to_vec())].into();
            Ok(Payload { metadata, data: serde_json::to_vec(value)?, ..Default::default() })
        };
        let payloads = arguments.iter().map(payload).collect::<anyhow::Result<Vec<_>>>()?;
        let queue = ttai_contract::workflow(workflow).map_or(TaskQueue::Analysis, |entry| entry.queue);
        let options = WorkflowStartOptions::new(queue.name(), id).build();
        let start = self.client.temporal().start_workflow(
            UntypedWorkflow::new(workflow),
            RawValue::new(payloads),
            options,
        );
        within("the start of a workflow", start).await??;
        Ok(())
    }

    /// The answer of a run.
    pub(crate) async fn answer<R: WorkflowParams>(&self, run: &Run<R>) -> anyhow::Result<R::Answer> {
        match run.result(Some(DEADLINE)).await {
            Ok(answer) => Ok(answer),
            Err(error) => Err(self.explain(anyhow!(error), run.workflow_id())),
        }
    }

    /// How a run ended that has no answer.
    pub(crate) async fn refusal<R: WorkflowParams>(&self, run: &Run<R>) -> anyhow::Result<ClientError> {
        match run.result(Some(DEADLINE)).await {
            Err(error @ ClientError::Deadline { .. }) => Err(self.explain(anyhow!(error), run.workflow_id())),
            Err(error) => Ok(error),
            Ok(_) => bail!("{} has an answer", run.workflow_id()),
        }
    }

    /// What the store has of a run.
    pub(crate) async fn saved(&self, workflow_id: &str) -> anyhow::Result<Option<AnalysisRecord>> {
        Ok(self.store().await?.latest(workflow_id).await?)
    }

    /// The workers' store.
    pub(crate) async fn store(&self) -> anyhow::Result<Database> {
        let url = StoreUrl::from_str(&self.folder().join("ttai.db").to_string_lossy())?;
        Ok(Database::open(&url).await?)
    }

    /// Waits until the nth start of a stage is under way.
    pub(crate) async fn begun(&self, workflow_id: &str, stage: Stage, nth: usize) -> anyhow::Result<u32> {
        let what = format!("start {nth} of {}", stage.title());
        let start = until(&what, || {
            let starts = self.book.starts(workflow_id)?;
            Ok(starts.into_iter().find(|start| start.stage == stage && start.nth == nth))
        });
        start.await.map(|start| start.pid).map_err(|error| self.explain(error, workflow_id))
    }

    /// The starts of a run's stages in order.
    pub(crate) fn starts(&self, workflow_id: &str) -> anyhow::Result<Vec<Stage>> {
        Ok(self.book.starts(workflow_id)?.into_iter().map(|start| start.stage).collect())
    }

    /// The history of a run.
    pub(crate) async fn events(&self, workflow_id: &str) -> anyhow::Result<Vec<HistoryEvent>> {
        let handle = self.client.temporal().get_workflow_handle::<UntypedWorkflow>(workflow_id);
        let history = handle.fetch_history(WorkflowFetchHistoryOptions::default());
        Ok(within("the history", history.into_events()).await??)
    }

    /// What a run of a workflow of that type comes to. An entity is shut down once an activity of it has answered.
    pub(crate) async fn outcome(&self, workflow: &str, run: &AnyRun) -> anyhow::Result<Value> {
        if is_entity(workflow) {
            let mut tick = tokio::time::interval(Duration::from_millis(20));
            // A watch goes on until it is recalled; what is asked of the store within a task leaves a marker.
            let sign = match comes_to_an_end(workflow) {
                true => [EventType::ActivityTaskCompleted; 2],
                false => [EventType::ActivityTaskScheduled, EventType::MarkerRecorded],
            };
            let answered = |event: &HistoryEvent| sign.contains(&event.event_type());
            let turn = async {
                while !self.events(run.workflow_id()).await?.iter().any(answered) {
                    tick.tick().await;
                }
                anyhow::Ok(())
            };
            within("the entity's first turn", turn).await??;
            let handle = self.client.temporal().get_workflow_handle::<UntypedWorkflow>(run.workflow_id());
            let nothing = RawValue::new(vec![]);
            let signal =
                handle.signal(UntypedSignal::new("shutdown"), nothing, WorkflowSignalOptions::default());
            within("the shutdown", signal).await??;
        }
        Ok(run.answer(Some(DEADLINE)).await?)
    }

    /// Which attempt at the run's first activity answered.
    pub(crate) async fn first_attempt(&self, workflow_id: &str) -> anyhow::Result<Option<i32>> {
        let events = self.events(workflow_id).await?;
        Ok(events.iter().find_map(|event| match &event.attributes {
            Some(Attributes::ActivityTaskStartedEventAttributes(started)) => Some(started.attempt),
            _ => None,
        }))
    }

    /// The bytes of a run's answer, as the server keeps them.
    pub(crate) async fn answer_bytes(&self, workflow_id: &str) -> anyhow::Result<Vec<u8>> {
        let events = self.events(workflow_id).await?;
        let Some(Attributes::WorkflowExecutionCompletedEventAttributes(completed)) =
            events.last().and_then(|event| event.attributes.as_ref())
        else {
            bail!("{workflow_id} has not completed");
        };
        let payloads = completed.result.clone().unwrap_or_default().payloads;
        Ok(payloads.into_iter().next().context("the run has no answer")?.data)
    }

    /// An error with what the journal and the newest worker say about it.
    fn explain(&self, error: anyhow::Error, workflow_id: &str) -> anyhow::Error {
        let starts = self.starts(workflow_id).unwrap_or_default();
        let workers = self.workers.load(Ordering::Relaxed);
        let log = workers.checked_sub(1).map(|last| tail(&self.log(last))).unwrap_or_default();
        error.context(format!("{workflow_id}, starts so far {starts:?}, newest worker:\n{log}"))
    }
}

/// Asks a server until it has an answer.
pub(crate) async fn eventually<T>(
    what: &str,
    mut ask: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    let wait = async {
        loop {
            if let Some(found) = ask().await? {
                return Ok(found);
            }
            tick.tick().await;
        }
    };
    within(what, wait).await?
}

/// Waits for something to appear.
pub(crate) async fn until<T>(
    what: &str,
    mut look: impl FnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let mut tick = tokio::time::interval(Duration::from_millis(10));
    let wait = async {
        loop {
            if let Some(found) = look()? {
                return Ok(found);
            }
            tick.tick().await;
        }
    };
    within(what, wait).await?
}

/// Work with the deadline of all waits.
pub(crate) async fn within<T>(what: &str, work: impl Future<Output = T>) -> anyhow::Result<T> {
    tokio::time::timeout(DEADLINE, work).await.with_context(|| format!("never: {what}"))
}

/// A ticker of the tests' market.
pub(crate) fn symbol(text: &str) -> Symbol {
    text.parse().expect("a ticker")
}
