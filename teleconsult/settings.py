"""Settings of the web process: read once from the environment, frozen, checked."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

REPOSITORY = Path(__file__).resolve().parent.parent
WELL_KNOWN_SECRETS = frozenset({"", "admin", "password", "changeme", "secret", "orthanc", "teleconsult"})


class BadSettings(Exception):
    """A setting is missing or unsafe; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class Settings:
    data_folder: Path
    database_url: str
    redis_url: str
    orthanc_url: str
    orthanc_username: str
    orthanc_password: str
    object_store: str  # a folder, or s3://key:secret@host/bucket
    join_secret: str
    host: str
    port: int
    signaling_url: str  # may hold "{host}": the name by which the browser reached us
    models_folder: Path
    web_folder: Path
    max_upload_bytes: int
    secure_cookies: bool
    public_origins: tuple[str, ...]
    demo: bool  # phantom studies at the first start

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read TELECONSULT_*.

        Raises:
            BadSettings: a needed one is missing, or a secret is a well-known default.
        """

        def need(name: str) -> str:
            if name not in environment:
                raise BadSettings(f"{name} is not set. `teleconsult up` sets it; see docs/install.md.")
            return environment[name]

        def secret(name: str) -> str:
            value = Path(need(name)).read_text().strip()
            if value.lower() in WELL_KNOWN_SECRETS or len(value) < 16:
                raise BadSettings(f"the secret in the file that {name} names is too easy to guess")
            return value

        data_folder = Path(need("TELECONSULT_DATA"))
        host = environment.get("TELECONSULT_HOST", "127.0.0.1")
        port = int(environment.get("TELECONSULT_PORT", "8080"))
        origins = environment.get("TELECONSULT_PUBLIC_ORIGINS", "")
        return cls(
            data_folder=data_folder,
            database_url=environment.get(
                "TELECONSULT_DATABASE_URL", f"sqlite:///{data_folder / 'teleconsult.db'}"
            ),
            redis_url=need("TELECONSULT_REDIS_URL"),
            orthanc_url=need("TELECONSULT_ORTHANC_URL"),
            orthanc_username=need("TELECONSULT_ORTHANC_USERNAME"),
            orthanc_password=secret("TELECONSULT_ORTHANC_PASSWORD_FILE"),
            object_store=environment.get("TELECONSULT_OBJECT_STORE", str(data_folder / "objects")),
            join_secret=secret("TELECONSULT_JOIN_SECRET_FILE"),
            host=host,
            port=port,
            signaling_url=environment.get("TELECONSULT_SIGNALING_URL", f"ws://{{host}}:{port + 1}/"),
            models_folder=Path(environment.get("TELECONSULT_MODELS", str(REPOSITORY / "models"))),
            web_folder=Path(environment.get("TELECONSULT_WEB", str(REPOSITORY / "web" / "dist"))),
            max_upload_bytes=int(environment.get("TELECONSULT_MAX_UPLOAD_BYTES", str(4 * 1024**3))),
            secure_cookies=any(urlsplit(o).scheme == "https" for o in origins.split()),
            public_origins=tuple(origins.split()),
            demo=environment.get("TELECONSULT_DEMO") == "1",
        )
