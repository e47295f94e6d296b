//! Operating system and processor in the words of Temporal's release archives.

use std::fmt;

/// A platform for which Temporal publishes the `temporal` command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Platform {
    os: &'static str,
    arch: &'static str,
}

impl Platform {
    /// The platform that this program runs on.
    pub fn current() -> Option<Self> {
        Self::from_rust(std::env::consts::OS, std::env::consts::ARCH)
    }

    /// The platform with Rust's names for system and processor, `None` where Temporal publishes no release.
    pub fn from_rust(os: &str, arch: &str) -> Option<Self> {
        let os = match os {
            "linux" => "linux",
            "macos" => "darwin",
            "windows" => "windows",
            _ => return None,
        };
        let arch = match arch {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            _ => return None,
        };
        Some(Self { os, arch })
    }

    /// Name of the release archive: `temporal_cli_1.5.1_linux_amd64.tar.gz`. Windows has a zip as well as this tar.gz
    /// (`.goreleaser.yml` of temporalio/cli, `windows-targz`), so one format serves every platform.
    pub fn archive_name(&self, version: &str) -> String {
        format!("temporal_cli_{version}_{}_{}.tar.gz", self.os, self.arch)
    }

    /// Name of the command inside the archive.
    pub fn executable_name(&self) -> &'static str {
        if self.os == "windows" { "temporal.exe" } else { "temporal" }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.os, self.arch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_named_as_temporal_names_them() {
        let name =
            |os, arch| Platform::from_rust(os, arch).map(|p| (p.archive_name("1.5.1"), p.executable_name()));
        assert_eq!(
            name("linux", "x86_64"),
            Some(("temporal_cli_1.5.1_linux_amd64.tar.gz".into(), "temporal"))
        );
        assert_eq!(
            name("macos", "aarch64"),
            Some(("temporal_cli_1.5.1_darwin_arm64.tar.gz".into(), "temporal"))
        );
        assert_eq!(
            name("windows", "x86_64"),
            Some(("temporal_cli_1.5.1_windows_amd64.tar.gz".into(), "temporal.exe"))
        );
        assert_eq!(name("freebsd", "x86_64"), None);
        assert_eq!(name("linux", "riscv64"), None);
    }
}
