"""Other hospitals' archives: entered by administrators, searched and fetched from by clinicians."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from imaging.archive_address import ForbiddenAddress
from imaging.remote_archive import RESULTS_AT_MOST, RemoteArchiveAway, RemoteArchiveError
from storage import audit_log
from teleconsult import access
from teleconsult.archives.fetching import tell
from teleconsult.archives.repository import ArchiveRepository
from teleconsult.archives.retrieval import RetrievalEvent
from teleconsult.archives.schemas import (
    ArchiveIn,
    ArchiveOut,
    ArchiveTestOut,
    FoundStudyOut,
    RetrievalIn,
    RetrievalOut,
    SearchIn,
    SearchOut,
)
from teleconsult.dependencies import DeviceManager, Now, Parts, who
from teleconsult.errors import NotFound, NothingToSearchFor, PasswordFileMissing
from teleconsult.users.user import User

router = APIRouter(prefix="/api/archives", tags=["archives"])
archives = ArchiveRepository()


Clinician = Annotated[User, Depends(who(access.may_fetch_studies))]
ArchiveReader = Annotated[User, Depends(who(access.may_see_archives))]


@router.get("")
def list_archives(parts: Parts, user: ArchiveReader) -> list[ArchiveOut]:
    with parts.database.reading() as connection:
        return [ArchiveOut.of(one) for one in archives.of_institution(connection, user.institution.id)]


@router.post("", status_code=201)
def add_archive(body: ArchiveIn, parts: Parts, user: DeviceManager, now: Now) -> ArchiveOut:
    with parts.database.transaction() as connection:
        archive = archives.add(connection, user.institution.id, body.model_dump(mode="json"), now)
        _audit(connection, now, user, "archive-added", archive.id)
    return ArchiveOut.of(archive)


@router.put("/{archive_id}")
def change_archive(
    archive_id: str, body: ArchiveIn, parts: Parts, user: DeviceManager, now: Now
) -> ArchiveOut:
    """Without a password file in the body the one that is there stays."""
    values = body.model_dump(mode="json")
    if body.password_file is None:
        del values["password_file"]
    with parts.database.transaction() as connection:
        archive = archives.get_of(connection, archive_id, user.institution.id)
        changed = archives.change(connection, archive, values)
        _audit(connection, now, user, "archive-changed", archive_id)
    return ArchiveOut.of(changed)


@router.delete("/{archive_id}", status_code=204)
def remove_archive(archive_id: str, parts: Parts, user: DeviceManager, now: Now) -> None:
    with parts.database.transaction() as connection:
        archives.remove(connection, archives.get_of(connection, archive_id, user.institution.id))
        _audit(connection, now, user, "archive-removed", archive_id)


@router.post("/{archive_id}/test")
def test_archive(archive_id: str, parts: Parts, user: DeviceManager, now: Now) -> ArchiveTestOut:
    """Ask it for a sign of life."""
    with parts.database.transaction() as connection:
        archive = archives.get_of(connection, archive_id, user.institution.id)
        _audit(connection, now, user, "archive-tested", archive_id)
    try:
        archive.connect(parts.settings).ping()
    except (ForbiddenAddress, PasswordFileMissing):
        return ArchiveTestOut(outcome="not-allowed")
    except RemoteArchiveAway:
        return ArchiveTestOut(outcome="away")
    except RemoteArchiveError:
        return ArchiveTestOut(outcome="refused")
    return ArchiveTestOut(outcome="answered")


@router.post("/{archive_id}/search")
def search_archive(archive_id: str, body: SearchIn, parts: Parts, user: Clinician, now: Now) -> SearchOut:
    query = body.query()
    if query.is_empty:
        raise NothingToSearchFor
    with parts.database.transaction() as connection:
        archive = archives.get_of(connection, archive_id, user.institution.id)
        asked = ",".join(sorted(body.model_dump(exclude_none=True)))
        _audit(connection, now, user, "archive-searched", archive_id, fields=asked)
    found = archive.connect(parts.settings).find_studies(query)
    found.sort(key=lambda study: study.study_date or "", reverse=True)
    with parts.database.reading() as connection:
        uids = [study.study_instance_uid for study in found]
        here = {study.study_instance_uid for study in parts.studies.visible_to(connection, user, only=uids)}
    return SearchOut(
        studies=[FoundStudyOut.of(one, is_here=one.study_instance_uid in here) for one in found],
        is_cut_off=len(found) >= RESULTS_AT_MOST,
    )


@router.post("/{archive_id}/retrievals", status_code=201)
def retrieve(archive_id: str, body: RetrievalIn, parts: Parts, user: Clinician, now: Now) -> RetrievalOut:
    """Fetch a study; it belongs to the caller's institution. Asking again for one that failed tries again."""
    with parts.database.transaction() as connection:
        archive = archives.get_of(connection, archive_id, user.institution.id)
        retrieval = archives.request(
            connection,
            archive,
            body.study_instance_uid,
            now,
            user_id=user.id,
        )
        _audit(connection, now, user, "study-fetched", archive_id, study=body.study_instance_uid)
    tell(parts, user.institution.id)
    return RetrievalOut.of(retrieval)


@router.get("/retrievals")
def list_retrievals(parts: Parts, user: Clinician) -> list[RetrievalOut]:
    """What the institution fetched, newest first."""
    with parts.database.reading() as connection:
        return [RetrievalOut.of(one) for one in archives.recent(connection, user.institution.id)]


@router.post("/retrievals/{retrieval_id}/cancel")
def cancel(retrieval_id: str, parts: Parts, user: Clinician, now: Now) -> RetrievalOut:
    """Call a retrieval off; what has come already stays."""
    with parts.database.transaction() as connection:
        retrieval = archives.get(connection, retrieval_id)
        if retrieval.institution_id != user.institution.id:
            raise NotFound
        retrieval = archives.step(connection, retrieval, RetrievalEvent.CALLED_OFF, finished_at=now)
        _audit(connection, now, user, "retrieval-cancelled", retrieval.archive_id)
    tell(parts, user.institution.id)
    return RetrievalOut.of(retrieval)


def _audit(connection: Any, now: Now, user: User, action: str, archive_id: str, **details: str) -> None:
    audit_log.record(
        connection, at=now, actor=user.id, action=action, subject=f"archive/{archive_id}", details=details
    )
