"""What a recorder needs to keep what it hears; where one of it is missing, nothing can be recorded.

| variable | meaning |
|---|---|
| TELECONSULT_DATABASE_URL | where recordings are entered |
| TELECONSULT_OBJECT_STORE | where their files go |
| TELECONSULT_RECORDING_SECRET_FILE | secrets that open their keys, newest first; without them all is lost |
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from signaling.errors import BadSettings
from storage.sealed_stream import secrets_in

MIN_SECRET_CHARACTERS = 32
DATABASE_URL = "TELECONSULT_DATABASE_URL"
OBJECT_STORE = "TELECONSULT_OBJECT_STORE"
SECRET_FILE = "TELECONSULT_RECORDING_SECRET_FILE"


@dataclass(frozen=True, slots=True)
class RecorderSettings:
    database_url: str
    object_store: str
    secret_file: Path

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "RecorderSettings | None":
        """None: not all three are set. Raises BadSettings."""
        names = (DATABASE_URL, OBJECT_STORE, SECRET_FILE)
        if not all(environment.get(name) for name in names):
            return None
        try:
            secrets = secrets_in(Path(environment[SECRET_FILE]))
        except OSError as error:
            raise BadSettings(f"{SECRET_FILE} cannot be read: {error}") from error
        if min(map(len, secrets), default=0) < MIN_SECRET_CHARACTERS:
            raise BadSettings(f"the recording secret needs at least {MIN_SECRET_CHARACTERS} characters")
        return cls(environment[DATABASE_URL], environment[OBJECT_STORE], Path(environment[SECRET_FILE]))
