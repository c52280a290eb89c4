#!/bin/sh
# First start of docker-compose.yml: make every secret, and the two configuration files that must hold one.
# Runs in a container of its own; what is there already stays. Nothing here is ever a fixed value.
set -eu
folder=${1:-/run/teleconsult-secrets}
umask 077
cd "$folder"

random() { head -c 32 /dev/urandom | base64 | tr -d '\n=' | tr '+/' '-_'; }

for name in postgres_password redis_password orthanc_password session_secret join_secret turn_secret s3_access_key s3_secret_key; do
    if [ ! -s "$name" ]; then
        random >"$name.new"
        mv "$name.new" "$name"
    fi
done

# Written anew each time, from the secrets that stay.
cat >orthanc.json <<JSON
{
  "Name": "Teleconsult",
  "StorageDirectory": "/var/lib/orthanc/db",
  "IndexDirectory": "/var/lib/orthanc/db",
  "Plugins": ["/usr/local/share/orthanc/plugins/libOrthancDicomWeb.so"],
  "RemoteAccessAllowed": true,
  "AuthenticationEnabled": true,
  "RegisteredUsers": {"teleconsult": "$(cat orthanc_password)"},
  "HttpCompressionEnabled": false,
  "DicomServerEnabled": false,
  "OverwriteInstances": false,
  "StorageCompression": false,
  "SyncStorageArea": true,
  "MaximumStorageCacheSize": 0,
  "ExecuteLuaEnabled": false,
  "StableAge": 5
}
JSON
cat >s3.json <<JSON
{"identities": [{"name": "teleconsult",
  "credentials": [{"accessKey": "$(cat s3_access_key)", "secretKey": "$(cat s3_secret_key)"}],
  "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]}
JSON

# The volume is mounted read-only, and only by the services of this file. Their images run under different users.
chmod 755 "$folder"
chmod 444 -- *
