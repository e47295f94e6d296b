//! Deliveries while workers die: each message arrives, and arrives again only with its mark.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use chrono::{TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use ttai_activities::{ChannelRule, Deliverer, DeliveryRules};
use ttai_contract::DeliveryParams;
use ttai_contract::delivery::DELIVER;
use ttai_contract::{DeliverSignal, WorkflowParams};
use ttai_ports::{
    Attachment, Deliveries, Message, MessageRecord, MessageRoute, Messages, NewMessage, Notifier, PortError,
};
use ttai_store::{Database, StoreUrl};

use crate::lab::{Lab, until, within};

const CHANNEL: &str = "paper";
const MESSAGES: usize = 150;
const KILLS: usize = 4;

/// A channel that writes what it takes into a file, and acknowledges a moment later, so that a kill comes in between.
struct Paper {
    file: PathBuf,
}

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
struct Arrival {
    id: String,
    may_repeat: bool,
}

#[async_trait]
impl Notifier for Paper {
    fn channels(&self) -> Vec<String> {
        vec![CHANNEL.to_owned()]
    }

    async fn send(&self, channel: &str, message: &Message, _: &[Attachment]) -> Result<(), PortError> {
        let broken = |error: String| PortError::Corrupt { provider: channel.to_owned(), detail: error };
        let arrival = Arrival { id: message.delivery_id.clone(), may_repeat: message.may_repeat };
        let line = serde_json::to_string(&arrival).map_err(|error| broken(error.to_string()))?;
        let open = File::options().append(true).create(true).open(&self.file);
        let written = open.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
        written.map_err(|error| broken(error.to_string()))?;
        tokio::time::sleep(Duration::from_millis(50)).await;
        Ok(())
    }
}

fn file(folder: &Path) -> PathBuf {
    folder.join("paper.jsonl")
}

/// The worker's deliverer with the channel on paper, whose claims end within seconds.
pub(crate) fn on_paper(deliverer: Deliverer, folder: &Path) -> Deliverer {
    let paper = ChannelRule { name: CHANNEL.to_owned(), per_minute: None, digest_characters: 4_000 };
    let mut channels = deliverer.rules.channels.clone();
    channels.push(paper);
    Deliverer {
        notifier: Arc::new(Paper { file: file(folder) }),
        rules: Arc::new(DeliveryRules { channels, ..DeliveryRules::clone(&deliverer.rules) }),
        longest_send: Duration::from_secs(1),
        ..deliverer
    }
}

fn arrivals(folder: &Path) -> anyhow::Result<Vec<Arrival>> {
    let Ok(text) = fs::read_to_string(file(folder)) else { return Ok(Vec::new()) };
    text.lines().map(|line| serde_json::from_str(line).with_context(|| line.to_owned())).collect()
}

fn message(number: usize) -> NewMessage {
    let now = Utc::now();
    NewMessage {
        record: MessageRecord {
            id: format!("message/{number}"),
            user_id: "default".to_owned(),
            message: Message::of_text(format!("number {number}")),
            market: None,
            created_at: now,
            expires_at: now + TimeDelta::hours(24),
        },
        routes: vec![MessageRoute { channel: CHANNEL.to_owned(), held_until: None }],
    }
}

#[tokio::test]
async fn each_message_arrives_and_repeats_only_with_its_mark_while_workers_die() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let store = Database::open(&StoreUrl::sqlite(lab.folder().join("ttai.db"))?).await?;
    let messages: Vec<NewMessage> = (0..MESSAGES).map(message).collect();
    assert_eq!(store.save_messages(&messages).await?, MESSAGES);
    let mut worker = lab.worker()?;
    let params = DeliveryParams { drill: true, ..DeliveryParams::default() };
    let run = lab.client.signal_with_start(&params, DELIVER, &DeliverSignal {}).await?;
    assert_eq!(run.workflow_id(), "deliveries");
    for kill in 1..=KILLS {
        let due = MESSAGES * kill / (KILLS + 1);
        let arrived = || Ok((arrivals(lab.folder())?.len() >= due).then_some(()));
        until("the next kill", arrived).await?;
        worker.kill()?;
        worker = lab.worker()?;
    }
    let delivered = async {
        let mut tick = tokio::time::interval(Duration::from_millis(100));
        while store.delivery_backlog().await?.open > 0 {
            tick.tick().await;
        }
        anyhow::Ok(())
    };
    within("the last delivery", delivered).await??;
    let mut marks: BTreeMap<String, Vec<bool>> = BTreeMap::new();
    for Arrival { id, may_repeat } in arrivals(lab.folder())? {
        marks.entry(id).or_default().push(may_repeat);
    }
    assert_eq!(marks.len(), MESSAGES, "each arrives");
    let repeats: usize = marks.values().map(|marks| marks.len() - 1).sum();
    println!("{MESSAGES} messages, {KILLS} kills, {repeats} marked repeats");
    assert!(repeats <= KILLS * 8, "{repeats} repeats");
    let unmarked = marks.iter().find(|(_, marks)| marks.iter().skip(1).any(|marked| !marked));
    assert_eq!(unmarked, None, "a repeat without its mark");
    let status = lab.outcome(DeliveryParams::WORKFLOW, &lab.client.any_run(run.workflow_id())).await?;
    assert_eq!(status["totals"]["given_up"], 0, "{status}");
    Ok(())
}
