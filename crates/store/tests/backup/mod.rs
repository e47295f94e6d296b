//! Backups of a SQLite store: taken while others write, refused where they are not whole, made before a migration.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::{Connection, SqliteConnection};
use ttai_ports::{Analyses, AnalysisFilter, Artifact, Artifacts};
use ttai_store::{
    BackupError, BackupExtras, BackupReport, Database, RestoreReport, RestoreTarget, SchemaState,
    SpoolStatus, Spooled, StoreUrl, back_up, restore, schema_status,
};

use crate::contract::{Bench, ids, record, version_3};

/// A folder with a store in it.
struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn url(&self) -> StoreUrl {
        StoreUrl::sqlite(self.path("ttai.db")).unwrap()
    }

    async fn store(&self) -> Database {
        Database::open(&self.url()).await.unwrap()
    }

    /// With schema 3, as an old ttai left it.
    async fn old() -> Self {
        let home = Self::new();
        let file = home.path("ttai.db").to_str().unwrap().to_owned();
        version_3(&Bench::Sqlite { url: home.url(), file }).await;
        home
    }

    async fn back_up(&self) -> Result<BackupReport, BackupError> {
        back_up(&self.url(), &self.path("backup.tar"), BackupExtras::default()).await
    }

    fn target(&self, replace: bool) -> RestoreTarget {
        RestoreTarget {
            store: self.url(),
            spool: self.path("spool"),
            configuration: self.folder.path().to_owned(),
            replace,
        }
    }

    async fn restore(&self, archive: &Path) -> Result<RestoreReport, BackupError> {
        restore(archive, self.target(false)).await
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    async fn sql(&self, statement: &'static str) {
        let file = self.path("ttai.db");
        let mut connection = SqliteConnection::connect(file.to_str().unwrap()).await.unwrap();
        sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}

fn refused(outcome: Result<impl std::fmt::Debug, BackupError>) -> String {
    match outcome.unwrap_err() {
        BackupError::Refused(text) => text,
        other => unreachable!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_backup_taken_while_others_write_is_the_store_at_one_moment() {
    let home = Home::new();
    let store = Arc::new(home.store().await);
    let ends = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (store, ends) = (Arc::clone(&store), Arc::clone(&ends));
            tokio::spawn(async move {
                let mut written = 0;
                while (!ends.load(Ordering::Relaxed) || written < 5) && written < 240 {
                    store.save(&record(&format!("writer-{writer}-{written:04}"))).await.unwrap();
                    written += 1;
                }
                written
            })
        })
        .collect();
    for number in 0..20 {
        store.save(&record(&format!("before-{number:02}"))).await.unwrap();
    }
    let report = home.back_up().await.unwrap();
    ends.store(true, Ordering::Relaxed);
    let mut all = 20;
    for writer in writers {
        all += writer.await.unwrap();
    }

    let other = Home::new();
    let restored = other.restore(&report.file).await.unwrap();
    assert_eq!((restored.schema, restored.replaced), (report.manifest.schema, None));
    let found =
        ids(&other.store().await, &AnalysisFilter { limit: Some(1_000), ..AnalysisFilter::default() }).await;
    assert!(found.len() <= all, "{} of {all}", found.len());
    let of = |prefix: &str| found.iter().filter(|id| id.starts_with(prefix)).count();
    assert_eq!(of("before-"), 20, "what was saved before is in it");
    for writer in 0..4 {
        // Each writer's rows up to some moment, and none after one that is missing.
        let count = of(&format!("writer-{writer}-"));
        assert!(
            (0..count).all(|n| found.contains(&format!("writer-{writer}-{n:04}"))),
            "{writer}: {found:?}"
        );
    }
    // The store itself went on.
    assert!(
        ids(&store, &AnalysisFilter { limit: Some(1_000), ..AnalysisFilter::default() }).await.len() == all
    );
}

#[tokio::test]
async fn all_that_belongs_to_a_store_comes_back() {
    let home = Home::new();
    let store = home.store().await;
    let picture = Artifact { media_type: "image/png".into(), bytes: vec![137, 80, 78, 71] };
    let stored = store.put(&picture).await.unwrap();
    let spool = home.path("spool");
    let spooled = Spooled::open(Arc::new(store), &spool, 1 << 20).await.unwrap();
    home.sql("ALTER TABLE artifacts RENAME TO away").await;
    let late = Artifact { media_type: "text/html".into(), bytes: b"<p>".to_vec() };
    let waiting = spooled.put(&late).await.unwrap();
    home.sql("ALTER TABLE away RENAME TO artifacts").await;
    assert_eq!(SpoolStatus::of(&spool).unwrap().artifacts, 1);

    let extras = BackupExtras {
        configuration: Some("[market]\nseed = 3\n".to_owned()),
        secrets_left_out: vec!["channels.desk.url".to_owned()],
        spool: Some(spool),
    };
    let report = back_up(&home.url(), &home.path("backup.tar"), extras).await.unwrap();
    assert_eq!((report.manifest.spooled(), report.manifest.has_configuration()), (1, true));
    assert_eq!(report.bytes, fs::metadata(&report.file).unwrap().len());

    let other = Home::new();
    fs::write(other.path("ttai.toml"), "# mine\n").unwrap();
    let restored = other.restore(&report.file).await.unwrap();
    assert_eq!(restored.manifest.secrets_left_out, ["channels.desk.url"]);
    assert_eq!(fs::read_to_string(other.path("ttai.toml")).unwrap(), "# mine\n", "what was there stays");
    let configuration = restored.configuration.unwrap();
    assert!(configuration.to_str().unwrap().contains("ttai.toml.restored-"), "{configuration:?}");
    assert_eq!(fs::read_to_string(configuration).unwrap(), "[market]\nseed = 3\n");
    let store = Spooled::open(Arc::new(other.store().await), &other.path("spool"), 1 << 20).await.unwrap();
    assert_eq!(store.get(&stored.sha256).await.unwrap(), Some(picture));
    assert_eq!(store.get(&waiting.sha256).await.unwrap(), Some(late));
}

#[tokio::test]
async fn a_backup_is_its_owners_alone_and_leaves_nothing_else() {
    let home = Home::new();
    drop(home.store().await);
    let report = home.back_up().await.unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&report.file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(home.names().iter().filter(|name| name.starts_with('.')).count(), 0, "{:?}", home.names());
    let before = fs::read(&report.file).unwrap();
    assert!(refused(home.back_up().await).contains("is there already"));
    assert_eq!(fs::read(&report.file).unwrap(), before);
    assert_eq!(home.names().iter().filter(|name| name.starts_with('.')).count(), 0, "{:?}", home.names());
}

#[tokio::test]
async fn what_cannot_be_backed_up_says_what_to_do() {
    let home = Home::new();
    assert!(refused(home.back_up().await).contains("there is no store at"));
    assert_eq!(home.names(), Vec::<String>::new());
    let url: StoreUrl = "postgres://ann:hunter2@db.example:5433/trading".parse().unwrap();
    let text = refused(back_up(&url, &home.path("backup.tar"), BackupExtras::default()).await);
    let command = "pg_dump --format=custom --file=ttai.dump --host=db.example --port=5433 --username=ann --dbname=trading";
    assert!(text.contains(command) && !text.contains("hunter2"), "{text}");
    drop(home.store().await);
    let nowhere = home.path("no/such/folder/backup.tar");
    let outcome = back_up(&home.url(), &nowhere, BackupExtras::default()).await;
    assert!(matches!(outcome, Err(BackupError::Unavailable(_))), "{outcome:?}");
    fs::write(home.path("backup.tar"), "").unwrap();
    let text = refused(home.restore(&home.path("backup.tar")).await);
    assert!(text.contains("is empty"), "{text}");
    let target = RestoreTarget { store: url, ..home.target(false) };
    let text = refused(restore(&home.path("backup.tar"), target).await);
    assert!(text.contains("pg_restore") && !text.contains("hunter2"), "{text}");
}

/// A file of an archive: name, kind, bytes, and the length that it claims where that is another.
struct Entry {
    name: String,
    kind: tar::EntryType,
    bytes: Vec<u8>,
    claimed: Option<u64>,
}

fn entries(archive: &Path) -> Vec<Entry> {
    let mut tar = tar::Archive::new(fs::File::open(archive).unwrap());
    tar.entries()
        .unwrap()
        .map(|entry| {
            let mut entry = entry.unwrap();
            let name = entry.path().unwrap().to_str().unwrap().to_owned();
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
            Entry { name, kind: tar::EntryType::Regular, bytes, claimed: None }
        })
        .collect()
}

fn write(archive: &Path, entries: &[Entry]) {
    let mut tar = tar::Builder::new(fs::File::create(archive).unwrap());
    for entry in entries {
        let mut header = tar::Header::new_gnu();
        // As a hostile one does: the library itself would refuse such a name.
        let name = entry.name.as_bytes();
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name);
        header.set_entry_type(entry.kind);
        header.set_size(entry.claimed.unwrap_or(entry.bytes.len() as u64));
        header.set_mode(0o600);
        header.set_cksum();
        tar.append(&header, entry.bytes.as_slice()).unwrap();
    }
    tar.finish().unwrap();
}

