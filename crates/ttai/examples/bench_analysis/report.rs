//! The table: medians over the rounds, multiples of Python's figures of the same round, and which targets are met.

use std::collections::BTreeMap;

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, LineStyle, Table};
use serde::Serialize;

use crate::figures::{Figure, Figures, Sample, Target, median, targets};
use crate::options::Options;
use crate::workload::Row;

/// All rounds of all rows.
pub(crate) struct Report {
    about: About,
    samples: BTreeMap<Row, Vec<Sample>>,
}

/// What was measured, and on what.
#[derive(Serialize)]
struct About {
    analyses: usize,
    in_flight: usize,
    rounds: usize,
    tape: bool,
    cores: usize,
    optimised: bool,
}

/// A target and what was found.
#[derive(Serialize)]
struct Verdict {
    #[serde(flatten)]
    target: Target,
    found: f64,
    met: bool,
}

/// A row as JSON.
#[derive(Serialize)]
struct RowReport<'a> {
    row: Row,
    median: Figures,
    of_python: Figures,
    targets: Vec<Verdict>,
    rounds: &'a [Sample],
}

impl Report {
    /// An empty one.
    pub(crate) fn new(options: &Options) -> Self {
        let about = About {
            analyses: options.analyses,
            in_flight: options.in_flight,
            rounds: options.rounds,
            tape: options.tape.is_some(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            optimised: !cfg!(debug_assertions),
        };
        Self { about, samples: BTreeMap::new() }
    }

    /// Adds a round of a row.
    pub(crate) fn add(&mut self, row: Row, sample: Sample) {
        self.samples.entry(row).or_default().push(sample);
    }

    fn median(&self, row: Row, figure: Figure) -> Option<f64> {
        let samples = self.samples.get(&row)?;
        Some(median(samples.iter().filter_map(|sample| sample.figures.get(&figure).copied()).collect()))
    }

    /// The median of the rounds' multiples of Python.
    fn of_python(&self, row: Row, figure: Figure) -> Option<f64> {
        let rounds = self.samples.get(&row)?.iter().zip(self.samples.get(&Row::Python)?);
        let ratio =
            |ours: &Sample, python: &Sample| Some(ours.figures.get(&figure)? / python.figures.get(&figure)?);
        Some(median(rounds.filter_map(|(ours, python)| ratio(ours, python)).collect()))
    }

    /// The targets that can be judged: without Python's rounds only the absolute ones.
    fn verdicts(&self, row: Row) -> Vec<Verdict> {
        let judged = targets(row).into_iter().filter_map(|target| {
            let found = match target.of_python {
                true => self.of_python(row, target.figure),
                false => self.median(row, target.figure),
            }?;
            Some(Verdict { target, found, met: found <= target.at_most })
        });
        judged.collect()
    }

    fn reports(&self) -> impl Iterator<Item = RowReport<'_>> {
        let all = |of: &dyn Fn(Figure) -> Option<f64>| {
            Figure::ALL.into_iter().filter_map(|figure| Some((figure, of(figure)?))).collect::<Figures>()
        };
        self.samples.iter().map(move |(row, rounds)| RowReport {
            row: *row,
            median: all(&|figure| self.median(*row, figure)),
            of_python: all(&|figure| self.of_python(*row, figure)),
            targets: self.verdicts(*row),
            rounds,
        })
    }

    /// Everything, with each round's figures.
    pub(crate) fn json(&self) -> anyhow::Result<String> {
        let rows: Vec<RowReport<'_>> = self.reports().collect();
        Ok(serde_json::to_string_pretty(&serde_json::json!({ "about": self.about, "rows": rows }))?)
    }

    /// The table; then for each row what it misses and what its actions are.
    pub(crate) fn text(&self) -> String {
        let mut table = Table::new();
        table.load_style(UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none()));
        table.set_header(std::iter::once("").chain(Figure::ALL.map(Figure::title)));
        let (mut judged, mut met) = (0, 0);
        let mut lines = Vec::new();
        for report in self.reports() {
            judged += report.targets.len();
            met += report.targets.iter().filter(|verdict| verdict.met).count();
            lines.extend(missed(&report));
            lines.extend(actions(&report));
            table.add_row(
                std::iter::once(report.row.name().to_owned())
                    .chain(Figure::ALL.map(|figure| cell(&report, figure))),
            );
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        let About { analyses, in_flight, rounds, cores, .. } = self.about;
        format!(
            "{analyses} analyses a row, {in_flight} in flight, medians of {rounds} round(s), {cores} cores; (n×) is of Python's figure of the same round, ! misses its target\n{table}\n{met} of {judged} targets are met\n{}",
            lines.join("\n")
        )
    }
}

fn cell(report: &RowReport<'_>, figure: Figure) -> String {
    let value = report.median.get(&figure).copied().unwrap_or_default();
    let mut text = if value < 100.0 { format!("{value:.1}") } else { format!("{value:.0}") };
    let compared = matches!(figure, Figure::WorkerCpuMs | Figure::ServerCpuMs) && report.row != Row::Python;
    if let Some(ratio) = report.of_python.get(&figure).filter(|_| compared) {
        text.push_str(&format!(" ({ratio:.2}×)"));
    }
    if report.targets.iter().any(|verdict| verdict.target.figure == figure && !verdict.met) {
        text.push_str(" !");
    }
    text
}

/// What a row misses, and by how much it may not.
fn missed(report: &RowReport<'_>) -> Option<String> {
    let say = |verdict: &Verdict| {
        let Target { figure, of_python, at_most } = verdict.target;
        let unit = if of_python { "×" } else { "" };
        let title = figure.title().replace('\n', " ");
        format!("{title} {:.2}{unit} (at most {at_most}{unit})", verdict.found)
    };
    let missed: Vec<String> = report.targets.iter().filter(|verdict| !verdict.met).map(say).collect();
    (!missed.is_empty()).then(|| format!("{} misses: {}", report.row.name(), missed.join(", ")))
}

/// The actions of a row by kind, in its last round.
fn actions(report: &RowReport<'_>) -> Option<String> {
    let kinds = report.rounds.last()?.actions.iter().map(|(kind, count)| format!("{count:.1} {kind}"));
    Some(format!("{} actions: {}", report.row.name(), kinds.collect::<Vec<_>>().join(", ")))
}
