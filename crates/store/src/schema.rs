//! The schema's version: what a store has, what this program has, and the way from one to the other.

use std::fmt;
use std::path::{Path, PathBuf};

use sqlx::migrate::{AppliedMigration, Migrate, Migration, MigrationType};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, SqlSafeStr, SqliteConnection};
use ttai_ports::StoreError;

use crate::deadline::within;
use crate::error::{from_migration, from_sqlx};
use crate::statement::Dialect;
use crate::url::{StoreUrl, Target};
use crate::{StoreOptions, backup};

/// Version, description and SQL of a migration.
type Step = (i64, &'static str, &'static str);

/// Migrations that were shipped are never edited. A change is a new file in [`SHARED`]; the first ones, and what moves rows
/// into another form, are written for each database.
const SQLITE: &[Step] = &[
    (1, "analyses and artifacts", include_str!("../migrations/sqlite/0001_analyses_and_artifacts.sql")),
    (2, "model turns and their usage", include_str!("../migrations/sqlite/0002_model_turns.sql")),
    (3, "account limits", include_str!("../migrations/sqlite/0003_account_limits.sql")),
    (4, "runs and retention", include_str!("../migrations/sqlite/0004_runs_and_retention.sql")),
];
const POSTGRES: &[Step] = &[
    (1, "analyses and artifacts", include_str!("../migrations/postgres/0001_analyses_and_artifacts.sql")),
    (2, "model turns and their usage", include_str!("../migrations/postgres/0002_model_turns.sql")),
    (3, "account limits", include_str!("../migrations/postgres/0003_account_limits.sql")),
    (4, "runs and retention", include_str!("../migrations/postgres/0004_runs_and_retention.sql")),
];

/// For both databases, as PostgreSQL reads it: [`in_sqlite`] says what that is in SQLite.
const SHARED: &[Step] = &[
    (5, "orders", include_str!("../migrations/0005_orders.sql")),
    (6, "leases", include_str!("../migrations/0006_leases.sql")),
    (7, "alerts", include_str!("../migrations/0007_alerts.sql")),
    (8, "messages and their deliveries", include_str!("../migrations/0008_messages.sql")),
    (9, "firings", include_str!("../migrations/0009_firings.sql")),
    (10, "portfolio", include_str!("../migrations/0010_portfolio.sql")),
    (11, "checkpoints", include_str!("../migrations/0011_checkpoints.sql")),
    (12, "watchlists and recalls of watches", include_str!("../migrations/0012_watchlists.sql")),
    (13, "results of screens", include_str!("../migrations/0013_screener_results.sql")),
    (14, "news that were seen", include_str!("../migrations/0014_news_seen.sql")),
    (15, "what was synced", include_str!("../migrations/0015_sync.sql")),
    (16, "reports", include_str!("../migrations/0016_reports.sql")),
    (17, "preferences and saved screeners", include_str!("../migrations/0017_preferences.sql")),
    (18, "the trade journal", include_str!("../migrations/0018_trade_journal.sql")),
    (19, "monitors that were shut down", include_str!("../migrations/0019_stopped_monitors.sql")),
    (20, "trading", include_str!("../migrations/0020_trading.sql")),
    (21, "reconciled accounts", include_str!("../migrations/0021_reconciled_accounts.sql")),
    (22, "accounts kept by hand", include_str!("../migrations/0022_kept_accounts.sql")),
];

/// SQLite's types for those of a shared migration; SQLite compares text by byte anyway.
fn in_sqlite(sql: &str) -> String {
    let types =
        [(" COLLATE \"C\"", ""), (" BIGINT", " INTEGER"), (" BYTEA", " BLOB"), ("\n);", "\n) STRICT;")];
    types.iter().fold(sql.to_owned(), |sql, (postgres, sqlite)| sql.replace(postgres, sqlite))
}

/// Holds the applied versions; the name is ours, so that another program's migrations are not taken for them.
const TABLE: &str = "ttai_migrations";
const MIGRATING: &str = "migrating the store";