#[tokio::test]
async fn an_archive_that_is_not_whole_or_not_ours_is_refused() {
    let home = Home::new();
    home.store().await.save(&record("daily-1")).await.unwrap();
    let whole = home.back_up().await.unwrap().file;
    let other = Home::new();
    let bad = home.path("bad.tar");
    let bytes = fs::read(&whole).unwrap();

    let mut flipped = bytes.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    let plain: [(&str, &[u8], &str); 4] = [
        ("another file", &b"hello, this is no archive\n".repeat(100), "is no backup of ttai"),
        ("damaged", &flipped, "is damaged: store.db is not what was backed up"),
        ("cut short", &bytes[..bytes.len() - 3_000], "cut short"),
        ("a picture", &[137, 80, 78, 71], "is no backup of ttai"),
    ];
    for (what, bytes, wanted) in plain {
        fs::write(&bad, bytes).unwrap();
        let text = refused(other.restore(&bad).await);
        assert!(text.contains(wanted), "{what}: {text}");
    }

    type Change = fn(&mut Vec<Entry>);
    let altered: [(&str, Change, &str); 8] = [
        ("no manifest", |all| drop(all.remove(0)), "stands where manifest.json should be"),
        ("a link", |all| all[1].kind = tar::EntryType::Symlink, "is no plain file"),
        (
            "a name that leads out",
            |all| all[1].name = "../../ttai.db".to_owned(),
            "stands where store.db should be",
        ),
        (
            "a file more",
            |all| {
                let again = Entry {
                    name: "../x".to_owned(),
                    bytes: vec![1],
                    kind: tar::EntryType::Regular,
                    claimed: None,
                };
                all.push(again);
            },
            "holds more than its manifest names",
        ),
        ("a file less", |all| drop(all.pop()), "cut short"),
        ("an absurd manifest", |all| all[0].claimed = Some(1 << 50), "claims 1125899906842624 bytes"),
        (
            "an absurd store",
            |all| all[1].claimed = Some(1 << 50),
            "is damaged: store.db has 1125899906842624 bytes",
        ),
        ("no JSON", |all| all[0].bytes = b"{]".to_vec(), "manifest that cannot be read"),
    ];
    for (what, change, wanted) in altered {
        let mut all = entries(&whole);
        change(&mut all);
        write(&bad, &all);
        let text = refused(other.restore(&bad).await);
        assert!(text.contains(wanted), "{what}: {text}");
    }
    // Nothing of all that is left.
    assert_eq!(other.names(), ["ttai.db.host"]);
    other.restore(&whole).await.unwrap();
}

