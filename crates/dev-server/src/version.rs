//! `temporal --version`: run within a deadline, read, compared.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use crate::command;
use crate::error::BinaryProblem;

/// Version of the Temporal server inside a `temporal` command; pre-release suffixes are not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerVersion {
    /// First number.
    pub major: u32,
    /// Second number.
    pub minor: u32,
    /// Third number.
    pub patch: u32,
}

impl ServerVersion {
    /// Reads `1.29.1` or `1.30.0-148.4`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.splitn(3, '.');
        let major = numbers.next()?.parse().ok()?;
        let minor = numbers.next()?.parse().ok()?;
        let last = numbers.next()?;
        let digits = last.find(|c: char| !c.is_ascii_digit()).map_or(last, |end| &last[..end]);
        Some(Self { major, minor, patch: digits.parse().ok()? })
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// What a `temporal` command says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemporalVersion {
    /// Version of the command, `0.0.0-DEV` for one built without release flags.
    pub cli: String,
    /// Version of the server inside it, which is the one that matters.
    pub server: ServerVersion,
}

impl TemporalVersion {
    /// Reads `temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)`.
    pub(crate) fn parse(output: &str) -> Option<Self> {
        let rest = output.trim().strip_prefix("temporal version ")?;
        let (cli, parts) = rest.split_once(" (Server ")?;
        let server = parts.split([',', ')']).next()?;
        Some(Self { cli: cli.to_owned(), server: ServerVersion::parse(server)? })
    }
}

/// Runs `path --version` and refuses what does not answer in time, is no `temporal`, or holds a server below `minimum`.
pub(crate) async fn check(
    path: &Path,
    minimum: ServerVersion,
    deadline: Duration,
) -> Result<TemporalVersion, BinaryProblem> {
    let mut command = command::clean(path);
    command.arg("--version");
    let output = tokio::time::timeout(deadline, command::output(command))
        .await
        .map_err(|_| BinaryProblem::Silent { deadline })?
        .map_err(|source| BinaryProblem::CannotRun { reason: source.to_string() })?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(BinaryProblem::Failed { status: output.status.to_string(), said });
    }
    let version = TemporalVersion::parse(&text).ok_or(BinaryProblem::NotTemporal { said: text })?;
    if version.server < minimum {
        return Err(BinaryProblem::TooOld { found: version.server, minimum });
    }
    Ok(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_releases_builds_and_pre_releases() {
        let read = |text| TemporalVersion::parse(text).map(|v| (v.cli, v.server.to_string()));
        assert_eq!(
            read("temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)\n"),
            Some(("1.5.1".into(), "1.29.1".into()))
        );
        assert_eq!(
            read("temporal version 0.0.0-DEV (Server 1.30.0-148.4, UI 2.42.1)"),
            Some(("0.0.0-DEV".into(), "1.30.0".into()))
        );
        assert_eq!(read("tctl version 1.18"), None);
        assert_eq!(read("temporal version 1.5.1 (Server one, UI 2)"), None);
    }

    #[test]
    fn versions_compare_by_number_not_by_text() {
        let version = |text| ServerVersion::parse(text).unwrap();
        assert!(version("1.9.9") < version("1.29.0"));
        assert!(version("1.29.1") < version("2.0.0"));
    }
}
