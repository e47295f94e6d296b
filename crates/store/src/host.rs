//! SQLite is for one host: a file beside the database says whose it is, and a second host is refused.
//!
//! SQLite's processes share memory, so they must share a kernel. `FILE.host` names the host that uses `FILE`; each
//! process that has the store open holds a shared lock on it. A host is known by its kernel's boot id (the same in all
//! containers of a machine) and by its machine id (the same after a reboot). A claim of another machine id is
//! refused. A claim that names no machine (a container has none) is taken over when nobody holds the lock, so that a
//! container that comes back after a reboot finds its store.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use ttai_ports::StoreError;

/// Other processes hold the exclusive lock only while they write a line.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(20);
const MAX_CLAIM_BYTES: u64 = 4096;

/// What is known of a host; empty strings are unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HostIdentity {
    /// The operating system's installation.
    #[serde(default)]
    machine_id: String,
    /// The running kernel.
    #[serde(default)]
    boot_id: String,
    /// For people.
    #[serde(default)]
    name: String,
}

impl HostIdentity {
    /// This host.
    pub(crate) fn of_this_host() -> Self {
        let machine_id =
            ["/etc/machine-id", "/var/lib/dbus/machine-id", "/etc/hostid"].iter().find_map(first_line);
        Self {
            machine_id: machine_id.or_else(hardware_uuid).unwrap_or_default(),
            boot_id: first_line(&"/proc/sys/kernel/random/boot_id").unwrap_or_default(),
            name: first_line(&"/proc/sys/kernel/hostname")
                .or_else(|| std::env::var("COMPUTERNAME").ok())
                .or_else(|| output_of("hostname", &[]))
                .unwrap_or_default(),
        }
    }

