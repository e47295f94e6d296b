// Screens: puts to sell, any criteria over a list, one as a schedule runs it, and saved ones that run by themselves.

import { USER, key, run, runOnce } from "./desk.js";
import type { CSPScreenerParams } from "./ttai-wire.js";

const queue = "background-queue";

await run(async (client) => {
  const puts: CSPScreenerParams = {
    symbols: ["AAPL", "INTC", "PYPL"],
    min_roc_weekly: 0.1,
    max_picks: 2,
    account: { account_type: "cash", capital: 100_000 },
    include_chart_image: false,
    user_id: USER,
  };
  const screen = await runOnce(client, "CSPScreenerWorkflow", { id: `csp-screener-${key()}`, queue, params: puts });
  const progress = await screen.query("status");
  console.log(`puts: ${progress.step || "begins"}`);
  const result = await screen.result();
  for (const pick of result.picks) console.log(`  ${pick.symbol}: ${pick.contracts} contracts tie up $${pick.collateral}`);
  for (const { symbols, reason } of result.dropped) console.log(`  dropped ${symbols}: ${reason}`);

  const screener = await runOnce(client, "ScreenerWorkflow", {
    id: `screener-${key()}`,
    queue,
    params: { symbols: ["MSFT", "WEN"], criteria: { strategy: "covered_call", min_roc_weekly: 0.1 }, user_id: USER },
  });
  const ranked = await screener.result();
  const { quick_analyzed } = await screener.query("status");
  const rows = ranked.results.map((row) => `${row.symbol} ${row.recommendation}`);
  console.log(`criteria: ${quick_analyzed} analyzed, ${rows.join(", ")}`);

  // What the schedule `morning-csp-scan` starts; its child is a CSPScreenerWorkflow.
  const scheduled = await runOnce(client, "ScheduledScreenerWorkflow", {
    id: `scheduled-screen-${key()}`,
    queue,
    params: { screener_params: puts, notify_channels: ["log"], user_id: USER },
  });
  const told = await scheduled.result();
  const { candidates } = await scheduled.query("status");
  console.log(`scheduled: ${told.recommendations_count} picks, told: ${told.notified}, ${candidates} candidates`);

  // Saved by `ttai screener save NAME … --auto-run`; this user has none.
  const saved = await runOnce(client, "AutoRunScreenersWorkflow", {
    id: `auto-run-screeners-${key()}`,
    queue,
    params: { user_id: USER },
  });
  const ran = await saved.result();
  const soFar = await saved.query("status");
  console.log(`saved: ${ran.completed} of ${soFar.screens?.length} completed`);
});
