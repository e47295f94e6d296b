//! The state file: how another process, or the next start, finds the server that runs from a data directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::data_dir::{DataDir, failed};
use crate::error::DevServerError;
use crate::{probe, process};

/// A server that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// host:port of the gRPC service.
    pub address: String,
    /// URL of the web interface, unless headless.
    pub ui_address: Option<String>,
    /// Process id of the server.
    pub pid: u32,
    /// The namespace that it was started for.
    pub namespace: String,
}

impl Running {
    /// `http://host:port` of the gRPC service, as Temporal clients take it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// What the file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    #[serde(flatten)]
    pub(crate) running: Running,
    /// Start of the server process, in seconds since 1970: tells it from a later process with the same id.
    pub(crate) started_at: u64,
}

impl State {
    /// Reads the file; one that is absent, cut short or from another version counts as absent.
    pub(crate) fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    /// Writes the file in one step: a reader sees the old one or the new one.
    pub(crate) fn write(&self, path: &Path) -> Result<(), DevServerError> {
        let text = serde_json::to_vec_pretty(self).map_err(|error| failed(path)(error.into()))?;
        let draft: PathBuf = path.with_extension("json.new");
        fs::write(&draft, text).map_err(failed(&draft))?;
        fs::rename(&draft, path).map_err(failed(path))
    }

    /// Whether the process that the file names is still that server.
    pub(crate) fn is_alive(&self) -> bool {
        process::is_same_server(self.running.pid, self.started_at)
    }

    /// The port of the gRPC service.
    pub(crate) fn port(&self) -> Option<u16> {
        self.running.address.rsplit_once(':')?.1.parse().ok()
    }

    /// The port of the web interface.
    pub(crate) fn ui_port(&self) -> Option<u16> {
        self.running.ui_address.as_ref()?.rsplit_once(':')?.1.parse().ok()
    }
}

/// The server that runs from this data directory, whoever started it: its process has been recognised and it has
/// answered a health check within 3 s. `None` when there is none.
pub async fn discover(data_dir: impl AsRef<Path>) -> Option<Running> {
    let path = data_dir.as_ref().join("dev-server.json");
    let state = State::read(&path).filter(State::is_alive)?;
    probe::health(&state.running.address, Duration::from_secs(3)).await.ok()?;
    Some(state.running)
}

/// What the state file of a data directory says, without asking the server.
pub(crate) fn recorded(data_dir: &DataDir) -> Option<State> {
    State::read(&data_dir.state_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_file_comes_back_as_written_and_damage_counts_as_absent() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dev-server.json");
        assert_eq!(State::read(&path), None);
        let running = Running {
            address: "127.0.0.1:7233".into(),
            ui_address: Some("http://127.0.0.1:8233".into()),
            pid: 42,
            namespace: "default".into(),
        };
        let state = State { running, started_at: 1_700_000_000 };
        state.write(&path).unwrap();
        assert_eq!(State::read(&path), Some(state.clone()));
        assert_eq!((state.port(), state.ui_port()), (Some(7233), Some(8233)));
        let text = fs::read(&path).unwrap();
        fs::write(&path, &text[..text.len() / 2]).unwrap();
        assert_eq!(State::read(&path), None);
    }
}
