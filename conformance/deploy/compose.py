"""docker-compose.yml: by the Compose specification's schema, and by what the schema does not know."""

import os
import re
import subprocess

import yaml
from checks import ROOT, WORK, check, config_check, counted, equal

FILE = ROOT / "docker-compose.yml"


def interpolated(text: str, variables: dict[str, str]) -> str:
    """As Compose does it: `${NAME:-default}`."""
    return re.sub(r"\$\{(\w+):-([^}]*)\}", lambda found: variables.get(found[1]) or found[2], text)


def example() -> dict[str, str]:
    """env.example with every line switched on and something in it."""
    lines = (ROOT / "deploy/compose/env.example").read_text().splitlines()
    pairs = [line.lstrip("#").split("=", 1) for line in lines if re.match(r"#?[A-Z_]+=", line)]
    filled = {"TTAI_CHANNELS_DESK_URL": "https://example.org/hook", "TTAI_WATCHDOG_PING_URL": "https://example.org/ping"}
    return {name: value or filled.get(name, "value") for name, value in pairs}


def main() -> None:
    done = subprocess.run(["check-jsonschema", "--builtin-schema", "vendor.compose-spec", FILE], capture_output=True, text=True)
    check("check-jsonschema: vendor.compose-spec", done.returncode == 0, done.stdout + done.stderr)

    text = FILE.read_text()
    left = re.findall(r"\$(?!\{\w+:-[^}]*\})\S*", text)
    check("no variable is needed: all have a default", not left, left)
    compose = yaml.safe_load(interpolated(text, {}))
    services, volumes, networks = compose["services"], compose["volumes"], compose["networks"]
    waited_for = {name: needs["condition"] for service in services.values() for name, needs in service.get("depends_on", {}).items()}
    for name, service in services.items():
        image = service["image"]
        check(f"{name}: its image is pinned", re.fullmatch(r"[^:]+:\d+\.\d+[\w.-]*", image), image)
        for needed, how in ((n, d["condition"]) for n, d in service.get("depends_on", {}).items()):
            has_health = "test" in services[needed].get("healthcheck", {}) or "build" in services[needed]
            ended = how == "service_completed_successfully"
            check(f"{name} waits for {needed}", needed in services and (ended or has_health), how)
        if waited_for.get(name) == "service_completed_successfully":
            check(f"{name}: a job is repeated where it fails", service["restart"].startswith("on-failure"), service["restart"])
        else:
            equal(f"{name}: it comes back", service["restart"], "unless-stopped")
        for port in service.get("ports", []):
            check(f"{name}: {port} is published on this host only", port.startswith("127.0.0.1:"))
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            there = (ROOT / source).is_file() if source.startswith("./") else source in volumes
            check(f"{name}: the volume {source} is there", there)
        check(f"{name}: its networks are there", set(service.get("networks", [])) <= set(networks), service.get("networks"))
        if service["image"].startswith("ttai:"):
            check(f"{name}: read-only, no capabilities, no new privileges",
                  service["read_only"] and service["cap_drop"] == ["ALL"] and "no-new-privileges:true" in service["security_opt"])
    check("the database is published to nobody", "ports" not in services["postgresql"])
    check("every volume is used", set(volumes) == {v.split(":")[0] for s in services.values() for v in s.get("volumes", []) if v[0] != "."})
    grace = services["worker"]["stop_grace_period"]
    check("the worker has longer than its own 10 s", int(grace.rstrip("s")) > 10, grace)

    jobs = {name for name, how in waited_for.items() if how == "service_completed_successfully"}
    check("every job is waited for: `up --wait` takes another's end for a failure",
          jobs == {name for name, service in services.items() if service["restart"] != "unless-stopped"})

    # The settings that the containers get are settings.
    (WORK / "token").write_text("t" * 64)
    (WORK / "token").chmod(0o400)
    token = {"TTAI__TOKENS__DEFAULT__TOKEN_FILE": str(WORK / "token")}
    code, said = config_check(services["mcp"]["environment"] | token)
    check("ttai config check: MCP as it comes", code == 0 and "warning" not in said, said)
    code, said = config_check(services["worker"]["environment"])
    check("ttai config check: as it comes", code == 0 and "warning" not in said, said)
    written = example()
    worker = yaml.safe_load(interpolated(text, written))["services"]["worker"]["environment"]
    code, said = config_check(written | worker)
    check("ttai config check: every line of env.example switched on", code == 0 and "warning" not in said, said)
    code, said = config_check(worker | {"TTAI__LLM__MODL": "anthropic/x"})
    check("ttai config check: a misspelt line of .env is refused", code == 1 and "did you mean model?" in said, said)

    script, made = ROOT / "deploy/compose/create-token.sh", WORK / "made"
    chown = WORK / "bin/chown"
    chown.parent.mkdir(exist_ok=True)
    chown.write_text("#!/bin/sh\n")
    chown.chmod(0o755)
    as_it_is = {"PATH": f"{chown.parent}:{os.environ['PATH']}"}
    tokens = []
    for _ in range(2):
        subprocess.run(["sh", script, made], check=True, env=as_it_is)
        tokens.append(made.read_text())
    check("a token is 64 random digits, made once, and read by its owner alone",
          re.fullmatch(r"[0-9a-f]{64}", tokens[0]) and tokens[0] == tokens[1] and made.stat().st_mode & 0o077 == 0)

    for script in sorted((ROOT / "deploy/compose").glob("*.sh")):
        done = subprocess.run(["sh", "-n", script], capture_output=True, text=True)
        check(f"{script.name} parses", done.returncode == 0, done.stderr)


with counted("compose"):
    main()
