//! Toolsets: which tools a server offers.

use std::collections::BTreeSet;
use std::str::FromStr;

use crate::problem::ToolProblem;
use crate::reading::alike;
use crate::tool::ToolSpec;

/// A family of tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Toolset {
    /// Analyses of symbols.
    Analysis,
    /// Prices, Greeks, margin, sessions.
    Calculators,
    /// Screens for trades.
    Screens,
    /// Price alerts.
    Alerts,
    /// Lists of symbols.
    Watchlists,
    /// Stories about symbols.
    News,
    /// Accounts: positions, rolls, wheel cycles.
    Portfolio,
    /// Quotes and option chains.
    Market,
    /// Reports.
    Reports,
    /// What the server starts by itself.
    Schedules,
    /// Runs of any workflow.
    Runs,
    /// What analyses suggested and what became of it.
    Journal,
    /// What a user prefers.
    Preferences,
    /// What watches while nobody looks, and messages.
    Monitors,
    /// Orders, trades, and what stops them.
    Trading,
}

impl Toolset {
    /// All of them, in the order in which their tools are listed.
    pub const ALL: [Self; 15] = [
        Self::Analysis,
        Self::Calculators,
        Self::Screens,
        Self::Alerts,
        Self::Watchlists,
        Self::News,
        Self::Portfolio,
        Self::Market,
        Self::Reports,
        Self::Schedules,
        Self::Runs,
        Self::Journal,
        Self::Preferences,
        Self::Monitors,
        Self::Trading,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Analysis => "analysis",
            Self::Calculators => "calculators",
            Self::Screens => "screens",
            Self::Alerts => "alerts",
            Self::Watchlists => "watchlists",
            Self::News => "news",
            Self::Portfolio => "portfolio",
            Self::Market => "market",
            Self::Reports => "reports",
            Self::Schedules => "schedules",
            Self::Runs => "runs",
            Self::Journal => "journal",
            Self::Preferences => "preferences",
            Self::Monitors => "monitors",
            Self::Trading => "trading",
        }
    }
}

/// Which tools are offered: `default`, `all`, and toolsets by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolsetSelection {
    standard: bool,
    whole: BTreeSet<Toolset>,
}

impl Default for ToolsetSelection {
    fn default() -> Self {
        Self { standard: true, whole: BTreeSet::new() }
    }
}

impl ToolsetSelection {
    /// Every tool.
    #[must_use]
    pub fn all() -> Self {
        Self { standard: true, whole: Toolset::ALL.into() }
    }

    /// Whether a tool is in it.
    #[must_use]
    pub fn has(&self, tool: &ToolSpec) -> bool {
        self.whole.contains(&tool.toolset) || (self.standard && tool.standard)
    }
}

impl FromStr for ToolsetSelection {
    type Err = ToolProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut selection = Self { standard: false, whole: BTreeSet::new() };
        for name in text.split(',').map(|name| name.trim().to_lowercase()).filter(|name| !name.is_empty()) {
            match name.as_str() {
                "default" => selection.standard = true,
                "all" => selection = Self::all(),
                _ => drop(selection.whole.insert(toolset(&name)?)),
            }
        }
        if selection.standard || !selection.whole.is_empty() {
            return Ok(selection);
        }
        Err(ToolProblem::of("toolsets", "none is named", names()))
    }
}

fn toolset(name: &str) -> Result<Toolset, ToolProblem> {
    let known = Toolset::ALL.into_iter().find(|toolset| toolset.name() == name);
    known.ok_or_else(|| {
        let likely = alike(name, &Toolset::ALL.map(Toolset::name));
        let likely = likely.map(|name| format!("Did you mean {name}? ")).unwrap_or_default();
        ToolProblem::of("toolsets", format!("there is no toolset {name:?}"), format!("{likely}{}", names()))
    })
}

fn names() -> String {
    format!("Choose from default, all, {}.", Toolset::ALL.map(Toolset::name).join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toolsets_are_read_by_name() {
        assert_eq!("default".parse::<ToolsetSelection>().unwrap(), ToolsetSelection::default());
        assert_eq!("All".parse::<ToolsetSelection>().unwrap(), ToolsetSelection::all());
        let both = "default, journal".parse::<ToolsetSelection>().unwrap();
        assert!(both.standard && both.whole.contains(&Toolset::Journal));
        let problem = "jurnal".parse::<ToolsetSelection>().unwrap_err().to_string();
        assert!(problem.contains("Did you mean journal?"), "{problem}");
        assert!(",".parse::<ToolsetSelection>().is_err());
    }
}
