//! The search attributes that every run carries: registered before a worker polls, and again where the server lost them.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context, bail};
use temporalio_client::Client;
use temporalio_client::tonic::Request;
use temporalio_protos::temporal::api::enums::v1::IndexedValueType;
use temporalio_protos::temporal::api::operatorservice::v1::{
    AddSearchAttributesRequest, ListSearchAttributesRequest,
};
use tokio::time::MissedTickBehavior;
use ttai_activities::Shutdown;
use ttai_contract::search_attributes;

/// How often a running worker looks whether they are still registered. The call is small, and no billable action.
const CHECK_EVERY: Duration = Duration::from_secs(10);

/// One failure after another that is no chance.
const FAILURES_OF_AN_OUTAGE: u32 = 2;

/// Registers them again whenever they are missing, until `shutdown` begins. A server that comes back without its state
/// refuses every workflow task that sets one, and tries it again until it succeeds.
pub(crate) async fn watch(client: Client, shutdown: Shutdown) {
    let mut tick = tokio::time::interval(CHECK_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick.tick().await; // The first is due at once, and `ensure` has just been there.
    let mut failures = 0_u32;
    loop {
        tokio::select! {
            () = shutdown.begun() => return,
            _ = tick.tick() => {}
        }
        match ensure(&client).await {
            Ok(registered) if registered.is_empty() => failures = 0,
            Ok(registered) => {
                failures = 0;
                tracing::warn!(
                    "the server had lost search attributes; registered again: {}",
                    registered.join(", ")
                );
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                // A server closes every connection after some minutes, and what is in flight then fails once. An outage is said once.
                if failures == FAILURES_OF_AN_OUTAGE {
                    tracing::warn!("search attributes cannot be checked: {error:#}");
                }
            }
        }
    }
}

/// Registers the search attributes that are missing and returns their names.
///
/// # Errors
/// A server that does not answer, or does not let us register them: the message says which command to run.
pub(crate) async fn ensure(client: &Client) -> anyhow::Result<Vec<String>> {
    let namespace = client.options().namespace.clone();
    let missing = missing(client).await?;
    if missing.is_empty() {
        return Ok(missing);
    }
    let keyword = IndexedValueType::Keyword as i32;
    let search_attributes: HashMap<String, i32> =
        missing.iter().map(|name| (name.clone(), keyword)).collect();
    let request = AddSearchAttributesRequest { search_attributes, namespace: namespace.clone() };
    let outcome = within(
        "register search attributes",
        client.connection().operator_service().add_search_attributes(Request::new(request)),
    )
    .await?;
    outcome.with_context(|| {
        let names: Vec<String> = missing.iter().map(|name| format!("--name {name} --type Keyword")).collect();
        format!(
            "the namespace '{namespace}' lacks search attributes and does not let ttai register them; run: temporal operator search-attribute create --namespace {namespace} {}",
            names.join(" ")
        )
    })?;
    Ok(missing)
}

/// The search attributes that the namespace lacks.
///
/// # Errors
/// A server that does not answer, or an attribute of another type.
pub async fn missing(client: &Client) -> anyhow::Result<Vec<String>> {
    let request = ListSearchAttributesRequest { namespace: client.options().namespace.clone() };
    let answer = within(
        "list search attributes",
        client.connection().operator_service().list_search_attributes(Request::new(request)),
    )
    .await?
    .context("the server does not list its search attributes")?
    .into_inner();
    let mut missing = Vec::new();
    for name in search_attributes::KEYWORDS {
        match answer.custom_attributes.get(name) {
            None => missing.push(name.to_owned()),
            Some(kind) if *kind == IndexedValueType::Keyword as i32 => {}
            Some(_) => bail!(
                "the search attribute {name} exists with another type than Keyword; remove or rename it"
            ),
        }
    }
    Ok(missing)
}

async fn within<T>(call: &str, work: impl Future<Output = T>) -> anyhow::Result<T> {
    tokio::time::timeout(Duration::from_secs(15), work)
        .await
        .with_context(|| format!("no answer from the server to: {call}"))
}
