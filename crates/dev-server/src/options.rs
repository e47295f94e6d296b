//! What a caller can choose about a development server, and the command line that follows from it.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::error::DevServerError;
use crate::locate::LocateOptions;
use crate::progress::{ProgressSink, Silent};

/// Lets a worker start activities together with the answer that schedules them, without another round trip; servers
/// have it off unless told otherwise.
const EAGER_ACTIVITIES: &str = "system.enableActivityEagerExecution";

/// Everything a server needs to know. Start from [`persistent`](Self::persistent) or [`ephemeral`](Self::ephemeral).
#[derive(Clone)]
pub struct DevServerOptions {
    /// How to get the `temporal` command.
    pub locate: LocateOptions,
    /// Folder of the database, the log, the state file and the lock; created when absent. One server per folder.
    pub data_dir: PathBuf,
    /// Port of the gRPC service on 127.0.0.1; `None` for a free one.
    pub port: Option<u16>,
    /// Port of the web interface on 127.0.0.1; `None` for a free one.
    pub ui_port: Option<u16>,
    /// Port of the server's own Prometheus metrics on 127.0.0.1; `None` for one of the server's choice.
    pub metrics_port: Option<u16>,
    /// Without the web interface.
    pub headless: bool,
    /// Serves Prometheus metrics on a free port of 127.0.0.1, and counts [actions](crate::DevServer::actions).
    pub metrics: bool,
    /// Keeps everything in memory: nothing survives the server. For tests.
    pub ephemeral: bool,
    /// Namespace that exists when the server serves; `default` exists beside it.
    pub namespace: String,
    /// Search attributes that exist in the namespace when the server serves.
    pub search_attributes: Vec<(String, SearchAttributeKind)>,
    /// Dynamic configuration of the server, for example `("frontend.namespaceCount", 200)`. Eager activities are on
    /// unless it says otherwise.
    pub dynamic_config: Vec<(String, serde_json::Value)>,
    /// What the server writes to its log.
    pub log_level: LogLevel,
    /// How long the server may take until it serves.
    pub ready_within: Duration,
    /// How long the server may take to stop before it is killed.
    pub stop_within: Duration,
    /// Is told what happens.
    pub progress: Arc<dyn ProgressSink>,
}

impl DevServerOptions {
    /// A server whose database stays in `data_dir`, on free ports, with the web interface.
    pub fn persistent(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            locate: LocateOptions::default(),
            data_dir: data_dir.into(),
            port: None,
            ui_port: None,
            metrics_port: None,
            headless: false,
            metrics: false,
            ephemeral: false,
            namespace: "default".to_owned(),
            search_attributes: Vec::new(),
            dynamic_config: Vec::new(),
            log_level: LogLevel::Warn,
            ready_within: Duration::from_secs(60),
            stop_within: Duration::from_secs(10),
            progress: Arc::new(Silent),
        }
    }

    /// A server that keeps everything in memory, on a free port, without the web interface. Its log and lock lie in
    /// `data_dir`.
    pub fn ephemeral(data_dir: impl Into<PathBuf>) -> Self {
        Self { ephemeral: true, headless: true, ..Self::persistent(data_dir) }
    }

    /// Refuses what the server would refuse later, or misread.
    pub(crate) fn validate(&self) -> Result<(), DevServerError> {
        let invalid = |option, value: &str, problem| {
            Err(DevServerError::InvalidOption { option, value: value.to_owned(), problem })
        };
        if self.namespace.is_empty() || self.namespace.starts_with('-') {
            return invalid(
                "namespace",
                &self.namespace,
                "a name that is not empty and does not begin with a hyphen",
            );
        }
        for (name, _) in &self.search_attributes {
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                return invalid("search_attributes", name, "letters, digits and underscores only");
            }
        }
        for (key, _) in &self.dynamic_config {
            if key.is_empty() || key.contains('=') {
                return invalid("dynamic_config", key, "a key that is not empty and has no equals sign");
            }
        }
        let ports = [("port", self.port), ("ui_port", self.ui_port), ("metrics_port", self.metrics_port)];
        for (option, port) in ports {
            if port == Some(0) {
                return invalid(option, "0", "a port from 1 to 65535, or none for a free one");
            }
        }
        if let (Some(port), false) = (self.port, self.headless)
            && self.ui_port == Some(port)
        {
            return invalid("ui_port", &port.to_string(), "a port other than that of the gRPC service");
        }
        Ok(())
    }

    /// Arguments of `temporal` for these ports; `database` is absent for a server in memory.
    pub(crate) fn arguments(
        &self,
        port: u16,
        ui_port: Option<u16>,
        metrics_port: Option<u16>,
        database: Option<&Path>,
    ) -> Vec<OsString> {
        let mut arguments: Vec<OsString> =
            ["server", "start-dev", "--ip", "127.0.0.1", "--color", "never"].map(OsString::from).into();
        let mut add = |flag: &str, value: OsString| arguments.extend([OsString::from(flag), value]);
        add("--port", port.to_string().into());
        add("--log-level", self.log_level.as_str().into());
        add("--namespace", self.namespace.clone().into());
        if let Some(port) = ui_port {
            add("--ui-port", port.to_string().into());
        }
        if let Some(port) = metrics_port {
            add("--metrics-port", port.to_string().into());
        }
        if let Some(path) = database {
            add("--db-filename", path.as_os_str().to_owned());
        }
        for (name, kind) in &self.search_attributes {
            add("--search-attribute", format!("{name}={kind}").into());
        }
        if let Some(port) = self.metrics_port {
            add("--metrics-port", port.to_string().into());
        }
        let eager = (EAGER_ACTIVITIES.to_owned(), true.into());
        for (key, value) in [&eager].into_iter().chain(&self.dynamic_config) {
            add("--dynamic-config-value", format!("{key}={value}").into());
        }
        if ui_port.is_none() {
            arguments.push("--headless".into());
        }
        arguments
    }
}

