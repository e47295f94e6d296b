//! Schedules as they are configured.

use ttai_client::ScheduleOverlap;

use super::*;

fn planned(text: &str) -> SchedulePlan {
    let config = ttai_config::of_text(text);
    assert_eq!(config.problems, [], "{text}");
    plan(&config, true, "2026-11-24T12:00:00Z".parse().unwrap())
}

fn wrong(text: &str) -> Vec<(String, &'static str, String)> {
    problems(&ttai_config::of_text(text))
}

#[test]
fn built_in_schedules_are_used_once_their_workflow_is_there() {
    let known = |name: &str| BUILT_IN.schedules[name].workflow.clone().unwrap();
    assert_eq!(BUILT_IN.problems, []);
    let plan = planned("");
    for planned in &plan.wanted {
        assert_eq!(planned.wanted.start.workflow, known(&planned.wanted.id));
        assert!(planned.wanted.start.execution_timeout.is_some(), "{}", planned.wanted.id);
    }
    for (name, why) in &plan.left_out {
        assert!(workflow(&known(name)).is_none(), "{name} does not fit its workflow: {why}");
    }
    assert_eq!(plan.wanted.len() + plan.left_out.len(), BUILT_IN.schedules.len());
}

#[test]
fn what_is_set_replaces_the_built_in_key_and_nothing_else() {
    let plan = planned(
        "[schedules.scan]\nworkflow = \"FullAnalysisWorkflow\"\ninput = { symbol = \"AAPL\" }\ntime = \"close-1h\"\n\
         overlap = \"buffer_one\"\n[schedules.weekly-review]\nenabled = false\n",
    );
    assert_eq!(plan.disabled, ["weekly-review"]);
    let scan = plan.wanted.iter().find(|planned| planned.wanted.id == "scan").unwrap();
    assert_eq!(scan.words(), "close-1h, sessions");
    assert_eq!(scan.wanted.overlap, ScheduleOverlap::BufferOne);
    assert_eq!(scan.wanted.start.summary, "AAPL · full analysis · csp");
    let next = scan.next("2026-11-25T21:00:00Z".parse().unwrap(), 1);
    assert_eq!(next, ["2026-11-27T17:00:00Z".parse::<DateTime<Utc>>().unwrap()], "an hour before 13:00");
}

#[test]
fn what_cannot_be_scheduled_is_refused_by_key() {
    let own = |keys: &str| format!("[schedules.own]\n{keys}");
    let full = "workflow = \"FullAnalysisWorkflow\"\ninput = { symbol = \"AAPL\" }\n";
    for (keys, key) in [
        ("time = \"09:35\"".to_owned(), "workflow"),
        ("workflow = \"FullAnalisisWorkflow\"\ntime = \"09:35\"".to_owned(), "workflow"),
        ("workflow = \"PriceAlertWorkflow\"\ntime = \"09:35\"".to_owned(), "workflow"),
        ("workflow = \"FullAnalysisWorkflow\"\ntime = \"09:35\"".to_owned(), "input"),
        (full.to_owned(), "time"),
        (format!("{full}time = \"noon\""), "time"),
        (format!("{full}time = \"09:35\"\nuntil = \"close\""), "until"),
        (format!("{full}time = \"09:35\"\nevery = \"1h\""), "every"),
        (format!("{full}time = \"09:35\"\nuntil = \"close\"\nevery = \"90s\""), "every"),
        (format!("{full}time = \"close\"\ntime_zone = \"Europe/Berlin\""), "time_zone"),
        (format!("{full}time = \"09:35\"\ndays = [\"sessions\", \"mon\"]"), "days"),
    ] {
        let found = wrong(&own(&keys));
        assert_eq!(found.iter().map(|problem| problem.1).collect::<Vec<_>>(), [key], "{keys}: {found:?}");
    }
    assert_eq!(wrong(&own(&format!("{full}every = \"4h\"\ndays = \"all\""))), []);
    // Somebody moves a built-in schedule whose workflow this program does not have.
    assert_eq!(wrong("[schedules.morning-csp-scan]\ntime = \"10:00\""), []);
    assert_eq!(
        wrong("[schedules.morning-csp-scan]\ntime = \"10\"").len(),
        usize::from(workflow("ScheduledScreenerWorkflow").is_some())
    );
}

#[test]
fn a_market_with_its_own_time_begins_paused() {
    let config = ttai_config::of_text(
        "[schedules.scan]\nworkflow = \"FullAnalysisWorkflow\"\ninput = { symbol = \"AAPL\" }\ntime = \"10:00\"\n",
    );
    let now = "2026-11-24T12:00:00Z".parse().unwrap();
    let paused = |keeps_time: bool| {
        let plan = plan(&config, keeps_time, now);
        plan.wanted.into_iter().find(|planned| planned.wanted.id == "scan").unwrap().wanted.paused
    };
    assert_eq!(paused(true), None);
    assert!(paused(false).is_some());
}
