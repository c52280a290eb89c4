"""Which versions of which models there are, which one reads, and the steps between.

Rows are in the database, added bundles in `added_folder/NAME/VERSION`, shipped ones in `shipped_folder/SLOT`.
Without a database there are the shipped ones, each in charge of its slot: so the command line reads images
without a server. Nothing here imports torch; every answer is read anew: a promotion holds from the next job.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, desc, insert, select, update

from inference.bundle import Bundle, bundle_sha256, file_sha256, load_bundle
from inference.bundle_reasons import bundle_reason
from inference.errors import BundleError, ModelSuspended, UnknownModel
from inference.model_version import (
    IN_CHARGE,
    Evaluation,
    Event,
    ModelVersion,
    State,
    StepNotPossible,
    is_trial,
    slot_of,
)
from storage import audit_log
from storage.database import Database
from storage.tables import model_evaluations, model_versions

SHIPPED_BY = "shipped"


class ModelRegistry:
    """The versions of an installation.

    Args:
        database: None where there is no installation.
        shipped_folder: of the models that came with the program.
        added_folder: where added bundles lie.
    """

    def __init__(self, database: Database | None, shipped_folder: Path, added_folder: Path) -> None:
        self._database = database
        self.shipped_folder = shipped_folder
        self.added_folder = added_folder

    # Which model reads

    def active(self, slot: str) -> Bundle:
        """Return the bundle that reads for a slot, verified.

        Raises:
            UnknownModel: there is no such slot.
            ModelSuspended: the one in charge was stopped, or none is.
            BundleError: its files are not those that were approved.
        """
        if self._database is not None:
            with self._database.reading() as connection:
                versions = self.versions(connection, slot)
            if versions:
                version = next((v for v in versions if v.state is State.ACTIVE), None)
                if version is None:
                    stopped = [v.state_since for v in versions if v.state is State.SUSPENDED]
                    raise ModelSuspended(slot, *stopped)
                return self.bundle_of(version)
        if slot not in self.slots():
            raise UnknownModel(f"no model {slot!r}; there are {', '.join(self.slots())}")
        return load_bundle(self.shipped_folder / slot)

    def shadows(self, connection: Connection, slot: str) -> list[ModelVersion]:
        """The versions that read unseen beside the active one."""
        return [v for v in self.versions(connection, slot) if v.state is State.SHADOW]

    def resolve(self, job_model: str) -> Bundle:
        """Return the bundle that a job asks for: the active one of a slot, or a version on trial.

        Raises:
            as `active`; UnknownModel also for a version that is not there, or not on trial any more.
        """
        if not is_trial(job_model):
            return self.active(job_model)
        if self._database is not None:
            with self._database.reading() as connection:
                on_trial = self.shadows(connection, slot_of(job_model))
            for version in on_trial:
                if version.trial_job_model == job_model:
                    return self.bundle_of(version)
        raise UnknownModel(f"{job_model} is not on trial")

    def slots(self) -> list[str]:
        """The tasks that there are: each has a shipped model."""
        return sorted(path.parent.parent.name for path in self.shipped_folder.glob("*/configs/metadata.json"))

    def folder_of(self, version: ModelVersion) -> Path:
        if version.is_shipped:
            return self.shipped_folder / version.slot
        return self.added_folder / version.name / version.version

    def bundle_of(self, version: ModelVersion) -> Bundle:
        """Return a version's bundle. Raises BundleError: its files are not those that were added."""
        folder = self.folder_of(version)
        if not version.is_shipped:
            return load_bundle(folder, version.pinned)
        bundle = load_bundle(folder)
        if (bundle.version, bundle.weights_sha256) != (version.version, version.weights_sha256):
            raise BundleError(bundle_reason("bundle-changed", model=version.name))
        return bundle

    # What there is

    def versions(self, connection: Connection, slot: str | None = None) -> list[ModelVersion]:
        """All versions, the newest of each slot first."""
        query = select(model_versions).order_by(model_versions.c.slot, desc(model_versions.c.added_at))
        if slot is not None:
            query = query.where(model_versions.c.slot == slot)
        return [_version(row._mapping) for row in connection.execute(query)]

    def get(self, connection: Connection, name: str, version: str) -> ModelVersion:
        """Return one version. Raises BundleError: there is none of this name and number."""
        row = connection.execute(
            select(model_versions)
            .where(model_versions.c.name == name, model_versions.c.version == version)
            .with_for_update()
        ).first()
        if row is None:
            raise BundleError(bundle_reason("version-unknown", model=name, version=version))
        return _version(row._mapping)

    def evaluations(self, connection: Connection, name: str, version: str) -> list[Evaluation]:
        """What was measured of a version, the newest first; also of weights that it no longer has."""
        rows = connection.execute(
            select(model_evaluations)
            .where(model_evaluations.c.name == name, model_evaluations.c.version == version)
            .order_by(desc(model_evaluations.c.at))
        )
        return [Evaluation(**row._mapping) for row in rows]

    # Steps. Each is within the caller's transaction, and in the audit log with it.

    def add(self, connection: Connection, version: ModelVersion) -> None:
        """Enter a version. Raises BundleError: there is one of this name and number."""
        present = select(model_versions.c.name).where(
            model_versions.c.name == version.name, model_versions.c.version == version.version
        )
        if connection.execute(present).first() is not None:
            said = bundle_reason("version-exists", model=version.name, version=version.version)
            raise BundleError(said)
        connection.execute(insert(model_versions).values(**asdict(version)))
        details = {
            "slot": version.slot,
            "weights_sha256": version.weights_sha256,
            "bundle_sha256": version.bundle_sha256,
            "licence": version.licence,
            "licence_accepted": version.licence_accepted_by is not None,
            "trusted": version.trusted_by is not None,
        }
        _audit(connection, version, "added", version.added_by, version.added_at, details)

    def promote(
        self, connection: Connection, name: str, version: str, *, by: str, at: datetime
    ) -> ModelVersion:
        """Let a version read from the next job on; the one in charge until now is retired.

        Raises:
            BundleError: no evaluation of exactly these weights is on record, the files are not those that
                were added, or the step is not possible.
        """
        chosen = self.get(connection, name, version)
        bundle = self.bundle_of(chosen)
        measured = {each.weights_sha256 for each in self.evaluations(connection, name, version)}
        if bundle.weights_sha256 not in measured:
            raise BundleError(bundle_reason("evaluation-missing", model=name, version=version))
        after = _applied(chosen, Event.PROMOTED, at)
        for other in self.versions(connection, chosen.slot):
            if other.state in IN_CHARGE and other != chosen:
                self._save(connection, _applied(other, Event.SUPERSEDED, at), by, f"{name} {version}")
        return self._save(connection, after, by)

    def shadow(
        self, connection: Connection, name: str, version: str, *, by: str, at: datetime
    ) -> ModelVersion:
        """Let a version read every series unseen. Raises BundleError."""
        chosen = self.get(connection, name, version)
        self.bundle_of(chosen)
        return self._save(connection, _applied(chosen, Event.SHADOWED, at), by)

    def retire(
        self, connection: Connection, name: str, version: str, *, by: str, at: datetime
    ) -> ModelVersion | None:
        """Take a version out; where it was in charge, bring back the one before it and return that.

        Raises:
            BundleError: there is no such version, or the step is not possible.
        """
        chosen = self.get(connection, name, version)
        self._save(connection, _applied(chosen, Event.RETIRED, at), by)
        if chosen.state not in IN_CHARGE:
            return None
        former = sorted(
            (
                other
                for other in self.versions(connection, chosen.slot)
                if other.state is State.RETIRED and other.activated_at and _key(other) != _key(chosen)
            ),
            key=lambda other: other.activated_at or other.added_at,
            reverse=True,
        )
        for other in former:
            try:
                self.bundle_of(other)
            except BundleError:
                continue
            return self._save(connection, _applied(other, Event.PROMOTED, at), by, f"after {name} {version}")
        return None

    def suspend(
        self, connection: Connection, name: str, version: str, reason: str, *, by: str, at: datetime
    ) -> ModelVersion:
        """Stop the active version: its slot reads nothing until it is resumed or another one promoted."""
        chosen = self.get(connection, name, version)
        return self._save(connection, _applied(chosen, Event.SUSPENDED, at, reason), by, reason)

    def resume(
        self,
        connection: Connection,
        name: str,
        version: str,
        *,
        by: str,
        at: datetime,
        reason: str | None = None,
    ) -> ModelVersion:
        """Let a suspended version read again. What readers decided before no longer counts against it."""
        chosen = self.get(connection, name, version)
        return self._save(connection, _applied(chosen, Event.RESUMED, at), by, reason)

    def record_evaluation(
        self,
        connection: Connection,
        name: str,
        version: str,
        *,
        weights_sha256: str,
        subject: str,
        figures: Mapping[str, Any],
        by: str,
        at: datetime,
    ) -> Evaluation:
        """Keep what was measured of these weights; promotion asks for it.

        Args:
            weights_sha256: of the bundle that was evaluated, as `Bundle.weights_sha256`.
            subject: what it was evaluated on, in a few words; a folder's or file's name, no patient's.
            figures: as JSON takes them.

        Raises:
            BundleError: there is no such version, or it has other weights.
        """
        chosen = self.get(connection, name, version)
        if chosen.weights_sha256 != weights_sha256:
            raise BundleError(
                bundle_reason(
                    "bundle-weights-digest",
                    model=name,
                    found=weights_sha256[:12],
                    expected=chosen.weights_sha256[:12],
                )
            )
        kept = Evaluation(str(uuid4()), name, version, weights_sha256, subject[:300], dict(figures), at, by)
        connection.execute(insert(model_evaluations).values(**asdict(kept)))
        _audit(
            connection,
            chosen,
            "evaluated",
            by,
            at,
            {"weights_sha256": weights_sha256, "subject": kept.subject},
        )
        return kept

    def enter_shipped(self, connection: Connection, at: datetime) -> None:
        """Give each shipped model its row, and put it in charge where no other model is.

        After an update of the program another version may lie there: it takes the place of the shipped one
        that was in charge, and waits as a candidate where the hospital has put its own.
        """
        for slot in self.slots():
            try:
                bundle = load_bundle(self.shipped_folder / slot)
            except BundleError:
                continue  # `models verify` and the doctor tell
            self._enter(connection, slot, bundle, at)

    def _enter(self, connection: Connection, slot: str, bundle: Bundle, at: datetime) -> None:
        row = connection.execute(
            select(model_versions).where(
                model_versions.c.name == bundle.name, model_versions.c.version == bundle.version
            )
        ).first()
        if row is None:
            entered = ModelVersion(
                name=bundle.name,
                version=bundle.version,
                slot=slot,
                is_shipped=True,
                weights_file=bundle.weights_path.relative_to(bundle.folder).as_posix(),
                weights_sha256=bundle.weights_sha256,
                bundle_sha256=bundle_sha256(bundle.folder),
                licence="Apache-2.0",
                licence_accepted_by=None,
                trusted_by=None,
                trusted_at=None,
                state=State.CANDIDATE,
                state_reason=None,
                state_since=at,
                activated_at=None,
                added_by=SHIPPED_BY,
                added_at=at,
            )
            self.add(connection, entered)
        else:
            entered = _version(row._mapping)
            if entered.is_shipped and entered.weights_sha256 != bundle.weights_sha256:
                connection.execute(
                    update(model_versions)
                    .where(*_is(entered))
                    .values(weights_sha256=bundle.weights_sha256, bundle_sha256=bundle_sha256(bundle.folder))
                )
        self._keep_shipped_evaluation(connection, bundle, at)
        in_charge = [v for v in self.versions(connection, slot) if v.state in IN_CHARGE]
        gone = [v for v in in_charge if v.is_shipped and v.version != bundle.version]
        if entered.state is State.CANDIDATE and len(in_charge) == len(gone):
            for other in gone:
                self._save(connection, _applied(other, Event.SUPERSEDED, at), SHIPPED_BY)
            self._save(connection, _applied(entered, Event.PROMOTED, at), SHIPPED_BY)

    def _keep_shipped_evaluation(self, connection: Connection, bundle: Bundle, at: datetime) -> None:
        """The evaluation that came with a shipped model, kept once for each state of the file."""
        path = bundle.folder / "docs" / "evaluation.json"
        try:
            figures = json.loads(path.read_text(encoding="utf-8"))
            subject = f"docs/evaluation.json, SHA-256 {file_sha256(path)[:12]}"
        except (OSError, ValueError):
            return
        known = self.evaluations(connection, bundle.name, bundle.version)
        if all((e.weights_sha256, e.subject) != (bundle.weights_sha256, subject) for e in known):
            self.record_evaluation(
                connection,
                bundle.name,
                bundle.version,
                weights_sha256=bundle.weights_sha256,
                subject=subject,
                figures=figures,
                by=SHIPPED_BY,
                at=at,
            )

    def _save(
        self, connection: Connection, version: ModelVersion, by: str, reason: str | None = None
    ) -> ModelVersion:
        connection.execute(
            update(model_versions)
            .where(*_is(version))
            .values(
                state=version.state,
                state_reason=version.state_reason,
                state_since=version.state_since,
                activated_at=version.activated_at,
            )
        )
        details = {"slot": version.slot, "weights_sha256": version.weights_sha256, "reason": reason}
        _audit(connection, version, version.state, by, version.state_since, details)
        return version


def _applied(version: ModelVersion, event: Event, at: datetime, reason: str | None = None) -> ModelVersion:
    try:
        return version.apply(event, at, reason)
    except StepNotPossible as error:
        raise BundleError(
            bundle_reason(
                "step-not-possible",
                model=version.name,
                version=version.version,
                state=version.state,
                event=event,
            )
        ) from error


def _audit(
    connection: Connection,
    version: ModelVersion,
    what: str,
    by: str,
    at: datetime,
    details: Mapping[str, Any],
) -> None:
    audit_log.record(
        connection,
        at=at,
        actor=by,
        action=f"model-{what}",
        subject=f"model/{version.name}/{version.version}",
        details=details,
    )


def _key(version: ModelVersion) -> tuple[str, str]:
    return version.name, version.version


def _is(version: ModelVersion) -> tuple[Any, ...]:
    return model_versions.c.name == version.name, model_versions.c.version == version.version


def _version(row: Mapping[Any, Any]) -> ModelVersion:
    return ModelVersion(**{**row, "state": State(row["state"])})
