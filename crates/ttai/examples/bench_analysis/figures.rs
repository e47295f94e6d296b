//! What is measured of a row, and what it may be at most.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::workload::Row;

/// One measured quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Figure {
    /// Processor time of the worker an analysis, in ms.
    WorkerCpuMs,
    /// Processor time of the Temporal server an analysis, in ms.
    ServerCpuMs,
    /// Actions an analysis, as the server counts them.
    Actions,
    /// Events of a history, median over the analyses.
    Events,
    /// Size of a history in kB (1000 bytes), median over the analyses.
    HistoryKb,
    /// The most memory that the worker had in use, in MB (1,000,000 bytes).
    PeakMb,
    /// From the first start to the last answer, in s.
    WallS,
    /// Analyses a second.
    Rate,
    /// Share of the analyses that came as far as a synthesis, in percent.
    SynthesizedPct,
}

impl Figure {
    /// In the order of the columns.
    pub(crate) const ALL: [Self; 9] = [
        Self::WorkerCpuMs,
        Self::ServerCpuMs,
        Self::Actions,
        Self::Events,
        Self::HistoryKb,
        Self::PeakMb,
        Self::WallS,
        Self::Rate,
        Self::SynthesizedPct,
    ];

    /// The head of its column.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::WorkerCpuMs => "worker CPU\nms",
            Self::ServerCpuMs => "server CPU\nms",
            Self::Actions => "actions",
            Self::Events => "events",
            Self::HistoryKb => "history\nkB",
            Self::PeakMb => "peak\nMB",
            Self::WallS => "wall\ns",
            Self::Rate => "analyses\na second",
            Self::SynthesizedPct => "to the end\n%",
        }
    }
}

/// All figures of a row.
pub(crate) type Figures = BTreeMap<Figure, f64>;

/// One round of a row.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Sample {
    pub(crate) figures: Figures,
    /// Actions an analysis by kind.
    pub(crate) actions: BTreeMap<String, f64>,
}

impl Sample {
    /// From the first start to the last answer, in s.
    pub(crate) fn wall(&self) -> f64 {
        self.figures.get(&Figure::WallS).copied().unwrap_or_default()
    }
}

/// What a figure may be at most.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Target {
    pub(crate) figure: Figure,
    /// Whether it is counted in multiples of Python's figure of the same round.
    pub(crate) of_python: bool,
    pub(crate) at_most: f64,
}

/// The targets of a row.
pub(crate) fn targets(row: Row) -> Vec<Target> {
    let worker = match row {
        Row::Python => return Vec::new(),
        Row::ColdImage => 1.2,
        Row::Cold => 0.9,
        Row::WarmImage | Row::SeededImage | Row::OtherSdk => 0.8,
        Row::Warm | Row::Seeded => 0.55,
    };
    let actions = if row == Row::OtherSdk { 8.0 } else { 7.0 };
    [
        (Figure::WorkerCpuMs, true, worker),
        (Figure::ServerCpuMs, true, 1.1),
        (Figure::Actions, false, actions),
        (Figure::Events, false, 26.0),
        (Figure::HistoryKb, false, 70.0),
        (Figure::PeakMb, false, 80.0),
    ]
    .map(|(figure, of_python, at_most)| Target { figure, of_python, at_most })
    .into()
}

/// The median; 0 of nothing.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match (values.len() / 2, values.len() % 2) {
        (0, 0) => 0.0,
        (middle, 1) => values[middle],
        (middle, _) => f64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_take_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(Vec::new()), 0.0);
    }
}
