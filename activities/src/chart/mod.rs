//! The chart analyst.

use ttai_contract::{ChartAnalysisParams, ChartAnalysisResult};

use crate::compute::Compute;
use crate::failure::AnalystError;
use crate::ports::Ports;
use crate::supervise::Progress;

pub(crate) async fn analyse(
    _ports: &Ports,
    _compute: &Compute,
    _params: ChartAnalysisParams,
    _progress: Progress,
) -> Result<ChartAnalysisResult, AnalystError> {
    Err(AnalystError::NotEnoughData("being written".to_owned()))
}
