//! What goes wrong at the broker, a row a kind: each entry of the drill draws one.

use anyhow::Context;
use serde_json::{Value, json};
use ttai_sim::server::faults::Fault;

use crate::cli::DrillBroker;

/// A kind of trouble.
#[derive(Clone, Debug)]
pub(super) struct BrokerTrouble {
    pub(super) name: &'static str,
    pub(super) faults: Vec<Fault>,
    /// Whether it is there as long as it is armed: then nobody counts how often it was met.
    pub(super) lasts: bool,
}

impl BrokerTrouble {
    /// The kind in which nothing goes wrong.
    pub(super) const NONE: &str = "none";
}

impl DrillBroker {
    /// As simulations and faults name it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Tastytrade => "tastytrade",
            Self::Alpaca => "alpaca",
        }
    }

    /// The method by which an order is put in the place of another.
    fn replaces_by(self) -> &'static str {
        match self {
            Self::Tastytrade => "PUT",
            Self::Alpaca => "PATCH",
        }
    }

    /// Where its stream of orders is.
    fn stream(self) -> &'static str {
        match self {
            Self::Tastytrade => "/streamer",
            Self::Alpaca => "/trading/stream",
        }
    }

    /// What the gate asks before an order is sent.
    fn preview(self) -> (&'static str, &'static str) {
        match self {
            Self::Tastytrade => ("POST", "/orders/dry-run$"),
            Self::Alpaca => ("GET", "/v2/account$"),
        }
    }
}

/// All kinds, the first of which is none.
///
/// # Errors
/// A row that is no fault of the simulation's.
pub(super) fn all(broker: DrillBroker) -> anyhow::Result<Vec<BrokerTrouble>> {
    let (sent, single) = (("POST", "/orders$"), "/orders/");
    let (replaced, cancelled, looked_up) =
        ((broker.replaces_by(), single), ("DELETE", single), ("GET", "/orders"));
    let on = |(method, path): (&str, &str), action: Value| {
        with(action, &[("method", json!(method)), ("path", json!(path))])
    };
    let at_times = |fault: Value, times: u32| with(fault, &[("times", json!(times))]);
    let rows: Vec<(&'static str, Vec<Value>)> = vec![
        (BrokerTrouble::NONE, vec![]),
        ("order: answer lost", vec![on(sent, json!({"action": "lost_reply"}))]),
        ("order: answer cut", vec![on(sent, json!({"action": "cut_body", "after_bytes": 20}))]),
        ("order: request lost", vec![on(sent, json!({"action": "reset"}))]),
        ("order: 503", vec![on(sent, json!({"action": "status", "status": 503}))]),
        ("order: 429", vec![on(sent, json!({"action": "status", "status": 429, "retry_after": 1}))]),
        ("order: answer late", vec![on(sent, json!({"action": "latency", "milliseconds": 2_500}))]),
        ("order: rejected", vec![json!({"action": "reject_order", "reason": "the drill refuses it"})]),
        ("preview late", vec![on(broker.preview(), json!({"action": "latency", "milliseconds": 1_500}))]),
        ("filled in part", vec![json!({"action": "fill_parts", "units": ["1"]})]),
        (
            "filled in parts, in disorder",
            vec![json!({"action": "fill_parts", "units": ["1", "1"]}), json!({"action": "disordered_fills"})],
        ),
        ("cancel: filled all the same", vec![json!({"action": "fill_after_cancel"})]),
        ("cancel: filled in part", vec![json!({"action": "fill_after_cancel", "units": "1"})]),
        ("cancel: answer lost", vec![on(cancelled, json!({"action": "lost_reply"}))]),
        ("cancel: 503", vec![on(cancelled, json!({"action": "status", "status": 503}))]),
        ("replace: answer lost", vec![on(replaced, json!({"action": "lost_reply"}))]),
        ("replace: request lost", vec![on(replaced, json!({"action": "reset"}))]),
        ("replace: ignored", vec![json!({"action": "ignored_replace"})]),
        ("look-ups: 500", vec![at_times(on(looked_up, json!({"action": "status", "status": 500})), 3)]),
        (
            "look-ups: answer cut",
            vec![at_times(on(looked_up, json!({"action": "cut_body", "after_bytes": 30})), 3)],
        ),
        ("broker down 2 s", vec![json!({"action": "restart", "seconds": 2})]),
        ("broker down 6 s", vec![json!({"action": "restart", "seconds": 6})]),
        ("clock 90 s slow", vec![json!({"action": "clock_skew", "seconds": -90})]),
        ("clock 90 s fast", vec![json!({"action": "clock_skew", "seconds": 90})]),
        (
            "order stream cut",
            vec![with(json!({"action": "stream_reset"}), &[("path", json!(broker.stream()))])],
        ),
        (
            "order stream silent",
            vec![with(json!({"action": "silent_stream", "seconds": 5}), &[("path", json!(broker.stream()))])],
        ),
    ];
    rows.into_iter().map(|(name, faults)| trouble(broker, name, faults)).collect()
}

fn with(mut fault: Value, fields: &[(&str, Value)]) -> Value {
    for (name, value) in fields {
        fault[name] = value.clone();
    }
    fault
}

fn trouble(broker: DrillBroker, name: &'static str, faults: Vec<Value>) -> anyhow::Result<BrokerTrouble> {
    let lasts = faults.iter().all(|fault| fault["action"] == "clock_skew");
    let faults = faults
        .into_iter()
        .map(|fault| serde_json::from_value(with(fault, &[("service", json!(broker.name()))])))
        .collect::<Result<Vec<Fault>, _>>()
        .with_context(|| format!("the trouble {name:?}"))?;
    Ok(BrokerTrouble { name, faults, lasts })
}

/// Which trouble an entry has: each kind once in as many entries as there are kinds, in an order that the seed draws.
pub(super) fn of_entry(number: u32, kinds: usize, seed: u64) -> usize {
    let (block, place) = (u64::from(number) / kinds as u64, number as usize % kinds);
    let mut order: Vec<usize> = (0..kinds).collect();
    fastrand::Rng::with_seed(seed.wrapping_add(block)).shuffle(&mut order);
    order[place]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_row_is_a_fault_of_the_simulation() {
        for broker in [DrillBroker::Tastytrade, DrillBroker::Alpaca] {
            let all = all(broker).unwrap();
            assert_eq!(all.iter().filter(|trouble| trouble.faults.is_empty()).count(), 1);
            assert_eq!(all.iter().map(|trouble| trouble.name).collect::<BTreeSet<_>>().len(), all.len());
        }
    }

    #[test]
    fn every_kind_comes_once_a_round_and_the_seed_says_when() {
        let round = |from: u32, seed| (from..from + 7).map(|n| of_entry(n, 7, seed)).collect::<Vec<_>>();
        for from in [0, 7, 70] {
            assert_eq!(round(from, 3).into_iter().collect::<BTreeSet<_>>().len(), 7);
        }
        assert_eq!(round(0, 3), round(0, 3));
        assert_ne!(round(0, 3), round(0, 4));
    }
}
