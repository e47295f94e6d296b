//! Runs, wherever they are known: finished ones in the store, all others on the server. And which of them a person means.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::bail;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest, Sha256};
use ttai_client::{AnyRun, ClientError, ListFilter, RunState, RunStatus, RunSummary, TtaiClient, Without};
use ttai_contract::{MarketSource, TaskQueue, UserId, ids, workflow};
use ttai_core::Symbol;
use ttai_ports::{AnalysisFilter, AnalysisRecord};
use ttai_store::Spooled;

use crate::exit_kind::fail;
use crate::saved::SavedAnalyses;
use crate::settings::Settings;
use crate::{report, server};

/// Letters of a short id's tag; none of them is easily taken for another.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Letters of a tag in full, and as shown where no two runs share them.
const WHOLE_TAG: usize = 12;
const SHORT_TAG: usize = 4;
/// Runs among which a beginning of an id is sought: the newest.
const SEARCHED: u32 = 1_000;
/// Runs named where an id fits several.
const NAMED: usize = 5;
/// The word for the newest run of all.
const LAST: &str = "last";

/// One run in one line.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RunRow {
    /// Short id for people, such as `NVDA-7f3k`; every command takes it.
    pub id: String,
    /// Workflow id.
    pub workflow_id: String,
    /// Which run of it.
    pub run_id: String,
    /// What it is about.
    pub symbol: String,
    /// Kind of analysis, or the workflow's type.
    pub kind: String,
    /// Strategy.
    pub strategy: Option<String>,
    /// Verdict, or how the run stands.
    pub outcome: String,
    /// `live`, `delayed`, `recorded` or `simulated`; none before it is known.
    pub market: Option<String>,
    /// Whether the prices are invented; none before it is known.
    pub simulated: Option<bool>,
    /// When it was saved; of a run that was not, when it began.
    pub time: Option<DateTime<Utc>>,
    /// Market time of a finished analysis.
    pub as_of: Option<DateTime<Utc>>,
}

impl From<AnalysisRecord> for RunRow {
    fn from(record: AnalysisRecord) -> Self {
        let market = source_of(&record.result).map(|source| source.kind().to_owned());
        Self {
            id: String::new(),
            simulated: market.as_deref().map(is_simulated),
            market,
            workflow_id: record.workflow_id,
            run_id: record.run_id,
            symbol: record.symbol,
            kind: record.analysis_type,
            strategy: record.strategy,
            outcome: record.recommendation,
            time: Some(record.created_at),
            as_of: Some(record.as_of),
        }
    }
}

impl From<RunSummary> for RunRow {
    fn from(run: RunSummary) -> Self {
        let verdict = run.outcome.filter(|_| run.status == RunStatus::Completed);
        Self {
            id: String::new(),
            simulated: run.market.as_deref().map(is_simulated),
            market: run.market,
            workflow_id: run.workflow_id,
            run_id: run.run_id,
            symbol: run.symbol.unwrap_or_default(),
            kind: run.workflow_type,
            strategy: run.strategy,
            outcome: verdict.unwrap_or_else(|| run.status.as_str().to_owned()),
            time: run.started_at,
            as_of: None,
        }
    }
}

fn is_simulated(market: &str) -> bool {
    market == "simulated"
}

/// Whose prices a saved result has; that of `AnalysisWorkflow` has its analysis inside.
fn source_of(result: &serde_json::Value) -> Option<MarketSource> {
    let source = result.pointer("/data_source").or_else(|| result.pointer("/analysis/data_source"))?;
    serde_json::from_value(source.clone()).ok()
}

/// Runs, the newest first.
pub(crate) struct KnownRuns {
    pub(crate) rows: Vec<RunRow>,
    /// What a person should know of where they are.
    pub(crate) note: Option<String>,
}

impl KnownRuns {
    /// The newest runs that are wanted.
    ///
    /// # Errors
    /// A store that cannot be read, where nothing waits for it on this host, and a configured server that does not answer.
    /// Where no server is known, the store has what is finished.
    pub(crate) async fn find(settings: &Settings, wanted: RunFilter<'_>) -> anyhow::Result<Self> {
        let client = server::existing_client(settings).await?;
        Self::find_at(RunPlace { client: client.as_ref(), store: None, settings }, wanted).await
    }

