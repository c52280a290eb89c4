"""Where the parts of an installation lie that a backup holds, and where a restore puts them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url

from teleconsult.installation import read_inner_ports


@dataclass(frozen=True, slots=True)
class Places:
    data_folder: Path
    database_url: str
    object_store: str  # a folder, or s3://key:secret@host/bucket
    orthanc_folder: Path | None  # None: the archive of images runs elsewhere and is backed up there
    settings: Mapping[str, str]  # TELECONSULT_* as the operator gave them

    @classmethod
    def of(cls, data_folder: Path, environment: Mapping[str, str]) -> "Places":
        """As `teleconsult up` with this folder and environment would have them."""
        ports = read_inner_ports(data_folder)
        own_orthanc = (None, f"http://127.0.0.1:{ports.get('orthanc_http')}")
        return cls(
            data_folder=data_folder,
            database_url=environment.get(
                "TELECONSULT_DATABASE_URL", f"sqlite:///{data_folder / 'teleconsult.db'}"
            ),
            object_store=environment.get("TELECONSULT_OBJECT_STORE", str(data_folder / "objects")),
            orthanc_folder=(
                data_folder / "orthanc"
                if environment.get("TELECONSULT_ORTHANC_URL") in own_orthanc
                else None
            ),
            # The application's own environment also has what follows from the data folder.
            settings={
                name: value
                for name, value in environment.items()
                if name.startswith("TELECONSULT_") and str(data_folder) not in value
            },
        )

    @property
    def sqlite_file(self) -> Path | None:
        """The database's file; None: it is on PostgreSQL."""
        url = make_url(self.database_url)
        return Path(url.database or "") if url.get_backend_name() == "sqlite" else None

    @property
    def database_kind(self) -> str:
        return "SQLite" if self.sqlite_file else "PostgreSQL"
