#!/bin/sh
# container-start.sh app | relay | gateway | worker MODEL: start one part in its container.
# Secrets come from files; the URLs that must hold one are put together here and stand in no file.
set -eu
secrets=${TELECONSULT_SECRETS:-/run/teleconsult-secrets}
secret() { cat "$secrets/$1"; }

export TELECONSULT_JOIN_SECRET_FILE="$secrets/join_secret"
export TELECONSULT_TURN_SECRET_FILE="$secrets/turn_secret"
export TELECONSULT_HOST=0.0.0.0
part=$1
if [ "$part" = relay ]; then
    TELECONSULT_REDIS_URL="unix:///run/valkey/valkey.sock?password=$(secret redis_password)"
    export TELECONSULT_REDIS_URL
    exec python -m signaling.main
fi

export TELECONSULT_SESSION_SECRET_FILE="$secrets/session_secret"
export TELECONSULT_ORTHANC_PASSWORD_FILE="$secrets/orthanc_password"
TELECONSULT_DATABASE_URL="postgresql+pg8000://teleconsult:$(secret postgres_password)@postgres:5432/teleconsult"
TELECONSULT_REDIS_URL="redis://:$(secret redis_password)@valkey:6379/0"
TELECONSULT_OBJECT_STORE="s3+http://$(secret s3_access_key):$(secret s3_secret_key)@objects:8333/teleconsult"
export TELECONSULT_DATABASE_URL TELECONSULT_REDIS_URL TELECONSULT_OBJECT_STORE

case $part in
app)
    python - <<'PYTHON'
import os
from pathlib import Path

from teleconsult.announcement import announcement, prepare

data = Path(os.environ["TELECONSULT_DATA"])
prepare(data, demo=os.environ.get("TELECONSULT_DEMO", "yes") == "yes")
print(announcement(data, os.environ.get("TELECONSULT_DOMAIN", "localhost"), 443), flush=True)
PYTHON
    exec python -m uvicorn teleconsult.serving:create_app --factory --host 0.0.0.0 --port 8080 \
        --proxy-headers --forwarded-allow-ips '*' --timeout-graceful-shutdown 5 --no-server-header --no-access-log \
        --http teleconsult.marked_http:MarkedHttp
    ;;
gateway)
    exec python -m teleconsult.gateway
    ;;
worker)
    export OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-PASSIVE}"
    exec python -m celery -A inference.worker worker -l INFO -Q "$2" -c 1 -n "$2@%h" --without-gossip --without-mingle
    ;;
*)
    echo "container-start.sh: unknown part '$part'" >&2
    exit 64
    ;;
esac
