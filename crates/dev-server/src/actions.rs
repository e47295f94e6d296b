//! The actions that a server has counted, which are what Temporal Cloud bills: read from its Prometheus metrics.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::error::DevServerError;
use crate::probe;

/// How long a reading may take; it takes two seconds at most unless the machine is busy.
const WITHIN: Duration = Duration::from_secs(30);
/// How often the counters are looked at until they are published.
const READ_EVERY: Duration = Duration::from_millis(50);
/// The server's counter.
const COUNTER: &str = "action{";

/// Actions of one namespace by kind, as the server names them: `grpc_StartWorkflowExecution`,
/// `command_ScheduleActivityTask`, `grpc_QueryWorkflow`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Actions(BTreeMap<String, u64>);

impl Actions {
    /// All kinds together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// The kinds and how often each was counted.
    pub fn kinds(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(kind, count)| (kind.as_str(), *count))
    }

    /// What was counted after `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let before = |kind: &str| earlier.0.get(kind).copied().unwrap_or_default();
        let later = self.0.iter().map(|(kind, count)| (kind.clone(), count.saturating_sub(before(kind))));
        Self(later.filter(|(_, count)| *count > 0).collect())
    }
}

/// Where a server's counters are read, and how it is made to count.
pub(crate) struct Meter {
    /// Address of the metrics.
    pub(crate) url: String,
    /// Address of the gRPC service.
    pub(crate) server: String,
    /// Whose actions count.
    pub(crate) namespace: String,
}

impl Meter {
    /// Reads the actions that were counted before this call.
    ///
    /// The server publishes its counters once a second. A request of ours that has been published shows that it did so
    /// since; and a second one, that this was not the end of a publication which had already passed the actions by.
    pub(crate) async fn read(&self) -> Result<Actions, DevServerError> {
        let failed = |reason: String| DevServerError::Metrics { url: self.url.clone(), reason };
        // The client wants one even for plain HTTP. A second installation fails and changes nothing.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client =
            reqwest::Client::builder().no_proxy().build().map_err(|error| failed(error.to_string()))?;
        let counted = async {
            let mut text = self.text(&client).await?;
            for _ in 0..2 {
                let published = requests(&text);
                probe::serves(&self.server, &self.namespace, WITHIN).await?;
                while requests(&text) == published {
                    tokio::time::sleep(READ_EVERY).await;
                    text = self.text(&client).await?;
                }
            }
            parse(&text, &self.namespace)
        };
        tokio::time::timeout(WITHIN, counted)
            .await
            .unwrap_or_else(|_| Err(format!("nothing new within {} s", WITHIN.as_secs())))
            .map_err(failed)
    }

    async fn text(&self, client: &reqwest::Client) -> Result<String, String> {
        let answer = async { client.get(&self.url).send().await?.error_for_status()?.text().await };
        answer.await.map_err(|error| error.to_string())
    }
}

/// The lines that count the requests to the server.
fn requests(text: &str) -> Vec<String> {
    text.lines().filter(|line| line.starts_with("service_requests{")).map(str::to_owned).collect()
}

/// Reads the counter out of the text format.
fn parse(text: &str, namespace: &str) -> Result<Actions, String> {
    let mut actions = BTreeMap::new();
    for line in text.lines() {
        let Some((labels, value)) = line.strip_prefix(COUNTER).and_then(|rest| rest.rsplit_once("} ")) else {
            continue;
        };
        if label(labels, "namespace") != Some(namespace) {
            continue;
        }
        let kind = label(labels, "action_type").ok_or_else(|| format!("an action without a kind: {line}"))?;
        let count: f64 = value.trim().parse().map_err(|_| format!("a count that is no number: {line}"))?;
        *actions.entry(kind.to_owned()).or_default() += count as u64;
    }
    Ok(Actions(actions))
}

/// The value of one label; the server's names and kinds have no quotes and no commas in them.
fn label<'a>(labels: &'a str, name: &str) -> Option<&'a str> {
    labels
        .split(',')
        .filter_map(|pair| pair.split_once('='))
        .find_map(|(found, value)| (found.trim() == name).then(|| value.trim_matches('"')))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"# TYPE action counter
action{action_type="grpc_StartWorkflowExecution",namespace="default",operation="StartWorkflowExecution",service_name="frontend"} 2
action{action_type="grpc_StartWorkflowExecution",namespace="temporal_system",operation="StartWorkflowExecution",service_name="frontend"} 7
action{action_type="command_ScheduleActivityTask",namespace="default",operation="RespondWorkflowTaskCompleted",service_name="frontend"} 8
action{action_type="command_ScheduleActivityTask",namespace="default",operation="Other",service_name="frontend"} 1e+01
action_retries{namespace="default"} 5
"#;

    #[test]
    fn the_namespace_and_its_kinds_are_counted() {
        let actions = parse(TEXT, "default").unwrap();
        assert_eq!(
            actions.kinds().collect::<Vec<_>>(),
            [("command_ScheduleActivityTask", 18), ("grpc_StartWorkflowExecution", 2)]
        );
        assert_eq!(actions.total(), 20);
        assert_eq!(parse(TEXT, "other").unwrap(), Actions::default());
    }

    #[test]
    fn the_difference_names_only_what_was_added() {
        let earlier = parse(TEXT, "default").unwrap();
        let later = parse(&TEXT.replace("} 8", "} 11"), "default").unwrap();
        assert_eq!(later.since(&earlier).kinds().collect::<Vec<_>>(), [("command_ScheduleActivityTask", 3)]);
        assert_eq!(earlier.since(&earlier).total(), 0);
    }

    #[test]
    fn a_counter_that_cannot_be_read_is_an_error() {
        assert!(parse("action{namespace=\"default\"} 1", "default").is_err());
        assert!(parse("action{action_type=\"a\",namespace=\"default\"} many", "default").is_err());
    }
}
