"""Drives the simulated DXLink server: directly, with ttai's own client, and with the vendors' clients, each frame of both
sides recorded by a proxy and held against the official schema."""

import argparse
import asyncio
import contextlib
import json
import logging
import sys
import urllib.request

import websockets

from schema import Conversation, Schema

TOKEN = "simulated-quote-token"
PATIENCE = 60
SETUP = {"type": "SETUP", "channel": 0, "version": "0.1-conformance/1.0", "keepaliveTimeout": 60, "acceptKeepaliveTimeout": 60}

results = []


def result(name, fault=None):
    results.append(fault is None)
    print(f"ok    {name}" if fault is None else f"FAIL  {name}: {fault}", flush=True)


@contextlib.asynccontextmanager
async def check(name):
    try:
        yield
        result(name)
    except (AssertionError, OSError, KeyError, StopAsyncIteration, TimeoutError, websockets.WebSocketException) as error:
        result(name, f"{type(error).__name__}: {error}")


class Proxy:
    """Stands between a client and the server and records both."""

    def __init__(self, upstream, schema):
        self.upstream, self.schema = upstream, schema
        self.conversations = []
        self.name = "?"

    async def __aenter__(self):
        self.server = await websockets.serve(self.serve, "127.0.0.1", 0, max_size=None, ping_interval=None)
        port = self.server.sockets[0].getsockname()[1]
        self.url = f"ws://127.0.0.1:{port}"
        return self

    async def __aexit__(self, *_):
        self.server.close()
        await self.server.wait_closed()

    async def serve(self, client):
        conversation = Conversation(self.schema, self.name)
        self.conversations.append(conversation)
        async with websockets.connect(self.upstream, max_size=None, ping_interval=None) as server:
            async def pump(source, sink, direction):
                with contextlib.suppress(websockets.ConnectionClosed):
                    async for text in source:
                        conversation.record(direction, text)
                        await sink.send(text)
                await sink.close()

            await asyncio.gather(pump(client, server, "client"), pump(server, client, "server"))

    def judge(self, name):
        """One line for the frames of the conversations so far, which are then forgotten."""
        conversations, self.conversations = self.conversations, []
        for conversation in conversations:
            conversation.judge()
        frames = [len(conversation.frames) for conversation in conversations]
        faults = [fault for conversation in conversations for fault in conversation.faults]
        if not sum(frames):
            result(name, "no frame went through the proxy")
        else:
            result(f"{name}: {sum(frames)} frames in {len(frames)} connections", "; ".join(faults[:3]) or None)
        return conversations


class Client:
    """The plainest client; its frames are recorded too."""

    def __init__(self, socket, conversation):
        self.socket, self.conversation = socket, conversation

    async def send(self, **frame):
        text = json.dumps(frame)
        self.conversation.record("client", text)
        await self.socket.send(text)

    async def send_wrong(self, **frame):
        """Breaks the protocol on purpose, so it is not held against the schema."""
        await self.socket.send(json.dumps(frame))

    async def receive(self):
        text = await asyncio.wait_for(self.socket.recv(), PATIENCE)
        self.conversation.record("server", text)
        return json.loads(text)

    async def wait(self, kind, **fields):
        """The next frame of a kind; others are skipped, an ERROR that is not awaited fails."""
        while True:
            frame = await self.receive()
            if frame["type"] == kind and all(frame.get(name) == value for name, value in fields.items()):
                return frame
            assert frame["type"] != "ERROR", frame

    async def channel(self, number, **setup):
        await self.send(type="CHANNEL_REQUEST", channel=number, service="FEED", parameters={"contract": "AUTO"})
        await self.wait("CHANNEL_OPENED", channel=number)
        if setup:
            await self.send(type="FEED_SETUP", channel=number, **setup)
            return await self.wait("FEED_CONFIG", channel=number)

    async def subscribe(self, number, *items, verb="add"):
        await self.send(type="FEED_SUBSCRIPTION", channel=number, **{verb: list(items)})


