//! The four analysts as activities.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use std::sync::Arc;

use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use ttai_contract::{
    ChartAnalysisParams, ChartAnalysisResult, OptionsAnalysisParams, OptionsAnalysisResult,
    ResearchAnalysisParams, ResearchAnalysisResult, Subject, SynthesizeParams, SynthesizedRecommendation,
    Timed,
};

use crate::agent::{Asked, consult};
use crate::compute::Compute;
use crate::ports::Ports;
use crate::supervise::Supervisor;
use crate::{chart, options, research, synthesis};

/// The analysts over one set of ports.
pub struct AnalystActivities {
    ports: Ports,
    compute: Compute,
    supervisor: Supervisor,
}

impl AnalystActivities {
    /// Analysts that read through `ports`, compute in `compute` and are watched by `supervisor`.
    #[must_use]
    pub fn new(ports: Ports, compute: Compute, supervisor: Supervisor) -> Self {
        Self { ports, compute, supervisor }
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
        let (ports, compute, context) = (&self.ports, &self.compute, &ctx);
        let run = self.supervisor.run(&ctx, |progress| async move {
            let Subject { symbol, model, user_id, .. } = &params.subject;
            let asked = Asked::by(context, &progress, model.as_ref(), user_id);
            let by_rules = chart::analyse(ports, compute, params.clone(), progress.clone());
            consult(ports, compute, asked, symbol, &params, &progress, by_rules).await
        });
        run.await
    }

    #[activity(definition = ttai_contract::OptionsAnalysis)]
    pub async fn options_analysis(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: OptionsAnalysisParams,
    ) -> Result<Timed<OptionsAnalysisResult>, ActivityError> {
        let (ports, compute, context) = (&self.ports, &self.compute, &ctx);
        let run = self.supervisor.run(&ctx, |progress| async move {
            let Subject { symbol, model, user_id, .. } = &params.subject;
            let asked = Asked::by(context, &progress, model.as_ref(), user_id);
            let by_rules = options::analyse(ports, compute, params.clone(), progress.clone());
            consult(ports, compute, asked, symbol, &params, &progress, by_rules).await
        });
        run.await
    }

    #[activity(definition = ttai_contract::ResearchAnalysis)]
    pub async fn research_analysis(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: ResearchAnalysisParams,
    ) -> Result<Timed<ResearchAnalysisResult>, ActivityError> {
        let (ports, compute, context) = (&self.ports, &self.compute, &ctx);
        let run = self.supervisor.run(&ctx, |progress| async move {
            let Subject { symbol, model, user_id, .. } = &params.subject;
            let asked = Asked::by(context, &progress, model.as_ref(), user_id);
            let by_rules = research::analyse(ports, params.clone(), progress.clone());
            consult(ports, compute, asked, symbol, &params, &progress, by_rules).await
        });
        run.await
    }

    #[activity(definition = ttai_contract::SynthesizeRecommendation)]
    pub async fn synthesize_recommendation(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: SynthesizeParams,
    ) -> Result<Timed<SynthesizedRecommendation>, ActivityError> {
        let (ports, compute, context) = (&self.ports, &self.compute, &ctx);
        let run = self.supervisor.run(&ctx, |progress| async move {
            let user = params.user_id.clone().unwrap_or_default();
            let asked = Asked::by(context, &progress, params.model.as_ref(), &user);
            let by_rules = synthesis::synthesize(params.clone(), progress.clone());
            consult(ports, compute, asked, &params.symbol, &params, &progress, by_rules).await
        });
        run.await
    }
}
