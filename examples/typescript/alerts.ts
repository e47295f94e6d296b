// Price alerts: armed, listed, changed, paused, acknowledged, removed; the shard that watches them; what delivers their messages.

import { USER, keepRunning, run, signalled, tomorrow } from "./desk.js";
import type { AlertAnswers, AlertDefinition } from "./ttai-wire.js";

function show(name: string, answers: AlertAnswers): void {
  for (const { id, state, reason } of answers.alerts) console.log(`${name}: ${id} ${state ?? ""} ${reason ?? ""}`);
}

await run(async (client) => {
  const shard = await keepRunning(client, "AlertShardWorkflow", {
    id: `price-alerts/${USER}/shard-0`,
    queue: "streaming-queue",
    params: { user_id: USER },
  });
  const alerts = await keepRunning(client, "PriceAlertWorkflow", {
    id: `price-alerts/${USER}`,
    queue: "streaming-queue",
    params: { user_id: USER },
  });

  const low: AlertDefinition = { id: "nvda-low", symbol: "NVDA", condition: "below", target_price: 1 };
  const fall: AlertDefinition = {
    id: "aapl-falls",
    subject: { kind: "symbol", symbol: "AAPL" },
    when: { kind: "percent_move", direction: "down", percent: 30, base: "previous_close" },
    repeat: "once_a_day",
  };
  show("test", await alerts.update("test", fall));
  show("add", await alerts.update("add", { alerts: [low, fall] }));
  show("change", await alerts.update("change", { ...low, target_price: 2 }));
  show("pause", await alerts.update("pause", { ids: ["nvda-low"] }));
  show("pause", await alerts.update("pause", { ids: ["nvda-low"], paused: false }));
  show("snooze", await alerts.update("snooze", { id: "nvda-low", until: tomorrow() }));
  show("acknowledge", await alerts.update("acknowledge", { ids: ["nvda-low"] }));
  show("list", await alerts.update("list", { limit: 10 }));
  show("remove", await alerts.update("remove", { ids: ["nvda-low", "aapl-falls"] }));

  // Signals are for clients that need no answer. What is accepted while it is paused is applied when it goes on.
  await alerts.signal("pause");
  await alerts.signal("add_alert", { id: "spy-low", symbol: "SPY", condition: "below", target_price: 1 });
  await alerts.signal("remove_alert", "spy-low");
  await alerts.signal("resume");
  const listed = await alerts.query("get_alerts");
  const { entity, router } = await alerts.query("status");
  console.log(`router ${entity.state}: ${listed.length} listed, ${router.requests} requests`);

  await shard.signal("pause");
  await shard.signal("resume");
  await shard.signal("reload", {}); // after the store was restored from a backup
  const watching = await shard.query("status");
  console.log(`shard ${watching.entity.state}: ${watching.totals.firings} firings`);
  await shard.signal("shutdown"); // it ends with its next heartbeat, within a minute
  await alerts.signal("shutdown");
  console.log(`router ${(await alerts.result()).entity.state}`);

  // Signalled with its start, so that it is there. It wakes when a message is due, and costs nothing while none is.
  const deliveries = await signalled(
    client,
    "DeliveryWorkflow",
    { id: `deliveries/${USER}`, queue: "background-queue", params: { user_id: USER } },
    "deliver",
    {},
  );
  await deliveries.signal("pause");
  await deliveries.signal("resume");
  const delivered = await deliveries.query("status");
  console.log(`deliveries ${delivered.entity.state}: ${delivered.totals.sent} sent`);
  await deliveries.signal("shutdown");
  await deliveries.result();
});
