"""Toy activities: they compute nothing and return results of the size that an analyst's have."""

from temporalio import activity

from analysis_types import (
    ChartAnalysisParams,
    ChartAnalysisResult,
    OptionsAnalysisParams,
    OptionsAnalysisResult,
    ResearchAnalysisParams,
    ResearchAnalysisResult,
    SynthesizedRecommendation,
    SynthesizeParams,
)

SENTENCE = "The trend is up on rising volume, and the price holds above its 50-day average at 224.10. "


@activity.defn
async def chart_analysis_activity(params: ChartAnalysisParams) -> ChartAnalysisResult:
    levels = [
        {"price": 224.1 - 3.7 * n, "strength": "strong", "type": "swing_low", "touches": n}
        for n in range(6)
    ]
    return ChartAnalysisResult(
        symbol=params.symbol,
        recommendation="bullish",
        trend_direction="up",
        trend_quality="strong",
        support_levels=levels,
        resistance_levels=levels[:4],
        fib_confluence_zones=[
            {"price": 211.8 - n, "levels": ["38.2%", "50.0%", "61.8%"], "strength": "moderate"}
            for n in range(3)
        ],
        extension_risk="low",
        chart_notes=SENTENCE * 12,
        tool_calls_made=6,
    )


@activity.defn
async def options_analysis_activity(params: OptionsAnalysisParams) -> OptionsAnalysisResult:
    return OptionsAnalysisResult(
        symbol=params.symbol,
        recommendation="select",
        best_strike=210.0,
        best_expiration="2026-10-16",
        dte=28,
        weekly_roc=0.61,
        delta=-0.27,
        gamma=0.018,
        theta=-0.094,
        iv_hv_ratio=1.14,
        liquidity_score="high",
        alternative_strikes=[
            {"strike": 205.0 - 2.5 * n, "expiration": "2026-10-16", "dte": 28, "delta": -0.22, "weekly_roc": 0.52}
            for n in range(5)
        ],
        rationale=SENTENCE * 7,
        options_notes=SENTENCE * 7,
        tool_calls_made=8,
    )


@activity.defn
async def research_analysis_activity(params: ResearchAnalysisParams) -> ResearchAnalysisResult:
    return ResearchAnalysisResult(
        symbol=params.symbol,
        recommendation="clear",
        news_risk="low",
        short_interest_risk="low",
        earnings_risk="low",
        research_notes=SENTENCE * 12,
    )


@activity.defn
async def synthesize_recommendation_activity(params: SynthesizeParams) -> SynthesizedRecommendation:
    return SynthesizedRecommendation(
        rationale=SENTENCE * 8,
        suggested_position={
            "strategy": "csp",
            "strike": params.options.best_strike,
            "expiration": params.options.best_expiration,
            "contracts": 1,
            "collateral": 21000.0,
        },
    )
