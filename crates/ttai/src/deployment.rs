//! A worker's deployment version: which workers the server takes for the same code, and which of them a run stays with.

use anyhow::bail;
use temporalio_common_native::worker::{
    VersioningBehavior, WorkerDeploymentOptions, WorkerDeploymentVersion,
};
use ttai_contract::TaskQueue;

/// What separates name and build id in the server's own texts.
const SEPARATORS: [char; 2] = ['.', ':'];

/// The version of a worker that takes part in Temporal's worker versioning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentVersion {
    name: String,
    build_id: String,
}

impl DeploymentVersion {
    /// Of `TEMPORAL_DEPLOYMENT_NAME` and `TEMPORAL_WORKER_BUILD_ID`; none where neither is there.
    ///
    /// # Errors
    /// One without the other, or a name that the server refuses.
    pub fn of(name: Option<String>, build_id: Option<String>) -> anyhow::Result<Option<Self>> {
        match (name, build_id) {
            (None, None) => Ok(None),
            (Some(_), None) => bail!(
                "TEMPORAL_DEPLOYMENT_NAME is set without TEMPORAL_WORKER_BUILD_ID; set both for a versioned worker, or neither"
            ),
            (None, Some(_)) => bail!(
                "TEMPORAL_WORKER_BUILD_ID is set without TEMPORAL_DEPLOYMENT_NAME; set both for a versioned worker, or neither"
            ),
            (Some(name), Some(_)) if name.contains(SEPARATORS) => {
                bail!("TEMPORAL_DEPLOYMENT_NAME: '{name}' has a '.' or ':', which the server does not allow")
            }
            (Some(name), Some(build_id)) => Ok(Some(Self { name, build_id })),
        }
    }

    /// As the SDK takes it. A run of an analysis ends within the hour and stays with the code that it began with; all others live
    /// for months and go on with the newest, behind patches.
    pub(crate) fn options(&self, queue: TaskQueue) -> WorkerDeploymentOptions {
        let version = WorkerDeploymentVersion::builder()
            .deployment_name(self.name.clone())
            .build_id(self.build_id.clone())
            .build();
        let behavior = match queue {
            TaskQueue::Analysis => VersioningBehavior::Pinned,
            TaskQueue::Background | TaskQueue::Streaming => VersioningBehavior::AutoUpgrade,
        };
        WorkerDeploymentOptions::new(version)
            .use_worker_versioning(true)
            .default_versioning_behavior(behavior)
            .build()
    }

    /// What makes the server hand it work, which until then it does not.
    #[must_use]
    pub fn command(&self) -> String {
        let Self { name, build_id } = self;
        format!(
            "temporal worker deployment set-current-version --deployment-name {name} --build-id {build_id}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: Option<&str>, build_id: Option<&str>) -> anyhow::Result<Option<DeploymentVersion>> {
        DeploymentVersion::of(name.map(str::to_owned), build_id.map(str::to_owned))
    }

    #[test]
    fn a_version_has_a_name_and_a_build_id() {
        assert_eq!(of(None, None).unwrap(), None);
        for (name, build_id, part) in [
            (Some("ttai"), None, "without TEMPORAL_WORKER_BUILD_ID"),
            (None, Some("7"), "without TEMPORAL_DEPLOYMENT_NAME"),
            (Some("ttai.analysis"), Some("7"), "'.'"),
            (Some("ttai:analysis"), Some("7"), "':'"),
        ] {
            let error = of(name, build_id).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        let version = of(Some("trading/ttai"), Some("1.4.0")).unwrap().unwrap();
        assert!(version.command().ends_with("--deployment-name trading/ttai --build-id 1.4.0"));
    }

    #[test]
    fn analyses_stay_with_their_code_and_everything_else_goes_on_with_the_newest() {
        let version = of(Some("ttai"), Some("7")).unwrap().unwrap();
        for (queue, behavior) in [
            (TaskQueue::Analysis, VersioningBehavior::Pinned),
            (TaskQueue::Background, VersioningBehavior::AutoUpgrade),
            (TaskQueue::Streaming, VersioningBehavior::AutoUpgrade),
        ] {
            let options = version.options(queue);
            assert!(options.use_worker_versioning);
            assert_eq!(options.default_versioning_behavior, Some(behavior), "{queue}");
        }
    }
}
