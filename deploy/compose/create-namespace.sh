#!/bin/sh
# The namespace, once the server is up. TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE are read by `temporal` itself.
set -eu
attempt=1
until temporal operator cluster health >/dev/null 2>&1; do
  [ "$attempt" -lt 60 ] || { echo "the server at $TEMPORAL_ADDRESS is not healthy after $attempt attempts" >&2; exit 1; }
  attempt=$((attempt + 1))
  sleep 1
done
if temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
  echo "the namespace $TEMPORAL_NAMESPACE is there"
else
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
fi
