"""A bare Temporal worker: python worker.py ADDRESS TASK_QUEUE. It ends when its standard input closes."""

import asyncio
import os
import sys
import threading

from temporalio.client import Client
from temporalio.worker import Worker

from activities import (
    chart_analysis_activity,
    options_analysis_activity,
    research_analysis_activity,
    synthesize_recommendation_activity,
)
from workflows import FullAnalysisWorkflow


def end_with_the_bench() -> None:
    sys.stdin.buffer.read()
    os._exit(3)


async def main(address: str, task_queue: str) -> None:
    threading.Thread(target=end_with_the_bench, daemon=True).start()
    client = await Client.connect(address)
    worker = Worker(
        client,
        task_queue=task_queue,
        workflows=[FullAnalysisWorkflow],
        activities=[
            chart_analysis_activity,
            options_analysis_activity,
            research_analysis_activity,
            synthesize_recommendation_activity,
        ],
    )
    await worker.run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
