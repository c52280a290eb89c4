#!/usr/bin/env bash
# Make the lock files again from pyproject.toml. Needs the network, and TELECONSULT_TORCH_INDEX (a folder of wheels
# or an index) when the CPU build of torch is not in pip's configured places.
#
#   requirements.lock       what runs; torch is the CPU build
#   requirements-cuda.lock  the same with torch's default build (several GB)
#   requirements-dev.lock   only what tests and checks add to one of them
#   requirements-packages.lock  what lists these packages and looks for known weaknesses in them
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/messages.sh

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python3 -m venv "$scratch/venv"
quietly "$scratch/venv/bin/pip" install uv
torch_source=${TELECONSULT_TORCH_INDEX:-$("$scratch/venv/bin/pip" config get global.find-links 2>/dev/null || "$scratch/venv/bin/pip" config get :env:.find-links 2>/dev/null || true)}
find_links=()
[ -z "$torch_source" ] || find_links=(--find-links "$torch_source")

compile() { # compile TARGET ARGUMENT...
    local target=$1
    shift
    say "Locking $target" "正在锁定 $target"
    "$scratch/venv/bin/uv" pip compile --python-version 3.11 --quiet --generate-hashes --no-header \
        --no-annotate --no-emit-index-url --no-emit-find-links "$@" --output-file "$scratch/lock"
    {
        printf '# Made by `make lock` from pyproject.toml. Do not edit.\n'
        cat "$scratch/lock"
    } >"$target"
}

# The project itself is built without fetching anything unlocked, so its build tool is in the lock as well.
echo 'setuptools>=77' >"$scratch/build.in"
echo 'torch==2.13.0+cpu' >"$scratch/cpu"
compile requirements.lock pyproject.toml "$scratch/build.in" --constraint "$scratch/cpu" "${find_links[@]}"
# The same versions but for torch, whose default build brings packages of its own.
{ grep -o '^[^ ;]*==[^ ;]*' requirements.lock | grep -v '^torch=='; } >"$scratch/same"
compile requirements-cuda.lock pyproject.toml "$scratch/build.in" --constraint "$scratch/same"

compile requirements-dev.lock pyproject.toml --extra dev --constraint requirements.lock "${find_links[@]}"
awk '
    /^[A-Za-z0-9]/ { name = $1; sub(/==.*/, "", name) }
    FNR == NR { if (/^[A-Za-z0-9]/) locked[name] = 1; next }
    /^[A-Za-z0-9]/ { skip = name in locked }
    !/^[A-Za-z0-9 ]/ { skip = 0 }
    !skip
' requirements.lock requirements-dev.lock >"$scratch/additions"
mv "$scratch/additions" requirements-dev.lock
compile requirements-packages.lock --group packages
chmod 644 requirements*.lock
