// A report, the trade journal, and what is removed from the store.

import { USER, key, run, runOnce } from "./desk.js";

const queue = "background-queue";

await run(async (client) => {
  const summary = await runOnce(client, "RunReportWorkflow", {
    id: `report-eod_summary-${key()}`,
    queue,
    params: { report_name: "eod_summary", channel: "log", user_id: USER },
  });
  const { step } = await summary.query("status");
  console.log(`report: ${step || "begins"}`);
  const report = await summary.result();
  console.log(`${report.title}, sent to ${report.sent_to}`);
  for (const line of report.summary ?? []) console.log(`  ${line}`);

  // Analyses become entries of the journal; those whose expiration has passed are marked.
  const journal = await runOnce(client, "UpdateJournalWorkflow", {
    id: `journal-${key()}`,
    queue,
    params: { user_id: USER },
  });
  const update = await journal.result();
  const soFar = await journal.query("status");
  console.log(`journal: ${update.entered} entered, ${soFar.open} open`);

  // Removes what is older than the worker's configuration allows: nothing by default until it is months old.
  const retention = await runOnce(client, "RetentionWorkflow", {
    id: `retention-${key()}`,
    queue,
    params: { user_id: USER },
  });
  const removed = await retention.result();
  console.log(`removed: ${removed.messages} messages, then`, await retention.query("status"));
});
