//! `ttai drill day`: whole days of an invented market at speed. Everything that the schedules have for them is started at its market
//! time, while workers are killed; then what was due is compared with what is there.

mod findings;
mod kills;
mod play;
mod stories;

use std::process::ExitCode;

use chrono::NaiveDate;
use tokio::time::Instant;
use ttai_calendar::new_york_instant;

use self::findings::{Findings, print};
use self::play::Day;
use crate::cli::{DrillDayArgs, GlobalArgs};
use crate::output;
use crate::settings::Settings;

/// Market time at which a day of the drill begins and ends in New York: before its first schedule, after its last.
const BEGINS: (u32, u32) = (5, 50);
const ENDS: (u32, u32) = (23, 10);

/// Runs the drill.
///
/// # Errors
/// A step that does not come to its end.
pub(super) async fn day(global: &GlobalArgs, args: DrillDayArgs) -> anyhow::Result<ExitCode> {
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    let dates: Vec<NaiveDate> = args.date.iter_days().take(usize::try_from(args.days)?).collect();
    output::note(&format!("{} days from {}, {} kills, seed {seed}", args.days, args.date, args.kills));
    let began = Instant::now();
    let settings = Settings::load(global, None)?;
    let mut stage = Day::set(&settings, &dates, args.kills, seed).await?;
    for date in &dates {
        let (begin, end) =
            (new_york_instant(*date, BEGINS.0, BEGINS.1)?, new_york_instant(*date, ENDS.0, ENDS.1)?);
        stage.play(begin, end, f64::from(args.speed)).await?;
        output::note(&format!("{date}: {}", stage.said()));
    }
    let findings = Findings { seconds: began.elapsed().as_secs(), seed, ..stage.findings().await? };
    stage.strike().await?;
    if args.json {
        output::line(&serde_json::to_string(&findings)?);
    } else {
        print(&findings);
    }
    Ok(if findings.is_right() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
