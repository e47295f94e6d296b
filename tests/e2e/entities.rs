//! Entities in front of a real server: nothing accepted is lost or applied twice while workers die and runs change, nothing
//! malformed freezes one, and an idle one costs nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use temporalio_client::errors::{WorkflowGetResultError, WorkflowUpdateError};
use temporalio_client::tonic::Request;
use temporalio_client::{
    Client, UntypedQuery, UntypedSignal, UntypedUpdate, WorkflowCancelOptions, WorkflowExecuteUpdateOptions,
    WorkflowFetchHistoryOptions, WorkflowGetResultOptions, WorkflowHandle, WorkflowQueryOptions,
    WorkflowSignalOptions, WorkflowStartOptions,
};
use temporalio_common::data_converters::RawValue;
use temporalio_protos::temporal::api::common::v1::{Payload, Payloads, WorkflowType};
use temporalio_protos::temporal::api::enums::v1::{EventType, WorkflowTaskFailedCause};
use temporalio_protos::temporal::api::history::v1::HistoryEvent;
use temporalio_protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_protos::temporal::api::workflowservice::v1::SignalWithStartWorkflowExecutionRequest;
use tokio::task::JoinSet;
use ttai_contract::Lenient;
use ttai_contract::entity::{Answer, Anything, EntityState};

use crate::lab::{Lab, until, within};
use crate::ledger::{Entry, Ledger, LedgerParams, LedgerStatus, QUEUE};

/// A started ledger.
struct Account {
    handle: WorkflowHandle<Client, Ledger>,
}

impl Account {
    async fn open(lab: &Lab, id: &str, params: LedgerParams) -> anyhow::Result<Self> {
        // A worker's death is noticed within seconds.
        let options = WorkflowStartOptions::new(QUEUE, id).task_timeout(Duration::from_secs(2)).build();
        let start = lab.client.temporal().start_workflow(Ledger::run, Lenient::Read(params), options);
        within("the start of a ledger", start).await??;
        Ok(Self::of(lab, id))
    }

    /// Follows the ledger from run to run.
    fn of(lab: &Lab, id: &str) -> Self {
        Self { handle: lab.client.temporal().get_workflow_handle::<Ledger>(id) }
    }

    async fn add(&self, entry: Entry) -> anyhow::Result<()> {
        Ok(self.handle.signal(Ledger::add, Lenient::Read(entry), WorkflowSignalOptions::default()).await?)
    }

    async fn put(&self, entry: Entry) -> Result<Answer, WorkflowUpdateError> {
        let options = WorkflowExecuteUpdateOptions::default();
        self.handle.execute_update(Ledger::put, Lenient::Read(entry), options).await
    }

    async fn signal(&self, name: &str, arguments: Vec<Payload>) -> anyhow::Result<()> {
        let signal = UntypedSignal::new(name);
        Ok(self.handle.signal(signal, RawValue::new(arguments), WorkflowSignalOptions::default()).await?)
    }

    async fn status(&self) -> anyhow::Result<LedgerStatus> {
        let query = self.handle.query(Ledger::status, Anything, WorkflowQueryOptions::default());
        Ok(within("a ledger's status", query).await??)
    }

    async fn until(
        &self,
        what: &str,
        reached: impl Fn(&LedgerStatus) -> bool,
    ) -> anyhow::Result<LedgerStatus> {
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        let wait = async {
            loop {
                let status = self.status().await?;
                if reached(&status) {
                    return anyhow::Ok(status);
                }
                tick.tick().await;
            }
        };
        within(what, wait).await?
    }

    async fn farewell(&self) -> anyhow::Result<Result<LedgerStatus, WorkflowGetResultError>> {
        within("a ledger's end", self.handle.get_result(WorkflowGetResultOptions::default())).await
    }

    /// The details with which it ended Canceled.
    async fn cancelled(&self) -> anyhow::Result<LedgerStatus> {
        let Err(WorkflowGetResultError::Cancelled { details }) = self.farewell().await? else {
            bail!("the run was not cancelled");
        };
        let details = details.raw().first().context("the run has no details")?;
        Ok(serde_json::from_slice(&details.data)?)
    }

    async fn run_id(&self) -> anyhow::Result<String> {
        let description = within("a ledger's run", self.handle.describe(Default::default())).await??;
        Ok(description.run_id().to_owned())
    }

    /// The events of one run, or of the current one.
    async fn events(&self, run: Option<String>) -> anyhow::Result<Vec<HistoryEvent>> {
        let mut info = self.handle.info().clone();
        info.run_id = run;
        let handle = WorkflowHandle::<Client, Ledger>::new(self.handle.client().clone(), info);
        let history = handle.fetch_history(WorkflowFetchHistoryOptions::default());
        Ok(within("a ledger's history", history.into_events()).await??)
    }
}

