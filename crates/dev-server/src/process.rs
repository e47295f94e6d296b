//! Processes that this program did not start itself: who they are, and how they are stopped.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sysinfo::{
    Pid, Process, ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, Signal, System, UpdateKind,
};

/// How far two readings of one start time may lie apart, in seconds: the value is derived from the time since boot, and
/// a correction of the clock moves it.
const START_TOLERANCE: u64 = 2;

/// When the process started, in seconds since 1970; `None` when there is no such process.
pub(crate) fn started_at(pid: u32) -> Option<u64> {
    let system = look_at(&[pid]);
    system.process(Pid::from_u32(pid)).filter(|process| lives(process)).map(Process::start_time)
}

/// Whether `pid` is still the Temporal server that was started at `started`, and not a later process with its number.
pub(crate) fn is_same_server(pid: u32, started: u64) -> bool {
    let system = look_at(&[pid]);
    system.process(Pid::from_u32(pid)).is_some_and(|process| {
        lives(process) && process.start_time().abs_diff(started) <= START_TOLERANCE && runs_start_dev(process)
    })
}

/// The Temporal server, of whatever origin, whose command line names this database.
pub(crate) fn server_on(database: &Path) -> Option<u32> {
    let system = look_at(&[]);
    let mut servers = system.processes().values().filter(|process| {
        lives(process) && runs_start_dev(process) && database_of(process).as_deref() == Some(database)
    });
    servers.next().map(|process| process.pid().as_u32())
}

/// Asks the process to stop, and kills it when it has not by `deadline`. True when it is gone.
pub(crate) async fn stop(pid: u32, deadline: Duration) -> bool {
    signal(pid, Signal::Term);
    if gone_within(pid, deadline).await {
        return true;
    }
    signal(pid, Signal::Kill);
    gone_within(pid, Duration::from_secs(5)).await
}

/// Sends a signal; where the system has no such signal (SIGTERM on Windows) the process is killed.
pub(crate) fn signal(pid: u32, signal: Signal) {
    let system = look_at(&[pid]);
    if let Some(process) = system.process(Pid::from_u32(pid))
        && process.kill_with(signal).is_none()
    {
        process.kill();
    }
}

async fn gone_within(pid: u32, deadline: Duration) -> bool {
    let end = Instant::now() + deadline;
    while started_at(pid).is_some() {
        if Instant::now() >= end {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    true
}

/// Reads the named processes, or all of them when none is named.
fn look_at(pids: &[u32]) -> System {
    let pids: Vec<Pid> = pids.iter().copied().map(Pid::from_u32).collect();
    let which = if pids.is_empty() { ProcessesToUpdate::All } else { ProcessesToUpdate::Some(&pids) };
    let mut system = System::new();
    let what = ProcessRefreshKind::nothing().with_cmd(UpdateKind::Always).with_cwd(UpdateKind::Always);
    system.refresh_processes_specifics(which, true, what.without_tasks());
    system
}

/// A process that has ended and waits for its parent to notice counts as gone.
fn lives(process: &Process) -> bool {
    !matches!(process.status(), ProcessStatus::Zombie | ProcessStatus::Dead)
}

fn runs_start_dev(process: &Process) -> bool {
    process.cmd().iter().any(|argument| argument == "start-dev")
}

fn database_of(process: &Process) -> Option<PathBuf> {
    let mut arguments =
        process.cmd().iter().skip_while(|argument| *argument != "--db-filename" && *argument != "-f");
    let path = Path::new(arguments.nth(1)?);
    Some(process.cwd().map_or_else(|| path.to_owned(), |folder| folder.join(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_lives_and_is_no_server() {
        let pid = std::process::id();
        let started = started_at(pid).unwrap();
        assert!(started > 1_600_000_000);
        assert!(!is_same_server(pid, started));
        assert_eq!(server_on(Path::new("/no/such/temporal.db")), None);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_process_is_known_by_start_time_and_command_and_can_be_stopped() {
        let mut child = std::process::Command::new("sh")
            .args(["-c", "read -r line", "sh", "start-dev", "--db-filename", "held.db"])
            .current_dir("/")
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let pid = child.id();
        let started = started_at(pid).unwrap();
        // The system shows a command line a moment after the process exists.
        let shown = async {
            while !is_same_server(pid, started) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), shown).await.unwrap();
        assert!(!is_same_server(pid, started - 60), "a reused process id");
        assert_eq!(server_on(Path::new("/held.db")), Some(pid));
        assert!(stop(pid, Duration::from_secs(10)).await);
        child.wait().unwrap();
        assert_eq!(started_at(pid), None);
    }
}
