//! Reads the reason for a failed start out of the server's log.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::process::ExitStatus;

use crate::data_dir::DataDir;
use crate::error::{DevServerError, PortRole};

/// How much of the log is shown.
const TAIL_BYTES: u64 = 4096;
const TAIL_LINES: usize = 15;

/// What the operating systems say of a port that is taken.
const PORT_TAKEN: [&str; 2] = ["address already in use", "Only one usage of each socket address"];
/// What SQLite says of a file that it cannot use; "no such table" is a database without Temporal's schema.
const BAD_DATABASE: [&str; 4] =
    ["file is not a database", "database disk image is malformed", "no such table", "no such column"];

/// Why a server ended before it served.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A port was taken between the choice and the server's bind; with other ports the start may work.
    PortTaken { port: Option<(u16, PortRole)>, said: String },
    /// Anything else: another attempt would fail alike.
    Final(DevServerError),
}

/// Sorts the failure by what the log says.
pub(crate) fn diagnose(status: ExitStatus, data_dir: &DataDir, port: u16, ui_port: Option<u16>) -> Failure {
    let log = data_dir.log();
    let log_tail = tail(&log);
    let line_with = |markers: &[&str]| {
        log_tail
            .lines()
            .rev()
            .find(|line| markers.iter().any(|marker| line.contains(marker)))
            .map(str::to_owned)
    };
    if let Some(said) = line_with(&PORT_TAKEN) {
        let named = |port: u16| said.contains(&format!(":{port}: ")) || said.contains(&format!(" {port}: "));
        let ui = ui_port.filter(|port| named(*port)).map(|port| (port, PortRole::Ui));
        let port = named(port).then_some((port, PortRole::Grpc)).or(ui);
        return Failure::PortTaken { port, said };
    }
    if line_with(&["database is locked"]).is_some() {
        return Failure::Final(DevServerError::DatabaseLocked { database: data_dir.database() });
    }
    if let Some(detail) = line_with(&BAD_DATABASE) {
        return Failure::Final(DevServerError::DatabaseUnusable { database: data_dir.database(), detail });
    }
    Failure::Final(DevServerError::ExitedEarly { status: status.to_string(), log, log_tail })
}

/// The last lines of a log; empty when it cannot be read.
pub(crate) fn tail(log: &Path) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    fn diagnosis(log: &str) -> Failure {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = DataDir::create(folder.path()).unwrap();
        std::fs::write(data_dir.log(), log).unwrap();
        diagnose(ExitStatus::from_raw(256), &data_dir, 7233, Some(8233))
    }

    #[test]
    fn a_taken_port_is_recognised_with_its_role() {
        let port = |log: &str| match diagnosis(log) {
            Failure::PortTaken { port, .. } => port,
            Failure::Final(error) => panic!("{error}"),
        };
        let said = |what, port| {
            format!(
                "level=ERROR msg=\"can't set {what} port {port}: listen tcp 127.0.0.1:{port}: bind: address already in use\"\n"
            )
        };
        assert_eq!(port(&said("frontend", 7233)), Some((7233, PortRole::Grpc)));
        assert_eq!(port(&said("UI", 8233)), Some((8233, PortRole::Ui)));
        assert_eq!(port("listen tcp 127.0.0.1:40001: bind: address already in use"), None);
    }

    #[test]
    fn database_failures_are_told_apart() {
        let failure = |said: &str| match diagnosis(&format!("msg=\"failed creating namespaces: {said}\"\n")) {
            Failure::Final(error) => error,
            Failure::PortTaken { said, .. } => panic!("{said}"),
        };
        assert!(matches!(
            failure("database is locked (5) (SQLITE_BUSY)"),
            DevServerError::DatabaseLocked { .. }
        ));
        for said in ["file is not a database (26)", "SQL logic error: no such table: namespaces (1)"] {
            assert!(matches!(failure(said), DevServerError::DatabaseUnusable { .. }));
        }
        let error = failure("something new");
        assert!(matches!(error, DevServerError::ExitedEarly { .. }));
        assert!(error.to_string().contains("something new"));
    }

    #[test]
    fn only_the_end_of_a_long_log_is_shown() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        std::fs::write(&log, (0..10_000).map(|line| format!("line {line}\n")).collect::<String>()).unwrap();
        let shown = tail(&log);
        assert_eq!(shown.lines().count(), TAIL_LINES);
        assert!(shown.ends_with("line 9999"));
        assert_eq!(tail(&folder.path().join("absent")), "");
    }
}
