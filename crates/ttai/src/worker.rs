//! The worker: one process, one client, a poller for each queue.
//!
//! Before it polls it makes sure that the search attributes exist: a start with an unknown one is refused.

use std::fmt;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::anyhow;
use futures::stream::{FuturesUnordered, StreamExt};
use temporalio_client::Client;
use temporalio_sdk::interceptors::{
    ActivityInboundInterceptor, ExecuteActivityInput, ExecuteActivityOutput, Next,
};
use temporalio_sdk::runtime::worker_tuner::{FixedSizeSlotSupplier, TunerHolder};
use temporalio_sdk::{Runtime, Worker, WorkerOptions};
use tokio::sync::oneshot;
use ttai_activities::{
    AlertActivities, AnalystActivities, Compute, DeliveryActivities, JournalActivities, MarketDataActivities,
    NewsActivities, NotificationActivities, OutputActivities, PortfolioActivities, Ports,
    QuoteStreamActivities, ReportActivities, RetentionActivities, ScreenActivities, Shutdown, Supervisor,
    SyncActivities, TradingActivities, cores,
};
use ttai_client::TtaiClient;
use ttai_contract::{TaskQueue, WorkflowParams};

use crate::deliveries::Driver;
use crate::deployment::DeploymentVersion;
use crate::guard::{DeadManPing, Guard};
use crate::stop_reasons::ServerStopReasons;
use crate::{sdk_metrics, search_attributes};

/// How long running activities may take to return after a shutdown has begun.
const GRACE: Duration = Duration::from_secs(5);

/// How long the server may take to answer who has deliveries driven.
const DRIVE_DEADLINE: Duration = Duration::from_secs(10);

/// Analysts at work at once for each core. Each holds a symbol's history and chain: the others wait on the server. With fewer, the
/// server could hand out fewer activities together with the workflow task before them, which costs both more.
const ANALYSTS_A_CORE: usize = 8;
/// Other tasks of a kind at once: the SDK's own number.
const TASKS: usize = 100;

/// How a worker runs.
#[derive(Clone, Debug)]
pub struct WorkerSettings {
    /// The queues that it polls.
    pub queues: Vec<TaskQueue>,
    /// The drill profile: deaths are noticed within seconds.
    pub drill: bool,
    /// Stands before every activity; none but in exercises and tests.
    pub interceptor: Option<ActivityInterceptor>,
    /// Who hears from outside that all is well; nobody where none.
    pub ping: Option<DeadManPing>,
    /// The version under which the server knows these workers; none where they are not versioned.
    pub version: Option<DeploymentVersion>,
}

impl Default for WorkerSettings {
    fn default() -> Self {
        Self { queues: TaskQueue::ALL.to_vec(), drill: false, interceptor: None, ping: None, version: None }
    }
}

/// An interceptor that all workers of a process share. It sees each activity attempt begin and may delay it.
#[derive(Clone)]
pub struct ActivityInterceptor(Arc<dyn ActivityInboundInterceptor>);

impl ActivityInterceptor {
    /// Shares `interceptor`.
    pub fn new(interceptor: impl ActivityInboundInterceptor) -> Self {
        Self(Arc::new(interceptor))
    }
}

impl fmt::Debug for ActivityInterceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActivityInterceptor").finish_non_exhaustive()
    }
}

impl ActivityInboundInterceptor for ActivityInterceptor {
    fn execute_activity<'a>(
        &'a self,
        input: ExecuteActivityInput,
        next: Next<'a, ExecuteActivityInput, ExecuteActivityOutput<'a>>,
    ) -> ExecuteActivityOutput<'a> {
        self.0.execute_activity(input, next)
    }
}

/// Workers that poll on a thread of their own.
pub struct RunningWorkers {
    thread: JoinHandle<anyhow::Result<()>>,
    stop: Vec<Box<dyn Fn() + Send>>,
    shutdown: Shutdown,
}

