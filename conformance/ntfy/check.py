"""python-ntfy reads back what ttai sends, from the simulated ntfy and from ntfy's own server, and publishes to both."""

import json
import pathlib
import sys
import tempfile

import requests
from python_ntfy import NtfyClient

from messages import PNG, Tally, chart, messages, send

endpoints, own, token = json.loads(sys.argv[1]), sys.argv[2], sys.argv[3]
tally = Tally("ntfy")
PRIORITIES = {"info": 3, "warning": 4, "critical": 5}


def read(server, topic, auth=None):
    """The topic's messages, oldest first; a missing priority is ntfy's default."""
    return list(reversed(NtfyClient(topic=topic, server=server, auth=auth).get_cached_messages()))


def judge(where, server, name, topic, message):
    [outcome] = send({"type": "ntfy", "url": f"{server}/{topic}"}, message)
    arrived = read(server, topic)
    tally.check(f"{where}: {name}: delivered", outcome == {"outcome": "delivered"} and len(arrived) == 1, outcome)
    if not arrived:
        return
    [there] = arrived
    text = there["message"]
    tally.check(f"{where}: {name}: a message, not a file", 0 < len(text.encode()) < 4096, len(text.encode()))
    tally.check(f"{where}: {name}: its mark", "ark " in text.splitlines()[-1], text[-200:])
    tally.check(f"{where}: {name}: a title of one line", 0 < len(there["title"]) <= 210 and "\n" not in there["title"], there)
    priority = PRIORITIES[message.get("severity", "info")]
    tally.check(f"{where}: {name}: priority {priority}", there.get("priority", 3) == priority, there)
    files = message.get("attachments", [])
    has_file = "attachment" in there
    tally.check(f"{where}: {name}: a file where there is one", has_file == bool(files), there)
    link = message.get("link", "")
    if link.startswith("https://") and len(link) < 2000:
        tally.check(f"{where}: {name}: opens the link", there.get("click") == link, there.get("click"))
    else:
        tally.check(f"{where}: {name}: opens nothing", "click" not in there, there.get("click"))


def check(where, server, can_download):
    for number, (name, message) in enumerate(messages()):
        judge(where, server, name, f"t{number}", message)

    usual = read(server, "t0")[0]
    tally.check(f"{where}: the text is as it was", usual["message"].startswith("touched 200.00 at 10:42 ET, now 199.80 & falling\n\nNow: 199.80\nDelta: -0.31\n\nPrice alert. Mark "), usual["message"])
    tally.check(f"{where}: title and tags", (usual["title"], usual["tags"]) == ("Warning: AAPL touched 200", ["warning", "price_alert_triggered"]), usual)

    odd = {"title": "株価 é 👨‍👩‍👧‍👦 =?UTF-8?B?eA==?=", "text": "Δ −0.31\n\ttab “quoted” 100 % \\x", "attachments": [chart()]}
    [outcome] = send({"type": "ntfy", "url": f"{server}/odd"}, odd)
    there = read(server, "odd")[0]
    tally.check(f"{where}: any title survives a header", there["title"] == odd["title"], there["title"])
    tally.check(f"{where}: any text survives a header", there["message"].startswith(odd["text"]), there["message"])
    tally.check(f"{where}: the chart is a picture", there["attachment"]["name"] == "chart.png" and there["attachment"]["type"] == "image/png", there)
    if can_download:
        there = requests.get(there["attachment"]["url"], timeout=10)
        tally.check(f"{where}: the chart is whole", there.content == PNG, there.status_code)

    # python-ntfy's own messages.
    answer = NtfyClient(topic="own", server=server).send("hello\nthere", title="Title", tags=["a", "b"], priority=NtfyClient.MessagePriority.HIGH)
    tally.check(f"{where}: python-ntfy's message is taken", (answer["event"], answer["message"], answer["priority"], answer["tags"]) == ("message", "hello\nthere", 4, ["a", "b"]), answer)
    with tempfile.TemporaryDirectory() as folder:
        picture = pathlib.Path(folder, "chart.png")
        picture.write_bytes(PNG)
        answer = NtfyClient(topic="own", server=server).send_file(picture, title="A file")
        tally.check(f"{where}: python-ntfy's file is taken", answer["attachment"]["name"] == "chart.png" and answer["attachment"]["size"] == len(PNG), answer)


def check_refusals(where, server, cases):
    for name, channel, message, wanted, said in cases:
        [outcome] = send({"type": "ntfy", **channel}, message)
        good = outcome["outcome"] == wanted and said in outcome.get("detail", "")
        tally.check(f"{where}: {name} is {wanted}", good, outcome)
        tally.check(f"{where}: {name}: no secret is shown", "secret" not in str(outcome) and "tk_" not in str(outcome), outcome)


simulated = endpoints["ntfy"]
check("simulated", simulated, can_download=False)
check_refusals("simulated", simulated, [
    ("a login", {"url": f"{simulated}/unauthorized"}, {"text": "a"}, "authentication", "40101"),
    ("a topic of somebody's", {"url": f"{simulated}/forbidden"}, {"text": "a"}, "authentication", "40301"),
    ("the day's quota", {"url": f"{simulated}/quota"}, {"text": "a"}, "unavailable", "42908"),
    ("a server without files", {"url": f"{simulated}/no-files"}, {"text": "a", "attachments": [chart()]}, "delivered", ""),
])

if own:
    check("ntfy", own, can_download=True)
    ann = {"username": "ann", "password": "secret-of-ann"}
    check_refusals("ntfy", own, [
        ("nobody at a guarded topic", {"url": f"{own}/guarded"}, {"text": "a"}, "authentication", "40301"),
        ("a wrong password", {"url": f"{own}/guarded", **ann, "password": "secret"}, {"text": "a"}, "authentication", "40101"),
        ("a wrong token", {"url": f"{own}/guarded", "token": "tk_" + "x" * 29}, {"text": "a"}, "authentication", "40101"),
        ("a password", {"url": f"{own}/guarded", **ann}, {"text": "by password"}, "delivered", ""),
        ("a token", {"url": f"{own}/guarded", "token": token}, {"text": "by token"}, "delivered", ""),
        # Larger than this server takes: the text arrives, and says so.
        ("a large file", {"url": f"{own}/large"}, {"text": "see", "attachments": [chart(content=bytes(1_500_000))]}, "delivered", ""),
    ])
    guarded = [there["message"].splitlines()[0] for there in read(own, "guarded", auth=token)]
    tally.check("ntfy: who may write has written", sorted(guarded) == ["by password", "by token"], guarded)
    [large] = read(own, "large")
    tally.check("ntfy: what is too large is named", "left out: chart.png" in large["message"] and "attachment" not in large, large)
    # A visitor has 120 requests at once, and all of this was some sixty: a refusal for now, and no more.
    outcomes = send({"type": "ntfy", "url": f"{own}/burst", "rate": {"per_minute": 6000, "burst": 100}}, *[{"text": str(n)} for n in range(70)])
    kinds = {outcome["outcome"] for outcome in outcomes}
    tally.check("ntfy: beyond the limit is tried later", kinds <= {"delivered", "unavailable"} and "unavailable" in kinds, outcomes[-1])

sys.exit(tally.end())
