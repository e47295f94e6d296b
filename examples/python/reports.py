"""A report, the trade journal, and what is removed from the store."""

from temporalio.client import Client

from desk import USER, key, run, run_once
from ttai_wire import (
    JournalUpdate,
    RemovedRows,
    ReportProgress,
    RetentionParams,
    RunReportParams,
    RunReportResult,
    UpdateJournalParams,
)

QUEUE = "background-queue"


async def main(client: Client) -> None:
    summary = await run_once(
        client,
        "RunReportWorkflow",
        RunReportParams(report_name="eod_summary", channel="log", user_id=USER),
        id=f"report-eod_summary-{key()}",
        queue=QUEUE,
        answer=RunReportResult,
    )
    progress = await summary.query("status", result_type=ReportProgress)
    print(f"report: {progress.step or 'begins'}")
    report: RunReportResult = await summary.result()
    print(f"{report.title}, sent to {report.sent_to}")
    print("".join(f"  {line}\n" for line in report.summary), end="")

    # Analyses become entries of the journal; those whose expiration has passed are marked.
    journal = await run_once(
        client,
        "UpdateJournalWorkflow",
        UpdateJournalParams(user_id=USER),
        id=f"journal-{key()}",
        queue=QUEUE,
        answer=JournalUpdate,
    )
    update: JournalUpdate = await journal.result()
    so_far = await journal.query("status", result_type=JournalUpdate)
    print(f"journal: {update.entered} entered, {so_far.open} open")

    # Removes what is older than the worker's configuration allows: nothing by default until it is months old.
    retention = await run_once(
        client,
        "RetentionWorkflow",
        RetentionParams(user_id=USER),
        id=f"retention-{key()}",
        queue=QUEUE,
        answer=RemovedRows,
    )
    removed: RemovedRows = await retention.result()
    print(f"removed: {removed.messages} messages, then {await retention.query('status', result_type=RemovedRows)}")


run(main)
