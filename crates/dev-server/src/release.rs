//! Which releases of the Temporal CLI are fetched, from where, and what is known of their archives.

use crate::platform::Platform;

/// How a release is come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Its official archive.
    Download,
    /// `go install`, which checks the sources against Go's checksum database.
    GoInstall,
}

/// A release that is fetched where none is installed.
struct Pinned {
    way: Way,
    /// Version of the CLI; it says nothing about the version of the server inside.
    cli: &'static str,
    /// SHA-256 of the archives by platform, so that not even their publisher can change them unnoticed. Where a platform
    /// has none, `checksums.txt` beside the archives decides.
    sha256: &'static [(&'static str, &'static str)],
}

/// One row a way. Releases after 1.5.1 have a replace directive in their go.mod, which `go install` refuses.
const PINNED: [Pinned; 2] = [
    Pinned {
        way: Way::Download,
        cli: "1.9.1", // server 1.32.0
        sha256: &[
            ("linux_amd64", "09a0326a51db84d02735e53542b9ebd8c4758daf47482a9ab0abce15844e60d5"),
            ("linux_arm64", "6c57c352d52fc3df34412376fd9ba6f74b7e3ace8e426e6cba8600156d36a145"),
            ("darwin_amd64", "48cdd6c84c56e27ae8e4d9a47052b89289a9c552dee029b49dd312c6fb72873f"),
            ("darwin_arm64", "41e0425378fcb4fb5766340b97435e20fe47bbff2d7bf644ec2d51f7662b7c56"),
            ("windows_amd64", "42637464c337a3da203fbd4e8c688e4b2d511fd42bd19c337c0422e923a7b619"),
        ],
    },
    Pinned { way: Way::GoInstall, cli: "1.5.1", sha256: &[] }, // server 1.29.1
];

/// What is downloaded, and what is built where the download fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Version of the CLI that is downloaded, without the leading `v`.
    pub version: String,
    /// Folder of the release folders; archives lie at `{base_url}/v{version}/`. A mirror is laid out in the same way.
    pub base_url: String,
    /// Version of the CLI that `go install` builds, without the leading `v`.
    pub go_version: String,
}

impl Release {
    /// The releases that ttai is tested with, from where their makers publish them.
    pub fn pinned() -> Self {
        Self {
            version: pinned(Way::Download),
            base_url: "https://github.com/temporalio/cli/releases/download".to_owned(),
            go_version: pinned(Way::GoInstall),
        }
    }

    /// Address of a file of the downloaded release.
    pub(crate) fn url(&self, file: &str) -> String {
        format!("{}/v{}/{file}", self.base_url.trim_end_matches('/'), self.version)
    }

    /// SHA-256 of the archive for `platform` in hexadecimal, where it is known.
    pub(crate) fn built_in_checksum(&self, platform: Platform) -> Option<&'static str> {
        let platform = platform.to_string();
        let release = PINNED.iter().find(|row| row.cli == self.version)?;
        release.sha256.iter().find(|(name, _)| *name == platform).map(|(_, checksum)| *checksum)
    }
}

fn pinned(way: Way) -> String {
    PINNED.iter().find(|row| row.way == way).map_or_else(String::new, |row| row.cli.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pinned_release_lies_where_its_makers_publish_it() {
        let linux = Platform::from_rust("linux", "x86_64").unwrap();
        let release = Release::pinned();
        assert_eq!(
            release.url(&linux.archive_name(&release.version)),
            "https://github.com/temporalio/cli/releases/download/v1.9.1/temporal_cli_1.9.1_linux_amd64.tar.gz"
        );
        assert_eq!(release.go_version, "1.5.1");
    }

    #[test]
    fn checksums_belong_to_one_version_and_one_platform() {
        let platform = |os, arch| Platform::from_rust(os, arch).unwrap();
        let release = Release::pinned();
        assert!(release.built_in_checksum(platform("linux", "x86_64")).is_some());
        assert_eq!(release.built_in_checksum(platform("windows", "aarch64")), None);
        let other = Release { version: "9.9.9".to_owned(), ..release };
        assert_eq!(other.built_in_checksum(platform("linux", "x86_64")), None);
        for (name, checksum) in PINNED.iter().flat_map(|row| row.sha256) {
            assert!(checksum.len() == 64 && checksum.bytes().all(|c| c.is_ascii_hexdigit()), "{name}");
        }
    }
}