impl RunningWorkers {
    /// Verifies the server and starts polling.
    ///
    /// # Errors
    /// A server that cannot be used: the message says which command to run.
    pub async fn start(client: Client, mut ports: Ports, settings: WorkerSettings) -> anyhow::Result<Self> {
        search_attributes::ensure(&client).await?;
        let shutdown = Shutdown::default();
        tokio::spawn(search_attributes::watch(client.clone(), shutdown.clone()));
        let asking = TtaiClient::from_client(client.clone(), DRIVE_DEADLINE);
        let driver = Arc::new(Driver::over(asking.clone()));
        ports.deliverer.driver = Some(Arc::clone(&driver) as _);
        if settings.queues.contains(&TaskQueue::Background) {
            let ledger = Arc::clone(&ports.deliverer.deliveries);
            let shutdown = shutdown.clone();
            tokio::spawn(async move { driver.watch(ledger, shutdown).await });
        }
        let stated = ports.deliverer.rules.stated.clone();
        tokio::spawn(stated.refresh_until(Arc::clone(&ports.preferences), shutdown.clone()));
        let guard = Guard::over(ports.clone(), asking);
        tokio::spawn(guard.watch(settings.ping.clone(), shutdown.clone()));
        let (ready, started) = oneshot::channel();
        let handle = tokio::runtime::Handle::current();
        let begun = shutdown.clone();
        // Workflow code is not Send: all workers of a process share one thread.
        let thread = std::thread::Builder::new().name("ttai-workers".to_owned()).spawn(move || {
            handle.block_on(async move {
                let mut workers = build(&client, &ports, &settings, &begun)?;
                let (stop, stop_others) = (stops(&workers), stops(&workers));
                if ready.send(stop).is_err() {
                    return Ok(());
                }
                run_all(&mut workers, &stop_others, &begun).await
            })
        })?;
        let Ok(stop) = started.await else {
            return Err(join(thread).await.err().unwrap_or_else(|| anyhow!("the worker did not start")));
        };
        Ok(Self { thread, stop, shutdown })
    }

    /// Stops: running activities hand their work back, polling ends.
    pub fn begin_shutdown(&self) {
        self.shutdown.begin();
        for stop in &self.stop {
            stop();
        }
    }

    /// The shutdown of these workers, to be watched.
    #[must_use]
    pub fn shutdown(&self) -> Shutdown {
        self.shutdown.clone()
    }

    /// Whether the workers have ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Stops and waits for the end.
    ///
    /// # Errors
    /// How a worker failed.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.begin_shutdown();
        join(self.thread).await
    }

    /// Waits for the end without stopping.
    ///
    /// # Errors
    /// How a worker failed.
    pub async fn finished(self) -> anyhow::Result<()> {
        join(self.thread).await
    }
}

/// What stops each of the workers.
fn stops(workers: &[Worker]) -> Vec<Box<dyn Fn() + Send>> {
    workers.iter().map(|worker| Box::new(worker.shutdown_handle()) as Box<dyn Fn() + Send>).collect()
}

/// Runs all of them. Where one ends by itself its queue has nobody any more: the others stop, so that whoever keeps the
/// process alive notices.
async fn run_all(
    workers: &mut [Worker],
    stop: &[Box<dyn Fn() + Send>],
    shutdown: &Shutdown,
) -> anyhow::Result<()> {
    let mut runs: FuturesUnordered<_> = workers.iter_mut().map(Worker::run).collect();
    let mut first = None;
    while let Some(outcome) = runs.next().await {
        let failure = match outcome {
            Err(error) => anyhow!("a worker ended: {error}"),
            Ok(()) if shutdown.has_begun() => continue,
            Ok(()) => anyhow!("a worker ended without being asked to"),
        };
        tracing::error!("{failure}; the others stop, too");
        first.get_or_insert(failure);
        shutdown.begin();
        stop.iter().for_each(|stop| stop());
    }
    first.map_or(Ok(()), Err)
}

async fn join(thread: JoinHandle<anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::task::spawn_blocking(move || thread.join().map_err(|_| anyhow!("the worker's thread crashed"))?)
        .await?
}

fn build(
    client: &Client,
    ports: &Ports,
    settings: &WorkerSettings,
    shutdown: &Shutdown,
) -> anyhow::Result<Vec<Worker>> {
    let telemetry = sdk_metrics::runtime_options().map_err(|error| anyhow!(error))?;
    let runtime = Runtime::from_current_tokio(telemetry).map_err(|error| anyhow!("{error}"))?;
    let supervisor = Supervisor::new(shutdown.clone(), Arc::new(ServerStopReasons(client.clone())));
    let parts = Parts { ports, compute: Compute::per_core(), supervisor };
    settings
        .queues
        .iter()
        .map(|queue| {
            let options = options(*queue, &parts, settings)?;
            Worker::new(&runtime, client.clone(), options)
                .map_err(|error| anyhow!("the worker of {queue}: {error}"))
        })
        .collect()
}

