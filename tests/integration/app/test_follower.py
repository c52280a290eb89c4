"""The archive's change feed under kill -9: every series that comes past us is handled exactly once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydicom.uid import generate_uid
from sqlalchemy import select

from storage.database import Database, utc_now
from storage.tables import change_feed, instances, series
from teleconsult.studies.follower import Follower
from teleconsult.studies.repository import StudyRepository
from tests.dicom_builders import a_report, a_series_of_its_own, as_bytes
from tests.follower_process import FollowedArchive
from tests.installation_server import wait_until

SERIES, SLICES, KILLS = 25, 6, 6


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[FollowedArchive]:
    followed = FollowedArchive(tmp_path)
    try:
        yield followed.start()
    finally:
        followed.stop()


def test_every_series_is_handled_exactly_once_though_the_follower_is_killed(archive: FollowedArchive) -> None:
    sent = [a_series_of_its_own(SLICES, patient_id=f"T-{n}") for n in range(SERIES)]
    contents = [as_bytes(ds) for slices in sent for ds in slices]
    with ThreadPoolExecutor(4) as pool:
        stored = pool.map(archive.orthanc.pacs.store, contents)
        for kill in range(KILLS):
            archive.follow()
            some = kill * SERIES * SLICES // KILLS
            wait_until(lambda n=some: archive.count(instances) > n, "the follower gets on", 60)  # type: ignore[misc]
            archive.kill()
        list(stored)
    archive.follow()
    wait_until(lambda: archive.closed_series() == SERIES, "every series is complete", 120)
    assert archive.count(instances) == SERIES * SLICES
    assert archive.requested_readings() == SERIES
    with archive.database.reading() as connection:
        counts = connection.execute(select(series.c.completed_count)).scalars().all()
    assert counts == [SLICES] * SERIES


def test_a_late_slice_opens_its_series_again_and_a_report_is_known_and_no_series_to_read(
    archive: FollowedArchive,
) -> None:
    *slices, late = a_series_of_its_own(7, patient_id="T-LATE")
    report = a_report()
    report.StudyInstanceUID, report.PatientID = late.StudyInstanceUID, late.PatientID
    report.SeriesInstanceUID, report.SOPInstanceUID = generate_uid(), generate_uid()
    pacs = archive.orthanc.pacs
    for ds in [*slices, report]:
        pacs.store(as_bytes(ds))
    archive.follow()
    wait_until(lambda: archive.requested_readings() == 1, "the series is read", 60)
    pacs.store(as_bytes(late))
    wait_until(lambda: archive.requested_readings() == 2, "it is read again", 60)
    with archive.database.reading() as connection:
        rows = connection.execute(
            select(series.c.modality, series.c.completed_count).order_by(series.c.modality)
        ).all()
    assert [tuple(row) for row in rows] == [("CT", 7), ("SR", None)]


def test_an_archive_that_began_anew_is_followed_from_its_beginning(archive: FollowedArchive) -> None:
    archive.orthanc.pacs.store(as_bytes(a_series_of_its_own(1, patient_id="T-NEW")[0]))
    with archive.database.transaction() as connection:
        connection.execute(change_feed.insert().values(source="orthanc", last_sequence=1_000_000))
    archive.follow()
    wait_until(lambda: archive.count(instances) == 1, "the new archive's instance is known", 60)


def test_two_followers_at_once_have_each_effect_once(archive: FollowedArchive) -> None:
    pacs = archive.orthanc.pacs
    for number in range(12):
        for ds in a_series_of_its_own(SLICES, patient_id=f"T-TWO-{number}"):
            pacs.store(as_bytes(ds))

    def follow(database: Database) -> None:
        parts: Any = SimpleNamespace(
            database=database, pacs=pacs, studies=StudyRepository(), publish=lambda event: None
        )
        follower = Follower(parts)
        while follower.step(utc_now()):
            pass

    second = Database(archive.database_url)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(follow, [archive.database, second]))
    second.close()
    assert archive.count(instances) == 12 * SLICES
    assert archive.count(series) == 12
