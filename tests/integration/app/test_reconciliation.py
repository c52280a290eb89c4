"""Break each thing between archive and rows by hand: all is mended, and a second look finds nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydicom.uid import generate_uid
from sqlalchemy import delete, insert, update

from imaging.pacs import PacsClient
from storage.database import Database, utc_now
from storage.local_files import LocalFiles
from storage.tables import expected_instances, instances, institutions, series, studies
from teleconsult.lifecycle.archive_removal import remove_all
from teleconsult.lifecycle.tiering import Tier, ask_back, make_cold, warm_some
from teleconsult.studies.reconciliation import Difference, Reconciliation
from teleconsult.studies.registration import Arrival, StoredFile, register_all
from teleconsult.studies.repository import StudyRepository
from teleconsult.uploads.repository import UploadRepository
from teleconsult.uploads.verification import verify_some
from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.orthanc_server import OrthancServer, orthanc_pacs, orthanc_server

__all__ = ["orthanc_pacs", "orthanc_server"]


@dataclass(frozen=True)
class Known:
    """A series of four in archive and rows."""

    database: Database
    pacs: PacsClient
    study: str
    series: str
    sop: list[str]
    orthanc_ids: list[str]


@pytest.fixture(scope="module")
def own_orthanc(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One whose contents are all of this module: a look goes over everything."""
    server = OrthancServer(tmp_path_factory.mktemp("orthanc"))
    yield server.start()
    server.stop()


@pytest.fixture
def parts(database: Database, own_orthanc: OrthancServer, tmp_path: Path) -> Any:
    pacs = own_orthanc.pacs
    for of_series in list(pacs.contents()):
        for orthanc_id in of_series.orthanc_ids:
            pacs.remove(orthanc_id)
    return SimpleNamespace(
        database=database,
        pacs=pacs,
        objects=LocalFiles(tmp_path / "objects"),
        studies=StudyRepository(),
        uploads=UploadRepository(),
        publish=lambda event: None,
    )


@pytest.fixture
def known(parts: Any) -> Known:
    slices = a_series_of_its_own(4, patient_id="R-1")
    stored = [parts.pacs.store(as_bytes(ds)) for ds in slices]
    with parts.database.transaction() as connection:
        connection.execute(insert(institutions).values(id="i", name_en="A", name_zh="甲", position=1))
        files = [StoredFile(ds, one.orthanc_id, "0" * 64, 1) for ds, one in zip(slices, stored, strict=True)]
        register_all(parts.studies, connection, files, Arrival("i", None, utc_now()))
        connection.execute(update(series).values(verdict="usable", completed_count=4))
    return Known(
        parts.database,
        parts.pacs,
        str(slices[0].StudyInstanceUID),
        str(slices[0].SeriesInstanceUID),
        [str(ds.SOPInstanceUID) for ds in slices],
        [one.orthanc_id for one in stored],
    )


def change(known: Known, *statements: Any) -> None:
    with known.database.transaction() as connection:
        for statement in statements:
            connection.execute(statement)


def forget_a_row(known: Known) -> None:
    change(
        known,
        delete(instances).where(instances.c.sop_instance_uid == known.sop[0]),
        update(series).values(completed_count=3),
    )


def forget_the_study(known: Known) -> None:
    change(known, delete(instances), delete(series), delete(studies))


def lose_a_file(known: Known) -> None:
    known.pacs.remove(known.orthanc_ids[0])


def count_wrongly(known: Known) -> None:
    change(known, update(series).values(completed_count=7))


def announce_in_vain(known: Known) -> None:
    change(
        known,
        insert(expected_instances).values(sop_instance_uid="1.2.3", institution_id="i", user_id=None),
    )


def leave_a_digest_out(known: Known) -> None:
    row = instances.c.sop_instance_uid == known.sop[1]
    change(known, update(instances).where(row).values(sha256=None, size_bytes=None))


def put_into_another_series(known: Known) -> None:
    other = generate_uid()
    change(
        known,
        insert(series).values(
            series_instance_uid=other,
            study_instance_uid=known.study,
            modality="CT",
            last_arrival_at=utc_now(),
            reasons=[],
        ),
        update(instances)
        .where(instances.c.sop_instance_uid == known.sop[2])
        .values(series_instance_uid=other),
        update(series).where(series.c.series_instance_uid == known.series).values(completed_count=3),
    )


def give_to_another_patient(known: Known) -> None:
    from storage.tables import patients

    change(
        known,
        insert(patients).values(id="x", institution_id="i", patient_id="WRONG", name="Wrong"),
        update(studies).values(patient_id="x"),
    )


BREAKS: list[tuple[Callable[[Known], None], Difference, int]] = [
    (forget_a_row, Difference.UNKNOWN, 1),
    (forget_the_study, Difference.UNKNOWN, 4),
    (lose_a_file, Difference.LOST, 1),
    (count_wrongly, Difference.MISCOUNTED, 1),
    (announce_in_vain, Difference.ANNOUNCED, 1),
    (leave_a_digest_out, Difference.NO_DIGEST, 1),
    (put_into_another_series, Difference.MISPLACED, 1),
    (give_to_another_patient, Difference.OTHER_PATIENT, 1),
]


@pytest.mark.parametrize(("break_it", "difference", "count"), BREAKS)
def test_what_was_broken_is_found_and_mended_and_then_nothing_differs(
    parts: Any, known: Known, break_it: Callable[[Known], None], difference: Difference, count: int
) -> None:
    assert Reconciliation(parts, utc_now()).run() == []
    break_it(known)
    looked = Reconciliation(parts, utc_now(), dry_run=True).run()
    assert [one.difference for one in looked].count(difference) == count
    assert not any(one.is_mended for one in looked)

    mended = Reconciliation(parts, utc_now()).run()

    assert [one.difference for one in mended].count(difference) == count
    assert all(one.is_mended for one in mended)
    assert Reconciliation(parts, utc_now()).run() == []


def test_a_file_that_the_archive_reads_back_otherwise_is_an_alarm(
    parts: Any, known: Known, own_orthanc: OrthancServer
) -> None:
    victim = max(
        (own_orthanc.folder / "data").rglob("*"), key=lambda p: p.stat().st_size if len(p.name) == 36 else -1
    )
    content = bytearray(victim.read_bytes())
    content[-1] ^= 1
    victim.write_bytes(content)
    found = Reconciliation(parts, utc_now(), read_files=True).run()
    assert [(one.difference, one.is_mended) for one in found] == [(Difference.DAMAGED, False)]


def test_neither_verification_nor_a_comparison_touches_a_study_in_the_cold_store(
    parts: Any, known: Known
) -> None:
    files = [known.pacs.file_of(one) for one in known.orthanc_ids]
    make_cold(parts, known.study, "somebody", utc_now())
    remove_all(parts)
    assert not any(known.pacs.has(one) for one in known.orthanc_ids)

    verify_some(parts, utc_now() + timedelta(minutes=1))
    assert Reconciliation(parts, utc_now()).run() == []

    with parts.database.transaction() as connection:
        assert ask_back(connection, known.study, "somebody", utc_now())
    warm_some(parts, utc_now())
    remove_all(parts)
    assert [known.pacs.file_of(one) for one in known.orthanc_ids] == files
    with parts.database.reading() as connection:
        assert parts.studies.find(connection, known.study).tier == Tier.ARCHIVE
    assert parts.objects.keys() == []
