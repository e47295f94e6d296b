//! The chart analyst: bars in, verdict, levels, picture and text out. Same market, same answer, byte for byte.

mod bars;
mod findings;
mod notes;
mod outlook;
mod picture;
mod reasons;
#[cfg(test)]
mod storing;
#[cfg(test)]
mod tests;

use ttai_contract::{AnalysisDepth, ArtifactLink, ChartAnalysisParams, ChartAnalysisResult};
use ttai_ports::{Artifact, EarningsDate, Fact, PortError, StoreError, Unknown};
use ttai_quant::levels::LevelsError;
use ttai_quant::trend::{AssessmentError, AssessmentSettings, ChartAssessment, Depth, assess_and_follow};

use crate::compute::Compute;
use crate::failure::AnalystError;
use crate::market_view::MarketView;
use crate::options::earnings::never_reports;
use crate::ports::Ports;
use crate::supervise::Progress;
use bars::Series;
use findings::Findings;
use notes::{Notes, notes};
use outlook::{Outlook, outlook};
use picture::Picture;

/// What the analyst works with, once everything is read.
#[derive(Clone, Debug)]
pub(crate) struct Chart {
    view: MarketView,
    series: Series,
    assessment: ChartAssessment,
    findings: Findings,
    outlook: Outlook,
    earnings: NextEarnings,
}

/// What is known of the next report.
#[derive(Clone, Debug)]
pub(crate) enum NextEarnings {
    /// A date.
    Next(EarningsDate),
    /// A fund or an index has none.
    Never,
    /// The source keeps such dates and has none.
    NoneKnown,
    /// The source keeps no such dates.
    NoRecord,
    /// The source could not be read: who, and how it failed.
    Unread(String),
}

/// Judges the chart of a symbol.
pub(crate) async fn analyse(
    ports: &Ports,
    compute: &Compute,
    params: ChartAnalysisParams,
    progress: Progress,
) -> Result<ChartAnalysisResult, AnalystError> {
    let ports = &ports.for_request();
    progress.step("reading bars");
    let mut view = MarketView::at(ports, &params.subject).await?;
    let series = Series::read(ports, &view, params.timeframe, params.analysis_depth, &progress).await?;
    let (earnings, earnings_warning) = next_earnings(ports, &view).await;
    view.settle(ports);
    progress.step("judging the chart");
    let depth = params.analysis_depth;
    let (chart, notes) = compute.run(move || judge(view, series, depth, earnings)).await??;
    let mut result = result(&chart, notes);
    result.warnings.extend(earnings_warning);
    if params.include_chart_image {
        progress.step("drawing the chart");
        draw(ports, compute, chart, depth, &mut result).await?;
    }
    Ok(result)
}

/// Judges the daily chart of a market that was looked at already, without a picture and without asking for the next report.
pub(crate) async fn judge_view(
    compute: &Compute,
    view: MarketView,
) -> Result<ChartAnalysisResult, AnalystError> {
    let depth = AnalysisDepth::default();
    let judged =
        compute.run(move || judge(view.clone(), Series::daily(&view), depth, NextEarnings::NoRecord));
    let (chart, notes) = judged.await??;
    Ok(result(&chart, notes))
}

fn judge(
    view: MarketView,
    series: Series,
    depth: AnalysisDepth,
    earnings: NextEarnings,
) -> Result<(Chart, Notes), AnalystError> {
    let settings = AssessmentSettings { timeframe: series.timeframe(), depth: depth_of(depth) };
    let (assessment, tracker) =
        assess_and_follow(series.given(), settings).map_err(|error| refusal(&view, error))?;
    let findings = Findings::of(&assessment, series.judged(), view.price);
    let last = series.judged().last();
    let outlook = last.map(|last| outlook(*last, &assessment, &tracker)).unwrap_or_default();
    let chart = Chart { view, series, assessment, findings, outlook, earnings };
    let notes = notes(&chart);
    Ok((chart, notes))
}

fn result(chart: &Chart, notes: Notes) -> ChartAnalysisResult {
    let Chart { view, assessment, findings, .. } = chart;
    ChartAnalysisResult {
        symbol: view.symbol.to_string(),
        recommendation: findings::recommendation(assessment.recommendation),
        trend_direction: assessment.trend_direction,
        trend_quality: assessment.trend_quality,
        support_levels: findings.supports.clone(),
        resistance_levels: findings.resistances.clone(),
        fib_confluence_zones: findings.confluence.clone(),
        extension_risk: assessment.extension_risk,
        chart_notes: notes.text,
        tool_calls_made: 0,
        price: view.price,
        atr: assessment.measures.atr14,
        indicators: findings::indicators(assessment),
        fibonacci: findings.fibonacci.clone(),
        gaps: findings.gaps.clone(),
        chart_image: None,
        chart_scene: None,
        rule: reasons::rule(assessment),
        as_of: view.as_of,
        data_source: view.source.clone(),
        evidence: notes.evidence,
        warnings: warnings(chart),
        model_use: None,
    }
}