class Direct:
    """The server's behaviour, without any client of a vendor."""

    def __init__(self, url, schema, contract):
        self.url, self.schema, self.contract = url, schema, contract
        self.conversations = []

    @contextlib.asynccontextmanager
    async def raw(self):
        conversation = Conversation(self.schema, "direct")
        self.conversations.append(conversation)
        async with websockets.connect(self.url, max_size=None, ping_interval=None) as socket:
            yield Client(socket, conversation)

    @contextlib.asynccontextmanager
    async def authorized(self, **setup):
        async with self.raw() as client:
            await client.send(**{**SETUP, **setup})
            await client.wait("AUTH_STATE", state="UNAUTHORIZED")
            await client.send(type="AUTH", channel=0, token=TOKEN)
            await client.wait("AUTH_STATE", state="AUTHORIZED")
            yield client

    async def run(self):
        async with check("SETUP and AUTH_STATE come in the documented order"):
            async with self.raw() as client:
                await client.send(**SETUP)
                kinds = [(await client.receive())["type"] for _ in range(2)]
                assert kinds == ["SETUP", "AUTH_STATE"], kinds
        async with check("a wrong token is UNAUTHORIZED and opens nothing"):
            async with self.raw() as client:
                await client.send(**SETUP)
                await client.wait("AUTH_STATE")
                await client.send(type="AUTH", channel=0, token="wrong")
                assert (await client.wait("AUTH_STATE"))["state"] == "UNAUTHORIZED"
                await client.send(type="CHANNEL_REQUEST", channel=1, service="FEED", parameters={"contract": "AUTO"})
                error = await client.receive()
                assert (error["type"], error["error"]) == ("ERROR", "UNAUTHORIZED"), error
        async with check("what breaks the protocol is told as what it is"):
            await self.errors()
        async with check("a silent client is told TIMEOUT and cut"):
            async with self.authorized(acceptKeepaliveTimeout=0.5) as client:
                error = await client.receive()
                assert (error["type"], error["error"]) == ("ERROR", "TIMEOUT"), error
        async with check("KEEPALIVE comes before the client's patience ends"):
            async with self.authorized(keepaliveTimeout=1) as client:
                await client.wait("KEEPALIVE")
        for data_format in ("COMPACT", "FULL"):
            async with check(f"every event type comes in {data_format}"):
                await self.events(data_format)
        async with check("COMPACT values are in the order asked for, unknown fields left out"):
            await self.order()
        async with check("bars come as one snapshot, newest first"):
            await self.bars()
        async with check("a symbol removed, a reset and a cancelled channel are silent"):
            await self.silence()
        for conversation in self.conversations:
            conversation.judge()
        faults = [fault for conversation in self.conversations for fault in conversation.faults]
        frames = sum(len(conversation.frames) for conversation in self.conversations)
        result(f"direct: {frames} frames by the schema", "; ".join(faults[:3]) or None)

    async def errors(self):
        async with self.authorized() as client:
            async def expect(kind):
                error = await client.receive()
                assert (error["type"], error["error"]) == ("ERROR", kind), (kind, error)

            await client.socket.send('{"type": "broken"')
            await expect("INVALID_MESSAGE")
            request = {"type": "CHANNEL_REQUEST", "service": "FEED", "parameters": {"contract": "AUTO"}}
            await client.send_wrong(**{**request, "channel": 2})
            await expect("BAD_ACTION")
            await client.send_wrong(**{**request, "channel": 1, "service": "NONE"})
            await expect("BAD_ACTION")
            await client.send_wrong(type="FEED_SUBSCRIPTION", channel=7, add=[{"type": "Quote", "symbol": "AAPL"}])
            await expect("BAD_ACTION")
            await client.send_wrong(type="INVENTED", channel=0)
            await expect("INVALID_MESSAGE")
            await client.channel(1)
            await client.send_wrong(**{**request, "channel": 1})
            await expect("BAD_ACTION")

    async def events(self, data_format):
        async with self.authorized() as client:
            await client.channel(1, acceptDataFormat=data_format, acceptAggregationPeriod=0.1)
            types = ["Quote", "Trade", "Summary", "Profile"]
            items = [{"type": kind, "symbol": "AAPL"} for kind in types]
            items += [{"type": kind, "symbol": self.contract} for kind in ("Quote", "Greeks", "Summary")]
            items += [{"type": "Quote", "symbol": "NOSUCH"}, {"type": "Underlying", "symbol": "AAPL"}]
            await client.subscribe(1, *items)
            wanted = {(item["type"], item["symbol"]) for item in items[:7]}
            fields = {}
            while wanted:
                frame = await client.receive()
                if frame["type"] == "FEED_CONFIG":
                    fields.update(frame.get("eventFields", {}))
                if frame["type"] == "FEED_DATA":
                    wanted -= set(symbols_of(frame["data"], fields))

    async def order(self):
        asked = ["askPrice", "eventSymbol", "invented", "bidPrice"]
        async with self.authorized() as client:
            await client.channel(1, acceptDataFormat="COMPACT", acceptEventFields={"Quote": asked})
            await client.subscribe(1, {"type": "Quote", "symbol": "AAPL"})
            config = await client.wait("FEED_CONFIG")
            assert config["eventFields"] == {"Quote": ["askPrice", "eventSymbol", "bidPrice"]}, config
            kind, values = (await client.wait("FEED_DATA"))["data"]
            assert kind == "Quote" and values[1] == "AAPL" and values[0] > 0, values

    async def bars(self):
        async with self.authorized() as client:
            await client.channel(1, acceptDataFormat="FULL")
            await client.subscribe(1, {"type": "Candle", "symbol": "AAPL{=d,tho=true}", "fromTime": 1767225600000})
            events = []
            while not events or not events[-1]["eventFlags"] & 0x18:
                events += (await client.wait("FEED_DATA"))["data"]
            times = [event["time"] for event in events]
            assert events[0]["eventFlags"] & 0x04 and times == sorted(times, reverse=True), times[:5]
            assert len(events) > 100 and times[-1] >= 1767225600000, (len(events), times[-1])
            await client.subscribe(1, {"type": "Candle", "symbol": "NOSUCH{=d}", "fromTime": 0})
            event = (await client.wait("FEED_DATA"))["data"][0]
            while event["eventSymbol"] != "NOSUCH{=d}":
                event = (await client.wait("FEED_DATA"))["data"][0]
            assert event["eventFlags"] == 0x0E, event

    async def silence(self):
        async with self.authorized(keepaliveTimeout=1) as client:
            await client.channel(1, acceptDataFormat="COMPACT")
            quote, trade = ({"type": kind, "symbol": "AAPL"} for kind in ("Quote", "Trade"))
            await client.subscribe(1, quote, trade)
            await client.wait("FEED_DATA")
            await client.subscribe(1, quote, verb="remove")
            await client.send(type="FEED_SUBSCRIPTION", channel=1, reset=True)
            # Keepalives come only where nothing else does.
            await client.wait("KEEPALIVE")
            await client.send(type="CHANNEL_CANCEL", channel=1)
            await client.wait("CHANNEL_CLOSED", channel=1)