/// How a store's schema relates to this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaState {
    /// No store is there yet.
    Absent,
    /// This version; opening the store migrates it.
    Older(i64),
    /// This version, which is the program's.
    Current(i64),
    /// This version; the program is too old for it.
    Newer(i64),
}

/// The answer for a doctor; `Display` is a line for a person that says what to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaStatus {
    /// Which store, without credentials.
    pub store: String,
    /// How its schema is.
    pub state: SchemaState,
    /// The version that this program has.
    pub program: i64,
    /// The backup that leads back to this program, where the schema is newer and ttai made one before it migrated the store.
    pub backup: Option<PathBuf>,
}

impl SchemaStatus {
    /// Whether the schema is this program's.
    #[must_use]
    pub const fn is_current(&self) -> bool {
        matches!(self.state, SchemaState::Current(_))
    }
}

impl fmt::Display for SchemaStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let program = self.program;
        match self.state {
            SchemaState::Absent => {
                write!(
                    f,
                    "no schema yet; run `ttai store migrate` (`ttai dev` and `ttai worker` create it, too)"
                )
            }
            SchemaState::Older(found) => write!(
                f,
                "schema {found}, this program has {program}; run `ttai store migrate` (`ttai dev` and `ttai worker` migrate it, too)"
            ),
            SchemaState::Current(found) => write!(f, "schema {found}, up to date"),
            SchemaState::Newer(found) => f.write_str(&newer(found, program, self.backup.as_deref())),
        }
    }
}

/// What helps where the program is too old.
fn newer(found: i64, program: i64, backup: Option<&Path>) -> String {
    let back = match backup {
        Some(backup) => {
            format!("run `ttai restore --replace {}`, the backup made before that upgrade", backup.display())
        }
        None => "restore a backup from before that upgrade".to_owned(),
    };
    format!(
        "schema {found} is newer than this program's {program}: upgrade ttai. To go back instead, stop every worker and {back}; \
         what was saved since is lost"
    )
}

/// That a backup is newer than this program, and what helps.
pub(crate) fn check_backup(schema: i64, ttai: &str) -> Result<(), StoreError> {
    let program = latest();
    if schema <= program {
        return Ok(());
    }
    Err(StoreError::Schema(format!(
        "the backup has schema {schema}, of ttai {ttai}, and this program has {program}: upgrade ttai and run `ttai restore` again"
    )))
}

/// Reads the schema's version and changes nothing: no file is created and nothing is migrated.
///
/// # Errors
/// [`StoreError::Unavailable`] where the store cannot be reached, [`StoreError::Schema`] where it is not ttai's.
pub async fn schema_status(url: &StoreUrl) -> Result<SchemaStatus, StoreError> {
    let deadline = StoreOptions::default().deadline;
    let (found, program) = match url.target() {
        Target::Sqlite(path) if !path.exists() => (None, latest()),
        Target::Sqlite(path) => {
            let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(deadline);
            let call = async {
                let mut connection =
                    options.connect().await.map_err(|e| from_sqlx("opening the store", e))?;
                sqlite_version(&mut connection).await
            };
            (within(deadline, "reading the schema's version", call).await?, latest())
        }
        Target::Postgres(options) => {
            let call = async {
                let mut connection =
                    options.connect().await.map_err(|e| from_sqlx("connecting to the store", e))?;
                postgres_version(&mut connection).await
            };
            (within(deadline, "reading the schema's version", call).await?, latest())
        }
    };
    let state = state(found, program);
    let backup = match (&state, url.target()) {
        (SchemaState::Newer(_), Target::Sqlite(path)) => backup::newest_for(path, program),
        _ => None,
    };
    Ok(SchemaStatus { store: url.to_string(), state, program, backup })
}