#[tokio::test]
async fn a_store_that_is_there_is_only_replaced_where_that_is_asked_for() {
    let home = Home::new();
    home.store().await.save(&record("old")).await.unwrap();
    let backup = home.back_up().await.unwrap().file;
    let store = home.store().await;
    store.save(&record("new")).await.unwrap();
    let text = refused(restore(&backup, home.target(true)).await);
    assert!(text.contains("is in use") && text.contains("ttai mcp"), "{text}");
    drop(store);
    // The pools close their files in their own time.
    let text = loop {
        let text = refused(home.restore(&backup).await);
        if !text.contains("is in use") {
            break text;
        }
        tokio::task::yield_now().await;
    };
    assert!(text.contains("--replace"), "{text}");
    let report = restore(&backup, home.target(true)).await.unwrap();
    assert_eq!(ids(&home.store().await, &AnalysisFilter::default()).await, ["old"]);
    let aside = StoreUrl::sqlite(report.replaced.unwrap()).unwrap();
    let mut kept = ids(&Database::open(&aside).await.unwrap(), &AnalysisFilter::default()).await;
    kept.sort();
    assert_eq!(kept, ["new", "old"]);
}

#[tokio::test]
async fn a_log_without_its_database_is_not_taken_for_the_restored_ones() {
    let home = Home::new();
    drop(home.store().await);
    let backup = home.back_up().await.unwrap().file;
    let other = Home::new();
    fs::write(other.path("ttai.db-wal"), "left behind").unwrap();
    assert!(refused(other.restore(&backup).await).contains("--replace"));
    restore(&backup, other.target(true)).await.unwrap();
    assert!(!other.path("ttai.db-wal").exists());
    drop(other.store().await);
}