def symbols_of(data, fields):
    if data and isinstance(data[0], dict):
        return [(event["eventType"], event["eventSymbol"]) for event in data]
    order = fields[data[0]]
    return [(data[0], symbol) for symbol in data[1][order.index("eventSymbol") :: len(order)]]


async def command(name, *arguments):
    """Runs a client; its last lines are shown where it fails."""
    process = await asyncio.create_subprocess_exec(
        *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), 1200)
    except TimeoutError:
        process.kill()
        output = b"it did not end"
    result(name, None if process.returncode == 0 else output.decode()[-1500:])


async def python_streamer(url, contract):
    """PyPI tastytrade's DXLinkStreamer, unmodified: the session only hands it the address and the token."""
    from datetime import datetime, timedelta, timezone

    from tastytrade import DXLinkStreamer
    from tastytrade.dxfeed import Candle, Greeks, Profile, Quote, Summary, Trade

    class Session:
        client_kwargs = {}

        async def _get(self, _path):
            return {"dxlink-url": url, "token": TOKEN}

    async def one(streamer, kind):
        return await asyncio.wait_for(streamer.get_event(kind), PATIENCE)

    async with check("PyPI tastytrade: quotes, trades, summaries, profiles, Greeks"):
        async with DXLinkStreamer(Session()) as streamer:
            for kind in (Quote, Trade, Summary, Profile):
                await streamer.subscribe(kind, ["AAPL"])
                event = await one(streamer, kind)
                assert event.event_symbol == "AAPL", event
            await streamer.subscribe(Greeks, [contract])
            greeks = await one(streamer, Greeks)
            assert greeks.event_symbol == contract and 0 < abs(greeks.delta) < 1, greeks
            await streamer.subscribe(Quote, [contract, "SPY"])
            seen = {(await one(streamer, Quote)).event_symbol for _ in range(2)}
            assert seen & {contract, "SPY"}, seen
            await streamer.unsubscribe(Quote, ["SPY"])
            await streamer.unsubscribe_all(Trade)
    async with check("PyPI tastytrade: bars"):
        async with DXLinkStreamer(Session()) as streamer:
            start = datetime.now(timezone.utc) - timedelta(days=400)
            await streamer.subscribe_candle(["AAPL"], "1d", start_time=start)
            candles = [await one(streamer, Candle)]
            assert candles[0].snapshot_begin, candles[0]
            while not candles[-1].snapshot_end:
                candles.append(await one(streamer, Candle))
            assert len(candles) > 20 and all(candle.close > 0 for candle in candles), len(candles)
            await streamer.unsubscribe_candle("AAPL", "1d")


