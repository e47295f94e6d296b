"""slack_sdk judges what ttai sends, and is judged by the simulated Slack."""

import json
import sys
import time

from slack_sdk.models.blocks import Block, HeaderBlock, SectionBlock
from slack_sdk.webhook import WebhookClient

from messages import Inbox, Tally, messages, send

endpoints = json.loads(sys.argv[1])
tally = Tally("slack")
inbox = Inbox(endpoints["control"], "slack")


def webhook(token):
    return f"{endpoints['slack']}/services/T0/B0/{token}"


def judge(name, body):
    """Every block is known, valid, and means the same after slack_sdk has read it."""
    blocks = Block.parse_all(body["blocks"])
    tally.check(f"{name}: blocks are known", all(block is not None for block in blocks))
    tally.check(f"{name}: at most 50 blocks", len(blocks) <= 50, len(blocks))
    for own, block in zip(body["blocks"], blocks):
        try:
            block.validate_json()
            same = {key: value for key, value in block.to_dict().items() if value is not None}
            tally.check(f"{name}: a block is read as it was sent", same == own, f"\n{own}\n{same}")
        except Exception as error:  # slack_sdk raises its own kinds
            tally.check(f"{name}: a block is valid", False, f"{error}: {json.dumps(own)[:300]}")
    for own in body["blocks"]:
        for text in [own.get("text"), *own.get("fields", []), *own.get("elements", [])]:
            if text and text["type"] == "mrkdwn" and "|Read more>" not in text["text"]:
                bare = text["text"].replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")
                tally.check(f"{name}: text is escaped", not set(bare) & set("&<>"), text["text"][:100])
    tally.check(f"{name}: has a text for devices", 0 < len(body["text"]) <= 3000)


for number, (name, message) in enumerate(messages()):
    inbox.clear()
    # A webhook of its own for each, so that none waits for the rate limit.
    [outcome] = send({"type": "slack", "url": webhook(f"t{number}")}, message)
    arrived = inbox.read()
    tally.check(f"{name}: delivered", outcome == {"outcome": "delivered"} and len(arrived) == 1, outcome)
    if arrived:
        judge(name, arrived[0]["body"])

began = time.monotonic()
outcomes = send({"type": "slack", "url": webhook("paced")}, *[{"text": str(number)} for number in range(5)])
tally.check("five at once are paced and none is refused", all(o["outcome"] == "delivered" for o in outcomes), outcomes)
tally.check("at one a second", time.monotonic() - began > 3.5)

for token, word in [("revoked", "no_service"), ("archived", "channel_is_archived"), ("prohibited", "action_prohibited")]:
    [outcome] = send({"type": "slack", "url": webhook(token)}, {"text": "a"})
    good = outcome["outcome"] == "authentication" and word in outcome["detail"] and "services" not in outcome["detail"]
    tally.check(f"a person is told of {word}", good, outcome)
    answer = WebhookClient(webhook(token)).send(text="a")
    tally.check(f"slack_sdk is told of {word}", answer.body == word, answer.body)

# slack_sdk's client against the simulated service.
answer = WebhookClient(webhook("sdk")).send(
    text="hello", blocks=[HeaderBlock(text="Title"), SectionBlock(text="a *b*", fields=["x", "y"])]
)
tally.check("slack_sdk's message is taken", (answer.status_code, answer.body) == (200, "ok"), answer.body)
for blocks, word in [
    ([{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}], "invalid_blocks"),
    ([{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}], "invalid_blocks"),
    ([{"type": "divider"}] * 51, "invalid_blocks"),
    ([{"type": "unheard of"}], "invalid_blocks"),
]:
    answer = WebhookClient(webhook(f"bad{len(blocks)}{len(str(blocks))}")).send(text="hello", blocks=blocks)
    tally.check(f"{word} is answered", (answer.status_code, answer.body) == (400, word), answer.body)

sys.exit(tally.end())
