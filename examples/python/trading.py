"""Trading: a decision without an order, orders that are rejected and approved, and the watch over a position."""

import asyncio
from datetime import UTC, datetime, timedelta

from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError

from desk import USER, key, run, run_once
from ttai_wire import (
    AccountContext,
    ApproveTrade,
    CSPScreenerParams,
    CSPScreenerResult,
    DailyTradingParams,
    DailyTradingResult,
    DailyTradingStatus,
    IntentLeg,
    PositionMonitorParams,
    PositionMonitorResult,
    PositionMonitorStatus,
    RejectTrade,
    TradeOrder,
)

QUEUE = "streaming-queue"


async def main(client: Client) -> None:
    await screen(client)
    decided = await (await start(client, dry_run=True)).result()
    print(f"decision: {decided.decision.reason}")
    for condition in decided.decision.conditions:
        print(f"  {'holds' if condition.holds else 'fails'}: {condition.sentence}")

    rejected = await trade(client, approve=False)
    opened = await trade(client, approve=True)
    if opened.monitor:
        watch = client.get_workflow_handle(opened.monitor)
        status = await watch.query("status", result_type=PositionMonitorStatus)
        print(f"{opened.monitor}: {status.step} {status.last.sentence}")

    orders = [order.id for order in rejected.orders]
    await watch_a_position(client, decided.decision.account_id, orders[0] if orders else key())


async def screen(client: Client) -> None:
    """What `csp_entry` picks its put from; a schedule runs one each morning."""
    params = CSPScreenerParams(
        symbols=["AAPL", "PYPL"],
        min_roc_weekly=0.1,
        max_picks=1,
        account=AccountContext(capital=100_000),
        include_chart_image=False,
        user_id=USER,
    )
    screened = await run_once(
        client,
        "CSPScreenerWorkflow",
        params,
        id=f"csp-screener-{key()}",
        queue="background-queue",
        answer=CSPScreenerResult,
    )
    result: CSPScreenerResult = await screened.result()
    print("picks:", ", ".join(pick.symbol for pick in result.picks) or "none")


async def start(client: Client, *, dry_run: bool = False) -> WorkflowHandle:
    params = DailyTradingParams(strategy="csp_entry", dry_run=dry_run, notify_channels=["log"], user_id=USER)
    return await run_once(
        client, "DailyTradingWorkflow", params, id=f"daily-trading-{key()}", queue=QUEUE, answer=DailyTradingResult
    )


async def trade(client: Client, *, approve: bool) -> DailyTradingResult:
    """A run whose order is answered here; an example gives leave to paper orders only."""
    trading = await start(client)
    if order := await waiting_order(trading):
        print(order.sentence)
        said = ApproveTrade(order_id=order.id, by=USER)
        if not (approve and order.paper and await answer(trading, "approve", said)):
            await answer(trading, "reject", RejectTrade(order_id=order.id, by=USER, reason="only an example"))
    result: DailyTradingResult = await trading.result()
    print(f"{result.status}:", " ".join(order.sentence for order in result.orders) or result.decision.reason)
    return result


async def waiting_order(trading: WorkflowHandle) -> TradeOrder | None:
    """The order that waits for an answer; none where the run ends without one."""
    ended = asyncio.create_task(trading.result())
    while not ended.done():
        status = await trading.query("status", result_type=DailyTradingStatus)
        for order in status.orders:
            if order.phase == "awaiting_approval":
                ended.cancel()
                return order
        await asyncio.wait([ended], timeout=5)
    return None


async def answer(workflow: WorkflowHandle, update: str, said: ApproveTrade | RejectTrade) -> bool:
    """Whether it was carried out. The order is priced and checked anew; one that does not pass goes on waiting."""
    try:
        order: TradeOrder = await workflow.execute_update(update, said, result_type=TradeOrder)
    except WorkflowUpdateFailedError as refused:
        print(f"  {update} is refused: {refused.cause}")
        return False
    print(f"  {order.sentence}")
    return True


async def watch_a_position(client: Client, account_id: str, other_order: str) -> None:
    """Watches a put that nobody sold: it ends by itself once the broker has said twice that it is not there."""
    now = datetime.now(UTC)
    friday = now.date() + timedelta(days=28 + (4 - now.weekday()) % 7)
    position = PositionMonitorParams(
        id=key(),
        account_id=account_id,
        strategy="csp_entry",
        legs=[IntentLeg(instrument=f"SPY   {friday:%y%m%d}P00100000", action="sell_to_open", ratio=1)],
        quantity=1,
        entry_credit="0.05",
        opened_at=now.isoformat(),
        expiration=friday.isoformat(),
        notify_channels=["log"],
        user_id=USER,
    )
    watch = await run_once(
        client,
        "PositionMonitorWorkflow",
        position,
        id=f"monitor-{position.id}",
        queue=QUEUE,
        answer=PositionMonitorResult,
    )
    # Its exits are answered as entries are. An order that is not its own is refused.
    await answer(watch, "approve", ApproveTrade(order_id=other_order, by=USER))
    await answer(watch, "reject", RejectTrade(order_id=other_order, by=USER))
    status = await watch.query("status", result_type=PositionMonitorStatus)
    print(f"monitor-{position.id}: {status.step}")
    ended: PositionMonitorResult = await watch.result()
    print(f"{ended.end}: {ended.sentence}")


run(main, deadline=300)  # each price of an order is tried for 30 s
