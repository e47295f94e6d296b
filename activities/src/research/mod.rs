//! The research analyst.

use ttai_contract::{ResearchAnalysisParams, ResearchAnalysisResult};

use crate::failure::AnalystError;
use crate::ports::Ports;
use crate::supervise::Progress;

pub(crate) async fn analyse(
    _ports: &Ports,
    _params: ResearchAnalysisParams,
    _progress: Progress,
) -> Result<ResearchAnalysisResult, AnalystError> {
    Err(AnalystError::NotEnoughData("being written".to_owned()))
}