    fn relation_to(&self, claim: &HostIdentity) -> Relation {
        let same_boot = equal_if_known(&self.boot_id, &claim.boot_id);
        let same_machine = equal_if_known(&self.machine_id, &claim.machine_id);
        match (same_boot, same_machine) {
            (Some(true), _) | (None, Some(true)) => Relation::Same,
            (_, Some(false)) => Relation::Other,
            (None, None) if equal_if_known(&self.name, &claim.name) == Some(true) => Relation::Same,
            (Some(false), _) | (None, None) => Relation::Unclear,
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Relation {
    Same,
    Other,
    /// The same host after a reboot, or none that can be told: whoever holds the lock decides.
    Unclear,
}

fn equal_if_known(ours: &str, theirs: &str) -> Option<bool> {
    (!ours.is_empty() && !theirs.is_empty()).then(|| ours == theirs)
}

fn first_line(path: &&str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().next()?.trim();
    // systemd writes this word where the id is not settled yet.
    (!line.is_empty() && line != "uninitialized").then(|| line.to_owned())
}

/// macOS keeps no such file; its registry has the hardware's id.
fn hardware_uuid() -> Option<String> {
    if !cfg!(target_os = "macos") {
        return None;
    }
    let registry = output_of("/usr/sbin/ioreg", &["-rd1", "-c", "IOPlatformExpertDevice"])?;
    let line = registry.lines().find(|line| line.contains("IOPlatformUUID"))?;
    line.split('"').nth(3).map(str::to_owned)
}

fn output_of(program: &str, arguments: &[&str]) -> Option<String> {
    let output = std::process::Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.trim().is_empty()).then(|| text.trim().to_owned())
}

/// This host's right to the database, as long as it lives.
#[derive(Debug)]
pub(crate) struct HostClaim {
    /// Locked, shared with the other processes of this host.
    _lock: File,
}

impl HostClaim {
    /// Claims the database for the host, or says who has it. Blocks for at most some seconds.
    pub(crate) fn take(database: &Path, host: &HostIdentity) -> Result<Self, StoreError> {
        let path = claim_path(database);
        let failed = |error: std::io::Error| {
            StoreError::Unavailable(format!("the host file {} cannot be used: {error}", path.display()))
        };
        let mut file = open(&path).map_err(failed)?;
        let started = Instant::now();
        loop {
            let claim =
                if try_lock(file.try_lock_shared()).map_err(failed)? { Some(read(&mut file)) } else { None };
            if let Some(claim) = claim.transpose().map_err(failed)? {
                match claim.as_ref().map_or(Relation::Unclear, |claim| host.relation_to(claim)) {
                    Relation::Same => return Ok(Self { _lock: file }),
                    Relation::Other => return Err(refusal(&path, claim.as_ref())),
                    Relation::Unclear => file.unlock().map_err(failed)?,
                }
                if started.elapsed() > PATIENCE {
                    return Err(refusal(&path, claim.as_ref()));
                }
                take_over(&mut file, claim.as_ref(), host).map_err(failed)?;
            } else if started.elapsed() > PATIENCE {
                return Err(StoreError::Unavailable(format!("{} stays locked; try again", path.display())));
            }
            std::thread::sleep(PAUSE);
        }
    }
}

impl HostClaim {
    /// Claims the database for this process alone, so that nobody opens it meanwhile; none while somebody has it open.
    pub(crate) fn take_alone(database: &Path, host: &HostIdentity) -> Result<Option<Self>, StoreError> {
        let path = claim_path(database);
        let failed = |error: std::io::Error| {
            StoreError::Unavailable(format!("the host file {} cannot be used: {error}", path.display()))
        };
        let mut file = open(&path).map_err(failed)?;
        if !try_lock(file.try_lock()).map_err(failed)? {
            return Ok(None);
        }
        let claim = read(&mut file).map_err(failed)?;
        if claim.as_ref().is_some_and(|claim| host.relation_to(claim) == Relation::Other) {
            return Err(refusal(&path, claim.as_ref()));
        }
        write(&mut file, host).map_err(failed)?;
        Ok(Some(Self { _lock: file }))
    }
}

/// Writes the host's claim where nobody holds the lock and the claim is still the one that was seen.
fn take_over(file: &mut File, seen: Option<&HostIdentity>, host: &HostIdentity) -> std::io::Result<()> {
    if !try_lock(file.try_lock())? {
        return Ok(());
    }
    let written = match read(file)?.as_ref() == seen {
        true => write(file, host),
        false => Ok(()),
    };
    file.unlock()?;
    written
}

fn claim_path(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(".host");
    path.into()
}

fn open(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn try_lock(outcome: Result<(), TryLockError>) -> std::io::Result<bool> {
    match outcome {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// None where nothing, or half a line of a writer that crashed, is there.
fn read(file: &mut File) -> std::io::Result<Option<HostIdentity>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(MAX_CLAIM_BYTES).read_to_end(&mut bytes)?;
    Ok(serde_json::from_slice(&bytes).ok())
}

fn write(file: &mut File, host: &HostIdentity) -> std::io::Result<()> {
    let line = serde_json::to_string(host)?;
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(line.as_bytes())?;
    file.sync_all()
}

fn refusal(path: &Path, claim: Option<&HostIdentity>) -> StoreError {
    let name =
        claim.map(|claim| claim.name.as_str()).filter(|name| !name.is_empty()).unwrap_or("another host");
    StoreError::Invalid(format!(
        "this SQLite file belongs to the host {name}, and SQLite is for one host; use PostgreSQL for several. \
         If {name} uses it no more, delete {} and start again",
        path.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(machine_id: &str, boot_id: &str, name: &str) -> HostIdentity {
        HostIdentity { machine_id: machine_id.into(), boot_id: boot_id.into(), name: name.into() }
    }

    #[test]
    fn this_host_is_known_to_itself() {
        let this = HostIdentity::of_this_host();
        assert_eq!(this.relation_to(&HostIdentity::of_this_host()), Relation::Same, "{this:?}");
    }

    #[test]
    fn relations_of_hosts() {
        let ours = host("m1", "b1", "ann");
        for (claim, relation) in [
            (host("m1", "b1", "ann"), Relation::Same),
            (host("m2", "b1", "container of the same kernel"), Relation::Same),
            (host("m1", "b0", "before the reboot"), Relation::Unclear),
            (host("m2", "b2", "bob"), Relation::Other),
            (host("", "b0", "container before the reboot"), Relation::Unclear),
            (host("m1", "", "no boot id"), Relation::Same),
            (host("m2", "", "no boot id"), Relation::Other),
            (host("", "", "ann"), Relation::Same),
            (host("", "", "bob"), Relation::Unclear),
        ] {
            assert_eq!(ours.relation_to(&claim), relation, "{claim:?}");
        }
    }

    #[test]
    fn processes_of_one_host_share_and_another_host_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("ttai.db");
        let first = HostClaim::take(&database, &host("m1", "b1", "ann")).unwrap();
        let second = HostClaim::take(&database, &host("m1", "b1", "ann")).unwrap();
        let refused = HostClaim::take(&database, &host("m2", "b2", "bob")).unwrap_err().to_string();
        assert!(refused.contains("belongs to the host ann"), "{refused}");
        assert!(refused.contains("ttai.db.host"), "{refused}");
        drop((first, second));
        assert!(
            HostClaim::take(&database, &host("m2", "b2", "bob")).is_err(),
            "closed by ann is still ann's"
        );
        std::fs::remove_file(claim_path(&database)).unwrap();
        HostClaim::take(&database, &host("m2", "b2", "bob")).unwrap();
    }

    #[test]
    fn alone_is_alone() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("ttai.db");
        let ours = host("m1", "b1", "ann");
        let shared = HostClaim::take(&database, &ours).unwrap();
        assert!(HostClaim::take_alone(&database, &ours).unwrap().is_none());
        drop(shared);
        assert!(HostClaim::take_alone(&database, &host("m2", "b2", "bob")).is_err());
        let alone = HostClaim::take_alone(&database, &ours).unwrap();
        assert!(alone.is_some() && HostClaim::take_alone(&database, &ours).unwrap().is_none());
    }

    #[test]
    fn a_reboot_and_a_half_written_claim_are_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("ttai.db");
        drop(HostClaim::take(&database, &host("", "b1", "container")).unwrap());
        drop(HostClaim::take(&database, &host("", "b2", "next container")).unwrap());
        std::fs::write(claim_path(&database), "{\"machine_id\":").unwrap();
        let claim = HostClaim::take(&database, &host("m3", "b3", "carol")).unwrap();
        drop(claim);
        assert!(std::fs::read_to_string(claim_path(&database)).unwrap().contains("carol"));
    }
}
