// The news of a watchlist, each significant story told once.

import { USER, keepRunning, run } from "./desk.js";

await run(async (client) => {
  const news = await keepRunning(client, "NewsWatcherWorkflow", {
    id: `news-watcher/${USER}`,
    queue: "background-queue",
    params: { initial_symbols: ["NVDA"], min_significance: 0.8, notify_channels: ["log"], user_id: USER },
  });
  const answer = await news.update("update_watchlist", { symbols: ["NVDA", "AAPL"] });
  console.log(answer.accepted ? "accepted" : answer.reason);

  await news.signal("pause");
  await news.signal("update_watchlist", { symbols: ["SPY"] }); // without an answer
  await news.signal("resume");
  console.log("watched:", await news.query("get_watchlist"));
  const { entity, check_interval_minutes, watch } = await news.query("status");
  console.log(`${entity.state}, every ${check_interval_minutes} min: ${watch.stories} stories`);

  await news.signal("shutdown");
  console.log((await news.result()).entity.state);
});
