// A stream of quotes: which symbols it has, how it is, and what came last.

import { USER, keepRunning, key, run } from "./desk.js";

await run(async (client) => {
  const stream = await keepRunning(client, "QuoteStreamWorkflow", {
    id: `quote-stream-${key()}/${USER}`,
    queue: "streaming-queue",
    params: { symbols: ["NVDA"], kinds: ["quotes", "trades"], user_id: USER },
  });
  await stream.signal("add_symbols", { symbols: ["SPY", "AAPL"] });
  await stream.signal("remove_symbols", { symbols: ["AAPL"] });
  const latest = await stream.update("latest", { symbols: ["NVDA", "SPY"] });
  for (const { symbol, source, quote } of latest.values ?? []) {
    if (quote) console.log(`${symbol}: bid ${quote.bid}, ask ${quote.ask} from ${source}`);
  }
  const health = await stream.query("health");
  console.log(`connected: ${health.connected}, stream ${health.stream}, ${health.gaps} gaps`);

  await stream.signal("pause"); // lets go of the stream
  await stream.signal("resume");
  const { entity, state } = await stream.query("status");
  console.log(`${entity.state}: ${state.symbols}`);
  await stream.signal("shutdown");
  console.log((await stream.result()).entity.state);
});
