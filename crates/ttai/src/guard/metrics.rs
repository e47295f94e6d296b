//! The guard's numbers in the Prometheus text format 0.0.4.

use std::fmt::Write as _;

use ttai_activities::{WatchedShard, watched_shards};

use super::report::Report;

/// What the guard saw last and how this process's watches are; nothing before its first look.
#[must_use]
pub fn render() -> String {
    rendered(Report::fresh().as_ref(), &watched_shards())
}

fn rendered(report: Option<&Report>, shards: &[WatchedShard]) -> String {
    let mut text = String::new();
    if let Some(report) = report {
        let troubles = report.troubles().len() as f64;
        gauge(&mut text, "ttai_guard_troubles", "What the guard finds wrong.", &[(None, troubles)]);
        let age = report.age().as_secs_f64();
        gauge(&mut text, "ttai_guard_last_look_seconds", "Since the guard's last look.", &[(None, age)]);
        if let Some(store) = &report.store {
            deliveries(&mut text, store);
        }
    }
    let of = |number: fn(&WatchedShard) -> f64| -> Vec<(Option<&str>, f64)> {
        shards.iter().map(|shard| (Some(shard.name.as_str()), number(shard))).collect()
    };
    gauge(
        &mut text,
        "ttai_shard_last_event_seconds",
        "Since the stream brought a shard's last event.",
        &of(|shard| shard.since_event.as_secs_f64()),
    );
    gauge(
        &mut text,
        "ttai_shard_last_heartbeat_seconds",
        "Since the server last acknowledged a shard's watch.",
        &of(|shard| shard.since_answer.as_secs_f64()),
    );
    gauge(
        &mut text,
        "ttai_shard_blind",
        "1 while a shard's alerts see nothing.",
        &of(|shard| f64::from(u8::from(shard.blind_since.is_some()))),
    );
    text
}

fn deliveries(text: &mut String, store: &super::look::StoreLook) {
    let backlog = &store.backlog;
    let seconds = |since: Option<chrono::DateTime<chrono::Utc>>| {
        since.map_or(0.0, |since| (store.at - since).as_seconds_f64().max(0.0))
    };
    let all = [
        ("ttai_deliveries_open", "Deliveries that are to be made.", backlog.open as f64),
        ("ttai_deliveries_held", "Deliveries that wait for a digest.", backlog.held as f64),
        (
            "ttai_deliveries_oldest_seconds",
            "Age of the oldest message among the open.",
            seconds(backlog.oldest),
        ),
        ("ttai_deliveries_overdue_seconds", "Since the first of the open was due.", seconds(backlog.due)),
    ];
    for (name, help, value) in all {
        gauge(text, name, help, &[(None, value)]);
    }
}

/// One gauge with its series by shard; nothing where there is none.
fn gauge(text: &mut String, name: &str, help: &str, series: &[(Option<&str>, f64)]) {
    if series.is_empty() {
        return;
    }
    // Writing to a String does not fail.
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
    for (shard, value) in series {
        let escaped = shard.map(|shard| shard.replace('\\', r"\\").replace('"', "\\\""));
        let labels = escaped.map(|shard| format!("{{shard=\"{shard}\"}}")).unwrap_or_default();
        let _ = writeln!(text, "{name}{labels} {value}");
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_shards_numbers_are_rendered_as_prometheus_reads_them() {
        let shard = WatchedShard {
            name: "price-alerts/a\"b/shard-0".to_owned(),
            since_event: Duration::from_millis(1_500),
            since_answer: Duration::from_secs(9),
            blind_since: "2026-09-18T15:00:00Z".parse().ok(),
        };
        let text = rendered(None, &[shard]);
        for line in [
            "# TYPE ttai_shard_last_event_seconds gauge",
            r#"ttai_shard_last_event_seconds{shard="price-alerts/a\"b/shard-0"} 1.5"#,
            r#"ttai_shard_last_heartbeat_seconds{shard="price-alerts/a\"b/shard-0"} 9"#,
            r#"ttai_shard_blind{shard="price-alerts/a\"b/shard-0"} 1"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in:\n{text}");
        }
        assert_eq!(rendered(None, &[]), "");
    }
}
