"""Tasks (SEP-2663) over HTTP: a client that knows them gets one for long work, asks for it, and cancels it: no
official client has them yet, so the messages are written here.

tasks.py URL TOKEN
"""

import asyncio
import json
import sys
import time

from mcp.client.streamable_http import create_mcp_http_client

url, token = sys.argv[1:]
EXTENSION = "io.modelcontextprotocol/tasks"
VERSION = "2026-07-28"
passed, failed = 0, 0


def check(what, fits, detail=""):
    global passed, failed
    passed, failed = passed + bool(fits), failed + (not fits)
    print(f"{'ok  ' if fits else 'FAIL'}  tasks: {what}" + ("" if fits else f": {detail}"), flush=True)


async def call(http, method, params, capable=True):
    meta = {
        "io.modelcontextprotocol/protocolVersion": VERSION,
        "io.modelcontextprotocol/clientInfo": {"name": "tasks", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {"extensions": {EXTENSION: {}}} if capable else {},
    }
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": meta}}
    headers = {
        "Authorization": f"Bearer {token}", "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": VERSION, "Mcp-Method": method,
    }
    if "name" in params:
        headers["Mcp-Name"] = params["name"]
    if "taskId" in params:
        headers["Mcp-Name"] = params["taskId"]
    answer = await http.post(url, json=request, headers=headers)
    for line in answer.text.splitlines():
        line = line.removeprefix("data:").strip()
        if line.startswith("{") and '"id"' in line:
            return json.loads(line)
    return {"error": f"{answer.status_code} {answer.text[:300]}"}


async def main():
    async with create_mcp_http_client() as http:
        start = {"name": "ttai_analyze", "arguments": {"symbol": "NVDA", "wait_seconds": 0, "key": "task"}}
        made = await call(http, "tools/call", start)
        result = made.get("result", {})
        check("long work is a task", result.get("resultType") == "task" and result.get("taskId"), made)
        plain = await call(http, "tools/call", {**start, "arguments": {**start["arguments"], "key": "plain"}}, capable=False)
        check("a client without tasks gets the fields", "structuredContent" in plain.get("result", {}), plain)
        task, until = {}, time.time() + 120
        while time.time() < until:
            got = await call(http, "tasks/get", {"taskId": result.get("taskId", "")})
            task = got.get("result", {})
            if task.get("status") != "working":
                break
            await asyncio.sleep(task.get("pollIntervalMs", 1000) / 1000)
        check("it ends with the tool's answer", task.get("status") == "completed" and "structuredContent" in task.get("result", {}), got)
        unknown = await call(http, "tasks/get", {"taskId": "analysis-NVDA-nobody"})
        check("an unknown task is refused", "error" in unknown, unknown)
        refused = await call(http, "tasks/get", {"taskId": result.get("taskId", "")}, capable=False)
        check("a client that does not declare tasks has none", "error" in refused, refused)
        cancelled = await call(http, "tasks/cancel", {"taskId": result.get("taskId", "")})
        check("a task that has ended stays as it is", "result" in cancelled, cancelled)


asyncio.run(main())
sys.exit(failed > 0)
