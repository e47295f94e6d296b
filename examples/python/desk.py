"""What the examples share: a connection, how a workflow is started, and a deadline that nothing outlasts."""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from ttai_wire import WorkflowName

USER = "example-python"  # whose alerts, watches and reports these are; "default" is the user of the command line
DEADLINE = 120  # seconds for an example as a whole: no call waits for ever
DAY = timedelta(hours=24)


async def run_once(client: Client, workflow: WorkflowName, params: Any, *, id: str, queue: str, answer: type) -> WorkflowHandle:
    """Starts a workflow that comes to an end. The same id again is the same run: what was done is not done twice."""
    return await client.start_workflow(
        workflow,
        params,
        id=id,
        task_queue=queue,
        execution_timeout=DAY,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        result_type=answer,
    )


async def keep_running(client: Client, workflow: WorkflowName, params: Any, *, id: str, queue: str, status: type) -> WorkflowHandle:
    """Starts a workflow that lives until `shutdown`, or finds it running. Without a run id: it continues as new by itself."""
    await client.start_workflow(
        workflow, params, id=id, task_queue=queue, id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING
    )
    return client.get_workflow_handle(id, result_type=status)


def key() -> str:
    """Names a request. Keep it and send it again after a crash; here each run of an example is a new request."""
    return f"example-{time.time_ns()}"


def run(main: Callable[[Client], Awaitable[None]], *, deadline: int = DEADLINE) -> None:
    async def within_deadline() -> None:
        async with asyncio.timeout(deadline):
            await main(await Client.connect(os.environ.get("TEMPORAL_ADDRESS", "localhost:7233")))

    asyncio.run(within_deadline())
    # Without the interpreter's own end, in which the SDK's threads now and then abort: temporalio/sdk-python issue 300.
    sys.stdout.flush()
    os._exit(0)
