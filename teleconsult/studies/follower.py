"""The archive's change feed: whatever arrived, by whichever way, is in our rows once.

The position in the feed and the rows that a page of it led to are written in one transaction, which also
checks that nobody else moved the position meanwhile. So a follower may be killed anywhere, and two may run:
each page has its effect exactly once.
"""

import logging
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from pydicom import Dataset
from sqlalchemy import Connection, insert, select, update

from imaging.errors import DicomError, InstanceNotFound
from imaging.pacs import Change, ChangeKind
from storage.tables import change_feed, institutions, uploads
from teleconsult.dependencies import PartsOfApp
from teleconsult.lifecycle.archive_removal import leaving
from teleconsult.studies.registration import Arrival, KnownStudies, StoredFile, register_all

FEED = "orthanc"
PAGE = 1000
HEADERS_AT_ONCE = 4
# An upload registers its instances itself, moments after the archive has them: it is given the time to.
GRACE_S = 2.0
TELL_EVERY_S = 0.3
log = logging.getLogger(__name__)


class _SomebodyElseFollowed(Exception):
    """The position moved while this page was being looked at; what was found is there already."""


@dataclass
class Follower:
    """Follows the feed page by page. What it remembers between pages only saves work."""

    parts: PartsOfApp
    _first_seen: dict[str, float] = field(default_factory=dict)
    _told: dict[str, float] = field(default_factory=dict)

    def step(self, at: datetime) -> bool:
        """Take one page. True: there is more to take at once.

        Raises:
            PacsUnavailable: the archive is away; the page is taken again later.
        """
        since = _position(self.parts)
        changes, last, is_all = self.parts.pacs.changes(since, PAGE)
        if since and last < since:  # the archive began anew, and so do its numbers
            self._begin_anew(since)
            return True
        unknown = self._unknown(changes)
        ripe = self._ripe(changes, unknown)
        if len(ripe) < len(changes):
            if not ripe:
                return False
            last, is_all = ripe[-1].sequence, False
        if last == since:
            return not is_all
        wanted = {change.orthanc_id for change in ripe if change.orthanc_id in unknown}
        found = self._headers(wanted)
        try:
            arrived = self.parts.database.in_group(lambda c: self._take(c, since, last, found, at))
        except _SomebodyElseFollowed:
            return True
        for orthanc_id in wanted:
            self._first_seen.pop(orthanc_id, None)
        for study_instance_uid in arrived:
            self._tell(study_instance_uid)
        return not is_all

    def _begin_anew(self, since: int) -> None:
        with self.parts.database.transaction() as connection:
            _move(connection, since, 0)

    def _tell(self, study_instance_uid: str) -> None:
        """Say how far the study is, a few times a second at most: its completion is told in any case."""
        now = time.monotonic()
        if now - self._told.get(study_instance_uid, -TELL_EVERY_S) < TELL_EVERY_S:
            return
        self._told = {uid: at for uid, at in self._told.items() if now - at < TELL_EVERY_S}
        self._told[study_instance_uid] = now
        with self.parts.database.reading() as connection:
            progress = self.parts.studies.progress(connection, study_instance_uid)
        announced = [expected for _, _, expected in progress if expected is not None]
        self.parts.publish(
            {
                "type": "study-changed",
                "study_instance_uid": study_instance_uid,
                "arrived": str(sum(arrived for _, arrived, _ in progress)),
            }
            | ({"expected": str(sum(announced))} if len(announced) == len(progress) else {})
        )

    def _unknown(self, changes: Iterable[Change]) -> frozenset[str]:
        new = {change.orthanc_id for change in changes if change.kind is ChangeKind.NEW_INSTANCE}
        with self.parts.database.reading() as connection:
            return frozenset(new - self.parts.studies.known_orthanc_ids(connection, sorted(new)))

    def _ripe(self, changes: Sequence[Change], unknown: frozenset[str]) -> Sequence[Change]:
        """The changes up to the first that an open upload may be about to register."""
        if not unknown or not self._is_somebody_uploading():
            return changes
        now = time.monotonic()
        for count, change in enumerate(changes):
            is_unknown = change.orthanc_id in unknown
            if is_unknown and now - self._first_seen.setdefault(change.orthanc_id, now) < GRACE_S:
                return changes[:count]
        return changes

    def _is_somebody_uploading(self) -> bool:
        with self.parts.database.reading() as connection:
            query = select(uploads.c.id).where(uploads.c.completed_at.is_(None)).limit(1)
            return connection.execute(query).first() is not None

    def _headers(self, orthanc_ids: Iterable[str]) -> dict[str, Dataset]:
        def fetch(orthanc_id: str) -> tuple[str, Dataset | None]:
            try:
                return orthanc_id, self.parts.pacs.instance_header(orthanc_id)
            except (InstanceNotFound, DicomError):  # deleted meanwhile, or nothing that we can read
                return orthanc_id, None

        with ThreadPoolExecutor(HEADERS_AT_ONCE) as pool:
            return {key: header for key, header in pool.map(fetch, orthanc_ids) if header is not None}

    def _take(
        self, connection: Connection, since: int, last: int, found: dict[str, Dataset], at: datetime
    ) -> list[str]:
        if not _move(connection, since, last):
            raise _SomebodyElseFollowed
        found = {key: found[key] for key in found.keys() - leaving(connection, found)}
        studies, whose = self.parts.studies, KnownStudies(self.parts.studies)
        uids = [str(header.SOPInstanceUID) for header in found.values()]
        expected = studies.expected_among(connection, uids)
        owner = connection.execute(select(institutions.c.id).order_by(institutions.c.position)).scalar()
        holders: dict[str, str | None] = {}
        by_arrival: dict[Arrival, list[StoredFile]] = {}
        for orthanc_id, header in found.items():
            institution_id, user_id = expected.get(str(header.SOPInstanceUID), (None, None))
            if institution_id is None:
                study_instance_uid = str(header.StudyInstanceUID)
                if study_instance_uid not in holders:
                    holders[study_instance_uid] = whose.institution(connection, study_instance_uid) or owner
                institution_id = holders[study_instance_uid]
            if institution_id is None:
                continue
            arrival = Arrival(institution_id, user_id, at)
            if whose.conflict(connection, header, arrival) is not None:
                log.warning("instance-in-conflict orthanc_id=%s", orthanc_id)
                continue
            by_arrival.setdefault(arrival, []).append(StoredFile(header, orthanc_id))
        arrived: dict[str, None] = {}
        for arrival, files in by_arrival.items():
            new = register_all(studies, connection, files, arrival)
            for file in files:
                if str(file.header.SOPInstanceUID) in new:
                    arrived[str(file.header.StudyInstanceUID)] = None
        return list(arrived)


def is_behind(parts: PartsOfApp) -> bool:
    """Whether the archive has more news than a page: what looks quiet in our rows may not be quiet there.

    Raises:
        PacsUnavailable
    """
    _, _, is_all = parts.pacs.changes(_position(parts), PAGE)
    return not is_all


def _position(parts: PartsOfApp) -> int:
    with parts.database.reading() as connection:
        query = select(change_feed.c.last_sequence).where(change_feed.c.source == FEED)
        return connection.execute(query).scalar() or 0


def _move(connection: Connection, since: int, last: int) -> bool:
    """Move the position, if it is still where it was read. False: it is not."""
    moved = connection.execute(
        update(change_feed)
        .where(change_feed.c.source == FEED, change_feed.c.last_sequence == since)
        .values(last_sequence=last)
    )
    if moved.rowcount:
        return True
    query = select(change_feed.c.last_sequence).where(change_feed.c.source == FEED)
    if since or connection.execute(query).first() is not None:
        return False
    connection.execute(insert(change_feed).values(source=FEED, last_sequence=last))
    return True
