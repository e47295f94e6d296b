// A schedule of your own: the server starts a report after each Friday's close. `ttai schedule list` has those that come with ttai.

import { ScheduleOverlapPolicy } from "@temporalio/client";

import { USER, key, run } from "./desk.js";
import type { RunReportParams } from "./ttai-wire.js";

await run(async (client) => {
  const name = `friday-review-${key()}`;
  const params: RunReportParams = { report_name: "weekly_review", channel: "log", user_id: USER };
  const schedule = await client.withDeadline(Date.now() + 20_000, () =>
    client.schedule.create({
      scheduleId: name,
      action: {
        type: "startWorkflow",
        workflowType: "RunReportWorkflow",
        args: [params],
        workflowId: `report-weekly_review-${name}`,
        taskQueue: "background-queue",
        workflowExecutionTimeout: "24h",
      },
      spec: { calendars: [{ dayOfWeek: "FRIDAY", hour: 17, minute: 15 }], timezone: "America/New_York" },
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: "12h" },
    }),
  );
  await client.withDeadline(Date.now() + 20_000, async () => {
    const [next] = (await schedule.describe()).info.nextActionTimes;
    console.log(`${name}: next ${next?.toISOString()}`);
    await schedule.delete();
  });
});