/// What the activities of all queues are made of.
struct Parts<'a> {
    ports: &'a Ports,
    compute: Compute,
    supervisor: Supervisor,
}

/// What each queue runs: its own workflows, the activities that any family calls, on the analyses' queue the analysts, and on the
/// background's accounts, syncs, journals and retention.
fn options(queue: TaskQueue, parts: &Parts<'_>, settings: &WorkerSettings) -> anyhow::Result<WorkerOptions> {
    let Parts { ports, compute, supervisor } = parts;
    let sticky = Duration::from_secs(if settings.drill { 1 } else { 10 });
    let market_data = MarketDataActivities::new((*ports).clone(), compute.clone(), supervisor.clone());
    let mut options = WorkerOptions::new(queue.name())
        .register_activities(OutputActivities::new((*ports).clone(), supervisor.clone()))
        .register_activities(NotificationActivities::new((*ports).clone(), supervisor.clone()))
        .register_activities(DeliveryActivities::new(ports.deliverer.clone(), supervisor.clone()))
        .register_activities(market_data)
        .graceful_shutdown_period(GRACE)
        .sticky_queue_schedule_to_start_timeout(sticky)
        .workflow_interceptor(ttai_workflows::interceptor())
        .tuner(tuner(activities_at_once(queue, ports)))
        .maybe_deployment_options(settings.version.as_ref().map(|version| version.options(queue)))
        .build();
    if let Some(interceptor) = &settings.interceptor {
        options.activity_inbound_interceptor(interceptor.clone());
    }
    if queue == TaskQueue::Analysis {
        let analysts = AnalystActivities::new((*ports).clone(), compute.clone(), supervisor.clone());
        options.register_activities(analysts);
    }
    if queue == TaskQueue::Background {
        options.register_activities(PortfolioActivities::new(
            (*ports).clone(),
            compute.clone(),
            supervisor.clone(),
        ));
        options.register_activities(NewsActivities::new(
            (*ports).clone(),
            compute.clone(),
            supervisor.clone(),
        ));
        options.register_activities(ScreenActivities::new(
            (*ports).clone(),
            compute.clone(),
            supervisor.clone(),
        ));
        options.register_activities(SyncActivities::new((*ports).clone(), supervisor.clone()));
        options.register_activities(JournalActivities::new((*ports).clone(), supervisor.clone()));
        options.register_activities(ReportActivities::new(
            (*ports).clone(),
            compute.clone(),
            supervisor.clone(),
        ));
        let retention = Arc::clone(&ports.retention);
        options.register_activities(RetentionActivities::new(retention, supervisor.clone()));
    }
    if queue == TaskQueue::Streaming {
        options.register_activities(AlertActivities::new((*ports).clone(), supervisor.clone()));
        options.register_activities(QuoteStreamActivities::new((*ports).clone(), supervisor.clone()));
        options.register_activities(TradingActivities::new(
            (*ports).clone(),
            compute.clone(),
            supervisor.clone(),
        ));
    }
    register_workflows(&mut options, queue)?;
    Ok(options)
}

/// Analysts by rules are bounded; those that ask a model wait for the network, not for a core.
fn activities_at_once(queue: TaskQueue, ports: &Ports) -> usize {
    if queue != TaskQueue::Analysis || ports.models.is_some() {
        return TASKS;
    }
    TASKS.min(cores() * ANALYSTS_A_CORE)
}

/// How many tasks of each kind are under way at once.
fn tuner(activities: usize) -> TunerHolder {
    let usual = || FixedSizeSlotSupplier::new(TASKS);
    TunerHolder::builder()
        .workflow_task_slot_supplier(usual())
        .activity_task_slot_supplier(FixedSizeSlotSupplier::new(activities))
        .local_activity_task_slot_supplier(usual())
        .nexus_task_slot_supplier(usual())
        .build()
}

macro_rules! register {
    ($($workflow:ident: $params:ident;)+) => {
        fn register_workflows(options: &mut WorkerOptions, queue: TaskQueue) -> anyhow::Result<()> {
            $(if <ttai_contract::$params as WorkflowParams>::QUEUE == queue {
                options.register_workflow::<ttai_workflows::$workflow>()?;
            })+
            Ok(())
        }
    };
}
ttai_contract::for_each_workflow!(register);
