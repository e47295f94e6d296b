// Analyses of a symbol: all of it, all of it told on a channel, and each stage alone.

import { USER, key, run, runOnce } from "./desk.js";

const queue = "analysis-queue";

await run(async (client) => {
  const full = await runOnce(client, "FullAnalysisWorkflow", {
    id: `analysis-NVDA-${key()}`,
    queue,
    params: {
      symbol: "NVDA",
      strategy: "covered_call",
      position: { shares: 200, cost_basis: 90 },
      constraints: { max_delta: 0.25, dte_max: 60 },
      user_id: USER,
    },
  });
  const progress = await full.query("status");
  console.log("full analysis:", progress.stages.map(({ stage, state }) => `${stage} ${state}`).join(", "));
  const result = await full.result();
  console.log(`  ${result.symbol}: ${result.overall_recommendation} ${result.reject_reason ?? ""}`);
  if (result.suggested_position) {
    const { contract, credit, max_loss, dte } = result.suggested_position;
    console.log(`  ${contract}: credit $${credit}, max loss $${max_loss}, ${dte} days`);
  }

  // By `type`, saved, and told on channels; `log` is the worker's own log.
  const analysis = await runOnce(client, "AnalysisWorkflow", {
    id: `analysis-AAPL-${key()}`,
    queue,
    params: { type: "chart_analysis", symbol: "AAPL", notify_channels: ["log"], user_id: USER },
  });
  const told = await analysis.result();
  const { working_ms } = await analysis.query("status");
  console.log(`analysis: ${told.recommendation}, told on ${told.notified}, ${working_ms} ms of work`);

  // The stages alone, side by side.
  const [chart, options, research] = await Promise.all([
    runOnce(client, "ChartAnalysisWorkflow", {
      id: `analysis-SPY-${key()}-chart`,
      queue,
      params: { symbol: "SPY", analysis_depth: "quick", user_id: USER },
    }),
    runOnce(client, "OptionsAnalysisWorkflow", {
      id: `analysis-SPY-${key()}-options`,
      queue,
      params: { symbol: "SPY", strategy: "spread", width: 5, user_id: USER },
    }),
    runOnce(client, "ResearchAnalysisWorkflow", {
      id: `analysis-SPY-${key()}-research`,
      queue,
      params: { symbol: "SPY", user_id: USER },
    }),
  ]);
  for (const stage of [chart, options, research]) {
    const { recommendation } = await stage.result();
    const { stages } = await stage.query("status");
    console.log(`${stages[0]?.stage}: ${recommendation}`);
  }
});
