//! Who served a request, and why it was not the first choice.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::market_data::DataSource;

/// A kind of data that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Capability {
    /// Quotes of shares, funds and indices.
    Quotes,
    /// Daily and minute bars.
    Bars,
    /// Option chains.
    Chains,
    /// Earnings, short interest.
    Metrics,
    /// Stories.
    News,
    /// Candidates of a screen.
    Candidates,
    /// Quotes as they happen.
    Streaming,
}

impl Capability {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Quotes,
        Self::Bars,
        Self::Chains,
        Self::Metrics,
        Self::News,
        Self::Candidates,
        Self::Streaming,
    ];

    /// As in the configuration: `quotes`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Quotes => "quotes",
            Self::Bars => "bars",
            Self::Chains => "chains",
            Self::Metrics => "metrics",
            Self::News => "news",
            Self::Candidates => "candidates",
            Self::Streaming => "streaming",
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The record of one request. Clones share it; a provider that always serves by itself writes nothing into it.
#[derive(Clone, Debug, Default)]
pub struct Provenance(Arc<Mutex<Record>>);

#[derive(Debug, Default)]
struct Record {
    used: BTreeMap<Capability, Vec<DataSource>>,
    passed_over: BTreeMap<(Capability, String), String>,
    missing: BTreeSet<(Capability, String)>,
}

impl Provenance {
    /// `source` served this kind of data.
    pub fn used(&self, capability: Capability, source: &DataSource) {
        self.change(|record| {
            let known = record.used.entry(capability).or_default();
            if !known.contains(source) {
                known.push(source.clone());
            }
        });
    }

    /// A provider could not serve, for this reason, and `instead` did.
    pub fn passed_over(&self, capability: Capability, reason: &str, instead: &DataSource) {
        self.change(|record| {
            record.passed_over.insert((capability, reason.to_owned()), instead.description.clone());
        });
    }

    /// A provider could not serve, for this reason, and its share of the data is missing.
    pub fn missing(&self, capability: Capability, reason: &str) {
        self.change(|record| {
            record.missing.insert((capability, reason.to_owned()));
        });
    }

    /// This kind of data is asked for anew: what could not be read before is no news any more.
    pub fn begin(&self, capability: Capability) {
        self.change(|record| {
            record.passed_over.retain(|(kind, _), _| *kind != capability);
            record.missing.retain(|(kind, _)| *kind != capability);
        });
    }

    /// Who served, as one source; none where nothing was written down.
    #[must_use]
    pub fn source(&self) -> Option<DataSource> {
        let record = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sources: Vec<(&DataSource, Vec<&str>)> = Vec::new();
        for (capability, used) in &record.used {
            for source in used {
                match sources.iter_mut().find(|(known, _)| *known == source) {
                    Some((_, capabilities)) => capabilities.push(capability.name()),
                    None => sources.push((source, vec![capability.name()])),
                }
            }
        }
        let simulated = sources.iter().any(|(source, _)| source.simulated);
        match sources.as_slice() {
            [] => None,
            [(only, _)] => Some((*only).clone()),
            several => Some(DataSource {
                name: joined(several.iter().map(|(source, _)| source.name.clone()), "+"),
                simulated,
                description: joined(
                    several
                        .iter()
                        .map(|(source, what)| format!("{} ({})", source.description, what.join(", "))),
                    "; ",
                ),
            }),
        }
    }

    /// What a reader must know, one sentence each.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let record = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sentences: Vec<(&str, &str, Vec<&str>)> = Vec::new();
        for ((capability, reason), instead) in &record.passed_over {
            match sentences.iter_mut().find(|(known, whose, _)| known == reason && whose == instead) {
                Some((_, _, what)) => what.push(capability.name()),
                None => sentences.push((reason, instead, vec![capability.name()])),
            }
        }
        let passed_over = sentences
            .iter()
            .map(|(reason, instead, what)| format!("{reason}; for {}, {instead} is used", what.join(", ")));
        let missing = record.missing.iter();
        let missing = missing.map(|(capability, reason)| format!("{reason}; without its {capability}"));
        passed_over.chain(missing).collect()
    }

    fn change(&self, change: impl FnOnce(&mut Record)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Each part once.
fn joined(parts: impl Iterator<Item = String>, between: &str) -> String {
    let mut once: Vec<String> = Vec::new();
    for part in parts {
        if !once.contains(&part) {
            once.push(part);
        }
    }
    once.join(between)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str, simulated: bool) -> DataSource {
        DataSource { name: name.to_owned(), simulated, description: format!("{name}'s data") }
    }

    #[test]
    fn one_source_is_itself_and_several_say_what_each_served() {
        let provenance = Provenance::default();
        assert_eq!(provenance.source(), None);
        provenance.used(Capability::Quotes, &source("cboe", false));
        provenance.used(Capability::Bars, &source("cboe", false));
        assert_eq!(provenance.source(), Some(source("cboe", false)));
        provenance.clone().used(Capability::News, &source("rss", true));
        let both = provenance.source().unwrap();
        assert_eq!((both.name.as_str(), both.simulated), ("cboe+rss", true));
        assert_eq!(both.description, "cboe's data (quotes, bars); rss's data (news)");
    }

    #[test]
    fn an_outage_that_has_passed_is_not_told() {
        let provenance = Provenance::default();
        provenance.missing(Capability::News, "rss is unavailable: timeout");
        provenance.missing(Capability::Metrics, "one is unavailable: timeout");
        provenance.begin(Capability::News);
        assert_eq!(provenance.warnings(), ["one is unavailable: timeout; without its metrics"]);
    }

    #[test]
    fn one_outage_is_one_sentence_however_many_calls_met_it() {
        let provenance = Provenance::default();
        for capability in [Capability::Chains, Capability::Quotes, Capability::Quotes] {
            provenance.passed_over(capability, "tastytrade is unavailable: timeout", &source("cboe", false));
        }
        assert_eq!(
            provenance.warnings(),
            ["tastytrade is unavailable: timeout; for quotes, chains, cboe's data is used"]
        );
    }
}
