"""Counts checks: each is a line, and the last line is `NAME: N passed, M failed`."""

import os
import subprocess
import sys
import traceback
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(os.environ["ROOT"])
CACHE = Path(os.environ["CACHE"])
WORK = Path(os.environ["WORK"])
TTAI = os.environ["TTAI"]

# A binary without the MCP server knows none of its settings.
HAS_MCP = subprocess.run([TTAI, "mcp", "--help"], capture_output=True).returncode == 0

_counts = {True: 0, False: 0}


def check(what: str, holds: bool, otherwise: object = "") -> None:
    _counts[bool(holds)] += 1
    print(f"{'ok  ' if holds else 'FAIL'} {what}" + ("" if holds or otherwise == "" else f": {otherwise}"), flush=True)


def equal(what: str, found: object, expected: object) -> None:
    check(what, found == expected, f"{found!r}, expected {expected!r}")


@contextmanager
def counted(name: str):
    """What goes wrong in between is a failed check, too."""
    try:
        yield
    except Exception:
        traceback.print_exc(file=sys.stdout)
        check("no error", False)
    print(f"{name}: {_counts[True]} passed, {_counts[False]} failed")
    sys.exit(1 if _counts[False] else 0)


def config_check(variables: dict[str, str]) -> tuple[int, str]:
    """What ttai says of these settings, whatever the developer has configured."""
    clean = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    if not HAS_MCP:
        variables = {k: v for k, v in variables.items() if not k.startswith(("TTAI__MCP__", "TTAI__TOKENS__"))}
    done = subprocess.run([TTAI, "config", "check"], env=clean | variables, cwd="/", capture_output=True, text=True, timeout=30)
    return done.returncode, done.stdout + done.stderr
