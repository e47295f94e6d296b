"""Holds DXLink frames against dxFeed's AsyncAPI document, and against what the document says in words."""

import json
from pathlib import Path

import yaml
from jsonschema import Draft7Validator
from referencing import Registry
from referencing.jsonschema import DRAFT7

DOCUMENT = Path(__file__).with_name("dxlink-asyncapi.yml")
URI = "urn:dxlink"


def corrected(document):
    """The document with the three places put right at which it contradicts itself."""
    messages = document["components"]["messages"]
    # 1. FEED_DATA requires `data` and shows it in its examples, but describes it under the name `events`.
    data = messages["FeedDataMessage"]["payload"]["allOf"][1]["properties"]
    data["data"] = data.pop("events")
    # 2. A subscription with fromTime or source fits the regular one too, so that `oneOf` could never hold.
    subscription = document["components"]["schemas"]["FeedSubscription"]
    subscription["anyOf"] = subscription.pop("oneOf")
    # 3. Events have boolean fields (extendedTradingHours), but COMPACT values are said to be texts and numbers only. And
    #    neither format excludes the other for an empty list.
    formats = data["data"].pop("oneOf")
    formats[1]["items"]["oneOf"][1]["items"]["oneOf"].append({"type": "boolean"})
    data["data"]["anyOf"] = formats
    return document


class Schema:
    """Validators by direction and message type."""

    def __init__(self):
        document = corrected(yaml.safe_load(DOCUMENT.read_text()))
        registry = Registry().with_resource(URI, DRAFT7.create_resource(document))
        channel = document["channels"]["/"]
        self.validators = {}
        for direction, operation in (("server", "subscribe"), ("client", "publish")):
            for reference in channel[operation]["message"]["oneOf"]:
                name = reference["$ref"].rsplit("/", 1)[1]
                payload = document["components"]["messages"][name]["payload"]
                kind = payload["allOf"][1]["properties"]["type"]["const"]
                pointer = {"$ref": f"{URI}#/components/messages/{name}/payload"}
                self.validators.setdefault((direction, kind), []).append(Draft7Validator(pointer, registry=registry))

    def faults(self, direction, frame):
        """What is wrong with a frame by the document; empty for a good one."""
        validators = self.validators.get((direction, frame.get("type")))
        if validators is None:
            return [f"a {direction} sends no message of type {frame.get('type')!r}"]
        faults = [[error.message for error in validator.iter_errors(frame)] for validator in validators]
        return [] if sum(not fault for fault in faults) == 1 else min(faults, key=len) or ["it fits several messages"]


class Conversation:
    """One connection: every frame of both sides, and the rules that span frames."""

    def __init__(self, schema, name):
        self.schema, self.name = schema, name
        self.texts = []
        self.frames = []
        self.faults = []
        self.fields = {}
        self.format = {}
        self.requested = set()
        self.opened = set()

    def record(self, direction, text):
        """Keeps a frame; it is judged later, so that nobody waits for the validation."""
        self.texts.append((direction, text))

    def judge(self):
        """Judges what was recorded, in its order."""
        texts, self.texts = self.texts, []
        for direction, text in texts:
            self.judge_frame(direction, text)

    def judge_frame(self, direction, text):
        try:
            pairs = json.loads(text, object_pairs_hook=lambda pairs: pairs)
            frame = json.loads(text)
        except ValueError as error:
            self.fault(direction, text, f"it is no JSON: {error}")
            return
        self.frames.append((direction, frame))
        for fault in self.schema.faults(direction, frame):
            self.fault(direction, text, fault)
        if [key for key, _ in pairs[:2]] != ["type", "channel"] and direction == "server":
            self.fault(direction, text, "type and channel do not come first")
        for fault in self.across(direction, frame):
            self.fault(direction, text, fault)

    def fault(self, direction, text, fault):
        self.faults.append(f"{self.name}: {direction}: {fault}: {text[:300]}")

    def across(self, direction, frame):
        kind, channel = frame.get("type"), frame.get("channel")
        if kind == "CHANNEL_REQUEST":
            self.requested.add(channel)
            if channel % 2 == 0:
                yield "a client's channel is odd"
        elif kind == "CHANNEL_OPENED":
            self.opened.add(channel)
            if channel not in self.requested:
                yield "nobody requested the channel"
        elif kind == "FEED_CONFIG":
            self.format[channel] = frame["dataFormat"]
            self.fields.setdefault(channel, {}).update(frame.get("eventFields", {}))
        elif kind == "FEED_DATA":
            yield from self.data(channel, frame["data"])
        elif kind in ("FEED_SETUP", "FEED_SUBSCRIPTION") and direction == "client" and channel not in self.opened:
            yield "the channel is not open"

    def data(self, channel, data):
        if channel not in self.opened:
            yield "the channel is not open"
        if self.format.get(channel) is None:
            yield "FEED_CONFIG comes before the first data"
        if self.format.get(channel) == "FULL":
            if not all(isinstance(event, dict) and "eventType" in event for event in data):
                yield "FULL data are objects with their type"
            return
        if len(data) != 2:
            yield "one event type a frame, as tastytrade's clients expect"
        for event_type, values in zip(data[::2], data[1::2]):
            fields = self.fields.get(channel, {}).get(event_type)
            if fields is None:
                yield f"FEED_CONFIG did not say the fields of {event_type}"
            elif len(values) % len(fields):
                yield f"{len(values)} values are no multiple of {len(fields)} fields"

    def count(self, direction, kind):
        return sum(1 for side, frame in self.frames if side == direction and frame["type"] == kind)
