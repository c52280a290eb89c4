#!/usr/bin/env bash
# The doctor needs nothing but Python: it also speaks when .venv is missing or broken.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/deploy/messages.sh"

python="$root/.venv/bin/python"
if ! "$python" -c '' 2>/dev/null; then
    python=$(command -v python3) || stop "Python 3.11 or newer is not installed." "未安装 Python 3.11 或更新版本。"
fi
PYTHONPATH=$root exec "$python" -m teleconsult.doctor "$@"
