"""Analyses of a symbol: all of it, all of it told on a channel, and each stage alone."""

from temporalio.client import Client

from desk import USER, key, run, run_once
from ttai_wire import (
    AnalysisParams,
    AnalysisProgress,
    AnalysisResult,
    ChartAnalysisParams,
    ChartAnalysisResult,
    FullAnalysisParams,
    FullAnalysisResult,
    OptionsAnalysisParams,
    OptionsAnalysisResult,
    OptionsConstraints,
    PositionContext,
    ResearchAnalysisParams,
    ResearchAnalysisResult,
)

QUEUE = "analysis-queue"


async def main(client: Client) -> None:
    params = FullAnalysisParams(
        symbol="NVDA",
        strategy="covered_call",
        position=PositionContext(shares=200, cost_basis=90.0),
        constraints=OptionsConstraints(max_delta=0.25, dte_max=60),
        user_id=USER,
    )
    full = await run_once(
        client, "FullAnalysisWorkflow", params, id=f"analysis-NVDA-{key()}", queue=QUEUE, answer=FullAnalysisResult
    )
    progress = await full.query("status", result_type=AnalysisProgress)
    print("full analysis:", ", ".join(f"{stage.stage} {stage.state}" for stage in progress.stages))
    result: FullAnalysisResult = await full.result()
    print(f"  {result.symbol}: {result.overall_recommendation}", result.reject_reason or "")
    if position := result.suggested_position:
        print(f"  {position.contract}: credit ${position.credit}, max loss ${position.max_loss}, {position.dte} days")

    # By `type`, saved, and told on channels; `log` is the worker's own log.
    told = AnalysisParams(type="chart_analysis", symbol="AAPL", notify_channels=["log"], user_id=USER)
    analysis = await run_once(
        client, "AnalysisWorkflow", told, id=f"analysis-AAPL-{key()}", queue=QUEUE, answer=AnalysisResult
    )
    told_to: AnalysisResult = await analysis.result()
    progress = await analysis.query("status", result_type=AnalysisProgress)
    print(f"analysis: {told_to.recommendation}, told on {told_to.notified}, {progress.working_ms} ms of work")

    # The stages alone, side by side.
    chart = await run_once(
        client,
        "ChartAnalysisWorkflow",
        ChartAnalysisParams(symbol="SPY", analysis_depth="quick", user_id=USER),
        id=f"analysis-SPY-{key()}",
        queue=QUEUE,
        answer=ChartAnalysisResult,
    )
    options = await run_once(
        client,
        "OptionsAnalysisWorkflow",
        OptionsAnalysisParams(symbol="SPY", strategy="spread", width=5.0, user_id=USER),
        id=f"analysis-SPY-{key()}",
        queue=QUEUE,
        answer=OptionsAnalysisResult,
    )
    research = await run_once(
        client,
        "ResearchAnalysisWorkflow",
        ResearchAnalysisParams(symbol="SPY", user_id=USER),
        id=f"analysis-SPY-{key()}",
        queue=QUEUE,
        answer=ResearchAnalysisResult,
    )
    for stage in (chart, options, research):
        verdict = (await stage.result()).recommendation
        progress = await stage.query("status", result_type=AnalysisProgress)
        print(f"{progress.stages[0].stage}: {verdict}")


run(main)