    /// The same at a server, where one is known, and of one user.
    ///
    /// # Errors
    /// As [`KnownRuns::find`].
    pub(crate) async fn find_at(place: RunPlace<'_>, wanted: RunFilter<'_>) -> anyhow::Result<Self> {
        let symbol = wanted.symbol.map(str::to_uppercase);
        let user_id = wanted.user.map(ToString::to_string);
        let limit = usize::try_from(wanted.limit)?;
        let mut rows = Vec::new();
        // What the store does not have: runs under way, failed or cancelled.
        if let Some(client) = place.client {
            let filter = ListFilter {
                user_id: user_id.clone(),
                symbol: symbol.clone(),
                state: wanted.state,
                workflow_type: wanted.workflow_type.map(str::to_owned),
                without: Some(wanted.without()),
                limit,
            };
            rows.extend(client.list(&filter).await?.into_iter().map(RunRow::from));
        }
        let mut note = None;
        if wanted.includes_saved() {
            let filter =
                AnalysisFilter { user_id, symbol, limit: Some(wanted.limit), ..AnalysisFilter::default() };
            let saved = match place.store {
                Some(store) => SavedAnalyses::find_in(Ok(Arc::clone(store)), place.settings, &filter).await?,
                None => SavedAnalyses::find(place.settings, &filter).await?,
            };
            note = saved.note();
            rows.extend(saved.records.into_iter().map(RunRow::from));
        }
        rows.sort_by_key(|row| Reverse(row.time));
        rows.truncate(limit);
        name(&mut rows);
        Ok(Self { rows, note })
    }
}

/// Where runs are sought.
#[derive(Clone, Copy)]
pub(crate) struct RunPlace<'a> {
    /// The server, where one is known.
    pub(crate) client: Option<&'a TtaiClient>,
    /// The store, where it is open already.
    pub(crate) store: Option<&'a Arc<Spooled>>,
    /// What leads to the store, and to what waits for it.
    pub(crate) settings: &'a Settings,
}

/// Which runs.
#[derive(Clone, Copy, Default)]
pub(crate) struct RunFilter<'a> {
    /// Whose; anybody's where none.
    pub(crate) user: Option<&'a UserId>,
    /// About what.
    pub(crate) symbol: Option<&'a str>,
    /// Which stand so.
    pub(crate) state: Option<RunState>,
    /// Of which workflow.
    pub(crate) workflow_type: Option<&'a str>,
    /// Whether finished runs of every workflow are wanted, and not of analyses only.
    pub(crate) all: bool,
    /// How many at most.
    pub(crate) limit: u32,
}

impl RunFilter<'_> {
    /// Whether what is saved may be among them: analyses that were answered.
    fn includes_saved(&self) -> bool {
        let of_state = self.state.is_none_or(|state| state == RunState::Completed);
        let is_analysis = |name| workflow(name).is_some_and(|entry| entry.queue == TaskQueue::Analysis);
        of_state && self.workflow_type.is_none_or(is_analysis)
    }

    /// What the server need not list: of workflows that run by themselves by the dozen, what has completed is left out unless it is
    /// asked for.
    const fn without(&self) -> Without {
        let is_asked_for = self.all || self.state.is_some() || self.workflow_type.is_some();
        if is_asked_for { Without::CompletedAnalyses } else { Without::Completed }
    }
}

/// A run's id as people see and type it: `NVDA-7f3k`. Workflows without a symbol have well-known ids, which are shown as they are.
#[must_use]
pub fn short_id(workflow_id: &str) -> String {
    short(workflow_id, SHORT_TAG)
}

fn short(workflow_id: &str, letters: usize) -> String {
    ids::symbol_of_analysis(workflow_id).map_or_else(
        || workflow_id.to_owned(),
        |symbol| format!("{symbol}-{}", tag(workflow_id).chars().take(letters).collect::<String>()),
    )
}

/// The first bits of the id's hash, five a letter.
fn tag(workflow_id: &str) -> String {
    let digest = Sha256::digest(workflow_id.as_bytes());
    let bits = digest.iter().take(8).fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
    let letter = |place: usize| char::from(LETTERS[((bits >> (59 - 5 * place)) & 31) as usize]);
    (0..WHOLE_TAG).map(letter).collect()
}

/// Gives every row the shortest id that no other workflow of the list has.
fn name(rows: &mut [RunRow]) {
    for letters in SHORT_TAG..=WHOLE_TAG {
        let mut owners: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for row in rows.iter_mut().filter(|row| row.id.is_empty()) {
            owners.entry(short(&row.workflow_id, letters)).or_default().insert(row.workflow_id.clone());
        }
        for row in rows.iter_mut().filter(|row| row.id.is_empty()) {
            let id = short(&row.workflow_id, letters);
            let unique = owners.get(&id).is_some_and(|owners| owners.len() == 1);
            if unique || letters == WHOLE_TAG {
                row.id = id;
            }
        }
    }
}

/// The workflow id that a person means: by a symbol its newest run, by `last` the newest of all, else by an id or the beginning of one.
/// What is known nowhere comes back as it is.
///
/// # Errors
/// As [`KnownRuns::find`], and a beginning that several ids share.
pub(crate) async fn meant(settings: &Settings, text: &str) -> anyhow::Result<String> {
    let client = server::existing_client(settings).await?;
    meant_by(RunPlace { client: client.as_ref(), store: None, settings }, None, text).await
}

