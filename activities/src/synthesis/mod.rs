//! The synthesis.

use ttai_contract::{SynthesizeParams, SynthesizedRecommendation};

use crate::failure::AnalystError;
use crate::supervise::Progress;

pub(crate) async fn synthesize(
    _params: SynthesizeParams,
    _progress: Progress,
) -> Result<SynthesizedRecommendation, AnalystError> {
    Err(AnalystError::NotEnoughData("being written".to_owned()))
}
