//! What a run of each workflow costs: actions as the server counts them, events and bytes of its history. None may rise above
//! `costs.tsv` beside this file; `TTAI_UPDATE_COSTS=1 cargo test -p ttai-tests costs` writes that table anew.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, ensure};
use serde_json::json;
use temporalio_client::{UntypedWorkflow, WorkflowDescribeOptions, WorkflowGetResultOptions};
use ttai_contract::{AnalysisParams, AnalysisType, FullAnalysisParams, WorkflowParams, workflows};
use ttai_dev_server::Actions;

use crate::lab::{Lab, symbol, within};
use crate::market::CRASHED;
use crate::requests::{case_name, request_of};
use crate::script::Script;

/// How often a run is repeated that costs too much: a busy machine may add a heartbeat or a timed-out task to one of them.
const ATTEMPTS: usize = 3;
/// By how much the bytes may exceed the table, in percent: identities and host names differ in length.
const BYTES_TOLERANCE: u64 = 3;

/// What one run costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cost {
    actions: u64,
    events: u64,
    bytes: u64,
}

impl Cost {
    fn least(self, other: Self) -> Self {
        Self {
            actions: self.actions.min(other.actions),
            events: self.events.min(other.events),
            bytes: self.bytes.min(other.bytes),
        }
    }

    /// What of it is above `limit`.
    fn above(self, limit: Self) -> Vec<String> {
        [
            ("actions", self.actions, limit.actions, limit.actions),
            ("events", self.events, limit.events, limit.events),
            ("bytes", self.bytes, limit.bytes, limit.bytes + limit.bytes * BYTES_TOLERANCE / 100),
        ]
        .into_iter()
        .filter(|(_, found, _, most)| found > most)
        .map(|(what, found, before, _)| format!("{found} {what} instead of {before}"))
        .collect()
    }
}

/// Costs by case.
type Table = BTreeMap<String, Cost>;

#[tokio::test]
async fn no_workflow_costs_more_than_its_table_says() -> anyhow::Result<()> {
    let update = std::env::var_os("TTAI_UPDATE_COSTS").is_some();
    let table = if update { Table::new() } else { parse(&fs::read_to_string(path())?)? };
    let lab = Lab::metered().await?;
    let _worker = lab.worker()?;
    let (found, counted) = (Table::new(), lab.server.actions().await?);
    let found = Measuring { lab: &lab, table: &table, found, counted }.all().await?;
    let text = render(&found)?;
    println!("{text}");
    if update {
        fs::write(path(), text)?;
        return Ok(());
    }
    let problems = problems(&table, &found);
    ensure!(problems.is_empty(), "{}\nnow:\n{text}", problems.join("\n"));
    Ok(())
}

/// The cases as they are measured.
struct Measuring<'a> {
    lab: &'a Lab,
    table: &'a Table,
    found: Table,
    /// What the server had counted before the next run.
    counted: Actions,
}

impl Measuring<'_> {
    async fn all(mut self) -> anyhow::Result<Table> {
        // AnalysisWorkflow is measured by its types.
        for workflow in workflows().iter().filter(|workflow| workflow.name != AnalysisParams::WORKFLOW) {
            self.plain(workflow.name).await?;
        }
        for kind in [AnalysisType::ChartAnalysis, AnalysisType::OptionsAnalysis, AnalysisType::FullAnalysis] {
            let name = format!("analysis-of-type-{}", kind.as_str().replace('_', "-"));
            self.ours(&name, &AnalysisParams::new(kind, symbol("AAPL"))).await?;
        }
        let full = FullAnalysisParams::new(symbol("AAPL"));
        self.ours("full-analysis-rejected-at-chart", &FullAnalysisParams::new(symbol(CRASHED))).await?;
        self.ours("full-analysis-without-image", &FullAnalysisParams { include_chart_image: false, ..full })
            .await?;
        self.another_sdk("full-analysis-from-another-sdk").await?;
        Ok(self.found)
    }

    /// The smallest request of a workflow, started by our client; one that lives on is shut down after its first turn.
    async fn plain(&mut self, workflow: &str) -> anyhow::Result<()> {
        let lab = self.lab;
        self.case(&case_name(workflow), async |key| {
            let run =
                lab.client.start_by_name(workflow, vec![request_of(workflow, &key)], Some(&key)).await?;
            lab.outcome(workflow, &run).await?;
            Ok(run.workflow_id().to_owned())
        })
        .await
    }

    /// A typed request, started by our client.
    async fn ours<R: WorkflowParams>(&mut self, name: &str, request: &R) -> anyhow::Result<()> {
        let lab = self.lab;
        self.case(name, async |key| {
            let run = lab.start(request, &key, Script::default()).await?;
            lab.answer(&run).await?;
            Ok(run.workflow_id().to_owned())
        })
        .await
    }

    /// Started without labels and summary.
    async fn another_sdk(&mut self, name: &str) -> anyhow::Result<()> {
        let lab = self.lab;
        self.case(name, async |id| {
            lab.start_raw(FullAnalysisParams::WORKFLOW, &id, &[json!({ "symbol": "AAPL" })]).await?;
            let handle = lab.client.temporal().get_workflow_handle::<UntypedWorkflow>(&id);
            within("the answer", handle.get_result(WorkflowGetResultOptions::default())).await??;
            Ok(id)
        })
        .await
    }

    /// Runs one case, again where it costs more than the table says, and takes the least.
    async fn case(
        &mut self,
        name: &str,
        run: impl AsyncFn(String) -> anyhow::Result<String>,
    ) -> anyhow::Result<()> {
        let mut least: Option<Cost> = None;
        for attempt in 0..ATTEMPTS {
            let workflow_id = run(format!("{name}-{attempt}")).await.with_context(|| name.to_owned())?;
            let counted = self.lab.server.actions().await?;
            let actions = counted.since(&self.counted).total();
            self.counted = counted;
            let cost = history_cost(self.lab, &workflow_id, actions).await?;
            let cost = *least.insert(least.map_or(cost, |least| least.least(cost)));
            self.found.insert(name.to_owned(), cost);
            if self.table.get(name).is_some_and(|limit| cost.above(*limit).is_empty()) {
                break;
            }
        }
        Ok(())
    }
}

