"""Runs an example of examples/python and adds what it used of the wire to a file: `recorded.py FILE EXAMPLE.py`.

One line for each start, signal, query and update that was answered: `PriceAlertWorkflow signal add_alert`. The example knows
nothing of it."""

import runpy
import sys
from pathlib import Path

from temporalio.client import Client, Interceptor, OutboundInterceptor

FILE, EXAMPLE = Path(sys.argv[1]), Path(sys.argv[2])
types: dict[str, str] = {}  # of workflows that were started here, by id


def used(id: str, kind: str, name: str = "") -> None:
    with FILE.open("a") as file:
        file.write(f"{types.get(id, '?')} {kind} {name}".rstrip() + "\n")


class Recorder(Interceptor):
    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        return Recording(next)


class Recording(OutboundInterceptor):
    async def start_workflow(self, input):
        handle = await super().start_workflow(input)
        types[input.id] = input.workflow
        used(input.id, "start")
        if input.start_signal:
            used(input.id, "signal", input.start_signal)
        return handle

    async def signal_workflow(self, input):
        await super().signal_workflow(input)
        used(input.id, "signal", input.signal)

    async def query_workflow(self, input):
        answer = await super().query_workflow(input)
        used(input.id, "query", input.query)
        return answer

    async def start_workflow_update(self, input):
        handle = await super().start_workflow_update(input)
        used(input.id, "update", input.update)
        return handle


connect = Client.connect


async def recorded_connect(*args, **options):
    return await connect(*args, **options, interceptors=[Recorder()])


Client.connect = recorded_connect
sys.path.insert(0, str(EXAMPLE.parent))
sys.argv = [str(EXAMPLE)]
runpy.run_path(str(EXAMPLE), run_name="__main__")
