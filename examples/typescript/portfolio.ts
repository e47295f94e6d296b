// A watch over an account: its rules, what is seen, what is kept quiet.

import { USER, keepRunning, run, tomorrow } from "./desk.js";
import type { Answer, PortfolioMonitorConfig } from "./ttai-wire.js";

function show(name: string, answer: Answer): void {
  console.log(`${name}: ${answer.accepted ? "accepted" : answer.reason}`);
}

await run(async (client) => {
  // Without an account_id it is the first account of the first broker.
  const monitor = await keepRunning(client, "PortfolioMonitorWorkflow", {
    id: `portfolio-monitor-default/${USER}`,
    queue: "background-queue",
    params: { config: { notify_channels: ["log"] }, user_id: USER },
  });
  const rules: PortfolioMonitorConfig = {
    pnl_alert_threshold: 3,
    alert_rules: [{ kind: "dte_warning", threshold: 14 }],
    notify_channels: ["log"],
  };
  show("update_config", await monitor.update("update_config", rules));
  show("snooze_alert", await monitor.update("snooze_alert", { what: "delta_breach", until: tomorrow() }));
  show("acknowledge_alert", await monitor.update("acknowledge_alert", "dte_warning/NVDA"));

  // The same by signal, without an answer. What is accepted while it is paused is applied when it goes on.
  await monitor.signal("pause");
  await monitor.signal("update_config", rules);
  await monitor.signal("snooze", { what: "SPY", until: tomorrow() });
  await monitor.signal("acknowledge", "dte_warning/NVDA");
  await monitor.signal("resume");

  const status = await monitor.query("status");
  console.log(`${status.entity.state}: ${status.recent_alerts.length} alerts, last look ${status.last_check}`);
  await monitor.signal("shutdown");
  const farewell = await monitor.result();
  console.log(`${farewell.entity.state}: ${farewell.recent_alerts.map((alert) => alert.type)}`);
});
