"""Prism judges requests and answers by Discord's OpenAPI document; the simulated Discord holds the limits that it lacks."""

import json
import sys
import urllib.error
import urllib.request

from messages import Inbox, Tally, messages, send

endpoints, proxy = json.loads(sys.argv[1]), sys.argv[2]
tally = Tally("discord")
inbox = Inbox(endpoints["control"], "discord")


def post(address, body, content_type="application/json"):
    """Status and body, whatever the status."""
    request = urllib.request.Request(address, body, {"content-type": content_type, "user-agent": "check"}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def is_judged_by_prism(body):
    return b"stoplight.io/prism" in body


def units(text):
    return len(text.encode("utf-16-le")) // 2


# The judge is awake: it refuses what the document forbids (its first answer takes some seconds).
status, body = post(f"{proxy}/webhooks/1/awake?wait=true", b'{"content": 5}')
tally.check("Prism refuses a wrong type", status == 422 and is_judged_by_prism(body), body[:300])
status, body = post(f"{proxy}/webhooks/1/awake?wait=true", json.dumps({"embeds": [{"title": "x" * 257}]}).encode())
tally.check("Prism refuses a long title", status == 422 and is_judged_by_prism(body), body[:300])

for number, (name, message) in enumerate(messages()):
    inbox.clear()
    # A webhook of its own for each, so that none waits for the rate limit.
    [outcome] = send({"type": "discord", "url": f"{proxy}/webhooks/{1000 + number}/token", "timeout_seconds": 60}, message)
    arrived = inbox.read()
    tally.check(f"{name}: delivered", outcome == {"outcome": "delivered"} and len(arrived) == 1, outcome)
    if not arrived:
        continue
    payload, files = arrived[0]["body"], arrived[0]["files"]
    tally.check(f"{name}: nobody is called", payload["allowed_mentions"] == {"parse": []})
    total = sum(
        units(embed.get("author", {}).get("name", "")) + units(embed.get("title", "")) + units(embed.get("description", "")) + units(embed.get("footer", {}).get("text", ""))
        + sum(units(field["name"]) + units(field["value"]) for field in embed.get("fields", []))
        for embed in payload["embeds"]
    )
    tally.check(f"{name}: embeds within 6000", total <= 6000, total)
    names = [file["file_name"] for file in files]
    tally.check(f"{name}: files as announced", names == [file["filename"] for file in payload.get("attachments", [])], names)
    images = [embed["image"]["url"] for embed in payload["embeds"] if "image" in embed]
    tally.check(f"{name}: an image in place is one of the files", all(image.removeprefix("attachment://") in names for image in images))
    # The same JSON without its files: a JSON body is checked property by property, a multipart one is not.
    plain = {key: value for key, value in payload.items() if key != "attachments"}
    status, body = post(f"{proxy}/webhooks/{2000 + number}/token?wait=true", json.dumps(plain).encode())
    tally.check(f"{name}: fits Discord's document, and so does the answer", status == 200, f"{status} {body[:500]}")

outcomes = send({"type": "discord", "url": f"{proxy}/webhooks/77/paced", "timeout_seconds": 60}, *[{"text": str(n)} for n in range(12)])
tally.check("twelve at once are paced and none is refused", all(o["outcome"] == "delivered" for o in outcomes), outcomes)

for token, code in [("deleted", "10015"), ("wrong", "50027")]:
    [first, second] = send({"type": "discord", "url": f"{proxy}/webhooks/78/{token}"}, {"text": "a"}, {"text": "b"})
    good = first["outcome"] == second["outcome"] == "authentication" and code in first["detail"]
    tally.check(f"a person is told of {code}", good, first)

# The simulated service's own refusals, by themselves and through Prism.
for name, sent, code in [
    ("empty", {}, 50006),
    ("all embeds too long", {"embeds": [{"description": "x" * 3001}] * 2}, 50035),
    ("a field without a value", {"embeds": [{"fields": [{"name": "a", "value": " "}]}]}, 50035),
    ("a forbidden name", {"content": "a", "username": "Discord"}, 50035),
]:
    status, body = post(f"{endpoints['discord']}/api/v10/webhooks/{3000 + len(name)}/a?wait=true", json.dumps(sent).encode())
    tally.check(f"refused: {name}", status == 400 and json.loads(body)["code"] == code, f"{status} {body[:300]}")
    status, body = post(f"{proxy}/webhooks/{3000 + len(name)}/b?wait=true", json.dumps(sent).encode())
    # The document wants numbers for the codes within "errors"; Discord's documentation and its answers have words there.
    places = {tuple(violation["location"][:3]) for violation in json.loads(body).get("validation", [])}
    good = status == 400 or places <= {("response", "body", "errors")}
    tally.check(f"refused as the document says: {name}", good, f"{status} {body[:500]}")
for _ in range(6):
    status, body = post(f"{proxy}/webhooks/79/limited?wait=true", b'{"content": "a"}')
limited = json.loads(body) if status == 429 else {}
tally.check("the sixth in two seconds is refused", limited.get("global") is False and limited.get("retry_after", 0) > 0, f"{status} {body[:300]}")

sys.exit(tally.end())
