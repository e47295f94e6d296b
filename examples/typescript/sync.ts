// What sources have, pulled into the store: one source, and several as a schedule does it.

import { USER, key, run, runOnce } from "./desk.js";

const queue = "background-queue";

await run(async (client) => {
  const bars = await runOnce(client, "SyncSourceWorkflow", {
    id: `sync-daily_bars-${key()}`,
    queue,
    params: { source_name: "daily_bars", resources: ["NVDA", "AAPL"], user_id: USER },
  });
  const result = await bars.result();
  const soFar = await bars.query("status");
  console.log(`${result.source_name} ${result.status}: ${soFar.rows_read} rows read, ${result.rows_written} written`);

  const several = await runOnce(client, "ScheduledSyncWorkflow", {
    id: `sync-scheduled-${key()}`,
    queue,
    params: {
      sources: [
        { source_name: "earnings", resources: ["NVDA"] },
        { source_name: "metrics", resources: ["NVDA"] },
      ],
      user_id: USER,
    },
  });
  const { sources } = await several.result();
  const { status } = await several.query("status");
  console.log(`${status}: ${sources?.map((source) => `${source.source_name} ${source.status}`).join(", ")}`);
});
