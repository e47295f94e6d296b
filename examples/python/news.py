"""The news of a watchlist, each significant story told once."""

from temporalio.client import Client

from desk import USER, keep_running, run
from ttai_wire import Answer, NewsWatcherParams, NewsWatcherStatus, NewsWatchlist


async def main(client: Client) -> None:
    news = await keep_running(
        client,
        "NewsWatcherWorkflow",
        NewsWatcherParams(initial_symbols=["NVDA"], min_significance=0.8, notify_channels=["log"], user_id=USER),
        id=f"news-watcher/{USER}",
        queue="background-queue",
        status=NewsWatcherStatus,
    )
    answer = await news.execute_update(
        "update_watchlist", NewsWatchlist(symbols=["NVDA", "AAPL"]), result_type=Answer
    )
    print("accepted" if answer.accepted else answer.reason)

    await news.signal("pause")
    await news.signal("update_watchlist", NewsWatchlist(symbols=["SPY"]))  # without an answer
    await news.signal("resume")
    print("watched:", await news.query("get_watchlist", result_type=list[str]))
    status = await news.query("status", result_type=NewsWatcherStatus)
    print(f"{status.entity.state}, every {status.check_interval_minutes} min: {status.watch.stories} stories")

    await news.signal("shutdown")
    farewell: NewsWatcherStatus = await news.result()
    print(farewell.entity.state)


run(main)
