"""deploy/grafana: every metric that the dashboard shows is one that a worker exposes, with the labels by which it is shown."""

import json
import os
import re
import socket
import subprocess
import time
import urllib.request

from checks import ROOT, TTAI, WORK, check, counted

# The SDK exposes these from the first failure on.
ON_FAILURE = {
    "temporal_workflow_failed_total": {"workflow_type"},
    "temporal_workflow_task_execution_failed_total": {"task_queue"},
    "temporal_activity_execution_failed_total": {"activity_type"},
}
METRIC = re.compile(r"\b(?:ttai|temporal)_\w+")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def get(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=5) as page:
            return page.read().decode()
    except OSError:
        return ""


def exposed() -> dict[str, set[str]]:
    """Every metric with its labels, of a `ttai dev` that has just analysed something."""
    port = free_port()
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("TTAI_", "TEMPORAL_")) or k == "TTAI_TEMPORAL"}
    environment |= {"TTAI_DATA_DIR": str(WORK / "data"), "TTAI__MARKET__SOURCE": "simulated"}
    log = (WORK / "dev.log").open("w")
    dev = subprocess.Popen([TTAI, "dev", "--metrics", f"127.0.0.1:{port}"], env=environment, cwd=WORK, stdout=log, stderr=log)
    try:
        base, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 150
        while "ready" not in get(f"{base}/readyz"):
            if dev.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("ttai dev does not get ready:\n" + (WORK / "dev.log").read_text()[-3000:])
            time.sleep(0.3)
        subprocess.run([TTAI, "analyze", "AAPL"], env=environment, cwd=WORK, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       timeout=100, check=True)
        found: dict[str, set[str]] = {}
        for line in get(f"{base}/metrics").splitlines():
            if parts := re.match(r"(\w+)(?:\{(.*)\})? ", line):
                found.setdefault(parts[1], set()).update(re.findall(r'(\w+)="', parts[2] or ""))
        return found
    finally:
        dev.terminate()
        dev.wait(30)
        log.close()


def main() -> None:
    dashboard = json.loads((ROOT / "deploy/grafana/ttai.json").read_text())
    found = exposed() | ON_FAILURE
    panels = [p for p in dashboard["panels"] if p["type"] != "row"]
    places = {(p["gridPos"]["x"], p["gridPos"]["y"]) for p in panels}
    check("no two panels are in one place, and no two have one id", len(places) == len(panels) == len({p["id"] for p in panels}))
    for panel in panels:
        for target in panel["targets"]:
            shown = target["expr"]
            used = set(METRIC.findall(shown))
            check(f"{panel['title']}: {', '.join(sorted(used))}", used and used <= set(found), used - set(found))
            labels = set().union(*(found.get(name, set()) for name in used)) | {"le", "job", "instance"}
            by = {label.strip() for group in re.findall(r"by \(([^)]*)\)", shown) for label in group.split(",")}
            by |= set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            check(f"{panel['title']}: labels", by <= labels, by - labels)


with counted("dashboard"):
    main()
