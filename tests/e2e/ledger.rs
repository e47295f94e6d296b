//! An entity that exists only in tests: it adds up entries and checks that each client's come in order.

#![allow(
    missing_docs,
    unreachable_pub,
    reason = "the markers that the macro generates carry no docs and are public"
)]

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::anyhow;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use temporalio_client::Client;
use temporalio_macros::workflow;
use temporalio_sdk::{Runtime, Worker, WorkerOptions};
use temporalio_workflow::{TimerOptions, WorkflowContext, WorkflowContextView, WorkflowResult};
use ttai_contract::entity::{Carried, EntityStatus, Keyed};
use ttai_contract::{Arguments, Validate, ValidationError};
use ttai_workflows::entity::{Core, Entity, Next, Wake, until_recalled};
use ttai_workflows::entity_workflow;

/// The queue of its workers.
pub(crate) const QUEUE: &str = "ledger-queue";

/// What a turn that holds waits for if nothing recalls it; longer than any test.
const HOLD: Duration = Duration::from_secs(3_600);

/// An amount from a client who counts its entries from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub(crate) key: String,
    pub(crate) client: u32,
    pub(crate) number: u32,
    pub(crate) amount: i64,
}

/// What the ledger takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Message {
    Add(Entry),
    /// Makes the turn that takes it a long one.
    Hold(u32),
}

impl Keyed for Message {
    fn key(&self) -> Option<String> {
        match self {
            Self::Add(entry) => Some(entry.key.clone()),
            Self::Hold(_) => None,
        }
    }
}

/// The start's argument.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LedgerParams {
    /// Milliseconds from one alarm to the next.
    pub(crate) every_ms: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) carried: Option<Carried<Message, Books>>,
}

impl Arguments for LedgerParams {}

impl Arguments for Entry {}

impl Validate for LedgerParams {
    fn validate(&self) -> Result<(), ValidationError> {
        match self.every_ms {
            Some(0) => Err(ValidationError::new("every_ms", "0 is no interval; send 1 or more")),
            _ => Ok(()),
        }
    }
}

/// What was applied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Books {
    pub(crate) balance: i64,
    /// Each client's last entry.
    pub(crate) last: BTreeMap<u32, u32>,
    /// Entries that did not follow their client's last one.
    pub(crate) out_of_order: u32,
    pub(crate) alarms: u32,
    /// Long turns that were recalled.
    pub(crate) recalled: u32,
    next_alarm: Option<DateTime<Utc>>,
}

impl Books {
    fn add(&mut self, entry: &Entry) {
        let last = self.last.entry(entry.client).or_default();
        self.out_of_order += u32::from(entry.number != *last + 1);
        *last = entry.number;
        self.balance += entry.amount;
    }
}

/// The answer of `status`, and the farewell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerStatus {
    pub(crate) entity: EntityStatus,
    pub(crate) books: Books,
}

/// The entity.
#[workflow]
pub struct Ledger {
    core: Core<Message>,
    params: LedgerParams,
    books: Books,
}

entity_workflow! {
    Ledger as "TestLedger": LedgerParams => LedgerStatus;
    signal add(Entry) => Message::Add;
    signal hold(u32) => Message::Hold;
    update put(Entry) => Message::Add;
    {
        /// The sum.
        #[query]
        pub(crate) fn balance(&self, _ctx: &WorkflowContextView) -> i64 {
            self.books.balance
        }
    }
}

impl Entity for Ledger {
    type Params = LedgerParams;
    type Message = Message;
    type Status = LedgerStatus;

    fn begin(mut params: LedgerParams) -> Self {
        let (core, books) = Core::resume(params.carried.take());
        Self { core, params, books }
    }

    fn next_run(&self) -> LedgerParams {
        LedgerParams { carried: Some(self.core.carry(self.books.clone())), ..self.params.clone() }
    }

    fn core(&self) -> &Core<Message> {
        &self.core
    }

    fn core_mut(&mut self) -> &mut Core<Message> {
        &mut self.core
    }

    fn status(&self) -> LedgerStatus {
        LedgerStatus { entity: self.core.status(), books: self.books.clone() }
    }

    fn check(&self, message: &Message) -> Result<(), String> {
        match message {
            Message::Add(Entry { amount: 0, .. }) => {
                Err("amount: 0 changes nothing; send another".to_owned())
            }
            _ => Ok(()),
        }
    }

    async fn turn(ctx: &WorkflowContext<Self>, why: Wake, messages: Vec<Message>) -> WorkflowResult<Next> {
        let mut holds = false;
        for message in messages {
            match message {
                Message::Add(entry) => ctx.state_mut(|ledger| ledger.books.add(&entry)),
                Message::Hold(_) => holds = true,
            }
        }
        if holds {
            let hold = |token| ctx.timer(TimerOptions::builder(HOLD).cancellation_token(token).build());
            until_recalled(ctx, hold).await;
            ctx.state_mut(|ledger| ledger.books.recalled += 1);
            return Ok(Next::Now);
        }
        let now = ctx.workflow_time().map(DateTime::<Utc>::from);
        Ok(ctx.state_mut(|ledger| ledger.next_alarm(why, now)))
    }

    fn details(&self) -> String {
        format!("Balance: {}", self.books.balance)
    }
}

impl Ledger {
    fn next_alarm(&mut self, why: Wake, now: Option<DateTime<Utc>>) -> Next {
        if why == Wake::Alarm {
            self.books.alarms += 1;
        }
        if matches!(why, Wake::Started | Wake::Alarm) {
            let interval = self.params.every_ms.map(|ms| Duration::from_millis(ms.into()));
            self.books.next_alarm = now.zip(interval).map(|(now, interval)| now + interval);
        }
        self.books.next_alarm.map_or(Next::Wait, Next::At)
    }
}

/// Polls the ledger's queue until the process is killed.
pub(crate) async fn serve(client: Client) -> anyhow::Result<()> {
    let runtime = Runtime::from_current_tokio(Default::default()).map_err(|error| anyhow!("{error}"))?;
    let options = WorkerOptions::new(QUEUE)
        .register_workflow::<Ledger>()?
        .sticky_queue_schedule_to_start_timeout(Duration::from_secs(1))
        .build();
    let mut worker = Worker::new(&runtime, client, options).map_err(|error| anyhow!("{error}"))?;
    worker.run().await.map_err(|error| anyhow!("{error}"))
}
