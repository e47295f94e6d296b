//! Where a store is, without ever showing a password.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;
use ttai_ports::StoreError;

/// Where the store is: `sqlite:///path/ttai.db`, a plain path, or `postgres://user:password@host:5432/database`.
///
/// `Display` and `Debug` show neither password nor parameters.
#[derive(Clone)]
pub struct StoreUrl(Target);

#[derive(Clone)]
pub(crate) enum Target {
    /// An absolute path.
    Sqlite(PathBuf),
    Postgres(Box<PgConnectOptions>),
}

/// The parameters of a PostgreSQL URL that the driver knows; of others it would log the value.
const POSTGRES_PARAMETERS: &[&str] = &[
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
    "statement-cache-capacity",
];

impl StoreUrl {
    /// A SQLite file at this path; a relative one starts at the current directory.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for an empty path, one that is not UTF-8, or one that starts with `~`.
    pub fn sqlite(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let Some(text) = path.to_str() else {
            return Err(StoreError::Invalid(format!("the path {} is not UTF-8", path.display())));
        };
        if text.is_empty() || text.contains('\0') || text.ends_with('/') {
            return Err(StoreError::Invalid(format!(
                "{text:?} names no file; give a path like /var/lib/ttai/ttai.db"
            )));
        }
        if text.starts_with('~') {
            return Err(StoreError::Invalid(format!(
                "{text:?}: ~ is not expanded here; write the folder's full path"
            )));
        }
        let absolute = std::path::absolute(path).map_err(|error| {
            StoreError::Invalid(format!("the path {text:?} cannot be made absolute: {error}"))
        })?;
        Ok(Self(Target::Sqlite(absolute)))
    }

    fn postgres(url: &str) -> Result<Self, StoreError> {
        let (_, parameters) = url.split_once('?').unwrap_or((url, ""));
        let unknown = parameters
            .split('&')
            .filter_map(|pair| pair.split('=').next())
            .any(|key| !key.is_empty() && !key.starts_with("options") && !POSTGRES_PARAMETERS.contains(&key));
        if unknown {
            return Err(StoreError::Invalid(format!(
                "the PostgreSQL URL has an unknown parameter; known are {}. A ? in a password is written %3F",
                POSTGRES_PARAMETERS.join(", ")
            )));
        }
        let options = PgConnectOptions::from_str(url).map_err(|_| malformed_postgres())?;
        // An unescaped / in a password leaves the rest of it where the database's name is.
        if options.get_database().is_some_and(|database| database.contains('@')) {
            return Err(malformed_postgres());
        }
        let named = options.get_application_name().is_some();
        let options = if named { options } else { options.application_name("ttai") };
        Ok(Self(Target::Postgres(Box::new(options))))
    }

    pub(crate) fn target(&self) -> &Target {
        &self.0
    }
}

/// Repeats nothing of the URL: any part may be a misplaced password.
fn malformed_postgres() -> StoreError {
    StoreError::Invalid(
        "the PostgreSQL URL cannot be read; write postgres://user:password@host:5432/database \
         and in the password %2F for /, %3A for :, %40 for @, %23 for #, %3F for ?"
            .into(),
    )
}

impl FromStr for StoreUrl {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let text = text.trim();
        let (scheme, rest) = match text.split_once(':') {
            // One letter is a drive, no scheme.
            Some((scheme, rest)) if scheme.len() > 1 && !scheme.contains(['/', '\\', '.']) => (scheme, rest),
            _ => return Self::sqlite(text),
        };
        match scheme {
            "sqlite" => sqlite_path(rest),
            "postgres" | "postgresql" if rest.starts_with("//") => Self::postgres(text),
            "postgres" | "postgresql" => Err(malformed_postgres()),
            _ => Err(StoreError::Invalid(
                "the store's URL starts with none of sqlite:// and postgres://; a path with a colon is written ./path"
                    .into(),
            )),
        }
    }
}

/// `///absolute`, `//relative` or `relative`, percent-encoded.
fn sqlite_path(rest: &str) -> Result<StoreUrl, StoreError> {
    let path = rest.strip_prefix("//").unwrap_or(rest);
    if path.contains('?') {
        return Err(StoreError::Invalid(format!(
            "sqlite:{rest}: parameters are not supported; a ? in a file's name is written %3F"
        )));
    }
    if path.contains(":memory:") {
        return Err(StoreError::Invalid("a store in memory would not be durable; give a file".into()));
    }
    StoreUrl::sqlite(percent_decode(path)?)
}

