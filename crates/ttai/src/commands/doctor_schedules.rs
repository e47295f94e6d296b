//! What `ttai doctor` finds about schedules: whether the server has those of the configuration.

use ttai_client::{ClientError, ScheduleOutcome, TtaiClient};

use super::doctor::Check;
use crate::schedules::{self, SchedulePlan};
use crate::settings::Settings;

const WHAT: &str = "schedules";

/// Compares the server with the configuration, and changes nothing.
pub(super) async fn check(settings: &Settings, client: &TtaiClient) -> Check {
    match Found::on(client, &schedules::plan_now(settings, client)).await {
        Ok(found) => found.into_check(),
        Err(error) => Check::bad(WHAT, format!("they cannot be compared with the configuration: {error}")),
    }
}

/// How the server's schedules stand beside those that are wanted.
#[derive(Default)]
struct Found {
    wanted: usize,
    missing: Vec<String>,
    different: Vec<String>,
    /// Switched off in the configuration, and still there.
    switched_off: Vec<String>,
    /// Paused by somebody, with the note.
    paused: Vec<String>,
}

impl Found {
    async fn on(client: &TtaiClient, plan: &SchedulePlan) -> Result<Self, ClientError> {
        let report = schedules::compare(client, plan, false).await?;
        let mut found = Self { wanted: plan.wanted.len(), switched_off: report.deleted, ..Self::default() };
        for schedule in report.schedules {
            match schedule.outcome {
                ScheduleOutcome::Created => found.missing.push(schedule.id),
                ScheduleOutcome::Updated(_) => found.different.push(schedule.id),
                ScheduleOutcome::Unchanged => {}
            }
        }
        for planned in plan.wanted.iter().filter(|planned| planned.wanted.paused.is_none()) {
            let there = client.schedule(&planned.wanted.id).await?;
            if let Some(paused) = there.filter(|schedule| schedule.paused) {
                let note = if paused.note.is_empty() { String::new() } else { format!(" ({})", paused.note) };
                found.paused.push(format!("{}{note}", paused.id));
            }
        }
        Ok(found)
    }

    fn into_check(self) -> Check {
        let named = |what: &str, names: &[String], command: &str| {
            (!names.is_empty()).then(|| format!("{what}: {}; {command}", names.join(", ")))
        };
        let apply = "run `ttai schedule apply`";
        let wrong = [
            named("missing", &self.missing, apply),
            named("not as configured", &self.different, "see how: `ttai schedule apply --dry-run`"),
            named("switched off and still there", &self.switched_off, apply),
            named("paused by hand", &self.paused, "run `ttai schedule resume NAME`"),
        ];
        let wrong: Vec<String> = wrong.into_iter().flatten().collect();
        if wrong.is_empty() {
            return Check::good(WHAT, format!("{} as configured", self.wanted));
        }
        Check::note(WHAT, wrong.join(" · "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::Health;

    #[test]
    fn what_differs_is_named_with_what_to_run() {
        let names = |names: &[&str]| names.iter().copied().map(str::to_owned).collect::<Vec<_>>();
        let good = Found { wanted: 12, ..Found::default() }.into_check();
        assert_eq!((good.health, good.finding.as_str()), (Health::Good, "12 as configured"));
        let found = Found {
            wanted: 3,
            missing: names(&["hourly-sync", "retention"]),
            paused: names(&["daily-report (on holiday)"]),
            ..Found::default()
        };
        let check = found.into_check();
        assert_eq!(check.health, Health::Note);
        let expected = "missing: hourly-sync, retention; run `ttai schedule apply` · paused by hand: daily-report \
            (on holiday); run `ttai schedule resume NAME`";
        assert_eq!(check.finding, expected);
    }
}
