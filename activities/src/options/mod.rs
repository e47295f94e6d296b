//! The options analyst.

use ttai_contract::{OptionsAnalysisParams, OptionsAnalysisResult};

use crate::compute::Compute;
use crate::failure::AnalystError;
use crate::ports::Ports;
use crate::supervise::Progress;

pub(crate) async fn analyse(
    _ports: &Ports,
    _compute: &Compute,
    _params: OptionsAnalysisParams,
    _progress: Progress,
) -> Result<OptionsAnalysisResult, AnalystError> {
    Err(AnalystError::NotEnoughData("being written".to_owned()))
}