def contract_of(cboe):
    """A contract with Greeks, from the simulated Cboe: OCC's and dxFeed's spelling."""
    with urllib.request.urlopen(f"{cboe}/api/global/delayed_quotes/options/AAPL.json", timeout=PATIENCE) as answer:
        options = json.load(answer)["data"]["options"]
    option = next(o for o in options if 0.3 < abs(o["delta"]) < 0.7 and o["bid"] > 0)["option"]
    root, date, right, strike = option[:-15], option[-15:-9], option[-9], int(option[-8:]) / 1000
    return option, f".{root}{date}{right}{strike:g}"


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--endpoints", required=True)
    parser.add_argument("--client", required=True, help="the command of ttai's own client")
    parser.add_argument("--node", required=True, help="the script of the vendor's JavaScript clients")
    arguments = parser.parse_args()
    endpoints = json.loads(arguments.endpoints)
    logging.getLogger("websockets").setLevel(logging.CRITICAL)
    schema = Schema()
    occ, streamer = contract_of(endpoints["cboe"])
    await Direct(endpoints["dxlink"], schema, streamer).run()
    async with Proxy(endpoints["dxlink"], schema) as proxy:
        for data_format in ("COMPACT", "FULL"):
            proxy.name = f"ttai {data_format}"
            await command(f"ttai's client in {data_format}", *arguments.client.split(), proxy.url, TOKEN, data_format, occ)
            conversations = proxy.judge(f"ttai's client in {data_format} by the schema")
            kept = sum(conversation.count("client", "KEEPALIVE") for conversation in conversations)
            result(f"ttai's client in {data_format} keeps the connection alive", None if kept else "it sent no KEEPALIVE")
        proxy.name = "PyPI tastytrade"
        await python_streamer(proxy.url, streamer)
        proxy.judge("PyPI tastytrade by the schema")
        proxy.name = "npm"
        await command("npm @tastytrade/api: both streamers", "node", arguments.node, proxy.url, TOKEN, streamer)
        proxy.judge("npm @tastytrade/api by the schema")
    failed = results.count(False)
    print(f"dxlink: {results.count(True)} passed, {failed} failed")
    sys.exit(1 if failed else 0)


asyncio.run(main())