fn state(found: Option<i64>, program: i64) -> SchemaState {
    match found {
        None => SchemaState::Absent,
        Some(found) if found < program => SchemaState::Older(found),
        Some(found) if found == program => SchemaState::Current(found),
        Some(found) => SchemaState::Newer(found),
    }
}

/// Brings a SQLite file to this program's version. One immediate transaction is the lock: of several processes one
/// migrates, the others wait and find it done, and a crash leaves the file as it was. A file that is up to date is only
/// read, so that it can be opened while another process writes.
///
/// A `store` with rows is backed up first, under that lock: nothing is written between the backup and the migration. Where no
/// backup can be made the file stays as it was.
pub(crate) async fn migrate_sqlite(
    connection: &mut SqliteConnection,
    store: Option<&Path>,
) -> Result<(), StoreError> {
    let program = latest();
    let failed = |error| from_sqlx(MIGRATING, error);
    if sqlite_version(connection).await? == Some(program) {
        let applied = connection.list_applied_migrations(TABLE).await;
        let applied = applied.map_err(|error| from_migration(MIGRATING, error))?;
        return check_applied(&applied, &migrations(Dialect::Sqlite), store);
    }
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
    let found = sqlite_version(&mut transaction).await?.filter(|found| *found < program);
    if let (Some(found), Some(store)) = (found, store) {
        backup::before_migration(store, found, program).await?;
    }
    apply_pending(&mut *transaction, Dialect::Sqlite, store).await?;
    transaction.commit().await.map_err(failed)
}

/// Brings a PostgreSQL database to this program's version under the driver's advisory lock, which ends with the
/// connection where a step fails.
pub(crate) async fn migrate_postgres(connection: &mut PgConnection) -> Result<(), StoreError> {
    connection.lock().await.map_err(|e| from_migration(MIGRATING, e))?;
    apply_pending(connection, Dialect::Postgres, None).await?;
    connection.unlock().await.map_err(|e| from_migration(MIGRATING, e))
}

/// Checks what was applied and applies the rest, each in a transaction with the note that it was. The caller holds the
/// lock.
async fn apply_pending<C: Migrate>(
    connection: &mut C,
    dialect: Dialect,
    store: Option<&Path>,
) -> Result<(), StoreError> {
    let failed = |error| from_migration(MIGRATING, error);
    connection.ensure_migrations_table(TABLE).await.map_err(failed)?;
    let applied = connection.list_applied_migrations(TABLE).await.map_err(failed)?;
    let migrations = migrations(dialect);
    check_applied(&applied, &migrations, store)?;
    for migration in migrations.iter().filter(|known| applied.iter().all(|row| row.version != known.version))
    {
        connection.apply(TABLE, migration).await.map_err(failed)?;
    }
    Ok(())
}

/// Refuses a store that a newer or another program migrated; beside the file of a `store` there may be a backup that leads back.
fn check_applied(
    applied: &[AppliedMigration],
    known: &[Migration],
    store: Option<&Path>,
) -> Result<(), StoreError> {
    let program = known.iter().map(|migration| migration.version).max().unwrap_or(0);
    if let Some(found) = applied.iter().map(|row| row.version).max().filter(|found| *found > program) {
        let backup = store.and_then(|store| backup::newest_for(store, program));
        return Err(StoreError::Schema(newer(found, program, backup.as_deref())));
    }
    for row in applied {
        if !known
            .iter()
            .any(|migration| migration.version == row.version && migration.checksum == row.checksum)
        {
            return Err(StoreError::Schema(format!(
                "migration {} was applied in another form than this program has; \
                 use the program that created the store, or open another store",
                row.version
            )));
        }
    }
    Ok(())
}

