//! Counts and durations of calls, for the worker's metrics page.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Upper bounds of the duration buckets, in seconds.
const BUCKETS: [f64; 9] = [0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

#[derive(Clone, Debug, Default)]
struct Calls {
    buckets: [u64; BUCKETS.len()],
    count: u64,
    seconds: f64,
}

type Key = (String, &'static str, &'static str);

static CALLS: Mutex<BTreeMap<Key, Calls>> = Mutex::new(BTreeMap::new());

/// Counts one call. `outcome` is one of `ok`, `unavailable`, `rate_limited`, `refused`, `authentication`, `corrupt`,
/// `unknown`.
pub fn record(provider: &str, operation: &'static str, outcome: &'static str, took: Duration) {
    let mut calls = CALLS.lock().unwrap_or_else(PoisonError::into_inner);
    let entry = calls.entry((provider.to_owned(), operation, outcome)).or_default();
    entry.count += 1;
    entry.seconds += took.as_secs_f64();
    for (bucket, bound) in entry.buckets.iter_mut().zip(BUCKETS) {
        *bucket += u64::from(took.as_secs_f64() <= bound);
    }
}

/// All calls of this process in the Prometheus text format 0.0.4: `ttai_provider_call_seconds` as a histogram.
#[must_use]
pub fn render() -> String {
    let calls = CALLS.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut text = String::from(
        "# HELP ttai_provider_call_seconds Calls to providers by operation and outcome.\n# TYPE ttai_provider_call_seconds histogram\n",
    );
    for ((provider, operation, outcome), entry) in &calls {
        let labels = format!("provider=\"{provider}\",operation=\"{operation}\",outcome=\"{outcome}\"");
        for (bucket, bound) in entry.buckets.iter().zip(BUCKETS) {
            let _ = writeln!(text, "ttai_provider_call_seconds_bucket{{{labels},le=\"{bound}\"}} {bucket}");
        }
        let _ = writeln!(text, "ttai_provider_call_seconds_bucket{{{labels},le=\"+Inf\"}} {}", entry.count);
        let _ = writeln!(text, "ttai_provider_call_seconds_sum{{{labels}}} {}", entry.seconds);
        let _ = writeln!(text, "ttai_provider_call_seconds_count{{{labels}}} {}", entry.count);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_outcome() {
        record("test-provider", "quotes", "ok", Duration::from_millis(20));
        record("test-provider", "quotes", "ok", Duration::from_secs(3));
        let text = render();
        let line = "provider=\"test-provider\",operation=\"quotes\",outcome=\"ok\"";
        assert!(text.contains(&format!("_bucket{{{line},le=\"0.05\"}} 1\n")), "{text}");
        assert!(text.contains(&format!("_count{{{line}}} 2\n")), "{text}");
    }
}