fn entry(client: u32, number: u32) -> Entry {
    Entry { key: format!("{client}/{number}"), client, number, amount: i64::from(number) }
}

fn payload(data: &[u8]) -> Payload {
    Payload {
        metadata: [("encoding".to_owned(), b"json/plain".to_vec())].into(),
        data: data.to_vec(),
        ..Default::default()
    }
}

const CLIENTS: u32 = 8;
/// Of each seven entries two go by update: 5,000 signals and 2,000 updates in all.
const ENTRIES: u32 = 875;
const KILLS: usize = 5;

#[tokio::test]
async fn nothing_is_lost_doubled_or_reordered_while_workers_die_and_runs_change() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let mut worker = lab.ledger_worker()?;
    let idle = Account::open(&lab, "idle", LedgerParams::default()).await?;
    assert!(idle.put(entry(1, 1)).await?.accepted);
    let calm = idle.events(None).await?.len();

    let params = LedgerParams { every_ms: Some(1_000), carried: None };
    let account = Arc::new(Account::open(&lab, "busy", params).await?);
    let first_run = account.run_id().await?;
    let sent = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for client in 1..=CLIENTS {
        clients.spawn(send_all(Arc::clone(&account), client, Arc::clone(&sent)));
    }
    let total = usize::try_from(CLIENTS * ENTRIES)?;
    for kill in 1..=KILLS {
        let due = total * kill / (KILLS + 1);
        until("the next kill", || Ok((sent.load(Ordering::Relaxed) >= due).then_some(()))).await?;
        worker.kill()?;
        worker = lab.ledger_worker()?;
    }
    let finished = async {
        while let Some(client) = clients.join_next().await {
            client??;
        }
        anyhow::Ok(())
    };
    within("the last message", finished).await??;

    let status = account.until("the last turn", |status| status.entity.waiting == 0).await?;
    nothing_is_amiss(&status);
    assert!(status.entity.continuations >= 3, "{status:?}");
    println!("{} continuations, {} repeated", status.entity.continuations, status.entity.repeated);

    // The run that took these keys is over.
    for client in 1..=CLIENTS {
        assert!(account.put(entry(client, ENTRIES)).await?.accepted);
    }
    let again =
        account.until("a later run's alarm", |again| again.books.alarms > status.books.alarms).await?;
    nothing_is_amiss(&again);
    assert_eq!(again.entity.repeated, status.entity.repeated + u64::from(CLIENTS));

    replays_agree(&account, &first_run).await?;
    assert_eq!(idle.events(None).await?.len(), calm, "an idle entity costs nothing");
    Ok(())
}

fn nothing_is_amiss(status: &LedgerStatus) {
    let books = &status.books;
    assert_eq!(books.balance, i64::from(CLIENTS * ENTRIES * (ENTRIES + 1) / 2));
    assert_eq!(books.out_of_order, 0);
    assert_eq!(books.last, (1..=CLIENTS).map(|client| (client, ENTRIES)).collect());
    assert_eq!(status.entity.accepted, u64::from(CLIENTS * ENTRIES));
    assert_eq!(status.entity.rejected, []);
}

