//! A running simulation and a way to steer it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use ttai_core::Symbol;
use ttai_providers::tape::Tape;
use ttai_sim::server::faults::Fault;
use ttai_sim::server::{RunningSim, SimOptions, SimStart, start};

/// The market of seed 1, standing still an hour before its last close.
pub(crate) async fn sim() -> RunningSim {
    sim_at(None, 0.0).await
}

/// The market of seed 1 from a moment on, at a speed.
pub(crate) async fn sim_at(at: Option<DateTime<Utc>>, speed: f64) -> RunningSim {
    let source = tokio::task::spawn_blocking(|| {
        let cache = std::env::temp_dir().join("ttai-sim-markets");
        std::fs::create_dir_all(&cache).unwrap();
        let at = "2026-09-18T19:00:00Z".parse().unwrap();
        Tape::open(ttai_sim::market::cached(1, &cache, at).unwrap()).unwrap()
    })
    .await
    .unwrap();
    let listen = "127.0.0.1:0".parse().unwrap();
    let from = at.map_or(SimStart::Newest, SimStart::At);
    start(SimOptions { listen, source: Arc::new(source), start: from, speed, faults: Vec::new() })
        .await
        .unwrap()
}

/// Arms a fault, written as in a faults file.
pub(crate) fn arm(sim: &RunningSim, fault: &str) {
    let fault: Fault = serde_json::from_str(fault).unwrap();
    sim.state.faults.add(fault);
    sim.state.faults.apply_to(&sim.state.market);
}

/// A symbol of the simulated market.
pub(crate) fn symbol(text: &str) -> Symbol {
    Symbol::new(text).unwrap()
}
