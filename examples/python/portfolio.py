"""A watch over an account: its rules, what is seen, what is kept quiet."""

from datetime import UTC, datetime, timedelta

from temporalio.client import Client

from desk import USER, keep_running, run
from ttai_wire import (
    Answer,
    PortfolioMonitorConfig,
    PortfolioMonitorParams,
    PortfolioMonitorStatus,
    PortfolioRule,
    SnoozeAlert,
)


async def main(client: Client) -> None:
    # Without an account_id it is the first account of the first broker.
    monitor = await keep_running(
        client,
        "PortfolioMonitorWorkflow",
        PortfolioMonitorParams(config=PortfolioMonitorConfig(notify_channels=["log"]), user_id=USER),
        id=f"portfolio-monitor-default/{USER}",
        queue="background-queue",
        status=PortfolioMonitorStatus,
    )
    rules = PortfolioMonitorConfig(
        pnl_alert_threshold=3,
        alert_rules=[PortfolioRule(kind="dte_warning", threshold=14)],
        notify_channels=["log"],
    )
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    for name, argument in (
        ("update_config", rules),
        ("snooze_alert", SnoozeAlert(what="delta_breach", until=tomorrow)),
        ("acknowledge_alert", "dte_warning/NVDA"),
    ):
        answer = await monitor.execute_update(name, argument, result_type=Answer)
        print(f"{name}:", "accepted" if answer.accepted else answer.reason)

    # The same by signal, without an answer. What is accepted while it is paused is applied when it goes on.
    await monitor.signal("pause")
    await monitor.signal("update_config", rules)
    await monitor.signal("snooze", SnoozeAlert(what="SPY", until=tomorrow))
    await monitor.signal("acknowledge", "dte_warning/NVDA")
    await monitor.signal("resume")

    status = await monitor.query("status", result_type=PortfolioMonitorStatus)
    print(f"{status.entity.state}: {len(status.recent_alerts)} alerts, last look {status.last_check}")
    await monitor.signal("shutdown")
    farewell: PortfolioMonitorStatus = await monitor.result()
    print(f"{farewell.entity.state}: {[alert.type for alert in farewell.recent_alerts]}")


run(main)
