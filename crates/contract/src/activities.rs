//! The activities that the analysis workflows call: names and types only.
//!
//! The declared error type says nothing: failures are typed by [`crate::FailureType`] on the wire.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use std::convert::Infallible;

use temporalio_macros::activity_definitions;

use crate::chart::{ChartAnalysisParams, ChartAnalysisResult};
use crate::full::{SynthesizeParams, SynthesizedRecommendation};
use crate::lenient::Lenient;
use crate::notification::{NotificationParams, NotificationReceipt, RouteAlertsParams};
use crate::options::{OptionsAnalysisParams, OptionsAnalysisResult};
use crate::research::{ResearchAnalysisParams, ResearchAnalysisResult};
use crate::storage::SaveAnalysisParams;
use crate::timed::Timed;

/// The four analysts.
pub struct AnalystActivities;

#[activity_definitions]
impl AnalystActivities {
    /// Trend, levels, extension and a chart image.
    #[activity(name = "chart_analysis_activity")]
    pub fn chart_analysis(_params: ChartAnalysisParams) -> Result<Timed<ChartAnalysisResult>, Infallible> {
        unimplemented!()
    }

    /// The best contract under the constraints.
    #[activity(name = "options_analysis_activity")]
    pub fn options_analysis(
        _params: OptionsAnalysisParams,
    ) -> Result<Timed<OptionsAnalysisResult>, Infallible> {
        unimplemented!()
    }

    /// News, short interest, earnings.
    #[activity(name = "research_analysis_activity")]
    pub fn research_analysis(
        _params: ResearchAnalysisParams,
    ) -> Result<Timed<ResearchAnalysisResult>, Infallible> {
        unimplemented!()
    }

    /// The verdict over all stages.
    #[activity(name = "synthesize_recommendation_activity")]
    pub fn synthesize_recommendation(
        _params: SynthesizeParams,
    ) -> Result<Timed<SynthesizedRecommendation>, Infallible> {
        unimplemented!()
    }
}

/// Saving and notifying.
pub struct OutputActivities;

#[activity_definitions]
impl OutputActivities {
    /// Saves an analysis under the calling workflow's id.
    #[activity(name = "save_analysis_activity")]
    pub fn save_analysis(_params: SaveAnalysisParams) -> Result<(), Infallible> {
        unimplemented!()
    }

    /// Sends a message to channels and says what became of it over each.
    #[activity(name = "send_notifications_activity")]
    pub fn send_notifications(
        _params: Lenient<NotificationParams>,
    ) -> Result<NotificationReceipt, Infallible> {
        unimplemented!()
    }

    /// Sends each alert to every configured channel. It fails until each channel has settled each alert, and a retry
    /// sends only what is missing.
    #[activity(name = "route_alerts_activity")]
    pub fn route_alerts(_alerts: Lenient<RouteAlertsParams>) -> Result<(), Infallible> {
        unimplemented!()
    }
}

pub use analyst_activities::{ChartAnalysis, OptionsAnalysis, ResearchAnalysis, SynthesizeRecommendation};
pub use output_activities::{RouteAlerts, SaveAnalysis, SendNotifications};
