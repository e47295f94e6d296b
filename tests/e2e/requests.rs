//! What a workflow is asked where a test asks all of them. Most need a symbol only; one that needs more has its line here.

use serde_json::{Value, json};
use ttai_contract::{DeliveryParams, PositionMonitorParams, QuoteStreamParams, WorkflowParams, workflow};

/// The smallest request of the workflow of that type: about AAPL, or whatever the default user has.
pub(crate) fn request(workflow: &str) -> Value {
    if workflow == QuoteStreamParams::WORKFLOW {
        return json!({"symbols": ["AAPL"]});
    }
    if is_entity(workflow) {
        return json!({});
    }
    // Two candidates, of which the one that fits the capital is analysed in full.
    let screen = json!({
        "symbols": ["AAPL", "F"], "min_roc_weekly": 0.05, "min_open_interest": 1, "max_spread_pct": 60.0,
        "account": {"capital": 200_000.0},
    });
    match workflow {
        "CSPScreenerWorkflow" => return screen,
        "ScreenerWorkflow" => return json!({"symbols": ["AAPL", "F"]}),
        "ScheduledScreenerWorkflow" => {
            return json!({"screener_params": screen, "notify_channels": ["log"]});
        }
        "AutoRunScreenersWorkflow" => return json!({}),
        "SyncSourceWorkflow" => return json!({"source_name": "earnings", "resources": ["AAPL"]}),
        "ScheduledSyncWorkflow" => {
            return json!({"sources": [{"source_name": "earnings", "resources": ["AAPL"]}]});
        }
        "RunReportWorkflow" => return json!({"report_name": "daily_report", "channel": "log"}),
        "RetentionWorkflow" | "UpdateJournalWorkflow" => return json!({}),
        // Without an order: nobody approves it.
        "DailyTradingWorkflow" => return json!({"strategy": "csp_entry", "dry_run": true}),
        // Nobody holds it: somebody closed it at the broker.
        "PositionMonitorWorkflow" => {
            return json!({
                "id": "gone", "account_id": "", "expiration": "2026-12-18", "quantity": 1, "entry_credit": "1.00",
                "legs": [{"instrument": "AAPL  261218P00200000", "action": "sell_to_open", "ratio": 1}],
                "opened_at": "2026-09-18T14:00:00Z",
            });
        }
        _ => {}
    }
    let mut request = json!({"symbol": "AAPL"});
    if workflow == "AnalysisWorkflow" {
        request["type"] = json!("full_analysis");
    }
    request
}

/// The same under a key: of an entity there is one a user, and the key is the user.
pub(crate) fn request_of(workflow: &str, key: &str) -> Value {
    let mut request = request(workflow);
    if is_entity(workflow) {
        request["user_id"] = json!(key);
    }
    // A position has one watch.
    if workflow == PositionMonitorParams::WORKFLOW {
        request["id"] = json!(key);
    }
    request
}

/// Whether the workflow lives until it is shut down.
pub(crate) fn is_entity(name: &str) -> bool {
    let start = workflow(name).and_then(|entry| (entry.prepare)(vec![json!({})], "k").ok());
    start.is_some_and(|start| start.execution_timeout.is_none())
}

/// Whether it comes to an end once its first turn is over: it waits for nothing that goes on.
pub(crate) fn comes_to_an_end(name: &str) -> bool {
    !is_entity(name) || name == DeliveryParams::WORKFLOW
}

/// How a case of the workflow is called: `chart-analysis` of `ChartAnalysisWorkflow`, `csp-screener` of `CSPScreenerWorkflow`.
pub(crate) fn case_name(workflow: &str) -> String {
    let letters: Vec<char> = workflow.trim_end_matches("Workflow").chars().collect();
    let mut name = String::new();
    for (place, letter) in letters.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|before| letters.get(before));
        let begins = before.is_some_and(char::is_ascii_lowercase)
            || letters.get(place + 1).is_some_and(char::is_ascii_lowercase);
        if letter.is_ascii_uppercase() && before.is_some() && begins {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}
