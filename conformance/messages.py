"""Messages for the checks of the notification channels, and what sends them."""

import base64
import json
import os
import random
import shlex
import subprocess
import urllib.request

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
ODD = ["&", "<", ">", "@everyone", "<!channel>", "<@U1>", "é", "株価", "👨‍👩‍👧‍👦", "\u202e", "*", "_", "`", "|", "\n", " "]


def chart(name="chart.png", media_type="image/png", content=PNG):
    return {"file_name": name, "media_type": media_type, "base64": base64.b64encode(content).decode()}


def messages():
    """Name and message: the usual, the largest, the emptiest, the nastiest, and some at random (always the same)."""
    yield "usual", {
        "title": "AAPL touched 200", "text": "touched 200.00 at 10:42 ET, now 199.80 & falling", "severity": "warning",
        "kind": "price_alert_triggered", "link": "https://example.org/alerts/7?a=1&b=2", "fields": [["Now", "199.80"], ["Delta", "-0.31"]],
        "delivery_id": "firing-7",
    }
    yield "critical", {"title": "Margin call", "text": "@everyone act", "severity": "critical", "delivery_id": "k1"}
    yield "may repeat", {"title": "AAPL", "text": "again", "may_repeat": True, "delivery_id": "firing-7b"}
    yield "with a chart", {"title": "AAPL", "text": "see the chart", "attachments": [chart()], "delivery_id": "k2"}
    yield "empty", {"delivery_id": "k3"}
    yield "only fields", {"fields": [["", ""], ["a", ""], ["", "b"]], "delivery_id": "k4"}
    yield "long text", {"title": "Review " * 100, "text": "A line & its <numbers>\n" * 3000, "delivery_id": "k5"}
    yield "one long word", {"text": "x&" * 20000, "delivery_id": "k6"}
    yield "many fields", {"fields": [[f"Position {n}", "short put " * 50] for n in range(300)], "delivery_id": "k7"}
    yield "everything", {
        "title": "T" * 5000, "text": "word " * 20000, "fields": [["n" * 999, "v" * 5000]] * 60,
        "attachments": [chart(f"c{n}.png") for n in range(14)], "link": "https://example.org/" + "a" * 3000,
        "severity": "critical", "may_repeat": True, "delivery_id": "k8",
    }
    yield "nasty", {
        "kind": "a <!channel>\r\nX: y", "title": "a\r\nBcc: x@example.net", "text": "".join(ODD) * 50, "link": "javascript:alert(1)",
        "fields": [["".join(ODD), "".join(ODD)]], "delivery_id": "k9\r\nX: y",
        "attachments": [chart("../../\"; filename=\"x.sh\r\nX: y", "text/html\r\nX: y", b"<script>")],
    }
    choices = random.Random(5)
    for number in range(12):
        text = lambda most: "".join(choices.choices(ODD + ["word ", "200.00 ", "a"], k=choices.randrange(most)))
        yield f"random {number}", {
            "title": text(200), "text": text(6000), "fields": [[text(150), text(900)] for _ in range(choices.randrange(40))],
            "attachments": [chart() for _ in range(choices.randrange(4))], "delivery_id": f"random-{number}",
        }


def send(channel, *drafts):
    """One outcome a message."""
    request = json.dumps({"channel": channel, "messages": drafts})
    command = shlex.split(os.environ["TTAI_NOTIFY_SEND"])
    done = subprocess.run(command, input=request.encode(), stdout=subprocess.PIPE, timeout=120, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


class Inbox:
    """The simulation's record of what arrived."""

    def __init__(self, control, channel):
        self.address = f"{control}/inbox?channel={channel}"

    def read(self):
        with urllib.request.urlopen(self.address, timeout=10) as answer:
            return json.load(answer)

    def clear(self):
        urllib.request.urlopen(urllib.request.Request(self.address, method="DELETE"), timeout=10).close()


class Tally:
    """Counts checks and prints what failed."""

    def __init__(self, name):
        self.name, self.passed, self.failed = name, 0, 0

    def check(self, what, good, detail=""):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print(f"{self.name}: FAILED {what} {detail}", flush=True)

    def end(self):
        print(f"{self.name}: {self.passed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed or not self.passed else 0
