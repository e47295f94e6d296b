# Sourced by a folder's `run` whose client is Python's: installs the pinned client, starts a simulation, runs conformance.py.
#   TTAI      the ttai binary [target/debug/ttai of this tree; honours CARGO_TARGET_DIR]
#   TTAI_SIM  the command that starts a simulation [$TTAI sim]
# `name` is the folder's. conformance.py gets the file with the endpoints line and ends with "NAME: N passed, M failed".
set -euo pipefail

root=$(cd "$here/../.." && pwd)
ttai=${TTAI:-${CARGO_TARGET_DIR:-$root/target}/debug/ttai}
read -r -a sim_command <<<"${TTAI_SIM:-$ttai sim}"
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ttai-conformance/$name

fail() {
  echo "$*" >&2
  exit 2
}

command -v python3 >/dev/null || fail "python3 is missing: install Python 3.10 or newer (Debian: apt-get install python3 python3-venv)"
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || fail "python3 is older than 3.10"

work=$(mktemp -d)
sim=
finish() {
  if [ -n "$sim" ]; then
    kill -TERM "$sim" 2>/dev/null || true
    wait "$sim" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Once for each set of pinned versions.
stamp=$(sha256sum <"$here/requirements.txt" | cut -d' ' -f1)
if [ "$(cat "$cache/stamp" 2>/dev/null || true)" != "$stamp" ]; then
  echo "installing the client into $cache" >&2
  rm -rf "$cache"
  mkdir -p "$cache"
  python3 -m venv "$cache/python" || fail "python3 cannot make a virtual environment (Debian: apt-get install python3-venv)"
  "$cache/python/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt" >&2
  echo "$stamp" >"$cache/stamp"
fi
[ "${1:-}" != install ] || exit 0

"${sim_command[@]}" --listen 127.0.0.1:0 --seed 1 --start 2026-09-18T19:00:00Z >"$work/endpoints" 2>"$work/sim.err" &
sim=$!
deadline=$((SECONDS + 120))
until grep -q "$name\|rss" "$work/endpoints"; do
  kill -0 "$sim" 2>/dev/null || fail "the simulation ended before it served: $(tail -n 5 "$work/sim.err")"
  [ "$SECONDS" -lt "$deadline" ] || fail "the simulation did not serve within 120 s"
  sleep 0.2
done

timeout 600 "$cache/python/bin/python" "$here/conformance.py" "$work/endpoints"
