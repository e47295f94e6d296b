"""Screens: puts to sell, any criteria over a list, one as a schedule runs it, and saved ones that run by themselves."""

from temporalio.client import Client

from desk import USER, key, run, run_once
from ttai_wire import (
    AccountContext,
    AutoRunScreenersParams,
    AutoRunScreenersResult,
    CSPScreenerParams,
    CSPScreenerResult,
    ScheduledScreenerParams,
    ScheduledScreenerResult,
    ScreenerCriteria,
    ScreenerParams,
    ScreenerResult,
    ScreenProgress,
)

QUEUE = "background-queue"


async def main(client: Client) -> None:
    puts = CSPScreenerParams(
        symbols=["AAPL", "INTC", "PYPL"],
        min_roc_weekly=0.1,
        max_picks=2,
        account=AccountContext(capital=100_000),
        include_chart_image=False,
        user_id=USER,
    )
    screen = await run_once(
        client, "CSPScreenerWorkflow", puts, id=f"csp-screener-{key()}", queue=QUEUE, answer=CSPScreenerResult
    )
    progress = await screen.query("status", result_type=ScreenProgress)
    print(f"puts: {progress.step or 'begins'}")
    result: CSPScreenerResult = await screen.result()
    for pick in result.picks:
        print(f"  {pick.symbol}: {pick.contracts} contracts tie up ${pick.collateral}")
    for dropped in result.dropped:
        print(f"  dropped {', '.join(dropped.symbols)}: {dropped.reason}")

    criteria = ScreenerParams(
        symbols=["MSFT", "WEN"], criteria=ScreenerCriteria(strategy="covered_call", min_roc_weekly=0.1), user_id=USER
    )
    screener = await run_once(
        client, "ScreenerWorkflow", criteria, id=f"screener-{key()}", queue=QUEUE, answer=ScreenerResult
    )
    ranked: ScreenerResult = await screener.result()
    progress = await screener.query("status", result_type=ScreenProgress)
    print(f"criteria: {progress.quick_analyzed} analyzed,", [(row.symbol, row.recommendation) for row in ranked.results])

    # What the schedule `morning-csp-scan` starts; its child is a CSPScreenerWorkflow.
    scheduled = await run_once(
        client,
        "ScheduledScreenerWorkflow",
        ScheduledScreenerParams(screener_params=puts, notify_channels=["log"], user_id=USER),
        id=f"scheduled-screen-{key()}",
        queue=QUEUE,
        answer=ScheduledScreenerResult,
    )
    told: ScheduledScreenerResult = await scheduled.result()
    progress = await scheduled.query("status", result_type=ScreenProgress)
    print(f"scheduled: {told.recommendations_count} picks, told: {told.notified}, {progress.candidates} candidates")

    # Saved by `ttai screener save NAME … --auto-run`; this user has none.
    saved = await run_once(
        client,
        "AutoRunScreenersWorkflow",
        AutoRunScreenersParams(user_id=USER),
        id=f"auto-run-screeners-{key()}",
        queue=QUEUE,
        answer=AutoRunScreenersResult,
    )
    ran: AutoRunScreenersResult = await saved.result()
    so_far = await saved.query("status", result_type=AutoRunScreenersResult)
    print(f"saved: {ran.completed} of {len(so_far.screens)} completed")


run(main)
