#!/usr/bin/env bash
# step.sh NAME COMMAND...: run one check; a line when it holds, its whole output when it does not.
set -euo pipefail

name=$1
shift
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if "$@" >"$log" 2>&1; then
    printf '✓ %s\n' "$name"
else
    status=$?
    cat "$log"
    printf '✗ %s failed\n' "$name"
    exit "$status"
fi