#[tokio::test]
async fn an_older_backup_is_migrated_and_a_newer_one_refused() {
    let old = Home::old().await;
    let report = old.back_up().await.unwrap();
    assert_eq!(report.manifest.schema, 3);
    let home = Home::new();
    let restored = home.restore(&report.file).await.unwrap();
    let status = schema_status(&home.url()).await.unwrap();
    assert_eq!((status.state, restored.schema), (SchemaState::Current(status.program), status.program));
    assert_eq!(ids(&home.store().await, &AnalysisFilter::default()).await, ["daily-2", "daily-1"]);
    assert!(!home.path("backups").exists(), "the backup itself is there: no other one is needed");

    let mut all = entries(&report.file);
    let manifest = String::from_utf8(all[0].bytes.clone()).unwrap();
    let newer = manifest.replace("\"schema\": 3", "\"schema\": 9999");
    all[0].bytes = newer.into_bytes();
    write(&old.path("newer.tar"), &all);
    let text = Home::new().restore(&old.path("newer.tar")).await.unwrap_err().to_string();
    assert!(text.contains("schema 9999") && text.contains("upgrade ttai"), "{text}");
    // One that lies about its store's schema.
    all[0].bytes = manifest.replace("\"schema\": 3", "\"schema\": 4").into_bytes();
    write(&old.path("lying.tar"), &all);
    let text = refused(Home::new().restore(&old.path("lying.tar")).await);
    assert!(text.contains("says schema 4, and its store has 3"), "{text}");
}

fn automatic(home: &Home) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(home.path("backups"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_migration_begins_with_a_backup() {
    let home = Home::old().await;
    for name in ["a", "b", "c", "d"] {
        fs::create_dir_all(home.path("backups")).unwrap();
        fs::write(home.path(&format!("backups/schema-2-before-3-2020010{name}.tar")), "").unwrap();
    }
    drop(home.store().await);
    let names = automatic(&home);
    assert_eq!(names.len(), 3, "{names:?}");
    let made = names.iter().find(|name| name.starts_with("schema-3-before-")).unwrap();
    let other = Home::new();
    let restored = other.restore(&home.path("backups").join(made)).await.unwrap();
    assert_eq!(restored.manifest.schema, 3);
    // A store that is as it should be, or new, needs none.
    drop(home.store().await);
    drop(other.store().await);
    assert_eq!(automatic(&home), names);
    assert!(!other.path("backups").exists());
}

#[tokio::test]
async fn a_store_that_cannot_be_backed_up_is_not_migrated() {
    let home = Home::old().await;
    fs::write(home.path("backups"), "no folder").unwrap();
    let error = Database::open(&home.url()).await.unwrap_err().to_string();
    assert!(error.contains("stays at schema 3") && error.contains("backups"), "{error}");
    assert_eq!(schema_status(&home.url()).await.unwrap().state, SchemaState::Older(3));
    fs::remove_file(home.path("backups")).unwrap();
    drop(home.store().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_several_that_start_at_once_one_backs_up() {
    let home = Home::old().await;
    let url = home.url();
    let opened = (0..4).map(|_| {
        let url = url.clone();
        tokio::spawn(async move { Database::open(&url).await.map(drop) })
    });
    for outcome in opened.collect::<Vec<_>>() {
        outcome.await.unwrap().unwrap();
    }
    assert_eq!(automatic(&home).len(), 1);
}

#[tokio::test]
async fn a_newer_store_names_the_backup_that_leads_back() {
    let home = Home::new();
    drop(home.store().await);
    home.sql(
        "INSERT INTO ttai_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'from the future', TRUE, x'00', 0)",
    )
    .await;
    let error = Database::open(&home.url()).await.unwrap_err().to_string();
    assert!(error.contains("upgrade ttai") && error.contains("restore a backup from before"), "{error}");
    let program = schema_status(&home.url()).await.unwrap().program;
    fs::create_dir(home.path("backups")).unwrap();
    let backup = home.path(&format!("backups/schema-{program}-before-9999-20990101T000000Z.tar"));
    fs::write(&backup, "").unwrap();
    let wanted = format!("`ttai restore --replace {}`", backup.display());
    let error = Database::open(&home.url()).await.unwrap_err().to_string();
    assert!(error.contains(&wanted), "{error}");
    let status = schema_status(&home.url()).await.unwrap().to_string();
    assert!(status.contains(&wanted), "{status}");
    assert_eq!(automatic(&home).len(), 1, "no migration, no backup");
}
