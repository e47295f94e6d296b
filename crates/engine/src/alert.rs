//! An alert that was handed over to the engine, and how far it is.

use std::collections::VecDeque;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use ttai_core::alert::{AlertCondition, AlertDefinition, AlertTrigger};

use crate::leaf::{Leaf, Reads};

/// How far an alert is. Times are microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AlertPhase {
    /// It can fire.
    Armed,
    /// It fired: it is armed again once the cool-down is over and its condition has failed by its margin.
    Cooling { until: i64, failed: bool },
    /// It fired: it is armed again then.
    Until(i64),
    /// It fires no more.
    Spent,
}

/// What a condition remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LeafMemory {
    /// Nothing.
    #[default]
    Nothing,
    /// The reading before.
    Previous(i64),
    /// Lowest and highest price by slice of time: its start, microseconds.
    Window(VecDeque<(i64, i64, i64)>),
    /// Shares of the bar that ends then.
    Volume { end: i64, shares: f64 },
}

/// An alert.
#[derive(Debug)]
pub(crate) struct Alert {
    pub(crate) definition: AlertDefinition,
    pub(crate) arming: u64,
    pub(crate) phase: AlertPhase,
    /// When it was armed or armed again: nothing earlier makes it fire.
    pub(crate) armed_at: i64,
    /// The date whose shares its prices are in.
    pub(crate) basis: NaiveDate,
    /// Nothing has been compared since it was armed.
    pub(crate) is_fresh: bool,
    /// Its instruments: its own, its underlying's, and those of its legs with their ratios.
    pub(crate) main: u32,
    pub(crate) underlying: u32,
    pub(crate) legs: Vec<(u32, i32)>,
    pub(crate) leaves: Vec<Leaf>,
    /// One a leaf, or none at all where none remembers.
    pub(crate) memory: Vec<LeafMemory>,
    /// New shares for each old one since `basis`.
    pub(crate) ratio: i64,
}

impl Alert {
    /// Whether it is off.
    pub(crate) fn is_idle(&self) -> bool {
        self.definition.paused || self.phase == AlertPhase::Spent || self.definition.subject.is_set()
    }

    /// Whether each event of its instruments has to be shown to it: something that no price level says.
    pub(crate) fn is_scanned(&self) -> bool {
        matches!(self.phase, AlertPhase::Cooling { .. })
            || self.leaves.iter().any(|leaf| leaf.book().is_none() && !matches!(leaf.reads, Reads::Days(_)))
    }

    /// Whether it is looked at when bars close only.
    pub(crate) fn is_by_bars(&self) -> bool {
        self.definition.trigger == AlertTrigger::BarClose
    }

    /// Its instruments, each once.
    pub(crate) fn instruments(&self) -> Vec<u32> {
        let legs = self.legs.iter().map(|(instrument, _)| *instrument);
        let mut all: Vec<u32> = [self.main, self.underlying].into_iter().chain(legs).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The instruments whose events its conditions read.
    pub(crate) fn streamed(&self) -> impl Iterator<Item = u32> {
        let legs = self.legs.iter().map(|(instrument, _)| *instrument);
        legs.chain(self.leaves.iter().filter_map(|leaf| leaf.reads.streamed()))
    }

    /// Whether its condition holds, given what each of its leaves says.
    pub(crate) fn holds(&self, leaves: &[bool]) -> bool {
        tree(&self.definition.condition, &mut leaves.iter().copied())
    }
}

fn tree(condition: &AlertCondition, leaves: &mut impl Iterator<Item = bool>) -> bool {
    match condition {
        AlertCondition::All { of } => of.iter().fold(true, |holds, inner| holds & tree(inner, leaves)),
        AlertCondition::Any { of } => of.iter().fold(false, |holds, inner| holds | tree(inner, leaves)),
        _ => leaves.next().unwrap_or(false),
    }
}
