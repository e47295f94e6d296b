"""Whether the examples of a language use all that the schema has: `used.py LANGUAGE FILE`, with a line for each thing used, as the
two `recorded` programs write them."""

import json
import sys
from pathlib import Path

SCHEMA = Path(__file__).parents[2] / "crates/contract/schema/contract.json"
KINDS = {"signals": "signal", "queries": "query", "updates": "update"}

language, file = sys.argv[1], Path(sys.argv[2])
used = set(file.read_text().splitlines()) if file.exists() else set()
wanted = set()
for name, workflow in json.loads(SCHEMA.read_text())["workflows"].items():
    wanted.add(f"{name} start")
    wanted |= {f"{name} {kind} {handler}" for group, kind in KINDS.items() for handler in workflow[group]}
missing = sorted(wanted - used)
if missing:
    print(f"FAIL  {language}: examples/{language} do not use: {'; '.join(missing)}")
else:
    print(f"ok    {language}: the examples use all {len(wanted)} starts, signals, queries and updates of the wire")
sys.exit(bool(missing))
