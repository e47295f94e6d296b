# What the checks of the notification channels share; sourced by their `run` scripts, which set `name`.
#   TTAI_SIM          starts a simulation [$TTAI sim]
#   TTAI_NOTIFY_SEND  sends messages as `crates/notify/examples/send.rs` does [that example, built here]
# shellcheck shell=bash

here=$(cd "$(dirname "${BASH_SOURCE[1]}")" && pwd)
root=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
cache=$(realpath -m "${XDG_CACHE_HOME:-$HOME/.cache}/ttai-conformance/${name:?}")
work=$(mktemp -d)
pids=()

fail() {
  echo "$name: $*" >&2
  exit 2
}

# Ends what was started here, by its id.
finish() {
  for pid in "${pids[@]}"; do
    kill -TERM "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# python_with: a virtual environment with requirements.txt, once for each set of versions; sets `python`.
python_with_requirements() {
  local wanted
  wanted=$(sha256sum <"$here/requirements.txt")
  python=$cache/python/bin/python
  if [ "$(cat "$cache/stamp" 2>/dev/null || true)" != "$wanted" ]; then
    rm -rf "$cache"
    mkdir -p "$cache"
    python3 -m venv "$cache/python" || fail "python3 cannot make a virtual environment (Debian: apt-get install python3-venv)"
    "$python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt" >&2
    echo "$wanted" >"$cache/stamp"
  fi
}

# await WHAT SECONDS COMMAND…: runs the command until it succeeds.
await() {
  local what=$1 until=$((SECONDS + $2))
  shift 2
  until "$@"; do
    [ "$SECONDS" -lt "$until" ] || fail "$what did not come in time; its output: $(cat "$work"/*.log 2>/dev/null | tail -20)"
    sleep 0.1
  done
}

# start_sim: sets `endpoints`, the simulation's line of JSON.
start_sim() {
  local ttai command
  ttai=${TTAI:-$target/debug/ttai}
  command=${TTAI_SIM:-$ttai sim}
  # shellcheck disable=SC2086 # the command has words
  $command --listen 127.0.0.1:0 --seed 1 --start 2026-09-18T19:00:00Z >"$work/endpoints" 2>"$work/sim.log" &
  pids+=($!)
  await "the simulation" 300 test -s "$work/endpoints"
  endpoints=$(head -1 "$work/endpoints")
}

# find_sender: sets TTAI_NOTIFY_SEND for the checks.
find_sender() {
  if [ -z "${TTAI_NOTIFY_SEND:-}" ]; then
    (cd "$root" && cargo build --quiet -p ttai-notify --example send >&2) || fail "the sender cannot be built"
    TTAI_NOTIFY_SEND=$target/debug/examples/send
  fi
  export TTAI_NOTIFY_SEND
}