/// The highest version applied; none where the file is empty.
pub(crate) async fn sqlite_version(connection: &mut SqliteConnection) -> Result<Option<i64>, StoreError> {
    let what = "reading the schema's version";
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    )
    .fetch_all(&mut *connection)
    .await
    .map_err(|e| from_sqlx(what, e))?;
    if tables.is_empty() {
        return Ok(None);
    }
    if !tables.iter().any(|table| table == TABLE) {
        return Err(StoreError::Schema(format!(
            "the file has tables ({}) and none of them is ttai's; it belongs to another program: give another path",
            tables.join(", ")
        )));
    }
    sqlx::query_scalar("SELECT max(version) FROM ttai_migrations WHERE success")
        .fetch_one(connection)
        .await
        .map_err(|e| from_sqlx(what, e))
}

/// The highest version applied; none where the database has no table of ours.
pub(crate) async fn postgres_version(connection: &mut PgConnection) -> Result<Option<i64>, StoreError> {
    let what = "reading the schema's version";
    let exists: bool = sqlx::query_scalar("SELECT to_regclass('ttai_migrations') IS NOT NULL")
        .fetch_one(&mut *connection)
        .await
        .map_err(|e| from_sqlx(what, e))?;
    if !exists {
        return Ok(None);
    }
    sqlx::query_scalar("SELECT max(version) FROM ttai_migrations WHERE success")
        .fetch_one(connection)
        .await
        .map_err(|e| from_sqlx(what, e))
}

/// `schema 1`, or that there is none.
pub(crate) fn describe(place: &str, version: Option<i64>) -> String {
    match version {
        Some(version) => format!("{place}, schema {version}"),
        None => format!("{place}, no schema"),
    }
}

fn latest() -> i64 {
    SHARED.iter().map(|(version, _, _)| *version).max().unwrap_or(0)
}

fn migrations(dialect: Dialect) -> Vec<Migration> {
    let own = if dialect == Dialect::Sqlite { SQLITE } else { POSTGRES };
    let text = |sql: &'static str| match dialect {
        Dialect::Sqlite => AssertSqlSafe(in_sqlite(sql)).into_sql_str(),
        Dialect::Postgres => sql.into_sql_str(),
    };
    let own = own.iter().map(|step| (step, step.2.into_sql_str()));
    own.chain(SHARED.iter().map(|step| (step, text(step.2))))
        .map(|(&(version, description, _), sql)| {
            Migration::new(version, description.into(), MigrationType::Simple, sql, false)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_databases_have_the_same_versions_without_gaps() {
        let versions = |list: &[Step]| list.iter().map(|(version, _, _)| *version).collect::<Vec<_>>();
        assert_eq!(versions(SQLITE), versions(POSTGRES));
        let all = [versions(SQLITE), versions(SHARED)].concat();
        assert_eq!(all, (1..=latest()).collect::<Vec<_>>());
    }

    #[test]
    fn a_shared_table_is_strict_in_sqlite() {
        let shared =
            "CREATE TABLE t (\n    id TEXT COLLATE \"C\" NOT NULL,\n    at BIGINT NOT NULL,\n    b BYTEA\n);";
        let sqlite =
            "CREATE TABLE t (\n    id TEXT NOT NULL,\n    at INTEGER NOT NULL,\n    b BLOB\n) STRICT;";
        assert_eq!(in_sqlite(shared), sqlite);
    }

    #[test]
    fn the_status_says_what_to_run() {
        let status = |state, backup| SchemaStatus {
            store: "sqlite at /data/ttai.db".into(),
            state,
            program: 2,
            backup,
        };
        let line = |state| status(state, None).to_string();
        assert_eq!(line(SchemaState::Current(2)), "schema 2, up to date");
        assert!(line(SchemaState::Absent).contains("run `ttai store migrate`"));
        let older = line(SchemaState::Older(1));
        assert!(older.starts_with("schema 1, this program has 2; run `ttai store migrate`"), "{older}");
        let newer = line(SchemaState::Newer(3));
        assert!(newer.contains("upgrade ttai") && newer.contains("restore a backup from before"), "{newer}");
        let newer = status(SchemaState::Newer(3), Some("/data/backups/b.tar".into())).to_string();
        assert!(newer.contains("`ttai restore --replace /data/backups/b.tar`"), "{newer}");
    }
}