fn percent_decode(text: &str) -> Result<String, StoreError> {
    let malformed =
        || StoreError::Invalid(format!("sqlite:{text}: a % must be followed by two hexadecimal digits"));
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next().ok_or_else(malformed)?, rest.next().ok_or_else(malformed)?];
        let digits = std::str::from_utf8(&digits).map_err(|_| malformed())?;
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| malformed())?);
    }
    String::from_utf8(bytes).map_err(|_| malformed())
}

/// How a store is named to a person: its kind, and its place without credentials.
impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Target::Sqlite(path) => f.write_str(&sqlite_place(path)),
            Target::Postgres(options) => f.write_str(&postgres_place(options)),
        }
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreUrl({self})")
    }
}

pub(crate) fn sqlite_place(path: &Path) -> String {
    format!("sqlite at {}", path.display())
}

pub(crate) fn postgres_place(options: &PgConnectOptions) -> String {
    let host = match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => options.get_host().to_owned(),
    };
    let user = options.get_username();
    let database = options.get_database().unwrap_or(user);
    format!("postgres at {user}@{host}:{}/{database}", options.get_port())
}

/// A PostgreSQL command's words for the database, without a password: ` --host=db --port=5432 --username=ann ttai`.
pub(crate) fn postgres_words(options: &PgConnectOptions) -> String {
    let host = match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => options.get_host().to_owned(),
    };
    let (port, user) = (options.get_port(), options.get_username());
    let database = options.get_database().unwrap_or(user);
    format!(" --host={host} --port={port} --username={user} --dbname={database}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        text.parse::<StoreUrl>().unwrap().to_string()
    }

    #[test]
    fn sqlite_urls_and_plain_paths_name_the_same_file() {
        for text in ["/data/ttai.db", "sqlite:///data/ttai.db", "sqlite:/data/ttai.db", " /data/ttai.db\n"] {
            assert_eq!(shown(text), "sqlite at /data/ttai.db", "{text}");
        }
        assert_eq!(shown("sqlite:///data/my%20store%3F.db"), "sqlite at /data/my store?.db");
        assert_eq!(shown("/data/a:b?c%20d.db"), "sqlite at /data/a:b?c%20d.db");
        let here = std::path::absolute("ttai.db").unwrap();
        for text in ["ttai.db", "sqlite://ttai.db", "sqlite:ttai.db"] {
            assert_eq!(shown(text), format!("sqlite at {}", here.display()));
        }
    }

    #[test]
    fn a_password_is_shown_nowhere() {
        let url: StoreUrl = "postgres://ann:hunter2@db.example:5433/ttai?sslmode=require".parse().unwrap();
        assert_eq!(url.to_string(), "postgres at ann@db.example:5433/ttai");
        assert_eq!(format!("{url:?}"), "StoreUrl(postgres at ann@db.example:5433/ttai)");
    }

    #[test]
    fn what_cannot_be_read_is_refused_without_repeating_a_password() {
        let wrong = [
            "postgres:/ann:hunter2@db.example/ttai",
            "postgres://ann:hunter2/@db.example/ttai",
            "postgres://ann:12/hunter2@db.example/ttai",
            "postgres://ann:hunter2#@db.example/ttai",
            "postgres://ann:12?hunter2@db.example/ttai",
            "postgres://db.example/ttai?pasword=hunter2",
            "mysql://ann:hunter2@db.example/ttai",
            "ann:hunter2@db.example/ttai",
        ];
        for text in wrong {
            let error = text.parse::<StoreUrl>().unwrap_err();
            assert!(matches!(error, StoreError::Invalid(_)), "{text}");
            assert!(!error.to_string().contains("hunter2"), "{text}: {error}");
        }
    }

    #[test]
    fn paths_that_name_no_durable_file_are_refused() {
        for text in [
            "",
            "  ",
            "sqlite:",
            "sqlite://",
            "sqlite::memory:",
            "~/ttai.db",
            "/data/",
            "sqlite:///a%2",
            "sqlite:///a%zz",
            "sqlite:///a?mode=ro",
        ] {
            assert!(matches!(text.parse::<StoreUrl>(), Err(StoreError::Invalid(_))), "{text}");
        }
    }
}
