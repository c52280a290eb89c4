"""The models of an installation, for the command line: with its database, or the shipped ones alone."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inference.bundle import Bundle, load_bundle
from inference.bundle_reasons import bundle_reason
from inference.errors import BundleError
from inference.model_folders import added_models_folder
from inference.model_registry import ModelRegistry
from inference.model_version import Evaluation, ModelVersion
from storage.database import Database, utc_now
from teleconsult.announcement import open_database
from teleconsult.services import models_folder


@dataclass(frozen=True, slots=True)
class InstalledModels:
    """A registry and its database; without an installation the database is None."""

    registry: ModelRegistry
    database: Database | None

    def recorded(self, data: Path) -> Database:
        """The database. Raises BundleError: there is no installation."""
        if self.database is None:
            raise BundleError(bundle_reason("nothing-recorded", data=data))
        return self.database

    def versions(self, name: str | None = None) -> list[ModelVersion]:
        """All versions, or those of one name, the newest first; none without an installation."""
        if self.database is None:
            return []
        with self.database.reading() as connection:
            found = self.registry.versions(connection)
        return [version for version in found if name in (None, version.name)]

    def evaluations(self, version: ModelVersion) -> list[Evaluation]:
        """What is on record of a version."""
        if self.database is None:
            return []
        with self.database.reading() as connection:
            return self.registry.evaluations(connection, version.name, version.version)

    def record(self, bundle: Bundle, subject: str, figures: Mapping[str, Any], by: str) -> bool:
        """Keep an evaluation of a bundle. False: there is no installation that has this version."""
        if self.database is None or not any(v.version == bundle.version for v in self.versions(bundle.name)):
            return False
        with self.database.transaction() as connection:
            self.registry.record_evaluation(
                connection,
                bundle.name,
                bundle.version,
                weights_sha256=bundle.weights_sha256,
                subject=subject,
                figures=figures,
                by=by,
                at=utc_now(),
            )
        return True

    def choose(self, name: str, number: str | None) -> tuple[str, Bundle]:
        """Return the slot and the bundle of a version; without a number, of the newest that has this name.

        Raises:
            BundleError: there is none such, or its files are not as they should be.
        """
        found = [version for version in self.versions(name) if number in (None, version.version)]
        if found:
            return found[0].slot, self.registry.bundle_of(found[0])
        if name in self.registry.slots():
            bundle = load_bundle(self.registry.shipped_folder / name)
            if number in (None, bundle.version):
                return name, bundle
        raise BundleError(bundle_reason("version-unknown", model=name, version=number or ""))


@contextmanager
def installed_models(data: Path) -> Iterator[InstalledModels]:
    """Open the models of the installation on a data folder, which need not run, nor be there."""
    shipped = models_folder(os.environ)
    added = added_models_folder({"TELECONSULT_DATA": str(data), **os.environ})
    if "TELECONSULT_DATABASE_URL" not in os.environ and not (data / "teleconsult.db").is_file():
        yield InstalledModels(ModelRegistry(None, shipped, added), None)
        return
    database = open_database(data)
    try:
        database.migrate()
        registry = ModelRegistry(database, shipped, added)
        with database.transaction() as connection:
            registry.enter_shipped(connection, utc_now())
        yield InstalledModels(registry, database)
    finally:
        database.close()
