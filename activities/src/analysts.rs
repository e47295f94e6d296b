//! The four analysts as activities.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use std::sync::Arc;

use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use ttai_contract::ids::DEFAULT_USER;
use ttai_contract::{
    ChartAnalysisParams, ChartAnalysisResult, OptionsAnalysisParams, OptionsAnalysisResult,
    ResearchAnalysisParams, ResearchAnalysisResult, SynthesizeParams, SynthesizedRecommendation, Timed,
};

use crate::agent::{Asked, consult};
use crate::compute::Compute;
use crate::ports::Ports;
use crate::supervise::{Shutdown, supervised};
use crate::{chart, options, research, synthesis};

/// The analysts over one set of ports.
pub struct AnalystActivities {
    ports: Ports,
    compute: Compute,
    shutdown: Shutdown,
}

impl AnalystActivities {
    /// Analysts that read through `ports`, compute in `compute` and stop on `shutdown`.
    #[must_use]
    pub fn new(ports: Ports, compute: Compute, shutdown: Shutdown) -> Self {
        Self { ports, compute, shutdown }
    }
}

#[activities]
impl AnalystActivities {
    #[activity(definition = ttai_contract::ChartAnalysis)]
    pub async fn chart_analysis(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: ChartAnalysisParams,
    ) -> Result<Timed<ChartAnalysisResult>, ActivityError> {
        let asked = Asked::by(&ctx, params.model.as_deref(), &params.user_id);
        let (ports, compute) = (&self.ports, &self.compute);
        supervised(&ctx, &self.shutdown, |progress| async move {
            let by_rules = chart::analyse(ports, compute, params.clone(), progress.clone());
            consult(ports, compute, asked, &params, &progress, by_rules).await
        })
        .await
    }

    #[activity(definition = ttai_contract::OptionsAnalysis)]
    pub async fn options_analysis(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: OptionsAnalysisParams,
    ) -> Result<Timed<OptionsAnalysisResult>, ActivityError> {
        let asked = Asked::by(&ctx, params.model.as_deref(), &params.user_id);
        let (ports, compute) = (&self.ports, &self.compute);
        supervised(&ctx, &self.shutdown, |progress| async move {
            let by_rules = options::analyse(ports, compute, params.clone(), progress.clone());
            consult(ports, compute, asked, &params, &progress, by_rules).await
        })
        .await
    }

    #[activity(definition = ttai_contract::ResearchAnalysis)]
    pub async fn research_analysis(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: ResearchAnalysisParams,
    ) -> Result<Timed<ResearchAnalysisResult>, ActivityError> {
        let asked = Asked::by(&ctx, params.model.as_deref(), &params.user_id);
        let (ports, compute) = (&self.ports, &self.compute);
        supervised(&ctx, &self.shutdown, |progress| async move {
            let by_rules = research::analyse(ports, params.clone(), progress.clone());
            consult(ports, compute, asked, &params, &progress, by_rules).await
        })
        .await
    }

    #[activity(definition = ttai_contract::SynthesizeRecommendation)]
    pub async fn synthesize_recommendation(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: SynthesizeParams,
    ) -> Result<Timed<SynthesizedRecommendation>, ActivityError> {
        let user_id = params.user_id.as_deref().unwrap_or(DEFAULT_USER);
        let asked = Asked::by(&ctx, params.model.as_deref(), user_id);
        let (ports, compute) = (&self.ports, &self.compute);
        supervised(&ctx, &self.shutdown, |progress| async move {
            let by_rules = synthesis::synthesize(params.clone(), progress.clone());
            consult(ports, compute, asked, &params, &progress, by_rules).await
        })
        .await
    }
}