/// Draws and saves the picture; an analysis whose chart cannot be drawn or saved stands without it, and says so.
async fn draw(
    ports: &Ports,
    compute: &Compute,
    chart: Chart,
    depth: AnalysisDepth,
    result: &mut ChartAnalysisResult,
) -> Result<(), AnalystError> {
    match compute.draw(move |canvas| picture::draw(&chart, depth, canvas)).await? {
        Ok(picture) => match save(ports, picture).await {
            Ok([image, scene]) => {
                (result.chart_image, result.chart_scene) = (Some(image), Some(scene));
            }
            Err(error) => result.warnings.push(format!("the chart could not be saved: {error}")),
        },
        Err(error) => result.warnings.push(format!("the chart could not be drawn: {error}")),
    }
    Ok(())
}

async fn save(ports: &Ports, picture: Picture) -> Result<[ArtifactLink; 2], StoreError> {
    let image = put(ports, "image/png", picture.png).await?;
    Ok([image, put(ports, "application/json", picture.scene).await?])
}

async fn put(ports: &Ports, media_type: &str, bytes: Vec<u8>) -> Result<ArtifactLink, StoreError> {
    let artifact = Artifact { media_type: media_type.to_owned(), bytes };
    let stored = ports.artifacts.put(&artifact).await?;
    Ok(ArtifactLink { sha256: stored.sha256, media_type: stored.media_type, size: stored.size })
}

/// The next report, for its mark. A chart stands without it, so a source that fails is told and not waited for.
async fn next_earnings(ports: &Ports, view: &MarketView) -> (NextEarnings, Option<String>) {
    let known = match ports.metrics.metrics(&view.symbol, view.as_of).await {
        Ok(Some(metrics)) => metrics.known(Fact::Earnings, metrics.next_earnings.clone()),
        Ok(None) => Err(Unknown::NotProvided),
        Err(error) => Err(Unknown::Unreachable(error)),
    };
    match known {
        Ok(Some(next)) => (NextEarnings::Next(next), None),
        _ if never_reports(&view.symbol) => (NextEarnings::Never, None),
        Ok(None) => (NextEarnings::NoneKnown, None),
        Err(Unknown::NotProvided) => (NextEarnings::NoRecord, None),
        Err(Unknown::Unreachable(error)) => {
            let warning = format!("the earnings date could not be read: {error}");
            (NextEarnings::Unread(error.summary()), Some(warning))
        }
    }
}

/// A quote this many average true ranges from the last bar's close does not belong to the same moment.
const DETACHED_ATR: f64 = 1.0;

fn warnings(chart: &Chart) -> Vec<String> {
    let (view, measures) = (&chart.view, &chart.assessment.measures);
    let mut warnings = view.warnings.clone();
    warnings.extend(chart.assessment.warnings.iter().cloned());
    warnings.extend(chart.series.set_aside().iter().cloned());
    if chart.series.last_is_running() {
        warnings.push(format!(
            "the last {} is still running: its averages, levels and volume can change until it ends",
            chart.series.bar_name()
        ));
    }
    let away = (view.price - measures.close) / measures.atr14;
    if away.abs() > DETACHED_ATR {
        warnings.push(format!(
            "the quote of {:.2} is {:.1} ATR {} the last bar's close of {:.2}, to which the verdict belongs",
            view.price,
            away.abs(),
            if away > 0.0 { "above" } else { "below" },
            measures.close
        ));
    }
    warnings
}

const fn depth_of(depth: AnalysisDepth) -> Depth {
    match depth {
        AnalysisDepth::Quick => Depth::Quick,
        AnalysisDepth::Standard => Depth::Standard,
        AnalysisDepth::Deep => Depth::Deep,
    }
}

fn refusal(view: &MarketView, error: AssessmentError) -> AnalystError {
    match error {
        AssessmentError::Levels(
            error @ (LevelsError::ImpossibleBar { .. } | LevelsError::NotInOrder { .. }),
        ) => corrupt(view, &error),
        AssessmentError::Indicator(error) => corrupt(view, &error),
        error => AnalystError::NotEnoughData(format!("{}: {error}", view.symbol)),
    }
}

fn corrupt(view: &MarketView, error: &dyn std::error::Error) -> AnalystError {
    let detail = format!("{}: {error}", view.symbol);
    PortError::Corrupt { provider: view.source.name.clone(), detail }.into()
}