/// The same at a server, where one is known, among the runs of one user.
///
/// # Errors
/// As [`meant`].
pub(crate) async fn meant_by(
    place: RunPlace<'_>,
    user: Option<&UserId>,
    text: &str,
) -> anyhow::Result<String> {
    let symbol = Symbol::new(text).ok();
    let find =
        |symbol, limit| KnownRuns::find_at(place, RunFilter { user, symbol, limit, ..RunFilter::default() });
    if text == LAST {
        let newest = find(None, 1).await?.rows.into_iter().next();
        return newest.map_or_else(
            || bail!("there are no runs yet; try `ttai analyze AAPL`"),
            |row| Ok(row.workflow_id),
        );
    }
    if let Some(symbol) = &symbol
        && let Some(row) = find(Some(symbol.as_str()), 1).await?.rows.into_iter().next()
    {
        return Ok(row.workflow_id);
    }
    pick(&find(None, SEARCHED).await?.rows, text)
}

/// The run on the server that a person means.
///
/// # Errors
/// As [`meant`].
pub(crate) async fn on_server(
    client: &TtaiClient,
    settings: &Settings,
    text: &str,
) -> anyhow::Result<AnyRun> {
    let named = client.any_run(text);
    match named.describe().await {
        Err(ClientError::NotFound(_)) => Ok(client.any_run(meant(settings, text).await?)),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(named),
    }
}

/// The one workflow whose id, or short id, is or begins with `text`.
fn pick(rows: &[RunRow], text: &str) -> anyhow::Result<String> {
    if rows.iter().any(|row| row.workflow_id == text) {
        return Ok(text.to_owned());
    }
    let wanted = text.to_lowercase();
    let begins = |id: &str| id.to_lowercase().starts_with(&wanted);
    let mut found: Vec<&RunRow> = Vec::new();
    for row in
        rows.iter().filter(|row| begins(&row.workflow_id) || begins(&short(&row.workflow_id, WHOLE_TAG)))
    {
        if !found.iter().any(|known| known.workflow_id == row.workflow_id) {
            found.push(row);
        }
    }
    match found.as_slice() {
        [] => Ok(text.to_owned()),
        [row] => Ok(row.workflow_id.clone()),
        several => {
            let named: Vec<String> = several.iter().take(NAMED).map(|row| one_of_several(row)).collect();
            let more = if several.len() > NAMED { ", …" } else { "" };
            fail!(
                WrongRequest,
                "'{text}' fits {} runs: {}{more}; give more of the id",
                several.len(),
                named.join(", ")
            )
        }
    }
}

fn one_of_several(row: &RunRow) -> String {
    let time = row.as_of.or(row.time).map(report::eastern).unwrap_or_default();
    format!("{} ({time}, {})", row.id, row.outcome.replace('_', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(workflow_id: &str) -> RunRow {
        RunRow {
            id: String::new(),
            workflow_id: workflow_id.to_owned(),
            run_id: "r".to_owned(),
            symbol: "NVDA".to_owned(),
            kind: "full_analysis".to_owned(),
            strategy: None,
            outcome: "strong_select".to_owned(),
            market: Some("simulated".to_owned()),
            simulated: Some(true),
            time: None,
            as_of: None,
        }
    }

    #[test]
    fn short_ids_are_the_symbol_and_a_tag_that_stays() {
        let id = short_id("analysis-BRK.B-4711");
        assert_eq!((id.len(), &id[..6]), (10, "BRK.B-"));
        assert_eq!(id, short_id("analysis-BRK.B-4711"));
        assert_ne!(id, short_id("analysis-BRK.B-4712"));
        assert_eq!(short_id("price-alerts"), "price-alerts");
        assert_eq!(tag("analysis-BRK.B-4711").len(), WHOLE_TAG);
    }

    #[test]
    fn a_shared_tag_grows_until_it_is_unique() {
        let ids: Vec<String> = (0..3_000).map(|key| format!("analysis-NVDA-{key}")).collect();
        let mut rows: Vec<RunRow> = ids.iter().map(|id| row(id)).collect();
        rows.push(row("analysis-NVDA-0"));
        name(&mut rows);
        let shown: BTreeSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
        assert_eq!(shown.len(), ids.len(), "an id stands for two runs");
        let longer: Vec<&RunRow> = rows.iter().filter(|row| row.id.len() > "NVDA-7f3k".len()).collect();
        assert!(!longer.is_empty(), "no tag was shared");
        assert_eq!(rows[0].id, rows[ids.len()].id, "two runs of one workflow");
        for row in longer {
            assert_eq!(pick(&rows, &row.id).unwrap(), row.workflow_id);
        }
    }

    #[test]
    fn a_beginning_means_a_run_where_only_one_has_it() {
        let mut rows = vec![row("analysis-NVDA-early"), row("analysis-NVDA-late"), row("analysis-NVDA-late")];
        name(&mut rows);
        assert_eq!(pick(&rows, "analysis-nvda-l").unwrap(), "analysis-NVDA-late");
        assert_eq!(pick(&rows, &rows[0].id.to_uppercase()).unwrap(), "analysis-NVDA-early");
        assert_eq!(pick(&rows, "nothing").unwrap(), "nothing");
        let error = pick(&rows, "analysis-NVDA-").unwrap_err().to_string();
        assert!(error.contains("fits 2 runs") && error.contains(&rows[1].id), "{error}");
        assert!(error.contains("strong select"), "{error}");
    }
}
