// Trading: a decision without an order, orders that are rejected and approved, and the watch over a position.

import { setTimeout } from "node:timers/promises";

import { WorkflowUpdateFailedError, type Client } from "@temporalio/client";

import { Run, USER, key, run, runOnce } from "./desk.js";
import type { ApproveTrade, DailyTradingResult, TradeOrder } from "./ttai-wire.js";

const queue = "streaming-queue";

type TradingRun = Run<"DailyTradingWorkflow">;

/** What `csp_entry` picks its put from; a schedule runs one each morning. */
async function screen(client: Client): Promise<void> {
  const screened = await runOnce(client, "CSPScreenerWorkflow", {
    id: `csp-screener-${key()}`,
    queue: "background-queue",
    params: {
      symbols: ["NVDA", "PYPL"],
      min_roc_weekly: 0.1,
      max_picks: 1,
      account: { account_type: "cash", capital: 100_000 },
      include_chart_image: false,
      user_id: USER,
    },
  });
  const { picks } = await screened.result();
  console.log(`picks: ${picks.map((pick) => pick.symbol).join(", ") || "none"}`);
}

function start(client: Client, dry_run = false): Promise<TradingRun> {
  return runOnce(client, "DailyTradingWorkflow", {
    id: `daily-trading-${key()}`,
    queue,
    params: { strategy: "csp_entry", dry_run, notify_channels: ["log"], user_id: USER },
  });
}

/** The order that waits for an answer; none where the run ends without one. */
async function waitingOrder(trading: TradingRun): Promise<TradeOrder | undefined> {
  const ended = trading.result().then(() => true);
  do {
    const { orders } = await trading.query("status");
    const waiting = orders?.find((order) => order.phase === "awaiting_approval");
    if (waiting) return waiting;
  } while (!(await Promise.race([ended, setTimeout(5_000, false)])));
  return undefined;
}

/** Whether it was carried out. The order is priced and checked anew; one that does not pass goes on waiting. */
async function answer(update: string, answered: Promise<TradeOrder>): Promise<boolean> {
  try {
    console.log(`  ${(await answered).sentence}`);
    return true;
  } catch (error) {
    if (!(error instanceof WorkflowUpdateFailedError)) throw error;
    console.log(`  ${update} is refused: ${error.cause?.message}`);
    return false;
  }
}

/** A run whose order is answered here; an example gives leave to paper orders only. */
async function trade(client: Client, approve: boolean): Promise<DailyTradingResult> {
  const trading = await start(client);
  const order = await waitingOrder(trading);
  if (order) {
    console.log(order.sentence);
    const said: ApproveTrade = { order_id: order.id, by: USER };
    const isApproved = approve && order.paper && (await answer("approve", trading.update("approve", said)));
    if (!isApproved) await answer("reject", trading.update("reject", { ...said, reason: "only an example" }));
  }
  const result = await trading.result();
  const sentences = result.orders?.map(({ sentence }) => sentence).join(" ");
  console.log(`${result.status}: ${sentences || result.decision?.reason}`);
  return result;
}

/** Watches a put that nobody sold: it ends by itself once the broker has said twice that it is not there. */
async function watchAPosition(client: Client, account_id: string, otherOrder: string): Promise<void> {
  const now = new Date();
  const friday = new Date(now.getTime() + (28 + ((12 - now.getUTCDay()) % 7)) * 86_400_000).toISOString().slice(0, 10);
  const id = key();
  const watch = await runOnce(client, "PositionMonitorWorkflow", {
    id: `monitor-${id}`,
    queue,
    params: {
      id,
      account_id,
      strategy: "csp_entry",
      legs: [
        { instrument: `SPY   ${friday.slice(2).replaceAll("-", "")}P00100000`, action: "sell_to_open", ratio: 1 },
      ],
      quantity: 1,
      entry_credit: "0.05",
      opened_at: now.toISOString(),
      expiration: friday,
      notify_channels: ["log"],
      user_id: USER,
    },
  });
  // Its exits are answered as entries are. An order that is not its own is refused.
  const said: ApproveTrade = { order_id: otherOrder, by: USER };
  await answer("approve", watch.update("approve", said));
  await answer("reject", watch.update("reject", said));
  console.log(`monitor-${id}: ${(await watch.query("status")).step}`);
  const ended = await watch.result();
  console.log(`${ended.end}: ${ended.sentence}`);
}

await run(async (client) => {
  await screen(client);
  const { decision } = await (await start(client, true)).result();
  console.log(`decision: ${decision?.reason}`);
  for (const { holds, sentence } of decision?.conditions ?? []) console.log(`  ${holds ? "holds" : "fails"}: ${sentence}`);

  const rejected = await trade(client, false);
  const { monitor } = await trade(client, true);
  if (monitor) {
    const watch = new Run<"PositionMonitorWorkflow">(client, client.workflow.getHandle(monitor));
    const { step, last } = await watch.query("status");
    console.log(`${monitor}: ${step} ${last?.sentence}`);
  }

  await watchAPosition(client, decision?.account_id ?? "", rejected.orders?.[0]?.id ?? key());
});
