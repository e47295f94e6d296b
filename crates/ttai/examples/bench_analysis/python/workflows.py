"""Seed 000's pipeline: chart, options, research, synthesis, ending at the first rejection."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities import (
        chart_analysis_activity,
        options_analysis_activity,
        research_analysis_activity,
        synthesize_recommendation_activity,
    )

from analysis_types import (
    ChartAnalysisParams,
    FullAnalysisParams,
    FullAnalysisResult,
    OptionsAnalysisParams,
    ResearchAnalysisParams,
    SynthesizeParams,
)


@workflow.defn
class FullAnalysisWorkflow:
    @workflow.run
    async def run(self, params: FullAnalysisParams) -> FullAnalysisResult:
        chart = await workflow.execute_activity(
            chart_analysis_activity,
            ChartAnalysisParams(symbol=params.symbol, timeframe="daily", analysis_depth="standard"),
            start_to_close_timeout=timedelta(minutes=5),
        )
        if chart.recommendation == "reject":
            return FullAnalysisResult(
                symbol=params.symbol,
                overall_recommendation="reject",
                chart_analysis=chart,
                reject_reason=f"Chart: {chart.chart_notes}",
            )
        options = await workflow.execute_activity(
            options_analysis_activity,
            OptionsAnalysisParams(
                symbol=params.symbol,
                strategy=params.strategy,
                chart_context={
                    "trend_direction": chart.trend_direction,
                    "trend_quality": chart.trend_quality,
                    "support_levels": chart.support_levels,
                    "fib_confluence_zones": chart.fib_confluence_zones,
                },
            ),
            start_to_close_timeout=timedelta(minutes=5),
        )
        if options.recommendation == "reject":
            return FullAnalysisResult(
                symbol=params.symbol,
                overall_recommendation="reject",
                chart_analysis=chart,
                options_analysis=options,
                reject_reason=f"Options: {options.options_notes}",
            )
        research = await workflow.execute_activity(
            research_analysis_activity,
            ResearchAnalysisParams(symbol=params.symbol),
            start_to_close_timeout=timedelta(minutes=3),
        )
        if research.recommendation == "reject":
            return FullAnalysisResult(
                symbol=params.symbol,
                overall_recommendation="reject",
                chart_analysis=chart,
                options_analysis=options,
                research_analysis=research,
                reject_reason=f"Research: {research.research_notes}",
            )
        synthesized = await workflow.execute_activity(
            synthesize_recommendation_activity,
            SynthesizeParams(symbol=params.symbol, chart=chart, options=options, research=research),
            start_to_close_timeout=timedelta(minutes=1),
        )
        return FullAnalysisResult(
            symbol=params.symbol,
            overall_recommendation="select",
            chart_analysis=chart,
            options_analysis=options,
            research_analysis=research,
            synthesized_rationale=synthesized.rationale,
            suggested_position=synthesized.suggested_position,
        )
