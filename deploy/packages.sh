#!/usr/bin/env bash
# What we are made of, and what is known against it.
#
#   packages.sh sbom     write sbom/teleconsult-python.cdx.json and sbom/teleconsult-web.cdx.json (CycloneDX)
#   packages.sh audit    ask for known weaknesses of every locked package; needs the network
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/messages.sh

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python3 -m venv "$scratch/venv"
quietly "$scratch/venv/bin/pip" install --require-hashes -r requirements-packages.lock

case ${1:-} in
sbom)
    mkdir -p sbom
    PYTHONWARNINGS=ignore "$scratch/venv/bin/cyclonedx-py" requirements requirements.lock --pyproject pyproject.toml \
        --output-reproducible --of JSON -o sbom/teleconsult-python.cdx.json
    npm --prefix web sbom --package-lock-only --omit=dev --sbom-format=cyclonedx --sbom-type=application \
        >sbom/teleconsult-web.cdx.json
    say "Written to sbom/." "已写入 sbom/。"
    ;;
audit)
    status=0
    # Locked versions are looked up, nothing is resolved or installed; one that nobody could look up is a failure.
    for lock in requirements.lock requirements-dev.lock; do
        sed -E 's/^(torch==[^+ ]+)\+cpu/\1/' "$lock" >"$scratch/$lock"
        "$scratch/venv/bin/pip-audit" --strict --no-deps --disable-pip -r "$scratch/$lock" || status=1
    done
    npm --prefix web audit --omit=dev || status=1
    exit "$status"
    ;;
*)
    echo "usage: packages.sh sbom|audit" >&2
    exit 2
    ;;
esac
