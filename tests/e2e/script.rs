//! What a worker process is to do with each start of a stage, and the journal in which it writes each start down.
//!
//! Everything lies in one folder that test and workers share: a script a workflow, one journal, and a file for each start
//! that has been let go or has ended.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use ttai_contract::Stage;

/// Longest that a held start is held: then the run fails, and with it the test.
const LONGEST_HOLD: Duration = Duration::from_secs(120);

/// The id of a user's own run ends in `/USER`, which no file's name has.
fn file_name(workflow_id: &str) -> String {
    workflow_id.replace('/', "~")
}

/// What becomes of one start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Act {
    /// Nothing special.
    #[default]
    Go,
    /// It stops in the middle of its work until it is let go, or killed.
    Hold,
    /// The first port that it asks is out of order.
    Outage,
    /// The first port that it asks says to come back in an hour.
    LongOutage,
    /// The first port that it asks refuses for good.
    Refusal,
}

/// The acts of each stage's starts, first to last; those beyond them just go.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Script(BTreeMap<Stage, Vec<Act>>);

impl Script {
    /// Adds the acts of one stage.
    pub(crate) fn with(mut self, stage: Stage, acts: &[Act]) -> Self {
        self.0.insert(stage, acts.to_vec());
        self
    }

    fn act(&self, stage: Stage, nth: usize) -> Act {
        self.0.get(&stage).and_then(|acts| acts.get(nth)).copied().unwrap_or_default()
    }
}

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Start {
    pub(crate) workflow_id: String,
    pub(crate) stage: Stage,
    /// Which start of the stage it is, from 0.
    pub(crate) nth: usize,
    pub(crate) pid: u32,
    /// Milliseconds since 1970, for a person who reads the journal.
    pub(crate) at: i64,
}

/// One start with its act, as the ports meet it.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    pub(crate) act: Act,
    pub(crate) stage: Stage,
    released: PathBuf,
    ended: PathBuf,
}

impl Turn {
    /// Writes down that this start came to an end of its own, not by a kill.
    pub(crate) fn end(&self) -> anyhow::Result<()> {
        fs::write(&self.ended, [])?;
        Ok(())
    }

    /// Waits until the test lets this start go.
    pub(crate) async fn until_released(&self) -> anyhow::Result<()> {
        let mut tick = tokio::time::interval(Duration::from_millis(10));
        let wait = async {
            while !self.released.exists() {
                tick.tick().await;
            }
        };
        tokio::time::timeout(LONGEST_HOLD, wait).await.context("nobody let the held start go")
    }
}

/// The shared folder.
#[derive(Clone, Debug)]
pub(crate) struct Stagebook {
    folder: PathBuf,
}

impl Stagebook {
    pub(crate) fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Lays down the script of a workflow; before it is started.
    pub(crate) fn write(&self, workflow_id: &str, script: &Script) -> anyhow::Result<()> {
        fs::write(self.script(workflow_id), serde_json::to_vec(script)?)?;
        Ok(())
    }

    /// Lets a held start go.
    pub(crate) fn release(&self, workflow_id: &str, stage: Stage, nth: usize) -> anyhow::Result<()> {
        fs::write(self.mark(workflow_id, stage, nth, "released"), [])?;
        Ok(())
    }

    /// The starts of a workflow so far, in order.
    pub(crate) fn starts(&self, workflow_id: &str) -> anyhow::Result<Vec<Start>> {
        let Ok(text) = fs::read_to_string(self.journal()) else { return Ok(Vec::new()) };
        // A line whose end is not there yet is still being written.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let starts = whole.lines().map(serde_json::from_str).collect::<Result<Vec<Start>, _>>()?;
        Ok(starts.into_iter().filter(|start| start.workflow_id == workflow_id).collect())
    }

    /// Whether a start has come to an end of its own.
    pub(crate) fn end(&self, workflow_id: &str, stage: Stage, nth: usize) -> anyhow::Result<Option<()>> {
        Ok(self.mark(workflow_id, stage, nth, "ended").exists().then_some(()))
    }

    /// Writes a start down and says what is to become of it. Starts of one stage never overlap.
    pub(crate) fn begin(&self, workflow_id: &str, stage: Stage) -> anyhow::Result<Turn> {
        let nth = self.starts(workflow_id)?.iter().filter(|start| start.stage == stage).count();
        let act = match fs::read(self.script(workflow_id)) {
            Ok(script) => serde_json::from_slice::<Script>(&script)?.act(stage, nth),
            Err(_) => Act::Go,
        };
        let start = Start {
            workflow_id: workflow_id.to_owned(),
            stage,
            nth,
            pid: std::process::id(),
            at: chrono::Utc::now().timestamp_millis(),
        };
        let line = format!("{}\n", serde_json::to_string(&start)?);
        let mut journal = OpenOptions::new().create(true).append(true).open(self.journal())?;
        journal.write_all(line.as_bytes())?;
        let mark = |what| self.mark(workflow_id, stage, nth, what);
        Ok(Turn { act, stage, released: mark("released"), ended: mark("ended") })
    }

    fn journal(&self) -> PathBuf {
        self.folder.join("journal.jsonl")
    }

    fn script(&self, workflow_id: &str) -> PathBuf {
        self.folder.join(format!("{}.script.json", file_name(workflow_id)))
    }

    fn mark(&self, workflow_id: &str, stage: Stage, nth: usize, what: &str) -> PathBuf {
        self.folder.join(format!("{}.{}.{nth}.{what}", file_name(workflow_id), stage.title()))
    }
}
