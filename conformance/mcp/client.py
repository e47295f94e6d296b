"""The official Python client: lists and calls every tool of a server, reads its resources and prompts.

client.py LABEL MODE TARGET…: MODE is a protocol version or `auto`; TARGET an http address with its token, or a command.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

import jsonschema
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client

LONGEST = 80_000
label, mode, *target = sys.argv[1:]
passed, failed = 0, 0


def check(what, fits, detail=""):
    global passed, failed
    passed, failed = passed + bool(fits), failed + (not fits)
    print(f"{'ok  ' if fits else 'FAIL'}  {label}: {what}" + ("" if fits else f": {detail}"), flush=True)


def transport():
    if target[0].startswith("http"):
        headers = {"Authorization": f"Bearer {target[1]}"}
        return streamable_http_client(target[0], http_client=create_mcp_http_client(headers=headers))
    return StdioServerParameters(command=target[0], args=target[1:], env=dict(os.environ))


async def tools(client):
    listed = (await client.list_tools()).tools
    schemas = {tool.name: tool.output_schema for tool in listed}
    calls = json.loads((Path(__file__).parent / "calls.json").read_text())
    check("every tool has a call", set(schemas) == {name for name, _ in calls}, set(schemas) ^ {name for name, _ in calls})
    for name, arguments in calls:
        try:
            result = await client.call_tool(name, arguments)
        except Exception as error:
            check(name, False, repr(error)[:300])
            continue
        text = result.content[0].text if result.content else ""
        if result.is_error:
            check(name, False, text[:300])
            continue
        structured = result.structured_content
        jsonschema.validate(structured, schemas[name])
        check(name, structured == json.loads(text) and len(text) <= LONGEST, f"{len(text)} bytes")


async def rest(client):
    resources = (await client.list_resources()).resources
    check("resources are listed", any(str(one.uri) == "ttai://alerts" for one in resources))
    for one in resources[:6]:
        read = await client.read_resource(str(one.uri))
        check(f"{one.uri} is read", bool(read.contents))
    templates = (await client.list_resource_templates()).resource_templates
    check("templates are listed", len(templates) >= 4)
    prompts = (await client.list_prompts()).prompts
    for prompt in prompts:
        given = {argument.name: "NVDA" for argument in prompt.arguments or []}
        got = await client.get_prompt(prompt.name, given)
        check(f"prompt {prompt.name}", "ttai_" in got.messages[0].content.text)
    refused = await client.call_tool("ttai_analyze", {"symbol": "NVDA", "max_dleta": 0.3})
    check("a misspelt argument is explained", refused.is_error and "max_delta" in refused.content[0].text)


async def main():
    async with Client(transport(), mode=mode, read_timeout_seconds=120) as client:
        wanted = {"legacy": "2025-11-25", "auto": "2026-07-28"}.get(mode, mode)
        check(f"speaks {wanted}", client.protocol_version == wanted, client.protocol_version)
        await tools(client)
        await rest(client)


asyncio.run(main())
sys.exit(failed > 0)
