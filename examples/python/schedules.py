"""A schedule of your own: the server starts a report after each Friday's close. `ttai schedule list` has those that come with ttai."""

from datetime import timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleCalendarSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
)

from desk import USER, key, run
from ttai_wire import RunReportParams


async def main(client: Client) -> None:
    name = f"friday-review-{key()}"
    schedule = await client.create_schedule(
        name,
        Schedule(
            action=ScheduleActionStartWorkflow(
                "RunReportWorkflow",
                RunReportParams(report_name="weekly_review", channel="log", user_id=USER),
                id=f"report-weekly_review-{name}",
                task_queue="background-queue",
                execution_timeout=timedelta(hours=24),
            ),
            spec=ScheduleSpec(
                calendars=[
                    ScheduleCalendarSpec(
                        day_of_week=[ScheduleRange(5)], hour=[ScheduleRange(17)], minute=[ScheduleRange(15)]
                    )
                ],
                time_zone_name="America/New_York",
            ),
            policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=timedelta(hours=12)),
        ),
    )
    next_times = (await schedule.describe()).info.next_action_times
    print(f"{name}: next {next_times[0]:%a %b %d %H:%M} UTC")
    await schedule.delete()


run(main)
