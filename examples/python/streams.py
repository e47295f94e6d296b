"""A stream of quotes: which symbols it has, how it is, and what came last."""

from temporalio.client import Client

from desk import USER, keep_running, key, run
from ttai_wire import (
    LatestSymbols,
    LatestValues,
    QuoteStreamHealth,
    QuoteStreamParams,
    QuoteStreamStatus,
    StreamedSymbols,
)


async def main(client: Client) -> None:
    stream = await keep_running(
        client,
        "QuoteStreamWorkflow",
        QuoteStreamParams(symbols=["NVDA"], kinds=["quotes", "trades"], user_id=USER),
        id=f"quote-stream-{key()}/{USER}",
        queue="streaming-queue",
        status=QuoteStreamStatus,
    )
    await stream.signal("add_symbols", StreamedSymbols(symbols=["SPY", "AAPL"]))
    await stream.signal("remove_symbols", StreamedSymbols(symbols=["AAPL"]))
    latest = await stream.execute_update("latest", LatestSymbols(symbols=["NVDA", "SPY"]), result_type=LatestValues)
    for value in latest.values:
        if quote := value.quote:
            print(f"{value.symbol}: bid {quote.bid}, ask {quote.ask} from {value.source}")
    health = await stream.query("health", result_type=QuoteStreamHealth)
    print(f"connected: {health.connected}, stream {health.stream}, {health.gaps} gaps")

    await stream.signal("pause")  # lets go of the stream
    await stream.signal("resume")
    status = await stream.query("status", result_type=QuoteStreamStatus)
    print(f"{status.entity.state}: {status.state.symbols}")
    await stream.signal("shutdown")
    farewell: QuoteStreamStatus = await stream.result()
    print(farewell.entity.state)


run(main)
