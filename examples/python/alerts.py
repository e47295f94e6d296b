"""Price alerts: armed, listed, changed, paused, acknowledged, removed; the shard that watches them; what delivers their messages."""

from datetime import UTC, datetime, timedelta

from temporalio.client import Client

from desk import USER, keep_running, run
from ttai_wire import (
    AddAlertsAlerts,
    AlertAnswers,
    AlertDefinition,
    AlertIds,
    AlertShardParams,
    AlertShardStatus,
    AlertConditionPercentMove,
    AlertSubjectSymbol,
    DeliverSignal,
    DeliveryParams,
    DeliveryStatus,
    ListAlerts,
    PauseAlerts,
    PriceAlertParams,
    PriceAlertStatus,
    ReloadSignal,
    SnoozePriceAlert,
)


async def main(client: Client) -> None:
    shard = await keep_running(
        client,
        "AlertShardWorkflow",
        AlertShardParams(user_id=USER),
        id=f"price-alerts/{USER}/shard-0",
        queue="streaming-queue",
        status=AlertShardStatus,
    )
    alerts = await keep_running(
        client,
        "PriceAlertWorkflow",
        PriceAlertParams(user_id=USER),
        id=f"price-alerts/{USER}",
        queue="streaming-queue",
        status=PriceAlertStatus,
    )

    async def update(name: str, argument: object) -> None:
        answers = await alerts.execute_update(name, argument, result_type=AlertAnswers)
        for answer in answers.alerts:
            print(f"{name}: {answer.id} {answer.state or ''} {answer.reason or ''}")

    far_below = AlertDefinition(id="nvda-low", symbol="NVDA", condition="below", target_price=1)
    fall = AlertDefinition(
        id="aapl-falls",
        subject=AlertSubjectSymbol(symbol="AAPL"),
        when=AlertConditionPercentMove(direction="down", percent=30, base="previous_close"),
        repeat="once_a_day",
    )
    await update("test", fall)
    await update("add", AddAlertsAlerts(alerts=[far_below, fall]))
    await update("change", AlertDefinition(id="nvda-low", symbol="NVDA", condition="below", target_price=2))
    await update("pause", PauseAlerts(ids=["nvda-low"]))
    await update("pause", PauseAlerts(ids=["nvda-low"], paused=False))
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    await update("snooze", SnoozePriceAlert(id="nvda-low", until=tomorrow.isoformat()))
    await update("acknowledge", AlertIds(ids=["nvda-low"]))
    await update("list", ListAlerts(limit=10))
    await update("remove", AlertIds(ids=["nvda-low", "aapl-falls"]))

    # Signals are for clients that need no answer. What is accepted while it is paused is applied when it goes on.
    await alerts.signal("pause")
    await alerts.signal("add_alert", AlertDefinition(id="spy-low", symbol="SPY", condition="below", target_price=1))
    await alerts.signal("remove_alert", "spy-low")
    await alerts.signal("resume")
    listed = await alerts.query("get_alerts", result_type=list[AlertDefinition])
    status = await alerts.query("status", result_type=PriceAlertStatus)
    print(f"router {status.entity.state}: {len(listed)} listed, {status.router.requests} requests")

    await shard.signal("pause")
    await shard.signal("resume")
    await shard.signal("reload", ReloadSignal())  # after the store was restored from a backup
    watching = await shard.query("status", result_type=AlertShardStatus)
    print(f"shard {watching.entity.state}: {watching.totals.firings} firings")
    await shard.signal("shutdown")  # it ends with its next heartbeat, within a minute
    await alerts.signal("shutdown")
    farewell: PriceAlertStatus = await alerts.result()
    print(f"router {farewell.entity.state}")

    # Signalled with its start, so that it is there. It wakes when a message is due, and costs nothing while none is.
    await client.start_workflow(
        "DeliveryWorkflow",
        DeliveryParams(user_id=USER),
        id=f"deliveries/{USER}",
        task_queue="background-queue",
        start_signal="deliver",
        start_signal_args=[DeliverSignal()],
    )
    deliveries = client.get_workflow_handle(f"deliveries/{USER}", result_type=DeliveryStatus)
    await deliveries.signal("pause")
    await deliveries.signal("resume")
    delivered = await deliveries.query("status", result_type=DeliveryStatus)
    print(f"deliveries {delivered.entity.state}: {delivered.totals.sent} sent")
    await deliveries.signal("shutdown")
    await deliveries.result()


run(main)
