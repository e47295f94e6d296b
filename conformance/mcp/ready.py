"""Exits with 0 once a call that needs the Temporal server is answered: ready.py ADDRESS TOKEN."""

import asyncio
import sys

from mcp import Client
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client

address, token = sys.argv[1:]


async def main():
    headers = {"Authorization": f"Bearer {token}"}
    transport = streamable_http_client(address, http_client=create_mcp_http_client(headers=headers))
    async with Client(transport, read_timeout_seconds=60) as client:
        result = await client.call_tool("ttai_schedule_list", {})
    return result.is_error


sys.exit(asyncio.run(main()))
