"""What sources have, pulled into the store: one source, and several as a schedule does it."""

from temporalio.client import Client

from desk import USER, key, run, run_once
from ttai_wire import ScheduledSyncParams, ScheduledSyncResult, SourceToSync, SyncSourceParams, SyncSourceResult

QUEUE = "background-queue"


async def main(client: Client) -> None:
    bars = await run_once(
        client,
        "SyncSourceWorkflow",
        SyncSourceParams(source_name="daily_bars", resources=["NVDA", "AAPL"], user_id=USER),
        id=f"sync-daily_bars-{key()}",
        queue=QUEUE,
        answer=SyncSourceResult,
    )
    result: SyncSourceResult = await bars.result()
    so_far = await bars.query("status", result_type=SyncSourceResult)
    print(f"{result.source_name} {result.status}: {so_far.rows_read} rows read, {result.rows_written} written")

    several = await run_once(
        client,
        "ScheduledSyncWorkflow",
        ScheduledSyncParams(
            sources=[
                SourceToSync(source_name="earnings", resources=["NVDA"]),
                SourceToSync(source_name="metrics", resources=["NVDA"]),
            ],
            user_id=USER,
        ),
        id=f"sync-scheduled-{key()}",
        queue=QUEUE,
        answer=ScheduledSyncResult,
    )
    synced: ScheduledSyncResult = await several.result()
    status = await several.query("status", result_type=ScheduledSyncResult)
    print(f"{status.status}:", ", ".join(f"{source.source_name} {source.status}" for source in synced.sources))


run(main)