/// Sends a client's entries one after another, and every fiftieth again by the other way.
async fn send_all(account: Arc<Account>, client: u32, sent: Arc<AtomicUsize>) -> anyhow::Result<()> {
    for number in 1..=ENTRIES {
        let by_update = number % 7 < 2;
        send(&account, entry(client, number), by_update).await?;
        if number % 50 == 0 {
            send(&account, entry(client, number), !by_update).await?;
        }
        sent.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// Sends an entry until the server has it: a call may fail while the entity changes its run, and then may have arrived.
async fn send(account: &Account, entry: Entry, by_update: bool) -> anyhow::Result<()> {
    let mut tick = tokio::time::interval(Duration::from_millis(50));
    let retry = async {
        loop {
            tick.tick().await;
            // What failed may have taken effect: the entry's key makes its repeat harmless.
            if by_update {
                match account.put(entry.clone()).await {
                    Ok(answer) => {
                        ensure!(answer.accepted, "{} was refused: {answer:?}", entry.key);
                        return Ok(());
                    }
                    Err(error) => drop(error),
                }
            } else {
                match account.add(entry.clone()).await {
                    Ok(()) => return Ok(()),
                    Err(error) => drop(error),
                }
            }
        }
    };
    within(&format!("an answer to {}", entry.key), retry).await?
}

/// No run of the chain has failed a workflow task, but for the tasks whose new run came together with a message.
async fn replays_agree(account: &Account, first_run: &str) -> anyhow::Result<()> {
    let mut run = Some(first_run.to_owned());
    let mut runs = 0;
    while let Some(id) = run {
        let events = account.events(Some(id)).await?;
        for event in &events {
            if let Some(Attributes::WorkflowTaskFailedEventAttributes(failed)) = &event.attributes {
                assert_eq!(failed.cause(), WorkflowTaskFailedCause::UnhandledCommand, "{failed:?}");
            }
        }
        run = match events.into_iter().next_back().and_then(|event| event.attributes) {
            Some(Attributes::WorkflowExecutionContinuedAsNewEventAttributes(continued)) => {
                Some(continued.new_execution_run_id)
            }
            _ => None,
        };
        runs += 1;
    }
    assert_eq!(account.status().await?.entity.continuations, runs - 1);
    Ok(())
}

#[tokio::test]
async fn malformed_messages_are_answered_or_listed_and_freeze_nothing() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.ledger_worker()?;
    let account = Account::open(&lab, "ledger", LedgerParams::default()).await?;
    let first_run = account.run_id().await?;
    let good = serde_json::to_vec(&entry(1, 1))?;
    let junk = format!("\"{}\"", "x".repeat(1_000_000));
    let malformed: [(&str, Vec<Payload>); 5] = [
        ("no JSON object", vec![payload(b"7")]),
        ("missing field", vec![payload(br#"{"key": "a"}"#)]),
        ("no argument", vec![]),
        ("2 arguments", vec![payload(&good), payload(&good)]),
        ("send at most", vec![payload(junk.as_bytes())]),
    ];
    for (says, arguments) in &malformed {
        for signal in ["add", "hold", "pause", "resume"] {
            account.signal(signal, arguments.clone()).await?;
        }
        let update = account.handle.execute_update(
            UntypedUpdate::new("put"),
            RawValue::new(arguments.clone()),
            WorkflowExecuteUpdateOptions::default(),
        );
        let Err(WorkflowUpdateError::Failed(failure)) = within("the update's failure", update).await? else {
            bail!("a malformed update did not fail: {says}");
        };
        assert!(failure.message.contains(says), "{}", failure.message);
        assert!(failure.message.len() < 1_000, "{}", failure.message.len());
        let query = account.handle.query(
            UntypedQuery::new("status"),
            RawValue::new(arguments.clone()),
            WorkflowQueryOptions::default(),
        );
        within("the answer to a query with any argument", query).await??;
    }
    account.signal("unheard_of", vec![payload(&good)]).await?;
    let zero = Entry { amount: 0, ..entry(1, 1) };
    account.add(zero.clone()).await?;
    let refused = account.put(zero).await?;
    assert_eq!(refused.reason.as_deref(), Some("amount: 0 changes nothing; send another"));
    assert!(account.put(entry(1, 1)).await?.accepted);

    let status = account.until("the entry", |status| status.books.balance == 1).await?;
    let rejected: Vec<_> =
        status.entity.rejected.iter().map(|message| (message.handler.as_str(), &message.reason)).collect();
    let adds: Vec<_> = rejected.iter().filter(|(handler, _)| *handler == "add").collect();
    let says = malformed.iter().map(|(says, _)| *says).chain(["amount: 0"]);
    assert_eq!(adds.len(), 6, "{rejected:?}");
    for ((_, reason), says) in adds.into_iter().zip(says) {
        assert!(reason.contains(says) && reason.len() <= 300, "{reason}");
    }
    // It takes a number, so one of the five is well-formed for it.
    assert_eq!(rejected.iter().filter(|(handler, _)| *handler == "hold").count(), 4, "{rejected:?}");
    assert_eq!(status.entity.state, EntityState::Running);
    // Junk of megabytes has brought a new run.
    replays_agree(&account, &first_run).await
}

#[tokio::test]
async fn a_start_that_cannot_be_used_fails_and_says_why() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.ledger_worker()?;
    for (id, argument, says) in [
        ("wrong type", json!({"every_ms": "often"}), "invalid type"),
        ("out of range", json!({"every_ms": 0}), "every_ms: 0 is no interval"),
    ] {
        // The signal that comes along must not hide the failure.
        signal_with_start(&lab, id, &argument, &entry(1, 1)).await?;
        let Err(WorkflowGetResultError::Failed(failure)) = Account::of(&lab, id).farewell().await? else {
            bail!("{id}: the run did not fail");
        };
        let text = format!("{failure:?}");
        assert!(text.contains("ValidationError") && text.contains(says), "{text}");
    }
    Ok(())
}

/// Starts a ledger together with its first signal, as seeds' clients do.
async fn signal_with_start(lab: &Lab, id: &str, params: &Value, first: &Entry) -> anyhow::Result<()> {
    let arguments = |json: Vec<u8>| Some(Payloads { payloads: vec![payload(&json)] });
    let request = SignalWithStartWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        workflow_id: id.to_owned(),
        workflow_type: Some(WorkflowType { name: Ledger::name().to_owned() }),
        task_queue: Some(TaskQueue { name: QUEUE.to_owned(), ..Default::default() }),
        input: arguments(serde_json::to_vec(params)?),
        request_id: id.to_owned(),
        signal_name: "add".to_owned(),
        signal_input: arguments(serde_json::to_vec(first)?),
        ..Default::default()
    };
    let mut service = lab.client.temporal().connection().workflow_service();
    let call = service.signal_with_start_workflow_execution(Request::new(request));
    within("a signal with a start", call).await??;
    Ok(())
}

#[tokio::test]
async fn an_entity_lives_through_pause_alarms_and_long_turns_until_it_is_shut_down() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.ledger_worker()?;
    signal_with_start(&lab, "ledger", &json!({}), &entry(1, 1)).await?;
    let account = Account::of(&lab, "ledger");
    account.until("the signal that came with the start", |status| status.books.balance == 1).await?;

    account.signal("pause", vec![]).await?;
    assert!(account.put(entry(1, 2)).await?.accepted);
    let paused = account.status().await?;
    assert_eq!((paused.entity.state, paused.entity.waiting), (EntityState::Paused, 1));
    assert_eq!(paused.books.balance, 1);
    let details = account.handle.query(
        UntypedQuery::new("__temporal_workflow_metadata"),
        RawValue::new(vec![]),
        WorkflowQueryOptions::default(),
    );
    let details = within("the current details", details).await??;
    let details = String::from_utf8_lossy(&details.payloads[0].data).into_owned();
    assert!(details.contains("**paused** · 2 accepted · 1 waiting"), "{details}");
    account.signal("resume", vec![]).await?;
    let resumed = account.until("the entry of the pause", |status| status.books.balance == 3).await?;
    assert_eq!(resumed.entity.state, EntityState::Running);

    // A long turn returns where the entity is paused or shut down, and what came meanwhile is applied.
    account.signal("hold", vec![payload(b"1")]).await?;
    account.until("the long turn", |status| status.entity.accepted == 3).await?;
    assert!(account.put(entry(1, 3)).await?.accepted);
    assert_eq!(account.status().await?.entity.waiting, 1);
    account.signal("pause", vec![]).await?;
    account.until("the end of the long turn", |status| status.books.recalled == 1).await?;
    account.signal("hold", vec![payload(b"2")]).await?;
    account.signal("resume", vec![]).await?;
    account.until("the next turn", |status| status.books.balance == 6).await?;
    assert!(account.put(entry(1, 4)).await?.accepted);
    account.signal("shutdown", vec![payload(br#"{"reason": "end of the test"}"#)]).await?;
    let farewell = account.farewell().await??;
    assert_eq!((farewell.entity.state, farewell.entity.waiting), (EntityState::Ended, 0));
    assert_eq!((farewell.books.balance, farewell.books.recalled, farewell.books.out_of_order), (10, 2, 0));
    assert_eq!(account.status().await?, farewell, "it can be asked after its end");
    Ok(())
}

#[tokio::test]
async fn messages_leave_an_alarm_alone_and_a_cancelled_entity_says_what_was_done() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.ledger_worker()?;
    let params = LedgerParams { every_ms: Some(1_500), carried: None };
    let account = Account::open(&lab, "ledger", params).await?;
    for number in 1..=10 {
        assert!(account.put(entry(1, number)).await?.accepted);
    }
    account.until("two alarms", |status| status.books.alarms == 2).await?;
    let events = account.events(None).await?;
    let count = |kind| events.iter().filter(|event| event.event_type() == kind).count();
    assert_eq!(count(EventType::TimerCanceled), 0, "a message costs no timer");
    assert!(count(EventType::TimerStarted) <= count(EventType::TimerFired) + 1);

    account.handle.cancel(WorkflowCancelOptions::default()).await?;
    let details = account.cancelled().await?;
    assert_eq!((details.books.balance, details.entity.state), (55, EntityState::Ended));

    // In the middle of a turn, too, though it wants another one at once.
    let account = Account::open(&lab, "holding", LedgerParams::default()).await?;
    account.signal("hold", vec![payload(b"1")]).await?;
    account.until("the long turn", |status| status.entity.accepted == 1).await?;
    account.handle.cancel(WorkflowCancelOptions::default()).await?;
    let details = account.cancelled().await?;
    assert_eq!((details.books.recalled, details.books.alarms), (1, 0));
    Ok(())
}
