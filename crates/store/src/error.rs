//! From the drivers' errors to the port's four, by what the caller can do about it.

use sqlx::migrate::MigrateError;
use sqlx::postgres::PgDatabaseError;
use ttai_ports::StoreError;

/// Says what failed (`what`: "saving the analysis") and what to do. Drivers' messages hold no password: they are
/// given none but at connecting, and the server does not repeat it.
pub(crate) fn from_sqlx(what: &str, error: sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::Database(cause) => match cause.try_downcast_ref::<PgDatabaseError>() {
            Some(postgres) => from_postgres(what, postgres.code(), postgres.message()),
            None => from_sqlite(what, cause.code().as_deref(), cause.message()),
        },
        sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::Decode(_)
        | sqlx::Error::ColumnNotFound(_)
        | sqlx::Error::ColumnIndexOutOfBounds { .. } => StoreError::Corrupt(format!("{what}: {error}")),
        sqlx::Error::Encode(_) | sqlx::Error::Configuration(_) | sqlx::Error::InvalidArgument(_) => {
            StoreError::Invalid(format!("{what}: {error}"))
        }
        sqlx::Error::PoolTimedOut => {
            StoreError::Unavailable(format!("{what}: no connection became free or could be made in time"))
        }
        sqlx::Error::Migrate(cause) => from_migration(what, *cause),
        _ => StoreError::Unavailable(format!("{what}: {error}")),
    }
}

/// Migrations that did not go through.
pub(crate) fn from_migration(what: &str, error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(cause) => from_sqlx(what, cause),
        MigrateError::ExecuteMigration(cause, version) => {
            from_sqlx(&format!("{what}: migration {version}"), cause)
        }
        other => StoreError::Schema(format!("{what}: {other}")),
    }
}

/// SQLite's result codes: <https://www.sqlite.org/rescode.html>. The low byte is the primary code.
fn from_sqlite(what: &str, code: Option<&str>, message: &str) -> StoreError {
    let primary = code.and_then(|code| code.parse::<u32>().ok()).map_or(1, |code| code & 0xff);
    match primary {
        5 | 6 => StoreError::Unavailable(format!("{what}: another process holds the database; try again")),
        8 => StoreError::Unavailable(format!("{what}: the database or its folder is read-only ({message})")),
        10 => StoreError::Unavailable(format!("{what}: the disk reports an error ({message})")),
        11 | 26 => StoreError::Corrupt(format!("{what}: {message}; restore the file from a backup")),
        13 => StoreError::Unavailable(format!("{what}: the disk is full; make room and try again")),
        14 => StoreError::Unavailable(format!(
            "{what}: the file cannot be opened; check its folder and permissions"
        )),
        18 | 19 => StoreError::Invalid(format!("{what}: {message}")),
        1 => StoreError::Schema(format!("{what}: {message}")),
        _ => StoreError::Unavailable(format!("{what}: {message}")),
    }
}

/// PostgreSQL's error codes: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn from_postgres(what: &str, code: &str, message: &str) -> StoreError {
    let class = code.get(..2).unwrap_or_default();
    match (code, class) {
        ("57014", _) => {
            StoreError::Unavailable(format!("{what}: the server cancelled it at its time limit; try again"))
        }
        ("42501", _) => StoreError::Unavailable(format!("{what}: {message}; grant the user that right")),
        ("3D000", _) => StoreError::Unavailable(format!("{what}: {message}; create it with `createdb`")),
        (_, "28") => {
            StoreError::Unavailable(format!("{what}: {message}; check user and password of the store's URL"))
        }
        (_, "22" | "23" | "54") => StoreError::Invalid(format!("{what}: {message}")),
        (_, "42" | "3F") => StoreError::Schema(format!("{what}: {message}")),
        (_, "XX") => StoreError::Corrupt(format!("{what}: {message}")),
        _ => StoreError::Unavailable(format!("{what}: {message} (SQLSTATE {code})")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_codes_are_read_without_their_extension() {
        let busy_snapshot = (5 | (2 << 8)).to_string();
        assert!(matches!(from_sqlite("saving", Some(&busy_snapshot), "locked"), StoreError::Unavailable(_)));
        assert!(matches!(from_sqlite("saving", Some("11"), "malformed"), StoreError::Corrupt(_)));
        assert!(matches!(from_sqlite("saving", Some("1"), "no such table: analyses"), StoreError::Schema(_)));
        assert!(matches!(from_sqlite("saving", None, "?"), StoreError::Schema(_)));
    }

    #[test]
    fn postgres_codes_are_read_by_who_can_act() {
        assert!(matches!(from_postgres("saving", "57014", "canceling"), StoreError::Unavailable(_)));
        assert!(matches!(from_postgres("saving", "22021", "invalid byte"), StoreError::Invalid(_)));
        assert!(matches!(from_postgres("saving", "42P01", "relation"), StoreError::Schema(_)));
        assert!(matches!(from_postgres("saving", "53300", "too many clients"), StoreError::Unavailable(_)));
        assert!(matches!(from_postgres("saving", "", "?"), StoreError::Unavailable(_)));
    }
}