impl fmt::Debug for DevServerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DevServerOptions")
            .field("data_dir", &self.data_dir)
            .field("port", &self.port)
            .field("ui_port", &self.ui_port)
            .field("headless", &self.headless)
            .field("ephemeral", &self.ephemeral)
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}

/// Type of a search attribute, as Temporal names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SearchAttributeKind {
    /// Text that is searched by word.
    Text,
    /// A word that is compared as a whole.
    Keyword,
    /// A 64-bit integer.
    Int,
    /// A floating-point number.
    Double,
    /// True or false.
    Bool,
    /// A point in time.
    Datetime,
    /// Several words, each compared as a whole.
    KeywordList,
}

impl fmt::Display for SearchAttributeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "Text",
            Self::Keyword => "Keyword",
            Self::Int => "Int",
            Self::Double => "Double",
            Self::Bool => "Bool",
            Self::Datetime => "Datetime",
            Self::KeywordList => "KeywordList",
        })
    }
}

/// How much the server writes to its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogLevel {
    /// Everything.
    Debug,
    /// What it does.
    Info,
    /// What is unusual.
    #[default]
    Warn,
    /// What failed.
    Error,
    /// Nothing; a failed start then has no explanation.
    Never,
}

impl LogLevel {
    fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Never => "never",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command_line(options: &DevServerOptions, ui_port: Option<u16>, database: Option<&Path>) -> String {
        options.arguments(7233, ui_port, None, database).join(" ".as_ref()).to_string_lossy().into_owned()
    }

    #[test]
    fn the_command_line_carries_every_choice() {
        let mut options = DevServerOptions::persistent("data");
        options.namespace = "trading".into();
        options.search_attributes = vec![("TtaiSymbol".into(), SearchAttributeKind::Keyword)];
        options.metrics_port = Some(9100);
        options.dynamic_config = vec![("limit.blobSize.error".into(), 5.into()), ("a".into(), "b".into())];
        assert_eq!(
            command_line(&options, Some(8233), Some(Path::new("/d/temporal.db"))),
            "server start-dev --ip 127.0.0.1 --color never --port 7233 --log-level warn --namespace trading \
             --ui-port 8233 --db-filename /d/temporal.db --search-attribute TtaiSymbol=Keyword \
             --metrics-port 9100 \
             --dynamic-config-value system.enableActivityEagerExecution=true \
             --dynamic-config-value limit.blobSize.error=5 --dynamic-config-value a=\"b\""
        );
        assert!(command_line(&DevServerOptions::ephemeral("data"), None, None).ends_with("--headless"));
        let metered = DevServerOptions::ephemeral("data").arguments(7233, None, Some(9233), None);
        assert!(metered.join(" ".as_ref()).to_string_lossy().contains("--metrics-port 9233"));
    }

    #[test]
    fn nonsense_is_refused_with_the_name_of_the_option() {
        let refused = |change: fn(&mut DevServerOptions)| {
            let mut options = DevServerOptions::persistent("data");
            change(&mut options);
            options.validate().unwrap_err().to_string()
        };
        assert!(refused(|o| o.namespace.clear()).starts_with("namespace"));
        assert!(
            refused(|o| o.search_attributes = vec![("a=b".into(), SearchAttributeKind::Int)]).contains("a=b")
        );
        assert!(refused(|o| o.dynamic_config = vec![("a=b".into(), 1.into())]).starts_with("dynamic_config"));
        assert!(refused(|o| o.port = Some(0)).starts_with("port"));
        assert!(refused(|o| (o.port, o.ui_port) = (Some(7233), Some(7233))).starts_with("ui_port"));
        assert!(DevServerOptions::persistent("data").validate().is_ok());
    }
}