async fn history_cost(lab: &Lab, workflow_id: &str, actions: u64) -> anyhow::Result<Cost> {
    let handle = lab.client.temporal().get_workflow_handle::<UntypedWorkflow>(workflow_id);
    let described = within("a description", handle.describe(WorkflowDescribeOptions::default())).await??;
    let info = described.raw_description.workflow_execution_info.context("a run without information")?;
    let (events, bytes) = (u64::try_from(info.history_length)?, u64::try_from(info.history_size_bytes)?);
    ensure!(actions > 0 && events > 0 && bytes > 0, "{workflow_id}: the server counted nothing");
    Ok(Cost { actions, events, bytes })
}

/// What of `found` is above `table`, and where the two have other cases.
fn problems(table: &Table, found: &Table) -> Vec<String> {
    let risen = found.iter().flat_map(|(name, cost)| match table.get(name) {
        Some(limit) => cost.above(*limit).into_iter().map(|rise| format!("{name}: {rise}")).collect(),
        None => vec![format!("{name} is not in the table")],
    });
    let gone = table.keys().filter(|name| !found.contains_key(*name));
    risen.chain(gone.map(|name| format!("{name} is in the table and was not measured"))).collect()
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("e2e").join("costs.tsv")
}

fn render(table: &Table) -> anyhow::Result<String> {
    let mut text = "case\tactions\tevents\tbytes\n".to_owned();
    for (name, cost) in table {
        writeln!(text, "{name}\t{}\t{}\t{}", cost.actions, cost.events, cost.bytes)?;
    }
    Ok(text)
}

fn parse(text: &str) -> anyhow::Result<Table> {
    let row = |line: &str| -> anyhow::Result<(String, Cost)> {
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, actions, events, bytes] = fields[..] else { anyhow::bail!("not four columns") };
        Ok((
            name.to_owned(),
            Cost { actions: actions.parse()?, events: events.parse()?, bytes: bytes.parse()? },
        ))
    };
    text.lines().skip(1).map(|line| row(line).with_context(|| format!("costs.tsv: {line}"))).collect()
}

#[test]
fn a_rise_is_found_and_the_tolerance_is_for_bytes_alone() -> anyhow::Result<()> {
    let table = parse("case\tactions\tevents\tbytes\na\t5\t20\t1000\nb\t5\t20\t1000\n")?;
    assert_eq!(parse(&render(&table)?)?, table);
    assert_eq!(problems(&table, &table), Vec::<String>::new());
    let with = |cost| [("a".to_owned(), cost), ("c".to_owned(), cost)].into();
    let fits = Cost { actions: 5, events: 19, bytes: 1030 };
    let others = ["c is not in the table", "b is in the table and was not measured"];
    assert_eq!(problems(&table, &with(fits)), others);
    let risen = Cost { actions: 6, events: 21, bytes: 1031 };
    let rises = ["a: 6 actions instead of 5", "a: 21 events instead of 20", "a: 1031 bytes instead of 1000"];
    assert_eq!(problems(&table, &with(risen)), [&rises[..], &others[..]].concat());
    Ok(())
}
