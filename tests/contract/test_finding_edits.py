"""An edited finding keeps what the model gave, goes by its version, and is what a later study starts from."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select

from imaging.finding import Finding, FindingKind
from inference.inference_job import WHOLE_SERIES
from inference.prior_study import prior_of
from storage.database import Database
from storage.errors import StaleVersion
from storage.tables import finding_edits, findings, inference_jobs, patients, studies
from teleconsult.errors import IllegalTransition
from teleconsult.findings.finding_record import DecisionStatus
from teleconsult.findings.repository import FindingRepository
from teleconsult.users.repository import UserRepository
from teleconsult.users.user import Role

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
REPOSITORY = FindingRepository()
BY_MODEL = Finding(
    kind=FindingKind.NODULE,
    probability=0.9,
    threshold=0.5,
    study_instance_uid="1",
    series_instance_uid="1.1",
    sop_instance_uid="1.1.1",
    centre_lps_mm=None,
    box_lps_mm=None,
    box_px=(1.0, 1.0, 5.0, 5.0),
    diameter_mm=4.0,
    model="m",
    model_version="1",
    weights_sha256="ab",
)
DRAWN = replace(BY_MODEL, box_px=(1.0, 1.0, 9.0, 9.0), diameter_mm=8.0)


@pytest.fixture
def reader(database: Database) -> Any:
    """Who reads; the study `1` of one patient with the finding `f`, and a later study `2`."""
    users = UserRepository(database)
    with database.transaction() as connection:
        place = users.add_institution(connection, "A", "甲")
        users.add(
            connection,
            username="li",
            display_name="Li",
            roles=[Role.RADIOLOGIST],
            institution=place,
            specialty="radiology",
            password="x",
        )
        connection.execute(
            insert(patients).values(id="p", institution_id=place.id, patient_id="P-1", name="LI^MING")
        )
        for uid, on in (("1", "2026-01-01"), ("2", "2026-03-01")):
            connection.execute(
                insert(studies).values(
                    study_instance_uid=uid,
                    institution_id=place.id,
                    patient_id="p",
                    study_date=on,
                    received_at=NOON,
                )
            )
        connection.execute(
            insert(inference_jobs).values(
                id="j",
                study_instance_uid="1",
                series_instance_uid="1.1",
                model="slot",
                slab_index=WHOLE_SERIES,
                instances_sha256="ab",
                status="completed",
                attempts=1,
                lease_token=1,
                progress=1.0,
                created_at=NOON,
            )
        )
        connection.execute(
            insert(findings).values(
                id="f",
                job_id="j",
                study_instance_uid="1",
                record=BY_MODEL.to_json(),
                status="preliminary",
                version=1,
            )
        )
        return users.find(connection, "li")


def decide(
    connection: Connection, reader: Any, status: str, version: int, edited: Finding | None = None
) -> Any:
    return REPOSITORY.decide(
        connection,
        "f",
        DecisionStatus(status),
        user_id=reader.id,
        reason=None,
        version=version,
        at=NOON + timedelta(minutes=version),
        edited=edited,
    )


def test_an_edit_stands_beside_what_the_model_gave(database: Database, reader: Any) -> None:
    with database.transaction() as connection:
        record = decide(connection, reader, "edited", 1, DRAWN)
    assert (record.finding, record.by_model, record.as_found) == (DRAWN, BY_MODEL, BY_MODEL)
    assert record.status.is_accepted and record.decided_by_id == reader.id
    with database.reading() as connection:
        assert REPOSITORY.of_studies(connection, ["1"]) == [record]
        assert REPOSITORY.counts(connection, ["1"]) == {"1": (1, 0)}


def test_the_slower_of_two_editors_is_refused_and_writes_nothing(database: Database, reader: Any) -> None:
    with database.transaction() as connection:
        decide(connection, reader, "edited", 1, DRAWN)
    with pytest.raises(StaleVersion), database.transaction() as connection:
        decide(connection, reader, "edited", 1, replace(DRAWN, diameter_mm=99.0))
    with database.reading() as connection:
        assert REPOSITORY.get(connection, "f").finding == DRAWN
        assert len(connection.execute(select(finding_edits)).all()) == 1


def test_an_edit_that_is_taken_back_is_kept_and_no_longer_counts(database: Database, reader: Any) -> None:
    with database.transaction() as connection:
        decide(connection, reader, "edited", 1, DRAWN)
        with pytest.raises(IllegalTransition):  # the model's own box is accepted once the edit is taken back
            decide(connection, reader, "accepted", 2)
        undone = decide(connection, reader, "preliminary", 2)
        assert (undone.finding, undone.by_model, undone.decided_by_id) == (BY_MODEL, None, None)
        accepted = decide(connection, reader, "accepted", 3)
        assert accepted.finding == BY_MODEL
        ((record, by, at),) = connection.execute(
            select(finding_edits.c.record, finding_edits.c.edited_by, finding_edits.c.edited_at)
        ).all()
        assert (Finding.from_json(record), by, at) == (DRAWN, reader.id, NOON + timedelta(minutes=1))


def test_a_later_study_is_compared_with_what_the_reader_measured(database: Database, reader: Any) -> None:
    with database.transaction() as connection:
        decide(connection, reader, "edited", 1, DRAWN)
        prior = prior_of(connection, "2", "slot")
        assert prior is not None and list(prior.findings) == [DRAWN]
        decide(connection, reader, "preliminary", 2)
        prior = prior_of(connection, "2", "slot")
        assert prior is not None and list(prior.findings) == [BY_MODEL]


def test_edits_go_with_their_finding(database: Database, reader: Any) -> None:
    with database.transaction() as connection:
        decide(connection, reader, "edited", 1, DRAWN)
        connection.execute(delete(findings))
        assert connection.execute(select(finding_edits)).first() is None
