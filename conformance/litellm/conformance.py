"""Turns of ttai's model client through LiteLLM's proxy: conformance.py PROXY_ADDRESS WORK_FOLDER COMMAND..."""

import json
import subprocess
import sys

proxy, work, command = sys.argv[1], sys.argv[2], sys.argv[3:]
KEY = "sk-conformance"
SCHEMA = {
    "type": "object",
    "properties": {
        "recommendation": {"type": "string", "enum": ["select", "watchlist"]},
        "summary": {"type": "string"},
    },
    "required": ["recommendation", "summary"],
    "additionalProperties": False,
}
FACTS = {
    "verdicts_from_bold_to_cautious": ["select", "watchlist"],
    "deterministic_result": {"recommendation": "select", "price": 101.25},
}
TOOL = {"name": "levels", "description": "Levels.", "parameters": {"type": "object", "properties": {}}}
results = []


def client(providers):
    """A ttai client as a process that takes one request a line."""
    path = f"{work}/settings.json"
    with open(path, "w") as file:
        json.dump({"providers": providers}, file)
    return subprocess.Popen([*command, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def turn(process, model, messages=None, tools=(), schema=True):
    request = {
        "model": model,
        "messages": messages or opening(),
        "tools": list(tools),
        "answer_schema": ["answer", SCHEMA] if schema else None,
        "max_output_tokens": 500,
    }
    process.stdin.write(json.dumps(request) + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def opening():
    return [
        {"role": "system", "text": "You are an analyst."},
        {"role": "user", "text": "The facts, as JSON.\n" + json.dumps(FACTS)},
    ]


def check(name, holds, shown):
    results.append(bool(holds))
    print(f"{'ok  ' if holds else 'FAIL'} {name}" + ("" if holds else f": {json.dumps(shown)[:800]}"))


def conversation(process, model, label):
    """Tools first, their answer back, then JSON that fits the schema."""
    first = turn(process, model, tools=[TOOL])
    calls = first.get("turn", {}).get("tool_calls", [])
    check(f"{label}: tools are called", calls and calls[0]["name"] == "levels", first)
    if not calls:
        return
    messages = opening() + [
        {"role": "assistant", "text": first["turn"]["text"], "tool_calls": calls},
        {"role": "tool", "call_id": calls[0]["id"], "content": '{"support": 99.5}'},
    ]
    second = turn(process, model, messages, tools=[TOOL])
    try:
        answer = json.loads(second["turn"]["text"])
    except (KeyError, ValueError):
        answer = {}
    check(f"{label}: the answer fits the schema", set(answer) == {"recommendation", "summary"}, second)
    check(f"{label}: the answer uses the facts", "101.25" in answer.get("summary", ""), second)
    usage = second.get("turn", {}).get("usage", {})
    check(f"{label}: tokens are counted", usage.get("input_tokens", 0) > 0 and usage.get("output_tokens", 0) > 0, second)


good = client({"litellm": {"base_url": proxy, "api_key": KEY}, "anthropic": {"protocol": "native", "base_url": f"{proxy}/v1", "api_key": KEY}})

said = turn(good, "litellm/mock-text", schema=False)
check("a mock answer is read", said.get("turn", {}).get("text") == "It is a mock.", said)
check("its usage is read", said.get("turn", {}).get("usage", {}).get("output_tokens", 0) > 0, said)
said = turn(good, "litellm/mock-json")
check("a mock answer with a schema is read", json.loads(said.get("turn", {}).get("text") or "{}").get("summary") == "a mock", said)
conversation(good, "litellm/analyst", "OpenAI's protocol")
conversation(good, "anthropic/analyst-messages", "Anthropic's protocol")
said = turn(good, "litellm/truncated")
check("a cut answer is seen as cut", said.get("turn", {}).get("stop") == "length", said)
# LiteLLM drops the text of a refusal; a filter's end it passes on.
said = turn(good, "litellm/filtered")
check("a filter's end is seen as one", said.get("turn", {}).get("stop") == "filtered", said)
said = turn(good, "litellm/mock-too-long")
check("a conversation that is too long is the request's fault", said.get("error") == "invalid", said)
said = turn(good, "litellm/unheard")
check("an unknown model behind the proxy is refused", said.get("error") == "invalid", said)
said = turn(good, "litellm/not-in-the-list")
check("a model that the proxy does not have is refused", said.get("error") == "invalid", said)
said = turn(good, "litellm/mock-broken")
check("a failing model is unavailable", said.get("error") == "unavailable", said)
said = turn(good, "litellm/mock-limited")
check("a rate limit is unavailable for now", said.get("error") == "unavailable", said)
good.stdin.close()
good.wait()

bad = client({"litellm": {"base_url": proxy, "api_key": "sk-wrong-key-planted"}})
said = turn(bad, "litellm/mock-text")
# Without a database LiteLLM calls a wrong key a bad request and not an authentication error.
check("a wrong key is refused", said.get("error") in ("authentication", "invalid"), said)
check("the key is not repeated", "sk-wrong-key-planted" not in json.dumps(said), said)
bad.stdin.close()
bad.wait()

bare = client({"litellm": {"base_url": proxy}})
said = turn(bare, "litellm/mock-text")
check("no key is an authentication error", said.get("error") == "authentication", said)
bare.stdin.close()
bare.wait()

print(f"litellm: {results.count(True)} passed, {results.count(False)} failed")
sys.exit(0 if all(results) else 1)
