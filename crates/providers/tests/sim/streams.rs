//! Several streams of one market as one, when the first choice is lost and comes back.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use ttai_ports::{DataSource, QuoteStream, StreamEvent, StreamGap, StreamKinds, StreamReader, StreamSymbol};
use ttai_providers::fallback::{StreamFallback, StreamPatience};
use ttai_providers::polling::{Polling, PollingIntervals};
use ttai_sim::server::RunningSim;

use crate::support::{arm, sim_at, symbol};
use crate::tastytrade::tastytrade;

/// Generous: the machine may be busy. No test waits for it to pass.
const DEADLINE: Duration = Duration::from_secs(60);

/// DXLink, else tastytrade's quotes asked for ten times a second.
fn streams(sim: &RunningSim) -> StreamFallback {
    let who =
        |name: &str| DataSource { name: name.to_owned(), simulated: true, description: name.to_owned() };
    let often = Duration::from_millis(100);
    let polling = Polling::over(Arc::new(tastytrade(sim)), PollingIntervals { quotes: often, chains: often });
    let stream: Arc<dyn QuoteStream> = Arc::new(crate::dxlink::client_with(sim, crate::dxlink::config()));
    let patience =
        StreamPatience { leave_after: Duration::from_millis(500), return_every: Duration::from_millis(500) };
    StreamFallback::new(vec![(who("dxlink"), stream), (who("polling"), Arc::new(polling))], patience)
}

/// The gap at which another stream is turned to.
async fn change(reader: &mut Box<dyn StreamReader>, to: &str) -> StreamGap {
    let wanted = format!("{to} is read");
    let search = async {
        loop {
            match reader.next().await.expect("the streams have ended") {
                StreamEvent::Gap(gap) if gap.reason.ends_with(&wanted) => return gap,
                _ => {}
            }
        }
    };
    timeout(DEADLINE, search).await.expect("no such gap came")
}

#[tokio::test]
#[allow(clippy::print_stdout, reason = "how long a recovery took is a result")]
async fn a_stream_that_stays_away_is_polled_for_until_it_is_back() {
    let start = "2026-09-17T14:30:00Z".parse().unwrap();
    let sim = sim_at(Some(start), 20.0).await;
    let all = streams(&sim);
    let share = StreamSymbol::Equity(symbol("AAPL"));
    let mut reader = all.subscribe(&[share], StreamKinds::ALL).await.unwrap();
    timeout(DEADLINE, reader.next()).await.expect("an event in time").expect("a stream that stands");
    assert_eq!(all.name(), "dxlink");

    let begun = std::time::Instant::now();
    arm(&sim, r#"{"service":"dxlink","action":"status","status":503,"times":1000000}"#);
    arm(&sim, r#"{"service":"dxlink","action":"stream_reset"}"#);
    let away = change(&mut reader, "polling").await;
    println!("polling after {:.2} s", begun.elapsed().as_secs_f64());
    assert!(away.from >= start && away.until >= away.from && away.symbols.is_empty(), "{away:?}");
    assert!(all.health().last_error.unwrap().starts_with("dxlink: "));

    sim.state.faults.remove(None, &sim.state.market);
    let begun = std::time::Instant::now();
    let back = change(&mut reader, "dxlink").await;
    println!("the stream again after {:.2} s", begun.elapsed().as_secs_f64());
    assert!(back.from >= away.until && back.until >= back.from, "{back:?}");
    let trouble = all.health().last_error.unwrap_or_default();
    assert!(all.name() == "dxlink" && !trouble.ends_with("polling is read"), "{trouble}");
    sim.shutdown().await;
}
